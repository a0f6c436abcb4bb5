"""The feeds over plain HTTP."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from sequence_markets.sandbox import Sandbox
from tests.sandbox.streams.peer import key


@contextmanager
def _listening(sandbox: Sandbox, feed: str, letter: str = "a") -> Generator[Iterator[str]]:
    headers = {"Authorization": f"Bearer {key(letter)}"}
    with httpx.stream("GET", f"{sandbox.url}/v1/{feed}/stream", headers=headers, timeout=10) as answer:
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/event-stream"
        lines = answer.iter_lines()
        assert next(lines) == ": ka"
        yield lines


def _event(lines: Iterator[str]) -> tuple[str, dict[str, Any]]:
    kind = next(line for line in lines if line.startswith("event: "))
    data = next(lines)
    assert data.startswith("data: ")
    return kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def test_the_kill_switch_is_a_change_of_risk(sandbox: Sandbox) -> None:
    client = sandbox.client(api_key=key())
    with _listening(sandbox, "risk") as lines:
        sandbox.client(api_key=key("b")).kill_switch_engage("other")
        client.kill_switch_engage("lunch")
        kind, data = _event(lines)
        assert kind == "risk"
        assert (data["event"], data["reason"], data["kill_switch_active"]) == ("kill_switch", "lunch", True)
        client.kill_switch_clear()
        assert _event(lines)[1]["kill_switch_active"] is False


def test_a_refused_order_is_an_alert(sandbox: Sandbox) -> None:
    with _listening(sandbox, "alerts") as lines:
        sandbox.client(api_key=key()).sell("BTC-USD", "1", graph_id="graph_a")
        kind, data = _event(lines)
        assert (kind, data["event"], data["reason"]) == ("alerts", "order_rejected", "INSUFFICIENT_BALANCE")
        assert data["subject"] == "graph:graph_a:order:1"


@pytest.mark.parametrize("path", ["/v1/parent_orders/stream", "/v1/fills/stream", "/v1/algo_orders/stream"])
def test_retired_feeds_are_gone(sandbox: Sandbox, path: str) -> None:
    assert httpx.get(sandbox.url + path, headers={"Authorization": f"Bearer {key()}"}).status_code == 404


def test_a_feed_needs_a_key_and_a_get(sandbox: Sandbox) -> None:
    assert httpx.get(f"{sandbox.url}/v1/tca/stream").status_code == 401
    assert httpx.post(f"{sandbox.url}/v1/tca/stream").status_code == 405
