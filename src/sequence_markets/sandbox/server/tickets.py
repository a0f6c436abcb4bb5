"""Tickets: a way in for those who cannot send a header, good for one connection within half a minute."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Final

from sequence_markets.sandbox.server.auth import Principal

LIFETIME_NS: Final = 30 * 10**9


class Tickets:
    """Issues tickets and takes them back.

    Args:
        monotonic_ns: Source of elapsed time in nanoseconds.
    """

    def __init__(self, *, monotonic_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._monotonic_ns = monotonic_ns
        self._issued: dict[str, tuple[Principal, int]] = {}

    def issue(self, principal: Principal) -> str:
        """Return a new ticket of a caller."""
        now = self._monotonic_ns()
        self._issued = {ticket: entry for ticket, entry in self._issued.items() if entry[1] > now}
        ticket = f"wst_{secrets.token_hex(24)}"
        self._issued[ticket] = (principal, now + LIFETIME_NS)
        return ticket

    def spend(self, ticket: str) -> Principal | None:
        """Return whose ticket it is, once; ``None`` for one that is unknown, spent or too old."""
        principal, expires_ns = self._issued.pop(ticket, (None, 0))
        return principal if expires_ns > self._monotonic_ns() else None
