"""Deployments and algos over plain HTTP: every form of every body, and what is said of the wrong ones."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest

from sequence_markets.sandbox import Sandbox
from tests.sandbox.algos.support import act, assemble, example, module, puppet
from tests.sandbox.server.http import assert_error, connect

IDLE = base64.b64encode(module()).decode()


@pytest.fixture(autouse=True)
def _quote(sandbox: Sandbox) -> None:
    sandbox.set_book("BTC-USD", "kraken", bids=[("99", "50")], asks=[("101", "50")])


def body(**changes: object) -> dict[str, object]:
    whole = {"name": "algo", "wasm_base64": IDLE, "symbols": ["BTC-USD"], "start_immediately": True} | changes
    return {name: value for name, value in whole.items() if value is not ...}


def deploy(api: httpx.Client, **changes: object) -> dict[str, Any]:
    answer = api.post("/v1/deployments", json=body(**changes))
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_the_answer_to_a_deployment_has_the_documented_keys(api: httpx.Client) -> None:
    made = deploy(api, wasm_base64=base64.b64encode(example("momentum")).decode())
    assert list(made)[:8] == [
        "deployment_id", "name", "symbols", "size_bytes", "status", "pushed_to", "capable_edges", "edges",
    ]  # fmt: skip
    assert made["size_bytes"] == len(example("momentum"))
    (edge,) = made["edges"]
    assert {
        "symbol", "edge_id", "deploy_id", "status", "size_bytes", "deployed_at", "last_heartbeat", "pause_reason",
        "position_1e8", "realized_pnl_1e9", "session_realized_pnl_1e9", "unrealized_pnl_1e9", "callback_latency_ns",
        "update_count", "label", "fill_count",
    } <= edge.keys()  # fmt: skip
    assert made["capabilities"] == {
        "callbacks": ["algo_on_book", "algo_on_fill", "algo_on_reject", "algo_on_shutdown"],
        "unsupported": [],
    }
    assert api.get(f"/v1/deployments/{made['deployment_id']}").json() == made


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"name": ...}, "name", "is required"),
        ({"name": 5}, "name", "must be a string"),
        ({"name": " "}, "name", "must be 1 to 128 printable characters"),
        ({"name": "a" * 129}, "name", "must be 1 to 128 printable characters"),
        ({"name": "a\nb"}, "name", "must be 1 to 128 printable characters"),
        ({"wasm_base64": ...}, "wasm_base64", "is required"),
        ({"wasm_base64": 5}, "wasm_base64", "must be a string"),
        ({"wasm_base64": "no base64!"}, "wasm_base64", "must be standard base64"),
        ({"wasm_base64": ""}, "wasm_base64", "is empty"),
        ({"wasm_base64": "AAAA"}, "wasm_base64", "is not a WebAssembly module"),
        ({"symbols": ...}, "symbols", "is required"),
        ({"symbols": []}, "symbols", "must name at least one symbol"),
        ({"symbols": "BTC-USD"}, "symbols", "must be a list"),
        ({"symbols": ["BTC-USD", 5]}, "symbols[1]", "must be a string"),
        ({"symbols": ["BTC-USD"] * 65}, "symbols", "at most 64 are taken"),
        ({"symbols": ["nothing"]}, "symbols[0]", "unknown symbol 'nothing'"),
        ({"symbols": ["BTC-USD", "btc/usd"]}, "symbols[1]", "is named twice"),
        ({"start_immediately": "yes"}, "start_immediately", "must be true or false"),
        ({"venues": ["nowhere"]}, "venues[0]", "unknown venue 'nowhere'"),
        ({"venues": ["kalshi"]}, "symbols[0]", "none of kalshi quotes BTC-USD"),
        ({"risk": 5}, "risk", "must be an object"),
        ({"risk": {"max_position": 5}}, "risk.max_position", "unknown field"),
        ({"risk": {"max_position_1e8": -1}}, "risk.max_position_1e8", "must be a whole number, zero or more"),
        ({"risk": {"max_position_1e8": 1.5}}, "risk.max_position_1e8", "must be a whole number"),
        ({"dial": 5}, "dial", "unknown field"),
    ],
)
def test_a_wrong_field_is_named(api: httpx.Client, changes: dict[str, object], field: str, message: str) -> None:
    error: dict[str, Any] = assert_error(api.post("/v1/deployments", json=body(**changes)), 422, "VALIDATION_ERROR")
    details = {detail["field"]: detail["message"] for detail in error["details"]}
    assert message in details[field]
    assert api.get("/v1/deployments").json() == {"deployments": [], "count": 0}


def test_a_module_as_large_as_the_wire_takes_is_looked_at(api: httpx.Client) -> None:
    # Data of a section that nobody reads makes it large.
    size = (8 << 20) - len(module()) - 12
    wasm = module() + b"\0" + _leb(size + 2) + b"\1x" + bytes(size)
    assert len(wasm) <= 8 << 20
    assert deploy(api, wasm_base64=base64.b64encode(wasm).decode())["size_bytes"] == len(wasm)
    wider = module() + b"\0" + _leb(size + 102) + b"\1x" + bytes(size + 100)
    answer = api.post("/v1/deployments", json=body(wasm_base64=base64.b64encode(wider).decode()))
    assert_error(answer, 422, "VALIDATION_ERROR")
    assert_error(api.post("/v1/deployments", json=body(wasm_base64="A" * (12 << 20))), 413, "PAYLOAD_TOO_LARGE")


def _leb(number: int) -> bytes:
    found = bytearray()
    while True:
        number, low = number >> 7, number & 127
        found.append(low | (128 if number else 0))
        if not number:
            return bytes(found)


def test_a_deployment_that_does_not_ask_to_start_waits(api: httpx.Client) -> None:
    made = deploy(api, start_immediately=...)
    assert (made["status"], made["edges"][0]["status"]) == ("accepted", "accepted")
    for empty in (b"", b"{}", b"null"):
        where = f"/v1/deployments/{made['deployment_id']}"
        headers = {"Content-Type": "application/json"}
        started = api.post(f"{where}/start", content=empty, headers=headers)
        assert (started.status_code, started.json()["status"]) == (200, "running")
        assert api.post(f"{where}/stop", content=empty, headers=headers).json()["status"] == "stopped"
    assert_error(api.post(f"{where}/start", json={"now": True}), 422, "VALIDATION_ERROR")


def test_deploying_for_a_symbol_waits_as_well(api: httpx.Client) -> None:
    made = api.post("/v1/algos/deploy", json={"symbol": "BTC/USD", "wasm_base64": IDLE}).json()
    assert (made["name"], made["symbols"], made["status"]) == ("BTC/USD", ["BTC-USD"], "accepted")
    started = api.post("/v1/algos/BTC/USD/start")
    assert started.json()["status"] == "running"
    again = api.post("/v1/algos/deploy", json={"symbols": ["BTC-USD"], "wasm_base64": IDLE, "start_immediately": True})
    assert again.json()["status"] == "running"
    for wrong in ({}, {"symbol": "BTC-USD", "symbols": ["BTC-USD"]}, {"symbol": 5}):
        assert_error(api.post("/v1/algos/deploy", json={"wasm_base64": IDLE, **wrong}), 422, "VALIDATION_ERROR")


def test_a_deployment_is_renamed_and_limited(api: httpx.Client) -> None:
    wasm = base64.b64encode(puppet([], [act(1, 1, 5, 99)])).decode()
    made = deploy(api, wasm_base64=wasm, risk={"max_position_1e8": 5})
    where = f"/v1/deployments/{made['deployment_id']}"
    assert made["risk"]["max_position_1e8"] == 5
    changed = api.patch(where, json={"name": "other", "risk": {"max_orders_per_second": 7, "max_position_1e8": None}})
    assert (changed.status_code, changed.json()["name"]) == (200, "other")
    assert changed.json()["risk"] == made["risk"] | {"max_orders_per_second": 7, "max_position_1e8": 0}
    assert api.patch(where, json={}).json() == changed.json()
    assert_error(api.patch(where, json={"symbols": ["ETH-USD"]}), 422, "VALIDATION_ERROR")
    assert_error(api.patch(where, json={"name": ""}), 422, "VALIDATION_ERROR")


def test_deployments_are_listed_newest_first(api: httpx.Client) -> None:
    first, second = deploy(api, name="one"), deploy(api, name="two", symbols=["ETH-USD"])
    listed = api.get("/v1/deployments").json()
    assert listed["count"] == 2
    assert [row["deployment_id"] for row in listed["deployments"]] == [second["deployment_id"], first["deployment_id"]]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/deployments/dep_x"),
        ("PATCH", "/v1/deployments/dep_x"),
        ("DELETE", "/v1/deployments/dep_x"),
        ("POST", "/v1/deployments/dep_x/start"),
        ("POST", "/v1/deployments/dep_x/stop"),
        ("GET", "/v1/deployments/dep_x/logs"),
        ("GET", "/v1/deployments/dep_x/mesh"),
        ("GET", "/v1/algos/BTC-USD"),
        ("DELETE", "/v1/algos/BTC-USD"),
        ("POST", "/v1/algos/no/such/symbol/start"),
        ("POST", "/v1/algos/BTC-USD/stop"),
        ("GET", "/v1/algos/BTC-USD/logs"),
        ("GET", "/v1/algos/BTC-USD/stats"),
    ],
)
def test_what_is_not_there_is_not_found_nor_is_what_belongs_to_somebody_else(
    sandbox: Sandbox, api: httpx.Client, method: str, path: str
) -> None:
    assert_error(api.request(method, path), 404, "NOT_FOUND")
    made = deploy(api)
    with connect(sandbox) as other:
        theirs = path.replace("dep_x", made["deployment_id"])
        assert_error(other.request(method, theirs), 404, "NOT_FOUND")
    assert api.get("/v1/deployments").json()["count"] == 1


def test_a_test_key_and_a_live_key_have_deployments_of_their_own(sandbox: Sandbox) -> None:
    tail = "5" * 64
    with connect(sandbox, f"seq_test_{tail}") as test, connect(sandbox, f"seq_live_{tail}") as live:
        made = deploy(test)
        assert live.get("/v1/deployments").json()["count"] == 0
        assert_error(live.get(f"/v1/deployments/{made['deployment_id']}"), 404, "NOT_FOUND")
        deploy(live)
        assert test.get("/v1/algos/BTC-USD").json()["status"] == "running", "neither superseded the other"


def test_the_algo_of_a_symbol_is_deleted(api: httpx.Client) -> None:
    deploy(api, symbols=["BTC-USD", "ETH-USD"])
    assert api.delete("/v1/algos/ETH-USD").status_code == 204
    assert [row["symbol"] for row in api.get("/v1/algos").json()["algos"]] == ["BTC-USD"]
    assert api.delete("/v1/algos/BTC/USD").status_code == 204
    assert api.get("/v1/algos?detail=edge").json() == {"algos": [], "edges": []}


@pytest.mark.parametrize(
    "path", ["/v1/algos?detail=all", "/v1/deployments/{id}/logs?limit=0", "/v1/algos/BTC-USD/logs?limit=x"]
)
def test_a_wrong_parameter_is_refused(api: httpx.Client, path: str) -> None:
    made = deploy(api)
    assert_error(api.get(path.replace("{id}", made["deployment_id"])), 400, "INVALID_PARAMS")


def test_logs_are_cut_to_the_limit(api: httpx.Client) -> None:
    made = deploy(api, wasm_base64=base64.b64encode(puppet(show_state=True)).decode())
    where = f"/v1/deployments/{made['deployment_id']}/logs"
    assert [api.get(f"{where}?limit={limit}").json()["count"] for limit in (1, 3, 99_999)] == [1, 3, 4]
    line = api.get(where).json()["logs"][0]
    assert line.keys() == {"ts_ns", "level", "edge_id", "symbol", "message"}


def test_what_is_not_supported_is_said(api: httpx.Client) -> None:
    wasm = assemble(
        """(module (import "env" "__seq_send" (func (param i64 i32 i32) (result i32))) (memory (export "memory") 1)
        (func (export "algo_alloc") (param i32) (result i32) (i32.const 1024))
        (func (export "algo_on_book") (param i32 i32) (result i32) (i32.const 0))
        (func (export "algo_on_nbbo") (param i32 i32) (result i32) (i32.const 0)))"""
    )
    made = deploy(api, wasm_base64=base64.b64encode(wasm).decode())
    assert made["capabilities"] == {"callbacks": ["algo_on_book"], "unsupported": ["algo_on_nbbo", "__seq_send"]}
