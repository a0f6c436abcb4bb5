"""Execution graphs: state and cancelling."""

from __future__ import annotations

from sequence_markets.client import checks
from sequence_markets.client.operation import NOTHING, Operation, Retry, one, path
from sequence_markets.models import GraphStatus

_STATUS = one(GraphStatus)


def lookup(graph_id: str) -> str:
    """Return the call that tells what became of a graph, as text."""
    return f"graph_status({graph_id!r})"


def graph_status(graph_id: str) -> Operation[GraphStatus]:
    """Read the state of a graph."""
    checks.path_part(graph_id, "graph_id")
    return Operation(
        "graph_status", "GET", path("execution_graphs", graph_id), _STATUS, graph_id=graph_id, settles=True, denies=True
    )


def graph_cancel(graph_id: str, name: str = "graph_cancel") -> Operation[None]:
    """Cancel every active node. What is cancelled stays cancelled, so it may be repeated."""
    checks.path_part(graph_id, "graph_id")
    return Operation(
        name,
        "DELETE",
        path("execution_graphs", graph_id),
        NOTHING,
        retry=Retry.IDEMPOTENT,
        graph_id=graph_id,
        settles=True,
        denies=True,
        lookup=lookup(graph_id),
    )


def cancel(graph_or_order_id: str) -> Operation[None]:
    """Cancel the graph that is named, or that the named order belongs to."""
    return graph_cancel(checks.graph_or_order(graph_or_order_id), "cancel")
