"""What type checkers must see in the models. Never run: mypy and pyright read it."""

from __future__ import annotations

from collections.abc import Hashable, ItemsView, Iterator, KeysView, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, assert_never, assert_type

from sequence_markets.models import (
    Account,
    ActiveLifecycle,
    BatchEntry,
    Book,
    BookLevel,
    ClosedLifecycle,
    CryptoInstrument,
    Edge,
    EventContractInstrument,
    FiatInstrument,
    Fill,
    FillPage,
    GraphState,
    GraphStatus,
    Instrument,
    Lifecycle,
    Nbbo,
    NodeStatus,
    Order,
    OrderPage,
    OrderSide,
    OrderStatus,
    PerpInstrument,
    Position,
    Positions,
    PositionTotals,
    Quote,
    QuoteBatch,
    QuoteError,
    QuoteSource,
    RedeemedLifecycle,
    ResolvedLifecycle,
    Rows,
    Submission,
    Symbol,
    UnknownInstrument,
    UnknownLifecycle,
    VenueId,
    VenueQuote,
    VenueStatus,
    decode,
    decode_rows,
)


def fields(quote: Quote, symbol: Symbol, graph: GraphStatus, account: Account, edge: Edge, venue: VenueStatus) -> None:
    assert_type(quote.symbol, str)
    assert_type(quote.nbbo, Nbbo)
    assert_type(quote.nbbo.bid, float)
    assert_type(quote.venues, Mapping[str, VenueQuote])
    assert_type(quote.venues["kraken"].age_ms, int | None)
    assert_type(quote.source, QuoteSource | None)
    assert_type(quote.remote, bool | None)
    assert_type(quote.book, Book | None)
    if quote.book is not None:
        assert_type(quote.book.bids, tuple[BookLevel, ...])
        assert_type([level.price for level in quote.book.asks], list[float])
    assert_type(symbol.venues, tuple[str, ...])
    assert_type(graph.status, GraphState)
    assert_type(graph.nodes, Mapping[str, NodeStatus])
    assert_type(graph.is_final, bool)
    assert_type(account.features, Mapping[str, Any] | None)
    assert_type(edge.instrument_types, tuple[str, ...] | None)
    assert_type(venue.venue, VenueId)


def views(order: Order, fill: Fill, position: Position, totals: PositionTotals, held: Positions, edge: Edge) -> None:
    assert_type(order.qty, Decimal)
    assert_type(order.qty_1e8, int)
    assert_type(order.filled_qty, Decimal | None)
    assert_type(order.limit_price, Decimal | None)
    assert_type(order.created_unix, datetime | None)
    assert_type(order.side, OrderSide)
    assert_type(order.status, OrderStatus)
    assert_type(fill.price, Decimal)
    assert_type(fill.timestamp, datetime)
    assert_type(fill.qty * fill.price - fill.fee, Decimal)
    assert_type(position.qty, Decimal)
    assert_type(position.settled_mark_usd, Decimal | None)
    assert_type(totals.nav_usd, Decimal)
    assert_type(held.as_of, datetime)
    assert_type(edge.last_heartbeat, datetime | None)


def mapping_face(quote: Quote, fill: Fill) -> None:
    assert_type(quote.raw, dict[str, Any])
    assert_type(quote["nbbo"]["bid"], Any)
    assert_type(quote.get("symbol"), Any)
    assert_type("error" in quote, bool)
    assert_type(quote.keys(), KeysView[str])
    assert_type(quote.items(), ItemsView[str, Any])
    assert_type(len(quote), int)
    assert_type(reversed(quote), Iterator[str])
    assert_type({**quote}, dict[str, Any])
    assert_type(dict(quote), dict[str, Any])
    assert_type(quote | {"more": 1}, dict[str, Any])
    assert_type({"more": 1} | quote, dict[str, Any])
    assert_type(quote.copy(), dict[str, Any])
    assert_type(quote == {"symbol": "X"}, bool)
    assert_type(quote == fill, bool)
    assert_type({quote: 1}, dict[Quote, int])
    keys: list[Hashable] = [quote, Quote, type(quote)]
    assert_type(keys, list[Hashable])
    assert_type(quote.model_copy(update={"symbol": "X"}), Quote)
    assert_type(quote.model_dump(), dict[str, Any])
    assert_type(quote.to_json(indent=2), str)


