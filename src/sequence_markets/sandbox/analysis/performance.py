"""How well an account trades: its orders as a whole, and what each venue did with what was sent there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from sequence_markets.sandbox.analysis.aggregates import Selection, chosen_reports
from sequence_markets.sandbox.analysis.costs import NOTHING, Costs, bps, costs_of, fills_of
from sequence_markets.sandbox.analysis.reports import is_slice, measured_order
from sequence_markets.sandbox.analysis.summary import PERCENTS, summarise, weighted_percentile
from sequence_markets.sandbox.trading.desk import Desk
from sequence_markets.sandbox.trading.state import Account, Fill, Order, State
from sequence_markets.sandbox.venues import VENUES

__all__ = ["execution_answer", "quality_score", "venues_answer"]

_MS: Final = 1_000_000
_USD: Final = 10**17
_REFUSED: Final = frozenset({"REJECTED", "FAILED"})

BUCKETS_USD: Final = {"small": 0, "medium": 10_000, "large": 100_000}
"""From which worth of its fills on an order counts as small, medium or large."""

HALF_SCORE_BPS: Final = 50
"""The shortfall that halves a venue's quality score."""


def execution_answer(desk: Desk, account: Account) -> dict[str, object]:
    """Orders, fills, latency and quality of everything an account sent to the router. Slices are part of the order that
    sums them up."""
    state = desk.state
    sent = [
        order
        for number in account.orders.values()
        if (order := state.orders[number]).track.admitted_ns and not is_slice(state, order)
    ]
    over = [order for order in sent if order.done]
    hit = sum(order.filled > 0 for order in over)
    refused = sum(order.status in _REFUSED for order in over)
    waits = [(order.track.begun_ns - order.track.admitted_ns) / _MS for order in sent if order.track.begun_ns]
    whole = summarise(chosen_reports(desk, account, Selection()))
    basis, reports = whole.costs.basis_1e17, whole.reports
    return {
        "orders": {
            "submitted": len(sent),
            "working": len(sent) - len(over),
            "filled": sum(order.status == "FILLED" for order in over),
            "partially_filled": sum(order.status != "FILLED" and order.filled > 0 for order in over),
            "cancelled": sum(order.status == "CANCELLED" for order in over),
            "rejected": refused,
            "fill_rate": hit / len(over) if over else None,
            "reject_rate": refused / len(over) if over else None,
        },
        "fills": {
            "count": len(account.fills),
            "volume_usd": sum(fill.qty * fill.price for fill in account.fills) / _USD,
            "maker_count": sum(fill.liquidity == "maker" for fill in account.fills),
            "fees_usd": sum(fill.fee for fill in account.fills) / 10**8,
        },
        "latency": {
            "submit_ms": {
                "mean": sum(waits) / len(waits) if waits else None,
                **{f"p{percent}": weighted_percentile([(wait, 1) for wait in waits], percent) for percent in PERCENTS},
                "max": max(waits, default=None),
            }
        },
        "execution_quality": {
            "slippage_bps": bps(whole.costs.slippage_1e17, basis),
            "implementation_shortfall_bps": bps(whole.costs.shortfall_1e17, basis),
            "savings_vs_benchmark_bps": bps(whole.savings_1e17, basis),
            "savings_usd": whole.savings_1e17 / _USD,
            "mean_execution_time_ms": sum(each.duration_ns for each in reports) / (len(reports) * _MS)
            if reports
            else None,
        },
        "generated_at_ns": desk.now_ns,
    }


@dataclass(slots=True)
class _Sent:
    """What one order did at one venue."""

    order: Order
    fills: list[Fill]
    wait_ns: int | None
    costs: Costs


@dataclass(slots=True)
class _Venue:
    """What was sent to one venue; `refused` counts the orders for it alone that never got there."""

    sent: list[_Sent] = field(default_factory=list[_Sent])
    refused: int = 0


