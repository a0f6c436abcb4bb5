"""How execution graphs run: what fires when something happens, what is released, and what ends.

Whatever happens to a node is news. News is dealt with first in, first out, within the instant; the edges that leave a
node are looked at in the order in which they were submitted. Once no news is left, prices and runtime limits are looked
at, which may make news again.
"""

from __future__ import annotations

from typing import Final

from sequence_markets.sandbox.trading import policies, records as rec
from sequence_markets.sandbox.trading.desk import Desk, EdgeTimer
from sequence_markets.sandbox.trading.graphs import (
    WHOLE,
    Edge,
    Graph,
    News,
    Node,
    exhausted,
    is_ripe,
    stranded,
    taken_over,
)
from sequence_markets.sandbox.trading.looks import breached, next_look, reached, watched_symbols
from sequence_markets.sandbox.trading.placing import cancel, conclude
from sequence_markets.sandbox.trading.router import arrival_mid, arrival_sides
from sequence_markets.sandbox.trading.state import Order

__all__ = [
    "begin",
    "cancel_graph",
    "close_node",
    "expire",
    "on_edge_timer",
    "pause",
    "rearm",
    "reconsider",
    "resume",
    "settle",
    "start_order",
]

_MS: Final = 1_000_000
_E18: Final = 10**18
_WAITS_FOR: Final[dict[str, frozenset[str]]] = {
    "accepted": frozenset({"on_accepted"}),
    "fill": frozenset({"on_first_fill", "on_fill", "on_fill_ratio", "on_full_fill"}),
    "ended": frozenset({"on_cancel", "on_done"}),
}


def settle(desk: Desk) -> None:
    """Deal with everything that has happened, until nothing more follows from it."""
    news = desk.state.news
    if news is None:
        return
    while True:
        if news:
            item = news.pop(0)
            desk.concerned[item.graph] = None
            _react(desk, item)
        elif desk.concerned or desk.stirred:
            graphs = _to_look_at(desk)
            desk.concerned.clear()
            desk.stirred.clear()
            for graph in graphs:
                look(desk, graph)
        else:
            return


def rearm(desk: Desk) -> None:
    """Plan the looks of every graph, as after a restart."""
    for graph in desk.state.graphs.values():
        if not graph.final and not graph.paused and watched_symbols(desk, graph):
            desk.schedule_look(graph, next_look(desk, graph))


def _to_look_at(desk: Desk) -> list[Graph]:
    numbers = set(desk.concerned)
    if desk.stirred:
        for no in desk.looking:
            if not desk.stirred.keys().isdisjoint(watched_symbols(desk, desk.state.graphs[no])):
                numbers.add(no)
    return [desk.state.graphs[no] for no in sorted(numbers)]


def look(desk: Desk, graph: Graph) -> None:
    """Compare the market with what a graph waits for, and plan the next look."""
    desk.looking.pop(graph.no, None)
    if graph.final:
        return
    if not graph.paused:
        for edge in graph.edges:
            if edge.watched and edge.spec.trigger == "on_price" and reached(desk, graph, edge):
                fire(desk, graph, edge, graph.nodes[edge.source].filled)
        if graph.risk.watches and not graph.breach and not desk.state.news:
            rule = breached(desk, graph)
            if rule:
                _fail(desk, graph, rule, graph.risk.action or "cancel_all")
    if graph.final or graph.paused:
        return
    if watched_symbols(desk, graph):
        desk.schedule_look(graph, next_look(desk, graph))


def _react(desk: Desk, item: News) -> None:
    graph = desk.state.graphs[item.graph]
    node = graph.nodes[item.node]
    if item.kind == "activated":
        for no in node.outgoing:
            desk.schedule_timeout(graph, graph.edges[no])
            _fire_at_once(desk, graph, graph.edges[no])
        return
    if item.kind == "failed":
        action = graph.risk.action
        if action in ("cancel_all", "pause") and not graph.final:
            _fail(desk, graph, "NODE_FAILED", action)
        return
    waiting = _WAITS_FOR[item.kind]
    for no in node.outgoing:
        edge = graph.edges[no]
        if not graph.paused and edge.watched and edge.spec.trigger in waiting and is_ripe(edge, node, desk.now_ns):
            # A fill that was counted when its edge was reconsidered is not counted again.
            fresh = min(item.qty, node.filled - edge.counted)
            fire(desk, graph, edge, fresh if edge.spec.trigger == "on_fill" else node.filled)
    if item.kind == "fill":
        for no in node.incoming:
            _close_other_exits(desk, graph, graph.nodes[graph.edges[no].source])
    if item.kind == "ended":
        _after_end(desk, graph, node)


def _fire_at_once(desk: Desk, graph: Graph, edge: Edge) -> None:
    """The first slice does not wait for the clock."""
    if edge.spec.pace and not edge.spec.timeout_ms and edge.watched and not graph.paused:
        fire(desk, graph, edge, 0)


