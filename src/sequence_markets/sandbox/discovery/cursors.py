"""Cursors: a place in a listing as opaque text that nobody can make up or carry into another listing."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hmac import compare_digest
from typing import Final

__all__ = ["BadCursorError", "Cursors"]

_MAC_BYTES: Final = 12
_LONGEST: Final = 400


class BadCursorError(ValueError):
    """A text that is no cursor of this listing."""


class Cursors:
    """Makes and reads cursors.

    Args:
        key: What only this exchange knows; the same key reads cursors of earlier runs.

    Example:
        >>> cursors = Cursors(b"key")
        >>> cursors.read(cursors.make("open markets", (5, 7)), "open markets")
        (5, 7)
    """

    def __init__(self, key: bytes) -> None:
        self._key = hashlib.blake2b(key, person=b"market cursors").digest()

    def make(self, listing: str, place: tuple[int, ...]) -> str:
        """Return a cursor.

        Args:
            listing: What is listed, as text; a cursor is good for no other listing.
            place: Where the page ended.
        """
        body = ".".join(map(str, place)).encode()
        return urlsafe_b64encode(self._mac(listing, body) + body).rstrip(b"=").decode()

    def read(self, cursor: str, listing: str) -> tuple[int, ...]:
        """Return the place that a cursor stands for.

        Raises:
            BadCursorError: It was not made here, or for another listing, or was changed.
        """
        text = cursor.encode("ascii", "replace")
        if len(text) > _LONGEST:
            raise BadCursorError("too long")
        try:
            sealed = urlsafe_b64decode(text + b"=" * (-len(text) % 4))
        except ValueError:
            raise BadCursorError("not a cursor") from None
        mac, body = sealed[:_MAC_BYTES], sealed[_MAC_BYTES:]
        # Only the canonical text counts: others decode to the same bytes.
        if not compare_digest(mac, self._mac(listing, body)) or urlsafe_b64encode(sealed).rstrip(b"=") != text:
            raise BadCursorError("not a cursor of this search; pass next_cursor on unchanged, with the same filters")
        return tuple(map(int, body.split(b".")))

    def _mac(self, listing: str, body: bytes) -> bytes:
        seen = hashlib.blake2b(listing.encode(), digest_size=16).digest()
        return hashlib.blake2b(seen + body, key=self._key, digest_size=_MAC_BYTES).digest()
