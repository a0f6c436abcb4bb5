"""Funding rates as exact numbers, and recorded ones in the model they belong to."""

from __future__ import annotations

import csv
import gzip
import io
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext

import pytest
from hypothesis import given, strategies as st

from sequence_markets.models import FundingHistory, FundingPoint, FundingRate, decode
from sequence_markets.units import datetime_from_ns, decimal_1e8, ns_from_datetime, price_to_1e9
from tests.sandbox.market.recordings import recording


def point(rate_1e9: int, mark_price_1e9: int | None = None) -> FundingPoint:
    return FundingPoint(ts_ns=1, rate_1e9=rate_1e9, mark_price_1e9=mark_price_1e9)


def test_a_payment_is_exact_and_signed_for_the_position() -> None:
    paid = point(100_000, 90_000 * 10**9)
    assert paid.bps == 1
    assert paid.payment_usd("0.5") == Decimal("-4.5")
    assert paid.payment_usd("-0.5") == Decimal("4.5")
    assert paid.payment_usd(1, mark_price="100.000000001") == Decimal("-0.0100000000001")
    with pytest.raises(ValueError, match="mark_price is needed"):
        point(1).payment_usd(1)
    with pytest.raises(ValueError, match="qty"):
        paid.payment_usd("0.123456789")


@given(qty=st.integers(-(2**63) + 1, 2**63 - 1), mark=st.integers(1, 2**63 - 1), rate=st.integers(-(10**10), 10**10))
def test_nothing_is_rounded_whatever_the_threads_context_is(qty: int, mark: int, rate: int) -> None:
    size = decimal_1e8(qty)
    with localcontext(prec=3):
        paid, bps = point(rate, mark).payment_usd(size), point(rate).bps
    assert bps == Decimal(rate).scaleb(-5)
    with localcontext(prec=100):
        assert paid == -Decimal(qty * mark * rate).scaleb(-26)


@given(st.floats(-(10**6), 10**6, allow_nan=False))
def test_a_rate_per_hour_is_exactly_the_number_sent(bps: float) -> None:
    rate = FundingRate(venue="okx", symbol="X", rate_bps_per_hour=bps)
    assert rate.rate_per_hour == Decimal(str(bps)).scaleb(-4)
    assert rate.rate_per_year == rate.rate_per_hour * 8760


@pytest.mark.parametrize("name", ["BTC-USDT_binance", "BTC-USDT_bybit", "ETH-USDT_binance", "ETH-USDT_bybit"])
def test_recorded_rates_parse_into_a_history(name: str) -> None:
    with gzip.open(recording(f"funding/{name}.csv.gz"), "rb") as file:
        rows = list(csv.DictReader(io.TextIOWrapper(file, encoding="utf-8")))
    coin, venue = name.split("_")
    # The recorded stamps are three hours ahead of UTC.
    ahead = timedelta(hours=3)
    raw = {
        "symbol": coin,
        "venue": venue,
        "count": len(rows),
        "points": [
            {
                "ts_ns": ns_from_datetime(datetime.fromisoformat(row["Date"]).replace(tzinfo=UTC) - ahead),
                "rate_1e9": price_to_1e9(row["Funding Rate"], allow_zero=True, allow_negative=True),
            }
            for row in rows
        ],
    }
    history = decode(json.dumps(raw).encode(), FundingHistory)
    assert history.count == len(history.points) > 3_000
    assert [each.rate for each in history.points] == [Decimal(row["Funding Rate"]) for row in rows]
    assert history.total_rate == sum(Decimal(row["Funding Rate"]) for row in rows)
    assert {each.ts.hour for each in history.points} == {0, 8, 16}
    assert history.points[0].ts == datetime_from_ns(history.points[0].ts_ns)
    assert history.points[0].mark_price is None
