"""The analytics family: figures over a market, a portfolio, and all orders of an account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sequence_markets.sandbox.analysis.aggregates import (
    Selection,
    ab_report,
    quality_answer,
    report_page,
    series_answer,
    tca_answer,
    venue_costs_answer,
)
from sequence_markets.sandbox.analysis.books import market_answer
from sequence_markets.sandbox.analysis.holdings import portfolio_answer
from sequence_markets.sandbox.analysis.performance import execution_answer, venues_answer
from sequence_markets.sandbox.server.asked import known_instrument, read_instant, source_of
from sequence_markets.sandbox.server.call import AccountCall
from sequence_markets.sandbox.server.endpoint import AccountHandler
from sequence_markets.sandbox.server.errors import invalid_params
from sequence_markets.sandbox.server.routes.monitor import account_of
from sequence_markets.sandbox.venues import VENUES

_MINUTE_NS: Final = 60 * 10**9
_INTERVALS_NS: Final[Mapping[str, int]] = {
    "1m": _MINUTE_NS,
    "5m": 5 * _MINUTE_NS,
    "15m": 15 * _MINUTE_NS,
    "1h": 60 * _MINUTE_NS,
    "4h": 240 * _MINUTE_NS,
    "1d": 1440 * _MINUTE_NS,
}
_VERSIONS: Final = 3
_DEFAULT_LIMIT: Final = 50
_MOST_ROWS: Final = 500


def market(call: AccountCall) -> object:
    """Answer best prices, depth and balance of a symbol."""
    instrument = known_instrument(call, call.request.path["symbol"])
    return market_answer(call.exchange.desk, instrument, source_of(call, instrument))


def portfolio(call: AccountCall) -> object:
    """Answer what the account holds and earned."""
    return portfolio_answer(call.exchange.desk, account_of(call))


def execution(call: AccountCall) -> object:
    """Answer how the account's orders went."""
    return execution_answer(call.exchange.desk, account_of(call))


def venues(call: AccountCall) -> object:
    """Answer what every venue did with the account's orders."""
    return venues_answer(call.exchange.desk, account_of(call))


def tca(call: AccountCall) -> object:
    """Answer what the chosen orders cost."""
    selection, symbol = _selection(call)
    return tca_answer(call.exchange.desk, account_of(call), selection, symbol)


def tca_report(call: AccountCall) -> object:
    """Answer a page of the reports of the chosen orders, newest first."""
    selection, _ = _selection(call)
    query = call.request.query
    limit = query.integer("limit", _DEFAULT_LIMIT, least=1, most=_MOST_ROWS)
    offset = query.integer("offset", 0, least=0)
    return report_page(call.exchange.desk, account_of(call), selection, limit, offset)


def tca_timeseries(call: AccountCall) -> object:
    """Answer what the chosen orders cost over time."""
    selection, _ = _selection(call)
    word = call.request.query.text("interval") or "1h"
    if word not in _INTERVALS_NS:
        raise invalid_params("interval", f"must be one of {', '.join(_INTERVALS_NS)}, got {word[:40]!r}")
    return series_answer(call.exchange.desk, account_of(call), selection, _INTERVALS_NS[word])


def tca_venues(call: AccountCall) -> object:
    """Answer what the chosen orders cost per venue."""
    selection, _ = _selection(call)
    return venue_costs_answer(call.exchange.desk, account_of(call), selection)


def tca_quality(call: AccountCall) -> object:
    """Answer how well the chosen orders could be measured."""
    selection, _ = _selection(call)
    return quality_answer(call.exchange.desk, account_of(call), selection)


def routers(call: AccountCall) -> object:
    """Answer how the routing versions compare."""
    return ab_report(call.exchange.desk, account_of(call))


def _selection(call: AccountCall) -> tuple[Selection, str | None]:
    """Which orders are asked about, and the canonical symbol among them."""
    query = call.request.query
    text = query.identifier("symbol")
    symbol = None if text is None else known_instrument(call, text).symbol
    venue = query.identifier("venue")
    if venue is not None and venue not in VENUES:
        raise invalid_params("venue", f"unknown {venue[:60]!r}; one of {', '.join(VENUES)}")
    version = query.integer("routing_version", 0, least=0)
    if version > _VERSIONS or (not version and query.text("routing_version") is not None):
        raise invalid_params("routing_version", f"must be 1 to {_VERSIONS}, got {version}")
    selection = Selection(
        symbols=None if symbol is None else frozenset({symbol}),
        since_ns=read_instant(query, "since"),
        until_ns=read_instant(query, "until"),
        venue=venue,
        routing_version=version or None,
    )
    return selection, symbol


ROUTES: Mapping[str, Mapping[str, AccountHandler]] = {
    "/v1/analytics/market/{symbol:path}": {"GET": market},
    "/v1/analytics/portfolio": {"GET": portfolio},
    "/v1/analytics/execution": {"GET": execution},
    "/v1/analytics/venues": {"GET": venues},
    "/v1/analytics/tca": {"GET": tca},
    "/v1/analytics/tca/report": {"GET": tca_report},
    "/v1/analytics/tca/timeseries": {"GET": tca_timeseries},
    "/v1/analytics/tca/venues": {"GET": tca_venues},
    "/v1/analytics/tca/quality": {"GET": tca_quality},
    "/v1/analytics/ab_report": {"GET": routers},
}
