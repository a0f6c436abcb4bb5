"""Rows of prediction markets and settlements: as documented, and made from what the venues themselves sent.

The recordings are Polymarket's and Kalshi's own JSON. The service's rows derive from those, so the tests convert them
by the documented meaning of each field. That shows that values as they occur in the field fit the model: ids, empty
books, slots without a name, dates with and without fractions, numbers that come as text. It does not show what the
service itself sends, and nothing of resolved markets: the recordings hold markets that were open, and slots that had
not begun.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sequence_markets.models import (
    MarketsPage,
    PolymarketReward,
    PredictionMarket,
    Settlement,
    decode,
)

RECORDINGS = Path(__file__).resolve().parents[3] / "shared" / "data"
TOKEN, OTHER = "7" * 76, "8" * 76
ROW: dict[str, Any] = {
    "venue": "polymarket",
    "slug": "rain-in-oslo-friday",
    "question": "Rain in Oslo on Friday?",
    "outcomes": ["Yes", "No"],
    "outcome_token_ids": [TOKEN, OTHER],
    "yes_token_id": TOKEN,
    "no_token_id": OTHER,
    "condition_id": "0x51",
    "neg_risk": False,
    "volume_24h": 1200.5,
    "volume_week": 8100.0,
    "volume_total": 20110.0,
    "liquidity": 950.0,
    "end_date": "2026-11-27T23:59:59Z",
    "start_date": "2026-11-20T00:00:00Z",
    "url": "https://polymarket.com/event/rain-in-oslo-friday",
}
NEWER: dict[str, Any] = {
    **{name: value for name, value in ROW.items() if name not in ("condition_id", "volume_week", "liquidity")},
    "symbol": TOKEN,
    "event_id": "0x51",
    "best_yes_bid": 0.41,
    "best_yes_ask": 0.43,
    "best_no_bid": None,
    "best_no_ask": 0.59,
    "spread_pct": None,
}
EXPANDED: dict[str, Any] = {
    **NEWER,
    "parent_event_id": "0x99",
    "parent_slug": "weather-cup",
    "outcome_name": "Oslo",
    "raw_outcome_name": "Oslo (NO)",
    "outcome_index": 3,
    "is_placeholder_outcome": False,
}


def recorded(name: str) -> Any:
    path = RECORDINGS / name
    if not path.exists():
        pytest.skip(f"the recording {name} is not beside this checkout")
    return json.loads(gzip.decompress(path.read_bytes()))


def test_every_documented_form_of_a_row_is_read() -> None:
    page = decode(json.dumps({"markets": [ROW, NEWER, EXPANDED]}).encode(), MarketsPage)
    seed, newer, expanded = page
    assert (seed.condition_id, seed.event_id, seed.volume_week) == ("0x51", None, 8100.0)
    assert (newer.condition_id, newer.event_id, newer.best_no_bid, newer.liquidity) == (None, "0x51", None, None)
    assert (expanded.outcome_name, expanded.outcome_index, expanded.is_placeholder_outcome) == ("Oslo", 3, False)
    assert (page.count, page.has_more, page.next_cursor) == (None, None, None)
    assert [market.raw for market in page] == [ROW, NEWER, EXPANDED]


def test_dates_read_as_aware_datetimes() -> None:
    market = PredictionMarket.model_validate(ROW)
    assert market.start == datetime(2026, 11, 20, tzinfo=UTC)
    assert market.end == datetime(2026, 11, 27, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20T01:02:03.582Z", datetime(2026, 11, 20, 1, 2, 3, 582000, tzinfo=UTC)),
        ("2026-11-20T01:02:03+00:00", datetime(2026, 11, 20, 1, 2, 3, tzinfo=UTC)),
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("", None),
        ("soon", None),
        (None, None),
    ],
)
def test_a_date_is_none_when_it_is_none(text: str | None, expected: datetime | None) -> None:
    assert PredictionMarket.model_validate({**ROW, "end_date": text}).end == expected
    assert PredictionMarket.model_validate({k: v for k, v in ROW.items() if k != "end_date"}).end is None


def test_tokens_by_outcome() -> None:
    assert PredictionMarket.model_validate(ROW).tokens == {"Yes": TOKEN, "No": OTHER}


def test_settlements_say_which_token_won() -> None:
    raw = {
        **{name: ROW[name] for name in ("slug", "question", "yes_token_id", "no_token_id", "neg_risk")},
        "outcomes": ["Up", "Down"],
        "outcome_token_ids": [TOKEN, OTHER],
        "condition_id": None,
        "status": "resolved",
        "resolved_outcome": "Down",
        "event_start_s": 1_790_000_100,
        "event_end_s": 1_790_000_400,
        "underlying": {
            "symbol": "BTCUSD",
            "source": "rtds_chainlink",
            "warning": "what to beware of",
            "anchor_price_usd": 90_000.5,
            "final_price_usd": 89_999,
            "agrees_with_settlement": True,
            "points": [{"ts_ns": 1_790_000_100_000_000_000, "price_usd": 90_000.5}],
        },
    }
    settlement = Settlement.model_validate(raw)
    assert settlement.is_resolved
    assert settlement.winning_token_id == OTHER
    assert settlement.event_start == datetime.fromtimestamp(1_790_000_100, UTC)
    assert settlement.underlying is not None
    assert settlement.underlying.points[0].ts == settlement.event_start
    unresolved = Settlement.model_validate({**raw, "status": "resolving", "resolved_outcome": None, "underlying": None})
    assert (unresolved.is_resolved, unresolved.winning_token_id) == (False, None)


# --- what the venues sent ---


def polymarket_row(market: dict[str, Any], event_slug: str) -> dict[str, Any]:
    """A market of Polymarket's own API in the documented row shape; prices of an empty book are null there."""
    tokens: list[str] = json.loads(market["clobTokenIds"])
    bid, ask = market["bestBid"] or None, market["bestAsk"] if market["bestAsk"] < 1 else None
    spread = None if bid is None or ask is None else 200 * (ask - bid) / (ask + bid)
    return {
        "venue": "polymarket",
        "slug": market["slug"],
        "symbol": tokens[0],
        "question": market["question"],
        "outcomes": json.loads(market["outcomes"]),
        "outcome_token_ids": tokens,
        "yes_token_id": tokens[0],
        "no_token_id": tokens[1],
        "condition_id": market["conditionId"],
        "event_id": market["conditionId"],
        "neg_risk": market.get("negRisk", False),
        "volume_24h": market["volume24hr"],
        "volume_week": market["volume1wk"],
        "volume_total": market["volumeNum"],
        "liquidity": market["liquidityNum"],
        "best_yes_bid": bid,
        "best_yes_ask": ask,
        "best_no_bid": None if ask is None else 1 - ask,
        "best_no_ask": None if bid is None else 1 - bid,
        "spread_pct": spread,
        "start_date": market["startDate"],
        "end_date": market["endDate"],
        "url": f"https://polymarket.com/event/{event_slug}/{market['slug']}",
    }


