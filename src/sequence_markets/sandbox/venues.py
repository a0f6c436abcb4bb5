"""The venues the local exchange knows, in the order in which the API documents them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["VENUES", "InstrumentType", "Venue", "VenueKind", "edge_id"]

InstrumentType = Literal["spot", "perp", "prediction"]
VenueKind = Literal["cex", "dex", "perp_dex", "prediction"]


@dataclass(frozen=True, slots=True)
class Venue:
    """One trading venue.

    `region` is where its matching engine stands, when that is known; `instrument_types` is what can be traded
    there.
    """

    id: str
    kind: VenueKind
    region: str | None
    instrument_types: tuple[InstrumentType, ...]


_TOKYO: Final = "ap-northeast-1"
_VIRGINIA: Final = "us-east-1"
_IRELAND: Final = "eu-west-1"

VENUES: Final[dict[str, Venue]] = {
    venue.id: venue
    for venue in (
        Venue("binance", "cex", _TOKYO, ("spot", "perp")),
        Venue("coinbase", "cex", _VIRGINIA, ("spot",)),
        Venue("kraken", "cex", _IRELAND, ("spot",)),
        Venue("okx", "cex", _TOKYO, ("spot", "perp")),
        Venue("bybit", "cex", _TOKYO, ("spot", "perp")),
        Venue("bitget", "cex", _TOKYO, ("spot",)),
        Venue("cryptocom", "cex", _TOKYO, ("spot",)),
        Venue("hyperliquid", "perp_dex", _VIRGINIA, ("perp",)),
        Venue("kalshi", "prediction", None, ("prediction",)),
        Venue("polymarket", "prediction", None, ("prediction",)),
        Venue("dex_ethereum", "dex", None, ("spot",)),
        Venue("solana", "dex", _VIRGINIA, ("spot",)),
    )
}
"""Every documented venue by id."""


def edge_id(venue_id: str, kind: InstrumentType) -> str:
    """The id of the connection to a venue; spot and perps of one venue are two of them.

    >>> edge_id("kraken", "spot"), edge_id("okx", "perp"), edge_id("hyperliquid", "perp")
    ('venue-edge-kraken', 'venue-edge-okx-perp', 'venue-edge-hyperliquid')
    """
    second = kind == "perp" and "spot" in VENUES[venue_id].instrument_types
    return f"venue-edge-{venue_id}-perp" if second else f"venue-edge-{venue_id}"
