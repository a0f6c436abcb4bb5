"""Storing a graph, and setting it going."""

from __future__ import annotations

from sequence_markets.sandbox.trading import cascade, records as rec
from sequence_markets.sandbox.trading.desk import Desk
from sequence_markets.sandbox.trading.spec import GraphSpec
from sequence_markets.sandbox.trading.state import Graph

__all__ = ["start_graph", "store_graph"]


def store_graph(desk: Desk, client: str, spec: GraphSpec) -> Graph:
    """Store a graph of an account; nothing of it is sent on its way yet."""
    shape = spec.shape
    desk.emit(
        rec.GraphAccepted(
            client,
            spec.graph_id,
            spec.content,
            spec.sandbox,
            spec.metadata,
            tuple((node_id, order.to_dict()) for node_id, order in shape.nodes),
            shape.waiting,
            shape.slices,
            tuple((name, source, target, edge.to_dict()) for name, source, target, edge in shape.edges),
            spec.risk.to_dict(),
        )
    )
    return desk.state.accounts[client].graphs[spec.graph_id]


def start_graph(desk: Desk, graph: Graph) -> None:
    """Send the nodes on their way that do not wait for an edge."""
    for node in graph.nodes:
        if node.root:
            cascade.begin(desk, node)
        elif not node.final:
            desk.schedule_expiry(desk.state.orders[node.orders[0]])
    desk.concerned[graph.no] = None
