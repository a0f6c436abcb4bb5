"""Pattern matching on both faces."""

from __future__ import annotations

from typing import Any

import pytest

from sequence_markets.models import (
    EventContractInstrument,
    Nbbo,
    PerpInstrument,
    Position,
    Quote,
    QuoteError,
    UnknownInstrument,
)

from .payloads import sample


def describe(value: Any) -> str:
    match value:
        case Position(instrument=PerpInstrument(base=base)):
            return f"perp on {base}"
        case Position(instrument=EventContractInstrument(outcome="YES" | "NO" as outcome)):
            return f"event {outcome}"
        case Position(instrument=UnknownInstrument(tag=tag)):
            return f"unknown {tag}"
        case QuoteError(error=error):
            return f"no quote: {error}"
        case {"nbbo": {"bid": bid}, "venues": {"kraken": {"age_ms": age}}}:
            return f"bid {bid}, {age} ms"
        case [*_rest]:
            return "a sequence"
        case {"symbol": str(symbol)}:
            return symbol
        case _:
            return "something else"


def position(**instrument: Any) -> Position:
    return Position.model_validate({**sample(Position), "instrument": instrument})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (position(kind="perp", symbol="BTC-PERP", base="BTC"), "perp on BTC"),
        (position(kind="event_contract", market_slug="x", outcome="NO"), "event NO"),
        (position(kind="tomorrow"), "unknown tomorrow"),
        (position(kind="fiat", code="USD"), "something else"),
        (QuoteError(symbol="bad", error="unknown"), "no quote: unknown"),
        (Quote.model_validate(sample(Quote)), "bid 42.5, 4200000000 ms"),
        (sample(Quote), "bid 42.5, 4200000000 ms"),
        (Nbbo.model_validate({**sample(Nbbo), "symbol": "X"}), "X"),
    ],
)
def test_class_and_mapping_patterns(value: object, expected: str) -> None:
    assert describe(value) == expected
