"""What type checkers must see of prediction markets. Never run: mypy and pyright read it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime
from typing import assert_type

from sequence_markets import (
    AsyncSequence,
    MarketsPage,
    PolymarketReward,
    PredictionMarket,
    Rows,
    Sequence,
    Settlement,
    SettlementPoint,
    SettlementUnderlying,
)


def blocking(seq: Sequence) -> None:
    page = seq.markets("kalshi", q="rain", tag_id=3, related_tags=True, order="volume", expand="outcomes", limit=5)
    assert_type(page, MarketsPage)
    assert_type(page.markets[0], PredictionMarket)
    assert_type(page.has_more, bool | None)
    assert_type(page.next_cursor, str | None)
    assert_type([market.yes_token_id for market in page], list[str])
    walk = seq.iter_markets("kalshi", 500, q="rain", closed=True, order="created", progress=print, timeout=1.0)
    assert_type(walk, Iterator[PredictionMarket])
    assert_type(seq.market("a"), PredictionMarket | None)
    assert_type(seq.market(slug="a", venue="kalshi"), PredictionMarket | None)
    assert_type(seq.search_markets("rain", 5, venue="kalshi", active=False, offset=3), MarketsPage)
    assert_type(seq.new_markets(limit=5, venue="kalshi", tag="crypto", cursor=None), MarketsPage)
    assert_type(seq.settlement("a", underlying=True), Settlement)
    assert_type(seq.polymarket_rewards(), Rows[PolymarketReward])
    assert_type(seq.polymarket_rewards(None), Rows[PolymarketReward])
    assert_type(seq.polymarket_rewards("7"), PolymarketReward)


async def awaited(seq: AsyncSequence) -> None:
    assert_type(await seq.markets(), MarketsPage)
    assert_type(seq.iter_markets(tag="crypto"), AsyncIterator[PredictionMarket])
    assert_type(await seq.market("a"), PredictionMarket | None)
    assert_type(await seq.search_markets("rain"), MarketsPage)
    assert_type(await seq.new_markets(), MarketsPage)
    assert_type(await seq.settlement("a"), Settlement)
    assert_type(await seq.polymarket_rewards(), Rows[PolymarketReward])
    assert_type(await seq.polymarket_rewards("7", timeout=1.0), PolymarketReward)


def models(market: PredictionMarket, settlement: Settlement, reward: PolymarketReward) -> None:
    assert_type(market.outcomes, tuple[str, ...])
    assert_type(market.volume_24h, float)
    assert_type(market.best_yes_bid, float | None)
    assert_type(market.end, datetime | None)
    assert_type(market.tokens, Mapping[str, str])
    assert_type(market.outcome_index, int | None)
    assert_type(settlement.resolved_outcome, str | None)
    assert_type(settlement.winning_token_id, str | None)
    assert_type(settlement.underlying, SettlementUnderlying | None)
    if settlement.underlying is not None:
        assert_type(settlement.underlying.points, tuple[SettlementPoint, ...])
        assert_type(settlement.underlying.points[0].ts, datetime)
    assert_type(reward.rate_per_day_usdc, float | None)
    assert_type(reward.reward_end, datetime | None)
