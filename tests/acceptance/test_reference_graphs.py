"""The code samples of level 3 of the SDK reference run verbatim against the sandbox and do what their comments say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sequence_markets import Sequence
from sequence_markets.models import GraphStatus
from sequence_markets.sandbox import Sandbox

from .samples import Sample, flat, needs_reference, run

pytestmark = needs_reference

HEDGE = Sample("# Spot + perp hedge", 'trigger="fill_pct", value=0.5)],\n)', flat(9))
BRACKET = Sample("# Bracket: entry → take-profit + 5% stop-loss", "}},\n},\n],\n)", flat(19))
ETH = 10**8


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed=7) as running:
        yield running


@pytest.fixture
def scope(sandbox: Sandbox) -> Iterator[dict[str, Any]]:
    with sandbox.client() as seq:
        yield {"seq": seq}
        sandbox.check_invariants()


def status(scope: dict[str, Any]) -> GraphStatus:
    seq: Sequence = scope["seq"]
    return seq.graph_status(scope["graph"]["graph_id"])


def quote_spot_and_perp(sandbox: Sandbox, spot_size: str) -> None:
    sandbox.set_book("ETH-USD", "kraken", bids=[("2999", "500")], asks=[("3000", spot_size)])
    sandbox.set_book("ETH-USD-PERP", "hyperliquid", bids=[("3001", "500")], asks=[("3002", "500")])


@pytest.mark.covers("node", "edge", "graph", "graph_status")
def test_the_perp_sells_once_half_of_the_spot_is_filled(sandbox: Sandbox, scope: dict[str, Any]) -> None:
    quote_spot_and_perp(sandbox, "100")
    run(HEDGE, scope)
    nodes = status(scope).nodes
    assert nodes["spot"].filled_qty_1e8 == 100 * ETH, "exactly half is there to be bought"
    assert nodes["hedge"].status == "filled"
    assert nodes["hedge"].filled_qty_1e8 == 200 * ETH


def test_the_perp_does_not_sell_below_half(sandbox: Sandbox, scope: dict[str, Any]) -> None:
    quote_spot_and_perp(sandbox, "99.99999999")
    run(HEDGE, scope)
    nodes = status(scope).nodes
    assert nodes["spot"].filled_qty_1e8 == 100 * ETH - 1
    assert nodes["hedge"].filled_qty_1e8 == 0
    assert nodes["hedge"].status == "cancelled", "nothing can activate it any more"


@pytest.mark.covers("graph", "fills")
def test_a_whole_fill_hedges_once(sandbox: Sandbox, scope: dict[str, Any]) -> None:
    quote_spot_and_perp(sandbox, "500")
    run(HEDGE, scope)
    answer = status(scope)
    assert answer.status == "completed"
    assert {node: each.filled_qty_1e8 for node, each in answer.nodes.items()} == {"spot": 200 * ETH, "hedge": 200 * ETH}
    assert [fill.symbol for fill in scope["seq"].fills()].count("ETH-USD-PERP") == 1


@pytest.fixture
def bracket(sandbox: Sandbox, scope: dict[str, Any]) -> dict[str, Any]:
    sandbox.set_book("BTC-USD", "kraken", bids=[("74990", "5")], asks=[("75000", "5")])
    run(BRACKET, scope)
    assert status(scope).nodes["entry"].status == "filled"
    return scope


def test_the_bracket_takes_its_profit(sandbox: Sandbox, bracket: dict[str, Any]) -> None:
    sandbox.advance(seconds=60)
    assert status(bracket).nodes["tp"].filled_qty_1e8 == 0
    sandbox.set_book("BTC-USD", "kraken", bids=[("80000", "5")], asks=[("80010", "5")])
    nodes = status(bracket).nodes
    assert nodes["tp"].status == "filled"
    assert nodes["tp"].avg_fill_price_1e9 == 80_000 * 10**9
    assert nodes["sl"].filled_qty_1e8 == 0


def test_the_bracket_stops_its_loss_at_five_percent(sandbox: Sandbox, bracket: dict[str, Any]) -> None:
    # 5 % below the entry at 75,000 is 71,250: the middle of this book is one cent above it.
    sandbox.set_book("BTC-USD", "kraken", bids=[("71250.00", "5")], asks=[("71250.02", "5")])
    assert status(bracket).nodes["sl"].filled_qty_1e8 == 0
    sandbox.set_book("BTC-USD", "kraken", bids=[("71249.99", "5")], asks=[("71250.01", "5")])
    nodes = status(bracket).nodes
    assert nodes["sl"].status == "filled"
    assert nodes["sl"].avg_fill_price_1e9 == 71_249_990_000_000
    assert nodes["tp"].filled_qty_1e8 == 0


@pytest.mark.covers("amend", "order")
def test_amending(sandbox: Sandbox, scope: dict[str, Any]) -> None:
    seq: Sequence = scope["seq"]
    graph = seq.buy("KXBTCZ-26DEC31-T99000", 20, venue="kalshi", limit_price="0.01")
    lost: list[str] = []
    scope |= {"order_id": f"graph:{graph.graph_id}:order:1", "track_queue_loss": lost.append}
    sandbox.set_book("KXBTCZ-26DEC31-T99000", "kalshi", bids=[("0.50", "100")], asks=[("0.60", "100")])
    run(Sample("r = seq.amend(order_id", 'track_queue_loss(r["order_id"])', (0, 0, 1)), scope)
    assert lost == [scope["order_id"]]
    order = seq.order(scope["order_id"])
    assert (order.qty_1e8, order.limit_price_1e9) == (10 * 10**8, 550_000_000)


@pytest.mark.covers("batch", "batch.buy", "batch.buy_limit", "batch.cancel", "batch.end")
def test_batching(scope: dict[str, Any]) -> None:
    run(Sample('with seq.batch("kalshi") as b:', "# b.result ==", (0, 1, 1, 1, 0)), scope)
    result = scope["b"].result
    assert result["mode"] == "serial"
    assert [next(iter(each)) for each in result["responses"]] == ["submitted", "submitted", "error"]
    run(Sample('seq.batch("polymarket").buy("TOKEN_ID", 10)', ".end()", flat(1)), scope)
    assert scope["seq"].orders()["total"] == 2
