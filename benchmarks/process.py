"""Programs in processes of their own, driven over a pipe."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

_WORKERS = Path(__file__).with_name("workers")


def environment(path: Path | None = None, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment without proxies, in which ``path`` is imported from first."""
    kept = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    kept.pop("PYTHONPATH", None)
    if path is not None:
        kept["PYTHONPATH"] = str(path)
    return {**kept, "NO_PROXY": "*", **(extra or {})}


class Worker:
    """A program of ``benchmarks/workers``. It prints one line when it is ready, and goes on until its input ends.

    Args:
        program: Its file name without the suffix.
        arguments: Its arguments.
        path: Where it imports from first.
        extra: More of its environment.
    """

    def __init__(
        self, program: str, *arguments: str, path: Path | None = None, extra: Mapping[str, str] | None = None
    ) -> None:
        # -P, so that the folder of the program is no place to import from.
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(_WORKERS / f"{program}.py"), *arguments],
            env=environment(path, extra),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._name = program
        self.ready = self._line()

    def timed(self, times: int) -> float:
        """Let it do its work so many times, and return the seconds it says that took."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{times}\n")
        self._process.stdin.flush()
        return float(self._line())

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the worker {self._name} ended with status {self._process.wait()}")
        return line.strip()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
