"""One transaction cost report per order that is over and has fills."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from sequence_markets.sandbox.analysis.benchmark import market_vwap
from sequence_markets.sandbox.analysis.costs import Costs, bps, costs_of, fills_of
from sequence_markets.sandbox.trading import records as rec
from sequence_markets.sandbox.trading.desk import Desk
from sequence_markets.sandbox.trading.state import Account, Fill, Order, State
from sequence_markets.sandbox.trading.track import Benchmark

__all__ = [
    "ROUTING_VERSION",
    "Quality",
    "TcaReport",
    "completed_orders",
    "finished_by",
    "is_slice",
    "measured_order",
    "tca_report",
    "tca_row",
]

ROUTING_VERSION: Final = 1
"""The exchange has one router, which takes levels by landed cost; every order is routed by it."""

Quality = Literal["full", "partial", "missing"]

_MS: Final = 1_000_000
_PROBABILITY: Final = 100_000
"""A price of 1e-9 in basis points of probability."""


@dataclass(frozen=True, slots=True)
class TcaReport:
    """What an order cost.

    Attributes:
        order: The order, which is over.
        costs: The parts of its shortfall.
        benchmark: What the market paid meanwhile; None when nothing is known of it.
        fills: Its fills, oldest first.
        venues: Where they were, the first one in front.
    """

    order: Order
    costs: Costs
    benchmark: Benchmark | None
    fills: tuple[Fill, ...]
    venues: tuple[str, ...]

    @property
    def ended_ns(self) -> int:
        """When the order reached its final state."""
        return self.order.updated_ns

    @property
    def duration_ns(self) -> int:
        """From the router's admission to the final state."""
        return self.order.updated_ns - self.order.track.admitted_ns

    @property
    def savings_1e17(self) -> int:
        """How much better than the benchmark the fills were, fees apart; negative when they were worse."""
        return self.saved_1e17(self.costs)

    def saved_1e17(self, costs: Costs) -> int:
        """The same for some of the fills."""
        if self.benchmark is None:
            return 0
        worse = costs.paid_1e17 - self.benchmark.price_1e9 * costs.filled_1e8
        return -worse if self.order.spec.side == "buy" else worse

    @property
    def quality(self) -> Quality:
        """How well the order can be measured: "full" with both sides of the market at arrival and a benchmark from the
        market, "missing" without an arrival price, "partial" otherwise."""
        if not self.order.arrival_1e9:
            return "missing"
        track = self.order.track
        market = self.benchmark is not None and self.benchmark.source != "arrival_mid"
        return "full" if track.bid_1e9 and track.ask_1e9 and market else "partial"


def measured_order(state: State, order: Order) -> Order:
    """The order that is measured for an order: itself, or the paced one that sums it up when it is a slice."""
    graph = state.graphs[order.graph]
    parent = graph.nodes[order.node].parent
    return order if parent < 0 else state.orders[graph.nodes[parent].orders[0]]


def is_slice(state: State, order: Order) -> bool:
    """Whether an order is a slice of a paced one, which sums it up and is measured in its place."""
    return measured_order(state, order) is not order


def completed_orders(state: State, account: Account) -> Iterator[Order]:
    """The orders of an account that a report exists of, oldest first. Slices are part of the order they belong to."""
    for number in account.orders.values():
        order = state.orders[number]
        if order.done and order.filled and not is_slice(state, order):
            yield order


def finished_by(state: State, record: rec.Record) -> tuple[Order, ...]:
    """The orders that a record, just applied, made final; slices left out.

    A fill of the last of a quantity ends its order and, for the last of its slices, the order that sums them up.
    """
    match record:
        case rec.Ended(order=number):
            order = state.orders[number]
            return () if is_slice(state, order) else (order,)
        case rec.Filled(order=number):
            order = measured_order(state, state.orders[number])
            return (order,) if order.done else ()
        case _:
            return ()


def tca_report(desk: Desk, order: Order) -> TcaReport | None:
    """Measure an order; None while it works or when it was never filled."""
    if not order.done or not order.filled:
        return None
    fills = fills_of(desk.state, order)
    venues = tuple(dict.fromkeys(fill.venue for fill in fills))
    return TcaReport(order, costs_of(order, fills), _benchmark(desk, order), tuple(fills), venues)


def _benchmark(desk: Desk, order: Order) -> Benchmark | None:
    known = desk.benchmarks.get(order.no)
    if known is not None:
        return known
    symbol, track = order.spec.symbol, order.track
    found = market_vwap(desk.market, symbol, track.begun_ns, order.updated_ns, order.arrival_1e9)
    # At the instant itself a print may still be scripted.
    if found is not None and order.updated_ns < desk.now_ns:
        desk.benchmarks[order.no] = found
    return found


def tca_row(report: TcaReport) -> dict[str, object]:
    """A report as the wire shows it."""
    order, costs, basis = report.order, report.costs, report.costs.basis_1e17
    measured = basis > 0
    row: dict[str, object] = {
        "node_order_id": order.id,
        "symbol": order.spec.symbol,
        "side": order.spec.side.upper(),
        "status": order.status,
        "qty_1e8": order.qty,
        "filled_qty_1e8": costs.filled_1e8,
        "arrival_price_1e9": order.arrival_1e9 or None,
        "arrival_bid_1e9": order.track.bid_1e9 or None,
        "arrival_ask_1e9": order.track.ask_1e9 or None,
        "achieved_vwap_1e9": costs.vwap_1e9,
        "benchmark_vwap_1e9": None if report.benchmark is None else report.benchmark.price_1e9,
        "benchmark_source": None if report.benchmark is None else report.benchmark.source,
        "total_fees_1e9": order.fees * 10,
        "notional_usd": costs.paid_1e17 / 10**17,
        "venues_used": list(report.venues),
        "fill_count": len(report.fills),
        "execution_time_ms": report.duration_ns / _MS,
        "fee_cost_bps": bps(costs.fees_1e17, basis),
        "spread_cost_bps": bps(costs.spread_1e17, basis),
        "market_impact_bps": bps(costs.impact_1e17, basis),
        "implementation_shortfall_bps": bps(costs.shortfall_1e17, basis),
        "implementation_shortfall_usd": costs.shortfall_1e17 / 10**17 if measured else None,
        "savings_vs_benchmark_bps": bps(report.savings_1e17, basis),
        "savings_usd": report.savings_1e17 / 10**17,
        "routing_version": ROUTING_VERSION,
        "quality": report.quality,
        "is_prediction": order.spec.type == "prediction",
        "achieved_implied_prob_bps": None,
        "arrival_implied_prob_bps": None,
        "probability_slippage_bps": None,
        "ts_ns": report.ended_ns,
    }
    if order.spec.type == "prediction":
        row["achieved_implied_prob_bps"] = costs.paid_1e17 / (costs.filled_1e8 * _PROBABILITY)
        if measured:
            row["arrival_implied_prob_bps"] = order.arrival_1e9 / _PROBABILITY
            row["probability_slippage_bps"] = costs.slippage_1e17 / (costs.filled_1e8 * _PROBABILITY)
    return row
