"""One graph over a prediction market, a perp and a spot pair."""

from __future__ import annotations

from decimal import Decimal

import pytest

from sequence_markets import Sequence
from sequence_markets.sandbox import Sandbox

KALSHI = "KXBTCZ-26DEC31-T100000"


@pytest.mark.covers("graph", "graph_status")
def test_a_prediction_leg_sets_off_crypto_legs_fill_by_fill() -> None:
    with Sandbox(seed=7) as sandbox, sandbox.client() as seq:
        sandbox.set_book(KALSHI, "kalshi", bids=[("0.39", "500")], asks=[("0.40", "30"), ("0.41", "70")])
        sandbox.set_book("BTC-USD-PERP", "hyperliquid", bids=[("90000", "9")], asks=[("90010", "9")])
        sandbox.set_book("BTC-USD", "kraken", bids=[("89990", "9")], asks=[("90000", "9")])
        graph = seq.graph(
            nodes=[
                seq.node("view", KALSHI, "buy", 100, venue="kalshi", limit_price="0.41", instrument_type="prediction"),
                seq.node("hedge", "BTC-USD-PERP", "sell", 1, venue="hyperliquid", instrument_type="perp"),
                seq.node("rest", "BTC-USD", "buy", "0.2", venue="kraken"),
            ],
            edges=[
                seq.edge("view", "hedge", trigger="on_fill", sizing={"ratio": "0.01"}),
                seq.edge("hedge", "rest", trigger="full_fill"),
            ],
        )
        status = seq.graph_status(graph.graph_id)
        assert status.status == "completed"
        filled = {node: each.filled_qty for node, each in status.nodes.items()}
        assert filled == {"view": Decimal(100), "hedge": Decimal(1), "rest": Decimal("0.2")}
        assert _sold(seq) == [Decimal("0.3"), Decimal("0.7")], "each fill of the view is hedged by its own part"
        kinds = {each.instrument.kind for each in seq.positions_unified().positions if each.unrealized_pnl_usd}
        assert {"event_contract", "perp"} <= kinds
        sandbox.check_invariants()


def _sold(seq: Sequence) -> list[Decimal]:
    return sorted(fill.qty for fill in seq.fills(symbol="BTC-USD-PERP"))
