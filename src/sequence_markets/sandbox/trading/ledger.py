"""Double-entry bookkeeping: named accounts, and postings that sum to zero per asset."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sequence_markets.sandbox.trading.errors import InvariantError

__all__ = ["INSURANCE", "ISSUANCE", "ROUNDING", "Ledger", "Leg", "fees_account", "funding_account", "market_account"]

Leg = tuple[str, str, int]
"""(account, asset, amount); amounts are in units of 1e-8 of the asset."""

ISSUANCE = "issuance"
"""Where the money and positions given to paper accounts come from."""

ROUNDING = "rounding"
"""Keeps what rounding takes from traders and venues, so that nothing vanishes."""

INSURANCE = "insurance"
"""Pays what a perp loss takes beyond the cash of its venue."""


def market_account(venue: str) -> str:
    """The other side of every trade at a venue."""
    return f"market/{venue}"


def funding_account(venue: str) -> str:
    """The other side of every funding payment at a venue."""
    return f"funding/{venue}"


def fees_account(venue: str) -> str:
    """What a venue earned in fees."""
    return f"fees/{venue}"


@dataclass(slots=True)
class Ledger:
    """Balances by (account, asset); zero balances are not kept.

    >>> ledger = Ledger()
    >>> ledger.issue("client_a", "kraken", "USD", 500)
    >>> ledger.free("client_a", "kraken", "USD")
    500
    """

    balances: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])

    def post(self, legs: Iterable[Leg]) -> None:
        """Book one posting.

        Raises:
            InvariantError: The legs do not sum to zero for some asset. Nothing was booked then.
        """
        entries = list(legs)
        sums: dict[str, int] = {}
        for _, asset, amount in entries:
            sums[asset] = sums.get(asset, 0) + amount
        if any(sums.values()):
            raise InvariantError("postings-balance", f"a posting does not sum to zero: {entries}")
        balances = self.balances
        for account, asset, amount in entries:
            if amount:
                key = (account, asset)
                total = balances.get(key, 0) + amount
                if total:
                    balances[key] = total
                else:
                    del balances[key]

    def issue(self, client: str, venue: str, asset: str, amount: int) -> None:
        """Give an account something out of nothing, or take it back when `amount` is negative."""
        self.post([(f"client/{client}/{venue}/{asset}/free", asset, amount), (ISSUANCE, asset, -amount)])

    def move(self, client: str, venue: str, asset: str, source: str, target: str, amount: int) -> None:
        """Move an amount between the buckets "free", "held" and "margin" of one balance."""
        if amount:
            stem = f"client/{client}/{venue}/{asset}/"
            self.post([(stem + source, asset, -amount), (stem + target, asset, amount)])

    def free(self, client: str, venue: str, asset: str) -> int:
        """What can be spent, in 1e-8."""
        return self.balances.get((f"client/{client}/{venue}/{asset}/free", asset), 0)

    def held(self, client: str, venue: str, asset: str) -> int:
        """What working orders hold, in 1e-8."""
        return self.balances.get((f"client/{client}/{venue}/{asset}/held", asset), 0)

    def margin(self, client: str, venue: str, asset: str) -> int:
        """What open perps bind, in 1e-8."""
        return self.balances.get((f"client/{client}/{venue}/{asset}/margin", asset), 0)

    def total(self, client: str, venue: str, asset: str) -> int:
        """Everything of one asset at one venue, in 1e-8; negative for a short perp."""
        return self.free(client, venue, asset) + self.held(client, venue, asset) + self.margin(client, venue, asset)
