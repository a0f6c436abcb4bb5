"""Which market a journal belongs to."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final, cast

from .types import Market

__all__ = ["identity"]

_OF_A_TAPE: Final = ("kind", "symbols", "start_ns", "end_ns", "counters")


def identity(market: Market) -> str:
    """A short name that two markets share when they show the same, seed aside: the kind, and what tapes hold.

    Where a tape's file lies and how it is called does not matter.

    >>> from sequence_markets.sandbox.market import SyntheticMarket
    >>> identity(SyntheticMarket(seed=7))
    'synthetic'
    """
    about = market.describe()
    kind = str(about.get("kind", "unknown"))
    tapes = cast("list[dict[str, Any]] | None", about.get("tape"))
    if not tapes:
        return kind
    held = sorted(json.dumps([tape[name] for name in _OF_A_TAPE], sort_keys=True) for tape in tapes)
    return f"{kind} {hashlib.sha256(json.dumps(held).encode()).hexdigest()[:16]}"
