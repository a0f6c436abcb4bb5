"""Threads, loops, slots, forks and forgotten clients."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import pytest

from sequence_markets import (
    AsyncSequence,
    ClientClosedError,
    RequestNotSentError,
    Sequence,
    SequenceError,
    WrongEventLoopError,
)
from tests.client.answers import QUOTE
from tests.client.conftest import KEY, MakeServer
from tests.client.server import Received, Reply


def _echo(request: Received) -> Reply:
    symbol = request.target.rpartition("/")[2].partition("?")[0]
    return Reply(body={**QUOTE, "symbol": symbol})


def test_threads_share_a_client_and_each_gets_its_own_answer(serve: MakeServer) -> None:
    server = serve(_echo)
    with Sequence(KEY, server.url, max_concurrent=4) as seq, ThreadPoolExecutor(16) as pool:
        names = [f"S{number}" for number in range(400)]
        assert [quote.symbol for quote in pool.map(seq.quote, names)] == names
    assert server.connections <= 4


def test_tasks_share_a_client_and_each_gets_its_own_answer(serve: MakeServer) -> None:
    server = serve(_echo)

    async def run() -> None:
        async with AsyncSequence(KEY, server.url, max_concurrent=4) as seq:
            names = [f"S{number}" for number in range(400)]
            quotes = await asyncio.gather(*(seq.quote(name) for name in names))
            assert [quote.symbol for quote in quotes] == names

    asyncio.run(run())
    assert server.connections <= 4


def test_first_use_by_many_threads_at_once_makes_one_set_of_connections(serve: MakeServer) -> None:
    server = serve(_echo)
    start = threading.Barrier(8)
    with Sequence(KEY, server.url) as seq:

        def first() -> str:
            start.wait()
            return seq.quote("A").symbol

        with ThreadPoolExecutor(8) as pool:
            assert {each.result() for each in [pool.submit(first) for _ in range(8)]} == {"A"}


def test_a_slot_is_not_held_while_a_repeat_is_waited_for(serve: MakeServer) -> None:
    failing = threading.Event()

    def answer(request: Received) -> Reply:
        if "/SLOW?" in request.target:
            failing.set()
            return Reply(503, headers=(("Retry-After", "3"),))
        return Reply(body=QUOTE)

    with Sequence(KEY, serve(answer).url, max_concurrent=1, max_retries=1) as seq, ThreadPoolExecutor(1) as pool:
        slow = pool.submit(seq.quote, "SLOW")
        failing.wait(10)
        started = monotonic()
        seq.quote("A", timeout=2.5)
        assert monotonic() - started < 2.5
        with pytest.raises(SequenceError):
            slow.result()


@pytest.mark.parametrize("face", ["sync", "async"])
def test_a_call_that_gets_no_slot_in_its_time_was_not_sent(serve: MakeServer, face: str) -> None:
    hold = threading.Event()
    server = serve([Reply(body=QUOTE, wait=hold), Reply(body=QUOTE)])

    async def run() -> None:
        async with AsyncSequence(KEY, server.url, max_concurrent=1) as seq:
            first = asyncio.create_task(seq.quote("A"))
            await asyncio.to_thread(server.arrived.acquire)
            with pytest.raises(RequestNotSentError):
                await seq.buy("A", 1, timeout=0.1)
            hold.set()
            await first

    if face == "async":
        asyncio.run(run())
    else:
        with Sequence(KEY, server.url, max_concurrent=1) as seq, ThreadPoolExecutor(1) as pool:
            first = pool.submit(seq.quote, "A")
            server.arrived.acquire()
            with pytest.raises(RequestNotSentError, match="max_concurrent"):
                seq.buy("A", 1, timeout=0.1)
            hold.set()
            first.result()
    assert len(server.received) == 1


@pytest.mark.parametrize("face", ["sync", "async"])
def test_the_wait_for_a_slot_is_short_whatever_time_the_call_has(
    serve: MakeServer, face: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sequence_markets.client.transport.blocking.POOL_TIMEOUT", 0.1)
    monkeypatch.setattr("sequence_markets.client.transport.awaited.POOL_TIMEOUT", 0.1)
    hold = threading.Event()
    server = serve([Reply(body=QUOTE, wait=hold), Reply(body=QUOTE)])

    async def run() -> None:
        async with AsyncSequence(KEY, server.url, max_concurrent=1, max_retries=0) as seq:
            first = asyncio.create_task(seq.quote("A"))
            await asyncio.to_thread(server.arrived.acquire)
            with pytest.raises(RequestNotSentError, match="max_concurrent"):
                await seq.disconnect_venue("okx", timeout=60)
            hold.set()
            assert await first == QUOTE

    started = monotonic()
    if face == "async":
        asyncio.run(run())
    else:
        with Sequence(KEY, server.url, max_concurrent=1, max_retries=0) as seq, ThreadPoolExecutor(1) as pool:
            first = pool.submit(seq.quote, "A")
            server.arrived.acquire()
            with pytest.raises(RequestNotSentError, match="max_concurrent"):
                seq.disconnect_venue("okx", timeout=60)
            hold.set()
            assert first.result() == QUOTE
    assert monotonic() - started < 10
    assert len(server.received) == 1


def test_an_async_client_on_a_second_loop_says_so(serve: MakeServer) -> None:
    server = serve(_echo)
    seq = AsyncSequence(KEY, server.url)

    async def first() -> None:
        await seq.quote("A")

    async def second() -> None:
        with pytest.raises(WrongEventLoopError, match="another event loop, now closed: make one client per loop"):
            await seq.buy("A", 1)
        with pytest.raises(WrongEventLoopError):
            await seq.close()

    loop = asyncio.new_event_loop()
    loop.run_until_complete(first())
    exchange_loop_is_alive = threading.Event()

    async def elsewhere() -> None:
        with pytest.raises(WrongEventLoopError, match="now different"):
            await seq.quote("A")
        exchange_loop_is_alive.set()

    thread = threading.Thread(target=lambda: asyncio.run(elsewhere()))
    thread.start()
    thread.join()
    assert exchange_loop_is_alive.is_set()
    loop.run_until_complete(seq.close())
    loop.close()
    other = AsyncSequence(KEY, "http://127.0.0.1:1", max_retries=0)

    async def touch() -> None:
        with pytest.raises(RequestNotSentError):
            await other.quote("A")

    asyncio.run(touch())
    seq = other
    asyncio.run(second())


def test_closing_ends_calls_under_way_in_other_threads(serve: MakeServer) -> None:
    hold = threading.Event()
    server = serve(Reply(wait=hold))
    seq = Sequence(KEY, server.url, timeout=30)
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(seq.quote, "A")
        server.arrived.acquire()
        threading.Timer(0.2, hold.set).start()
        seq.close()
        with pytest.raises(SequenceError):
            call.result(20)
    with pytest.raises(ClientClosedError):
        seq.quote("A")


def test_a_forgotten_client_closes_its_connections(serve: MakeServer) -> None:
    server = serve(_echo)
    seq = Sequence(KEY, server.url)
    seq.quote("A")
    del seq
    gc.collect()
    again = Sequence(KEY, server.url)
    again.quote("A")
    again.close()

    async def run() -> None:
        forgotten = AsyncSequence(KEY, server.url)
        await forgotten.quote("A")
        del forgotten
        gc.collect()
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    asyncio.run(run())
    gc.collect()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_fork_does_not_share_connections(serve: MakeServer) -> None:
    server = serve(_echo)
    with Sequence(KEY, server.url) as seq:
        seq.quote("A")
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:  # pragma: no cover - the other process
            try:
                os.write(writing, seq.quote("B").symbol.encode())
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        assert os.read(reading, 10) == b"B"
        os.close(reading)
        os.close(writing)
        assert seq.quote("C").symbol == "C"
    assert [each.port for each in server.received].count(server.received[0].port) == 2
    assert len({each.port for each in server.received}) == 2


def test_a_stale_connection_is_replaced_unnoticed(serve: MakeServer) -> None:
    server = serve(Reply(body=QUOTE, close=True))
    with Sequence(KEY, server.url, max_retries=1) as seq:
        seq._jitter = lambda: 0.0
        for _ in range(5):
            assert seq.quote("A") == QUOTE


def test_connections_are_kept_and_dropped_with_the_client(serve: MakeServer) -> None:
    server = serve(_echo)
    for _ in range(3):
        with Sequence(KEY, server.url) as seq:
            seq.quote("A")
            seq.quote("B")
    assert server.connections == 3
    server.close()
    assert server.open_connections == 0
