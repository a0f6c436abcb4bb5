"""Market data of the local exchange: what a venue shows, and where it comes from."""

from .scripted import ScriptedMarket
from .scripts import ScriptState
from .synthetic import SyntheticMarket
from .tape import TapeMarket
from .types import Bar, Levels, Market, MarketTrade, Origin, VenueBook

__all__ = [
    "Bar",
    "Levels",
    "Market",
    "MarketTrade",
    "Origin",
    "ScriptState",
    "ScriptedMarket",
    "SyntheticMarket",
    "TapeMarket",
    "VenueBook",
]
