"""What type checkers must see in the funding of perps. Never run: mypy and pyright read it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import assert_type

from sequence_markets import AsyncSequence, FundingHistory, FundingPoint, FundingRate, FundingRates, Sequence


def funding(seq: Sequence) -> None:
    assert_type(seq.funding_rates(), FundingRates)
    assert_type(seq.funding_rates(venue="okx", symbol="X", timeout=1.0).rates[0], FundingRate)
    rate = seq.funding_rate("okx", "X")
    assert_type(rate, FundingRate | None)
    if rate is not None:
        assert_type(rate.rate_bps_per_hour, float)
        assert_type(rate.predicted_rate_bps_per_hour, float | None)
        assert_type(rate.rate_per_year, Decimal)
        assert_type(rate.mark_price, Decimal | None)
        assert_type(rate.next_settlement, datetime | None)
    history = seq.funding_history("X", "hyperliquid", "1y", datetime.now(UTC), end_ts=5)
    assert_type(history, FundingHistory)
    assert_type(history.points[0], FundingPoint)
    assert_type(history.points[0].bps, Decimal)
    assert_type(history.points[0].ts, datetime)
    assert_type(history.points[0].payment_usd("0.5", mark_price=90_000), Decimal)
    assert_type(history.total_rate, Decimal)


async def awaited(seq: AsyncSequence) -> None:
    assert_type(await seq.funding_rates(), FundingRates)
    assert_type(await seq.funding_rate("okx", "X"), FundingRate | None)
    assert_type(await seq.funding_history("X", "okx"), FundingHistory)
