"""What the calls about algos send, and what they refuse before they send anything."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sequence_markets import OutcomeUnknownError, Sequence
from tests.client.conftest import MakeClient, MakeServer
from tests.client.server import Reply, Server
from tests.sandbox.algos.support import module

Pair = tuple[Sequence, Server]

EDGE: dict[str, object] = {
    "symbol": "SOL-USD",
    "edge_id": "venue-edge-kraken",
    "status": "running",
    "position_1e8": -250_000_000,
    "realized_pnl_1e9": 1_500_000_000,
    "callback_latency_ns": 38_000,
    "deployed_at": 1_781_000_000,
}
DEPLOYMENT: dict[str, object] = {
    "deployment_id": "dep_5a",
    "name": "maker",
    "symbols": ["SOL-USD"],
    "size_bytes": 20480,
    "status": "running",
    "pushed_to": 1,
    "capable_edges": 2,
    "edges": [EDGE],
}


@pytest.fixture
def wasm(tmp_path: Path) -> Path:
    file = tmp_path / "maker.wasm"
    file.write_bytes(module())
    return file


def test_a_deployment_carries_the_module_and_starts(serve: MakeServer, connect: MakeClient, wasm: Path) -> None:
    server = serve(Reply(body=DEPLOYMENT))
    deployed = connect(server).deploy_algo("maker", wasm, ("SOL-USD", "BTC/USD"))
    (sent,) = server.received
    assert (sent.method, sent.target) == ("POST", "/v1/deployments")
    assert json.loads(sent.body) == {
        "name": "maker",
        "wasm_base64": base64.b64encode(module()).decode(),
        "symbols": ["SOL-USD", "BTC/USD"],
        "start_immediately": True,
    }
    assert deployed.pushed_to < deployed.capable_edges
    edge = deployed.edges[0]
    assert (str(edge.position), str(edge.realized_pnl)) == ("-2.50000000", "1.500000000")
    assert edge.callback_latency is not None
    assert edge.callback_latency.microseconds == 38
    assert deployed["edges"][0]["position_1e8"] == -250_000_000


def test_a_path_may_be_text(serve: MakeServer, connect: MakeClient, wasm: Path) -> None:
    server = serve(Reply(body=DEPLOYMENT))
    assert connect(server).deploy_algo("maker", str(wasm), ["SOL-USD"]).name == "maker"


SENT: list[tuple[Callable[[Sequence], object], str, str, object]] = [
    (lambda s: s.algo_status("dep_1"), "GET", "/v1/deployments/dep_1", {}),
    (lambda s: s.algo_start("dep_1"), "POST", "/v1/deployments/dep_1/start", {}),
    (lambda s: s.algo_stop("dep_1"), "POST", "/v1/deployments/dep_1/stop", {}),
    (lambda s: s.algo_undeploy("dep_1"), "DELETE", "/v1/deployments/dep_1", {}),
    (lambda s: s.algo_logs("dep_1"), "GET", "/v1/deployments/dep_1/logs?limit=200", {"logs": []}),
    (lambda s: s.algo_logs("dep_1", 5), "GET", "/v1/deployments/dep_1/logs?limit=5", {"logs": []}),
    (lambda s: s.algo_mesh("a/b"), "GET", "/v1/deployments/a%2Fb/mesh", {"nodes": []}),
    (lambda s: s.algos(), "GET", "/v1/algos", {"algos": []}),
    (lambda s: s.algos("edge"), "GET", "/v1/algos?detail=edge", {"algos": [], "edges": []}),
    (lambda s: s.algo("XRP/USD"), "GET", "/v1/algos/XRP%2FUSD", {}),
    (lambda s: s.algo_start_by_symbol("ETH-USD"), "POST", "/v1/algos/ETH-USD/start", {}),
    (lambda s: s.algo_stop_by_symbol("ETH-USD"), "POST", "/v1/algos/ETH-USD/stop", {}),
    (lambda s: s.algo_logs_by_symbol("ETH-USD"), "GET", "/v1/algos/ETH-USD/logs", {}),
    (lambda s: s.algo_stats("ETH-USD"), "GET", "/v1/algos/ETH-USD/stats", {}),
]


@pytest.mark.parametrize(("call", "method", "target", "answer"), SENT, ids=[f"{m} {t}" for _, m, t, _ in SENT])
def test_a_method_asks_its_endpoint_without_a_body(
    serve: MakeServer,
    connect: MakeClient,
    call: Callable[[Sequence], object],
    method: str,
    target: str,
    answer: object,
) -> None:
    server = serve(Reply(body=answer))
    call(connect(server))
    (sent,) = server.received
    assert (sent.method, sent.target, sent.body) == (method, target, b"")


@pytest.mark.parametrize("answer", [Reply(204), Reply(body=DEPLOYMENT), Reply(body=None)])
def test_orders_to_an_algo_return_nothing(serve: MakeServer, connect: MakeClient, answer: Reply) -> None:
    client: Any = connect(serve([answer] * 3))
    assert [client.algo_start("dep_1"), client.algo_stop("dep_1"), client.algo_undeploy("dep_1")] == [None] * 3


WRONG: list[tuple[Callable[[Sequence, Path], object], type[Exception], str]] = [
    (lambda s, f: s.deploy_algo("", f, ["A"]), ValueError, "name must not be empty"),
    (lambda s, f: s.deploy_algo(5, f, ["A"]), TypeError, "name must be a str"),  # type: ignore[arg-type]
    (lambda s, f: s.deploy_algo("a", f, "BTC-USD"), TypeError, r"symbols must be a list of str.*\[symbols\]"),
    (lambda s, f: s.deploy_algo("a", f, []), ValueError, "symbols must name at least one symbol"),
    (lambda s, f: s.deploy_algo("a", f, ["A", ""]), ValueError, r"symbols\[1\] must not be empty"),
    (lambda s, f: s.deploy_algo("a", f, [1]), TypeError, r"symbols\[0\] must be a str"),  # type: ignore[list-item]
    (lambda s, f: s.deploy_algo("a", f / "no", ["A"]), OSError, "maker.wasm"),
    (lambda s, f: s.deploy_algo("a", f.parent, ["A"]), OSError, "directory"),
    (lambda s, f: s.deploy_algo("a", f.read_bytes(), ["A"]), TypeError, "must be a path, not bytes"),  # type: ignore[arg-type]
    (lambda s, f: s.deploy_algo("a", None, ["A"]), TypeError, "must be a path, not NoneType"),  # type: ignore[arg-type]
    (lambda s, f: s.algo_status(""), ValueError, "deployment_id must not be empty"),
    (lambda s, f: s.algo_start(None), TypeError, "deployment_id must be a str"),  # type: ignore[arg-type]
    (lambda s, f: s.algo_undeploy(".."), ValueError, "deployment_id must not be"),
    (lambda s, f: s.algo_logs("dep_1", 0), ValueError, "limit must be at least 1"),
    (lambda s, f: s.algo_logs("dep_1", True), TypeError, "limit must be an int"),
    (lambda s, f: s.algos("edges"), ValueError, "detail must be one of 'edge'"),  # type: ignore[arg-type]
    (lambda s, f: s.algo(""), ValueError, "symbol must not be empty"),
    (lambda s, f: s.algo_stats(7), TypeError, "symbol must be a str"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("call", "kind", "message"), WRONG)
def test_what_can_never_work_is_refused_before_anything_is_sent(
    seq: Pair, wasm: Path, call: Callable[[Sequence, Path], object], kind: type[Exception], message: str
) -> None:
    client, server = seq
    with pytest.raises(kind, match=message):
        call(client, wasm)
    assert server.received == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "maker.wasm is empty"),
        (b"\x7fELF....", "maker.wasm begins with b'.{4,8}', not b'.x00asm'"),
        (b"  (module)", "a text module must be assembled first"),
    ],
)
def test_a_file_that_is_no_module_is_refused(seq: Pair, wasm: Path, data: bytes, message: str) -> None:
    wasm.write_bytes(data)
    with pytest.raises(ValueError, match=message):
        seq[0].deploy_algo("a", wasm, ["A"])
    assert seq[1].received == []


def test_a_deployment_whose_answer_is_lost_is_not_sent_twice(
    serve: MakeServer, connect: MakeClient, wasm: Path
) -> None:
    server = serve([Reply(503, {"error": {"code": "UNAVAILABLE", "message": "later"}}), Reply(body=DEPLOYMENT)])
    with pytest.raises(OutcomeUnknownError, match=r"algos\(\)"):
        connect(server, max_retries=3).deploy_algo("maker", wasm, ["A"])
    assert len(server.received) == 1
