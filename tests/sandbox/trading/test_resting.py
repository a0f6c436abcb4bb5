"""Orders that wait: the queue before them, what fills them, and when they are looked at again."""

from __future__ import annotations

import time

import pytest

from .support import KALSHI, SECOND, Trader, exchange, units, usd


@pytest.fixture
def trader() -> Trader:
    trader = Trader()
    trader.book([("90000", "1.5"), ("89990", "4")], [("90010", "1"), ("90020", "2")])
    return trader


def test_trades_at_the_price_first_use_up_the_queue(trader: Trader) -> None:
    order = trader.place("buy", "1", "90000")
    trader.print("sell", "90000", "1")
    assert trader.filled(order) == 0
    trader.print("sell", "90000", "0.7")
    # 1.5 stood before us, 1 of it is gone, so 0.2 of these 0.7 are ours.
    assert trader.traded(order) == [("kraken", usd("90000"), units("0.2"))]
    trader.print("sell", "90000", "5")
    assert trader.filled(order) == units("1")
    assert [row["liquidity"] for row in trader.fills(order)] == ["maker", "maker"]


def test_a_trade_through_the_price_fills_up_to_its_size(trader: Trader) -> None:
    order = trader.place("buy", "1", "90000")
    trader.print("sell", "89999", "0.4")
    assert trader.traded(order) == [("kraken", usd("90000"), units("0.4"))]


def test_trades_of_our_own_side_at_our_price_do_not_fill(trader: Trader) -> None:
    order = trader.place("buy", "1", "90005")
    trader.print("buy", "90005", "3")
    assert trader.filled(order) == 0
    trader.print("sell", "90005", "3")
    assert trader.status(order) == "FILLED"


def test_trades_above_a_bid_do_nothing(trader: Trader) -> None:
    order = trader.place("buy", "1", "90000")
    trader.print("sell", "90001", "50")
    assert trader.filled(order) == 0


def test_one_trade_is_shared_by_price_then_by_time(trader: Trader) -> None:
    other = Trader(trader.exchange, "b")
    worse = trader.place("buy", "1", "90001")
    first = trader.place("buy", "1", "90002")
    second = other.place("buy", "1", "90002")
    trader.print("sell", "90001", "2.5")
    assert (trader.filled(first), other.filled(second), trader.filled(worse)) == (
        units("1"),
        units("1"),
        units("0.5"),
    )


def test_smaller_displayed_size_does_not_move_us_up_but_a_vanished_level_does(trader: Trader) -> None:
    order = trader.place("buy", "1", "90000")
    trader.book([("90000", "0.1"), ("89990", "4")], [("90010", "1")])
    trader.print("sell", "90000", "1.4")
    assert trader.filled(order) == 0
    trader.book([("89990", "4")], [("90010", "1")])
    trader.print("sell", "90000", "0.3")
    assert trader.filled(order) == units("0.3")


def test_a_level_below_the_displayed_depth_is_not_taken_for_vanished(trader: Trader) -> None:
    order = trader.place("buy", "1", "89990")
    trader.book([("90000", "1.5"), ("89995", "1")], [("90010", "1")])
    trader.print("sell", "89990", "3.9")
    assert trader.filled(order) == 0
    trader.print("sell", "89990", "0.5")
    assert trader.filled(order) == units("0.4")


def test_a_book_that_crosses_fills_at_our_price_up_to_what_it_shows(trader: Trader) -> None:
    order = trader.place("buy", "5", "90005")
    trader.book([("89980", "1")], [("90001", "0.5"), ("90005", "0.25"), ("90006", "9")])
    assert trader.traded(order) == [
        ("kraken", usd("90005"), units("0.5")),
        ("kraken", usd("90005"), units("0.25")),
    ]
    trader.book([("89980", "2")], [("90001", "0.5"), ("90005", "0.25"), ("90006", "9")])
    assert trader.filled(order) == units("0.75")
    trader.book([("89980", "2")], [("90001", "0.6")])
    assert trader.filled(order) == units("1.35")


def test_a_resting_sell_mirrors_a_resting_buy(trader: Trader) -> None:
    trader.place("buy", "1")
    order = trader.place("sell", "1", "90020")
    assert trader.held("kraken", "BTC") == units("1")
    trader.print("buy", "90020", "2.1")
    assert trader.filled(order) == units("0.1")
    trader.print("buy", "90021", "0.4")
    assert trader.filled(order) == units("0.5")
    assert trader.held("kraken", "BTC") == units("0.5")


