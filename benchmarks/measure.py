"""Timing two things against each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from time import perf_counter
from typing import Literal

Timed = Callable[[int], float]
"""Does something so many times and returns the seconds that took."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a ratio has to reach: ``<= 0.8`` or ``>= 0.5``."""

    relation: Literal["<=", ">="]
    ratio: float

    def met(self, ratio: float) -> bool:
        """Whether a measured ratio reaches it."""
        return ratio <= self.ratio if self.relation == "<=" else ratio >= self.ratio

    def __str__(self) -> str:
        return f"{self.relation} {self.ratio:g}"


@dataclass(frozen=True, slots=True)
class Spread:
    """A sample by its median and its 10th and 90th percentile."""

    low: float
    middle: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Return the spread of at least two values."""
        tenths = quantiles(values, n=10, method="inclusive")
        return cls(tenths[0], median(values), tenths[-1])


@dataclass(frozen=True, slots=True)
class Rounds:
    """Seconds per operation, round by round: ours and, right before or after it, the other's."""

    ours: tuple[float, ...]
    other: tuple[float, ...]

    def time_ratio(self) -> Spread:
        """Return our time over the other's."""
        return Spread.of([mine / theirs for mine, theirs in zip(self.ours, self.other, strict=True)])

    def rate_ratio(self) -> Spread:
        """Return our operations per second over the other's."""
        return Spread.of([theirs / mine for mine, theirs in zip(self.ours, self.other, strict=True)])


def repeated(action: Callable[[], object]) -> Timed:
    """Return what times an action of this process."""

    def timed(times: int) -> float:
        begin = perf_counter()
        for _ in range(times):
            action()
        return perf_counter() - begin

    return timed


def paired(ours: Timed, other: Timed, *, rounds: int, times: int = 1) -> Rounds:
    """Time both ``rounds`` times, ``times`` operations at once, and let each go first in every second round.

    Whatever slows the machine for longer than a round slows both, so that the ratio of a round stays honest.
    """
    for warm_up in (ours, other):  # caches, specialised bytecode, open connections
        warm_up(times)
    pairs = list(_rounds(ours, other, rounds, times))
    return Rounds(tuple(mine for mine, _ in pairs), tuple(theirs for _, theirs in pairs))


def _rounds(ours: Timed, other: Timed, rounds: int, times: int) -> Iterator[tuple[float, float]]:
    for number in range(rounds):
        if number % 2:
            theirs = other(times)
            mine = ours(times)
        else:
            mine = ours(times)
            theirs = other(times)
        yield mine / times, theirs / times
