"""A strategy trades while its stream is cut, closed, silenced and torn: each fill comes once, each gap is announced."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Callable
from typing import Any, Final

import pytest

from sequence_markets import Connected, Disconnected, Fill, Gap, PriceUpdate, StreamEvent, StreamItem
from sequence_markets.sandbox import Fault, Sandbox
from sequence_markets.sandbox.embedded import fresh_key
from sequence_markets.sandbox.faults import StreamKind

ORDERS: Final = 200
LEVELS: Final = 100
FILLS: Final = ORDERS * LEVELS
CUTS: Final = 200
PATIENCE_S: Final = 60.0
CHANNELS: Final = ("fills", "prices:ETH-USD")
FIRST_BID: Final = 1_000

Item = StreamItem[Any]
Stop = Callable[[Item], bool]


class Scene:
    """An account that trades in one thread, and a thread that breaks its stream at random moments."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.key = fresh_key()
        self.items: list[Item] = []
        self.cuts = 0
        self.reasons: set[str] = set()
        self._fills = 0
        self._begun = threading.Event()
        self._over = threading.Event()
        self._connected = threading.Event()
        self._lost = threading.Semaphore(0)
        sandbox.set_book("BTC-USD", "kraken", bids=[(1, 1)])
        self._bid(FIRST_BID)

    def _bid(self, price: int) -> None:
        self.sandbox.set_book("ETH-USD", "kraken", bids=[(price, 1)], asks=[(9_000, 1)])

    def told(self, event: StreamEvent) -> None:
        """Listen to what becomes of the connection."""
        match event:
            case Connected():
                self._connected.set()
            case Disconnected(reason=reason):
                self._connected.clear()
                self.cuts += 1
                self.reasons.add(reason)
                self._lost.release()
            case _:
                pass

    def enough(self, item: Item) -> bool:
        """Keep an item; whether it was the last one that matters."""
        self._begun.set()
        self.items.append(item)
        self._fills += isinstance(item.data, Fill)
        return self._fills >= FILLS and self.cuts >= CUTS

    def trade(self) -> None:
        """Take a ladder of asks again and again, and move another market step by step."""
        self._begun.wait(PATIENCE_S)
        bid = FIRST_BID
        with self.sandbox.client(api_key=self.key) as seq:
            for number in range(ORDERS):
                while self.cuts < number - 1 and not self._over.wait(0.001):
                    pass  # Keep pace with the cuts, so that they fall all over the fills.
                asks = [(90_000 + 1_000 * (number % 2) + level, "0.01") for level in range(LEVELS)]
                self.sandbox.set_book("BTC-USD", "kraken", asks=asks)
                seq.buy("BTC-USD", "0.5")
                bid += 1
                self._bid(bid)
                seq.buy("BTC-USD", "0.5")

    def disturb(self) -> None:
        """Break every connection, each in one way and after a while of its own."""
        chance = random.Random(5)
        self._begun.wait(PATIENCE_S)
        kinds: tuple[StreamKind | None, ...] = (None, None, "drop", "half_frame", "close", "silence")
        for _ in range(CUTS):
            assert self._connected.wait(PATIENCE_S)
            time.sleep(0.04 * chance.random() ** 3)
            kind = chance.choice(kinds)
            if kind is None:
                self.sandbox.faults.hang_up(chance.choice((None, 1001, 1012)))
            else:
                self.sandbox.faults.add(Fault(kind, channel=chance.choice((None, "fills", "prices:*"))))
            # A fault waits for a frame that may not come, and silence for the stream to notice it, which takes 40 s.
            while not self._lost.acquire(timeout=0.02):
                self.sandbox.faults.hang_up()
            self.sandbox.faults.clear()

    def run(self, read: Callable[[Scene], None]) -> None:
        """Read until everything has come, or patience is over."""
        threads = [threading.Thread(target=each) for each in (self.trade, self.disturb)]
        for thread in threads:
            thread.start()
        try:
            read(self)
        finally:
            self._begun.set()
            self._over.set()
            for thread in threads:
                thread.join()


def by_threads(scene: Scene) -> None:
    with scene.sandbox.client(api_key=scene.key) as seq:
        at_once(seq)
        stream = seq.stream(CHANNELS, lifecycle=True, on_event=scene.told, backpressure="block")
        watchdog = threading.Timer(PATIENCE_S, stream.close)
        watchdog.start()
        for item in stream:
            if scene.enough(item):
                break
        watchdog.cancel()


def by_asyncio(scene: Scene) -> None:
    async def main() -> None:
        async with scene.sandbox.async_client(api_key=scene.key) as seq, asyncio.timeout(PATIENCE_S):
            at_once(seq)
            async for item in seq.stream(CHANNELS, lifecycle=True, on_event=scene.told, backpressure="block"):
                if scene.enough(item):
                    break

    asyncio.run(main())


def at_once(client: Any) -> None:
    """Let a client connect again at once; the jitter that it draws may always be 0."""
    client._jitter = lambda: 0.0


@pytest.mark.parametrize("read", [by_threads, by_asyncio])
@pytest.mark.covers("stream")
def test_twenty_thousand_fills_come_once_and_in_order_through_two_hundred_lost_connections(
    read: Callable[[Scene], None],
) -> None:
    with Sandbox(seed=7) as sandbox:
        scene = Scene(sandbox)
        scene.run(read)
        sandbox.check_invariants()
        with sandbox.client(api_key=scene.key) as seq:
            listed = [fill.fill_id for fill in seq.iter_fills(page_size=500)]
    given = [item for item in scene.items if isinstance(item.data, Fill)]
    assert len(listed) == FILLS
    assert [item.data.fill_id for item in given] == listed[::-1]
    # It was no easy ride, and not all of it was read afterwards.
    assert scene.cuts >= CUTS
    assert len(scene.reasons) >= 4
    assert 0 < sum(item.healed for item in given) < FILLS
    no_gap_is_hidden(scene.items)


def no_gap_is_hidden(items: list[Item]) -> None:
    """Every bid is one more than the one before, or the channel has said in between that something is missing."""
    last: int | None = None
    announced = holes = 0
    told = False
    for item in items:
        if item.channel != "prices:ETH-USD":
            continue
        match item.data:
            case Gap():
                told = True
                announced += 1
            case PriceUpdate(bid=bid):
                assert bid is not None
                assert told or last is None or bid == last + 1, f"{last} is followed by {bid} without a word"
                holes += last is not None and bid > last + 1
                last, told = int(bid), False
            case _:
                pass
    assert announced >= CUTS // 2
    assert holes > 0
