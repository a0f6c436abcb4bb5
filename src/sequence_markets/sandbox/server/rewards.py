"""Maker rewards: which Polymarket tokens are in a programme, and on what terms.

The programmes are the sandbox's own. Which markets are in one follows from their ids alone, and so do the terms;
nothing is paid out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Final

from sequence_markets.sandbox.events import EventMarket, Events
from sequence_markets.sandbox.market.types import Glance
from sequence_markets.units import PRICE_SCALE

Row = dict[str, object]

_ONE_IN: Final = 8
_MIN_SIZES: Final = (20, 50, 100, 200)
_MAX_SPREADS: Final = (2.5, 3.5, 4.5)
_DAILY_USDC: Final = (5, 10, 25, 50, 100)


def programmes(events: Events, now_ns: int, only: EventMarket | None = None) -> Iterator[EventMarket]:
    """The open markets in a programme, in catalogue order: one in eight of those that do not recur.

    Args:
        events: The markets.
        now_ns: The present instant.
        only: Look at this market alone.
    """
    asked: Iterable[EventMarket] = events.listed(now_ns, venue="polymarket", trading=True) if only is None else (only,)
    for market in asked:
        if market.series is None and _draw(market) % _ONE_IN == 0 and events.status(market, now_ns) == "open":
            yield market


def reward_row(market: EventMarket, token: str, touch: Glance) -> Row:
    """Return the programme of one token of a market; spreads are in cents."""
    draw = _draw(market) // _ONE_IN
    bid, ask = touch.bid_1e9, touch.ask_1e9
    spread = None if bid is None or ask is None else (ask - bid) * 100 / PRICE_SCALE
    return {
        "token_id": token,
        "condition_id": market.condition_id,
        "rewards_min_size": _MIN_SIZES[draw % len(_MIN_SIZES)],
        "rewards_max_spread": _MAX_SPREADS[draw // 8 % len(_MAX_SPREADS)],
        "rate_per_day_usdc": _DAILY_USDC[draw // 64 % len(_DAILY_USDC)],
        "current_spread": spread,
        "reward_end_unix_s": market.close_ns // 10**9,
    }


def _draw(market: EventMarket) -> int:
    seed = hashlib.blake2b(f"rewards:{market.slug}".encode(), digest_size=8)
    return int.from_bytes(seed.digest(), "big")
