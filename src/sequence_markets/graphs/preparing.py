"""From what a caller writes to a whole graph in the wire's form, or to everything that is wrong with it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from sequence_markets.errors import GraphError, GraphFault
from sequence_markets.graphs.building import wire_pacing, wire_sizing, wire_trigger
from sequence_markets.graphs.checking import Faults, edge_faults, node_faults, shown
from sequence_markets.graphs.words import MOST_EDGES, MOST_EXPANDED, MOST_NODES
from sequence_markets.models import EdgeSpec, NodeSpec
from sequence_markets.models._json import is_mapping, is_object, plain

if TYPE_CHECKING:
    from sequence_markets.models import GraphStatus

_LONGEST_ID: Final = 128
Raw = dict[str, Any]


class Graph(NamedTuple):
    """An execution graph that has not been sent: its nodes and its edges.

    It is a pair, so ``seq.graph(*graph)`` sends it and ``nodes, edges = graph`` takes it apart. In a notebook it shows
    itself as a picture.

    Example:
        >>> from sequence_markets import recipes
        >>> graph = recipes.twap("BTC-USD", "buy", 2, slices=4, interval_ms=60_000)
        >>> print(graph.tree())
        twap  buy 2 BTC-USD, market, 4 slices every 60 s
    """

    nodes: tuple[NodeSpec, ...]
    edges: tuple[EdgeSpec, ...] = ()

    def check(self) -> Graph:
        """Return the graph as it would be sent: ids made unique, activations set.

        Raises:
            GraphError: It cannot be sent; lists everything that is wrong.
        """
        return prepare(self.nodes, self.edges)

    def tree(self, status: GraphStatus | None = None) -> str:
        """Return the graph as a tree of text, with the states of a status where one is given."""
        from sequence_markets import pictures

        return pictures.tree(self, status)

    def to_mermaid(self, status: GraphStatus | None = None) -> str:
        """Return the graph as a Mermaid flowchart, coloured by a status where one is given."""
        from sequence_markets import pictures

        return pictures.to_mermaid(self, status)

    def to_svg(self, status: GraphStatus | None = None) -> str:
        """Return the graph as an SVG picture, coloured by a status where one is given."""
        from sequence_markets import pictures

        return pictures.to_svg(self, status)

    def _repr_svg_(self) -> str:
        return self.to_svg()

    def _repr_html_(self) -> str:
        from sequence_markets import pictures

        return pictures.to_html(self)


def prepare(
    nodes: Iterable[NodeSpec | Mapping[str, Any]], edges: Iterable[EdgeSpec | Mapping[str, Any]] | None = None
) -> Graph:
    """Return a graph as it is sent. What is given stays as it is.

    Nodes and edges may be models and dicts in any mixture. What a dict leaves out is added: the kind of instrument,
    the order type, the activation, the ids of edges. Edge ids that collide are made unique.

    Args:
        nodes: The nodes.
        edges: The edges; none when omitted.

    Raises:
        GraphError: The graph can never be right; lists everything that is wrong.
        TypeError: ``nodes`` or ``edges`` is no list of mappings.

    Example:
        >>> from sequence_markets.graphs import prepare
        >>> graph = prepare([seq.node("a", "BTC-USD", "buy", 1), seq.node("b", "BTC-USD", "sell", 1)],
        ...                 [{"from_node": "a", "to_node": "b", "trigger": "full_fill"}])
        >>> graph.edges[0].edge_id, [node.activation for node in graph.nodes]
        ('e_a_b', ['root', 'wait'])
    """
    raw_nodes = [_read_node(each) for each in _rows(nodes, "nodes")]
    raw_edges: list[Raw] = [plain(each) for each in _rows([] if edges is None else edges, "edges")]
    _name_edges(raw_edges)
    faults: list[GraphFault] = []
    for index, node in enumerate(raw_nodes):
        named = isinstance(node.get("node_id"), str) and node["node_id"]
        faults += node_faults(node, _owner(node) if named else f"nodes[{index}]")
    for edge in raw_edges:
        unread = _read_edge(edge)
        faults += [GraphFault(_owner_of(edge), message) for message in unread.values()]
        faults += edge_faults({key: value for key, value in edge.items() if key not in unread}, _owner_of(edge), unread)
    faults += _structure_faults(raw_nodes, raw_edges)
    _activate(raw_nodes, raw_edges)
    if faults:
        raise GraphError(dict.fromkeys(faults))
    return Graph(
        tuple(NodeSpec.unvalidated(node) for node in raw_nodes), tuple(EdgeSpec.unvalidated(edge) for edge in raw_edges)
    )


def _rows(given: object, name: str) -> list[Mapping[str, Any]]:
    if isinstance(given, str | bytes | bytearray) or is_mapping(given) or not isinstance(given, Iterable):
        raise TypeError(f"{name} must be a list of nodes or edges, not {type(given).__name__}")
    rows = list(cast("Iterable[object]", given))
    for index, row in enumerate(rows):
        if not is_mapping(row):
            raise TypeError(f"{name}[{index}] must be a dict or a model, not {type(row).__name__}")
    return cast("list[Mapping[str, Any]]", rows)


def _read_node(given: Mapping[str, Any]) -> Raw:
    node: Raw = plain(given)
    if is_object(instrument := node.get("instrument")):
        instrument.setdefault("type", "spot")
        instrument.setdefault("venue", None)
    node.setdefault("order_type", "market")
    execution: Any = node.get("execution")
    if execution is None:
        node["execution"] = {}
    elif is_object(execution) and is_object(execution.get("pacing")):
        execution["pacing"] = wire_pacing(execution["pacing"])
    return node


def _read_edge(edge: Raw) -> dict[str, str]:
    """Bring an edge into the wire's form, and return what is wrong with the fields that cannot be."""
    unread: dict[str, str] = {}
    trigger: Any = edge.get("trigger")
    value: Any = edge.pop("value", None)
    condition: Any = edge.get("condition")
    if value is None and is_object(condition) and isinstance(trigger, str):
        # The condition of the wire is the value of the short form; on_fill with one is how old clients wrote a ratio.
        value = condition.get("fill_ratio_gte")
        trigger = "on_fill_ratio" if trigger == "on_fill" and value is not None else trigger
    if trigger is not None:
        try:
            edge["trigger"], made = wire_trigger(trigger, value)
            if made is not None:
                edge["condition"] = {**(condition if is_object(condition) else {}), **made}
        except (ValueError, TypeError) as error:
            unread["trigger"] = str(error)
    if edge.get("sizing") is not None:
        try:
            edge["sizing"] = wire_sizing(edge["sizing"])
        except (ValueError, TypeError) as error:
            unread["sizing"] = str(error)
    return unread


