"""The control plane: the sandbox's controls for any program on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sequence_markets.sandbox import InvariantError, Sandbox
from tests.sandbox.server.http import NO_TLS, assert_error, connect, order_body

_RESTING = order_body(limit_1e9=100 * 10**9)


@pytest.fixture
def running() -> Iterator[Sandbox]:
    with Sandbox(seed=5) as sandbox:
        yield sandbox


@pytest.fixture
def control(running: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{running.url}/_sandbox", trust_env=False, verify=NO_TLS) as client:
        yield client


@pytest.mark.parametrize("path", ["", "/"])
def test_the_status_page_says_what_this_is(running: Sandbox, path: str) -> None:
    status = httpx.get(f"{running.url}/_sandbox{path}", trust_env=False, verify=NO_TLS).json()
    assert (status["seed"], status["clock"]["mode"]) == (5, "manual")
    assert status["clock"]["now"] == "2026-01-05T00:00:00Z"
    assert status["not_modelled"]
    assert "synthetic" in json.dumps(status["market"])
    assert status["version"]


def test_a_manual_clock_stands_until_it_is_advanced(control: httpx.Client) -> None:
    start = control.get("/clock").json()["now_ns"]
    assert control.get("/clock").json()["now_ns"] == start
    expected = start
    for body, step in (
        ({"seconds": 1.5}, 1_500_000_000),
        ({"seconds": "0.000000001"}, 1),
        ({"milliseconds": 20}, 20_000_000),
        ({"ns": 7}, 7),
        ({"seconds": 0}, 0),
    ):
        answer = control.post("/clock/advance", json=body).json()
        assert answer["from_ns"] == expected
        expected += step
        assert (answer["to_ns"], answer["clock"]["now_ns"]) == (expected, expected)
    answer = control.post("/clock/advance", json={"to": "2026-01-05T01:00:00Z"}).json()
    assert answer["clock"]["now"] == "2026-01-05T01:00:00Z"


@pytest.mark.parametrize(
    "body",
    [
        *({}, {"seconds": -1}, {"seconds": "x"}, {"seconds": 1, "ns": 1}, {"ns": 1.5}, {"ns": True}, {"seconds": True}),
        *({"to": "2020-01-01T00:00:00Z"}, {"to": "2027-01-01T00:00:00"}, {"to": "soon"}, {"to": 5}, {"ns": 2**63 - 1}),
        *({"milliseconds": "0.0000001"}, {"seconds": [1]}, {"minutes": 1}),
    ],
)
def test_a_bad_advance_moves_nothing(control: httpx.Client, body: dict[str, object]) -> None:
    before = control.get("/clock").json()
    assert_error(control.post("/clock/advance", json=body), 422, "VALIDATION_ERROR")
    assert control.get("/clock").json() == before


def test_an_advance_says_what_was_journaled_on_the_way(running: Sandbox, control: httpx.Client) -> None:
    with connect(running) as api:
        body = order_body(limit_1e9=100 * 10**9)
        nodes: Any = body["nodes"]
        nodes[0]["execution"] = {"horizon_ms": 5000}
        assert api.post("/v1/orders", json=body).status_code == 200
        answer = control.post("/clock/advance", json={"seconds": 6}).json()
        journal = answer["journal"]
        assert journal["records"] > 0
        page = control.get("/journal", params={"since": journal["first"], "limit": journal["records"]}).json()
        assert len(page["records"]) == journal["records"]
        assert "CANCELLED" in json.dumps(page["records"])
        assert api.get("/v1/orders").json()["orders"][0]["status"] == "CANCELLED"


def test_the_clock_changes_its_mode(control: httpx.Client) -> None:
    changed = control.post("/clock", json={"mode": "paced", "speed": 1000}).json()
    assert (changed["mode"], changed["speed"]) == ("paced", 1000.0)
    assert_error(control.post("/clock/advance", json={"seconds": 1}), 409, "CONFLICT")
    stopped = control.post("/clock", json={"mode": "manual"}).json()
    assert stopped["now_ns"] >= changed["now_ns"]
    assert control.get("/clock").json() == stopped
    control.post("/clock/advance", json={"seconds": 1})


@pytest.mark.parametrize("body", [{}, {"mode": "fast"}, {"mode": 1}, {"mode": "paced", "speed": 0}, {"speed": 2}])
def test_a_bad_mode_changes_nothing(control: httpx.Client, body: dict[str, object]) -> None:
    assert_error(control.post("/clock", json=body), 422, "VALIDATION_ERROR")
    assert control.get("/clock").json()["mode"] == "manual"


def test_scripting_the_market(running: Sandbox, control: httpx.Client) -> None:
    book = {"symbol": "BTC-USD", "venue": "kraken", "bids": [["90000", "1.5"]], "asks": [[90010, 0.3], ["90020", 2]]}
    assert control.post("/book", json=book).status_code == 200
    trade = {"symbol": "BTC-USD", "venue": "kraken", "side": "sell", "price": 90000, "qty": "0.1"}
    assert control.post("/trade", json=trade).status_code == 200
    with connect(running) as api:
        nbbo = api.get("/v1/quotes/BTC-USD").json()["nbbo"]
        assert (nbbo["bid"], nbbo["ask"]) == (90000.0, 90010.0)
        assert control.post("/price", json={"symbol": "ETH-USD", "price": "3000"}).status_code == 200
        assert api.get("/v1/quotes/ETH-USD").json()["nbbo"]["mid"] == 3000.0


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/book", {"symbol": "BTC-USD", "venue": "nasdaq", "bids": [], "asks": []}),
        ("/book", {"symbol": "BTC-USD", "venue": "kraken", "bids": [["2", "1"]], "asks": [["1", "1"]]}),
        ("/book", {"symbol": "BTC-USD", "venue": "kraken", "bids": [["2"]]}),
        ("/book", {"symbol": "BTC-USD", "venue": "kraken", "bids": [["2", "x"]]}),
        ("/book", {"symbol": "BTC-USD", "venue": "kraken", "bids": [["1", "1"], [1.0, "1"]]}),
        ("/book", {"symbol": "", "venue": "kraken"}),
        ("/book", {"symbol": "what is this", "venue": "kraken", "bids": [["1", "1"]]}),
        ("/book", {"venue": "kraken"}),
        ("/price", {"symbol": "BTC-USD", "price": 0}),
        ("/price", {"symbol": "BTC-USD"}),
        ("/price", {"symbol": "BTC-USD", "price": 1, "venues": []}),
        ("/trade", {"symbol": "BTC-USD", "venue": "kraken", "side": "up", "price": 1, "qty": 1}),
        ("/trade", {"symbol": "BTC-USD", "venue": "kraken", "side": "buy", "price": 1, "qty": -1}),
        ("/seed", {}),
        ("/seed", {"seed": -1}),
        ("/seed", {"seed": "7"}),
    ],
)
def test_bad_scripts_change_nothing(
    running: Sandbox, control: httpx.Client, path: str, body: dict[str, object]
) -> None:
    before = running.journal_digest()
    error = assert_error(control.post(path, json=body), 422, "VALIDATION_ERROR")
    assert error["details"]
    assert running.journal_digest() == before


def test_reset_and_seed_begin_again(running: Sandbox, control: httpx.Client) -> None:
    genesis = control.get("/journal/digest").json()
    with connect(running) as api:
        api.post("/v1/orders", json=_RESTING)
        control.post("/clock/advance", json={"seconds": 9})
        assert control.get("/journal/digest").json() != genesis
        assert control.post("/reset").status_code == 200
        assert control.get("/journal/digest").json() == genesis
        assert api.get("/v1/orders").json()["total"] == 0
        bid = api.get("/v1/quotes/BTC-USD").json()["nbbo"]["bid"]
        assert control.post("/seed", json={"seed": 6}).status_code == 200
        assert control.get("/").json()["seed"] == 6
        assert api.get("/v1/quotes/BTC-USD").json()["nbbo"]["bid"] != bid


def test_the_journal_is_read_in_pages(running: Sandbox, control: httpx.Client) -> None:
    with connect(running) as api:
        for _ in range(3):
            api.post("/v1/orders", json=order_body())
    records: list[object] = []
    while True:
        page = control.get("/journal", params={"since": len(records), "limit": 2}).json()
        records += page["records"]
        assert page["next"] == len(records)
        if not page["has_more"]:
            break
    assert records == running.journal()
    assert control.get("/journal/digest").json() == {"digest": running.journal_digest(), "records": len(records)}
    assert control.get("/journal", params={"since": 10**6}).json()["records"] == []


def test_invariants_hold_or_are_named(control: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert control.get("/invariants").json() == {"ok": True}

    def broken(self: object) -> None:
        raise InvariantError("postings-balance", "USD is off by 1")

    monkeypatch.setattr("sequence_markets.sandbox.exchange.Exchange.check_invariants", broken)
    error = assert_error(control.get("/invariants"), 500, "INVARIANT_BROKEN")
    assert error["details"] == [{"field": "postings-balance", "message": "USD is off by 1"}]


def test_what_is_not_modelled(control: httpx.Client) -> None:
    assert len(control.get("/not-modelled").json()["not_modelled"]) > 5


@pytest.mark.parametrize("headers", [{"Origin": "https://example.org"}, {"Host": "rebound.example.org:50052"}])
def test_a_page_in_a_browser_is_kept_out(control: httpx.Client, headers: dict[str, str]) -> None:
    assert_error(control.get("/clock", headers=headers), 403, "FORBIDDEN")
    assert_error(control.post("/reset", headers=headers), 403, "FORBIDDEN")
