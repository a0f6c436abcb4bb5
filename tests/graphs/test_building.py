"""What node(), edge() and risk() make, and what a graph is brought into before it is sent."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from sequence_markets import (
    EdgeSpec,
    GraphError,
    NodeSpec,
    OnAccepted,
    OnCancel,
    OnDone,
    OnFill,
    OnFillRatio,
    OnFirstFill,
    OnFullFill,
    OnPrice,
    OnTimeout,
    Pacing,
    UniformPacing,
    UnknownTrigger,
)
from sequence_markets.graphs import Graph, edge, node, prepare, risk
from sequence_markets.models.triggers import SPELLINGS, trigger_from_wire, trigger_to_wire

PRICE = {"symbol": "BTC-USD", "direction": "below", "reference": "graph_entry_price", "offset_pct": -5.0}


def test_a_node_is_the_documented_dict_and_typed() -> None:
    made = node(
        "spot", "ETH-USD", "buy", "0.29", venue="kraken", policy="sor", urgency="high", limit_price=528.42, tif="IOC",
        max_slippage_bps=0, horizon_ms=5000,
    )  # fmt: skip
    assert made.raw == {
        "node_id": "spot",
        "instrument": {"symbol": "ETH-USD", "type": "spot", "venue": "kraken"},
        "side": "buy",
        "order_type": {"limit": {"price_1e9": 528_420_000_000}},
        "quantity": {"fixed": {"qty_1e8": 29_000_000}},
        "execution": {
            "policy": "sor",
            "urgency": "high",
            "tif": "IOC",
            "max_slippage_bps": 0,
            "horizon_ms": 5000,
        },
    }
    assert isinstance(made, NodeSpec)
    assert made["instrument"]["symbol"] == made.instrument.symbol == "ETH-USD"
    assert made.quantity.fixed is not None
    assert made.quantity.fixed.qty == Decimal("0.29")
    assert made.limit_price == Decimal("528.42")


def test_a_plain_node_is_a_market_order_over_all_venues() -> None:
    made = node("a", "BTC-USD", "sell", 1)
    assert (made["order_type"], made.limit_price, made.instrument.venue, made["execution"]) == (
        "market",
        None,
        None,
        {},
    )
    assert "activation" not in made


@given(st.integers(1, 2**63 - 1), st.integers(1, 2**63 - 1))
@settings(max_examples=200)
def test_numbers_reach_the_wire_exactly(qty_1e8: int, price_1e9: int) -> None:
    made = node("a", "A", "buy", Decimal(qty_1e8).scaleb(-8), limit_price=str(Decimal(price_1e9).scaleb(-9)))
    assert made["quantity"] == {"fixed": {"qty_1e8": qty_1e8}}
    assert made["order_type"] == {"limit": {"price_1e9": price_1e9}}


@pytest.mark.parametrize("qty", [0, -1, True, float("nan"), float("inf"), "1e-9", 1e-9, "NaN", ""])
def test_a_quantity_that_does_not_fit_is_refused_by_name(qty: Any) -> None:
    with pytest.raises(ValueError, match="qty"):
        node("a", "A", "buy", qty)


def test_a_limit_of_zero_is_refused_and_never_a_market_order() -> None:
    with pytest.raises(ValueError, match="limit_price"):
        node("a", "KX-1", "buy", 1, limit_price=0.0)


@pytest.mark.parametrize("more", [{"venue": "kalshi"}, {"venue": "polymarket"}, {"instrument_type": "prediction"}])
def test_a_limit_above_one_is_refused_where_prices_are_probabilities(more: Any) -> None:
    assert node("a", "KX-1", "buy", 1, limit_price=1, **more).limit_price == 1
    with pytest.raises(GraphError, match="node 'a': limit price must lie between 0 and 1"):
        node("a", "KX-1", "buy", 1, limit_price="1.01", **more)


def test_all_that_is_wrong_with_a_node_is_said_at_once() -> None:
    wrong: Any = {"policy": "twap", "urgency": "urgent", "tif": "DAY", "max_slippage_bps": -1, "horizon_ms": 0}
    with pytest.raises(GraphError) as refused:
        node("a b", "", "hold", 1, **wrong)  # type: ignore[arg-type]
    assert len(refused.value.faults) == 8
    for field in ("node_id", "symbol", "side", "policy", "urgency", "tif", "max_slippage_bps", "horizon_ms"):
        assert field in str(refused.value)
    assert {fault.owner for fault in refused.value.faults} == {"node 'a b'"}


@pytest.mark.parametrize(
    "pacing",
    [
        {"slices": 10, "interval_ms": 30_000},
        {"num_slices": 10, "interval_ms": 30_000},
        {"uniform": {"num_slices": 10, "interval_ms": 30_000}},
        UniformPacing(num_slices=10, interval_ms=30_000),
        Pacing(uniform=UniformPacing(num_slices=10, interval_ms=30_000)),
    ],
)
def test_every_form_of_pacing_is_the_same_on_the_wire(pacing: Any) -> None:
    made = node("a", "A", "buy", 1, pacing=pacing)
    assert made["execution"]["pacing"] == {"uniform": {"num_slices": 10, "interval_ms": 30_000}}
    assert made.execution is not None
    assert made.execution.pacing == Pacing(uniform=UniformPacing(num_slices=10, interval_ms=30_000))


@pytest.mark.parametrize(
    "pacing",
    [
        {},
        {"slices": 2},
        {"slices": 0, "interval_ms": 1},
        {"slices": True, "interval_ms": 1},
        {"slices": 2.0, "interval_ms": 1},
        {"slices": 2, "interval_ms": 0},
        {"slices": 1000, "interval_ms": 1},
        {"uniform": {"num_slices": 2}},
    ],
)
def test_a_pacing_that_cannot_work_is_refused(pacing: Any) -> None:
    with pytest.raises(GraphError, match="pacing"):
        node("a", "A", "buy", 1, pacing=pacing)


def test_a_quantity_is_not_cut_into_slices_of_nothing() -> None:
    with pytest.raises(GraphError, match="cannot cut"):
        node("a", "A", "buy", "0.00000003", pacing={"slices": 4, "interval_ms": 1})


TRIGGERS: list[tuple[Any, Any, Any, Any, Any]] = [
    ("on_accepted", None, "on_accepted", None, OnAccepted()),
    ("accepted", None, "on_accepted", None, OnAccepted()),
    ("on_first_fill", None, "on_first_fill", None, OnFirstFill()),
    ("first_fill", None, "on_first_fill", None, OnFirstFill()),
    ("on_fill", None, "on_fill", None, OnFill()),
    ("fill", None, "on_fill", None, OnFill()),
    ("on_full_fill", None, "on_full_fill", None, OnFullFill()),
    ("full_fill", None, "on_full_fill", None, OnFullFill()),
    ("on_cancel", None, "on_cancel", None, OnCancel()),
    ("cancelled", None, "on_cancel", None, OnCancel()),
    ("on_done", None, "on_done", None, OnDone()),
    ("fill_pct", 0.5, "on_fill_ratio", {"fill_ratio_gte": 0.5}, OnFillRatio(0.5)),
    ("on_fill_ratio", "0.1", "on_fill_ratio", {"fill_ratio_gte": 0.1}, OnFillRatio(0.1)),
    ("fill_pct", Decimal(1), "on_fill_ratio", {"fill_ratio_gte": 1.0}, OnFillRatio(1.0)),
    ("on_timeout", 5000, {"on_timeout": {"ms": 5000}}, None, OnTimeout(5000)),
    ("on_timeout", "5000", {"on_timeout": {"ms": 5000}}, None, OnTimeout(5000)),
    ({"on_timeout": {"ms": 1}}, None, {"on_timeout": {"ms": 1}}, None, OnTimeout(1)),
    ({"on_price": PRICE}, None, {"on_price": PRICE}, None, OnPrice("BTC-USD", "below", offset_pct=-5.0)),
    (OnFillRatio("0.25"), None, "on_fill_ratio", {"fill_ratio_gte": 0.25}, OnFillRatio(0.25)),
    (OnTimeout(7), None, {"on_timeout": {"ms": 7}}, None, OnTimeout(7)),
    (OnDone(), None, "on_done", None, OnDone()),
    (
        OnPrice("BTC-USD", "above", reference=Decimal("99000.5")), None,
        {"on_price": {"symbol": "BTC-USD", "direction": "above", "reference": 99000.5, "offset_pct": 0.0}}, None,
        OnPrice("BTC-USD", "above", reference=99000.5, offset_pct=0.0),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("trigger", "value", "wire", "condition", "typed"), TRIGGERS)
def test_every_spelling_of_a_trigger_is_mapped_to_the_wire(
    trigger: Any, value: Any, wire: Any, condition: Any, typed: Any
) -> None:
    made = edge("a", "b", trigger, value)
    assert (made["trigger"], made.get("condition"), made.when) == (wire, condition, typed)
    assert made["edge_id"] == "e_a_b"
    assert isinstance(made, EdgeSpec)
    assert trigger_from_wire(*trigger_to_wire(typed)) == typed


def test_the_trigger_of_an_edge_is_every_fill_unless_said_otherwise() -> None:
    assert edge("a", "b").when == OnFill()


@pytest.mark.parametrize("word", sorted(SPELLINGS))
@pytest.mark.parametrize("form", ["helper", "dict"])
def test_a_hand_written_edge_takes_the_same_words(word: str, form: str) -> None:
    trigger: Any = {"on_price": PRICE} if SPELLINGS[word] == "on_price" else word
    value = {"on_fill_ratio": 0.5, "on_timeout": 5}.get(SPELLINGS[word])
    written: dict[str, Any] = {"from_node": "a", "to_node": "b", "trigger": trigger}
    if value is not None:
        written["value"] = value
    link: Any = edge("a", "b", trigger, value) if form == "helper" else written
    sent = prepare([node("a", "A", "buy", 1), node("b", "A", "sell", 1)], [link]).edges[0]
    assert sent == edge("a", "b", trigger, value)
    assert "value" not in sent


def test_a_fill_with_a_condition_is_the_ratio_trigger_that_old_clients_wrote() -> None:
    old = {"from_node": "a", "to_node": "b", "trigger": "on_fill", "condition": {"fill_ratio_gte": 0.5}}
    sent = prepare([node("a", "A", "buy", 1), node("b", "A", "sell", 1)], [old]).edges[0]
    assert (sent["trigger"], sent["condition"]) == ("on_fill_ratio", {"fill_ratio_gte": 0.5})


@pytest.mark.parametrize(
    ("trigger", "value", "words"),
    [
        ("nope", None, "unknown trigger 'nope'"),
        ("fill_pct", None, "needs a value"),
        ("on_timeout", None, "needs a value"),
        ("on_price", None, "needs the dict form"),
        ("fill_pct", 0, "must be more than zero"),
        ("fill_pct", 1.01, "at most 1"),
        ("fill_pct", True, "bool"),
        ("fill_pct", float("nan"), "finite"),
        ("on_timeout", 0, "more than zero"),
        ("on_timeout", -5, "more than zero"),
        ("on_timeout", 1.5, "whole number"),
        ("on_fill", 0.5, "takes no value"),
        ({"on_timeout": {"ms": 5}}, 5, "carries its own values"),
        ({"on_timeout": {"ms": 0}}, None, "ms must be at least 1"),
        ({"on_timeout": {"ms": True}}, None, "ms must be an integer"),
        ({"on_price": {**PRICE, "direction": "up"}}, None, "direction"),
        ({"on_price": {**PRICE, "offset_pct": -100}}, None, "leaves no price"),
        ({"on_price": {**PRICE, "reference": "entry"}}, None, "reference"),
        ({"on_price": {**PRICE, "ofset_pct": 1}}, None, "did you mean 'offset_pct'"),
        ({"on_weather": {}}, None, "unknown"),
        (7, None, "not int"),
        (UnknownTrigger({"on_weather": {}}), None, "unknown"),
    ],
)
def test_a_trigger_that_cannot_work_is_refused_with_its_edge(trigger: Any, value: Any, words: str) -> None:
    with pytest.raises(GraphError, match="edge 'e_a_b': ") as refused:
        edge("a", "b", trigger, value)
    assert words in str(refused.value)


def test_sizing_and_delay_are_sent_as_documented() -> None:
    assert edge("a", "b", sizing={"ratio": "0.1"}, delay_ms=250).raw == {
        "edge_id": "e_a_b",
        "from_node": "a",
        "to_node": "b",
        "trigger": "on_fill",
        "sizing": {"ratio": 0.1},
        "delay_ms": 250,
    }
    assert edge("a", "b", sizing="source_fill")["sizing"] == "source_fill"
    for wrong in ("half", {"ratio": 0}, {"ratio": True}, {"part": 1}):
        with pytest.raises(GraphError, match="sizing"):
            edge("a", "b", sizing=wrong)  # type: ignore[arg-type]
    with pytest.raises(GraphError, match="delay_ms"):
        edge("a", "b", delay_ms=-1)


def test_risk_settings_are_the_four_layers_of_the_wire() -> None:
    made = risk(
        max_notional_usd=90_000, max_slippage_bps=20, max_loss_usd="750.5", max_unhedged_qty="0.5", on_failure="pause"
    )
    assert made == {
        "admission": {"max_notional_usd": 90_000.0},
        "pre_trade": {"max_slippage_bps": 20},
        "runtime": {"max_loss_usd": 750.5, "max_unhedged_qty_1e8": 50_000_000},
        "on_failure": {"action": "pause"},
    }
    assert risk() == {}
    with pytest.raises(GraphError, match=r"graph: risk\.on_failure\.action"):
        risk(on_failure="retry")  # type: ignore[arg-type]


HAND_WRITTEN: dict[str, Any] = {
    "node_id": "b",
    "instrument": {"symbol": "BTC-USD"},
    "side": "sell",
    "quantity": {"fixed": {"qty_1e8": 5}},
}


def test_dicts_and_models_mix_and_what_is_left_out_is_added() -> None:
    graph = prepare([node("a", "A", "buy", 1), HAND_WRITTEN], [{"from_node": "a", "to_node": "b", "trigger": "done"}])
    assert [each.activation for each in graph.nodes] == ["root", "wait"]
    assert graph.nodes[1].raw == {
        **HAND_WRITTEN,
        "instrument": {"symbol": "BTC-USD", "type": "spot", "venue": None},
        "order_type": "market",
        "execution": {},
        "activation": "wait",
    }
    assert graph.edges[0].raw == {"edge_id": "e_a_b", "from_node": "a", "to_node": "b", "trigger": "on_done"}


def test_what_is_given_is_never_changed() -> None:
    """A graph sets activations and ids on copies."""
    nodes: list[Any] = [node("a", "A", "buy", 1), copy.deepcopy(HAND_WRITTEN)]
    edges: list[Any] = [
        edge("a", "b"),
        {"from_node": "a", "to_node": "b", "trigger": "fill_pct", "value": 0.5, "edge_id": "e_a_b"},
    ]
    before = copy.deepcopy(([each.raw if isinstance(each, NodeSpec) else each for each in nodes], edges))
    graph = prepare(nodes, edges)
    graph.nodes[1].raw["instrument"]["venue"] = "changed afterwards"
    assert ([each.raw if isinstance(each, NodeSpec) else each for each in nodes], edges) == before


def test_a_chosen_activation_is_kept() -> None:
    graph = prepare(
        [{**node("a", "A", "buy", 1), "activation": "root"}, {**node("b", "A", "sell", 1), "activation": "wait"}],
        [edge("a", "b")],
    )
    assert [each.activation for each in graph.nodes] == ["root", "wait"]


def test_an_activation_that_contradicts_the_edges_is_refused_rather_than_overridden() -> None:
    with pytest.raises(GraphError, match="node 'a': activation is 'wait', and no edge leads to it"):
        prepare([{**node("a", "A", "buy", 1), "activation": "wait"}])
    with pytest.raises(GraphError, match="node 'b': activation is 'root', so that it would start at once"):
        prepare([node("a", "A", "buy", 1), {**node("b", "A", "sell", 1), "activation": "root"}], [edge("a", "b")])


def test_edge_ids_that_collide_are_made_unique() -> None:
    graph = prepare(
        [node("a", "A", "buy", 1), node("b", "A", "sell", 1)],
        [
            edge("a", "b"),
            edge("a", "b", "on_done"),
            {"from_node": "a", "to_node": "b", "trigger": "done"},
            edge("a", "b", edge_id="e_a_b_2"),
        ],
    )
    assert [each.edge_id for each in graph.edges] == ["e_a_b", "e_a_b_3", "e_a_b_4", "e_a_b_2"]


def test_long_node_ids_still_give_edge_ids() -> None:
    long = "x" * 100
    graph = prepare(
        [node(long, "A", "buy", 1), node(f"{long}y", "A", "sell", 1)],
        [{"from_node": long, "to_node": f"{long}y", "trigger": "done"}],
    )
    assert graph.edges[0].edge_id == "e_0"


def test_a_prepared_graph_stays_as_it_is() -> None:
    graph = prepare([node("a", "A", "buy", 1), HAND_WRITTEN], [edge("a", "b", "fill_pct", 0.5), edge("a", "b")])
    assert prepare(*graph) == graph == graph.check()
    assert isinstance(graph, Graph)


@pytest.mark.parametrize("nodes", ["ab", b"ab", HAND_WRITTEN, 7, None, [7], ["a"], [HAND_WRITTEN, None]])
def test_what_is_no_list_of_nodes_is_a_type_error(nodes: Any) -> None:
    with pytest.raises(TypeError, match="nodes"):
        prepare(nodes)
    if nodes is not None:
        with pytest.raises(TypeError, match="edges"):
            prepare([HAND_WRITTEN], nodes)
