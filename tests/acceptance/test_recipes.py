"""Every recipe runs against the sandbox to each of its ends, on scripted books and a manual clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal

import pytest

from sequence_markets import GraphWaitError, recipes
from sequence_markets.graphs import node
from sequence_markets.sandbox import Sandbox

from .desk import Desk, Row, amount

PERP = "ETH-USD-PERP"
ARMED, CANCELLED = ("armed", "0"), ("cancelled", "0")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed=7, clock="manual") as running:
        yield running


@pytest.fixture
def desk(sandbox: Sandbox) -> Iterator[Desk]:
    sandbox.reset()
    with sandbox.client() as seq:
        yield Desk(sandbox, seq)
    sandbox.check_invariants()


@dataclass(frozen=True, slots=True)
class Market:
    """What a bracket trades; prices are in percent of the entry price."""

    symbol: str
    venue: str
    kind: Literal["spot", "perp", "prediction"]
    side: Literal["buy", "sell"]
    percent: str
    held: str
    name: str

    @property
    def sign(self) -> int:
        return 1 if self.side == "buy" else -1

    def price(self, percent: object) -> Decimal:
        return Decimal(str(percent)) * Decimal(self.percent)


MARKETS = {
    "spot": Market("BTC-USD", "kraken", "spot", "buy", "1", "10", "BTC"),
    "perp": Market(PERP, "hyperliquid", "perp", "buy", "1", "10", "ETH-PERP"),
    "short perp": Market(PERP, "hyperliquid", "perp", "sell", "1", "-10", "ETH-PERP"),
    "prediction": Market("KXBTCZ-26DEC31-T99000", "kalshi", "prediction", "buy", "0.005", "10", "event"),
}


@dataclass(slots=True)
class Bracket:
    desk: Desk
    market: Market

    def quote(self, percent: int, size: object = 100) -> None:
        """Quote around a price in percent of the entry's; for a short, as far on the other side."""
        mirrored = percent if self.market.side == "buy" else 200 - percent
        self.desk.mid(self.market.price(mirrored), spread=self.market.price(4), size=size)

    def touch(self, size: object) -> None:
        """Quote so that the entry trades at 100 %."""
        self.quote(98, size)

    def send(self, **more: Any) -> None:
        market = self.market
        self.desk.send(
            recipes.bracket(
                market.symbol, market.side, 10, take_profit_pct=10, stop_loss_pct=10, venue=market.venue,
                instrument_type=market.kind, **more,
            )
        )  # fmt: skip


@pytest.fixture(params=MARKETS)
def bracket(desk: Desk, request: pytest.FixtureRequest) -> Bracket:
    market = MARKETS[request.param]
    return Bracket(replace(desk, symbol=market.symbol, venue=market.venue), market)


@pytest.fixture
def entered(bracket: Bracket) -> Bracket:
    bracket.touch(100)
    bracket.send()
    assert bracket.desk.nodes() == {"entry": ("filled", "10"), "exit": ARMED}
    assert bracket.desk.positions() == {bracket.market.name: bracket.market.held}
    return bracket


@pytest.mark.covers("graph", "graph_status", "iter_fills")
def test_a_bracket_takes_its_profit(entered: Bracket) -> None:
    desk = entered.desk
    entered.quote(110)
    assert desk.nodes() == {"entry": ("filled", "10"), "exit": ("filled", "10")}
    assert desk.edges() == {"e_entry_exit": ("fired", 1), "e_entry_exit_2": ("cancelled", 0)}
    assert (desk.state, desk.positions()) == ("completed", {})
    entered.quote(80)
    assert len(desk.fills("exit")) == 1, "the stop has nothing left to do"


def test_a_bracket_stops_its_loss(entered: Bracket) -> None:
    desk = entered.desk
    entered.quote(90)
    assert desk.nodes() == {"entry": ("filled", "10"), "exit": ("filled", "10")}
    assert desk.edges() == {"e_entry_exit": ("cancelled", 0), "e_entry_exit_2": ("fired", 1)}
    assert (desk.state, desk.positions()) == ("completed", {})
    entered.quote(120)
    assert len(desk.fills("exit")) == 1


def test_a_bracket_between_its_prices_goes_on(entered: Bracket) -> None:
    for percent in (108, 92, 100):
        entered.quote(percent)
        entered.desk.sandbox.advance(seconds=86_400)
        assert entered.desk.nodes()["exit"] == ARMED
    assert entered.desk.edges() == {"e_entry_exit": ("armed", 0), "e_entry_exit_2": ("armed", 0)}
    assert (entered.desk.state, entered.desk.positions()) == (
        "partial_fill",
        {entered.market.name: entered.market.held},
    )


