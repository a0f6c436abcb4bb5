"""Server-sent events: feeds over plain HTTP."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Final, Literal

from starlette.types import Receive, Scope, Send

from sequence_markets.sandbox.exchange import Exchange
from sequence_markets.sandbox.server.call import Services
from sequence_markets.sandbox.server.endpoint import header
from sequence_markets.sandbox.server.errors import ApiError
from sequence_markets.sandbox.server.streaming import Connection
from sequence_markets.sandbox.server.streams.hub import Listener
from sequence_markets.sandbox.server.wire import encode_text

SseFeed = Literal["tca", "risk", "alerts"]

KEEP_ALIVE_S: Final = 15.0
_KEEP_ALIVE: Final = b": ka\n\n"


class EventSource:
    """A path that never stops answering.

    Args:
        services: What the handlers of the server share.
        executor: Runs what finds the exchange in use.
        feed: What is told.
    """

    def __init__(self, services: Services, executor: Executor, feed: SseFeed) -> None:
        self._services = services
        self._executor = executor
        self._feed: SseFeed = feed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one listener until it goes away."""
        if scope["method"] != "GET":
            raise ApiError(405, "METHOD_NOT_ALLOWED", "this is a feed: use GET", headers={"Allow": "GET"})
        principal = self._services.keys.authenticate(header(scope, b"authorization"))
        connection = Connection(self._services, self._executor, principal, _event)
        await connection.open(self._begin)
        pump = asyncio.create_task(_pump(connection, scope, send))
        gone = asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait((pump, gone), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (pump, gone):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, OSError):
                    await task
            await connection.close()

    def _begin(self, exchange: Exchange, listener: Listener) -> None:
        self._services.hub.follow(exchange, listener, self._feed)


async def _pump(connection: Connection, scope: Scope, send: Send) -> None:
    headers = [
        (b"content-type", b"text/event-stream"),
        (b"cache-control", b"no-store"),
        (b"x-request-id", scope["sequence.request_id"].encode("latin-1")),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    # Without a first byte some clients wait for the headers until the first event.
    await send({"type": "http.response.body", "body": _KEEP_ALIVE, "more_body": True})
    while True:
        try:
            batch = await asyncio.wait_for(connection.frames(), KEEP_ALIVE_S)
        except TimeoutError:
            await send({"type": "http.response.body", "body": _KEEP_ALIVE, "more_body": True})
            continue
        if not batch:
            break
        body = "".join(frame.text for frame in batch).encode()
        await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


def _event(channel: str, data: Mapping[str, object]) -> str:
    return f"event: {channel}\ndata: {encode_text(data)}\n\n"
