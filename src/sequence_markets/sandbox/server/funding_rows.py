"""Rows of funding rates, as `/v1/market/funding-rates` and the stream show them."""

from __future__ import annotations

from typing import Final

from sequence_markets.sandbox.trading.funding import FundingNow

_PER_BPS: Final = 100_000


def rate_row(found: FundingNow) -> dict[str, object]:
    """A present rate as the API shows it: per hour, whatever the cadence of the venue."""
    return {
        "venue": found.venue,
        "symbol": found.symbol,
        "rate_bps_per_hour": found.rate_1e9 / (_PER_BPS * found.hours),
        "predicted_rate_bps_per_hour": found.predicted_1e9 / (_PER_BPS * found.hours),
        "mark_price_1e9": found.mark_1e9,
        "open_interest_1e8": found.open_interest_1e8,
        "next_settlement_ns": found.next_ns,
        "snapshot_age_ms": 0,
    }
