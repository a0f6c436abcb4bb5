"""Answers as the documentation shows them."""

from __future__ import annotations

from tests.client.server import Received, Reply

GRAPH = "graph_0f3c9d"
ORDER = f"graph:{GRAPH}:order:1"

NBBO = {"bid": 3101.1, "ask": 3101.4, "mid": 3101.25, "spread_bps": 0.97}
QUOTE: dict[str, object] = {
    "symbol": "ETH-USD",
    "source": "edge_nbbo",
    "nbbo": NBBO,
    "venues": {"kraken": {"bid": 3101.1, "ask": 3101.6, "bid_size": 4.5, "ask_size": 2.0, "age_ms": 38}},
    "book": {"bids": [{"price": 3101.1, "size": 4.5, "venue": "kraken"}], "asks": []},
}
SHORT_QUOTE: dict[str, object] = {"symbol": "ETH-USD", "nbbo": NBBO, "venues": {}}
BATCH: dict[str, object] = {
    "quotes": [QUOTE, {"symbol": "nope", "error": "resolver: unknown symbol"}],
    "count": 2,
    "elapsed_ms": 37,
}
SYMBOLS: list[object] = [{"symbol": "BTC-USD", "base": "BTC", "quote": "USD", "venues": ["kraken"], "type": "spot"}]
VENUES: list[object] = [
    {"venue": "kraken", "connected": True, "last_heartbeat_ns": 1790000000123456789},
    {"venue": "okx", "connected": False, "error": "AUTH"},
]
POSITIONS: dict[str, object] = {
    "positions": [],
    "totals": {
        "nav_usd_1e9": 0,
        "cash_usd_1e9": 0,
        "unrealized_pnl_usd_1e9": 0,
        "realized_pnl_usd_1e9": 0,
        "fees_usd_1e9": 0,
        "num_positions": 0,
    },
    "as_of_ns": 1790100000000000000,
}
EDGES: dict[str, object] = {"edges": [{"status": "connected"}]}
SUBMISSION: dict[str, object] = {"graph_id": GRAPH, "status": "active", "node_count": 1, "edge_count": 0}
STATUS: dict[str, object] = {
    "graph_id": GRAPH,
    "client_id": "client_1",
    "status": "completed",
    "nodes": {"order": {"status": "filled", "node_order_id": ORDER}},
    "edges": {},
}


def order_row(node_order_id: str = ORDER) -> dict[str, object]:
    return {
        "node_order_id": node_order_id,
        "symbol": "ETH-USD",
        "side": "BUY",
        "status": "PARTIAL",
        "qty_1e8": 25000000,
        "filled_qty_1e8": 10000000,
        "failure_reason": None,
    }


def fill_row(fill_id: str = "f_1") -> dict[str, object]:
    return {
        "fill_id": fill_id,
        "node_order_id": ORDER,
        "symbol": "ETH-USD",
        "side": "BUY",
        "qty_1e8": 10000000,
        "price_1e9": 3101400000000,
        "venue": "coinbase",
        "fee_1e9": 310140000,
        "timestamp_ns": 1790000000500000000,
    }


def page(name: str, rows: list[dict[str, object]], **more: object) -> dict[str, object]:
    return {name: rows, "total": len(rows), "limit": 50, "offset": 0, "has_more": False, **more}


def documented(request: Received) -> Reply:
    """Answer any request of levels 0 to 2 as documented."""
    place = request.target.partition("?")[0]
    by_place: dict[tuple[str, str], object] = {
        ("GET", "/v1/credentials"): VENUES,
        ("GET", "/v1/quotes"): {"quotes": [SHORT_QUOTE]},
        ("POST", "/v1/quotes_batch"): BATCH,
        ("GET", "/v1/symbols"): SYMBOLS,
        ("GET", "/v1/positions/unified"): POSITIONS,
        ("GET", "/v1/positions"): POSITIONS,
        ("GET", "/v1/account"): {"client_id": "client_1", "tier": "free"},
        ("GET", "/v1/risk_limits"): {"kill_switch_active": False},
        ("GET", "/v1/edges"): EDGES,
        ("POST", "/v1/orders"): SUBMISSION,
        ("GET", "/v1/orders"): page("orders", [order_row()]),
        ("GET", "/v1/fills"): page("fills", [fill_row()]),
        ("GET", "/v1/health/live"): {"status": "ok"},
    }
    if (request.method, place) in by_place:
        return Reply(body=by_place[request.method, place])
    if request.method == "GET" and place.startswith("/v1/quotes/"):
        return Reply(body=QUOTE)
    if request.method == "GET" and place.startswith("/v1/execution_graphs/"):
        return Reply(body=STATUS)
    if request.method == "POST" and place.startswith("/v1/credentials/"):
        return Reply(body={"venue": "kraken", "connected": True})
    if request.method == "DELETE":
        return Reply(204)
    return Reply(404, {"error": {"code": "NOT_FOUND", "message": "no such endpoint"}})


def error(status: int, code: str = "CODE", message: str = "what is wrong", **more: object) -> Reply:
    return Reply(status, {"error": {"code": code, "message": message, **more}})
