"""Reads over REST what fills and orders existed before, and what was missed of them. Pure, as the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from sequence_markets.client import retry
from sequence_markets.client.operations import orders as _orders
from sequence_markets.errors import (
    APIStatusError,
    AuthenticationError,
    MissedEventsError,
    NetworkError,
    PermissionDeniedError,
    SequenceError,
)
from sequence_markets.models import FillPage, OrderPage

from .actions import Fetch, Results
from .buffer import LARGEST
from .delivery import Delivery
from .events import Resynced, Unhealed
from .healing import PAGE, Healer, TooMuchMissedError
from .moment import Moment
from .timers import Timers
from .topics import Topic

HEALED_WITHIN: Final = 30.0
"""Seconds after which reading what was missed is given up: what arrives waits for it."""


class Mending:
    """Lets healers read, and delivers what they find.

    Args:
        results: Where decisions go.
        timers: When to look again.
        delivery: Gives the reader items.
        jitter: A random number from 0 to 1.
    """

    def __init__(self, results: Results, timers: Timers, delivery: Delivery, jitter: Callable[[], float]) -> None:
        self._deliver = delivery
        self._results = results
        self._timers = timers
        self._jitter = jitter
        self._tickets: dict[int, Topic] = {}
        self._ticket = 0
        self._waiting: dict[str, Topic] = {}
        self._failures: dict[str, int] = {}
        self._began: dict[str, float] = {}
        self._healers: dict[str, Healer] = {}

    def full(self, limit: int) -> bool:
        """Whether as much waits as may."""
        return any(len(each.held) >= limit or each.held_bytes >= LARGEST for each in self._healers.values())

    def prepare(self, topic: Topic) -> None:
        """Find out what exists, before a channel is asked for."""
        healer = topic.gate
        if isinstance(healer, Healer) and healer.state == "blank":
            self._healers[topic.name] = healer
            healer.learn()
            self._fetch(topic, healer)

    def delays(self, topic: Topic) -> bool:
        """Whether a channel should not be asked for yet."""
        return isinstance(topic.gate, Healer) and topic.gate.state in ("blank", "learning")

    def held(self, topic: Topic, now: Moment) -> None:
        """A channel is held: read what may have been missed before."""
        healer = topic.gate
        if not isinstance(healer, Healer):
            return
        if healer.state in ("whole", "behind"):
            self._began[topic.name] = now.s
            self._failures.pop(topic.name, None)
            healer.walk()
            self._fetch(topic, healer)
            return
        if topic.gap is not None:
            off = healer.state == "off"
            self._unhealed(topic, "it was not wanted" if off else "it is not known what existed before", turned_off=off)
        if healer.state == "blind":
            healer.learn()
            self._fetch(topic, healer)

    def lost(self, topics: Iterable[Topic]) -> None:
        """The connection is gone: what is being read has to be read again."""
        for topic in topics:
            if isinstance(topic.gate, Healer) and topic.gate.state in ("whole", "walking"):
                topic.gate.behind()
                self._stop(topic)

    def forget(self, topic: Topic) -> None:
        """A channel is no longer wanted."""
        self._stop(topic)
        self._healers.pop(topic.name, None)

    def fetched(self, ticket: int, page: FillPage | OrderPage, now: Moment) -> Topic | None:
        """Take a page that was asked for; returns the channel about which now everything is known."""
        topic = self._tickets.pop(ticket, None)
        if topic is None:
            return None
        healer = topic.gate
        assert isinstance(healer, Healer)
        learning = healer.state == "learning"
        try:
            missed = healer.page(page)
        except TooMuchMissedError as error:
            self._given_up(topic, healer, str(error), now)
            return None
        if missed is None:
            self._fetch(topic, healer)
            return None
        self._failures.pop(topic.name, None)
        for row, healed in missed:
            self._deliver(topic, topic.name, row, 0, now, healed=healed)
        if not learning and topic.gap is not None:
            topic.gap = None
            healed_rows = sum(healed for _, healed in missed)
            self._results.tell(Resynced(topic.name, now.ns, healed_rows), topic.name)
        return topic

    def unfetched(self, ticket: int, error: SequenceError, now: Moment) -> Topic | None:
        """A page could not be read; returns the channel that need not wait for it any more."""
        topic = self._tickets.pop(ticket, None)
        if topic is None:
            return None
        healer = topic.gate
        assert isinstance(healer, Healer)
        if isinstance(error, AuthenticationError | PermissionDeniedError):
            self._results.end(error)
            return None
        learning = healer.state == "learning"
        too_long = not learning and now.s >= self._began.get(topic.name, now.s) + HEALED_WITHIN
        if not _passing(error) or too_long:
            self._given_up(topic, healer, error.message, now)
            return topic
        failures = self._failures[topic.name] = self._failures.get(topic.name, 0) + 1
        self._waiting[topic.name] = topic
        self._timers.set(f"read {topic.name}", now.s + retry.backoff(failures, self._jitter))
        return None

    def tick(self, now: Moment) -> None:
        """Try again what is due."""
        for name, topic in list(self._waiting.items()):
            if self._timers.pop(f"read {name}", now.s):
                del self._waiting[name]
                assert isinstance(topic.gate, Healer)
                self._fetch(topic, topic.gate)

    def _fetch(self, topic: Topic, healer: Healer) -> None:
        self._ticket += 1
        self._tickets[self._ticket] = topic
        read = _orders.fills if healer.channel == "fills" else _orders.orders
        self._results.do(Fetch(self._ticket, read(PAGE, healer.offset, None)))

    def _stop(self, topic: Topic) -> None:
        self._tickets = {ticket: each for ticket, each in self._tickets.items() if each is not topic}
        self._waiting.pop(topic.name, None)
        self._timers.clear(f"read {topic.name}")

    def _given_up(self, topic: Topic, healer: Healer, reason: str, now: Moment) -> None:
        for row in healer.give_up():
            self._deliver(topic, topic.name, row, 0, now)
        if topic.gap is not None:
            self._unhealed(topic, reason)

    def _unhealed(self, topic: Topic, reason: str, *, turned_off: bool = False) -> None:
        assert topic.gap is not None
        from_ns, to_ns = topic.gap
        topic.gap = None
        self._results.tell(Unhealed(topic.name, from_ns, to_ns, reason), topic.name)
        if not self._results.lifecycle and not turned_off:
            text = f"what {topic.name} missed could not be read: {reason}"
            error = MissedEventsError(0, text, channel=topic.name, from_ns=from_ns, to_ns=to_ns, operation="stream")
            self._results.end(error)


def _passing(error: SequenceError) -> bool:
    """Whether a failure may pass."""
    if isinstance(error, APIStatusError):
        return error.status in retry.RETRIED_STATUSES or error.status >= 500
    return isinstance(error, NetworkError)
