"""Token ids that look drawn and can be read back: a number, moved around a large ring, and a digest behind it.

So a token of any contract there ever was is recognised by computation, and nobody has to remember which were given out.
"""

from __future__ import annotations

import hashlib
from typing import Final

__all__ = ["TOKEN_DIGITS", "token_index", "token_of"]

TOKEN_DIGITS: Final = 77
_HEAD_DIGITS: Final = 30
_FLOOR: Final = 10 ** (_HEAD_DIGITS - 1)
_RING: Final = 9 * _FLOOR
_FACTOR: Final = 314_892_660_715_384_936_602_291_827_401
_BACK: Final = pow(_FACTOR, -1, _RING)
_TAIL_RANGE: Final = 10 ** (TOKEN_DIGITS - _HEAD_DIGITS)


def token_of(index: int) -> str:
    """The token id of a number: 77 decimal digits.

    >>> len(token_of(5)), token_index(token_of(5))
    (77, 5)
    """
    head = _FLOOR + (index + 1) * _FACTOR % _RING
    digest = hashlib.sha256(b"token" + head.to_bytes(13, "big")).digest()
    return f"{head}{int.from_bytes(digest, 'big') % _TAIL_RANGE:0{TOKEN_DIGITS - _HEAD_DIGITS}d}"


def token_index(text: str) -> int | None:
    """The number behind a token id, of which the first 30 digits are enough; ``None`` for other digits."""
    if len(text) < _HEAD_DIGITS or not text.isascii() or not text.isdecimal() or text[0] == "0":
        return None
    index = (int(text[:_HEAD_DIGITS]) - _FLOOR) * _BACK % _RING - 1
    return index if index >= 0 and token_of(index).startswith(text) else None
