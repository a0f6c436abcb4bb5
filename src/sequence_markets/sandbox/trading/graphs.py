"""What an execution graph is while it runs: nodes, edges, and what follows from one for the others.

Everything here is a function of the graph and its orders alone. What moves by itself (an edge is armed when its source
is activated, a node is final when its orders are) is worked out when a record is applied, so the journal holds
decisions only: which edge fired, what was released, which order ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, cast

from sequence_markets.sandbox.trading.machines import EDGE, GRAPH, NODE

if TYPE_CHECKING:
    from collections.abc import Callable

    from sequence_markets.sandbox.trading.state import Order, OrderSpec

__all__ = [
    "NEUTRAL",
    "WHOLE",
    "Edge",
    "EdgeSpec",
    "Graph",
    "News",
    "Node",
    "RiskSpec",
    "can_fire",
    "exhausted",
    "is_ripe",
    "make_edge",
    "make_risk",
    "refresh",
    "stranded",
    "taken_over",
]

WHOLE: Final = -1
"""A release of everything that is not released yet."""

NEUTRAL: Final = frozenset({"NOT_ACTIVATED", "EXIT_TAKEN"})
"""Why a node may be cancelled without its graph counting as aborted."""

EXPIRED: Final = frozenset({"HORIZON_EXPIRED", "MARKET_CLOSED"})
"""Why a node may end without a failure of its own: its time was over."""

_FINAL_NODE: Final = NODE.final
_FINAL_GRAPH: Final = GRAPH.final
_WATCHED: Final = frozenset({"armed", "streaming"})
_LIVE: Final = frozenset({"pending", "armed", "streaming"})


class News(NamedTuple):
    """Something that happened to a node and that edges may wait for."""

    graph: int
    node: int
    kind: str
    qty: int = 0


@dataclass(frozen=True, slots=True)
class EdgeSpec:
    """What an edge waits for and what it releases, normalised.

    `trigger` is the wire's word. Zero and "" stand for "none"; a `reference_1e9` of zero is the source's entry price.
    `ratio_1e18` and `amount_1e18` are parts of one in 1e-18, `offset_1e18` is a percentage in 1e-18. `pace` marks the
    edges that cut a paced node into slices.
    """

    trigger: str
    ratio_1e18: int = 0
    timeout_ms: int = 0
    symbol: str = ""
    direction: str = ""
    reference_1e9: int = 0
    offset_1e18: int = 0
    sizing: str = "target"
    amount_1e18: int = 0
    delay_ms: int = 0
    pace: bool = False

    def to_dict(self) -> dict[str, object]:
        """The fields that say something, as the journal keeps them."""
        return {entry.name: value for entry in fields(self) if (value := getattr(self, entry.name)) != entry.default}


@dataclass(frozen=True, slots=True)
class RiskSpec:
    """The runtime rules of a graph: -1 stands for no limit, "" for no choice of what to do."""

    max_loss_1e9: int = -1
    max_unhedged: int = -1
    action: str = ""

    def to_dict(self) -> dict[str, object]:
        """The fields that say something, as the journal keeps them."""
        return {entry.name: value for entry in fields(self) if (value := getattr(self, entry.name)) != entry.default}

    @property
    def watches(self) -> bool:
        """Whether there is a runtime limit."""
        return self.max_loss_1e9 >= 0 or self.max_unhedged >= 0


make_edge: Final = cast("Callable[..., EdgeSpec]", EdgeSpec)
make_risk: Final = cast("Callable[..., RiskSpec]", RiskSpec)

Delivery: TypeAlias = tuple[int, int]
"""(due at, quantity or `WHOLE`)"""


@dataclass(slots=True)
class Edge:
    """One edge. `counted` is how much of its source's fills its firings have dealt with, `deliveries` what is under way
    to its target."""

    no: int
    id: str
    source: int
    target: int
    spec: EdgeSpec
    status: str = EDGE.initial
    fire_count: int = 0
    counted: int = 0
    deliveries: list[Delivery] = field(default_factory=list[Delivery])

    @property
    def watched(self) -> bool:
        """Whether its trigger is being watched."""
        return self.status in _WATCHED

    @property
    def live(self) -> bool:
        """Whether it may still release something."""
        return self.status in _LIVE or bool(self.deliveries)

    def step(self, event: str) -> None:
        """Let an event happen to it."""
        self.status = EDGE.step(self.status, event)


@dataclass(slots=True)
class Node:
    """One node. `orders` are its releases, oldest first; the first exists from the beginning. A paced node has slices
    instead of working itself, and each slice knows its parent (-1: none)."""

    no: int
    id: str
    spec: OrderSpec
    target: int
    root: bool
    parent: int = -1
    slices: tuple[int, ...] = ()
    status: str = NODE.initial
    reason: str = ""
    released: int = 0
    activated_ns: int = 0
    accepted: bool = False
    closed: bool = False
    filled: int = 0
    notional: int = 0
    fees: int = 0
    fill_count: int = 0
    orders: list[int] = field(default_factory=list[int])
    incoming: list[int] = field(default_factory=list[int])
    outgoing: list[int] = field(default_factory=list[int])

    @property
    def final(self) -> bool:
        """Whether it has come to its end."""
        return self.status in _FINAL_NODE

    @property
    def activated(self) -> bool:
        """Whether something of it was released."""
        return self.activated_ns > 0

    def step(self, event: str) -> None:
        """Let an event happen to it."""
        self.status = NODE.step(self.status, event)


@dataclass(slots=True)
class Graph:
    """One graph. `breach` names the risk rule that was broken, "" for none."""

    no: int
    client: str
    graph_id: str
    content: str
    sandbox: bool
    metadata: object
    created_ns: int
    nodes: list[Node]
    edges: list[Edge]
    risk: RiskSpec
    status: str = GRAPH.initial
    breach: str = ""
    unfinished: int = 0

    @property
    def plain(self) -> bool:
        """Whether it is nothing but orders: no edge, no runtime rule."""
        return not self.edges and self.risk == _NO_RISK

    @property
    def final(self) -> bool:
        """Whether it has come to its end."""
        return self.status in _FINAL_GRAPH

    @property
    def paused(self) -> bool:
        """Whether nothing is released just now."""
        return self.status == "paused"

    def step(self, event: str) -> None:
        """Let an event happen to it."""
        self.status = GRAPH.step(self.status, event)


_NO_RISK: Final = RiskSpec()


def is_ripe(edge: Edge, source: Node, now_ns: int) -> bool:
    """Whether an edge's trigger holds, as far as its source and the time decide that; prices decide for themselves."""
    spec = edge.spec
    match spec.trigger:
        case "on_accepted":
            return source.accepted and source.status != "rejected"
        case "on_first_fill":
            return source.filled > 0
        case "on_fill":
            return source.filled > edge.counted
        case "on_fill_ratio":
            return source.filled * 10**18 >= spec.ratio_1e18 * source.target > 0
        case "on_full_fill":
            return source.status == "filled"
        case "on_cancel":
            return source.status == "cancelled" and _counts(source)
        case "on_done":
            return source.final and _counts(source)
        case "on_timeout":
            return source.activated and now_ns >= due_ns(edge, source)
        case _:
            return False


