"""What one synthetic venue shows of one symbol: its touch, its book and its prints, each a pure function of
the step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..instruments import Side
from .fair import Fair, OddsFair, RatioFair, ShareFair, fair_at, fair_bounds
from .fixedpoint import LOG_ONE, bits64, exp_scaled, key64, ln_ratio
from .path import STEP_NS, Path
from .types import Levels, MarketTrade, VenueBook
from .volume import VolumeTree

__all__ = ["Listing", "ListingFigures", "book_key", "is_price", "ticks_around", "touch_lots"]

_FACTOR_ONE: Final = 1 << 16


def _level_factors() -> tuple[int, ...]:
    """256 quantiles of a skewed size distribution with mean one, in 2**-16."""
    raw = [exp_scaled(ln_ratio(2 * i + 1, 511 - 2 * i) * 53 // 100, _FACTOR_ONE) for i in range(256)]
    return tuple(value * 256 * _FACTOR_ONE // sum(raw) for value in raw)


_LEVEL_FACTORS: Final = _level_factors()

# Distance bands of the book, nearest first: bucket width in base buckets, number of buckets, size in 1/256 of
# the figure far out, and how long a size stands, as a power of two of steps. The recorded books are thin near
# the touch.
_BANDS: Final = ((1, 10, 100, 8), (4, 8, 230, 10), (16, 6, 256, 12))
_TOUCH_PERIOD: Final = 5
_SPREAD_PERIOD: Final = 5
_ORDERS: Final = (1,) * 116 + (2,) * 64 + (3,) * 38 + (4,) * 26 + (5,) * 12
_CACHED_LEVELS: Final = 4096
_CACHED_STEPS: Final = 64
_QUIET_BUDGET: Final = 160
_FOREVER: Final = 1 << 62
_QUIET_HORIZON: Final = 1 << 22
_STANDING_HORIZON: Final = 256


@dataclass(frozen=True, slots=True)
class ListingFigures:
    """The measures of a listing, in its own units: ticks in 1e-9, sizes in lots, offsets in log units.

    `top_tick` bounds a prediction market: its prices lie from 1 to `top_tick` ticks, None for no bound.
    """

    tick_1e9: int
    lot_1e8: int
    half_spread: int
    touch_lots: int
    bucket_ticks: int
    bucket_lots: int
    top_tick: int | None


def ticks_around(
    low_fair: int, high_fair: int, down: int, up: int, tick_1e9: int, top_tick: int | None
) -> tuple[int, int]:
    """Best bid and best ask in ticks, for a fair price and offsets below and above it in log units.

    The bid lies strictly below the fair price and the ask strictly above it, on every venue: so books of one symbol
    never cross each other. Where a prediction market leaves no price on a side, nobody stands there: tick 0 for a bid,
    the one beyond the last for an ask.
    """
    bid = ((low_fair * (LOG_ONE - down) >> 48) - 1) // tick_1e9
    ask = -(-high_fair * (LOG_ONE + up) >> 48) // tick_1e9 + 1
    if top_tick is None:
        return max(bid, 1), max(ask, 2)
    return max(bid, 0), min(ask, top_tick + 1)


def book_key(seed: int, symbol: str, venue: str) -> int:
    """What everything that a venue displays of a symbol is drawn with."""
    return key64(seed, "book", symbol, venue)


def is_price(tick: int, top_tick: int | None) -> bool:
    """Whether somebody can stand at a tick."""
    return tick > 0 and (top_tick is None or tick <= top_tick)


def touch_lots(key: int, side: int, best: int, step: int, usual: int) -> int:
    """The lots displayed at the best price of a side, 0 for bids and 1 for asks; they are redrawn now and then."""
    epoch = (step + _touch_phase(best)) >> _TOUCH_PERIOD
    draw = bits64(bits64(key ^ (3 + side), best), epoch)
    return max(1, usual * (3_277 + 124_518 * (draw >> 48) // 65_536) >> 16)


def _touch_phase(best: int) -> int:
    return best * 0x9E3779B1 >> 7


class Listing:
    """One symbol on one venue."""

    def __init__(
        self,
        seed: int,
        symbol: str,
        venue: str,
        fair: Fair,
        lean: Path | None,
        volume: VolumeTree,
        figures: ListingFigures,
    ) -> None:
        self.symbol = symbol
        self.venue = venue
        self.fair = fair
        self.lean = lean
        self.volume = volume
        self.tick_1e9 = figures.tick_1e9
        self.lot_1e8 = figures.lot_1e8
        self._half_spread = figures.half_spread
        self._touch_lots = figures.touch_lots
        self._bucket_ticks = figures.bucket_ticks
        self._bucket_lots = figures.bucket_lots
        self._top_tick = figures.top_tick
        self._key = book_key(seed, symbol, venue)
        self._trade_key = key64(seed, "trades", symbol, venue)
        self._touches: dict[int, tuple[int, int]] = {}
        self._sizes: dict[tuple[int, int, int, int], tuple[int, int]] = {}
        self._sides: list[tuple[int, int, int, Levels]] = [(0, 0, 0, ()), (0, 0, 0, ())]
        self._books: dict[int, VenueBook] = {}
        self._prints: dict[int, tuple[MarketTrade, ...]] = {}

    def _ticks(self, low_fair: int, high_fair: int, down: int, up: int) -> tuple[int, int]:
        """Best bid and best ask in ticks; see `ticks_around`."""
        return ticks_around(low_fair, high_fair, down, up, self.tick_1e9, self._top_tick)

    def _is_price(self, tick: int) -> bool:
        """Whether somebody can stand at a tick."""
        return is_price(tick, self._top_tick)

    def touch(self, step: int) -> tuple[int, int]:
        """Best bid and best ask in ticks; see `_ticks`."""
        known = self._touches.get(step)
        if known is not None:
            return known
        value = fair_at(self.fair, step)
        down = up = 0
        if self._half_spread:
            draw = bits64(self._key, step >> _SPREAD_PERIOD)
            # Half to one and a half times the usual spread.
            down = up = self._half_spread * (32_768 + (draw >> 48)) >> 16
        if self.lean is not None:
            leaning = 2 * self.lean.value(step)
            if leaning > 0:
                up += leaning
            else:
                down -= leaning
        if len(self._touches) > _CACHED_STEPS:
            self._touches.clear()
        found = self._touches[step] = self._ticks(value, value, down, up)
        return found

    def touch_bounds(self, base: int, level: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """The lowest and the highest tick that the bid and the ask can have from step `base` to `base + 2**level`,
        both included."""
        low, high = fair_bounds(self.fair, base, level)
        down = up = self._half_spread * 98_303 >> 16
        if self.lean is not None:
            a, b, tail = self.lean.value(base), self.lean.value(base + (1 << level)), self.lean.tails[level]
            down += max(0, -2 * (min(a, b) - tail))
            up += max(0, 2 * (max(a, b) + tail))
        lowest_bid, highest_ask = self._ticks(low, high, down, up)
        # Outside prediction markets somebody always stands on both sides, and these two decide nothing.
        highest_bid, lowest_ask = (highest_ask, lowest_bid) if self._top_tick is None else self._ticks(high, low, 0, 0)
        return (lowest_bid, highest_bid), (lowest_ask, highest_ask)

    def _level(self, side: int, band: int, bucket: int, epoch: int, scale: int) -> tuple[int, int]:
        """Price in ticks and size of the level that stands in a bucket of prices during an epoch."""
        name = (side, band, bucket, epoch)
        known = self._sizes.get(name)
        if known is None:
            if len(self._sizes) > _CACHED_LEVELS:
                self._sizes.clear()
            draw = bits64(self._key ^ (0x5851F42D4C957F2D * (4 * band + 2 * side + 1)), bucket)
            draw = bits64(draw, epoch)
            width = self._bucket_ticks * _BANDS[band][0]
            tick = bucket * width + (draw >> 24) % width
            lots = self._bucket_lots * _BANDS[band][0] * scale * _LEVEL_FACTORS[draw & 0xFF] >> 24
            known = self._sizes[name] = (tick, max(1, lots) * self.lot_1e8)
        return known

    def _side(self, side: int, best: int, step: int) -> Levels:
        """The levels of one side, 0 for bids and 1 for asks, from the best price on outwards."""
        built_best, since, until, levels = self._sides[side]
        if built_best == best and since <= step < until:
            return levels
        if not self._is_price(best):
            self._sides[side] = (best, 0, _FOREVER, ())
            return ()
        # A level's size is redrawn at instants of its own, so that not the whole book changes at once.
        phase = _touch_phase(best)
        epoch = (step + phase) >> _TOUCH_PERIOD
        lots = touch_lots(self._key, side, best, step, self._touch_lots)
        found = [(best * self.tick_1e9, lots * self.lot_1e8)]
        since = (epoch << _TOUCH_PERIOD) - phase
        until = since + (1 << _TOUCH_PERIOD)
        sign = 1 if side else -1
        edge = best
        for band, (width, count, scale, period) in enumerate(_BANDS):
            ticks = self._bucket_ticks * width
            # Every band but the last ends where a bucket of the next one begins.
            outer = ticks * 4 if band + 1 < len(_BANDS) else ticks
            far = edge + sign * count * ticks
            far = far // outer * outer if sign < 0 else -(-far // outer) * outer
            if sign < 0:
                buckets = range((edge - 1) // ticks, max(far // ticks, 0) - 1, -1)
            else:
                last = far // ticks
                # A price of a prediction market cannot lie beyond its top tick.
                buckets = range(edge // ticks, last if not self._top_tick else min(last, self._top_tick // ticks + 1))
            for bucket in buckets:
                phase = (bucket * 0x9E3779B1 >> 5) + side * 37
                epoch = (step + phase) >> period
                tick, size = self._level(side, band, bucket, epoch, scale)
                begin = (epoch << period) - phase
                since = max(since, begin)
                until = min(until, begin + (1 << period))
                if (tick - best) * sign > 0 and self._is_price(tick):
                    found.append((tick * self.tick_1e9, size))
            edge = far
        levels = tuple(found)
        self._sides[side] = (best, since, until, levels)
        return levels

    def book(self, step: int) -> VenueBook:
        """The displayed book."""
        known = self._books.get(step)
        if known is None:
            bid, ask = self.touch(step)
            if len(self._books) > _CACHED_STEPS:
                self._books.clear()
            known = self._books[step] = VenueBook(
                self.venue,
                self.symbol,
                self._side(0, bid, step),
                self._side(1, ask, step),
                step * STEP_NS,
                "synthetic",
            )
        return known

    def book_until(self, after: int) -> int:
        """The last step, looking some ahead, up to which the book stays as it is at step `after`."""
        touch = self.touch(after)
        self._side(0, touch[0], after)
        self._side(1, touch[1], after)
        until = min(self._sides[0][2], self._sides[1][2], after + _STANDING_HORIZON)
        step = after
        while True:
            following = self._touch_until(step) + 1
            if following >= until:
                return until - 1
            if self.touch(following) != touch:
                return following - 1
            step = following

    def _touch_until(self, step: int) -> int:
        """The last step up to which nothing changes that the touch is made of."""
        if not isinstance(self.fair, RatioFair | OddsFair | ShareFair):
            return step  # The time itself may count.
        paths = self.fair.paths if self.lean is None else (*self.fair.paths, self.lean)
        until = min(path.stands_until(step) for path in paths)
        return min(until, step | (1 << _SPREAD_PERIOD) - 1) if self._half_spread else until

    def prints(self, step: int, lots: int) -> tuple[MarketTrade, ...]:
        """The prints of a step in which `lots` are traded: one or more taker orders, each one print or a
        burst."""
        known = self._prints.get(step)
        if known is not None:
            return known
        if len(self._prints) > _CACHED_STEPS:
            self._prints.clear()
        bid, ask = self.touch(step)
        key = bits64(self._trade_key, step)
        draw = bits64(key, 0)
        orders = min(lots, _ORDERS[draw & 0xFF])
        # Takers tend to push the way in which the price is about to move.
        after = self.touch(step + 1)
        lean = 40 if after[0] > bid else -40 if after[1] < ask else 0
        times = sorted((bits64(key, 1 + k) % 99 + 1) * 1_000_000 for k in range(orders))
        found: list[MarketTrade] = []
        left = lots
        for k, time in enumerate(times):
            draw = bits64(key, 16 + k)
            side: Side = "buy" if draw & 0xFF < 128 + lean else "sell"
            if not self._is_price(ask if side == "buy" else bid):
                side = "sell" if side == "buy" else "buy"
            price = (ask if side == "buy" else bid) * self.tick_1e9
            share = left if k + 1 == orders else max(1, min(left - (orders - 1 - k), self._cut(left, draw)))
            left -= share
            draw >>= 32
            pieces = 1 if draw & 0xFF < 158 else min(share, 2 + (draw >> 8) % 3 + (draw >> 10) % 7)
            for piece in range(pieces):
                if piece + 1 == pieces:
                    part = share
                else:
                    cut = self._cut(share, bits64(key, 64 + 16 * k + piece))
                    part = max(1, min(share - (pieces - 1 - piece), cut))
                share -= part
                found.append(
                    MarketTrade(
                        f"{self.venue}-{step:x}-{len(found)}",
                        step * STEP_NS + time,
                        self.symbol,
                        self.venue,
                        price,
                        part * self.lot_1e8,
                        side,
                        "synthetic",
                    )
                )
        known = self._prints[step] = tuple(found)
        return known

    @staticmethod
    def _cut(amount: int, draw: int) -> int:
        """A part of an amount: the cube of a uniform draw, so that most parts are small."""
        u = draw >> 16 & 0xFFFF
        return amount * (u * u * u >> 32) >> 16

    def step_prints(self, step: int) -> tuple[MarketTrade, ...]:
        """The prints of one step."""
        known = self._prints.get(step)
        if known is None:
            lots = self.volume.at(step)
            if lots:
                return self.prints(step, lots)
            if len(self._prints) > _CACHED_STEPS:
                self._prints.clear()
            known = self._prints[step] = ()
        return known

    def quiet_until(self, low_1e9: int, high_1e9: int, after: int) -> int | None:
        """The last step up to which bid and ask, where somebody stands, surely stay inside the open interval; None
        when they are not now."""
        tick = self.tick_1e9
        lowest = low_1e9 // tick + 1
        highest = -(-high_1e9 // tick) - 1
        top = self._top_tick

        def inside(bids: tuple[int, int], asks: tuple[int, int]) -> bool:
            if top is None:
                return lowest <= bids[0] and asks[1] <= highest
            highest_ask = min(asks[1], top)
            return (not self._is_price(bids[1]) or (lowest <= max(bids[0], 1) and bids[1] <= highest)) and (
                not self._is_price(asks[0]) or (lowest <= asks[0] and highest_ask <= highest)
            )

        def inside_at(step: int) -> bool:
            bid, ask = self.touch(step)
            return inside((bid, bid), (ask, ask))

        if not inside_at(after):
            return None
        step = after + 1
        level = 0
        budget = _QUIET_BUDGET
        while budget > 0 and step - after < _QUIET_HORIZON:
            budget -= 1
            level = min(level, (step & -step).bit_length() - 1)
            if level > 0 and inside(*self.touch_bounds(step, level)):
                step += 1 << level
                level = min(level + 2, 21)
            elif level > 0:
                level -= 1
            elif inside_at(step):
                step += 1
                level = 2
            else:
                break
        return step - 1
