"""A reader that sleeps: bounded memory, the newest of the market, everything about the account, and an exact count."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from resource import RUSAGE_SELF, getrusage
from typing import Any, Final

import pytest

from sequence_markets import Rejected, StreamEvent, StreamItem
from sequence_markets.sandbox import Sandbox
from tests.sandbox.streams.peer import Peer, key

SECONDS: Final = 60
BOOKS_PER_SECOND: Final = 8
CHANNELS: Final = ("prices:BTC-USD", "book:BTC-USD", "fair_price", "fills", "orders")
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


def asleep_in_a_thread(sandbox: Sandbox, minute: Minute) -> list[Item]:
    barrier = Barrier()
    items: list[Item] = []
    with (
        sandbox.client(api_key=key()) as seq,
        seq.stream(CHANNELS, lifecycle=True, on_event=barrier.told, buffer_size=4096) as stream,
    ):
        minute.pass_by(stream, barrier)
        stream.subscribe(["the end"])
        for item in stream:
            if item.channel == "the end":
                break
            items.append(item)
    return items


def asleep_on_a_loop(sandbox: Sandbox, minute: Minute) -> list[Item]:
    barrier = Barrier()

    async def main() -> list[Item]:
        items: list[Item] = []
        async with (
            sandbox.async_client(api_key=key()) as seq,
            seq.stream(CHANNELS, lifecycle=True, on_event=barrier.told, buffer_size=4096) as stream,
        ):
            await asyncio.to_thread(minute.pass_by, stream, barrier)
            stream.subscribe(["the end"])
            async for item in stream:
                if item.channel == "the end":
                    return items
                items.append(item)
        raise AssertionError("the stream ended")

    return asyncio.run(main())


@pytest.mark.parametrize("asleep", [asleep_in_a_thread, asleep_on_a_loop])
@pytest.mark.covers("stream")
def test_a_minute_of_sleep_costs_old_prices_only_and_they_are_counted(
    sandbox: Sandbox, asleep: Callable[[Sandbox, Minute], list[Item]]
) -> None:
    minute = Minute(sandbox)
    with bounded(100):
        items = asleep(sandbox, minute)
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
