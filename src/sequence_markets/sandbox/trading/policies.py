"""How an order works: what each policy does when it starts, when one of its timers is due, and at its deadline.

Each policy is a pair of functions. Nothing here keeps state of its own: what a policy has to remember is in the order
(its timers and their step, its deadline, what it has placed), so that it goes on after a restart as if nothing had
happened.
"""

from __future__ import annotations

from typing import Final

from sequence_markets.sandbox.instruments import PREDICTION_UNIT_1E9
from sequence_markets.sandbox.market import VenueBook
from sequence_markets.sandbox.trading import records as rec
from sequence_markets.sandbox.trading.amounts import ONE_PRICE
from sequence_markets.sandbox.trading.deciding import decide_crossing, decide_taking
from sequence_markets.sandbox.trading.desk import Desk
from sequence_markets.sandbox.trading.placing import (
    Placement,
    allocate,
    cancel,
    conclude,
    execute,
    hunt,
    place,
    reserve_rest,
    retract,
    sweep,
)
from sequence_markets.sandbox.trading.router import (
    Plan,
    Purses,
    arrival_mid,
    arrival_sides,
    touch,
    worst_price,
)
from sequence_markets.sandbox.trading.state import Order, OrderSpec

__all__ = ["activate", "arrival_price", "cap_for", "on_timer", "quantity_for", "restart"]

_MS: Final = 1_000_000
_SECOND: Final = 1_000 * _MS

PATIENCE_NS: Final = 30 * _SECOND
"""How long urgency "low" waits at the near touch when no horizon is given."""

RETRY_NS: Final = {"low": _SECOND, "medium": _SECOND, "high": 100 * _MS}
"""How often a market order with a horizon looks for new liquidity."""

PEG_NS: Final = {"low": 5 * _SECOND, "medium": _SECOND, "high": 250 * _MS}
"""How often aggressive_chase moves its order after the touch."""

CHASE_NS: Final = 10 * _SECOND
"""How long aggressive_chase works when no horizon is given."""

DRIP_SLICES: Final = {"low": 20, "medium": 10, "high": 5}
"""Into how many slices time_drip divides an order."""

DRIP_NS: Final = 60 * _SECOND
"""How long time_drip works when no horizon is given."""

LADDER_RUNGS: Final = 5
LADDER_STEP_BPS: Final = {"low": 20, "medium": 10, "high": 5}
"""How far apart the rungs of passive_ladder are."""

_BPS: Final = 10_000


def activate(desk: Desk, order: Order) -> None:
    """Start an order: decide what it aims at, then let its policy act."""
    spec = order.spec
    instrument = desk.instrument(order)
    if instrument.expiry_ns is not None and desk.now_ns >= instrument.expiry_ns:
        desk.emit(rec.Ended(order.no, "REJECTED", "MARKET_CLOSED"))
        return
    books = desk.books(order)
    mid = arrival_mid(desk, order, books)
    qty = order.qty or quantity_for(order, books, mid)
    if not qty:
        desk.emit(rec.Ended(order.no, "REJECTED", "NO_LIQUIDITY" if not mid else "QUANTITY_TOO_SMALL"))
        return
    sides = arrival_sides(order, books)
    desk.emit(rec.Begun(order.no, qty, mid, cap_for(spec, mid), _deadline(desk, order), *sides))
    _act(desk, order, books)


def cap_for(spec: OrderSpec, mid: int) -> int:
    """The worst price that the slippage cap of an order allows, from the middle it arrives at; 0 for any."""
    if spec.cap_bps < 0 or not mid:
        return 0
    room = mid * spec.cap_bps // _BPS
    return mid + room if spec.side == "buy" else mid - room


def restart(desk: Desk, order: Order) -> None:
    """Let an order that has nothing placed act anew on what it aims at now. Its deadline stays."""
    if order.spec.policy == "time_drip":
        # The schedule goes on; only what is set aside for it changes.
        if not reserve_rest(desk, order, desk.books(order)):
            cancel(desk, order, "INSUFFICIENT_BALANCE")
        return
    for name in ("retry", "peg"):
        if name in order.timers:
            desk.emit(rec.TimerSet(order.no, name, 0, 0))
    _act(desk, order, desk.books(order))


def _act(desk: Desk, order: Order, books: dict[str, VenueBook]) -> None:
    match order.spec.policy:
        case "ioc_sweep":
            _take_now(desk, order, books, "IOC")
        case "passive_limit":
            _start_passive_limit(desk, order, books)
        case "passive_ladder":
            _start_ladder(desk, order, books)
        case "post_only":
            _start_post_only(desk, order, books)
        case "aggressive_chase":
            _start_chase(desk, order, books)
        case "time_drip":
            _start_drip(desk, order, books)
        case _:
            _start_sor(desk, order, books)


def arrival_price(desk: Desk, order: Order) -> int:
    """The middle of the market an order would meet now, in 1e-9; 0 when nothing is known."""
    return arrival_mid(desk, order, desk.books(order))


