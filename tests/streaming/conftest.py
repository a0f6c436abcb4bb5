"""Servers and readers, gone after each test."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Protocol

import pytest

from sequence_markets import AsyncSequence, Sequence
from sequence_markets.streaming import Stream

from .server import PATIENCE, Script, StreamServer

KEY = "seq_test_5ecre7c0ffee"


class Serve(Protocol):
    def __call__(self, script: Script | None = None) -> StreamServer: ...


class Reader:
    """A stream that is read step by step, whichever face it has."""

    def __init__(self, face: str, client: Any, runner: asyncio.Runner | None) -> None:
        self.face = face
        self.client = client
        self._runner = runner
        self.stream: Stream[Any] = None  # type: ignore[assignment]

    def open(self, *arguments: Any, method: str = "stream", **options: Any) -> Reader:
        self.stream = getattr(self.client, method)(*arguments, **options)
        return self

    def next(self) -> Any:
        """Return the next item."""
        if self._runner is None:
            return next(self.stream)
        return self._runner.run(self._anext())

    async def _anext(self) -> Any:
        async with asyncio.timeout(PATIENCE):
            return await anext(self.stream)

    def take(self, count: int) -> list[Any]:
        return [self.next() for _ in range(count)]

    def until(self, kind: type) -> list[Any]:
        """Read up to an item whose data is of a kind."""
        items: list[Any] = []
        while not items or not isinstance(items[-1].data, kind):
            items.append(self.next())
        return items

    def enter(self) -> None:
        """Begin the stream's ``with`` block."""
        if self._runner is None:
            self.stream.__enter__()
        else:
            self._runner.run(self.stream.__aenter__())

    def rest(self, seconds: float = 0.05) -> None:
        """Let what is under way go on, where that takes a loop that runs."""
        if self._runner is not None:
            self._runner.run(asyncio.sleep(seconds))

    def close(self) -> None:
        if self._runner is None:
            self.stream.close()
        else:
            self._runner.run(self.stream.aclose())

    def finish(self) -> None:
        if self.stream is not None:  # pyright: ignore[reportUnnecessaryComparison]
            with contextlib.suppress(Exception):
                self.close()
        if self._runner is None:
            self.client.close()
        else:
            self._runner.run(self.client.close())


class Connect(Protocol):
    def __call__(self, server: StreamServer | str, *, key: str = KEY, timeout: float = 10.0) -> Reader: ...


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    """No stream leaves a thread behind."""
    yield
    for thread in threading.enumerate():
        if thread.name.startswith("sequence-markets"):
            thread.join(3.0)
            assert not thread.is_alive(), thread.name


@pytest.fixture
def serve(_nothing_left: None) -> Iterator[Serve]:
    with ExitStack() as stack:
        yield lambda script=None: stack.enter_context(StreamServer(script))


@pytest.fixture(params=["threads", "asyncio"])
def connect(request: pytest.FixtureRequest, serve: Serve) -> Iterator[Connect]:
    """Make clients of either face, whose streams are read step by step."""
    face: str = request.param
    with ExitStack() as stack:

        def make(server: StreamServer | str, *, key: str = KEY, timeout: float = 10.0) -> Reader:
            url = server if isinstance(server, str) else server.url
            runner = stack.enter_context(asyncio.Runner()) if face == "asyncio" else None
            client: Any = (Sequence if runner is None else AsyncSequence)(key, url, timeout=timeout)
            client._jitter = lambda: 0.0  # Reconnects come at once.
            reader = Reader(face, client, runner)
            stack.callback(reader.finish)
            return reader

        yield make
