"""How orders, fills and graphs are shown on the wire."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from sequence_markets.sandbox.trading.graphs import Edge, Graph, Node
from sequence_markets.sandbox.trading.machines import EDGE, NODE
from sequence_markets.sandbox.trading.state import Account, Fill, Order, State

__all__ = ["LARGEST_PAGE", "fill_row", "graph_row", "node_row", "order_row", "page"]

LARGEST_PAGE: Final = 500

T = TypeVar("T")


def average_price(order: Order) -> int:
    """The average price of an order's fills in 1e-9, rounded down; 0 before the first."""
    return order.notional // order.filled if order.filled else 0


def order_row(order: Order) -> dict[str, object]:
    """One row of the flat order list."""
    spec = order.spec
    return {
        "node_order_id": order.id,
        "graph_id": order.graph_id,
        "node_id": order.node_id,
        "client_id": order.client,
        "symbol": spec.symbol,
        "side": spec.side.upper(),
        "status": order.status,
        "order_type": "limit" if spec.limit_1e9 else "market",
        "venue": spec.venue or None,
        "policy": spec.policy,
        "urgency": spec.urgency,
        "tif": spec.tif,
        "qty_1e8": order.qty,
        "filled_qty_1e8": order.filled,
        "limit_price_1e9": spec.limit_1e9 or None,
        "avg_fill_price_1e9": average_price(order) or None,
        "fee_1e9": order.fees * 10,
        "fill_count": order.fill_count,
        "failure_reason": order.reason or None,
        "created_unix_ns": order.created_ns,
        "updated_unix_ns": order.updated_ns,
    }


def fill_row(state: State, fill: Fill) -> dict[str, object]:
    """One row of the fill list."""
    order = state.orders[fill.order]
    return {
        "fill_id": fill.fill_id,
        "node_order_id": order.id,
        "symbol": order.spec.symbol,
        "side": order.spec.side.upper(),
        "qty_1e8": fill.qty,
        "price_1e9": fill.price,
        "venue": fill.venue,
        "fee_1e9": fill.fee * 10,
        "fee_asset": fill.cash,
        "liquidity": fill.liquidity,
        "timestamp_ns": fill.time_ns,
    }


def node_row(state: State, node: Node) -> dict[str, object]:
    """A node's entry in the status of its graph."""
    order = state.orders[node.orders[-1]]
    return {
        "status": NODE.word(node.status),
        "node_order_id": order.id,
        "target_qty_1e8": node.target,
        "filled_qty_1e8": node.filled,
        "avg_fill_price_1e9": node.notional // node.filled if node.filled else None,
        "fill_count": node.fill_count,
        "failure_reason": node.reason or order.reason or None,
    }


def edge_row(edge: Edge) -> dict[str, object]:
    """An edge's entry in the status of its graph."""
    return {"status": EDGE.word(edge.status), "fired": edge.fire_count > 0, "fire_count": edge.fire_count}


def graph_row(state: State, account: Account, graph: Graph) -> dict[str, object]:
    """The whole status of a graph."""
    return {
        "graph_id": graph.graph_id,
        "client_id": account.client,
        "status": graph.status,
        "is_sandbox": graph.sandbox,
        "created_unix_ns": graph.created_ns,
        "failure_reason": graph.breach or None,
        "nodes": {node.id: node_row(state, node) for node in graph.nodes},
        "edges": {edge.id: edge_row(edge) for edge in graph.edges},
    }


def page(
    name: str, oldest_first: Sequence[T], limit: int, offset: int, show: Callable[[T], dict[str, object]]
) -> dict[str, object]:
    """One page of a list, newest first. `limit` is clamped to 1..500, `offset` to zero or more."""
    limit = min(max(limit, 1), LARGEST_PAGE)
    offset = max(offset, 0)
    total = len(oldest_first)
    end = max(total - offset, 0)
    return {
        name: [show(row) for row in reversed(oldest_first[max(end - limit, 0) : end])],
        "total": total,
        "limit": limit,
        "offset": offset,
        "has_more": offset + limit < total,
    }
