"""Quotes and symbols."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

from sequence_markets.sandbox.server.call import AccountCall
from sequence_markets.sandbox.server.endpoint import AccountHandler
from sequence_markets.sandbox.server.errors import invalid_params
from sequence_markets.sandbox.server.quotes import DEFAULT_DEPTH, MAX_DEPTH, quote, short_quote, unavailable
from sequence_markets.sandbox.venues import InstrumentType

_DEFAULT_MAX_AGE_S: Final = 300
_LONGEST_AGE_S: Final = 10**9
_MAX_BATCH: Final = 2000
_TYPES: Final[dict[str, InstrumentType]] = {"spot": "spot", "perp": "perp", "prediction": "prediction"}


def get_quote(call: AccountCall) -> object:
    """Answer one symbol with its merged book; a market nobody has a book of is zeros, not an error."""
    symbol = call.request.path["symbol"]
    query = call.request.query
    depth = query.integer("depth", DEFAULT_DEPTH, least=1, most=MAX_DEPTH, clamp=True)
    nowait = query.flag("nowait")
    if not symbol.strip():
        raise invalid_params("symbol", "must not be empty")
    found = quote(call.exchange, call.services.feeds, symbol, depth=depth, give_up_when_cold=nowait)
    return unavailable(symbol) if found is None else found


def list_quotes(call: AccountCall) -> object:
    """Answer the tops of many symbols, those with a stale NBBO left out."""
    exchange, feeds, query = call.exchange, call.services.feeds, call.request.query
    max_age_ns = query.integer("max_age_s", _DEFAULT_MAX_AGE_S, least=0, most=_LONGEST_AGE_S) * 10**9
    symbols = query.words("symbols") or query.words("symbol")
    catalogue = exchange.market.catalogue.at(exchange.now_ns)
    if symbols is None:
        wanted = [instrument for instrument in catalogue.all() if instrument.type != "prediction"]
        wanted += [catalogue.get(symbol) for symbol in feeds.followed() if symbol in catalogue]
    else:
        wanted = [found for symbol in symbols if (found := catalogue.resolve(symbol)) is not None]
        for instrument in wanted:
            feeds.touch(instrument, scripted=False, give_up=False)
    rows = (short_quote(exchange, instrument, max_age_ns) for instrument in wanted)
    return {"quotes": [row for row in rows if row is not None]}


def quotes_batch(call: AccountCall) -> object:
    """Answer many full quotes at once; a bad symbol is an entry of its own and spoils nothing."""
    started = time.perf_counter_ns()
    body = call.request.fields("symbols", "depth", "nowait", "concurrency", "instrument_type")
    symbols = body.texts("symbols")
    depth = min(max(body.integer("depth", DEFAULT_DEPTH), 1), MAX_DEPTH)
    # Cold books come as snapshots either way, and one book is read at a time: both are only checked.
    body.flag("nowait", True)
    body.integer("concurrency", 64)
    type_name = body.text("instrument_type", required=False)
    if type_name and type_name not in _TYPES:
        body.problem("instrument_type", "must be spot, perp or prediction")
    body.check()
    if len(symbols) > _MAX_BATCH:
        raise invalid_params("symbols", f"at most {_MAX_BATCH} symbols per batch, got {len(symbols)}")
    rows: list[dict[str, object]] = []
    for symbol in symbols:
        row = quote(call.exchange, call.services.feeds, symbol, depth=depth, instrument_type=_TYPES.get(type_name))
        rows.append({"symbol": symbol, "error": "resolver: unknown symbol"} if row is None else row)
    elapsed_ms = (time.perf_counter_ns() - started) // 1_000_000
    return {"quotes": rows, "count": len(rows), "elapsed_ms": elapsed_ms}


def symbols(call: AccountCall) -> object:
    """Answer every instrument that can be traded now with the venues that quote it."""
    exchange = call.exchange
    market = exchange.market
    return [
        *(
            {
                "symbol": instrument.symbol,
                "base": instrument.base,
                "quote": instrument.quote,
                "venues": list(market.venues(instrument.symbol)),
                "type": instrument.type,
            }
            for instrument in market.catalogue.all()
            if instrument.type != "prediction"
        ),
        *(
            {
                "symbol": symbol,
                "base": event.slug,
                "quote": "USDC" if event.venue == "polymarket" else "USD",
                "venues": [event.venue],
                "type": "prediction",
            }
            for event in market.events.listed(exchange.now_ns, trading=True)
            for symbol in (event.yes, event.no)
        ),
    ]


ROUTES: Mapping[str, Mapping[str, AccountHandler]] = {
    "/v1/quotes": {"GET": list_quotes},
    "/v1/quotes/{symbol:path}": {"GET": get_quote},
    "/v1/quotes_batch": {"POST": quotes_batch},
    "/v1/symbols": {"GET": symbols},
}
