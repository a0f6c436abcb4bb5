"""How long to wait before a repeat."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

FIRST_BACKOFF: Final = 0.5
MAX_BACKOFF: Final = 8.0
RETRY_AFTER_CEILING: Final = 60.0
"""A server that asks for a longer wait gets none: the call fails at once and says so."""

RETRIED_STATUSES: Final = frozenset({429, 502, 503, 504})

_SECONDS = re.compile(r"[0-9]+(\.[0-9]*)?")


def backoff(retry: int, jitter: Callable[[], float]) -> float:
    """Return the wait before the given retry, counted from 1: full jitter under a doubling, capped bound."""
    return min(MAX_BACKOFF, FIRST_BACKOFF * 2.0 ** min(retry - 1, 16)) * jitter()


def retry_after(value: str | None, date: str | None, wall: Callable[[], float]) -> float | None:
    """Return the seconds an answer asks to wait, or ``None`` when it does not say so in a form that means anything.

    Args:
        value: The ``Retry-After`` header.
        date: The ``Date`` header, against which a date is read.
        wall: Seconds since the epoch, asked for only when there is no ``Date``.
    """
    if value is None:
        return None
    value = value.strip()
    if _SECONDS.fullmatch(value):
        return float(value)
    until = _date(value)
    if until is None:
        return None
    now = _date(date or "")
    return max(0.0, until - (wall() if now is None else now))


def _date(text: str) -> float | None:
    from email.utils import parsedate_to_datetime  # slow to import, and hardly ever needed

    try:
        parsed: datetime = parsedate_to_datetime(text)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
