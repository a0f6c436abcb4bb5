"""A graph that can never be right is refused with every fault named; a valid one never is."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from sequence_markets import GraphError, Sequence
from sequence_markets.graphs import edge, node, prepare

Raw = dict[str, Any]
ABOVE = {"symbol": "BTC-USD", "direction": "above"}
TRIGGERS: list[Raw] = [
    {"trigger": "on_accepted"},
    {"trigger": "on_first_fill"},
    {"trigger": "on_fill"},
    {"trigger": "on_full_fill"},
    {"trigger": "on_cancel"},
    {"trigger": "on_done"},
    {"trigger": "on_fill_ratio", "condition": {"fill_ratio_gte": 0.5}},
    {"trigger": "on_fill_ratio", "condition": {"fill_ratio_gte": 1}},
    {"trigger": {"on_timeout": {"ms": 1}}},
    {"trigger": {"on_price": {**ABOVE, "reference": "graph_entry_price", "offset_pct": 5.0}}},
    {"trigger": {"on_price": {**ABOVE, "reference": 90000, "offset_pct": 0}}},
]
EXECUTIONS: list[Raw] = [
    {},
    {"policy": "sor", "urgency": "high"},
    {"tif": "IOC", "max_slippage_bps": 0},
    {"horizon_ms": 1},
    {"pacing": {"uniform": {"num_slices": 3, "interval_ms": 1}}},
]
INSTRUMENTS: list[Raw] = [
    {"symbol": "BTC-USD", "type": "spot", "venue": None},
    {"symbol": "ETH-USD-PERP", "type": "perp", "venue": "hyperliquid"},
    {"symbol": "KX-1", "type": "prediction", "venue": "kalshi"},
]


def graph_of(seed: int) -> tuple[list[Raw], list[Raw]]:
    """Return a valid graph of at least three nodes and two edges, as hand-written dicts."""
    random = Random(seed)
    count = random.randint(3, 12)
    nodes: list[Raw] = []
    for index in range(count):
        instrument = random.choice(INSTRUMENTS)
        most = 10**9 if instrument["type"] == "prediction" else 10**14
        price = random.randint(1, most)
        nodes.append(
            {
                "node_id": f"n{index}",
                "instrument": dict(instrument),
                "side": random.choice(["buy", "sell"]),
                "order_type": random.choice(["market", {"limit": {"price_1e9": price}}]),
                "quantity": {"fixed": {"qty_1e8": random.randint(3, 10**12)}},
                "execution": copy.deepcopy(random.choice(EXECUTIONS)),
            }
        )
    edges: list[Raw] = []
    for number in range(random.randint(2, 20)):
        target = random.randint(1, count - 1)
        raw: Raw = {"edge_id": f"x{number}", "from_node": f"n{random.randrange(target)}", "to_node": f"n{target}"}
        raw |= copy.deepcopy(random.choice(TRIGGERS))
        sizing = random.choice([None, "target", "source_fill", {"ratio": 0.5}])
        edges.append(raw if sizing is None else {**raw, "sizing": copy.deepcopy(sizing)})
    return nodes, edges


# Built from a seed: drawing every field takes ten times as long, and a graph is small enough to read whole.
graphs = st.integers(0, 2**32).map(graph_of)


Break = Callable[[list[Raw], list[Raw]], tuple[str, str]]
"""Breaks a graph, and returns what the message must say: the owner, and words about the fault."""


def _set(field: str, value: object, words: str, *, index: int = 0) -> Break:
    """Break a node at a dotted field."""

    def apply(nodes: list[Raw], edges: list[Raw]) -> tuple[str, str]:
        target: Any = nodes[index]
        *way, last = field.split(".")
        for step in way:
            target = target[step]
        target[last] = value
        return f"node 'n{index}'", words

    return apply


def _edge(words: str, **values: object) -> Break:
    """Break the first edge."""

    def apply(nodes: list[Raw], edges: list[Raw]) -> tuple[str, str]:
        if "trigger" in values:
            edges[0].pop("condition", None)
        edges[0].update(values)
        return "edge 'x0'", words

    return apply


def _duplicate_id(nodes: list[Raw], edges: list[Raw]) -> tuple[str, str]:
    nodes.append(copy.deepcopy(nodes[0]))
    return "node 'n0'", "node_id is used 2 times"


def _unknown_source(nodes: list[Raw], edges: list[Raw]) -> tuple[str, str]:
    edges[0]["from_node"] = "nowhere"
    return "edge 'x0'", "from_node 'nowhere' is no node"


def _unknown_target(nodes: list[Raw], edges: list[Raw]) -> tuple[str, str]:
    edges.append({"edge_id": "lost", "from_node": "n0", "to_node": "nowhere", "trigger": "on_done"})
    return "edge 'lost'", "to_node 'nowhere' is no node"


def _missing_target(nodes: list[Raw], edges: list[Raw]) -> tuple[str, str]:
    edges.append({"edge_id": "half", "from_node": "n0", "trigger": "on_done"})
    return "edge 'half'", "to_node is missing"


def _self_loop(nodes: list[Raw], edges: list[Raw]) -> tuple[str, str]:
    edges.append({"edge_id": "loop", "from_node": "n1", "to_node": "n1", "trigger": "on_done"})
    return "edge 'loop'", "leads from 'n1' to itself"


def _cycle(nodes: list[Raw], edges: list[Raw]) -> tuple[str, str]:
    edges.append({"edge_id": "there", "from_node": "n1", "to_node": "n2", "trigger": "on_done"})
    edges.append({"edge_id": "back", "from_node": "n2", "to_node": "n1", "trigger": "on_done"})
    return "node 'n", "is part of a cycle: "


def _no_root(nodes: list[Raw], edges: list[Raw]) -> tuple[str, str]:
    for index, _ in enumerate(nodes):
        follower = f"n{(index + 1) % len(nodes)}"
        edges.append({"edge_id": f"r{index}", "from_node": f"n{index}", "to_node": follower, "trigger": "on_done"})
    return "graph", "has no root"


def _waits_for_nothing(nodes: list[Raw], edges: list[Raw]) -> tuple[str, str]:
    nodes[0]["activation"] = "wait"
    return "node 'n0'", "nothing can activate it"


def _probability(nodes: list[Raw], edges: list[Raw]) -> tuple[str, str]:
    nodes[0]["instrument"] = {"symbol": "KX-1", "type": "prediction", "venue": "kalshi"}
    nodes[0]["order_type"] = {"limit": {"price_1e9": 10**9 + 1}}
    return "node 'n0'", "must lie between 0 and 1 on a prediction market"


def _too_many_nodes(nodes: list[Raw], edges: list[Raw]) -> tuple[str, str]:
    nodes += [{**copy.deepcopy(nodes[0]), "node_id": f"more{index}"} for index in range(100)]
    return "graph", "may have at most 100 nodes, has 1"


def _too_many_edges(nodes: list[Raw], edges: list[Raw]) -> tuple[str, str]:
    edges += [{"from_node": "n0", "to_node": "n1", "trigger": "on_done"} for _ in range(201)]
    return "graph", "may have at most 200 edges, has 2"


def _too_many_slices(nodes: list[Raw], edges: list[Raw]) -> tuple[str, str]:
    nodes[0]["execution"] = {"pacing": {"uniform": {"num_slices": 999, "interval_ms": 1}}}
    nodes[0]["quantity"] = {"fixed": {"qty_1e8": 10**9}}
    return "graph", "nodes with all slices"


def _slice_clash(nodes: list[Raw], edges: list[Raw]) -> tuple[str, str]:
    nodes.append({**copy.deepcopy(nodes[0]), "node_id": "paced", "execution": EXECUTIONS[4]})
    nodes.append({**copy.deepcopy(nodes[0]), "node_id": "paced_slice_1", "execution": {}})
    return "node 'paced_slice_1'", "has the id of a slice of node 'paced'"


def _empty(nodes: list[Raw], edges: list[Raw]) -> tuple[str, str]:
    nodes.clear()
    return "graph", "must have at least one node"


BREAKS: dict[str, Break] = {
    "duplicate id": _duplicate_id,
    "unknown source": _unknown_source,
    "unknown target": _unknown_target,
    "missing target": _missing_target,
    "self-loop": _self_loop,
    "cycle": _cycle,
    "no root": _no_root,
    "waits for nothing": _waits_for_nothing,
    "probability": _probability,
    "too many nodes": _too_many_nodes,
    "too many edges": _too_many_edges,
    "too many slices": _too_many_slices,
    "slice clash": _slice_clash,
    "bool quantity": _set("quantity", {"fixed": {"qty_1e8": True}}, "quantity.fixed.qty_1e8 must be an integer"),
    "zero quantity": _set("quantity", {"fixed": {"qty_1e8": 0}}, "quantity.fixed.qty_1e8 must be at least 1"),
    "negative quantity": _set("quantity", {"fixed": {"qty_1e8": -5}}, "quantity.fixed.qty_1e8 must be at least 1"),
    "float quantity": _set("quantity", {"fixed": {"qty_1e8": 1.5}}, "quantity.fixed.qty_1e8 must be an integer"),
    "huge quantity": _set("quantity", {"fixed": {"qty_1e8": 2**63}}, "quantity.fixed.qty_1e8 must be 1 to"),
    "unknown quantity": _set("quantity", {"lots": 3}, "quantity must be"),
    "no quantity": _set("quantity", None, "is missing"),
    "unknown side": _set("side", "hold", "side must be one of 'buy', 'sell', got 'hold'"),
    "unknown type": _set("instrument.type", "option", "instrument.type must be one of"),
    "empty symbol": _set("instrument.symbol", "", "instrument.symbol must be a text"),
    "unknown policy": _set("execution", {"policy": "twap"}, "execution.policy must be one of"),
    "unknown urgency": _set("execution", {"urgency": "now"}, "execution.urgency must be one of"),
    "unknown tif": _set("execution", {"tif": "DAY"}, "execution.tif must be one of"),
    "negative slippage": _set("execution", {"max_slippage_bps": -1}, "execution.max_slippage_bps must be at least 0"),
    "bool horizon": _set("execution", {"horizon_ms": True}, "execution.horizon_ms must be an integer"),
    "misspelt option": _set("execution", {"urgencey": "high"}, "did you mean 'urgency'"),
    "misspelt field": _set("sied", "buy", "did you mean 'side'"),
    "price of zero": _set("order_type", {"limit": {"price_1e9": 0}}, "order_type.limit.price_1e9 must be at least 1"),
    "unknown order type": _set("order_type", "stop", "order_type must be"),
    "unknown activation": _set("activation", "later", "activation must be one of"),
    "unknown trigger": _edge("unknown trigger 'on_whim'", trigger="on_whim"),
    "unknown trigger object": _edge("is unknown; objects are", trigger={"on_whim": {}}),
    "no trigger": _edge("trigger is missing", trigger=None),
    "no ratio": _edge("needs a value", trigger="on_fill_ratio"),
    "ratio of zero": _edge("more than zero", trigger="on_fill_ratio", condition={"fill_ratio_gte": 0}),
    "ratio above one": _edge("at most 1", trigger="on_fill_ratio", condition={"fill_ratio_gte": 1.5}),
    "ratio not a number": _edge("finite", trigger="on_fill_ratio", condition={"fill_ratio_gte": float("nan")}),
    "timeout of zero": _edge("ms must be at least 1", trigger={"on_timeout": {"ms": 0}}),
    "bool timeout": _edge("ms must be an integer", trigger={"on_timeout": {"ms": True}}),
    "price without a symbol": _edge("on_price symbol", trigger={"on_price": {"direction": "above", "offset_pct": 1}}),
    "price that way": _edge("on_price direction", trigger={"on_price": {"symbol": "A", "direction": "up"}}),
    "unknown sizing": _edge("sizing must be", sizing="half"),
    "sizing of zero": _edge("sizing ratio must be more than zero", sizing={"ratio": 0}),
    "negative delay": _edge("delay_ms must be at least 0", delay_ms=-1),
    "misspelt edge field": _edge("did you mean 'delay_ms'", delay_msec=5),
    "id with a blank": _edge("edge_id must be 1 to 128 letters", edge_id="a b"),
}  # fmt: skip
# These leave nothing of what other faults need, or change how an edge is called.
ALONE = {"no root", "id with a blank", "misspelt edge field"}


def broken(nodes: list[Raw], edges: list[Raw], names: list[str]) -> list[tuple[str, str]]:
    return [BREAKS[name](nodes, edges) for name in names]


# A node or an edge is broken in one place at a time, so that no break undoes another.
def _place(name: str) -> str:
    if name in ("unknown trigger object", "unknown trigger", "no trigger") or BREAKS[name].__qualname__.startswith(
        "_edge"
    ):
        return "edge"
    return "node" if BREAKS[name].__qualname__.startswith("_set") or name in NODE_ZERO else name


NOWHERE = Sequence("seq_test_0123", "http://127.0.0.1:1", max_retries=0)
"""Nothing listens there: a request would end in another error than the one that is expected."""
NODE_ZERO = {"probability", "too many slices", "waits for nothing", "duplicate id", "unknown source"}


@given(graphs, st.lists(st.sampled_from(sorted(BREAKS)), min_size=1, max_size=4, unique_by=_place))
@settings(max_examples=1000)
def test_random_invalid_graphs_are_refused_with_every_fault_named(
    graph: tuple[list[Raw], list[Raw]], names: list[str]
) -> None:
    nodes, edges = graph
    if ALONE & set(names):
        names = names[:1]
    expected = broken(nodes, edges, names)
    with pytest.raises(GraphError) as refused:
        NOWHERE.graph(nodes, edges)
    said = [str(fault) for fault in refused.value.faults]
    for owner, words in expected:
        if names[0] == "id with a blank":
            owner = "edge 'a b'"
        assert any(line.startswith(owner) and words in line for line in said), (owner, words, said)
    for line in said:
        assert line in str(refused.value)


@given(graphs)
@settings(max_examples=300)
def test_valid_graphs_are_taken_and_come_out_with_activations(graph: tuple[list[Raw], list[Raw]]) -> None:
    nodes, edges = graph
    before = copy.deepcopy(graph)
    made = prepare(nodes, edges)
    assert (nodes, edges) == before
    targets = {each["to_node"] for each in edges}
    assert [each.activation for each in made.nodes] == [
        "wait" if each["node_id"] in targets else "root" for each in nodes
    ]
    assert [{**each.raw, "activation": None} for each in made.nodes] == [{**each, "activation": None} for each in nodes]
    assert [each.raw for each in made.edges] == edges
    assert made.tree()
    assert made.to_mermaid()


@pytest.mark.parametrize("name", sorted(BREAKS))
def test_each_way_to_break_a_graph_is_seen(name: str) -> None:
    nodes: list[Raw] = [node(f"n{index}", "BTC-USD", "buy", 1).copy() for index in range(3)]
    edges: list[Raw] = [edge("n0", "n1", edge_id="x0").copy(), edge("n1", "n2", edge_id="x1").copy()]
    owner, words = BREAKS[name](nodes, edges)
    with pytest.raises(GraphError) as refused:
        prepare(nodes, edges)
    assert words in str(refused.value)
    assert owner in str(refused.value) or name == "id with a blank"


def test_a_graph_of_nothing_is_refused() -> None:
    nodes: list[Raw] = []
    _empty(nodes, [])
    with pytest.raises(GraphError, match="graph: must have at least one node"):
        prepare(nodes)


def test_the_limits_themselves_are_allowed() -> None:
    nodes = [node(f"n{index}", "BTC-USD", "buy", 1) for index in range(100)]
    edges = [edge("n0", f"n{index % 99 + 1}") for index in range(200)]
    assert len(prepare(nodes, edges).edges) == 200
    paced = node("p", "BTC-USD", "buy", 1, pacing={"slices": 999, "interval_ms": 1})
    assert len(prepare([paced]).nodes) == 1


def test_a_long_chain_is_no_cycle_and_a_long_cycle_is() -> None:
    nodes = [node(f"n{index}", "BTC-USD", "buy", 1) for index in range(100)]
    chain = [edge(f"n{index}", f"n{index + 1}") for index in range(99)]
    assert len(prepare(nodes, chain).edges) == 99
    with pytest.raises(GraphError, match="n0 -> n1 -> ") as refused:
        prepare(nodes, [*chain, edge("n99", "n0")])
    assert sum("cycle" in fault.message for fault in refused.value.faults) == 1


def test_the_error_is_a_value_error_and_keeps_its_faults() -> None:
    with pytest.raises(ValueError) as refused:
        prepare([node("a", "A", "buy", 1), node("a", "A", "buy", 1)], [edge("a", "b")])
    error = refused.value
    assert isinstance(error, GraphError)
    assert [(fault.owner, fault.message) for fault in error.faults] == [
        ("node 'a'", "node_id is used 2 times"),
        ("edge 'e_a_b'", "to_node 'b' is no node of the graph"),
    ]
    assert str(error) == (
        "2 faults:\n  node 'a': node_id is used 2 times\n  edge 'e_a_b': to_node 'b' is no node of the graph"
    )
    again = pickle.loads(pickle.dumps(error))
    assert (again.faults, str(again)) == (error.faults, str(error))
