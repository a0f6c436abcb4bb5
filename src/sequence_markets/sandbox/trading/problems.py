"""Collecting what is wrong with a submission, field by field, and the small readers that everything is read with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, cast

from sequence_markets.sandbox.trading.errors import Refusal

__all__ = ["ID_RULE", "Problems", "as_integer", "as_mapping", "is_id", "join"]

_LONGEST_ID: Final = 128
_ID_CHARACTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")
ID_RULE: Final = "must be 1 to 128 letters, digits, '_', '-' or '.'"


class Problems:
    """What is wrong, one entry per fault."""

    def __init__(self) -> None:
        self.found: list[dict[str, str]] = []

    def add(self, field: str, message: str) -> None:
        """Note that a field is wrong."""
        self.found.append({"field": field, "message": message})

    def keys(self, field: str, value: Mapping[str, object], known: frozenset[str]) -> None:
        """Note every key that nobody knows."""
        for key in value:
            if key not in known:
                self.add(join(field, key), "unknown field")

    def bounded(self, field: str, value: object, low: int, high: int) -> int | None:
        """An integer within its bounds; None when it is none, which is noted."""
        number = as_integer(value)
        if number is None or not low <= number <= high:
            self.add(field, f"must be an integer between {low} and {high}")
            return None
        return number

    def human(self, field: str, value: object, convert: Callable[[int | float, str], int]) -> int:
        """A number in human units, converted; 0 when it does not fit, which is noted."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.add(field, "must be a number")
            return 0
        try:
            return convert(value, field)
        except ValueError as error:
            self.add(field, str(error))
            return 0

    def refuse(self) -> None:
        """Raise the 422 when anything was wrong.

        Raises:
            Refusal: 422 with one detail per fault.
        """
        if self.found:
            first = self.found[0]
            more = len(self.found) - 1
            message = f"{first['field']}: {first['message']}" + (f" (and {more} more)" if more else "")
            raise Refusal(422, "VALIDATION_ERROR", message, self.found)


def join(field: str, key: str) -> str:
    """The name of a field within another."""
    return f"{field}.{key}" if field else key


def as_mapping(value: object) -> Mapping[str, object] | None:
    """The value as an object, or None."""
    # Decoded JSON is a dict; asking for that first spares the slow look at the abstract class.
    if isinstance(value, dict) or isinstance(value, Mapping):  # noqa: SIM101
        return cast("Mapping[str, object]", value)
    return None


def as_integer(value: object) -> int | None:
    """The value as an integer, or None; true and false are none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def is_id(value: object) -> bool:
    """Whether a value can be an id."""
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_ID and _ID_CHARACTERS.issuperset(value)
