"""What must be true at every moment, checked against the state alone and against the journal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields

from sequence_markets.sandbox.algos import books
from sequence_markets.sandbox.market.funding import funding_interval_ns
from sequence_markets.sandbox.trading import records as rec
from sequence_markets.sandbox.trading.desk import Desk
from sequence_markets.sandbox.trading.errors import InvariantError
from sequence_markets.sandbox.trading.graphs import Edge, Graph
from sequence_markets.sandbox.trading.machines import EDGE
from sequence_markets.sandbox.trading.placing import required_holds
from sequence_markets.sandbox.trading.settling import funding_amount
from sequence_markets.sandbox.trading.state import Account, Order, State

__all__ = ["check"]


def check(desk: Desk, journal: Iterable[str]) -> None:
    """Check every rule.

    Raises:
        InvariantError: Names the broken rule.
    """
    state = desk.state
    _ledger(state)
    _overlay(state)
    for account in state.accounts.values():
        _account(state, account)
        _contracts(desk, account)
        _funding(account)
    for order in state.orders.values():
        _order(desk, order)
    for graph in state.graphs.values():
        _graph(state, graph)
    _working(state)
    books.check(state)
    _fold(state, journal)


def _expect(true: bool, name: str, detail: str) -> None:
    if not true:
        raise InvariantError(name, detail)


def _ledger(state: State) -> None:
    sums: dict[str, int] = {}
    for (account, asset), amount in state.ledger.balances.items():
        sums[asset] = sums.get(asset, 0) + amount
        if account.startswith("client/") and not asset.endswith("-PERP"):
            _expect(amount >= 0, "balances-not-negative", f"{account} is {amount}")
        if account.endswith(("/held", "/margin")):
            _expect(amount >= 0, "holds-not-negative", f"{account} is {amount}")
    for asset, total in sums.items():
        _expect(total == 0, "postings-balance", f"all accounts of {asset} sum to {total}")


def _overlay(state: State) -> None:
    for (venue, symbol), levels in state.taken.items():
        for (side, price), (shown, taken) in levels.items():
            _expect(
                0 < taken <= shown,
                "taken-at-most-displayed",
                f"{taken} of {shown} on the {side} side at {price}, {symbol} on {venue}",
            )


def _account(state: State, account: Account) -> None:
    held: dict[tuple[str, str], int] = {}
    for no in account.orders.values():
        for key, amount in state.orders[no].holds.items():
            held[key] = held.get(key, 0) + amount
    prefix = f"client/{account.client}/"
    for (name, asset), amount in state.ledger.balances.items():
        if name.startswith(prefix) and name.endswith("/held"):
            venue = name[len(prefix) :].split("/", 1)[0]
            _expect(
                held.pop((venue, asset), 0) == amount,
                "holds-match-orders",
                f"{name} is {amount}, which is not what the working orders hold",
            )
    _expect(not any(held.values()), "holds-match-orders", f"orders of {account.client} hold {held} not in the ledger")
    margins: dict[str, int] = {}
    for (venue, _, asset), position in account.positions.items():
        margins[venue] = margins.get(venue, 0) + position.margin
        total = state.ledger.total(account.client, venue, asset)
        parts = (
            state.ledger.free(account.client, venue, asset),
            state.ledger.held(account.client, venue, asset) + state.ledger.margin(account.client, venue, asset),
        )
        _expect(sum(parts) == total, "available-plus-locked", f"{asset} on {venue}: {parts} is not {total}")
    bound: dict[str, int] = {}
    for (name, _), amount in state.ledger.balances.items():
        if name.startswith(prefix) and name.endswith("/margin"):
            venue = name[len(prefix) :].split("/", 1)[0]
            bound[venue] = bound.get(venue, 0) + amount
    for venue in sorted({*margins, *bound}):
        _expect(
            margins.get(venue, 0) == bound.get(venue, 0),
            "margin-matches-positions",
            f"{venue}: positions bind {margins.get(venue, 0)}, the ledger {bound.get(venue, 0)}",
        )
    filled: dict[int, tuple[int, int, int, int]] = {}
    for fill in account.fills:
        qty, value, fees, count = filled.get(fill.order, (0, 0, 0, 0))
        filled[fill.order] = (qty + fill.qty, value + fill.qty * fill.price, fees + fill.fee, count + 1)
        _within(state.orders[fill.order], fill.price, fill.fill_id)
        slice_of = _parent_order(state, state.orders[fill.order])
        if slice_of:
            qty, value, fees, count = filled.get(slice_of, (0, 0, 0, 0))
            filled[slice_of] = (qty + fill.qty, value + fill.qty * fill.price, fees + fill.fee, count + 1)
    for no in account.orders.values():
        order = state.orders[no]
        _expect(
            filled.get(no, (0, 0, 0, 0)) == (order.filled, order.notional, order.fees, order.fill_count),
            "fills-match-orders",
            f"{order.id}: fills sum to {filled.get(no)}",
        )


def _contracts(desk: Desk, account: Account) -> None:
    """Contracts of decided markets are worth what their market pays, wait for it unbound, and are paid once."""
    for (venue, kind, asset), position in account.positions.items():
        if kind != "event_contract":
            continue
        qty, settled = desk.state.total(account.client, (venue, kind, asset)), position.settled
        payout = desk.market.events.payout_1e9(asset, desk.now_ns)
        at = f"{asset} of {account.client}"
        if settled is None:
            _expect(payout is None or not qty, "decided-contracts-are-settled", f"{at}: {qty} are still active")
            continue
        _expect(settled.payout == payout, "settled-as-decided", f"{at} pays {settled.payout}, its market {payout}")
        _expect(qty == (0 if settled.paid_ns else settled.qty), "redeemed-once", f"{at}: {qty} left, {settled}")
        _expect(
            not desk.state.ledger.held(account.client, venue, asset), "settled-contracts-are-free", f"{at} are bound"
        )
        late = 0 < settled.pays_ns < desk.now_ns and not settled.paid_ns
        _expect(not late, "claims-are-paid", f"{at}: {settled} is overdue")


def _funding(account: Account) -> None:
    """Every perp position is funded once per settlement, by the rate and the mark that are told."""
    seen: set[tuple[str, str, int]] = set()
    brought: dict[int, int] = {}
    for payment in account.funding:
        at = f"{payment.symbol} of {account.client} on {payment.venue} at {payment.time_ns}"
        key = (payment.venue, payment.symbol, payment.time_ns)
        _expect(key not in seen, "funded-once", at)
        seen.add(key)
        interval = funding_interval_ns(payment.venue)
        _expect(interval is not None and payment.time_ns % interval == 0, "funded-at-settlements", at)
        amount = funding_amount(payment.qty, payment.mark, payment.rate)
        _expect(payment.amount == amount, "funded-by-the-rate", f"{at}: {payment.amount}, not {amount}")
        brought[payment.position] = brought.get(payment.position, 0) + payment.amount
    for position in account.positions.values():
        sums = brought.get(position.id, 0)
        _expect(
            position.funding == sums, "funding-sums-up-payments", f"row {position.id}: {position.funding}, not {sums}"
        )


def _parent_order(state: State, order: Order) -> int:
    """The order that sums up the slice an order belongs to; 0 for none."""
    graph = state.graphs[order.graph]
    parent = graph.nodes[order.node].parent
    return graph.nodes[parent].orders[0] if parent >= 0 else 0


def _graph(state: State, graph: Graph) -> None:
    name = graph.graph_id
    unfinished = sum(not node.final for node in graph.nodes)
    _expect(graph.unfinished == unfinished, "unfinished-nodes-known", f"{name}: {graph.unfinished}, not {unfinished}")
    _expect(graph.final == (unfinished == 0), "graph-ends-with-its-nodes", f"{name} is {graph.status}")
    for node in graph.nodes:
        at = f"{name}:{node.id}"
        orders = [state.orders[no] for no in node.orders]
        _expect(node.filled == sum(order.filled for order in orders), "node-sums-up-orders", at)
        if node.slices:
            parts = sum(graph.nodes[number].filled for number in node.slices)
            _expect(node.filled == parts, "parent-sums-up-slices", at)
        _expect(node.filled <= node.released <= node.target or not node.target, "filled-released-target", at)
        _expect((node.status == "filled") == (node.filled == node.target > 0), "filled-means-filled", at)
        if node.final:
            _expect(all(order.done for order in orders), "final-nodes-have-final-orders", at)
        if not node.activated:
            idle = not node.accepted and all(order.status in ("PENDING", "CANCELLED") for order in orders)
            _expect(idle and not node.released, "nothing-before-activation", at)
        elif not node.root:
            fired = any(graph.edges[no].fire_count for no in node.incoming)
            _expect(fired, "activated-by-an-edge", at)
    for edge in graph.edges:
        _edge(graph, edge, f"{name}:{edge.id}")


def _edge(graph: Graph, edge: Edge, at: str) -> None:
    source, target = graph.nodes[edge.source], graph.nodes[edge.target]
    _expect(edge.status in EDGE.states, "edge-states", f"{at} is {edge.status}")
    most = source.fill_count if edge.spec.trigger == "on_fill" else 1
    _expect(edge.fire_count <= most, "edges-fire-as-often-as-documented", f"{at} fired {edge.fire_count} times")
    _expect((edge.status in ("fired", "streaming")) == (edge.fire_count > 0), "fired-means-fired", at)
    _expect(edge.counted <= source.filled, "counted-at-most-filled", at)
    _expect(not (target.final and edge.watched), "final-nodes-wait-for-nothing", at)


def _within(order: Order, price: int, fill_id: str) -> None:
    buying = order.spec.side == "buy"
    for name, bound in (("limit", order.widest_1e9), ("slippage cap", order.cap_1e9)):
        inside = not bound or (price <= bound if buying else price >= bound)
        _expect(inside, f"fills-within-{name.split()[0]}", f"{fill_id} of {order.id} at {price}, {name} {bound}")


def _order(desk: Desk, order: Order) -> None:
    _expect(order.filled <= order.qty or not order.qty, "filled-at-most-target", f"{order.id}")
    _expect((order.status == "FILLED") == (order.filled == order.qty > 0), "filled-means-filled", order.id)
    if order.done:
        _expect(not order.children and not order.holds, "final-orders-hold-nothing", order.id)
        return
    closes_ns = desk.instrument(order).expiry_ns
    _expect(closes_ns is None or desk.now_ns <= closes_ns, "closed-markets-have-no-orders", f"{order.id} still works")
    needed = required_holds(desk, order)
    _expect(needed == order.holds, "holds-cover-need", f"{order.id} holds {order.holds} and needs {needed}")
    resting = sum(child.qty for no in order.children if (child := desk.state.children[no]).mode == "rest")
    _expect(resting <= order.remaining, "resting-at-most-remaining", f"{order.id} rests {resting}")


def _working(state: State) -> None:
    working = [no for no, order in state.orders.items() if not order.done]
    _expect(sorted(state.working) == working, "working-orders-known", "the list of working orders is wrong")
    _expect(all(group.children for group in state.groups.values()), "resting-parts-known", "an empty book is watched")
    owned = sorted(no for order in state.orders.values() for no in order.children)
    grouped = sorted(no for group in state.groups.values() for no in group.children)
    _expect(owned == grouped == sorted(state.children), "resting-parts-known", "a resting part is lost")


def _fold(state: State, journal: Iterable[str]) -> None:
    folded = State()
    for line in journal:
        folded.apply(rec.decode(line))
    for field in fields(State):
        if not field.compare:
            continue
        live, again = getattr(state, field.name), getattr(folded, field.name)
        _expect(live == again, "fold-equals-live", f"field {field.name!r} of the state differs from the journal's fold")
