"""Reading what the monitoring endpoints are asked about: a market, a side, a size, a stretch of time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from sequence_markets.sandbox.instruments import Instrument, Side
from sequence_markets.sandbox.server.call import AccountCall
from sequence_markets.sandbox.server.errors import invalid_params, not_found
from sequence_markets.sandbox.server.feeds import Source
from sequence_markets.sandbox.server.params import Query
from sequence_markets.sandbox.server.quotes import venue_books
from sequence_markets.units import ns_from_datetime, qty_to_1e8

_SIDES: Mapping[str, Side] = {"buy": "buy", "sell": "sell"}


def read_instrument(call: AccountCall) -> Instrument:
    """Return the instrument that the query's ``symbol`` names; 404 when there is none."""
    text = call.request.query.identifier("symbol")
    if text is None:
        raise invalid_params("symbol", "is required")
    return known_instrument(call, text)


def known_instrument(call: AccountCall, text: str) -> Instrument:
    """Return the instrument of a name; 404 when there is none."""
    found = call.exchange.market.catalogue.resolve(text)
    if found is None:
        raise not_found(f"symbol {text[:200]!r} is not known")
    return found


def source_of(call: AccountCall, instrument: Instrument) -> Source:
    """Say which path serves an instrument's books, and follow them from now on."""
    books = venue_books(call.exchange, instrument)
    if not books:
        return "unavailable"
    scripted = any(book.origin == "scripted" for book in books)
    return call.services.feeds.touch(instrument, scripted=scripted, give_up=False)


def read_side(query: Query) -> Side:
    """Return the side, "buy" when it is absent."""
    text = (query.text("side") or "buy").lower()
    if text not in _SIDES:
        raise invalid_params("side", f"must be buy or sell, got {text[:40]!r}")
    return _SIDES[text]


def read_qty(query: Query, default: str | None = None) -> int:
    """Return the quantity in 1e-8, given in human units."""
    text = query.text("qty") or default
    if text is None:
        raise invalid_params("qty", "is required")
    try:
        return qty_to_1e8(text)
    except ValueError as error:
        raise invalid_params("qty", str(error)) from None


def read_instant(query: Query, name: str) -> int | None:
    """Return an ISO-8601 instant in nanoseconds; one without an offset is taken as UTC."""
    text = query.text(name)
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
        return ns_from_datetime(instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        raise invalid_params(name, f"must be an ISO-8601 instant, got {text[:40]!r}") from None