def due_ns(edge: Edge, source: Node) -> int:
    """When a timeout is due: counted from the activation of its source."""
    return source.activated_ns + edge.spec.timeout_ms * 1_000_000


def _counts(node: Node) -> bool:
    """Whether the end of a node is an event: a node that was passed over has not really been there."""
    return node.activated or node.reason not in NEUTRAL


def can_fire(edge: Edge, source: Node) -> bool:
    """Whether an edge may still fire although its source is final."""
    match edge.spec.trigger:
        case "on_timeout":
            return source.activated
        case "on_price":
            return source.filled > 0 if not edge.spec.reference_1e9 else source.activated
        case _:
            return is_ripe(edge, source, 0)


def taken_over(graph: Graph, edge: Edge) -> int:
    """How much of its source's fills other edges have handed on to the same target already."""
    others = (graph.edges[no] for no in graph.nodes[edge.target].incoming if no != edge.no)
    return max(
        (other.counted for other in others if other.source == edge.source and other.spec.sizing != "target"), default=0
    )


def exhausted(graph: Graph, node: Node) -> bool:
    """Whether nothing more of a node can be released."""
    if node.closed:
        return True
    if node.activated and node.released >= node.target:
        return True
    return not any(graph.edges[no].live for no in node.incoming)


def stranded(graph: Graph, node: Node) -> bool:
    """Whether a node was never activated and never will be."""
    return not node.activated and not node.final and not node.root and exhausted(graph, node)


