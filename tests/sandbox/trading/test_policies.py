"""Each policy and each urgency does what its name says."""

from __future__ import annotations

import pytest

from sequence_markets.sandbox.exchange import Refusal

from .support import PERP, Trader, units, usd


@pytest.fixture
def trader() -> Trader:
    trader = Trader()
    trader.book([("90000", "1.5")], [("90010", "0.5"), ("90020", "2")])
    return trader


def resting(trader: Trader, order_id: str) -> list[tuple[str, int, int]]:
    """(venue, price, quantity) of everything an order has standing, oldest first."""
    state = trader.exchange.state
    order = state.orders[state.accounts[trader.client].orders[order_id]]
    children = [state.children[no] for no in order.children]
    return [(child.venue, order.spec.book_price(child.price), child.qty) for child in children if child.mode == "rest"]


class TestSor:
    def test_low_urgency_waits_at_the_near_touch_and_crosses_at_the_end(self, trader: Trader) -> None:
        order = trader.place("buy", "1", urgency="low")
        assert resting(trader, order) == [("kraken", usd("90000"), units("1"))]
        trader.advance(29)
        assert trader.filled(order) == 0
        trader.advance(1)
        assert trader.traded(order) == [
            ("kraken", usd("90010"), units("0.5")),
            ("kraken", usd("90020"), units("0.5")),
        ]
        assert trader.status(order) == "FILLED"

    def test_low_urgency_with_a_limit_rests_at_the_limit_after_its_patience(self, trader: Trader) -> None:
        order = trader.place("buy", "1", "90015", urgency="low")
        assert resting(trader, order) == [("kraken", usd("90000"), units("1"))]
        trader.advance(30)
        assert trader.filled(order) == units("0.5")
        assert resting(trader, order) == [("kraken", usd("90015"), units("0.5"))]
        trader.advance(3600)
        assert trader.status(order) == "PARTIAL"

    def test_medium_urgency_crosses_at_once_and_waits_at_one_venue(self, trader: Trader) -> None:
        trader.book([("89000", "1")], [("91000", "1")], venue="coinbase")
        order = trader.place("buy", "1", "90015", urgency="medium")
        assert trader.filled(order) == units("0.5")
        assert resting(trader, order) == [("kraken", usd("90015"), units("0.5"))]
        trader.book([("89000", "1")], [("90014", "1")], venue="coinbase")
        assert trader.filled(order) == units("0.5")

    def test_high_urgency_also_takes_what_appears_at_other_venues(self, trader: Trader) -> None:
        trader.book([("89000", "1")], [("91000", "1")], venue="coinbase")
        order = trader.place("buy", "1", "90015", urgency="high")
        assert trader.filled(order) == units("0.5")
        trader.book([("89000", "1")], [("90014", "0.2")], venue="coinbase")
        assert trader.traded(order)[-1] == ("coinbase", usd("90014"), units("0.2"))
        assert resting(trader, order) == [("kraken", usd("90015"), units("0.3"))]
        trader.book([("89000", "1")], [("90013", "5")], venue="coinbase")
        assert trader.status(order) == "FILLED"
        assert [row["liquidity"] for row in trader.fills(order)] == ["taker"] * 3
        trader.exchange.check_invariants()

    def test_a_market_order_with_a_horizon_keeps_looking_until_then(self, trader: Trader) -> None:
        order = trader.place("buy", "4", horizon_ms=5000)
        assert trader.filled(order) == units("2.5")
        assert trader.held("kraken", "USD") > 0
        trader.book([("90000", "1.5")], [("90050", "0.5")])
        trader.advance(0.9)
        assert trader.filled(order) == units("2.5")
        trader.advance(0.1)
        assert trader.filled(order) == units("3")
        trader.advance(4)
        assert (trader.status(order), trader.reason(order)) == ("COMPLETED", "HORIZON_EXPIRED")
        assert trader.graph(order) == "expired"
        assert trader.held("kraken", "USD") == 0

    def test_high_urgency_looks_ten_times_as_often(self, trader: Trader) -> None:
        order = trader.place("buy", "4", horizon_ms=5000, urgency="high")
        trader.book([("90000", "1.5")], [("90050", "0.5")])
        trader.advance(0.1)
        assert trader.filled(order) == units("3")

    def test_a_limit_order_with_a_horizon_ends_there(self, trader: Trader) -> None:
        order = trader.place("buy", "1", "89000", horizon_ms=2000)
        trader.advance(1.999)
        assert trader.status(order) == "ACCEPTED"
        trader.advance(0.001)
        assert (trader.status(order), trader.graph(order)) == ("CANCELLED", "expired")