def made(body: bytes, raw: dict[str, Any]) -> None:
    assert_type(decode(body, Quote), Quote)
    assert_type(decode_rows(body, Symbol, ("symbols",)), Rows[Symbol])
    assert_type(decode_rows(body, Symbol).raw, list[dict[str, Any]])
    assert_type([each.symbol for each in decode_rows(body, Symbol)], list[str])
    assert_type(Quote.model_validate(raw), Quote)
    assert_type(Quote.model_validate_json(body), Quote)
    assert_type(Quote.unvalidated(raw), Quote)
    assert_type(Nbbo(bid=1.0, ask=2, mid=1.5, spread_bps=3), Nbbo)
    assert_type(Submission(graph_id="g", status="active", node_count=1, edge_count=0).edge_count, int)


def pages(orders: OrderPage, fills: FillPage) -> None:
    for order in orders:
        assert_type(order, Order)
    for fill in fills:
        assert_type(fill, Fill)
    assert_type(list(orders), list[Order])
    assert_type(sum((fill.qty for fill in fills), Decimal()), Decimal)
    assert_type(orders.orders, tuple[Order, ...])
    assert_type(fills.has_more, bool | None)
    assert_type(dict(orders), dict[str, Any])


def batch_entries(batch: QuoteBatch, entry: BatchEntry) -> float:
    assert_type(batch.quotes, tuple[Quote | QuoteError, ...])
    assert_type(batch.quoted, tuple[Quote, ...])
    assert_type(batch.failed, tuple[QuoteError, ...])
    assert_type(entry.symbol, str)
    if "error" in entry:
        assert_type(entry["error"], Any)
    if isinstance(entry, QuoteError):
        assert_type(entry.error, str)
        return 0.0
    match entry:
        case Quote(nbbo=Nbbo(bid=bid)):
            assert_type(bid, float)
        case _ as rest:
            assert_type(rest, Quote)
    return entry.nbbo.ask


def instrument_by_class(instrument: Instrument) -> str:
    match instrument:
        case FiatInstrument(code=code):
            return assert_type(code, str)
        case CryptoInstrument():
            return instrument.symbol
        case PerpInstrument(base=base):
            return assert_type(base, str)
        case EventContractInstrument():
            assert_type(instrument.token_id, str | None)
            return instrument.outcome
        case UnknownInstrument():
            return assert_type(instrument.tag, str)
        case _:
            assert_never(instrument)


def instrument_by_kind(instrument: Instrument) -> str:
    if instrument.kind == "fiat":
        assert_type(instrument, FiatInstrument)
        return instrument.code
    if instrument.kind == "crypto":
        assert_type(instrument, CryptoInstrument)
        return instrument.symbol
    if instrument.kind == "perp":
        assert_type(instrument, PerpInstrument)
        return instrument.base
    if instrument.kind == "event_contract":
        assert_type(instrument, EventContractInstrument)
        return instrument.market_slug
    assert_type(instrument, UnknownInstrument)
    return instrument.tag


def instrument_by_matched_kind(instrument: Instrument) -> str:
    match instrument.kind:
        case "fiat":
            return instrument.code
        case "crypto":
            return instrument.symbol
        case "perp":
            return instrument.base
        case "event_contract":
            return instrument.outcome
        case "unknown":
            return instrument.tag


def lifecycle_by_class(lifecycle: Lifecycle) -> Decimal | str:
    match lifecycle:
        case ResolvedLifecycle(economic_value_usd=value):
            return assert_type(value, Decimal)
        case ActiveLifecycle() | ClosedLifecycle() | RedeemedLifecycle():
            return lifecycle.state
        case UnknownLifecycle(tag=tag):
            return assert_type(tag, str)
        case _:
            assert_never(lifecycle)


def lifecycle_by_state(position: Position) -> Decimal | None:
    lifecycle = position.lifecycle
    if lifecycle.state == "resolved":
        assert_type(lifecycle, ResolvedLifecycle)
        return lifecycle.economic_value_usd
    if lifecycle.state != "unknown":
        assert_type(lifecycle, ActiveLifecycle | ClosedLifecycle | RedeemedLifecycle)
        return None
    assert_type(lifecycle, UnknownLifecycle)
    return None


def through_the_position(position: Position) -> str | None:
    if position.instrument.kind == "event_contract":
        return assert_type(position.instrument.outcome, str)
    match position:
        case Position(instrument=PerpInstrument(base=base), qty=qty):
            assert_type(qty, Decimal)
            return assert_type(base, str)
        case _:
            return None


def known_words(order: Order) -> bool:
    return order.status == "FILLED" or order.side == "BUY" or order.status == "A_WORD_OF_TOMORROW"
