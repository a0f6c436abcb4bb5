"""An order as it would have gone: the real policy, run on the market of a moment ago by an exchange of its own.

Nothing of the real exchange is touched. What the order would have met is what the market showed then, undisturbed by
anybody's orders.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, cast

from sequence_markets.sandbox.analysis.costs import Costs, costs_of, fills_of
from sequence_markets.sandbox.exchange import Exchange
from sequence_markets.sandbox.instruments import Instrument, Side
from sequence_markets.sandbox.kernel import Kernel
from sequence_markets.sandbox.market import Market, MarketTrade
from sequence_markets.sandbox.trading import records as rec
from sequence_markets.sandbox.trading.desk import Desk
from sequence_markets.sandbox.trading.state import Order, PositionKind, State

__all__ = ["Replayed", "past_desk", "replay"]

_BOTTOMLESS: Final = 10**26


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of a replayed order: the order itself, its costs, and where it was filled."""

    order: Order
    costs: Costs
    venues: tuple[str, ...]

    @property
    def fill_rate(self) -> float:
        """How much of it was filled, from 0 to 1."""
        return self.order.filled / self.order.qty if self.order.qty else 0.0

    @property
    def duration_ns(self) -> int | None:
        """How long it took to be filled whole; None when it was not."""
        if self.order.filled < self.order.qty or not self.order.done:
            return None
        return self.order.updated_ns - self.order.track.admitted_ns


def replay(
    desk: Desk,
    client_id: str,
    instrument: Instrument,
    side: Side,
    qty_1e8: int,
    *,
    policy: str,
    urgency: str,
    start_ns: int,
    horizon_ms: int,
    funded: bool,
) -> Replayed:
    """Run a market order from `start_ns` until now.

    Args:
        desk: The real working context, which is only read.
        client_id: The account whose fees, latencies and, when `funded`, balances count.
        instrument: What to trade.
        side: On which side.
        qty_1e8: How much.
        policy: How the order works.
        urgency: How urgently.
        start_ns: When it is submitted.
        horizon_ms: How long it may work; 0 for as long as its policy says.
        funded: Give it the account's balances as they are now, instead of all it could want.
    """
    market = cast("Market", _AsRecorded(desk.market))
    exchange = Exchange(market, seed=desk.state.seed, start_ns=start_ns)
    exchange.command(lambda scratch: _endow(desk, scratch, client_id, instrument, funded))
    node = {
        "node_id": "order",
        "instrument": {"symbol": instrument.symbol, "type": instrument.type},
        "side": side,
        "order_type": "market",
        "quantity": {"fixed": {"qty_1e8": qty_1e8}},
        "execution": {"policy": policy, "urgency": urgency, "horizon_ms": horizon_ms or None},
    }
    exchange.submit(client_id, {"nodes": [node], "edges": [], "graph_id": "replay"})
    exchange.advance_to(desk.now_ns, durable=False)
    order = exchange.state.orders[1]
    fills = fills_of(exchange.state, order)
    return Replayed(order, costs_of(order, fills), tuple(dict.fromkeys(fill.venue for fill in fills)))


class _AsRecorded:
    """A market whose prints by hand look like all others: an exchange leaves those to whoever makes them, and here they
    are made already."""

    def __init__(self, market: Market) -> None:
        self._market = market

    def __getattr__(self, name: str) -> object:
        return getattr(self._market, name)

    def trades(self, symbol: str, start_ns: int, end_ns: int, venue: str | None = None) -> list[MarketTrade]:
        """The prints with `start_ns` < time <= `end_ns`, in time order."""
        found = self._market.trades(symbol, start_ns, end_ns, venue)
        return [replace(trade, origin="recorded") if trade.origin == "scripted" else trade for trade in found]


def past_desk(desk: Desk, client_id: str, at_ns: int) -> Desk:
    """A desk of another instant on which nothing has happened yet; it knows the account's settings and nothing else."""
    scratch = Desk(State(now_ns=at_ns), desk.market, Kernel(), at_ns, _discard, fees=desk.fees)
    _open(desk, scratch.state.apply, client_id, ())
    return scratch


def _discard(_record: rec.Record) -> None:
    return None


def _open(desk: Desk, apply: Callable[[rec.Record], None], client_id: str, balances: tuple[rec.HoldEntry, ...]) -> None:
    account = desk.state.accounts[client_id]
    settings = account.settings
    apply(rec.AccountOpened(client_id, account.mode, balances))
    apply(rec.SettingsSet(client_id, (), settings.fees, settings.latency_ms, settings.slippage_bps))


def _endow(desk: Desk, scratch: Desk, client_id: str, instrument: Instrument, funded: bool) -> None:
    """Give the account of another exchange what the order may need."""
    ledger, venues = desk.state.ledger, desk.market.venues(instrument.symbol)

    def has(venue: str, asset: str) -> int:
        return ledger.free(client_id, venue, asset) if funded else _BOTTOMLESS

    cash = [(venue, instrument.settlement.get(venue, instrument.quote)) for venue in venues]
    _open(desk, scratch.emit, client_id, tuple((venue, asset, has(venue, asset)) for venue, asset in cash))
    kind: PositionKind = "crypto"
    asset = instrument.base
    if instrument.type != "spot":
        kind, asset = ("perp" if instrument.type == "perp" else "event_contract"), instrument.symbol
    positions = desk.state.accounts[client_id].positions
    for venue in venues:
        qty, row = has(venue, asset), positions.get((venue, kind, asset))
        if kind == "perp" and not funded:
            qty = 0
        if qty:
            entry = row.basis // abs(qty) if row is not None and funded else 0
            scratch.emit(rec.PositionSet(client_id, venue, kind, asset, qty, entry, False))
