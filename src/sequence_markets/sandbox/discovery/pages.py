"""One page after the other, without a row twice or left out while markets are minted and resolved."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from ..events import Events
from .cursors import BadCursorError, Cursors
from .entries import Entry
from .figures import Figures
from .ranking import Rankings
from .search import Search

__all__ = ["Page", "Pages"]


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a listing.

    Attributes:
        entries: The rows.
        next_cursor: Where the next page begins; ``None`` on the last one.
    """

    entries: list[Entry]
    next_cursor: str | None


class Pages:
    """Cuts listings into pages.

    In catalogue order and newest first, a cursor is the place of the last row, which never changes: what is minted
    meanwhile comes behind it (newest first: before the first page), and what stops matching is passed over. In any
    other order a cursor belongs to the ranking that the first page was cut from.

    Args:
        most_rows: Rows of a page at most, whatever is asked for.
    """

    def __init__(self, most_rows: int = 500) -> None:
        self.most_rows = most_rows
        self._rankings = Rankings()

    def page(
        self,
        events: Events,
        figures: Figures,
        cursors: Cursors,
        search: Search,
        *,
        now_ns: int,
        limit: int,
        offset: int = 0,
        cursor: str | None = None,
    ) -> Page:
        """Return a page.

        Args:
            events: The markets.
            figures: What they are ranked by.
            cursors: What makes and reads cursors.
            search: What is listed.
            now_ns: The present instant.
            limit: Rows at most.
            offset: Rows to skip.
            cursor: Where the page before ended.

        Raises:
            BadCursorError: It is no cursor of this search.
        """
        limit = min(limit, self.most_rows)
        place = None if cursor is None else cursors.read(cursor, search.text)
        if search.order in ("", "created"):
            after = None if place is None else _catalogue_place(place)
            rows = search.rows(events, now_ns, after=after, newest_first=search.order == "created")
            found = list(islice(rows, offset, offset + limit + 1))
            shown = found[:limit]
            more = cursors.make(search.text, shown[-1].place) if len(found) > limit else None
            return Page(shown, more)
        at_ns, first = (self._rankings.instant_ns(search.order, now_ns), 0) if place is None else _rank(place, now_ns)
        ranked = self._rankings.ranked(events, figures, search, at_ns)
        first += offset
        shown = ranked[first : first + limit]
        last = first + len(shown)
        return Page(shown, cursors.make(search.text, (at_ns, last)) if last < len(ranked) else None)


def _catalogue_place(place: tuple[int, ...]) -> tuple[int, int, int]:
    listed_ns, number, rank = place
    return listed_ns, number, rank


def _rank(place: tuple[int, ...], now_ns: int) -> tuple[int, int]:
    at_ns, first = place
    if at_ns > now_ns:
        raise BadCursorError("it was made at an instant that has not come yet")
    return at_ns, first
