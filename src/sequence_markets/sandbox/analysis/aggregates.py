"""The costs of many orders of one account: chosen, summed up, laid out over time, over venues and over routers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sequence_markets.sandbox.analysis.costs import NOTHING, Costs, bps, costs_of
from sequence_markets.sandbox.analysis.reports import (
    ROUTING_VERSION,
    TcaReport,
    completed_orders,
    tca_report,
    tca_row,
)
from sequence_markets.sandbox.analysis.summary import percentiles, summarise, summary_row
from sequence_markets.sandbox.trading.desk import Desk
from sequence_markets.sandbox.trading.state import Account, Order
from sequence_markets.sandbox.trading.views import page

__all__ = [
    "Selection",
    "ab_report",
    "chosen_reports",
    "quality_answer",
    "report_page",
    "series_answer",
    "tca_answer",
    "venue_costs_answer",
]

_LISTED: Final = 100
_USD: Final = 10**17


@dataclass(frozen=True, slots=True)
class Selection:
    """Which orders to count; None leaves nothing out.

    Attributes:
        symbols: Canonical symbols.
        since_ns: Orders that ended then or later.
        until_ns: Orders that ended before then.
        venue: Orders with a fill there.
        routing_version: Orders routed by that router.
    """

    symbols: frozenset[str] | None = None
    since_ns: int | None = None
    until_ns: int | None = None
    venue: str | None = None
    routing_version: int | None = None

    def holds(self, order: Order) -> bool:
        """Whether an order that is over may count, as far as the order itself says."""
        if self.symbols is not None and order.spec.symbol not in self.symbols:
            return False
        if self.since_ns is not None and order.updated_ns < self.since_ns:
            return False
        if self.until_ns is not None and order.updated_ns >= self.until_ns:
            return False
        if self.venue is not None and all(step.venue != self.venue for step in order.track.steps if step.fill >= 0):
            return False
        return self.routing_version in (None, ROUTING_VERSION)


def chosen_reports(desk: Desk, account: Account, selection: Selection) -> list[TcaReport]:
    """The reports of the orders chosen, those that ended first in front."""
    chosen = (order for order in completed_orders(desk.state, account) if selection.holds(order))
    reports = [report for order in chosen if (report := tca_report(desk, order)) is not None]
    reports.sort(key=lambda report: (report.ended_ns, report.order.no))
    return reports


def tca_answer(desk: Desk, account: Account, selection: Selection, symbol: str | None) -> dict[str, object]:
    """The costs of all chosen orders: weighted means, percentiles, and the newest orders one by one."""
    reports = chosen_reports(desk, account, selection)
    return {
        "symbol": symbol,
        **summary_row(summarise(reports)),
        "percentiles": percentiles(reports),
        "orders": [tca_row(report) for report in reversed(reports[-_LISTED:])],
        "generated_at_ns": desk.now_ns,
    }


def report_page(desk: Desk, account: Account, selection: Selection, limit: int, offset: int) -> dict[str, object]:
    """The reports of the chosen orders page by page, newest first."""
    return page("reports", chosen_reports(desk, account, selection), limit, offset, tca_row)


def series_answer(desk: Desk, account: Account, selection: Selection, interval_ns: int) -> dict[str, object]:
    """The costs per interval in which chosen orders ended; intervals without one are left out."""
    points: dict[int, list[TcaReport]] = {}
    for report in chosen_reports(desk, account, selection):
        points.setdefault(report.ended_ns // interval_ns * interval_ns, []).append(report)
    return {
        "interval_s": interval_ns // 10**9,
        "points": [{"start_ns": start, **summary_row(summarise(reports))} for start, reports in sorted(points.items())],
        "generated_at_ns": desk.now_ns,
    }


@dataclass(slots=True)
class _AtVenue:
    """What was done at one venue."""

    costs: Costs = NOTHING
    measured: Costs = NOTHING
    orders: int = 0
    fills: int = 0
    makers: int = 0
    saved_1e17: int = 0


def venue_costs_answer(desk: Desk, account: Account, selection: Selection) -> dict[str, object]:
    """The costs of the chosen orders' fills per venue; over all venues they are those of the orders."""
    found: dict[str, _AtVenue] = {}
    for report in chosen_reports(desk, account, selection):
        for venue in report.venues:
            there = found.setdefault(venue, _AtVenue())
            fills = [fill for fill in report.fills if fill.venue == venue]
            costs = costs_of(report.order, fills)
            there.costs += costs
            there.orders += 1
            there.fills += len(fills)
            there.makers += sum(fill.liquidity == "maker" for fill in fills)
            if costs.basis_1e17:
                there.measured += costs
                there.saved_1e17 += report.saved_1e17(costs)
    rows = [_venue_row(venue, there) for venue, there in found.items()]
    rows.sort(key=lambda row: (-found[str(row["venue"])].costs.paid_1e17, str(row["venue"])))
    return {"venues": rows, "generated_at_ns": desk.now_ns}


