"""How prediction markets end: orders at the close, contracts at the outcome, and the money that is paid for them.

Kalshi pays by itself a while after the outcome is known; on Polymarket an account claims what it won, and the money
arrives a while after that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from sequence_markets.sandbox.events import EventMarket
from sequence_markets.sandbox.trading import cascade, records as rec
from sequence_markets.sandbox.trading.desk import Desk, Task
from sequence_markets.sandbox.trading.errors import Refusal
from sequence_markets.sandbox.trading.settling import Settled, contracts
from sequence_markets.sandbox.trading.state import Account, Position
from sequence_markets.units import datetime_from_ns

__all__ = [
    "KALSHI_PAYS_AFTER_NS",
    "POLYMARKET_PAYS_AFTER_NS",
    "close_and_resolve",
    "rearm",
    "redeem",
    "watch_fill",
    "watch_position",
]

KALSHI_PAYS_AFTER_NS: Final = 60 * 10**9
"""From the outcome of a Kalshi market to its payments."""

POLYMARKET_PAYS_AFTER_NS: Final = 120 * 10**9
"""From a claim on Polymarket to its payment."""

_RESOLVES: Final = 1 << 44
_PAYS: Final = 2 << 44


@dataclass(frozen=True, slots=True)
class ResolveTask(Task):
    """The outcome of a market is known."""

    symbol: str
    at_ns: int

    def run(self, desk: Desk) -> None:
        """Decide what accounts hold of it."""
        event = desk.market.events.of_symbol(self.symbol)
        if event is not None and desk.takes_place(("resolve", event.yes), self.at_ns):
            _resolve(desk, event)


@dataclass(frozen=True, slots=True)
class PayTask(Task):
    """Money for contracts of a resolved market arrives."""

    symbol: str
    at_ns: int

    def run(self, desk: Desk) -> None:
        """Pay every account what is due, and plan the next payment."""
        event = desk.market.events.of_symbol(self.symbol)
        if event is None or not desk.takes_place(("pay", event.yes), self.at_ns):
            return
        winner, loser = _sides(desk, event)
        due = {
            account.client: None
            for account, position in _held(desk, event)
            if position.settled is not None and 0 < position.settled.pays_ns <= desk.now_ns
        }
        for client in due:
            desk.emit(rec.Redeemed(client, event.venue, winner, loser))
        _plan_payments(desk, event)


def watch_fill(desk: Desk, record: rec.Record) -> None:
    """Plan the end of a market once a contract of it was traded."""
    if isinstance(record, rec.Filled) and desk.state.orders[record.order].spec.type == "prediction":
        _watch(desk, desk.state.orders[record.order].spec.symbol)


def watch_position(desk: Desk, record: rec.Record) -> None:
    """Plan the end of a market once contracts of it were written by hand."""
    if isinstance(record, rec.PositionSet) and record.kind == "event_contract" and record.qty:
        _watch(desk, record.asset)


def rearm(desk: Desk) -> None:
    """Plan every outcome and every payment that somebody waits for, as after a restart."""
    accounts = desk.state.accounts.values()
    symbols = {key[2]: None for account in accounts for key in account.positions if key[1] == "event_contract"}
    for symbol in symbols:
        event = desk.market.events.of_symbol(symbol)
        if event is not None:
            _plan_outcome(desk, event)
            _plan_payments(desk, event)


def close_and_resolve(desk: Desk, event: EventMarket) -> None:
    """End what works on a market whose outcome was scripted just now, and decide what is held of it."""
    desk.stirred[event.yes] = None
    for no in list(desk.state.working):
        order = desk.state.orders[no]
        if order.spec.book_symbol == event.yes and not order.done:
            cascade.expire(desk, order)
    _resolve(desk, event)


def redeem(desk: Desk, account: Account, name: str, venue: str) -> dict[str, object]:
    """Claim what an account holds of a resolved market.

    Args:
        desk: The working context.
        account: The account.
        name: Any documented name of the market.
        venue: The venue that lists it.

    Returns:
        The documented answer. `mode` is "auto_settled" on Kalshi, where nothing has to be done, "relayer_submitted"
        when a claim was made, and "noop" when there is nothing to claim (any more).

    Raises:
        Refusal: 404 for an unknown market, 400 for a venue that does not list it.
    """
    event = desk.market.events.find(name, desk.now_ns)
    if event is None:
        raise Refusal.unknown(f"market {name!r}")
    if event.venue != venue:
        raise Refusal(400, "INVALID_PARAMS", f"{venue} does not list {name!r}")
    mode: Literal["auto_settled", "relayer_submitted", "noop"] = "auto_settled" if venue == "kalshi" else "noop"
    rows = [settled for row in _rows(account, event) if (settled := row.settled) is not None]
    claimable = [row for row in rows if row.value and not row.pays_ns]
    coming = [row for row in rows if row.value and row.pays_ns and not row.paid_ns]
    paid = [row for row in rows if row.value and row.paid_ns]
    if desk.market.events.status(event, desk.now_ns) != "resolved":
        held = contracts(desk.state, account, venue, event.yes, event.no)
        what = ", ".join(f"{_human(qty)} of {key[2]}" for key, _, qty in held) or "nothing"
        note = f"the market has not resolved; the account holds {what} there"
    elif claimable:
        pays_ns = desk.now_ns + POLYMARKET_PAYS_AFTER_NS
        desk.emit(rec.RedemptionSubmitted(account.client, venue, *_sides(desk, event), pays_ns))
        _plan_payments(desk, event)
        mode, note = "relayer_submitted", f"{_sum(claimable)} will be paid at {_instant(pays_ns)}"
    elif coming:
        note = f"{_sum(coming)} will be paid at {_instant(coming[0].pays_ns)}"
    elif paid:
        note = f"{_sum(paid)} was paid at {_instant(paid[0].paid_ns)}"
    elif rows:
        note = "the account held the losing outcome only, which pays nothing"
    else:
        note = "the account holds nothing of this market"
    answer: dict[str, object] = {"mode": mode, "venue": venue, "slug": event.slug, "note": note}
    if venue == "polymarket":
        answer |= {"condition_id": event.condition_id, "token_ids": [event.yes, event.no]}
    return answer


def _rows(account: Account, event: EventMarket) -> Iterator[Position]:
    """The rows of an account for a market, those that hold nothing any more among them."""
    for symbol in (event.yes, event.no):
        position = account.positions.get((event.venue, "event_contract", symbol))
        if position is not None:
            yield position


def _sum(rows: Sequence[Settled]) -> str:
    return f"{_human(sum(row.value for row in rows))} {rows[0].cash}"


def _watch(desk: Desk, symbol: str) -> None:
    """Plan the outcome of a market whose contracts are held; one that is known already counts at once."""
    event = desk.market.events.of_symbol(symbol)
    if event is None:
        return
    if desk.market.events.status(event, desk.now_ns) == "resolved":
        _resolve(desk, event)
    elif ("resolve", event.yes) not in desk.planned:
        _plan_outcome(desk, event)


def _plan_outcome(desk: Desk, event: EventMarket) -> None:
    if any(position.settled is None for _, position in _held(desk, event)):
        at_ns = desk.market.events.resolves_ns(event)
        desk.plan(("resolve", event.yes), at_ns, ResolveTask(event.yes, at_ns), _RESOLVES | _place(event))


def _resolve(desk: Desk, event: EventMarket) -> None:
    if all(position.settled is not None for _, position in _held(desk, event)):
        return
    events = desk.market.events
    winner, loser = _sides(desk, event)
    outcome = events.outcome(event, desk.now_ns) or ""
    instrument = desk.market.catalogue.get(event.yes)
    cash = instrument.settlement[event.venue]
    pays_ns = desk.now_ns + KALSHI_PAYS_AFTER_NS if event.venue == "kalshi" else 0
    desk.emit(rec.Resolved(event.venue, winner, loser, outcome, cash, events.resolves_ns(event), pays_ns))
    _plan_payments(desk, event)


def _plan_payments(desk: Desk, event: EventMarket) -> None:
    coming = [
        position.settled.pays_ns
        for _, position in _held(desk, event)
        if position.settled is not None and position.settled.pays_ns
    ]
    if coming:
        desk.plan(("pay", event.yes), min(coming), PayTask(event.yes, min(coming)), _PAYS | _place(event))


def _held(desk: Desk, event: EventMarket) -> Iterator[tuple[Account, Position]]:
    """Every row that holds contracts of a market."""
    for account in desk.state.accounts.values():
        for _, position, _ in contracts(desk.state, account, event.venue, event.yes, event.no):
            yield account, position


def _sides(desk: Desk, event: EventMarket) -> tuple[str, str]:
    """The winning and the losing outcome of a resolved market."""
    won = desk.market.events.payout_1e9(event.yes, desk.now_ns)
    return (event.yes, event.no) if won else (event.no, event.yes)


def _place(event: EventMarket) -> int:
    """Markets that end in one instant do so in an order of their own, whoever came upon them first."""
    return int.from_bytes(hashlib.blake2b(event.yes.encode(), digest_size=5).digest(), "big")


def _human(amount_1e8: int) -> str:
    whole, rest = divmod(amount_1e8, 10**8)
    return f"{whole}.{rest:08}".rstrip("0").rstrip(".")


def _instant(ns: int) -> str:
    return datetime_from_ns(ns).isoformat(timespec="seconds").replace("+00:00", "Z")
