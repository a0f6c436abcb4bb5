"""What an account can afford at one venue: the same arithmetic as settlement, tried out before anything happens."""

from __future__ import annotations

from dataclasses import dataclass

from sequence_markets.sandbox.trading.amounts import ONE_PRICE, margin_for, value_down, value_up
from sequence_markets.sandbox.trading.desk import Desk
from sequence_markets.sandbox.trading.fees import Fee
from sequence_markets.sandbox.trading.state import Order, OrderSpec

__all__ = ["Purse", "hold_for"]


def hold_for(spec: OrderSpec, qty: int, price: int, fee: Fee) -> int:
    """What a working quantity binds: a spot or event buy its cost and fee, a sell the quantity itself, a perp its
    initial margin and fee."""
    if spec.type == "perp":
        return margin_for(qty, price) + fee.amount(qty, price)
    if spec.side == "buy":
        return value_up(qty, price) + fee.amount(qty, price)
    return qty


@dataclass(slots=True)
class Purse:
    """Money and goods of one account at one venue that an order may use. `position`, `basis` and `margin` matter
    for perps only."""

    spec: OrderSpec
    cash: int
    goods: int
    position: int
    basis: int
    margin: int

    @classmethod
    def open(cls, desk: Desk, order: Order, venue: str, cash: str) -> Purse:
        """The purse of an order at a venue, with what the order itself keeps in reserve there."""
        spec, ledger, client = order.spec, desk.state.ledger, order.client
        purse = cls(
            spec,
            ledger.free(client, venue, cash) + order.reserve.get((venue, cash), 0),
            ledger.free(client, venue, spec.asset) + order.reserve.get((venue, spec.asset), 0),
            0,
            0,
            0,
        )
        if spec.type == "perp":
            purse.position = purse.goods
            row = desk.state.accounts[client].positions.get((venue, "perp", spec.asset))
            if row is not None:
                purse.basis, purse.margin = row.basis, row.margin
        return purse

    def _perp_change(self, qty: int, price: int, fee: int) -> tuple[int, int, int, int]:
        signed = qty if self.spec.side == "buy" else -qty
        closing = min(abs(self.position), qty) if self.position * signed < 0 else 0
        opening = qty - closing
        released = freed = gain = 0
        if closing:
            released = self.basis * closing // abs(self.position)
            freed = self.margin * closing // abs(self.position)
            gain = closing * price - released if self.position > 0 else released - closing * price
        bound = margin_for(opening, price) if opening else 0
        change = gain // ONE_PRICE - fee + freed - bound
        return change, opening, released, bound - freed

    def affords(self, qty: int, price: int, fee: Fee) -> bool:
        """Whether a fill can be paid for. A fill that only closes a perp always can."""
        charge = fee.amount(qty, price)
        if self.spec.type == "perp":
            change, opening, _, _ = self._perp_change(qty, price, charge)
            return opening == 0 or self.cash + change >= 0
        if self.spec.side == "buy":
            return value_up(qty, price) + charge <= self.cash
        return qty <= self.goods and self.cash + value_down(qty, price) - charge >= 0

    def most(self, qty: int, price: int, fee: Fee) -> int:
        """The largest part of `qty` that can be paid for."""
        if self.affords(qty, price, fee):
            return qty
        low, high = 0, qty
        while high - low > 1:
            middle = (low + high) // 2
            if self.affords(middle, price, fee):
                low = middle
            else:
                high = middle
        return low

    def spend(self, qty: int, price: int, fee: Fee) -> int:
        """Pay for a fill and return its fee."""
        charge = fee.amount(qty, price)
        if self.spec.type == "perp":
            change, opening, released, bound = self._perp_change(qty, price, charge)
            self.cash = max(0, self.cash + change)
            self.basis += opening * price - released
            self.margin += bound
            self.position += qty if self.spec.side == "buy" else -qty
        elif self.spec.side == "buy":
            self.cash -= value_up(qty, price) + charge
            self.goods += qty
        else:
            self.cash += value_down(qty, price) - charge
            self.goods -= qty
        return charge

    def most_held(self, qty: int, price: int, fee: Fee) -> int:
        """The largest part of `qty` whose hold fits."""
        funds = self.goods if self.spec.side == "sell" and self.spec.type != "perp" else self.cash
        if hold_for(self.spec, qty, price, fee) <= funds:
            return qty
        low, high = 0, qty
        while high - low > 1:
            middle = (low + high) // 2
            if hold_for(self.spec, middle, price, fee) <= funds:
                low = middle
            else:
                high = middle
        return low

    def hold(self, qty: int, price: int, fee: Fee) -> None:
        """Set aside the hold of a quantity."""
        amount = hold_for(self.spec, qty, price, fee)
        if self.spec.side == "sell" and self.spec.type != "perp":
            self.goods -= amount
        else:
            self.cash -= amount
