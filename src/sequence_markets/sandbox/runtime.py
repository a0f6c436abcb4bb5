"""The one writer of an exchange, and the driver that makes its time pass.

Every command and every read goes through :class:`Runtime`, which holds the single lock, first lets sandbox time catch
up with its clock, and then runs the command. In ``real`` and ``paced`` mode a thread sleeps until the next due event.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, TypeVar

from sequence_markets.sandbox.clock import ClockMode, SandboxClock
from sequence_markets.sandbox.exchange import Exchange
from sequence_markets.units import MAX_INT64

T = TypeVar("T")

_log = logging.getLogger("sequence_markets.sandbox")

# Events closer together than this are run in one wake-up, so that a dense schedule cannot become a busy loop.
_SHORTEST_SLEEP_S: Final = 0.001
_LONGEST_SLEEP_S: Final = 3600.0


class ClockError(RuntimeError):
    """The clock cannot do this in its present mode, for example advance while it runs by itself."""


class Busy(Exception):
    """Another thread is using the exchange just now."""


@dataclass(frozen=True, slots=True)
class Advance:
    """What an advance of the manual clock did.

    Attributes:
        from_ns: Sandbox instant before, in nanoseconds since the epoch.
        to_ns: Sandbox instant after.
        first_record: Number of the first journal record written on the way.
        records: How many journal records were written; 0 when nothing was due.
    """

    from_ns: int
    to_ns: int
    first_record: int
    records: int


@dataclass(frozen=True, slots=True)
class ClockState:
    """A reading of the clock.

    Attributes:
        mode: ``"real"``, ``"paced"`` or ``"manual"``.
        speed: Sandbox seconds per real second; 0 in ``manual``.
        now_ns: Sandbox instant, in nanoseconds since the epoch.
        next_due_ns: Instant of the next scheduled event, or ``None``.
    """

    mode: ClockMode
    speed: Fraction
    now_ns: int
    next_due_ns: int | None


class Runtime:
    """Runs commands against an exchange, one at a time, at the right sandbox instant.

    Args:
        exchange: The exchange; nobody else may touch it.
        clock: Where sandbox time comes from.
        restart_ns: Gives the instant at which time starts again after :meth:`reset`.
    """

    def __init__(self, exchange: Exchange, clock: SandboxClock, restart_ns: Callable[[], int]) -> None:
        self._exchange = exchange
        self._clock = clock
        self._restart_ns = restart_ns
        self._lock = threading.Lock()
        self._wake = threading.Condition(self._lock)
        self._armed_ns: int | None = None
        self._stopping = False
        self._driver: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread that runs due events while nobody calls."""
        self._driver = threading.Thread(target=self._drive, name="sequence-sandbox-clock", daemon=True)
        self._driver.start()

    def stop(self) -> None:
        """Stop the thread and wait until it has ended. Stopping twice is fine."""
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        if self._driver is not None:
            self._driver.join()
            self._driver = None

    def close(self) -> None:
        """Stop the thread and let go of the exchange's journal."""
        self.stop()
        with self._lock:
            self._exchange.close()

    def execute(self, action: Callable[[Exchange], T], *, wait: bool = True) -> T:
        """Run ``action`` on the exchange at the present sandbox instant and return its result.

        Args:
            action: Called with the exchange while the lock is held.
            wait: Wait for the lock; otherwise give up at once when it is taken.

        Raises:
            Busy: The lock is taken and ``wait`` is false.
        """
        if not self._lock.acquire(blocking=wait):
            raise Busy
        try:
            self._catch_up()
            try:
                return action(self._exchange)
            finally:
                self._rearm()
        finally:
            self._lock.release()

    def glance_ns(self) -> int:
        """Return the sandbox instant without waiting for a command that is under way; it may lag behind that one."""
        now_ns = self._exchange.now_ns
        return now_ns if self._clock.mode == "manual" else max(now_ns, self._clock.read())

    def clock_state(self) -> ClockState:
        """Return mode, pace, present instant and the next due event."""
        return self.execute(
            lambda exchange: ClockState(self._clock.mode, self._clock.speed, exchange.now_ns, exchange.next_due_ns())
        )

    def change_clock(self, mode: ClockMode, speed: Fraction | None = None) -> None:
        """Switch the clock to another mode, from the present sandbox instant on."""

        def change(exchange: Exchange) -> None:
            self._clock.change(mode, speed, exchange.now_ns)
            self._wake.notify_all()

        self.execute(change)

    def advance(self, *, by_ns: int | None = None, to_ns: int | None = None) -> Advance:
        """Move the manual clock and return once all that was due has settled.

        Args:
            by_ns: How far to move, in nanoseconds, zero or more.
            to_ns: Instant to move to, in nanoseconds since the epoch, not in the sandbox's past.

        Raises:
            ClockError: The clock runs by itself.
            ValueError: The move would go backwards.
        """

        def move(exchange: Exchange) -> Advance:
            if self._clock.mode != "manual":
                raise ClockError(f"only a manual clock can be advanced; this one is {self._clock.mode}")
            start = exchange.now_ns
            target = start + (by_ns or 0) if to_ns is None else to_ns
            if target < start:
                raise ValueError(f"time cannot go backwards: now is {start} ns, asked for {target} ns")
            if target > MAX_INT64:
                raise ValueError(f"time ends at {MAX_INT64} ns, asked for {target} ns")
            first = len(exchange.journal)
            exchange.advance_to(target)
            self._clock.anchor(exchange.now_ns)
            return Advance(start, exchange.now_ns, first, len(exchange.journal) - first)

        return self.execute(move)

    def reset(self) -> None:
        """Put the whole exchange back to its beginning, with the same seed."""

        def reset(exchange: Exchange) -> None:
            exchange.reset()
            self._begin_again(exchange)

        self.execute(reset)

    def seed(self, seed: int) -> None:
        """Put the whole exchange back to its beginning, with another seed."""

        def reseed(exchange: Exchange) -> None:
            exchange.seed(seed)
            self._begin_again(exchange)

        self.execute(reseed)

    def _begin_again(self, exchange: Exchange) -> None:
        self._clock.anchor(max(exchange.now_ns, self._restart_ns()))
        self._armed_ns = None
        self._wake.notify_all()

    def _catch_up(self) -> None:
        if self._clock.mode == "manual":
            return
        now = self._clock.read()
        if now > self._exchange.now_ns:
            # An instant at which nothing happens is not worth a write of its own: it goes with the next record.
            self._exchange.advance_to(now, durable=False)

    def _rearm(self) -> None:
        if self._clock.mode == "manual":
            return
        due = self._exchange.next_due_ns()
        if due is not None and (self._armed_ns is None or due < self._armed_ns):
            self._wake.notify_all()

    def _drive(self) -> None:
        with self._wake:
            while not self._stopping:
                due = None if self._clock.mode == "manual" else self._exchange.next_due_ns()
                self._armed_ns = due
                sleep = None if due is None else self._clock.seconds_until(due)
                self._wake.wait(None if sleep is None else min(max(sleep, _SHORTEST_SLEEP_S), _LONGEST_SLEEP_S))
                if self._stopping:
                    return
                try:
                    self._catch_up()
                except Exception:
                    # The next command meets the same fault and reports it to its caller; a driver that kept
                    # retrying would only fill the log.
                    _log.exception("running due events failed; the sandbox clock has stopped")
                    return
