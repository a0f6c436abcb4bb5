"""Data of channels, as servers send them."""

from __future__ import annotations

import json
from typing import Any


def price(bid: float, ts_ns: int = 1) -> dict[str, Any]:
    return {"bid": bid, "ask": bid + 1, "mid": bid + 0.5, "spread_bps": 1.5, "ts_ns": ts_ns}


def book(bid: float, ts_ns: int = 1) -> dict[str, Any]:
    return {"bids": [[bid, 1.0]], "asks": [[bid + 1, 2.0]], "ts_ns": ts_ns}


def fill(number: int) -> dict[str, Any]:
    return {
        "fill_id": f"f_{number:05}",
        "node_order_id": "graph:g:order:1",
        "symbol": "SOL-USD",
        "side": "BUY",
        "qty_1e8": 100_000_000,
        "price_1e9": 141_230_000_000,
        "venue": "kraken",
        "fee_1e9": 0,
        "timestamp_ns": 1_781_000_000_000_000_000 + number,
    }


def order(number: int, status: str, filled: int = 0, updated: int = 0) -> dict[str, Any]:
    return {
        "node_order_id": f"graph:g{number}:order:1",
        "symbol": "SOL-USD",
        "side": "BUY",
        "status": status,
        "qty_1e8": 100,
        "filled_qty_1e8": filled,
        "updated_unix_ns": updated,
    }


def new_market(number: int) -> dict[str, Any]:
    return {
        "kind": "new_market",
        "venue": "polymarket",
        "slug": f"eth-updown-5m-{number}",
        "condition_id": f"0x{number:04x}",
        "question": "Up or down?",
        "outcomes": ["Up", "Down"],
        "outcome_token_ids": [f"1{number}", f"2{number}"],
        "neg_risk": False,
        "observed_at_ns": number,
    }


def event(channel: str, data: object) -> bytes:
    return json.dumps({"channel": channel, "data": data}, separators=(",", ":")).encode()


def ack(*subscribed: str, rejected: dict[str, str] | None = None) -> bytes:
    reasons = rejected or {}
    return json.dumps({"subscribed": list(subscribed), "rejected": list(reasons), "reasons": reasons}).encode()
