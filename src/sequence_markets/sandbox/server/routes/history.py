"""Price histories."""

from __future__ import annotations

from collections.abc import Mapping

from sequence_markets.sandbox.history.points import bar_points, newest_trades
from sequence_markets.sandbox.history.request import RANGES, Asked, serving
from sequence_markets.sandbox.instruments import Instrument
from sequence_markets.sandbox.server.call import AccountCall
from sequence_markets.sandbox.server.endpoint import AccountHandler
from sequence_markets.sandbox.server.errors import invalid_params, not_found
from sequence_markets.sandbox.server.params import Query
from sequence_markets.sandbox.server.settlements import underlying_curve

Row = dict[str, object]


def price_history(call: AccountCall) -> object:
    """Answer the prices of a symbol over time: bars, or trades."""
    query, market, now_ns = call.request.query, call.exchange.market, call.exchange.now_ns
    asked = _asked(query)
    underlying = query.flag("underlying")
    symbol = call.request.path["symbol"]
    instrument = market.catalogue.resolve(symbol)
    if instrument is None or instrument.listed_ns > now_ns:
        raise not_found(f"symbol {symbol[:200]!r} is not known")
    how = serving(market, instrument, asked, now_ns)
    if asked.fidelity_s:
        points = [
            _point(at_ns, price)
            for at_ns, price in bar_points(
                market, instrument.symbol, how.venue, how.from_ns, how.to_ns, asked.fidelity_s, how.most
            )
        ]
        origins = _quoting(call, instrument)
    else:
        trades = newest_trades(market, instrument.symbol, how.venue, how.from_ns, how.to_ns, how.most)
        points = [_point(t.time_ns, t.price_1e9, t.qty_1e8, t.taker_side, t.venue) for t in trades]
        origins = {trade.venue: trade.origin for trade in trades}
    event = market.events.of_symbol(instrument.symbol)
    curved = underlying and event is not None and event.underlying is not None
    return {
        "symbol": instrument.symbol,
        "source": how.source,
        "window": {"start_ts_s": how.start_s, "end_ts_s": how.end_s},
        "points": points,
        "underlying": underlying_curve(market, event, now_ns) if curved and event is not None else None,
        "origins": origins,
    }


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


def _quoting(call: AccountCall, instrument: Instrument) -> dict[str, str]:
    """Where the books of the venues that quote an instrument now come from."""
    market = call.exchange.market
    found: dict[str, str] = {}
    for venue in market.venues(instrument.symbol):
        book = market.book(instrument.symbol, venue, call.exchange.now_ns)
        if book is not None:
            found[venue] = book.origin
    return found


ROUTES: Mapping[str, Mapping[str, AccountHandler]] = {"/v1/price_history/{symbol:path}": {"GET": price_history}}
