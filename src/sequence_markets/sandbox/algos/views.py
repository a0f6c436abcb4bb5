"""How deployments, their edges, logs and figures are shown on the wire."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sequence_markets.sandbox.algos.books import AlgoEdge, DeployedAlgo
from sequence_markets.sandbox.algos.calls import mark_1e9
from sequence_markets.sandbox.algos.commands import algo_of, edges_of
from sequence_markets.sandbox.algos.history import AlgoEvent
from sequence_markets.sandbox.algos.host import AlgoHost
from sequence_markets.sandbox.algos.instances import LEVELS, Trouble
from sequence_markets.sandbox.algos.runs import Trace
from sequence_markets.sandbox.trading.amounts import usd_1e9
from sequence_markets.sandbox.trading.desk import Desk

__all__ = [
    "algo_answer",
    "algos_answer",
    "deployment_answer",
    "deployments_answer",
    "event_row",
    "logs_answer",
    "mesh_answer",
    "stats_answer",
    "trace_row",
]

Row = dict[str, object]

_SECOND_NS: Final = 10**9
_FIRST_OF: Final = ("running", "paused", "accepted", "stopped", "rejected")


def overall(edges: Iterable[AlgoEdge]) -> str:
    """The state over several edges: that of the liveliest of them."""
    found = {edge.status for edge in edges}
    return next((status for status in _FIRST_OF if status in found), "pending")


def deployment_answer(desk: Desk, host: AlgoHost, deployment: DeployedAlgo) -> Row:
    """A deployment with all of its edges."""
    edges = list(edges_of(desk, deployment))
    row: Row = {
        "deployment_id": deployment.id,
        "name": deployment.name,
        "symbols": list(deployment.symbols),
        "size_bytes": _size(desk, deployment),
        "status": overall(edges),
        "pushed_to": sum(edge.status != "rejected" for edge in edges),
        "capable_edges": len(edges),
        "edges": [_edge_row(desk, host, deployment, edge) for edge in edges],
        "created_at": deployment.created_ns // _SECOND_NS,
        "modified_at": deployment.modified_ns // _SECOND_NS,
        "risk": deployment.rules.to_dict(),
    }
    if edges:
        try:
            upload = host.calls.upload(desk, edges[0])
        except Trouble:
            return row
        row["capabilities"] = {
            "callbacks": sorted(upload.calls.keys() - {"algo_alloc"}),
            "unsupported": list(upload.unsupported),
        }
    return row


def deployments_answer(desk: Desk, host: AlgoHost, client: str) -> Row:
    """The deployments of an account, newest first."""
    found = [deployment_answer(desk, host, deployment) for deployment in desk.state.algos.of(client)]
    return {"deployments": found[::-1], "count": len(found)}


def _size(desk: Desk, deployment: DeployedAlgo) -> int:
    text = desk.state.algos.modules[deployment.module]
    return len(text) // 4 * 3 - text.count("=", -2)


def _edge_row(desk: Desk, host: AlgoHost, deployment: DeployedAlgo, edge: AlgoEdge) -> Row:
    run = host.calls.run(edge)
    mark = mark_1e9(desk, edge, desk.net_book(edge.symbol, edge.venue), run.mid_1e9)
    seen_ns = desk.now_ns if edge.running else run.seen_ns or deployment.created_ns
    return {
        "symbol": edge.symbol,
        "edge_id": edge.edge_id,
        "deploy_id": deployment.id,
        "status": edge.status,
        "label": None,
        "size_bytes": _size(desk, deployment),
        "deployed_at": deployment.created_ns // _SECOND_NS,
        "last_heartbeat": seen_ns // _SECOND_NS,
        "pause_reason": edge.reason or None,
        "position_1e8": edge.position,
        "avg_entry_1e9": edge.avg_entry_1e9,
        "realized_pnl_1e9": usd_1e9(edge.realized),
        "session_realized_pnl_1e9": usd_1e9(edge.session(desk.now_ns)),
        "unrealized_pnl_1e9": usd_1e9(edge.unrealized(mark)),
        "fees_1e9": edge.fees * 10,
        "fill_count": edge.fill_count,
        "open_orders": len(edge.orders),
        "callback_latency_ns": _percentile(sorted(run.samples), 50),
        "update_count": run.updates,
    }


def _percentile(ordered: Sequence[int], percent: int) -> int:
    """The smallest value that so many percent of all do not exceed."""
    return ordered[-(-len(ordered) * percent // 100) - 1] if ordered else 0


def algos_answer(desk: Desk, host: AlgoHost, client: str, *, by_edge: bool) -> Row:
    """The algos of an account, one row per symbol; with their edges when asked for."""
    symbols = sorted({symbol for deployment in desk.state.algos.of(client) for symbol in deployment.symbols})
    found = [(symbol, algo_of(desk, client, symbol)[0]) for symbol in symbols]
    answer: Row = {"algos": [_algo_row(desk, deployment, symbol) for symbol, deployment in found]}
    if by_edge:
        answer["edges"] = [
            _edge_row(desk, host, deployment, edge)
            for symbol, deployment in found
            for edge in edges_of(desk, deployment, symbol)
        ]
    return answer


def _algo_row(desk: Desk, deployment: DeployedAlgo, symbol: str) -> Row:
    return {
        "symbol": symbol,
        "size_bytes": _size(desk, deployment),
        "modified_at": deployment.modified_ns // _SECOND_NS,
        "status": overall(edges_of(desk, deployment, symbol)),
        "deployment_id": deployment.id,
        "name": deployment.name,
    }


def algo_answer(desk: Desk, host: AlgoHost, deployment: DeployedAlgo, symbol: str) -> Row:
    """The algo of one symbol, with its edges."""
    edges = [_edge_row(desk, host, deployment, edge) for edge in edges_of(desk, deployment, symbol)]
    return {**_algo_row(desk, deployment, symbol), "edges": edges}


def logs_answer(host: AlgoHost, deployment: DeployedAlgo, limit: int, symbol: str = "") -> Row:
    """What a deployment logged, newest first, all of it or about one symbol."""
    lines = [line for line in host.history.logs(deployment.id) if symbol in ("", line.symbol)][:limit]
    rows = [
        {
            "ts_ns": line.time_ns,
            "level": LEVELS[line.level],
            "edge_id": line.edge_id,
            "symbol": line.symbol,
            "message": line.message,
        }
        for line in lines
    ]
    answer: Row = {"deployment_id": deployment.id, "logs": rows, "count": len(rows)}
    return {**answer, "symbol": symbol} if symbol else answer


def stats_answer(desk: Desk, host: AlgoHost, deployment: DeployedAlgo, symbol: str) -> Row:
    """What the algo of a symbol did, over all of its edges."""
    edges = list(edges_of(desk, deployment, symbol))
    runs = [host.calls.run(edge) for edge in edges]
    samples = sorted(sample for run in runs for sample in run.samples)
    rows = [_edge_row(desk, host, deployment, edge) for edge in edges]

    def total(name: str) -> int:
        return sum(value for row in rows if isinstance(value := row[name], int))

    return {
        "symbol": symbol,
        "deployment_id": deployment.id,
        "status": overall(edges),
        "update_count": sum(run.updates for run in runs),
        "fill_count": total("fill_count"),
        "reject_count": sum(run.rejects for run in runs),
        "actions_count": sum(run.actions for run in runs),
        "callback_latency_ns": {
            "p50": _percentile(samples, 50),
            "p99": _percentile(samples, 99),
            "max": max((run.slowest for run in runs), default=0),
        },
        "position_1e8": total("position_1e8"),
        "realized_pnl_1e9": total("realized_pnl_1e9"),
        "session_realized_pnl_1e9": total("session_realized_pnl_1e9"),
        "unrealized_pnl_1e9": total("unrealized_pnl_1e9"),
    }


def mesh_answer(desk: Desk, deployment: DeployedAlgo) -> Row:
    """The edges of a deployment that could talk to each other. No messages are passed here, so none are counted."""
    venues = list(dict.fromkeys(edge.venue for edge in edges_of(desk, deployment)))
    nodes = [
        {
            "edge_id": f"venue-edge-{venue}",
            "label": venue,
            "peers": [
                {"label": peer, "latency_ns": None, "sent": 0, "received": 0} for peer in venues if peer != venue
            ],
        }
        for venue in venues
    ]
    return {"deployment_id": deployment.id, "nodes": nodes if len(venues) > 1 else []}


def trace_row(deployment: str, trace: Trace) -> Row:
    """One call of an algo."""
    return {
        "deployment_id": deployment,
        "edge_id": trace.edge_id,
        "symbol": trace.symbol,
        "callback": trace.callback,
        "seq": trace.seq,
        "ts_ns": trace.time_ns,
        "duration_ns": trace.fuel,
        "actions": trace.actions,
    }


def event_row(deployment: str, event: AlgoEvent) -> Row:
    """Something that happened to a deployment."""
    return {
        "deployment_id": deployment,
        "event": event.kind,
        "status": event.status or None,
        "edge_id": event.edge_id or None,
        "symbol": event.symbol or None,
        "reason": event.reason or None,
        "ts_ns": event.time_ns,
    }