def _owner(node: Raw) -> str:
    return f"node {shown(node.get('node_id'))}"


def _owner_of(edge: Raw) -> str:
    return f"edge {shown(edge['edge_id'])}"


def _name_edges(edges: list[Raw]) -> None:
    """Give every edge an id of its own; the first of those that share one keeps it."""
    taken = {edge["edge_id"] for edge in edges if isinstance(edge.get("edge_id"), str)}
    used: set[object] = set()
    for index, edge in enumerate(edges):
        wanted: object = edge.get("edge_id")
        if wanted is None:
            wanted = f"e_{edge.get('from_node')}_{edge.get('to_node')}"
            if len(wanted) > _LONGEST_ID:
                wanted = f"e_{index}"
            if wanted in taken:
                wanted = _next_free(wanted, taken)
        elif isinstance(wanted, str) and wanted in used:
            wanted = _next_free(wanted, taken)
        edge["edge_id"] = wanted
        if isinstance(wanted, str):
            used.add(wanted)
            taken.add(wanted)


def _next_free(wanted: str, taken: set[Any]) -> str:
    number = 2
    while (free := f"{wanted[: _LONGEST_ID - len(str(number)) - 1]}_{number}") in taken:
        number += 1
    return free


def _structure_faults(nodes: list[Raw], edges: list[Raw]) -> list[GraphFault]:
    """Return what is wrong with the graph as a whole."""
    whole = Faults("graph")
    if not nodes:
        whole.add("", "must have at least one node")
    if len(nodes) > MOST_NODES:
        whole.add("", f"may have at most {MOST_NODES} nodes, has {len(nodes)}")
    if len(edges) > MOST_EDGES:
        whole.add("", f"may have at most {MOST_EDGES} edges, has {len(edges)}")
    faults = whole.found
    ids = [node["node_id"] for node in nodes if isinstance(node.get("node_id"), str)]
    known = set(ids)
    faults += [
        GraphFault(f"node {each!r}", f"node_id is used {ids.count(each)} times")
        for each in dict.fromkeys(ids)
        if ids.count(each) > 1
    ]
    faults += _slice_faults(nodes, known)
    incoming: dict[str, list[str]] = {}
    outgoing: dict[str, list[str]] = {each: [] for each in known}
    for edge in edges:
        source, target = (edge[end] if isinstance(edge.get(end), str) else None for end in ("from_node", "to_node"))
        if source == target and source is not None:
            faults.append(GraphFault(_owner_of(edge), f"leads from {source!r} to itself"))
        for end, name in (("from_node", source), ("to_node", target)):
            if name is not None and name not in known:
                faults.append(GraphFault(_owner_of(edge), f"{end} {shown(name)} is no node of the graph"))
        if target is not None:
            incoming.setdefault(target, []).append(str(edge["edge_id"]))
        if source in known and target in known and source != target:
            outgoing[cast("str", source)].append(cast("str", target))
    for node in nodes:
        name, activation = node.get("node_id"), node.get("activation")
        if activation == "wait" and name not in incoming:
            faults.append(
                GraphFault(_owner(node), "activation is 'wait', and no edge leads to it: nothing can activate it")
            )
        if activation == "root" and name in incoming:
            through = ", ".join(map(repr, incoming[cast("str", name)]))
            faults.append(
                GraphFault(
                    _owner(node), f"activation is 'root', so that it would start at once in spite of edge {through}"
                )
            )
    for cycle in _cycles(outgoing):
        faults.append(GraphFault(f"node {cycle[0]!r}", f"is part of a cycle: {' -> '.join([*cycle, cycle[0]])}"))
    if nodes and all(node.get("node_id") in incoming or node.get("activation") == "wait" for node in nodes):
        faults.append(GraphFault("graph", "has no root: every node waits for another"))
    return faults


