"""Exact conversion between human quantities, prices and times and the fixed-point integers of the wire.

Quantities travel as integers scaled by 10**8, prices and money by 10**9, instants as nanoseconds since
the Unix epoch. A value that does not fit its scale exactly is refused, never rounded.

Example:
    >>> from sequence_markets.units import price_to_1e9, qty_to_1e8
    >>> qty_to_1e8("0.29")
    29000000
    >>> price_to_1e9(528.42)
    528420000000
"""

from __future__ import annotations

import operator
import re
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final, SupportsIndex

QTY_SCALE: Final = 10**8
PRICE_SCALE: Final = 10**9
NS_PER_SECOND: Final = 10**9
MAX_INT64: Final = 2**63 - 1

Number = Decimal | int | float | str
"""What a quantity or a price may be given as. A ``float`` is read through its shortest decimal text."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DECIMAL_TEXT = re.compile(r"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,6})?\s*", re.ASCII)
_EXACT = Context(prec=400, traps=[])
# Too fine for any scale; the exact ratio of such a Decimal could be millions of digits long.
_FINEST_READ = 10_000


def qty_to_1e8(value: Number, name: str = "qty", *, allow_zero: bool = False, allow_negative: bool = False) -> int:
    """Return a quantity as an integer scaled by 10**8.

    Args:
        value: Quantity in human units, for example ``"0.5"`` for half a coin.
        name: The argument's name, used in the error message.
        allow_zero: Accept zero.
        allow_negative: Accept values below zero.

    Raises:
        ValueError: The value is not finite, not positive, too fine for eight decimals, beyond 64 bits,
            or a ``bool``. The message names the argument, the value and the nearest one that fits.
        TypeError: The value is not a ``Decimal``, ``int``, ``float`` or ``str``.
    """
    return _to_fixed(value, name, 8, allow_zero=allow_zero, allow_negative=allow_negative)


def price_to_1e9(value: Number, name: str = "price", *, allow_zero: bool = False, allow_negative: bool = False) -> int:
    """Return a price or an amount of money as an integer scaled by 10**9.

    Args:
        value: Price in human units, for example ``"73984.12"``.
        name: The argument's name, used in the error message.
        allow_zero: Accept zero.
        allow_negative: Accept values below zero.

    Raises:
        ValueError: The value is not finite, not positive, too fine for nine decimals, beyond 64 bits,
            or a ``bool``. The message names the argument, the value and the nearest one that fits.
        TypeError: The value is not a ``Decimal``, ``int``, ``float`` or ``str``.
    """
    return _to_fixed(value, name, 9, allow_zero=allow_zero, allow_negative=allow_negative)


def decimal_1e8(fixed: int) -> Decimal:
    """Return the exact human value of a quantity scaled by 10**8.

    Example:
        >>> decimal_1e8(29_000_000)
        Decimal('0.29000000')
    """
    return Decimal(fixed).scaleb(-8, _EXACT)


def decimal_1e9(fixed: int) -> Decimal:
    """Return the exact human value of a price or amount scaled by 10**9.

    Example:
        >>> decimal_1e9(528_420_000_000)
        Decimal('528.420000000')
    """
    return Decimal(fixed).scaleb(-9, _EXACT)


def datetime_from_ns(ns: int) -> datetime:
    """Return an instant in nanoseconds since the epoch as an aware UTC ``datetime``.

    A ``datetime`` counts whole microseconds; finer digits are dropped, never rounded up into the future.

    Example:
        >>> datetime_from_ns(1_705_406_400_000_000_999).isoformat()
        '2024-01-16T12:00:00+00:00'
    """
    return _EPOCH + timedelta(microseconds=ns // 1000)


def ns_from_datetime(instant: datetime, name: str = "instant") -> int:
    """Return an aware ``datetime`` as nanoseconds since the epoch.

    Raises:
        ValueError: The ``datetime`` carries no time zone.
    """
    if instant.tzinfo is None:
        raise ValueError(f"{name} must carry a time zone, for example datetime(..., tzinfo=UTC)")
    return (instant - _EPOCH) // timedelta(microseconds=1) * 1000


def _to_fixed(value: object, name: str, places: int, *, allow_zero: bool, allow_negative: bool) -> int:
    number = _read(value, name)
    if not number.is_finite():
        raise ValueError(f"{name} must be a finite number, got {value!r}")
    if number < 0 and not allow_negative:
        raise ValueError(f"{name} must be {'zero or more' if allow_zero else 'more than zero'}, got {value!r}")
    if number == 0 and not allow_zero:
        raise ValueError(f"{name} must be more than zero, got {value!r}")
    largest = Decimal(MAX_INT64).scaleb(-places, _EXACT)
    if number.copy_abs() > largest:
        raise ValueError(
            f"{name} is too large for the wire's 64-bit integers, got {value!r}; the largest is {largest:f}"
        )
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= -_FINEST_READ:
        numerator, denominator = number.as_integer_ratio()
        scale: int = 10**places
        fixed, rest = divmod(numerator * scale, denominator)
        if rest == 0:
            return fixed
    elif number == 0:
        return 0
    unit = Decimal(1).scaleb(-places)
    nearest = number.quantize(unit, ROUND_HALF_EVEN, _EXACT)
    if nearest == 0 and not allow_zero:
        nearest = unit.copy_sign(number)
    raise ValueError(f"{name} may have at most {places} decimals, got {value!r}; the nearest that fits is {nearest:f}")


def _read(value: object, name: str) -> Decimal:
    match value:
        case bool():
            raise ValueError(f"{name} must be a number, got the bool {value!r}; the nearest that fits is {int(value)}")
        case Decimal():
            return value
        case int():
            # Bounded before conversion: Python refuses to print a huge int, and converting one is quadratic.
            if abs(value) > MAX_INT64:
                raise ValueError(f"{name} is too large for the wire's 64-bit integers")
            return Decimal(value)
        case float():
            # Not repr(): a float subclass such as numpy's prints itself with its type around it.
            return Decimal(float.__repr__(value))
        case str():
            if not _DECIMAL_TEXT.fullmatch(value):
                raise ValueError(f"{name} must be a finite decimal number such as '0.25', got {value[:40]!r}")
            return Decimal(value)
        case SupportsIndex():
            return _read(operator.index(value), name)
        case _:
            raise TypeError(f"{name} must be a Decimal, int, float or str, not {type(value).__name__}")
