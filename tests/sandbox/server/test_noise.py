"""Whatever a client sends, the answer is a known status with the error envelope, and the exchange stays sound."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any
from urllib.parse import quote

import httpx
from hypothesis import HealthCheck, given, settings, strategies as st

from sequence_markets.sandbox import Sandbox
from tests.sandbox.server.http import Json, connect, order_body

_PATHS = [
    *("/v1/orders", "/v1/orders/{}", "/v1/execution_graphs/{}", "/v1/fills", "/v1/positions", "/v1/quotes", "/v1/{}"),
    *("/v1/quotes/{}", "/v1/quotes_batch", "/v1/credentials", "/v1/credentials/{}", "/v1/sandbox/positions"),
    *("/v1/sandbox/settings", "/v1/sandbox/reset", "/_sandbox/book", "/_sandbox/price", "/_sandbox/trade"),
    *("/_sandbox/clock", "/_sandbox/journal", "/_sandbox/{}"),
]
_FIELDS = [
    *(
        "symbol",
        "side",
        "qty",
        "notional",
        "price",
        "venue",
        "nodes",
        "edges",
        "graph_id",
        "symbols",
        "depth",
        "positions",
    ),
    *("api_key", "api_secret", "bids", "asks", "default_balances", "fees", "replace"),
    *("risk", "metadata", "mode", "positions"),
]
_word = st.sampled_from(
    ["BTC-USD", "buy", "sell", "kraken", "market", "order", "", "x", "1", "nan", "\x00", "\ud800", "é"]
)
_leaf = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | _word
)
_json = st.recursive(
    _leaf,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_FIELDS) | _word, inner, max_size=4),
    max_leaves=12,
)
_query = st.dictionaries(
    st.sampled_from(["limit", "offset", "symbol", "symbols", "depth", "nowait", "venues", "kinds", "since"]),
    st.sampled_from(["", "1", "-1", "x", "BTC-USD", "true", "kraken", "fiat", "9" * 25, "\x00", "é"]),
    max_size=3,
)
_quietly = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def _check(answer: httpx.Response) -> None:
    assert answer.status_code in (200, 204, 400, 403, 404, 405, 409, 422), answer.text
    if answer.status_code >= 400:
        error = answer.json()["error"]
        assert error["request_id"] == answer.headers["x-request-id"]
        assert isinstance(error["message"], str)


@_quietly
@given(
    st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH"]),
    st.sampled_from(_PATHS),
    st.text(st.characters(codec="utf-8"), max_size=12),
    _query,
    _json,
)
def test_random_requests(
    sandbox: Sandbox, api: httpx.Client, method: str, path: str, part: str, query: dict[str, str], body: object
) -> None:
    content = None if method in ("GET", "DELETE") else json.dumps(body)
    address = path.format(quote(part, safe=""))
    _check(api.request(method, address, params=query, content=content, headers={"Content-Type": "application/json"}))


_PLACES: list[tuple[str | int, ...]] = [
    *(("nodes",), ("edges",), ("is_sandbox",), ("graph_id",), ("risk",), ("metadata",), ("nodes", 0), ("extra",)),
    *(("nodes", 0, field) for field in ("node_id", "instrument", "side", "order_type", "quantity", "execution")),
    *(("nodes", 0, "activation"), ("nodes", 0, "extra"), ("nodes", 0, "quantity", "fixed")),
    *(("nodes", 0, "instrument", field) for field in ("symbol", "type", "venue")),
    *(("nodes", 0, "order_type", "limit", "price_1e9"), ("nodes", 0, "quantity", "fixed", "qty_1e8")),
    *(
        ("nodes", 0, "execution", field)
        for field in ("policy", "urgency", "tif", "max_slippage_bps", "horizon_ms", "pacing", "extra")
    ),
]


def _put(body: Json, place: tuple[str | int, ...], value: object) -> None:
    inner: Any = body
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value


@_quietly
@given(st.sampled_from(_PLACES), _json)
def test_an_order_with_one_part_replaced(
    sandbox: Sandbox, api: httpx.Client, place: tuple[str | int, ...], value: object
) -> None:
    body = deepcopy(order_body(limit_1e9=50_000 * 10**9))
    _put(body, place, value)
    _check(api.post("/v1/orders", content=json.dumps(body), headers={"Content-Type": "application/json"}))


def test_the_exchange_is_sound_afterwards(sandbox: Sandbox) -> None:
    sandbox.check_invariants()
    with connect(sandbox) as api:
        assert api.post("/v1/orders", json=order_body()).status_code == 200
