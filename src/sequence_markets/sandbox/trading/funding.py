"""Funding of perps: what is paid when, the scripted rates that come before the market's own, and what can be read."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sequence_markets.sandbox.instruments import Instrument
from sequence_markets.sandbox.market.funding import FUNDING_HOURS, natural_rate, next_settlement, settlements
from sequence_markets.sandbox.trading import records as rec
from sequence_markets.sandbox.trading.desk import Desk, Task
from sequence_markets.sandbox.trading.errors import Refusal
from sequence_markets.sandbox.trading.state import Account, Position, PositionKey
from sequence_markets.sandbox.venues import VENUES

__all__ = [
    "FundingNow",
    "FundingPoint",
    "funding_points",
    "funding_rate_now",
    "perp_of",
    "rearm",
    "set_funding",
    "watch_fill",
    "watch_position",
]

_ORDERS: Final = {venue: number for number, venue in enumerate(VENUES)}
_HOUR_NS: Final = 3_600 * 10**9
_LARGEST_1E9: Final = 10**9


@dataclass(frozen=True, slots=True)
class FundingPoint:
    """One settlement: when, and at which rate in 1e-9."""

    time_ns: int
    rate_1e9: int


@dataclass(frozen=True, slots=True)
class FundingNow:
    """How a perp is funded at present: the rate last settled, the one to expect next, both in 1e-9 per settlement of
    `hours`, the mark price, the next settlement, and how much of the perp accounts hold, long or short."""

    venue: str
    symbol: str
    hours: int
    rate_1e9: int
    predicted_1e9: int
    mark_1e9: int | None
    open_interest_1e8: int
    next_ns: int


@dataclass(frozen=True, slots=True)
class FundingTask(Task):
    """A venue settles the funding of its perps."""

    venue: str
    at_ns: int

    def run(self, desk: Desk) -> None:
        """Settle every open perp of the venue, and plan the next settlement when there was one."""
        if not desk.takes_place(_name(self.venue), self.at_ns):
            return
        for account, key, position, qty in list(_open_perps(desk, self.venue)):
            _settle(desk, account, key, position, qty, self.at_ns)
        if next(_open_perps(desk, self.venue), None) is not None:
            _plan(desk, self.venue, self.at_ns)


def _name(venue: str) -> tuple[str, str]:
    return ("funding", venue)


def _plan(desk: Desk, venue: str, after_ns: int) -> None:
    if venue in FUNDING_HOURS:
        at_ns = next_settlement(venue, after_ns)
        desk.plan(_name(venue), at_ns, FundingTask(venue, at_ns), _ORDERS[venue])


def _open_perps(desk: Desk, venue: str) -> Iterator[tuple[Account, PositionKey, Position, int]]:
    for account in desk.state.accounts.values():
        for key, position in account.positions.items():
            if key[0] == venue and key[1] == "perp" and (qty := desk.state.total(account.client, key)):
                yield account, key, position, qty


def _settle(desk: Desk, account: Account, key: PositionKey, position: Position, qty: int, at_ns: int) -> None:
    venue, _, symbol = key
    instrument = desk.market.catalogue.get(symbol)
    # Without a price the position is worth what was paid for it.
    mark = desk.market.reference_price(symbol, at_ns) or position.basis // abs(qty)
    cash = instrument.settlement.get(venue, instrument.quote)
    rate = rate_1e9(desk, venue, symbol, at_ns)
    desk.emit(rec.Funded(account.client, venue, symbol, cash, mark, rate, at_ns))


def watch_fill(desk: Desk, record: rec.Record) -> None:
    """Plan a settlement once a perp was traded."""
    if isinstance(record, rec.Filled) and desk.state.orders[record.order].spec.type == "perp":
        _plan(desk, record.venue, desk.now_ns)


def watch_position(desk: Desk, record: rec.Record) -> None:
    """Plan a settlement once a perp position was written by hand."""
    if isinstance(record, rec.PositionSet) and record.kind == "perp" and record.qty:
        _plan(desk, record.venue, desk.now_ns)


def rearm(desk: Desk) -> None:
    """Plan the settlements of every venue with an open perp, as after a restart."""
    for venue in FUNDING_HOURS:
        if next(_open_perps(desk, venue), None) is not None:
            # Not the present instant: what was due since the last record is still to be settled.
            _plan(desk, venue, desk.state.now_ns)


def rate_1e9(desk: Desk, venue: str, symbol: str, settles_ns: int) -> int:
    """The rate of one settlement: scripted when a script reaches it, else the market's own."""
    scripted = _scripted(desk, venue, symbol, settles_ns)
    return natural_rate(desk.market, venue, symbol, settles_ns) if scripted is None else scripted


