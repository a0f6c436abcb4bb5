"""Batches: orders and cancels on one venue, sent one after the other."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from sequence_markets.client.aio.caller import AsyncCall
from sequence_markets.client.batching import Plan
from sequence_markets.errors import SequenceError
from sequence_markets.graphs.words import InstrumentType
from sequence_markets.models import (
    BatchResponse,
    BatchResult,
)
from sequence_markets.units import Number


class AsyncBatch:
    """Orders and cancels on one venue, sent one after the other when the batch is ended.

    Queue with the methods, which return the batch itself; then call ``end()``, or use it as a context manager, which
    ends it on leaving. Left with an exception it sends nothing. A batch is sent once at most: ending it again gives
    the same result.

    Example:
        >>> batch = seq.batch("kraken").buy_limit("ETH-USD", "0.25", 1000)
        >>> len(batch)
        1
        >>> (await batch.end()).responses[0].submitted.status
        'active'
    """

    def __init__(self, call: AsyncCall, venue: str, sandbox: bool, instrument_type: InstrumentType | None) -> None:
        self._call = call
        self._plan = Plan(venue, sandbox, instrument_type)

    def __len__(self) -> int:
        """Return the number of operations that are queued and not sent."""
        return len(self._plan)

    def __bool__(self) -> bool:
        return True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            await self.end()
        else:
            self._plan.give_up()

    def buy(self, symbol: str, qty: Number) -> Self:
        """Queue a market buy of a quantity in human units."""
        self._plan.submit("buy", symbol, qty, None)
        return self

    def sell(self, symbol: str, qty: Number) -> Self:
        """Queue a market sell of a quantity in human units."""
        self._plan.submit("sell", symbol, qty, None)
        return self

    def buy_limit(self, symbol: str, qty: Number, price: Number) -> Self:
        """Queue a limit buy of a quantity at a price, both in human units."""
        self._plan.submit("buy", symbol, qty, price)
        return self

    def sell_limit(self, symbol: str, qty: Number, price: Number) -> Self:
        """Queue a limit sell of a quantity at a price, both in human units."""
        self._plan.submit("sell", symbol, qty, price)
        return self

    def cancel(self, order_id: str) -> Self:
        """Queue a cancel, which does what ``Sequence.cancel`` does with a graph id or an order id."""
        self._plan.cancel(order_id)
        return self

    def emulate(self) -> Self:
        """Do nothing: batches are serial anyway."""
        return self

    async def end(self, *, timeout: float | None = None) -> BatchResult:
        """Send the operations, one after the other; one that fails does not stop the others.

        Args:
            timeout: Seconds for each operation, retries included; the client's when omitted.

        Returns:
            One response for each operation. ``errors`` has the exceptions of those that failed.

        Raises:
            ClientUsageError: The batch was left with an exception before.

        Example:
            >>> result = await seq.batch("kraken").buy("ETH-USD", "0.25").end()
            >>> result.mode
            'serial'
        """
        for queued in self._plan.flush():
            try:
                answer = await self._call(queued.operation, timeout)
            except SequenceError as error:
                self._plan.failed(queued, error)
            else:
                self._plan.done(queued, answer)
        return self._plan.result

    @property
    def result(self) -> BatchResult:
        """What became of the operations; a ``ClientUsageError`` before the batch has been ended."""
        return self._plan.result

    @property
    def responses(self) -> tuple[BatchResponse, ...]:
        """The responses of `result`, in the order of the operations."""
        return self._plan.result.responses

    @property
    def errors(self) -> tuple[SequenceError, ...]:
        """The exceptions of the operations that failed."""
        return self._plan.errors
