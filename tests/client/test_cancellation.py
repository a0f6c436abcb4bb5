"""Cancelling a call at any await leaks nothing, and what became of an order is still known or said not to be."""

from __future__ import annotations

import asyncio
import gc
import ssl
import threading
from collections.abc import Awaitable, Callable, Coroutine, Generator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sequence_markets import AsyncSequence, Sequence, Submission
from sequence_markets.client.transport.awaited import AsyncPoolExchange
from tests.client.answers import QUOTE
from tests.client.conftest import KEY
from tests.client.server import Reply, Server
from tests.client.test_outcomes import Exchange

TLS = Path(__file__).parent / "tls"


class CancelAt:
    """Runs a coroutine and cancels its task at the n-th time that it suspends."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], n: int) -> None:
        self._coroutine = coroutine
        self._n = n
        self.suspensions = 0

    def __await__(self) -> Generator[Any, Any, Any]:
        inner = self._coroutine.__await__()
        resume: Callable[[], Any] = lambda: next(inner)  # noqa: E731
        while True:
            try:
                waited_for = resume()
            except StopIteration as done:
                return done.value
            self.suspensions += 1
            if self.suspensions == self._n:
                task = asyncio.current_task()
                assert task is not None
                task.cancel()
            try:
                sent = yield waited_for
            except BaseException as thrown:
                resume = _throwing(inner, thrown)
            else:
                resume = _sending(inner, sent)


def _throwing(inner: Generator[Any, Any, Any], thrown: BaseException) -> Callable[[], Any]:
    return lambda: inner.throw(thrown)


def _sending(inner: Generator[Any, Any, Any], value: object) -> Callable[[], Any]:
    return lambda: inner.send(value)


async def _outcome(awaitable: Awaitable[Any]) -> object:
    async def run() -> object:
        return await awaitable

    task = asyncio.create_task(run())
    try:
        return await task
    except asyncio.CancelledError as cancelled:
        return cancelled


def _assert_nothing_leaked(client: AsyncSequence) -> None:
    assert asyncio.all_tasks() == {asyncio.current_task()}
    exchange = client._transport
    assert isinstance(exchange, AsyncPoolExchange)
    assert exchange._slots._value == client._settings.max_concurrent
    assert exchange._connections is None or not exchange._connections._busy


async def _assert_closed(client: AsyncSequence) -> None:
    exchange = client._transport
    assert isinstance(exchange, AsyncPoolExchange)
    pipes = list(exchange._pipes)
    await client.aclose()
    assert all(pipe.transport is not None and pipe.transport.is_closing() for pipe in pipes)
    await asyncio.sleep(0)
    gc.collect()


@pytest.mark.parametrize("warm", [False, True], ids=["fresh connection", "warm connection"])
@pytest.mark.parametrize("cut", [None, 0, 40], ids=["answered", "lost once", "cut once"])
@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
def test_a_submit_cancelled_at_any_await_tells_the_truth(
    warm: bool, cut: int | None, secure: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(TLS / "cert.pem"))
    context = _server_context() if secure else None
    n, finished, doubts = 0, False, 0
    while not finished:
        n += 1
        exchange = Exchange()
        with Server(exchange, tls=context) as server:
            finished, doubted = asyncio.run(_cancel_submit(server, exchange, n, warm=warm, cut=cut))
        doubts += doubted
    assert n > (3 if warm else 5)
    assert doubts > 0


async def _cancel_submit(
    server: Server, exchange: Exchange, n: int, *, warm: bool, cut: int | None
) -> tuple[bool, bool]:
    client = AsyncSequence(KEY, server.url, max_concurrent=1, timeout=10)
    client._jitter = lambda: 0.0
    if warm:
        await client.buy("A", 1, graph_id="warm")
    exchange.cut = cut
    result = await _outcome(CancelAt(client.buy("A", 1, graph_id="mine"), n))
    _assert_nothing_leaked(client)
    unresolved = [each.graph_id for each in client.unresolved]
    exchange.cut = None
    again = await client.buy("A", 1, graph_id="after")  # The only slot is free again.
    assert again.graph_id == "after"
    await _assert_closed(client)
    await asyncio.to_thread(server.close)  # Whatever had been sent has now arrived.
    if isinstance(result, Submission):
        assert unresolved == []
        assert "mine" in exchange.orders
        return True, False
    assert isinstance(result, asyncio.CancelledError)
    notes = " ".join(result.__notes__)
    if unresolved:
        assert unresolved == ["mine"]
        assert "mine" in notes
        assert "may have taken effect" in notes
        return False, True
    assert "mine" not in exchange.orders
    assert "nothing had been sent" in notes
    return False, False


@pytest.mark.parametrize("warm", [False, True])
def test_a_read_cancelled_at_any_await_leaks_nothing(warm: bool) -> None:
    async def run(server: Server, n: int) -> bool:
        client = AsyncSequence(KEY, server.url, max_concurrent=1, timeout=10)
        if warm:
            await client.quote("A")
        result = await _outcome(CancelAt(client.quote("A"), n))
        _assert_nothing_leaked(client)
        assert await client.quote("A") == QUOTE
        assert client.unresolved == ()
        await _assert_closed(client)
        return not isinstance(result, asyncio.CancelledError)

    with Server(Reply(body=QUOTE)) as server:
        n = 1
        while not asyncio.run(run(server, n)):
            n += 1
    assert n > 3


def test_a_call_cancelled_while_it_waits_for_a_slot_has_sent_nothing() -> None:
    async def run() -> None:
        hold = threading.Event()
        with Server([Reply(body=QUOTE, wait=hold), Reply(body=QUOTE)]) as server:
            async with AsyncSequence(KEY, server.url, max_concurrent=1) as client:
                first = asyncio.create_task(client.quote("A"))
                await asyncio.to_thread(server.arrived.acquire)
                second = asyncio.create_task(client.buy("A", 1))
                await asyncio.sleep(0)
                second.cancel()
                with pytest.raises(asyncio.CancelledError) as cancelled:
                    await second
                assert cancelled.value.__notes__ == ["buy: nothing had been sent"]
                assert client.unresolved == ()
                hold.set()
                assert await first == QUOTE
                assert len(server.received) == 1

    asyncio.run(run())


def test_a_timeout_around_a_call_ends_it_and_keeps_the_doubt() -> None:
    async def run() -> None:
        hold = threading.Event()
        with Server(Reply(wait=hold)) as server:
            async with AsyncSequence(KEY, server.url) as client:
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.2):
                        await client.buy("A", 1, graph_id="mine")
                assert [each.graph_id for each in client.unresolved] == ["mine"]
            hold.set()

    asyncio.run(run())


def test_an_abandoned_coroutine_raises_nothing() -> None:
    async def run() -> None:
        async with AsyncSequence(KEY, "http://127.0.0.1:1") as client:
            coroutine = client.buy("A", 1)
            coroutine.close()
            started = client.quote("A")
            started.send(None)
            started.close()

    asyncio.run(run())


def test_an_interrupt_of_a_blocking_submit_keeps_the_doubt() -> None:
    def interrupt(request: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    with httpx.Client(transport=httpx.MockTransport(interrupt)) as inner, Sequence(KEY, http_client=inner) as client:
        with pytest.raises(KeyboardInterrupt) as stopped:
            client.buy("A", 1, graph_id="mine")
        assert "graph_status('mine')" in stopped.value.__notes__[0]
        assert [each.graph_id for each in client.unresolved] == ["mine"]


def _server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "cert.pem", TLS / "key.pem")
    return context
