"""The thread that runs strategies: it starts their processes, reads what they write, and sees them out.

Whoever asks for something only leaves a note and goes on; nobody waits for a process.
"""

from __future__ import annotations

import contextlib
import logging
import os
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sequence_markets.sandbox.strategies.logs import LogRing
from sequence_markets.sandbox.strategies.process import Ending, Job, Process

_log = logging.getLogger("sequence_markets.sandbox")

_TICK_S: Final = 0.05
_BYTES_PER_TICK: Final = 64 << 10
"""What is read of a run's output at most in a tick: a flood waits in its pipe, and holds nobody else up."""
_CLOSE_GRACE_S: Final = 1.0
_STILL_THERE: Final = Ending("stopped", None, "the sandbox ended")


@dataclass(frozen=True, slots=True, eq=False)
class Ticket:
    """One run, as the runner knows it. Two runs are never the same one, whatever they are called."""

    strategy: str
    number: int


OnChange = Callable[[Ticket, Ending | None], None]
"""Told that a run is running (``None``), or how it ended. Called by the runner's thread."""


def supported() -> bool:
    """Whether this system has what it takes to run strategies under limits."""
    return os.name == "posix"


class Runner:
    """Runs strategies, each in a process of its own.

    Args:
        instant: Gives the sandbox instant for what is written.
        on_change: Told what becomes of the runs.
    """

    def __init__(self, instant: Callable[[], int], on_change: OnChange) -> None:
        self._instant = instant
        self._on_change = on_change
        self._notes: deque[Callable[[], None]] = deque()
        self._live: dict[Ticket, Process] = {}
        self._budgets: dict[Ticket, int] = {}
        self._tick_at = 0.0
        self._closing = False
        self._selector = selectors.DefaultSelector()
        self._bell, self._ear = socket.socketpair()
        self._bell.setblocking(False)
        self._ear.setblocking(False)
        self._selector.register(self._ear, selectors.EVENT_READ)
        self._guard = threading.Lock()
        self._closed = False
        self._thread: threading.Thread | None = None

    def launch(self, ticket: Ticket, job: Job, ring: LogRing) -> None:
        """Start a run soon."""
        self._leave(lambda: self._begin(ticket, job, ring))

    def stop(self, ticket: Ticket) -> None:
        """Ask a run to end soon."""
        ending = Ending("stopped", None, "it was stopped on request")
        self._leave(lambda: self._live[ticket].stop(time.monotonic(), ending) if ticket in self._live else None)

    def kill(self, ticket: Ticket) -> None:
        """Make a run end soon."""
        ending = Ending("stopped", None, "it was deleted")
        self._leave(lambda: self._live[ticket].kill(ending) if ticket in self._live else None)

    def close(self) -> None:
        """End every run, and return once all are gone. Closing twice is fine."""
        with self._guard:
            if self._closed:
                return
            self._closed = True
            if self._thread is not None:
                self._notes.append(self._wind_up)
                self._wake()
        if self._thread is not None:
            self._thread.join()
        self._selector.close()
        self._bell.close()
        self._ear.close()

    def _leave(self, note: Callable[[], None]) -> None:
        with self._guard:
            if self._closed:
                return
            self._notes.append(note)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="sequence-sandbox-strategies", daemon=True)
                self._thread.start()
            self._wake()

    def _wake(self) -> None:
        # A full buffer wakes the thread as well.
        with contextlib.suppress(BlockingIOError):
            self._bell.send(b"!")

    # All below runs in the thread.

    def _work(self) -> None:
        try:
            while not self._closing or self._live:
                self._wait()
                while self._notes:
                    self._notes.popleft()()
                self._look(time.monotonic())
        finally:
            for ticket in list(self._live):
                self._live[ticket].kill(_STILL_THERE)
                self._end(ticket)

    def _wait(self) -> None:
        for key, _ in self._selector.select(_TICK_S if self._live else None):
            if key.fileobj is self._ear:
                self._ear.recv(4096)
            else:
                self._read(key.data, key.fd)

    def _begin(self, ticket: Ticket, job: Job, ring: LogRing) -> None:
        if self._closing:
            self._told(ticket, _STILL_THERE)
            return
        try:
            process = Process(job, ring, self._instant, time.monotonic())
        except Exception as error:
            _log.exception("a strategy could not be started")
            self._told(ticket, Ending("failed", None, f"it could not be started: {type(error).__name__}"))
            return
        self._live[ticket] = process
        self._budgets[ticket] = _BYTES_PER_TICK
        self._listen(ticket)
        self._told(ticket, None)

    def _listen(self, ticket: Ticket) -> None:
        for descriptor in self._live[ticket].pipes:
            if descriptor not in self._selector.get_map():
                self._selector.register(descriptor, selectors.EVENT_READ, ticket)

    def _read(self, ticket: Ticket, descriptor: int) -> None:
        process = self._live[ticket]
        size = process.read(descriptor)
        self._budgets[ticket] -= max(0, size)
        if size == 0 or self._budgets[ticket] <= 0:
            self._selector.unregister(descriptor)
        if size == 0:
            process.close_pipe(descriptor)

    def _look(self, now: float) -> None:
        if now < self._tick_at:
            return
        self._tick_at = now + _TICK_S
        for ticket, process in list(self._live.items()):
            if process.look(now):
                self._end(ticket)
            elif self._budgets[ticket] < _BYTES_PER_TICK:
                self._budgets[ticket] = _BYTES_PER_TICK
                self._listen(ticket)

    def _end(self, ticket: Ticket) -> None:
        process = self._live.pop(ticket)
        del self._budgets[ticket]
        for descriptor in process.pipes:
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(descriptor)
        self._told(ticket, process.finish())

    def _wind_up(self) -> None:
        self._closing = True
        for process in self._live.values():
            process.stop(time.monotonic(), _STILL_THERE, _CLOSE_GRACE_S)

    def _told(self, ticket: Ticket, ending: Ending | None) -> None:
        try:
            self._on_change(ticket, ending)
        except Exception:
            _log.exception("a change of a strategy could not be noted")
