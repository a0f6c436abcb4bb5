"""The ``sequence-markets`` command as a real process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from types import TracebackType
from typing import Self

import httpx

from tests.sandbox.server.http import NO_TLS

READY = "sequence-markets sandbox ready at "


def command(*arguments: str) -> list[str]:
    """Return the argument vector of the command, run with warnings as errors."""
    return [sys.executable, "-W", "error", "-m", "sequence_markets", *arguments]


def environment() -> dict[str, str]:
    """Return this process's environment without proxies."""
    return {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, timeout=30, check=False, env=environment()
    )


class Served:
    """A sandbox served by the command on a free port.

    Args:
        arguments: Further arguments of ``sequence-markets sandbox``.
    """

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            command("sandbox", "--port", "0", *arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        assert self.process.stdout is not None
        self.ready_line = self.process.stdout.readline()
        if not self.ready_line.startswith(READY):
            _, errors = self.process.communicate()
            raise AssertionError(f"not ready: {self.ready_line!r} {errors}")
        self.url = self.ready_line.removeprefix(READY).strip()

    def client(self, key: str = "seq_test_cli") -> httpx.Client:
        """Return an HTTP client with a key."""
        return httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {key}"}, trust_env=False, verify=NO_TLS, timeout=10
        )

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        """Send a signal; return exit code, the rest of stdout, and stderr."""
        self.process.send_signal(number)
        out, errors = self.process.communicate(timeout=15)
        return self.process.returncode, out, errors

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