def test_a_resting_no_is_filled_by_trades_of_yes() -> None:
    trader = Trader()
    trader.book([("0.40", "100")], [("0.45", "50")], symbol=KALSHI, venue="kalshi")
    order = trader.place("buy", "30", "0.55", symbol=f"{KALSHI}:NO")
    assert trader.held("kalshi", "USD") == units("16.5")
    # 50 offered YES at 0.45 are 50 bids for NO at 0.55: they stand before us.
    trader.print("buy", "0.45", "60", symbol=KALSHI, venue="kalshi")
    assert trader.traded(order) == [("kalshi", usd("0.55"), units("10"))]
    trader.print("sell", "0.54", "5", symbol=f"{KALSHI}:NO", venue="kalshi")
    assert trader.filled(order) == units("15")
    assert trader.position("kalshi", "NO")["fees_usd_1e9"] == 0


def test_cancel_gives_back_the_hold_and_keeps_fills(trader: Trader) -> None:
    order = trader.place("buy", "2", "90010")
    assert trader.filled(order) == units("1")
    cash = trader.amount("kraken", "USD")
    trader.exchange.cancel_order(trader.client, order)
    assert trader.status(order) == "CANCELLED"
    assert trader.graph(order) == "aborted"
    assert trader.held("kraken", "USD") == 0
    assert trader.amount("kraken", "USD") == cash
    assert trader.amount("kraken", "BTC") == units("1")
    assert trader.exchange.cancel_order(trader.client, order)["status"] == "CANCELLED"


def test_a_hold_that_no_longer_suffices_ends_the_order_instead_of_overdrawing(trader: Trader) -> None:
    # The whole order would cost 10 units and a fee of 1. A small part of it already costs 1 and a fee of 1, while
    # what remains still needs 11.
    trader.book([("0.00001", "10")], [("9", "1")], symbol="DOGE-USD")
    trader.fund(venue="kraken", kind="fiat", symbol="USD", qty=0.00000013)
    order = trader.place("buy", "0.01", "0.00001", symbol="DOGE-USD")
    assert trader.held("kraken", "USD") == 11
    trader.print("sell", "0.000001", "0.00001", symbol="DOGE-USD")
    assert (trader.filled(order), trader.amount("kraken", "USD")) == (1000, 11)
    trader.print("sell", "0.000001", "0.00001", symbol="DOGE-USD")
    assert (trader.status(order), trader.reason(order)) == ("CANCELLED", "INSUFFICIENT_BALANCE")
    assert (trader.amount("kraken", "USD"), trader.held("kraken", "USD")) == (11, 0)


def test_resting_orders_meet_the_synthetic_market_when_time_passes() -> None:
    trader = Trader()
    mid = trader.exchange.market.reference_price("BTC-USD", trader.exchange.now_ns)
    assert mid is not None
    near = trader.place("buy", "0.01", str(mid // 10**9 - 5), venue="binance")
    trader.advance(6 * 3600)
    trader.exchange.check_invariants()
    assert trader.status(near) in ("ACCEPTED", "PARTIAL", "FILLED")


def test_advancing_in_one_step_or_in_many_gives_the_same_fills() -> None:
    def run(steps: int) -> tuple[list[tuple[str, int, int]], object]:
        trader = Trader()
        mid = trader.exchange.market.reference_price("SOL-USD", trader.exchange.now_ns)
        assert mid is not None
        order = trader.place("buy", "500", f"{mid * 9999 // 10_000 // 10**7 / 100:.2f}", symbol="SOL-USD", venue="okx")
        for _ in range(steps):
            trader.advance(600 / steps)
        trader.exchange.check_invariants()
        return trader.traded(order), trader.fills(order)

    once = run(1)
    assert once == run(40)
    assert len(once[0]) > 1


def test_a_day_passes_quickly_over_a_far_away_order() -> None:
    trader = Trader(exchange())
    trader.place("buy", "0.01", "1000")
    started = time.perf_counter()
    trader.advance(86_400)
    elapsed = time.perf_counter() - started
    assert trader.exchange.now_ns % (86_400 * SECOND) == 0
    # Stepping through every change of the market would take hundreds of thousands of looks.
    assert elapsed < 5
