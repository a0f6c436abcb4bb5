"""Reads over REST what fills and orders existed before, and what was missed of them. Pure, as the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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


@dataclass(slots=True, eq=False)
class _Reading:
    """What is known about reading one channel.

    Attributes:
        topic: The channel.
        healer: Decides what to read.
        known_ns: From when on something may be missing.
        held_ns: When the channel was held last.
        whole: Whether everything has been delivered since, while the channel was held.
        began: When reading what was missed began.
        failures: How often it has failed since.
        waiting: Whether it is to be tried again.
    """

    topic: Topic
    healer: Healer
    known_ns: int
    held_ns: int = 0
    whole: bool = False
    began: float = 0.0
    failures: int = 0
    waiting: bool = False


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
        self._readings: dict[str, _Reading] = {}
        self._tickets: dict[int, _Reading] = {}
        self._ticket = 0

    @property
    def busy(self) -> bool:
        """Whether anything is being read, or will be."""
        return bool(self._tickets) or any(each.waiting for each in self._readings.values())

    def full(self, limit: int) -> bool:
        """Whether as much waits as may."""
        for reading in self._readings.values():
            if len(reading.healer.held) >= limit or reading.healer.held_bytes >= LARGEST:
                return True
        return False

    def prepare(self, topic: Topic, now: Moment) -> None:
        """Find out what exists, before a channel is asked for."""
        if isinstance(topic.gate, Healer) and topic.name not in self._readings:
            reading = self._readings[topic.name] = _Reading(topic, topic.gate, now.ns)
            if topic.gate.state == "blank":
                topic.gate.learn()
                self._fetch(reading)

    def delays(self, topic: Topic) -> bool:
        """Whether a channel should not be asked for yet."""
        return isinstance(topic.gate, Healer) and topic.gate.state in ("blank", "learning")

    def held(self, topic: Topic, now: Moment) -> None:
        """A channel is held: read what may have been missed before."""
        reading = self._readings.get(topic.name)
        if reading is None:
            return
        healer = reading.healer
        reading.held_ns = now.ns
        if healer.state in ("whole", "behind"):
            self._since_gap(reading)
            reading.began, reading.failures = now.s, 0
            healer.walk()
            self._fetch(reading)
            return
        if topic.gap is not None:
            self._since_gap(reading)
            off = healer.state == "off"
            self._missed(reading, "it was not wanted" if off else "it is not known what existed before", wanted=not off)
        if healer.state == "blind":
            healer.learn()
            self._fetch(reading)

    def lost(self) -> None:
        """The connection is gone: what is being read has to be read again."""
        for reading in self._readings.values():
            if reading.healer.state in ("whole", "walking"):
                reading.healer.behind()
                self._stop(reading)

    def forget(self, topic: Topic) -> None:
        """A channel is no longer wanted."""
        reading = self._readings.pop(topic.name, None)
        if reading is not None:
            self._stop(reading)

    def fetched(self, ticket: int, page: FillPage | OrderPage, now: Moment) -> bool:
        """Take a page that was asked for; whether everything about its channel is known now."""
        reading = self._tickets.pop(ticket, None)
        if reading is None:
            return False
        learning = reading.healer.state == "learning"
        try:
            missed = reading.healer.page(page)
        except TooMuchMissedError as error:
            self._give_up(reading, str(error), now)
            return True
        if missed is None:
            self._fetch(reading)
            return False
        reading.failures = 0
        topic = reading.topic
        for row, healed in missed:
            self._deliver(topic, topic.name, row, 0, now, healed=healed)
        if not learning:
            reading.whole = True
            if topic.gap is not None:
                topic.gap = None
                self._results.tell(Resynced(topic.name, now.ns, sum(healed for _, healed in missed)), topic.name)
        return True

    def unfetched(self, ticket: int, error: SequenceError, now: Moment) -> bool:
        """A page could not be read; whether its channel need not wait for it any more."""
        reading = self._tickets.pop(ticket, None)
        if reading is None:
            return False
        if isinstance(error, AuthenticationError | PermissionDeniedError):
            self._results.end(error)
            return False
        learning = reading.healer.state == "learning"
        if not _passing(error) or (not learning and now.s >= reading.began + HEALED_WITHIN):
            self._give_up(reading, error.message, now)
            return True
        reading.failures += 1
        reading.waiting = True
        self._timers.set(f"read {reading.topic.name}", now.s + retry.backoff(reading.failures, self._jitter))
        return False

    def tick(self, now: Moment) -> None:
        """Try again what is due."""
        for reading in self._readings.values():
            if reading.waiting and self._timers.pop(f"read {reading.topic.name}", now.s):
                reading.waiting = False
                self._fetch(reading)

    def _fetch(self, reading: _Reading) -> None:
        self._ticket += 1
        self._tickets[self._ticket] = reading
        read = _orders.fills if reading.healer.channel == "fills" else _orders.orders
        self._results.do(Fetch(self._ticket, read(PAGE, reading.healer.offset, None)))

    def _stop(self, reading: _Reading) -> None:
        self._tickets = {ticket: each for ticket, each in self._tickets.items() if each is not reading}
        reading.waiting = False
        self._timers.clear(f"read {reading.topic.name}")

    def _give_up(self, reading: _Reading, reason: str, now: Moment) -> None:
        walking = reading.healer.state == "walking"
        for row in reading.healer.give_up():
            self._deliver(reading.topic, reading.topic.name, row, 0, now)
        if walking:
            self._missed(reading, reason)

    def _since_gap(self, reading: _Reading) -> None:
        if reading.whole and reading.topic.gap is not None:
            reading.known_ns = reading.topic.gap[0]
        reading.whole = False

    def _missed(self, reading: _Reading, reason: str, *, wanted: bool = True) -> None:
        """Say what is missing for good."""
        topic, from_ns, to_ns = reading.topic, reading.known_ns, max(reading.known_ns, reading.held_ns)
        topic.gap = None
        reading.whole = True  # But for what is said here.
        self._results.tell(Unhealed(topic.name, from_ns, to_ns, reason), topic.name)
        if wanted and not self._results.lifecycle:
            text = f"what {topic.name} missed could not be read: {reason}"
            error = MissedEventsError(0, text, channel=topic.name, from_ns=from_ns, to_ns=to_ns, operation="stream")
            self._results.end(error)


def _passing(error: SequenceError) -> bool:
    """Whether a failure may pass."""
    if isinstance(error, APIStatusError):
        return error.status in retry.RETRIED_STATUSES or error.status >= 500
    return isinstance(error, NetworkError)
