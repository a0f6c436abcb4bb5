"""The protocol with a clock of the test's own and no socket."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, TypeVar

from sequence_markets.errors import SequenceError
from sequence_markets.models import FillPage, OrderPage
from sequence_markets.streaming.actions import Connect, Fetch, Hangup, Notify, Ping, Send
from sequence_markets.streaming.moment import Moment
from sequence_markets.streaming.options import make_options
from sequence_markets.streaming.protocol import StreamProtocol

from .data import ack, event

T = TypeVar("T")


class Harness:
    """Drives a protocol by hand, and keeps what it wanted."""

    def __init__(
        self, channels: Iterable[str] = (), *, jitter: float = 1.0, connect_within: float = 30.0, **options: Any
    ) -> None:
        self.now = 1000.0
        self.protocol = StreamProtocol(
            make_options(channels, **options), connect_within=connect_within, jitter=lambda: jitter
        )
        self.events: list[Any] = []
        self.sent: list[dict[str, Any]] = []
        self.fetches: list[Fetch] = []
        self.hangups: list[Hangup] = []
        self.pings = 0
        self.connects = 0

    @property
    def moment(self) -> Moment:
        return Moment(self.now, int(self.now * 10**9))

    def settle(self) -> None:
        """Take what is wanted."""
        for action in self.protocol.actions():
            match action:
                case Notify(told):
                    self.events.append(told)
                case Send(text):
                    self.sent.append(json.loads(text))
                case Fetch():
                    self.fetches.append(action)
                case Hangup():
                    self.hangups.append(action)
                case Ping():
                    self.pings += 1
                case Connect():
                    self.connects += 1

    def start(self) -> Harness:
        self.protocol.start(self.moment)
        self.settle()
        return self

    def open(self, *, acknowledge: bool = True) -> Harness:
        """Open the connection that is wanted, and answer every subscription."""
        self.protocol.opened(self.moment)
        self.settle()
        if acknowledge:
            self.acknowledge()
        return self

    def acknowledge(self) -> None:
        for said in self.sent:
            if "subscribe" in said:
                self.receive(ack(*said["subscribe"]))
        self.sent.clear()

    def begin(self) -> Harness:
        """Start, answer what is read over REST with nothing, open, and answer."""
        self.start()
        self.answer()
        return self.open()

    def receive(self, frame: bytes) -> None:
        self.protocol.received(frame, self.moment)
        self.protocol.heard(self.moment)
        self.settle()

    def frame(self, channel: str, data: object) -> None:
        self.receive(event(channel, data))

    def lose(self, reason: str = "the connection broke", code: int | None = None) -> None:
        self.protocol.lost(reason, self.moment, code=code)
        self.settle()

    def refuse(self, error: SequenceError, *, for_good: bool = False) -> None:
        self.protocol.refused(error, self.moment, for_good=for_good)
        self.settle()

    def wait(self, seconds: float) -> None:
        """Let time pass, and tell the protocol whenever it wants to know."""
        end = self.now + seconds
        for _ in range(10_000):
            due = self.protocol.deadline
            if due is None or due > end:
                break
            self.now = max(self.now, due)
            self.protocol.tick(self.moment)
            self.settle()
        else:
            raise AssertionError("the protocol asks for the time without end")
        self.now = end
        self.protocol.tick(self.moment)
        self.settle()

    def reconnect(self) -> None:
        """Let time pass until a connection is wanted, and open it."""
        wanted = self.connects
        for _ in range(100):
            if self.connects > wanted:
                break
            assert self.protocol.deadline is not None
            self.wait(max(0.0, self.protocol.deadline - self.now))
        self.open()

    def answer(self, *rows: dict[str, Any], more: bool = False) -> None:
        """Answer every page that is being read: all with the same rows, of its own kind."""
        fetches, self.fetches = self.fetches, []
        for fetch in fetches:
            fills = [row for row in rows if "fill_id" in row]
            orders = [row for row in rows if "fill_id" not in row]
            page = (
                FillPage.model_validate({"fills": fills, "has_more": more})
                if fetch.operation.name == "fills"
                else OrderPage.model_validate({"orders": orders, "has_more": more})
            )
            self.protocol.fetched(fetch.ticket, page, self.moment)
        self.settle()

    def fail(self, error: SequenceError) -> None:
        fetches, self.fetches = self.fetches, []
        for fetch in fetches:
            self.protocol.unfetched(fetch.ticket, error, self.moment)
        self.settle()

    def read(self) -> list[Any]:
        """Take everything there is to read."""
        items: list[Any] = []
        while (item := self.protocol.take(self.now)) is not None:
            items.append(item)
        self.settle()
        return items

    def told(self, kind: type[T]) -> list[T]:
        return [each for each in self.events if isinstance(each, kind)]