def on_timer(desk: Desk, order: Order, timer: str, step: int) -> None:
    """Let an order act on one of its timers."""
    match timer:
        case "start":
            activate(desk, order)
        case "retry":
            _retry(desk, order)
        case "peg":
            _peg(desk, order)
        case "slice":
            _slice(desk, order, step)
        case _:
            _on_deadline(desk, order)


def quantity_for(order: Order, books: dict[str, VenueBook], mid: int) -> int:
    """The quantity that a notional buys now: at the limit, else at the touch, else at the mid; rounded down."""
    price = order.spec.limit_1e9 or touch(order, books, "opposite") or mid
    return order.spec.notional_1e9 * 100_000_000 // price if price else 0


def _deadline(desk: Desk, order: Order) -> int:
    spec = order.spec
    if spec.policy == "time_drip" or spec.policy == "ioc_sweep" or spec.tif != "GTC":
        return 0
    if spec.horizon_ms:
        return desk.now_ns + spec.horizon_ms * _MS
    if spec.policy == "aggressive_chase":
        return desk.now_ns + CHASE_NS
    if spec.policy == "sor" and spec.urgency == "low":
        return desk.now_ns + PATIENCE_NS
    return 0


def _take_now(desk: Desk, order: Order, books: dict[str, VenueBook], tif: str) -> None:
    """IOC and FOK: what is there now, or nothing but all of it."""
    decision = decide_taking(desk, order, books, Purses(desk, order), tif)
    if decision.refusal:
        cancel(desk, order, decision.refusal)
        return
    execute(desk, order, decision.plan, books)
    conclude(desk, order, decision.plan.shortfall)


def _start_sor(desk: Desk, order: Order, books: dict[str, VenueBook]) -> None:
    spec = order.spec
    if spec.tif != "GTC":
        _take_now(desk, order, books, spec.tif)
    elif spec.urgency == "low":
        near = touch(order, books, "own")
        if near:
            _rest_all(desk, order, _within(order, near), books)
        else:
            _cross(desk, order, books)
    else:
        _cross(desk, order, books)


def _cross(desk: Desk, order: Order, books: dict[str, VenueBook]) -> None:
    """Take what is displayed; what remains rests at the limit, is retried until the horizon, or ends."""
    spec = order.spec
    decision = decide_crossing(desk, order, books, Purses(desk, order))
    if decision.refusal:
        cancel(desk, order, decision.refusal)
        return
    execute(desk, order, decision.plan, books)
    if decision.placements:
        place(desk, order, decision.placements, books)
        if spec.urgency == "high":
            hunt(desk, order, worst_price(order), books)
        return
    if not order.done and _working_horizon(desk, order):
        if not reserve_rest(desk, order, books) and not order.filled:
            cancel(desk, order, "INSUFFICIENT_BALANCE")
            return
        desk.emit(rec.TimerSet(order.no, "retry", desk.now_ns + RETRY_NS[spec.urgency], 0))
        return
    conclude(desk, order, decision.plan.shortfall)


def _working_horizon(desk: Desk, order: Order) -> bool:
    return bool(order.spec.horizon_ms) and order.deadline_ns > desk.now_ns


def _retry(desk: Desk, order: Order) -> None:
    books = desk.books(order)
    sweep(desk, order, order.remaining, books)
    if order.done:
        return
    if not order.reserve:
        reserve_rest(desk, order, books)
    desk.emit(rec.TimerSet(order.no, "retry", desk.now_ns + RETRY_NS[order.spec.urgency], 0))


def _within(order: Order, price: int) -> int:
    """A price moved inside limit and slippage cap."""
    worst = worst_price(order)
    if not worst:
        return price
    return min(price, worst) if order.spec.side == "buy" else max(price, worst)


def _rest_all(desk: Desk, order: Order, price: int, books: dict[str, VenueBook]) -> bool:
    placements = allocate(desk, order, order.remaining, price, books, Purses(desk, order))
    if sum(placement.qty for placement in placements) < order.remaining:
        cancel(desk, order, "INSUFFICIENT_BALANCE" if books else "NO_LIQUIDITY")
        return False
    place(desk, order, placements, books)
    return True


def _not_crossing(desk: Desk, order: Order, price: int, books: dict[str, VenueBook]) -> int:
    """A price moved to one tick inside the opposite touch when it would cross it; 0 when there is no room."""
    opposite = touch(order, books, "opposite")
    if not opposite:
        return price
    tick = desk.instrument(order).tick_1e9
    if order.spec.side == "buy":
        return max(0, min(price, opposite - tick))
    price = max(price, opposite + tick)
    return 0 if order.spec.type == "prediction" and price > PREDICTION_UNIT_1E9 else price


def _start_passive_limit(desk: Desk, order: Order, books: dict[str, VenueBook]) -> None:
    wanted = order.spec.limit_1e9 or touch(order, books, "own")
    price = _not_crossing(desk, order, _within(order, wanted), books) if wanted else 0
    if not price:
        cancel(desk, order, "NO_LIQUIDITY")
        return
    _rest_all(desk, order, price, books)


