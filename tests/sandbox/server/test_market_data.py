"""Quotes and symbols over HTTP: what is shown is exactly the books, best first, within the depth asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sequence_markets.sandbox import Sandbox
from tests.sandbox.server.http import assert_error, connect

_FED = "fed-decision-in-october"


@pytest.fixture
def fresh() -> Iterator[tuple[Sandbox, httpx.Client]]:
    with Sandbox(seed=3) as running, connect(running) as client:
        yield running, client


def test_a_scripted_quote_is_exact(fresh: tuple[Sandbox, httpx.Client]) -> None:
    sandbox, api = fresh
    sandbox.set_book("BTC-USD", "kraken", bids=[("90000", "1.5"), ("89990.25", 2)], asks=[("90010", "0.3")])
    sandbox.set_book("BTC-USD", "coinbase", bids=[("89995", "0.1")], asks=[("90005.5", "0.00000001"), ("90010", 7)])
    sandbox.advance(milliseconds=38)
    quote = api.get("/v1/quotes/BTC-USD").json()
    assert quote["symbol"] == "BTC-USD"
    assert quote["source"] == "edge_nbbo"
    assert quote["nbbo"] == {"bid": 90000.0, "ask": 90005.5, "mid": 90002.75, "spread_bps": 0.6111}
    assert quote["venues"] == {
        "coinbase": {
            "bid": 89995.0,
            "ask": 90005.5,
            "bid_size": 0.1,
            "ask_size": 1e-08,
            "age_ms": 38,
            "origin": "scripted",
        },
        "kraken": {
            "bid": 90000.0,
            "ask": 90010.0,
            "bid_size": 1.5,
            "ask_size": 0.3,
            "age_ms": 38,
            "origin": "scripted",
        },
    }
    assert quote["book"]["bids"] == [
        {"price": 90000.0, "size": 1.5, "venue": "kraken"},
        {"price": 89995.0, "size": 0.1, "venue": "coinbase"},
        {"price": 89990.25, "size": 2.0, "venue": "kraken"},
    ]
    assert [(row["price"], row["venue"]) for row in quote["book"]["asks"]] == [
        (90005.5, "coinbase"),
        (90010.0, "coinbase"),
        (90010.0, "kraken"),
    ]


def test_one_sided_and_crossed_books_have_no_middle(fresh: tuple[Sandbox, httpx.Client]) -> None:
    sandbox, api = fresh
    sandbox.set_book("BTC-USD", "kraken", bids=[(90000, 1)])
    assert api.get("/v1/quotes/BTC-USD").json()["nbbo"] == {"bid": 90000.0, "ask": 0.0, "mid": 0.0, "spread_bps": 0.0}
    sandbox.set_book("BTC-USD", "coinbase", asks=[(89999, 1)])
    crossed = api.get("/v1/quotes/BTC-USD").json()["nbbo"]
    assert crossed == {"bid": 90000.0, "ask": 89999.0, "mid": 0.0, "spread_bps": 0.0}


@pytest.mark.parametrize(
    ("depth", "levels"), [("", 10), ("depth=3", 3), ("depth=0", 1), ("depth=-5", 1), ("depth=1", 1)]
)
def test_depth_is_clamped(api: httpx.Client, depth: str, levels: int) -> None:
    book = api.get(f"/v1/quotes/BTC-USD?{depth}").json()["book"]
    assert (len(book["bids"]), len(book["asks"])) == (levels, levels)


def test_depth_has_an_upper_end(api: httpx.Client) -> None:
    deepest = api.get("/v1/quotes/BTC-USD?depth=100").json()["book"]
    assert len(deepest["bids"]) <= 100
    assert api.get("/v1/quotes/BTC-USD?depth=5000").json()["book"] == deepest


def test_books_are_merged_best_first(api: httpx.Client) -> None:
    for symbol in ("BTC-USD", "ETH-USD-PERP", "KXBTCZ-26DEC31-T99000"):
        api.get(f"/v1/quotes/{symbol}")
        quote = api.get(f"/v1/quotes/{symbol}?depth=100").json()
        bids, asks = ([row["price"] for row in quote["book"][side]] for side in ("bids", "asks"))
        assert bids == sorted(bids, reverse=True)
        assert asks == sorted(asks)
        assert bids[0] == quote["nbbo"]["bid"] == max(venue["bid"] for venue in quote["venues"].values())
        assert asks[0] == quote["nbbo"]["ask"] == min(venue["ask"] for venue in quote["venues"].values())


@pytest.mark.parametrize(
    "name",
    [
        "ETH-USD-PERP",
        "eth-usd-perp",
        "ETH-PERP",
        "ETH%2FUSD",
        "KXBTCZ-26DEC31-T99000%3ANO",
        _FED,
        f"{_FED}%3Ano",
        f"https%3A%2F%2Fpolymarket.com%2Fevent%2F{_FED}",
    ],
)
def test_every_documented_name_of_a_symbol(api: httpx.Client, name: str) -> None:
    assert api.get(f"/v1/quotes/{name}").json()["nbbo"]["bid"] > 0


@pytest.mark.parametrize("name", ["nope", "XYZ-USD", "graph%3Ax", "%F0%9F%98%80", "..%2F..%2Faccount", "9" * 77])
def test_an_unknown_market_is_no_error(api: httpx.Client, name: str) -> None:
    quote = api.get(f"/v1/quotes/{name}").json()
    assert quote["source"] == "unavailable"
    assert quote["nbbo"] == {"bid": 0.0, "ask": 0.0, "mid": 0.0, "spread_bps": 0.0}
    assert (quote["venues"], quote["book"]) == ({}, {"bids": [], "asks": []})


def test_an_empty_symbol_is_an_error(api: httpx.Client) -> None:
    assert_error(api.get("/v1/quotes/%20"), 400, "INVALID_PARAMS")


def test_a_cold_prediction_market_comes_as_a_snapshot_first(fresh: tuple[Sandbox, httpx.Client]) -> None:
    sandbox, api = fresh
    assert [api.get(f"/v1/quotes/{_FED}").json()["source"] for _ in range(2)] == ["edge_rpc_snapshot", "edge_nbbo"]
    sandbox.reset()
    assert api.get(f"/v1/quotes/{_FED}").json()["source"] == "edge_rpc_snapshot"


def test_who_does_not_wait_gets_zeros_from_a_cold_market(fresh: tuple[Sandbox, httpx.Client]) -> None:
    _, api = fresh
    cold = api.get(f"/v1/quotes/{_FED}?nowait=true").json()
    assert (cold["source"], cold["nbbo"]["bid"]) == ("unavailable", 0.0)
    warm = api.get(f"/v1/quotes/{_FED}?nowait=true").json()
    assert warm["source"] == "edge_nbbo"
    assert warm["nbbo"]["bid"] > 0
    assert api.get("/v1/quotes/BTC-USD?nowait=true").json()["source"] == "edge_nbbo"


def test_what_was_taken_is_no_longer_shown(fresh: tuple[Sandbox, httpx.Client]) -> None:
    sandbox, api = fresh
    sandbox.set_book("BTC-USD", "kraken", bids=[(90000, 1)], asks=[(90010, "0.3"), (90020, 2)])
    assert api.post("/v1/orders", json={"symbol": "BTC-USD", "side": "buy", "qty": 0.5}).status_code == 200
    asks = api.get("/v1/quotes/BTC-USD").json()["book"]["asks"]
    assert asks == [{"price": 90020.0, "size": 1.8, "venue": "kraken"}]


class TestQuotes:
    """GET /v1/quotes."""

    def test_the_symbols_asked_for(self, api: httpx.Client) -> None:
        for name in ("symbols", "symbol"):
            rows = api.get("/v1/quotes", params={name: "ETH-USD,nope,BTC-USD"}).json()["quotes"]
            assert [row["symbol"] for row in rows] == ["ETH-USD", "BTC-USD"]
        assert rows[0].keys() >= {"symbol", "nbbo", "venues", "source"}

    @pytest.mark.parametrize("query", ["", "?symbols=", "?symbols=%2C"])
    def test_without_symbols_all_that_are_followed(self, api: httpx.Client, query: str) -> None:
        symbols = {row["symbol"] for row in api.get(f"/v1/quotes{query}").json()["quotes"]}
        assert {"BTC-USD", "ETH-USD-PERP"} <= symbols

    def test_stale_symbols_are_left_out(self, fresh: tuple[Sandbox, httpx.Client]) -> None:
        sandbox, api = fresh
        sandbox.set_book("BTC-USD", "kraken", bids=[(90000, 1)], asks=[(90010, 1)])

        def shown(query: str = "") -> bool:
            return bool(api.get(f"/v1/quotes?symbols=BTC-USD{query}").json()["quotes"])

        assert shown()
        assert not shown("&max_age_s=0")
        sandbox.advance(seconds=299)
        assert shown()
        sandbox.advance(seconds=1)
        assert not shown()
        assert shown("&max_age_s=86400")


class TestBatch:
    """POST /v1/quotes_batch."""

    def test_a_bad_symbol_spoils_nothing(self, api: httpx.Client) -> None:
        body = {"symbols": ["BTC-USD", "bad", "ETH-USD", "BTC-USD"], "depth": 2}
        answer = api.post("/v1/quotes_batch", json=body).json()
        assert [row["symbol"] for row in answer["quotes"]] == body["symbols"]
        assert answer["quotes"][1] == {"symbol": "bad", "error": "resolver: unknown symbol"}
        assert answer["count"] == 4
        assert isinstance(answer["elapsed_ms"], int)
        assert len(answer["quotes"][0]["book"]["bids"]) == 2

    def test_cold_markets_come_as_snapshots(self, fresh: tuple[Sandbox, httpx.Client]) -> None:
        _, api = fresh
        rows = api.post("/v1/quotes_batch", json={"symbols": [_FED, _FED]}).json()["quotes"]
        assert [row["source"] for row in rows] == ["edge_rpc_snapshot", "edge_nbbo"]
        assert rows[0]["nbbo"]["bid"] > 0

    def test_a_type_for_all(self, api: httpx.Client) -> None:
        body = {"symbols": ["BTC-USD", _FED], "instrument_type": "perp"}
        rows = api.post("/v1/quotes_batch", json=body).json()["quotes"]
        assert rows[0]["symbol"] == "BTC-USD-PERP"
        assert "error" in rows[1]

    def test_numbers_beyond_their_range_are_clamped(self, api: httpx.Client) -> None:
        body = {"symbols": ["BTC-USD"], "depth": 0, "concurrency": 100_000}
        assert len(api.post("/v1/quotes_batch", json=body).json()["quotes"][0]["book"]["bids"]) == 1

    def test_two_thousand_symbols_and_no_more(self, api: httpx.Client) -> None:
        answer = api.post("/v1/quotes_batch", json={"symbols": ["nope"] * 2000})
        assert answer.json()["count"] == 2000
        assert_error(api.post("/v1/quotes_batch", json={"symbols": ["nope"] * 2001}), 400, "INVALID_PARAMS")

    def test_no_symbols(self, api: httpx.Client) -> None:
        assert api.post("/v1/quotes_batch", json={"symbols": []}).json()["quotes"] == []

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "symbols"),
            ({"symbols": "BTC-USD"}, "symbols"),
            ({"symbols": ["a", 1]}, "symbols[1]"),
            ({"symbols": [], "depth": "3"}, "depth"),
            ({"symbols": [], "depth": True}, "depth"),
            ({"symbols": [], "nowait": 1}, "nowait"),
            ({"symbols": [], "instrument_type": "swap"}, "instrument_type"),
            ({"symbols": [], "dept": 3}, "dept"),
        ],
    )
    def test_a_bad_field_is_named(self, api: httpx.Client, body: dict[str, Any], field: str) -> None:
        error = assert_error(api.post("/v1/quotes_batch", json=body), 422, "VALIDATION_ERROR")
        details: Any = error["details"]
        assert [problem["field"] for problem in details] == [field]


def test_symbols(api: httpx.Client) -> None:
    rows = {row["symbol"]: row for row in api.get("/v1/symbols").json()}
    assert rows["BTC-USD"].keys() >= {"symbol", "base", "quote", "venues", "type"}
    assert {row["type"] for row in rows.values()} == {"spot", "perp", "prediction"}
    assert "kraken" in rows["BTC-USD"]["venues"]


def test_a_scripted_symbol_is_listed_with_its_scripted_venues(fresh: tuple[Sandbox, httpx.Client]) -> None:
    sandbox, api = fresh
    sandbox.set_book("XYZ-USD", "okx", bids=[(1, 1)], asks=[(2, 1)])
    row = next(row for row in api.get("/v1/symbols").json() if row["symbol"] == "XYZ-USD")
    assert (row["base"], row["quote"], row["venues"], row["type"]) == ("XYZ", "USD", ["okx"], "spot")