@pytest.mark.covers("graph_cancel")
def test_a_bracket_that_is_cancelled_keeps_what_it_holds_and_watches_nothing(entered: Bracket) -> None:
    desk = entered.desk
    desk.cancel()
    assert desk.nodes() == {"entry": ("filled", "10"), "exit": CANCELLED}
    assert (desk.state, set(desk.edges().values())) == ("aborted", {("cancelled", 0)})
    entered.quote(120)
    entered.quote(80)
    assert (desk.fills("exit"), desk.positions()) == ([], {entered.market.name: entered.market.held})


@pytest.mark.parametrize(("first", "second"), [(120, 80), (80, 120)])
def test_of_both_prices_within_one_instant_the_first_closes(entered: Bracket, first: int, second: int) -> None:
    entered.quote(first)
    entered.quote(second)
    assert entered.desk.seconds() == 0
    assert (entered.desk.nodes()["exit"], entered.desk.positions()) == (("filled", "10"), {})
    assert len(entered.desk.fills("exit")) == 1


def test_an_exit_that_finds_too_little_keeps_the_rest(entered: Bracket) -> None:
    entered.quote(110, size=4)
    desk = entered.desk
    assert desk.nodes() == {"entry": ("filled", "10"), "exit": ("partial_fill", "4")}
    assert (desk.state, desk.status.is_final) == ("completed", True)
    assert {name: abs(Decimal(held)) for name, held in desk.positions().items()} == {entered.market.name: 6}


def test_a_bracket_whose_entry_finds_nothing_is_over(bracket: Bracket) -> None:
    desk = bracket.desk
    desk.sandbox.set_book(desk.symbol, desk.venue)
    bracket.send()
    assert desk.nodes() == {"entry": CANCELLED, "exit": CANCELLED}
    assert desk.status.nodes["entry"].failure_reason == "NO_LIQUIDITY"
    assert desk.status.nodes["exit"].failure_reason == "NOT_ACTIVATED"
    assert (desk.state, set(desk.edges().values()), desk.positions()) == ("aborted", {("expired", 0)}, {})


def test_a_resting_entry_that_never_fills_never_exits(bracket: Bracket) -> None:
    desk = bracket.desk
    bracket.quote(120)
    bracket.send(entry_price=bracket.market.price(100))
    # Prices relative to an entry that did not happen are no prices.
    bracket.quote(150)
    desk.sandbox.advance(seconds=60)
    assert desk.nodes() == {"entry": ("executing", "0"), "exit": ("pending", "0")}
    assert (desk.state, set(desk.edges().values())) == ("active", {("pending", 0)})
    desk.cancel()
    assert desk.nodes() == {"entry": CANCELLED, "exit": CANCELLED}
    assert (desk.state, desk.positions()) == ("aborted", {})


def part_entered(bracket: Bracket) -> Desk:
    bracket.touch(4)
    bracket.send(entry_price=bracket.market.price(100))
    assert bracket.desk.nodes() == {"entry": ("partial_fill", "4"), "exit": ARMED}
    return bracket.desk


def test_an_entry_filled_in_part_is_closed_in_part(bracket: Bracket) -> None:
    desk = part_entered(bracket)
    bracket.quote(110)
    assert desk.nodes() == {"entry": ("partial_fill", "4"), "exit": ("partial_fill", "4")}
    assert (desk.state, desk.positions()) == ("partial_fill", {})
    desk.cancel()
    assert desk.nodes() == {"entry": ("cancelled", "4"), "exit": ("cancelled", "4")}
    assert (desk.state, desk.positions()) == ("aborted", {})


def test_what_an_entry_fills_after_its_profit_was_taken_is_left_to_the_stop(bracket: Bracket) -> None:
    desk = part_entered(bracket)
    bracket.quote(110)
    # The entry is crossed on the way down, so that it is whole before the stop is reached.
    bracket.quote(80)
    assert desk.nodes() == {"entry": ("filled", "10"), "exit": ("filled", "10")}
    assert [qty for qty, _ in desk.fills("exit")] == ["4", "6"], "the stop sells what the profit has left"
    assert (desk.state, desk.positions()) == ("completed", {})


