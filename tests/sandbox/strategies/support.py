"""Uploads and the waiting for what becomes of them."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx

from sequence_markets import Sequence, Strategy, StrategyRun
from sequence_markets.sandbox import Sandbox

from .archives import Files, zipped

T = TypeVar("T")

_PATIENCE_S = 30.0
_PAUSE_S = 0.01


def until(read: Callable[[], T], holds: Callable[[T], bool]) -> T:
    """Read again and again until something holds, and return what was read then."""
    end = time.monotonic() + _PATIENCE_S
    while True:
        value = read()
        if holds(value):
            return value
        assert time.monotonic() < end, value
        time.sleep(_PAUSE_S)


def project(program: str, **more: str) -> bytes:
    """An artifact with one program."""
    files: dict[str, str | bytes] = {"main.py": program, **more}
    return zipped(files)


def body(**changed: object) -> dict[str, Any]:
    """A request to create a strategy, with some fields changed; ``None`` leaves a field out."""
    fields: dict[str, object] = {
        "name": "dip",
        "runtime": "python",
        "entrypoint": "main.py",
        "artifact_base64": encoded({"main.py": "print('hello')\n"}),
        **changed,
    }
    return {name: value for name, value in fields.items() if value is not None}


def encoded(files: Files) -> str:
    """A zip archive of files, in base64."""
    return base64.b64encode(zipped(files)).decode("ascii")


@contextmanager
def api(sandbox: Sandbox, key: str) -> Generator[httpx.Client, None, None]:
    """A bare HTTP client."""
    with httpx.Client(base_url=sandbox.url, headers={"Authorization": f"Bearer {key}"}, trust_env=False) as client:
        yield client


def run(seq: Sequence, program: str, **options: Any) -> Strategy:
    """Create and start a strategy of one program."""
    return seq.create_strategy(
        "test", "python", "main.py", artifact=project(program), start_immediately=True, **options
    )


def only_run(strategy: Strategy) -> StrategyRun:
    """The run of a strategy that was started once."""
    runs = strategy.runs
    assert runs is not None
    assert len(runs) == 1, runs
    return runs[0]


def ended(seq: Sequence, strategy: Strategy) -> Strategy:
    """Wait until a strategy does not run any more."""
    return until(
        lambda: seq.strategy(strategy.strategy_id), lambda row: row.status not in ("starting", "running", "stopping")
    )


def written(seq: Sequence, strategy: Strategy) -> list[str]:
    """The lines of the newest run."""
    return [line.message for line in seq.strategy_logs(strategy.strategy_id)]
