"""Fresh processes: the import, and a first client."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from benchmarks.measure import Target, Timed, paired
from benchmarks.process import environment
from benchmarks.report import Row

_FLOOR = "import pydantic, httpx"
_CASES = (
    ("`import sequence_markets`", "import sequence_markets", Target("<=", 0.35)),
    (
        "- and a first client, `Sequence(key)`",
        "from sequence_markets import Sequence; Sequence('seq_test_benchmark')",
        Target("<=", 1.3),
    ),
)


def measure(*, rounds: int = 20) -> Iterator[Row]:
    """Yield a row for the import and one for a first client."""
    for name, code, target in _CASES:
        yield Row.of(name, f"`{_FLOOR}`", paired(fresh(code), fresh(_FLOOR), rounds=rounds), target)


def fresh(code: str) -> Timed:
    """Return what times code in new processes, without the start of the interpreter."""
    program = f"from time import perf_counter as now; begin = now(); {code}; print(now() - begin)"

    def timed(times: int) -> float:
        return sum(float(_run(program)) for _ in range(times))

    return timed


def _run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(), capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout
