"""What type checkers must refuse in the models: every line marked with an error, and no other. Never run."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sequence_markets.models import (
    BatchEntry,
    Fill,
    GraphStatus,
    Instrument,
    Nbbo,
    Order,
    OrderPage,
    PerpInstrument,
    Position,
    Quote,
    decode,
)


def see(_value: Any) -> None: ...


def misspelt(quote: Quote, order: Order, position: Position, graph: GraphStatus) -> None:
    see(quote.nbo)  # error: nbo
    see(quote.nbbo.bidd)  # error: bidd
    see(quote.venues["kraken"].bid_sise)  # error: bid_sise
    see(quote.book.bids)  # error: None
    see(order.quantity)  # error: quantity
    see(order.qty_1e9)  # error: qty_1e9
    see(order.price)  # error: price
    see(position.instrument.symbl)  # error: symbl
    see(graph.nodes["spot"].filled)  # error: filled
    see(decode(b"{}", Quote).simbol)  # error: simbol


def changed(quote: Quote, order: Order) -> None:
    quote.symbol = "X"  # error: symbol
    quote.nbbo.bid = 1.0  # error: bid
    order.qty = Decimal(1)  # error: Never
    order.new = 1  # error: new
    quote["symbol"] = "X"  # error: Quote
    del quote["symbol"]  # error: __delitem__
    quote.pop("symbol")  # error: pop
    quote.update({"symbol": "X"})  # error: update
    quote.setdefault("symbol", "X")  # error: setdefault
    quote.clear()  # error: clear
    quote.raw = {}  # error: raw


def mistyped(quote: Quote, order: Order, fill: Fill) -> None:
    see(fill.qty * 1.5)  # error: Decimal
    see(order.filled_qty * 2)  # error: None
    see(order.created_unix.year)  # error: None
    see(quote.nbbo.bid.upper())  # error: upper
    wrong: str = fill.price  # error: Decimal
    see(wrong)
    if quote.nbbo == 1 and fill.qty_1e8 == "1":  # error: overlap
        see(quote)


def undecided(instrument: Instrument, entry: BatchEntry) -> None:
    see(instrument.symbol)  # error: symbol
    see(instrument.market_slug)  # error: market_slug
    see(entry.nbbo)  # error: nbbo
    if instrument.kind == "prep":  # error: overlap
        see(instrument)
    if instrument.kind == "perp":
        see(instrument.base)
        see(instrument.code)  # error: code
    match instrument:
        case PerpInstrument(base=base):
            see(base)
        case _:
            see(instrument.base)  # error: base


def misconstructed() -> None:
    see(Nbbo(bid=1.0, ask=2.0, mid=1.5))  # error: spread_bps
    see(Nbbo(bid="1", ask=2.0, mid=1.5, spread_bps=1.0))  # error: bid
    see(Nbbo(1.0, 2.0, 1.5, 1.0))  # error: positional
    see(PerpInstrument(kind="spot", symbol="X", base="X"))  # error: Literal


def rows(page: OrderPage) -> None:
    for order in page:
        see(order["anything"])
        see(order.price_1e9)  # error: price_1e9
