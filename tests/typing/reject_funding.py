"""What type checkers must refuse in the funding of perps: every line marked with an error, and no other."""

from __future__ import annotations

from typing import Any

from sequence_markets import Sequence


def see(_value: Any) -> None: ...


def refused(seq: Sequence) -> None:
    see(seq.funding_rate("okx"))  # error: symbol
    see(seq.funding_rate("okx", "X").rate_bps_per_hour)  # error: None
    seq.funding_history("X")  # error: venue
    seq.funding_history("X", "kraken")  # error: kraken
    seq.funding_history("X", "okx", "6h")  # error: 6h
    see(seq.funding_history("X", "okx").points[0].price)  # error: price
    see(seq.funding_rates().rates[0].next_settlement.hour)  # error: None
