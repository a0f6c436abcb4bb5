"""Every prediction market that ever was or will be, found by name and listed in order, without an index that grows."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator

from .types import EventMarket, Serial

__all__ = ["Directory"]


class Directory:
    """The markets by name, and in catalogue order.

    Example:
        >>> from sequence_markets.sandbox.events.named import named_markets
        >>> directory = Directory(named_markets())
        >>> directory.by_name("Rain-in-Oslo-Friday").tick_1e9
        10000000
    """

    def __init__(self, fixed: Iterable[EventMarket] = ()) -> None:
        self._fixed: list[EventMarket] = []
        self._by_symbol: dict[str, EventMarket] = {}
        self._by_name: dict[str, EventMarket] = {}
        self._by_event: dict[str, list[EventMarket]] = {}
        for market in fixed:
            self.add(market)

    def copy(self) -> Directory:
        """A directory of its own with the same markets."""
        return Directory(self._fixed)

    def add(self, market: EventMarket) -> None:
        """List one more market by hand."""
        insort(self._fixed, market, key=_serial)
        self._by_symbol[market.yes] = self._by_symbol[market.no] = market
        self._by_name[market.slug.lower()] = market
        self._by_event.setdefault(market.event_slug.lower(), []).append(market)

    def by_symbol(self, symbol: str) -> EventMarket | None:
        """The market one of whose outcomes has this canonical symbol."""
        return self._by_symbol.get(symbol)

    def by_name(self, name: str) -> EventMarket | None:
        """The market with this slug or ticker, in any case."""
        return self._by_name.get(name.lower())

    def event(self, event_slug: str) -> tuple[EventMarket, ...]:
        """The markets of an event, in the order of its outcomes; empty when there is no such event."""
        return tuple(self._by_event.get(event_slug.lower(), ()))

    def listed(
        self, now_ns: int, *, venue: str | None = None, after: Serial | None = None, newest_first: bool = False
    ) -> Iterator[EventMarket]:
        """The markets that were listed by `now_ns`, in catalogue order, from behind the place `after` on."""
        for market in reversed(self._fixed) if newest_first else self._fixed:
            if market.listed_ns > now_ns or (venue is not None and market.venue != venue):
                continue
            if after is None or (market.serial < after if newest_first else market.serial > after):
                yield market

    def minted_between(self, start_ns: int, end_ns: int) -> list[EventMarket]:
        """The markets listed after `start_ns` and up to `end_ns`, in catalogue order."""
        return [market for market in self._fixed if start_ns < market.listed_ns <= end_ns]

    def resolved_between(self, start_ns: int, end_ns: int) -> list[EventMarket]:
        """The markets whose outcome is known after `start_ns` and up to `end_ns`, in catalogue order."""
        return [market for market in self._fixed if start_ns < market.resolve_ns <= end_ns]


def _serial(market: EventMarket) -> Serial:
    return market.serial
