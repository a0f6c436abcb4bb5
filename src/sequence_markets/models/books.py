"""The book as the stream sends it, at a pace at which only what is read should be built.

A frame of a hundred levels a side comes many times a second and little of it is looked at. So a frame in the usual
layout is checked as text, in one pass, and its numbers are made when somebody reads them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast, overload

from pydantic_core import from_json

from ._json import is_array, is_sequence
from ._shape import LEVELS_SCHEMA, Shape
from .base import SequenceModel, _new, _set_dict, _set_raw
from .venues import VenueId
from .views import Instant


class PriceLevel(NamedTuple):
    """One price level of a book."""

    price: float
    """Price of the level."""
    size: float
    """Quantity displayed at it, in units of the base asset."""


class Levels(Sequence[PriceLevel]):
    """One side of a book, best level first. It reads as a tuple of price levels, and equals one of pairs.

    Args:
        received: The side as it was received: rows of price and size, or the JSON text of them.

    Example:
        >>> from sequence_markets.models import Levels
        >>> bids = Levels([[141.2, 310.5], [141.19, 55.0]])
        >>> bids[0].price, bids[-1].size, len(bids)
        (141.2, 55.0, 2)
        >>> bids == ((141.2, 310.5), (141.19, 55.0))
        True
    """

    __slots__ = ("_received", "_rows")

    def __init__(self, received: list[Any] | bytes) -> None:
        self._received = received
        self._rows: tuple[PriceLevel, ...] | None = None

    @classmethod
    def __sequence_shape__(cls) -> Shape:
        return Shape(LEVELS_SCHEMA, lambda raw: cls(raw) if is_array(raw) else raw)

    def _built(self) -> tuple[PriceLevel, ...]:
        rows = self._rows
        if rows is None:
            received = self._received
            rows = _made(from_json(received)) if isinstance(received, bytes) else _made_of_pairs(received)
            self._rows = rows
        return rows

    @overload
    def __getitem__(self, index: int) -> PriceLevel: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[PriceLevel, ...]: ...
    def __getitem__(self, index: int | slice) -> PriceLevel | tuple[PriceLevel, ...]:
        received = self._received
        if index == 0 and self._rows is None and isinstance(received, bytes):
            end = received.find(b"]") + 1
            if end < len(received):  # the best level, which is most of what is read
                return _level(from_json(received[1:end]))
        return self._built()[index]

    def __len__(self) -> int:
        received = self._received
        if self._rows is None:
            return received.count(b"[") - 1 if isinstance(received, bytes) else len(received)
        return len(self._rows)

    def __iter__(self) -> Iterator[PriceLevel]:
        return iter(self._built())

    def __reversed__(self) -> Iterator[PriceLevel]:
        return reversed(self._built())

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Levels):
            return self._built() == other._built()
        if is_sequence(other):
            return self._built() == tuple([tuple(each) if is_array(each) else each for each in other])
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self._built())

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._received,)

    def __repr__(self) -> str:
        rows = self._built()
        shown = [repr(tuple(row) if is_sequence(row) else row) for row in rows[:_SHOWN]]
        more = [f"… {len(rows) - _SHOWN} more"] if len(rows) > _SHOWN else []
        return f"[{', '.join([*shown, *more])}]"


class BookUpdate(SequenceModel, frozen=True):
    """The whole book of a symbol over all venues, as ``book:{symbol}`` sends it: up to 100 levels a side.

    Example:
        >>> from sequence_markets.models import BookUpdate
        >>> book = BookUpdate.model_validate({"bids": [[141.2, 310.5]], "asks": [[141.23, 92.0]], "ts_ns": 1})
        >>> book.bids[0].price, book["asks"][0][1]
        (141.2, 92.0)
    """

    __slots__ = ("__sequence_text__",)

    bids: Levels
    """Bids, highest first."""
    asks: Levels
    """Asks, lowest first."""
    ts_ns: int
    """When the book stood so, nanoseconds since the epoch."""
    venue: VenueId | None = None
    """The venue, where the book is that of a single one."""

    ts = Instant()
    """`ts_ns` as an aware ``datetime``."""

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name == "__sequence_raw__":
                # Made from a frame's text, and now read as the dict it stands for.
                raw = from_json(self.__sequence_text__[0], cache_strings="keys")
                _set_raw(self, raw)
                return raw
            if name in _FIELDS and _has_text(self):
                bids, asks, ts_ns = self.__sequence_text__.groups()
                values = {"bids": Levels(bids), "asks": Levels(asks), "ts_ns": int(ts_ns), "venue": None}
                _set_dict(self, values)
                return values[name]
            return SequenceModel.__getattr__(self, name)


def read_book(text: bytes, start: int, end: int) -> BookUpdate | None:
    """Return the book that stands in a part of a text, where it is in the usual layout, and ``None`` where it is not.

    What is in that layout is JSON and satisfies the model: whole or decimal numbers without sign and exponent, of a
    length that every float can take. Anything else, right or wrong, is for the validator.
    """
    found = _USUAL.fullmatch(text, start, end) or _COMPACT.fullmatch(text, start, end)
    found = found or _SPACED.fullmatch(text, start, end)
    if found is None:
        return None
    book = _new(BookUpdate)
    _set_text(book, found)
    return book


def _has_text(book: BookUpdate) -> bool:
    try:
        _get_text(book)
    except AttributeError:
        return False
    return True


# Not the class itself, whose constructor is written in Python: a book has hundreds of levels.
_level = cast("Callable[[list[float]], PriceLevel]", partial(getattr(tuple, "__new__"), PriceLevel))  # noqa: B009


def _made(rows: list[Any]) -> tuple[PriceLevel, ...]:
    return tuple(map(_level, rows))


def _made_of_pairs(rows: list[Any]) -> tuple[Any, ...]:
    if all(is_array(row) and len(row) == 2 for row in rows):
        return _made(rows)
    # Only an unvalidated model holds anything but pairs, and then what was received is handed back.
    return tuple([_level(row) if is_array(row) and len(row) == 2 else row for row in rows])


def _layout(fraction: bytes, space: bytes) -> re.Pattern[bytes]:
    number = rb"(?!0[0-9])[0-9]{1,20}+" + fraction
    pair = rb"\[" + number + rb"," + space + number + rb"\]"
    side = rb"(\[(?:" + pair + rb"(?:," + space + pair + rb")*+|)\])"
    field = rb":" + space
    return re.compile(
        rb'\{"bids"' + field + side + rb"," + space + rb'"asks"' + field + side
        + rb"," + space + rb'"ts_ns"' + field + rb"((?!0[0-9])[0-9]{1,19}+)\}"
    )  # fmt: skip


_SHOWN = 3
_FIELDS: Final = frozenset({"bids", "asks", "ts_ns", "venue"})
_USUAL: Final = _layout(rb"\.[0-9]{1,30}+", b"")
"""As most servers write floats. Telling them apart from whole numbers would take as long as reading them."""
_COMPACT: Final = _layout(rb"(?:\.[0-9]{1,30}+|)", b"")
_SPACED: Final = _layout(rb"(?:\.[0-9]{1,30}+|)", rb" ?+")
_get_text = BookUpdate.__dict__["__sequence_text__"].__get__
_set_text = BookUpdate.__dict__["__sequence_text__"].__set__
