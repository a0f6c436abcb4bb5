"""What the venue-credential endpoints answer."""

from __future__ import annotations

from typing import Literal

from .base import SequenceModel
from .views import OptionalInstant

VenueId = (
    Literal[
        "binance",
        "coinbase",
        "kraken",
        "okx",
        "bybit",
        "kalshi",
        "polymarket",
        "hyperliquid",
        "bitget",
        "cryptocom",
        "dex_ethereum",
        "solana",
    ]
    | str
)
"""A venue's id. The documented twelve are completed by the IDE; others pass."""


class VenueStatus(SequenceModel, frozen=True):
    """A venue with credentials on record."""

    venue: VenueId
    """Venue id."""
    connected: bool
    """Whether the venue accepts the stored credentials."""
    last_heartbeat_ns: int | None = None
    """Time of the venue's last heartbeat, nanoseconds since the epoch; absent before the first."""
    error: str | None = None
    """Why the venue is not connected."""

    last_heartbeat = OptionalInstant()
    """`last_heartbeat_ns` as an aware ``datetime``."""
