"""One side of a price-level book that is kept up to date by changes."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable

from ..types import Levels

__all__ = ["Ladder"]


class Ladder:
    """Sizes by price, with the prices in order; a price in 1e-9, a size in 1e-8."""

    __slots__ = ("descending", "prices", "sizes")

    def __init__(self, *, descending: bool) -> None:
        self.descending = descending
        self.sizes: dict[int, int] = {}
        self.prices: list[int] = []

    def copy(self) -> Ladder:
        """A ladder of its own with the same levels."""
        other = Ladder(descending=self.descending)
        other.sizes = self.sizes.copy()
        other.prices = self.prices.copy()
        return other

    def clear(self) -> None:
        """Remove every level."""
        self.sizes.clear()
        self.prices.clear()

    def update(self, changes: Iterable[tuple[int, int]]) -> None:
        """Set the size at each price; zero removes the level."""
        sizes, prices = self.sizes, self.prices
        for price, size in changes:
            if size:
                if price not in sizes:
                    insort(prices, price)
                sizes[price] = size
            elif sizes.pop(price, 0):
                del prices[bisect_left(prices, price)]

    @property
    def best(self) -> int | None:
        """The best price, None when the side is empty."""
        if not self.prices:
            return None
        return self.prices[-1] if self.descending else self.prices[0]

    def top(self, count: int) -> Levels:
        """The `count` best levels, best first."""
        sizes = self.sizes
        prices = self.prices[-count:][::-1] if self.descending else self.prices[:count]
        return tuple([(price, sizes[price]) for price in prices])
