"""Exchanges over an httpx client of the caller's, which stays the caller's to close."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Iterator
from time import monotonic
from typing import Any

import httpx

from sequence_markets.client.engine import Answer, Failure, Send
from sequence_markets.client.settings import Settings
from sequence_markets.client.transport.awaited import OneLoop, take_slot
from sequence_markets.client.transport.common import (
    CONNECT_TIMEOUT,
    POOL_TIMEOUT,
    TooLarge,
    limited,
    limited_async,
    no_slot,
)
from sequence_markets.errors import ClientClosedError


class ClientExchange:
    """Blocking exchanges over the caller's httpx client, which stays the caller's to close."""

    def __init__(self, settings: Settings, client: httpx.Client) -> None:
        self._settings = settings
        self._client = client
        self._closed = False
        self._slots = threading.Semaphore(settings.max_concurrent)

    def exchange(self, send: Send) -> Answer | Failure:
        if self._closed:
            raise ClientClosedError(0, "this client is closed")
        deadline = monotonic() + send.time_left
        if not self._slots.acquire(timeout=min(POOL_TIMEOUT, send.time_left)):
            return no_slot(self._settings.max_concurrent)
        try:
            send.left = True
            request = self._client.build_request(**_httpx_request(self._settings, send))
            response = self._client.send(request, stream=True, auth=None, follow_redirects=False)
            try:
                parts = limited(_until(response.iter_bytes(), deadline))
            finally:
                response.close()
            return Answer(response.status_code, response.headers.raw, b"".join(parts))
        except Exception as error:
            failure = _failure(error, send)
            if failure is None:
                raise
            return failure
        finally:
            self._slots.release()

    def close(self) -> None:
        self._closed = True


def _until(stream: Iterable[bytes], deadline: float) -> Iterator[bytes]:
    for part in stream:
        if monotonic() > deadline:
            raise TimeoutError
        yield part


def _httpx_request(settings: Settings, send: Send) -> dict[str, Any]:
    request = send.request
    origin = settings.base_url.removesuffix(settings.prefix)
    return {
        "method": request.method.decode(),
        "url": origin + request.target.decode(),
        "headers": [(name, value) for name, value in request.headers if name != b"Host"],
        "content": request.body,
        "timeout": httpx.Timeout(
            send.time_left, connect=min(CONNECT_TIMEOUT, send.time_left), pool=min(POOL_TIMEOUT, send.time_left)
        ),
    }


_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)


def _failure(error: Exception, send: Send) -> Failure | None:
    """Describe a failed attempt, or return ``None`` for an error that is not about the exchange."""
    if isinstance(error, TooLarge):
        return Failure(str(error), sent=True, permanent=True)
    if isinstance(error, RuntimeError) and "client has been closed" in str(error):
        return Failure("the http_client is closed", sent=False, permanent=True, cause=error)
    if not isinstance(
        error, httpx.RequestError | httpx.InvalidURL | httpx.StreamError | httpx.CookieConflict | OSError
    ):
        return None
    sent = send.left and not isinstance(error, _NEVER_SENT)
    timed_out = isinstance(error, httpx.TimeoutException | TimeoutError)
    return Failure(
        "no answer in time" if timed_out and sent else str(error) or type(error).__name__,
        sent=sent,
        timed_out=timed_out,
        permanent=isinstance(error, httpx.UnsupportedProtocol | httpx.LocalProtocolError),
        cause=error,
    )


class AsyncClientExchange:
    """Awaited exchanges over the caller's httpx client, which stays the caller's to close."""

    def __init__(self, settings: Settings, client: httpx.AsyncClient) -> None:
        self._settings = settings
        self._client = client
        self._loop = OneLoop()
        self._slots = asyncio.Semaphore(settings.max_concurrent)
        self._closed = False

    async def exchange(self, send: Send) -> Answer | Failure:
        if self._closed:
            raise ClientClosedError(0, "this client is closed")
        self._loop.check()
        try:
            async with asyncio.timeout(send.time_left):
                if not await take_slot(self._slots):
                    return no_slot(self._settings.max_concurrent)
                try:
                    return await self._carry(send)
                finally:
                    self._slots.release()
        except Exception as error:
            failure = _failure(error, send)
            if failure is None:
                raise
            return failure

    async def _carry(self, send: Send) -> Answer:
        send.left = True
        request = self._client.build_request(**_httpx_request(self._settings, send))
        response = await self._client.send(request, stream=True, auth=None, follow_redirects=False)
        try:
            parts = await limited_async(response.aiter_bytes())
        finally:
            await response.aclose()
        return Answer(response.status_code, response.headers.raw, b"".join(parts))

    async def aclose(self) -> None:
        self._closed = True
