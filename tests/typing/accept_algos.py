"""What type checkers must see in the calls of algos. Never run: mypy and pyright read it."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import assert_type

from sequence_markets import (
    Algo,
    AlgoEdge,
    AlgoLatency,
    AlgoLog,
    AlgoLogs,
    AlgoMesh,
    Algos,
    AlgoStats,
    AsyncSequence,
    Deployment,
    DeploymentStatus,
    Sequence,
)


def blocking(seq: Sequence) -> None:
    made = seq.deploy_algo("maker", "maker.wasm", ["BTC-USD"])
    assert_type(made, Deployment)
    assert_type(made.deployment_id, str)
    assert_type(made.edges, tuple[AlgoEdge, ...])
    assert_type(seq.deploy_algo("maker", Path("maker.wasm"), ("A",), timeout=5.0), Deployment)
    edge = made.edges[0]
    assert_type(edge.position_1e8, int | None)
    assert_type(edge.position, Decimal | None)
    assert_type(edge.callback_latency, timedelta | None)
    assert_type(seq.algo_status("dep_1"), DeploymentStatus)
    logs = seq.algo_logs("dep_1", limit=5)
    assert_type(logs, AlgoLogs)
    for line in logs.lines:
        assert_type(line, AlgoLog)
        assert_type(line.ts, datetime | None)
    assert_type(seq.algo_mesh("dep_1"), AlgoMesh)
    assert_type(seq.algos(), Algos)
    assert_type(seq.algos(detail="edge").algos, tuple[Algo, ...])
    assert_type(seq.algo("BTC-USD"), Algo)
    assert_type(seq.algo_stats("BTC-USD"), AlgoStats)
    assert_type(seq.algo_stats("BTC-USD").callback_latency_ns, AlgoLatency | None)
    seq.algo_start("dep_1")
    seq.algo_stop("dep_1")
    seq.algo_undeploy("dep_1")
    seq.algo_start_by_symbol("BTC-USD")
    seq.algo_stop_by_symbol("BTC-USD")


async def awaited(seq: AsyncSequence) -> None:
    assert_type(await seq.deploy_algo("maker", "maker.wasm", ["BTC-USD"]), Deployment)
    assert_type(await seq.algo_logs_by_symbol("BTC-USD"), AlgoLogs)
    assert_type(await seq.algos("edge"), Algos)