class TestIocSweep:
    def test_it_takes_all_venues_at_once_and_never_waits(self, trader: Trader) -> None:
        trader.book([], [("90005", "0.25")], venue="coinbase")
        order = trader.place("buy", "5", "90015", policy="ioc_sweep", horizon_ms=60_000)
        assert trader.traded(order) == [
            ("coinbase", usd("90005"), units("0.25")),
            ("kraken", usd("90010"), units("0.5")),
        ]
        assert trader.status(order) == "COMPLETED"


class TestPassiveLimit:
    def test_it_never_crosses(self, trader: Trader) -> None:
        order = trader.place("buy", "1", "95000", policy="passive_limit")
        assert resting(trader, order) == [("kraken", usd("90009.99"), units("1"))]
        assert trader.filled(order) == 0

    def test_without_a_limit_it_joins_the_near_touch(self, trader: Trader) -> None:
        order = trader.place("buy", "1", policy="passive_limit")
        assert resting(trader, order) == [("kraken", usd("90000"), units("1"))]

    def test_at_its_horizon_the_rest_is_cancelled(self, trader: Trader) -> None:
        order = trader.place("buy", "1", policy="passive_limit", horizon_ms=1000)
        trader.print("sell", "89000", "0.25")
        trader.advance(1)
        assert (trader.status(order), trader.filled(order)) == ("COMPLETED", units("0.25"))
        assert trader.graph(order) == "expired"

    @pytest.mark.parametrize("tif", ["IOC", "FOK"])
    def test_it_contradicts_immediate_orders(self, trader: Trader, tif: str) -> None:
        with pytest.raises(Refusal) as refused:
            trader.place("buy", "1", "90000", policy="passive_limit", tif=tif)
        assert refused.value.status == 422


class TestPassiveLadder:
    @pytest.mark.parametrize(("urgency", "step"), [("high", 45), ("medium", 90), ("low", 180)])
    def test_it_spreads_over_five_rungs(self, trader: Trader, urgency: str, step: int) -> None:
        order = trader.place("buy", "1.00000002", policy="passive_ladder", urgency=urgency)
        assert resting(trader, order) == [
            ("kraken", usd(str(90000 - n * step)), units("0.2") + (2 if n == 4 else 0)) for n in range(5)
        ]

    def test_rungs_start_at_the_limit_when_it_is_worse_than_the_touch(self, trader: Trader) -> None:
        order = trader.place("buy", "1", "89000", policy="passive_ladder")
        assert resting(trader, order)[0] == ("kraken", usd("89000"), units("0.2"))

    def test_a_falling_market_fills_rung_after_rung(self, trader: Trader) -> None:
        order = trader.place("buy", "1", policy="passive_ladder")
        trader.book([("89000", "1")], [("89850", "9")])
        assert trader.traded(order) == [
            ("kraken", usd("90000"), units("0.2")),
            ("kraken", usd("89910"), units("0.2")),
        ]


