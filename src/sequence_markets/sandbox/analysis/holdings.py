"""What an account holds and earned, thing by thing, and how much of it is in one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast

from sequence_markets.sandbox.instruments import USD_PEGGED
from sequence_markets.sandbox.trading.desk import Desk
from sequence_markets.sandbox.trading.positions import positions_answer
from sequence_markets.sandbox.trading.state import Account

__all__ = ["portfolio_answer"]

_SUMMED: Final = (
    "qty_1e8",
    "current_value_usd_1e9",
    "unrealized_pnl_usd_1e9",
    "realized_pnl_usd_1e9",
    "funding_usd_1e9",
    "fees_usd_1e9",
)


def portfolio_answer(desk: Desk, account: Account) -> dict[str, object]:
    """What an account holds besides money, what it earned, and how much of it is in one thing. Net is realised and
    unrealised result and funding, less fees."""
    held = positions_answer(desk.state, desk.market, account, desk.now_ns, None, None, True)
    totals = cast("Mapping[str, int]", held["totals"])
    symbols: dict[str, dict[str, int]] = {}
    for row in cast("list[Mapping[str, object]]", held["positions"]):
        name = _name(cast("Mapping[str, str]", row["instrument"]))
        if name not in USD_PEGGED:
            sums = symbols.setdefault(name, dict.fromkeys(_SUMMED, 0))
            for key in _SUMMED:
                sums[key] += cast("int", row.get(key, 0))
    gross = sum(abs(sums["current_value_usd_1e9"]) for sums in symbols.values())
    weights = {name: abs(sums["current_value_usd_1e9"]) for name, sums in symbols.items()}
    funding = sum(sums["funding_usd_1e9"] for sums in symbols.values())
    largest = max(weights, key=lambda name: (weights[name], name)) if gross else None
    result = totals["realized_pnl_usd_1e9"] + totals["unrealized_pnl_usd_1e9"] + funding
    return {
        "nav_usd_1e9": totals["nav_usd_1e9"],
        "cash_usd_1e9": totals["cash_usd_1e9"],
        "position_value_usd_1e9": sum(sums["current_value_usd_1e9"] for sums in symbols.values()),
        "gross_exposure_usd_1e9": gross,
        "unrealized_pnl_usd_1e9": totals["unrealized_pnl_usd_1e9"],
        "realized_pnl_usd_1e9": totals["realized_pnl_usd_1e9"],
        "funding_usd_1e9": funding,
        "fees_usd_1e9": totals["fees_usd_1e9"],
        "net_pnl_usd_1e9": result - totals["fees_usd_1e9"],
        "concentration": {
            "largest_symbol": largest,
            "largest_share": weights[largest] / gross if largest is not None else None,
            "herfindahl": sum((weight / gross) ** 2 for weight in weights.values()) if gross else None,
        },
        "symbols": [
            {"symbol": name, **sums, "share": weights[name] / gross if gross else None}
            for name, sums in sorted(symbols.items(), key=lambda entry: (-weights[entry[0]], entry[0]))
        ],
        "as_of_ns": desk.now_ns,
    }


def _name(instrument: Mapping[str, str]) -> str:
    """What a row is called: the asset, the perp, or the market and its outcome."""
    if instrument["kind"] == "event_contract":
        return f"{instrument['market_slug']}:{instrument['outcome'].upper()}"
    return instrument.get("symbol") or instrument["code"]
