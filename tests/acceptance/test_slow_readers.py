"""A reader that sleeps: bounded memory, the newest of the market, everything about the account, and an exact count."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from resource import RUSAGE_SELF, getrusage
from typing import Any, Final, Protocol

import pytest

from sequence_markets import (
    Disconnected,
    Fill,
    Gap,
    OrderUpdate,
    PriceUpdate,
    Rejected,
    Resynced,
    SlowReaderError,
    StreamEvent,
    StreamItem,
)
from sequence_markets.sandbox import Sandbox
from tests.sandbox.streams.peer import Peer, key

SECONDS: Final = 60
BOOKS_PER_SECOND: Final = 6
CHANNELS: Final = ("prices:BTC-USD", "book:BTC-USD", "fair_price", "fills", "orders")
END: Final = "the end"
PATIENCE_S: Final = 30.0

Item = StreamItem[Any]


class Barrier:
    """Knows when a stream has received all that was sent before: a channel that cannot be is refused in its turn."""

    def __init__(self) -> None:
        self._refused = threading.Event()

    def told(self, event: StreamEvent) -> None:
        if isinstance(event, Rejected):
            self._refused.set()

    def wait(self, stream: Any) -> None:
        self._refused.clear()
        stream.subscribe(["no such channel"])
        assert self._refused.wait(PATIENCE_S)


Work = Callable[[Any, Barrier], None]


class Minute:
    """A busy minute of sandbox time, and what was sent in it, noted by a peer that never sleeps."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.sent: Counter[str] = Counter()
        self.newest: dict[str, Any] = {}
        self._quote(0)

    def _quote(self, step: int) -> None:
        bids = [(90_000 - step % 50 - level, 1 + level) for level in range(100)]
        asks = [(90_010 + step % 50 + level, 1 + level) for level in range(100)]
        self.sandbox.set_book("BTC-USD", "kraken", bids=bids, asks=asks)

    def pass_by(self, stream: Any, barrier: Barrier) -> None:
        with Peer(self.sandbox) as peer, self.sandbox.client(api_key=key()) as seq:
            peer.send({"subscribe": list(CHANNELS)})
            # What stands at the begin is told to both.
            self._note(peer)
            for second in range(SECONDS):
                seq.buy("BTC-USD", "0.01")
                for step in range(BOOKS_PER_SECOND):
                    self.sandbox.advance(ns=10**9 // BOOKS_PER_SECOND)
                    self._quote(second * BOOKS_PER_SECOND + step)
                self._note(peer)
                barrier.wait(stream)

    def _note(self, peer: Peer) -> None:
        for frame in peer.settle():
            if "channel" in frame:
                self.sent[frame["channel"]] += 1
                self.newest[frame["channel"]] = frame["data"]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed=7) as running:
        yield running
        running.check_invariants()


@contextmanager
def bounded(mebibytes: int) -> Generator[None]:
    """Hold the process to a growth of its memory."""
    before = getrusage(RUSAGE_SELF).ru_maxrss
    yield
    assert getrusage(RUSAGE_SELF).ru_maxrss - before < mebibytes << 10


Over = Callable[[Item], bool]


def at_the_end(item: Item) -> bool:
    """Whether everything that was sent before the last question has come."""
    return item.channel == END


class Asleep(Protocol):
    def __call__(
        self, sandbox: Sandbox, work: Work, channels: Iterable[str], over: Over = ..., **options: Any
    ) -> list[Item]:
        """Open a stream, do some work while nobody reads it, and then read up to the item that is the last."""
        ...


def asleep_in_a_thread(
    sandbox: Sandbox, work: Work, channels: Iterable[str], over: Over = at_the_end, **options: Any
) -> list[Item]:
    barrier = Barrier()
    items: list[Item] = []
    with (
        sandbox.client(api_key=key()) as seq,
        seq.stream(channels, lifecycle=True, on_event=barrier.told, **options) as stream,
    ):
        work(stream, barrier)
        stream.subscribe([END])
        for item in stream:
            if over(item):
                break
            items.append(item)
    return items


def asleep_on_a_loop(
    sandbox: Sandbox, work: Work, channels: Iterable[str], over: Over = at_the_end, **options: Any
) -> list[Item]:
    barrier = Barrier()

    async def main() -> list[Item]:
        items: list[Item] = []
        async with (
            sandbox.async_client(api_key=key()) as seq,
            seq.stream(channels, lifecycle=True, on_event=barrier.told, **options) as stream,
        ):
            await asyncio.to_thread(work, stream, barrier)
            stream.subscribe([END])
            async for item in stream:
                if over(item):
                    break
                items.append(item)
        return items

    return asyncio.run(main())


@pytest.fixture(params=[asleep_in_a_thread, asleep_on_a_loop], ids=["threads", "asyncio"])
def asleep(request: pytest.FixtureRequest) -> Asleep:
    face: Asleep = request.param
    return face


