"""The streams a client has opened, so that they can be closed with it."""

from __future__ import annotations

import threading
from typing import Protocol
from weakref import WeakSet

from sequence_markets.errors import ClientClosedError


class Closable(Protocol):
    """A stream, as its client sees it."""

    def close(self) -> None: ...

    async def aclose(self) -> None: ...


class OpenStreams:
    """Streams that are still there. Forgotten ones leave by themselves."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._streams: WeakSet[Closable] = WeakSet()
        self._closed = False

    def add(self, stream: Closable) -> None:
        """Keep a stream in mind.

        Raises:
            ClientClosedError: The client is closed.
        """
        with self._lock:
            if self._closed:
                raise ClientClosedError(0, "this client is closed")
            self._streams.add(stream)

    def close(self) -> list[Closable]:
        """Take no more streams; returns those that have to be closed."""
        with self._lock:
            self._closed = True
            streams = list(self._streams)
            self._streams.clear()
            return streams
