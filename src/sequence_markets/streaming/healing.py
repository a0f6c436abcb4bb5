"""What fills and orders were missed while there was no connection, and how they get back into line.

A ledger knows what has been delivered. Before the first subscription it is told what exists already; after every
subscription the newest rows are read over REST, back to where the ledger knows them. What arrives on the socket
meanwhile waits, and is put in order with what was read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol, TypeAlias, cast

from sequence_markets.models import FINAL_STATUSES, Fill, FillPage, Order, OrderPage, OrderUpdate

Channel = Literal["fills", "orders"]
HEALED: Final[frozenset[str]] = frozenset({"fills", "orders"})

PAGE: Final = 100
MOST_ROWS: Final = 20_000
"""Rows read for one gap at most."""

_KNOWN: Final = 32_768
_MARGIN: Final = 50
"""Rows looked at beyond the newest known one: the order in which rows are listed is not that of their arrival."""
_BASELINE_PAGES: Final = 10

Row: TypeAlias = Any


@dataclass(slots=True)
class Found:
    """What a walk over the newest rows has found so far, newest first."""

    rows: list[Row] = field(default_factory=list[Row])
    seen: set[str] = field(default_factory=set[str])
    known_from: int | None = None

    def admits(self, row_id: str, *, known: bool, margin: int) -> bool:
        """Count a row in, once; whether it is within reach of the newest known one."""
        position = len(self.seen)
        self.seen.add(row_id)
        if known and self.known_from is None:
            self.known_from = position
        return self.known_from is None or position < self.known_from + margin

    def past(self, margin: int) -> bool:
        """Whether what follows is out of reach."""
        return self.known_from is not None and len(self.seen) >= self.known_from + margin


class Ledger(Protocol):
    """Knows what of one channel has been delivered."""

    def learn(self, rows: Iterable[Row], *, last: bool) -> bool:
        """Take note of rows that exist before anything is delivered; whether older ones are wanted."""
        ...

    def look(self, rows: Iterable[Row], found: Found, margin: int) -> bool:
        """Collect what is missing from the next rows; whether everything missing must have been seen."""
        ...

    def merged(self, found: list[Row], held: list[Row]) -> list[tuple[Row, bool]]:
        """Return what has to be delivered, in order, each with whether it was missed; from now on it is known."""
        ...

    def admit(self, row: Row) -> bool:
        """Whether something that arrived is to be delivered; from now on it is known."""
        ...


class FillLedger:
    """Fills, known by their id."""

    def __init__(self) -> None:
        self._existed: dict[str, None] = {}
        self._given: dict[str, None] = {}

    def admit(self, row: Fill) -> bool:
        # What only existed before may still arrive: it is then given, once.
        given, fill_id = self._given, row["fill_id"]
        if fill_id in given:
            return False
        given[fill_id] = None
        if len(given) > _KNOWN:
            del given[next(iter(given))]
        return True

    def learn(self, rows: Iterable[Fill], *, last: bool) -> bool:  # noqa: ARG002 - one page is enough
        self._existed = dict.fromkeys(row.fill_id for row in rows)
        return False

    def look(self, rows: Iterable[Fill], found: Found, margin: int) -> bool:
        for row in rows:
            if row.fill_id in found.seen:
                continue  # A row that arrived during the walk shifted the others.
            known = row.fill_id in self._given or row.fill_id in self._existed
            if found.admits(row.fill_id, known=known, margin=margin) and not known:
                found.rows.append(row)
        return found.past(margin)

    def merged(self, found: list[Fill], held: list[Fill]) -> list[tuple[Fill, bool]]:
        arrived = {row.fill_id for row in held}
        rows = [(row, row.fill_id not in arrived) for row in reversed(found)]
        return [each for each in (*rows, *((row, False) for row in held)) if self.admit(each[0])]


Version: TypeAlias = tuple[int, bool, int, int]
State: TypeAlias = tuple[Version, tuple[object, ...]]
"""How far an order has come, and what its row says."""


class OrderLedger:
    """Orders, known by their id and how far they have come."""

    def __init__(self) -> None:
        self._existed: dict[str, State] = {}
        self._given: dict[str, State] = {}
        self._open: dict[str, None] = {}

    def admit(self, row: Order) -> bool:
        given, order_id, state = self._given, row["node_order_id"], _state(row)
        before = given.pop(order_id, None)
        if before is not None and (state[0] < before[0] or state == before):
            given[order_id] = before
            return False
        given[order_id] = state
        self._keep_open(row)
        if len(given) > _KNOWN:
            oldest = next(iter(given))
            del given[oldest]
            self._open.pop(oldest, None)
        return True

    def learn(self, rows: Iterable[Order], *, last: bool) -> bool:
        listed = list(rows)
        for row in reversed(listed):
            self._existed[row.node_order_id] = _state(row)
            self._keep_open(row)
        return not last and any(row.status not in FINAL_STATUSES for row in listed)

    def _keep_open(self, row: Order) -> None:
        if row["status"] in FINAL_STATUSES:
            self._open.pop(row["node_order_id"], None)
        else:
            self._open[row["node_order_id"]] = None

    def look(self, rows: Iterable[Order], found: Found, margin: int) -> bool:
        for row in rows:
            order_id = row.node_order_id
            if order_id in found.seen:
                continue
            before = self._given.get(order_id, self._existed.get(order_id))
            near = found.admits(order_id, known=before is not None, margin=margin)
            if near if before is None else before != _state(row):
                found.rows.append(OrderUpdate.unvalidated(row.raw))
        return found.past(margin) and found.seen.issuperset(self._open)

    def merged(self, found: list[Order], held: list[Order]) -> list[tuple[Order, bool]]:
        # An order's states in the order it went through them; a state that also arrived was not missed.
        rows = [(row, False) for row in held] + [(row, True) for row in reversed(found)]
        rows.sort(key=lambda each: _version(each[0]))
        return [each for each in rows if self.admit(each[0])]


def _version(row: Order) -> Version:
    raw = row.raw
    status = raw["status"]
    # Several states may fall on one instant; one that is newer than this SDK may stand anywhere in between.
    rank = _RANKS.get(status, _LAST_RANK)
    return raw.get("updated_unix_ns") or 0, status in FINAL_STATUSES, raw.get("filled_qty_1e8") or 0, rank


def _state(row: Order) -> State:
    return _version(row), tuple(map(row.raw.get, _STATE_FIELDS))


_RANKS: Final = {"NEW": 0, "PENDING": 1, "ACCEPTED": 2}
_LAST_RANK: Final = 3

_STATE_FIELDS: Final = (
    "status",
    "qty_1e8",
    "filled_qty_1e8",
    "avg_fill_price_1e9",
    "limit_price_1e9",
    "failure_reason",
)


Phase = Literal["blank", "learning", "whole", "behind", "walking", "blind", "off"]


class Healer:
    """Decides what to read for one channel, and when.

    ``blank`` nothing is known; ``learning`` what exists is being read; ``whole`` everything is delivered as it comes;
    ``behind`` something may be missing; ``walking`` it is being read; ``blind`` what existed could not be read, so that
    nothing can be told missing; ``off`` nothing is read, and only what comes twice is left out.

    Args:
        channel: The channel.
        off: Read nothing.
    """

    def __init__(self, channel: Channel, *, off: bool = False) -> None:
        self.channel: Channel = channel
        self.state: Phase = "off" if off else "blank"
        self.held: list[Row] = []
        self.held_bytes = 0
        self._ledger: Ledger = cast("Ledger", FillLedger() if channel == "fills" else OrderLedger())
        self._found = Found()
        self._pages = 0
        self._margin = _MARGIN
        self.offset = 0
        """Rows to skip in the next request."""

    def learn(self) -> None:
        """Begin to read what exists."""
        self.state = "learning"
        self._begin()

    def walk(self) -> None:
        """Begin to read what may be missing."""
        self.state = "walking"
        self._begin()

    def _begin(self) -> None:
        self._found = Found()
        self._pages = self.offset = 0

    def behind(self) -> None:
        """Hold back what arrives until what may be missing has been read."""
        if self.state in ("whole", "walking"):
            self.state = "behind"

    def give_up(self) -> list[Row]:
        """Stop reading; returns what had to wait for it, and is new."""
        self.state = "blind" if self.state in ("blank", "learning", "blind") else "whole"
        return [row for row in self._release() if self._ledger.admit(row)]

    def arrived(self, row: Row, size: int) -> bool:
        """Whether something that arrived is to be delivered now; else it waits, or is known."""
        if self.state in ("behind", "walking"):
            self.held.append(row)
            self.held_bytes += size
            return False
        return self._ledger.admit(row)

    def page(self, page: FillPage | OrderPage) -> list[tuple[Row, bool]] | None:
        """Take a page; returns what has to be delivered once everything is read, and ``None`` while more is wanted."""
        rows: tuple[Row, ...] = page.fills if isinstance(page, FillPage) else page.orders
        self._pages += 1
        self.offset += len(rows)
        more = _more(page, len(rows), self.offset)
        if self.state == "learning":
            if more:
                self._margin = min(_MARGIN, len(rows) // 2)
            if self._ledger.learn(rows, last=not more or self._pages >= _BASELINE_PAGES):
                return None
            self.state = "whole"
            return []
        if not self._ledger.look(rows, self._found, self._margin) and more:
            if self.offset >= MOST_ROWS:
                raise TooMuchMissedError
            return None
        found, self._found = self._found, Found()
        self.state = "whole"
        return self._ledger.merged(found.rows, self._release())

    def _release(self) -> list[Row]:
        held, self.held, self.held_bytes = self.held, [], 0
        return held


class TooMuchMissedError(Exception):
    """More rows would have to be read than is reasonable."""

    def __init__(self) -> None:
        super().__init__(f"more than {MOST_ROWS} rows would have to be read")


def _more(page: FillPage | OrderPage, count: int, read: int) -> bool:
    if page.has_more is not None:
        return page.has_more and count > 0
    if page.total is not None:
        return read < page.total and count > 0
    return count > 0
