"""Changing what an order or a node aims at: a new total quantity, a new limit, or both.

Every amendment is a cancel and a replacement: what rests loses its place in the queue, and holds are worked out anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sequence_markets.sandbox.instruments import PREDICTION_UNIT_1E9
from sequence_markets.sandbox.trading import cascade, policies, records as rec
from sequence_markets.sandbox.trading.desk import Desk
from sequence_markets.sandbox.trading.errors import Refusal
from sequence_markets.sandbox.trading.graphs import Graph, Node
from sequence_markets.sandbox.trading.placing import retract
from sequence_markets.sandbox.trading.problems import Problems, as_mapping
from sequence_markets.sandbox.trading.state import Order
from sequence_markets.units import MAX_INT64

__all__ = ["Change", "amend_node", "amend_order", "read_change"]


@dataclass(frozen=True, slots=True)
class Change:
    """What is to change: the new total quantity in 1e-8 and the new limit in 1e-9, 0 for no change."""

    qty: int
    limit: int


def read_change(body: Mapping[str, object]) -> Change:
    """Read the body of an amendment.

    Raises:
        Refusal: 422 with one detail per bad field.
    """
    problems = Problems()
    problems.keys("", body, frozenset({"new_qty_1e8", "new_constraints"}))
    qty = limit = 0
    if body.get("new_qty_1e8") is not None:
        qty = problems.bounded("new_qty_1e8", body["new_qty_1e8"], 1, MAX_INT64) or 0
    if body.get("new_constraints") is not None:
        constraints = as_mapping(body["new_constraints"])
        if constraints is None:
            problems.add("new_constraints", "must be an object")
        else:
            problems.keys("new_constraints", constraints, frozenset({"max_price_1e9"}))
            if constraints.get("max_price_1e9") is not None:
                price = constraints["max_price_1e9"]
                limit = problems.bounded("new_constraints.max_price_1e9", price, 1, MAX_INT64) or 0
    if not problems.found and not qty and not limit:
        problems.add("new_qty_1e8", "give new_qty_1e8, new_constraints.max_price_1e9 or both")
    problems.refuse()
    return Change(qty, limit)


def _check_limit(desk: Desk, order: Order, limit: int) -> None:
    instrument = desk.instrument(order)
    if limit and instrument.type == "prediction":
        field = "new_constraints.max_price_1e9"
        if limit > PREDICTION_UNIT_1E9:
            raise Refusal.invalid(field, "must be between 0 and 1 for a prediction market")
        if limit % instrument.tick_1e9:
            raise Refusal.invalid(field, f"must be a multiple of the tick, {instrument.tick_1e9} (1e-9)")


def amend_order(desk: Desk, order: Order, change: Change) -> None:
    """Change one order.

    Raises:
        Refusal: 409 when it is over or belongs to a paced node's schedule, 422 when the change is not possible.
    """
    graph = desk.state.graphs[order.graph]
    node = graph.nodes[order.node]
    if order.done:
        raise _over(f"order {order.id!r} is {order.status}")
    if not node.activated or node.slices:
        amend_node(desk, graph, node, change)
        return
    _check_schedule(node, change)
    _check_limit(desk, order, change.limit)
    _replace(desk, order, change)
    _follow(desk, graph)


def amend_node(desk: Desk, graph: Graph, node: Node, change: Change) -> None:
    """Change what a node aims at: what works of it, and what is not released yet.

    Raises:
        Refusal: 409 when it is final or belongs to a paced node's schedule, 422 when the change is not possible.
    """
    if node.final:
        raise _over(f"node {node.id!r} is {node.status}")
    _check_schedule(node, change)
    first = desk.state.orders[node.orders[0]]
    _check_limit(desk, first, change.limit)
    if node.slices:
        _amend_paced(desk, graph, node, first, change)
    elif not node.activated:
        desk.emit(rec.NodeAmended(graph.no, node.no, change.qty or node.target, change.limit or node.spec.limit_1e9))
    else:
        _amend_released(desk, graph, node, change)
    _follow(desk, graph)


def _amend_paced(desk: Desk, graph: Graph, node: Node, order: Order, change: Change) -> None:
    if node.activated:
        desk.emit(rec.Amended(order.no, order.qty, change.limit))
    else:
        desk.emit(rec.NodeAmended(graph.no, node.no, node.target, change.limit))
    for part in (graph.nodes[number] for number in node.slices):
        if part.activated:
            for no in part.orders:
                if not desk.state.orders[no].done:
                    _replace(desk, desk.state.orders[no], change)
        elif not part.final:
            desk.emit(rec.NodeAmended(graph.no, part.no, part.target, change.limit))


def _amend_released(desk: Desk, graph: Graph, node: Node, change: Change) -> None:
    target = change.qty or node.target
    if target <= node.filled:
        raise _too_small(node.filled)
    working = [desk.state.orders[no] for no in node.orders if not desk.state.orders[no].done]
    # What is released works on under its new size; what is not released yet only becomes more or less.
    shift = target - node.target if node.released >= node.target else min(0, target - node.released)
    if not working:
        if shift:
            raise _over(f"{node.released} (1e-8) of node {node.id!r} is released and over")
    else:
        last = working[-1]
        for order in working:
            qty = order.qty + shift if order is last else order.qty
            if qty <= order.filled:
                raise _too_small(order.filled)
            if change.limit or qty != order.qty:
                _replace(desk, order, Change(qty, change.limit))
    if node.target != target or (change.limit and node.spec.limit_1e9 != change.limit):
        desk.emit(rec.NodeAmended(graph.no, node.no, target, change.limit or node.spec.limit_1e9))


def _replace(desk: Desk, order: Order, change: Change) -> None:
    qty = change.qty or order.qty
    if qty <= order.filled and order.status != "PENDING":
        raise _too_small(order.filled)
    limit = change.limit or order.spec.limit_1e9
    if order.status == "PENDING":
        desk.emit(rec.Amended(order.no, qty, limit))
        return
    retract(desk, order)
    desk.emit(rec.Amended(order.no, qty, limit))
    policies.restart(desk, order)
    if order.done and order.reason == "INSUFFICIENT_BALANCE":
        # Raising undoes the whole command: the order works on as it was.
        raise Refusal(422, "INSUFFICIENT_BALANCE", "the account cannot cover the amended order; it is unchanged")


def _follow(desk: Desk, graph: Graph) -> None:
    if not graph.plain:
        cascade.reconsider(desk, graph)


def _check_schedule(node: Node, change: Change) -> None:
    if change.qty and (node.slices or node.parent >= 0):
        raise Refusal(409, "CONFLICT", "the quantity of a paced node is cut into slices and cannot be changed")


def _over(what: str) -> Refusal:
    return Refusal(409, "CONFLICT", f"{what}; nothing of it can be changed")


def _too_small(filled: int) -> Refusal:
    return Refusal.invalid("new_qty_1e8", f"must be more than the {filled} that is filled")
