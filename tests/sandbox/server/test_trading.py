"""Orders, graphs, fills, positions and credentials over HTTP, in every form that clients send them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from sequence_markets.sandbox import Sandbox
from tests.sandbox.server.http import assert_error, connect, order_body

_FAR_BELOW = 100 * 10**9


@pytest.fixture
def fresh() -> Iterator[tuple[Sandbox, httpx.Client]]:
    with Sandbox(seed=3) as running, connect(running) as client:
        running.set_book("BTC-USD", "kraken", bids=[(90000, 1)], asks=[(90010, 1), (90020, 5)])
        yield running, client
        running.check_invariants()


def submit(api: httpx.Client, body: dict[str, object]) -> str:
    answer = api.post("/v1/orders", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json().keys() >= {"graph_id", "status", "node_count", "edge_count"}
    graph_id: str = answer.json()["graph_id"]
    return graph_id


def order_id(graph_id: str) -> str:
    return f"graph:{graph_id}:order:1"


def test_what_the_published_client_sends(api: httpx.Client) -> None:
    # Null venue, empty execution, no graph_id: the server picks all three.
    graph_id = submit(api, order_body())
    assert graph_id.startswith("graph_")
    assert len(graph_id) == len("graph_") + 32


def test_a_simple_order_becomes_a_graph_of_one(fresh: tuple[Sandbox, httpx.Client]) -> None:
    _, api = fresh
    answer = api.post("/v1/orders", json={"symbol": "BTC-USD", "side": "buy", "qty": 0.29, "venue": "kraken"}).json()
    assert (answer["node_count"], answer["edge_count"]) == (1, 0)
    row = api.get("/v1/orders").json()["orders"][0]
    assert row["node_order_id"] == order_id(answer["graph_id"])
    assert (row["qty_1e8"], row["filled_qty_1e8"], row["side"], row["status"]) == (
        29_000_000,
        29_000_000,
        "BUY",
        "FILLED",
    )


@pytest.mark.parametrize("flag", ["is_sandbox", "sandbox"])
@pytest.mark.parametrize("key", ["seq_test_flags", "seq_live_flags"])
def test_either_paper_flag_is_taken_with_either_key(sandbox: Sandbox, flag: str, key: str) -> None:
    body = order_body()
    del body["is_sandbox"]
    with connect(sandbox, key) as api:
        for value in (True, False):
            submit(api, {**body, flag: value})


def test_the_same_graph_id_and_content_is_the_same_order(api: httpx.Client) -> None:
    body = order_body(graph_id="graph_mine")
    first = api.post("/v1/orders", json=body)
    again = api.post("/v1/orders", json=dict(reversed(body.items())))
    assert (again.status_code, again.json()) == (200, first.json())
    assert api.get("/v1/orders").json()["total"] == 1
    other = api.post("/v1/orders", json=order_body(graph_id="graph_mine", qty_1e8=5))
    assert_error(other, 409, "CONFLICT")


def test_a_graph_id_belongs_to_its_account(sandbox: Sandbox) -> None:
    for _ in range(2):
        with connect(sandbox) as api:
            assert submit(api, order_body(graph_id="graph_shared")) == "graph_shared"


_BAD: list[dict[str, object]] = [
    {"nodes": []},
    {"nodes": "x"},
    {"edges": 3},
    {"nodes": [{}]},
    {"nodes": [None]},
    {"graph_id": 7},
    {"graph_id": ""},
    {"symbol": "BTC-USD"},
]


@pytest.mark.parametrize("change", _BAD)
def test_a_bad_graph_is_named(api: httpx.Client, change: dict[str, object]) -> None:
    error = assert_error(api.post("/v1/orders", json={**order_body(), **change}), 422, "VALIDATION_ERROR")
    assert error["details"]
    assert api.get("/v1/orders").json()["total"] == 0


def test_one_order_by_filter_and_by_path(api: httpx.Client) -> None:
    wanted = order_id(submit(api, order_body()))
    submit(api, order_body())
    encoded = quote(wanted, safe="")
    assert "%3A" in encoded
    for path in (f"/v1/orders?node_order_id={encoded}", f"/v1/orders?node_order_id={wanted}"):
        page = api.get(path).json()
        assert [row["node_order_id"] for row in page["orders"]] == [wanted]
        assert page["total"] == 1
    for path in (f"/v1/orders/{encoded}", f"/v1/orders/{wanted}"):
        assert api.get(path).json() == page["orders"][0]


@pytest.mark.parametrize("empty", ["", "%20"])
def test_an_empty_id_is_not_every_order(api: httpx.Client, empty: str) -> None:
    submit(api, order_body())
    assert_error(api.get(f"/v1/orders?node_order_id={empty}"), 400, "INVALID_PARAMS")
    for method in ("GET", "DELETE"):
        assert_error(api.request(method, f"/v1/orders/{empty}"), 404, "NOT_FOUND")
        assert_error(api.request(method, f"/v1/execution_graphs/{empty}"), 404, "NOT_FOUND")


@pytest.mark.parametrize("unknown", ["graph:graph_x:order:1", "x", "graph", "..%2F..%2Faccount"])
def test_unknown_orders_and_graphs(api: httpx.Client, unknown: str) -> None:
    assert api.get(f"/v1/orders?node_order_id={unknown}").json()["orders"] == []
    for method in ("GET", "DELETE"):
        assert_error(api.request(method, f"/v1/orders/{unknown}"), 404, "NOT_FOUND")
        assert_error(api.request(method, f"/v1/execution_graphs/{unknown}"), 404, "NOT_FOUND")


def test_the_published_clients_broken_cancel_cancels_nothing(api: httpx.Client) -> None:
    graph_id = submit(api, order_body(limit_1e9=_FAR_BELOW))
    assert_error(api.delete("/v1/execution_graphs/graph"), 404, "NOT_FOUND")
    assert api.get(f"/v1/execution_graphs/{graph_id}").json()["status"] in ("pending", "active")


@pytest.mark.parametrize("path", ["/v1/execution_graphs/{graph}", "/v1/orders/graph:{graph}:order:1"])
def test_cancel(api: httpx.Client, path: str) -> None:
    graph_id = submit(api, order_body(limit_1e9=_FAR_BELOW))
    answer = api.request("DELETE", path.format(graph=graph_id), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert api.get(f"/v1/orders/{order_id(graph_id)}").json()["status"] == "CANCELLED"


def test_others_cannot_see_or_cancel(sandbox: Sandbox, api: httpx.Client) -> None:
    graph_id = submit(api, order_body(limit_1e9=_FAR_BELOW))
    with connect(sandbox) as stranger:
        assert stranger.get("/v1/orders").json()["total"] == 0
        assert_error(stranger.get(f"/v1/execution_graphs/{graph_id}"), 404, "NOT_FOUND")
        assert_error(stranger.delete(f"/v1/execution_graphs/{graph_id}"), 404, "NOT_FOUND")
        assert_error(stranger.delete(f"/v1/orders/{order_id(graph_id)}"), 404, "NOT_FOUND")


def test_graph_status(fresh: tuple[Sandbox, httpx.Client]) -> None:
    _, api = fresh
    graph = api.get(f"/v1/execution_graphs/{submit(api, order_body())}").json()
    assert graph.keys() >= {"graph_id", "client_id", "status", "nodes", "edges"}
    assert graph["status"] == "completed"
    node = graph["nodes"]["order"]
    assert (node["status"], node["filled_qty_1e8"], node["avg_fill_price_1e9"]) == ("filled", 1_000_000, 90_010 * 10**9)


@pytest.mark.parametrize(("path", "key"), [("/v1/orders", "orders"), ("/v1/fills", "fills")])
def test_pages_are_newest_first_and_complete(fresh: tuple[Sandbox, httpx.Client], path: str, key: str) -> None:
    sandbox, api = fresh
    made: list[str] = []
    for number in range(7):
        made.append(order_id(submit(api, order_body(qty_1e8=1_000_000 + number))))
        sandbox.advance(seconds=1)
    seen: list[str] = []
    while True:
        page = api.get(path, params={"limit": 3, "offset": len(seen)}).json()
        assert (page["total"], page["limit"], page["offset"]) == (7, 3, len(seen))
        seen += [row["node_order_id"] for row in page[key]]
        if not page["has_more"]:
            break
    assert seen == made[::-1]
    assert api.get(path, params={"symbol": "ETH-USD"}).json()[key] == []
    assert len(api.get(path, params={"symbol": "btc-usd"}).json()[key]) == 7


def test_pages_have_a_default_and_a_largest_size(api: httpx.Client) -> None:
    assert api.get("/v1/orders").json()["limit"] == 50
    for path in ("/v1/orders", "/v1/fills"):
        assert api.get(f"{path}?limit=501").json()["limit"] == 500


def test_a_fill_says_what_it_cost(fresh: tuple[Sandbox, httpx.Client]) -> None:
    _, api = fresh
    graph_id = submit(api, order_body())
    (fill,) = api.get("/v1/fills").json()["fills"]
    assert fill.keys() >= {"fill_id", "node_order_id", "symbol", "side", "qty_1e8", "price_1e9", "venue", "fee_1e9"}
    assert (fill["node_order_id"], fill["side"], fill["venue"]) == (order_id(graph_id), "BUY", "kraken")
    assert (fill["qty_1e8"], fill["price_1e9"]) == (1_000_000, 90_010 * 10**9)
    assert isinstance(fill["timestamp_ns"], int)
    assert fill["fee_1e9"] > 0


def test_positions_on_both_paths(api: httpx.Client) -> None:
    submit(api, order_body())
    answer = api.get("/v1/positions").json()
    assert api.get("/v1/positions/unified").json() == answer
    assert answer.keys() >= {"positions", "totals", "as_of_ns"}
    assert answer["totals"]["num_positions"] == len(answer["positions"])


def test_positions_are_filtered(api: httpx.Client) -> None:
    def rows(**query: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = api.get("/v1/positions", params=query).json()["positions"]
        return found

    assert {row["venue"] for row in rows(venues="kraken,okx")} == {"kraken", "okx"}
    assert "%2C" in str(api.build_request("GET", "/v1/positions", params={"venues": "kraken,okx"}).url)
    assert {row["instrument"]["kind"] for row in rows(kinds="fiat")} == {"fiat"}
    assert rows(kinds="perp") == []
    assert rows(include_closed="true") == rows(include_closed="false") == rows()


class TestCredentials:
    """Storing, listing and forgetting venue credentials."""

    @pytest.mark.parametrize("method", ["POST", "PUT"])
    def test_stored_by_either_verb_again_and_again(self, api: httpx.Client, method: str) -> None:
        for _ in range(2):
            answer = api.request(method, "/v1/credentials/kraken", json={"api_key": "k", "api_secret": "s"})
            assert (answer.status_code, answer.json()) == (200, {"venue": "kraken", "connected": True})
        (row,) = api.get("/v1/credentials").json()
        assert (row["venue"], row["connected"]) == ("kraken", True)

    def test_forgotten(self, api: httpx.Client) -> None:
        api.post("/v1/credentials/kraken", json={"api_key": "k", "api_secret": "s"})
        answer = api.delete("/v1/credentials/kraken")
        assert (answer.status_code, answer.content) == (204, b"")
        assert api.get("/v1/credentials").json() == []
        assert_error(api.delete("/v1/credentials/kraken"), 404, "NOT_FOUND")

    @pytest.mark.parametrize(
        ("venue", "body"),
        [
            ("okx", {"api_key": "k", "api_secret": "s", "passphrase": "p"}),
            ("bitget", {"api_key": "k", "api_secret": "s", "passphrase": None}),
            ("kalshi", {"api_key": "k", "api_secret": "-----BEGIN RSA PRIVATE KEY-----\nx"}),
            ("polymarket", {"api_key": "", "api_secret": "", "extra_json": {"signer_private_key": "0x1"}}),
            ("hyperliquid", {"api_key": "0xa", "api_secret": "0xb", "passphrase": "0xc"}),
            ("coinbase", {"api_key": "k", "api_secret": "s", "extra_json": [1, "any"]}),
        ],
    )
    def test_every_documented_form(self, api: httpx.Client, venue: str, body: dict[str, object]) -> None:
        assert api.post(f"/v1/credentials/{venue}", json=body).status_code == 200

    @pytest.mark.parametrize(
        ("venue", "body", "field"),
        [
            ("kraken", {"api_secret": "s"}, "api_key"),
            ("kraken", {"api_key": "k"}, "api_secret"),
            ("kraken", {"api_key": "", "api_secret": "s"}, "api_key"),
            ("kraken", {"api_key": 1, "api_secret": "s"}, "api_key"),
            ("okx", {"api_key": "k", "api_secret": "s", "passphrase": 5}, "passphrase"),
            ("kalshi", {"api_key": "k", "api_secret": "no pem"}, "api_secret"),
            ("polymarket", {"api_key": "", "api_secret": ""}, "extra_json.signer_private_key"),
            ("polymarket", {"api_key": "", "api_secret": "", "extra_json": "x"}, "extra_json.signer_private_key"),
            ("kraken", {"api_key": "k", "api_secret": "s", "secret": "s"}, "secret"),
        ],
    )
    def test_a_bad_field_is_named(self, api: httpx.Client, venue: str, body: dict[str, object], field: str) -> None:
        error = assert_error(api.post(f"/v1/credentials/{venue}", json=body), 422, "VALIDATION_ERROR")
        details: Any = error["details"]
        assert [problem["field"] for problem in details] == [field]
        assert api.get("/v1/credentials").json() == []

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
    def test_an_unknown_venue(self, api: httpx.Client, method: str) -> None:
        body = {"api_key": "k", "api_secret": "s"}
        assert_error(api.request(method, "/v1/credentials/nasdaq", json=body), 400, "INVALID_PARAMS")


class TestAdministration:
    """The documented /v1/sandbox endpoints."""

    _PATHS = (("GET", "settings"), ("PUT", "settings"), ("POST", "positions"), ("POST", "reset"))

    @pytest.mark.parametrize(("method", "name"), _PATHS)
    def test_a_live_key_is_forbidden(self, sandbox: Sandbox, method: str, name: str) -> None:
        with connect(sandbox, "seq_live_" + "c" * 64) as live:
            assert_error(live.request(method, f"/v1/sandbox/{name}", json={}), 403, "FORBIDDEN")

    def test_positions_are_written(self, api: httpx.Client) -> None:
        row = {"venue": "kraken", "kind": "crypto", "symbol": "BTC", "qty": 1.5, "entry_price_usd": 80000}
        answer = api.post("/v1/sandbox/positions", json={"positions": [row], "replace": True}).json()
        assert answer["written"] == 1
        assert answer["deleted"] > 0
        (position,) = api.get("/v1/positions").json()["positions"]
        assert (position["venue"], position["qty_1e8"]) == ("kraken", 150_000_000)
        assert position["entry_price_usd_1e9"] == 80_000 * 10**9

    def test_reset_takes_no_body_and_seeds_the_defaults_again(self, api: httpx.Client) -> None:
        before = api.get("/v1/positions").json()["totals"]["cash_usd_1e9"]
        submit(api, order_body())
        answer = api.post("/v1/sandbox/reset", headers={"Content-Type": "application/json"})
        assert answer.json().keys() == {"deleted", "seeded"}
        assert api.get("/v1/positions").json()["totals"]["cash_usd_1e9"] == before

    def test_settings_are_kept(self, api: httpx.Client) -> None:
        settings = api.get("/v1/sandbox/settings").json()
        assert "default_balances" in settings
        changed = {"default_balances": [{"venue": "kraken", "asset": "USD", "qty": 5}]}
        assert api.put("/v1/sandbox/settings", json=changed).status_code == 200
        api.post("/v1/sandbox/reset")
        (row,) = api.get("/v1/positions").json()["positions"]
        assert (row["venue"], row["qty_1e8"]) == ("kraken", 500_000_000)


def test_edges_and_profile(api: httpx.Client) -> None:
    edges = api.get("/v1/edges").json()["edges"]
    assert len({edge["edge_id"] for edge in edges}) == len(edges)
    assert len({edge["venue"] for edge in edges}) == 12
    assert all(edge["status"] == "connected" for edge in edges)
    assert api.get("/v1/account").json().keys() >= {"client_id", "tier", "rate_limit_qps", "features"}
    limits = api.get("/v1/risk_limits").json()
    assert limits.keys() >= {"max_notional_usd", "max_drawdown_usd", "kill_switch_active"}


def test_health_says_what_is_not_modelled(api: httpx.Client) -> None:
    health = api.get("/v1/health").json()
    assert health["status"] == "ok"
    assert health["not_modelled"]
