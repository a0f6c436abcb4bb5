"""How every call is made: one request after the other, as the engine says."""

from __future__ import annotations

from asyncio import sleep
from collections.abc import Callable
from random import random
from time import monotonic, time
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, TypeVar
from uuid import uuid4

from sequence_markets.client import checks
from sequence_markets.client.engine import Answer, Failure, Send, converse
from sequence_markets.client.open_streams import OpenStreams
from sequence_markets.client.operation import Operation
from sequence_markets.client.outcomes import Outcomes, Unresolved
from sequence_markets.client.settings import PRODUCTION, OnInvalid, Settings, make_settings
from sequence_markets.client.transport import AsyncExchange, open_async

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")


class AsyncCall(Protocol):
    """How a batch sends."""

    async def __call__(self, operation: Operation[T], timeout: float | None, /) -> T: ...


class AsyncCaller:
    """Sends operations: the settings, the transport and the record of what is in doubt."""

    _awaited = False
    _awaited = True  # noqa: PIE794  # async only

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str = PRODUCTION,
        *,
        timeout: float = 30.0,
        max_retries: int = 2,
        max_concurrent: int = 64,
        http_client: httpx.AsyncClient | None = None,
        on_invalid: OnInvalid = "raise",
    ) -> None:
        self._settings = make_settings(
            api_key,
            base_url,
            timeout=timeout,
            max_retries=max_retries,
            max_concurrent=max_concurrent,
            on_invalid=on_invalid,
        )
        self._outcomes = Outcomes()
        self._jitter: Callable[[], float] = random
        self._transport = open_async(self._settings, http_client)
        self._streams = OpenStreams()

    def __repr__(self) -> str:
        settings = self._settings
        return f"{type(self).__name__}(api_key={settings.masked_key!r}, base_url={settings.base_url!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the client and its connections. A closed client raises ``ClientClosedError``; closing twice is fine.

        Its streams are closed with it. An ``http_client`` that was given stays open.

        Example:
            >>> await seq.close()
        """
        for stream in self._streams.close():
            await stream.aclose()
        await self._transport.aclose()

    aclose = close  # async only

    @property
    def unresolved(self) -> tuple[Unresolved, ...]:
        """Orders and cancels whose outcome this client does not know, oldest first.

        A call that was cancelled, or that raised ``OutcomeUnknownError``, leaves a record here until
        ``graph_status``, ``order``, ``graph_cancel`` or a submit with the same ``graph_id`` finds the graph. A 404
        settles it too, once the time limit of the call in doubt is over: before, its request may still arrive.

        Example:
            >>> seq.unresolved
            ()
        """
        return self._outcomes.unresolved()

    async def _call(self, operation: Operation[T], timeout: float | None) -> T:
        seconds = self._settings.timeout if timeout is None else checks.seconds(timeout)
        return await carry(operation, self._transport, self._settings, self._outcomes, seconds, self._jitter)


async def carry(
    operation: Operation[T],
    transport: AsyncExchange,
    settings: Settings,
    outcomes: Outcomes,
    timeout: float,
    jitter: Callable[[], float],
) -> T:
    """Carry one call through: one request after the other, as the engine says."""
    steps = converse(
        operation,
        settings,
        outcomes,
        request_id=str(uuid4()),
        now=monotonic(),
        timeout=timeout,
        jitter=jitter,
        wall=time,
    )
    try:
        step = next(steps)
        while True:
            event: Answer | Failure | None = None
            try:
                if isinstance(step, Send):
                    event = await transport.exchange(step)
                else:
                    await sleep(step.seconds)
            except BaseException as stop:
                # The engine says on it what became of the request, and raises it again.
                steps.throw(stop)
                raise
            step = steps.send((monotonic(), event))
    except StopIteration as done:
        answer: T = done.value
        return answer
