"""``kill -9`` while algos trade: no order of theirs is lost or sent twice, and they go on."""

from __future__ import annotations

import base64
import random
import signal
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.process import Served
from tests.sandbox.algos.support import act, cancel, puppet

WASM = puppet(
    *[[act(call, 1, 0.01, kind="MARKET"), act(100 + call, 1, 0.01, 80), cancel(99 + call)] for call in range(60)]
)


def _edge(client: httpx.Client, deployment: str) -> dict[str, Any]:
    (edge,) = client.get(f"/v1/deployments/{deployment}").json()["edges"]
    found: dict[str, Any] = edge
    return found


def _held(client: httpx.Client) -> int:
    rows = client.get("/v1/positions/unified").json()["positions"]
    return sum(row["qty_1e8"] for row in rows if row["instrument"].get("symbol") == "BTC")


@pytest.mark.timeout(60)
def test_algos_go_on_after_kill_9(tmp_path: Path) -> None:
    state = str(tmp_path / "paper.db")
    chance = random.Random(5)
    seen = 0
    with Served("--state", state, "--clock", "real") as served, served.client() as client:
        levels = {"bids": [["99", "500"]], "asks": [["101", "500"]]}
        client.post("/_sandbox/book", json={"symbol": "BTC-USD", "venue": "kraken", **levels})
        made = client.post(
            "/v1/deployments",
            json={
                "name": "a",
                "wasm_base64": base64.b64encode(WASM).decode(),
                "symbols": ["BTC-USD"],
                "start_immediately": True,
            },
        ).json()
        deployment = made["deployment_id"]
        deadline = time.monotonic() + chance.uniform(0.1, 0.3)
        while time.monotonic() < deadline:
            seen = _edge(client, deployment)["position_1e8"]
        served.stop(signal.SIGKILL)
    with Served("--state", state, "--clock", "real") as served, served.client() as client:
        assert _edge(client, deployment)["status"] == "running"
        assert _edge(client, deployment)["position_1e8"] >= seen
        while _edge(client, deployment)["update_count"] < 3:
            pass
        client.post(f"/v1/deployments/{deployment}/stop")
        edge = _edge(client, deployment)
        fills = client.get("/v1/fills?limit=500").json()
        assert edge["fill_count"] == fills["total"]
        assert edge["position_1e8"] == _held(client) == sum(fill["qty_1e8"] for fill in fills["fills"])
        assert edge["open_orders"] == sum(
            order["status"] == "ACCEPTED" for order in client.get("/v1/orders?limit=500").json()["orders"]
        )
        assert client.get("/_sandbox/invariants").json() == {"ok": True}
