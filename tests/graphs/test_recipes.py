"""Recipes return ordinary graphs: whole, checked, and with nothing lost to rounding."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given, settings, strategies as st

from sequence_markets import Graph, NodeSpec, OnFill, OnFillRatio, OnPrice, recipes
from sequence_markets.graphs import node, prepare

EVERY: dict[str, Callable[[], Graph]] = {
    "bracket": lambda: recipes.bracket("BTC-USD", "buy", "0.1", take_profit_pct=8, stop_loss_pct=5),
    "oco": lambda: recipes.oco(node("long", "BTC-USD", "buy", "0.1"), above=99_000, below=88_000),
    "stop_loss": lambda: recipes.stop_loss("BTC-USD", "sell", "0.1", stop_pct=5, instrument_type="perp"),
    "scale_out": lambda: recipes.scale_out("BTC-USD", "buy", 1, targets=[(1, "0.3"), (2, "0.3"), (3, "0.4")]),
    "ladder": lambda: recipes.ladder("BTC-USD", "buy", 1, first=90_000, last=89_000, orders=4),
    "twap": lambda: recipes.twap("BTC-USD", "buy", 2, slices=10, interval_ms=30_000),
    "hedge": lambda: recipes.spot_perp_hedge("ETH-USD", "ETH-USD-PERP", 200, at=0.5),
    "streaming hedge": lambda: recipes.spot_perp_hedge("ETH-USD", "ETH-USD-PERP", 200),
}


def _qty(each: NodeSpec) -> Decimal:
    assert each.quantity.fixed is not None
    return each.quantity.fixed.qty


@pytest.mark.parametrize("name", EVERY)
def test_every_recipe_gives_a_graph_that_can_be_sent(name: str) -> None:
    graph = EVERY[name]()
    assert prepare(*graph) == graph
    assert set(recipes.__all__) > {"bracket", "ladder", "oco", "scale_out", "spot_perp_hedge", "stop_loss", "twap"}


@pytest.mark.parametrize(("side", "profit", "loss"), [("buy", "above", "below"), ("sell", "below", "above")])
def test_a_bracket_leaves_through_one_node_that_two_prices_lead_to(side: str, profit: str, loss: str) -> None:
    graph = recipes.bracket("BTC-USD", side, "0.1", take_profit_pct="8.5", stop_loss_pct=5)  # type: ignore[arg-type]
    entry, leaving = graph.nodes
    assert (entry.activation, leaving.activation) == ("root", "wait")
    assert leaving.side != entry.side
    assert [each.when for each in graph.edges] == [
        OnPrice("BTC-USD", profit, offset_pct=8.5),  # type: ignore[arg-type]
        OnPrice("BTC-USD", loss, offset_pct=5.0),  # type: ignore[arg-type]
    ]
    assert {(each.from_node, each.to_node, each.sizing) for each in graph.edges} == {("entry", "exit", "source_fill")}
    assert len({each.edge_id for each in graph.edges}) == 2


def test_an_oco_watches_two_prices_of_its_own_and_follows_the_order_it_was_given() -> None:
    opening = node("long", "ETH-USD-PERP", "sell", 2, venue="hyperliquid", instrument_type="perp")
    graph = recipes.oco(opening, above="3500.5", below=2900, exit_id="out")
    assert graph.nodes[1]["instrument"] == opening["instrument"]
    assert (graph.nodes[1].side, graph.nodes[1].node_id) == ("buy", "out")
    assert [each["trigger"]["on_price"]["reference"] for each in graph.edges] == [3500.5, 2900.0]
    with pytest.raises(ValueError, match="above must be higher"):
        recipes.oco(opening, above=2900, below=2900)
    with pytest.raises(ValueError, match="market order"):
        recipes.oco(node("long", "BTC-USD", "buy", 1, limit_price=5), above=2, below=1)


@given(
    st.integers(2, 10**12),
    st.lists(st.integers(1, 1000), min_size=1, max_size=6),
    st.sampled_from(["buy", "sell"]),
)
@settings(max_examples=100)
def test_scaling_out_closes_exactly_what_was_opened(qty_1e8: int, weights: list[int], side: str) -> None:
    qty = Decimal(qty_1e8).scaleb(-8)
    parts = [Decimal(weight) / 10_000 for weight in weights]
    parts.append(1 - sum(parts, Decimal()))
    targets = [(index + 1, part) for index, part in enumerate(parts)]
    try:
        graph = recipes.scale_out("BTC-USD", side, qty, targets=targets)  # type: ignore[arg-type]
    except ValueError as refused:
        assert "qty must be more than zero" in str(refused)  # noqa: PT017  (a part of almost nothing)
        return
    assert sum(_qty(each) for each in graph.nodes[1:]) == _qty(graph.nodes[0]) == qty


def test_parts_beyond_the_whole_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 1"):
        recipes.scale_out("BTC-USD", "buy", 1, targets=[(1, "0.6"), (2, "0.41")])
    with pytest.raises(ValueError, match="must not be empty"):
        recipes.scale_out("BTC-USD", "buy", 1, targets=[])


@given(st.integers(100, 10**12), st.integers(2, 100), st.integers(1, 10**7), st.integers(1, 10**7))
@settings(max_examples=100)
def test_a_ladder_spreads_the_whole_quantity_from_the_first_price_to_the_last(
    qty_1e8: int, orders: int, first: int, last: int
) -> None:
    qty = Decimal(qty_1e8).scaleb(-8)
    graph = recipes.ladder(
        "BTC-USD", "buy", qty, first=Decimal(first).scaleb(-2), last=Decimal(last).scaleb(-2), orders=orders
    )
    prices = [each.limit_price for each in graph.nodes]
    assert sum(_qty(each) for each in graph.nodes) == qty
    assert (prices[0], prices[-1]) == (Decimal(first).scaleb(-2), Decimal(last).scaleb(-2))
    assert all(price is not None and price % Decimal("0.01") == 0 for price in prices)
    known = [price for price in prices if price is not None]
    assert known == sorted(known, reverse=first > last)
    assert {each.activation for each in graph.nodes} == {"root"}


@pytest.mark.parametrize("orders", [0, 1, 101, True, 2.5])
def test_a_ladder_has_two_to_a_hundred_rungs(orders: int) -> None:
    with pytest.raises(ValueError, match="orders must be 2 to 100"):
        recipes.ladder("BTC-USD", "buy", 1, first=2, last=1, orders=orders)


def test_a_hedge_is_at_a_ratio_or_streams() -> None:
    once = recipes.spot_perp_hedge("ETH-USD", "ETH-USD-PERP", 200, at="0.5", hedge_ratio="0.25")
    assert (once.edges[0].when, once.edges[0].sizing) == (OnFillRatio(0.5), None)
    assert _qty(once.nodes[1]) == 50
    streaming = recipes.spot_perp_hedge("ETH-USD", "ETH-USD-PERP", 200)
    assert (streaming.edges[0].when, streaming.edges[0].sizing) == (OnFill(), "source_fill")
    partly = recipes.spot_perp_hedge("ETH-USD", "ETH-USD-PERP", 200, hedge_ratio="0.8", side="sell")
    assert (partly.edges[0].when, partly.edges[0].sizing) == (OnFill(), {"ratio": 0.8})
    assert [each.side for each in partly.nodes] == ["sell", "buy"]


@pytest.mark.parametrize(
    "make",
    [
        lambda: recipes.bracket("", "buy", 1, take_profit_pct=1, stop_loss_pct=1),
        lambda: recipes.bracket("BTC-USD", "buy", 1, take_profit_pct=0, stop_loss_pct=1),
        lambda: recipes.bracket("BTC-USD", "buy", 1, take_profit_pct=1, stop_loss_pct=100),
        lambda: recipes.stop_loss("BTC-USD", "buy", 0, stop_pct=1),
        lambda: recipes.twap("BTC-USD", "buy", 1, slices=0, interval_ms=1),
        lambda: recipes.spot_perp_hedge("A", "B", 1, at=1.5),
        lambda: recipes.spot_perp_hedge("A", "B", 1, hedge_ratio=0),
    ],
)
def test_a_recipe_that_cannot_work_is_a_value_error(make: Callable[[], Graph]) -> None:
    with pytest.raises(ValueError):
        make()
