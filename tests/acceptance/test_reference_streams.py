"""The streams end to end, as the reference shows them."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Iterator
from resource import RUSAGE_SELF, getrusage
from types import CodeType
from typing import Any

import pytest

from sequence_markets import Fill, MarketResolved, NewMarket, PriceUpdate, Sequence
from sequence_markets.sandbox import Sandbox

from .samples import REFERENCE, Sample, needs_reference, run


class Enough(Exception):
    """The sample has shown what it shows."""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed=7) as running:
        yield running
        running.check_invariants()


@pytest.fixture
def seq(sandbox: Sandbox) -> Iterator[Sequence]:
    with sandbox.client() as client:
        yield client


@needs_reference
@pytest.mark.covers("stream")
def test_the_references_loop_over_prices_and_fills(seq: Sequence) -> None:
    printed: list[tuple[Any, ...]] = []

    def show(*what: Any) -> None:
        printed.append(what)
        if len(printed) == 1:
            seq.buy("BTC-USD", "0.5")
        if any(words[0] == "fill:" for words in printed):
            raise Enough

    sample = Sample(
        'import asyncio\nasync def main():\nasync for channel, data in seq.stream(["prices:BTC-USD", "fills"]):',
        "asyncio.run(main())",
        (0, 0, 1, 2, 3, 2, 3, 0),
    )
    with pytest.raises(Enough):
        run(sample, {"seq": seq, "print": show})
    assert printed[0][0] == "prices:BTC-USD"
    assert printed[0][1] < printed[0][2]
    assert isinstance(printed[-1][1], Fill)
    assert printed[-1][1] == seq.fills().fills[0]


@needs_reference
@pytest.mark.covers("stream_new_markets")
def test_the_references_buyer_of_new_markets(seq: Sequence) -> None:
    sample = Sample("async for m in seq.stream_new_markets():", 'venue="polymarket")', (0, 1, 2))
    code: CodeType = compile(sample.source(), str(REFERENCE), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)

    async def until_bought() -> None:
        buying = asyncio.ensure_future(eval(code, {"seq": seq}))
        try:
            while not any(order.status == "FILLED" for order in (await asyncio.to_thread(seq.orders)).orders):
                assert not buying.done()
                await asyncio.sleep(0)
        finally:
            buying.cancel()
            await asyncio.gather(buying, return_exceptions=True)

    asyncio.run(until_bought())
    assert {fill.venue for fill in seq.fills()} == {"polymarket"}


@pytest.mark.covers("stream_resolved_markets", "stream_new_markets")
def test_a_market_is_minted_and_resolved_before_the_eyes_of_its_listeners(sandbox: Sandbox, seq: Sequence) -> None:
    minted: dict[str, NewMarket] = {}
    with seq.stream_new_markets() as new, seq.stream_resolved_markets() as resolved:
        for market in new:
            assert isinstance(market, NewMarket)
            minted[market["condition_id"]] = market
            if len(minted) == 128:
                break
        sandbox.advance(seconds=700)
        told: set[str] = set()
        for outcome in resolved:
            assert isinstance(outcome, MarketResolved)
            if outcome["condition_id"] in minted:
                assert outcome.winning_outcome in minted[outcome["condition_id"]].outcomes
                told.add(outcome["condition_id"])
            if outcome.observed_at_ns >= sandbox.now_ns - 100 * 10**9:
                break
    assert told


@pytest.mark.covers("stream")
def test_an_item_narrows_and_reads_as_the_documented_dict(seq: Sequence) -> None:
    with seq.stream(["prices:BTC-USD"]) as stream:
        for channel, data in stream:
            assert channel == "prices:BTC-USD"
            match data:
                case PriceUpdate():
                    assert data["bid"] == data.bid
                case _:
                    pytest.fail(f"not a price: {data}")
            break


@pytest.mark.covers("stream")
def test_a_reader_that_sleeps_a_minute_gets_the_newest_price_and_every_fill(sandbox: Sandbox, seq: Sequence) -> None:
    with seq.stream(["prices:BTC-USD", "book:BTC-USD", "fills"]) as stream:
        items = iter(stream)
        next(items)
        before = getrusage(RUSAGE_SELF).ru_maxrss
        for _ in range(60):
            seq.buy("BTC-USD", "0.01")
            sandbox.advance(seconds=1)
        newest = seq.quote("BTC-USD").nbbo
        fills: list[str] = []
        conflated = 0
        price: PriceUpdate | None = None
        while len(fills) < 60 or price is None or (price.bid, price.ask) != (newest.bid, newest.ask):
            item = next(items)
            conflated += item.conflated
            match item.data:
                case Fill():
                    fills.append(item.data.fill_id)
                case PriceUpdate():
                    price = item.data
                case _:
                    pass
        grown_kib = getrusage(RUSAGE_SELF).ru_maxrss - before
    assert fills == [fill.fill_id for fill in reversed(seq.fills(limit=100).fills)]
    assert conflated > 0
    assert grown_kib < 100 << 10
