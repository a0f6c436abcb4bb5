"""Recurring up/down contracts: does a price stand higher at the end of a window than at its start?"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from .family import Place, family_serial, long_date, ticker_date, ticker_minute_ns, tokens_of, utc
from .rules import Rule, UpDown
from .schedule import DAY_NS, ERA_NS, SECOND_NS, Schedule
from .types import EventMarket, FeeCategory

__all__ = ["LEAD_WINDOWS", "UP_DOWN", "UpDownSeries", "parse_up_down"]

LEAD_WINDOWS: Final = 2
"""A contract is listed so many windows before its own window starts: three of a series are traded at any time."""

_MINUTE_NS: Final = 60 * SECOND_NS
_DELAYS_NS: Final = {"polymarket": 30 * SECOND_NS, "kalshi": 10 * SECOND_NS}
_COINS: Final = {"btc": "Bitcoin", "eth": "Ethereum", "sol": "Solana", "xrp": "XRP"}
_POLYMARKET: Final = re.compile(r"([a-z]+)-updown-([0-9]+[mh])-([0-9]{10,11})")
_KALSHI: Final = re.compile(r"kx([a-z]+?)([0-9]+[mh])-([0-9]{2}[a-z]{3}[0-9]{6})")


@dataclass(frozen=True, slots=True)
class UpDownSeries:
    """One series of contracts.

    Attributes:
        number: The number of the family.
        venue: Where it is traded.
        coin: "btc", "eth", "sol" or "xrp".
        length: How its name says the length of the window: "5m", "15m" or "1h".
        window_ns: The length of the window.
        schedule: When its contracts are listed, closed and resolved.
        size: One contract per window.
    """

    number: int
    venue: str
    coin: str
    length: str
    window_ns: int
    schedule: Schedule
    size: int = 1

    @property
    def name(self) -> str:
        """The name of the series."""
        if self.venue == "kalshi":
            return f"KX{self.coin}{self.length}".upper()
        return f"{self.coin}-updown-{self.length}"

    def start_ns(self, number: int) -> int:
        """When the window of a contract starts."""
        return self.schedule.close_ns(number) - self.window_ns

    def market(self, number: int, outcome: int) -> EventMarket:
        """The contract of a window."""
        start_ns, close_ns = self.start_ns(number), self.schedule.close_ns(number)
        start, close = utc(start_ns), utc(close_ns)
        coin = _COINS[self.coin]
        base = self.coin.upper()
        window = f"{start:%H:%M} to {close:%H:%M} UTC on {long_date(close)}"
        category: FeeCategory = "crypto_5m" if self.length == "5m" else "crypto"
        outcomes = ("Up", "Down")
        condition_id: str | None
        if self.venue == "kalshi":
            slug = f"{self.name}-{ticker_date(close)}{close:%H%M}"
            yes, no = slug, f"{slug}:NO"
            condition_id = None
            outcomes = ("Yes", "No")
            question = f"{coin} up from {window}?"
        else:
            slug = f"{self.name}-{start_ns // SECOND_NS}"
            yes, no = tokens_of(self.number, number, outcome)
            condition_id = "0x" + hashlib.sha256(slug.encode()).hexdigest()
            question = f"{coin} up or down, {window}?"
        return EventMarket(
            venue=self.venue,
            slug=slug,
            event_slug=slug,
            title=question,
            question=question,
            rules=(
                f"{outcomes[0]} wins when the reference price of {base}-USD at the end of the window is at least what "
                f"it was at the start, {outcomes[1]} otherwise."
            ),
            outcomes=outcomes,
            yes=yes,
            no=no,
            condition_id=condition_id,
            neg_risk=False,
            tick_1e9=10_000_000,
            category=category,
            tags=("crypto", coin.lower(), "up-or-down", self.length),
            series=self.name,
            listed_ns=self.schedule.listed_ns(number),
            start_ns=start_ns,
            close_ns=close_ns,
            resolve_ns=self.schedule.resolve_ns(number),
            underlying=f"{base}-USD",
            outcome_name=None,
            outcome_index=0,
            placeholder=False,
            serial=family_serial(self, number, outcome),
        )

    def rule(self, number: int, outcome: int) -> Rule:  # noqa: ARG002 - every contract of a series is decided alike
        """The price of the coin decides."""
        return UpDown(self.coin.upper())


def _series(number: int, venue: str, coin: str, length: str) -> UpDownSeries:
    window_ns = int(length[:-1]) * _MINUTE_NS * (60 if length.endswith("h") else 1)
    lead_ns = LEAD_WINDOWS * window_ns
    # Windows are counted from the epoch, so that their starts are full minutes, quarters and hours.
    first_ns = -(-ERA_NS // window_ns) * window_ns
    schedule = Schedule(first_ns, window_ns, lead_ns + window_ns, _DELAYS_NS[venue], DAY_NS)
    return UpDownSeries(number, venue, coin, length, window_ns, schedule)


UP_DOWN: Final = tuple(
    _series(number, venue, coin, length)
    for number, (venue, coin, length) in enumerate(
        (
            *(("polymarket", coin, length) for coin in ("btc", "eth", "sol", "xrp") for length in ("5m", "15m", "1h")),
            *(("kalshi", coin, length) for coin in ("btc", "eth") for length in ("15m", "1h")),
        )
    )
)
"""Every series, by its number."""

_BY_NAME: Final = {series.name.lower(): series for series in UP_DOWN}


def parse_up_down(name: str) -> Place | None:
    """The place of the contract with this slug or ticker, in lower case; ``None`` for every other name.

    >>> parse_up_down("btc-updown-5m-1776537600")
    (0, 662334, 0)
    """
    at_ns: int | None
    polymarket = _POLYMARKET.fullmatch(name)
    if polymarket is not None:
        series = _BY_NAME.get(f"{polymarket[1]}-updown-{polymarket[2]}")
        at_ns, is_end = int(polymarket[3]) * SECOND_NS, False
    else:
        kalshi = _KALSHI.fullmatch(name)
        if kalshi is None:
            return None
        series = _BY_NAME.get(f"kx{kalshi[1]}{kalshi[2]}")
        at_ns, is_end = ticker_minute_ns(kalshi[3]), True
    if series is None or at_ns is None:
        return None
    origin_ns = series.schedule.close_ns(0) if is_end else series.start_ns(0)
    number, rest = divmod(at_ns - origin_ns, series.window_ns)
    return None if rest or number < 0 else (series.number, number, 0)