@pytest.mark.covers("stream")
def test_a_minute_of_sleep_costs_old_prices_only_and_they_are_counted(sandbox: Sandbox, asleep: Asleep) -> None:
    minute = Minute(sandbox)
    with bounded(100):
        items = asleep(sandbox, minute.pass_by, CHANNELS)
    given: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    newest: dict[str, Any] = {}
    for item in items:
        if item.channel in CHANNELS:
            given[item.channel] += 1
            left_out[item.channel] += item.conflated + item.dropped
            newest[item.channel] = item.data.raw
    assert min(minute.sent["book:BTC-USD"], minute.sent["prices:BTC-USD"]) >= SECONDS * BOOKS_PER_SECOND
    assert given + left_out == minute.sent
    assert newest == minute.newest
    for channel in ("fills", "orders"):
        assert left_out[channel] == 0
    for channel in ("prices:BTC-USD", "book:BTC-USD"):
        assert left_out[channel] > given[channel]
    with sandbox.client(api_key=key()) as seq:
        listed = [fill.fill_id for fill in seq.fills(limit=100)]
    assert [item.data.fill_id for item in items if item.channel == "fills"] == listed[::-1]
    assert len(listed) == SECONDS


STEPS: Final = 200


def prices(items: list[Item]) -> list[Item]:
    return [item for item in items if isinstance(item.data, PriceUpdate)]


def steps(sandbox: Sandbox, *, whole: bool) -> Work:
    """Move a price step by step; `whole` when a stream that goes on receiving is to have it all."""

    def work(stream: Any, barrier: Barrier) -> None:
        for number in range(STEPS):
            sandbox.set_book("ETH-USD", "kraken", bids=[(1_001 + number, 1)], asks=[(9_000, 1)])
        if whole:
            barrier.wait(stream)

    sandbox.set_book("ETH-USD", "kraken", bids=[(1_000, 1)], asks=[(9_000, 1)])
    return work


@pytest.mark.covers("stream")
def test_conflated_prices_are_the_newest_and_say_how_many_there_were(sandbox: Sandbox, asleep: Asleep) -> None:
    given = prices(asleep(sandbox, steps(sandbox, whole=True), ["prices:ETH-USD"]))
    assert given[-1].data.bid == 1_000 + STEPS
    # How many of them were conflated depends on how long they waited in real time; none goes unsaid.
    assert sum(1 + item.conflated for item in given) == 1 + STEPS


@pytest.mark.covers("stream")
def test_dropped_prices_are_the_oldest_and_counted(sandbox: Sandbox, asleep: Asleep) -> None:
    work = steps(sandbox, whole=True)
    given = prices(asleep(sandbox, work, ["prices:ETH-USD"], backpressure="drop_oldest", buffer_size=16))
    assert [item.data.bid for item in given] == [*range(1_001 + STEPS - 16, 1_001 + STEPS)]
    assert [item.dropped for item in given] == [1 + STEPS - 16, *[0] * 15]


@pytest.mark.covers("stream")
def test_prices_that_block_all_come(sandbox: Sandbox, asleep: Asleep) -> None:
    work = steps(sandbox, whole=False)
    given = prices(asleep(sandbox, work, ["prices:ETH-USD"], backpressure="block", buffer_size=16))
    assert [item.data.bid for item in given] == [*range(1_000, 1_001 + STEPS)]


@pytest.mark.covers("stream")
def test_prices_that_may_not_wait_end_the_stream(sandbox: Sandbox, asleep: Asleep) -> None:
    work = steps(sandbox, whole=False)
    with pytest.raises(SlowReaderError) as slow:
        asleep(sandbox, work, ["prices:ETH-USD"], backpressure={"prices": "error"}, buffer_size=16)
    assert slow.value.channel == "prices:ETH-USD"


@pytest.mark.covers("stream")
def test_what_a_server_no_longer_keeps_for_a_slow_reader_is_read_afterwards(sandbox: Sandbox, asleep: Asleep) -> None:
    orders, levels = 25, 100
    graphs: list[str] = []

    def work(_stream: Any, _barrier: Barrier) -> None:
        with sandbox.client(api_key=key()) as seq:
            for number in range(orders):
                asks = [(80_000 + 1_000 * (number % 2) + level, "0.01") for level in range(levels)]
                sandbox.set_book("BTC-USD", "kraken", bids=[(1, 1)], asks=asks)
                graphs.append(seq.buy("BTC-USD", 1).graph_id)

    waiting = {"fills", "orders"}

    def healed(item: Item) -> bool:
        if isinstance(item.data, Resynced):
            waiting.discard(item.channel)
        return not waiting

    items = asleep(sandbox, work, ["fills", "orders"], healed, buffer_size=64)
    assert [item.data.code for item in items if isinstance(item.data, Disconnected)] == [1013]
    assert {item.channel for item in items if isinstance(item.data, Gap)} == {"fills", "orders"}
    fills = [item for item in items if isinstance(item.data, Fill)]
    with sandbox.client(api_key=key()) as seq:
        listed = [fill.fill_id for fill in seq.iter_fills(page_size=500)]
    assert [item.data.fill_id for item in fills] == listed[::-1]
    assert len(listed) == orders * levels
    assert 0 < sum(item.healed for item in fills) < len(fills)
    over = [item.data.graph_id for item in items if isinstance(item.data, OrderUpdate) and item.data.status == "FILLED"]
    assert over == graphs
