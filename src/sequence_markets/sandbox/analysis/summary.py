"""Many reports in one figure: means weighted by notional, percentiles, and how good the measuring was.

The weight of an order is the worth of its fills at the arrival price. A mean is then the sum of the costs over the sum
of the weights, so that the parts add up in the aggregate as they do in each order. An order without an arrival price
has no weight and is only counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sequence_markets.sandbox.analysis.costs import NOTHING, Costs, bps
from sequence_markets.sandbox.analysis.reports import Quality, TcaReport

__all__ = ["PERCENTS", "Summary", "percentiles", "summarise", "summary_row", "weighted_percentile"]

PERCENTS: Final = (50, 75, 95, 99)

_USD: Final = 10**17
_MS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Summary:
    """What a set of orders cost together.

    Attributes:
        reports: The orders' reports.
        costs: Their parts, of all orders with an arrival price.
        savings_1e17: What they saved against their benchmarks, of the same orders.
        wins: How many of them were better than their benchmark.
        quality: How many could be measured how well.
    """

    reports: tuple[TcaReport, ...]
    costs: Costs
    savings_1e17: int
    wins: int
    quality: Mapping[Quality, int]


def summarise(reports: Iterable[TcaReport]) -> Summary:
    """Sum up reports."""
    kept = tuple(reports)
    costs, savings, wins = NOTHING, 0, 0
    quality: dict[Quality, int] = {"full": 0, "partial": 0, "missing": 0}
    for report in kept:
        quality[report.quality] += 1
        if report.costs.basis_1e17:
            costs += report.costs
            savings += report.savings_1e17
            wins += report.savings_1e17 > 0
    return Summary(kept, costs, savings, wins, quality)


def weighted_percentile(values: Iterable[tuple[float, int]], percent: int) -> float | None:
    """The smallest value that, with all smaller ones, carries at least so much of the weight; None without weight.

    >>> values = [(1.0, 10), (5.0, 80), (9.0, 10)]
    >>> [weighted_percentile(values, percent) for percent in (10, 50, 90, 91)]
    [1.0, 5.0, 5.0, 9.0]
    """
    ordered = sorted(values)
    total = sum(weight for _, weight in ordered)
    reached = 0
    for value, weight in ordered:
        reached += weight
        if weight and reached * 100 >= total * percent:
            return value
    return None


def _shortfall(report: TcaReport) -> int:
    return report.costs.shortfall_1e17


def _spread(report: TcaReport) -> int:
    return report.costs.spread_1e17


def _impact(report: TcaReport) -> int:
    return report.costs.impact_1e17


def _fees(report: TcaReport) -> int:
    return report.costs.fees_1e17


def _savings(report: TcaReport) -> int:
    return report.savings_1e17


_MEASURES: Final[Mapping[str, Callable[[TcaReport], int]]] = {
    "implementation_shortfall_bps": _shortfall,
    "spread_cost_bps": _spread,
    "market_impact_bps": _impact,
    "fee_cost_bps": _fees,
    "savings_vs_benchmark_bps": _savings,
}


def percentiles(reports: Iterable[TcaReport]) -> dict[str, dict[str, float | None]]:
    """Weighted percentiles of every cost, in basis points."""
    kept = tuple(reports)
    found: dict[str, dict[str, float | None]] = {}
    for name, cost in _MEASURES.items():
        shares = ((bps(cost(each), each.costs.basis_1e17), each.costs.basis_1e17) for each in kept)
        values = [(share, weight) for share, weight in shares if share is not None]
        found[name] = {f"p{percent}": weighted_percentile(values, percent) for percent in PERCENTS}
    return found


def summary_row(summary: Summary) -> dict[str, object]:
    """A summary as the wire shows it: the weighted means and what they are made of."""
    costs, basis, reports = summary.costs, summary.costs.basis_1e17, summary.reports
    measured = summary.quality["full"] + summary.quality["partial"]
    worked = sum(report.duration_ns for report in reports)
    return {
        "order_count": len(reports),
        "notional_usd": sum(report.costs.paid_1e17 for report in reports) / _USD,
        "implementation_shortfall_bps": bps(costs.shortfall_1e17, basis),
        "spread_cost_bps": bps(costs.spread_1e17, basis),
        "market_impact_bps": bps(costs.impact_1e17, basis),
        "fee_cost_bps": bps(costs.fees_1e17, basis),
        "savings_vs_benchmark_bps": bps(summary.savings_1e17, basis),
        "implementation_shortfall_usd": costs.shortfall_1e17 / _USD,
        "savings_usd": summary.savings_1e17 / _USD,
        "total_fees_usd": sum(report.costs.fees_1e17 for report in reports) / _USD,
        "win_rate": summary.wins / measured if measured else None,
        "mean_execution_time_ms": worked / (len(reports) * _MS) if reports else None,
        "quality": dict(summary.quality),
    }
