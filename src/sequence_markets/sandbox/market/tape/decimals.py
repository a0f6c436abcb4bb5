"""Decimal texts of recorded messages, read exactly into scaled integers."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["scaled"]

_DECIMAL: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?", re.ASCII)


def scaled(text: str, digits: int) -> int:
    """The number in `text` times 10**`digits`, exactly.

    `ValueError` for anything that is not a plain non-negative decimal, and for one with more decimals than fit.

    >>> scaled("61837.63000000", 9)
    61837630000000
    """
    if not _DECIMAL.fullmatch(text):
        raise ValueError(f"{text!r} is not a plain decimal number")
    whole, _, fraction = text.partition(".")
    if len(fraction) > digits:
        if fraction[digits:].strip("0"):
            raise ValueError(f"{text!r} has more than {digits} decimals")
        fraction = fraction[:digits]
    return int(whole + fraction.ljust(digits, "0"))
