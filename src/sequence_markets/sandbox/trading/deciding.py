"""What an order does at once, decided before anything is done: the same decision is carried out by the policies and
shown by a dry run."""

from __future__ import annotations

from dataclasses import dataclass

from sequence_markets.sandbox.market import VenueBook
from sequence_markets.sandbox.trading.desk import Desk
from sequence_markets.sandbox.trading.placing import Placement, allocate
from sequence_markets.sandbox.trading.router import Plan, Purses, plan_sweep, worst_price
from sequence_markets.sandbox.trading.state import Order

__all__ = ["Decision", "decide_crossing", "decide_taking"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What is taken and what is left to rest; or why the order ends with nothing done, "" when it does not."""

    plan: Plan
    placements: tuple[Placement, ...] = ()
    refusal: str = ""


def decide_taking(desk: Desk, order: Order, books: dict[str, VenueBook], purses: Purses, tif: str) -> Decision:
    """Decide for IOC and FOK: what is there now, or nothing but all of it."""
    plan = plan_sweep(desk, order, order.remaining, books, purses, worst_price(order))
    if plan.starved and not order.filled:
        return Decision(plan, refusal="INSUFFICIENT_BALANCE")
    if tif == "FOK" and plan.qty < order.remaining:
        return Decision(plan, refusal="FOK_NOT_FILLABLE")
    return Decision(plan)


def decide_crossing(desk: Desk, order: Order, books: dict[str, VenueBook], purses: Purses) -> Decision:
    """Decide for an order that takes what is displayed and, with a limit, lets the rest stand there."""
    plan = plan_sweep(desk, order, order.remaining, books, purses, worst_price(order))
    if plan.starved and not order.filled:
        return Decision(plan, refusal="INSUFFICIENT_BALANCE")
    rest = order.remaining - plan.qty
    if not rest or not order.spec.limit_1e9:
        return Decision(plan)
    placements = allocate(desk, order, rest, worst_price(order), books, purses)
    if sum(placement.qty for placement in placements) < rest:
        return Decision(plan, refusal="INSUFFICIENT_BALANCE" if books else "NO_LIQUIDITY")
    return Decision(plan, tuple(placements))
