"""Strict reading of query parameters: a value that is not what it should be is a 400 that names the parameter."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import parse_qsl

from sequence_markets.sandbox.server.errors import bad_request, invalid_params

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}")


class Query:
    """The query parameters of one request. Parameters nobody asks for are ignored.

    Args:
        raw: The query string as it came, percent-encoded.
    """

    def __init__(self, raw: bytes) -> None:
        self._values: dict[str, str] = {}
        if not raw:
            return
        try:
            pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict")
        except ValueError:
            raise bad_request("the query string is not percent-encoded UTF-8") from None
        for name, value in pairs:
            if name in self._values:
                raise invalid_params(name, "given twice")
            self._values[name] = value

    def text(self, name: str) -> str | None:
        """Return a parameter, or ``None`` when it is absent or empty."""
        return self._values.get(name) or None

    def identifier(self, name: str) -> str | None:
        """Return a parameter that picks one thing, or ``None`` when it is absent; an empty one picks nothing."""
        text = self._values.get(name)
        if text is not None and not text.strip():
            raise invalid_params(name, "must not be empty")
        return text

    def integer(self, name: str, default: int, *, least: int, most: int | None = None, clamp: bool = False) -> int:
        """Return a whole number.

        Args:
            name: The parameter.
            default: Its value when absent.
            least: Smallest value.
            most: Largest value; a larger one is cut to it.
            clamp: Lift a value below ``least`` to it instead of refusing it.
        """
        text = self._values.get(name)
        if text is None:
            return default
        if not _INTEGER.fullmatch(text):
            raise invalid_params(name, f"must be a whole number, got {text[:40]!r}")
        value = int(text)
        if value < least:
            if clamp:
                return least
            raise invalid_params(name, f"must be at least {least}, got {value}")
        return value if most is None else min(value, most)

    def flag(self, name: str, default: bool = False) -> bool:
        """Return a boolean parameter, the default when absent; only ``true`` and ``false`` are words for it."""
        text = self._values.get(name, "true" if default else "false")
        if text not in ("true", "false"):
            raise invalid_params(name, f"must be true or false, got {text[:40]!r}")
        return text == "true"

    def words(self, name: str, known: Iterable[str] | None = None) -> list[str] | None:
        """Return a comma list without its empty items, or ``None`` when it is absent or empty.

        Args:
            name: The parameter.
            known: The words that may stand in the list; any when ``None``.
        """
        text = self._values.get(name, "")
        found = [word for item in text.split(",") if (word := item.strip())]
        if known is not None:
            allowed = tuple(known)
            for word in found:
                if word not in allowed:
                    raise invalid_params(name, f"unknown {word[:60]!r}; one of {', '.join(allowed)}")
        return found or None
