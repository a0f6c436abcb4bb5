"""The stream's protocol: connections, and whether they live. Pure: no clock, no socket, no thread.

It is told what happened and when, and answers with actions to be carried out and items to be read. The asynchronous
and the threaded face drive the same object.

::

    idle ──start──▸ connecting ──opened──▸ open ──lost──▸ waiting ──due──▸ connecting
                        └──────refused, failed─────────────▸│
    any ──closed, refused for good, error──▸ ended
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any, Final, cast

from sequence_markets.client import retry
from sequence_markets.errors import APIStatusError, RequestTimeoutError, SequenceError, StreamError
from sequence_markets.models import FillPage, OrderPage

from .actions import Action, Connect, Hangup, Ping, Results, Wrap
from .backoff import Backoff
from .buffer import Buffer
from .decoding import read_frame, read_market
from .delivery import Delivery
from .events import Connected, Disconnected
from .intake import Intake
from .items import StreamItem
from .mending import Mending
from .moment import Moment
from .options import Options
from .timers import Timers
from .words import shortened

OPENED_WITHIN: Final = 10.0
PING_EVERY: Final = 20.0
"""Seconds of silence on a connection after which a sign of life is asked for."""
PONG_WITHIN: Final = 20.0


class State(Enum):
    """Where a stream is."""

    IDLE = "idle"
    CONNECTING = "connecting"
    OPEN = "open"
    WAITING = "waiting"
    ENDED = "ended"


class StreamProtocol:
    """One stream.

    Args:
        options: What it was asked for.
        connect_within: Seconds from the start for which a first connection is tried.
        jitter: A random number from 0 to 1.
        clean: Takes secrets out of a text of the other side.
    """

    def __init__(
        self,
        options: Options,
        *,
        connect_within: float = 30.0,
        jitter: Callable[[], float] = lambda: 1.0,
        clean: Callable[[str], str] = lambda text: text,
    ) -> None:
        wrap = _pair if options.feed is None else _bare
        self.state = State.IDLE
        self._options = options
        self._connect_within = connect_within
        self._timers = Timers()
        self._results = Results(Buffer(options.buffer_size, wrap), options.lifecycle, clean)
        self._buffer = self._results.buffer
        delivery = Delivery(self._results, wrap)
        self._mending = Mending(self._results, self._timers, delivery, jitter)
        reader = read_frame if options.feed is None else read_market
        self._intake = Intake(options, reader, delivery, self._results, self._timers, self._mending)
        self._received = self._intake.received
        self._backoff = Backoff(jitter)
        self._started = 0.0
        self._opened: Moment | None = None
        self._heard = Moment(0.0, 0)
        self._pinged: float | None = None
        self._connections = 0
        self._paused = False
        self._overdue = False

    # What it says.

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels that are wanted."""
        return self._intake.topics.names

    @property
    def held(self) -> bool:
        """Whether every channel that is wanted is held."""
        return self.state is State.OPEN and all(topic.state == "held" for topic in self._intake.topics)

    @property
    def ended(self) -> bool:
        """Whether nothing more will arrive."""
        return self.state is State.ENDED

    @property
    def error(self) -> SequenceError | None:
        """Why it ended, unless it was closed."""
        return self._results.error

    @property
    def paused(self) -> bool:
        """Whether reading from the socket has to stop."""
        return self._paused

    @property
    def unread(self) -> bool:
        """Whether there is something for the reader."""
        return len(self._buffer) > 0

    @property
    def deadline(self) -> float | None:
        """When it wants to be told the time, seconds of the steady clock."""
        return self._timers.next

    def actions(self) -> list[Action]:
        """Return what is to be done, and forget it."""
        done, self._results.actions = self._results.actions, []
        return done

    def take(self, now: float) -> Any:
        """Return the next item for the reader, or ``None`` where there is none."""
        item = self._buffer.take(now)
        if self._paused:
            self._look_at_room(now)
        return item

    # What it is told.

    def start(self, now: Moment) -> None:
        """Begin."""
        self._started = now.s
        self._intake.subscribe(self._options.channels if self._options.feed is None else (self._options.feed,), now)
        self._connect(now)
        self._conclude(now)

    def subscribe(self, channels: Iterable[str], now: Moment) -> None:
        """Want more channels."""
        if not self.ended:
            self._intake.subscribe(channels, now)
            self._conclude(now)

    def unsubscribe(self, channels: Iterable[str], now: Moment) -> None:
        """Want fewer channels."""
        if not self.ended:
            self._intake.unsubscribe(channels)
            self._conclude(now)

    def opened(self, now: Moment) -> None:
        """The connection is open."""
        self.state = State.OPEN
        self._opened = self._heard = now
        self._pinged = None
        self._timers.clear("opened")
        self._timers.set("ping", now.s + PING_EVERY)
        self._results.tell(Connected(now.ns, self._connections))
        self._connections += 1
        self._intake.opened(now)
        self._conclude(now)

    def heard(self, now: Moment) -> None:
        """Something has come over the connection, messages or not, and has been told of."""
        self._heard = now
        if self.state is State.OPEN:
            self._look_at_room(now.s)

    def received(self, frame: bytes, now: Moment) -> None:
        """A message came."""
        if self.state is State.OPEN:
            self._received(frame, now)
            if self._results.ended:
                self._conclude(now)

    def lost(self, reason: str, now: Moment, *, code: int | None = None) -> None:
        """The connection ended, or broke."""
        if self.state is State.OPEN:
            opened = self._opened or now
            self._intake.lost(self._heard, reason)
            self._later(self._backoff.after_loss(now.s - opened.s), reason, code, now)
            self._conclude(now)

    def refused(self, error: SequenceError, now: Moment, *, for_good: bool = False) -> None:
        """No connection could be opened."""
        if self.state is not State.CONNECTING:
            return
        delay = self._backoff.after_failure()
        asked = error.retry_after
        if asked is not None:
            for_good = for_good or asked > retry.RETRY_AFTER_CEILING
            delay = max(delay, asked)
        if isinstance(error, APIStatusError) and error.status < 500 and error.status != 429:
            for_good = True
        if not self._connections and now.s + delay >= self._started + self._connect_within:
            for_good = True
        if for_good:
            self._results.tell(Disconnected(now.ns, shortened(error.message), None, None))
            self._results.end(error)
        else:
            self._later(delay, shortened(str(error)), None, now)
        self._conclude(now)

    def fetched(self, ticket: int, page: FillPage | OrderPage, now: Moment) -> None:
        """A page that was asked for is here."""
        if not self.ended and self._mending.fetched(ticket, page, now):
            self._intake.ask(now)
        self._conclude(now)

    def unfetched(self, ticket: int, error: SequenceError, now: Moment) -> None:
        """A page that was asked for could not be read."""
        if not self.ended and self._mending.unfetched(ticket, error, now):
            self._intake.ask(now)
        self._conclude(now)

    def tick(self, now: Moment) -> None:
        """Time has passed."""
        if self.ended:
            return
        if self._timers.pop("opened", now.s):
            self._results.do(Hangup(1001, ""))
            self.refused(RequestTimeoutError(0, f"no connection within {OPENED_WITHIN:g} s", operation="stream"), now)
        if self._timers.pop("retry", now.s):
            if self._paused:
                self._overdue = True  # The reader has to catch up first: more would have no room.
            else:
                self._connect(now)
        if self._timers.pop("ping", now.s):
            self._look_for_life(now)
        self._intake.tick(now, paused=self._paused)
        self._conclude(now)

    def close(self) -> None:
        """End it. Nothing more can be read."""
        self._results.end(None)
        self._buffer.clear()
        self._finish()

    def fail(self, error: Exception) -> None:
        """End it because of a fault of our own."""
        failed = StreamError(0, f"the stream failed ({type(error).__name__}: {error})", operation="stream")
        failed.__cause__ = error
        self._results.end(failed)
        self._finish()

    # Inside.

    def _connect(self, now: Moment) -> None:
        self.state = State.CONNECTING
        self._timers.set("opened", now.s + OPENED_WITHIN)
        self._results.do(Connect())

    def _later(self, delay: float, reason: str, code: int | None, now: Moment) -> None:
        self.state = State.WAITING
        self._opened = None
        self._timers.clear("opened")
        self._timers.clear("ping")
        self._timers.set("retry", now.s + delay)
        self._results.tell(Disconnected(now.ns, reason, code, round(delay, 3)))

    def _look_for_life(self, now: Moment) -> None:
        if self.state is not State.OPEN:
            return
        if self._paused:
            self._pinged = None
            self._timers.set("ping", now.s + PING_EVERY)
        elif self._pinged is not None and self._heard.s <= self._pinged:
            self._results.do(Hangup(1011, "no answer to a ping"))
            self.lost(f"no sign of life for {now.s - self._heard.s:.0f} s", now)
        elif now.s >= self._heard.s + PING_EVERY:
            self._pinged = now.s
            self._results.do(Ping())
            self._timers.set("ping", now.s + PONG_WITHIN)
        else:
            self._pinged = None
            self._timers.set("ping", self._heard.s + PING_EVERY)

    def _look_at_room(self, now: float) -> None:
        paused = self._buffer.full or self._mending.full(self._options.buffer_size)
        if self._paused and not paused:
            # Nothing was read meanwhile, so that silence says nothing.
            self._heard = Moment(max(self._heard.s, now), self._heard.ns)
            self._intake.resumed(now)
            if self._overdue:
                self._overdue = False
                self._timers.set("retry", now)
        self._paused = paused

    def _conclude(self, now: Moment) -> None:
        if self._results.ended:
            self._finish()
        elif self.state is not State.ENDED:
            self._look_at_room(now.s)

    def _finish(self) -> None:
        if self.state in (State.CONNECTING, State.OPEN):
            self._results.do(Hangup(1000, ""))
        self.state = State.ENDED
        self._paused = False
        self._timers.clear_all()


_pair = cast("Wrap", StreamItem)  # Not StreamItem[Any]: every item would be marked with that.


def _bare(_channel: str, data: Any) -> Any:
    return data
