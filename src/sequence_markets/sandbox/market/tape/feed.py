"""One recorded instrument of one venue: its book at every instant of the tape, and its prints."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from ...instruments import Side
from ..series import PriceSeries
from ..types import Levels
from .ladder import Ladder

__all__ = ["DISPLAYED_LEVELS", "Feed", "FeedBuilder", "TapeCounters", "TapePrint"]

DISPLAYED_LEVELS: Final = 100
"""Levels a side that a recorded book shows."""

_CHECKPOINT_UPDATES: Final = 8_192
_CACHED_DISPLAYS: Final = 512
_HOP_DISPLAYS: Final = 8


@dataclass(frozen=True, slots=True)
class TapePrint:
    """A recorded trade."""

    trade_id: str
    time_ns: int
    price_1e9: int
    qty_1e8: int
    taker_side: Side


@dataclass(slots=True)
class TapeCounters:
    """What reading the tape came across.

    `book_messages` counts every book message, `stale` those that an earlier snapshot already contained, `gaps`
    breaks of the venue's sequence rule, `crossed` messages after which best bid and best ask met.
    """

    book_messages: int = 0
    snapshots: int = 0
    stale: int = 0
    updates: int = 0
    gaps: int = 0
    crossed: int = 0
    trades: int = 0
    repeated_trades: int = 0

    def as_dict(self) -> dict[str, int]:
        """The counters as plain data."""
        return {name: getattr(self, name) for name in self.__slots__}


class FeedBuilder:
    """Collects the frames of a tape, in the order in which the venue made them, into a `Feed`."""

    def __init__(self) -> None:
        self.counters = TapeCounters()
        self._bids = Ladder(descending=True)
        self._asks = Ladder(descending=False)
        self._frames = _Frames()
        self._checkpoints: list[tuple[int, Ladder, Ladder]] = []
        self._since_checkpoint = _CHECKPOINT_UPDATES
        self._valid: list[bool] = []
        self._middles = PriceSeries()
        self._touches: tuple[array[int], array[int]] = (array("q"), array("q"))

    def frame(
        self, time_ns: int, bids: Sequence[tuple[int, int]], asks: Sequence[tuple[int, int]], *, snapshot: bool = False
    ) -> None:
        """A change of the book, or the whole book when it is a snapshot; time never runs backwards."""
        time_ns = max(time_ns, self._frames.times[-1]) if self._frames.times else time_ns
        if self._since_checkpoint >= _CHECKPOINT_UPDATES:
            self._checkpoints.append((len(self._valid), self._bids.copy(), self._asks.copy()))
            self._since_checkpoint = 0
        if snapshot:
            self._bids.clear()
            self._asks.clear()
        self._bids.update(bids)
        self._asks.update(asks)
        self._frames.append(time_ns, bids, asks, snapshot=snapshot)
        self._since_checkpoint += len(bids) + len(asks)
        self.counters.updates += len(bids) + len(asks)
        self._mark(time_ns, valid=True)

    def lost(self, time_ns: int) -> None:
        """From here on the book is not known, until the next snapshot."""
        time_ns = max(time_ns, self._frames.times[-1]) if self._frames.times else time_ns
        self._bids.clear()
        self._asks.clear()
        self._frames.append(time_ns, (), (), snapshot=True)
        self._mark(time_ns, valid=False)

    def _mark(self, time_ns: int, *, valid: bool) -> None:
        bid, ask = self._bids.best or 0, self._asks.best or 0
        if bid and ask:
            if bid >= ask:
                self.counters.crossed += 1
            self._middles.append(time_ns, (bid + ask) // 2)
        self._valid.append(valid)
        self._touches[0].append(bid)
        self._touches[1].append(ask)

    def build(self, prints: list[TapePrint]) -> Feed:
        """The finished feed; prints may come in any order."""
        unique = {p.trade_id: p for p in prints}
        self.counters.trades = len(unique)
        self.counters.repeated_trades = len(prints) - len(unique)
        ordered = sorted(unique.values(), key=lambda p: p.time_ns)
        return Feed(self._frames, self._checkpoints, self._valid, self._touches, self._middles, ordered, self.counters)


class _Frames:
    """Book changes in flat arrays: a tape of an hour holds tens of millions of them."""

    __slots__ = ("bids_until", "offsets", "prices", "sizes", "snapshots", "times")

    def __init__(self) -> None:
        self.times: list[int] = []
        self.snapshots: list[bool] = []
        self.offsets = array("q", [0])
        self.bids_until = array("q")
        self.prices = array("q")
        self.sizes = array("q")

    def append(
        self, time_ns: int, bids: Sequence[tuple[int, int]], asks: Sequence[tuple[int, int]], *, snapshot: bool
    ) -> None:
        self.times.append(time_ns)
        self.snapshots.append(snapshot)
        self.prices.extend([price for price, _ in bids])
        self.sizes.extend([size for _, size in bids])
        self.bids_until.append(len(self.prices))
        self.prices.extend([price for price, _ in asks])
        self.sizes.extend([size for _, size in asks])
        self.offsets.append(len(self.prices))

    def apply(self, index: int, bids: Ladder, asks: Ladder) -> None:
        if self.snapshots[index]:
            bids.clear()
            asks.clear()
        start, middle, end = self.offsets[index], self.bids_until[index], self.offsets[index + 1]
        bids.update(zip(self.prices[start:middle], self.sizes[start:middle], strict=True))
        asks.update(zip(self.prices[middle:end], self.sizes[middle:end], strict=True))


class Feed:
    """A recorded instrument that can be read at any instant.

    Going forward applies the changes in between; going back starts from the checkpoint before.
    """

    def __init__(
        self,
        frames: _Frames,
        checkpoints: list[tuple[int, Ladder, Ladder]],
        valid: list[bool],
        touches: tuple[array[int], array[int]],
        middles: PriceSeries,
        prints: list[TapePrint],
        counters: TapeCounters,
    ) -> None:
        if not frames.times:
            raise ValueError("the tape holds no book")
        self._frames = frames
        self._checkpoints = checkpoints
        self._valid = valid
        self._touches = touches
        self._at = -1
        self._bids = Ladder(descending=True)
        self._asks = Ladder(descending=False)
        self._displays: OrderedDict[int, tuple[Levels, Levels]] = OrderedDict()
        self.times = frames.times
        self.middles = middles
        self.prints = prints
        self.print_times = [p.time_ns for p in prints]
        self._traded = [0, *accumulate(p.qty_1e8 for p in prints)]
        self.counters = counters
        self.start_ns = self.times[0]
        self.end_ns = max(self.times[-1], self.print_times[-1] if prints else 0)

    def index_at(self, now_ns: int) -> int:
        """The frame that stands at an instant, -1 before the first one."""
        return bisect_right(self.times, now_ns) - 1

    def is_known(self, index: int) -> bool:
        """Whether the book is known at a frame."""
        return index >= 0 and self._valid[index]

    def touch(self, index: int) -> tuple[int, int]:
        """Best bid and best ask at a frame, 0 for an empty side."""
        return self._touches[0][index], self._touches[1][index]

    def next_frame(self, after_ns: int) -> int | None:
        """The instant of the next book change after an instant."""
        index = bisect_right(self.times, after_ns)
        return self.times[index] if index < len(self.times) else None

    def whole(self, index: int) -> tuple[Levels, Levels]:
        """Every bid and ask at a frame, however deep."""
        self._seek(index)
        return self._bids.top(len(self._bids.prices)), self._asks.top(len(self._asks.prices))

    def display(self, index: int) -> tuple[Levels, Levels]:
        """Bids and asks shown at a frame."""
        known = self._displays.get(index)
        if known is None:
            self._seek(index)
            known = self._show(index)
            while len(self._displays) > _CACHED_DISPLAYS:
                self._displays.popitem(last=False)
        else:
            self._displays.move_to_end(index)
        return known

    def _show(self, index: int) -> tuple[Levels, Levels]:
        known = self._displays[index] = (self._bids.top(DISPLAYED_LEVELS), self._asks.top(DISPLAYED_LEVELS))
        return known

    def _seek(self, index: int) -> None:
        """Bring the ladders to a frame."""
        at = self._at
        position = bisect_right(self._checkpoints, index, key=_checkpoint_frame) - 1
        frame, bids, asks = self._checkpoints[position]
        if at > index or at < frame - 1:
            # A checkpoint is the book before its frame.
            at, self._bids, self._asks = frame - 1, bids.copy(), asks.copy()
        while at < index:
            at += 1
            self._frames.apply(at, self._bids, self._asks)
            # The frames just before are what delayed readers ask for next.
            if 0 < index - at < _HOP_DISPLAYS:
                self._show(at)
        self._at = at

    def next_print(self, after_ns: int) -> int | None:
        """The instant of the next print after an instant."""
        index = bisect_right(self.print_times, after_ns)
        return self.print_times[index] if index < len(self.print_times) else None

    def print_span(self, start_ns: int, end_ns: int) -> tuple[int, int]:
        """The indices, end excluded, of the prints with `start_ns` < time <= `end_ns`."""
        return bisect_right(self.print_times, start_ns), bisect_right(self.print_times, end_ns)

    def prints_between(self, start_ns: int, end_ns: int) -> Sequence[TapePrint]:
        """The prints with `start_ns` < time <= `end_ns`."""
        return self.prints[bisect_right(self.print_times, start_ns) : bisect_right(self.print_times, end_ns)]

    def traded(self, start_ns: int, end_ns: int) -> int:
        """The quantity printed with `start_ns` < time <= `end_ns`."""
        first, last = bisect_right(self.print_times, start_ns), bisect_right(self.print_times, end_ns)
        return self._traded[max(first, last)] - self._traded[first]

    def quiet_until(self, low_1e9: int, high_1e9: int, after_ns: int, horizon: int) -> int | None:
        """The last instant, looking `horizon` frames ahead, up to which touch and prints stay inside the open interval.

        None when they are not now; the end of time when nothing follows.
        """
        index = self.index_at(after_ns)
        bids, asks = self._touches
        if index < 0 or not _inside(bids[index], asks[index], low_1e9, high_1e9):
            return None
        stop = min(len(self.times), index + 1 + horizon)
        until = self.times[stop] - 1 if stop < len(self.times) else 2**63 - 1
        for k in range(index + 1, stop):
            if not (self._valid[k] and _inside(bids[k], asks[k], low_1e9, high_1e9)):
                until = self.times[k] - 1
                break
        for k in range(bisect_right(self.print_times, after_ns), bisect_left(self.print_times, until + 1)):
            if not low_1e9 < self.prints[k].price_1e9 < high_1e9:
                return max(after_ns, self.prints[k].time_ns - 1)
        return max(after_ns, until)


def _checkpoint_frame(checkpoint: tuple[int, Ladder, Ladder]) -> int:
    return checkpoint[0]


def _inside(bid: int, ask: int, low: int, high: int) -> bool:
    return (not bid or low < bid) and (not ask or ask < high) and (not bid or bid < high) and (not ask or low < ask)