def test_the_second_price_closes_only_what_the_first_has_left(desk: Desk) -> None:
    bracket = Bracket(replace(desk, symbol=PERP, venue="hyperliquid"), MARKETS["perp"])
    desk = part_entered(bracket)
    bracket.quote(110)
    desk.sandbox.set_book(PERP, "hyperliquid", bids=[("78", "100")], asks=[("82", "2"), ("101", "100")])
    assert desk.nodes() == {"entry": ("partial_fill", "6"), "exit": ("partial_fill", "6")}
    assert [qty for qty, _ in desk.fills("exit")] == ["4", "2"]
    assert desk.positions() == {}, "closed as a whole it would be short"


def test_a_bracket_that_is_cancelled_while_its_entry_works_keeps_the_part(bracket: Bracket) -> None:
    desk = part_entered(bracket)
    desk.cancel()
    bracket.quote(120)
    assert desk.nodes() == {"entry": ("cancelled", "4"), "exit": CANCELLED}
    assert {name: abs(Decimal(held)) for name, held in desk.positions().items()} == {bracket.market.name: 4}


def oco(desk: Desk, there: object = 100) -> Desk:
    perp = replace(desk, symbol=PERP, venue="hyperliquid")
    perp.book(98, 100, there)
    opening = node("long", PERP, "buy", 10, venue="hyperliquid", instrument_type="perp")
    perp.send(recipes.oco(opening, above=110, below=90))
    return perp


@pytest.mark.parametrize(("price", "word"), [("110", "completed"), ("109.99", "partial_fill")])
def test_an_oco_closes_at_the_higher_price(desk: Desk, price: str, word: str) -> None:
    desk = oco(desk)
    desk.mid(price)
    assert desk.state == word
    if word == "completed":
        assert desk.edges() == {"e_long_exit": ("fired", 1), "e_long_exit_2": ("cancelled", 0)}
        assert (desk.fills("exit"), desk.positions()) == ([("10", "109")], {})


@pytest.mark.parametrize(("price", "word"), [("90", "completed"), ("90.01", "partial_fill")])
def test_an_oco_closes_at_the_lower_price(desk: Desk, price: str, word: str) -> None:
    desk = oco(desk)
    desk.mid(price)
    assert desk.state == word
    if word == "completed":
        assert desk.edges() == {"e_long_exit": ("cancelled", 0), "e_long_exit_2": ("fired", 1)}
        assert (desk.fills("exit"), desk.positions()) == ([("10", "89")], {})


@pytest.mark.parametrize(("first", "second"), [(120, 80), (80, 120)])
def test_of_an_oco_only_one_side_ever_trades(desk: Desk, first: int, second: int) -> None:
    desk = oco(desk)
    desk.mid(first)
    desk.mid(second)
    assert (desk.fills("exit"), desk.positions()) == ([("10", str(first - 1))], {})
    assert sorted(desk.edges().values()) == [("cancelled", 0), ("fired", 1)]


@pytest.mark.parametrize(("first", "second"), [(120, 80), (80, 120)])
def test_of_an_oco_opened_in_part_the_other_side_has_nothing_left_to_close(desk: Desk, first: int, second: int) -> None:
    desk = oco(desk, there=4)
    assert desk.nodes() == {"long": ("partial_fill", "4"), "exit": ARMED}
    desk.mid(first)
    assert desk.nodes()["exit"] == ("partial_fill", "4")
    assert sorted(desk.edges().values()) == [("cancelled", 0), ("fired", 1)]
    assert (desk.state, desk.positions()) == ("completed", {})
    desk.mid(second)
    assert (len(desk.fills("exit")), desk.positions()) == (1, {}), "closed twice it would be short"


def test_an_oco_whose_price_is_reached_already_closes_at_once(desk: Desk) -> None:
    perp = replace(desk, symbol=PERP, venue="hyperliquid")
    perp.book(118, 120)
    opening = node("long", PERP, "buy", 10, venue="hyperliquid", instrument_type="perp")
    perp.send(recipes.oco(opening, above=110, below=90))
    assert (perp.state, perp.fills("exit"), perp.positions()) == ("completed", [("10", "118")], {})


def test_an_oco_that_opens_nothing_closes_nothing(desk: Desk) -> None:
    desk = replace(desk, symbol=PERP, venue="hyperliquid")
    desk.sandbox.set_book(PERP, "hyperliquid")
    opening = node("long", PERP, "buy", 10, venue="hyperliquid", instrument_type="perp")
    desk.send(recipes.oco(opening, above=110, below=90))
    assert (desk.nodes(), desk.state) == ({"long": CANCELLED, "exit": CANCELLED}, "aborted")


