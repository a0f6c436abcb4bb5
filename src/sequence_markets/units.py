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
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, ROUND_HALF_EVEN, Context, Decimal
from typing import Final, SupportsIndex

QTY_SCALE: Final = 10**8
PRICE_SCALE: Final = 10**9
NS_PER_SECOND: Final = 10**9
MAX_INT64: Final = 2**63 - 1

Number = Decimal | int | float | str
"""What a quantity or a price may be given as. A ``float`` is read through its shortest decimal text."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Written so that no text can be matched in two ways: a million digits are read, or refused, in one pass.
_DECIMAL_TEXT = re.compile(r"\s*[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,9})?\s*", re.ASCII)
# Never the thread's own context, whose precision and traps belong to somebody else.
_EXACT = Context(prec=MAX_PREC, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[])
_SHOWN = 60


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


def exact_float(value: Number, name: str, *, allow_zero: bool = False, allow_negative: bool = False) -> float:
    """Return a number as the float whose text is that number, for the wire's few plain numbers.

    Raises:
        ValueError: As `price_to_1e9`, or no float stands for the number exactly: more than 15 digits or so.
        TypeError: The value is not a ``Decimal``, ``int``, ``float`` or ``str``.

    Example:
        >>> exact_float("0.1", "ratio")
        0.1
    """
    fixed = _to_fixed(value, name, 9, allow_zero=allow_zero, allow_negative=allow_negative)
    number = fixed / PRICE_SCALE
    if Decimal(repr(number)) != decimal_1e9(fixed):
        raise ValueError(f"{name} has too many digits, got {_shown(value)}; the nearest that fits is {number!r}")
    return number


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

    Raises:
        OverflowError: The instant is outside the years 1 to 9999, which no 64-bit count of nanoseconds is.

    Example:
        >>> datetime_from_ns(1_705_406_400_000_000_999).isoformat()
        '2024-01-16T12:00:00+00:00'
    """
    try:
        return _EPOCH + timedelta(microseconds=ns // 1000)
    except OverflowError:
        raise OverflowError("an instant outside the years 1 to 9999 does not fit a datetime") from None


def ns_from_datetime(instant: datetime, name: str = "instant") -> int:
    """Return an aware ``datetime`` as nanoseconds since the epoch.

    Raises:
        ValueError: The ``datetime`` carries no time zone.
    """
    if instant.utcoffset() is None:
        raise ValueError(f"{name} must carry a time zone, for example datetime(..., tzinfo=UTC)")
    return (instant - _EPOCH) // timedelta(microseconds=1) * 1000


def _to_fixed(value: object, name: str, places: int, *, allow_zero: bool, allow_negative: bool) -> int:
    unit = Decimal((0, (1,), -places))
    largest = Decimal(MAX_INT64).scaleb(-places, _EXACT)

    def refusal(rule: str, nearest: Decimal) -> ValueError:
        fits = nearest.normalize(_EXACT) if nearest else 0
        return ValueError(f"{name} {rule}, got {_shown(value)}; the nearest that fits is {fits:f}")

    if isinstance(value, bool):
        raise refusal("must be a number and not a bool", Decimal(1) if value else Decimal(0) if allow_zero else unit)
    number = _read(value, name)
    if number.is_nan():
        raise ValueError(f"{name} must be a finite number, got {_shown(value)}")
    smallest = largest.copy_negate() if allow_negative else Decimal(0) if allow_zero else unit
    if number < 0 and not allow_negative:
        raise refusal(f"must be {'zero or more' if allow_zero else 'more than zero'}", smallest)
    if number == 0 and not allow_zero:
        raise refusal("must not be zero" if allow_negative else "must be more than zero", unit)
    if number.copy_abs() > largest:
        finite = "is too large for the wire's 64-bit integers" if number.is_finite() else "must be a finite number"
        raise refusal(finite, largest if number > 0 else smallest)
    nearest = number.quantize(unit, ROUND_HALF_EVEN, _EXACT)
    if nearest == number:
        return int(nearest.scaleb(places, _EXACT))
    if nearest == 0 and not allow_zero:
        nearest = unit.copy_sign(number)
    raise refusal(f"may have at most {places} decimals", nearest)


def _read(value: object, name: str) -> Decimal:
    match value:
        case Decimal():
            return value
        case int():
            # Bounded before conversion, which takes quadratic time; too large is all that matters of what is beyond.
            return Decimal(max(-MAX_INT64 - 1, min(MAX_INT64 + 1, value)))
        case float():
            # Not repr(): a float subclass such as numpy's prints itself with its type around it.
            return Decimal(float.__repr__(value))
        case str():
            if not _DECIMAL_TEXT.fullmatch(value):
                raise ValueError(f"{name} must be a finite decimal number such as '0.25', got {_shown(value)}")
            return Decimal(value)
        case SupportsIndex():
            # Arrays have __index__ as well, but refuse it.
            with suppress(TypeError):
                return _read(operator.index(value), name)
        case _:
            pass
    raise TypeError(f"{name} must be a Decimal, int, float or str, not {type(value).__name__}")


def _shown(value: object) -> str:
    if isinstance(value, SupportsIndex) and (bits := operator.index(value).bit_length()) > 128:
        return f"an integer of {bits} bits"  # Python refuses to print a huge one.
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text)} characters)"
