"""Texts of the other side, made fit to be shown."""

from __future__ import annotations

from typing import Final

_LONGEST: Final = 200


def shortened(text: str, longest: int = _LONGEST) -> str:
    """Return a text without control characters, cut where it is long."""
    shown = "".join(character if character.isprintable() else " " for character in text[: longest + 1])
    return shown if len(shown) <= longest else f"{shown[:longest]}…"
