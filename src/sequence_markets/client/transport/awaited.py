"""Awaited exchanges over a connection pool of our own, on asyncio's transports."""

from __future__ import annotations

import asyncio
import socket
import ssl
import weakref
from collections.abc import AsyncIterable, Callable, Iterable
from contextvars import ContextVar
from typing import Any, Final, TypeVar

import httpcore

from sequence_markets.client.engine import Answer, Failure, Send
from sequence_markets.client.settings import Settings
from sequence_markets.client.transport.common import (
    LIBRARY_ERRORS,
    POOL_TIMEOUT,
    TooLarge,
    Wire,
    body_of,
    factory_arguments,
    failure,
    limited_async,
    no_slot,
)
from sequence_markets.errors import ClientClosedError, WrongEventLoopError

P = TypeVar("P", bound=asyncio.BaseProtocol)

NEXT_ADDRESS_AFTER: Final = 1.0
"""Seconds after which a silent address is given up for the next."""

_sending: ContextVar[Send | None] = ContextVar("_sending", default=None)


class _Pipe(asyncio.Protocol):
    """Buffers what a connection brings, and wakes the one reader and the one writer it has."""

    HIGH_WATER = 1024 * 1024

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._received = bytearray()
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self._full = False
        self._reading_paused = False
        self.transport: asyncio.Transport | None = None
        self.ended = False
        self.error: Exception | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        if len(self._received) > self.HIGH_WATER and self.transport is not None and not self._reading_paused:
            self._reading_paused = True
            self.transport.pause_reading()
        _wake(self._reader)

    def eof_received(self) -> None:
        self.ended = True
        _wake(self._reader)

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended = True
        self.error = exc
        _wake(self._reader)
        _wake(self._writer)

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        _wake(self._writer)

    @property
    def readable(self) -> bool:
        """Whether an idle connection has anything to say: then it cannot carry another request."""
        return self.ended or bool(self._received)

    async def read(self, most: int) -> bytes:
        while not self._received and not self.ended:
            self._reader = self._loop.create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        if self._received:
            taken = bytes(self._received[:most])
            del self._received[:most]
            if self._reading_paused and self.transport is not None and not self.transport.is_closing():
                self._reading_paused = False
                self.transport.resume_reading()
            return taken
        if self.error is not None:
            raise self.error
        return b""

    async def write(self, data: bytes) -> None:
        if self.ended or self.transport is None:
            raise self.error or ConnectionResetError("the connection is closed")
        self.transport.write(data)
        while self._full and not self.ended:
            self._writer = self._loop.create_future()
            try:
                await self._writer
            finally:
                self._writer = None


def _wake(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)


class _AsyncStream(httpcore.AsyncNetworkStream):
    """A connection on asyncio's own transports. The attempt's deadline stands around the whole exchange."""

    def __init__(self, pipe: _Pipe) -> None:
        self._pipe = pipe

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            return await self._pipe.read(max_bytes)
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if not buffer:
            return
        send = _sending.get()
        if send is not None:
            send.left = True
        try:
            await self._pipe.write(buffer)
        except OSError as error:
            raise httpcore.WriteError(str(error)) from error

    async def aclose(self) -> None:
        if self._pipe.transport is not None:
            # Not close(): under TLS that would wait for the peer's farewell.
            self._pipe.transport.abort()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        loop = asyncio.get_running_loop()
        plain = self._pipe.transport
        assert plain is not None
        inner = _Pipe()
        try:
            async with asyncio.timeout(timeout):
                transport = await loop.start_tls(plain, inner, ssl_context, server_hostname=server_hostname)
        except BaseException as error:
            plain.abort()
            if isinstance(error, TimeoutError):
                raise httpcore.ConnectTimeout("no TLS handshake in time") from error
            if isinstance(error, OSError):  # ssl.SSLError is one.
                raise httpcore.ConnectError(str(error)) from error
            raise
        if transport is None:
            raise httpcore.ConnectError("the connection closed during the TLS handshake")
        inner.transport = transport
        send = _sending.get()
        if send is not None:
            send.left = False  # Whatever left so far was for the proxy.
        return _AsyncStream(inner)

    def get_extra_info(self, info: str) -> object:
        if info == "is_readable":
            return self._pipe.readable
        return None if self._pipe.transport is None else self._pipe.transport.get_extra_info(info)


class _AsyncBackend(httpcore.AsyncNetworkBackend):
    def __init__(self, pipes: weakref.WeakSet[_Pipe]) -> None:
        self._pipes = pipes

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                pipe = await connect(host, port, _Pipe)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout("no connection in time") from error
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        self._pipes.add(pipe)
        return _AsyncStream(pipe)


