"""Level 1: what trading costs, before the trade."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final, Literal

from sequence_markets.client import checks
from sequence_markets.client.operation import Operation, json_body, one, target
from sequence_markets.graphs.words import SIDES, Side
from sequence_markets.models import Fees, Preview
from sequence_markets.units import QTY_SCALE, Number, decimal_1e8, qty_to_1e8

PreviewType = Literal["market", "limit"]
"""How a previewed order is filled: by taking now, or by resting at the near touch."""

PREVIEW_TYPES: Final = ("market", "limit")

_FEES = one(Fees)
_PREVIEW = one(Preview)


def fees(ticker: str, venues: Iterable[str] | None) -> Operation[Fees]:
    """Read the fees of a ticker."""
    listed = None if venues is None else checks.comma_list(venues, "venues")
    if listed == "":
        raise ValueError("venues must not be empty; leave it out for all")
    return Operation("fees", "GET", target("/v1/fees", ticker=checks.text(ticker, "ticker"), venues=listed), _FEES)


def preview(symbol: str, side: Side, qty: Number, order_type: PreviewType) -> Operation[Preview]:
    """Preview an order. It changes nothing, so it may be repeated."""
    body = {
        "symbol": checks.text(symbol, "symbol"),
        "side": _word(side, "side", SIDES),
        "order_type": _word(order_type, "order_type", PREVIEW_TYPES),
        "qty": _human(qty),
    }
    return Operation("preview", "POST", "/v1/orders/preview", _PREVIEW, body=json_body(body))


def _word(value: str, name: str, known: tuple[str, ...]) -> str:
    word = checks.one_of(value, name, known)
    if word is None:
        raise TypeError(f"{name} must not be None")
    return word


def _human(qty: Number) -> float:
    """Return a quantity as the number whose text is that quantity: here the wire has no fixed point."""
    fixed = qty_to_1e8(qty)
    number = fixed / QTY_SCALE
    if Decimal(repr(number)) != decimal_1e8(fixed):
        raise ValueError(f"qty has too many digits for a preview, got {qty!r}; the nearest that fits is {number!r}")
    return number
