"""Seeded paths over all of time that can be read anywhere without being lived through.

Time is cut into steps. A path is fixed at the multiples of a long block, and between them by midpoint
displacement: the middle of an interval is the mean of its ends, moved up or down by a bounded draw that
belongs to this middle alone. So one value costs one draw per halving, whatever was read before, and the
values inside an interval are bounded by those at its ends and the sum of the displacements that are still to
come. Intervals below the jump level are not displaced but hold one jump from the left value to the right one
at a drawn step, as a quoted price stands still and then moves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from heapq import heappop, heappush
from math import isqrt
from typing import Final

from .fixedpoint import LOG_ONE, bits64, key64

__all__ = ["STEPS_PER_SECOND", "STEP_NS", "Path", "Score", "extreme"]

STEP_NS: Final = 100_000_000
"""The grid of the synthetic market: 100 ms, the cadence of the recorded depth streams."""
STEPS_PER_SECOND: Final = 10

_TOP: Final = 28
_CACHED_NODES: Final = 1 << 15


@lru_cache(maxsize=256)
def _scales(volatility: int, jump_level: int, cap_level: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """By level, the amplitude of the displacement in the middle of an interval, and the sum of all that are to come."""
    # A Brownian bridge over T seconds has the standard deviation sqrt(T)/2 in its middle.
    amplitudes = tuple(
        volatility * isqrt((1 << min(level, cap_level)) * 10**8 // STEPS_PER_SECOND) // 20_000
        for level in range(_TOP + 1)
    )
    tails: list[int] = []
    for level, amplitude in enumerate(amplitudes):
        below = tails[-1] if tails else 0
        tails.append(below + (0 if level <= jump_level else amplitude * 5 // 4 + 1))
    return amplitudes, tuple(tails)


class Path:
    """One path in log units, read by step number.

    `volatility` is its standard deviation over the square root of a second, in log units. From intervals of
    2**`cap_level` steps on, displacements stop growing, so that the path keeps within a band around `centre`
    for ever. `jump_level` is the longest interval, as a power of two of steps, that holds a single jump.

    `tails` says by level how far values inside an interval of 2**level steps can lie outside the values at its
    ends.
    """

    __slots__ = ("_amplitudes", "_centre", "_jump_level", "_key", "_nodes", "tails")

    def __init__(
        self, seed: int, name: str, *, centre: int = 0, volatility: int, jump_level: int = 4, cap_level: int = 22
    ) -> None:
        self._key = key64(seed, "path", name)
        self._centre = centre
        self._jump_level = jump_level
        self._amplitudes, self.tails = _scales(volatility, jump_level, cap_level)
        self._nodes: dict[int, int] = {}

    def value(self, step: int) -> int:
        """The path at a step."""
        nodes = self._nodes
        known = nodes.get(step)
        if known is not None:
            return known
        if len(nodes) > _CACHED_NODES:
            nodes.clear()
        base = step >> _TOP << _TOP
        low, high = self._block(base), self._block(base + (1 << _TOP))
        level = _TOP
        while base != step:
            if low == high and level <= self._jump_level:
                # The jump lies elsewhere.
                nodes[step] = low
                break
            middle = base + (1 << (level - 1))
            value = nodes.get(middle)
            if value is None:
                value = nodes[middle] = self._middle(middle, level, low, high)
            level -= 1
            if step >= middle:
                base, low = middle, value
            else:
                high = value
        return low

    def stands_until(self, step: int) -> int:
        """The last step up to which the value surely stays as it is at `step`: no further than its next jump."""
        base = step >> self._jump_level << self._jump_level
        end = base + (1 << self._jump_level)
        now = self.value(step)
        if now == self.value(end):
            return end
        # The one jump of the interval lies between these two.
        low, high = step, end
        while high - low > 1:
            middle = (low + high) >> 1
            if self.value(middle) == now:
                low = middle
            else:
                high = middle
        return low

    def values(self, steps: Iterable[int]) -> list[int]:
        """The path at many steps: as `value` of each of them, but in order they share the way to them, and nothing is
        remembered."""
        found: list[int] = []
        key, amplitudes, jump_level = self._key, self._amplitudes, self._jump_level
        # By level, the values at the ends of the interval that holds the last step, from the top down to `bottom`.
        lows, highs = [0] * (_TOP + 1), [0] * (_TOP + 1)
        last, bottom = -1 << 63, _TOP
        for step in steps:
            level = max((step ^ last).bit_length(), bottom)
            if level > _TOP:
                level = _TOP
                base = step >> _TOP << _TOP
                lows[_TOP], highs[_TOP] = self._block(base), self._block(base + (1 << _TOP))
            low, high = lows[level], highs[level]
            bottom = min((step & -step).bit_length() - 1, _TOP) if step else _TOP
            while level > bottom:
                middle = (step >> level << level) + (1 << (level - 1))
                # As `_middle`, written out: a long history is little else than this.
                draw = bits64(key, middle)
                if level <= jump_level:
                    value = high if draw & 1 else low
                else:
                    size = amplitudes[level] * (98_304 + (draw >> 48)) >> 17
                    value = ((low + high) >> 1) + (size if draw & 1 else -size)
                level -= 1
                if step >= middle:
                    low = value
                else:
                    high = value
                lows[level], highs[level] = low, high
            last = step
            found.append(low)
        return found

    def middle(self, base: int, level: int, low: int, high: int) -> int:
        """The value in the middle of the interval of 2**level steps from `base`, given those at its two
        ends."""
        step = base + (1 << (level - 1))
        known = self._nodes.get(step)
        return self._middle(step, level, low, high) if known is None else known

    def _middle(self, middle: int, level: int, low: int, high: int) -> int:
        draw = bits64(self._key, middle)
        if level <= self._jump_level:
            return high if draw & 1 else low
        # Three quarters to five quarters of the amplitude: a root mean square of 1.01 amplitudes in a narrow
        # bound.
        size = self._amplitudes[level] * (98_304 + (draw >> 48)) >> 17
        return ((low + high) >> 1) + (size if draw & 1 else -size)

    def _block(self, step: int) -> int:
        known = self._nodes.get(step)
        if known is None:
            draw = bits64(self._key, step)
            size = self._amplitudes[_TOP] * (98_304 + (draw >> 48)) >> 17
            known = self._nodes[step] = self._centre + (size if draw & 1 else -size)
        return known


Score = Callable[[Sequence[int], int, int], int]
"""The largest score that values of the paths can have at any step from a first to a last one."""


def extreme(paths: Sequence[Path], signs: Sequence[int], score: Score, first: int, last: int) -> int:
    """The exact largest `score` of the paths' values over the steps `first` to `last`, both included.

    At every step `score` never decreases in a path whose sign is 1 and never increases in one whose sign is -1.
    Intervals whose bound lies below the best value found so far are never opened, so the cost grows with the
    logarithm of the span.
    """
    best = score([path.value(first) for path in paths], first, first)
    best = max(best, score([path.value(last) for path in paths], last, last))
    heap: list[tuple[int, int, int, list[int], list[int]]] = []

    def push(base: int, level: int, low: list[int], high: list[int]) -> None:
        if base > last or base + (1 << level) < first:
            return
        corner = [
            (max(a, b) + path.tails[level]) if sign > 0 else (min(a, b) - path.tails[level])
            for path, sign, a, b in zip(paths, signs, low, high, strict=True)
        ]
        bound = score(corner, max(base, first), min(base + (1 << level), last))
        if bound > best:
            heappush(heap, (-bound, base, level, low, high))

    level = min(_TOP, max(1, (last - first).bit_length()))
    for base in range(first >> level << level, last + 1, 1 << level):
        low = [path.value(base) for path in paths]
        if first <= base:
            best = max(best, score(low, base, base))
        push(base, level, low, [path.value(base + (1 << level)) for path in paths])
    while heap:
        bound, base, level, low, high = heappop(heap)
        if -bound <= best:
            break
        if level == 0:
            continue
        half = 1 << (level - 1)
        middle = [path.middle(base, level, a, b) for path, a, b in zip(paths, low, high, strict=True)]
        if first <= base + half <= last:
            best = max(best, score(middle, base + half, base + half))
        push(base, level - 1, low, middle)
        push(base + half, level - 1, middle, high)
    return best


VOLATILITY_UNIT: Final = LOG_ONE // 1_000_000
"""A hundredth of a basis point per square root of a second, in log units."""
