"""A price that changes at known instants, and the bars it makes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence

from .types import Bar

__all__ = ["PriceSeries", "bar_windows", "series_bars"]


class PriceSeries:
    """A step function of time: each price stands from its instant until the next one."""

    __slots__ = ("prices", "times")

    def __init__(self) -> None:
        self.times: list[int] = []
        self.prices: list[int] = []

    def append(self, time_ns: int, price_1e9: int) -> None:
        """Add a price; the same instant again replaces it, an unchanged price adds nothing."""
        if self.times and self.times[-1] == time_ns:
            self.prices[-1] = price_1e9
        elif not self.prices or self.prices[-1] != price_1e9:
            self.times.append(time_ns)
            self.prices.append(price_1e9)

    def at(self, time_ns: int) -> int | None:
        """The price standing at an instant, None before the first one."""
        index = bisect_right(self.times, time_ns)
        return self.prices[index - 1] if index else None

    def span(self, start_ns: int, end_ns: int) -> tuple[int, int, int, int] | None:
        """Open, high, low and close over an interval with both its ends; None when it begins before the first
        price."""
        first = bisect_right(self.times, start_ns)
        if not first:
            return None
        prices = self.prices[first - 1 : bisect_right(self.times, end_ns)]
        return prices[0], max(prices), min(prices), prices[-1]


def bar_windows(start_ns: int, end_ns: int, interval_ns: int) -> Iterator[tuple[int, int]]:
    """The windows of bars on multiples of the interval: the first one holds the start, the last is cut at the
    end."""
    if interval_ns <= 0:
        raise ValueError(f"interval_ns must be positive, got {interval_ns}")
    begin = start_ns // interval_ns * interval_ns
    while begin < end_ns:
        yield begin, min(begin + interval_ns, end_ns)
        begin += interval_ns


def series_bars(
    series: PriceSeries, windows: Sequence[tuple[int, int]], volume: Callable[[int, int], int]
) -> list[Bar]:
    """Bars of a series over windows; a window that begins before the first price begins with that price."""
    bars: list[Bar] = []
    for begin, end in windows:
        if not series.times or end < series.times[0]:
            continue
        prices = series.span(max(begin, series.times[0]), end)
        if prices is not None:
            opened, high, low, closed = prices
            bars.append(Bar(begin, opened, high, low, closed, volume(begin, end)))
    return bars
