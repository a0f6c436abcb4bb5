"""Deciding prediction markets from outside: the embedded sandbox and the control plane."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sequence_markets.sandbox import Sandbox
from tests.sandbox.server.http import NO_TLS, assert_error, connect

TICKER = "KXRAIN-26NOV27-OSL"


@pytest.fixture
def fresh() -> Iterator[tuple[Sandbox, httpx.Client]]:
    with Sandbox(seed=7) as sandbox, connect(sandbox) as api:
        yield sandbox, api


def decide(sandbox: Sandbox, **body: object) -> httpx.Response:
    return httpx.post(f"{sandbox.url}/_sandbox/resolve", json=body, trust_env=False, verify=NO_TLS)


def test_a_market_is_decided_over_http(fresh: tuple[Sandbox, httpx.Client]) -> None:
    sandbox, api = fresh
    row = {"venue": "kalshi", "kind": "event_contract", "symbol": TICKER, "qty": 5}
    api.post("/v1/sandbox/positions", json={"positions": [row]})
    answer = decide(sandbox, slug=TICKER, outcome="Yes").json()
    assert answer == {"ok": True, "now_ns": sandbox.now_ns, "resolved": [TICKER]}
    (shown,) = api.get("/v1/positions", params={"kinds": "event_contract"}).json()["positions"]
    assert (shown["lifecycle"]["state"], shown["settled_mark_usd_1e9"]) == ("resolved", 10**9)
    sandbox.advance(seconds=60)
    assert api.get("/v1/positions", params={"kinds": "event_contract"}).json()["positions"] == []
    query = {"kinds": "event_contract", "include_closed": "true"}
    (shown,) = api.get("/v1/positions/unified", params=query).json()["positions"]
    assert (shown["lifecycle"]["state"], shown["qty_1e8"]) == ("redeemed", 0)
    order = {"symbol": TICKER, "side": "buy", "qty": 1}
    graph = api.post("/v1/orders", json=order).json()["graph_id"]
    found = api.get(f"/v1/orders/graph:{graph}:order:1").json()
    assert (found["status"], found["failure_reason"]) == ("REJECTED", "MARKET_CLOSED")
    sandbox.check_invariants()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "slug"),
        ({"slug": TICKER}, "outcome"),
        ({"slug": "nope", "outcome": "Yes"}, "slug"),
        ({"slug": TICKER, "outcome": "Perhaps"}, "outcome"),
        ({"slug": TICKER, "outcome": ""}, "outcome"),
        ({"slug": TICKER, "outcome": "Yes", "when": "now"}, "when"),
    ],
)
def test_impossible_outcomes_are_refused(sandbox: Sandbox, body: dict[str, object], field: str) -> None:
    details: Any = assert_error(decide(sandbox, **body), 422, "VALIDATION_ERROR")["details"]
    assert details[0]["field"] == field


def test_an_outcome_is_final(fresh: tuple[Sandbox, httpx.Client]) -> None:
    sandbox, _ = fresh
    assert sandbox.resolve(TICKER, "no") == (TICKER,)
    details: Any = assert_error(decide(sandbox, slug=TICKER, outcome="Yes"), 422, "VALIDATION_ERROR")["details"]
    assert details[0] == {"field": "slug", "message": f"slug: '{TICKER}' is resolved already"}
    with pytest.raises(ValueError, match="resolved already"):
        sandbox.resolve(TICKER, "Yes")
    with pytest.raises(TypeError, match="outcome must be a str"):
        sandbox.resolve(TICKER, True)  # type: ignore[arg-type]
    sandbox.reset()
    assert sandbox.resolve(TICKER, "Yes") == (TICKER,)
