"""Funding through the public client: rates, histories, and what a position paid."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import Any

import pytest

from sequence_markets import AsyncSequence, BadRequestError, NotFoundError, Sequence
from sequence_markets.sandbox import Sandbox

from .samples import Sample, needs_reference, run


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed=7) as running:
        yield running


@pytest.fixture
def seq(sandbox: Sandbox) -> Iterator[Sequence]:
    with sandbox.client() as client:
        yield client


@needs_reference
@pytest.mark.covers("funding_history")
def test_the_references_sample(seq: Sequence, capsys: pytest.CaptureFixture[str]) -> None:
    scope: dict[str, Any] = {"seq": seq}
    run(Sample("# Past 30 days of Binance BTC-USDT funding", '{bps:+.3f} bps")', (0, 0, 0, 1, 1)), scope)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == scope["r"]["count"] == 90
    last = scope["r"].points[-1]
    assert lines[-1] == f"{last.ts_ns}: {last.bps:+.3f} bps"


@pytest.mark.covers("funding_rates", "funding_rate", "symbols")
def test_every_perp_has_a_rate_on_every_venue_that_lists_it(seq: Sequence) -> None:
    rates = seq.funding_rates()
    assert rates.unit == "bps_per_hour"
    listed = {(venue, row.symbol) for row in seq.symbols() if row.type == "perp" for venue in row.venues}
    assert {(rate.venue, rate.symbol) for rate in rates.rates} == listed
    for rate in rates.rates[::7]:
        assert seq.funding_rate(rate.venue, rate.symbol) == rate
        assert seq.funding_rate(rate.venue, rate.symbol.replace("-USD-PERP", "-USDT")) == rate


@pytest.mark.covers("funding_rate", "funding_rates")
def test_what_is_not_tracked_has_no_rate(seq: Sequence) -> None:
    assert seq.funding_rate("kraken", "BTC-PERP") is None
    assert seq.funding_rate("binance", "NOPE-PERP") is None
    assert seq.funding_rates("kalshi").rates == ()
    with pytest.raises(BadRequestError, match="nyse"):
        seq.funding_rates("nyse")


@pytest.mark.covers("funding_rate", "funding_history")
def test_a_rate_is_the_last_point_of_its_history(sandbox: Sandbox, seq: Sequence) -> None:
    for venue, hours in (("bybit", 8), ("hyperliquid", 1)):
        before = seq.funding_rate(venue, "SOL-PERP")
        assert before is not None
        assert before.next_settlement == sandbox.now + timedelta(hours=hours)
    sandbox.advance(seconds=8 * 3600 - 1)
    expected = seq.funding_rate("bybit", "SOL-PERP")
    sandbox.advance(seconds=1)
    now, history = seq.funding_rate("bybit", "SOL-PERP"), seq.funding_history("SOL-PERP", "bybit", "1d")
    assert now is not None
    assert expected is not None
    assert now.rate_bps_per_hour == expected.predicted_rate_bps_per_hour
    assert now.rate_bps_per_hour == pytest.approx(float(history.points[-1].bps) / 8)
    assert history.points[-1].ts == sandbox.now


@pytest.mark.covers("funding_history")
def test_histories_are_refused_as_documented(seq: Sequence) -> None:
    with pytest.raises(NotFoundError, match="ADA"):
        seq.funding_history("ADA-USD", "binance")
    start = datetime(2025, 6, 1, tzinfo=UTC)
    month = seq.funding_history("ETH-PERP", "okx", start_ts=start, end_ts=start + timedelta(days=30))
    assert (month.count, month.points[0].ts, month.points[-1].ts.month) == (91, start, 7)


@pytest.mark.covers("buy", "funding_history", "positions_unified")
def test_what_a_position_pays_is_what_its_history_says(sandbox: Sandbox, seq: Sequence) -> None:
    sandbox.set_book("BTC-PERP", "hyperliquid", [("89999", 50)], [("90001", 50)])
    seq.buy("BTC-PERP", "1.2345", instrument_type="perp", venue="hyperliquid")
    before = seq.positions_unified(venues=["hyperliquid"]).by_kind("crypto")
    cash = next(iter(before)).qty
    sandbox.set_book("BTC-PERP", "hyperliquid", [("91233", 50)], [("91234", 50)])
    sandbox.advance(seconds=30 * 3600)
    history = seq.funding_history("BTC-PERP", "hyperliquid", "1w", timeout=20)
    held = [point for point in history.points if point.ts > sandbox.now - timedelta(hours=30)]
    assert len(held) == 30
    assert {point.mark_price for point in held} == {Decimal("91233.5")}
    paid = sum((point.payment_usd("1.2345").quantize(Decimal("1e-8"), ROUND_FLOOR) for point in held), Decimal(0))
    after = seq.positions_unified(venues=["hyperliquid"])
    assert next(iter(after.by_kind("crypto"))).qty - cash == paid != 0
    (perp,) = after.by_kind("perp")
    assert perp.realized_pnl_usd == paid
    assert perp["funding_usd_1e9"] == paid.scaleb(9)
    sandbox.check_invariants()


@pytest.mark.covers("funding_rates", "funding_rate", "funding_history")
def test_the_awaited_face_does_the_same(sandbox: Sandbox, seq: Sequence) -> None:
    async def ask() -> tuple[object, object, object]:
        async with AsyncSequence("seq_test_" + "0" * 64, sandbox.url) as awaited:
            return (
                await awaited.funding_rates(venue="okx"),
                await awaited.funding_rate("okx", "BTC-PERP"),
                await awaited.funding_history("BTC-PERP", "okx", "1w"),
            )

    assert asyncio.run(ask()) == (
        seq.funding_rates(venue="okx"),
        seq.funding_rate("okx", "BTC-PERP"),
        seq.funding_history("BTC-PERP", "okx", "1w"),
    )
