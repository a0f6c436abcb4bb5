"""Ready-made execution graphs. Each function returns an ordinary `Graph` that may be looked at, taken apart and sent.

``seq.graph(*recipes.bracket(...))`` sends one; nothing here touches the network.

The exits of a position are single nodes that several edges lead to. A node never releases more than its quantity,
so whichever price comes first closes the position and the other then has nothing left to do: no order has to be
cancelled, and there is no moment at which both could be filled.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_FLOOR, Decimal
from typing import Any, Final, Literal

from sequence_markets.graphs import Graph, edge, node, prepare
from sequence_markets.graphs.words import MOST_NODES, InstrumentType, Side, Urgency
from sequence_markets.models import EdgeSpec, NodeSpec, OnPrice
from sequence_markets.units import PRICE_SCALE, Number, decimal_1e8, decimal_1e9, price_to_1e9, qty_to_1e8

__all__ = ["Graph", "bracket", "ladder", "oco", "scale_out", "spot_perp_hedge", "stop_loss", "twap"]

_OTHER: Final[dict[Side, Side]] = {"buy": "sell", "sell": "buy"}


def bracket(
    symbol: str,
    side: Side,
    qty: Number,
    *,
    take_profit_pct: Number,
    stop_loss_pct: Number,
    entry_price: Number | None = None,
    venue: str | None = None,
    instrument_type: InstrumentType = "spot",
    urgency: Urgency | None = None,
) -> Graph:
    """Enter a position, and leave it at a profit or at a loss, whichever comes first.

    The exit is one market order over what the entry had filled by then. Prices are watched from the entry's first
    fill on, relative to its average price.

    Args:
        symbol: Symbol to trade.
        side: Side of the entry; the exit is the other.
        qty: Quantity of the entry.
        take_profit_pct: Distance of the take-profit from the entry price, in percent.
        stop_loss_pct: Distance of the stop-loss from the entry price, in percent.
        entry_price: Limit price of the entry; a market order when omitted.
        venue: Venue to pin both to.
        instrument_type: ``"spot"``, ``"perp"`` or ``"prediction"``.
        urgency: Urgency of the entry.

    Raises:
        ValueError: An argument can never be right.

    Example:
        >>> from sequence_markets import recipes
        >>> graph = recipes.bracket("BTC-USD", "buy", "0.1", take_profit_pct=8, stop_loss_pct=5)
        >>> print(graph.tree())
        entry  buy 0.1 BTC-USD, market
        ├─ when BTC-USD is 8 % above entry, as much as filled → exit  sell 0.1 BTC-USD, market
        └─ when BTC-USD is 5 % below entry, as much as filled → ↑ exit
    """
    entry = node(
        "entry", symbol, side, qty, limit_price=entry_price, venue=venue, instrument_type=instrument_type,
        urgency=urgency,
    )  # fmt: skip
    profit, loss = _directions(side)
    return _entry_and_exit(
        entry,
        "exit",
        OnPrice(symbol, profit, offset_pct=_exact(take_profit_pct, "take_profit_pct")),
        OnPrice(symbol, loss, offset_pct=_exact(stop_loss_pct, "stop_loss_pct")),
    )


def oco(opening: NodeSpec, *, above: Number, below: Number, exit_id: str = "exit") -> Graph:
    """Follow an order with one that closes it when either of two prices is reached: one cancels the other.

    Args:
        opening: The order to follow, as ``node()`` makes it: a market order, since the prices are watched from its
            activation on and what is not filled by then could not be closed.
        above: Close when the price is here or higher.
        below: Close when the price is here or lower.
        exit_id: Id of the closing node.

    Raises:
        ValueError: An argument can never be right.

    Example:
        >>> from sequence_markets import recipes
        >>> graph = recipes.oco(seq.node("long", "BTC-USD", "buy", "0.1"), above=99_000, below=88_000)
        >>> print(graph.tree())
        long  buy 0.1 BTC-USD, market
        ├─ when BTC-USD is above 99000.0, as much as filled → exit  sell 0.1 BTC-USD, market
        └─ when BTC-USD is below 88000.0, as much as filled → ↑ exit
    """
    if opening.limit_price is not None:
        raise ValueError("opening must be a market order")
    if price_to_1e9(above, "above") <= price_to_1e9(below, "below"):
        raise ValueError(f"above must be higher than below, got {above!r} and {below!r}")
    symbol = opening.instrument.symbol
    return _entry_and_exit(
        opening,
        exit_id,
        OnPrice(symbol, "above", reference=_exact(above, "above")),
        OnPrice(symbol, "below", reference=_exact(below, "below")),
    )


def stop_loss(
    symbol: str,
    side: Side,
    qty: Number,
    *,
    stop_pct: Number,
    entry_price: Number | None = None,
    venue: str | None = None,
    instrument_type: InstrumentType = "spot",
    urgency: Urgency | None = None,
) -> Graph:
    """Enter a position, and leave it when the price has moved against it.

    Args:
        symbol: Symbol to trade.
        side: Side of the entry.
        qty: Quantity of the entry.
        stop_pct: Distance of the stop from the average entry price, in percent.
        entry_price: Limit price of the entry; a market order when omitted.
        venue: Venue to pin both to.
        instrument_type: ``"spot"``, ``"perp"`` or ``"prediction"``.
        urgency: Urgency of the entry.

    Raises:
        ValueError: An argument can never be right.

    Example:
        >>> from sequence_markets import recipes
        >>> graph = recipes.stop_loss("ETH-USD-PERP", "sell", 2, stop_pct="2.5", instrument_type="perp")
        >>> graph.edges[0].when
        OnPrice(symbol='ETH-USD-PERP', direction='above', reference='graph_entry_price', offset_pct=2.5)
    """
    entry = node(
        "entry", symbol, side, qty, limit_price=entry_price, venue=venue, instrument_type=instrument_type,
        urgency=urgency,
    )  # fmt: skip
    _, loss = _directions(side)
    return _entry_and_exit(entry, "stop", OnPrice(symbol, loss, offset_pct=_exact(stop_pct, "stop_pct")))


def scale_out(
    symbol: str,
    side: Side,
    qty: Number,
    *,
    targets: Iterable[tuple[Number, Number]],
    venue: str | None = None,
    instrument_type: InstrumentType = "spot",
    urgency: Urgency | None = None,
) -> Graph:
    """Enter a position at the market, and leave it in parts as the price moves in its favour.

    Args:
        symbol: Symbol to trade.
        side: Side of the entry.
        qty: Quantity of the entry.
        targets: Pairs of a distance from the entry price in percent and the part to close there, of what the entry has
            filled by then. When the parts add up to 1, the last takes what rounding has left.
        venue: Venue to pin all to.
        instrument_type: ``"spot"``, ``"perp"`` or ``"prediction"``.
        urgency: Urgency of the entry.

    Raises:
        ValueError: The parts add up to more than 1, or an argument can never be right.

    Example:
        >>> from sequence_markets import recipes
        >>> graph = recipes.scale_out("BTC-USD", "buy", 1, targets=[(2, "0.5"), (4, "0.25"), (8, "0.25")])
        >>> [str(node.quantity.fixed.qty.normalize()) for node in graph.nodes]
        ['1', '0.5', '0.25', '0.25']
    """
    entry = node("entry", symbol, side, qty, venue=venue, instrument_type=instrument_type, urgency=urgency)
    whole = qty_to_1e8(qty)
    parts = [(_exact(pct, "targets"), _exact(part, "targets")) for pct, part in targets]
    if not parts:
        raise ValueError("targets must not be empty")
    total = sum(part for _, part in parts)
    if total > 1:
        raise ValueError(f"the parts of targets must add up to at most 1, got {total}")
    sizes = [_floor(whole * part) for _, part in parts]
    if total == 1:
        sizes[-1] += whole - sum(sizes)
    profit, _ = _directions(side)
    nodes: list[NodeSpec] = [entry]
    edges: list[EdgeSpec] = []
    for index, ((pct, part), size) in enumerate(zip(parts, sizes, strict=True), 1):
        exit_id = f"exit_{index}"
        nodes.append(
            node(exit_id, symbol, _OTHER[side], decimal_1e8(size), venue=venue, instrument_type=instrument_type)
        )
        # An entry may fill in part: closing whole parts of what was asked for would then close too much.
        ratio = max(part, decimal_1e9(-(-size * PRICE_SCALE // whole)))
        edges.append(edge("entry", exit_id, OnPrice(symbol, profit, offset_pct=pct), sizing={"ratio": ratio}))
    return prepare(nodes, edges)


def ladder(
    symbol: str,
    side: Side,
    qty: Number,
    *,
    first: Number,
    last: Number,
    orders: int,
    tick: Number = "0.01",
    venue: str | None = None,
    instrument_type: InstrumentType = "spot",
) -> Graph:
    """Spread a quantity over limit orders at evenly spaced prices. All rest at once.

    Args:
        symbol: Symbol to trade.
        side: ``"buy"`` or ``"sell"``.
        qty: Quantity of all together; each takes an equal part, the last also what rounding has left.
        first: Limit price of the first.
        last: Limit price of the last.
        orders: How many, 2 to 100.
        tick: Prices are rounded down to a multiple of this.
        venue: Venue to pin all to.
        instrument_type: ``"spot"``, ``"perp"`` or ``"prediction"``.

    Raises:
        ValueError: An argument can never be right.

    Example:
        >>> from sequence_markets import recipes
        >>> graph = recipes.ladder("BTC-USD", "buy", 1, first=90_000, last=89_000, orders=3)
        >>> [str(node.limit_price.normalize()) for node in graph.nodes]
        ['9E+4', '8.95E+4', '8.9E+4']
    """
    if orders not in range(2, MOST_NODES + 1):
        raise ValueError(f"orders must be 2 to {MOST_NODES}, got {orders!r}")
    whole = qty_to_1e8(qty)
    start, end, step = price_to_1e9(first, "first"), price_to_1e9(last, "last"), price_to_1e9(tick, "tick")
    nodes: list[NodeSpec] = []
    for index in range(orders):
        price = (start + (end - start) * index // (orders - 1)) // step * step
        size = whole // orders + (whole % orders if index == orders - 1 else 0)
        nodes.append(
            node(
                f"rung_{index + 1}", symbol, side, decimal_1e8(size), limit_price=decimal_1e9(price), venue=venue,
                instrument_type=instrument_type, tif="GTC",
            )
        )  # fmt: skip
    return prepare(nodes)


def twap(
    symbol: str,
    side: Side,
    qty: Number,
    *,
    slices: int,
    interval_ms: int,
    venue: str | None = None,
    instrument_type: InstrumentType = "spot",
    urgency: Urgency | None = None,
    limit_price: Number | None = None,
) -> Graph:
    """Trade a quantity in equal slices at equal intervals. The first slice starts at once.

    Args:
        symbol: Symbol to trade.
        side: ``"buy"`` or ``"sell"``.
        qty: Quantity of all slices together.
        slices: How many, 1 to 999.
        interval_ms: Milliseconds from one slice to the next.
        venue: Venue to pin it to.
        instrument_type: ``"spot"``, ``"perp"`` or ``"prediction"``.
        urgency: Urgency of each slice.
        limit_price: Limit price of each slice.

    Raises:
        ValueError: An argument can never be right.

    Example:
        >>> from sequence_markets import recipes
        >>> graph = recipes.twap("BTC-USD", "buy", 2, slices=10, interval_ms=30_000)
        >>> graph.nodes[0]["execution"]["pacing"]
        {'uniform': {'num_slices': 10, 'interval_ms': 30000}}
    """
    paced = node(
        "twap", symbol, side, qty, venue=venue, instrument_type=instrument_type, urgency=urgency,
        limit_price=limit_price, pacing={"slices": slices, "interval_ms": interval_ms},
    )  # fmt: skip
    return prepare([paced])


def spot_perp_hedge(
    spot: str,
    perp: str,
    qty: Number,
    *,
    side: Side = "buy",
    at: Number | None = None,
    hedge_ratio: Number = 1,
    perp_venue: str | None = "hyperliquid",
    spot_venue: str | None = None,
    urgency: Urgency | None = None,
) -> Graph:
    """Trade spot, and the other side of a perp against it.

    Args:
        spot: Spot symbol.
        perp: Perp symbol.
        qty: Spot quantity.
        side: Side of the spot order.
        at: Hedge once, with the whole quantity, when this part of the spot order is filled, above 0 and at most 1. When
            omitted the hedge streams: every spot fill is hedged with its own quantity as it happens.
        hedge_ratio: Perp quantity for one of spot.
        perp_venue: Venue to pin the perp to; routed when ``None``.
        spot_venue: Venue to pin the spot order to.
        urgency: Urgency of the spot order.

    Raises:
        ValueError: An argument can never be right.

    Example:
        >>> from sequence_markets import recipes
        >>> graph = recipes.spot_perp_hedge("ETH-USD", "ETH-USD-PERP", 200, at=0.5)
        >>> print(graph.tree())
        spot  buy 200 ETH-USD, market
        └─ when 50 % filled → hedge  sell 200 ETH-USD-PERP on hyperliquid, market
        >>> streaming = recipes.spot_perp_hedge("ETH-USD", "ETH-USD-PERP", 200, hedge_ratio="0.8")
        >>> streaming.edges[0].when, streaming.edges[0].sizing
        (OnFill(), {'ratio': 0.8})
    """
    ratio = decimal_1e9(price_to_1e9(hedge_ratio, "hedge_ratio"))
    nodes = [
        node("spot", spot, side, qty, venue=spot_venue, urgency=urgency),
        node(
            "hedge", perp, _OTHER[side], decimal_1e8(_floor(qty_to_1e8(qty) * ratio)), venue=perp_venue,
            instrument_type="perp",
        ),
    ]  # fmt: skip
    if at is not None:
        return prepare(nodes, [edge("spot", "hedge", "fill_pct", at)])
    sizing: Any = "source_fill" if ratio == 1 else {"ratio": ratio}
    return prepare(nodes, [edge("spot", "hedge", "on_fill", sizing=sizing)])


def _entry_and_exit(entry: NodeSpec, exit_id: str, *prices: OnPrice) -> Graph:
    """Close what an order has filled when the first of some prices is reached."""
    side: Side = "sell" if entry.side == "buy" else "buy"
    raw = {
        "node_id": exit_id,
        "instrument": entry.raw["instrument"],
        "side": side,
        "order_type": "market",
        "quantity": entry.raw["quantity"],
    }
    return prepare([entry, raw], [edge(entry.node_id, exit_id, price, sizing="source_fill") for price in prices])


def _directions(side: Side) -> tuple[Literal["above", "below"], Literal["above", "below"]]:
    """Return where the profit lies, and where the loss."""
    if side not in _OTHER:
        raise ValueError(f"side must be 'buy' or 'sell', got {side!r}")
    return ("above", "below") if side == "buy" else ("below", "above")


def _exact(value: Number, name: str) -> Decimal:
    # A text would read as the name of a reference.
    return decimal_1e9(price_to_1e9(value, name))


def _floor(value: Decimal) -> int:
    return int(value.to_integral_value(ROUND_FLOOR))