def _venue_row(venue: str, there: _AtVenue) -> dict[str, object]:
    measured, basis = there.measured, there.measured.basis_1e17
    return {
        "venue": venue,
        "order_count": there.orders,
        "fill_count": there.fills,
        "maker_fill_rate": there.makers / there.fills,
        "qty_1e8": there.costs.filled_1e8,
        "notional_usd": there.costs.paid_1e17 / _USD,
        "total_fees_usd": there.costs.fees_1e17 / _USD,
        "implementation_shortfall_bps": bps(measured.shortfall_1e17, basis),
        "spread_cost_bps": bps(measured.spread_1e17, basis),
        "market_impact_bps": bps(measured.impact_1e17, basis),
        "fee_cost_bps": bps(measured.fees_1e17, basis),
        "savings_vs_benchmark_bps": bps(there.saved_1e17, basis),
        "implementation_shortfall_usd": measured.shortfall_1e17 / _USD,
        "savings_usd": there.saved_1e17 / _USD,
    }


def quality_answer(desk: Desk, account: Account, selection: Selection) -> dict[str, object]:
    """How well the chosen orders could be measured, and why not better."""
    reports = chosen_reports(desk, account, selection)
    paid = sum(report.costs.paid_1e17 for report in reports)
    well = sum(report.costs.paid_1e17 for report in reports if report.quality == "full")
    return {
        "order_count": len(reports),
        "quality": dict(summarise(reports).quality),
        "arrival": _counted((_arrival(report.order) for report in reports), ("two_sided", "one_sided", "mark", "none")),
        "benchmark": _counted(
            ("none" if report.benchmark is None else report.benchmark.source for report in reports),
            ("prints", "bars", "recent_prints", "arrival_mid", "none"),
        ),
        "full_notional_share": well / paid if paid else None,
        "generated_at_ns": desk.now_ns,
    }


def _arrival(order: Order) -> str:
    """What the arrival price was made from."""
    if not order.arrival_1e9:
        return "none"
    sides = (order.track.bid_1e9 > 0) + (order.track.ask_1e9 > 0)
    return ("mark", "one_sided", "two_sided")[sides]


def _counted(words: Iterable[str], known: tuple[str, ...]) -> dict[str, int]:
    counts = dict.fromkeys(known, 0)
    for word in words:
        counts[word] += 1
    return counts


def ab_report(desk: Desk, account: Account) -> dict[str, object]:
    """How the routers compare. There is one, so there is nothing to promote; its own figures are all there is."""
    reports = chosen_reports(desk, account, Selection())
    versions = [
        {"routing_version": ROUTING_VERSION, **summary_row(summarise(reports)), "percentiles": percentiles(reports)}
    ]
    return {
        "versions": versions if reports else [],
        "baseline": ROUTING_VERSION,
        "candidate": None,
        "recommendation": "no_candidate",
        "generated_at_ns": desk.now_ns,
    }
