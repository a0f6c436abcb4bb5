"""Placing, taking back and ending orders, and the holds that go with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sequence_markets.sandbox.market import VenueBook
from sequence_markets.sandbox.trading import records as rec
from sequence_markets.sandbox.trading.desk import Desk
from sequence_markets.sandbox.trading.fees import Liquidity
from sequence_markets.sandbox.trading.purse import hold_for
from sequence_markets.sandbox.trading.router import Plan, Purses, fill_id, plan_sweep, take, touch, worst_price
from sequence_markets.sandbox.trading.state import Child, Order

__all__ = [
    "Placement",
    "allocate",
    "cancel",
    "conclude",
    "fill_resting",
    "hunt",
    "place",
    "reserve_for",
    "reserve_rest",
    "retract",
    "sweep",
]

_UNBOUNDED_RESERVE_PERCENT = 110


@dataclass(frozen=True, slots=True)
class Placement:
    """A quantity to place at a venue at a price, in the order's terms."""

    venue: str
    price: int
    qty: int


def _holds(desk: Desk, order: Order, less: Mapping[int, int] | None = None) -> dict[tuple[str, str], int]:
    """What the resting parts of an order hold, after `less` was filled of each of them."""
    instrument = desk.instrument(order)
    spec = order.spec
    holds: dict[tuple[str, str], int] = {}
    for no in order.children:
        child = desk.state.children[no]
        if child.mode != "rest":
            continue
        qty = child.qty - (less.get(no, 0) if less else 0)
        if qty <= 0:
            continue
        goods = spec.side == "sell" and spec.type != "perp"
        asset = spec.asset if goods else instrument.settlement.get(child.venue, instrument.quote)
        fee = desk.fee(order, instrument, child.venue, "maker")
        key = (child.venue, asset)
        holds[key] = holds.get(key, 0) + hold_for(spec, qty, spec.book_price(child.price), fee)
    return holds


def _sync(
    desk: Desk,
    order: Order,
    *,
    less: Mapping[int, int] | None = None,
    reserve: Mapping[tuple[str, str], int] | None = None,
) -> None:
    """Make the order hold what its resting parts need, plus `reserve` (None: the reserve it has)."""
    kept = order.reserve if reserve is None else reserve
    holds = _holds(desk, order, less)
    for key, amount in kept.items():
        holds[key] = holds.get(key, 0) + amount
    if holds != order.holds or dict(kept) != order.reserve:
        desk.emit(rec.Held(order.no, _entries(holds), _entries(kept)))


def _entries(holds: Mapping[tuple[str, str], int]) -> tuple[rec.HoldEntry, ...]:
    return tuple((venue, asset, amount) for (venue, asset), amount in sorted(holds.items()))


def required_holds(desk: Desk, order: Order) -> dict[tuple[str, str], int]:
    """What an order must hold just now: its resting parts and its reserve."""
    holds = _holds(desk, order)
    for key, amount in order.reserve.items():
        holds[key] = holds.get(key, 0) + amount
    return holds


def sweep(desk: Desk, order: Order, qty: int, books: dict[str, VenueBook]) -> Plan:
    """Take up to `qty` of what is displayed, within limit and cap, using the order's reserve. What is left of the
    reserve is given back."""
    plan = plan_sweep(desk, order, qty, books, Purses(desk, order), worst_price(order))
    execute(desk, order, plan, books)
    return plan


def execute(desk: Desk, order: Order, plan: Plan, books: dict[str, VenueBook]) -> None:
    """Carry out a plan, giving back the reserve first."""
    if plan.takes:
        _sync(desk, order, reserve={})
        take(desk, order, plan, books)


def allocate(
    desk: Desk,
    order: Order,
    qty: int,
    price: int,
    books: dict[str, VenueBook],
    purses: Purses,
    liquidity: Liquidity = "maker",
) -> list[Placement]:
    """Spread a quantity over venues that can bear its hold; less than `qty` in all when money is missing.

    Venues are preferred by fee, then by how near their opposite touch is to the price, then by listing. Money goes
    to one venue when one can bear it all.
    """
    instrument = desk.instrument(order)
    fees = {venue: desk.fee(order, instrument, venue, liquidity) for venue in books}

    def distance(venue: str) -> tuple[int, int]:
        near = touch(order, {venue: books[venue]}, "opposite")
        gap = abs(near - price) if near else 2**62
        return fees[venue].unit_1e17(price), gap

    ranked = sorted(books, key=distance)
    for venue in ranked:
        if purses.at(venue).most_held(qty, price, fees[venue]) == qty:
            purses.at(venue).hold(qty, price, fees[venue])
            return [Placement(venue, price, qty)]
    placed: list[Placement] = []
    for venue in ranked:
        part = purses.at(venue).most_held(qty, price, fees[venue])
        if part:
            purses.at(venue).hold(part, price, fees[venue])
            placed.append(Placement(venue, price, part))
            qty -= part
        if not qty:
            break
    return placed


