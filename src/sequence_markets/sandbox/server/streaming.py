"""The sockets: the unified stream, and the feeds of new and resolved markets."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import Final, Literal, TypeVar, cast

from starlette.types import Message, Receive, Scope, Send

from sequence_markets.sandbox.exchange import Exchange
from sequence_markets.sandbox.runtime import Busy
from sequence_markets.sandbox.server.auth import Principal
from sequence_markets.sandbox.server.call import Services
from sequence_markets.sandbox.server.endpoint import header
from sequence_markets.sandbox.server.errors import ApiError
from sequence_markets.sandbox.server.faulty import refusal
from sequence_markets.sandbox.server.params import Query
from sequence_markets.sandbox.server.speaker import Speaker
from sequence_markets.sandbox.server.streams.hub import Listener, Style, stream_frame
from sequence_markets.sandbox.server.streams.outbox import Frame, Outbox
from sequence_markets.sandbox.server.wire import decode_json, encode_text

_log = logging.getLogger("sequence_markets.sandbox")

T = TypeVar("T")
Feed = Literal["stream", "new_markets", "market_resolved"]

MOST_FRAMES: Final = 1024
"""Frames waiting for one connection at most."""
MOST_SOCKETS: Final = 16
"""Connections of one account at most."""
MAX_FRAME_BYTES: Final = 64 << 10
"""Size of an incoming frame at most."""

_BATCH: Final = 32
_SLOW: Final = 1013
_GOING_AWAY: Final = 1012
_FAILED: Final = 1011
_BAD_FRAME: Final = 'expected {"subscribe": [...]} or {"unsubscribe": [...]} with topics as texts'


class Connection:
    """One connection's way from the exchange to its socket.

    Args:
        services: What the handlers of the server share.
        executor: Runs what finds the exchange in use.
        principal: Who is connected.
        frame: How frames look.
    """

    def __init__(self, services: Services, executor: Executor, principal: Principal, frame: Style) -> None:
        self._services = services
        self._executor = executor
        self._principal = principal
        self._loop = asyncio.get_running_loop()
        self._ready = asyncio.Event()
        self.outbox = Outbox(MOST_FRAMES, self._wake)
        self._frame = frame
        self.listener: Listener

    def _wake(self) -> None:
        # A loop that is closing has nobody left to send to.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._ready.set)

    def from_any_thread(self, action: Callable[[int | None], None]) -> Callable[[int | None], None]:
        """Return what makes an action run on the connection's own thread."""

        def call(code: int | None) -> None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(action, code)

        return call

    async def run(self, action: Callable[[Exchange], T]) -> T:
        """Run something under the exchange's lock without holding up the other connections."""
        runtime = self._services.runtime
        try:
            return runtime.execute(action, wait=False)
        except Busy:
            return await self._loop.run_in_executor(self._executor, lambda: runtime.execute(action))

    async def open(self, then: Callable[[Exchange, Listener], None] = lambda _exchange, _listener: None) -> None:
        """Take part in the hub."""

        def join(exchange: Exchange) -> None:
            client_id = exchange.account_for(self._principal.digest, self._principal.mode)
            self.listener = Listener(client_id, self.outbox, self._frame)
            self._services.hub.join(exchange, self.listener)
            then(exchange, self.listener)

        await self.run(join)

    async def close(self) -> None:
        """Leave the hub."""
        await self.run(lambda exchange: self._services.hub.leave(exchange, self.listener))

    async def frames(self) -> list[Frame]:
        """Wait for frames and return some, oldest first; none when the listener was too slow or all is over."""
        while True:
            if self.outbox.overflowed or self.outbox.ended:
                return []
            batch = self.outbox.take(_BATCH)
            if batch:
                return batch
            await self._ready.wait()
            self._ready.clear()


