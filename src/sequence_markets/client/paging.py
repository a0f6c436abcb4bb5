"""Walking pages: by offset while new rows arrive at the front, and by cursor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

from sequence_markets.errors import PaginationError
from sequence_markets.models import FillPage, MarketsPage, OrderPage, PredictionMarket

Row = TypeVar("Row")

STALLED_PAGES: Final = 3
"""Pages in a row that may bring nothing new, because as many rows arrived meanwhile, before the walk gives up."""


class Walk(Generic[Row]):
    """State of one walk. Lists are newest first, so a row that arrives shifts the others back: some come twice."""

    def __init__(self, operation: str, key: Callable[[Row], str]) -> None:
        self.offset = 0
        self.done = False
        self._operation = operation
        self._key = key
        self._seen: set[str] = set()
        self._stalled = 0

    def take(self, page: OrderPage | FillPage, rows: Sequence[Row]) -> list[Row]:
        """Return the rows of a page that have not come before, and move on."""
        if page.offset is not None and page.offset != self.offset:
            raise self._broken(f"asked for offset {self.offset} and was given {page.offset}")
        fresh = [row for row in rows if self._key(row) not in self._seen]
        self._seen.update(map(self._key, fresh))
        self.offset += len(rows)
        self.done = not self._more(page, len(rows))
        if not self.done:
            self._stalled = 0 if fresh else self._stalled + 1
            if not rows:
                raise self._broken("an empty page says that more follow")
            if self._stalled >= STALLED_PAGES:
                raise self._broken("the same rows come again and again")
        return fresh

    def _more(self, page: OrderPage | FillPage, count: int) -> bool:
        if page.has_more is not None:
            return page.has_more
        if page.total is not None:
            return self.offset < page.total
        return count > 0

    def _broken(self, what: str) -> PaginationError:
        return PaginationError(0, f"the server's pages contradict each other: {what}", operation=self._operation)


class MarketWalk:
    """State of one walk by cursor.

    A cursor that was given before would lead through the same pages for ever, and is an error. Rows that a server
    repeats, because its catalogue shifted between two pages, come once.

    Attributes:
        cursor: Where the next page begins; ``None`` for the first one.
        done: Whether the last page has come.
        pages: Pages read so far.
    """

    def __init__(self, operation: str) -> None:
        self.cursor: str | None = None
        self.done = False
        self.pages = 0
        self._operation = operation
        self._page_of: dict[str, int] = {}
        self._seen: set[tuple[object, ...]] = set()

    @property
    def rows(self) -> int:
        """Different markets so far."""
        return len(self._seen)

    def take(self, page: MarketsPage) -> list[PredictionMarket]:
        """Return the rows of a page that have not come before, and move on."""
        self.pages += 1
        following = page.next_cursor
        self.done = page.has_more is False or not following
        if following and not self.done:
            before = self._page_of.setdefault(following, self.pages)
            if before != self.pages:
                raise PaginationError(
                    0,
                    f"the server's pages go round in a circle: page {self.pages} leads where page {before} led",
                    operation=self._operation,
                )
            self.cursor = following
        fresh: list[PredictionMarket] = []
        for row in page.markets:
            key = tuple(str(row.raw.get(name)) for name in ("slug", "symbol", "yes_token_id"))
            if key not in self._seen:
                self._seen.add(key)
                fresh.append(row)
        return fresh
