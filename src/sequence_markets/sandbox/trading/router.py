"""The router: which displayed sizes an order takes, and in which order.

Levels of all candidate venues are taken by landed cost, the price including the taker fee; ties go to the venue
listed first. Nothing is planned beyond what is displayed and not taken yet, outside the limit or the slippage cap, or
beyond what the account can pay at that venue.
"""

from __future__ import annotations

import hashlib
import heapq
from dataclasses import dataclass
from typing import Final, Literal

from sequence_markets.sandbox.market import VenueBook
from sequence_markets.sandbox.trading import records as rec
from sequence_markets.sandbox.trading.amounts import ONE_PRICE, ONE_QTY, ceil_div
from sequence_markets.sandbox.trading.desk import Desk
from sequence_markets.sandbox.trading.fees import FREE
from sequence_markets.sandbox.trading.purse import Purse, hold_for
from sequence_markets.sandbox.trading.state import Order

__all__ = [
    "Plan",
    "Purses",
    "Take",
    "arrival_mid",
    "arrival_sides",
    "content_id",
    "fill_id",
    "plan_sweep",
    "take",
    "touch",
    "worst_price",
]

_BPS: Final = 10_000
_TIDY_FROM: Final = 64


@dataclass(slots=True)
class Take:
    """One bite of one displayed level."""

    venue: str
    cash: str
    qty: int
    price: int
    fee: int
    level: rec.LevelEntry


@dataclass(slots=True)
class Plan:
    """What would be taken. `starved` says that money was missing, `capped` and `limited` that levels were left
    because of the slippage cap or the limit."""

    takes: list[Take]
    qty: int = 0
    starved: bool = False
    capped: bool = False
    limited: bool = False

    @property
    def shortfall(self) -> str:
        """Why the plan stopped where it did."""
        if self.starved:
            return "INSUFFICIENT_BALANCE"
        if self.capped:
            return "MAX_SLIPPAGE"
        if self.limited:
            return "LIMIT_NOT_REACHED"
        return "NO_LIQUIDITY"


class Purses:
    """The purses of one order, opened when first looked into."""

    def __init__(self, desk: Desk, order: Order) -> None:
        self._desk = desk
        self._order = order
        self._instrument = desk.instrument(order)
        self._open: dict[str, Purse] = {}

    def cash(self, venue: str) -> str:
        """The cash asset paid at a venue."""
        return self._instrument.settlement.get(venue, self._instrument.quote)

    def at(self, venue: str) -> Purse:
        """The purse at a venue."""
        purse = self._open.get(venue)
        if purse is None:
            purse = self._open[venue] = Purse.open(self._desk, self._order, venue, self.cash(venue))
        return purse


def worst_price(order: Order) -> int:
    """The worst price an order accepts, from its limit and its slippage cap; 0 for any."""
    limit, cap = order.spec.limit_1e9, order.cap_1e9
    if not limit or not cap:
        return limit or cap
    return min(limit, cap) if order.spec.side == "buy" else max(limit, cap)


def touch(order: Order, books: dict[str, VenueBook], which: Literal["own", "opposite"]) -> int:
    """The best displayed price on the order's own or the opposite side over all its venues, in the order's terms;
    0 when nothing is displayed."""
    spec = order.spec
    bids = (spec.book_side == "buy") == (which == "own")
    prices = [side[0][0] for book in books.values() if (side := book.bids if bids else book.asks)]
    return spec.book_price(max(prices) if bids else min(prices)) if prices else 0


def arrival_sides(order: Order, books: dict[str, VenueBook]) -> tuple[int, int]:
    """The best displayed bid and offer of the order's venues, in its terms; 0 where nothing is displayed."""
    own, opposite = touch(order, books, "own"), touch(order, books, "opposite")
    return (own, opposite) if order.spec.side == "buy" else (opposite, own)


def arrival_mid(desk: Desk, order: Order, books: dict[str, VenueBook]) -> int:
    """The middle between the best displayed prices of the order's venues, rounded down; the one side there is when
    the other is empty; the reference price when both are; 0 when nothing is known."""
    own, opposite = touch(order, books, "own"), touch(order, books, "opposite")
    if own and opposite:
        return (own + opposite) // 2
    return own or opposite or desk.market.reference_price(order.spec.symbol, desk.now_ns) or 0