def venues_answer(desk: Desk, account: Account) -> dict[str, object]:
    """What every venue did with the orders that reached it, in documented order.

    An order is sent to a venue when something of it is placed or filled there; the venues of the sandbox acknowledge
    all of that. An order for one venue alone that the router refuses counts as sent and rejected there.
    """
    found: dict[str, _Venue] = {}
    for number in account.orders.values():
        order = desk.state.orders[number]
        graph = desk.state.graphs[order.graph]
        if graph.nodes[order.node].slices:
            continue
        if order.status in _REFUSED and order.spec.venue:
            found.setdefault(order.spec.venue, _Venue()).refused += 1
        for sent, venue in _sent(desk.state, order):
            found.setdefault(venue, _Venue()).sent.append(sent)
    return {
        "venues": [_venue_row(venue, found[venue]) for venue in VENUES if venue in found],
        "generated_at_ns": desk.now_ns,
    }


def _sent(state: State, order: Order) -> Iterable[tuple[_Sent, str]]:
    track, fills = order.track, fills_of(state, order)
    reached = {step.venue: step.time_ns for step in reversed(track.steps) if step.qty and step.kind in ("rest", "fill")}
    for venue, first_ns in reached.items():
        there = [fill for fill in fills if fill.venue == venue]
        wait = first_ns - track.admitted_ns if first_ns == track.begun_ns else 0
        yield _Sent(order, there, wait, costs_of(measured_order(state, order), there)), venue


def _venue_row(venue: str, there: _Venue) -> dict[str, object]:
    acked, sent = len(there.sent), len(there.sent) + there.refused
    filled = sum(bool(each.fills) for each in there.sent)
    costs = _measured(there.sent)
    waits = [each.wait_ns for each in there.sent if each.wait_ns is not None]
    shortfall = bps(costs.shortfall_1e17, costs.basis_1e17)
    return {
        "venue": venue,
        "sent": sent,
        "acked": acked,
        "filled": filled,
        "rejected": there.refused,
        "fill_rate": filled / sent,
        "ack_rate": acked / sent,
        "reject_rate": there.refused / sent,
        "mean_ack_latency_ms": sum(waits) / (len(waits) * _MS) if waits else None,
        "notional_usd": sum(each.costs.paid_1e17 for each in there.sent) / _USD,
        "slippage_bps": bps(costs.slippage_1e17, costs.basis_1e17),
        "implementation_shortfall_bps": shortfall,
        "quality_score": quality_score(filled, acked, sent, shortfall),
        "buckets": {name: _bucket_row(there.sent, name) for name in BUCKETS_USD},
    }


def quality_score(filled: int, acked: int, sent: int, shortfall_bps: float | None) -> float:
    """A venue's score from 0 to 100: the share it acknowledged times the share it filled, less the more its fills cost;
    50 basis points of shortfall halve it.

    >>> quality_score(8, 10, 10, 50.0), quality_score(0, 1, 1, None)
    (40.0, 0.0)
    """
    cost = max(0.0, shortfall_bps or 0.0)
    return 100 * acked * filled / (sent * sent) * HALF_SCORE_BPS / (HALF_SCORE_BPS + cost)


def _measured(sent: Iterable[_Sent]) -> Costs:
    costs = NOTHING
    for each in sent:
        if each.costs.basis_1e17:
            costs += each.costs
    return costs


def _bucket_row(sent: Iterable[_Sent], name: str) -> dict[str, object]:
    """The orders whose fills at the venue are worth so much; those without a fill are small."""
    inside = [each for each in sent if _bucket(each.costs.paid_1e17) == name]
    costs = _measured(inside)
    filled = sum(bool(each.fills) for each in inside)
    return {
        "count": len(inside),
        "fill_rate": filled / len(inside) if inside else None,
        "slippage_bps": bps(costs.slippage_1e17, costs.basis_1e17),
        "implementation_shortfall_bps": bps(costs.shortfall_1e17, costs.basis_1e17),
    }


def _bucket(paid_1e17: int) -> str:
    return max((floor, name) for name, floor in BUCKETS_USD.items() if paid_1e17 >= floor * _USD)[1]
