"""A batch of orders and cancels: what is queued, and what became of it. Pure; the faces send."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sequence_markets.client import checks
from sequence_markets.client.operation import Operation
from sequence_markets.client.operations import graphs, orders
from sequence_markets.errors import ClientUsageError, SequenceError
from sequence_markets.graphs.words import INSTRUMENT_TYPES, PREDICTION_VENUES, InstrumentType, Side
from sequence_markets.models import BatchResult, Submission
from sequence_markets.units import Number

NOT_SENT: Final = "not sent: the batch was interrupted"
IN_DOUBT: Final = "interrupted: it may have taken effect"


@dataclass(slots=True)
class Queued:
    """One operation of a batch.

    Attributes:
        operation: What to send.
        cancels: The id to cancel; ``None`` for an order.
        response: What became of it, as documented.
        error: Why it failed.
    """

    operation: Operation[Submission] | Operation[None]
    cancels: str | None = None
    response: dict[str, Any] | None = None
    error: SequenceError | None = None


class Plan:
    """The state of one batch. It is sent once at most, however often and from whatever thread it is ended."""

    def __init__(self, venue: str, sandbox: bool, instrument_type: InstrumentType | None) -> None:
        self._venue = checks.text(venue, "venue")
        self._sandbox = checks.boolean(sandbox, "sandbox")
        checks.one_of(instrument_type, "instrument_type", INSTRUMENT_TYPES)
        self._type: InstrumentType = instrument_type or ("prediction" if venue in PREDICTION_VENUES else "spot")
        self._lock = threading.Lock()
        self._queued: list[Queued] = []
        self._open = True
        self._given_up = False

    def __len__(self) -> int:
        return len(self._queued) if self._open else 0

    def submit(self, side: Side, symbol: str, qty: Number, limit_price: Number | None) -> None:
        """Queue an order. Its graph id is made here, so that it can be looked up whatever happens later.

        Raises:
            ClientUsageError: The batch has been ended.
            ValueError: A number does not fit.
        """
        operation = orders.submit(
            side,
            symbol,
            qty,
            venue=self._venue,
            limit_price=limit_price,
            urgency=None,
            policy=None,
            max_slippage_bps=None,
            horizon_ms=None,
            tif=None,
            instrument_type=self._type,
            sandbox=self._sandbox,
            graph_id=None,
        )
        self._add(operation, None)

    def cancel(self, graph_or_order_id: str) -> None:
        """Queue a cancel.

        Raises:
            ClientUsageError: The batch has been ended.
            ValueError: The id is malformed.
        """
        self._add(graphs.cancel(graph_or_order_id), graph_or_order_id)

    def _add(self, operation: Operation[Submission] | Operation[None], cancels: str | None) -> None:
        with self._lock:
            if not self._open:
                raise ClientUsageError(0, "the batch has been ended; begin another", operation="batch")
            self._queued.append(Queued(operation, cancels))

    def give_up(self) -> None:
        """Close without sending."""
        with self._lock:
            if self._open:
                self._open, self._given_up = False, True

    def flush(self) -> Iterator[Queued]:
        """Yield each operation to send, once; nothing when the batch has been ended before."""
        with self._lock:
            if self._given_up:
                raise ClientUsageError(0, "the batch was left with an error and not sent", operation="batch")
            first, self._open = self._open, False
            if first:
                for each in self._queued:
                    each.response = _error(NOT_SENT, each)
        if first:
            for each in self._queued:
                each.response = _error(IN_DOUBT, each)
                yield each

    def done(self, queued: Queued, answer: Submission | None) -> None:
        """Take note of an answer."""
        queued.response = {"cancelled": queued.cancels} if answer is None else {"submitted": answer.raw}

    def failed(self, queued: Queued, error: SequenceError) -> None:
        """Take note of a failure, which does not stop the others."""
        queued.error = error
        queued.response = _error(str(error), queued)

    @property
    def result(self) -> BatchResult:
        """What became of the operations.

        Raises:
            ClientUsageError: The batch has not been ended.
        """
        if self._open or self._given_up:
            raise ClientUsageError(0, "the batch has not been sent", operation="batch")
        return BatchResult.unvalidated({"mode": "serial", "responses": [each.response for each in self._queued]})

    @property
    def errors(self) -> tuple[SequenceError, ...]:
        """The failures, in the order of the operations."""
        return tuple(each.error for each in self._queued if each.error is not None)


def _error(text: str, queued: Queued) -> dict[str, Any]:
    return {"error": text, "graph_id": queued.operation.graph_id}
