"""Rows of prediction markets, as `/v1/markets` and the streams of new markets show them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Final

from sequence_markets.sandbox.discovery import Traded, resting_1e17
from sequence_markets.sandbox.discovery.entries import Entry, has_siblings
from sequence_markets.sandbox.discovery.search import tag_number
from sequence_markets.sandbox.events import EventMarket
from sequence_markets.sandbox.market.types import NO_GLANCE, Glance
from sequence_markets.units import PRICE_SCALE, QTY_SCALE

Row = dict[str, object]

_EPOCH: Final = date(1970, 1, 1).toordinal()
NOTHING_TRADED: Final = Traded()
_USD_1E17: Final = PRICE_SCALE * QTY_SCALE


def market_row(
    market: EventMarket,
    *,
    status: str = "open",
    touch: Glance = NO_GLANCE,
    traded: Traded = NOTHING_TRADED,
) -> Row:
    """Return the row of one market, in the union of the documented forms.

    Args:
        market: The market.
        status: Where it is in its life.
        touch: Best bid and ask of the YES side, with what is displayed at them.
        traded: Contracts traded; each counts for one dollar.
    """
    name = market.condition_id or market.slug
    yes, no = outcome_tokens(market)
    row: Row = {
        "venue": market.venue,
        "slug": market.slug,
        "symbol": market.yes,
        "question": market.question,
        "outcomes": list(market.outcomes),
        "outcome_token_ids": [yes, no],
        "yes_token_id": yes,
        "no_token_id": no,
        "condition_id": name,
        "event_id": name,
        "neg_risk": market.neg_risk,
        **_figures(touch, traded, resting_1e17(touch)),
        "start_date": rfc3339(market.start_ns),
        "end_date": rfc3339(market.close_ns),
        "url": market_url(market),
        **_filing(market, status),
    }
    if has_siblings(market):
        parent = event_id(market.event_slug)
        row.update(
            parent_event_id=parent,
            parent_condition_id=parent,
            parent_slug=market.event_slug,
            outcome_name=market.outcome_name,
            raw_outcome_name=market.outcome_name,
            outcome_index=market.outcome_index,
            is_placeholder_outcome=market.placeholder,
        )
    return row


def event_row(entry: Entry, *, status: str, touches: Sequence[Glance], traded: Traded) -> Row:
    """Return the row of an event of several outcomes: it names them all, with the YES token of each.

    Its own tokens and prices are those of the first one, so that `yes_token_id` of every row can be quoted; what was
    traded and what rests is the sum over all of them.

    Args:
        entry: The event.
        status: Where it is in its life.
        touches: Best bid and ask of the YES side of each outcome.
        traded: Contracts traded in all of them.
    """
    first = entry.markets[0]
    name = event_id(first.event_slug)
    return {
        "venue": first.venue,
        "slug": first.event_slug,
        "symbol": first.yes,
        "question": first.title,
        "outcomes": [market.outcome_name for market in entry.markets],
        "outcome_token_ids": [market.yes for market in entry.markets],
        "yes_token_id": first.yes,
        "no_token_id": first.no,
        "condition_id": name,
        "event_id": name,
        "neg_risk": first.neg_risk,
        **_figures(touches[0], traded, sum(map(resting_1e17, touches))),
        "start_date": rfc3339(min(market.start_ns for market in entry.markets)),
        "end_date": rfc3339(max(market.close_ns for market in entry.markets)),
        "url": f"https://polymarket.com/event/{first.event_slug}",
        **_filing(first, status),
    }


def outcome_tokens(market: EventMarket) -> tuple[str, str]:
    """The tokens of the two outcomes; on Kalshi, which has none, the ticker with its outcome."""
    return (market.yes, market.no) if market.venue == "polymarket" else (f"{market.slug}:YES", market.no)


@lru_cache(maxsize=1024)
def event_id(event_slug: str) -> str:
    """The stable id of an event of several outcomes."""
    return "0x" + hashlib.sha256(f"event:{event_slug}".encode()).hexdigest()


def market_url(market: EventMarket) -> str:
    """The page a market would have on its venue."""
    if market.venue == "kalshi":
        return f"https://kalshi.com/markets/{(market.series or market.event_slug).lower()}/{market.slug.lower()}"
    own = f"/{market.slug}" if has_siblings(market) else ""
    return f"https://polymarket.com/event/{market.event_slug}{own}"


def rfc3339(instant_ns: int) -> str:
    """An instant as the wire shows it, cut to the second."""
    days, second = divmod(instant_ns // 10**9, 86_400)
    return f"{_date(days)}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}Z"


@lru_cache(maxsize=4096)
def _date(epoch_days: int) -> str:
    return date.fromordinal(_EPOCH + epoch_days).isoformat()


def dollars(contracts_1e8: int) -> float:
    """What contracts may pay, in dollars."""
    return contracts_1e8 / QTY_SCALE


def _figures(touch: Glance, traded: Traded, liquidity_1e17: int) -> Row:
    bid, ask = touch.bid_1e9, touch.ask_1e9
    return {
        "volume_24h": dollars(traded.day),
        "volume_week": dollars(traded.week),
        "volume_total": dollars(traded.total),
        "liquidity": round(liquidity_1e17 / _USD_1E17, 2),
        "best_yes_bid": _price(bid),
        "best_yes_ask": _price(ask),
        "best_no_bid": None if ask is None else _price(PRICE_SCALE - ask),
        "best_no_ask": None if bid is None else _price(PRICE_SCALE - bid),
        "spread_pct": None if bid is None or ask is None else round(200 * (ask - bid) / (ask + bid), 2),
    }


def _price(price_1e9: int | None) -> float | None:
    return None if price_1e9 is None else price_1e9 / PRICE_SCALE


def _filing(market: EventMarket, status: str) -> Row:
    return {"status": status, "tags": list(market.tags), "tag_ids": [tag_number(tag) for tag in market.tags]}
