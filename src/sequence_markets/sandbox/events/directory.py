"""Every prediction market there ever was or will be, found by name and listed in order, without an index that grows."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from itertools import chain
from typing import Final, Literal

from ..recent import Recent
from .family import FIRST_SERIAL, MOST_OUTCOMES, Family, Place, place_of_token
from .generated import GeneratedFamily, parse_generated
from .rules import Rule
from .schedule import LAST_NS, RETAINED_NS
from .tokens import TOKEN_DIGITS
from .types import EventMarket, Serial
from .updown import parse_up_down

__all__ = ["Directory", "Phase"]

Phase = Literal["any", "open", "closed"]
"""Which markets a listing shows: all of them, the traded ones, or those that are not traded any more."""

_CACHED: Final = 4096
_TOKEN: Final = re.compile(r"[0-9]{30,}")


class Directory:
    """The markets by name, and in catalogue order.

    Some are written by hand and held here; all others belong to a family and are made when they are asked for.

    Args:
        fixed: Markets written by hand.
        families: The families of recurring and generated markets.

    Example:
        >>> from sequence_markets.sandbox.events.updown import UP_DOWN
        >>> directory = Directory(families=UP_DOWN)
        >>> directory.by_name("BTC-UpDown-5m-1776537600").close_ns
        1776537900000000000
    """

    def __init__(self, fixed: Iterable[EventMarket] = (), families: Sequence[Family] = ()) -> None:
        self.families = tuple(families)
        self._by_number = {family.number: family for family in families}
        self._made: Recent[Place, EventMarket] = Recent(_CACHED)
        self._places: Recent[str, Place] = Recent(_CACHED)
        self._fixed: list[EventMarket] = []
        self._by_symbol: dict[str, EventMarket] = {}
        self._by_name: dict[str, EventMarket] = {}
        self._by_event: dict[str, list[EventMarket]] = {}
        for market in fixed:
            self.add(market)

    @property
    def standing(self) -> int:
        """How many markets are open at any instant, recurring contracts aside."""
        made = (family for family in self.families if isinstance(family, GeneratedFamily))
        return len(self._fixed) + sum(family.standing for family in made)

    def copy(self) -> Directory:
        """A directory of its own with the same markets."""
        copy = Directory(self._fixed, self.families)
        # What was made of a place is the same for both.
        copy._made, copy._places = self._made, self._places
        return copy

    def add(self, market: EventMarket) -> None:
        """List one more market by hand."""
        insort(self._fixed, market, key=_serial)
        self._by_symbol[market.yes] = self._by_symbol[market.no] = market
        self._by_name[market.slug.lower()] = market
        self._by_event.setdefault(market.event_slug.lower(), []).append(market)

    # By name.

    def by_symbol(self, symbol: str) -> EventMarket | None:
        """The market one of whose outcomes has this canonical symbol."""
        fixed = self._by_symbol.get(symbol)
        if fixed is not None:
            return fixed
        place = self.place(symbol)
        return None if place is None else self._at(place)

    def place(self, symbol: str) -> Place | None:
        """Where the recurring or generated market of an outcome stands; ``None`` for every other symbol."""
        known = self._places.get(symbol)
        if known is None:
            place = self._place(symbol)
            known = None if place is None else self._places.put(symbol, place)
        return known

    def _place(self, symbol: str) -> Place | None:
        if _TOKEN.fullmatch(symbol):
            place = self._place_of_token(symbol) if len(symbol) == TOKEN_DIGITS else None
        else:
            ticker = symbol.removesuffix(":NO")
            place = self._find(ticker.lower())
        if place is None:
            return None
        market = self._at(place)
        return place if symbol in (market.yes, market.no) else None

    def by_token(self, digits: str) -> EventMarket | None:
        """The market with a token id, which may be cut short after 30 digits; ``None`` when it is not one."""
        fixed = self._by_symbol.get(digits)
        if fixed is not None:
            return fixed
        place = self._place_of_token(digits)
        return None if place is None else self._at(place)

    def _place_of_token(self, digits: str) -> Place | None:
        found = place_of_token(digits)
        return found[0] if found is not None and self._exists(found[0]) else None

    def by_name(self, name: str) -> EventMarket | None:
        """The market with this slug or ticker, in any case."""
        name = name.lower()
        fixed = self._by_name.get(name)
        if fixed is not None:
            return fixed
        place = self._find(name)
        return None if place is None else self._at(place)

    def event(self, event_slug: str) -> tuple[EventMarket, ...]:
        """The markets of an event, in the order of its outcomes; empty when there is no such event."""
        name = event_slug.lower()
        fixed = self._by_event.get(name)
        if fixed is not None:
            return tuple(fixed)
        place = parse_up_down(name) or parse_generated(name)
        if place is None or not self._exists((*place[:2], 0)):
            return ()
        first = self._at((*place[:2], 0))
        if first.event_slug.lower() != name:
            return ()
        return tuple(self._at((*place[:2], outcome)) for outcome in range(self._by_number[place[0]].size))

    def _find(self, name: str) -> Place | None:
        """The place of the market with a slug or ticker in lower case."""
        place = parse_up_down(name)
        if place is None:
            parsed = parse_generated(name)
            if parsed is None:
                return None
            family, number, market = parsed
            if market == 0:
                return self._by_suffix(name, family, number)
            place = (family, number, market - 1)
        return place if self._exists(place) and self._at(place).slug.lower() == name else None

    def _by_suffix(self, name: str, family: int, number: int) -> Place | None:
        """The outcome of an event whose name says the event in its code and the outcome behind it."""
        if not self._exists((family, number, 0)):
            return None
        places = ((family, number, outcome) for outcome in range(self._by_number[family].size))
        return next((place for place in places if self._at(place).slug.lower() == name), None)

    def _exists(self, place: Place) -> bool:
        family = self._by_number.get(place[0])
        return family is not None and place[2] < family.size and family.schedule.close_ns(place[1]) < LAST_NS

    def _at(self, place: Place) -> EventMarket:
        known = self._made.get(place)
        if known is None:
            known = self._made.put(place, self._by_number[place[0]].market(*place[1:]))
        return known

    def rule(self, market: EventMarket) -> Rule | None:
        """What decides a recurring or generated market; ``None`` for those written by hand."""
        place = None if market.yes in self._by_symbol else self._place_of(market)
        return None if place is None else self._by_number[place[0]].rule(*place[1:])

    def siblings(self, market: EventMarket) -> tuple[EventMarket, ...]:
        """All markets of the event a market belongs to, in the order of its outcomes, itself among them."""
        place = None if market.yes in self._by_symbol else self._place_of(market)
        if place is None:
            return tuple(self._by_event.get(market.event_slug.lower(), ())) or (market,)
        family, number, _ = place
        return tuple(self._at((family, number, outcome)) for outcome in range(self._by_number[family].size))

    def _place_of(self, market: EventMarket) -> Place | None:
        """The place of a recurring or generated market, worked out from its serial."""
        listed_ns, number = market.serial
        family = self._by_number.get((number - FIRST_SERIAL) // MOST_OUTCOMES)
        if family is None:
            return None
        schedule = family.schedule
        event = (listed_ns - schedule.first_ns) // schedule.spacing_ns
        return family.number, event, (number - FIRST_SERIAL) % MOST_OUTCOMES

    # In order.

    def listed(
        self,
        now_ns: int,
        *,
        venue: str | None = None,
        after: Serial | None = None,
        newest_first: bool = False,
        phase: Phase = "any",
    ) -> Iterator[EventMarket]:
        """The markets listed by `now_ns` in catalogue order, without those resolved long ago.

        Args:
            now_ns: The present instant.
            venue: Only markets of this venue.
            after: Go on behind this place.
            newest_first: In the opposite order.
            phase: Only those that are traded, or that are not any more, by their own close.
        """
        streams = [self._listed_by_hand(now_ns, venue, after, newest_first, phase)]
        streams += [
            self._of_family(family, now_ns, after, newest_first, phase)
            for family in self.families
            if venue is None or family.venue == venue
        ]
        return merge(*streams, key=_serial, reverse=newest_first)

    def _listed_by_hand(
        self, now_ns: int, venue: str | None, after: Serial | None, newest_first: bool, phase: Phase
    ) -> Iterator[EventMarket]:
        first, last = 0, bisect_right(self._fixed, now_ns, key=_listed_ns)
        if after is not None and newest_first:
            last = min(last, bisect_left(self._fixed, after, key=_serial))
        elif after is not None:
            first = bisect_right(self._fixed, after, key=_serial)
        for index in reversed(range(first, last)) if newest_first else range(first, last):
            market = self._fixed[index]
            if venue is not None and market.venue != venue:
                continue
            is_open = now_ns < market.close_ns
            if now_ns < market.resolve_ns + RETAINED_NS and phase in ("any", "open" if is_open else "closed"):
                yield market

    def _of_family(
        self, family: Family, now_ns: int, after: Serial | None, newest_first: bool, phase: Phase
    ) -> Iterator[EventMarket]:
        schedule = family.schedule
        opened, closed = schedule.open(now_ns), schedule.closed(now_ns)
        first, last = (
            closed.start if phase != "open" else opened.start,
            opened.stop if phase != "closed" else closed.stop,
        )
        if after is not None:
            # Whoever shares the instant of `after` is looked at again, one by one.
            level = schedule.listed(after[0] - 1, after[0]).start
            if newest_first:
                last = min(last, schedule.listed(after[0] - 1, after[0]).stop)
            else:
                first = max(first, level)
        outcomes = range(family.size)
        for number in range(last - 1, first - 1, -1) if newest_first else range(first, last):
            for outcome in reversed(outcomes) if newest_first else outcomes:
                market = self._at((family.number, number, outcome))
                if after is None or (market.serial < after if newest_first else market.serial > after):
                    yield market

    def minted_between(self, start_ns: int, end_ns: int) -> list[EventMarket]:
        """The markets listed after `start_ns` and up to `end_ns`, in catalogue order."""
        fixed = (market for market in self._fixed if start_ns < market.listed_ns <= end_ns)
        made = (self._all_of(family, family.schedule.listed(start_ns, end_ns)) for family in self.families)
        return sorted(chain(fixed, *made), key=_serial)

    def resolved_between(self, start_ns: int, end_ns: int) -> list[EventMarket]:
        """The markets whose outcome is known after `start_ns` and up to `end_ns`, by instant, in catalogue order."""
        fixed = (market for market in self._fixed if start_ns < market.resolve_ns <= end_ns)
        made = (self._all_of(family, family.schedule.resolved(start_ns, end_ns)) for family in self.families)
        return sorted(chain(fixed, *made), key=_resolution)

    def _all_of(self, family: Family, numbers: range) -> Iterator[EventMarket]:
        for number in numbers:
            for outcome in range(family.size):
                yield self._at((family.number, number, outcome))


def _serial(market: EventMarket) -> Serial:
    return market.serial


def _listed_ns(market: EventMarket) -> int:
    return market.listed_ns


def _resolution(market: EventMarket) -> tuple[int, Serial]:
    return market.resolve_ns, market.serial
