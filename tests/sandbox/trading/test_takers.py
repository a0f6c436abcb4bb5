"""Orders that take: which displayed sizes, from which venue, at which price, and when they stop."""

from __future__ import annotations

import pytest

from .support import KALSHI, PERP, Trader, units, usd


@pytest.fixture
def trader() -> Trader:
    trader = Trader()
    trader.book([("90000", "1.5")], [("90010", "0.3"), ("90020", "2")])
    return trader


def test_a_market_order_walks_the_book(trader: Trader) -> None:
    order = trader.place("buy", "0.5")
    assert trader.traded(order) == [
        ("kraken", usd("90010"), units("0.3")),
        ("kraken", usd("90020"), units("0.2")),
    ]
    row = trader.order(order)
    assert row["status"] == "FILLED"
    assert row["avg_fill_price_1e9"] == usd("90014")
    assert trader.graph(order) == "completed"


def test_the_same_displayed_size_fills_only_once(trader: Trader) -> None:
    trader.place("buy", "0.3")
    assert trader.traded(trader.place("buy", "0.3")) == [("kraken", usd("90020"), units("0.3"))]
    net = trader.exchange.net_book("BTC-USD", "kraken")
    assert net is not None
    assert net.asks == ((usd("90020"), units("1.7")),)
    assert net.bids == ((usd("90000"), units("1.5")),)


def test_another_account_meets_what_the_first_one_left(trader: Trader) -> None:
    trader.place("buy", "0.3")
    other = Trader(trader.exchange, "b")
    assert other.traded(other.place("buy", "0.1")) == [("kraken", usd("90020"), units("0.1"))]


def test_a_changed_size_is_new_liquidity_and_an_unchanged_one_is_not(trader: Trader) -> None:
    trader.place("buy", "1.3")
    trader.book([("90000", "1.5")], [("90010", "0.4"), ("90020", "2")])
    order = trader.place("buy", "3")
    assert trader.traded(order) == [
        ("kraken", usd("90010"), units("0.4")),
        ("kraken", usd("90020"), units("1")),
    ]


def test_a_market_order_that_empties_the_book_completes_with_what_it_got(trader: Trader) -> None:
    order = trader.place("buy", "5")
    assert trader.status(order) == "COMPLETED"
    assert trader.filled(order) == units("2.3")
    assert trader.graph(order) == "completed"
    assert trader.status(trader.place("buy", "1")) == "CANCELLED"


def test_a_market_order_without_anything_displayed_is_cancelled(trader: Trader) -> None:
    trader.book([("90000", "1")], [])
    order = trader.place("buy", "1")
    assert (trader.status(order), trader.reason(order)) == ("CANCELLED", "NO_LIQUIDITY")
    assert trader.graph(order) == "aborted"


def test_venues_are_swept_by_landed_cost() -> None:
    trader = Trader()
    trader.exchange.put_sandbox_settings(trader.client, {"fees": {"kraken": {"maker_bps": 0, "taker_bps": 50}}})
    trader.book([], [("90000", "1"), ("90100", "1")], venue="kraken")
    trader.book([], [("90200", "1"), ("90300", "1")], venue="coinbase")
    # With 50 bps kraken's 90,000 costs 90,450; coinbase's 90,200 and 90,300 with 10 bps are cheaper.
    assert trader.traded(trader.place("buy", "3")) == [
        ("coinbase", usd("90200"), units("1")),
        ("coinbase", usd("90300"), units("1")),
        ("kraken", usd("90000"), units("1")),
    ]


def test_equal_landed_cost_goes_to_the_venue_listed_first() -> None:
    trader = Trader()
    for venue in ("kraken", "coinbase", "bybit"):
        trader.book([], [("90000", "1")], venue=venue)
    assert [fill[0] for fill in trader.traded(trader.place("buy", "2"))] == ["coinbase", "kraken"]


def test_a_pinned_order_stays_on_its_venue() -> None:
    trader = Trader()
    trader.book([], [("90000", "1")], venue="coinbase")
    trader.book([], [("95000", "1")], venue="kraken")
    order = trader.place("buy", "2", venue="kraken")
    assert trader.traded(order) == [("kraken", usd("95000"), units("1"))]
    assert trader.status(order) == "COMPLETED"


def test_a_limit_order_takes_within_its_limit_and_rests_the_remainder(trader: Trader) -> None:
    order = trader.place("buy", "1", "90015")
    assert trader.traded(order) == [("kraken", usd("90010"), units("0.3"))]
    assert trader.status(order) == "PARTIAL"
    assert trader.graph(order) == "partial_fill"
    # 0.7 at 90,015 and 10 bps of it.
    assert trader.held("kraken", "USD") == units("63010.5") + units("63.0105")


def test_ioc_takes_what_is_there_and_ends(trader: Trader) -> None:
    order = trader.place("buy", "1", "90015", tif="IOC")
    assert (trader.status(order), trader.reason(order)) == ("COMPLETED", "LIMIT_NOT_REACHED")
    assert trader.filled(order) == units("0.3")
    nothing = trader.place("buy", "1", "89000", tif="IOC")
    assert (trader.status(nothing), trader.reason(nothing)) == ("CANCELLED", "LIMIT_NOT_REACHED")
    assert trader.held("kraken", "USD") == 0


def test_fok_is_all_or_nothing(trader: Trader) -> None:
    order = trader.place("buy", "2.4", "90020", tif="FOK")
    assert (trader.status(order), trader.reason(order)) == ("CANCELLED", "FOK_NOT_FILLABLE")
    assert trader.fills() == []
    assert trader.status(trader.place("buy", "2.3", "90020", tif="FOK")) == "FILLED"


