"""What one row of a listing shows: a market, or a whole event of several outcomes; and the rows in catalogue order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..events import EventMarket, Events, MarketStatus
from ..events.family import MOST_OUTCOMES

__all__ = ["Entry", "Place", "entries", "entry_status", "found_by_name", "has_siblings"]

Place = tuple[int, int, int]
"""Where a row stands in the catalogue: the serial of its market, or of its event's first one, and the place among the
outcomes of the event. It never changes, whatever is minted or resolved."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row.

    Attributes:
        markets: The market; or all markets of an event that is one row, named outcomes before placeholders.
        place: Where it stands.
    """

    markets: tuple[EventMarket, ...]
    place: Place

    @property
    def is_event(self) -> bool:
        """Whether the row stands for an event of several outcomes."""
        return len(self.markets) > 1


def has_siblings(market: EventMarket) -> bool:
    """Whether a market is one of several outcomes of an event that Polymarket lists as one.

    Kalshi lists every market by its own ticker.
    """
    return market.venue == "polymarket" and market.outcome_name is not None


def entry_status(events: Events, entry: Entry, now_ns: int) -> MarketStatus:
    """Where a row stands: an event trades as long as one of its outcomes does."""
    if len(entry.markets) == 1:
        return events.status(entry.markets[0], now_ns)
    found = {events.status(market, now_ns) for market in entry.markets}
    return "open" if "open" in found else "resolving" if "resolving" in found else "resolved"


def entries(
    events: Events,
    now_ns: int,
    venue: str,
    *,
    expand: bool,
    after: Place | None = None,
    newest_first: bool = False,
    trading: bool | None = None,
) -> Iterator[Entry]:
    """Every row of a venue's catalogue, made one by one.

    Args:
        events: The markets.
        now_ns: The present instant; what is listed later does not exist.
        venue: The venue.
        expand: Make each outcome of an event a row of its own.
        after: Go on behind this place.
        newest_first: From the last place to the first.
        trading: Only rows of which a market is traded now, or is not any more; ``None`` for both.
    """
    # The event at that place may have rows left. Its markets stand side by side, so they are read once more.
    serial = None if after is None else (after[0], after[1] + (MOST_OUTCOMES if newest_first else -1))
    seen: set[str] = set()

    def is_next(entry: Entry) -> bool:
        return after is None or (entry.place < after if newest_first else entry.place > after)

    for market in events.listed(now_ns, venue=venue, after=serial, newest_first=newest_first, trading=trading):
        if not has_siblings(market):
            found = [Entry((market,), (*market.serial, 0))]
        elif market.event_slug in seen:
            continue
        else:
            seen.add(market.event_slug)
            found = _of_event((each for each in events.siblings(market) if each.listed_ns <= now_ns), expand=expand)
        yield from filter(is_next, reversed(found) if newest_first else found)


def found_by_name(events: Events, now_ns: int, venue: str, name: str, *, expand: bool) -> list[Entry]:
    """The rows meant by a slug, ticker, token id or address: one market, or the event of several outcomes."""
    market = events.find(name, now_ns, venue)
    if market is not None and (not has_siblings(market) or market.event_slug.lower() != name.strip().lower()):
        return [Entry((market,), (*market.serial, 0))]
    for slug in _event_names(name.strip()):
        listed = [each for each in events.event(slug, now_ns) if each.venue == venue and has_siblings(each)]
        if listed:
            return _of_event(listed, expand=expand)
    return []


def _event_names(name: str) -> list[str]:
    """The event slugs that a name may be: itself, or the parts of an address behind ``/event/``."""
    return [part for part in name.partition("/event/")[2].partition("?")[0].split("/") if part] or [name]


def _of_event(markets: Iterable[EventMarket], *, expand: bool) -> list[Entry]:
    ordered = sorted(markets, key=_named_first)
    first = min(market.serial for market in ordered)
    if not expand:
        return [Entry(tuple(ordered), (*first, 0))]
    return [Entry((market,), (*first, rank)) for rank, market in enumerate(ordered)]


def _named_first(market: EventMarket) -> tuple[bool, int]:
    return market.placeholder, market.outcome_index
