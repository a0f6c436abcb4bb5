"""Reading and writing JSON on the wire.

Only what RFC 8259 allows comes in: NaN, Infinity and numbers beyond a double are refused.
"""

from __future__ import annotations

import json
import math
from typing import Final, NoReturn

_encode: Final = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode


def encode_json(value: object) -> bytes:
    """Return ``value`` as compact JSON bytes."""
    return _encode(value).encode()


def encode_text(value: object) -> str:
    """Return ``value`` as compact JSON text."""
    return _encode(value)


def decode_json(body: bytes) -> object:
    """Return what JSON bytes say.

    Raises:
        ValueError: Not JSON, nested too deeply, or with a number JSON or a double cannot carry.
    """
    try:
        return _decoder.decode(body.decode())
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a JSON number")


def _finite_float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text[:40]} is beyond a double")
    return number


_decoder: Final = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite_float)
