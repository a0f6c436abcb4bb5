"""The stream as its users know it: one object for ``for`` and for ``async for``."""

from __future__ import annotations

import os
import sys
import threading
import weakref
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar

from sequence_markets.client.settings import Settings
from sequence_markets.errors import ClientClosedError, ClientUsageError

from .options import OTHER_PROCESS, Options, checked_channels

if TYPE_CHECKING:
    from .awaited import AwaitedDriver
    from .blocking import BlockingDriver

T = TypeVar("T")

_LOOK_EVERY: Final = 0.005


class Stream(Generic[T]):
    """Items as they arrive, over reconnects.

    Read it with ``async for``, or with ``for`` where nothing is awaited; the first of the two that is used settles
    which. Nothing is connected before. A loop that is left ends the stream, unless it stands in a ``with`` or
    ``async with`` block over it: then the block does. Entering such a block waits until every channel is subscribed.

    Example:
        >>> stream = seq.stream(["prices:BTC-USD", "fills"])
        >>> stream.channels
        ('prices:BTC-USD', 'fills')
        >>> stream.close()
    """

    def __init__(self, settings: Settings, options: Options, jitter: Callable[[], float], *, awaited: bool) -> None:
        self._settings = settings
        self._options = options
        self._jitter = jitter
        self._awaited = awaited
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._looped: AwaitedDriver | None = None
        self._threaded: BlockingDriver | None = None
        self._entered = False
        self._closed = False

    def __repr__(self) -> str:
        shown = list(self.channels) if self._options.feed is None else self._options.feed
        state = "closed" if self.closed else "new" if self._driver is None else "open"
        return f"Stream({shown!r}, {state})"

    # Reading.

    def __iter__(self) -> Iterator[T]:
        self._check_open()
        self._blocking()
        return _Loop(self)

    def __next__(self) -> T:
        item: T = self._blocking().next()
        return item

    def __aiter__(self) -> AsyncIterator[T]:
        self._check_open()
        return _AsyncLoop(self)

    def __anext__(self) -> Coroutine[Any, Any, T]:
        driver = self._looped
        return self._asynchronous().next() if driver is None else driver.next()

    # Subscriptions.

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels that are wanted, held at present or not."""
        driver = self._driver
        return self._options.channels if driver is None else driver.protocol.channels

    def subscribe(self, channels: Iterable[str]) -> None:
        """Want more channels. May be called at any time and from any thread; those wanted already stay as they are.

        Args:
            channels: Channel names.

        Raises:
            ValueError: A name can never be one, or the stream has no channels to choose.
            TypeError: ``channels`` is not a list of ``str``.
            ClientClosedError: The stream is closed.
        """
        named = self._changeable(channels)
        with self._lock:
            driver = self._driver
            if driver is None:
                merged = tuple(dict.fromkeys((*self._options.channels, *named)))
                self._options = replace(self._options, channels=merged)
                return
        driver.subscribe(named)

    def unsubscribe(self, channels: Iterable[str]) -> None:
        """Want fewer channels; nothing of them is given from now on. Those not wanted are left out of account.

        Args:
            channels: Channel names.

        Raises:
            ValueError: A name can never be one, or the stream has no channels to choose.
            TypeError: ``channels`` is not a list of ``str``.
            ClientClosedError: The stream is closed.
        """
        named = self._changeable(channels)
        with self._lock:
            driver = self._driver
            if driver is None:
                left = tuple(channel for channel in self._options.channels if channel not in named)
                self._options = replace(self._options, channels=left)
                return
        driver.unsubscribe(named)

    def _changeable(self, channels: Iterable[str]) -> tuple[str, ...]:
        if self._options.feed is not None:
            raise ValueError(f"the stream of {self._options.feed} has no channels to choose")
        named = checked_channels(channels)
        self._check_open()
        return named

    # The end.

    @property
    def closed(self) -> bool:
        """Whether nothing more will come."""
        driver = self._driver
        return self._closed or (driver is not None and driver.protocol.ended)

    def close(self) -> None:
        """End the stream, from any thread. Loops over it end; closing twice is fine.

        For plain ``for`` this returns when connection and thread are gone, after two seconds at most. For
        ``async for`` it does not wait; ``await stream.aclose()`` does.
        """
        with self._lock:
            self._closed = True
            looped, threaded = self._looped, self._threaded
        if threaded is not None:
            threaded.close()
        if looped is not None:
            looped.abandon()

    async def aclose(self) -> None:
        """End the stream and wait until nothing of it is left, for two seconds at most."""
        with self._lock:
            self._closed = True
            looped, threaded = self._looped, self._threaded
        if threaded is not None:
            threaded.abandon()
            await _until_gone(threaded)
        if looped is not None:
            await looped.aclose()

    def __enter__(self) -> Self:
        self._entered = True
        driver = self._blocking()
        try:
            driver.until_held(self._settings.timeout)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        self._entered = True
        driver = self._asynchronous()
        try:
            await driver.until_held(self._settings.timeout)
        except BaseException:
            await self.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _left(self) -> None:
        """A loop was left."""
        driver = self._driver
        if not self._entered and driver is not None:
            self._closed = True
            driver.abandon()

    # Faces.

    @property
    def _driver(self) -> AwaitedDriver | BlockingDriver | None:
        return self._looped or self._threaded

    def _blocking(self) -> BlockingDriver:
        driver = self._threaded
        if driver is None:
            driver = self._begin_blocking()
        return driver

    def _begin_blocking(self) -> BlockingDriver:
        from .blocking import BlockingDriver

        with self._lock:
            if self._looped is not None:
                raise ClientUsageError(0, "this stream is read with async for: open another one for a plain for")
            if self._awaited and _loop_is_running():
                raise ClientUsageError(0, "a plain for would stop this event loop: read the stream with async for")
            if self._threaded is None:
                self._check_open()
                driver = BlockingDriver(self._settings, self._options, self._jitter)
                weakref.finalize(self, driver.abandon).atexit = False
                self._threaded = driver
                driver.start()
            return self._threaded

    def _asynchronous(self) -> AwaitedDriver:
        driver = self._looped
        if driver is None:
            driver = self._begin_asynchronous()
        return driver

    def _begin_asynchronous(self) -> AwaitedDriver:
        from .awaited import AwaitedDriver

        with self._lock:
            if self._threaded is not None:
                raise ClientUsageError(0, "this stream is read with a plain for: open another one for async for")
            if self._looped is None:
                self._check_open()
                driver = AwaitedDriver(self._settings, self._options, self._jitter)
                weakref.finalize(self, driver.abandon).atexit = False
                self._looped = driver
                driver.start()
            return self._looped

    def _check_open(self) -> None:
        if self._pid != os.getpid():
            raise ClientUsageError(0, OTHER_PROCESS)
        if self._closed:
            raise ClientClosedError(0, "this stream is closed")


class _Loop(Iterator[T]):
    """One ``for`` over a stream: when it is left, the stream ends."""

    def __init__(self, stream: Stream[T]) -> None:
        self._stream = stream

    def __next__(self) -> T:
        return next(self._stream)

    def __del__(self) -> None:
        self._stream._left()


class _AsyncLoop(AsyncIterator[T]):
    """One ``async for`` over a stream: when it is left, the stream ends."""

    def __init__(self, stream: Stream[T]) -> None:
        self._stream = stream

    def __anext__(self) -> Any:
        return self._stream.__anext__()

    def __del__(self) -> None:
        self._stream._left()


def _loop_is_running() -> bool:
    loaded = sys.modules.get("asyncio")  # A program that blocks need not load it.
    if loaded is None:
        return False
    try:
        loaded.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _until_gone(driver: BlockingDriver) -> None:
    """Wait for the end of a thread, which cannot be awaited."""
    from asyncio import sleep

    while driver.alive:  # noqa: ASYNC110
        await sleep(_LOOK_EVERY)
