"""What the operating system says of the processes of a run. Only Linux says it; elsewhere nothing is known."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_ROUNDS: Final = 10
# Places in /proc/<pid>/stat after the name, which may hold anything.
_STATE: Final = 0
_SESSION: Final = 3
_RESIDENT: Final = 21


@dataclass(frozen=True, slots=True)
class Usage:
    """How many processes there are, and the memory they hold together."""

    processes: int
    resident_bytes: int


def of_session(session: int) -> Usage | None:
    """What the processes of a session use, or ``None`` where that cannot be known."""
    if not _PROC.joinpath("self", "stat").exists():
        return None
    page = os.sysconf("SC_PAGE_SIZE")
    processes = resident = 0
    for folder in _processes():
        try:
            fields = folder.joinpath("stat").read_bytes().rpartition(b")")[2].split()
        except OSError:
            continue
        if int(fields[_SESSION]) == session and fields[_STATE] != b"Z":
            processes += 1
            resident += int(fields[_RESIDENT]) * page
    return Usage(processes, resident)


def kill_marked(name: str, value: str) -> None:
    """End every process that inherited an environment variable of this value, wherever it has hidden since."""
    mark = f"{name}={value}".encode()
    for _ in range(_ROUNDS):
        found = [folder for folder in _processes() if _has(folder, mark)]
        for folder in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(int(folder.name), signal.SIGKILL)
        if not found:
            return


def _processes() -> Iterator[Path]:
    with contextlib.suppress(OSError):
        yield from (folder for folder in _PROC.iterdir() if folder.name.isdecimal())


def _has(folder: Path, mark: bytes) -> bool:
    try:
        return mark in folder.joinpath("environ").read_bytes().split(b"\0")
    except OSError:
        return False
