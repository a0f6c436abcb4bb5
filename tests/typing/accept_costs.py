"""What type checkers must see in fees, previews and histories. Never run: mypy and pyright read it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal, assert_type

from sequence_markets import AsyncSequence, Bar, Fees, Preview, PriceHistory, Sequence, VenueFee


def costs(seq: Sequence) -> None:
    fees = seq.fees("X", ["kalshi"])
    assert_type(fees, Fees)
    assert_type(fees.at("kalshi"), VenueFee)
    assert_type(fees.fees[0].taker_bps, float | None)
    assert_type(fees.fees[0].taker_fee_usd("0.5", 3), Decimal)
    assert_type(fees.fees[0].maker_fee_usd(0.5, Decimal(3)), Decimal)
    preview = seq.preview("X", "buy", "0.5", order_type="limit", timeout=1.0)
    assert_type(preview, Preview)
    assert_type(preview.qty, Decimal)
    assert_type(preview.nbbo.mid_px, Decimal | None)
    assert_type(preview.estimated_total_cost_bps, float | None)
    assert_type(preview.generated_at, datetime)
    if preview.historical_ttff is not None:
        assert_type(preview.historical_ttff.samples, int | None)


def history(seq: Sequence) -> None:
    found = seq.price_history("X", "1y", 3600, venue="binance", start_ts=datetime.now(UTC), end_ts=5)
    assert_type(found, PriceHistory)
    assert_type(found.points[0].price, Decimal)
    assert_type(found.points[0].qty, Decimal | None)
    assert_type(found.points[0].ts, datetime)
    assert_type(found.points[0].side, Literal["buy", "sell"] | str | None)
    assert_type(found.window.start, datetime)
    assert_type(found.bars(60), tuple[Bar, ...])
    assert_type(found.bars()[0].volume, Decimal | None)
    assert_type(found.times, list[datetime])
    assert_type(found.prices, list[float])
    if found.underlying is not None:
        assert_type(found.underlying.points[0].price, Decimal | None)


async def awaited(seq: AsyncSequence) -> None:
    assert_type(await seq.fees("X"), Fees)
    assert_type(await seq.preview("X", "sell", 1), Preview)
    assert_type(await seq.price_history("X", fidelity_secs=0, limit=5), PriceHistory)
