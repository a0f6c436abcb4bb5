"""The part of the state that changes without a trade: contracts of decided markets, and the funding of perps.

One function per kind of record; the state calls them when the record is applied.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from sequence_markets.sandbox.trading import records as rec
from sequence_markets.sandbox.trading.amounts import ONE_PRICE, ceil_div
from sequence_markets.sandbox.trading.errors import InvariantError
from sequence_markets.sandbox.trading.ledger import INSURANCE, ROUNDING, Leg, funding_account, market_account

if TYPE_CHECKING:
    from sequence_markets.sandbox.trading.state import Account, Position, PositionKey, State

__all__ = [
    "FundingPayment",
    "Settled",
    "contracts",
    "funded",
    "funding_amount",
    "funding_set",
    "redeemed",
    "redemption_submitted",
    "resolved",
]

_PER_CASH_UNIT: Final = 10**18
"""Quantity (1e-8) times mark (1e-9) times rate (1e-9) is in 1e-26 dollars; cash is in 1e-8."""


@dataclass(frozen=True, slots=True)
class FundingPayment:
    """What one perp position was paid at the settlement of `time_ns`, in 1e-8 of `cash`; negative for what it paid."""

    position: int
    venue: str
    symbol: str
    cash: str
    qty: int
    mark: int
    rate: int
    amount: int
    time_ns: int


@dataclass(frozen=True, slots=True)
class Settled:
    """How the market of an event contract ended: what one contract pays, in 1e-9 of `cash`, and the quantity that was
    held. The money comes at `pays_ns` (zero: nobody claimed it) and came at `paid_ns` (zero: not yet)."""

    outcome: str
    payout: int
    cash: str
    qty: int
    resolved_ns: int
    pays_ns: int
    paid_ns: int = 0

    @property
    def value(self) -> int:
        """What the position pays in all, in 1e-8: exact, because a contract pays all or nothing."""
        return self.qty * self.payout // ONE_PRICE


def funding_amount(qty: int, mark: int, rate: int) -> int:
    """What a perp position is paid at a settlement, in 1e-8: longs pay when the rate is positive.

    What it pays is rounded up, what it is paid is rounded down.

    >>> funding_amount(10**8, 90_000 * 10**9, 100_000) / 10**8
    -9.0
    """
    return -(qty * mark * rate) // _PER_CASH_UNIT


def contracts(state: State, account: Account, venue: str, *assets: str) -> Iterator[tuple[PositionKey, Position, int]]:
    """The rows of an account that hold some of these event contracts at a venue, and how much."""
    for asset in assets:
        key: PositionKey = (venue, "event_contract", asset)
        position = account.positions.get(key)
        if position is not None and (qty := state.total(account.client, key)):
            yield key, position, qty


def resolved(state: State, record: rec.Resolved) -> None:
    """Decide what contracts are worth; the result of holding them is realised now. Rows that know it already stay."""
    for account in state.accounts.values():
        for key, position, qty in contracts(state, account, record.venue, record.winner, record.loser):
            if position.settled is not None:
                continue
            if state.ledger.held(account.client, key[0], key[2]):
                raise InvariantError("settled-contracts-are-free", f"an order holds {key[2]} after its market closed")
            payout = ONE_PRICE if key[2] == record.winner else 0
            position.realized += qty * payout - position.basis
            position.settled = Settled(record.outcome, payout, record.cash, qty, record.resolved_ns, record.pays_ns)


def redemption_submitted(state: State, record: rec.RedemptionSubmitted) -> None:
    """Remember when what was claimed arrives."""
    account = state.accounts[record.client]
    for _, position, _ in contracts(state, account, record.venue, record.winner, record.loser):
        if position.settled is not None and not position.settled.pays_ns:
            position.settled = replace(position.settled, pays_ns=record.pays_ns)


def redeemed(state: State, record: rec.Redeemed) -> None:
    """Pay what is due, and take the contracts back."""
    account = state.accounts[record.client]
    for key, position, qty in contracts(state, account, record.venue, record.winner, record.loser):
        settled = position.settled
        if settled is None or not 0 < settled.pays_ns <= state.now_ns:
            continue
        if settled.qty != qty or settled.paid_ns:
            raise InvariantError("redeemed-once", f"{qty} of {key[2]} left of {settled}")
        venue, _, asset = key
        market, stem = market_account(venue), f"client/{account.client}/{venue}/"
        legs: list[Leg] = [(f"{stem}{asset}/free", asset, -qty), (market, asset, qty)]
        if settled.value:
            state.cash_row(account, venue, settled.cash)
            purse = f"{stem}{settled.cash}/free"
            legs += [(purse, settled.cash, settled.value), (market, settled.cash, -settled.value)]
        state.ledger.post(legs)
        position.basis = 0
        position.settled = replace(settled, paid_ns=state.now_ns)


def funding_set(state: State, record: rec.FundingSet) -> None:
    """Lay scripted rates over those that were scripted for the same time before."""
    key = (record.venue, record.symbol)
    earlier = state.funding.get(key, ())
    state.funding[key] = (*(point for point in earlier if point[0] < record.points[0][0]), *record.points)


def funded(state: State, record: rec.Funded) -> None:
    """Pay the funding of one position out of its cash at the venue; the insurance pays what is missing."""
    account = state.accounts[record.client]
    key: PositionKey = (record.venue, "perp", record.symbol)
    position, qty, cash = account.positions[key], state.total(record.client, key), record.cash
    amount = funding_amount(qty, record.mark, record.rate)
    other = ceil_div(-qty * record.mark * record.rate, _PER_CASH_UNIT)
    state.cash_row(account, record.venue, cash)
    short = max(0, -(state.ledger.free(record.client, record.venue, cash) + amount))
    state.ledger.post(
        [
            (f"client/{record.client}/{record.venue}/{cash}/free", cash, amount + short),
            (funding_account(record.venue), cash, -other),
            (ROUNDING, cash, other - amount),
            (f"{INSURANCE}/{record.venue}", cash, -short),
        ]
    )
    position.funding += amount
    position.realized += amount * ONE_PRICE
    account.funding.append(
        FundingPayment(
            position.id, record.venue, record.symbol, cash, qty, record.mark, record.rate, amount, record.settles_ns
        )
    )
