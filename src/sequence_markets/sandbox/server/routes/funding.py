"""The funding of perps: present rates, and past ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sequence_markets.sandbox.market.funding import FUNDING_HOURS
from sequence_markets.sandbox.server.call import AccountCall
from sequence_markets.sandbox.server.endpoint import AccountHandler
from sequence_markets.sandbox.server.errors import invalid_params, not_found
from sequence_markets.sandbox.server.funding_rows import rate_row
from sequence_markets.sandbox.trading.desk import Desk
from sequence_markets.sandbox.trading.funding import funding_points, funding_rate_now, perp_of
from sequence_markets.sandbox.venues import VENUES

_SECOND_NS: Final = 10**9
_DAY_S: Final = 86_400
_FIVE_YEARS_S: Final = 5 * 365 * _DAY_S
_RANGES_S: Final[Mapping[str, int]] = {
    "1d": _DAY_S,
    "1w": 7 * _DAY_S,
    "1m": 30 * _DAY_S,
    "3m": 91 * _DAY_S,
    "6m": 182 * _DAY_S,
    "1y": 365 * _DAY_S,
    "2y": 2 * 365 * _DAY_S,
    "5y": _FIVE_YEARS_S,
    "max": _FIVE_YEARS_S,
}
# A mark price costs as much as everything else of a point together; long answers go without.
_MOST_MARKED: Final = 1_500


def rates(call: AccountCall) -> object:
    """Answer how perps are funded now, all of them or those asked for."""
    desk, query = call.exchange.desk, call.request.query
    venue, symbol = query.identifier("venue"), query.identifier("symbol")
    if venue is not None and venue not in VENUES:
        raise invalid_params("venue", f"unknown {venue[:60]!r}; one of {', '.join(VENUES)}")
    venues = tuple(FUNDING_HOURS) if venue is None else (venue,)
    rows = (funding_rate_now(desk, each, perp) for perp in _perps(desk, symbol) for each in venues)
    return {"unit": "bps_per_hour", "rates": [rate_row(found) for found in rows if found is not None]}


def _perps(desk: Desk, symbol: str | None) -> list[str]:
    if symbol is None:
        return [instrument.symbol for instrument in desk.market.catalogue.all() if instrument.type == "perp"]
    found = perp_of(desk, symbol)
    return [] if found is None else [found.symbol]


def history(call: AccountCall) -> object:
    """Answer how a perp was funded on a venue."""
    desk, query, symbol = call.exchange.desk, call.request.query, call.request.path["symbol"]
    venue = query.text("venue")
    if venue is None:
        raise invalid_params("venue", f"is required; one of {', '.join(FUNDING_HOURS)}")
    if venue not in FUNDING_HOURS:
        raise invalid_params("venue", f"{venue[:60]!r} funds no perps; one of {', '.join(FUNDING_HOURS)}")
    start_ns, end_ns = _window(call)
    instrument = perp_of(desk, symbol)
    if instrument is None or venue not in instrument.venues:
        raise not_found(f"{symbol[:60]!r} is not a perp of {venue}")
    points = funding_points(desk, venue, instrument.symbol, start_ns, end_ns)
    marked = len(points) <= _MOST_MARKED
    return {
        "symbol": instrument.symbol,
        "venue": venue,
        "count": len(points),
        "points": [
            {
                "ts_ns": point.time_ns,
                "rate_1e9": point.rate_1e9,
                "mark_price_1e9": desk.market.reference_price(instrument.symbol, point.time_ns) if marked else None,
            }
            for point in points
        ],
    }


def _window(call: AccountCall) -> tuple[int, int]:
    """From when to when, in nanoseconds, both included. The history of the sandbox reaches back five years."""
    query, now_ns = call.request.query, call.exchange.now_ns
    word = query.text("range") or "1m"
    if word not in _RANGES_S:
        raise invalid_params("range", f"unknown {word[:60]!r}; one of {', '.join(_RANGES_S)}")
    start_s, end_s = query.integer("start_ts", -1, least=0), query.integer("end_ts", -1, least=0)
    end_ns = now_ns if end_s < 0 else min(end_s * _SECOND_NS, now_ns)
    start_ns = end_ns - _RANGES_S[word] * _SECOND_NS + 1 if start_s < 0 else start_s * _SECOND_NS
    if 0 <= end_s < start_s:
        raise invalid_params("start_ts", "must not be after end_ts")
    return max(start_ns, now_ns - _FIVE_YEARS_S * _SECOND_NS, 0), end_ns


ROUTES: Mapping[str, Mapping[str, AccountHandler]] = {
    "/v1/market/funding-rates": {"GET": rates},
    "/v1/funding_history/{symbol:path}": {"GET": history},
}
