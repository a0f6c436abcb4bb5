"""Fees by hand, by date, and never in the trader's favour."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings, strategies as st

from sequence_markets.sandbox.trading.fees import FEE_TABLE, CurveFee, FeeTable, FeeVersion, FlatBps, FlatFee
from sequence_markets.sandbox.venues import VENUES

from .support import KALSHI, Trader, units, usd


@pytest.mark.parametrize("venue", [venue for venue in VENUES if venue not in ("kalshi", "polymarket")])
@pytest.mark.parametrize("liquidity", ["maker", "taker"])
def test_ten_bps_where_no_figure_is_known(venue: str, liquidity: str) -> None:
    fee = FEE_TABLE.version(venue, 0).schedule.fee("maker" if liquidity == "maker" else "taker", "crypto")
    assert fee.amount(units("0.1"), usd("3101.40")) == units("0.31014")


@pytest.mark.parametrize(
    ("qty", "price", "fee"),
    [
        ("100", "0.50", "1.75"),
        ("1", "0.50", "0.02"),
        ("1", "0.01", "0.01"),
        ("10", "0.10", "0.07"),
        ("1000", "0.99", "0.70"),
        ("0.01", "0.5", "0.01"),
        ("5", "1", "0"),
    ],
)
def test_kalshi_rounds_its_curve_up_to_the_cent(qty: str, price: str, fee: str) -> None:
    schedule = FEE_TABLE.version("kalshi", 0).schedule
    assert schedule.fee("taker", "sports").amount(units(qty), usd(price)) == units(fee)
    assert schedule.fee("maker", "sports").amount(units(qty), usd(price)) == 0


@pytest.mark.parametrize(
    ("category", "qty", "price", "fee"),
    [
        ("sports", "100", "0.05", "0.1425"),
        ("crypto_5m", "100", "0.50", "1.8"),
        ("crypto", "1", "0.33", "0.01592"),
        ("politics", "10", "0.25", "0.075"),
        ("weather", "10", "0.25", "0.09375"),
        ("something else", "10", "0.25", "0.09375"),
        ("sports", "0.0001", "0.5", "0.00001"),
        ("geopolitics", "100", "0.50", "0"),
    ],
)
def test_polymarket_charges_by_category_to_five_decimals(category: str, qty: str, price: str, fee: str) -> None:
    schedule = FEE_TABLE.version("polymarket", 0).schedule
    assert schedule.fee("taker", category).amount(units(qty), usd(price)) == units(fee)
    assert schedule.fee("maker", category).amount(units(qty), usd(price)) == 0


@given(st.integers(1, 10**12), st.integers(1, 10**9), st.integers(0, 10**8), st.sampled_from([1, 10**3, 10**6]))
@settings(deadline=None)
def test_a_curve_fee_is_the_exact_one_rounded_up_to_its_step(qty: int, price: int, rate: int, step: int) -> None:
    exact = Fraction(rate, 10**8) * Fraction(qty, 10**8) * Fraction(price, 10**9) * (1 - Fraction(price, 10**9)) * 10**8
    fee = CurveFee(rate, step).amount(qty, price)
    assert fee % step == 0
    assert exact <= fee < exact + step


@given(st.integers(1, 10**18), st.integers(1, 10**15), st.integers(0, 10_000))
@settings(deadline=None)
def test_a_flat_fee_is_the_exact_one_rounded_up(qty: int, price: int, bps: int) -> None:
    exact = Fraction(qty * price * bps, 10**9 * 10**4)
    fee = FlatFee(bps).amount(qty, price)
    assert exact <= fee < exact + 1


def test_a_schedule_holds_from_its_date_on() -> None:
    table = FeeTable(
        {
            "kraken": (
                FeeVersion(200, FlatBps(1, 2), "2026-02-01", "second"),
                FeeVersion(100, FlatBps(3, 4), "2026-01-01", "first"),
            )
        },
        fallback=FeeVersion(0, FlatBps(10, 10), "2026-01-01", "unknown"),
    )
    assert [table.version("kraken", at).source for at in (99, 100, 199, 200, 10**18)] == [
        "unknown",
        "first",
        "first",
        "second",
        "second",
    ]
    assert table.version("okx", 500).source == "unknown"


def test_every_figure_says_when_and_where_it_was_read() -> None:
    for venue in VENUES:
        version = FEE_TABLE.version(venue, 2 * 10**18)
        assert version.source
        assert version.recorded_on.count("-") == 2


def test_fills_carry_the_fee_and_makers_are_free_on_kalshi() -> None:
    trader = Trader()
    trader.book([("0.40", "100")], [("0.45", "50")], symbol=KALSHI, venue="kalshi")
    taker = trader.place("buy", "10", symbol=KALSHI)
    maker = trader.place("buy", "10", "0.42", symbol=KALSHI)
    trader.print("sell", "0.42", "10", symbol=KALSHI, venue="kalshi")
    # 0.07 x 10 x 0.45 x 0.55 = 0.17325
    assert [row["fee_1e9"] for row in trader.fills(taker)] == [usd("0.18")]
    assert [row["fee_1e9"] for row in trader.fills(maker)] == [0]
    assert trader.amount("kalshi", "USD") == units("1000000000") - units("4.68") - units("4.20")


def test_an_order_keeps_the_schedule_it_was_accepted_under() -> None:
    trader = Trader()
    trader.book([("90000", "1")], [("90010", "1")])
    order = trader.place("buy", "1", "89000")
    trader.exchange.put_sandbox_settings(trader.client, {"fees": {"kraken": {"maker_bps": 50, "taker_bps": 50}}})
    later = trader.place("buy", "1", "89000")
    trader.print("sell", "88000", "2")
    trader.exchange.check_invariants()
    assert [row["fee_1e9"] for row in trader.fills(order)] == [usd("89")]
    assert [row["fee_1e9"] for row in trader.fills(later)] == [usd("445")]
