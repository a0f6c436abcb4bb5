"""What type checkers must see in streams. Never run: mypy and pyright read it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import assert_never, assert_type

from sequence_markets import (
    AlgoTrace,
    AsyncSequence,
    BookUpdate,
    Connected,
    DeploymentEvent,
    Disconnected,
    FairPrice,
    Fill,
    FundingUpdate,
    Gap,
    InvalidEvent,
    Levels,
    MarketResolved,
    NewMarket,
    NewMarketEvent,
    OrderUpdate,
    PriceLevel,
    PriceUpdate,
    Rejected,
    Reported,
    ResolvedMarketEvent,
    Resynced,
    RoutingDecision,
    Sequence,
    Stale,
    Stray,
    Stream,
    StreamData,
    StreamEvent,
    StreamItem,
    TcaReport,
    Unconfirmed,
    Unhealed,
    UnknownEvent,
    Unreadable,
)


def narrowed(data: StreamData) -> None:
    match data:
        case PriceUpdate(bid=bid):
            assert_type(bid, float | None)
            assert_type(data.ts, datetime)
        case BookUpdate():
            assert_type(data.bids, Levels)
            assert_type(data.bids[0], PriceLevel)
            assert_type(data.bids[0].price, float)
            assert_type(data.asks[:2], tuple[PriceLevel, ...])
        case OrderUpdate():
            assert_type(data.qty, Decimal)
            assert_type(data.is_final, bool)
        case Fill():
            assert_type(data.fill_id, str)
        case RoutingDecision():
            assert_type(data.legs[0].qty, Decimal | None)
        case TcaReport():
            assert_type(data.achieved_vwap, Decimal | None)
        case AlgoTrace() | DeploymentEvent():
            assert_type(data.deployment_id, str | None)
        case FundingUpdate():
            assert_type(data.rate_bps_per_hour, float)
        case FairPrice():
            assert_type(data.price, Decimal | None)
        case UnknownEvent():
            pass
        case InvalidEvent():
            assert_type(data.channel, str)
        case _:
            assert_never(data)


def told(event: StreamEvent) -> None:
    match event:
        case Gap(channel, from_ns, to_ns, reason):
            assert_type(channel, str)
            assert_type(from_ns, int)
            assert_type(to_ns, int)
            assert_type(reason, str)
        case Connected() | Disconnected() | Reported() | Unreadable():
            assert_type(event.at_ns, int)
        case Resynced() | Stale() | Rejected() | Unconfirmed() | Stray() | Unhealed():
            assert_type(event.channel, str)
        case _:
            assert_never(event)


def blocking(seq: Sequence) -> None:
    stream = seq.stream(["prices:BTC-USD", "fills"])
    assert_type(stream, Stream[StreamItem[StreamData]])
    for channel, data in stream:
        assert_type(channel, str)
        assert_type(data, StreamData)
        narrowed(data)
        _ = data["bid"]
    for item in stream:
        assert_type(item, StreamItem[StreamData])
        assert_type(item.healed, bool)
        assert_type(item.conflated + item.dropped, int)
    with seq.stream(("fills",), lifecycle=True, on_event=told) as both:
        for _, either in both:
            assert_type(either, StreamData | StreamEvent)
            if isinstance(either, Gap):
                told(either)
    stream.subscribe(["book:BTC-USD"])
    stream.unsubscribe({"fills"})
    assert_type(stream.channels, tuple[str, ...])
    assert_type(stream.closed, bool)
    assert_type(next(stream).data, StreamData)
    seq.stream([], backpressure="error", stale_after=None, buffer_size=10, heal=False)
    seq.stream([], backpressure={"prices": "block"}, stale_after={"prices": None, "fills": 60})
    for market in seq.stream_new_markets():
        assert_type(market, NewMarketEvent)
        if isinstance(market, NewMarket):
            assert_type(market.tick, Decimal | None)
        _ = market["slug"]
    for outcome in seq.stream_resolved_markets(lifecycle=True):
        assert_type(outcome, ResolvedMarketEvent | StreamEvent)
        if isinstance(outcome, MarketResolved):
            assert_type(outcome.winning_token_id, str)
    stream.close()


async def on_the_loop(seq: Sequence, other: AsyncSequence) -> None:
    async for channel, data in seq.stream(["prices:BTC-USD", "fills"]):
        if channel.startswith("prices:"):
            _ = data["bid"], data["ask"]
        if isinstance(data, Fill):
            assert_type(data.price, Decimal)
    async with other.stream(["fills"], lifecycle=True) as stream:
        assert_type(await anext(stream), StreamItem[StreamData | StreamEvent])
    async for market in other.stream_new_markets():
        assert_type(market, NewMarketEvent)
    await stream.aclose()
