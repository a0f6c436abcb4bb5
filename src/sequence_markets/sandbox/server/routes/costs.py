"""What trading costs, before the trade: fees per venue, and the preview of an order."""

from __future__ import annotations

from collections.abc import Mapping

from sequence_markets.sandbox.instruments import USD_PEGGED, Instrument, Side
from sequence_markets.sandbox.server.call import AccountCall
from sequence_markets.sandbox.server.endpoint import AccountHandler
from sequence_markets.sandbox.server.errors import invalid_params, not_found
from sequence_markets.sandbox.server.quotes import venue_books
from sequence_markets.sandbox.trading.fee_rows import fee_rows
from sequence_markets.sandbox.trading.preview import OrderType, preview
from sequence_markets.sandbox.trading.problems import Problems
from sequence_markets.sandbox.venues import VENUES
from sequence_markets.units import qty_to_1e8

_SIDES: Mapping[str, Side] = {"buy": "buy", "sell": "sell"}
_TYPES: Mapping[str, OrderType] = {"market": "market", "limit": "limit"}
_FIELDS = ("symbol", "side", "order_type", "qty")


def get_fees(call: AccountCall) -> object:
    """Answer the fees of a ticker per venue."""
    query = call.request.query
    ticker = query.identifier("ticker")
    if ticker is None:
        raise invalid_params("ticker", "is required")
    venues = query.words("venues", VENUES)
    instrument = call.exchange.market.catalogue.at(call.exchange.now_ns).resolve(ticker)
    if instrument is None:
        raise not_found(f"ticker {ticker[:200]!r} is not known")
    asked = None if venues is None else dict.fromkeys(venues)
    return {"ticker": ticker, "fees": fee_rows(call.exchange.desk, call.client_id, instrument, asked)}


def preview_order(call: AccountCall) -> object:
    """Answer what an order would cost now. Nothing is submitted."""
    request = call.request.fields(*_FIELDS)
    request.check()
    body = request.fields
    problems = Problems()
    instrument = _instrument(call, problems, body.get("symbol"))
    side = _SIDES.get(str(body.get("side")))
    if side is None:
        problems.add("side", "must be 'buy' or 'sell'")
    order_type = _TYPES.get(str(body.get("order_type", "market")))
    if order_type is None:
        problems.add("order_type", "must be 'market' or 'limit'")
    qty = problems.human("qty", body.get("qty"), qty_to_1e8)
    problems.refuse()
    assert instrument is not None
    assert side is not None
    assert order_type is not None
    books = venue_books(call.exchange, instrument)
    scripted = any(book.origin == "scripted" for book in books)
    source = call.services.feeds.touch(instrument, scripted=scripted, give_up=False) if books else "unavailable"
    return preview(call.exchange.desk, call.client_id, instrument, side, qty, order_type, source)


def _instrument(call: AccountCall, problems: Problems, symbol: object) -> Instrument | None:
    if not isinstance(symbol, str) or not symbol.strip():
        problems.add("symbol", "must be a symbol")
        return None
    found = call.exchange.market.catalogue.at(call.exchange.now_ns).resolve(symbol)
    if found is None:
        problems.add("symbol", f"unknown symbol {symbol[:200]!r}")
    elif found.quote not in USD_PEGGED:
        problems.add("symbol", f"{found.symbol} is quoted in {found.quote}; only dollar-quoted symbols trade here")
    return found


ROUTES: Mapping[str, Mapping[str, AccountHandler]] = {
    "/v1/fees": {"GET": get_fees},
    "/v1/orders/preview": {"POST": preview_order},
}
