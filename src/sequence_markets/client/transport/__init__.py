"""The only package that knows the HTTP library.

A client of ours drives httpx's own connection pool (httpcore) with finished requests: nothing is merged, followed,
stored or logged on the way, and every read and write keeps to the call's deadline. A client given by the caller is an
httpx client and is driven as one.
"""

from __future__ import annotations

from typing import Protocol

from sequence_markets.client.engine import Answer, Failure, Send
from sequence_markets.client.settings import Settings


class Exchange(Protocol):
    """Sends one request and brings its answer, blocking."""

    def exchange(self, send: Send) -> Answer | Failure: ...

    def close(self) -> None: ...


class AsyncExchange(Protocol):
    """Sends one request and brings its answer, awaited."""

    async def exchange(self, send: Send) -> Answer | Failure: ...

    async def aclose(self) -> None: ...


def open_sync(settings: Settings, http_client: object | None) -> Exchange:
    """Return the transport of a ``Sequence``. Connects to nothing."""
    if http_client is None:
        from sequence_markets.client.transport.blocking import PoolExchange

        return PoolExchange(settings)
    import httpx

    from sequence_markets.client.transport.given import ClientExchange

    if not isinstance(http_client, httpx.Client):
        raise TypeError(f"http_client must be an httpx.Client, not {type(http_client).__name__}")
    return ClientExchange(settings, http_client)


def open_async(settings: Settings, http_client: object | None) -> AsyncExchange:
    """Return the transport of an ``AsyncSequence``. Connects to nothing."""
    if http_client is None:
        from sequence_markets.client.transport.awaited import AsyncPoolExchange

        return AsyncPoolExchange(settings)
    import httpx

    from sequence_markets.client.transport.given import AsyncClientExchange

    if not isinstance(http_client, httpx.AsyncClient):
        raise TypeError(f"http_client must be an httpx.AsyncClient, not {type(http_client).__name__}")
    return AsyncClientExchange(settings, http_client)
