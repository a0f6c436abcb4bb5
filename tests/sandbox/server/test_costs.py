"""Fees, previews and histories at the edge: what is malformed is named, and nothing is guessed."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import httpx
import pytest

from sequence_markets.sandbox import Sandbox
from tests.sandbox.server.http import connect


@pytest.fixture(scope="module")
def api() -> Iterator[httpx.Client]:
    with Sandbox(seed=7) as running, connect(running) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "status", "code", "words"),
    [
        ("/v1/fees", 400, "INVALID_PARAMS", "ticker: is required"),
        ("/v1/fees?ticker=", 400, "INVALID_PARAMS", "ticker: must not be empty"),
        ("/v1/fees?ticker=BTC-USD&venues=kraken,mtgox", 400, "INVALID_PARAMS", "unknown 'mtgox'"),
        ("/v1/fees?ticker=btc-updown-5m-1893456000", 404, "NOT_FOUND", "is not known"),
        ("/v1/price_history/BTC-USD?range=1s", 400, "INVALID_PARAMS", "range: unknown '1s'"),
        ("/v1/price_history/BTC-USD?fidelity_secs=-1", 400, "INVALID_PARAMS", "fidelity_secs: must be at least 0"),
        ("/v1/price_history/BTC-USD?fidelity_secs=1.5", 400, "INVALID_PARAMS", "fidelity_secs: must be a whole number"),
        ("/v1/price_history/BTC-USD?fidelity_secs=0&limit=0", 400, "INVALID_PARAMS", "limit: must be at least 1"),
        ("/v1/price_history/BTC-USD?start_ts=5", 400, "INVALID_PARAMS", "give both start_ts and end_ts"),
        ("/v1/price_history/BTC-USD?start_ts=5&end_ts=x", 400, "INVALID_PARAMS", "end_ts: must be a whole number"),
        ("/v1/price_history/BTC-USD?start_ts=9&end_ts=5", 400, "INVALID_PARAMS", "must be before end_ts"),
        ("/v1/price_history/BTC-USD?venue=mtgox", 400, "INVALID_PARAMS", "venue: unknown venue 'mtgox'"),
        ("/v1/price_history/BTC-USD?underlying=1", 400, "INVALID_PARAMS", "underlying: must be true or false"),
        ("/v1/price_history/BTC-USD?range=1w", 400, "INVALID_PARAMS", "venue: is required further back"),
        ("/v1/price_history/nope", 404, "NOT_FOUND", "symbol 'nope' is not known"),
    ],
)
def test_a_malformed_question_is_named(api: httpx.Client, path: str, status: int, code: str, words: str) -> None:
    answer = api.get(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert words in answer.json()["error"]["message"]


GOOD: dict[str, object] = {"symbol": "BTC-USD", "side": "buy", "order_type": "market", "qty": 1}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"symbol": None}, "symbol"),
        ({"symbol": ["BTC-USD"]}, "symbol"),
        ({"symbol": " "}, "symbol"),
        ({"symbol": "nope"}, "symbol"),
        ({"side": None}, "side"),
        ({"side": "BUY"}, "side"),
        ({"side": ["buy"]}, "side"),
        ({"order_type": "stop"}, "order_type"),
        ({"order_type": {"limit": {}}}, "order_type"),
        ({"qty": None}, "qty"),
        ({"qty": "1"}, "qty"),
        ({"qty": True}, "qty"),
        ({"qty": 0}, "qty"),
        ({"qty": -1}, "qty"),
        ({"qty": 1e-9}, "qty"),
        ({"qty": 1e300}, "qty"),
        ({"limit_price": 5}, "limit_price"),
    ],
)
def test_a_wrong_field_of_a_preview_is_named(api: httpx.Client, change: dict[str, object], field: str) -> None:
    answer = api.post("/v1/orders/preview", json={**GOOD, **change})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "VALIDATION_ERROR")
    assert [detail["field"] for detail in answer.json()["error"]["details"]] == [field]


def test_every_fault_of_a_preview_is_reported_at_once(api: httpx.Client) -> None:
    answer = api.post("/v1/orders/preview", json={})
    assert {detail["field"] for detail in answer.json()["error"]["details"]} == {"symbol", "side", "qty"}


def test_a_preview_and_an_order_of_that_name_do_not_meet(api: httpx.Client) -> None:
    assert api.post("/v1/orders/preview", json=GOOD).status_code == 200
    assert api.get("/v1/orders/preview").status_code == 405


def test_paths_carry_any_name_of_a_symbol(api: httpx.Client) -> None:
    names = ("BTC%2FUSD", "btc-usd", "BTC-USD", "KXRAIN-26NOV27-OSL%3ANO", "rain-in-oslo-friday%3Ayes")
    symbols = [api.get(f"/v1/price_history/{name}?range=1h").json()["symbol"] for name in names]
    assert symbols[:3] == ["BTC-USD"] * 3
    assert symbols[3] == "KXRAIN-26NOV27-OSL:NO"
    url = "https%3A%2F%2Fpolymarket.com%2Fevent%2Frain-in-oslo-friday"
    assert api.get(f"/v1/price_history/{url}?range=1h").json()["symbol"] == symbols[4]
    assert api.get(f"/v1/fees?ticker={url}").json()["fees"][0]["venue"] == "polymarket"


def test_a_long_history_lets_others_get_a_word_in() -> None:
    long = "/v1/price_history/ETH-USD-PERP?range=1y&fidelity_secs=3600&venue=okx"
    answered: list[str] = []
    with Sandbox(seed=7) as running, connect(running) as slow, connect(running) as quick:
        quick.get("/v1/quotes/BTC-USD")

        def read() -> None:
            answered.append(f"history of {len(slow.get(long).json()['points'])}")

        reader = threading.Thread(target=read)
        reader.start()
        while reader.is_alive():
            assert quick.get("/v1/quotes/BTC-USD").status_code == 200
            answered.append("quote")
        reader.join()
    assert answered.count("quote") > 5
    assert answered.index("history of 8760") > 5