class TestAggressiveChase:
    def test_it_improves_the_touch_by_a_tick_and_follows_it(self, trader: Trader) -> None:
        order = trader.place("buy", "1", policy="aggressive_chase")
        assert resting(trader, order) == [("kraken", usd("90000.01"), units("1"))]
        trader.book([("90003", "1")], [("90012", "1")])
        assert resting(trader, order)[0][1] == usd("90000.01")
        trader.advance(1)
        assert resting(trader, order)[0][1] == usd("90003.01")

    @pytest.mark.parametrize(("urgency", "seconds"), [("high", 0.25), ("medium", 1), ("low", 5)])
    def test_urgency_sets_how_often_it_follows(self, trader: Trader, urgency: str, seconds: float) -> None:
        order = trader.place("buy", "1", policy="aggressive_chase", urgency=urgency)
        trader.book([("90003", "1")], [("90012", "1")])
        trader.advance(seconds - 0.01)
        assert resting(trader, order)[0][1] == usd("90000.01")
        trader.advance(0.01)
        assert resting(trader, order)[0][1] == usd("90003.01")

    def test_it_never_passes_its_limit(self, trader: Trader) -> None:
        order = trader.place("buy", "1", "90001", policy="aggressive_chase")
        trader.book([("90003", "1")], [("90012", "1")])
        trader.advance(1)
        assert resting(trader, order)[0][1] == usd("90001")

    def test_in_the_end_it_crosses(self, trader: Trader) -> None:
        order = trader.place("buy", "1", policy="aggressive_chase", horizon_ms=3000)
        trader.advance(2.9)
        assert trader.filled(order) == 0
        trader.advance(0.1)
        assert trader.status(order) == "FILLED"


class TestTimeDrip:
    @pytest.mark.parametrize(("urgency", "slices"), [("high", 5), ("medium", 10), ("low", 20)])
    def test_it_takes_equal_slices_at_equal_distances(self, trader: Trader, urgency: str, slices: int) -> None:
        order = trader.place("buy", "1", policy="time_drip", urgency=urgency, horizon_ms=20_000)
        for number in range(1, slices):
            assert trader.filled(order) == units("1") * number // slices
            assert trader.held("kraken", "USD") > 0
            trader.advance(20 / slices)
        assert trader.status(order) == "FILLED"
        assert trader.held("kraken", "USD") == 0

    def test_a_later_slice_makes_up_for_an_empty_book(self, trader: Trader) -> None:
        order = trader.place("buy", "1", policy="time_drip", urgency="high", horizon_ms=5000)
        trader.book([("90000", "1")], [])
        trader.advance(2)
        assert trader.filled(order) == units("0.2")
        trader.book([("90000", "1")], [("90030", "3")])
        trader.advance(1)
        assert trader.filled(order) == units("0.8")

    def test_what_is_missing_at_the_end_stays_unfilled(self, trader: Trader) -> None:
        order = trader.place("buy", "10", policy="time_drip", urgency="high", horizon_ms=5000)
        trader.advance(4)
        assert (trader.status(order), trader.filled(order)) == ("COMPLETED", units("2.5"))
        assert trader.graph(order) == "completed"

    def test_the_whole_quantity_is_held_from_the_start(self, trader: Trader) -> None:
        trader.place("buy", "1")
        order = trader.place("sell", "1", policy="time_drip", urgency="high")
        assert trader.held("kraken", "BTC") == units("0.8")
        assert trader.status(trader.place("sell", "0.3")) == "REJECTED"
        trader.exchange.cancel_order(trader.client, order)
        assert trader.held("kraken", "BTC") == 0


@pytest.mark.parametrize("policy", ["aggressive_chase", "time_drip", "passive_ladder", "sor"])
def test_perps_work_in_every_policy(policy: str) -> None:
    trader = Trader()
    trader.book([("3000", "100")], [("3001", "100")], symbol=PERP, venue="hyperliquid")
    order = trader.place("sell", "10", symbol=PERP, policy=policy, urgency="low", horizon_ms=4000)
    trader.advance(2)
    trader.book([("3010", "90")], [("3011", "90")], symbol=PERP, venue="hyperliquid")
    trader.advance(10)
    assert trader.status(order) in ("FILLED", "COMPLETED")
    assert trader.amount("hyperliquid", "ETH-PERP") == -trader.filled(order)
    trader.exchange.check_invariants()
