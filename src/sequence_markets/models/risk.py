"""What the calls that stop trading answer."""

from __future__ import annotations

from .base import SequenceModel
from .venues import VenueId
from .views import OptionalInstant


class KillSwitch(SequenceModel, frozen=True):
    """State of the kill switch of the account."""

    engaged: bool | None = None
    """Whether new orders are refused."""
    reason: str | None = None
    """Why it was engaged."""
    engaged_at_ns: int | None = None
    """When it was engaged, nanoseconds since the epoch."""

    engaged_at = OptionalInstant()
    """`engaged_at_ns` as an aware ``datetime``."""


class VenueCancel(SequenceModel, frozen=True):
    """What cancelling everything on a venue did."""

    venue: VenueId | None = None
    """The venue."""
    cancelled: int | None = None
    """How many orders were cancelled."""
