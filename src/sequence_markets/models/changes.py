"""What changing, batching and redeeming answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from .base import SequenceModel
from .graphs import Submission
from .orders import OrderStatus
from .venues import VenueId


class Amendment(SequenceModel, frozen=True):
    """What became of an amended order."""

    order_id: str
    """Id of the order, ``graph:<graph_id>:<node_id>:<seq>``."""
    mode: Literal["cancel_replace", "cancel_replace_shrink", "native_atomic"] | str
    """How it was done: every mode but ``native_atomic`` loses the place in the queue."""
    status: OrderStatus
    """State of the order after it."""


class BatchResponse(SequenceModel, frozen=True):
    """What became of one operation of a batch; exactly one of the three is there."""

    submitted: Submission | None = None
    """The acknowledgement of an order."""
    cancelled: str | None = None
    """The id that was cancelled."""
    error: str | None = None
    """Why it failed."""
    graph_id: str | None = None
    """Graph a failed operation was about."""

    @property
    def ok(self) -> bool:
        """Whether the operation took effect."""
        return self.error is None


class BatchResult(SequenceModel, frozen=True):
    """What became of a batch. Iterating gives its responses, in the order of the operations."""

    mode: Literal["serial"] | str
    """``serial``: one request after the other."""
    responses: tuple[BatchResponse, ...]
    """One response for each operation, in order."""

    def __iter__(self) -> Iterator[BatchResponse]:  # type: ignore[override]  # rows, where pydantic yields pairs
        return iter(self.responses)


class Redemption(SequenceModel, frozen=True):
    """What claiming the winnings of a market did."""

    mode: Literal["auto_settled", "relayer_submitted", "noop"] | str
    """``auto_settled``: the venue pays by itself. ``relayer_submitted``: paid within minutes. ``noop``: nothing due."""
    venue: VenueId | None = None
    """The venue."""
    slug: str | None = None
    """The market."""
    condition_id: str | None = None
    """Polymarket's id of the market."""
    token_ids: tuple[str, ...] | None = None
    """Polymarket's ids of the claimed tokens."""
    note: str | None = None
    """What happened, in words."""
