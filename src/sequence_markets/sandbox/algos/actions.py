"""From what an algo asks for to orders: what is refused, with which code, and how the rest is sent."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from sequence_markets.sandbox.algos import abi
from sequence_markets.sandbox.algos.books import AlgoEdge, RiskRules
from sequence_markets.sandbox.instruments import PREDICTION_UNIT_1E9, Instrument
from sequence_markets.sandbox.market import VenueBook
from sequence_markets.sandbox.trading import cascade, records as rec
from sequence_markets.sandbox.trading.desk import Desk
from sequence_markets.sandbox.trading.graph_spec import Shape
from sequence_markets.sandbox.trading.graphs import RiskSpec
from sequence_markets.sandbox.trading.spec import GraphSpec
from sequence_markets.sandbox.trading.state import Order, OrderSpec
from sequence_markets.sandbox.trading.submitting import start_graph, store_graph
from sequence_markets.units import MAX_INT64

__all__ = ["RejectCode", "cancel", "code_of", "open_orders", "place", "refusal", "shown", "symbol_meta"]

_MOST_PRICE: Final = MAX_INT64
_CONTENT: Final = "algo"
"""Stands where other orders have a digest of what was asked, so that nobody else's submission equals it."""


class RejectCode:
    """The codes an algo is told."""

    UNKNOWN: Final = 0
    INSUFFICIENT_BALANCE: Final = 1
    INVALID_PARAMS: Final = 2
    RATE_LIMIT: Final = 3
    EXCHANGE_BUSY: Final = 4
    RISK_CHECK_FAILED: Final = 100
    POSITION_LIMIT: Final = 101
    KILL_SWITCH: Final = 102
    PRICE_DEVIATION: Final = 103
    DAILY_LOSS_LIMIT: Final = 104


_CODES: Final = {
    "INSUFFICIENT_BALANCE": RejectCode.INSUFFICIENT_BALANCE,
    "POST_ONLY": RejectCode.INVALID_PARAMS,
    "QUANTITY_TOO_SMALL": RejectCode.INVALID_PARAMS,
    "MARKET_CLOSED": RejectCode.EXCHANGE_BUSY,
    "NO_LIQUIDITY": RejectCode.EXCHANGE_BUSY,
}
_TYPES: Final = {
    "LIMIT": ("sor", "GTC"),
    "MARKET": ("sor", "GTC"),
    "IOC": ("sor", "IOC"),
    "FOK": ("sor", "FOK"),
    "POST_ONLY": ("post_only", "GTC"),
}


def code_of(reason: str) -> int:
    """The code of a reason for which the exchange rejected an order."""
    return _CODES.get(reason, RejectCode.UNKNOWN)


def refusal(
    desk: Desk, edge: AlgoEdge, rules: RiskRules, action: abi.Action, book: VenueBook | None, sent: int
) -> int | None:
    """The code with which a new order is refused before the exchange sees it; None for one that may go.

    Args:
        desk: The working context.
        edge: The edge that asks.
        rules: What its deployment may do.
        action: The new order.
        book: What the venue displays, less what was taken from it.
        sent: Orders that the edge has sent in this second already.
    """
    instrument = desk.market.catalogue.get(edge.symbol)
    if not _is_possible(edge, instrument, action):
        return RejectCode.INVALID_PARAMS
    if desk.state.accounts[edge.client].kill_switch:
        return RejectCode.KILL_SWITCH
    if len(edge.orders) >= abi.MOST_ORDERS:
        return RejectCode.RISK_CHECK_FAILED
    if rules.max_position_1e8 and _reach(desk, edge, action) > rules.max_position_1e8:
        return RejectCode.POSITION_LIMIT
    if action.px_1e9 and book is not None and _deviates(instrument, rules, action, book):
        return RejectCode.PRICE_DEVIATION
    if rules.max_orders_per_second and sent >= rules.max_orders_per_second:
        return RejectCode.RATE_LIMIT
    return RejectCode.EXCHANGE_BUSY if book is None else None


def _is_possible(edge: AlgoEdge, instrument: Instrument, action: abi.Action) -> bool:
    if action.side not in (1, -1) or action.order_type >= len(abi.ORDER_TYPES) or action.is_cancel:
        return False
    if action.qty_1e8 <= 0 or action.order_id in edge.orders:
        return False
    price = action.px_1e9
    if abi.ORDER_TYPES[action.order_type] == "MARKET":
        return price == 0
    if not 0 < price <= _MOST_PRICE:
        return False
    return instrument.type != "prediction" or (price <= PREDICTION_UNIT_1E9 and price % instrument.tick_1e9 == 0)


