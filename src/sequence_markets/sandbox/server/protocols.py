"""The wire protocols of uvicorn, as the sandbox uses them: silent, and with their transport within reach of the app.

Faults cut connections and write half frames, which ASGI has no words for.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from asyncio.transports import BaseTransport
from typing import Final, Protocol, cast

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

TRANSPORT: Final = "sequence.transport"

_KERNEL_BYTES: Final = 128 << 10
"""What the kernel is asked to hold of a WebSocket's frames: there they can no longer give way to newer ones."""

# What a peer does wrong is said to the peer; uvicorn would print it, refused sockets included.
_SILENT: Final = logging.Logger("sequence_markets.sandbox.wire", logging.CRITICAL + 1)


class HttpProtocol(H11Protocol):
    """HTTP/1.1."""

    def connection_made(self, transport: BaseTransport) -> None:
        """Take the connection."""
        super().connection_made(cast("asyncio.Transport", transport))
        self.logger = _SILENT
        self.app = _WithTransport(self.app, transport)


class SocketProtocol(WebSocketsSansIOProtocol):
    """WebSocket."""

    def connection_made(self, transport: BaseTransport) -> None:
        """Take the connection over from HTTP."""
        super().connection_made(transport)
        connection: socket.socket = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL_BYTES)
        self.logger = _SILENT
        self.app = _WithTransport(self.app, transport)


class _WithTransport:
    def __init__(self, app: object, transport: BaseTransport) -> None:
        self._app = cast("_App", app)
        self._transport = transport

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[TRANSPORT] = self._transport
        await self._app(scope, receive, send)


class _App(Protocol):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...
