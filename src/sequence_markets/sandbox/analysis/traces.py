"""The life of one order, event by event, as it was recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from sequence_markets.sandbox.trading.desk import Desk
from sequence_markets.sandbox.trading.state import Account, Order
from sequence_markets.sandbox.venues import edge_id

__all__ = ["MOST_EVENTS", "trace_answer", "trace_events"]

MOST_EVENTS: Final = 1000

Event: TypeAlias = dict[str, object]
Timed: TypeAlias = tuple[int, Event]


def trace_answer(desk: Desk, account: Account, node_order_id: str, limit: int) -> dict[str, object]:
    """The first events of an order, oldest first, `limit` at most; when it is over, its terminal state is always the
    last of them. Nothing for an order the account does not have."""
    number = account.orders.get(node_order_id)
    events = [] if number is None else trace_events(desk, desk.state.orders[number])
    total = len(events)
    if total > limit:
        over = events[-1]["event"] == "terminal"
        events = [*events[: limit - 1], events[-1]] if over else events[:limit]
    return {"node_order_id": node_order_id, "events": events, "count": len(events), "total": total}


def trace_events(desk: Desk, order: Order) -> list[Event]:
    """Every event of an order, oldest first, for an order that sums up slices also what those did."""
    graph = desk.state.graphs[order.graph]
    slices = [no for number in graph.nodes[order.node].slices for no in graph.nodes[number].orders]
    found: list[Timed] = []
    spec, track = order.spec, order.track
    if track.admitted_ns:
        asked = {"symbol": spec.symbol, "side": spec.side.upper(), "policy": spec.policy, "urgency": spec.urgency}
        found.append(_event(order, "sor_admitted", track.admitted_ns, None, asked))
    for part in [desk.state.orders[no] for no in slices] or [order]:
        found += _course(desk, part, {"slice": part.id} if slices else {})
    if order.done:
        end = {"status": order.status, "reason": order.reason or None}
        found.append(_event(order, "terminal", order.updated_ns, None, end))
    found.sort(key=_instant)
    events = [event for _, event in found]
    for event in events:
        if event["event"] == "fill":
            event["event"] = "first_fill"
            break
    return events


def _course(desk: Desk, order: Order, note: dict[str, object]) -> list[Timed]:
    """What went to venues and came back, in the order in which it was recorded.

    An order is handed to the router, travels as long as the account's latency says, and meets the market. So what it
    reaches on arrival was dispatched when it was admitted; what it reaches later of its own accord, at once.
    """
    fills = desk.state.accounts[order.client].fills
    found: list[Timed] = []
    reached: set[str] = set()
    for step in order.track.steps:
        at = {"price_1e9": step.price, "qty_1e8": step.qty, **note}
        # A hunting part is no order at its venue, so there is nothing to send or to take back.
        if step.kind == "hunt" or not step.qty:
            continue
        if step.kind == "back":
            found.append(_event(order, "venue_recalled", step.time_ns, step.venue, at))
            continue
        if step.kind == "rest" or step.venue not in reached:
            reached.add(step.venue)
            arriving = step.time_ns == order.track.begun_ns
            sent_ns = order.track.admitted_ns if arriving else step.time_ns
            resting = at if step.kind == "rest" else note
            found.append(_event(order, "edge_dispatched", sent_ns, step.venue, resting))
            found.append(_event(order, "venue_acked", step.time_ns, step.venue, resting))
        if step.kind == "fill":
            fill = fills[step.fill]
            paid = {"fill_id": fill.fill_id, **at, "fee_1e9": fill.fee * 10, "liquidity": fill.liquidity}
            found.append(_event(order, "fill", fill.time_ns, fill.venue, paid))
    return found


def _event(order: Order, event: str, ts_ns: int, venue: str | None, detail: Mapping[str, object]) -> Timed:
    edge = None if venue is None else edge_id(venue, order.spec.type)
    return ts_ns, {"event": event, "ts_ns": ts_ns, "venue": venue, "edge_id": edge, "detail": dict(detail)}


def _instant(timed: Timed) -> int:
    return timed[0]
