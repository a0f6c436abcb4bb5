"""Level 1: the funding of perps."""

from __future__ import annotations

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
    symbol: str, venue: FundingVenue, range: FundingRange, start_ts: int | None, end_ts: int | None
) -> Operation[FundingHistory]:
    """Read how one perp was funded on one venue."""
    place = path("funding_history", checks.path_part(symbol, "symbol"))
    words = {"venue": (venue, FUNDING_VENUES), "range": (range, FUNDING_RANGES)}
    query: dict[str, str | int | None] = {}
    for name, (word, known) in words.items():
        query[name] = checks.one_of(checks.text(word, name), name, known)
    for name, instant in (("start_ts", start_ts), ("end_ts", end_ts)):
        query[name] = None if instant is None else checks.integer(instant, name, least=0)
    if start_ts is not None and end_ts is not None and start_ts > end_ts:
        raise ValueError(f"start_ts must not be after end_ts, got {start_ts} and {end_ts}")
    return Operation("funding_history", "GET", target(place, **query), _HISTORY)
