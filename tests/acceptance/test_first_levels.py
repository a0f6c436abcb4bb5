"""Connect, see, trade and orchestrate, end to end: what the reference's own samples leave out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest

from sequence_markets import ConflictError, KillSwitchActiveError, NotFoundError, Positions, Sequence
from sequence_markets.sandbox import Sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed=7) as running:
        running.set_book("BTC-USD", "kraken", bids=[("90000", "5")], asks=[("90010", "5")])
        yield running
        running.check_invariants()


@pytest.fixture
def seq(sandbox: Sandbox) -> Sequence:
    return sandbox.client()


@pytest.mark.covers("connect_venue", "disconnect_venue", "venues", "health")
def test_a_venue_is_connected_until_it_is_disconnected(seq: Sequence) -> None:
    assert seq.health() is True
    seq.connect_venue("kraken", "key", "secret")
    assert [(row.venue, row.connected) for row in seq.venues()] == [("kraken", True)]
    seq.disconnect_venue("kraken")
    assert seq.venues() == []


@pytest.mark.covers("quote", "quotes", "symbols")
def test_every_way_to_quote_shows_the_same_market(seq: Sequence) -> None:
    quote = seq.quote("BTC-USD")
    assert (quote.nbbo.bid, quote.nbbo.ask) == (90_000.0, 90_010.0)
    (row,) = seq.quotes(["BTC-USD"])
    assert row.nbbo == quote.nbbo
    assert "BTC-USD" in {symbol.symbol for symbol in seq.symbols()}


@pytest.mark.covers("account", "risk_limits", "kill_switch_engage", "kill_switch_clear")
def test_the_kill_switch_stops_an_account_and_no_other(sandbox: Sandbox, seq: Sequence) -> None:
    other = sandbox.client()
    assert seq.account().client_id != other.account().client_id
    assert seq.kill_switch_engage("testing").engaged is True
    assert seq.risk_limits().kill_switch_active is True
    with pytest.raises(KillSwitchActiveError):
        seq.buy("BTC-USD", 1)
    assert other.buy("BTC-USD", 1).status == "active"
    assert seq.kill_switch_clear().engaged is False
    assert seq.buy("BTC-USD", 1).status == "active"


@pytest.mark.covers("buy", "cancel_all_on_venue", "orders", "iter_orders")
def test_everything_on_a_venue_is_cancelled_at_once(seq: Sequence) -> None:
    seq.buy("BTC-USD", 1, venue="kraken", limit_price=100)
    seq.buy("BTC-USD", 2, venue="kraken", limit_price=101)
    seq.buy("BTC-USD", 3, limit_price=100)
    assert seq.cancel_all_on_venue("kraken").cancelled == 3, "the third rests there as well"
    assert {order.status for order in seq.orders()} == {"CANCELLED"}
    assert [order.qty for order in seq.iter_orders()] == [Decimal(3), Decimal(2), Decimal(1)]


@pytest.mark.covers("buy", "sell", "order", "fills", "positions_unified", "iter_fills")
def test_what_is_bought_is_held_until_it_is_sold(seq: Sequence) -> None:
    def held() -> Decimal:
        rows = seq.positions_unified(kinds=["crypto"], venues=["kraken"]).positions
        return sum((row.qty for row in rows if row.instrument["symbol"] == "BTC"), Decimal())

    before = held()
    bought = seq.buy("BTC-USD", "0.29")
    assert held() - before == Decimal("0.29")
    assert seq.order(f"graph:{bought.graph_id}:order:1").filled_qty == Decimal("0.29")
    seq.sell("BTC-USD", "0.29")
    assert held() == before
    fills = seq.fills().fills
    assert [(fill.side, fill.qty, fill.price) for fill in fills] == [
        ("SELL", Decimal("0.29"), Decimal(90_000)),
        ("BUY", Decimal("0.29"), Decimal(90_010)),
    ]
    assert [fill.fill_id for fill in seq.iter_fills()] == [fill.fill_id for fill in fills]


@pytest.mark.covers("amend", "decrease", "cancel", "order")
def test_a_resting_order_is_amended_decreased_and_cancelled(seq: Sequence) -> None:
    graph = seq.buy("BTC-USD", 10, venue="kraken", limit_price=100)
    order_id = f"graph:{graph.graph_id}:order:1"
    assert seq.amend(order_id, new_price=101, new_qty=8).mode == "cancel_replace"
    assert seq.decrease(order_id, 3).mode == "cancel_replace_shrink"
    order = seq.order(order_id)
    assert (order.qty, order.limit_price, order.status) == (Decimal(5), Decimal(101), "ACCEPTED")
    seq.cancel(order_id)
    assert seq.order(order_id).status == "CANCELLED"


@pytest.mark.covers("sell", "amend", "order")
def test_the_limit_of_a_sell_is_amended_as_well(seq: Sequence) -> None:
    seq.buy("BTC-USD", 1)
    graph = seq.sell("BTC-USD", 1, venue="kraken", limit_price=95_000)
    order_id = f"graph:{graph.graph_id}:order:1"
    seq.amend(order_id, new_price=94_000)
    order = seq.order(order_id)
    assert (order.side, order.limit_price, order.status) == ("SELL", Decimal(94_000), "ACCEPTED")
    seq.amend(order_id, new_price=90_000)
    assert seq.order(order_id).status == "FILLED"


@pytest.mark.covers(
    "batch",
    "batch.buy",
    "batch.sell",
    "batch.buy_limit",
    "batch.sell_limit",
    "batch.cancel",
    "batch.emulate",
    "batch.end",
)
def test_a_batch_sends_what_was_queued_in_order(seq: Sequence) -> None:
    resting = seq.buy("BTC-USD", 1, venue="kraken", limit_price=100)
    batch = seq.batch("kraken").emulate().buy("BTC-USD", 1).sell("BTC-USD", "0.5").cancel(resting.graph_id)
    batch.buy_limit("BTC-USD", 1, 200).sell_limit("BTC-USD", "0.25", 95_000)
    assert len(batch) == 5
    result = batch.end()
    assert result.mode == "serial"
    assert [next(iter(each)) for each in result.responses] == [
        "submitted",
        "submitted",
        "cancelled",
        "submitted",
        "submitted",
    ]
    assert [order.status for order in seq.orders()] == ["ACCEPTED", "ACCEPTED", "FILLED", "FILLED", "CANCELLED"]


@pytest.mark.covers("redeem")
def test_what_has_not_resolved_pays_nothing(seq: Sequence) -> None:
    seq.buy("KXBTCZ-26DEC31-T99000", 10, venue="kalshi")
    assert seq.redeem("KXBTCZ-26DEC31-T99000", "kalshi").mode in ("auto_settled", "noop")
    assert seq.redeem("fed-decision-in-october", "polymarket").mode == "noop"


@pytest.mark.covers("node", "edge", "graph", "graph_status", "graph_cancel", "graph_resume", "wait")
def test_a_graph_waits_is_cancelled_and_cannot_be_resumed(seq: Sequence) -> None:
    nodes = [seq.node("first", "BTC-USD", "buy", 1), seq.node("second", "BTC-USD", "sell", 1, limit_price=99_000)]
    graph = seq.graph(nodes, [seq.edge("first", "second", trigger="full_fill")])
    assert seq.wait(graph.graph_id, until="partial_fill").nodes["first"].status == "filled"
    with pytest.raises(ConflictError):
        seq.graph_resume(graph.graph_id)
    seq.graph_cancel(graph.graph_id)
    status = seq.graph_status(graph.graph_id)
    assert (status.status, status.nodes["second"].status) == ("aborted", "cancelled")


@pytest.mark.covers("balances", "positions", "perp_positions", "portfolio")
def test_what_was_removed_warns_and_says_what_to_use(seq: Sequence) -> None:
    for name in ("balances", "perp_positions", "portfolio"):
        method: Callable[[], object] = getattr(seq, name)
        with pytest.warns(DeprecationWarning, match="positions_unified"), pytest.raises(NotFoundError):
            method()
    positions: Callable[[], Positions] = getattr(seq, "positions")  # noqa: B009  # deprecated, and said to be
    with pytest.warns(DeprecationWarning, match="positions_unified"):
        answer = positions()
    assert answer.totals == seq.positions_unified().totals
