"""However a stream is left, it ends within two seconds and leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from sequence_markets import AsyncSequence, Sequence
from sequence_markets.errors import ClientClosedError, ClientUsageError, WrongEventLoopError
from sequence_markets.streaming import Stream

from .conftest import KEY, Serve
from .data import price
from .server import PATIENCE, Script, StreamServer


@pytest.fixture
def server(serve: Serve) -> StreamServer:
    return serve(Script(snapshot=lambda _: price(1)))


def left(server: StreamServer) -> None:
    """Wait until the server has no connection any more."""
    deadline = time.monotonic() + 3.0
    while server.open_connections and time.monotonic() < deadline:
        time.sleep(0.002)
    assert server.open_connections == 0


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("sequence-markets")]


def no_threads() -> None:
    deadline = time.monotonic() + 3.0
    while threads() and time.monotonic() < deadline:
        time.sleep(0.002)
    assert threads() == []


# --- asyncio ---


def by_break(seq: Any) -> Callable[[], Any]:
    async def main() -> None:
        async for _ in seq.stream(["prices:A"]):
            break

    return main


def by_break_with_a_name(seq: Any) -> Callable[[], Any]:
    async def main() -> None:
        stream = seq.stream(["prices:A"])
        async for _ in stream:
            break
        assert stream.closed
        with pytest.raises(ClientClosedError):
            await read_on(stream)

    return main


def by_exception(seq: Any) -> Callable[[], Any]:
    async def main() -> None:
        stream = seq.stream(["prices:A"])
        with pytest.raises(ZeroDivisionError):
            await trip(stream)
        assert stream.closed

    return main


async def trip(stream: Any) -> None:
    async for _ in stream:
        raise ZeroDivisionError


async def read_on(stream: Any) -> None:
    async for _ in stream:
        pass


def by_aclose(seq: Any) -> Callable[[], Any]:
    async def main() -> None:
        stream = seq.stream(["prices:A"])
        await anext(stream)
        await stream.aclose()
        await stream.aclose()
        with pytest.raises(StopAsyncIteration):
            await anext(stream)
        assert len(asyncio.all_tasks()) == 1

    return main


def by_close(seq: Any) -> Callable[[], Any]:
    async def main() -> None:
        stream = seq.stream(["prices:A"])
        await anext(stream)
        asyncio.get_running_loop().call_later(0.01, stream.close)
        async for _ in stream:
            pass

    return main


def by_close_from_another_thread(seq: Any) -> Callable[[], Any]:
    async def main() -> None:
        stream = seq.stream(["prices:A"])
        await anext(stream)
        closing = threading.Timer(0.02, stream.close)
        closing.start()
        async for _ in stream:
            pass
        closing.join()

    return main


def by_the_end_of_a_block(seq: Any) -> Callable[[], Any]:
    async def main() -> None:
        async with seq.stream(["prices:A"]) as stream:
            async for _ in stream:
                break
            assert not stream.closed
            stream.subscribe(["prices:B"])
            async for _ in stream:
                break
        assert stream.closed

    return main


def by_cancellation(seq: Any) -> Callable[[], Any]:
    async def main() -> None:
        connected = asyncio.Event()

        def note(_event: object) -> None:
            connected.set()

        stream = seq.stream(["prices:A"], on_event=note)
        task = asyncio.create_task(read_on(stream))
        await connected.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert stream.closed

    return main


def by_time_running_out(seq: Any) -> Callable[[], Any]:
    async def main() -> None:
        stream = seq.stream(["prices:A"])
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(read_on(stream), 0.05)
        assert stream.closed

    return main


def by_being_forgotten(seq: Any) -> Callable[[], Any]:
    async def main() -> None:
        stream = seq.stream(["prices:A"])
        await anext(stream)
        known = weakref.ref(stream)
        del stream
        gc.collect()
        assert known() is None

    return main


def by_the_end_of_the_client(seq: Any) -> Callable[[], Any]:
    async def main() -> None:
        stream = seq.stream(["prices:A"])
        await anext(stream)
        closed = seq.close()
        if closed is not None:
            await closed
        async for _ in AlreadyOver(stream):
            pass
        with pytest.raises(ClientClosedError):
            seq.stream(["prices:A"])

    return main


class AlreadyOver:
    """Reads on in a stream that is over."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __aiter__(self) -> Any:
        return self

    def __anext__(self) -> Any:
        return self._stream.__anext__()


