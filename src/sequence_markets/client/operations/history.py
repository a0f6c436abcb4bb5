"""Level 1: price histories."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

from sequence_markets.client import checks
from sequence_markets.client.operation import Operation, one, path, target
from sequence_markets.models import PriceHistory

HistoryRange = Literal["1h", "6h", "1d", "1w", "1m", "3m", "6m", "1y", "2y", "5y", "max"]
"""How far back a history goes; a month has 30 days."""

RANGES: Final = ("1h", "6h", "1d", "1w", "1m", "3m", "6m", "1y", "2y", "5y", "max")

_HISTORY = one(PriceHistory)


def price_history(
    symbol: str,
    range_word: HistoryRange,
    fidelity_secs: int,
    *,
    venue: str | None,
    limit: int | None,
    paginate: bool,
    start_ts: int | datetime | None,
    end_ts: int | datetime | None,
    underlying: bool,
) -> Operation[PriceHistory]:
    """Read bars or trades of one symbol."""
    word = checks.one_of(range_word, "range", RANGES)
    if word is None:
        raise TypeError("range must not be None")
    every = checks.integer(fidelity_secs, "fidelity_secs", least=0)
    if limit is not None and every:
        raise ValueError("limit applies to ticks only; give fidelity_secs=0 with it")
    start, end = checks.window(start_ts, end_ts) or (None, None)
    return Operation(
        "price_history",
        "GET",
        target(
            path("price_history", checks.path_part(symbol, "symbol")),
            range=word,
            fidelity_secs=every,
            venue=checks.optional_text(venue, "venue"),
            limit=None if limit is None else checks.integer(limit, "limit", least=1),
            paginate=checks.boolean(paginate, "paginate") or None,
            start_ts=start,
            end_ts=end,
            underlying=checks.boolean(underlying, "underlying") or None,
        ),
        _HISTORY,
    )
