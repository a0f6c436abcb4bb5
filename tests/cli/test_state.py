"""A state file survives ``kill -9`` at any moment: whatever was acknowledged is there exactly once."""

from __future__ import annotations

import random
import subprocess
import threading
import time
from pathlib import Path

import httpx
import pytest

from tests.cli.process import Served, command, environment, run

_ORDER = {"symbol": "BTC-USD", "side": "buy", "qty": 0.01, "venue": "kraken"}


def _graph(graph_id: str) -> dict[str, object]:
    return {
        "graph_id": graph_id,
        "nodes": [
            {
                "node_id": "order",
                "instrument": {"symbol": "BTC-USD", "type": "spot", "venue": None},
                "side": "buy",
                "order_type": "market",
                "quantity": {"fixed": {"qty_1e8": 1_000_000}},
                "execution": {},
                "activation": "root",
            }
        ],
        "edges": [],
        "is_sandbox": True,
    }


def _submit_until_killed(served: Served, prefix: str, acknowledged: list[str]) -> None:
    with served.client() as client:
        for number in range(100_000):
            graph_id = f"{prefix}_{number}"
            try:
                answer = client.post("/v1/orders", json=_graph(graph_id))
            except httpx.TransportError:
                return
            assert answer.status_code == 200, answer.text
            assert answer.json()["graph_id"] == graph_id
            acknowledged.append(graph_id)


def _stored(client: httpx.Client) -> list[str]:
    found: list[str] = []
    while True:
        page = client.get("/v1/orders", params={"limit": 500, "offset": len(found)}).json()
        found += [row["graph_id"] for row in page["orders"]]
        if not page["has_more"]:
            return found


@pytest.mark.timeout(60)
def test_every_acknowledged_order_survives_kill_9_exactly_once(tmp_path: Path) -> None:
    state = str(tmp_path / "state.db")
    moments = random.Random(20260105)
    acknowledged: list[str] = []
    for round_number in range(5):
        clock = ("manual", "real")[round_number % 2]
        with Served("--seed", "7", "--clock", clock, "--state", state) as served:
            worker = threading.Thread(target=_submit_until_killed, args=(served, f"graph_{round_number}", acknowledged))
            worker.start()
            # A random moment is the point here: nothing is waited for.
            time.sleep(moments.uniform(0.05, 0.6))
            served.process.kill()
            worker.join()
    assert len(acknowledged) > 5
    with Served("--seed", "7", "--clock", "manual", "--state", state) as served, served.client() as client:
        stored = _stored(client)
        assert len(stored) == len(set(stored))
        # The last order of a round may have been stored without its answer having left.
        assert set(acknowledged) <= set(stored)
        assert len(stored) <= len(acknowledged) + 5
        assert client.get("/_sandbox/invariants").json() == {"ok": True}
        again = client.post("/v1/orders", json=_graph(acknowledged[0]))
        assert again.status_code == 200
        assert len(_stored(client)) == len(stored)
        assert served.stop()[0] == 0


@pytest.mark.timeout(60)
def test_kill_9_while_the_journal_is_being_made_leaves_a_file_that_opens(tmp_path: Path) -> None:
    moments = random.Random(7)
    for attempt in range(6):
        state = str(tmp_path / f"state{attempt}.db")
        process = subprocess.Popen(
            command("sandbox", "--port", "0", "--clock", "manual", "--state", state),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment(),
        )
        deadline = time.monotonic() + 5
        while not Path(state).exists() and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(moments.uniform(0, 0.02))
        process.kill()
        process.wait()
        with Served("--clock", "manual", "--state", state) as served, served.client() as client:
            assert client.get("/_sandbox/invariants").json() == {"ok": True}
            assert client.post("/v1/orders", json=_ORDER).status_code == 200


def test_the_journal_goes_on_where_it_stopped(tmp_path: Path) -> None:
    state = str(tmp_path / "state.db")
    with Served("--seed", "9", "--clock", "manual", "--state", state) as served, served.client() as client:
        client.post("/v1/orders", json=_ORDER)
        client.post("/_sandbox/clock/advance", json={"seconds": 5})
        before = client.get("/_sandbox/journal/digest").json()
        positions = client.get("/v1/positions").json()
        now = client.get("/_sandbox/clock").json()["now_ns"]
        assert served.stop()[0] == 0
    with Served("--clock", "manual", "--state", state) as served, served.client() as client:
        assert client.get("/_sandbox/").json()["seed"] == 9
        assert client.get("/_sandbox/clock").json()["now_ns"] == now
        assert client.get("/v1/positions").json() == positions
        assert client.get("/_sandbox/journal/digest").json() == before


def test_a_second_process_is_kept_out(tmp_path: Path) -> None:
    state = str(tmp_path / "state.db")
    with Served("--state", state) as served:
        done = run("sandbox", "--port", "0", "--state", state)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.count("\n") == 1
        assert "in use" in done.stderr
        with served.client() as client:
            assert client.get("/v1/account").status_code == 200


def test_another_seed_than_the_journals_is_refused(tmp_path: Path) -> None:
    state = str(tmp_path / "state.db")
    with Served("--seed", "1", "--state", state) as served:
        served.stop()
    done = run("sandbox", "--port", "0", "--seed", "2", "--state", state)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "seed" in done.stderr
