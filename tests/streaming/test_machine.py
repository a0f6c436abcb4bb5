"""Random frames, drops, delays, refusals and clock jumps against a server that is simulated.

Whatever happens: after a recovery the server holds exactly what is wanted; nothing is given for a channel that is not
wanted; nothing is given twice; every fill is given, in order; and whatever is missing of a market channel was announced
by a gap before its next item, or is counted on it.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sequence_markets.errors import ConnectionLostError, ServerError
from sequence_markets.models import Fill, PriceUpdate
from sequence_markets.streaming.events import Gap, InvalidEvent, Unhealed
from sequence_markets.streaming.protocol import State

from .data import ack, event, fill, price
from .pure import Harness

BLOCKING, CONFLATING, WEATHER = "prices:B", "prices:C", "weather:W"
MARKETS: tuple[str, ...] = (BLOCKING, CONFLATING)
channels = st.sampled_from([BLOCKING, CONFLATING, WEATHER])


class StreamMachine(RuleBasedStateMachine):
    """A stream, and a server on the other side of a line that breaks."""

    @initialize(jitter=st.floats(0, 1), existing=st.integers(0, 3))
    def begin(self, jitter: float, existing: int) -> None:
        self.fills = list(range(existing))
        self.line: list[bytes] = []
        self.held: set[str] = set()
        self.wanted: set[str] = {"fills", BLOCKING, CONFLATING}
        self.let_go = False
        self.number = dict.fromkeys(MARKETS, 0)
        self.last: dict[str, int | None] = dict.fromkeys(MARKETS)
        self.gap_since: dict[str, bool] = dict.fromkeys(MARKETS, False)
        self.given: list[int] = []
        self.first = existing
        self.stream = Harness(
            ["fills", BLOCKING, CONFLATING],
            jitter=jitter,
            connect_within=10**9,
            lifecycle=True,
            backpressure={BLOCKING: "block", CONFLATING: "conflate"},
            stale_after=5.0,
            buffer_size=50,
        ).start()
        self.stream.answer(*[fill(number) for number in reversed(self.fills)])

    # The client's user.

    @rule(channel=channels)
    def subscribe(self, channel: str) -> None:
        if channel not in self.wanted:
            self.last[channel] = None
        self.wanted.add(channel)
        self.stream.protocol.subscribe([channel], self.stream.moment)
        self.stream.settle()

    @rule(channel=channels)
    def unsubscribe(self, channel: str) -> None:
        self.wanted.discard(channel)
        self.let_go = self.let_go or channel == WEATHER
        self.stream.protocol.unsubscribe([channel], self.stream.moment)
        self.stream.settle()

    @rule(most=st.integers(1, 40))
    def read(self, most: int) -> None:
        for _ in range(most):
            item = self.stream.protocol.take(self.stream.now)
            if item is None:
                break
            self.check(item)
        self.stream.settle()

    def check(self, item: Any) -> None:
        channel, data = item
        # What the SDK does not know and nobody ever let go of is given as well: it might be a notice to all.
        assert not channel or channel in self.wanted or (channel == WEATHER and not self.let_go)
        if isinstance(data, Gap) and channel in MARKETS:
            assert data.from_ns <= data.to_ns
            self.gap_since[channel] = True
        elif isinstance(data, PriceUpdate):
            number = data.ts_ns
            last = self.last[channel]
            if last is not None:
                assert number > last, "given twice, or out of order"
                assert self.gap_since[channel] or number - last - 1 == item.conflated, "missing without a word"
            self.last[channel] = number
            self.gap_since[channel] = False
        elif isinstance(data, Fill):
            number = int(data.fill_id.removeprefix("f_"))
            last = self.given[-1] if self.given else self.first - 1
            assert number > last, "given twice, or out of order"
            assert number == last + 1 or self.stream.told(Unhealed), "missing without a word"
            self.given.append(number)

    # The server.

    @property
    def open(self) -> bool:
        return self.stream.protocol.state is State.OPEN

    def say(self, frame: bytes) -> None:
        self.line.append(frame)

    @rule(count=st.integers(1, 5), waits=st.sampled_from([0.0, 0.005, 1.0]))
    def prices(self, count: int, waits: float) -> None:
        for channel in MARKETS:
            for _ in range(count):
                self.number[channel] += 1
                if channel in self.held:
                    self.say(event(channel, price(1.0, self.number[channel])))
        self.stream.wait(waits)

    @rule(count=st.integers(1, 4), twice=st.booleans())
    def trade(self, count: int, twice: bool) -> None:
        for _ in range(count):
            number = len(self.fills)
            self.fills.append(number)
            if "fills" in self.held:
                self.say(event("fills", fill(number)))
                if twice:
                    self.say(event("fills", fill(number)))

    @precondition(lambda self: self.open)
    @rule(
        frame=st.sampled_from(
            [b"garbage", b"[1]", b'{"x":1}', b"", event(WEATHER, {"rain": 1}), event("prices:X", price(1))]
        )
    )
    def noise(self, frame: bytes) -> None:
        self.say(frame)

    @precondition(lambda self: self.open)
    @rule()
    def invalid(self) -> None:
        if "fills" in self.held:
            self.say(event("fills", {"fill_id": 7}))

    @precondition(lambda self: self.open)
    @rule(many=st.integers(1, 30))
    def arrive(self, many: int) -> None:
        """Let the next of what is on the line arrive, unless the client has stopped reading."""
        for _ in range(min(many, len(self.line))):
            if self.stream.protocol.paused or not self.open:
                break
            self.stream.receive(self.line.pop(0))

    @precondition(lambda self: self.open)
    @rule()
    def understand(self) -> None:
        """Let the server read what the client has sent, and answer."""
        sent, self.stream.sent = self.stream.sent, []
        for said in sent:
            if "subscribe" in said:
                self.held |= set(said["subscribe"])
                self.say(ack(*said["subscribe"]))
            else:
                self.held -= set(said["unsubscribe"])
                self.say(json.dumps({"unsubscribed": said["unsubscribe"], "subscribed": [], "rejected": []}).encode())

    @precondition(lambda self: self.stream.protocol.state is State.CONNECTING)
    @rule()
    def accept(self) -> None:
        self.stream.sent, self.line, self.held = [], [], set()
        self.stream.open(acknowledge=False)

    @precondition(lambda self: self.stream.protocol.state is State.CONNECTING)
    @rule()
    def refuse(self) -> None:
        self.stream.refuse(ServerError(503, "busy"))

    @precondition(lambda self: self.open)
    @rule()
    def drop(self) -> None:
        self.line, self.held, self.stream.sent = [], set(), []
        self.stream.lose()

    @rule(fails=st.booleans())
    def rest(self, fails: bool) -> None:
        if fails:
            self.stream.fail(ConnectionLostError(0, "cut"))
        else:
            self.stream.answer(*[fill(number) for number in reversed(self.fills)])

    # Time.

    @rule(seconds=st.sampled_from([0.0, 0.01, 0.5, 3.0, 7.0]))
    def wait(self, seconds: float) -> None:
        self.pass_time(seconds)

    @rule(seconds=st.sampled_from([60.0, 86_400.0, -30.0]))
    def jump(self, seconds: float) -> None:
        """Let the clock jump: nobody looked at it meanwhile."""
        self.stream.now += seconds
        self.stream.protocol.tick(self.stream.moment)
        self.stream.settle()
        self.after()

    def pass_time(self, seconds: float) -> None:
        if self.open:
            self.stream.protocol.heard(self.stream.moment)
        self.stream.wait(seconds)
        self.after()

    def after(self) -> None:
        if not self.open:
            self.line, self.held, self.stream.sent = [], set(), []

    @invariant()
    def never_ends(self) -> None:
        if hasattr(self, "stream"):
            assert not self.stream.protocol.ended, self.stream.protocol.error

    def teardown(self) -> None:
        """Let everything settle, and look at what came out."""
        if not hasattr(self, "stream"):
            return
        stream = self.stream
        for _ in range(400):
            if stream.protocol.state is State.CONNECTING:
                self.accept()
            if self.open:
                self.understand()
                self.arrive(1000)
            self.rest(fails=False)
            self.read(1000)
            busy = stream.protocol._mending.busy
            if self.open and not self.line and not stream.sent and not busy and stream.protocol.held:
                break
            self.pass_time(1.0)
        self.read(100_000)
        assert stream.protocol.held
        assert self.held == self.wanted
        assert set(stream.protocol.channels) == self.wanted
        self.understand()
        self.prices(1, 0.0)
        self.trade(1, False)
        self.arrive(1000)
        self.read(100_000)
        assert self.given[-1] == len(self.fills) - 1
        for channel in MARKETS:
            if channel in self.wanted:
                assert self.last[channel] == self.number[channel]
        assert not stream.told(InvalidEvent)


StreamMachine.TestCase.settings = settings(deadline=None, max_examples=60, stateful_step_count=40)
TestStream = StreamMachine.TestCase