def _reach(desk: Desk, edge: AlgoEdge, action: abi.Action) -> int:
    """How large the position becomes when everything on the side of a new order is filled, itself included."""
    side = "buy" if action.side > 0 else "sell"
    orders = (desk.state.orders[no] for no in edge.orders.values())
    working = sum(order.remaining for order in orders if order.spec.side == side)
    return edge.position * action.side + working + action.qty_1e8


def _deviates(instrument: Instrument, rules: RiskRules, action: abi.Action, book: VenueBook) -> bool:
    own, opposite = (book.bids, book.asks) if action.side > 0 else (book.asks, book.bids)
    best = opposite or own
    if not best or not rules.max_price_deviation_bps:
        return False
    price = best[0][0]
    unit = PREDICTION_UNIT_1E9 if instrument.type == "prediction" else price
    return abs(action.px_1e9 - price) * 10_000 > unit * rules.max_price_deviation_bps


def place(desk: Desk, edge: AlgoEdge, action: abi.Action) -> None:
    """Send a new order on its way, pinned to the venue of its edge."""
    instrument = desk.market.catalogue.get(edge.symbol)
    policy, tif = _TYPES[abi.ORDER_TYPES[action.order_type]]
    spec = OrderSpec(
        symbol=instrument.symbol,
        book_symbol=instrument.primary,
        type=instrument.type,
        asset=instrument.base if instrument.type == "spot" else instrument.symbol,
        side="buy" if action.side > 0 else "sell",
        venue=edge.venue,
        limit_1e9=action.px_1e9,
        qty_1e8=action.qty_1e8,
        notional_1e9=0,
        policy=policy,
        urgency="medium",
        tif=tif,
        cap_bps=-1,
        horizon_ms=0,
    )
    shape = Shape((("order", spec),))
    graph = store_graph(
        desk, edge.client, GraphSpec(_graph_id(desk, edge), shape, RiskSpec(), True, None, None, _CONTENT)
    )
    desk.emit(rec.AlgoPlaced(edge.no, action.order_id, graph.nodes[0].orders[0]))
    start_graph(desk, graph)


def _graph_id(desk: Desk, edge: AlgoEdge) -> str:
    """An id that says which algo it is: its deployment, the number of its edge, and a running number."""
    taken = desk.state.accounts[edge.client].graphs
    number = edge.placed + 1
    stem = f"algo_{edge.deployment.removeprefix('dep_')[:8]}.{edge.no}"
    while f"{stem}.{number}" in taken:
        number += 1
    return f"{stem}.{number}"


def cancel(desk: Desk, edge: AlgoEdge, order_id: int) -> bool:
    """Cancel an order; False when the edge has no such order at work."""
    no = edge.orders.get(order_id)
    if no is None:
        return False
    order = desk.state.orders[no]
    graph = desk.state.graphs[order.graph]
    cascade.close_node(desk, graph, graph.nodes[order.node], "")
    return True


def open_orders(desk: Desk, edge: AlgoEdge) -> list[abi.OpenOrder]:
    """The table of an edge's working orders, oldest first."""
    return [shown(order_id, desk.state.orders[no]) for order_id, no in edge.orders.items()]


def shown(order_id: int, order: Order) -> abi.OpenOrder:
    """An order as its algo sees it."""
    side = 1 if order.spec.side == "buy" else -1
    if order.done:
        status = abi.DEAD
    elif order.filled:
        status = abi.PARTIAL
    else:
        status = abi.PENDING if order.status == "PENDING" else abi.ACKED
    return abi.OpenOrder(order_id, order.spec.limit_1e9, side * order.qty, order.filled, side, status)


def symbol_meta(instrument: Instrument) -> abi.SymbolMeta:
    """What is known of a symbol. Lots and minimum sizes are not modelled, and so unknown."""
    digits = Decimal(instrument.tick_1e9).scaleb(-9).normalize().as_tuple().exponent
    precision = max(0, -digits) if isinstance(digits, int) else 0
    return abi.SymbolMeta(tick_size_1e9=instrument.tick_1e9, price_precision=precision, qty_precision=8)