def place(desk: Desk, order: Order, placements: Iterable[Placement], books: dict[str, VenueBook]) -> None:
    """Let quantities rest, each behind what is displayed at its price."""
    spec = order.spec
    for placement in placements:
        book = books[placement.venue]
        level = spec.book_price(placement.price)
        own = book.bids if spec.book_side == "buy" else book.asks
        ahead = next((size for price, size in own if price == level), 0)
        desk.emit(rec.Rested(order.no, placement.venue, "rest", placement.price, placement.qty, ahead))
    _sync(desk, order, reserve={})


def hunt(desk: Desk, order: Order, price: int, books: dict[str, VenueBook]) -> None:
    """Also watch every venue where nothing of the order rests, to take what is displayed there within the price."""
    resting = {desk.state.children[no].venue for no in order.children}
    for venue in books:
        if venue not in resting:
            desk.emit(rec.Rested(order.no, venue, "hunt", price, 0, 0))


def reserve_for(
    desk: Desk, order: Order, books: dict[str, VenueBook], purses: Purses
) -> tuple[dict[tuple[str, str], int], bool]:
    """The means for the rest of an order that has nothing placed, at its worst price, or at 110 % of the arrival mid
    when it has none; and whether they cover the whole rest."""
    price = worst_price(order)
    if not price:
        price = order.arrival_1e9
        if order.spec.side == "buy" or order.spec.type == "perp":
            price = price * _UNBOUNDED_RESERVE_PERCENT // 100
    placements = allocate(desk, order, order.remaining, price, books, purses, "taker")
    spec = order.spec
    instrument = desk.instrument(order)
    reserve: dict[tuple[str, str], int] = {}
    for placement in placements:
        fee = desk.fee(order, instrument, placement.venue, "taker")
        goods = spec.side == "sell" and spec.type != "perp"
        asset = spec.asset if goods else purses.cash(placement.venue)
        reserve[(placement.venue, asset)] = hold_for(spec, placement.qty, placement.price, fee)
    return reserve, sum(placement.qty for placement in placements) == order.remaining


def reserve_rest(desk: Desk, order: Order, books: dict[str, VenueBook]) -> bool:
    """Keep what `reserve_for` says. Returns whether the whole rest could be covered."""
    reserve, covered = reserve_for(desk, order, books, Purses(desk, order))
    _sync(desk, order, reserve=reserve)
    return covered


def retract(desk: Desk, order: Order) -> None:
    """Take everything back that is placed, and the holds with it."""
    for no in list(order.children):
        desk.emit(rec.Unrested(no))
    if order.holds:
        _sync(desk, order, reserve={})


def cancel(desk: Desk, order: Order, reason: str) -> None:
    """End an order as cancelled, or rejected when nothing happened yet and money was missing. Fills stay."""
    retract(desk, order)
    rejected = reason == "INSUFFICIENT_BALANCE" and not order.filled
    desk.emit(rec.Ended(order.no, "REJECTED" if rejected else "CANCELLED", reason))


def conclude(desk: Desk, order: Order, reason: str) -> None:
    """End an order that worked as long as it was meant to: completed when something was filled, cancelled
    otherwise."""
    if order.done:
        return
    if not order.filled:
        cancel(desk, order, reason)
        return
    retract(desk, order)
    desk.emit(rec.Ended(order.no, "COMPLETED", reason))


def fill_resting(
    desk: Desk,
    order: Order,
    child: Child,
    qty: int,
    *,
    venue: str,
    price: int,
    liquidity: Liquidity,
    level: tuple[rec.LevelEntry, ...] = (),
    print_id: str = "",
    print_qty: int = 0,
) -> bool:
    """Fill a part of what rests. When the money does not suffice, the order ends instead and False is returned.

    Args:
        desk: The working context.
        order: The order.
        child: The resting part that becomes smaller.
        qty: How much is filled.
        venue: Where it trades; another venue than the child's for a hunting order.
        price: What is paid, in the order's terms.
        liquidity: Whose fee applies.
        level: The displayed level it is taken from.
        print_id: The print it trades against instead.
        print_qty: Size of that print.
    """
    instrument = desk.instrument(order)
    fee = desk.fee(order, instrument, venue, liquidity)
    last = qty == order.remaining
    if last:
        for no in [no for no in order.children if desk.state.children[no].mode != "rest"]:
            desk.emit(rec.Unrested(no))
    _sync(desk, order, less={child.no: qty}, reserve={} if last else None)
    purses = Purses(desk, order)
    if not purses.at(venue).affords(qty, price, fee):
        # Every fill rounds its cost and its fee up by itself, so many small ones can outgrow the hold.
        retract(desk, order)
        desk.emit(rec.Ended(order.no, "CANCELLED", "INSUFFICIENT_BALANCE"))
        return False
    desk.emit(
        rec.Filled(
            order.no,
            child.no,
            fill_id(desk),
            venue,
            purses.cash(venue),
            liquidity,
            qty,
            price,
            fee.amount(qty, price),
            level,
            print_id,
            print_qty,
        )
    )
    return True