def before_it_connects(seq: Any) -> Callable[[], Any]:
    async def main() -> None:
        stream = seq.stream(["prices:A"])
        reading = asyncio.create_task(anext(stream))
        await asyncio.sleep(0)
        stream.close()
        with pytest.raises(StopAsyncIteration):
            await reading

    return main


WAYS = [
    by_break,
    by_break_with_a_name,
    by_exception,
    by_aclose,
    by_close,
    by_close_from_another_thread,
    by_the_end_of_a_block,
    by_cancellation,
    by_time_running_out,
    by_being_forgotten,
    by_the_end_of_the_client,
    before_it_connects,
]


@pytest.mark.parametrize("face", [Sequence, AsyncSequence])
@pytest.mark.parametrize("way", WAYS)
def test_an_awaited_stream_ends(server: StreamServer, way: Callable[[Any], Callable[[], Any]], face: Any) -> None:
    seq = face(KEY, server.url)
    began = time.monotonic()
    asyncio.run(way(seq)())
    left(server)
    assert time.monotonic() - began < 2.0
    assert threads() == []
    if face is Sequence:
        seq.close()


@pytest.mark.parametrize("way", [by_break, by_exception, by_aclose, by_time_running_out])
def test_nothing_is_left_on_a_loop_that_is_run_and_closed_by_hand(
    server: StreamServer, way: Callable[[Any], Callable[[], Any]]
) -> None:
    loop = asyncio.new_event_loop()
    with Sequence(KEY, server.url) as seq:
        loop.run_until_complete(way(seq)())
        loop.close()
        left(server)
        gc.collect()


def test_the_other_side_is_told_and_has_two_seconds_to_answer(serve: Serve) -> None:
    server = serve(Script(snapshot=lambda _: price(1)))

    async def main() -> float:
        async with AsyncSequence(KEY, server.url) as seq:
            stream = seq.stream(["prices:A"])
            await anext(stream)
            began = time.monotonic()
            await stream.aclose()
            return time.monotonic() - began

    assert asyncio.run(main()) < 1.0
    assert server.peers[0].close_code == 1000


class Deaf:
    """Opens a WebSocket and then neither reads nor answers."""

    def __init__(self) -> None:
        from websockets.http11 import Request
        from websockets.server import ServerProtocol

        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.over = threading.Event()

        def serve() -> None:
            connection, _ = self._listener.accept()
            protocol = ServerProtocol()
            protocol.receive_data(connection.recv(65536))
            (request,) = protocol.events_received()
            assert isinstance(request, Request)
            protocol.send_response(protocol.accept(request))
            connection.sendall(b"".join(protocol.data_to_send()))
            self.over.wait(PATIENCE)
            connection.close()

        self._thread = threading.Thread(target=serve)
        self._thread.start()

    def close(self) -> None:
        self.over.set()
        self._thread.join()
        self._listener.close()


def test_a_server_that_never_answers_costs_two_seconds_at_most() -> None:
    deaf = Deaf()
    told: list[Any] = []
    with Sequence(KEY, deaf.url) as seq:
        stream = seq.stream(["prices:A"], on_event=told.append)
        reading = threading.Thread(target=lambda: list(stream))
        reading.start()
        while not told:
            time.sleep(0.001)
        began = time.monotonic()
        stream.close()
        took = time.monotonic() - began
        reading.join()
    deaf.close()
    assert 1.5 < took < 2.5
    no_threads()


# --- threads ---


def trip_over(stream: Any) -> None:
    for _ in stream:
        raise ZeroDivisionError


def test_a_plain_loop_that_is_left_ends_the_stream(server: StreamServer) -> None:
    with Sequence(KEY, server.url) as seq:
        for _ in seq.stream(["prices:A"]):
            break
        stream = seq.stream(["prices:A"])
        with pytest.raises(ZeroDivisionError):
            trip_over(stream)
        assert stream.closed
        with pytest.raises(ClientClosedError):
            list(stream)
        assert [item.data["bid"] for _, item in zip(range(1), seq.stream(["prices:A"]), strict=False)] == [1]
        left(server)
        no_threads()


