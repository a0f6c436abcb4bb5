"""What an order would cost, before it is sent: the router's own dry run, in basis points."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final, Literal

from sequence_markets.sandbox.instruments import Instrument, Side
from sequence_markets.sandbox.trading.amounts import ceil_div
from sequence_markets.sandbox.trading.desk import Desk
from sequence_markets.sandbox.trading.dryrun import DryRun, dry_run

__all__ = ["OrderType", "preview"]

OrderType = Literal["market", "limit"]

Row = dict[str, object]

_BPS: Final = 10_000
_MS: Final = 1_000_000
_LOOKED_AT_FILLS: Final = 10_000


def preview(
    desk: Desk, client_id: str, instrument: Instrument, side: Side, qty_1e8: int, order_type: OrderType, source: str
) -> Row:
    """The expected cost of an order; nothing is submitted.

    A market order is what the router would do with it now. A limit order is taken to rest at the near touch and to be
    filled there as a maker. An account that could not pay for the order gets the figures of one that can, and
    ``funded`` is false.

    Args:
        desk: The working context.
        client_id: The account.
        instrument: What would be traded.
        side: On which side.
        qty_1e8: How much, in 1e-8.
        order_type: How the order would be filled.
        source: Which path served the books.
    """
    run = dry_run(desk, client_id, instrument, side, qty_1e8)
    funded = run.refusal != "INSUFFICIENT_BALANCE"
    if not funded:
        run = dry_run(desk, client_id, instrument, side, qty_1e8, funded=False)
    taker = [*_each_venue(desk, client_id, run), run.fee_bps]
    if order_type == "limit":
        best, fee, slippage = _resting(desk, client_id, run)
        fillable = qty_1e8 if best else 0
    else:
        best = run.legs[0].venue if run.legs else None
        fee, slippage, fillable = run.fee_bps, run.slippage_bps, run.filled_1e8
    worst = max((bps for bps in (*taker, fee) if bps is not None), default=None)
    return {
        "symbol": instrument.symbol,
        "side": side,
        "qty_1e8": qty_1e8,
        "order_type": order_type,
        "candidate_venues": list(run.candidates),
        "best_venue": best,
        "estimated_fee_bps": _number(fee),
        "worst_case_fee_bps": _number(worst),
        "estimated_slippage_bps": _number(slippage),
        "estimated_total_cost_bps": None if fee is None or slippage is None else _number(fee + slippage),
        "historical_ttff": _waits(desk, client_id, instrument.symbol),
        "nbbo": _nbbo(run),
        "source": source,
        "generated_at_ns": desk.now_ns,
        "fillable_qty_1e8": fillable,
        "funded": funded,
    }


def _each_venue(desk: Desk, client_id: str, run: DryRun) -> Iterator[Fraction | None]:
    """The fee share at each candidate, if the whole order went there."""
    for venue in run.candidates:
        yield dry_run(desk, client_id, run.instrument, run.side, run.wanted_1e8, venue=venue, funded=False).fee_bps


def _resting(desk: Desk, client_id: str, run: DryRun) -> tuple[str | None, Fraction | None, Fraction | None]:
    """Where the order would rest, its fee there as a maker, and how much better than the middle it is filled."""
    near = run.bid_1e9 if run.side == "buy" else run.ask_1e9
    if near is None or not run.candidates:
        return None, None, None
    own = desk.state.accounts[client_id].settings.fees
    category = run.instrument.fee_category
    charges = [
        desk.fees.fee(venue, category, "maker", desk.now_ns, own).amount(run.wanted_1e8, near)
        for venue in run.candidates
    ]
    cheapest = charges.index(min(charges))
    fee = Fraction(charges[cheapest] * 10**9 * _BPS, run.wanted_1e8 * near)
    slippage = None
    if run.mid_1e9:
        worse = near - run.mid_1e9 if run.side == "buy" else run.mid_1e9 - near
        slippage = Fraction(worse * _BPS, run.mid_1e9)
    return run.candidates[cheapest], fee, slippage


def _nbbo(run: DryRun) -> Row:
    bid, ask = run.bid_1e9, run.ask_1e9
    known = bid is not None and ask is not None and run.mid_1e9 is not None
    return {
        "bid_px_1e9": bid,
        "ask_px_1e9": ask,
        "mid_px_1e9": run.mid_1e9,
        "spread_bps": round(20_000 * (ask - bid) / (ask + bid), 4) if known and bid and ask else None,
    }


def _waits(desk: Desk, client_id: str, symbol: str) -> Row | None:
    """How long orders of the account for a symbol waited for their first fill; None when none was ever filled."""
    state = desk.state
    fills = state.accounts[client_id].fills[-_LOOKED_AT_FILLS:]
    first: dict[int, int] = {}
    seen: dict[int, int] = {}
    for fill in fills:
        first.setdefault(fill.order, fill.time_ns)
        seen[fill.order] = seen.get(fill.order, 0) + 1
    waits: list[int] = []
    for no, filled_ns in first.items():
        order = state.orders[no]
        # Of an order that began to be filled before the fills looked at, the first one is not known.
        if order.spec.symbol == symbol and seen[no] == order.fill_count:
            node = state.graphs[order.graph].nodes[order.node]
            waits.append((filled_ns - max(order.created_ns, node.activated_ns)) // _MS)
    if not waits:
        return None
    waits.sort()
    return {"p50_ms": _rank(waits, 50), "p95_ms": _rank(waits, 95), "samples": len(waits)}


def _rank(ordered: list[int], percent: int) -> int:
    """The smallest value that is not less than so many percent of them."""
    return ordered[ceil_div(len(ordered) * percent, 100) - 1]


def _number(value: Fraction | None) -> float | None:
    return None if value is None else float(value)
