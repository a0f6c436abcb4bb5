"""Level 1: the funding of perps."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

from sequence_markets.client import checks
from sequence_markets.client.operation import Operation, one, path, target
from sequence_markets.models import FundingHistory, FundingRates

FundingVenue = Literal["binance", "bybit", "okx", "hyperliquid"]
"""A venue that funds perps."""

FundingRange = Literal["1d", "1w", "1m", "3m", "6m", "1y", "2y", "5y", "max"]
"""How far a funding history reaches back."""

FUNDING_VENUES: Final = ("binance", "bybit", "okx", "hyperliquid")
FUNDING_RANGES: Final = ("1d", "1w", "1m", "3m", "6m", "1y", "2y", "5y", "max")

_RATES: Final = one(FundingRates)
_HISTORY: Final = one(FundingHistory)


def funding_rates(venue: str | None, symbol: str | None, *, name: str = "funding_rates") -> Operation[FundingRates]:
    """Read how perps are funded now. Venues without funding are for the server to know: it has no rows of them."""
    query = {"venue": checks.optional_text(venue, "venue"), "symbol": checks.optional_text(symbol, "symbol")}
    return Operation(name, "GET", target("/v1/market/funding-rates", **query), _RATES)


def funding_rate(venue: str, symbol: str) -> Operation[FundingRates]:
    """Read how one perp is funded on one venue now."""
    return funding_rates(checks.text(venue, "venue"), checks.text(symbol, "symbol"), name="funding_rate")


def funding_history(
    symbol: str,
    venue: FundingVenue,
    range_word: FundingRange,
    start_ts: int | datetime | None,
    end_ts: int | datetime | None,
) -> Operation[FundingHistory]:
    """Read how one perp was funded on one venue."""
    start, end = checks.window(start_ts, end_ts) or (None, None)
    return Operation(
        "funding_history",
        "GET",
        target(
            path("funding_history", checks.path_part(symbol, "symbol")),
            venue=checks.one_of(checks.text(venue, "venue"), "venue", FUNDING_VENUES),
            range=checks.one_of(checks.text(range_word, "range"), "range", FUNDING_RANGES),
            start_ts=start,
            end_ts=end,
        ),
        _HISTORY,
    )
