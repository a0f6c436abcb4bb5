"""The names a prediction market goes by: slug, token id, ticker, address; each with or without an outcome."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

_TOKEN: Final = re.compile(r"[0-9]{60,}")
_TICKER: Final = re.compile(r"(?:KX|INX|NASDAQ100)[A-Z0-9.]*(?:-[A-Z0-9.]+)*")
_OUTCOME: Final = re.compile(r":(?:yes|no|up|down)$", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"(?:https?://)?(?:www\.)?(?P<venue>polymarket|kalshi)\.com/", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class MarketName:
    """One market, named.

    Attributes:
        venue: The venue that lists it.
        kind: The filter that finds it.
        text: What the filter takes.
    """

    venue: str
    kind: Literal["slug", "clob_token_id"]
    text: str


def market_name(text: str, venue: str) -> MarketName:
    """Read a name.

    A token id, a Kalshi ticker and an address tell the venue by their form; only a plain slug needs to be told.

    Args:
        text: The name, as a user writes it.
        venue: The venue of a slug.

    Example:
        >>> market_name("KXRAIN-26NOV27-OSL:YES", "polymarket")
        MarketName(venue='kalshi', kind='slug', text='KXRAIN-26NOV27-OSL')
        >>> market_name("https://polymarket.com/event/rain-in-oslo-friday", "polymarket").text
        'rain-in-oslo-friday'
    """
    name = text.strip()
    address = _ADDRESS.match(name)
    if address is not None:
        venue = address["venue"].lower()
        name = _last_part(name)
    name = _OUTCOME.sub("", name)
    if _TOKEN.fullmatch(name):
        return MarketName("polymarket", "clob_token_id", name)
    if venue == "kalshi" or _TICKER.fullmatch(name):
        return MarketName("kalshi", "slug", name.upper())
    return MarketName(venue, "slug", name)


def _last_part(address: str) -> str:
    """The last part of an address names the market, and the first one merely the event it belongs to."""
    path = urlsplit(address if "://" in address else f"https://{address}").path
    return next((part for part in reversed(path.split("/")) if part), "")