def plan_sweep(desk: Desk, order: Order, qty: int, books: dict[str, VenueBook], purses: Purses, worst: int) -> Plan:
    """Plan to take up to `qty` at prices no worse than `worst` (0: any), best landed cost first."""
    spec = order.spec
    instrument = desk.instrument(order)
    buying = spec.side == "buy"
    side: Literal["bid", "ask"] = "ask" if spec.book_side == "buy" else "bid"
    slip = desk.state.accounts[order.client].settings.slippage_bps
    plan = Plan([])
    heap: list[tuple[int, int, int, int]] = []
    sides = [(venue, book.asks if side == "ask" else book.bids) for venue, book in books.items()]
    fees = [desk.fee(order, instrument, venue, "taker") for venue, _ in sides]

    def push(index: int, depth: int) -> None:
        venue, levels = sides[index]
        while depth < len(levels):
            book_price, shown = levels[depth]
            if desk.net(venue, spec.book_symbol, side, book_price, shown) > 0:
                price = spec.book_price(book_price)
                if slip:
                    price = _slipped(price, slip, buying, instrument.type == "prediction")
                if worst and (price > worst if buying else price < worst):
                    if order.cap_1e9 and (price > order.cap_1e9 if buying else price < order.cap_1e9):
                        plan.capped = True
                    else:
                        plan.limited = True
                    return
                unit = fees[index].unit_1e17(price)
                landed = price * ONE_QTY + unit if buying else unit - price * ONE_QTY
                heapq.heappush(heap, (landed, index, depth, price))
                return
            depth += 1

    for index in range(len(sides)):
        push(index, 0)
    short_at = 0
    while heap and plan.qty < qty:
        _, index, depth, price = heapq.heappop(heap)
        venue, levels = sides[index]
        book_price, shown = levels[depth]
        already = desk.taken(venue, spec.book_symbol, side, book_price, shown)
        wanted = min(qty - plan.qty, shown - already)
        purse = purses.at(venue)
        bite = purse.most(wanted, price, fees[index])
        if bite < wanted:
            short_at = short_at or price
        if bite:
            charge = purse.spend(bite, price, fees[index])
            level: rec.LevelEntry = (spec.book_symbol, side, book_price, shown, already + bite)
            plan.takes.append(Take(venue, purses.cash(venue), bite, price, charge, level))
            plan.qty += bite
        if bite == wanted:
            push(index, depth + 1)
    if plan.qty == qty:
        plan.capped = plan.limited = False
    elif short_at:
        plan.starved = _starved(desk, order, qty - plan.qty, short_at, purses)
    return plan


def _starved(desk: Desk, order: Order, rest: int, price: int, purses: Purses) -> bool:
    """Whether all venues together lack the means for the rest, and not just the ones that still have something
    to sell."""
    spec = order.spec
    open_purses = [purses.at(venue) for venue in desk.candidates(order)]
    if spec.side == "sell" and spec.type != "perp":
        return sum(purse.goods for purse in open_purses) < rest
    return sum(purse.cash for purse in open_purses) < hold_for(spec, rest, price, FREE)


def _slipped(price: int, bps: int, buying: bool, prediction: bool) -> int:
    if buying:
        worse = price + ceil_div(price * bps, _BPS)
        return min(worse, ONE_PRICE) if prediction else worse
    return max(price - ceil_div(price * bps, _BPS), 1)


def fill_id(desk: Desk) -> str:
    """The id of the next fill, from the seed and its number."""
    return content_id("fill", desk.state.seed, desk.state.fill_count + 1)


def content_id(kind: str, seed: int, number: int) -> str:
    """An id that depends on nothing but the seed and a running number."""
    digest = hashlib.blake2b(f"{kind}:{seed}:{number}".encode(), digest_size=16)
    return f"{kind}_{digest.hexdigest()}"


def take(desk: Desk, order: Order, plan: Plan, books: dict[str, VenueBook]) -> None:
    """Carry out a plan: one fill per bite."""
    for bite in plan.takes:
        _tidy(desk, books[bite.venue])
        desk.emit(
            rec.Filled(
                order.no,
                0,
                fill_id(desk),
                bite.venue,
                bite.cash,
                "taker",
                bite.qty,
                bite.price,
                bite.fee,
                (bite.level,),
                "",
                0,
            )
        )


def _tidy(desk: Desk, book: VenueBook) -> None:
    """Forget what was taken from levels that look different now, once there are many of them."""
    levels = desk.state.taken.get((book.venue, book.symbol))
    if levels is None or len(levels) < _TIDY_FROM:
        return
    shown = {("bid", price): size for price, size in book.bids}
    shown.update((("ask", price), size) for price, size in book.asks)
    stale = tuple(sorted(key for key, (size, _) in levels.items() if shown.get(key) != size))
    if stale:
        desk.emit(rec.Forgot(book.venue, book.symbol, stale))