class Socket:
    """A path of the unified stream or of a lifecycle feed.

    Args:
        services: What the handlers of the server share.
        executor: Runs what finds the exchange in use.
        feed: ``"stream"`` takes subscriptions; the other two only send.
    """

    def __init__(self, services: Services, executor: Executor, feed: Feed) -> None:
        self._services = services
        self._executor = executor
        self._feed: Feed = feed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection until it ends."""
        services = self._services
        principal = self._caller(scope)
        fault = services.faults.on_socket()
        if fault is not None:
            raise refusal(fault)
        if services.sockets.get(principal.digest, 0) >= MOST_SOCKETS:
            raise ApiError(429, "RATE_LIMITED", f"an account may hold {MOST_SOCKETS} connections at once")
        services.sockets[principal.digest] = services.sockets.get(principal.digest, 0) + 1
        try:
            await receive()
            await send({"type": "websocket.accept"})
            try:
                await self._serve(principal, scope, receive, send)
            except Exception:
                _log.exception("a stream failed")
                await send({"type": "websocket.close", "code": _FAILED, "reason": "the sandbox failed"})
        finally:
            services.sockets[principal.digest] -= 1
            if not services.sockets[principal.digest]:
                del services.sockets[principal.digest]

    def _caller(self, scope: Scope) -> Principal:
        given = header(scope, b"authorization")
        if given is not None:
            return self._services.keys.authenticate(given)
        ticket = Query(scope["query_string"]).text("ticket")
        principal = None if ticket is None else self._services.tickets.spend(ticket)
        if principal is not None:
            return principal
        if ticket is not None:
            raise ApiError(401, "UNAUTHORIZED", "the ticket is unknown, spent or older than 30 seconds")
        return self._services.keys.authenticate(None)

    async def _serve(self, principal: Principal, scope: Scope, receive: Receive, send: Send) -> None:
        frame = stream_frame if self._feed == "stream" else _bare_frame
        connection = Connection(self._services, self._executor, principal, frame)
        await connection.open(self._begin)
        speaker = Speaker(self._services.faults, scope, send)
        pump = asyncio.create_task(_pump(connection, speaker))
        hang_up = connection.from_any_thread(speaker.hang_up)
        self._services.faults.attach(hang_up)
        try:
            while not pump.done():
                incoming = asyncio.ensure_future(receive())
                await asyncio.wait((incoming, pump), return_when=asyncio.FIRST_COMPLETED)
                if not incoming.done():
                    incoming.cancel()
                    break
                message = incoming.result()
                if message["type"] == "websocket.disconnect":
                    break
                if self._feed == "stream":
                    await self._obey(connection, message)
        finally:
            self._services.faults.detach(hang_up)
            pump.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await pump
            await connection.close()

    def _begin(self, exchange: Exchange, listener: Listener) -> None:
        if self._feed != "stream":
            self._services.hub.follow(exchange, listener, self._feed)

    async def _obey(self, connection: Connection, message: Message) -> None:
        try:
            verb, topics = _read(message)
        except ValueError as error:
            connection.outbox.put(encode_text({"error": {"code": "BAD_REQUEST", "message": str(error)}}))
            return
        hub, listener = self._services.hub, connection.listener
        if verb == "subscribe":
            await connection.run(lambda exchange: hub.subscribe(exchange, listener, topics))
        else:
            await connection.run(lambda _exchange: hub.unsubscribe(listener, topics))


async def _pump(connection: Connection, speaker: Speaker) -> None:
    while batch := await connection.frames():
        for frame in batch:
            await speaker.say(frame)
    if connection.outbox.overflowed:
        await speaker.close(_SLOW, "too slow: reconnect and read what was missed")
    else:
        await speaker.close(_GOING_AWAY, "the sandbox stops")


def _bare_frame(_channel: str, data: Mapping[str, object]) -> str:
    return encode_text(data)


def _read(message: Message) -> tuple[str, list[str]]:
    """Return the verb of a message and its topics.

    Raises:
        ValueError: It is not a message of the stream.
    """
    text: str | None = message.get("text")
    if text is None:
        raise ValueError(f"binary frames are not understood: {_BAD_FRAME}")
    try:
        body = decode_json(text.encode())
    except ValueError as error:
        raise ValueError(f"not JSON: {error}") from None
    if not isinstance(body, dict) or len(cast("dict[str, object]", body)) != 1:
        raise ValueError(_BAD_FRAME)
    verb, topics = next(iter(cast("dict[str, object]", body).items()))
    if verb not in ("subscribe", "unsubscribe") or not isinstance(topics, list):
        raise ValueError(_BAD_FRAME)
    listed = cast("list[object]", topics)
    if not all(isinstance(topic, str) for topic in listed):
        raise ValueError(_BAD_FRAME)
    return verb, cast("list[str]", listed)