def refresh(graph: Graph, node: Node, orders: Mapping[int, Order], news: list[News] | None) -> None:
    """Work out what follows for a graph from a change of one of its nodes."""
    todo = [node.no]
    while todo:
        changed = graph.nodes[todo.pop()]
        _move_node(graph, changed, orders, news)
        for no in changed.outgoing:
            edge = graph.edges[no]
            before = edge.status, edge.live
            _move_edge(graph, edge)
            if (edge.status, edge.live) != before:
                todo.append(edge.target)
        if changed.final:
            for no in changed.incoming:
                edge = graph.edges[no]
                if edge.watched or edge.status == "pending":
                    edge.step("cancel")
    _move_graph(graph)


def _move_edge(graph: Graph, edge: Edge) -> None:
    source, target = graph.nodes[edge.source], graph.nodes[edge.target]
    if edge.status == "pending":
        entry = edge.spec.trigger == "on_price" and not edge.spec.reference_1e9
        if target.final:
            edge.step("cancel")
        elif (source.filled > 0) if entry else (source.activated or (source.final and can_fire(edge, source))):
            edge.step("arm")
        elif source.final:
            edge.step("expire")
    if edge.watched and source.final:
        if not can_fire(edge, source):
            edge.step("finish" if edge.status == "streaming" else "expire")
        elif _is_moot(graph, edge, source):
            edge.step("cancel")


def _is_moot(graph: Graph, edge: Edge, source: Node) -> bool:
    """Whether a price is waited for in vain: nothing is left to be handed on."""
    by_fill = edge.spec.trigger == "on_price" and edge.spec.sizing != "target"
    return by_fill and source.filled <= taken_over(graph, edge)


def _move_node(graph: Graph, node: Node, orders: Mapping[int, Order], news: list[News] | None) -> None:
    if node.final:
        return
    if node.status == "pending" and not node.accepted and _under_way(graph, node, orders):
        node.step("arm")
    if node.accepted and node.status in ("pending", "armed"):
        node.step("start")
    if node.filled:
        if node.filled == node.target:
            node.step("fill_all")
        elif node.status != "partial_fill":
            node.step("fill")
    if not node.final and all(orders[no].done for no in node.orders) and exhausted(graph, node):
        _end(node, orders)
    if node.final:
        graph.unfinished -= 1
        if news is not None and not graph.plain:
            news.append(News(graph.no, node.no, "ended"))


def _under_way(graph: Graph, node: Node, orders: Mapping[int, Order]) -> bool:
    if any(orders[no].status == "PENDING" and "start" in orders[no].timers for no in node.orders):
        return True
    return any(graph.edges[no].watched or graph.edges[no].deliveries for no in node.incoming)


def _end(node: Node, orders: Mapping[int, Order]) -> None:
    last = orders[node.orders[-1]]
    node.reason = node.reason or last.reason
    if node.closed or last.status == "CANCELLED":
        node.step("cancel")
    elif node.filled:
        node.step("complete")
    else:
        node.step("reject" if last.status in ("REJECTED", "FAILED") else "cancel")


def _move_graph(graph: Graph) -> None:
    if graph.final:
        return
    if not graph.unfinished:
        # A node that was only passed over decides nothing.
        ends = [node for node in graph.nodes if node.reason not in NEUTRAL and node.parent < 0]
        if all(node.reason in EXPIRED for node in ends):
            graph.step("expire")
        elif any(node.status in ("cancelled", "rejected") for node in ends):
            graph.step("abort")
        else:
            graph.step("complete")
        return
    if graph.status == "pending" and any(node.accepted for node in graph.nodes):
        graph.step("start")
    if graph.status == "active" and any(node.filled for node in graph.nodes):
        graph.step("fill")