def test_an_oco_can_be_cancelled_in_the_middle(desk: Desk) -> None:
    desk = oco(desk)
    desk.cancel()
    desk.mid(200)
    assert (desk.nodes(), desk.state) == ({"long": ("filled", "10"), "exit": CANCELLED}, "aborted")
    assert desk.positions() == {"ETH-PERP": "10"}


SLICE = Decimal("0.14285714")


def slices(desk: Desk) -> list[Row]:
    return [row for name, row in desk.nodes().items() if name.startswith("twap_slice_")]


def test_a_five_minute_twap_slice_by_slice(desk: Desk) -> None:
    desk.book(99, 100)
    desk.send(recipes.twap("BTC-USD", "buy", 1, slices=7, interval_ms=50_000))
    for index in range(7):
        done = [("filled", "0.14285714")] * (index + 1)
        if index == 6:
            done[-1] = ("filled", "0.14285716")
        filled = SLICE * (index + 1) if index < 6 else Decimal(1)
        assert desk.seconds() == 50 * index
        assert slices(desk)[: index + 1] == done
        assert {row[1] for row in slices(desk)[index + 1 :]} <= {"0"}
        assert desk.nodes()["twap"] == ("filled" if index == 6 else "partial_fill", amount(filled))
        assert desk.positions() == {"BTC": amount(filled)}
        if index < 6:
            desk.sandbox.advance(ns=50 * 10**9 - 1)
            assert desk.positions() == {"BTC": amount(filled)}, "a nanosecond early is too early"
            desk.sandbox.advance(ns=1)
    assert desk.state == "completed"
    at = [fill.timestamp_ns - desk.began_ns for fill in desk.seq.iter_fills()]
    assert at[::-1] == [50 * 10**9 * index for index in range(7)]
    desk.sandbox.advance(seconds=3600)
    assert desk.positions() == {"BTC": "1"}


def test_a_twap_does_the_same_when_all_its_time_passes_at_once(desk: Desk) -> None:
    desk.book(99, 100)
    desk.send(recipes.twap("BTC-USD", "buy", 1, slices=7, interval_ms=50_000))
    desk.sandbox.advance(seconds=300)
    assert slices(desk) == [("filled", "0.14285714")] * 6 + [("filled", "0.14285716")]
    at = [fill.timestamp_ns - desk.began_ns for fill in desk.seq.iter_fills()]
    assert at[::-1] == [50 * 10**9 * index for index in range(7)]


def test_a_twap_that_is_cancelled_half_way_keeps_what_it_has(desk: Desk) -> None:
    desk.book(99, 100)
    desk.send(recipes.twap("BTC-USD", "buy", 2, slices=4, interval_ms=1000))
    desk.sandbox.advance(seconds=1)
    desk.cancel()
    desk.sandbox.advance(seconds=60)
    assert slices(desk) == [("filled", "0.5"), ("filled", "0.5"), CANCELLED, CANCELLED]
    assert (desk.nodes()["twap"], desk.state) == (("cancelled", "1"), "aborted")
    assert desk.positions() == {"BTC": "1"}


def test_a_twap_goes_on_after_a_slice_that_finds_no_liquidity(desk: Desk) -> None:
    desk.book(99, 100)
    desk.send(recipes.twap("BTC-USD", "buy", 2, slices=4, interval_ms=1000))
    desk.sandbox.set_book("BTC-USD", "kraken", bids=[("99", "1")])
    desk.sandbox.advance(seconds=1)
    assert slices(desk)[1] == CANCELLED
    desk.book(100, 101)
    desk.sandbox.advance(seconds=1)
    desk.book(100, 101, "0.2")
    desk.sandbox.advance(seconds=1)
    assert slices(desk) == [("filled", "0.5"), CANCELLED, ("filled", "0.5"), ("partial_fill", "0.2")]
    assert desk.nodes()["twap"] == ("partial_fill", "1.2")
    assert (desk.state, desk.positions()) == ("completed", {"BTC": "1.2"})


def test_a_twap_that_finds_nothing_at_all_is_aborted(desk: Desk) -> None:
    desk.sandbox.set_book("BTC-USD", "kraken", bids=[("99", "1")])
    desk.send(recipes.twap("BTC-USD", "buy", 2, slices=2, interval_ms=1000))
    desk.sandbox.advance(seconds=1)
    assert (set(desk.nodes().values()), desk.state, desk.positions()) == ({CANCELLED}, "aborted", {})


