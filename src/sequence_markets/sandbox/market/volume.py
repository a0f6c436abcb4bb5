"""Traded volume as a seeded cascade: a block's volume is drawn once and shared out by halves down to single
steps.

The volume of any window is thus the exact sum of its parts, and is known without drawing a single trade in
it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from .fixedpoint import bits64, key64

__all__ = ["VolumeTree"]

_BLOCK_LEVEL: Final = 20
_CACHED_NODES: Final = 1 << 14
_CACHED_STEPS: Final = 16


def _left_part(draw: int, total: int, sparse: bool, sparse_256: int) -> int:
    """What of some lots goes to the left half."""
    if sparse and draw & 0xFF < sparse_256:
        return total if draw & 0x100 else 0
    # A quarter to three quarters go left; the drawn low bits round without a bias.
    return (total * (16_384 + (draw >> 49)) + (draw >> 16 & 0xFFFF)) >> 16


class VolumeTree:
    """Lots traded per step.

    `lots_per_block` is the mean of a block of 2**20 steps. At the lowest `sparse_levels` halvings, with the
    chance `sparse_256`/256, one half takes everything, so that most steps of a quiet market see no trade at
    all.
    """

    __slots__ = ("_found", "_key", "_left", "_lots", "_sparse_256", "_sparse_levels")

    def __init__(self, seed: int, name: str, *, lots_per_block: int, sparse_256: int, sparse_levels: int) -> None:
        self._key = key64(seed, "volume", name)
        self._lots = lots_per_block
        self._sparse_256 = sparse_256
        self._sparse_levels = sparse_levels
        self._left: dict[int, int] = {}
        self._found: dict[int, tuple[int, int]] = {}

    def _block(self, block: int) -> int:
        return self._lots * (768 + (bits64(self._key, block << _BLOCK_LEVEL) >> 55)) >> 10

    def _blocks(self, first: int, last: int) -> int:
        """The lots of the blocks `first` to `last - 1`."""
        key, lots = self._key, self._lots
        draws = [bits64(key, block << _BLOCK_LEVEL) >> 55 for block in range(first, last)]
        return sum([lots * (768 + draw) >> 10 for draw in draws])

    def _left_half(self, middle: int, level: int, total: int) -> int:
        known = self._left.get(middle)
        if known is not None:
            return known
        if len(self._left) > _CACHED_NODES:
            self._left.clear()
        draw = bits64(self._key, middle)
        left = self._left[middle] = _left_part(draw, total, level <= self._sparse_levels, self._sparse_256)
        return left

    def _find(self, step: int) -> tuple[int, int]:
        """The lots in this step's block before the step, and those of the step itself."""
        known = self._found.get(step)
        if known is not None:
            return known
        if len(self._found) > _CACHED_STEPS:
            self._found.clear()
        base = step >> _BLOCK_LEVEL << _BLOCK_LEVEL
        total = self._block(step >> _BLOCK_LEVEL)
        before = 0
        for level in range(_BLOCK_LEVEL, 0, -1):
            if not total:
                break
            middle = base + (1 << (level - 1))
            left = self._left_half(middle, level, total)
            if step >= middle:
                before += left
                base, total = middle, total - left
            else:
                total = left
        found = self._found[step] = before, total
        return found

    def at(self, step: int) -> int:
        """The lots traded in one step."""
        return self._find(step)[1]

    def between(self, first: int, last: int) -> int:
        """The lots traded in the steps `first` to `last - 1`."""
        if last <= first:
            return 0
        first_block, last_block = first >> _BLOCK_LEVEL, last >> _BLOCK_LEVEL
        return self._blocks(first_block, last_block) + self._find(last)[0] - self._find(first)[0]

    def since(self, firsts: Sequence[int], last: int) -> list[int]:
        """The lots traded from each of some steps up to `last - 1`: as `between`, with every part of the way taken
        once and nothing remembered. Steps on a coarse grid cost less."""
        until, whole, block = self._before(last), 0, last >> _BLOCK_LEVEL
        found: dict[int, int] = {}
        for first in sorted(set(firsts), reverse=True):
            if first >= last:
                found[first] = 0
                continue
            whole += self._blocks(first >> _BLOCK_LEVEL, block)
            block = first >> _BLOCK_LEVEL
            found[first] = whole + until - self._before(first)
        return [found[first] for first in firsts]

    def _before(self, step: int) -> int:
        """The lots in a step's block before the step."""
        key, sparse, sparse_levels = self._key, self._sparse_256, self._sparse_levels
        base = step >> _BLOCK_LEVEL << _BLOCK_LEVEL
        total = self._block(step >> _BLOCK_LEVEL)
        before = 0
        level = _BLOCK_LEVEL
        while total and base != step:
            level -= 1
            middle = base + (1 << level)
            left = _left_part(bits64(key, middle), total, level < sparse_levels, sparse)
            if step >= middle:
                before += left
                base, total = middle, total - left
            else:
                total = left
        return before

    def leaves(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """The steps from `first` to `last - 1` with a trade in them, and the lots of each, in order."""
        for block in range(first >> _BLOCK_LEVEL, ((last - 1) >> _BLOCK_LEVEL) + 1):
            stack = [(block << _BLOCK_LEVEL, _BLOCK_LEVEL, self._block(block))]
            while stack:
                base, level, total = stack.pop()
                if not total or base >= last or base + (1 << level) <= first:
                    continue
                if level == 0:
                    yield base, total
                    continue
                middle = base + (1 << (level - 1))
                left = self._left_half(middle, level, total)
                stack.append((middle, level - 1, total - left))
                stack.append((base, level - 1, left))
