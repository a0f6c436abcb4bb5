"""The threaded face of a stream: one thread of its own, which owns the socket, and no event loop."""

from __future__ import annotations

import errno
import os
import selectors
import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from time import monotonic
from typing import Any, Final, cast

from sequence_markets.client.operation import Operation
from sequence_markets.client.outcomes import Outcomes
from sequence_markets.client.settings import Settings
from sequence_markets.client.sync.caller import carry
from sequence_markets.client.transport import Exchange, open_sync
from sequence_markets.errors import ClientUsageError, ConnectionLostError, RequestTimeoutError, SequenceError

from .actions import Fetch
from .driver import CLOSED_WITHIN, Driver, moment
from .options import Options
from .protocol import State
from .wire import Wire

_Address = tuple[int, int, int, Any]
_CHUNK: Final = 64 * 1024
_NEXT_ADDRESS_AFTER: Final = 1.0
_JOINED_WITHIN: Final = 0.5


class BlockingDriver(Driver):
    """Carries out a stream in a thread of its own.

    Args:
        settings: The client's settings.
        options: What the stream was asked for.
        jitter: A random number from 0 to 1.
    """

    def __init__(self, settings: Settings, options: Options, jitter: Callable[[], float]) -> None:
        super().__init__(settings, options, jitter)
        self._changed = threading.Condition()
        self._wakes, self._waker = socket.socketpair()
        self._wakes.setblocking(False)
        self._waker.setblocking(False)
        self._wire: Wire | None = None
        self._wire_to_dial: Wire | None = None
        self._addresses: list[_Address] = []
        self._socket: socket.socket | None = None
        self._connecting = False
        self._try_until: float | None = None
        self._leaving: float | None = None
        self._unsent = b""
        self._abandoned = False
        self._over = False
        self._reading = False
        self._exchange: Exchange | None = None
        self._fetching: set[threading.Thread] = set()
        self._thread = threading.Thread(target=self._run, name="sequence-markets stream", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether anything of it is still there."""
        return self._thread.is_alive()

    def next(self) -> Any:
        """Return the next item.

        Raises:
            StopIteration: The stream was closed.
            SequenceError: It ended by itself.
        """
        self.check_process()
        protocol = self.protocol
        with self._changed:
            if self._reading:
                raise ClientUsageError(0, "two threads read the same stream at once: give each a stream of its own")
            self._reading = True
            try:
                while True:
                    paused = protocol.paused
                    item = protocol.take(monotonic())
                    if paused and not protocol.paused:
                        self._wake()
                    if item is not None:
                        return item
                    if protocol.ended or self._abandoned or self._over:
                        self.over(StopIteration)
                    self._changed.wait()
            finally:
                self._reading = False

    def until_held(self, timeout: float) -> None:
        """Wait until every channel is held.

        Raises:
            SequenceError: The stream ended before, or the time was over.
        """
        self.check_process()
        with self._changed:
            done = self._changed.wait_for(lambda: self.protocol.held or self.protocol.ended, timeout)
            if self.protocol.ended and self.protocol.error is not None:
                self.over(StopIteration)
        if not done:
            raise RequestTimeoutError(0, f"not subscribed within {timeout:g} s", operation="stream")

    def subscribe(self, channels: Iterable[str]) -> None:
        """Want more channels."""
        self.check_process()
        with self._changed:
            self.protocol.subscribe(channels, moment())
        self._wake()

    def unsubscribe(self, channels: Iterable[str]) -> None:
        """Want fewer channels."""
        self.check_process()
        with self._changed:
            self.protocol.unsubscribe(channels, moment())
        self._wake()

    def abandon(self) -> None:
        """End the stream without waiting, from whatever thread and at whatever point."""
        # No lock: this may run in the middle of anything, called by the garbage collector.
        self._abandoned = True
        if not self.forked:
            self._wake()

    def close(self) -> None:
        """End the stream, and wait until nothing of it is left."""
        self.abandon()
        if threading.current_thread() is not self._thread and not self.forked:
            self._thread.join(CLOSED_WITHIN + _JOINED_WITHIN)

    def forget(self) -> None:
        """After a fork: let go of what is the parent's, without a word on it."""
        super().forget()
        for each in (self._socket, self._wakes, self._waker):
            if each is not None:
                each.close()

    # The thread.

    def _run(self) -> None:
        try:
            with self._changed:
                self.protocol.start(moment())
            while self._turn():
                pass
        except Exception as error:  # A fault of ours must not look like the end of the stream.
            with self._changed:
                self.protocol.fail(error)
                self._carry_out()
            raise
        finally:
            self._let_go()

    def _turn(self) -> bool:
        """Do what is to be done and wait for what happens next; whether there is anything left to do."""
        with self._changed:
            if self._abandoned:
                self.protocol.close()
            self._carry_out()
            self._changed.notify_all()
        if self._events:
            self._notify()
            return True
        if self._wire_to_dial is not None:
            self._resolve()
            return True
        if self.protocol.ended and self._socket is None:
            return False
        self._wait()
        now = moment()
        with self._changed:
            if self._leaving is not None and now.s >= self._leaving:
                self._drop()
            if self._try_until is not None and now.s >= self._try_until:
                self._try_next(TimeoutError("no connection in time"))
            self.protocol.tick(now)
        return True

    def _wait(self) -> None:
        connection = self._socket
        deadlines = (self.protocol.deadline, self._leaving, self._try_until)
        deadline = min((each for each in deadlines if each is not None), default=None)
        with _Selector() as selector:
            selector.register(self._wakes, selectors.EVENT_READ)
            mask = self._interest()
            if connection is not None and mask:
                selector.register(connection, mask)
            ready = selector.select(None if deadline is None else max(0.0, deadline - monotonic()))
        for key, happened in ready:
            if key.fileobj is self._wakes:
                with suppress(BlockingIOError):
                    while self._wakes.recv(4096):
                        pass
            elif self._connecting:
                self._connected()
            else:
                if happened & selectors.EVENT_WRITE:
                    self._flush()
                if happened & selectors.EVENT_READ:
                    self._read()

    def _interest(self) -> int:
        if self._connecting:
            return selectors.EVENT_WRITE
        reading = selectors.EVENT_READ if self._leaving is not None or not self.protocol.paused else 0
        return reading | (selectors.EVENT_WRITE if self._unsent else 0)

    def _wake(self) -> None:
        with suppress(OSError):
            self._waker.send(b"!")

    def _let_go(self) -> None:
        """Leave nothing behind."""
        with self._changed:
            self._drop()
            exchange, self._exchange = self._exchange, None
            self._over = True
            self._changed.notify_all()
        if exchange is not None:
            exchange.close()
        for thread in list(self._fetching):
            thread.join(_JOINED_WITHIN)
        self._wakes.close()
        self._waker.close()

    # The connection.

    def _dial(self) -> None:
        self._wire_to_dial = self._new_wire()

    def _resolve(self) -> None:
        wire, self._wire_to_dial = self._wire_to_dial, None
        assert wire is not None
        host, port = wire.address
        try:
            try:
                found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
            except socket.gaierror:
                found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            with self._changed:
                self._unconnected(error)
            return
        with self._changed:
            if self.protocol.state is State.CONNECTING:
                self._wire = wire
                self._addresses = [(family, kind, number, address) for family, kind, number, _, address in found]
                self._try_next(ConnectionError(f"{host} has no address"))

    def _try_next(self, error: OSError) -> None:
        """Connect to the next address, one after the other."""
        self._disconnect()
        while self._addresses:
            family, kind, number, address = self._addresses.pop(0)
            trying = socket.socket(family, kind, number)
            trying.setblocking(False)
            failed = trying.connect_ex(address)
            if failed in (0, errno.EINPROGRESS, errno.EWOULDBLOCK):
                self._socket, self._connecting = trying, True
                self._try_until = monotonic() + _NEXT_ADDRESS_AFTER if self._addresses else None
                return
            trying.close()
            error = OSError(failed, os.strerror(failed))
        self._wire = None
        self._unconnected(error)

    def _connected(self) -> None:
        connection = self._socket
        assert connection is not None
        failed = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        with self._changed:
            if failed:
                self._try_next(OSError(failed, os.strerror(failed)))
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connecting, self._try_until = False, None
            self._addresses = []
            self._flush()

    def _read(self) -> None:
        connection, wire = self._socket, self._wire
        if connection is None or wire is None:
            return
        failed: OSError | None = None
        try:
            data = connection.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            data, failed = b"", error
        with self._changed:
            if data:
                self._arrived(wire, data)
                self._flush()
            else:
                self._disconnect()
                self._wire = None
                self._ended(wire, failed)
            if self.protocol.unread or self.protocol.ended:
                self._changed.notify_all()

    def _flush(self) -> None:
        connection, wire = self._socket, self._wire
        if connection is None or wire is None or self._connecting:
            return
        self._unsent += wire.outgoing()
        while self._unsent:
            try:
                sent = connection.send(self._unsent)
            except BlockingIOError:
                return
            except OSError:
                self._unsent = b""  # Reading will tell what happened.
                return
            self._unsent = self._unsent[sent:]

    def _disconnect(self) -> None:
        connection, self._socket = self._socket, None
        self._connecting, self._try_until, self._leaving, self._unsent = False, None, None, b""
        if connection is not None:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)  # A fork may hold the same connection.
            connection.close()

    # What the protocol wants.

    def _send(self, text: bytes) -> None:
        if self._wire is not None and self._wire.open:
            self._wire.send(text)
            self._flush()

    def _ping(self) -> None:
        if self._wire is not None and self._wire.open:
            self._wire.ping()
            self._flush()

    def _hang_up(self, code: int, reason: str) -> None:
        self._wire_to_dial = None
        wire = self._wire
        if wire is not None and not self._connecting and wire.close(code, reason) and self.protocol.ended:
            self._flush()
            self._leaving = monotonic() + CLOSED_WITHIN
        else:
            self._drop()

    def _drop(self) -> None:
        self._flush()
        self._disconnect()
        self._wire = None
        self._addresses = []

    def _fetch(self, action: Fetch) -> None:
        if self._exchange is None:
            self._exchange = open_sync(self._settings, None)
        thread = threading.Thread(
            target=self._page, args=(action, self._exchange), name="sequence-markets stream read", daemon=True
        )
        self._fetching.add(thread)
        thread.start()

    def _page(self, action: Fetch, exchange: Exchange) -> None:
        settings, operation = self._settings, cast("Operation[Any]", action.operation)
        page: Any = None
        failed: SequenceError | None = None
        try:
            page = carry(operation, exchange, settings, Outcomes(), settings.timeout, self._jitter)
        except SequenceError as error:
            failed = error
        except Exception as error:
            failed = ConnectionLostError(0, f"a page could not be read ({error})", operation=operation.name)
        with self._changed:
            if failed is None:
                self.protocol.fetched(action.ticket, page, moment())
            else:
                self.protocol.unfetched(action.ticket, failed, moment())
            self._fetching.discard(threading.current_thread())
        self._wake()

    def _report(self, error: Exception) -> None:
        arguments = (type(error), error, error.__traceback__, threading.current_thread())
        threading.excepthook(threading.ExceptHookArgs(arguments))


_Selector = getattr(selectors, "PollSelector", selectors.SelectSelector)