def test_the_slices_of_a_twap_with_a_limit_wait_for_it(desk: Desk) -> None:
    desk.book(99, 100)
    desk.send(recipes.twap("BTC-USD", "buy", 2, slices=4, interval_ms=1000, limit_price=100))
    desk.book(101, 102)
    desk.sandbox.advance(seconds=3)
    assert slices(desk) == [("filled", "0.5"), *[("executing", "0")] * 3]
    desk.book(99, 100)
    assert slices(desk) == [("filled", "0.5")] * 4
    assert (desk.state, desk.positions()) == ("completed", {"BTC": "2"})


RESTS_AT = "99"


def fill_spot(desk: Desk, qty: str) -> None:
    desk.sandbox.trade("ETH-USD", "kraken", "sell", RESTS_AT, qty)


@pytest.fixture
def resting(desk: Desk) -> Callable[..., Desk]:
    """A spot order that rests at the touch; what the tests print there fills it."""

    def start(there: object = 100, **more: Any) -> Desk:
        made = replace(desk, symbol="ETH-USD")
        made.sandbox.set_book("ETH-USD", "kraken", bids=[(RESTS_AT, "1")], asks=[("101", "100")])
        made.book(100, 102, there, symbol=PERP, venue="hyperliquid")
        made.send(recipes.spot_perp_hedge("ETH-USD", PERP, 10, spot_venue="kraken", urgency="low", **more))
        fill_spot(made, "1")  # what stands before it
        assert made.nodes()["spot"] == ("executing", "0")
        return made

    return start


def test_a_hedge_at_a_ratio_waits_below_it_and_sells_the_whole_exactly_at_it(resting: Callable[..., Desk]) -> None:
    desk = resting(at="0.75", hedge_ratio="0.8")
    fill_spot(desk, "7.49999999")
    assert desk.nodes() == {"spot": ("partial_fill", "7.49999999"), "hedge": ARMED}
    assert (desk.state, desk.positions()) == ("partial_fill", {"ETH": "7.49999999"})
    fill_spot(desk, "0.00000001")
    assert desk.nodes() == {"spot": ("partial_fill", "7.5"), "hedge": ("filled", "8")}
    assert desk.positions() == {"ETH": "7.5", "ETH-PERP": "-8"}
    fill_spot(desk, "2.5")
    assert desk.edges() == {"e_spot_hedge": ("fired", 1)}
    assert (desk.state, desk.positions()) == ("completed", {"ETH": "10", "ETH-PERP": "-8"})


def test_a_fill_beyond_the_ratio_hedges_once(resting: Callable[..., Desk]) -> None:
    desk = resting(at="0.5")
    fill_spot(desk, "9")
    assert desk.nodes() == {"spot": ("partial_fill", "9"), "hedge": ("filled", "10")}
    desk.cancel()
    assert (desk.state, desk.positions()) == ("aborted", {"ETH": "9", "ETH-PERP": "-10"})


def test_a_spot_order_cancelled_below_the_ratio_is_not_hedged(resting: Callable[..., Desk]) -> None:
    desk = resting(at="0.5")
    fill_spot(desk, "4")
    desk.cancel()
    assert desk.nodes() == {"spot": ("cancelled", "4"), "hedge": CANCELLED}
    assert (desk.state, desk.positions()) == ("aborted", {"ETH": "4"})


def test_a_market_order_that_ends_below_the_ratio_is_not_hedged(desk: Desk) -> None:
    desk = replace(desk, symbol="ETH-USD")
    desk.book(99, 100, 4)
    desk.book(100, 102, symbol=PERP, venue="hyperliquid")
    desk.send(recipes.spot_perp_hedge("ETH-USD", PERP, 10, at="0.5", spot_venue="kraken"))
    assert desk.nodes() == {"spot": ("partial_fill", "4"), "hedge": CANCELLED}
    assert (desk.state, desk.edges(), desk.positions()) == ("completed", {"e_spot_hedge": ("expired", 0)}, {"ETH": "4"})


def test_a_streaming_hedge_sells_exactly_what_each_fill_bought(resting: Callable[..., Desk]) -> None:
    desk = resting()
    bought = ["3", "0.00000001", "2.5", "4.49999999"]
    for count, qty in enumerate(bought, 1):
        fill_spot(desk, qty)
        assert [each for each, _ in desk.fills("hedge")] == bought[:count]
        assert desk.edges() == {"e_spot_hedge": ("fired", count)}
        held = desk.positions()
        assert Decimal(held["ETH"]) == -Decimal(held["ETH-PERP"])
    assert desk.nodes() == {"spot": ("filled", "10"), "hedge": ("filled", "10")}
    assert desk.state == "completed"


