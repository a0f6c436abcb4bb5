"""Level 4: deployed modules and hosted strategies."""

from __future__ import annotations

import base64
import io
import tarfile

from .calls import Calls


def run(calls: Calls, wasm: str) -> None:
    _modules(calls, wasm)
    _strategies(calls)


def _modules(calls: Calls, wasm: str) -> None:
    client = calls.client
    deployed = calls.note("deploy_algo", lambda: client.deploy_algo("idle", wasm, ["ETH-USD", "BTC-USD"]))
    deployment = deployed["deployment_id"] if deployed else "missing"
    calls.advance(2)
    calls.note("algo_status", lambda: client.algo_status(deployment))
    calls.note("algo_stop", lambda: client.algo_stop(deployment))
    calls.note("algo_start", lambda: client.algo_start(deployment))
    calls.advance(2)
    calls.note("algo_logs", lambda: client.algo_logs(deployment, limit=10))
    calls.note("algo_mesh", lambda: client.algo_mesh(deployment))
    calls.note("algos", client.algos)
    calls.note("algos edge", lambda: client.algos(detail="edge"))
    calls.note("algo", lambda: client.algo("ETH-USD"))
    calls.note("algo_stop_by_symbol", lambda: client.algo_stop_by_symbol("ETH-USD"))
    calls.note("algo stopped", lambda: client.algo("ETH-USD"))
    calls.note("algo_start_by_symbol", lambda: client.algo_start_by_symbol("ETH-USD"))
    calls.note("algo_logs_by_symbol", lambda: client.algo_logs_by_symbol("ETH-USD"))
    calls.note("algo_stats", lambda: client.algo_stats("ETH-USD"))
    calls.note("algo_undeploy", lambda: client.algo_undeploy(deployment))
    calls.note("algo_status gone", lambda: client.algo_status(deployment))


def _strategies(calls: Calls) -> None:
    client = calls.client
    program = b"print('hello')\n"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        entry = tarfile.TarInfo("./main.py")
        entry.size = len(program)
        archive.addfile(entry, io.BytesIO(program))
    artifact = base64.b64encode(packed.getvalue()).decode()
    made = calls.note(
        "create_strategy",
        lambda: client.create_strategy(
            "dip",
            "python",
            "main.py",
            artifact,
            manifest={"strategy": {"name": "dip", "runtime": "python"}},
            placement={"mode": "auto", "latency_target": ["okx"]},
            risk={"max_loss_usd": 100},
            resources={"cpu_millis": 250, "memory_mb": 256},
            env={"MODE": "paper"},
            secrets={"FEED_KEY": "hunter2-battery-staple"},
        ),
    )
    strategy = made["strategy_id"] if made else "missing"
    calls.note("strategies", client.strategies)
    calls.note("strategy_start", lambda: client.strategy_start(strategy))
    calls.advance(1)
    calls.note("strategy", lambda: client.strategy(strategy))
    calls.note("strategy_stop", lambda: client.strategy_stop(strategy))
    calls.advance(1)
    calls.note("strategy_logs", lambda: client.strategy_logs(strategy))
    calls.note("strategy_logs run", lambda: client.strategy_logs(strategy, run_id="run_1"))
    calls.note("strategy_delete", lambda: client.strategy_delete(strategy))
    calls.note("strategy gone", lambda: client.strategy(strategy))
