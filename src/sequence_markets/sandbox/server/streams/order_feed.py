"""Orders, fills and routing decisions of accounts, read off the records that make them true."""

from __future__ import annotations

from collections.abc import Iterator

from sequence_markets.sandbox.server.streams.batched import Audience, BatchedFeed
from sequence_markets.sandbox.trading import records as rec
from sequence_markets.sandbox.trading.desk import Desk
from sequence_markets.sandbox.trading.state import Order, State
from sequence_markets.sandbox.trading.views import fill_row, order_row


class OrderFeed(BatchedFeed):
    """Collects what a batch of records says about orders, and says it once the batch is stored.

    An order is shown as it stood after each change of its state, so that no state is passed over when several come
    at one instant. One routing decision is said per order and batch: what was taken and what was left resting where.

    Args:
        audience: Who listens.
    """

    def __init__(self, audience: Audience) -> None:
        super().__init__(audience)
        self._legs: dict[int, list[rec.Filled | rec.Rested]] = {}

    def recorded(self, desk: Desk, record: rec.Record) -> None:
        """Note what a record changed."""
        state = desk.state
        for order in _changed(state, record):
            if self._audience.wants("orders", order.client):
                self.note("orders", order.client, order_row(order))
        if isinstance(record, rec.Filled):
            order = state.orders[record.order]
            if self._audience.wants("fills", order.client):
                self.note("fills", order.client, fill_row(state, state.accounts[order.client].fills[-1]))
        if isinstance(record, rec.Filled | rec.Rested):
            order = state.orders[record.order]
            if self._audience.wants("routing", order.client):
                self._legs.setdefault(record.order, []).append(record)

    def conclude(self, desk: Desk) -> None:
        """Note one decision of the router per order."""
        for number, legs in self._legs.items():
            order = desk.state.orders[number]
            # A fill of something that rested already is no decision of the router.
            decided = [leg for leg in legs if isinstance(leg, rec.Rested) or not leg.child]
            if decided:
                self.note("routing", order.client, _decision(desk, order, decided))

    def abandoned(self) -> None:
        """Forget everything noted."""
        super().abandoned()
        self._legs.clear()


def _changed(state: State, record: rec.Record) -> Iterator[Order]:
    """The orders whose row a record changed in a way worth saying."""
    match record:
        case rec.GraphAccepted(client=client, graph_id=graph_id):
            for node in state.accounts[client].graphs[graph_id].nodes:
                yield state.orders[node.orders[0]]
        case rec.Begun(order=number) | rec.Ended(order=number) | rec.Amended(order=number):
            yield state.orders[number]
        case rec.Filled(order=number):
            order = state.orders[number]
            yield order
            graph = state.graphs[order.graph]
            parent = graph.nodes[order.node].parent
            if parent >= 0:
                yield state.orders[graph.nodes[parent].orders[0]]
        case rec.Released(graph=number, node=node):
            yield state.orders[state.graphs[number].nodes[node].orders[-1]]
        case rec.NodeAmended(graph=number, node=node):
            yield state.orders[state.graphs[number].nodes[node].orders[-1]]
        case _:
            pass


def _decision(desk: Desk, order: Order, legs: list[rec.Filled | rec.Rested]) -> dict[str, object]:
    rows: list[dict[str, object]] = []
    total = cost = 0.0
    by_venue: dict[str, int] = {}
    for leg in legs:
        taker = isinstance(leg, rec.Filled)
        fee = desk.fee(order, desk.instrument(order), leg.venue, "taker" if taker else "maker")
        fee_bps = fee.unit_1e17(leg.price) * 10_000 / (leg.price * 10**8) if leg.price else 0.0
        rows.append(
            {"venue": leg.venue, "qty_1e8": leg.qty, "price_1e9": leg.price, "fee_bps": fee_bps, "taker": taker}
        )
        by_venue[leg.venue] = by_venue.get(leg.venue, 0) + leg.qty
        if order.arrival_1e9:
            away = leg.price - order.arrival_1e9 if order.spec.side == "buy" else order.arrival_1e9 - leg.price
            cost += leg.qty * (away * 10_000 / order.arrival_1e9 + fee_bps)
            total += leg.qty
    return {
        "node_order_id": order.id,
        "symbol": order.spec.symbol,
        "side": order.spec.side.upper(),
        "legs": rows,
        "est_cost_bps": cost / total if total else None,
        "chosen": max(by_venue, key=lambda venue: by_venue[venue]),
        "arrival_mid_1e9": order.arrival_1e9 or None,
        "ts_ns": desk.now_ns,
    }
