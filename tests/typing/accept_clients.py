"""What type checkers must see in the two clients. Never run: mypy and pyright read it."""

from __future__ import annotations

from decimal import Decimal
from typing import assert_type

from sequence_markets import (
    Account,
    AsyncSequence,
    Edges,
    Fill,
    FillPage,
    GraphStatus,
    Order,
    OrderPage,
    Positions,
    Quote,
    QuoteBatch,
    RiskLimits,
    Rows,
    Sequence,
    Submission,
    Symbol,
    VenueStatus,
)


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
