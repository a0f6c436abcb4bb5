"""Single orders while they work and after, and the desk's last day in a few figures."""

from __future__ import annotations

from typing import Final

from sequence_markets.sandbox.analysis.costs import NOTHING, bps, costs_of, fills_of
from sequence_markets.sandbox.analysis.reports import is_slice, measured_order, tca_report, tca_row
from sequence_markets.sandbox.trading.desk import Desk
from sequence_markets.sandbox.trading.errors import Refusal
from sequence_markets.sandbox.trading.state import Account, Order

__all__ = ["live_answer", "own_order", "review_answer", "summary_answer"]

WINDOW_HOURS: Final = 24

_WINDOW_NS: Final = WINDOW_HOURS * 3600 * 10**9
_TOP: Final = 10
_MS: Final = 1_000_000
_USD: Final = 10**17


def own_order(desk: Desk, account: Account, node_order_id: str) -> Order:
    """An order of an account.

    Raises:
        Refusal: 404 for an order the account does not have.
    """
    number = account.orders.get(node_order_id)
    if number is None:
        raise Refusal.unknown(f"order {node_order_id!r}")
    return desk.state.orders[number]


def live_answer(desk: Desk, order: Order) -> dict[str, object]:
    """An order as it stands: what is filled, at what price against its arrival, and where the rest waits."""
    costs = costs_of(order, fills_of(desk.state, order))
    admitted = order.track.admitted_ns
    until = order.updated_ns if order.done else desk.now_ns
    return {
        "node_order_id": order.id,
        "status": order.status,
        "is_final": order.done,
        "failure_reason": order.reason or None,
        "symbol": order.spec.symbol,
        "side": order.spec.side.upper(),
        "policy": order.spec.policy,
        "urgency": order.spec.urgency,
        "qty_1e8": order.qty,
        "filled_qty_1e8": order.filled,
        "remaining_qty_1e8": order.remaining,
        "fill_pct": 100 * order.filled / order.qty if order.qty else 0.0,
        "fill_count": order.fill_count,
        "avg_fill_price_1e9": costs.vwap_1e9,
        "arrival_mid_1e9": order.arrival_1e9 or None,
        "slippage_bps": bps(costs.slippage_1e17, costs.basis_1e17),
        "fees_1e9": order.fees * 10,
        "resting": _resting(desk, order),
        "elapsed_ms": (until - admitted) / _MS if admitted else None,
        "deadline_ns": order.deadline_ns or None,
        "updated_ns": order.updated_ns,
    }


def _resting(desk: Desk, order: Order) -> list[dict[str, object]]:
    """What stands at venues; for an order that sums up slices, what stands of them."""
    graph = desk.state.graphs[order.graph]
    slices = graph.nodes[order.node].slices
    numbers = [part for slice_no in slices for part in graph.nodes[slice_no].orders] or [order.no]
    rows: list[dict[str, object]] = []
    for number in numbers:
        working = desk.state.orders[number]
        for no in working.children:
            child = desk.state.children[no]
            if child.mode == "rest":
                price = order.spec.book_price(child.price)
                rows.append(
                    {"venue": child.venue, "price_1e9": price, "qty_1e8": child.qty, "queue_ahead_1e8": child.ahead}
                )
    return rows


def review_answer(desk: Desk, order: Order) -> dict[str, object]:
    """An order looked back on: `live_answer`, where it was filled and, once it is over, its cost report."""
    live = live_answer(desk, order)
    fills = fills_of(desk.state, order)
    report = tca_report(desk, order)
    venues: list[dict[str, object]] = []
    for venue in dict.fromkeys(fill.venue for fill in fills):
        costs = costs_of(order, [fill for fill in fills if fill.venue == venue])
        venues.append(
            {
                "venue": venue,
                "qty_1e8": costs.filled_1e8,
                "vwap_1e9": costs.vwap_1e9,
                "fees_1e9": costs.fees_1e17 // 10**8,
                "pct": 100 * costs.filled_1e8 / order.filled,
                "slippage_bps": bps(costs.slippage_1e17, costs.basis_1e17),
            }
        )
    return {
        **(tca_row(report) if report is not None else {}),
        **live,
        "arrival_price_1e9": live["arrival_mid_1e9"],
        "vwap_1e9": live["avg_fill_price_1e9"],
        "realized_slippage_bps": live["slippage_bps"],
        "venues": venues,
        "duration_ms": live["elapsed_ms"],
    }


def summary_answer(desk: Desk, account: Account) -> dict[str, object]:
    """The last 24 hours: what was traded, how many of the orders that ended were filled, and at what slippage.

    An order counts when it was handed to the router in that time; a fill when it was made then. The hit rate is the
    share of the counted orders that are over and were filled at least in part.
    """
    state, since = desk.state, desk.now_ns - _WINDOW_NS
    orders = [state.orders[number] for number in account.orders.values()]
    counted = [order for order in orders if order.track.admitted_ns > since and not is_slice(state, order)]
    over = [order for order in counted if order.done]
    traded: dict[str, int] = {}
    costs, fees, fill_count = NOTHING, 0, 0
    for fill in reversed(account.fills):
        if fill.time_ns <= since:
            break
        order = measured_order(state, state.orders[fill.order])
        traded[order.spec.symbol] = traded.get(order.spec.symbol, 0) + fill.qty * fill.price
        fees += fill.fee
        fill_count += 1
        if order.arrival_1e9:
            costs += costs_of(order, (fill,))
    top = sorted(traded.items(), key=lambda entry: (-entry[1], entry[0]))[:_TOP]
    return {
        "window_hours": WINDOW_HOURS,
        "notional_usd": sum(traded.values()) / _USD,
        "order_count": len(counted),
        "working_count": len(counted) - len(over),
        "fill_count": fill_count,
        "hit_rate": sum(order.filled > 0 for order in over) / len(over) if over else None,
        "avg_slippage_bps": bps(costs.slippage_1e17, costs.basis_1e17),
        "fees_usd": fees / 10**8,
        "top_symbols": [{"symbol": symbol, "notional_usd": worth / _USD} for symbol, worth in top],
        "generated_at_ns": desk.now_ns,
    }
