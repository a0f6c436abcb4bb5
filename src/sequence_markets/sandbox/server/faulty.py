"""Making a fault happen to a request."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sequence_markets.sandbox.faults import Fault
from sequence_markets.sandbox.server.errors import ApiError
from sequence_markets.sandbox.server.protocols import TRANSPORT

_CODES: Final = {
    400: "BAD_REQUEST",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    409: "CONFLICT",
    422: "VALIDATION_ERROR",
    429: "RATE_LIMITED",
    503: "SERVICE_UNAVAILABLE",
}


def refusal(fault: Fault) -> ApiError:
    """The answer that a fault makes up."""
    headers = {"Retry-After": fault.retry_after} if fault.retry_after else None
    return ApiError(fault.status, _CODES.get(fault.status, "INTERNAL_ERROR"), "a fault was asked for", headers=headers)


async def suffer(fault: Fault, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Run a request that a fault happens to.

    Raises:
        ApiError: The fault is an answer.
    """
    match fault.kind:
        case "delay":
            await asyncio.sleep(fault.seconds)
            await app(scope, receive, send)
        case "drop_before":
            await cut(scope)
        case "drop_after":
            await app(scope, receive, _unheard)
            await cut(scope)
        case "truncate":
            await app(scope, receive, _halved(send))
            await cut(scope)
        case _:
            raise refusal(fault)


async def cut(scope: Scope) -> None:
    """Cut the connection at once, without a farewell."""
    transport: asyncio.Transport = scope[TRANSPORT]
    transport.abort()
    # Whoever serves the connection learns of its end a round of the loop later.
    await asyncio.sleep(0)


async def _unheard(_message: Message) -> None:
    return


def _halved(send: Send) -> Send:
    async def half(message: Message) -> None:
        if message["type"] == "http.response.body":
            body: bytes = message.get("body", b"")
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        else:
            await send(message)

    return half
