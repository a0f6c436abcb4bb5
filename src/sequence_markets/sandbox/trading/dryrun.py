"""What the router would do with an order right now, decided by the router itself and carried out by nobody.

A dry run reads the same books, less what was already taken from them, the same fees and the same purses as an order
submitted at this instant. So the fills that follow on an unchanged book are the same to the last unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from sequence_markets.sandbox.instruments import USD_PEGGED, Instrument, Side
from sequence_markets.sandbox.market import VenueBook
from sequence_markets.sandbox.trading.deciding import Decision, decide_crossing, decide_taking
from sequence_markets.sandbox.trading.desk import Desk
from sequence_markets.sandbox.trading.errors import Refusal
from sequence_markets.sandbox.trading.placing import reserve_for
from sequence_markets.sandbox.trading.policies import DRIP_SLICES, cap_for
from sequence_markets.sandbox.trading.purse import Purse
from sequence_markets.sandbox.trading.router import Plan, Purses, arrival_mid, plan_sweep, touch, worst_price
from sequence_markets.sandbox.trading.state import Order, OrderSpec

__all__ = ["DryFill", "DryLeg", "DryRun", "dry_run"]

_BPS: Final = 10_000
_BOTTOMLESS: Final = 10**40


@dataclass(frozen=True, slots=True)
class DryFill:
    """One bite of one displayed level, as it would be filled. `fee_1e8` is in 1e-8 of the cash asset."""

    venue: str
    qty_1e8: int
    price_1e9: int
    fee_1e8: int


@dataclass(frozen=True, slots=True)
class DryLeg:
    """What would be filled at one venue. `notional_1e17` is exact; `cash` is what is paid there."""

    venue: str
    qty_1e8: int
    notional_1e17: int
    fee_1e8: int
    cash: str
    worst_price_1e9: int


@dataclass(frozen=True, slots=True)
class DryRun:
    """What an order would take at once.

    Attributes:
        instrument: What would be traded.
        side: On which side.
        wanted_1e8: How much was asked about.
        bid_1e9: Best bid over the candidates' books, less what was taken from them; None when nobody bids.
        ask_1e9: The same for offers.
        mid_1e9: Their middle, rounded down; None when one is missing or the books of two venues cross.
        arrival_1e9: The arrival price the order would be given; 0 when nothing is known.
        legs: One per venue, the one that would be taken from first in front.
        fills: The same, fill by fill, in order.
        candidates: The venues the router would look at, in documented order.
        refusal: Why the order would end with nothing done, for example "INSUFFICIENT_BALANCE"; "" when it would not.
        shortfall: Why the rest would not be taken, "" when nothing would be left.
    """

    instrument: Instrument
    side: Side
    wanted_1e8: int
    mid_1e9: int | None
    bid_1e9: int | None
    ask_1e9: int | None
    legs: tuple[DryLeg, ...]
    candidates: tuple[str, ...]
    fills: tuple[DryFill, ...] = ()
    arrival_1e9: int = 0
    refusal: str = ""
    shortfall: str = ""

    @property
    def filled_1e8(self) -> int:
        """The quantity that would be filled."""
        return sum(leg.qty_1e8 for leg in self.legs)

    @property
    def notional_1e17(self) -> int:
        """Quantity times price, exact, in 1e-17 of the cash asset."""
        return sum(leg.notional_1e17 for leg in self.legs)

    @property
    def fee_1e9(self) -> int:
        """The fees, in 1e-9 dollars."""
        return 10 * sum(leg.fee_1e8 for leg in self.legs)

    @property
    def vwap_1e9(self) -> Fraction | None:
        """The average price, exact, in 1e-9; None when nothing would be filled."""
        filled = self.filled_1e8
        return Fraction(self.notional_1e17, filled) if filled else None

    @property
    def slippage_bps(self) -> Fraction | None:
        """How much worse than the middle the average price is, in basis points of the middle; None without either."""
        average = self.vwap_1e9
        if average is None or not self.mid_1e9:
            return None
        worse = average - self.mid_1e9 if self.side == "buy" else self.mid_1e9 - average
        return worse * _BPS / self.mid_1e9

    @property
    def fee_bps(self) -> Fraction | None:
        """The fees in basis points of the notional; None when nothing would be filled."""
        notional = self.notional_1e17
        return Fraction(self.fee_1e9 * 10**8 * _BPS, notional) if notional else None


def dry_run(
    desk: Desk,
    client_id: str,
    symbol_or_instrument: str | Instrument,
    side: Side,
    qty_1e8: int,
    *,
    venue: str = "",
    policy: str = "sor",
    limit_1e9: int = 0,
    cap_bps: int = -1,
    urgency: str = "medium",
    tif: str = "GTC",
    funded: bool = True,
) -> DryRun:
    """Ask the router what an order would be filled with at this instant. Changes nothing.

    Args:
        desk: The working context.
        client_id: The account, whose fees, slippage setting and balances count.
        symbol_or_instrument: What to trade, by any of its names.
        side: "buy" or "sell".
        qty_1e8: How much, in 1e-8.
        venue: The only venue to use; "" for all.
        policy: How the order works. Those that only rest take nothing; time_drip takes its first slice.
        limit_1e9: The limit price in 1e-9; 0 for a market order.
        cap_bps: The slippage cap in basis points of the arrival middle; -1 for none.
        urgency: "low", "medium" or "high".
        tif: "GTC", "IOC" or "FOK".
        funded: Only what the account can pay for, as for a real order. Otherwise as if money did not matter.

    Raises:
        Refusal: 422 for an unknown symbol, or one that cannot be traded here; 404 for an unknown account.

    Example:
        >>> from sequence_markets.sandbox.exchange import Exchange
        >>> from sequence_markets.sandbox.market import SyntheticMarket
        >>> exchange = Exchange(SyntheticMarket(seed=7), seed=7, start_ns=1_767_571_200 * 10**9)
        >>> client = exchange.account_for("0" * 64, "test")
        >>> exchange.set_book("BTC-USD", "kraken", [(899 * 10**9, 10**8)], [(901 * 10**9, 10**8)])
        >>> run = dry_run(exchange.desk, client, "BTC-USD", "buy", 3 * 10**8)
        >>> run.filled_1e8, run.shortfall, run.fee_bps
        (100000000, 'NO_LIQUIDITY', Fraction(10, 1))
    """
    account = desk.state.accounts.get(client_id)
    if account is None:
        raise Refusal.unknown(f"account {client_id!r}")
    instrument = _instrument(desk, symbol_or_instrument)
    spec = OrderSpec(
        symbol=instrument.symbol,
        book_symbol=instrument.primary,
        type=instrument.type,
        asset=instrument.base if instrument.type == "spot" else instrument.symbol,
        side=side,
        venue=venue,
        limit_1e9=limit_1e9,
        qty_1e8=qty_1e8,
        notional_1e9=0,
        policy=policy,
        urgency=urgency,
        tif=tif,
        cap_bps=cap_bps,
        horizon_ms=0,
    )
    # An order that stands in no list: what decides only reads it.
    order = Order(
        0, "", client_id, "", "", spec, qty_1e8, desk.now_ns, desk.now_ns, 0, 0, own_fees=account.settings.fees
    )
    books = desk.books(order)
    order.arrival_1e9 = arrival_mid(desk, order, books)
    order.cap_1e9 = cap_for(spec, order.arrival_1e9)
    decision = _decide(desk, order, books, Purses(desk, order) if funded else _Bottomless(desk, order))
    plan = Plan([]) if decision.refusal else decision.plan
    bid, ask = _best(desk, order)
    return DryRun(
        instrument=instrument,
        side=side,
        wanted_1e8=qty_1e8,
        mid_1e9=(bid + ask) // 2 if bid and ask and bid <= ask else None,
        bid_1e9=bid,
        ask_1e9=ask,
        legs=_legs(plan, side),
        candidates=desk.candidates(order),
        fills=tuple(DryFill(bite.venue, bite.qty, bite.price, bite.fee) for bite in plan.takes),
        arrival_1e9=order.arrival_1e9,
        refusal=decision.refusal,
        shortfall=decision.plan.shortfall if plan.qty < qty_1e8 else "",
    )


class _Bottomless(Purses):
    """Purses from which everything can be paid."""

    def at(self, venue: str) -> Purse:
        """The purse at a venue."""
        purse = self._open.get(venue)
        if purse is None:
            purse = self._open[venue] = Purse(self._order.spec, _BOTTOMLESS, _BOTTOMLESS, 0, 0, 0)
        return purse


def _instrument(desk: Desk, named: str | Instrument) -> Instrument:
    found = desk.market.catalogue.at(desk.now_ns).resolve(named) if isinstance(named, str) else named
    if found is None:
        raise Refusal.invalid("symbol", f"unknown symbol {named!r}")
    if found.quote not in USD_PEGGED:
        message = f"{found.symbol} is quoted in {found.quote}; only dollar-quoted symbols trade here"
        raise Refusal.invalid("symbol", message)
    return found


def _decide(desk: Desk, order: Order, books: dict[str, VenueBook], purses: Purses) -> Decision:
    spec = order.spec
    instrument = desk.instrument(order)
    if instrument.expiry_ns is not None and desk.now_ns >= instrument.expiry_ns:
        return Decision(Plan([]), refusal="MARKET_CLOSED")
    match spec.policy:
        case "ioc_sweep":
            return decide_taking(desk, order, books, purses, "IOC")
        case "passive_limit" | "passive_ladder" | "aggressive_chase" | "post_only":
            return Decision(Plan([]))
        case "time_drip":
            return _first_slice(desk, order, books, purses)
        case _ if spec.tif != "GTC":
            return decide_taking(desk, order, books, purses, spec.tif)
        case _ if spec.urgency == "low" and touch(order, books, "own"):
            return Decision(Plan([]))
        case _:
            return decide_crossing(desk, order, books, purses)


def _first_slice(desk: Desk, order: Order, books: dict[str, VenueBook], purses: Purses) -> Decision:
    # Setting the reserve aside and using it come to the same, so the sweep starts from purses nobody has touched.
    _, covered = reserve_for(desk, order, books, purses)
    if not covered:
        return Decision(Plan([]), refusal="INSUFFICIENT_BALANCE" if books else "NO_LIQUIDITY")
    part = order.qty // min(DRIP_SLICES[order.spec.urgency], order.qty)
    return Decision(plan_sweep(desk, order, part, books, type(purses)(desk, order), worst_price(order)))


def _best(desk: Desk, order: Order) -> tuple[int | None, int | None]:
    """Best bid and offer of the candidates, less what was taken, in the order's terms."""
    nets = [desk.net_book(order.spec.symbol, venue) for venue in desk.candidates(order)]
    bids = [book.bids[0][0] for book in nets if book is not None and book.bids]
    asks = [book.asks[0][0] for book in nets if book is not None and book.asks]
    return max(bids, default=None), min(asks, default=None)


def _legs(plan: Plan, side: Side) -> tuple[DryLeg, ...]:
    legs: dict[str, DryLeg] = {}
    for bite in plan.takes:
        known = legs.get(bite.venue) or DryLeg(bite.venue, 0, 0, 0, bite.cash, bite.price)
        worst = max(known.worst_price_1e9, bite.price) if side == "buy" else min(known.worst_price_1e9, bite.price)
        legs[bite.venue] = DryLeg(
            bite.venue,
            known.qty_1e8 + bite.qty,
            known.notional_1e17 + bite.qty * bite.price,
            known.fee_1e8 + bite.fee,
            bite.cash,
            worst,
        )
    return tuple(legs.values())