def _after_end(desk: Desk, graph: Graph, node: Node) -> None:
    for number in node.slices:
        close_node(desk, graph, graph.nodes[number], node.reason)
    if node.parent >= 0:
        _end_parent(desk, graph, graph.nodes[node.parent])
    for no in node.outgoing:
        _strand(desk, graph, graph.nodes[graph.edges[no].target])
    _close_other_exits(desk, graph, node)


def _end_parent(desk: Desk, graph: Graph, parent: Node) -> None:
    """End the order that sums up slices, once all of them have ended."""
    order = desk.state.orders[parent.orders[0]]
    slices = [graph.nodes[number] for number in parent.slices]
    if order.done or not all(node.final for node in slices):
        return
    reason = next((node.reason for node in reversed(slices) if node.reason), "")
    if order.filled:
        status = "COMPLETED"
    else:
        status = "REJECTED" if all(node.status == "rejected" for node in slices) else "CANCELLED"
    desk.emit(rec.Ended(order.no, status, reason))


def _strand(desk: Desk, graph: Graph, node: Node) -> None:
    if stranded(graph, node):
        cancel(desk, desk.state.orders[node.orders[0]], "NOT_ACTIVATED")


def fire(desk: Desk, graph: Graph, edge: Edge, basis: int) -> None:
    """Fire an edge.

    Args:
        desk: The working context.
        graph: The graph.
        edge: One of its edges, whose trigger came true.
        basis: The quantity that fired it, for edges that are sized by it.
    """
    source = graph.nodes[edge.source]
    spec = edge.spec
    counted = edge.counted + basis if spec.trigger == "on_fill" else source.filled
    # Of two prices that close a position, the second closes only what the first has left.
    basis = min(basis, source.filled - taken_over(graph, edge))
    qty = WHOLE
    if spec.sizing == "source_fill":
        qty = basis
    elif spec.sizing == "ratio":
        qty = basis * spec.amount_1e18 // _E18
    due = desk.now_ns + spec.delay_ms * _MS if spec.delay_ms else 0
    desk.emit(rec.EdgeFired(graph.no, edge.no, counted, qty, due))
    if not due:
        _release(desk, graph, edge, qty)


def _release(desk: Desk, graph: Graph, edge: Edge, qty: int) -> None:
    """Let a quantity of an edge's target become an order, at most what is left of it."""
    node = graph.nodes[edge.target]
    if node.final:
        return
    if node.target:
        left = node.target - node.released
        qty = _room_for_exit(desk, graph, node, left if qty == WHOLE else min(qty, left))
    else:
        # What dollars buy is known when the order begins; until then zero stands for all of it.
        qty = -1 if node.activated else 0
    if qty < 0 or (node.target and not qty):
        desk.emit(rec.Delivered(graph.no, edge.no))
        _strand(desk, graph, node)
        return
    desk.emit(rec.Released(graph.no, edge.no, node.no, qty))
    begin(desk, node)


def begin(desk: Desk, node: Node) -> None:
    """Start what was just released of a node: an order, or the first of its slices."""
    order = desk.state.orders[node.orders[-1]]
    if node.slices:
        _begin_paced(desk, node, order)
    else:
        start_order(desk, order)


def _begin_paced(desk: Desk, node: Node, order: Order) -> None:
    books = desk.books(order)
    mid = arrival_mid(desk, order, books)
    qty = order.qty or policies.quantity_for(order, books, mid)
    if qty < len(node.slices):
        desk.emit(rec.Ended(order.no, "REJECTED", "QUANTITY_TOO_SMALL" if mid else "NO_LIQUIDITY"))
        return
    desk.emit(rec.Begun(order.no, qty, mid, 0, 0, *arrival_sides(order, books)))


def start_order(desk: Desk, order: Order) -> None:
    """Send an order on its way."""
    delay = _latency(desk, order)
    if delay:
        desk.emit(rec.TimerSet(order.no, "start", desk.now_ns + delay, 0))
    else:
        policies.activate(desk, order)
    if not order.done:
        desk.schedule_expiry(order)


def _latency(desk: Desk, order: Order) -> int:
    """How long an order is under way: as long as to the slowest venue it may reach."""
    latencies = dict(desk.state.accounts[order.client].settings.latency_ms)
    return max((latencies.get(venue, 0) for venue in desk.candidates(order)), default=0) * _MS


def on_edge_timer(desk: Desk, event: EdgeTimer) -> None:
    """A timeout or a delay may be over. A paused graph deals with it when it is resumed."""
    graph = desk.state.graphs[event.graph]
    if graph.paused or graph.final:
        return
    _catch_up(desk, graph, graph.edges[event.edge])


def _catch_up(desk: Desk, graph: Graph, edge: Edge) -> None:
    """Deliver what is due of an edge, and fire it when its timeout is over."""
    target = graph.nodes[edge.target]
    while not target.final and edge.deliveries and edge.deliveries[0][0] <= desk.now_ns:
        _release(desk, graph, edge, edge.deliveries[0][1])
    source = graph.nodes[edge.source]
    if edge.watched and edge.spec.trigger == "on_timeout" and is_ripe(edge, source, desk.now_ns):
        fire(desk, graph, edge, source.filled)


