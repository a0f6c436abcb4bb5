"""Seeded draws and elementary functions in whole numbers, the same on every machine.

Logarithms, log-odds and relative offsets are integers in units of 2**-48 (`LOG_ONE` is one).
"""

from __future__ import annotations

import hashlib
from typing import Final

__all__ = ["BPS", "LOG_ONE", "bits64", "exp_scaled", "key64", "ln_ratio", "logistic_scaled", "micro_bps"]

LOG_BITS: Final = 48
LOG_ONE: Final = 1 << LOG_BITS
BPS: Final = LOG_ONE // 10_000
"""One basis point in log units."""

_MASK: Final = (1 << 64) - 1
_GOLDEN: Final = 0x9E3779B97F4A7C15
_EXP_BITS: Final = 96
_EXP_ONE: Final = 1 << _EXP_BITS
_COARSE_BITS: Final = 4
_FINE_BITS: Final = 10
_COARSE_SHIFT: Final = LOG_BITS - _COARSE_BITS
_FINE_SHIFT: Final = LOG_BITS - _FINE_BITS
_FINE_MASK: Final = (1 << (_FINE_BITS - _COARSE_BITS)) - 1
_REST_MASK: Final = (1 << _FINE_SHIFT) - 1
_LIMIT: Final = 24 << _COARSE_BITS


def micro_bps(value: int) -> int:
    """Millionths of a basis point in log units."""
    return value * LOG_ONE // 10_000_000_000


def key64(seed: int, *names: object) -> int:
    """A 64-bit key from the seed and the names of what it is for."""
    text = "\x1f".join(str(name) for name in (seed, *names))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def bits64(key: int, index: int) -> int:
    """64 well mixed bits: draw number `index` of the stream `key` (the SplitMix64 generator, read at
    random)."""
    z = (key + index * _GOLDEN) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


def _series(numerator: int, denominator: int) -> int:
    """exp(numerator / denominator) in units of 2**-192, for arguments up to about one."""
    one = 1 << 192
    term = total = one
    k = 1
    while term:
        term = term * numerator // (denominator * k)
        total += term
        k += 1
    return total


def _coarse_table() -> tuple[int, ...]:
    one = 1 << 192
    step = _series(1, 1 << _COARSE_BITS)
    up = [one]
    for _ in range(_LIMIT):
        up.append(up[-1] * step >> 192)
    down = [one * one // value for value in up[:0:-1]]
    return tuple(value >> (192 - _EXP_BITS) for value in (*down, *up))


_COARSE: Final = _coarse_table()
_FINE: Final = tuple(_series(j, 1 << _FINE_BITS) >> (192 - _EXP_BITS) for j in range(_FINE_MASK + 1))


def exp_scaled(log: int, scale: int) -> int:
    """`scale * exp(log / LOG_ONE)`, rounded down; never decreasing in `log`, for |log| below 24.

    >>> exp_scaled(0, 1000), exp_scaled(LOG_ONE, 1000)
    (1000, 2718)
    """
    rest = (log & _REST_MASK) << (_EXP_BITS - LOG_BITS)
    # Below 2**-10 six terms of the series are exact to 2**-69, far finer than one unit of `log`.
    tail = _EXP_ONE + rest
    power = rest * rest >> _EXP_BITS
    tail += power >> 1
    power = power * rest >> _EXP_BITS
    tail += power // 6
    power = power * rest >> _EXP_BITS
    tail += power // 24 + (power * rest >> _EXP_BITS) // 120
    value = _COARSE[(log >> _COARSE_SHIFT) + _LIMIT] * _FINE[(log >> _FINE_SHIFT) & _FINE_MASK] >> _EXP_BITS
    return (value * tail >> _EXP_BITS) * scale >> _EXP_BITS


def logistic_scaled(log_odds: int, scale: int) -> int:
    """`scale / (1 + exp(-log_odds / LOG_ONE))`, rounded down; never decreasing in `log_odds`."""
    return scale * _EXP_ONE // (_EXP_ONE + exp_scaled(-log_odds, _EXP_ONE))


def ln_ratio(numerator: int, denominator: int) -> int:
    """The natural logarithm of a ratio in log units, rounded to within one unit; both numbers positive."""
    low, high = -(20 << LOG_BITS), 20 << LOG_BITS
    while high - low > 1:
        middle = (low + high) >> 1
        if exp_scaled(middle, denominator << 64) <= numerator << 64:
            low = middle
        else:
            high = middle
    return low