def _start_post_only(desk: Desk, order: Order, books: dict[str, VenueBook]) -> None:
    """Rest at the limit, or not at all."""
    price, opposite = order.spec.limit_1e9, touch(order, books, "opposite")
    crosses = opposite and (price >= opposite if order.spec.side == "buy" else price <= opposite)
    if not crosses and books:
        _rest_all(desk, order, price, books)
    elif order.filled:
        cancel(desk, order, "POST_ONLY")
    else:
        desk.emit(rec.Ended(order.no, "REJECTED", "POST_ONLY" if crosses else "NO_LIQUIDITY"))


def _start_ladder(desk: Desk, order: Order, books: dict[str, VenueBook]) -> None:
    spec = order.spec
    wanted = touch(order, books, "own") or spec.limit_1e9
    top = _not_crossing(desk, order, _within(order, wanted), books) if wanted else 0
    if not top:
        cancel(desk, order, "NO_LIQUIDITY")
        return
    tick = desk.instrument(order).tick_1e9
    step = max(tick, top * LADDER_STEP_BPS[spec.urgency] // _BPS // tick * tick)
    rungs = min(LADDER_RUNGS, order.remaining)
    share = order.remaining // rungs
    purses = Purses(desk, order)
    placements: list[Placement] = []
    for rung in range(rungs):
        qty = share if rung < rungs - 1 else order.remaining - share * (rungs - 1)
        price = top - rung * step if spec.side == "buy" else top + rung * step
        price = max(price, tick)
        if spec.type == "prediction":
            price = min(price, ONE_PRICE - tick)
        found = allocate(desk, order, qty, price, books, purses)
        if sum(placement.qty for placement in found) < qty:
            cancel(desk, order, "INSUFFICIENT_BALANCE")
            return
        placements += found
    place(desk, order, placements, books)


def _start_chase(desk: Desk, order: Order, books: dict[str, VenueBook]) -> None:
    if not _chase_to(desk, order, books):
        return
    desk.emit(rec.TimerSet(order.no, "peg", desk.now_ns + PEG_NS[order.spec.urgency], 0))


def _chase_price(desk: Desk, order: Order, books: dict[str, VenueBook]) -> int:
    """One tick better than the near touch, never crossing, inside limit and cap; 0 when nothing is displayed."""
    tick = desk.instrument(order).tick_1e9
    own, opposite = touch(order, books, "own"), touch(order, books, "opposite")
    if not own and not opposite:
        return 0
    buying = order.spec.side == "buy"
    better = tick if buying else -tick
    wanted = own + better if own else opposite - better
    return _not_crossing(desk, order, _within(order, wanted), books)


def _chase_to(desk: Desk, order: Order, books: dict[str, VenueBook]) -> bool:
    """Put the whole rest at the price to chase, unless it stands there already. False when the order ended."""
    price = _chase_price(desk, order, books)
    standing = {desk.state.children[no].price for no in order.children}
    if standing and (not price or standing == {order.spec.book_price(price)}):
        return True
    retract(desk, order)
    if price:
        return _rest_all(desk, order, price, books)
    if not reserve_rest(desk, order, books) and not order.filled:
        cancel(desk, order, "INSUFFICIENT_BALANCE")
        return False
    return True


def _peg(desk: Desk, order: Order) -> None:
    if _chase_to(desk, order, desk.books(order)):
        desk.emit(rec.TimerSet(order.no, "peg", desk.now_ns + PEG_NS[order.spec.urgency], 0))


def _start_drip(desk: Desk, order: Order, books: dict[str, VenueBook]) -> None:
    if not reserve_rest(desk, order, books):
        cancel(desk, order, "INSUFFICIENT_BALANCE" if books else "NO_LIQUIDITY")
        return
    desk.emit(rec.TimerSet(order.no, "slice", desk.now_ns, 0))
    _slice(desk, order, 0)


def _slice(desk: Desk, order: Order, step: int) -> None:
    """Take slice number `step`, with what earlier slices could not get, and plan the next one."""
    spec = order.spec
    count = min(DRIP_SLICES[spec.urgency], order.qty)
    books = desk.books(order)
    due = order.qty * (step + 1) // count - order.filled
    plan = Plan([])
    if due > 0:
        plan = sweep(desk, order, due, books)
    if order.done:
        return
    if step + 1 >= count:
        conclude(desk, order, plan.shortfall)
        return
    if plan.takes:
        reserve_rest(desk, order, books)
    duration = spec.horizon_ms * _MS or DRIP_NS
    started = order.timers["slice"][0] - duration * step // count
    desk.emit(rec.TimerSet(order.no, "slice", started + duration * (step + 1) // count, step + 1))


def _on_deadline(desk: Desk, order: Order) -> None:
    spec = order.spec
    crosses = spec.policy == "aggressive_chase" or (spec.policy == "sor" and spec.urgency == "low")
    if crosses:
        books = desk.books(order)
        retract(desk, order)
        if spec.policy == "sor" and spec.limit_1e9 and not spec.horizon_ms:
            _cross(desk, order, books)
            return
        sweep(desk, order, order.remaining, books)
    conclude(desk, order, "HORIZON_EXPIRED")
