"""The funding of perps: present rates, and past ones."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Final

from sequence_markets.sandbox.history.request import RANGES
from sequence_markets.sandbox.market.funding import FUNDING_HOURS, settlements
from sequence_markets.sandbox.server.call import AccountCall, Turns
from sequence_markets.sandbox.server.endpoint import AccountHandler
from sequence_markets.sandbox.server.errors import invalid_params, not_found
from sequence_markets.sandbox.server.funding_rows import rate_row
from sequence_markets.sandbox.trading.desk import Desk
from sequence_markets.sandbox.trading.funding import funding_points, funding_rate_now, perp_of
from sequence_markets.sandbox.venues import VENUES

_SECOND_NS: Final = 10**9
FUNDING_RANGES: Final = tuple(word for word in RANGES if not word.endswith("h"))
"""How far a history may reach back: no shorter than the slowest venue takes to settle."""

_TURN: Final = 200
# A mark price costs more than everything else of a point together; the longest answers go without.
_MOST_MARKED: Final = 10_000


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
    return Turns(_history(desk, venue, instrument.symbol, start_ns, end_ns)).take(call.exchange)


def _history(desk: Desk, venue: str, symbol: str, start_ns: int, end_ns: int) -> Generator[None, None, object]:
    instants = settlements(venue, start_ns - 1, end_ns)
    marked = len(instants) <= _MOST_MARKED
    points: list[dict[str, object]] = []
    for first in range(0, len(instants), _TURN):
        if points:
            yield
        part = instants[first : first + _TURN]
        for point in funding_points(desk, venue, symbol, part[0], part[-1]):
            mark = desk.market.reference_price(symbol, point.time_ns) if marked else None
            points.append({"ts_ns": point.time_ns, "rate_1e9": point.rate_1e9, "mark_price_1e9": mark})
    return {"symbol": symbol, "venue": venue, "count": len(points), "points": points}


def _window(call: AccountCall) -> tuple[int, int]:
    """From when to when, in nanoseconds, both included. No history reaches back further than "max"."""
    query, now_ns = call.request.query, call.exchange.now_ns
    word = query.text("range") or "1m"
    if word not in FUNDING_RANGES:
        raise invalid_params("range", f"unknown {word[:60]!r}; one of {', '.join(FUNDING_RANGES)}")
    start, end = query.text("start_ts"), query.text("end_ts")
    if (start is None) != (end is None):
        raise invalid_params("start_ts" if start is None else "end_ts", "give both start_ts and end_ts, or neither")
    earliest_ns = max(0, now_ns - RANGES["max"] * _SECOND_NS)
    if start is None:
        return max(earliest_ns, now_ns - RANGES[word] * _SECOND_NS + 1), now_ns
    start_s, end_s = query.integer("start_ts", 0, least=0), query.integer("end_ts", 0, least=0)
    if start_s >= end_s:
        raise invalid_params("start_ts", "must be before end_ts")
    return max(earliest_ns, start_s * _SECOND_NS), min(now_ns, end_s * _SECOND_NS)


ROUTES: Mapping[str, Mapping[str, AccountHandler]] = {
    "/v1/market/funding-rates": {"GET": rates},
    "/v1/funding_history/{symbol:path}": {"GET": history},
}
