"""Settlements: what became of a prediction market, and the price that decided it."""

from __future__ import annotations

from typing import Final

from sequence_markets.sandbox.discovery.entries import Entry, entry_status, found_by_name
from sequence_markets.sandbox.events import EventMarket, Events
from sequence_markets.sandbox.market import Market
from sequence_markets.sandbox.server.market_rows import Row, event_id, outcome_tokens
from sequence_markets.units import PRICE_SCALE

_POINTS: Final = 60
_SECOND_NS: Final = 10**9
_OUTCOME_SOURCE: Final = {"polymarket": "polymarket_gamma", "kalshi": "kalshi"}
_WARNING: Final = "the sandbox's own price path of the pair, not an oracle's reading"


def settlement_answer(market: Market, name: str, now_ns: int, *, underlying: bool) -> Row | None:
    """Return the settlement of whatever goes by a name, or ``None`` when nothing does.

    Args:
        market: The market source.
        name: Slug, ticker, token id or address; or the slug of an event of several outcomes.
        now_ns: The present instant.
        underlying: Also the curve of the price that decides it.
    """
    events = market.events
    found = events.find(name, now_ns)
    if found is not None:
        return _market_settlement(market, found, now_ns, underlying=underlying)
    named = found_by_name(events, now_ns, "polymarket", name, expand=False)
    return _event_settlement(events, named[0], now_ns) if named else None


def _market_settlement(market: Market, found: EventMarket, now_ns: int, *, underlying: bool) -> Row:
    events = market.events
    tokens = outcome_tokens(found)
    yes_1e9 = events.payout_1e9(found.yes, now_ns)
    if yes_1e9 is None:
        yes_1e9 = market.reference_price(found.yes, now_ns)
    curve = underlying_curve(market, found, now_ns) if underlying and found.underlying is not None else None
    return {
        "slug": found.slug,
        "question": found.question,
        "outcomes": list(found.outcomes),
        "outcome_token_ids": list(tokens),
        "yes_token_id": tokens[0],
        "no_token_id": tokens[1],
        "condition_id": found.condition_id,
        "neg_risk": found.neg_risk,
        "status": events.status(found, now_ns),
        "resolved_outcome": events.outcome(found, now_ns),
        "outcome_source": _OUTCOME_SOURCE[found.venue],
        "yes_price": None if yes_1e9 is None else yes_1e9 / PRICE_SCALE,
        "no_price": None if yes_1e9 is None else (PRICE_SCALE - yes_1e9) / PRICE_SCALE,
        "event_start_s": found.start_ns // _SECOND_NS,
        "event_end_s": found.close_ns // _SECOND_NS,
        "resolution_source": "sandbox",
        "underlying": curve,
    }


def _event_settlement(events: Events, entry: Entry, now_ns: int) -> Row:
    """An event of several outcomes: which one won. Where several may, as of strikes, each has its own answer."""
    first = entry.markets[0]
    status = entry_status(events, entry, now_ns)
    won = [market.outcome_name for market in entry.markets if events.payout_1e9(market.yes, now_ns)]
    return {
        "slug": first.event_slug,
        "question": first.title,
        "outcomes": [market.outcome_name for market in entry.markets],
        "outcome_token_ids": [market.yes for market in entry.markets],
        "yes_token_id": None,
        "no_token_id": None,
        "condition_id": event_id(first.event_slug),
        "neg_risk": first.neg_risk,
        "status": status,
        "resolved_outcome": won[0] if len(won) == 1 else None,
        "outcome_source": _OUTCOME_SOURCE[first.venue],
        "yes_price": None,
        "no_price": None,
        "event_start_s": min(market.start_ns for market in entry.markets) // _SECOND_NS,
        "event_end_s": max(market.close_ns for market in entry.markets) // _SECOND_NS,
        "resolution_source": "sandbox",
        "underlying": None,
    }


def underlying_curve(market: Market, found: EventMarket, now_ns: int) -> Row:
    """The price that decides a market, at equal steps of its window as far as it has come."""
    events, pair = market.events, found.underlying or ""
    anchor_1e9 = events.anchor_price_1e9(found) if now_ns >= found.start_ns else None
    final_1e9 = events.final_price_1e9(found, now_ns)
    outcome = events.outcome(found, now_ns)
    agrees = None
    if outcome is not None and anchor_1e9 is not None and final_1e9 is not None:
        agrees = outcome == found.outcomes[0 if final_1e9 >= anchor_1e9 else 1]
    span_ns = found.close_ns - found.start_ns
    instants = [found.start_ns + span_ns * index // _POINTS for index in range(_POINTS + 1)]
    points: list[Row] = []
    for at_ns in instants:
        price_1e9 = market.reference_price(pair, at_ns) if at_ns <= now_ns else None
        if price_1e9 is not None:
            points.append({"ts_ns": at_ns, "price_1e9": price_1e9, "price_usd": price_1e9 / PRICE_SCALE})
    return {
        "symbol": pair.replace("-", ""),
        "source": "sandbox",
        "warning": _WARNING,
        "anchor_price_usd": None if anchor_1e9 is None else anchor_1e9 / PRICE_SCALE,
        "final_price_usd": None if final_1e9 is None else final_1e9 / PRICE_SCALE,
        "agrees_with_settlement": agrees,
        "points": points,
    }
