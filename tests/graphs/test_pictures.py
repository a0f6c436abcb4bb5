"""Pictures: well-formed, escaped, complete, coloured by state, and loading nothing."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from sequence_markets import Graph, GraphStatus, OnPrice, pictures, recipes
from sequence_markets.graphs import edge, node, prepare
from sequence_markets.models import EdgeSpec, NodeSpec
from tests.graphs.test_checking import graphs
from tests.graphs.test_recipes import EVERY

SVG = "{http://www.w3.org/2000/svg}"
HEDGE = recipes.spot_perp_hedge("ETH-USD", "ETH-USD-PERP", 200, at=0.5)
STATUS = GraphStatus.model_validate(
    {
        "graph_id": "graph_1",
        "status": "active",
        "nodes": {
            "spot": {
                "status": "partial_fill",
                "target_qty_1e8": 20_000_000_000,
                "filled_qty_1e8": 10_000_000_000,
                "avg_fill_price_1e9": 2_325_530_000_000,
            },
            "hedge": {"status": "rejected", "failure_reason": "INSUFFICIENT_BALANCE"},
        },
        "edges": {"e_spot_hedge": {"status": "fired", "fired": True}},
    }
)
NASTY = ['a"]-->b', "<script>alert(1)</script>", "a&b", "x\ny", "e]]>", "\x00\x1b[31m", "'\"`", "%%", "end"]


def texts(svg: str) -> list[str]:
    return [each.text or "" for each in ET.fromstring(svg).iter(f"{SVG}text")]


def test_a_graph_as_a_tree() -> None:
    assert HEDGE.tree() == (
        "spot  buy 200 ETH-USD, market\n└─ when 50 % filled → hedge  sell 200 ETH-USD-PERP on hyperliquid, market"
    )


def test_a_graph_with_its_status_as_a_tree() -> None:
    assert (
        STATUS.tree(HEDGE)
        == HEDGE.tree(STATUS)
        == (
            "graph_1 active\n"
            "spot  buy 200 ETH-USD, market  partial_fill 100 of 200 at 2325.53\n"
            "└─ when 50 % filled ✓ → hedge  sell 200 ETH-USD-PERP on hyperliquid, market"
            "  rejected (INSUFFICIENT_BALANCE)"
        )
    )


def test_a_status_alone_as_a_tree_takes_the_ends_from_the_ids_of_edges() -> None:
    assert STATUS.tree() == (
        "graph_1 active\nspot  partial_fill 100 of 200 at 2325.53\n└─ fired ✓ → hedge  rejected (INSUFFICIENT_BALANCE)"
    )


def test_a_status_that_names_the_ends_of_an_edge_is_believed() -> None:
    raw = STATUS.copy()
    raw["edges"] = {"any": {"status": "armed", "fired": False, "from_node": "hedge", "to_node": "spot"}}
    assert GraphStatus.model_validate(raw).tree().splitlines()[1:] == [
        "hedge  rejected (INSUFFICIENT_BALANCE)",
        "└─ armed → spot  partial_fill 100 of 200 at 2325.53",
    ]


def test_an_edge_whose_ends_are_unknown_is_listed() -> None:
    raw = STATUS.copy()
    raw["edges"] = {"any": {"status": "armed", "fired": False}}
    assert "edge any: armed" in GraphStatus.model_validate(raw).tree().splitlines()
    assert "%% edge any: armed" in GraphStatus.model_validate(raw).to_mermaid()
    assert "edge any: armed" in texts(GraphStatus.model_validate(raw).to_svg())


def test_slices_hang_under_their_node() -> None:
    nodes: dict[str, Any] = {name: {"status": "filled"} for name in ("twap", "twap_slice_0", "twap_slice_1")}
    nodes["twap_slice_1"] = {"status": "armed"}
    edges = {"twap_pace_0": {"status": "fired", "fired": True}, "twap_pace_1": {"status": "armed", "fired": False}}
    status = GraphStatus.model_validate({"graph_id": "g", "status": "active", "nodes": nodes, "edges": edges})
    assert status.tree().splitlines() == [
        "g active",
        "twap  filled",
        "├─ slice 0 ✓ → twap_slice_0  filled",
        "└─ slice 1 → twap_slice_1  armed",
    ]
    twap = recipes.twap("A", "buy", 2, slices=2, interval_ms=1000)
    assert status.tree(twap).splitlines() == [
        "g active",
        "twap  buy 2 A, market, 2 slices every 1 s  filled",
        "├─ slice 0 ✓ → twap_slice_0  filled",
        "└─ slice 1 → twap_slice_1  armed",
    ]


def test_a_graph_as_mermaid_has_every_node_and_edge_and_the_states() -> None:
    assert HEDGE.to_mermaid(STATUS) == (
        "flowchart LR\n"
        '    n0["spot<br/>buy 200 ETH#45;USD, market<br/>partial_fill 100 of 200 at 2325.53"]:::partial_fill\n'
        '    n1["hedge<br/>sell 200 ETH#45;USD#45;PERP on hyperliquid, market<br/>'
        'rejected (INSUFFICIENT_BALANCE)"]:::rejected\n'
        '    n0 ==>|"when 50 % filled"| n1\n'
        "    classDef partial_fill fill:#d8f5e6,stroke:#1a7f37,color:#1b1f24\n"
        "    classDef rejected fill:#ffd7d5,stroke:#cf222e,color:#1b1f24"
    ).replace("#45;", "-")


@pytest.mark.parametrize("name", EVERY)
def test_every_recipe_has_its_pictures(name: str) -> None:
    graph = EVERY[name]()
    root = ET.fromstring(graph.to_svg())
    assert len(root.findall(f".//{SVG}rect")) == len(graph.nodes)
    assert len(root.findall(f".//{SVG}path[@marker-end]")) == len(graph.edges)
    mermaid = graph.to_mermaid().splitlines()
    assert sum("-->" in line for line in mermaid) == len(graph.edges)
    for each in graph.nodes:
        assert each.node_id in texts(graph.to_svg())
        assert each.node_id in graph.tree()


@given(graphs)
@settings(max_examples=60)
def test_pictures_of_any_graph_are_well_formed_and_complete(given_graph: Any) -> None:
    graph = prepare(*given_graph)
    root = ET.fromstring(graph.to_svg())
    boxes = root.findall(f".//{SVG}rect")
    assert len(boxes) == len(graph.nodes)
    corners = {(box.get("x"), box.get("y")) for box in boxes}
    assert len(corners) == len(graph.nodes), "two boxes in one place"
    width, height = (float(root.get(side) or 0) for side in ("width", "height"))
    for box in boxes:
        assert float(box.get("x") or 0) + float(box.get("width") or 0) <= width
        assert float(box.get("y") or 0) + float(box.get("height") or 0) <= height
    assert sum("↑" not in line for line in graph.tree().splitlines()) == len(graph.nodes)


def test_sources_stand_left_of_their_targets() -> None:
    graph = prepare(
        [node(name, "A", "buy", 1) for name in "dcba"], [edge("a", "b"), edge("b", "c"), edge("c", "d"), edge("a", "d")]
    )
    root = ET.fromstring(graph.to_svg())
    left = {
        group.findtext(f"{SVG}text"): int(rect.get("x") or 0)
        for group in root.iter(f"{SVG}g")
        if (rect := group.find(f"{SVG}rect")) is not None
    }
    assert left["a"] < left["b"] < left["c"] < left["d"]


@pytest.mark.parametrize("nasty", NASTY)
def test_whatever_an_id_holds_stays_text(nasty: str) -> None:
    status = GraphStatus.model_validate(
        {
            "graph_id": nasty,
            "status": nasty,
            "nodes": {nasty: {"status": nasty, "failure_reason": nasty}, "b": {"status": "filled"}},
            "edges": {
                nasty: {"status": nasty, "fired": True, "from_node": nasty, "to_node": "b"},
                "x": {"status": nasty, "fired": False},
            },
        }
    )
    root = ET.fromstring(status.to_svg())
    assert {each.tag for each in root.iter()} <= {
        SVG + tag for tag in ("svg", "title", "defs", "marker", "path", "g", "rect", "text")
    }
    assert ET.fromstring(status._repr_html_()).tag == "div"
    mermaid = status.to_mermaid().splitlines()
    assert len([line for line in mermaid if re.fullmatch(r'    n\d\[".*"\](:::\w+)?', line)]) == 2
    assert len([line for line in mermaid if re.fullmatch(r'    n0 ==>\|"[^"]*"\| n1', line)]) == 1
    assert all(line.isprintable() for line in mermaid)
    assert all(line.isprintable() for line in status.tree().splitlines())
    assert len(status.tree().splitlines()) == 4


@given(st.text(max_size=20))
@settings(max_examples=100)
def test_any_id_at_all_gives_well_formed_pictures(text: str) -> None:
    nodes = {text: {"status": text}, f"{text}_slice_0": {"status": "executing"}}
    raw = {"graph_id": text, "status": text, "nodes": nodes, "edges": {text: {"status": text, "fired": False}}}
    status = GraphStatus.model_validate(raw)
    assert len(ET.fromstring(status.to_svg()).findall(f".//{SVG}rect")) == len(nodes)
    assert status.tree()


def test_pictures_load_nothing() -> None:
    html = pictures.to_html(HEDGE, STATUS)
    assert re.findall(r"https?://[^\"' ]+", html) == ["http://www.w3.org/2000/svg"]
    for word in ("href", "src=", "<script", "@import", "url(http"):
        assert word not in html


def test_a_notebook_shows_the_picture() -> None:
    assert HEDGE._repr_html_() == pictures.to_html(HEDGE)
    assert HEDGE._repr_svg_() == HEDGE.to_svg()
    assert STATUS._repr_html_() == pictures.to_html(STATUS)
    assert STATUS._repr_svg_() == STATUS.to_svg()


@pytest.mark.parametrize(
    "state", ["pending", "armed", "executing", "filled", "partial_fill", "cancelled", "rejected", "A_STATE_OF_TOMORROW"]
)
def test_every_state_has_a_colour_of_its_own(state: str) -> None:
    colours: set[str | None] = set()
    for each in (state, "none at all"):
        raw = {"graph_id": "g", "status": "active", "nodes": {"a": {"status": each}}, "edges": {}}
        rect = ET.fromstring(GraphStatus.model_validate(raw).to_svg()).find(f".//{SVG}rect")
        assert rect is not None
        colours.add(rect.get("fill"))
    assert len(colours) == (1 if state == "A_STATE_OF_TOMORROW" else 2)


def test_an_unchecked_graph_with_a_cycle_is_drawn_too() -> None:
    nodes = tuple(node(name, "A", "buy", 1) for name in "ab")
    graph = Graph(nodes, (edge("a", "b"), edge("b", "a"), edge("a", "a"), edge("a", "nowhere")))
    assert len(ET.fromstring(graph.to_svg()).findall(f".//{SVG}rect")) == 2
    assert graph.tree().count("→") == 3
    assert graph.to_mermaid().count("-->") == 3


def test_triggers_sizing_and_delay_are_said_in_words() -> None:
    words = {
        "on accepted": edge("a", "b", "on_accepted"),
        "when 12.5 % filled": edge("a", "b", "fill_pct", 0.125),
        "after 500 ms": edge("a", "b", "on_timeout", 500),
        "after 1.5 s, 2 s later": edge("a", "b", "on_timeout", 1500, delay_ms=2000),
        "on fill, as much as filled": edge("a", "b", sizing="source_fill"),
        "on fill, 0.5 of the fill": edge("a", "b", sizing={"ratio": 0.5}),
        "when X is 5 % below entry": edge("a", "b", OnPrice("X", "below", offset_pct=-5.0)),
        "when X is above 7.5": edge("a", "b", {"on_price": {"symbol": "X", "direction": "above", "reference": 7.5}}),
        "{'on_whim': {}}": EdgeSpec.model_validate({"from_node": "a", "to_node": "b", "trigger": {"on_whim": {}}}),
    }
    nodes: tuple[NodeSpec, ...] = tuple(node(name, "A", "buy", 1) for name in "ab")
    for said, each in words.items():
        assert f"└─ {said} → b" in Graph(nodes, (each,)).tree()


def test_arrows_between_the_same_boxes_lie_side_by_side() -> None:
    graph = recipes.bracket("BTC-USD", "buy", "0.1", take_profit_pct=8, stop_loss_pct=5)
    heights = re.findall(r'<text x="\d+" y="(\d+)" text-anchor="middle"', graph.to_svg())
    assert len(heights) == 2
    assert abs(int(heights[0]) - int(heights[1])) >= 12, "a label of ten pixels needs that much"