def test_a_block_keeps_a_stream_over_loops(server: StreamServer) -> None:
    with Sequence(KEY, server.url) as seq, seq.stream(["prices:A"]) as stream:
        for _ in stream:
            break
        stream.subscribe(["prices:B"])
        for item in stream:
            assert item.channel == "prices:B"
            break
    left(server)
    assert threads() == []


@pytest.mark.parametrize("closing", ["stream", "client"])
def test_closing_from_another_thread_ends_the_loop(server: StreamServer, closing: str) -> None:
    seq = Sequence(KEY, server.url)
    stream = seq.stream(["prices:A"])
    timer = threading.Timer(0.05, (stream if closing == "stream" else seq).close)
    timer.start()
    count = sum(1 for _ in stream)
    timer.join()
    assert count == 1
    left(server)
    assert threads() == []
    with pytest.raises(StopIteration):
        next(stream)
    seq.close()


def test_closing_from_the_listener_is_fine(server: StreamServer) -> None:
    streams: list[Stream[Any]] = []
    with Sequence(KEY, server.url) as seq:
        streams.append(seq.stream(["prices:A"], on_event=lambda _: streams[0].close()))
        list(streams[0])
        left(server)
        no_threads()

        async def main() -> None:
            streams[0] = seq.stream(["prices:A"], on_event=lambda _: streams[0].close())
            assert [item async for item in streams[0]] == []

        asyncio.run(main())


def test_a_forgotten_stream_ends(server: StreamServer) -> None:
    with Sequence(KEY, server.url) as seq:
        stream = seq.stream(["prices:A"])
        next(stream)
        del stream
        gc.collect()
        left(server)
        no_threads()


def test_a_close_while_missed_fills_are_read_does_not_wait_for_them(serve: Serve) -> None:
    asked, answer = threading.Event(), threading.Event()

    def pages(_path: str, _query: dict[str, str]) -> tuple[int, object]:
        asked.set()
        answer.wait(PATIENCE)
        return 200, {"fills": []}

    server = serve(Script(pages=pages))
    with Sequence(KEY, server.url) as seq:
        stream = seq.stream(["fills"])
        reading = threading.Thread(target=lambda: list(stream))
        reading.start()
        assert asked.wait(PATIENCE)
        began = time.monotonic()
        stream.close()
        reading.join()
        no_threads()
        assert time.monotonic() - began < 1.0
        answer.set()


def test_the_listeners_mistakes_are_reported_and_change_nothing(
    server: StreamServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported: list[Any] = []

    def report(arguments: threading.ExceptHookArgs) -> None:
        reported.append(arguments.exc_value)

    monkeypatch.setattr(threading, "excepthook", report)

    def listen(_event: object) -> None:
        raise ZeroDivisionError

    with Sequence(KEY, server.url) as seq:
        stream = seq.stream(["prices:A"], on_event=listen)
        assert next(stream).channel == "prices:A"
        stream.close()

        async def main() -> None:
            asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context["exception"]))
            async for _ in seq.stream(["prices:A"], on_event=listen):
                break

        asyncio.run(main())
    assert [type(each) for each in reported] == [ZeroDivisionError] * 2


