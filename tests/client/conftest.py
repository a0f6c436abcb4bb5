"""Servers and clients, closed after each test."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import ExitStack
from typing import Any, Protocol, cast

import pytest

from sequence_markets import AsyncSequence, Sequence
from sequence_markets.client.settings import OnInvalid
from tests.client.answers import documented
from tests.client.server import Answerer, Reply, Server

KEY = "seq_test_5ecre7c0ffee"


class MakeServer(Protocol):
    def __call__(
        self, answers: Answerer | Reply | Iterable[Reply] | None = None, *, refuse_after: int | None = None
    ) -> Server: ...


class MakeClient(Protocol):
    def __call__(
        self,
        server: Server | str,
        *,
        timeout: float = 10.0,
        max_retries: int = 2,
        max_concurrent: int = 8,
        on_invalid: OnInvalid = "raise",
    ) -> Sequence: ...


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    proxies = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
    for name in (*proxies, "SEQUENCE_API_KEY", "SEQ_API_KEY", "SEQUENCE_BASE_URL", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def serve() -> Iterator[MakeServer]:
    with ExitStack() as stack:

        def make(
            answers: Answerer | Reply | Iterable[Reply] | None = None, *, refuse_after: int | None = None
        ) -> Server:
            given = documented if answers is None else answers
            return stack.enter_context(Server(given, refuse_after=refuse_after))

        yield make


class _Blocking:
    """An ``AsyncSequence`` called as if it were a ``Sequence``, so that one test states a behaviour of both."""

    def __init__(self, client: AsyncSequence, runner: asyncio.Runner) -> None:
        self._client = client
        self._runner = runner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if not inspect.ismethod(found):
            return found

        def call(*args: object, **options: object) -> object:
            result: object = found(*args, **options)
            if inspect.isawaitable(result):
                return self._runner.run(_wait(result))
            if isinstance(result, AsyncIterator):
                return self._rows(cast("AsyncIterator[object]", result))
            return result

        return call

    def _rows(self, rows: AsyncIterator[object]) -> Iterator[object]:
        while True:
            try:
                yield self._runner.run(_wait(anext(rows)))
            except StopAsyncIteration:
                return

    def __repr__(self) -> str:
        return repr(self._client)


async def _wait(awaitable: Any) -> Any:
    return await awaitable


@pytest.fixture(params=["sync", "async"])
def connect(request: pytest.FixtureRequest) -> Iterator[MakeClient]:
    """Make clients of either face."""
    face: str = request.param
    with ExitStack() as stack:

        def make(
            server: Server | str,
            *,
            timeout: float = 10.0,
            max_retries: int = 2,
            max_concurrent: int = 8,
            on_invalid: OnInvalid = "raise",
        ) -> Sequence:
            url = server if isinstance(server, str) else server.url
            kind: Any = Sequence if face == "sync" else AsyncSequence
            client = kind(
                KEY,
                url,
                timeout=timeout,
                max_retries=max_retries,
                max_concurrent=max_concurrent,
                on_invalid=on_invalid,
            )
            client._jitter = lambda: 0.0  # Repeats come at once.
            if face == "sync":
                stack.callback(client.close)
                return cast("Sequence", client)
            runner = stack.enter_context(asyncio.Runner())
            stack.callback(lambda: runner.run(client.close()))
            return cast("Sequence", _Blocking(client, runner))

        yield make


@pytest.fixture
def seq(serve: MakeServer, connect: MakeClient) -> tuple[Sequence, Server]:
    """A client, of either face, and the well-behaved server it talks to."""
    server = serve()
    return connect(server), server
