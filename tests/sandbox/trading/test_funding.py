"""Funding of perps: who pays whom, how much to the last unit, when, and what is told about it."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given, settings, strategies as st

from sequence_markets.sandbox.exchange import Exchange, Refusal
from sequence_markets.sandbox.journal import Journal, SqliteStore
from sequence_markets.sandbox.market import SyntheticMarket
from sequence_markets.sandbox.market.funding import (
    FUNDING_HOURS,
    funding_interval_ns,
    natural_rate,
    next_settlement,
    settlements,
)
from sequence_markets.sandbox.trading.funding import funding_points, funding_rate_now
from sequence_markets.sandbox.trading.settling import funding_amount
from sequence_markets.units import decimal_1e8, ns_from_datetime, price_to_1e9
from tests.sandbox.market.recordings import PERP_BTC, recording, tape_market

from .support import PERP, SECOND, SEED, START_NS, Disk, Trader, exchange, units, usd

MARKET = SyntheticMarket(seed=SEED)
HOUR = 3_600 * SECOND
BTC = "BTC-USD-PERP"


def hold(trader: Trader, qty: str, venue: str = "hyperliquid", symbol: str = PERP) -> None:
    """Give an account a perp position at 3,000 dollars."""
    trader.fund(venue=venue, kind="perp", symbol=symbol, qty=float(qty), entry_price_usd=3000)


def price(trader: Trader, mid: int, venue: str = "hyperliquid", symbol: str = PERP) -> None:
    trader.book([(str(mid - 1), "100")], [(str(mid + 1), "100")], symbol=symbol, venue=venue)


def script(trader: Trader, *points: tuple[float, str], venue: str = "hyperliquid", symbol: str = PERP) -> None:
    """Script rates from so many hours after the beginning on."""
    rates = [
        (START_NS + round(hours * HOUR), price_to_1e9(rate, allow_zero=True, allow_negative=True))
        for hours, rate in points
    ]
    trader.exchange.set_funding(symbol, venue, rates)


def cash(trader: Trader, venue: str = "hyperliquid", asset: str = "USDC") -> int:
    return trader.amount(venue, asset) - units("1000000000")


@pytest.mark.parametrize(
    ("qty", "rate", "moved"), [("2", "0.0001", "-0.6"), ("-2", "0.0001", "0.6"), ("2", "-0.0003", "1.8")]
)
def test_longs_pay_shorts_when_the_rate_is_positive(qty: str, rate: str, moved: str) -> None:
    trader = Trader()
    price(trader, 3000)
    script(trader, (0, rate))
    hold(trader, qty)
    trader.advance(3599)
    assert cash(trader) == 0
    trader.advance(1)
    assert cash(trader) == units(moved)
    row = trader.position("hyperliquid", "ETH-PERP")
    assert (row["realized_pnl_usd_1e9"], row["funding_usd_1e9"]) == (usd(moved), usd(moved))
    assert row["unrealized_pnl_usd_1e9"] == 0
    trader.advance(2 * 3600)
    assert cash(trader) == 3 * units(moved)
    trader.exchange.check_invariants()


def test_every_venue_settles_at_its_own_hours() -> None:
    trader = Trader()
    for venue in FUNDING_HOURS:
        hold(trader, "1", venue=venue)
    trader.advance(86_400)
    times: dict[str, list[int]] = {}
    for payment in trader.exchange.state.accounts[trader.client].funding:
        times.setdefault(payment.venue, []).append((payment.time_ns - START_NS) // HOUR)
    eights = [8, 16, 24]
    assert times == {"binance": eights, "okx": eights, "bybit": eights, "hyperliquid": list(range(1, 25))}
    assert datetime.fromtimestamp(START_NS // SECOND, UTC).hour == 0


def test_a_venue_without_perps_funds_nothing() -> None:
    trader = Trader()
    hold(trader, "1", venue="kraken")
    assert trader.exchange.next_due_ns() is None
    assert funding_interval_ns("kraken") is None
    assert funding_rate_now(trader.exchange.desk, "kraken", PERP) is None


def test_nothing_is_due_while_no_perp_is_open() -> None:
    trader = Trader()
    price(trader, 3000)
    trader.advance(3600)
    assert trader.exchange.next_due_ns() is None
    trader.place("buy", "1", symbol=PERP)
    assert trader.exchange.next_due_ns() == START_NS + 2 * HOUR
    trader.place("sell", "1", symbol=PERP)
    assert trader.exchange.advance_to(START_NS + 2 * HOUR).records == 1
    assert trader.exchange.next_due_ns() is None
    assert not trader.exchange.state.accounts[trader.client].funding


def test_what_is_opened_at_a_settlement_is_funded_from_the_next_one_on() -> None:
    trader = Trader()
    hold(trader, "1")
    trader.advance(3600)
    other = Trader(trader.exchange, key="b")
    hold(other, "1")
    assert [len(trader.exchange.state.accounts[each.client].funding) for each in (trader, other)] == [1, 0]
    trader.advance(3600)
    assert [len(trader.exchange.state.accounts[each.client].funding) for each in (trader, other)] == [2, 1]


@given(
    qty=st.integers(-(10**12), 10**12).filter(bool),
    mark=st.integers(1, 10**15),
    rate=st.integers(-(10**9), 10**9),
)
def test_payments_are_rounded_against_the_account_and_by_less_than_a_unit(qty: int, mark: int, rate: int) -> None:
    exact = -Decimal(qty).scaleb(-8) * Decimal(mark).scaleb(-9) * Decimal(rate).scaleb(-9)
    paid = decimal_1e8(funding_amount(qty, mark, rate))
    assert exact - Decimal("1e-8") < paid <= exact
    # Of what one side loses to rounding and the other does not gain, at most a unit is kept.
    assert 0 <= -(funding_amount(qty, mark, rate) + funding_amount(-qty, mark, rate)) <= 1


def test_a_long_and_a_short_that_match_leave_only_the_rounding() -> None:
    long = Trader()
    short = Trader(long.exchange, key="b")
    script(long, (0, "0.000012345"))
    hold(long, "0.12345678")
    hold(short, "-0.12345678")
    long.advance(100 * 3600)
    balances = long.exchange.state.ledger.balances
    left = balances.get(("rounding", "USDC"), 0)
    assert cash(long) < 0 < cash(short)
    assert cash(long) + cash(short) + left + balances.get(("funding/hyperliquid", "USDC"), 0) == 0
    assert 0 < left <= 200
    long.exchange.check_invariants()


def test_the_mark_is_the_price_of_the_instant() -> None:
    trader = Trader()
    script(trader, (0, "0.001"))
    hold(trader, "1")
    for hour, mid in enumerate((2000, 4000, 1000), start=1):
        trader.exchange.advance_to(START_NS + hour * HOUR - 1)
        price(trader, mid)
        trader.exchange.advance_to(START_NS + hour * HOUR)
    payments = trader.exchange.state.accounts[trader.client].funding
    assert [payment.mark for payment in payments] == [usd("2000"), usd("4000"), usd("1000")]
    assert cash(trader) == units("-7")


def test_orders_of_the_instant_come_before_its_funding() -> None:
    trader = Trader()
    price(trader, 3000)
    script(trader, (1, "0.0001"))
    hold(trader, "1")
    trader.exchange.put_sandbox_settings(trader.client, {"latency_ms": {"hyperliquid": 1000}})
    trader.exchange.advance_to(START_NS + HOUR - SECOND)
    order = trader.place("buy", "1", symbol=PERP)
    trader.advance(1)
    assert trader.status(order) == "FILLED"
    assert [payment.qty for payment in trader.exchange.state.accounts[trader.client].funding] == [units("2")]


def test_the_insurance_pays_what_an_account_does_not_have() -> None:
    trader = Trader()
    trader.fund(venue="hyperliquid", kind="crypto", symbol="USDC", qty=1)
    price(trader, 3000)
    script(trader, (0, "0.0001"))
    hold(trader, "10")
    trader.advance(3600)
    assert trader.amount("hyperliquid", "USDC") == 0
    assert trader.position("hyperliquid", "ETH-PERP")["realized_pnl_usd_1e9"] == usd("-3")
    assert trader.exchange.state.ledger.balances["insurance/hyperliquid", "USDC"] == units("-2")
    trader.exchange.check_invariants()


def test_the_net_asset_value_falls_by_what_was_paid() -> None:
    trader = Trader()
    price(trader, 3000)
    script(trader, (0, "0.0002"))
    hold(trader, "5")
    before = trader.total("nav_usd_1e9")
    trader.advance(3600)
    assert trader.total("nav_usd_1e9") - before == usd("-3")
    assert trader.total("realized_pnl_usd_1e9") == usd("-3")


def test_scripts_hold_until_the_next_point_and_later_ones_lie_over_earlier_ones() -> None:
    trader = Trader()
    script(trader, (1, "0.001"), (3, "-0.002"), (5, "0"))
    script(trader, (4, "0.007"))
    trader.advance(6 * 3600)
    points = funding_points(trader.exchange.desk, "hyperliquid", PERP, START_NS + HOUR, START_NS + 9 * HOUR)
    assert [point.rate_1e9 for point in points] == [1_000_000, 1_000_000, -2_000_000, 7_000_000, 7_000_000, 7_000_000]
    # Other venues and perps keep their own.
    natural = natural_rate(MARKET, "binance", PERP, START_NS + 8 * HOUR)
    trader.advance(2 * 3600)
    assert (
        funding_points(trader.exchange.desk, "binance", PERP, START_NS, trader.exchange.now_ns)[-1].rate_1e9 == natural
    )


def test_a_script_changes_no_settlement_that_has_been() -> None:
    trader = Trader()
    hold(trader, "1")
    trader.advance(3600)
    script(trader, (1, "0.5"))
    (paid,) = trader.exchange.state.accounts[trader.client].funding
    points = funding_points(trader.exchange.desk, "hyperliquid", PERP, START_NS, trader.exchange.now_ns)
    assert points[-1].rate_1e9 == paid.rate != 500_000_000
    trader.advance(3600)
    assert trader.exchange.state.accounts[trader.client].funding[-1].rate == 500_000_000


@pytest.mark.parametrize(
    ("symbol", "venue", "points", "field"),
    [
        ("NOPE-PERP", "binance", [(1, 0)], "symbol"),
        ("rain-in-oslo-friday", "binance", [(1, 0)], "symbol"),
        (PERP, "kraken", [(1, 0)], "venue"),
        (PERP, "binance", [], "points"),
        (PERP, "binance", [(-1, 0)], "points[0]"),
        (PERP, "binance", [(2, 0), (2, 0)], "points[1]"),
        (PERP, "binance", [(2, 0), (1, 0)], "points[1]"),
        (PERP, "binance", [(2, 10**9 + 1)], "points[0]"),
    ],
)
def test_impossible_scripts_are_refused(symbol: str, venue: str, points: list[tuple[int, int]], field: str) -> None:
    venue_ = exchange()
    digest = venue_.journal.digest()
    with pytest.raises(Refusal) as refused:
        venue_.set_funding(symbol, venue, [(START_NS + hours * HOUR, rate) for hours, rate in points])
    assert refused.value.details[0]["field"] == field
    assert venue_.journal.digest() == digest


# The market's own rates.


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(FUNDING_HOURS)), st.integers(0, 80_000), st.sampled_from(["BTC-USD-PERP", PERP]))
def test_a_rate_lies_where_the_formula_puts_it(venue: str, number: int, symbol: str) -> None:
    hours = FUNDING_HOURS[venue]
    at = number * hours * HOUR
    premium = MARKET.premium_1e9(symbol, venue, at - hours * HOUR, at)
    rate = natural_rate(MARKET, venue, symbol, at)
    eight = rate * 8 // hours
    assert abs(eight) <= 3_000_000 + 8
    if abs(premium - 100_000) < 500_000:
        assert eight in range(100_000 - 8, 100_001)
    assert (eight - premium) * (100_000 - premium) >= -8 * abs(100_000 - premium)
    assert rate == natural_rate(SyntheticMarket(seed=SEED), venue, symbol, at)


def test_the_premium_is_the_perps_own() -> None:
    interval = (START_NS - 8 * HOUR, START_NS)
    seen: list[Decimal] = []
    for at in range(*interval, 600 * SECOND):
        perp, spot = MARKET.reference_price(BTC, at), MARKET.reference_price("BTC-USDT", at)
        assert perp is not None
        assert spot is not None
        seen.append(Decimal(perp) / Decimal(spot) - 1)
    average = sum(seen, Decimal(0)) / len(seen)
    premium = Decimal(MARKET.premium_1e9(BTC, "binance", *interval)).scaleb(-9)
    assert abs(premium - average) < Decimal("0.00005")
    assert MARKET.premium_1e9(BTC, "okx", *interval) != MARKET.premium_1e9(BTC, "binance", *interval)


def test_a_tape_says_nothing_about_the_premium() -> None:
    tape = tape_market(PERP_BTC)
    assert natural_rate(tape, "binance", BTC, START_NS) == 100_000
    assert natural_rate(tape, "hyperliquid", BTC, START_NS) == 12_500


def test_the_expected_rate_becomes_the_settled_one() -> None:
    venue = exchange()
    venue.advance_to(START_NS + 8 * HOUR - 1)
    before = funding_rate_now(venue.desk, "binance", BTC)
    venue.advance_to(START_NS + 8 * HOUR)
    after = funding_rate_now(venue.desk, "binance", BTC)
    assert before is not None
    assert after is not None
    assert before.predicted_1e9 == after.rate_1e9
    assert (before.next_ns, after.next_ns) == (START_NS + 8 * HOUR, START_NS + 16 * HOUR)
    assert (before.rate_1e9, after.hours) == (natural_rate(MARKET, "binance", BTC, START_NS), 8)


def test_the_open_interest_is_what_accounts_hold() -> None:
    trader = Trader()
    hold(trader, "2")
    hold(Trader(trader.exchange, key="b"), "-3")
    now = funding_rate_now(trader.exchange.desk, "hyperliquid", PERP)
    assert now is not None
    assert now.open_interest_1e8 == units("5")


def test_settlements_lie_on_the_hours_of_the_venue() -> None:
    assert [at // HOUR for at in settlements("binance", 8 * HOUR, 24 * HOUR)] == [16, 24]
    assert next_settlement("binance", 8 * HOUR - 1) == 8 * HOUR
    assert next_settlement("binance", 8 * HOUR) == 16 * HOUR


# Restarts, resets, and a real year.


def test_restarts_lose_no_settlement_and_repeat_none(tmp_path: Path) -> None:
    def run(path: Path, restarts: bool) -> tuple[object, str]:
        trader = Trader(exchange(Journal(SqliteStore(path))))
        hold(trader, "3")
        hold(trader, "-1", venue="okx", symbol=BTC)
        for _ in range(30):
            trader.advance(1800)
            if restarts:
                trader.exchange.close()
                journal = Journal(SqliteStore(path))
                trader.exchange = Exchange(MARKET, seed=SEED, start_ns=START_NS, journal=journal)
        trader.exchange.check_invariants()
        answer = trader.exchange.state.accounts[trader.client].funding, trader.exchange.journal.digest()
        trader.exchange.close()
        return answer

    assert run(tmp_path / "a.db", restarts=True) == run(tmp_path / "b.db", restarts=False)


def test_a_settlement_that_could_not_be_stored_is_made_up_for() -> None:
    disk = Disk()
    trader = Trader(exchange(Journal(disk)))
    hold(trader, "1")
    disk.full = True
    with pytest.raises(OSError):
        trader.advance(3600)
    assert not trader.exchange.state.accounts[trader.client].funding
    disk.full = False
    trader.advance(1800)
    (payment,) = trader.exchange.state.accounts[trader.client].funding
    assert payment.time_ns == START_NS + HOUR
    trader.exchange.check_invariants()


def test_a_reset_account_is_funded_no_more() -> None:
    trader = Trader()
    hold(trader, "1")
    trader.advance(3600)
    trader.exchange.sandbox_reset(trader.client)
    trader.advance(7200)
    assert len(trader.exchange.state.accounts[trader.client].funding) == 1
    assert cash(trader) == 0
    trader.exchange.check_invariants()


def recorded(name: str, year: int) -> Iterator[tuple[int, Decimal]]:
    """The settlements of a year from a recorded file, whose stamps are three hours ahead of UTC."""
    with gzip.open(recording(f"funding/{name}.csv.gz"), "rb") as file:
        for row in csv.DictReader(io.TextIOWrapper(file, encoding="utf-8")):
            stamp = datetime.fromisoformat(row["Date"]).replace(tzinfo=UTC) - timedelta(hours=3)
            # Some stamps lie a few milliseconds behind the hour.
            moment = stamp.replace(minute=0, second=0, microsecond=0)
            if moment.year == year:
                yield ns_from_datetime(moment), Decimal(row["Funding Rate"])


@pytest.mark.parametrize("qty", ["1.23456789", "-0.87654321"])
def test_a_recorded_year_of_funding_is_paid_to_the_last_unit(qty: str) -> None:
    rates = list(recorded("BTC-USDT_binance", 2023))
    assert len(rates) == 1095
    start_ns = ns_from_datetime(datetime(2022, 12, 31, 23, tzinfo=UTC))
    trader = Trader(Exchange(MARKET, seed=SEED, start_ns=start_ns))
    before = trader.amount("binance", "USDT")
    points = [(when, price_to_1e9(rate, allow_zero=True, allow_negative=True)) for when, rate in rates]
    trader.exchange.set_funding("BTC-PERP", "binance", points)
    trader.fund(venue="binance", kind="perp", symbol=BTC, qty=float(qty), entry_price_usd=16_500)

    # The price moves every week; the hand computation knows nothing but these prices, the rates and the quantity.
    expected, price_now = Decimal(0), Decimal(0)
    for number, (when, rate) in enumerate(rates):
        if number % 21 == 0:
            price_now = Decimal("16543.21") + Decimal("511.7") * (number // 21)
            low, high = price_now - Decimal("0.5"), price_now + Decimal("0.5")
            trader.book([(str(low), "9")], [(str(high), "9")], symbol=BTC, venue="binance")
        trader.exchange.advance_to(when)
        owed = Decimal(qty) * price_now * rate
        expected += (-owed).quantize(Decimal("1e-8"), ROUND_FLOOR)

    assert decimal_1e8(trader.amount("binance", "USDT") - before) == expected
    row = trader.position("binance", "BTC-PERP")
    assert cast("int", row["funding_usd_1e9"]) == cast("int", row["realized_pnl_usd_1e9"]) == expected.scaleb(9)
    # The recorded file rests on what it says: that year longs paid on balance.
    assert (expected < 0) == (Decimal(qty) > 0)
    history = funding_points(trader.exchange.desk, "binance", BTC, start_ns, trader.exchange.now_ns)
    assert [(point.time_ns, Decimal(point.rate_1e9).scaleb(-9)) for point in history] == rates
    trader.exchange.check_invariants()