def test_the_slippage_cap_is_measured_from_the_arrival_mid(trader: Trader) -> None:
    # Mid 90,005; 1 bps allows 90,014.0005, which the second level misses.
    order = trader.place("buy", "1", max_slippage_bps=1)
    assert trader.filled(order) == units("0.3")
    assert (trader.status(order), trader.reason(order)) == ("COMPLETED", "MAX_SLIPPAGE")
    none = trader.place("sell", "1", max_slippage_bps=0)
    assert (trader.status(none), trader.reason(none)) == ("CANCELLED", "MAX_SLIPPAGE")


def test_money_limits_what_can_be_bought(trader: Trader) -> None:
    trader.fund(venue="kraken", kind="fiat", symbol="USD", qty=27003)
    order = trader.place("buy", "0.3")
    assert (trader.status(order), trader.reason(order)) == ("REJECTED", "INSUFFICIENT_BALANCE")
    answer = trader.exchange.submit(trader.client, {"symbol": "BTC-USD", "side": "buy", "qty": 0.3})
    assert answer["status"] == "aborted"
    # 0.3 x 90,010 = 27,003 and a fee of 27.003.
    trader.fund(venue="kraken", kind="fiat", symbol="USD", qty=27030.003)
    assert trader.status(trader.place("buy", "0.3")) == "FILLED"
    assert trader.amount("kraken", "USD") == 0


def test_spot_cannot_be_sold_short(trader: Trader) -> None:
    order = trader.place("sell", "0.1")
    assert (trader.status(order), trader.reason(order)) == ("REJECTED", "INSUFFICIENT_BALANCE")
    assert trader.status(trader.place("sell", "0.1", "95000")) == "REJECTED"


def test_a_sell_goes_where_the_goods_are() -> None:
    trader = Trader()
    trader.book([("90000", "5")], [("90010", "1")], venue="kraken")
    trader.book([("91000", "5")], [("91010", "1")], venue="coinbase")
    trader.place("buy", "1", venue="kraken")
    order = trader.place("sell", "1")
    assert trader.traded(order) == [("kraken", usd("90000"), units("1"))]


def test_a_big_sell_spreads_over_the_venues_that_hold_goods() -> None:
    trader = Trader()
    for venue, bid in (("kraken", "90000"), ("coinbase", "90001")):
        trader.book([(bid, "5")], [("90010", "1")], venue=venue)
        trader.place("buy", "1", venue=venue)
    order = trader.place("sell", "1.5")
    assert trader.traded(order) == [
        ("coinbase", usd("90001"), units("1")),
        ("kraken", usd("90000"), units("0.5")),
    ]


def test_buying_no_takes_the_bids_of_yes() -> None:
    trader = Trader()
    trader.book([("0.40", "100")], [("0.45", "50")], symbol=KALSHI, venue="kalshi")
    order = trader.place("buy", "30", symbol=f"{KALSHI}:NO")
    assert trader.traded(order) == [("kalshi", usd("0.60"), units("30"))]
    yes, no = (trader.exchange.net_book(symbol, "kalshi") for symbol in (KALSHI, f"{KALSHI}:NO"))
    assert yes is not None
    assert no is not None
    assert yes.bids == ((usd("0.40"), units("70")),)
    assert no.asks == ((usd("0.60"), units("70")),)
    assert trader.amount("kalshi", "NO") == units("30")


def test_a_perp_can_be_sold_short_and_bound_margin_comes_back() -> None:
    trader = Trader()
    trader.book([("3000", "100")], [("3001", "100")], symbol=PERP, venue="hyperliquid")
    trader.place("sell", "10", symbol=PERP)
    assert trader.amount("hyperliquid", "ETH-PERP") == -units("10")
    assert trader.held("hyperliquid", "USDC") == units("3000")
    trader.place("buy", "4", symbol=PERP)
    assert trader.held("hyperliquid", "USDC") == units("1800")
    # 4 x (3000 - 3001), fees of 30 and 12.004.
    assert trader.position("hyperliquid", "ETH-PERP")["realized_pnl_usd_1e9"] == usd("-4")
    trader.place("buy", "6", symbol=PERP)
    assert trader.held("hyperliquid", "USDC") == 0
    assert trader.amount("hyperliquid", "USDC") == units("1000000000") - units("10") - units("60.01")


def test_notional_buys_the_quantity_of_the_live_price(trader: Trader) -> None:
    trader.exchange.submit(trader.client, {"symbol": "BTC-USD", "side": "buy", "notional": 9001, "graph_id": "graph_n"})
    assert trader.order("graph:graph_n:order:1")["qty_1e8"] == units("0.1")


def test_slippage_and_latency_of_the_settings_apply(trader: Trader) -> None:
    trader.exchange.put_sandbox_settings(trader.client, {"slippage_bps": 10, "latency_ms": {"kraken": 75}})
    order = trader.place("buy", "0.1")
    assert (trader.status(order), trader.graph(order)) == ("PENDING", "pending")
    trader.advance(0.074)
    assert trader.status(order) == "PENDING"
    trader.advance(0.001)
    assert trader.traded(order) == [("kraken", usd("90100.01"), units("0.1"))]


@pytest.mark.parametrize("policy", ["sor", "ioc_sweep"])
def test_a_later_book_does_not_help_an_order_that_is_over(trader: Trader, policy: str) -> None:
    order = trader.place("buy", "5", policy=policy)
    trader.book([("90000", "1.5")], [("90010", "9")])
    trader.advance(60)
    assert trader.filled(order) == units("2.3")
