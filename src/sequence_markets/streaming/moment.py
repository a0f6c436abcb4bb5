"""Points in time as the protocol is told them."""

from __future__ import annotations

from typing import NamedTuple


class Moment(NamedTuple):
    """One instant on two clocks."""

    s: float
    """Seconds of a steady clock, by which everything is decided."""
    ns: int
    """Nanoseconds since the epoch, which is only shown."""
