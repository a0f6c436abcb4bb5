"""Algos end to end: real modules on a real runtime, deployed and read with the public client."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sequence_markets import NotFoundError, Sequence, UnprocessableError
from sequence_markets.models import AlgoEdge, EventContractInstrument
from sequence_markets.sandbox import AlgoLimits, Sandbox
from tests.sandbox.algos.support import act, cancel, example, module, puppet

from .samples import Sample, flat, needs_reference, run

RAIN = "KXRAIN-26NOV27-OSL"
SAMPLE = Sample("seq.algos() # list, default flat", 'seq.algo_stats("ETH-USD")', flat(7))


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed=7) as running:
        running.set_book("BTC-USD", "kraken", bids=[("99", "50")], asks=[("101", "50")])
        yield running
        running.check_invariants()


@pytest.fixture
def seq(sandbox: Sandbox) -> Sequence:
    return sandbox.client()


@pytest.fixture
def save(tmp_path: Path) -> Any:
    def write(wasm: bytes, name: str = "algo") -> Path:
        file = tmp_path / f"{name}.wasm"
        file.write_bytes(wasm)
        return file

    return write


def only_edge(seq: Sequence, deployment_id: str) -> AlgoEdge:
    edges = seq.algo_status(deployment_id).edges
    assert edges is not None
    assert len(edges) == 1
    return edges[0]


@pytest.mark.covers("deploy_algo", "algo_status", "algo_stop", "algo_start", "algo_undeploy", "algos")
def test_an_algo_lives(sandbox: Sandbox, seq: Sequence, save: Any) -> None:
    wasm = puppet([act(1, 1, 2, kind="MARKET")], [act(2, 1, 1, 95)], on_shutdown=[cancel(2)])
    deployed = seq.deploy_algo("first", save(wasm), ["BTC-USD"])
    assert (deployed.name, deployed.symbols, deployed.size_bytes) == ("first", ("BTC-USD",), len(wasm))
    assert (deployed.status, deployed.pushed_to, deployed.capable_edges) == ("running", 1, 1)
    assert deployed.deployment_id.startswith("dep_")
    edge = only_edge(seq, deployed.deployment_id)
    assert (edge.edge_id, edge.position_1e8, edge.fill_count) == ("venue-edge-kraken", 2 * 10**8, 1)
    sandbox.set_book("BTC-USD", "kraken", bids=[("104", "50")], asks=[("106", "50")])
    edge = only_edge(seq, deployed.deployment_id)
    assert (edge.avg_entry, edge.unrealized_pnl) == (Decimal(101), Decimal(8))
    assert edge.update_count == 2
    assert edge.callback_latency is not None
    assert timedelta() <= edge.callback_latency < timedelta(milliseconds=1)
    assert [order.status for order in seq.orders().orders] == ["ACCEPTED", "FILLED"]
    seq.algo_stop(deployed.deployment_id)
    assert seq.algo_status(deployed.deployment_id).status == "stopped"
    assert [order.status for order in seq.orders().orders] == ["CANCELLED", "FILLED"]
    seq.algo_start(deployed.deployment_id)
    assert seq.algo_status(deployed.deployment_id).status == "running"
    seq.algo_undeploy(deployed.deployment_id)
    assert seq.algos().algos == ()
    with pytest.raises(NotFoundError):
        seq.algo_status(deployed.deployment_id)


@pytest.mark.covers("algo_logs", "algo_logs_by_symbol", "algo_mesh", "algo_stats")
def test_an_algo_is_watched(sandbox: Sandbox, seq: Sequence, save: Any) -> None:
    sandbox.set_book("ETH-USD", "kraken", bids=[("99", "50")], asks=[("101", "50")])
    sandbox.set_book("ETH-USD", "coinbase", bids=[("99", "50")], asks=[("101", "50")])
    batches = [[act(1, 1, 2, kind="MARKET")], [act(2, -1, 1, 5), cancel(9)]]
    deployed = seq.deploy_algo("watched", save(puppet(*batches)), ["BTC-USD", "ETH-USD"])
    sandbox.advance(seconds=1)
    logs = seq.algo_logs(deployed.deployment_id)
    assert logs.count == len(logs.lines) > 8
    times = [line.ts_ns or 0 for line in logs.lines]
    assert times == sorted(times, reverse=True)
    assert {line.edge_id for line in logs.lines} == {"venue-edge-kraken", "venue-edge-coinbase"}
    assert [line.message for line in seq.algo_logs(deployed.deployment_id, limit=3).lines] == [
        line.message for line in logs.lines[:3]
    ]
    of_one = seq.algo_logs_by_symbol("BTC-USD")
    assert of_one.lines == tuple(line for line in logs.lines if line.symbol == "BTC-USD")
    stats = seq.algo_stats("ETH-USD")
    assert (stats.update_count, stats.fill_count, stats.reject_count, stats.actions_count) == (4, 2, 4, 6)
    assert stats.position == 4
    latency = stats.callback_latency_ns
    assert latency is not None
    assert 0 < (latency.p50 or 0) <= (latency.p99 or 0) <= (latency.max or 0)
    mesh = seq.algo_mesh(deployed.deployment_id)
    assert [(node.label, [peer.label for peer in node.peers or ()]) for node in mesh.nodes or ()] == [
        ("kraken", ["coinbase"]),
        ("coinbase", ["kraken"]),
    ]
    single = seq.deploy_algo("single", save(module()), [RAIN])
    assert seq.algo_mesh(single.deployment_id).nodes == ()


@pytest.mark.covers("algo", "algo_start_by_symbol", "algo_stop_by_symbol", "algos")
def test_algos_are_steered_by_symbol(sandbox: Sandbox, seq: Sequence, save: Any) -> None:
    file = save(puppet())
    first = seq.deploy_algo("first", file, ["BTC-USD", RAIN])
    second = seq.deploy_algo("second", file, ["BTC-USD"])
    assert seq.algo("BTC-USD").deployment_id == second.deployment_id
    assert seq.algo(RAIN).deployment_id == first.deployment_id
    rows = seq.algos(detail="edge")
    assert [(row.symbol, row.status) for row in rows.algos] == [("BTC-USD", "running"), (RAIN, "running")]
    assert [(edge.symbol, edge.deploy_id) for edge in rows.edges or ()] == [
        ("BTC-USD", second.deployment_id),
        (RAIN, first.deployment_id),
    ]
    assert seq.algos().edges is None
    seq.algo_stop_by_symbol("BTC/USD")
    assert seq.algo("BTC-USD").status == "stopped"
    assert seq.algo(RAIN).status == "running"
    seq.algo_start_by_symbol("BTC-USD")
    assert seq.algo("BTC/USD").status == "running"
    with pytest.raises(NotFoundError):
        seq.algo("ETH-USD")
    assert sandbox.client().algos().algos == (), "another account has none"


@needs_reference
@pytest.mark.covers("algos", "algo", "algo_start_by_symbol", "algo_stop_by_symbol", "algo_logs_by_symbol", "algo_stats")
def test_the_references_samples(sandbox: Sandbox, seq: Sequence, save: Any) -> None:
    sandbox.set_book("ETH-USD", "kraken", bids=[("99", "50")], asks=[("101", "50")])
    deployed = seq.deploy_algo("mine", save(example("momentum")), ["ETH-USD"])
    assert {"deployment_id", "name", "symbols", "size_bytes", "status", "pushed_to", "capable_edges", "edges"} <= {
        *deployed
    }
    run(SAMPLE, {"seq": seq})
    assert seq.algo("ETH-USD").status == "stopped"


@pytest.mark.covers("deploy_algo", "algo_status", "algo_logs", "algo_stop")
def test_the_asynchronous_client_does_the_same(sandbox: Sandbox, save: Any) -> None:
    async def live() -> tuple[str, str | None, int]:
        async with sandbox.async_client() as seq:
            deployed = await seq.deploy_algo("async", save(puppet([act(1, 1, 1, kind="MARKET")])), ["BTC-USD"])
            status = await seq.algo_status(deployed.deployment_id)
            lines = (await seq.algo_logs(deployed.deployment_id)).lines
            await seq.algo_stop(deployed.deployment_id)
            return deployed.status, status.status, len(lines)

    assert asyncio.run(live()) == ("running", "running", 2)


@pytest.mark.covers("deploy_algo")
def test_a_bad_module_is_refused_by_the_server(seq: Sequence, save: Any) -> None:
    with pytest.raises(UnprocessableError, match="does not export its memory") as refused:
        seq.deploy_algo("bad", save(b"\0asm\1\0\0\0"), ["BTC-USD"])
    assert [detail["field"] for detail in refused.value.details] == ["wasm_base64"]
    assert seq.algos().algos == ()


@pytest.mark.covers("deploy_algo", "algo_status", "algo_logs")
def test_an_endless_loop_is_stopped_within_its_fuel_and_quotes_do_not_stall(
    sandbox: Sandbox, seq: Sequence, save: Any
) -> None:
    other = sandbox.client()
    other.quote("BTC-USD")

    def slowest() -> float:
        waits: list[float] = []
        for _ in range(5):
            begun = time.perf_counter()
            other.quote("BTC-USD")
            waits.append(time.perf_counter() - begun)
        return min(waits)

    before = slowest()
    deployed = seq.deploy_algo("loop", save(module("(loop br 0) (i32.const 0)")), ["BTC-USD"])
    edge = only_edge(seq, deployed.deployment_id)
    assert (edge.status, edge.pause_reason) == ("paused", "out of fuel: algo_on_book used more than 2000000 units")
    assert seq.algo_logs(deployed.deployment_id).lines[0].message == f"paused: {edge.pause_reason}"
    assert slowest() < before + 0.05
    assert other.buy("BTC-USD", 1, venue="kraken").status == "active"
    seq.algo_start(deployed.deployment_id)
    assert slowest() < before + 0.05


@pytest.mark.covers("deploy_algo", "algo_status")
def test_a_sandbox_may_set_other_limits(save: Any) -> None:
    with Sandbox(seed=7, algo_limits=AlgoLimits(fuel=1_000)) as sandbox, sandbox.client() as seq:
        sandbox.set_book("BTC-USD", "kraken", bids=[("99", "50")], asks=[("101", "50")])
        deployed = seq.deploy_algo("dear", save(puppet(show_book=True)), ["BTC-USD"])
        assert seq.algo_status(deployed.deployment_id).status == "paused"
    with pytest.raises(TypeError, match="algo_limits must be AlgoLimits"):
        Sandbox(algo_limits={"fuel": 5})  # type: ignore[arg-type]


BOOKS = re.compile(r"position (-?\d+) cost (\d+) realized (-?\d+) fills (\d+)$")


@pytest.mark.covers("deploy_algo", "algo_status", "algo_stop", "algo_logs", "positions_unified", "iter_fills")
def test_a_market_maker_trades_a_day_and_its_own_books_are_the_exchanges(
    seq: Sequence, sandbox: Sandbox, save: Any
) -> None:
    """A book a minute from noon to noon, takers on both sides, and books kept by the module itself, in its own code."""
    start = sandbox.now
    sandbox.advance(to=start + timedelta(hours=12))
    chance, cents = random.Random(11), 40
    sandbox.set_book(RAIN, "kalshi", bids=[("0.40", 30)], asks=[("0.42", 30)])
    deployed = seq.deploy_algo("maker", save(example("market_maker")), [RAIN])
    fills_before_midnight = realized_at_midnight = 0
    for minute in range(24 * 60):
        cents = min(90, max(10, cents + chance.choice((-1, 0, 0, 0, 1))))
        bid, ask = f"0.{cents:02}", f"0.{cents + 2:02}"
        sandbox.set_book(RAIN, "kalshi", bids=[(bid, 30)], asks=[(ask, 30)])
        side = chance.choice(("buy", "sell"))
        sandbox.trade(RAIN, "kalshi", side, ask if side == "buy" else bid, f"{chance.randint(1, 5000) / 100}")
        sandbox.advance(seconds=60)
        if minute == 12 * 60 - 1:
            edge = only_edge(seq, deployed.deployment_id)
            fills_before_midnight = edge.fill_count or 0
            realized_at_midnight = edge.realized_pnl_1e9 or 0
            assert edge.session_realized_pnl_1e9 == 0, "a new session has just begun"
    assert sandbox.now == start + timedelta(hours=36) == datetime(2026, 1, 6, 12, tzinfo=UTC)
    seq.algo_stop(deployed.deployment_id)

    edge = only_edge(seq, deployed.deployment_id)
    last = seq.algo_logs(deployed.deployment_id, limit=1).lines[0]
    own = BOOKS.search(last.message or "")
    assert own is not None
    assert (last.message or "").startswith("books ")
    position, cost, realized, count = map(int, own.groups())
    assert 0 < fills_before_midnight < count
    assert count > 300
    # The module's books against the exchange's books of the algo ...
    assert (edge.position_1e8, edge.realized_pnl_1e9, edge.fill_count) == (position, realized, count)
    assert edge.avg_entry_1e9 == (cost // position if position else 0)
    assert edge.session_realized_pnl_1e9 == realized - realized_at_midnight
    # ... against the ledger of the account, in which nobody else traded ...
    rows = seq.positions_unified(include_closed=True).positions
    (row,) = [row for row in rows if isinstance(row.instrument, EventContractInstrument)]
    assert (row.qty_1e8, row.realized_pnl_usd_1e9) == (position, realized)
    assert row.entry_price_usd_1e9 == edge.avg_entry_1e9
    assert row.fees_usd_1e9 == edge.fees_1e9
    # ... and against every fill there was.
    fills = list(reversed(list(seq.iter_fills())))
    assert len(fills) == count
    assert sum(fill.qty_1e8 if fill.side == "BUY" else -fill.qty_1e8 for fill in fills) == position
    cash = sum(fill.qty_1e8 * fill.price_1e9 * (1 if fill.side == "SELL" else -1) for fill in fills)
    assert (cash + cost) // 10**8 == realized, "what was paid and received, less what is still held"
    told = [int(found[4]) for line in seq.algo_logs(deployed.deployment_id, limit=1000).lines
            if (found := BOOKS.search(line.message or ""))]  # fmt: skip
    assert told[1:] == list(range(count, count - len(told) + 1, -1)), "every fill was told once, in its order"
    assert {fill["liquidity"] for fill in fills} == {"maker"}
    assert not any(order.status not in ("FILLED", "CANCELLED", "COMPLETED") for order in seq.iter_orders())


@pytest.mark.covers("deploy_algo", "algo_stop", "algo_logs")
def test_a_market_maker_trades_in_the_living_market(save: Any) -> None:
    with Sandbox(seed=7) as sandbox, sandbox.client() as seq:
        deployed = seq.deploy_algo("maker", save(example("market_maker")), ["KXRAIN-26NOV27-OSL"])
        sandbox.advance(seconds=600)
        seq.algo_stop(deployed.deployment_id)
        edge = only_edge(seq, deployed.deployment_id)
        own = BOOKS.search(seq.algo_logs(deployed.deployment_id, limit=1).lines[0].message or "")
        assert own is not None
        position, _, realized, count = map(int, own.groups())
        assert (edge.position_1e8, edge.realized_pnl_1e9, edge.fill_count) == (position, realized, count)
        assert (edge.update_count or 0) > 500
        sandbox.check_invariants()
