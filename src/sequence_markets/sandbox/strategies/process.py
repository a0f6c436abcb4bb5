"""One run of a strategy as a process of the operating system: started under limits, pumped, watched and cleared away.

POSIX only. It is no prison: the limits keep a mistake from taking the machine down, not an attacker from it.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import site
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

import sequence_markets
from sequence_markets.sandbox.strategies import artifact, survey
from sequence_markets.sandbox.strategies.limits import MIB, MOST_PROCESSES, Resources
from sequence_markets.sandbox.strategies.logs import LineCutter, LogRing, Redactor, Stream

STOP_GRACE_S: Final = 3.0
"""How long a run that was asked to stop may take before it is made to."""

_LOOK_EVERY_S: Final = 0.2
_READ_BYTES: Final = 1 << 16
_DRAINED_BYTES: Final = 1 << 20
_LARGEST_FILE: Final = 64 * MIB
_OPEN_FILES: Final = 256
_MARK: Final = "SEQUENCE_RUN_MARK"
_LAUNCHER: Final = Path(__file__).with_name("launcher.py")


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be run.

    Attributes:
        archive: The checked artifact.
        entrypoint: The file to run in it.
        resources: What it may use.
        variables: Its environment besides what every run has.
        hidden: Texts that must not appear in what it writes.
    """

    archive: bytes = field(repr=False)
    entrypoint: str
    resources: Resources
    variables: Mapping[str, str] = field(repr=False)
    hidden: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended: its state, the exit code if there is one, and why."""

    status: str
    exit_code: int | None
    reason: str


class Process:
    """A run.

    Args:
        job: What is run.
        ring: Where its lines go.
        instant: Gives the sandbox instant for a line.
        now: The present moment, in seconds of a clock that never goes back.

    Raises:
        OSError: It cannot be started.
    """

    def __init__(self, job: Job, ring: LogRing, instant: Callable[[], int], now: float) -> None:
        self._job = job
        self._instant = instant
        self._mark = secrets.token_hex(16)
        redactor = Redactor(job.hidden)
        self._cutters: dict[Stream, LineCutter] = {
            "stdout": LineCutter("stdout", ring, redactor),
            "stderr": LineCutter("stderr", ring, redactor),
        }
        self._folder = Path(tempfile.mkdtemp(prefix="sequence-strategy-"))
        try:
            self._process = self._start()
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        opened: dict[Stream, IO[bytes] | None] = {"stdout": self._process.stdout, "stderr": self._process.stderr}
        self._files: dict[int, tuple[Stream, IO[bytes]]] = {
            pipe.fileno(): (name, pipe) for name, pipe in opened.items() if pipe is not None
        }
        for descriptor in self.pipes:
            os.set_blocking(descriptor, False)
        self._ends_at = now + job.resources.lasts_s
        self._kill_at: float | None = None
        self._look_at = now + _LOOK_EVERY_S
        self._verdict: Ending | None = None

    @property
    def pipes(self) -> tuple[int, ...]:
        """The pipes it may still write to."""
        return tuple(self._files)

    def close_pipe(self, descriptor: int) -> None:
        """Let go of a pipe."""
        name, pipe = self._files.pop(descriptor)
        self._cutters[name].finish(self._instant())
        pipe.close()

    def _start(self) -> subprocess.Popen[bytes]:
        project = self._folder / "project"
        scratch = self._folder / "tmp"
        project.mkdir(mode=0o700)
        scratch.mkdir(mode=0o700)
        artifact.unpack(self._job.archive, project)
        resources = self._job.resources
        memory = resources.memory_mb * MIB
        limits = {
            "RLIMIT_CPU": resources.cpu_s,
            "RLIMIT_AS": memory,
            "RLIMIT_FSIZE": _LARGEST_FILE,
            "RLIMIT_NOFILE": _OPEN_FILES,
            "RLIMIT_CORE": 0,
        }
        program = [sys.executable, str(project.joinpath(*self._job.entrypoint.split("/")))]
        launch = [sys.executable, "-I", "-S", str(_LAUNCHER), json.dumps(limits), str(os.getpid()), *program]
        return subprocess.Popen(
            launch,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=project,
            env=self._environment(project, scratch),
            start_new_session=True,
        )

    def _environment(self, project: Path, scratch: Path) -> dict[str, str]:
        sdk = str(Path(sequence_markets.__file__).parents[1])
        paths = [str(project)] if sdk in site.getsitepackages() else [str(project), sdk]
        return {
            "PATH": os.defpath,
            "HOME": str(scratch),
            "TMPDIR": str(scratch),
            "LANG": "C.UTF-8",
            "NO_PROXY": "*",
            "PYTHONPATH": os.pathsep.join(paths),
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            # Every arena of the allocator reserves address space, which is what is limited.
            "MALLOC_ARENA_MAX": "2",
            **self._job.variables,
            _MARK: self._mark,
        }

    def read(self, descriptor: int) -> int:
        """Take what a pipe has just now. Returns how many bytes that were: 0 at its
        end, -1 when there is nothing just now."""
        try:
            data = os.read(descriptor, _READ_BYTES)
        except BlockingIOError:
            return -1
        if data:
            self._cutters[self._files[descriptor][0]].feed(data, self._instant())
        return len(data)

    def stop(self, now: float, ending: Ending, grace_s: float = STOP_GRACE_S) -> None:
        """Ask the run to end, and make it after a while. `ending` is what is then said of it, unless there is something
        to say already."""
        if self._verdict is None:
            self._signal(signal.SIGTERM)
        self._verdict = self._verdict or ending
        self._kill_at = min(now + grace_s, now + grace_s if self._kill_at is None else self._kill_at)

    def kill(self, ending: Ending) -> None:
        """Make the run end at once."""
        self._verdict = self._verdict or ending
        self._signal(signal.SIGKILL)

    def look(self, now: float) -> bool:
        """Hold the run to its limits. Returns whether its process has ended."""
        if self._has_ended():
            return True
        if self._kill_at is not None and now >= self._kill_at:
            self._signal(signal.SIGKILL)
        elif now >= self._ends_at and self._verdict is None:
            reason = f"it ran for longer than {self._job.resources.lasts_s} s"
            self.stop(now, Ending("failed", None, reason))
        if now >= self._look_at:
            self._look_at = now + _LOOK_EVERY_S
            self._count()
        return False

    def _has_ended(self) -> bool:
        # It is left to be waited for: until then its id, which is that of its group, is nobody else's.
        if hasattr(os, "waitid"):
            options = os.WEXITED | os.WNOHANG | os.WNOWAIT
            return os.waitid(os.P_PID, self._process.pid, options) is not None
        return self._process.poll() is not None

    def _count(self) -> None:
        """Hold what no limit of a single process covers: how many there are, and their memory together."""
        usage = survey.of_session(self._process.pid)
        if usage is None:
            return
        if usage.processes > MOST_PROCESSES:
            self.kill(Ending("failed", None, f"it had more than {MOST_PROCESSES} processes"))
        elif usage.resident_bytes > self._job.resources.memory_mb * MIB:
            self.kill(Ending("failed", None, f"it used more than {self._job.resources.memory_mb} MiB of memory"))

    def finish(self) -> Ending:
        """Clear away what is left of a run whose process has ended, and say how it ended."""
        self._signal(signal.SIGKILL)
        survey.kill_marked(_MARK, self._mark)
        code = self._process.wait()
        for descriptor in self.pipes:
            left = _DRAINED_BYTES
            while left > 0 and (size := self.read(descriptor)) > 0:
                left -= size
            self.close_pipe(descriptor)
        shutil.rmtree(self._folder, ignore_errors=True)
        return self._ending(code)

    def _ending(self, code: int) -> Ending:
        if self._verdict is not None:
            return Ending(self._verdict.status, code, self._verdict.reason)
        if code == 0:
            return Ending("exited", 0, "it ended by itself")
        if code > 0:
            return Ending("failed", code, f"it ended with exit code {code}")
        if -code == signal.SIGXCPU:
            return Ending("failed", code, f"it used up its {self._job.resources.cpu_s} s of processor time")
        return Ending("failed", code, f"it was ended by signal {signal.Signals(-code).name}")

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)
