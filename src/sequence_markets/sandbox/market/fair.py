"""Fair values: what one unit is worth at a step, as a monotone function of seeded paths."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from .fixedpoint import exp_scaled, logistic_scaled
from .path import Path, extreme

__all__ = ["Fair", "OddsFair", "RatioFair", "ShareFair", "fair_at", "fair_bounds", "fair_range", "fairs_at"]

_UNIT = 1_000_000_000


class Fair(ABC):
    """A value that rises with some paths and falls with others, and may depend on the step as well.

    `signs` says of each path which: 1 or -1. `score` is a cheap number in the same order as the value; `price` turns
    it into 1e-9 of the quote asset and never decreases.
    """

    paths: tuple[Path, ...]
    signs: tuple[int, ...]

    @abstractmethod
    def score(self, values: Sequence[int], step: int) -> int:
        """The score at a step, given the values of the paths there."""

    @abstractmethod
    def price(self, score: int) -> int:
        """The price of a score."""

    def highest(self, values: Sequence[int], first: int, last: int) -> int:  # noqa: ARG002 - of those that time moves
        """The largest score that these values have at any step from `first` to `last`."""
        return self.score(values, first)

    def lowest(self, values: Sequence[int], first: int, last: int) -> int:  # noqa: ARG002 - of those that time moves
        """The smallest score that these values have at any step from `first` to `last`."""
        return self.score(values, first)


class RatioFair(Fair):
    """`anchor_1e9` times the exponential of the sum of the paths: spot pairs and perps."""

    def __init__(self, anchor_1e9: int, paths: Sequence[Path]) -> None:
        self.anchor_1e9 = anchor_1e9
        self.paths = tuple(paths)
        self.signs = (1,) * len(self.paths)

    def score(self, values: Sequence[int], step: int) -> int:  # noqa: ARG002 - time does not matter
        return sum(values)

    def price(self, score: int) -> int:
        return exp_scaled(score, self.anchor_1e9)


class OddsFair(Fair):
    """The probability whose log-odds are `slope` times the sum of the paths and `shift`: binary event
    contracts."""

    def __init__(self, paths: Sequence[Path], *, slope: int = 1, shift: int = 0) -> None:
        self.paths = tuple(paths)
        self.signs = (1,) * len(self.paths)
        self._slope = slope
        self._shift = shift

    def score(self, values: Sequence[int], step: int) -> int:  # noqa: ARG002 - time does not matter
        return self._slope * (sum(values) + self._shift)

    def price(self, score: int) -> int:
        return logistic_scaled(score, _UNIT)


class ShareFair(Fair):
    """One outcome's part of an event: its weight over the sum of all weights, so that all outcomes sum to
    one."""

    def __init__(self, paths: Sequence[Path], index: int) -> None:
        self.paths = tuple(paths)
        self.signs = tuple(1 if i == index else -1 for i in range(len(paths)))
        self._index = index

    def score(self, values: Sequence[int], step: int) -> int:  # noqa: ARG002 - time does not matter
        own = values[self._index]
        others = sum(exp_scaled(v - own, 1 << 64) for i, v in enumerate(values) if i != self._index)
        return _UNIT * (1 << 64) // ((1 << 64) + others)

    def price(self, score: int) -> int:
        return score


def fair_at(fair: Fair, step: int) -> int:
    """The fair price in 1e-9 at a step."""
    return fair.price(fair.score([path.value(step) for path in fair.paths], step))


def fairs_at(fair: Fair, steps: Sequence[int]) -> list[int]:
    """The fair price in 1e-9 at each of many steps; quicker than one by one when they come in order."""
    columns = [path.values(steps) for path in fair.paths]
    return [fair.price(fair.score(values, step)) for step, *values in zip(steps, *columns, strict=True)]


def fair_bounds(fair: Fair, base: int, level: int) -> tuple[int, int]:
    """Prices between which the fair value surely stays from step `base` to `base + 2**level`, both
    included."""
    low: list[int] = []
    high: list[int] = []
    end = base + (1 << level)
    for path, sign in zip(fair.paths, fair.signs, strict=True):
        a, b, tail = path.value(base), path.value(end), path.tails[level]
        bottom, top = min(a, b) - tail, max(a, b) + tail
        low.append(bottom if sign > 0 else top)
        high.append(top if sign > 0 else bottom)
    return fair.price(fair.lowest(low, base, end)), fair.price(fair.highest(high, base, end))


def fair_range(fair: Fair, first: int, last: int) -> tuple[int, int]:
    """The exact lowest and highest fair price over the steps `first` to `last`, both included."""

    def lowness(values: Sequence[int], begin: int, end: int) -> int:
        return -fair.lowest(values, begin, end)

    opposite = tuple(-sign for sign in fair.signs)
    highest = extreme(fair.paths, fair.signs, fair.highest, first, last)
    return fair.price(-extreme(fair.paths, opposite, lowness, first, last)), fair.price(highest)
