"""``kill -9`` in the middle of running graphs: no slice twice, none lost, every armed edge fires in its time."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.process import Served

_SLICES = 12
_INTERVAL_MS = 150


def _node(node_id: str, side: str, qty_1e8: int, **execution: object) -> dict[str, object]:
    return {
        "node_id": node_id,
        "instrument": {"symbol": "BTC-USD", "type": "spot", "venue": "kraken"},
        "side": side,
        "order_type": "market",
        "quantity": {"fixed": {"qty_1e8": qty_1e8}},
        "execution": execution,
    }


def _edge(source: str, target: str, trigger: object, **more: object) -> dict[str, object]:
    return {"edge_id": f"e_{target}", "from_node": source, "to_node": target, "trigger": trigger, **more}


def _graph(graph_id: str) -> dict[str, object]:
    pacing = {"uniform": {"num_slices": _SLICES, "interval_ms": _INTERVAL_MS}}
    return {
        "graph_id": graph_id,
        "nodes": [
            _node("twap", "buy", 1_200_000, pacing=pacing),
            _node("back", "sell", 1_200_000),
            _node("half", "sell", 100_000),
            _node("late", "buy", 100_000),
        ],
        "edges": [
            _edge("twap", "back", "on_fill", sizing={"ratio": 0.5}, delay_ms=70),
            _edge("twap", "half", "on_fill_ratio", condition={"fill_ratio_gte": 0.5}),
            _edge("twap", "late", {"on_timeout": {"ms": 1000}}),
        ],
        "is_sandbox": True,
    }


def _shown(client: httpx.Client, graph_id: str) -> dict[str, Any]:
    answer: dict[str, Any] = client.get(f"/v1/execution_graphs/{graph_id}").json()
    return answer


@pytest.mark.timeout(90)
@pytest.mark.parametrize("clock", ["manual", "real"])
def test_graphs_go_on_after_kill_9(tmp_path: Path, clock: str) -> None:
    state = str(tmp_path / "state.db")
    moments = random.Random(20260105)
    graphs = ["a", "b"]
    before: dict[str, int] = {}
    for round_number in range(4):
        with Served("--seed", "7", "--clock", clock, "--state", state) as served, served.client() as client:
            for graph_id in graphs:
                assert client.post("/v1/orders", json=_graph(graph_id)).status_code == 200
            rows = client.get("/v1/fills", params={"limit": 500}).json()["fills"]
            found = {row["fill_id"]: row["qty_1e8"] for row in rows}
            assert before.items() <= found.items(), f"round {round_number} lost a fill"
            if clock == "manual":
                client.post("/_sandbox/clock/advance", json={"seconds": moments.randrange(100, 500) / 1000})
            else:
                # A random moment is the point here: nothing is waited for.
                time.sleep(moments.uniform(0.05, 0.5))
            rows = client.get("/v1/fills", params={"limit": 500}).json()["fills"]
            before = {row["fill_id"]: row["qty_1e8"] for row in rows}
            served.process.kill()
    with Served("--clock", clock, "--state", state) as served, served.client() as client:
        deadline = time.monotonic() + 20
        while True:
            if clock == "manual":
                client.post("/_sandbox/clock/advance", json={"seconds": 5})
            shown = [_shown(client, graph_id) for graph_id in graphs]
            if all(graph["status"] == "completed" for graph in shown) or time.monotonic() > deadline:
                break
            time.sleep(0.05)
        for graph in shown:
            assert graph["status"] == "completed", graph
            assert graph["nodes"]["twap"]["filled_qty_1e8"] == 1_200_000
            for number in range(_SLICES):
                part = graph["nodes"][f"twap_slice_{number}"]
                assert (part["status"], part["filled_qty_1e8"]) == ("filled", 100_000)
                assert graph["edges"][f"twap_pace_{number}"]["fire_count"] == 1
            assert graph["nodes"]["back"]["filled_qty_1e8"] == 600_000
            assert graph["nodes"]["half"]["filled_qty_1e8"] == 100_000
            assert graph["nodes"]["late"]["filled_qty_1e8"] == 100_000
            assert graph["edges"]["e_back"]["fire_count"] == graph["nodes"]["twap"]["fill_count"]
        rows = client.get("/v1/fills", params={"limit": 500}).json()["fills"]
        found = {row["fill_id"]: row["qty_1e8"] for row in rows}
        assert len(found) == len(rows)
        assert before.items() <= found.items()
        for graph_id in graphs:
            own = [row for row in rows if row["node_order_id"].startswith(f"graph:{graph_id}:twap_slice_")]
            assert sum(row["qty_1e8"] for row in own) == 1_200_000
        assert client.get("/_sandbox/invariants").json() == {"ok": True}
        served.stop()
