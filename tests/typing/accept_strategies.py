"""What type checkers must see in the calls of hosted strategies. Never run: mypy and pyright read it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import assert_type

from sequence_markets import AsyncSequence, Sequence, Strategies, Strategy, StrategyLogLine, StrategyLogs, StrategyRun


def blocking(seq: Sequence) -> None:
    made = seq.create_strategy("dip", "python", "main.py", "UEs=")
    assert_type(made, Strategy)
    assert_type(made.strategy_id, str)
    assert_type(made.runs, tuple[StrategyRun, ...] | None)
    assert_type(made.created_at, datetime | None)
    assert_type(seq.create_strategy("dip", "python", "main.py", artifact=b"PK", resources={"memory_mb": 256}), Strategy)
    assert_type(
        seq.create_strategy(
            "dip", "python", "main.py", artifact=Path("project"), env={"A": "1"}, secrets={"B": "2"}, timeout=5.0
        ),
        Strategy,
    )
    assert_type(seq.strategies(), Strategies)
    for row in seq.strategies():
        assert_type(row, Strategy)
    assert_type(seq.strategy_start(made.strategy_id), Strategy)
    assert_type(seq.strategy_stop(made.strategy_id), Strategy)
    logs = seq.strategy_logs(made.strategy_id, run_id="run_1")
    assert_type(logs, StrategyLogs)
    for line in logs:
        assert_type(line, StrategyLogLine)
        assert_type(line.ts, datetime)
        assert_type(line.message, str)
    seq.strategy_delete(made.strategy_id)


async def awaited(seq: AsyncSequence) -> None:
    assert_type(await seq.create_strategy("dip", "python", "main.py", artifact="project.zip"), Strategy)
    assert_type(await seq.strategies(), Strategies)
    assert_type(await seq.strategy_logs("strat_1"), StrategyLogs)