def kalshi_row(market: dict[str, Any]) -> dict[str, Any]:
    """A market of Kalshi's own API in the documented row shape; a price of zero there means that nobody quotes."""
    ticker = market["ticker"]
    bid, ask = (float(market[f"yes_{side}_dollars"]) or None for side in ("bid", "ask"))
    return {
        "venue": "kalshi",
        "slug": ticker,
        "symbol": ticker,
        "question": market["title"],
        "outcomes": ["Yes", "No"],
        "outcome_token_ids": [f"{ticker}:YES", f"{ticker}:NO"],
        "yes_token_id": f"{ticker}:YES",
        "no_token_id": f"{ticker}:NO",
        "condition_id": ticker,
        "event_id": ticker,
        "neg_risk": False,
        "volume_24h": float(market["volume_24h_fp"]),
        "volume_total": float(market["volume_fp"]),
        "best_yes_bid": bid,
        "best_yes_ask": ask,
        "start_date": market["open_time"],
        "end_date": market["close_time"],
        "url": f"https://kalshi.com/markets/{market['event_ticker'].lower()}",
    }


def nominees() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each market of a recorded event of many outcomes, and its row as ``expand="outcomes"`` has it."""
    event = recorded("polymarket/event_democratic-presidential-nominee-2028.json.gz")
    ordered = sorted(event["markets"], key=lambda each: (not each["active"], int(each["groupItemThreshold"])))
    for index, market in enumerate(ordered):
        yield (
            market,
            {
                **polymarket_row(market, event["slug"]),
                "parent_event_id": event["negRiskMarketID"],
                "parent_slug": event["slug"],
                "outcome_name": market["groupItemTitle"],
                "raw_outcome_name": market["groupItemTitle"],
                "outcome_index": index,
                "is_placeholder_outcome": not market["active"],
            },
        )


def test_an_event_of_many_outcomes_as_polymarket_sent_it() -> None:
    pairs = list(nominees())
    body = {"markets": [row for _, row in pairs], "count": len(pairs), "venue": "polymarket", "has_more": False}
    page = decode(json.dumps(body).encode(), MarketsPage)
    assert page.count == len(page.markets) == 128
    assert len({market.condition_id for market in page}) == 128
    assert len({token for market in page for token in market.outcome_token_ids}) == 256
    named = [market for market in page if not market.is_placeholder_outcome]
    assert len(named) == 43
    for (sent, _), market in zip(pairs, page.markets, strict=True):
        assert market.yes_token_id == json.loads(sent["clobTokenIds"])[0]
        assert len(market.yes_token_id) > 60
        assert market.start is not None
        assert market.start.isoformat()[:19] == sent["startDate"][:19]
        assert market.end == datetime(2028, 11, 7, tzinfo=UTC)
    # Each slot without a name has an empty book; the prices of the others make up about one dollar.
    empty = [market for market in page if market.best_yes_bid is None]
    assert {market.is_placeholder_outcome for market in empty} == {True}
    middles = [
        (market.best_yes_bid + market.best_yes_ask) / 2
        for market in named
        if market.best_yes_bid is not None and market.best_yes_ask is not None
    ]
    assert len(middles) == 43
    assert sum(middles) == pytest.approx(1, abs=0.03)


def test_single_markets_as_polymarket_sent_them() -> None:
    for sent in recorded("polymarket/gamma_markets_5_202606.json.gz"):
        market = PredictionMarket.model_validate(polymarket_row(sent, sent["events"][0]["slug"]))
        assert (market.slug, market.condition_id) == (sent["slug"], sent["conditionId"])
        assert market.tokens.keys() == {"Yes", "No"}
        assert market.best_yes_bid is not None
        assert market.best_yes_ask is not None
        assert market.best_yes_bid < market.best_yes_ask


def test_markets_as_kalshi_sent_them() -> None:
    markets = [
        PredictionMarket.model_validate(kalshi_row(sent)) for sent in recorded("kalshi/markets_5_mve_202606.json.gz")
    ]
    assert len(markets) == 5
    for market in markets:
        assert market.slug.startswith("KXMVE")
        assert (market.best_yes_bid, market.volume_total) == (None, 0.0)
        assert market.start is not None
        assert market.end is not None
        assert market.start < market.end


def test_reward_programmes_as_polymarket_sent_them() -> None:
    event = recorded("polymarket/event_democratic-presidential-nominee-2028.json.gz")
    enrolled = [market for market in event["markets"] if market.get("clobRewards")]
    assert enrolled
    for sent in enrolled:
        reward = PolymarketReward.model_validate(
            {
                "token_id": json.loads(sent["clobTokenIds"])[0],
                "condition_id": sent["conditionId"],
                "rewards_min_size": sent["rewardsMinSize"],
                "rewards_max_spread": sent["rewardsMaxSpread"],
                "rate_per_day_usdc": sum(each["rewardsDailyRate"] for each in sent["clobRewards"]),
                "current_spread": sent["spread"] * 100,
            }
        )
        assert reward.reward_end is None
        assert reward.rewards_min_size is not None
        assert reward.rewards_min_size > 0


def test_the_recordings_hold_no_resolved_market() -> None:
    """Said here, so that nobody takes the tests above for more than they are."""
    event = recorded("polymarket/event_democratic-presidential-nominee-2028.json.gz")
    singles = recorded("polymarket/gamma_markets_5_202606.json.gz")
    assert not any(market["closed"] for market in [*event["markets"], *singles])
    assert {market["status"] for market in recorded("kalshi/markets_5_mve_202606.json.gz")} == {"active"}
