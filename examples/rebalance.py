"""A typed strategy: hold a fixed mix of coins, and trade only what is out of line.

Runs on a local exchange of its own: ``python examples/rebalance.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_DOWN, Decimal

from sequence_markets import OutcomeUnknownError, Sequence
from sequence_markets.models import CryptoInstrument
from sequence_markets.sandbox import Sandbox

VENUE = "kraken"
BUDGET_USD = Decimal(100_000)
TARGETS: Mapping[str, Decimal] = {"BTC": Decimal("0.5"), "ETH": Decimal("0.3"), "SOL": Decimal("0.2")}
TOLERANCE_USD = Decimal(50)
LOT = Decimal("0.0001")


def held(seq: Sequence) -> dict[str, Decimal]:
    """Return the quantity of each target coin at the venue."""
    found = dict.fromkeys(TARGETS, Decimal(0))
    for position in seq.positions_unified(venues=[VENUE], kinds=["crypto"]).positions:
        match position.instrument:
            case CryptoInstrument(symbol=coin) if coin in found:
                found[coin] = position.qty
            case _:
                pass
    return found


def rebalance(seq: Sequence) -> int:
    """Bring every coin to its share of the budget; return the number of orders sent."""
    holdings, sent = held(seq), 0
    for coin, share in TARGETS.items():
        quote = seq.quote(f"{coin}-USD", depth=1)
        if quote.source != "edge_nbbo" or not quote.nbbo.mid:
            print(f"{coin}: no live quote, left alone")
            continue
        mid = Decimal(str(quote.nbbo.mid))
        off_usd = BUDGET_USD * share - holdings[coin] * mid
        qty = (abs(off_usd) / mid).quantize(LOT, ROUND_DOWN)
        if abs(off_usd) < TOLERANCE_USD or not qty:
            continue
        order = seq.buy if off_usd > 0 else seq.sell
        try:
            graph = order(f"{coin}-USD", qty, venue=VENUE, max_slippage_bps=20)
        except OutcomeUnknownError as unknown:
            print(f"{coin}: outcome unknown, ask graph_status({unknown.graph_id!r}) before anything else")
            continue
        sent += 1
        status = seq.graph_status(graph.graph_id).nodes["order"]
        print(f"{coin}: {'buy' if off_usd > 0 else 'sell'} {qty:f}, {status.status}, filled {status.filled_qty}")
    return sent


def main() -> None:
    """Rebalance, let a day pass, and rebalance again."""
    with Sandbox(seed=7) as sandbox, sandbox.client() as seq:
        rebalance(seq)
        sandbox.advance(seconds=86_400)
        print(f"\n{sandbox.now:%Y-%m-%d}, the market has moved")
        rebalance(seq)
        totals = seq.positions_unified().totals
        print(f"\nunrealised {totals.unrealized_pnl_usd:+.2f}, fees {totals.fees_usd:.2f}")
        sandbox.check_invariants()


if __name__ == "__main__":
    main()
