"""What type checkers must refuse in the calls of hosted strategies. Never run: mypy and pyright read it."""

from __future__ import annotations

from sequence_markets import Sequence


def wrong(seq: Sequence) -> None:
    seq.create_strategy("dip", "python")  # error: entrypoint
    seq.create_strategy("dip", "python", "main.py", artifact=5)  # error: artifact
    seq.create_strategy("dip", "python", "main.py", artifact=b"PK", env={"A": 1})  # error: "str"
    seq.create_strategy("dip", "python", "main.py", artifact=b"PK", secret={"A": "1"})  # error: secret
    seq.create_strategy("dip", "python", "main.py", artifact=b"PK", start_immediately="yes")  # error: bool
    seq.strategy(5)  # error: "str"
    _ = seq.strategy("strat_1").stauts  # error: stauts
    seq.strategy("strat_1").status = "running"  # error: status
    seq.strategy_logs("strat_1", "run_1", "run_2")  # error: positional
