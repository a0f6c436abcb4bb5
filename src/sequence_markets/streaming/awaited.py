"""The asynchronous face of a stream: callbacks of the event loop, and no thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from time import monotonic
from typing import Any

from sequence_markets.client.aio.caller import carry
from sequence_markets.client.outcomes import Outcomes
from sequence_markets.client.settings import Settings
from sequence_markets.client.transport import AsyncExchange, open_async
from sequence_markets.client.transport.awaited import connect
from sequence_markets.errors import (
    ClientUsageError,
    ConnectionLostError,
    RequestTimeoutError,
    SequenceError,
    WrongEventLoopError,
)

from .actions import Fetch
from .driver import CLOSED_WITHIN, Driver, moment
from .options import Options
from .wire import Wire


class _Connection(asyncio.Protocol):
    """One TCP connection."""

    def __init__(self, driver: AwaitedDriver, wire: Wire) -> None:
        self._driver = driver
        self.wire = wire
        self.transport: asyncio.Transport | None = None
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.flush()

    def data_received(self, data: bytes) -> None:
        if self.closing:
            self._settle(data)
        else:
            self._driver.arrived(self, data)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.gone.done():
            self.gone.set_result(None)
        if not self.closing:
            self.closing = True
            self._driver.ended(self, exc)

    def flush(self) -> None:
        """Hand on what the wire has to say."""
        if self.transport is not None and not self.transport.is_closing():
            data = self.wire.outgoing()
            if data:
                self.transport.write(data)

    def end(self, code: int, reason: str, *, gently: bool) -> None:
        """Say goodbye; gently means to let the other side answer it."""
        if self.closing or self.transport is None:
            return
        self.closing = True
        said = self.wire.close(code, reason)
        self.flush()
        if gently and said:
            self.transport.resume_reading()
        else:
            self.let_go()

    def let_go(self) -> None:
        """Close at once, whatever the other side does."""
        self.closing = True
        transport = self.transport
        if transport is None:
            return
        if transport.get_write_buffer_size():
            transport.abort()
        else:
            transport.close()

    def _settle(self, data: bytes) -> None:
        try:
            over = any(type(each) is not bytes for each in self.wire.receive(data))
        except OSError:
            over = True
        self.flush()
        if over:
            self.let_go()


class AwaitedDriver(Driver):
    """Carries out a stream on one event loop.

    Args:
        settings: The client's settings.
        options: What the stream was asked for.
        jitter: A random number from 0 to 1.
    """

    def __init__(self, settings: Settings, options: Options, jitter: Callable[[], float]) -> None:
        super().__init__(settings, options, jitter)
        self._loop = asyncio.get_running_loop()
        self._connection: _Connection | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._dialling: asyncio.Task[None] | None = None
        self._exchange: AsyncExchange | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._reader: asyncio.Future[None] | None = None
        self._watchers: set[asyncio.Future[None]] = set()
        self._working = False
        self._busy = False
        self._stopped_reading = False
        self._gently = False
        self._closing: _Connection | None = None

    def start(self) -> None:
        """Begin."""
        self._tell(lambda: self.protocol.start(moment()))

    @property
    def alive(self) -> bool:
        """Whether anything of it is still there."""
        return self._connection is not None or bool(self._tasks)

    def check(self) -> None:
        """Refuse another process and another event loop."""
        self.check_process()
        if asyncio.get_running_loop() is not self._loop:
            state = "closed" if self._loop.is_closed() else "different"
            raise WrongEventLoopError(0, f"this stream was first used on another event loop, now {state}")

    async def next(self) -> Any:
        """Return the next item.

        Raises:
            StopAsyncIteration: The stream was closed.
            SequenceError: It ended by itself.
        """
        if self.forked or asyncio.get_running_loop() is not self._loop:
            self.check()
        if self._reader is not None:
            raise ClientUsageError(0, "two tasks read the same stream at once: give each a stream of its own")
        protocol = self.protocol
        while True:
            self._busy = True
            paused = protocol.paused
            item = protocol.take(monotonic())
            self._busy = False
            if paused:
                self._work()
            if item is not None:
                return item
            if protocol.ended:
                self.over(StopAsyncIteration)
            self._reader = self._loop.create_future()
            try:
                await self._reader
            finally:
                self._reader = None

    async def until_held(self, seconds: float) -> None:
        """Wait until every channel is held.

        Raises:
            SequenceError: The stream ended before, or the time was over.
        """
        self.check()
        try:
            async with asyncio.timeout(seconds):
                while not self.protocol.held:
                    if self.protocol.ended:
                        self.over(StopAsyncIteration)
                    watcher: asyncio.Future[None] = self._loop.create_future()
                    self._watchers.add(watcher)
                    try:
                        await watcher
                    finally:
                        self._watchers.discard(watcher)
        except TimeoutError:
            raise RequestTimeoutError(0, f"not subscribed within {seconds:g} s", operation="stream") from None
        except StopAsyncIteration:
            return

    def subscribe(self, channels: Iterable[str]) -> None:
        """Want more channels."""
        self._on_loop(lambda: self.protocol.subscribe(channels, moment()))

    def unsubscribe(self, channels: Iterable[str]) -> None:
        """Want fewer channels."""
        self._on_loop(lambda: self.protocol.unsubscribe(channels, moment()))

    def abandon(self) -> None:
        """End the stream without waiting, from whatever thread and at whatever point."""
        if not self.forked:
            self._on_loop(self.protocol.close)

    async def aclose(self) -> None:
        """End the stream, and wait until nothing of it is left."""
        self.check()
        self._gently = True
        self.protocol.close()
        self._work()
        connection = self._closing
        try:
            if connection is not None:
                async with asyncio.timeout(CLOSED_WITHIN):
                    await asyncio.shield(connection.gone)
        except TimeoutError:
            pass
        finally:
            if connection is not None:
                connection.let_go()
            self._closing = None
            exchange, self._exchange = self._exchange, None
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if exchange is not None:
            await exchange.aclose()
        if connection is not None:
            await connection.gone

    # What the connection brings.

    def arrived(self, connection: _Connection, data: bytes) -> None:
        """Take bytes."""
        if connection is self._connection:
            self._busy = True
            self._arrived(connection.wire, data)
            connection.flush()
            self._work()

    def ended(self, connection: _Connection, error: Exception | None) -> None:
        """Take the end of the connection."""
        if connection is self._connection:
            self._connection = None
            self._tell(lambda: self._ended(connection.wire, error))

    # What the protocol wants.

    def _work(self) -> None:
        if self._working:
            return
        self._working = self._busy = True
        try:
            self._carry_out()
            while self._events:
                self._notify()
                self._carry_out()
        finally:
            self._working = self._busy = False
        protocol = self.protocol
        if protocol.paused is not self._stopped_reading:
            self._stopped_reading = protocol.paused
            if self._connection is not None and self._connection.transport is not None:
                self._read(self._connection.transport)
        reader = self._reader
        if reader is not None and not reader.done() and (protocol.unread or protocol.ended):
            reader.set_result(None)
        for watcher in self._watchers:
            if not watcher.done():
                watcher.set_result(None)
        self._arm()

    def _read(self, transport: asyncio.Transport) -> None:
        if transport.is_closing():
            return
        if self._stopped_reading:
            transport.pause_reading()
        else:
            transport.resume_reading()

    def _arm(self) -> None:
        deadline = self.protocol.deadline
        timer = self._timer
        if deadline is None:
            if timer is not None:
                timer.cancel()
                self._timer = None
            return
        wait = max(0.0, deadline - moment().s)
        at = self._loop.time() + wait
        if timer is not None:
            if timer.when() <= at + 0.001:
                return  # It comes first, and sees to the rest.
            timer.cancel()
        self._timer = self._loop.call_at(at, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._tell(lambda: self.protocol.tick(moment()))

    def _dial(self) -> None:
        wire = self._new_wire()
        if wire is not None:
            self._dialling = self._spawn(self._connect(wire))

    async def _connect(self, wire: Wire) -> None:
        try:
            connection = await connect(*wire.address, lambda: _Connection(self, wire))
        except OSError as error:
            failed = error
            self._tell(lambda: self._unconnected(failed))
        else:
            self._connection = connection
            assert connection.transport is not None
            self._read(connection.transport)
        finally:
            if self._dialling is asyncio.current_task():
                self._dialling = None

    def _send(self, text: bytes) -> None:
        connection = self._connection
        if connection is not None and connection.wire.open:
            connection.wire.send(text)
            connection.flush()

    def _ping(self) -> None:
        connection = self._connection
        if connection is not None and connection.wire.open:
            connection.wire.ping()
            connection.flush()

    def _hang_up(self, code: int, reason: str) -> None:
        if self._dialling is not None:
            self._dialling.cancel()
            self._dialling = None
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.end(code, reason, gently=self._gently)
            if self._gently:
                self._closing = connection
        if self.protocol.ended and not self._gently:
            for task in self._tasks:
                task.cancel()
            self._exchange = None

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.flush()
            connection.let_go()

    def _fetch(self, action: Fetch) -> None:
        self._spawn(self._page(action))

    async def _page(self, action: Fetch) -> None:
        if self._exchange is None:
            self._exchange = open_async(self._settings, None)
        exchange, settings = self._exchange, self._settings
        operation: Any = action.operation
        try:
            page: Any = await carry(operation, exchange, settings, Outcomes(), settings.timeout, self._jitter)
        except SequenceError as error:
            failed = error
        except Exception as error:
            failed = ConnectionLostError(0, f"a page could not be read ({error})", operation=action.operation.name)
        else:
            self._tell(lambda: self.protocol.fetched(action.ticket, page, moment()))
            return
        self._tell(lambda: self.protocol.unfetched(action.ticket, failed, moment()))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _on_loop(self, change: Callable[[], object]) -> None:
        try:
            here = asyncio.get_running_loop() is self._loop
        except RuntimeError:
            here = False
        if here and (self._working or not self._busy):
            self._tell(change)
        elif not self._loop.is_closed():
            # From another thread, or from the garbage collector in the middle of something.
            self._loop.call_soon_threadsafe(self._tell, change)

    def _tell(self, change: Callable[[], object]) -> None:
        """Tell the protocol something, and do what it then wants."""
        self._busy = True
        change()
        self._work()

    def _report(self, error: Exception) -> None:
        self._loop.call_exception_handler({"message": "on_event of a stream failed", "exception": error})