def _slice_faults(nodes: list[Raw], known: set[str]) -> list[GraphFault]:
    faults: list[GraphFault] = []
    expanded = len(nodes)
    for node in nodes:
        slices = _slices(node)
        expanded += slices
        clash = next(
            (name for index in range(slices) if (name := f"{node.get('node_id')}_slice_{index}") in known), None
        )
        if clash is not None:
            faults.append(GraphFault(f"node {clash!r}", f"has the id of a slice of node {node.get('node_id')!r}"))
    if expanded > MOST_EXPANDED:
        faults.append(GraphFault("graph", f"may have at most {MOST_EXPANDED} nodes with all slices, has {expanded}"))
    return faults


def _slices(node: Raw) -> int:
    try:
        count: object = node["execution"]["pacing"]["uniform"]["num_slices"]
    except (KeyError, TypeError):
        return 0
    return count if isinstance(count, int) and not isinstance(count, bool) and 0 < count < MOST_EXPANDED else 0


def _cycles(outgoing: dict[str, list[str]]) -> list[list[str]]:
    """Return one cycle of every knot of nodes that lead back to themselves (Tarjan, without recursion)."""
    order: dict[str, int] = {}
    low: dict[str, float] = {}
    stack: list[str] = []
    found: list[list[str]] = []
    for start in outgoing:
        if start in order:
            continue
        work: list[tuple[str, int]] = [(start, 0)]
        while work:
            name, position = work.pop()
            if position == 0:
                order[name] = len(order)
                low[name] = order[name]
                stack.append(name)
            for index in range(position, len(outgoing[name])):
                follower = outgoing[name][index]
                if follower not in order:
                    work += [(name, index + 1), (follower, 0)]
                    break
                low[name] = min(low[name], low[follower])
            else:
                if low[name] == order[name]:
                    knot = stack[stack.index(name) :]
                    del stack[-len(knot) :]
                    low.update(dict.fromkeys(knot, math.inf))
                    if len(knot) > 1:
                        found.append(_way_round(min(knot), set(knot), outgoing))
                if work:
                    parent = work[-1][0]
                    low[parent] = min(low[parent], low[name])
    return found


def _way_round(start: str, knot: set[str], outgoing: dict[str, list[str]]) -> list[str]:
    """Return the shortest way from a node back to itself."""
    came: dict[str, str] = {}
    queue = [start]
    for name in queue:
        for follower in outgoing[name]:
            if follower == start:
                way = [name]
                while way[-1] != start:
                    way.append(came[way[-1]])
                return way[::-1]
            if follower in knot and follower not in came:
                came[follower] = name
                queue.append(follower)
    return [start]


def _activate(nodes: list[Raw], edges: list[Raw]) -> None:
    targets = {edge.get("to_node") for edge in edges if isinstance(edge.get("to_node"), str)}
    for node in nodes:
        if node.get("activation") is None:
            node["activation"] = "wait" if node.get("node_id") in targets else "root"
