"""The prediction markets of the local exchange: which there are, and how they live and end."""

from .lifecycle import Events, Oracle, Resolution
from .types import EventMarket, FeeCategory, MarketStatus, Serial

__all__ = ["EventMarket", "Events", "FeeCategory", "MarketStatus", "Oracle", "Resolution", "Serial"]