def test_a_streaming_hedge_at_a_ratio_rounds_each_fill_down(resting: Callable[..., Desk]) -> None:
    desk = resting(hedge_ratio="0.33")
    for qty in ("0.00000001", "0.00000005", "1.00000001", "8.99999993"):
        fill_spot(desk, qty)
    assert [qty for qty, _ in desk.fills("hedge")] == ["0.00000001", "0.33", "2.96999997"]
    assert desk.edges() == {"e_spot_hedge": ("fired", 4)}, "the first was too small to hedge"
    # 3.3 was its target; nothing can release the rest of it.
    assert desk.nodes() == {"spot": ("filled", "10"), "hedge": ("partial_fill", "3.29999998")}
    assert (desk.state, desk.positions()) == ("completed", {"ETH": "10", "ETH-PERP": "-3.29999998"})


def test_a_streaming_hedge_stops_where_its_spot_order_stops(resting: Callable[..., Desk]) -> None:
    desk = resting()
    fill_spot(desk, "3")
    desk.cancel()
    fill_spot(desk, "3")
    assert desk.nodes() == {"spot": ("cancelled", "3"), "hedge": ("cancelled", "3")}
    assert (desk.state, desk.positions()) == ("aborted", {"ETH": "3", "ETH-PERP": "-3"})


def test_a_streaming_hedge_of_nothing_is_nothing(desk: Desk) -> None:
    desk = replace(desk, symbol="ETH-USD")
    desk.sandbox.set_book("ETH-USD", "kraken")
    desk.book(100, 102, symbol=PERP, venue="hyperliquid")
    desk.send(recipes.spot_perp_hedge("ETH-USD", PERP, 10, spot_venue="kraken"))
    assert (set(desk.nodes().values()), desk.state, desk.positions()) == ({CANCELLED}, "aborted", {})


def test_a_hedge_without_a_market_leaves_the_spot_bare_and_says_so(resting: Callable[..., Desk]) -> None:
    desk = resting(there=4)
    fill_spot(desk, "10")
    assert desk.nodes() == {"spot": ("filled", "10"), "hedge": ("partial_fill", "4")}
    assert desk.status.nodes["hedge"].failure_reason == "NO_LIQUIDITY"
    assert (desk.state, desk.positions()) == ("completed", {"ETH": "10", "ETH-PERP": "-4"})


def rungs(desk: Desk) -> list[Row]:
    return list(desk.nodes().values())


@pytest.fixture
def ladder(desk: Desk) -> Desk:
    desk.mid(105)
    assert desk.send(recipes.ladder("BTC-USD", "buy", "0.4", first=100, last=97, orders=4, venue="kraken")) == "active"
    assert rungs(desk) == [("executing", "0")] * 4
    return desk


def test_a_ladder_fills_rung_by_rung(ladder: Desk) -> None:
    for count, price in enumerate(("100", "99", "98", "97"), 1):
        ladder.book("90", Decimal(price) + Decimal("0.01"))
        assert rungs(ladder) == [("filled", "0.1")] * (count - 1) + [("executing", "0")] * (5 - count), "a cent short"
        ladder.book("90", price)
        assert rungs(ladder) == [("filled", "0.1")] * count + [("executing", "0")] * (4 - count)
        assert ladder.fills(f"rung_{count}") == [("0.1", price)]
        assert ladder.state == ("completed" if count == 4 else "partial_fill")
    assert ladder.positions() == {"BTC": "0.4"}


def test_a_fall_through_a_ladder_fills_all_of_it_at_its_own_prices(ladder: Desk) -> None:
    ladder.book(90, 91)
    assert (rungs(ladder), ladder.state) == ([("filled", "0.1")] * 4, "completed")
    assert [ladder.fills(f"rung_{number}") for number in range(1, 5)] == [
        [("0.1", price)] for price in ("100", "99", "98", "97")
    ]


def test_a_rung_filled_in_part_goes_on(ladder: Desk) -> None:
    ladder.sandbox.trade("BTC-USD", "kraken", "sell", 100, "0.03")
    assert rungs(ladder)[:2] == [("partial_fill", "0.03"), ("executing", "0")]
    ladder.cancel()
    assert rungs(ladder) == [("cancelled", "0.03"), *[CANCELLED] * 3]
    assert (ladder.state, ladder.positions()) == ("aborted", {"BTC": "0.03"})


