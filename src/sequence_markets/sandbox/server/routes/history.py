"""Price histories."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Final

from sequence_markets.sandbox.history.points import bar_parts, trade_parts
from sequence_markets.sandbox.history.request import RANGES, Asked, Serving, serving
from sequence_markets.sandbox.market import Market
from sequence_markets.sandbox.server.call import AccountCall, Turns
from sequence_markets.sandbox.server.endpoint import AccountHandler
from sequence_markets.sandbox.server.errors import invalid_params, not_found
from sequence_markets.sandbox.server.params import Query
from sequence_markets.sandbox.server.settlements import underlying_curve

Row = dict[str, object]

_LOOKS: Final = 4
"""How many looks back, most of them short, make a turn."""


def price_history(call: AccountCall) -> object:
    """Answer the prices of a symbol over time: bars, or trades."""
    query, market, now_ns = call.request.query, call.exchange.market, call.exchange.now_ns
    asked = _asked(query)
    underlying = query.flag("underlying")
    symbol = call.request.path["symbol"]
    instrument = market.catalogue.at(now_ns).resolve(symbol)
    if instrument is None:
        raise not_found(f"symbol {symbol[:200]!r} is not known")
    how = serving(market, instrument, asked, now_ns)
    event = market.events.of_symbol(instrument.symbol) if underlying else None
    answer: Row = {
        "symbol": instrument.symbol,
        "source": how.source,
        "window": {"start_ts_s": how.start_s, "end_ts_s": how.end_s},
        "points": [],
        "underlying": None if event is None or event.underlying is None else underlying_curve(market, event, now_ns),
        "origins": {},
    }
    steps = _bars(market, how, asked.fidelity_s, answer, now_ns) if asked.fidelity_s else _trades(market, how, answer)
    return Turns(steps).take(call.exchange)


def _bars(market: Market, how: Serving, interval_s: int, answer: Row, now_ns: int) -> Generator[None, None, Row]:
    symbol = str(answer["symbol"])
    quoting = ((venue, market.book(symbol, venue, now_ns)) for venue in market.venues(symbol))
    answer["origins"] = {venue: book.origin for venue, book in quoting if book is not None}
    points: list[Row] = []
    for part in bar_parts(market, symbol, how.venue, how.from_ns, how.to_ns, interval_s, how.most):
        if points:
            yield
        points += [_point(at_ns, price) for at_ns, price in part]
    answer["points"] = points
    return answer


def _trades(market: Market, how: Serving, answer: Row) -> Generator[None, None, Row]:
    parts: list[list[Row]] = []
    origins: dict[str, str] = {}
    for part in trade_parts(market, str(answer["symbol"]), how.venue, how.from_ns, how.to_ns, how.most):
        if len(parts) % _LOOKS == _LOOKS - 1:
            yield
        parts.append([_point(t.time_ns, t.price_1e9, t.qty_1e8, t.taker_side, t.venue) for t in part])
        origins.update((trade.venue, trade.origin) for trade in part)
    answer["points"] = [point for part in reversed(parts) for point in part]
    answer["origins"] = origins
    return answer


def _asked(query: Query) -> Asked:
    word = query.text("range") or "1d"
    if word not in RANGES:
        raise invalid_params("range", f"unknown {word[:60]!r}; one of {', '.join(RANGES)}")
    start, end = query.text("start_ts"), query.text("end_ts")
    if (start is None) != (end is None):
        raise invalid_params("start_ts" if start is None else "end_ts", "give both start_ts and end_ts, or neither")
    return Asked(
        range_word=word,
        fidelity_s=query.integer("fidelity_secs", 60, least=0),
        venue=query.identifier("venue"),
        limit=query.integer("limit", 0, least=1) or None,
        paginate=query.flag("paginate"),
        start_s=None if start is None else query.integer("start_ts", 0, least=0),
        end_s=None if end is None else query.integer("end_ts", 0, least=0),
    )


def _point(
    ts_ns: int, price_1e9: int, qty_1e8: int | None = None, side: str | None = None, venue: str | None = None
) -> Row:
    return {"ts_ns": ts_ns, "price_1e9": price_1e9, "qty_1e8": qty_1e8, "side": side, "venue_id": venue}


ROUTES: Mapping[str, Mapping[str, AccountHandler]] = {"/v1/price_history/{symbol:path}": {"GET": price_history}}
