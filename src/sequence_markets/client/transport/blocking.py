"""Blocking exchanges over a connection pool of our own."""

from __future__ import annotations

import os
import socket
import ssl
import threading
import weakref
from collections.abc import Iterable
from contextlib import suppress
from time import monotonic
from typing import Any

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
    limited,
    no_slot,
)
from sequence_markets.errors import ClientClosedError


class _Attempt(threading.local):
    """The attempt that the present thread is carrying out."""

    send: Send | None = None
    deadline: float = 0.0


_attempt = _Attempt()


def _time_left(late: type[httpcore.TimeoutException]) -> float:
    left = _attempt.deadline - monotonic()
    if left <= 0:
        raise late("the call's time is over")
    return left


def _connect_time(timeout: float | None) -> float:
    left = _time_left(httpcore.ConnectTimeout)
    return left if timeout is None else min(timeout, left)


class _Stream(httpcore.NetworkStream):
    """A connection that keeps to the attempt's deadline, byte by byte, and notes when a request leaves."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream
        self._pid = os.getpid()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _time_left(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if _attempt.send is not None:
            _attempt.send.left = True
        self._stream.write(buffer, _time_left(httpcore.WriteTimeout))

    def close(self) -> None:
        connection: object = self._stream.get_extra_info("socket")
        if isinstance(connection, socket.socket) and self._pid == os.getpid():
            # Closing alone does not wake a thread that waits for an answer. Not the method of a TLS socket: that
            # would take its session away from such a thread. And never in a fork: it would end the parent's connection.
            with suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        if _attempt.send is not None:
            _attempt.send.left = False  # Whatever left so far was for the proxy.
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, _connect_time(timeout)))

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    def __init__(self) -> None:
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        stream = self._backend.connect_tcp(host, port, _connect_time(timeout), local_address, socket_options)
        return _Stream(stream)


class _Connections:
    """The connections of one client. Each carries one request at a time; the one used last is used next."""

    def __init__(self, settings: Settings, origin: httpcore.Origin) -> None:
        self._origin = origin
        self._factory = httpcore.ConnectionPool(network_backend=_Backend(), **factory_arguments(settings))
        self._lock = threading.Lock()
        self._idle: list[httpcore.ConnectionInterface] = []
        self._busy: set[httpcore.ConnectionInterface] = set()
        self._closed = False

    def take(self) -> httpcore.ConnectionInterface:
        while True:
            with self._lock:
                idle = bool(self._idle)
                connection = self._idle.pop() if idle else self._factory.create_connection(self._origin)
                if not (idle and connection.has_expired()):
                    self._busy.add(connection)
                    return connection
            connection.close()

    def give(self, connection: httpcore.ConnectionInterface) -> None:
        """Take a connection back: to use it again when its answer was read whole, else to close it."""
        with self._lock:
            self._busy.discard(connection)
            dropped = [] if connection.is_idle() and not self._closed else [connection]
            while self._idle and self._idle[0].has_expired():
                dropped.append(self._idle.pop(0))
            if not dropped or dropped[0] is not connection:
                self._idle.append(connection)
        for each in dropped:
            each.close()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            connections = [*self._idle, *self._busy]
            self._idle.clear()
        for connection in connections:
            connection.close()


class PoolExchange:
    """Blocking exchanges over connections of our own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._wire = Wire(settings)
        self._lock = threading.Lock()
        self._closed = False
        self._start()

    def _start(self) -> None:
        self._pid = os.getpid()
        self._slots = threading.Semaphore(self._settings.max_concurrent)
        self._connections: _Connections | None = None
        self._finalizer: weakref.finalize[..., Any] | None = None

    def exchange(self, send: Send) -> Answer | Failure:
        deadline = monotonic() + send.time_left
        connections = self._open()
        slots = self._slots
        if not slots.acquire(timeout=min(POOL_TIMEOUT, send.time_left)):
            return no_slot(self._settings.max_concurrent)
        try:
            _attempt.send, _attempt.deadline = send, deadline
            connection = connections.take()
            try:
                response = connection.handle_request(self._wire.request(send))
                try:
                    assert isinstance(response.stream, Iterable)
                    parts = limited(response.stream)
                finally:
                    response.close()
            finally:
                connections.give(connection)
            return Answer(response.status, response.headers, body_of(parts, response.headers))
        except TooLarge as error:
            return Failure(str(error), sent=True, permanent=True)
        except LIBRARY_ERRORS as error:
            if self._closed:
                return Failure("the client was closed during the call", sent=send.left, permanent=True, cause=error)
            return failure(error, send)
        finally:
            _attempt.send = None
            slots.release()

    def _open(self) -> _Connections:
        with self._lock:
            if self._closed:
                raise ClientClosedError(0, "this client is closed")
            if self._pid != os.getpid():
                # A fork shares the parent's sockets: two processes on one connection read each other's answers.
                self._start()
            if self._connections is None:
                self._connections = _Connections(self._settings, self._wire.origin)
                self._finalizer = weakref.finalize(self, self._connections.close)
            return self._connections

    def close(self) -> None:
        with self._lock:
            self._closed = True
            finalizer = self._finalizer
        if finalizer is not None:
            finalizer()