def test_a_ladder_that_is_never_reached_is_cancelled_whole(ladder: Desk) -> None:
    ladder.mid(200)
    ladder.sandbox.advance(seconds=86_400)
    assert rungs(ladder) == [("executing", "0")] * 4
    ladder.cancel()
    assert (rungs(ladder), ladder.state, ladder.positions()) == ([CANCELLED] * 4, "aborted", {})
    usd = {each.venue: each for each in ladder.seq.positions_unified().positions}["kraken"]
    assert usd.locked_qty_1e8 == 0, "its holds are released"


@pytest.mark.parametrize(("mid", "stopped"), [("95", True), ("94.99", True), ("95.01", False), ("200", False)])
def test_a_stop_loss_stops_at_its_price_exactly(desk: Desk, mid: str, stopped: bool) -> None:
    desk.book(98, 100)
    desk.send(recipes.stop_loss("BTC-USD", "buy", 2, stop_pct=5, venue="kraken"))
    assert desk.nodes() == {"entry": ("filled", "2"), "stop": ARMED}
    desk.mid(mid)
    assert desk.nodes()["stop"] == (("filled", "2") if stopped else ARMED)
    assert desk.edges() == {"e_entry_stop": ("fired", 1) if stopped else ("armed", 0)}
    assert desk.state == ("completed" if stopped else "partial_fill")
    assert desk.positions() == ({} if stopped else {"BTC": "2"})


@pytest.mark.parametrize(("mid", "stopped"), [("105", True), ("104.99", False)])
def test_the_stop_of_a_short_lies_above_it(desk: Desk, mid: str, stopped: bool) -> None:
    desk = replace(desk, symbol=PERP, venue="hyperliquid")
    desk.book(100, 102)
    desk.send(
        recipes.stop_loss(PERP, "sell", 2, stop_pct=5, venue="hyperliquid", instrument_type="perp", entry_price=100)
    )
    desk.mid(mid)
    assert desk.nodes()["stop"] == (("filled", "2") if stopped else ARMED)
    assert desk.positions() == ({} if stopped else {"ETH-PERP": "-2"})


def test_a_stop_counts_from_the_average_price_of_the_entry(desk: Desk) -> None:
    desk.sandbox.set_book("BTC-USD", "kraken", bids=[("98", "5")], asks=[("100", "1"), ("110", "1")])
    desk.send(recipes.stop_loss("BTC-USD", "buy", 2, stop_pct=10, venue="kraken"))
    desk.mid("94.51")
    assert desk.nodes()["stop"] == ARMED
    desk.mid("94.50")
    assert desk.nodes()["stop"] == ("filled", "2")


def test_a_stop_loss_of_an_entry_filled_in_part_sells_that_part(desk: Desk) -> None:
    desk.book(98, 100, "0.5")
    desk.send(recipes.stop_loss("BTC-USD", "buy", 2, stop_pct=5, venue="kraken"))
    desk.mid(90)
    assert desk.nodes() == {"entry": ("partial_fill", "0.5"), "stop": ("partial_fill", "0.5")}
    assert (desk.state, desk.positions()) == ("completed", {})


def test_a_stop_loss_that_is_cancelled_or_never_entered_does_not_stop(desk: Desk) -> None:
    desk.mid(100)
    desk.send(recipes.stop_loss("BTC-USD", "buy", 2, stop_pct=5, venue="kraken"))
    desk.cancel()
    desk.mid(50)
    assert (desk.nodes()["stop"], desk.positions()) == (CANCELLED, {"BTC": "2"})
    desk.sandbox.set_book("BTC-USD", "kraken")
    desk.send(recipes.stop_loss("BTC-USD", "buy", 2, stop_pct=5, venue="kraken"))
    assert (set(desk.nodes().values()), desk.state) == ({CANCELLED}, "aborted")


def scale_out(desk: Desk, there: object = 100, qty: str = "1") -> Desk:
    desk = replace(desk, symbol=PERP, venue="hyperliquid")
    desk.book(98, 100, there)
    targets = [(2, "0.5"), (4, "0.3"), (8, "0.2")]
    desk.send(recipes.scale_out(PERP, "buy", qty, targets=targets, venue="hyperliquid", instrument_type="perp"))
    return desk


