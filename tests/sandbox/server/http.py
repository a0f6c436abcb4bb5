"""Plain HTTP against a sandbox, and the bodies that clients send."""

from __future__ import annotations

import ssl
from typing import Final

import httpx

from sequence_markets.sandbox import Sandbox
from sequence_markets.sandbox.embedded import fresh_key

Json = dict[str, object]

# Everything here is plain HTTP. Without a ready context every client would read the machine's certificates.
NO_TLS: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def connect(sandbox: Sandbox, key: str | None = None) -> httpx.Client:
    """Return an HTTP client that follows no redirects, with a fresh account unless a key is given."""
    return httpx.Client(
        base_url=sandbox.url,
        headers={"Authorization": f"Bearer {key or fresh_key()}"},
        trust_env=False,
        verify=NO_TLS,
        follow_redirects=False,
        timeout=10,
    )


def order_body(
    symbol: str = "BTC-USD",
    side: str = "buy",
    qty_1e8: int = 1_000_000,
    *,
    limit_1e9: int | None = None,
    venue: str | None = None,
    **top: object,
) -> Json:
    """Return a one-node graph as the published client sends it."""
    return {
        "nodes": [
            {
                "node_id": "order",
                "instrument": {"symbol": symbol, "type": "spot", "venue": venue},
                "side": side,
                "order_type": "market" if limit_1e9 is None else {"limit": {"price_1e9": limit_1e9}},
                "quantity": {"fixed": {"qty_1e8": qty_1e8}},
                "execution": {},
                "activation": "root",
            }
        ],
        "edges": [],
        "is_sandbox": False,
        **top,
    }


def assert_error(answer: httpx.Response, status: int, code: str) -> Json:
    """Check that an answer is the error envelope, and return the error."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert body.keys() == {"error"}
    error: Json = body["error"]
    assert error["code"] == code
    assert isinstance(error["message"], str)
    assert error["message"]
    assert error["request_id"] == answer.headers["x-request-id"]
    assert error.keys() <= {"code", "message", "request_id", "details"}
    return error