def _scripted(desk: Desk, venue: str, symbol: str, settles_ns: int) -> int | None:
    points = desk.state.funding.get((venue, symbol), ())
    index = bisect_right(points, settles_ns, key=_when)
    return points[index - 1][1] if index else None


def _when(point: tuple[int, int]) -> int:
    return point[0]


def perp_of(desk: Desk, symbol: str) -> Instrument | None:
    """The perp meant by any of its names, or by a dollar pair of its base; None when there is none."""
    found = desk.market.catalogue.resolve(symbol, "perp")
    return found if found is not None and found.type == "perp" else None


def funding_rate_now(desk: Desk, venue: str, symbol: str) -> FundingNow | None:
    """How a perp is funded at a venue just now; None when the venue does not quote it."""
    if venue not in FUNDING_HOURS or venue not in desk.market.venues(symbol):
        return None
    coming = next_settlement(venue, desk.now_ns)
    last = coming - FUNDING_HOURS[venue] * _HOUR_NS
    predicted = _scripted(desk, venue, symbol, coming)
    if predicted is None:
        predicted = natural_rate(desk.market, venue, symbol, coming, desk.now_ns)
    key: PositionKey = (venue, "perp", symbol)
    return FundingNow(
        venue,
        symbol,
        FUNDING_HOURS[venue],
        rate_1e9(desk, venue, symbol, last),
        predicted,
        desk.market.reference_price(symbol, desk.now_ns),
        sum(abs(desk.state.total(client, key)) for client in desk.state.accounts),
        coming,
    )


def funding_points(desk: Desk, venue: str, symbol: str, start_ns: int, end_ns: int) -> list[FundingPoint]:
    """The settlements of a perp from one instant to another, both included, as far as they have happened; oldest
    first."""
    instants = settlements(venue, start_ns - 1, min(end_ns, desk.now_ns))
    return [FundingPoint(at_ns, rate_1e9(desk, venue, symbol, at_ns)) for at_ns in instants]


def set_funding(desk: Desk, symbol: str, venue: str, points: Sequence[tuple[int, int]]) -> None:
    """Script the funding of a perp at a venue.

    Args:
        desk: The working context.
        symbol: Any name of the perp.
        venue: A venue that lists it.
        points: (from when on, rate per settlement in 1e-9), in time order. A rate holds until the next point, the last
            one for good. Earlier scripts stay in force up to the first point.

    Raises:
        Refusal: 422 when there is no such perp there, or when the points are none, out of order, in the past, or larger
            than one.
    """
    instrument = perp_of(desk, symbol)
    if instrument is None:
        raise Refusal.invalid("symbol", f"{symbol!r} is not a known perp")
    if venue not in FUNDING_HOURS or venue not in instrument.venues:
        raise Refusal.invalid("venue", f"{venue!r} does not fund {instrument.symbol}")
    if not points:
        raise Refusal.invalid("points", "must hold at least one (when, rate)")
    last = desk.now_ns - 1
    for number, (when, rate) in enumerate(points):
        if when <= last:
            reason = "must come after the one before" if number else "must not lie in the past"
            raise Refusal.invalid(f"points[{number}]", reason)
        if abs(rate) > _LARGEST_1E9:
            raise Refusal.invalid(f"points[{number}]", "a rate must lie between -1 and 1")
        last = when
    # What settles at this very instant is settled already.
    first = (max(points[0][0], desk.now_ns + 1), points[0][1])
    desk.emit(rec.FundingSet(venue, instrument.symbol, (first, *points[1:])))
