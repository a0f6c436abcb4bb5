"""Execution graphs over HTTP: submitting, watching, pausing, amending and stopping them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast
from urllib.parse import quote

import httpx
import pytest

from sequence_markets.models import GraphStatus, Submission
from sequence_markets.sandbox import Sandbox
from tests.sandbox.server.http import Json, assert_error, connect, order_body

_PERP = "ETH-USD-PERP"


@pytest.fixture
def fresh() -> Iterator[tuple[Sandbox, httpx.Client]]:
    with Sandbox(seed=3, clock="manual") as running, connect(running) as client:
        running.set_book("BTC-USD", "kraken", bids=[(90000, 1)], asks=[(90010, 1), (90020, 5)])
        running.set_book(_PERP, "hyperliquid", bids=[(3000, 50)], asks=[(3001, 50)])
        yield running, client
        running.check_invariants()


def node(node_id: str, symbol: str, side: str, qty_1e8: int, limit_1e9: int | None = None, **execution: object) -> Json:
    return {
        "node_id": node_id,
        "instrument": {"symbol": symbol, "type": "perp" if symbol == _PERP else "spot", "venue": None},
        "side": side,
        "order_type": "market" if limit_1e9 is None else {"limit": {"price_1e9": limit_1e9}},
        "quantity": {"fixed": {"qty_1e8": qty_1e8}},
        "execution": execution,
    }


def edge(source: str, target: str, trigger: object, **more: object) -> Json:
    return {"edge_id": f"e_{source}_{target}", "from_node": source, "to_node": target, "trigger": trigger, **more}


def graph(*edges: Json, leg: Json | None = None) -> Json:
    resting = node("leg", "BTC-USD", "buy", 10**8, 89_990 * 10**9)
    return {
        "nodes": [leg or resting, node("hedge", _PERP, "sell", 10**8)],
        "edges": list(edges),
        "graph_id": "g",
        "is_sandbox": True,
    }


def status(api: httpx.Client) -> GraphStatus:
    answer = api.get("/v1/execution_graphs/g")
    assert answer.status_code == 200, answer.text
    return GraphStatus.model_validate(answer.json())


def test_a_streaming_hedge_over_the_wire(fresh: tuple[Sandbox, httpx.Client]) -> None:
    running, api = fresh
    answer = api.post("/v1/orders", json=graph(edge("leg", "hedge", "on_fill", sizing="source_fill")))
    assert Submission.model_validate(answer.json()).raw == {
        "graph_id": "g",
        "status": "active",
        "node_count": 2,
        "edge_count": 1,
    }
    running.trade("BTC-USD", "kraken", "sell", 89_990, 0.25)
    found = status(api)
    assert (found.nodes["hedge"].filled_qty_1e8, found.nodes["hedge"].status) == (25_000_000, "partial_fill")
    assert found.edges["e_leg_hedge"].raw == {"status": "fired", "fired": True, "fire_count": 1}
    running.trade("BTC-USD", "kraken", "sell", 89_990, 0.75)
    assert status(api).status == "completed"
    ids = {row["node_order_id"] for row in api.get("/v1/orders").json()["orders"]}
    assert ids == {"graph:g:leg:1", "graph:g:hedge:1", "graph:g:hedge:2"}


def test_the_same_graph_again_is_the_first_answer_and_another_is_a_conflict(
    fresh: tuple[Sandbox, httpx.Client],
) -> None:
    _, api = fresh
    body = graph(edge("leg", "hedge", "on_full_fill"))
    first = api.post("/v1/orders", json=body).json()
    assert api.post("/v1/orders", json=body).json() == first
    other = graph(edge("leg", "hedge", "on_first_fill"))
    assert_error(api.post("/v1/orders", json=other), 409, "CONFLICT")
    assert api.post("/v1/kill_switch", json={"reason": None}).json()["engaged"] is True
    assert_error(api.post("/v1/orders", json=other | {"graph_id": "h"}), 409, "KILL_SWITCH")


def test_faults_are_named(fresh: tuple[Sandbox, httpx.Client]) -> None:
    _, api = fresh
    body = graph(edge("leg", "nobody", "on_moon"), edge("hedge", "hedge", "on_fill"))
    error = assert_error(api.post("/v1/orders", json=body), 422, "VALIDATION_ERROR")
    details = error["details"]
    assert isinstance(details, list)
    rows = cast("list[dict[str, str]]", details)
    assert [row["field"] for row in rows] == ["edges[0].to_node", "edges[0].trigger", "edges[1]"]


def test_pausing_and_resuming(fresh: tuple[Sandbox, httpx.Client]) -> None:
    running, api = fresh
    api.post("/v1/orders", json=graph(edge("leg", "hedge", {"on_timeout": {"ms": 1000}})))
    path = "/v1/execution_graphs/g"
    assert_error(api.post(f"{path}/resume"), 409, "CONFLICT")
    assert api.post(f"{path}/pause").json() == {"graph_id": "g", "status": "paused"}
    running.advance(seconds=5)
    assert status(api).nodes["hedge"].status == "armed"
    # The published client sends no body, but says it is JSON.
    answer = api.post(f"{path}/resume", headers={"Content-Type": "application/json"})
    assert answer.json() == {"graph_id": "g", "status": "partial_fill"}
    assert status(api).nodes["hedge"].status == "filled"
    for verb in ("pause", "resume"):
        assert_error(api.post(f"/v1/execution_graphs/nobody/{verb}"), 404, "NOT_FOUND")


def test_amending_an_order_and_a_node(fresh: tuple[Sandbox, httpx.Client]) -> None:
    running, api = fresh
    api.post("/v1/orders", json=graph(edge("leg", "hedge", "on_full_fill")))
    path = f"/v1/orders/{quote('graph:g:leg:1', safe='')}"
    answer = api.patch(path, json={"new_qty_1e8": 2 * 10**8, "new_constraints": {"max_price_1e9": 89_995 * 10**9}})
    row = answer.json()
    assert (row["node_order_id"], row["status"], row["mode"]) == ("graph:g:leg:1", "ACCEPTED", "cancel_replace")
    assert (row["qty_1e8"], row["limit_price_1e9"]) == (2 * 10**8, 89_995 * 10**9)
    row = api.patch("/v1/execution_graphs/g/nodes/hedge", json={"new_qty_1e8": 10**7}).json()
    assert (row["node_id"], row["target_qty_1e8"], row["status"]) == ("hedge", 10**7, "armed")
    running.trade("BTC-USD", "kraken", "sell", 89_995, 2)
    assert status(api).status == "completed"
    assert_error(api.patch(path, json={"new_qty_1e8": 3 * 10**8}), 409, "CONFLICT")
    assert_error(api.patch("/v1/execution_graphs/g/nodes/hedge", json={"new_qty_1e8": 5}), 409, "CONFLICT")
    assert_error(api.patch("/v1/execution_graphs/g/nodes/nobody", json={"new_qty_1e8": 5}), 404, "NOT_FOUND")
    assert_error(api.patch("/v1/orders/graph:g:nobody:1", json={"new_qty_1e8": 5}), 404, "NOT_FOUND")
    assert_error(api.patch(path, json={"new_qty_1e8": 0.5}), 422, "VALIDATION_ERROR")
    assert_error(api.patch(path, json={}), 422, "VALIDATION_ERROR")


def test_the_kill_switch(fresh: tuple[Sandbox, httpx.Client]) -> None:
    _, api = fresh
    first = api.put("/v1/kill_switch", json={"reason": "lunch"}).json()
    assert (first["engaged"], first["reason"]) == (True, "lunch")
    assert api.get("/v1/risk_limits").json()["kill_switch_active"] is True
    assert_error(api.post("/v1/orders", json=order_body()), 409, "KILL_SWITCH")
    assert api.post("/v1/kill_switch/clear").json() == {"engaged": False}
    assert api.post("/v1/orders", json=order_body()).status_code == 200
    assert_error(api.post("/v1/kill_switch", json={"reason": 5}), 422, "VALIDATION_ERROR")


def test_cancelling_all_on_a_venue(fresh: tuple[Sandbox, httpx.Client]) -> None:
    _, api = fresh
    api.post("/v1/orders", json=graph(edge("leg", "hedge", "on_cancel")))
    assert api.post("/v1/venue_cancel_all/kraken").json() == {"venue": "kraken", "cancelled": 1}
    assert status(api).nodes["hedge"].status == "filled"
    assert_error(api.post("/v1/venue_cancel_all/nyse"), 400, "INVALID_PARAMS")


def test_redeeming(fresh: tuple[Sandbox, httpx.Client]) -> None:
    _, api = fresh
    answer = api.post("/v1/markets/KXBTCZ-26DEC31-T99000/redeem", params={"venue": "kalshi"}).json()
    assert answer.keys() == {"mode", "venue", "slug", "note"}
    answer = api.post("/v1/markets/fed-decision-in-october/redeem", params={"venue": "polymarket"}, json={}).json()
    assert (answer["mode"], answer["slug"]) == ("noop", "fed-decision-in-october")
    assert_error(api.post("/v1/markets/KXBTCZ-26DEC31-T99000/redeem"), 400, "INVALID_PARAMS")
    assert_error(api.post("/v1/markets/nope/redeem", params={"venue": "kalshi"}), 404, "NOT_FOUND")
