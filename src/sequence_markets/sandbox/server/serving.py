"""Running an ASGI application on a thread of its own, with an event loop of its own."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import sys
import threading
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from sequence_markets.sandbox.server.protocols import HttpProtocol, SocketProtocol
from sequence_markets.sandbox.server.streaming import MAX_FRAME_BYTES

_GRACE_S: Final = 2.0
_ROUNDS: Final = 5
_LOOK_EVERY_S: Final = 0.005
_BACKLOG: Final = 2048


class PortInUseError(OSError):
    """Somebody else is listening on the wanted port."""


def bind(host: str, port: int) -> socket.socket:
    """Return a socket bound to ``host`` and ``port``; it does not listen yet, so nobody can be let in too early.

    Args:
        host: Address or name to listen on.
        port: Port, or 0 for any free one.

    Raises:
        PortInUseError: The port is taken.
        OSError: The host is unknown, or the port not allowed.
    """
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, address = infos[0]
    bound = socket.socket(family, kind, protocol)
    try:
        # On Windows the same option would let two servers share a port.
        if sys.platform != "win32":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(error.errno, f"port {port} on {host} is in use") from None
        raise
    return bound


def url_of(bound: socket.socket) -> str:
    """Return the URL under which a program on this machine reaches a bound socket."""
    host, port = bound.getsockname()[:2]
    if bound.family == socket.AF_INET6:
        return f"http://[{'::1' if host == '::' else host}]:{port}"
    return f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"


class ServerThread:
    """An HTTP server on its own thread.

    Args:
        app: The ASGI application.
        bound: A bound socket; the server takes it over and closes it.
    """

    def __init__(self, app: ASGIApp, bound: socket.socket) -> None:
        # Nothing is logged per request: a request line may hold a symbol or an id, and a test suite wants silence.
        config = uvicorn.Config(
            app,
            backlog=_BACKLOG,
            http=HttpProtocol,
            ws=SocketProtocol,
            ws_max_size=MAX_FRAME_BYTES,
            ws_ping_interval=20.0,
            ws_ping_timeout=20.0,
            ws_per_message_deflate=False,
            lifespan="off",
            loop="asyncio",
            log_config=None,
            log_level=None,
            access_log=False,
            date_header=False,
            server_header=False,
            proxy_headers=False,
        )
        self._server = _Server(config)
        self._bound = bound
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="sequence-sandbox-http", daemon=True)

    def start(self) -> None:
        """Start serving, and return once requests are answered."""
        self._thread.start()
        self._server.settled.wait()
        if self._failure is not None:
            self._thread.join()
            raise RuntimeError("the sandbox's server could not start") from self._failure

    def stop(self) -> None:
        """Let running requests end, close every connection, and wait until the thread has ended."""
        self._server.finish()
        self._thread.join()

    @property
    def alive(self) -> bool:
        """Whether the thread is running."""
        return self._thread.is_alive()

    def _run(self) -> None:
        try:
            with asyncio.Runner() as runner:
                runner.run(self._server.serve(sockets=[self._bound]))
        except BaseException as error:
            self._failure = error
        finally:
            self._bound.close()
            self._server.settled.set()


class _Server(uvicorn.Server):
    """A server that says when it has started, and sleeps until it is told to stop instead of looking now and then."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.settled = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._finished: asyncio.Event | None = None

    async def main_loop(self) -> None:
        """Wait for :meth:`finish`."""
        self._loop = asyncio.get_running_loop()
        self._finished = asyncio.Event()
        self.settled.set()
        await self._finished.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let running requests end within the grace period, then close every connection, the newest included."""
        loop = asyncio.get_running_loop()
        # A connection accepted while its server closes would be lost and never closed. So accepting ends first, and
        # whoever was accepted is attached a few rounds of the loop later.
        with contextlib.suppress(NotImplementedError):
            for listening in sockets or []:
                loop.remove_reader(listening)
        for _ in range(_ROUNDS):
            await asyncio.sleep(0)
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        deadline = loop.time() + _GRACE_S
        # uvicorn keeps its connections in a plain set, so there is nothing to await.
        while self.server_state.connections and loop.time() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_EVERY_S)
        for task in list(self.server_state.tasks):
            task.cancel()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)

    def finish(self) -> None:
        """Make the server shut down; may be called from any thread, also after it has ended."""
        self.settled.wait()
        if self._loop is not None and self._finished is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._finished.set)
