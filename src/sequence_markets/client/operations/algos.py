"""Level 4: algos that run as WebAssembly beside the venues."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final, cast

from sequence_markets.client import checks
from sequence_markets.client.operation import NOTHING, Operation, Retry, json_body, one, path, target
from sequence_markets.models import Algo, AlgoLogs, AlgoMesh, Algos, AlgoStats, Deployment, DeploymentStatus

_DEPLOYMENT = one(Deployment)
_STATUS = one(DeploymentStatus)
_LOGS = one(AlgoLogs)
_MESH = one(AlgoMesh)
_ALGOS = one(Algos)
_ALGO = one(Algo)
_STATS = one(AlgoStats)
_MAGIC: Final = b"\0asm"


def deploy_algo(name: str, wasm_path: str | os.PathLike[str], symbols: Iterable[str]) -> Operation[Deployment]:
    """Deploy a module and start it. A repeat would deploy it a second time."""
    checks.text(name, "name")
    wanted = checks.texts(symbols, "symbols")
    if not wanted:
        raise ValueError("symbols must name at least one symbol")
    body: dict[str, object] = {
        "name": name,
        "wasm_base64": base64.b64encode(read_module(wasm_path)).decode("ascii"),
        "symbols": wanted,
        "start_immediately": True,
    }
    return Operation(
        "deploy_algo",
        "POST",
        "/v1/deployments",
        _DEPLOYMENT,
        retry=Retry.UNSAFE,
        body=json_body(body),
        lookup="algos()",
    )


def read_module(wasm_path: object) -> bytes:
    """The bytes of a compiled module.

    Raises:
        TypeError: It is not a path.
        ValueError: The file holds no WebAssembly module.
        OSError: The file cannot be read.
    """
    if isinstance(wasm_path, bytes) or not isinstance(wasm_path, str | os.PathLike):
        raise TypeError(f"wasm_path must be a path, not {type(wasm_path).__name__}")
    file = Path(cast("str | os.PathLike[str]", wasm_path))
    data = file.read_bytes()
    if data[:4] != _MAGIC:
        found = "is empty" if not data else f"begins with {data[:4]!r}, not {_MAGIC!r}"
        hint = "; a text module must be assembled first" if data.lstrip()[:1] == b"(" else ""
        raise ValueError(f"wasm_path must be a compiled WebAssembly module: {file.name} {found}{hint}")
    return data


def algo_status(deployment_id: str) -> Operation[DeploymentStatus]:
    """Read a deployment."""
    return Operation("algo_status", "GET", _deployment(deployment_id), _STATUS)


def algo_start(deployment_id: str) -> Operation[None]:
    """Start an algo. A late repeat could undo a newer stop."""
    return _asked("algo_start", "POST", _deployment(deployment_id, "start"), "algo_status()")


def algo_stop(deployment_id: str) -> Operation[None]:
    """Stop an algo. A late repeat could undo a newer start."""
    return _asked("algo_stop", "POST", _deployment(deployment_id, "stop"), "algo_status()")


def algo_undeploy(deployment_id: str) -> Operation[None]:
    """Stop an algo and delete it."""
    return _asked("algo_undeploy", "DELETE", _deployment(deployment_id), "algos()")


def algo_logs(deployment_id: str, limit: int) -> Operation[AlgoLogs]:
    """Read what a deployment logged."""
    wanted = checks.integer(limit, "limit", least=1)
    return Operation("algo_logs", "GET", target(_deployment(deployment_id, "logs"), limit=wanted), _LOGS)


def algo_mesh(deployment_id: str) -> Operation[AlgoMesh]:
    """Read the edges of a deployment."""
    return Operation("algo_mesh", "GET", _deployment(deployment_id, "mesh"), _MESH)


def algos(detail: str | None) -> Operation[Algos]:
    """List the algos by symbol."""
    return Operation("algos", "GET", target("/v1/algos", detail=checks.one_of(detail, "detail", ("edge",))), _ALGOS)


def algo(symbol: str) -> Operation[Algo]:
    """Read the algo of a symbol."""
    return Operation("algo", "GET", _symbol(symbol), _ALGO)


def algo_start_by_symbol(symbol: str) -> Operation[None]:
    """Start the algo of a symbol."""
    return _asked("algo_start_by_symbol", "POST", _symbol(symbol, "start"), "algo()")


def algo_stop_by_symbol(symbol: str) -> Operation[None]:
    """Stop the algo of a symbol."""
    return _asked("algo_stop_by_symbol", "POST", _symbol(symbol, "stop"), "algo()")


def algo_logs_by_symbol(symbol: str) -> Operation[AlgoLogs]:
    """Read what the algo of a symbol logged."""
    return Operation("algo_logs_by_symbol", "GET", _symbol(symbol, "logs"), _LOGS)


def algo_stats(symbol: str) -> Operation[AlgoStats]:
    """Read what the algo of a symbol did."""
    return Operation("algo_stats", "GET", _symbol(symbol, "stats"), _STATS)


def _asked(name: str, method: str, where: str, lookup: str) -> Operation[None]:
    return Operation(name, method, where, NOTHING, retry=Retry.UNSAFE, lookup=lookup)


def _deployment(deployment_id: str, *more: str) -> str:
    return path("deployments", checks.path_part(deployment_id, "deployment_id"), *more)


def _symbol(symbol: str, *more: str) -> str:
    return path("algos", checks.path_part(symbol, "symbol"), *more)
