"""Between ASGI and the handlers: limits, authentication, the exchange's lock, and the answer."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from starlette.types import Receive, Scope, Send

from sequence_markets.sandbox.exchange import Exchange
from sequence_markets.sandbox.runtime import Busy
from sequence_markets.sandbox.server.call import AccountCall, Reply, Request, Services, Turns
from sequence_markets.sandbox.server.errors import ApiError, bad_request
from sequence_markets.sandbox.server.local import require_local
from sequence_markets.sandbox.server.params import Query
from sequence_markets.sandbox.server.wire import encode_json

T = TypeVar("T")

MAX_BODY_BYTES: Final = 1 << 20
# A sender that is over the limit is read a little further, so that it gets to see the answer and not a reset.
_DRAINED_BYTES: Final = 16 << 20


@dataclass(frozen=True, slots=True)
class Prepared:
    """A handler whose request takes long to read: that is done before the exchange's lock is taken.

    Attributes:
        prepare: Reads the request in the worker thread and returns what is then run on the account under the lock.
        max_body: How many bytes the body may have.
    """

    prepare: Callable[[Request], Callable[[AccountCall], object]]
    max_body: int = MAX_BODY_BYTES


AccountHandler = Callable[[AccountCall], object] | Prepared
ControlHandler = Callable[[Services, Request], object]


class Endpoint(ABC):
    """One path. Subclasses say who may call it and how a handler is run."""

    def __init__(self, methods: frozenset[str]) -> None:
        self.methods = methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method: str = scope["method"]
        if method == "HEAD" and "GET" in self.methods:
            method = "GET"
        if method not in self.methods:
            allowed = ", ".join(sorted(self.methods))
            raise ApiError(
                405, "METHOD_NOT_ALLOWED", f"{method} is not allowed here; use {allowed}", headers={"Allow": allowed}
            )
        await send_reply(send, await self.answer(method, scope, receive), scope["sequence.request_id"])

    @abstractmethod
    async def answer(self, method: str, scope: Scope, receive: Receive) -> Reply:
        """Return the answer to an allowed method."""


class OpenEndpoint(Endpoint):
    """A path without authentication whose answer never changes."""

    def __init__(self, value: object) -> None:
        super().__init__(frozenset({"GET"}))
        self._reply = Reply(200, value)

    async def answer(self, method: str, scope: Scope, receive: Receive) -> Reply:
        """Return the fixed answer."""
        del method, scope, receive
        return self._reply


class AccountEndpoint(Endpoint):
    """A path of the trading API: a key is needed, and handlers run under the exchange's lock.

    Attributes:
        handlers: What serves each method.
    """

    def __init__(
        self, services: Services, executor: Executor, handlers: Mapping[str, AccountHandler], *, test_only: bool = False
    ) -> None:
        super().__init__(frozenset(handlers))
        self._services = services
        self._executor = executor
        self.handlers = dict(handlers)
        self._test_only = test_only

    async def answer(self, method: str, scope: Scope, receive: Receive) -> Reply:
        """Authenticate, count against the rate limit, and run the handler on the account."""
        services = self._services
        principal = services.keys.authenticate(header(scope, b"authorization"))
        if services.limiter is not None:
            wait = services.limiter.take(principal.digest)
            if wait:
                raise ApiError(
                    429,
                    "RATE_LIMITED",
                    f"rate limit of {services.limiter.qps} requests per second exceeded; retry in {wait} s",
                    headers={"Retry-After": str(wait)},
                )
        if self._test_only and principal.mode != "test":
            raise ApiError(403, "FORBIDDEN", "sandbox administration needs a seq_test_ key")
        handler = self.handlers[method]
        if isinstance(handler, Prepared):
            request = await read_request(scope, receive, method, handler.max_body)
            ready = await _in_thread(self._executor, partial(handler.prepare, request))
        else:
            request = await read_request(scope, receive, method)
            ready = handler

        def run(exchange: Exchange) -> object:
            client_id = exchange.account_for(principal.digest, principal.mode)
            return ready(AccountCall(exchange, client_id, principal, request, services))

        try:
            # Commands take microseconds: a hop to a thread would cost more than most of them.
            value: object = services.runtime.execute(run, wait=False)
        except Busy:
            value = await _in_thread(self._executor, lambda: services.runtime.execute(run))
        while isinstance(value, Turns):
            take: Callable[[Exchange], object] = value.take
            value = await _in_thread(self._executor, partial(services.runtime.execute, take))
        return value if isinstance(value, Reply) else Reply(200, value)


class ControlEndpoint(Endpoint):
    """A path of the control plane: no key, but only for programs on this machine. Handlers may take long."""

    def __init__(self, services: Services, executor: Executor, handlers: Mapping[str, ControlHandler]) -> None:
        super().__init__(frozenset(handlers))
        self._services = services
        self._executor = executor
        self._handlers = dict(handlers)

    async def answer(self, method: str, scope: Scope, receive: Receive) -> Reply:
        """Check where the caller is, and run the handler in the worker thread."""
        client = scope.get("client")
        require_local(client[0] if client else None, header(scope, b"host"), header(scope, b"origin"))
        request = await read_request(scope, receive, method)
        handler = self._handlers[method]
        value = await _in_thread(self._executor, lambda: handler(self._services, request))
        return value if isinstance(value, Reply) else Reply(200, value)


async def _in_thread(executor: Executor, call: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(executor, call)


def header(scope: Scope, name: bytes) -> str | None:
    """Return a request header by its lower-case name, or ``None``."""
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    for key, value in headers:
        if key == name:
            return value.decode("latin-1")
    return None


async def read_request(scope: Scope, receive: Receive, method: str, max_body: int = MAX_BODY_BYTES) -> Request:
    """Read query and body, of which the body may have ``max_body`` bytes.

    Raises:
        ApiError: 413 when the body is too large, 415 when it is not labelled JSON, 400 for an unreadable query.
    """
    query = Query(scope["query_string"])
    body = b"" if method == "GET" else await _read_body(scope, receive, max_body)
    # An empty body may carry any label: clients label even requests without one.
    if body:
        content_type = (header(scope, b"content-type") or "").partition(";")[0].strip().lower()
        if content_type != "application/json":
            raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", "the body must be sent as Content-Type: application/json")
    return Request(scope.get("path_params", {}), query, body)


async def _read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    announced = header(scope, b"content-length") or "0"
    too_large = announced.isdigit() and int(announced) > limit
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise bad_request("the connection was closed before the body was complete")
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        too_large = too_large or size > limit
        if too_large:
            chunks.clear()
        else:
            chunks.append(chunk)
        if not message.get("more_body", False) or size > limit + _DRAINED_BYTES:
            break
    if too_large:
        raise ApiError(413, "PAYLOAD_TOO_LARGE", f"the body may have at most {limit} bytes")
    return b"".join(chunks)


async def send_reply(send: Send, reply: Reply, request_id: str) -> None:
    """Send an answer as JSON, or without a body when its status is 204."""
    body = b"" if reply.status == 204 else encode_json(reply.value)
    await send_bytes(send, reply.status, body, request_id)


async def send_bytes(
    send: Send, status: int, body: bytes, request_id: str, headers: Mapping[str, str] | None = None
) -> None:
    """Send an answer whose body, when there is one, is JSON already."""
    lines = [(b"x-request-id", request_id.encode("latin-1"))]
    if status != 204:
        lines.append((b"content-length", str(len(body)).encode()))
        lines.append((b"content-type", b"application/json"))
    for name, value in (headers or {}).items():
        lines.append((name.lower().encode("latin-1"), value.encode("latin-1")))
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": body})
