"""Fair values of contracts that are decided at a known step: probabilities that go to nought or one as it comes near.

All of them take the distance of a path from where it would have to end, in standard deviations of what the path still
does until then.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import isqrt
from typing import Final

from .fair import Fair
from .fixedpoint import LOG_BITS, LOG_ONE, exp_scaled, ln_ratio, logistic_scaled
from .path import STEPS_PER_SECOND, Path

__all__ = ["BarrierFair", "RaceFair", "UpDownFair", "least_log", "normal_quantile", "race_scale", "spread_to"]

_UNIT: Final = 1_000_000_000
_SURE: Final = 585 * LOG_ONE // 100
# The normal distribution as a logistic function of a cubic, to within 0.00015.
_LINEAR: Final = 15_976 * LOG_ONE // 10_000
_CUBIC: Final = 70_566 * LOG_ONE // 1_000_000
# The scale of a Gumbel distribution with the same standard deviation: sqrt(6) / pi.
_GUMBEL_PERCENT: Final = 78
_LARGEST_GAP: Final = 239 * LOG_ONE // 10
_ONE_64: Final = 1 << 64


def spread_to(volatility: int, steps_left: int) -> int:
    """The standard deviation of what a path still does in so many steps, at least in one, in log units."""
    return max(1, volatility * isqrt(max(steps_left, 1) * 10**8 // STEPS_PER_SECOND) // 10_000)


def race_scale(volatility: int, steps_left: int) -> int:
    """By how much the paths of a race have to differ for odds of e to 1, in log units."""
    return max(1, spread_to(volatility, steps_left) * _GUMBEL_PERCENT // 100)


def _deviations(gap: int, volatility: int, steps_left: int) -> int:
    """A distance in standard deviations of what the path still does, in log units."""
    return (gap << LOG_BITS) // spread_to(volatility, steps_left)


def _probability(deviations: int) -> int:
    """The normal distribution at so many standard deviations in log units, in 1e-9; never decreasing."""
    z = min(max(deviations, -_SURE), _SURE)
    cubic = (z * z >> LOG_BITS) * z >> LOG_BITS
    return logistic_scaled((z * _LINEAR >> LOG_BITS) + (cubic * _CUBIC >> LOG_BITS), _UNIT)


@lru_cache(maxsize=2048)
def normal_quantile(probability_1e6: int) -> int:
    """At how many standard deviations, in log units, the normal distribution has just reached a probability in
    millionths."""
    low, high = -_SURE, _SURE
    while high - low > LOG_ONE >> 24:
        middle = (low + high) >> 1
        if _probability(middle) < probability_1e6 * 1000:
            low = middle
        else:
            high = middle
    return high


@lru_cache(maxsize=1024)
def least_log(anchor_1e9: int, target_1e9: int) -> int:
    """The smallest logarithm whose exponential times the anchor reaches the target."""
    low = ln_ratio(target_1e9, anchor_1e9) - (1 << 24)
    high = low + (1 << 25)
    while high - low > 1:
        middle = (low + high) >> 1
        if exp_scaled(middle, anchor_1e9) < target_1e9:
            low = middle
        else:
            high = middle
    return high


class BarrierFair(Fair):
    """The probability that a path ends at a threshold or above it.

    Args:
        path: The path.
        threshold: Where it has to end, in its own units.
        end: The step that decides.
        volatility: The path's, per square root of a second.
    """

    signs = (1,)

    def __init__(self, path: Path, *, threshold: int, end: int, volatility: int) -> None:
        self.paths = (path,)
        self._threshold = threshold
        self._end = end
        self._volatility = volatility

    def _deviations(self, gap: int, step: int) -> int:
        return _deviations(gap, self._volatility, self._end - step)

    def score(self, values: Sequence[int], step: int) -> int:
        return self._deviations(values[0] - self._threshold, step)

    def price(self, score: int) -> int:
        return _probability(score)

    def highest(self, values: Sequence[int], first: int, last: int) -> int:
        # Time works for whoever is ahead.
        gap = values[0] - self._threshold
        return self._deviations(gap, last if gap >= 0 else first)

    def lowest(self, values: Sequence[int], first: int, last: int) -> int:
        gap = values[0] - self._threshold
        return self._deviations(gap, first if gap >= 0 else last)


class UpDownFair(Fair):
    """The probability that a path ends a window no lower than it began it.

    Before the window starts nobody knows more than that it is about one half; a mood, a small path of its own, moves
    the price around that, and fades as the window runs out.

    Args:
        path: The path of the underlying.
        mood: In log units of standard deviations.
        mood_sign: 1, or -1 for a contract that the mood works against.
        start: The step at which the window starts.
        end: The step at which it ends.
        volatility: The underlying's, per square root of a second.
    """

    def __init__(self, path: Path, mood: Path, *, mood_sign: int, start: int, end: int, volatility: int) -> None:
        self.paths = (path, mood)
        self.signs = (1, mood_sign)
        self._start = start
        self._end = end
        self._volatility = volatility
        self._anchor = path.value(start)

    def _inside(self, gap: int, step: int) -> int:
        return _deviations(gap, self._volatility, self._end - step)

    def _mood(self, mood: int, step: int) -> int:
        return mood * max(0, self._end - max(step, self._start)) // (self._end - self._start)

    def score(self, values: Sequence[int], step: int) -> int:
        mood = self._mood(values[1] * self.signs[1], step)
        return mood if step <= self._start else self._inside(values[0] - self._anchor, step) + mood

    def price(self, score: int) -> int:
        return _probability(score)

    def highest(self, values: Sequence[int], first: int, last: int) -> int:
        gap, mood = values[0] - self._anchor, values[1] * self.signs[1]
        if last <= self._start:
            return mood
        begin = max(first, self._start + 1)
        # Time works for whoever is ahead, and against any mood.
        inside = self._inside(gap, last if gap >= 0 else begin) + self._mood(mood, begin if mood >= 0 else last)
        return inside if first > self._start else max(mood, inside)

    def lowest(self, values: Sequence[int], first: int, last: int) -> int:
        gap, mood = values[0] - self._anchor, values[1] * self.signs[1]
        if last <= self._start:
            return mood
        begin = max(first, self._start + 1)
        inside = self._inside(gap, begin if gap >= 0 else last) + self._mood(mood, last if mood >= 0 else begin)
        return inside if first > self._start else min(mood, inside)


class RaceFair(Fair):
    """The probability that one of several paths ends above all others.

    Args:
        paths: The path of each outcome.
        offsets: What is added to each path.
        index: Which outcome this is.
        end: The step that decides.
        volatility: Each path's, per square root of a second.
    """

    def __init__(self, paths: Sequence[Path], offsets: Sequence[int], *, index: int, end: int, volatility: int) -> None:
        self.paths = tuple(paths)
        self.signs = tuple(1 if i == index else -1 for i in range(len(paths)))
        self._offsets = tuple(offsets)
        self._index = index
        self._end = end
        self._volatility = volatility

    def _scale(self, step: int) -> int:
        return race_scale(self._volatility, self._end - step)

    def _share(self, values: Sequence[int], ahead: int, behind: int) -> int:
        """The share, those that are ahead measured by one scale and those behind by another."""
        own = values[self._index] + self._offsets[self._index]
        others = 0
        for i, (value, offset) in enumerate(zip(values, self._offsets, strict=True)):
            if i != self._index:
                gap = value + offset - own
                gap = (gap << LOG_BITS) // (ahead if gap >= 0 else behind)
                others += exp_scaled(min(max(gap, -_LARGEST_GAP), _LARGEST_GAP), _ONE_64)
        return _UNIT * _ONE_64 // (_ONE_64 + others)

    def score(self, values: Sequence[int], step: int) -> int:
        scale = self._scale(step)
        return self._share(values, scale, scale)

    def price(self, score: int) -> int:
        return score

    def highest(self, values: Sequence[int], first: int, last: int) -> int:
        return self._share(values, self._scale(first), self._scale(last))

    def lowest(self, values: Sequence[int], first: int, last: int) -> int:
        return self._share(values, self._scale(last), self._scale(first))
