"""Level 5: the analytics family."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, Literal, NamedTuple

from sequence_markets.client import checks
from sequence_markets.client.operation import Operation, QueryValue, one, path, target
from sequence_markets.models import (
    ExecutionAnalytics,
    MarketAnalytics,
    PortfolioAnalytics,
    RouterComparison,
    Tca,
    TcaProvenance,
    TcaReports,
    TcaSeries,
    TcaVenues,
    VenueAnalytics,
)
from sequence_markets.units import ns_from_datetime

TcaInterval = Literal["1m", "5m", "15m", "1h", "4h", "1d"]
"""Length of the intervals of a cost series."""

INTERVALS: Final = ("1m", "5m", "15m", "1h", "4h", "1d")
MOST_ROWS: Final = 500
LAST_VERSION: Final = 3

_MARKET = one(MarketAnalytics)
_PORTFOLIO = one(PortfolioAnalytics)
_EXECUTION = one(ExecutionAnalytics)
_VENUES = one(VenueAnalytics)
_TCA = one(Tca)
_REPORTS = one(TcaReports)
_SERIES = one(TcaSeries)
_BY_VENUE = one(TcaVenues)
_QUALITY = one(TcaProvenance)
_ROUTERS = one(RouterComparison)


class Chosen(NamedTuple):
    """Which orders to count; ``None`` leaves nothing out."""

    symbol: str | None
    since: datetime | str | None
    until: datetime | str | None
    venue: str | None
    routing_version: int | None

    def query(self) -> dict[str, QueryValue]:
        """Return the checked query."""
        version = self.routing_version
        since, until = _instant(self.since, "since"), _instant(self.until, "until")
        if since is not None and until is not None and _order(since) >= _order(until):
            raise ValueError(f"since must be before until, got {since} and {until}")
        return {
            "symbol": checks.optional_text(self.symbol, "symbol"),
            "since": since,
            "until": until,
            "venue": checks.optional_text(self.venue, "venue"),
            "routing_version": None
            if version is None
            else checks.integer(version, "routing_version", least=1, most=LAST_VERSION),
        }


def _instant(value: datetime | str | None, name: str) -> str | None:
    """Return an instant as ISO-8601 text."""
    if value is None:
        return None
    if isinstance(value, datetime):
        ns_from_datetime(value, name)  # refuses one without a time zone
        return value.isoformat()
    text = checks.text(value, name)
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{name} must be a datetime or an ISO-8601 text, got {text!r}") from None
    return text


def _order(text: str) -> datetime:
    """An instant for comparing; one without an offset is in UTC."""
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)


def market(symbol: str) -> Operation[MarketAnalytics]:
    """Read best prices, depth and balance of a market."""
    where = path("analytics", "market", checks.path_part(symbol, "symbol"))
    return Operation("analytics_market", "GET", where, _MARKET)


def portfolio() -> Operation[PortfolioAnalytics]:
    """Read what the account holds and earned."""
    return Operation("analytics_portfolio", "GET", "/v1/analytics/portfolio", _PORTFOLIO)


def execution() -> Operation[ExecutionAnalytics]:
    """Read how the account's orders went."""
    return Operation("analytics_execution", "GET", "/v1/analytics/execution", _EXECUTION)


def venues() -> Operation[VenueAnalytics]:
    """Read what every venue did with the account's orders."""
    return Operation("analytics_venues", "GET", "/v1/analytics/venues", _VENUES)


def tca(chosen: Chosen) -> Operation[Tca]:
    """Read what the chosen orders cost."""
    return Operation("analytics_tca", "GET", target("/v1/analytics/tca", **chosen.query()), _TCA)


def tca_report(chosen: Chosen, limit: int, offset: int) -> Operation[TcaReports]:
    """Read a page of the reports of the chosen orders."""
    where = target(
        "/v1/analytics/tca/report",
        **chosen.query(),
        limit=checks.integer(limit, "limit", least=1, most=MOST_ROWS),
        offset=checks.integer(offset, "offset", least=0) or None,
    )
    return Operation("analytics_tca_report", "GET", where, _REPORTS)


def tca_timeseries(chosen: Chosen, interval: TcaInterval) -> Operation[TcaSeries]:
    """Read what the chosen orders cost over time."""
    word = checks.one_of(interval, "interval", INTERVALS)
    if word is None:
        raise TypeError("interval must not be None")
    where = target("/v1/analytics/tca/timeseries", **chosen.query(), interval=word)
    return Operation("analytics_tca_timeseries", "GET", where, _SERIES)


def tca_venues(chosen: Chosen) -> Operation[TcaVenues]:
    """Read what the chosen orders cost per venue."""
    return Operation("analytics_tca_venues", "GET", target("/v1/analytics/tca/venues", **chosen.query()), _BY_VENUE)


def tca_quality(chosen: Chosen) -> Operation[TcaProvenance]:
    """Read how well the chosen orders could be measured."""
    return Operation("analytics_tca_quality", "GET", target("/v1/analytics/tca/quality", **chosen.query()), _QUALITY)


def ab_report() -> Operation[RouterComparison]:
    """Read how the routing versions compare."""
    return Operation("analytics_ab_report", "GET", "/v1/analytics/ab_report", _ROUTERS)
