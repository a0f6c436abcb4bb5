"""Hosted strategies as they are answered."""

from __future__ import annotations

from typing import Final

from sequence_markets.sandbox.strategies.state import Run, Strategy

NOT_RUN: Final = (
    "the sandbox does not run the code of strategies, it only goes through their states; "
    "begin it with run_strategies=True or --run-strategies to run them"
)


def strategy_row(strategy: Strategy) -> dict[str, object]:
    """A strategy with its runs."""
    public = dict(strategy.public)
    run = strategy.run
    return {
        "strategy_id": strategy.id,
        "name": public.pop("name"),
        "runtime": public.pop("runtime"),
        "entrypoint": public.pop("entrypoint"),
        "desired_state": strategy.desired,
        "status": strategy.status,
        "current_run_id": None if run is None else run.id,
        **public,
        "runs": [_run_row(each) for each in strategy.runs],
        "created_at_ns": strategy.created_ns,
        "updated_at_ns": strategy.updated_ns,
    }


def _run_row(run: Run) -> dict[str, object]:
    return {
        "run_id": run.id,
        "status": run.status,
        "executed": run.executed,
        "exit_code": run.exit_code,
        "reason": run.reason or None,
        "started_at_ns": run.started_ns,
        "ended_at_ns": run.ended_ns or None,
    }


def logs_answer(strategy: Strategy, run: Run | None, lines: list[dict[str, object]], dropped: int) -> dict[str, object]:
    """What a run wrote."""
    return {
        "strategy_id": strategy.id,
        "run_id": None if run is None else run.id,
        "logs": lines,
        "count": len(lines),
        "dropped": dropped,
    }


def log_line(ts_ns: int, stream: str, message: str) -> dict[str, object]:
    """One line of it."""
    return {"ts_ns": ts_ns, "stream": stream, "message": message}
