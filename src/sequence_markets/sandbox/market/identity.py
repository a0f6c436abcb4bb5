"""Which market a journal belongs to."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, Final, cast

from ..events.generated import LEAST_MARKETS
from .types import Market

__all__ = ["identity", "markets_of"]

_SIZE: Final = re.compile(r"synthetic with ([0-9]+) prediction markets")
_OF_A_TAPE: Final = ("kind", "symbols", "start_ns", "end_ns", "counters")


def identity(market: Market) -> str:
    """A short name that two markets share when they show the same, seed aside.

    It says the kind, how many prediction markets stand in a catalogue that was enlarged, and what tapes hold.

    Where a tape's file lies and how it is called does not matter.

    >>> from sequence_markets.sandbox.market import SyntheticMarket
    >>> identity(SyntheticMarket(seed=7))
    'synthetic'
    """
    about = market.describe()
    kind = str(about.get("kind", "unknown"))
    tapes = cast("list[dict[str, Any]] | None", about.get("tape"))
    if not tapes:
        enlarged = cast("int", about.get("markets", LEAST_MARKETS)) != LEAST_MARKETS
        return f"{kind} with {about['markets']} prediction markets" if enlarged else kind
    held = sorted(json.dumps([tape[name] for name in _OF_A_TAPE], sort_keys=True) for tape in tapes)
    return f"{kind} {hashlib.sha256(json.dumps(held).encode()).hexdigest()[:16]}"


def markets_of(name: str) -> int | None:
    """How many prediction markets stand in the catalogue of a market with this identity; None for the usual few.

    >>> markets_of("synthetic with 43000 prediction markets"), markets_of("synthetic")
    (43000, None)
    """
    enlarged = _SIZE.fullmatch(name)
    return None if enlarged is None else int(enlarged[1])
