"""Sorted listings: every matching row, ranked as of one instant."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Final

from ..events import Events
from .entries import Entry
from .figures import Figures, resting_1e17
from .search import Search

__all__ = ["Rankings"]

_MINUTE_NS: Final = 60 * 10**9
_KEPT: Final = 8

_Key = Callable[[Events, Figures, Entry, int], int]


def _traded(index: int) -> _Key:
    def key(events: Events, figures: Figures, entry: Entry, at_ns: int) -> int:
        del events
        return -sum(figures.traded(market, at_ns)[index] for market in entry.markets)

    return key


def _liquidity(events: Events, figures: Figures, entry: Entry, at_ns: int) -> int:
    del events
    return -sum(resting_1e17(figures.touch(market, at_ns)) for market in entry.markets)


def _competitive(events: Events, figures: Figures, entry: Entry, at_ns: int) -> int:
    del events
    return min(abs(2 * figures.price_1e9(market, at_ns) - 10**9) for market in entry.markets)


def _end(events: Events, figures: Figures, entry: Entry, at_ns: int) -> int:
    del events, figures, at_ns
    return min(market.close_ns for market in entry.markets)


def _start(events: Events, figures: Figures, entry: Entry, at_ns: int) -> int:
    del events, figures, at_ns
    return -max(market.start_ns for market in entry.markets)


def _closed(events: Events, figures: Figures, entry: Entry, at_ns: int) -> int:
    """Closed last, first; what still trades comes behind all of those."""
    del figures
    closes_ns = max(events.closes_ns(market) for market in entry.markets)
    return -closes_ns if closes_ns <= at_ns else closes_ns


_FIGURES: Final[Mapping[str, _Key]] = {
    "volume": _traded(0),
    "volume_week": _traded(1),
    "volume_total": _traded(2),
    "liquidity": _liquidity,
    "competitive": _competitive,
}
_DATES: Final[Mapping[str, _Key]] = {"end_date": _end, "start_date": _start, "closed_time": _closed}


class Rankings:
    """Makes sorted listings, and keeps the last few so that walking one does not sort it again for every page."""

    def __init__(self) -> None:
        self._events: Events | None = None
        self._kept: OrderedDict[tuple[str, int], list[Entry]] = OrderedDict()

    @staticmethod
    def instant_ns(order: str, now_ns: int) -> int:
        """The instant as of which a listing that is begun now is ranked.

        Figures are gathered once a minute: they move all the time, and gathering them takes a look at every market.
        """
        return now_ns - now_ns % _MINUTE_NS if order in _FIGURES else now_ns

    def ranked(self, events: Events, figures: Figures, search: Search, at_ns: int) -> list[Entry]:
        """Every row that matches as of an instant, ranked as of that instant.

        It depends on nothing that happens later, so that all pages of a walk cut the same list.
        """
        if self._events is not events:
            self._events = events
            self._kept.clear()
        name = (search.text, at_ns)
        known = self._kept.get(name)
        if known is None:
            key = _FIGURES.get(search.order) or _DATES[search.order]
            # A sort keeps the catalogue's order among equals.
            known = sorted(search.rows(events, at_ns), key=lambda entry: key(events, figures, entry, at_ns))
            self._kept[name] = known
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(name)
        return known
