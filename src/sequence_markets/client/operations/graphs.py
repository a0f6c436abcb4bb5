"""Level 3: submitting execution graphs, their state, cancelling and resuming."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from sequence_markets.client import checks
from sequence_markets.client.operation import NOTHING, Operation, Retry, json_body, one, path
from sequence_markets.errors import GraphError, GraphFault
from sequence_markets.graphs import Graph, prepare
from sequence_markets.graphs.checking import risk_faults
from sequence_markets.models import EdgeSpec, GraphStatus, NodeSpec, Submission
from sequence_markets.models._json import plain

Nodes = Graph | Iterable[NodeSpec | Mapping[str, Any]]
Edges = Iterable[EdgeSpec | Mapping[str, Any]]

_STATUS = one(GraphStatus)
_SUBMISSION = one(Submission)


def lookup(graph_id: str) -> str:
    """Return the call that tells what became of a graph, as text."""
    return f"graph_status({graph_id!r})"


def new_graph_id(graph_id: str | None) -> str:
    """Return the caller's graph id, or a new one, so that a repeat of a submit is harmless."""
    return f"graph_{uuid.uuid4().hex}" if graph_id is None else checks.new_graph_id(graph_id)


def graph(
    nodes: Nodes,
    edges: Edges | None,
    sandbox: bool,
    *,
    graph_id: str | None,
    risk: Mapping[str, Any] | None,
    metadata: object,
) -> Operation[Submission]:
    """Submit a graph, after checking it whole."""
    known = new_graph_id(graph_id)
    body: dict[str, Any] = {"graph_id": known, "nodes": [], "edges": []}
    if isinstance(nodes, Graph):
        if edges is not None:
            raise TypeError("edges must be omitted with a Graph, which has its own")
        _, edges = whole = nodes
        nodes = whole.nodes
    faults: list[GraphFault] = []
    try:
        checked = prepare(nodes, edges)
    except GraphError as error:
        faults += error.faults
    else:
        body["nodes"] = [node.raw for node in checked.nodes]
        body["edges"] = [edge.raw for edge in checked.edges]
    body["is_sandbox"] = checks.boolean(sandbox, "sandbox")
    if risk is not None:
        faults += risk_faults(risk)
        body["risk"] = plain(risk)
    if metadata is not None:
        try:
            json_body(metadata)
        except (TypeError, ValueError, RecursionError) as error:
            faults.append(GraphFault("graph", f"metadata must be JSON: {error}"))
        body["metadata"] = metadata
    if faults:
        raise GraphError(faults)
    return submission("graph", body)


def submission(name: str, body: Mapping[str, Any]) -> Operation[Submission]:
    """Submit a graph that is known to be right."""
    known: str = body["graph_id"]
    return Operation(
        name,
        "POST",
        "/v1/orders",
        _SUBMISSION,
        retry=Retry.IDEMPOTENT,
        body=json_body(body),
        graph_id=known,
        settles=True,
        lookup=lookup(known),
    )


def graph_status(graph_id: str, name: str = "graph_status") -> Operation[GraphStatus]:
    """Read the state of a graph."""
    checks.path_part(graph_id, "graph_id")
    return Operation(
        name, "GET", path("execution_graphs", graph_id), _STATUS, graph_id=graph_id, settles=True, denies=True
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


def graph_resume(graph_id: str) -> Operation[None]:
    """Resume a paused graph. A late repeat could undo a newer pause."""
    checks.path_part(graph_id, "graph_id")
    return Operation(
        "graph_resume",
        "POST",
        path("execution_graphs", graph_id, "resume"),
        NOTHING,
        retry=Retry.UNSAFE,
        body=json_body({}),
        graph_id=graph_id,
        settles=True,
        denies=True,
        lookup=lookup(graph_id),
    )


def cancel(graph_or_order_id: str) -> Operation[None]:
    """Cancel the graph that is named, or that the named order belongs to."""
    return graph_cancel(checks.graph_or_order(graph_or_order_id), "cancel")
