"""What type checkers must see in the two clients. Never run: mypy and pyright read it."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, assert_type

from sequence_markets import (
    Account,
    Amendment,
    AsyncBatch,
    AsyncSequence,
    Batch,
    BatchResult,
    Edges,
    EdgeSpec,
    Fill,
    FillPage,
    GraphStatus,
    KillSwitch,
    NodeSpec,
    OnFillRatio,
    OnPrice,
    OnTimeout,
    Order,
    OrderPage,
    Positions,
    Quote,
    QuoteBatch,
    Redemption,
    RiskLimits,
    Rows,
    Sequence,
    Submission,
    Symbol,
    VenueCancel,
    VenueStatus,
    recipes,
)
from sequence_markets.graphs import risk


def blocking(seq: Sequence) -> None:
    with seq as same:
        assert_type(same, Sequence)
    assert_type(seq.quote("X"), Quote)
    assert_type(seq.quote("X", 5, nowait=True, timeout=1.0).nbbo.bid, float)
    assert_type(seq.quotes(["X"]), Rows[Quote])
    assert_type(seq.quotes_batch(("X", "Y"), depth=20, instrument_type="perp"), QuoteBatch)
    assert_type(seq.symbols(), Rows[Symbol])
    assert_type(seq.venues()[0], VenueStatus)
    assert_type(seq.health(), bool)
    assert_type(seq.positions_unified(kinds=["perp"], include_closed=True), Positions)
    assert_type(seq.account(), Account)
    assert_type(seq.risk_limits(), RiskLimits)
    assert_type(seq.edges(), Edges)
    assert_type(seq.buy("X", "0.5"), Submission)
    assert_type(seq.sell("X", Decimal(1), limit_price=0.5, tif="IOC", urgency="high", policy="sor"), Submission)
    assert_type(seq.order("graph:g:n:1"), Order)
    assert_type(seq.orders(limit=5), OrderPage)
    assert_type(seq.fills(), FillPage)
    assert_type([order.qty for order in seq.orders()], list[Decimal])
    assert_type(list(seq.iter_orders()), list[Order])
    assert_type(list(seq.iter_fills(symbol="X")), list[Fill])
    assert_type(seq.graph_status("g"), GraphStatus)
    node = seq.node("a", "X", "buy", "0.5", limit_price=Decimal(3), tif="IOC", pacing={"slices": 3, "interval_ms": 5})
    assert_type(node, NodeSpec)
    assert_type(node.instrument.symbol, str)
    assert_type(node.limit_price, Decimal | None)
    edge = seq.edge("a", "b", "fill_pct", 0.5, sizing={"ratio": "0.5"}, delay_ms=5)
    assert_type(edge, EdgeSpec)
    match edge.when:
        case OnFillRatio(ratio):
            assert_type(ratio, Decimal | int | float | str)
        case OnTimeout(ms):
            assert_type(ms, int)
        case _:
            pass
    seq.edge("a", "b", OnPrice("X", "below", offset_pct=5))
    seq.edge("a", "b", {"on_timeout": {"ms": 5}})
    assert_type(seq.graph([node, {"node_id": "b"}], [edge, {"from_node": "a"}], True, graph_id="g"), Submission)
    assert_type(seq.graph(recipes.twap("X", "buy", 1, slices=2, interval_ms=5), risk=risk(max_loss_usd=5)), Submission)
    nodes, edges = recipes.ladder("X", "buy", 1, first=2, last=1, orders=2)
    assert_type(nodes, tuple[NodeSpec, ...])
    assert_type(edges, tuple[EdgeSpec, ...])
    assert_type(seq.wait("g", "completed", timeout=5), GraphStatus)
    assert_type(seq.wait("g", ["completed", "paused"]), GraphStatus)
    assert_type(
        seq.amend("o", new_price=0.5).mode, Literal["cancel_replace", "cancel_replace_shrink", "native_atomic"] | str
    )
    assert_type(seq.decrease("o", "0.5"), Amendment)
    assert_type(seq.kill_switch_engage("x").engaged, bool | None)
    assert_type(seq.kill_switch_clear(), KillSwitch)
    assert_type(seq.cancel_all_on_venue("kraken"), VenueCancel)
    assert_type(seq.redeem("x", "kalshi"), Redemption)
    with seq.batch("kraken", sandbox=True) as batch:
        assert_type(batch, Batch)
        assert_type(batch.buy("X", 1).sell_limit("X", 1, "0.5").cancel("g"), Batch)
    assert_type(batch.end(), BatchResult)
    assert_type([each.submitted for each in batch.responses], list[Submission | None])


async def awaited(seq: AsyncSequence) -> None:
    async with seq as same:
        assert_type(same, AsyncSequence)
    assert_type(await seq.quote("X"), Quote)
    assert_type((await seq.quote("X", 5, nowait=True, timeout=1.0)).nbbo.bid, float)
    assert_type(await seq.quotes(["X"]), Rows[Quote])
    assert_type(await seq.quotes_batch(("X", "Y"), depth=20, instrument_type="perp"), QuoteBatch)
    assert_type(await seq.symbols(), Rows[Symbol])
    assert_type((await seq.venues())[0], VenueStatus)
    assert_type(await seq.health(), bool)
    assert_type(await seq.positions_unified(kinds=["perp"], include_closed=True), Positions)
    assert_type(await seq.account(), Account)
    assert_type(await seq.risk_limits(), RiskLimits)
    assert_type(await seq.edges(), Edges)
    assert_type(await seq.buy("X", "0.5"), Submission)
    assert_type(await seq.sell("X", Decimal(1), limit_price=0.5, tif="IOC", urgency="high", policy="sor"), Submission)
    assert_type(await seq.order("graph:g:n:1"), Order)
    assert_type(await seq.orders(limit=5), OrderPage)
    assert_type(await seq.fills(), FillPage)
    assert_type([order.qty for order in await seq.orders()], list[Decimal])
    assert_type([order async for order in seq.iter_orders()], list[Order])
    assert_type([fill async for fill in seq.iter_fills(symbol="X")], list[Fill])
    assert_type(await seq.graph_status("g"), GraphStatus)
    assert_type(seq.node("a", "X", "buy", 1), NodeSpec)
    assert_type(seq.edge("a", "b"), EdgeSpec)
    assert_type(await seq.graph([seq.node("a", "X", "buy", 1)]), Submission)
    assert_type(await seq.wait("g"), GraphStatus)
    assert_type(await seq.decrease("o", 1), Amendment)
    async with seq.batch("kraken") as batch:
        assert_type(batch.buy("X", 1), AsyncBatch)
    assert_type(await batch.end(), BatchResult)
