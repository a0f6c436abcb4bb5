"""What type checkers must refuse in the calls of algos. Never run: mypy and pyright read it."""

from __future__ import annotations

from sequence_markets import Sequence


def wrong(seq: Sequence) -> None:
    seq.deploy_algo("maker", "maker.wasm")  # error: symbols
    seq.deploy_algo("maker", b"\0asm", ["A"])  # error: deploy_algo
    seq.deploy_algo("maker", "maker.wasm", [1])  # error: "str"
    seq.deploy_algo("maker", "maker.wasm", ["A"], start=True)  # error: start
    seq.algos("edges")  # error: edges
    seq.algo_logs("dep_1", "5")  # error: "int"
    _ = seq.algo_status("dep_1").stauts  # error: stauts
    seq.algo("A").status = "running"  # error: status
