"""Strict reading of a JSON object body: every problem is collected, and all are reported in one 422."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from sequence_markets.sandbox.server.errors import bad_request, validation_error

_WORDS: dict[type, str] = {
    str: "a string",
    bool: "true or false",
    int: "a whole number",
    list: "a list",
    dict: "an object",
}


class Body:
    """The fields of one request body.

    Args:
        value: The decoded JSON; anything but an object is a 400.
        known: The fields that may be there; ``None`` for any.
    """

    def __init__(self, value: object, known: Iterable[str] | None = None) -> None:
        if not isinstance(value, dict):
            raise bad_request("the body must be a JSON object")
        self.fields = cast("dict[str, object]", value)
        self._problems: list[tuple[str, str]] = []
        if known is not None:
            allowed = tuple(known)
            for name in self.fields:
                if name not in allowed:
                    self.problem(name[:60], f"unknown field; the fields are {', '.join(allowed)}")

    def problem(self, field: str, message: str) -> None:
        """Note that a field is wrong."""
        self._problems.append((field, message))

    def check(self) -> None:
        """Raise the 422 when any field was wrong."""
        if self._problems:
            raise validation_error(*self._problems)

    def has(self, name: str) -> bool:
        """Return whether a field is there and not null."""
        return self.fields.get(name) is not None

    def text(self, name: str, *, required: bool = True) -> str:
        """Return a string field, ``""`` when it is absent."""
        value = self._get(name, str, required)
        return value if isinstance(value, str) else ""

    def integer(self, name: str, default: int) -> int:
        """Return a whole-number field."""
        value = self._get(name, int, False)
        return value if isinstance(value, int) else default

    def flag(self, name: str, default: bool) -> bool:
        """Return a boolean field."""
        value = self._get(name, bool, False)
        return value if isinstance(value, bool) else default

    def items(self, name: str, *, required: bool = True) -> list[object]:
        """Return a list field, empty when it is absent."""
        value = self._get(name, list, required)
        return cast("list[object]", value) if isinstance(value, list) else []

    def texts(self, name: str, *, required: bool = True) -> list[str]:
        """Return a list of strings, empty when it is absent."""
        found: list[str] = []
        for index, item in enumerate(self.items(name, required=required)):
            if isinstance(item, str):
                found.append(item)
            else:
                self.problem(f"{name}[{index}]", "must be a string")
        return found

    def _get(self, name: str, kind: type, required: bool) -> object:
        value = self.fields.get(name)
        if value is None:
            if required:
                self.problem(name, "is required")
            return None
        # bool is an int to Python, but not to JSON.
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.problem(name, f"must be {_WORDS[kind]}")
            return None
        return value
