"""What the transports share: the request as the library wants it, TLS, proxies, and what a failure means."""

from __future__ import annotations

import os
import ssl
import threading
import zlib
from collections.abc import AsyncIterable, Iterable
from typing import Any, Final

import httpcore

from sequence_markets.client.engine import Failure, Send
from sequence_markets.client.proxies import choose_proxy
from sequence_markets.client.settings import Settings

CONNECT_TIMEOUT: Final = 10.0
POOL_TIMEOUT: Final = 5.0
"""Seconds to wait for a free slot, whatever time the call has: an order that queues for longer is stale."""
KEEPALIVE: Final = 30.0
LARGEST_ANSWER: Final = 256 * 1024 * 1024

# These say that no connection to the server was ready to carry the request.
NEVER_SENT = (
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.PoolTimeout,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)
LIBRARY_ERRORS = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
    OSError,
)

_tls_lock = threading.Lock()
_tls: dict[tuple[str | None, str | None], ssl.SSLContext] = {}


def tls_context() -> ssl.SSLContext:
    """Return the process's TLS context, made on first need: it takes tens of milliseconds.

    ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` of the environment are honoured.
    """
    variables = (os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
    with _tls_lock:
        context = _tls.get(variables)
        if context is None:
            import httpx

            context = _tls[variables] = httpx.create_ssl_context()
        return context


class TooLarge(Exception):
    """The answer is larger than any real one."""

    def __init__(self) -> None:
        super().__init__(f"the answer is larger than {LARGEST_ANSWER} bytes")


def failure(error: Exception, send: Send) -> Failure:
    """Describe a failed attempt; the library's texts carry neither headers nor bodies."""
    cause = error.__cause__ or error.__context__
    sent = send.left and not isinstance(error, NEVER_SENT)
    timed_out = isinstance(error, httpcore.TimeoutException | TimeoutError)
    text = str(error) or type(error).__name__
    if isinstance(error, httpcore.PoolTimeout):
        text = f"no connection became free within {POOL_TIMEOUT:g} s"
    elif timed_out:
        text = "no answer in time" if send.left else "no connection in time"
    return Failure(
        text,
        sent=sent,
        timed_out=timed_out,
        permanent=isinstance(error, httpcore.UnsupportedProtocol | httpcore.LocalProtocolError)
        or isinstance(cause, ssl.SSLCertVerificationError),
        cause=error,
    )


def no_slot(limit: int) -> Failure:
    """Describe an attempt that never got to use a connection."""
    return Failure(f"all {limit} slots of max_concurrent stayed taken", sent=False, timed_out=True)


def body_of(parts: list[bytes], headers: list[tuple[bytes, bytes]]) -> bytes:
    body = parts[0] if len(parts) == 1 else b"".join(parts)
    for name, value in headers:
        if name.lower() == b"content-encoding" and value.strip().lower() in (b"gzip", b"x-gzip") and body:
            inflater = zlib.decompressobj(wbits=31)
            try:
                inflated = inflater.decompress(body, LARGEST_ANSWER)
            except zlib.error:
                return body  # Not what it claims to be: the decoder will say that it is no JSON.
            return inflated if inflater.eof else body
    return body


def factory_arguments(settings: Settings) -> dict[str, Any]:
    """Return how to make connections: through which proxy, with which TLS, and how long they may idle."""
    choice = choose_proxy(settings)
    # A bare context where no TLS is spoken: loading certificates takes tens of milliseconds.
    context = tls_context() if settings.secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    proxy = None
    if choice is not None:
        proxy_tls = tls_context() if choice.url.startswith("https:") else None
        proxy = httpcore.Proxy(choice.url, auth=choice.credentials, ssl_context=proxy_tls)
    return {"ssl_context": context, "proxy": proxy, "keepalive_expiry": KEEPALIVE}


class Wire:
    """Turns our requests into the library's."""

    def __init__(self, settings: Settings) -> None:
        self._scheme = b"https" if settings.secure else b"http"
        self._host = settings.host.encode("ascii")
        self._port = settings.port
        self.origin = httpcore.Origin(self._scheme, self._host, self._port)

    def request(self, send: Send) -> httpcore.Request:
        request = send.request
        return httpcore.Request(
            request.method,
            httpcore.URL(scheme=self._scheme, host=self._host, port=self._port, target=request.target),
            headers=request.headers,
            content=request.body,
            extensions={
                "timeout": {
                    "connect": min(CONNECT_TIMEOUT, send.time_left),
                    "read": send.time_left,
                    "write": send.time_left,
                    "pool": min(POOL_TIMEOUT, send.time_left),
                }
            },
        )


def limited(stream: Iterable[bytes]) -> list[bytes]:
    """Read a body up to the largest size that is believed."""
    parts: list[bytes] = []
    size = 0
    for part in stream:
        parts.append(part)
        size += len(part)
        if size > LARGEST_ANSWER:
            raise TooLarge
    return parts


async def limited_async(stream: AsyncIterable[bytes]) -> list[bytes]:
    """Read a body up to the largest size that is believed."""
    parts: list[bytes] = []
    size = 0
    async for part in stream:
        parts.append(part)
        size += len(part)
        if size > LARGEST_ANSWER:
            raise TooLarge
    return parts
