"""Exact integer arithmetic on quantities, prices and cash, and the direction in which each result is rounded.

Quantities are in units of 1e-8, prices in units of 1e-9, cash in units of 1e-8. A product of quantity and price is in
units of 1e-17 and is kept exact as long as it is not paid.
"""

from __future__ import annotations

from typing import Final

from sequence_markets.units import PRICE_SCALE, QTY_SCALE

__all__ = [
    "ONE_PRICE",
    "ONE_QTY",
    "ceil_div",
    "margin_for",
    "shares",
    "usd_1e9",
    "value_down",
    "value_up",
]

ONE_QTY: Final = QTY_SCALE
ONE_PRICE: Final = PRICE_SCALE

_MARGIN_DIVISOR: Final = 10


def ceil_div(numerator: int, denominator: int) -> int:
    """Quotient rounded towards plus infinity.

    >>> ceil_div(7, 2), ceil_div(-7, 2)
    (4, -3)
    """
    return -(-numerator // denominator)


def value_up(qty_1e8: int, price_1e9: int) -> int:
    """What a buyer pays, in 1e-8 of the cash asset: rounded up.

    >>> value_up(1, 1)
    1
    """
    return -(-qty_1e8 * price_1e9 // PRICE_SCALE)


def value_down(qty_1e8: int, price_1e9: int) -> int:
    """What a seller receives, in 1e-8 of the cash asset: rounded down.

    >>> value_down(1, 1)
    0
    """
    return qty_1e8 * price_1e9 // PRICE_SCALE


def margin_for(qty_1e8: int, price_1e9: int) -> int:
    """Initial margin of a perp quantity: 10 % of its notional, rounded up, in 1e-8 of the cash asset."""
    return ceil_div(qty_1e8 * price_1e9, PRICE_SCALE * _MARGIN_DIVISOR)


def usd_1e9(exact_1e17: int) -> int:
    """An exact product of quantity and price as US dollars in units of 1e-9, rounded down."""
    return exact_1e17 // QTY_SCALE


def shares(total: int, count: int) -> tuple[int, ...]:
    """A total in `count` equal parts, rounded down; what the division leaves goes to the last.

    >>> shares(11, 4)
    (2, 2, 2, 5)
    """
    if not count:
        return ()
    part = total // count
    return (part,) * (count - 1) + (total - part * (count - 1),)
