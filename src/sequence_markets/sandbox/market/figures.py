"""The figures by which a synthetic market is compared with a recorded one, measured the same way on both.

These are statistics for people: floats are fine here, and nothing in the market depends on them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import log, sqrt
from statistics import fmean, median

from .types import Levels, MarketTrade

__all__ = ["BookFigures", "TradeFigures", "book_figures", "detrended", "quantile", "trade_figures"]

Touches = Callable[[int], tuple[Levels, Levels]]

_DEPTHS_BPS = (1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class BookFigures:
    """Of one book over a window, sampled ten times a second.

    Volatility is in basis points per square root of a second, from returns over one, five and ten seconds; `still` is
    the share of 100 ms and of one second steps in which the middle does not move; sizes are in dollars, the depth is
    the median of both sides within 1, 2, 5 and 10 basis points of the middle.
    """

    spread_bps: float
    volatility_bps: tuple[float, float, float]
    still: tuple[float, float]
    touch_usd: float
    depth_usd: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class TradeFigures:
    """Of the prints in a window; an order is all prints of one side at one instant."""

    prints_per_s: float
    orders_per_s: float
    busy_steps: float
    traded_usd_per_s: float
    median_print_usd: float
    median_order_usd: float


def book_figures(book: Touches, start_ns: int, end_ns: int, depth_every: int = 10) -> BookFigures:
    """Measure a book, given as a function of the instant; depth is looked at every `depth_every` samples."""
    middles: list[float] = []
    spreads: list[float] = []
    touches: list[float] = []
    depths: list[list[float]] = [[] for _ in _DEPTHS_BPS]
    for k, now_ns in enumerate(range(start_ns, end_ns, 100_000_000)):
        bids, asks = book(now_ns)
        bid, ask = bids[0][0], asks[0][0]
        middle = (bid + ask) / 2
        middles.append(middle)
        spreads.append((ask - bid) / middle * 1e4)
        touches += [bids[0][1] * middle / 1e17, asks[0][1] * middle / 1e17]
        if k % depth_every == 0:
            for samples, bps in zip(depths, _DEPTHS_BPS, strict=True):
                near = middle * bps / 1e4
                samples.append(sum(size for price, size in bids if middle - price <= near) * middle / 1e17)
                samples.append(sum(size for price, size in asks if price - middle <= near) * middle / 1e17)
    return BookFigures(
        spread_bps=median(spreads),
        volatility_bps=(_volatility(middles, 10), _volatility(middles, 50), _volatility(middles, 100)),
        still=(_still(middles, 1), _still(middles, 10)),
        touch_usd=median(touches),
        depth_usd=tuple(median(samples) for samples in depths),
    )


def _volatility(middles: Sequence[float], lag: int) -> float:
    """In basis points per root second, from overlapping returns over `lag` steps of 100 ms."""
    returns = [log(b / a) for a, b in zip(middles, middles[lag:], strict=False)]
    return sqrt(fmean(r * r for r in returns) / (lag / 10)) * 1e4


def _still(middles: Sequence[float], lag: int) -> float:
    return fmean(float(a == b) for a, b in zip(middles, middles[lag:], strict=False))


def trade_figures(trades: Iterable[MarketTrade], start_ns: int, end_ns: int) -> TradeFigures:
    """Measure prints; those outside the window are left out."""
    inside = sorted((t for t in trades if start_ns < t.time_ns <= end_ns), key=lambda t: t.time_ns)
    seconds = (end_ns - start_ns) / 1e9
    usd = [t.price_1e9 * t.qty_1e8 / 1e17 for t in inside]
    orders: dict[tuple[int, str], float] = {}
    for trade, amount in zip(inside, usd, strict=True):
        name = (trade.time_ns, trade.taker_side)
        orders[name] = orders.get(name, 0.0) + amount
    steps = {t.time_ns // 100_000_000 for t in inside}
    return TradeFigures(
        prints_per_s=len(inside) / seconds,
        orders_per_s=len(orders) / seconds,
        busy_steps=len(steps) / (seconds * 10),
        traded_usd_per_s=sum(usd) / seconds,
        median_print_usd=median(usd) if usd else 0.0,
        median_order_usd=median(orders.values()) if orders else 0.0,
    )


def detrended(differences: Sequence[float], half_window: int) -> list[float]:
    """Each value less the median of its neighbourhood: what is left of a gap when its slow part is taken out."""
    return [
        value - median(differences[max(0, k - half_window) : k + half_window + 1])
        for k, value in enumerate(differences)
    ]


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which a share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
