"""What is subscribed and what arrives on it. Pure: it is told what happens and when, and says what is to be done."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from sequence_markets.errors import StreamReportedError, SubscriptionRejectedError

from .actions import Results, Send
from .channels import kind_of
from .decoding import Answer, Complaint, Event, Message, Nonsense
from .delivery import Delivery
from .events import Gap, InvalidEvent, Rejected, Reported, Resynced, Stale, Stray, Unconfirmed, Unreadable
from .healing import HEALED, Healer
from .memory import MarketMemory
from .mending import Mending
from .moment import Moment
from .options import Options
from .timers import Timers
from .topics import Topic, Topics, messages
from .words import shortened

ANSWERED_WITHIN: Final = 10.0
"""Seconds after which an unanswered subscription is told of."""
LEARNED_WITHIN: Final = 2.0
"""Seconds for which a subscription waits until it is known what exists already."""

_STRAYS: Final = 256
_LEFT: Final = 4096


class Intake:
    """The channels of one stream.

    Args:
        options: What the stream was asked for.
        read: Reads a frame.
        delivery: Gives the reader items.
        results: Where decisions go.
        timers: When to look again.
        mending: Reads what was missed.
    """

    def __init__(
        self,
        options: Options,
        read: Callable[[bytes], Message],
        delivery: Delivery,
        results: Results,
        timers: Timers,
        mending: Mending,
    ) -> None:
        self.topics = Topics()
        self._options = options
        self._read = read
        self._results = results
        self._timers = timers
        self._mending = mending
        self._deliver = delivery
        self._find = self.topics.find
        self._strays: set[str] = set()
        self._left: dict[str, None] = {}
        self._open_since: float | None = None

    # Subscriptions.

    def subscribe(self, names: Iterable[str], now: Moment) -> None:
        """Want channels."""
        for name in names:
            if name not in self.topics:
                self._left.pop(name, None)
                self.topics.add(self._topic(name, now))
        for topic in self.topics:
            self._mending.prepare(topic, now)
        self.ask(now)

    def unsubscribe(self, names: Iterable[str]) -> None:
        """No longer want channels; nothing of them is given from now on."""
        sent: list[str] = []
        for name in names:
            topic = self.topics.drop(name)
            self._let_go(name)
            if topic is None:
                continue
            self._mending.forget(topic)
            if topic.state != "wanted" and self._open_since is not None:
                sent.append(name)
        for text in messages("unsubscribe", sent):
            self._results.do(Send(text))

    def opened(self, now: Moment) -> None:
        """A connection is open, and holds nothing."""
        self._open_since = now.s
        self._strays.clear()
        for topic in self.topics:
            topic.since = now.s
        self.ask(now)

    def lost(self, heard: Moment, reason: str) -> None:
        """The connection is gone; it was last heard at some moment."""
        self._open_since = None
        self.topics.lost(heard, reason)
        self._mending.lost()
        for name in ("learn", "answers", "stale"):
            self._timers.clear(name)

    def ask(self, now: Moment) -> None:
        """Ask for every channel that is wanted and not yet asked for."""
        if self._open_since is None:
            return
        if self._options.feed is not None:
            for topic in self.topics:
                self._held(topic, now)  # It is all that this socket carries.
            return
        asked: list[Topic] = []
        for topic in self.topics:
            if topic.state != "wanted":
                continue
            if self._mending.delays(topic) and now.s < topic.since + LEARNED_WITHIN:
                self._timers.set_earliest("learn", topic.since + LEARNED_WITHIN)
                continue
            topic.state, topic.since = "asked", now.s
            asked.append(topic)
        for text in messages("subscribe", [topic.name for topic in asked]):
            self._results.do(Send(text))
        if asked:
            self._timers.set_earliest("answers", now.s + ANSWERED_WITHIN)

    # Frames.

    def received(self, frame: bytes, now: Moment) -> None:
        """Take a frame."""
        said = self._read(frame)
        if type(said) is Event:
            topic = self._find(said.channel)
            if topic is not None and topic.quick:
                topic.heard = now.s
                self._deliver(topic, said.channel, said.data, len(frame), now)
            else:
                self._event(said, topic, len(frame), now)
        elif isinstance(said, Answer):
            self._answer(said, now)
        elif isinstance(said, Complaint):
            self._complaint(said, now)
        elif isinstance(said, Nonsense):
            raw = self._results.clean(said.raw.decode("latin-1")).encode("latin-1")
            self._results.tell(Unreadable(now.ns, self._results.clean(said.reason), raw, said.size))

    def _event(self, event: Event, topic: Topic | None, size: int, now: Moment) -> None:
        if topic is None:
            topic = next(iter(self.topics)) if self._options.feed else self.topics.covering(event.channel)
        if topic is None:
            self._unasked(event, size, now)
            return
        if topic.state != "held":
            self._held(topic, now)
        topic.heard = now.s
        if topic.stale:
            topic.stale = False
            self._watch(topic)
        data = event.data
        if topic.gate is not None and not isinstance(data, InvalidEvent):
            if topic.gate.arrived(data, size):
                self._deliver(topic, event.channel, data, size, now)
            elif topic.gap is not None and self._options.feed is not None:
                self._resynced(topic, now)  # What was known comes again: nothing was left out before it.
        else:
            if topic.gap is not None and topic.whole and not isinstance(data, InvalidEvent):
                self._resynced(topic, now)
            self._deliver(topic, event.channel, data, size, now)
        topic.settle()

    def _unasked(self, event: Event, size: int, now: Moment) -> None:
        channel = event.channel
        if kind_of(channel) is None:
            if channel not in self._left:
                self._deliver.unasked(channel, event.data, size, now)
        elif channel not in self._strays and len(self._strays) < _STRAYS:
            self._strays.add(channel)
            self._results.tell(Stray(shortened(channel), now.ns))

    def _resynced(self, topic: Topic, now: Moment) -> None:
        topic.gap = None
        self._results.tell(Resynced(topic.name, now.ns), topic.name)

    # Answers.

    def _answer(self, answer: Answer, now: Moment) -> None:
        for name in answer.subscribed:
            topic = self._find(name)
            if topic is not None and topic.state == "asked":
                self._held(topic, now)
        rejected: dict[str, str] = {}
        for name, reason in answer.rejected:
            topic = self._find(name)
            if topic is None or topic.state == "wanted":
                if not name:
                    self._results.tell(Reported(now.ns, None, f"a channel was rejected: {self._results.clean(reason)}"))
                continue
            self.topics.drop(name)
            self._mending.forget(topic)
            rejected[name] = self._results.clean(reason)
            self._results.tell(Rejected(name, now.ns, rejected[name]), name)
        if rejected and not self._results.lifecycle:
            shown = ", ".join(f"{name} ({reason})" for name, reason in rejected.items())
            text = f"the server rejected {shortened(shown, 400)}"
            self._results.end(SubscriptionRejectedError(0, text, rejected=rejected, operation="stream"))

    def _complaint(self, complaint: Complaint, now: Moment) -> None:
        code = None if complaint.code is None else self._results.clean(complaint.code)
        message = self._results.clean(complaint.message)
        self._results.tell(Reported(now.ns, code, message))
        if not self._results.lifecycle:
            self._results.end(StreamReportedError(0, message, code=code, operation="stream"))

    def _held(self, topic: Topic, now: Moment) -> None:
        topic.state, topic.heard, topic.late = "held", now.s, False
        if topic.lost is not None:
            moment, reason = topic.lost
            gap = Gap(topic.name, moment.ns, max(moment.ns, now.ns), reason)  # The shown clock may be set back.
            since = gap.from_ns if topic.gap is None else min(gap.from_ns, topic.gap[0])
            topic.lost, topic.gap = None, (since, gap.to_ns)
            self._results.tell(gap, topic.name)
        topic.held_once = True
        self._mending.held(topic, now)
        if topic.gap is not None and topic.gate is None and not topic.whole:
            topic.gap = None  # Nothing can make it good.
        self._watch(topic)
        topic.settle()

    # Time.

    def tick(self, now: Moment, *, paused: bool) -> None:
        """Look at what is due."""
        if self._timers.pop("learn", now.s):
            self.ask(now)
        if self._timers.pop("answers", now.s):
            self._look_for_answers(now)
        if self._timers.pop("stale", now.s):
            if paused:
                self.resumed(now.s)  # It is not read, so that its silence says nothing.
            self._look_for_silence(now)
        self._mending.tick(now)

    def resumed(self, now: float) -> None:
        """Reading goes on after it had stopped: count silence from now."""
        for topic in self.topics:
            topic.heard = max(topic.heard, now)

    def _look_for_answers(self, now: Moment) -> None:
        for topic in self.topics:
            if topic.state != "asked" or topic.late:
                continue
            if now.s >= topic.since + ANSWERED_WITHIN:
                topic.late = True
                self._results.tell(Unconfirmed(topic.name, now.ns, round(now.s - topic.since, 3)), topic.name)
            else:
                self._timers.set_earliest("answers", topic.since + ANSWERED_WITHIN)

    def _look_for_silence(self, now: Moment) -> None:
        for topic in self.topics:
            if topic.state != "held" or topic.stale or topic.stale_after is None:
                continue
            if now.s >= topic.heard + topic.stale_after:
                topic.stale = True
                topic.settle()
                self._results.tell(Stale(topic.name, now.ns, round(now.s - topic.heard, 3)), topic.name)
            else:
                self._watch(topic)

    def _watch(self, topic: Topic) -> None:
        if topic.stale_after is not None:
            self._timers.set_earliest("stale", topic.heard + topic.stale_after)

    # Topics.

    def _topic(self, name: str, now: Moment) -> Topic:
        options = self._options
        kind = kind_of(name)
        topic = Topic(
            name,
            options.policy_of(name),
            options.silence_of(name),
            kind.subject if kind is not None else None,
            kind is not None and kind.whole,
            since=now.s,
        )
        if name in HEALED:
            topic.gate = Healer("fills" if name == "fills" else "orders", off=not options.heal)
        elif options.feed is not None:
            topic.gate = MarketMemory()
        return topic

    def _let_go(self, name: str) -> None:
        self._results.buffer.purge(name)
        if kind_of(name) is None:
            self._left[name] = None
            if len(self._left) > _LEFT:
                del self._left[next(iter(self._left))]