def pause(desk: Desk, graph: Graph, breach: str = "") -> None:
    """Release nothing more of a graph until it is resumed; what works goes on."""
    desk.emit(rec.GraphPaused(graph.no, breach))
    desk.concerned[graph.no] = None


def resume(desk: Desk, graph: Graph) -> None:
    """Go on with a paused graph, looking at every trigger again."""
    desk.emit(rec.GraphResumed(graph.no))
    reconsider(desk, graph)


def reconsider(desk: Desk, graph: Graph) -> None:
    """Fire every edge whose trigger holds by now."""
    desk.concerned[graph.no] = None
    if graph.paused or graph.final:
        return
    for edge in graph.edges:
        _catch_up(desk, graph, edge)
        source = graph.nodes[edge.source]
        if edge.watched and is_ripe(edge, source, desk.now_ns):
            fire(desk, graph, edge, source.filled - (edge.counted if edge.spec.trigger == "on_fill" else 0))


def cancel_graph(desk: Desk, graph: Graph, reason: str) -> int:
    """Cancel every node of a graph that is not final, and say how many those were. Fills stay."""
    active = [node for node in graph.nodes if not node.final]
    # Closing all of them first keeps the end of one from being an event, or an end, for another.
    for node in active:
        _close(desk, graph, node, reason)
    for node in active:
        close_node(desk, graph, node, reason)
    return len(active)


def _close(desk: Desk, graph: Graph, node: Node, reason: str) -> None:
    if not graph.plain and not exhausted(graph, node):
        desk.emit(rec.NodeClosed(graph.no, node.no, reason))


def close_node(desk: Desk, graph: Graph, node: Node, reason: str) -> None:
    """Cancel a node: what works of it, and what was not released yet."""
    if node.final:
        return
    _close(desk, graph, node, reason)
    for no in node.orders:
        order = desk.state.orders[no]
        if not order.done:
            cancel(desk, order, reason)


def expire(desk: Desk, order: Order) -> None:
    """End the node of an order whose market has closed: what works of it, and what was not released yet."""
    graph = desk.state.graphs[order.graph]
    node = graph.nodes[order.node]
    if node.final:
        return
    _close(desk, graph, node, "MARKET_CLOSED")
    for no in node.orders:
        conclude(desk, desk.state.orders[no], "MARKET_CLOSED")


def _fail(desk: Desk, graph: Graph, rule: str, action: str) -> None:
    if action == "pause":
        if not graph.paused:
            pause(desk, graph, rule)
        return
    desk.emit(rec.GraphBreached(graph.no, rule))
    if action == "cancel_all":
        cancel_graph(desk, graph, rule)


def _exits(graph: Graph, source: Node) -> list[Node]:
    """The nodes that close the same position in different ways: each could take what the source fills, all together
    would take more. Empty when there is no such choice."""
    numbers = dict.fromkeys(graph.edges[no].target for no in source.outgoing)
    exits = [
        node
        for node in (graph.nodes[number] for number in numbers)
        if node.spec.symbol == source.spec.symbol and node.spec.side != source.spec.side and node.parent < 0
    ]
    targets = [node.target for node in exits]
    if len(exits) < 2 or not source.target or not all(0 < target <= source.target for target in targets):
        return []
    return exits if sum(targets) > source.target else []


def _still_to_exit(source: Node, exits: list[Node]) -> int:
    return (source.filled if source.final else source.target) - sum(node.filled for node in exits)


def _close_other_exits(desk: Desk, graph: Graph, source: Node) -> None:
    """Once the position of a source is closed, its other exits have nothing left to do."""
    exits = _exits(graph, source)
    if exits and any(node.filled for node in exits) and _still_to_exit(source, exits) <= 0:
        for node in exits:
            close_node(desk, graph, node, "EXIT_TAKEN")


def _room_for_exit(desk: Desk, graph: Graph, node: Node, qty: int) -> int:
    """What an exit may release: earlier exits make way for it, so that a position is never closed twice."""
    for no in node.incoming:
        source = graph.nodes[graph.edges[no].source]
        exits = _exits(graph, source)
        if not exits:
            continue
        qty = min(qty, _still_to_exit(source, exits) - _working(desk, node))
        for other in exits:
            others = sum(_working(desk, entry) for entry in exits if entry is not node)
            if other is not node and _working(desk, other) and qty + others > _still_to_exit(source, exits):
                close_node(desk, graph, other, "EXIT_TAKEN")
    return max(qty, 0)


def _working(desk: Desk, node: Node) -> int:
    if not node.activated:
        return 0
    return sum(order.remaining for order in (desk.state.orders[no] for no in node.orders) if not order.done)
