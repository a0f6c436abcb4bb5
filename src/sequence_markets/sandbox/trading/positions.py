"""Positions as the API shows them: one row per venue and thing held, and totals that are folds over the rows."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from sequence_markets.sandbox.instruments import USD_PEGGED
from sequence_markets.sandbox.market import Market
from sequence_markets.sandbox.trading.amounts import ONE_PRICE, usd_1e9
from sequence_markets.sandbox.trading.settling import Settled
from sequence_markets.sandbox.trading.state import Account, Position, PositionKey, State

__all__ = ["POSITION_KINDS", "positions_answer"]

POSITION_KINDS: Final = ("fiat", "crypto", "perp", "event_contract")


def positions_answer(
    state: State,
    market: Market,
    account: Account,
    now_ns: int,
    venues: Collection[str] | None,
    kinds: Collection[str] | None,
    include_closed: bool,
) -> dict[str, object]:
    """The unified positions of an account.

    A row is active while there is a quantity, resolved once its market is decided, redeemed once that was paid, and
    closed when it was traded away. Closed and redeemed rows are shown only when `include_closed` is set; their realised
    result and fees count in the totals all the same. The net asset value counts a perp with its unrealised result,
    everything else with its value: a resolved contract until it is paid, from then on the cash.
    """
    rows: list[dict[str, object]] = []
    nav = cash = unrealized_total = realized_total = fees_total = 0
    marks: dict[str, int] = {}
    for key, position in sorted(account.positions.items(), key=lambda item: item[1].id):
        venue, kind, asset = key
        if (venues is not None and venue not in venues) or (kinds is not None and kind not in kinds):
            continue
        qty = state.total(account.client, key)
        pegged = asset in USD_PEGGED and kind in ("fiat", "crypto")
        settled = position.settled
        price = ONE_PRICE if pegged else _mark(market, key, position, qty, now_ns, marks)
        exact = qty * price
        # What is decided is realised, and what is money has no result of its own.
        cost = exact if pegged or settled is not None else (position.basis if qty >= 0 else -position.basis)
        value, unrealized, realized = usd_1e9(exact), usd_1e9(exact - cost), usd_1e9(position.realized)
        fees = position.fees * 10
        nav += unrealized if kind == "perp" else value
        cash += value if pegged else 0
        unrealized_total += unrealized
        realized_total += realized
        fees_total += fees
        if not qty and not include_closed:
            continue
        locked = qty - state.ledger.free(account.client, venue, asset)
        entry = ONE_PRICE if pegged else (position.basis // abs(qty) if qty else 0)
        rows.append(
            {
                "id": position.id,
                "venue": venue,
                "instrument": _instrument(market, key),
                "qty_1e8": qty,
                "locked_qty_1e8": locked,
                "available_qty_1e8": qty - locked,
                "entry_price_usd_1e9": entry,
                "current_price_usd_1e9": price,
                "current_value_usd_1e9": value,
                "unrealized_pnl_usd_1e9": unrealized,
                "realized_pnl_usd_1e9": realized,
                "fees_usd_1e9": fees,
                "lifecycle": _lifecycle(settled, qty, kalshi=settled is not None and _is_kalshi(market, asset)),
                "transferable": kind in ("fiat", "crypto"),
                "settled": settled is not None,
                "settled_mark_usd_1e9": None if settled is None else settled.payout,
            }
        )
        if kind == "perp":
            rows[-1]["funding_usd_1e9"] = position.funding * 10
    return {
        "positions": rows,
        "totals": {
            "nav_usd_1e9": nav,
            "cash_usd_1e9": cash,
            "unrealized_pnl_usd_1e9": unrealized_total,
            "realized_pnl_usd_1e9": realized_total,
            "fees_usd_1e9": fees_total,
            "num_positions": len(rows),
        },
        "as_of_ns": now_ns,
    }


def _mark(market: Market, key: PositionKey, position: Position, qty: int, now_ns: int, marks: dict[str, int]) -> int:
    """The price a row is valued at: what a decided contract pays, the reference price of what was traded, else the
    entry price."""
    if position.settled is not None:
        return position.settled.payout
    _, kind, asset = key
    symbol = position.mark_symbol
    if not symbol and kind == "crypto":
        symbol = next((f"{asset}-{quote}" for quote in USD_PEGGED if f"{asset}-{quote}" in market.catalogue), "")
    if symbol and symbol not in marks and symbol in market.catalogue:
        marks[symbol] = market.reference_price(symbol, now_ns) or 0
    price = marks.get(symbol, 0)
    return price or (position.basis // abs(qty) if qty else 0)


def _lifecycle(settled: Settled | None, qty: int, *, kalshi: bool) -> dict[str, object]:
    """Where a row is in its life. Once paid, what it paid and when is told as well."""
    if settled is None:
        return {"state": "active" if qty else "closed"}
    row: dict[str, object] = {
        "state": "redeemed" if settled.paid_ns else "resolved",
        "outcome": settled.outcome.upper() if kalshi else settled.outcome,
        "economic_value_usd_1e9": settled.value * 10,
        "resolved_at": settled.resolved_ns // ONE_PRICE,
    }
    if settled.paid_ns:
        row["redeemed_at"] = settled.paid_ns // ONE_PRICE
    return row


def _is_kalshi(market: Market, asset: str) -> bool:
    return asset in market.catalogue and market.catalogue.get(asset).venues == ("kalshi",)


def _instrument(market: Market, key: PositionKey) -> dict[str, object]:
    _, kind, asset = key
    if kind == "fiat":
        return {"kind": "fiat", "code": asset}
    if kind == "crypto":
        return {"kind": "crypto", "symbol": asset}
    found = market.catalogue.get(asset) if asset in market.catalogue else None
    if kind == "perp":
        base = found.base if found is not None else asset.split("-")[0]
        return {"kind": "perp", "symbol": f"{base}-PERP", "base": base}
    row: dict[str, object] = {
        "kind": "event_contract",
        "market_slug": asset if found is None else found.market_slug or asset,
        "outcome": "Yes" if found is None or found.outcome is None else found.outcome,
    }
    if _is_kalshi(market, asset):
        row["outcome"] = str(row["outcome"]).upper()
    if found is not None and found.token_id is not None:
        row["token_id"] = found.token_id
    if found is not None and found.expiry_ns is not None:
        row["expiry_ts"] = found.expiry_ns // ONE_PRICE
    return row