async def connect(host: str, port: int, factory: Callable[[], P]) -> P:
    """Connect a protocol to the first address that answers.

    One address after the other, each socket owned here until it has its transport: asyncio's own race over addresses
    loses a socket when it is cancelled at the moment that it wins.
    """
    loop = asyncio.get_running_loop()
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        addresses = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    failed: OSError = ConnectionError(f"{host} has no address")
    for left, (family, kind, number, _, address) in zip(reversed(range(len(addresses))), addresses, strict=True):
        connecting = socket.socket(family, kind, number)
        try:
            connecting.setblocking(False)
            async with asyncio.timeout(NEXT_ADDRESS_AFTER if left else None):
                await loop.sock_connect(connecting, address)
        except OSError as error:  # A timeout is one.
            connecting.close()
            failed = error
            continue
        except BaseException:
            connecting.close()
            raise
        _, protocol = await loop.create_connection(factory, sock=connecting)
        return protocol
    raise failed


def _abandon(loop: asyncio.AbstractEventLoop, pipes: weakref.WeakSet[_Pipe]) -> None:
    """Drop the connections of a client that was collected without being closed."""
    for pipe in list(pipes):
        if pipe.transport is not None and not pipe.ended and not loop.is_closed():
            loop.call_soon_threadsafe(pipe.transport.abort)


async def take_slot(slots: asyncio.Semaphore) -> bool:
    """Take a slot, or return ``False`` when none becomes free in a short time."""
    if not slots.locked():
        return await slots.acquire()
    try:
        async with asyncio.timeout(POOL_TIMEOUT):
            return await slots.acquire()
    except TimeoutError:
        return False


class OneLoop:
    """Remembers the event loop a client belongs to."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None

    def check(self) -> asyncio.AbstractEventLoop:
        running = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = running
        elif self._loop is not running:
            state = "closed" if self._loop.is_closed() else "different"
            raise WrongEventLoopError(
                0, f"this AsyncSequence was first used on another event loop, now {state}: make one client per loop"
            )
        return running


class _Connections:
    """The connections of one client. Each carries one request at a time; the one used last is used next."""

    def __init__(self, settings: Settings, origin: httpcore.Origin, backend: _AsyncBackend) -> None:
        self._origin = origin
        self._factory = httpcore.AsyncConnectionPool(network_backend=backend, **factory_arguments(settings))
        self._idle: list[httpcore.AsyncConnectionInterface] = []
        self._busy: set[httpcore.AsyncConnectionInterface] = set()
        self._closed = False

    async def take(self) -> httpcore.AsyncConnectionInterface:
        while self._idle:
            connection = self._idle.pop()
            if not connection.has_expired():
                break
            await connection.aclose()
        else:
            connection = self._factory.create_connection(self._origin)
        self._busy.add(connection)
        return connection

    async def give(self, connection: httpcore.AsyncConnectionInterface) -> None:
        """Take a connection back: to use it again when its answer was read whole, else to close it."""
        self._busy.discard(connection)
        while self._idle and self._idle[0].has_expired():
            await self._idle.pop(0).aclose()
        if connection.is_idle() and not self._closed:
            self._idle.append(connection)
        else:
            await connection.aclose()

    async def aclose(self) -> None:
        self._closed = True
        connections = [*self._idle, *self._busy]
        self._idle.clear()
        for connection in connections:
            await connection.aclose()


class AsyncPoolExchange:
    """Awaited exchanges over connections of our own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._wire = Wire(settings)
        self._loop = OneLoop()
        self._slots = asyncio.Semaphore(settings.max_concurrent)
        self._connections: _Connections | None = None
        self._pipes: weakref.WeakSet[_Pipe] = weakref.WeakSet()
        self._finalizer: weakref.finalize[..., Any] | None = None
        self._closed = False

    async def exchange(self, send: Send) -> Answer | Failure:
        connections = self._open()
        token = _sending.set(send)
        try:
            async with asyncio.timeout(send.time_left):
                if not await take_slot(self._slots):
                    return no_slot(self._settings.max_concurrent)
                try:
                    return await self._carry(connections, send)
                finally:
                    self._slots.release()
        except TooLarge as error:
            return Failure(str(error), sent=True, permanent=True)
        except LIBRARY_ERRORS as error:
            if self._closed:
                return Failure("the client was closed during the call", sent=send.left, permanent=True, cause=error)
            return failure(error, send)
        finally:
            _sending.reset(token)

    async def _carry(self, connections: _Connections, send: Send) -> Answer:
        connection = await connections.take()
        try:
            response = await connection.handle_async_request(self._wire.request(send))
            try:
                assert isinstance(response.stream, AsyncIterable)
                parts = await limited_async(response.stream)
            finally:
                await response.aclose()
        finally:
            await connections.give(connection)
        return Answer(response.status, response.headers, body_of(parts, response.headers))

    def _open(self) -> _Connections:
        if self._closed:
            raise ClientClosedError(0, "this client is closed")
        loop = self._loop.check()
        if self._connections is None:
            self._connections = _Connections(self._settings, self._wire.origin, _AsyncBackend(self._pipes))
            self._finalizer = weakref.finalize(self, _abandon, loop, self._pipes)
        return self._connections

    async def aclose(self) -> None:
        if self._connections is not None and not self._closed:
            self._loop.check()
            if self._finalizer is not None:
                self._finalizer.detach()
            self._closed = True
            await self._connections.aclose()
        self._closed = True