def test_scaling_out_step_by_step(desk: Desk) -> None:
    desk = scale_out(desk)
    left = ["1", "0.5", "0.2", "0"]
    for step, (price, size) in enumerate((("102", "0.5"), ("104", "0.3"), ("108", "0.2")), 1):
        desk.mid(Decimal(price) - Decimal("0.01"))
        assert desk.positions() == {"ETH-PERP": left[step - 1]}, "a cent short"
        desk.mid(price)
        assert desk.nodes()[f"exit_{step}"] == ("filled", size)
        assert desk.positions() == ({"ETH-PERP": left[step]} if step < 3 else {})
        assert desk.edges()[f"e_entry_exit_{step}"] == ("fired", 1)
    assert desk.state == "completed"


def test_scaling_out_over_a_jump(desk: Desk) -> None:
    desk = scale_out(desk)
    desk.mid(150)
    assert desk.nodes() == {
        "entry": ("filled", "1"), "exit_1": ("filled", "0.5"), "exit_2": ("filled", "0.3"), "exit_3": ("filled", "0.2")
    }  # fmt: skip
    assert (desk.state, desk.positions()) == ("completed", {})


def test_scaling_out_cancelled_after_a_step_keeps_the_rest(desk: Desk) -> None:
    desk = scale_out(desk)
    desk.mid(103)
    desk.cancel()
    desk.mid(150)
    assert list(desk.nodes().values())[1:] == [("filled", "0.5"), CANCELLED, CANCELLED]
    assert (desk.state, desk.positions()) == ("aborted", {"ETH-PERP": "0.5"})


def test_scaling_out_in_a_falling_market_waits(desk: Desk) -> None:
    desk = scale_out(desk)
    desk.mid(50)
    desk.sandbox.advance(seconds=86_400)
    assert list(desk.nodes().values())[1:] == [ARMED] * 3
    assert (desk.state, desk.positions()) == ("partial_fill", {"ETH-PERP": "1"})


def test_scaling_out_of_an_entry_filled_in_part_closes_parts_of_that(desk: Desk) -> None:
    desk = scale_out(desk, there="0.4")
    assert desk.nodes()["entry"] == ("partial_fill", "0.4")
    for price, left in ((102, "0.2"), (104, "0.08"), (108, "0")):
        desk.mid(price)
        assert desk.positions() == ({"ETH-PERP": left} if left != "0" else {}), "more would be short"
    assert desk.state == "completed"


def test_scaling_out_of_what_does_not_divide_leaves_nothing(desk: Desk) -> None:
    desk = scale_out(desk, qty="0.00000007")
    for price in (102, 104, 108):
        desk.mid(price)
    assert [qty for name in ("exit_1", "exit_2", "exit_3") for qty, _ in desk.fills(name)] == [
        "0.00000003", "0.00000002", "0.00000002"
    ]  # fmt: skip
    assert (desk.state, desk.positions()) == ("completed", {})


@pytest.mark.covers("wait")
def test_waiting_returns_once_a_state_is_reached(desk: Desk) -> None:
    desk.book(99, 100)
    desk.send(recipes.twap("BTC-USD", "buy", 1, slices=2, interval_ms=1000))
    seen = desk.seq.wait(desk.graph_id, until=["partial_fill", "completed"], timeout=30)
    assert (seen.status, seen.nodes["twap"].filled_qty) == ("partial_fill", Decimal("0.5"))
    desk.sandbox.advance(seconds=1)
    assert desk.seq.wait(desk.graph_id, until="completed", timeout=30).status == "completed"
    assert desk.seq.wait(desk.graph_id, timeout=30).nodes["twap"].status == "filled"


def test_waiting_fails_with_the_last_status_when_the_time_is_over(desk: Desk) -> None:
    desk.book(99, 100)
    desk.send(recipes.twap("BTC-USD", "buy", 1, slices=2, interval_ms=1000))
    with pytest.raises(GraphWaitError, match="partial_fill") as waited:
        desk.seq.wait(desk.graph_id, until="completed", timeout=0.02)
    last = waited.value.last_status
    assert last is not None
    assert (last.status, last.nodes["twap"].filled_qty) == ("partial_fill", Decimal("0.5"))
    assert waited.value.graph_id == desk.graph_id


def test_waiting_fails_at_once_when_the_graph_has_ended_otherwise(desk: Desk) -> None:
    desk.mid(100)
    desk.send(recipes.ladder("BTC-USD", "buy", 1, first=90, last=80, orders=2, venue="kraken"))
    desk.cancel()
    with pytest.raises(GraphWaitError, match="aborted") as waited:
        desk.seq.wait(desk.graph_id, until="completed", timeout=3600)
    assert waited.value.last_status is not None
    assert waited.value.last_status.status == "aborted"