SCRIPT = """
    import asyncio, sys
    from sequence_markets import Sequence
    seq = Sequence("seq_test_x", sys.argv[1])
    async def main():
        async for channel, data in seq.stream(["prices:A"]):
            print(channel, flush=True)
    def plain():
        for channel, data in seq.stream(["prices:A"]):
            print(channel, flush=True)
    try:
        asyncio.run(main()) if sys.argv[2] == "asyncio" else plain()
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("face", ["asyncio", "threads"])
def test_ctrl_c_ends_the_program_quietly(server: StreamServer, face: str) -> None:
    # A shell that put us in the background has SIGINT ignored, and a child inherits that.
    listening = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    command = [sys.executable, "-W", "error", "-c", listening + textwrap.dedent(SCRIPT), server.url, face]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "prices:A\n"
        began = time.monotonic()
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=PATIENCE)
    assert (run.returncode, out, err) == (0, "interrupted\n", "")
    assert time.monotonic() - began < 2.0


# --- uses that cannot work ---


def test_a_stream_has_one_face(server: StreamServer) -> None:
    with Sequence(KEY, server.url) as seq:
        stream = seq.stream(["prices:A"])
        next(stream)

        async def main() -> None:
            with pytest.raises(ClientUsageError, match="plain for"):
                await anext(stream)
            other = seq.stream(["prices:A"])
            await anext(other)
            with pytest.raises(ClientUsageError, match="async for"):
                next(other)
            await other.aclose()

        asyncio.run(main())
        stream.close()


def test_a_stream_belongs_to_one_event_loop(server: StreamServer) -> None:
    async def first(stream: Any) -> None:
        await anext(stream)

    async def second(stream: Any) -> None:
        for use in (anext(stream), stream.aclose()):
            with pytest.raises(WrongEventLoopError, match="another event loop"):
                await use

    with Sequence(KEY, server.url) as seq, asyncio.Runner() as one, asyncio.Runner() as two:
        stream = seq.stream(["prices:A"])
        one.run(first(stream))
        two.run(second(stream))
        one.run(stream.aclose())


def test_two_readers_of_one_stream_are_refused(server: StreamServer) -> None:
    async def main(stream: Any) -> None:
        await anext(stream)
        waiting = asyncio.create_task(anext(stream))
        await asyncio.sleep(0)
        with pytest.raises(ClientUsageError, match="two tasks"):
            await anext(stream)
        await stream.aclose()
        with pytest.raises(StopAsyncIteration):
            await waiting

    with Sequence(KEY, server.url) as seq:
        asyncio.run(main(seq.stream(["prices:A"])))
        stream = seq.stream(["prices:A"])
        next(stream)
        waiting = threading.Thread(target=lambda: list(stream))
        waiting.start()
        deadline = time.monotonic() + PATIENCE
        while not stream._threaded._reading and time.monotonic() < deadline:  # type: ignore[union-attr]
            time.sleep(0.001)
        with pytest.raises(ClientUsageError, match="two threads"):
            next(stream)
        stream.close()
        waiting.join()


def test_a_plain_loop_over_an_awaited_clients_stream_is_refused_on_its_loop(server: StreamServer) -> None:
    async def main() -> None:
        async with AsyncSequence(KEY, server.url) as seq:
            with pytest.raises(ClientUsageError, match="async for"):
                list(seq.stream(["prices:A"]))

    asyncio.run(main())


def test_a_plain_loop_of_a_blocking_client_works_while_a_loop_is_running(server: StreamServer) -> None:
    async def notebook() -> None:
        for channel, _ in seq.stream(["prices:A"]):
            assert channel == "prices:A"
            break

    with Sequence(KEY, server.url) as seq:
        asyncio.run(notebook())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_fork_cannot_use_its_parents_stream_and_does_it_no_harm(server: StreamServer) -> None:
    with Sequence(KEY, server.url) as seq:
        stream = seq.stream(["prices:A"])
        next(stream)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                for use in (lambda: next(stream), lambda: stream.subscribe(["prices:B"])):
                    with pytest.raises(ClientUsageError, match="fork"):
                        use()
                stream.close()
                del stream
                gc.collect()
                status = 0
            finally:
                os._exit(status)
        _, status = os.waitpid(child, 0)
        assert status == 0
        server.peers[0].frame("prices:A", price(2))
        assert next(stream).data["bid"] == 2
        stream.close()
    left(server)


# --- nothing adds up ---


def sockets() -> int:
    return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0


def test_hundreds_of_streams_leave_nothing(server: StreamServer) -> None:
    async def cycle(seq: Any) -> None:
        async for _ in seq.stream(["prices:A"]):
            break

    async def cycles(seq: Any, count: int) -> None:
        for _ in range(count):
            await cycle(seq)
        await asyncio.sleep(0)
        assert len(asyncio.all_tasks()) == 1

    with Sequence(KEY, server.url) as seq:
        for _ in range(5):
            asyncio.run(cycles(seq, 1))
            for _ in seq.stream(["prices:A"]):
                break
        left(server)
        no_threads()
        gc.collect()
        before, objects = sockets(), len(gc.get_objects())
        asyncio.run(cycles(seq, 150))
        for _ in range(150):
            for _ in seq.stream(["prices:A"]):
                break
        left(server)
        no_threads()
        server.forget()
        gc.collect()
        assert sockets() <= before
        assert len(gc.get_objects()) < objects + 2000
