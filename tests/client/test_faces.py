"""The two faces are one surface: same names, arguments, annotations and words."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

from sequence_markets import AsyncSequence, Sequence

ROOT = Path(__file__).resolve().parents[2]
ASYNC_ONLY = {"aclose"}
BUILDERS = {"batch", "edge", "node", "stream", "stream_new_markets", "stream_resolved_markets"}
"""They touch no network, so that there is nothing to await and no time to limit."""


def _surface(face: type) -> dict[str, object]:
    members = {name: value for part in reversed(face.__mro__[:-1]) for name, value in vars(part).items()}
    kept = {name: value for name, value in members.items() if not name.startswith("_") or name == "__init__"}
    return {name: value for name, value in kept.items() if name not in ASYNC_ONLY}


def _blocking(text: str) -> str:
    text = re.sub(r"\bAsync(Sequence|Client|Iterator|Batch)\b", r"\1", text)
    return re.sub(r"\b(async|await) ", "", text)


def _function(value: object) -> Any:
    if isinstance(value, property):
        return value.fget
    if isinstance(value, staticmethod):
        return value.__func__
    return inspect.unwrap(value) if isinstance(value, FunctionType) else value


METHODS = sorted(_surface(AsyncSequence))


def test_both_faces_have_the_same_names() -> None:
    assert sorted(_surface(Sequence)) == METHODS
    assert {"buy", "sell", "quote", "iter_fills", "graph_cancel", "unresolved", "close"} <= set(METHODS)


@pytest.mark.parametrize("name", METHODS)
def test_a_method_has_the_same_signature_and_words_on_both_faces(name: str) -> None:
    awaited, blocking = _function(_surface(AsyncSequence)[name]), _function(_surface(Sequence)[name])
    assert _blocking(str(inspect.signature(awaited))) == str(inspect.signature(blocking))
    assert type(_surface(AsyncSequence)[name]) is type(_surface(Sequence)[name])
    assert not inspect.iscoroutinefunction(blocking)
    if name != "__init__":
        assert awaited.__doc__
        words, other = _blocking(awaited.__doc__).split(), blocking.__doc__.split()
        assert words == other


CALLS = [name for name in METHODS if name not in ("__init__", "unresolved", "close")]


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("face", [Sequence, AsyncSequence])
def test_every_call_is_documented_whole(face: type, name: str) -> None:
    function = _function(_surface(face)[name])
    words = inspect.getdoc(function) or ""
    signature = inspect.signature(function)
    for parameter in set(signature.parameters) - {"self"}:
        assert f"    {parameter}: " in words, parameter
    assert "Example:\n    >>> " in words
    assert name == "health" or "Raises:\n" in words
    removed = hasattr(function, "__deprecated__") or hasattr(_surface(face)[name], "__deprecated__")
    assert ("Returns:\n" in words) == (signature.return_annotation != "None") or removed
    if name in BUILDERS:
        assert "timeout" not in signature.parameters
        return
    assert "timeout" in signature.parameters
    assert signature.parameters["timeout"].kind is inspect.Parameter.KEYWORD_ONLY


@pytest.mark.parametrize("name", CALLS)
def test_awaited_calls_are_coroutines_and_walks_are_async_iterators(name: str) -> None:
    function = _function(_surface(AsyncSequence)[name])
    assert inspect.iscoroutinefunction(function) != (name.startswith("iter_") or name in BUILDERS)


REFERENCE = {
    "connect_venue": "venue, api_key, api_secret, passphrase=None, extra_json=None",
    "disconnect_venue": "venue",
    "venues": "",
    "health": "",
    "quote": "symbol, depth=10, nowait=False",
    "quotes": "symbols",
    "quotes_batch": "symbols, depth=10, nowait=True, concurrency=64, instrument_type=None",
    "symbols": "",
    "price_history": "symbol, range='1d', fidelity_secs=60",
    "funding_rates": "venue=None, symbol=None",
    "funding_rate": "venue, symbol",
    "funding_history": "symbol, venue, range='1m', start_ts=None, end_ts=None",
    "fees": "ticker, venues=None",
    "preview": "symbol, side, qty, order_type='market'",
    "markets": "venue='polymarket'",
    "iter_markets": "venue='polymarket', page_size=1000",
    "market": "slug, venue='polymarket'",
    "search_markets": "query, limit=20",
    "new_markets": "limit=20",
    "settlement": "slug, underlying=False",
    "polymarket_rewards": "token_id=None",
    "positions_unified": "venues=None, kinds=None, include_closed=False",
    "account": "",
    "risk_limits": "",
    "edges": "",
    "buy": "symbol, qty",
    "sell": "symbol, qty",
    "order": "node_order_id",
    "orders": "limit=50, offset=0, symbol=None",
    "cancel": "graph_or_order_id",
    "fills": "limit=50, offset=0, symbol=None",
    "graph_status": "graph_id",
    "graph_cancel": "graph_id",
    "graph_resume": "graph_id",
    "graph": "nodes, edges=None, sandbox=False",
    "amend": "order_id, new_price=None, new_qty=None",
    "decrease": "order_id, reduce_by",
    "batch": "venue",
    "redeem": "slug, venue",
    "deploy_algo": "name, wasm_path, symbols",
    "algo_status": "deployment_id",
    "algo_start": "deployment_id",
    "algo_stop": "deployment_id",
    "algo_undeploy": "deployment_id",
    "algo_logs": "deployment_id, limit=200",
    "algo_mesh": "deployment_id",
    "algos": "detail=None",
    "algo": "symbol",
    "algo_start_by_symbol": "symbol",
    "algo_stop_by_symbol": "symbol",
    "algo_logs_by_symbol": "symbol",
    "algo_stats": "symbol",
    "create_strategy": (
        "name, runtime, entrypoint, artifact_base64=None, manifest=None, placement=None, risk=None, resources=None,"
        " start_immediately=False, sequence_api_key=None, env=None, secrets=None"
    ),
    "strategies": "",
    "strategy": "strategy_id",
    "strategy_start": "strategy_id",
    "strategy_stop": "strategy_id",
    "strategy_logs": "strategy_id, run_id=None",
    "strategy_delete": "strategy_id",
    "tca": "symbol=None",
    "intel": "symbol",
    "slippage": "symbol, side='buy'",
    "routing": "symbol, side='buy', qty=1.0",
    "depth": "symbol",
    "forecast": "symbol, side, qty",
    "simulate": "symbol, side, qty, urgency=None",
    "execution_live": "node_order_id",
    "execution_review": "node_order_id",
    "execution_summary": "",
    "trace": "node_order_id",
    "kill_switch_engage": "reason=None",
    "kill_switch_clear": "",
    "cancel_all_on_venue": "venue",
    "stream": "channels",
    "stream_new_markets": "",
    "stream_resolved_markets": "",
}


@pytest.mark.parametrize("name", REFERENCE)
def test_positional_arguments_are_the_references(name: str) -> None:
    parameters = list(inspect.signature(getattr(Sequence, name)).parameters.values())[1:]
    positional = [each for each in parameters if each.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
    bare = [each.replace(annotation=inspect.Parameter.empty) for each in positional]
    assert ", ".join(str(each) for each in bare) == REFERENCE[name]


@pytest.mark.parametrize("face", [Sequence, AsyncSequence])
def test_the_arguments_of_the_builders_are_the_references_and_ours(face: Any) -> None:
    def words(function: Any) -> str:
        parameters = inspect.signature(function).parameters.values()
        return ", ".join(str(each.replace(annotation=inspect.Parameter.empty)) for each in parameters)

    assert words(face.node) == (
        "node_id, symbol, side, qty, venue=None, policy=None, urgency=None, limit_price=None, instrument_type='spot',"
        " tif=None, max_slippage_bps=None, horizon_ms=None, pacing=None"
    )
    assert words(face.edge) == (
        "from_node, to_node, trigger='on_fill', value=None, edge_id=None, sizing=None, delay_ms=None"
    )


def test_the_options_of_a_submit_are_the_references_and_ours() -> None:
    options = [
        name
        for name, each in inspect.signature(Sequence.buy).parameters.items()
        if each.kind is inspect.Parameter.KEYWORD_ONLY
    ]
    assert options == [
        "venue", "limit_price", "urgency", "policy", "max_slippage_bps", "horizon_ms", "tif", "instrument_type",
        "sandbox", "graph_id", "timeout",
    ]  # fmt: skip
    assert inspect.signature(Sequence.buy) == inspect.signature(Sequence.sell)


def test_the_synchronous_face_is_what_the_generator_makes() -> None:
    run = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "generate_sync.py"), "--check"], capture_output=True, text=True
    )
    assert (run.returncode, run.stderr) == (0, "")


def test_the_synchronous_face_holds_nothing_asynchronous() -> None:
    for path in (ROOT / "src/sequence_markets/client/sync").glob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert not [
            n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Await | ast.AsyncFunctionDef | ast.AsyncFor)
        ]
        assert "asyncio" not in source
        assert "await " not in source


def test_a_rule_of_the_generator_that_no_longer_fits_is_an_error() -> None:
    spec = importlib.util.spec_from_file_location("generate_sync", ROOT / "scripts" / "generate_sync.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    generate: Callable[[dict[str, str]], dict[str, str]] = module.generate
    with pytest.raises(ValueError, match="no longer fit"):
        generate({"a.py": "async def f():\n    await g()\n"})
