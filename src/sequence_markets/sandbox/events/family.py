"""A family of markets: events of one kind, numbered in the order in which they are listed."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final, Protocol

from .rules import Rule
from .schedule import SECOND_NS, Schedule
from .tokens import token_index, token_of
from .types import EventMarket, Serial

__all__ = [
    "FIRST_SERIAL",
    "MOST_OUTCOMES",
    "Family",
    "Place",
    "family_serial",
    "long_date",
    "place_of_token",
    "ticker_date",
    "ticker_minute_ns",
    "tokens_of",
    "utc",
]

MOST_OUTCOMES: Final = 64
FIRST_SERIAL: Final = 1024
_NUMBERS: Final = 1 << 34
_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_MONTH_NUMBERS: Final = {name[:3].lower(): number for number, name in enumerate(_MONTHS, 1)}
_TICKER_TIME: Final = re.compile(r"([0-9]{2})([a-z]{3})([0-9]{2})([0-9]{2})([0-9]{2})")

Place = tuple[int, int, int]
"""Where a market stands: the number of its family, the number of its event, its outcome within the event."""


class Family(Protocol):
    """Events of one kind."""

    @property
    def number(self) -> int:
        """The number of the family, part of token ids and of the catalogue order."""
        ...

    @property
    def venue(self) -> str: ...

    @property
    def schedule(self) -> Schedule: ...

    @property
    def size(self) -> int:
        """How many markets an event has."""
        ...

    def market(self, number: int, outcome: int) -> EventMarket:
        """One market of an event."""
        ...

    def rule(self, number: int, outcome: int) -> Rule:
        """What decides it."""
        ...


def family_serial(family: Family, number: int, outcome: int) -> Serial:
    """The place in the catalogue of a market of a family."""
    return family.schedule.listed_ns(number), FIRST_SERIAL + family.number * MOST_OUTCOMES + outcome


def tokens_of(family: int, number: int, outcome: int) -> tuple[str, str]:
    """The token ids of the YES and the NO side of a market."""
    index = ((family * _NUMBERS + number) * MOST_OUTCOMES + outcome) * 2
    return token_of(index), token_of(index + 1)


def place_of_token(text: str) -> tuple[Place, bool] | None:
    """The place of the market with a token id, also cut short, and whether it is the YES side; ``None`` for others."""
    index = token_index(text)
    if index is None:
        return None
    rest, side = divmod(index, 2)
    rest, outcome = divmod(rest, MOST_OUTCOMES)
    family, number = divmod(rest, _NUMBERS)
    return (family, number, outcome), side == 0


def utc(instant_ns: int) -> datetime:
    """An instant as a date and time in UTC, to the second."""
    return datetime.fromtimestamp(instant_ns // SECOND_NS, UTC)


def long_date(moment: datetime) -> str:
    """A date as questions have it.

    >>> long_date(utc(1_776_537_600 * 10**9))
    'April 18, 2026'
    """
    return f"{_MONTHS[moment.month - 1]} {moment.day}, {moment.year}"


def ticker_date(moment: datetime) -> str:
    """A date as tickers have it.

    >>> ticker_date(utc(1_776_537_600 * 10**9))
    '26APR18'
    """
    return f"{moment.year % 100:02d}{_MONTHS[moment.month - 1][:3].upper()}{moment.day:02d}"


def ticker_minute_ns(text: str) -> int | None:
    """The minute a ticker names, in lower case; ``None`` when it names none.

    >>> ticker_minute_ns("26apr181840") == 1_776_537_600 * 10**9
    True
    """
    parts = _TICKER_TIME.fullmatch(text)
    month = None if parts is None else _MONTH_NUMBERS.get(parts[2])
    if parts is None or month is None:
        return None
    try:
        moment = datetime(2000 + int(parts[1]), month, int(parts[3]), int(parts[4]), int(parts[5]), tzinfo=UTC)
    except ValueError:
        return None
    return int(moment.timestamp()) * SECOND_NS
