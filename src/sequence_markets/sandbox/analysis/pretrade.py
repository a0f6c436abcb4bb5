"""What the router would do with an order now, and what it would cost: its own dry run, priced as a report would be."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sequence_markets.sandbox.analysis.costs import FEE_TO_1E17, bps
from sequence_markets.sandbox.instruments import Instrument, Side
from sequence_markets.sandbox.trading.amounts import ONE_PRICE, ONE_QTY
from sequence_markets.sandbox.trading.desk import Desk
from sequence_markets.sandbox.trading.dryrun import DryLeg, DryRun, dry_run

__all__ = ["Arrival", "Considered", "arrival_at", "consider", "leg_rows", "routing_answer", "slippage_answer"]


class Arrival(NamedTuple):
    """The market an order would meet: its arrival price and the best displayed prices, 0 where there is none."""

    mid_1e9: int
    bid_1e9: int
    ask_1e9: int


def arrival_at(desk: Desk, instrument: Instrument, at_ns: int) -> Arrival:
    """The arrival of an order that may go to every venue: the middle of the best displayed prices, rounded down, the
    only side there is, or the reference price."""
    symbol, market = instrument.symbol, desk.market
    books = [book for venue in market.venues(symbol) if (book := market.book(symbol, venue, at_ns)) is not None]
    bid = max((book.bids[0][0] for book in books if book.bids), default=0)
    ask = min((book.asks[0][0] for book in books if book.asks), default=0)
    mid = (bid + ask) // 2 if bid and ask else bid or ask or market.reference_price(symbol, at_ns) or 0
    return Arrival(mid, bid, ask)


class Considered(NamedTuple):
    """A dry run and what it says about the account: `funded` is false when the account could not pay, and the run is
    that of one that can."""

    run: DryRun
    funded: bool

    @property
    def basis_1e17(self) -> int:
        """What the fills are worth at the arrival price, of which every share of a cost is taken."""
        return self.run.filled_1e8 * self.run.arrival_1e9

    @property
    def slippage_1e17(self) -> int:
        """What the fills cost against the arrival price."""
        worse = self.run.notional_1e17 - self.basis_1e17
        return worse if self.run.side == "buy" else -worse

    @property
    def fees_1e17(self) -> int:
        """The fees."""
        return sum(leg.fee_1e8 for leg in self.run.legs) * FEE_TO_1E17

    @property
    def slippage_bps(self) -> float | None:
        """The slippage of the filled part; None when nothing would be filled."""
        return bps(self.slippage_1e17, self.basis_1e17)

    @property
    def fee_bps(self) -> float | None:
        """The fees of the filled part."""
        return bps(self.fees_1e17, self.basis_1e17)

    @property
    def cost_bps(self) -> float | None:
        """Slippage and fees: the implementation shortfall a report would show."""
        return bps(self.slippage_1e17 + self.fees_1e17, self.basis_1e17)

    @property
    def fill_rate(self) -> float:
        """How much of the order would be filled, from 0 to 1."""
        return self.run.filled_1e8 / self.run.wanted_1e8 if self.run.wanted_1e8 else 0.0

    @property
    def filled_pct(self) -> float:
        """The same in percent."""
        return 100 * self.run.filled_1e8 / self.run.wanted_1e8 if self.run.wanted_1e8 else 0.0


def consider(
    desk: Desk, client_id: str, instrument: Instrument, side: Side, qty_1e8: int, *, venue: str = ""
) -> Considered:
    """What a market order of an account would do now."""
    run = dry_run(desk, client_id, instrument, side, qty_1e8, venue=venue)
    if run.refusal != "INSUFFICIENT_BALANCE":
        return Considered(run, True)
    return Considered(dry_run(desk, client_id, instrument, side, qty_1e8, venue=venue, funded=False), False)


def slippage_answer(
    desk: Desk, client_id: str, instrument: Instrument, side: Side, sizes_usd_1e9: Iterable[int], source: str
) -> dict[str, object]:
    """What market orders of some sizes in dollars would pay, each by itself on the books as they are. A size becomes a
    quantity as it does in an order: at the opposite touch, rounded down."""
    arrival = arrival_at(desk, instrument, desk.now_ns)
    opposite = arrival.ask_1e9 if side == "buy" else arrival.bid_1e9
    curve: list[dict[str, object]] = []
    for notional in sizes_usd_1e9:
        qty = notional * ONE_QTY // opposite if opposite else 0
        curve.append(_point(notional, qty, consider(desk, client_id, instrument, side, qty) if qty else None))
    return {
        "symbol": instrument.symbol,
        "side": side,
        "mid": arrival.mid_1e9 / ONE_PRICE if arrival.mid_1e9 else None,
        "curve": curve,
        "source": source,
        "generated_at_ns": desk.now_ns,
    }


def _point(notional_1e9: int, qty: int, seen: Considered | None) -> dict[str, object]:
    average = None if seen is None else seen.run.vwap_1e9
    return {
        "notional_usd": notional_1e9 // ONE_PRICE if notional_1e9 % ONE_PRICE == 0 else notional_1e9 / ONE_PRICE,
        "qty_1e8": qty,
        "filled_pct": 0.0 if seen is None else seen.filled_pct,
        "slippage_bps": None if seen is None else seen.slippage_bps,
        "fee_bps": None if seen is None else seen.fee_bps,
        "total_cost_bps": None if seen is None else seen.cost_bps,
        "avg_price": None if average is None else float(average / ONE_PRICE),
        "venue_count": 0 if seen is None else len(seen.run.legs),
        "funded": None if seen is None else seen.funded,
    }


def routing_answer(
    desk: Desk, client_id: str, instrument: Instrument, side: Side, qty_1e8: int, source: str
) -> dict[str, object]:
    """How the router would split a market order, the venue it would take from first in front."""
    seen = consider(desk, client_id, instrument, side, qty_1e8)
    run = seen.run
    return {
        "symbol": instrument.symbol,
        "side": side,
        "qty_1e8": qty_1e8,
        "filled_qty_1e8": run.filled_1e8,
        "legs": leg_rows(run),
        "est_cost_bps": seen.cost_bps,
        "est_slippage_bps": seen.slippage_bps,
        "est_fee_bps": seen.fee_bps,
        "chosen": max(run.legs, key=_size).venue if run.legs else None,
        "candidates": list(run.candidates),
        "shortfall": run.shortfall or None,
        "funded": seen.funded,
        "source": source,
        "generated_at_ns": desk.now_ns,
    }


def leg_rows(run: DryRun) -> list[dict[str, object]]:
    """The legs of a split: quantity, average and worst price, fee and share of what is filled."""
    return [
        {
            "venue": leg.venue,
            "qty_1e8": leg.qty_1e8,
            "price_1e9": leg.notional_1e17 // leg.qty_1e8,
            "worst_price_1e9": leg.worst_price_1e9,
            "fee_1e9": leg.fee_1e8 * 10,
            "fee_bps": bps(leg.fee_1e8 * FEE_TO_1E17, leg.notional_1e17),
            "pct": 100 * leg.qty_1e8 / run.filled_1e8,
        }
        for leg in run.legs
    ]


def _size(leg: DryLeg) -> int:
    return leg.qty_1e8
