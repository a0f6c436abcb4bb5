"""What a search asks for, and whether a row matches."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from functools import lru_cache
from typing import Final

from ..events import EventMarket, Events, MarketStatus
from .entries import Entry, entries, entry_status, found_by_name

__all__ = ["ORDERS", "Search", "tag_number"]

ORDERS: Final = (
    "volume",
    "volume_week",
    "volume_total",
    "liquidity",
    "end_date",
    "start_date",
    "created",
    "competitive",
    "closed_time",
)
"""What a listing can be sorted by, besides the catalogue's own order."""

_PARLAYS: Final = "KXMVE"


@lru_cache(maxsize=4096)
def tag_number(tag: str) -> int:
    """The number of a tag: six digits made from its name, so that it never changes.

    Example:
        >>> tag_number("crypto") == tag_number("crypto") != tag_number("sports")
        True
    """
    return 100_000 + int.from_bytes(hashlib.blake2b(tag.encode(), digest_size=6).digest(), "big") % 900_000


@dataclass(frozen=True, slots=True)
class Search:
    """The filters of a listing.

    Attributes:
        venue: The venue.
        name: Only what goes by this slug, ticker, token id or address.
        words: Words that must all occur in question, slug, ticker, title or rules, in lower case.
        tag: Only markets filed under this tag, or of this series.
        tag_id: Only markets filed under the tag of this number.
        related: Also markets under tags that share a market with the wanted one.
        exclude_tag_id: No market under the tag of this number.
        active: With `closed`, which states of life are listed; see `states`.
        closed: As `active`.
        order: A word of `ORDERS`, or empty for the catalogue's own order.
        expand: Make each outcome of an event a row of its own.
        parlays: List combinations of several markets too.
    """

    venue: str
    name: str | None = None
    words: tuple[str, ...] = ()
    tag: str | None = None
    tag_id: int | None = None
    related: bool = False
    exclude_tag_id: int | None = None
    active: bool = True
    closed: bool = False
    order: str = ""
    expand: bool = False
    parlays: bool = True

    @property
    def text(self) -> str:
        """The whole search as text: equal for equal searches only."""
        return repr(astuple(self))

    @property
    def states(self) -> frozenset[MarketStatus] | None:
        """The states of life that are listed; ``None`` for all.

        Trading now; everything there ever was; whatever it is; or what no longer trades.
        """
        if self.active and not self.closed:
            return frozenset({"open"})
        if self.closed and not self.active:
            return frozenset({"resolving", "resolved"})
        return None

    def rows(
        self,
        events: Events,
        now_ns: int,
        *,
        after: tuple[int, int, int] | None = None,
        newest_first: bool = False,
    ) -> Iterator[Entry]:
        """The rows that match, in catalogue order, one by one.

        Args:
            events: The markets.
            now_ns: The present instant.
            after: Go on behind this place.
            newest_first: From the last place to the first.
        """
        if self.name is not None:
            named = found_by_name(events, now_ns, self.venue, self.name, expand=self.expand)
            found: Iterator[Entry] = iter(
                [entry for entry in named if after is None or entry.place > after]
                if not newest_first
                else [entry for entry in reversed(named) if after is None or entry.place < after]
            )
        else:
            found = entries(
                events,
                now_ns,
                self.venue,
                expand=self.expand,
                after=after,
                newest_first=newest_first,
                trading=self._trading,
            )
        states = self.states
        if states is not None:
            found = (entry for entry in found if entry_status(events, entry, now_ns) in states)
        if self.name is None and self._narrows:
            related = self._related_tags(events, now_ns) if self.related else frozenset[str]()
            found = (entry for entry in found if any(self._matches(market, related) for market in entry.markets))
        return found

    @property
    def _trading(self) -> bool | None:
        """Whether only markets that trade are listed, or only those that do not; ``None`` for both."""
        return None if self.active == self.closed else self.active

    @property
    def _narrows(self) -> bool:
        rest = (self.words, self.tag, self.tag_id, self.exclude_tag_id)
        return rest != ((), None, None, None) or not self.parlays

    def _matches(self, market: EventMarket, related: frozenset[str]) -> bool:
        if not self._is_filed(market) and related.isdisjoint(market.tags):
            return False
        if self.exclude_tag_id is not None and any(tag_number(tag) == self.exclude_tag_id for tag in market.tags):
            return False
        if not self.parlays and market.slug.startswith(_PARLAYS):
            return False
        if not self.words:
            return True
        name = market.outcome_name or ""
        text = f"{market.question}\n{market.slug}\n{market.title}\n{market.event_slug}\n{name}\n{market.rules}".lower()
        return all(word in text for word in self.words)

    def _is_filed(self, market: EventMarket) -> bool:
        """Whether a market is filed under the wanted tag; where none is wanted, it is."""
        if self.tag is not None and self.tag.lower() not in _tags(market):
            return False
        return self.tag_id is None or any(tag_number(tag) == self.tag_id for tag in market.tags)

    def _related_tags(self, events: Events, now_ns: int) -> frozenset[str]:
        """The tags that share a market with the wanted one."""
        listed = events.listed(now_ns, venue=self.venue, trading=self._trading)
        return frozenset(tag for market in listed if self._is_filed(market) for tag in market.tags)


def _tags(market: EventMarket) -> tuple[str, ...]:
    return market.tags if market.series is None else (*market.tags, market.series.lower())
