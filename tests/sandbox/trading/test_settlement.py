"""How prediction markets end: orders at the close, contracts at the outcome, and the money they pay, once."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pytest

from sequence_markets.sandbox.events import EventMarket
from sequence_markets.sandbox.exchange import Exchange, Refusal
from sequence_markets.sandbox.journal import Journal, SqliteStore
from sequence_markets.sandbox.market import SyntheticMarket
from sequence_markets.sandbox.trading.settlement import KALSHI_PAYS_AFTER_NS, POLYMARKET_PAYS_AFTER_NS

from ..graphs.support import Desk, edge, node
from .support import KALSHI, SECOND, SEED, START_NS, Disk, Row, Trader, exchange, units, usd

MARKET = SyntheticMarket(seed=SEED)
RAIN = "rain-in-oslo-friday"
HOCKEY = "ice-hockey-world-champion-2027"
UP_DOWN = f"btc-updown-5m-{START_NS // SECOND}"
QUARTER = "KXBTC15M-26JAN050015"
KALSHI_SECONDS = KALSHI_PAYS_AFTER_NS // SECOND
POLYMARKET_SECONDS = POLYMARKET_PAYS_AFTER_NS // SECOND


def event(trader: Trader, name: str) -> EventMarket:
    found = trader.exchange.market.events.find(name, trader.exchange.now_ns)
    assert found is not None
    return found


def hold(trader: Trader, symbol: str, qty: float, entry: float = 0.5) -> None:
    venue = "kalshi" if symbol.startswith("KX") else "polymarket"
    trader.fund(venue=venue, kind="event_contract", symbol=symbol, qty=qty, entry_price_usd=entry)


def quote(trader: Trader, name: str, bid: str = "0.40", ask: str = "0.60") -> None:
    trader.book([(bid, "100")], [(ask, "100")], symbol=name, venue=event(trader, name).venue)


def row(trader: Trader, name: str, outcome: str = "Yes", *, include_closed: bool = True) -> Row:
    """The row of one outcome of a market, an empty one when it is not shown."""
    market = event(trader, name)
    answer = trader.exchange.positions(trader.client, kinds=["event_contract"], include_closed=include_closed)
    for found in cast("list[Row]", answer["positions"]):
        instrument = cast("Mapping[str, object]", found["instrument"])
        if instrument["market_slug"] == market.slug and str(instrument["outcome"]).lower() == outcome.lower():
            return found
    return {}


def state(trader: Trader, name: str, outcome: str = "Yes") -> str:
    lifecycle = cast("Mapping[str, str]", row(trader, name, outcome)["lifecycle"])
    return lifecycle["state"]


def cash(trader: Trader, venue: str = "polymarket") -> int:
    return trader.amount(venue, "USD" if venue == "kalshi" else "USDC") - units("1000000000")


def redeem(trader: Trader, name: str) -> str:
    return str(trader.exchange.redeem(trader.client, name, event(trader, name).venue)["mode"])


# The close.


def test_orders_end_when_their_market_closes() -> None:
    trader = Trader()
    market = event(trader, UP_DOWN)
    hold(trader, market.yes, 3)
    buying = trader.place("buy", "10", "0.01", symbol=market.no)
    selling = trader.place("sell", "2", "0.99", symbol=market.yes)
    trader.exchange.put_sandbox_settings(trader.client, {"latency_ms": {"polymarket": 60_000}})
    trader.exchange.advance_to(market.close_ns - 30 * SECOND)
    coming = trader.place("buy", "1", symbol=market.yes)
    trader.exchange.advance_to(market.close_ns - 1)
    working = [trader.status(each) for each in (buying, selling, coming)]
    assert working == ["ACCEPTED", "ACCEPTED", "PENDING"]
    trader.exchange.advance_to(market.close_ns)
    for order in (buying, selling, coming):
        assert (trader.status(order), trader.reason(order)) == ("CANCELLED", "MARKET_CLOSED")
        assert trader.graph(order) == "expired"
    assert row(trader, UP_DOWN, "Up")["locked_qty_1e8"] == 0
    trader.exchange.put_sandbox_settings(trader.client, {"latency_ms": {}})
    late = trader.place("buy", "1", symbol=market.yes)
    assert (trader.status(late), trader.reason(late)) == ("REJECTED", "MARKET_CLOSED")
    trader.exchange.check_invariants()


def test_what_was_filled_before_the_close_stays() -> None:
    trader = Trader()
    quote(trader, RAIN)
    order = trader.place("buy", "150", "0.60", symbol=RAIN)
    trader.exchange.resolve_market(RAIN, "Yes")
    assert (trader.status(order), trader.reason(order)) == ("COMPLETED", "MARKET_CLOSED")
    assert row(trader, RAIN)["qty_1e8"] == units("100")


def test_between_close_and_outcome_a_position_stays_active() -> None:
    trader = Trader()
    market = event(trader, UP_DOWN)
    hold(trader, market.yes, 5)
    trader.exchange.advance_to(market.close_ns)
    shown = row(trader, UP_DOWN, "Up")
    assert (state(trader, UP_DOWN, "Up"), shown["settled"]) == ("active", False)
    assert 0 < cast("int", shown["current_price_usd_1e9"]) < usd("1")
    assert redeem(trader, UP_DOWN) == "noop"


# The outcome.


def test_a_resolved_kalshi_row_is_as_documented() -> None:
    trader = Trader()
    hold(trader, KALSHI, 5, 0.4)
    assert trader.exchange.resolve_market(KALSHI, "yes") == (KALSHI,)
    shown = row(trader, KALSHI, include_closed=False)
    assert {
        "venue": "kalshi",
        "qty_1e8": 500_000_000,
        "current_price_usd_1e9": 1_000_000_000,
        "current_value_usd_1e9": 5_000_000_000,
        "unrealized_pnl_usd_1e9": 0,
        "realized_pnl_usd_1e9": usd("3"),
        "entry_price_usd_1e9": usd("0.4"),
        "lifecycle": {
            "state": "resolved",
            "outcome": "YES",
            "economic_value_usd_1e9": 5_000_000_000,
            "resolved_at": START_NS // SECOND,
        },
        "settled": True,
        "settled_mark_usd_1e9": 1_000_000_000,
    }.items() <= shown.items()
    assert cast("Mapping[str, object]", shown["instrument"])["outcome"] == "YES"


def test_a_losing_row_is_worth_nothing() -> None:
    trader = Trader()
    hold(trader, KALSHI, 5, 0.4)
    trader.exchange.resolve_market(KALSHI, "No")
    shown = row(trader, KALSHI, include_closed=False)
    assert [shown[f"{name}_usd_1e9"] for name in ("current_price", "current_value", "settled_mark")] == [0, 0, 0]
    assert (shown["realized_pnl_usd_1e9"], shown["unrealized_pnl_usd_1e9"]) == (usd("-2"), 0)
    assert cast("Mapping[str, object]", shown["lifecycle"])["outcome"] == "NO"
    assert shown["settled"] is True


@pytest.mark.parametrize(("outcome", "paid"), [("Yes", "7"), ("No", "0")])
def test_kalshi_pays_by_itself(outcome: str, paid: str) -> None:
    trader = Trader()
    hold(trader, KALSHI, 7)
    trader.exchange.resolve_market(KALSHI, outcome)
    value = trader.total("nav_usd_1e9")
    assert redeem(trader, KALSHI) == "auto_settled"
    trader.advance(KALSHI_SECONDS - 1)
    assert (cash(trader, "kalshi"), state(trader, KALSHI)) == (0, "resolved")
    trader.advance(1)
    assert (cash(trader, "kalshi"), state(trader, KALSHI)) == (units(paid), "redeemed")
    assert row(trader, KALSHI)["qty_1e8"] == 0
    assert row(trader, KALSHI, include_closed=False) == {}
    assert trader.total("nav_usd_1e9") == value
    assert redeem(trader, KALSHI) == "auto_settled"
    trader.advance(10 * KALSHI_SECONDS)
    assert cash(trader, "kalshi") == units(paid)
    trader.exchange.check_invariants()


def test_polymarket_pays_once_it_was_asked() -> None:
    trader = Trader()
    hold(trader, RAIN, 7, 0.25)
    assert redeem(trader, RAIN) == "noop"
    trader.exchange.resolve_market(RAIN, "Yes")
    trader.advance(86_400)
    assert (cash(trader), state(trader, RAIN)) == (0, "resolved")
    assert redeem(trader, RAIN) == "relayer_submitted"
    assert redeem(trader, RAIN) == "noop"
    trader.advance(POLYMARKET_SECONDS - 1)
    assert (cash(trader), state(trader, RAIN)) == (0, "resolved")
    trader.advance(1)
    assert (cash(trader), state(trader, RAIN)) == (units("7"), "redeemed")
    assert redeem(trader, RAIN) == "noop"
    trader.advance(10 * POLYMARKET_SECONDS)
    assert cash(trader) == units("7")
    assert trader.total("realized_pnl_usd_1e9") == usd("5.25")
    trader.exchange.check_invariants()


def test_a_claim_answers_with_the_ids_of_the_market() -> None:
    trader = Trader()
    hold(trader, RAIN, 2)
    trader.exchange.resolve_market(RAIN, "Yes")
    market = event(trader, RAIN)
    assert trader.exchange.redeem(trader.client, market.no, "polymarket") == {
        "mode": "relayer_submitted",
        "venue": "polymarket",
        "slug": RAIN,
        "condition_id": market.condition_id,
        "token_ids": [market.yes, market.no],
        "note": "2 USDC will be paid at 2026-01-05T00:02:00Z",
    }


def test_losers_have_nothing_to_claim() -> None:
    trader = Trader()
    hold(trader, RAIN, 7)
    trader.exchange.resolve_market(RAIN, "No")
    digest = trader.exchange.journal.digest()
    assert redeem(trader, RAIN) == "noop"
    assert trader.exchange.journal.digest() == digest
    trader.advance(86_400)
    assert (cash(trader), state(trader, RAIN)) == (0, "resolved")


def test_who_holds_nothing_has_nothing_to_claim() -> None:
    trader = Trader()
    hold(trader, RAIN, 7)
    trader.exchange.resolve_market(RAIN, "Yes")
    other = Trader(trader.exchange, key="b")
    assert redeem(other, RAIN) == "noop"
    assert redeem(trader, RAIN) == "relayer_submitted"
    trader.advance(POLYMARKET_SECONDS)
    assert (cash(trader), cash(other)) == (units("7"), 0)


@pytest.mark.parametrize("name", [KALSHI, RAIN])
@pytest.mark.parametrize("outcome", ["Yes", "No"])
def test_a_pair_is_worth_one_and_pays_one(name: str, outcome: str) -> None:
    trader = Trader()
    market = event(trader, name)
    quote(trader, name, "0.43", "0.45")
    trader.place("buy", "12.345678", "0.45", symbol=market.yes)
    trader.place("buy", "12.345678", "0.57", symbol=market.no)
    before = cash(trader, market.venue)
    trader.exchange.resolve_market(name, outcome)
    values = [cast("int", row(trader, name, each)["current_value_usd_1e9"]) for each in market.outcomes]
    assert sum(values) == usd("12.345678")
    redeem(trader, name)
    trader.advance(300)
    assert cash(trader, market.venue) - before == units("12.345678")
    assert {state(trader, name, each) for each in market.outcomes} == {"redeemed"}
    trader.exchange.check_invariants()


def test_results_are_realised_by_the_outcome_and_fees_stay_apart() -> None:
    trader = Trader()
    quote(trader, RAIN)
    before = trader.total("nav_usd_1e9")
    trader.place("buy", "10", "0.60", symbol=RAIN)
    trader.place("sell", "4", "0.40", symbol=RAIN)
    fees = trader.total("fees_usd_1e9")
    assert trader.total("realized_pnl_usd_1e9") == usd("-0.8")
    trader.exchange.resolve_market(RAIN, "Yes")
    # Four sold at a loss of 0.20 each, six paid out at a gain of 0.40 each.
    assert trader.total("realized_pnl_usd_1e9") == usd("1.6")
    assert (trader.total("unrealized_pnl_usd_1e9"), trader.total("fees_usd_1e9")) == (0, fees)
    assert trader.total("nav_usd_1e9") == before + usd("1.6") - fees


def test_a_position_that_was_sold_before_stays_closed() -> None:
    trader = Trader()
    quote(trader, RAIN)
    trader.place("buy", "10", "0.60", symbol=RAIN)
    trader.place("sell", "10", "0.40", symbol=RAIN)
    trader.exchange.resolve_market(RAIN, "Yes")
    assert state(trader, RAIN) == "closed"
    assert redeem(trader, RAIN) == "noop"


# Natural outcomes, and when they are planned.


@pytest.mark.parametrize("name", [UP_DOWN, QUARTER])
def test_a_recurring_contract_is_decided_by_the_path(name: str) -> None:
    trader = Trader()
    market = event(trader, name)
    trader.place("buy", "5", symbol=market.yes)
    trader.place("buy", "5", symbol=market.no)
    anchor = trader.exchange.market.reference_price("BTC-USD", market.start_ns)
    trader.exchange.advance_to(market.resolve_ns)
    final = trader.exchange.market.reference_price("BTC-USD", market.close_ns)
    assert anchor is not None
    assert final is not None
    up, down = (row(trader, name, each) for each in market.outcomes)
    assert (up["settled_mark_usd_1e9"], down["settled_mark_usd_1e9"]) == (
        (usd("1"), 0) if final >= anchor else (0, usd("1"))
    )
    before = cash(trader, market.venue)
    redeem(trader, name)
    trader.advance(300)
    assert cash(trader, market.venue) - before == units("5")
    trader.exchange.check_invariants()


def test_nothing_is_planned_for_a_market_nobody_holds() -> None:
    venue = exchange()
    trader = Trader(venue)
    market = event(trader, UP_DOWN)
    assert venue.next_due_ns() is None
    trader.place("buy", "5", "0.01", symbol=market.yes)
    assert len(venue.desk.planned) == 0
    hold(trader, market.yes, 1)
    assert venue.desk.planned == {("resolve", market.yes): market.resolve_ns}


def test_contracts_written_by_hand_after_the_outcome_are_decided_at_once() -> None:
    trader = Trader()
    trader.exchange.resolve_market(RAIN, "Yes")
    trader.exchange.resolve_market(KALSHI, "No")
    trader.advance(3600)
    hold(trader, RAIN, 3)
    hold(trader, KALSHI, 4)
    assert (state(trader, RAIN), state(trader, KALSHI)) == ("resolved", "resolved")
    resolved_at = cast("Mapping[str, object]", row(trader, RAIN)["lifecycle"])["resolved_at"]
    assert resolved_at == START_NS // SECOND
    trader.exchange.check_invariants()
    assert redeem(trader, RAIN) == "relayer_submitted"
    trader.advance(POLYMARKET_SECONDS)
    assert (cash(trader), state(trader, KALSHI)) == (units("3"), "redeemed")


def test_each_row_is_paid_at_its_own_time() -> None:
    trader = Trader()
    hold(trader, f"{KALSHI}:NO", 1)
    trader.exchange.resolve_market(KALSHI, "Yes")
    trader.advance(KALSHI_SECONDS / 2)
    hold(trader, KALSHI, 4)
    trader.advance(KALSHI_SECONDS / 2)
    assert (cash(trader, "kalshi"), state(trader, KALSHI), state(trader, KALSHI, "No")) == (0, "resolved", "redeemed")
    trader.advance(KALSHI_SECONDS / 2)
    assert (cash(trader, "kalshi"), state(trader, KALSHI)) == (units("4"), "redeemed")


def test_contracts_written_over_paid_ones_are_new_ones() -> None:
    trader = Trader()
    hold(trader, RAIN, 3)
    trader.exchange.resolve_market(RAIN, "Yes")
    redeem(trader, RAIN)
    hold(trader, RAIN, 5)
    trader.advance(POLYMARKET_SECONDS)
    # The claim was for the three that are gone.
    assert (cash(trader), state(trader, RAIN)) == (0, "resolved")
    assert redeem(trader, RAIN) == "relayer_submitted"
    trader.advance(POLYMARKET_SECONDS)
    hold(trader, RAIN, 2)
    assert redeem(trader, RAIN) == "relayer_submitted"
    trader.advance(POLYMARKET_SECONDS)
    assert cash(trader) == units("7")
    trader.exchange.check_invariants()


def test_a_reset_drops_claims() -> None:
    trader = Trader()
    hold(trader, RAIN, 3)
    trader.exchange.resolve_market(RAIN, "Yes")
    redeem(trader, RAIN)
    trader.exchange.sandbox_reset(trader.client)
    trader.advance(POLYMARKET_SECONDS)
    assert cash(trader) == 0
    trader.exchange.check_invariants()


def test_contracts_are_held_where_they_are_listed() -> None:
    trader = Trader()
    with pytest.raises(Refusal) as refused:
        trader.fund(venue="kalshi", kind="event_contract", symbol=RAIN, qty=1)
    assert refused.value.details[0]["field"] == "positions[0].venue"


# Scripted outcomes.


def test_an_outcome_of_an_event_decides_all_of_it() -> None:
    trader = Trader()
    names = [f"{HOCKEY}-{team}" for team in ("canada", "sweden", "finland")]
    for name in names:
        hold(trader, name, 2)
    hold(trader, event(trader, names[2]).no, 1)
    working = trader.place("buy", "1", "0.001", symbol=names[1])
    assert trader.exchange.resolve_market(names[1], "No") == (names[1],)
    assert trader.status(working) == "CANCELLED"
    assert [state(trader, name) for name in names] == ["active", "resolved", "active"]
    decided = trader.exchange.resolve_market(names[0], "Yes")
    assert names[0] in decided
    assert len(decided) == 5
    assert [row(trader, name)["settled_mark_usd_1e9"] for name in names] == [usd("1"), 0, 0]
    assert row(trader, names[2], "No")["settled_mark_usd_1e9"] == usd("1")
    trader.exchange.check_invariants()


def test_a_market_that_only_a_script_made_is_decided_too() -> None:
    trader = Trader()
    trader.book([("0.40", "9")], [("0.50", "9")], symbol="KXMADEUP-26DEC31-X", venue="kalshi")
    trader.place("buy", "2", symbol="KXMADEUP-26DEC31-X")
    before = cash(trader, "kalshi")
    trader.exchange.resolve_market("KXMADEUP-26DEC31-X", "Yes")
    trader.advance(KALSHI_SECONDS)
    assert cash(trader, "kalshi") - before == units("2")
    trader.exchange.check_invariants()


@pytest.mark.parametrize(
    ("name", "outcome", "status"), [("nope", "Yes", 404), (RAIN, "Perhaps", 422), (UP_DOWN, "left", 422)]
)
def test_impossible_outcomes_are_refused(name: str, outcome: str, status: int) -> None:
    venue = exchange()
    digest = venue.journal.digest()
    with pytest.raises(Refusal) as refused:
        venue.resolve_market(name, outcome)
    assert refused.value.status == status
    assert venue.journal.digest() == digest


def test_an_outcome_is_final() -> None:
    trader = Trader()
    hold(trader, RAIN, 1)
    trader.exchange.resolve_market(RAIN, "Yes")
    with pytest.raises(Refusal) as refused:
        trader.exchange.resolve_market(RAIN, "No")
    assert refused.value.status == 409
    market = event(trader, UP_DOWN)
    trader.exchange.advance_to(market.resolve_ns)
    with pytest.raises(Refusal) as refused:
        trader.exchange.resolve_market(UP_DOWN, "Up")
    assert refused.value.status == 409


def test_a_scripted_outcome_comes_before_the_natural_one() -> None:
    trader = Trader()
    market = event(trader, UP_DOWN)
    hold(trader, market.yes, 1)
    hold(trader, market.no, 1)
    trader.advance(60)
    trader.exchange.resolve_market(UP_DOWN, "Down")
    shown = row(trader, UP_DOWN, "Down")
    assert cast("Mapping[str, object]", shown["lifecycle"])["resolved_at"] == START_NS // SECOND + 60
    records = trader.exchange.journal.digest()
    trader.exchange.advance_to(market.resolve_ns + 60 * SECOND)
    assert sum('"type":"resolved"' in line for line in trader.exchange.journal.lines()) == 1
    assert trader.exchange.journal.digest() != records
    trader.exchange.check_invariants()


# Graphs.


@pytest.mark.parametrize("scripted", [True, False])
@pytest.mark.parametrize(
    ("trigger", "hedge", "graph"), [("on_full_fill", "cancelled", "expired"), ("on_cancel", "filled", "aborted")]
)
def test_a_graph_goes_on_from_the_end_of_its_market(scripted: bool, trigger: str, hedge: str, graph: str) -> None:
    desk = Desk()
    desk.book([("90000", "5")], [("90010", "5")])
    market = event(desk, UP_DOWN)
    nodes = [node("event", "buy", "5", "0.01", symbol=market.no), node("hedge", "buy", "0.1", venue="kraken")]
    desk.run(nodes, [edge("event", "hedge", trigger)])
    if scripted:
        desk.exchange.resolve_market(UP_DOWN, "Up")
    else:
        desk.exchange.advance_to(market.close_ns)
    desk.exchange.check_invariants()
    assert (desk.states(), desk.state()) == ({"event": "cancelled", "hedge": hedge}, graph)


@pytest.mark.parametrize("scripted", [True, False])
def test_a_node_that_waits_for_a_market_that_closed_never_starts(scripted: bool) -> None:
    desk = Desk()
    desk.book([("90000", "5")], [("90010", "5")])
    nodes = [node("hedge", "buy", "0.1", venue="kraken"), node("event", "buy", "5", "0.01", symbol=UP_DOWN)]
    desk.run(nodes, [edge("hedge", "event", "on_full_fill", delay_ms=400_000)])
    assert desk.is_("hedge") == "filled"
    if scripted:
        desk.exchange.resolve_market(UP_DOWN, "Up")
    else:
        desk.advance(300)
    desk.exchange.check_invariants()
    assert (desk.states(), desk.state()) == ({"hedge": "filled", "event": "cancelled"}, "aborted")
    desk.advance(900)


def test_what_is_released_into_a_closed_market_is_rejected() -> None:
    desk = Desk()
    desk.book([("89000", "5")], [("90010", "5")])
    market = event(desk, UP_DOWN)
    quote(desk, UP_DOWN)
    nodes = [node("coin", "buy", "1", "90000", venue="kraken"), node("event", "buy", "10", "0.60", symbol=market.yes)]
    desk.run(nodes, [edge("coin", "event", "on_fill", sizing={"ratio": 10})])
    desk.print("sell", "90000", "0.4")
    assert desk.node("event")["filled_qty_1e8"] == units("4")
    desk.exchange.resolve_market(UP_DOWN, "Up")
    desk.print("sell", "90000", "0.6")
    desk.exchange.check_invariants()
    assert (desk.is_("coin"), desk.node("event")["filled_qty_1e8"]) == ("filled", units("4"))
    assert desk.exchange.state.graphs[1].final


def test_a_paced_order_ends_with_its_market() -> None:
    trader = Trader()
    market = event(trader, UP_DOWN)
    order = trader.place("buy", "100", symbol=market.yes, policy="time_drip", horizon_ms=600_000)
    trader.exchange.advance_to(market.resolve_ns)
    assert (trader.status(order), trader.reason(order)) == ("COMPLETED", "MARKET_CLOSED")
    assert state(trader, UP_DOWN, "Up") == "resolved"
    trader.exchange.check_invariants()


# Restarts.


def test_the_winner_is_paid_exactly_once_through_kills(tmp_path: Path) -> None:
    """After every stored batch, a copy of the file goes on: whatever was answered holds, and all end alike."""
    copies: list[Path] = []

    class CopyingStore(SqliteStore):
        def append(self, batch: str) -> None:
            super().append(batch)
            folder = tmp_path / str(len(copies))
            folder.mkdir()
            for name in ("a.db", "a.db-wal"):
                shutil.copy(tmp_path / name, folder / name)
            copies.append(folder / "a.db")

    venue = Exchange(MARKET, seed=SEED, start_ns=START_NS, journal=Journal(CopyingStore(tmp_path / "a.db")))
    trader = Trader(venue)
    market = event(trader, UP_DOWN)
    trader.place("buy", "5", symbol=market.yes)
    trader.place("buy", "5", symbol=market.no)
    hold(trader, QUARTER, 3)
    before = cash(trader)
    venue.advance_to(market.resolve_ns)
    redeem(trader, UP_DOWN)
    venue.resolve_market(QUARTER, "Yes")
    venue.advance_to(market.resolve_ns + 200 * SECOND)
    final = cash(trader)
    venue.close()
    for winner in (market.yes, market.no):
        if venue.market.events.payout_1e9(winner, venue.now_ns):
            break
    assert len(copies) == 10
    for path in copies:
        again = Exchange(MARKET, seed=SEED, start_ns=START_NS, journal=Journal(SqliteStore(path)))
        trader.exchange = again
        due = again.state.total(trader.client, ("polymarket", "event_contract", winner))
        expected = cash(trader) + due if trader.client in again.state.accounts else 0
        for _ in range(3):
            again.advance_to(max(again.now_ns, market.resolve_ns) + POLYMARKET_PAYS_AFTER_NS)
            if trader.client in again.state.accounts:
                redeem(trader, UP_DOWN)
        if trader.client in again.state.accounts:
            assert cash(trader) == expected
        assert not again.state.total(trader.client, ("polymarket", "event_contract", winner))
        again.check_invariants()
        again.close()
    assert before + units("5") == final


def test_an_outcome_that_could_not_be_stored_is_made_up_for() -> None:
    disk = Disk()
    trader = Trader(exchange(Journal(disk)))
    market = event(trader, QUARTER)
    hold(trader, market.yes, 2)
    hold(trader, market.no, 2)
    disk.full = True
    with pytest.raises(OSError):
        trader.exchange.advance_to(market.resolve_ns)
    assert state(trader, QUARTER) == "active"
    disk.full = False
    trader.advance(1)
    assert state(trader, QUARTER) == "resolved"
    disk.full = True
    with pytest.raises(OSError):
        trader.advance(300)
    disk.full = False
    trader.advance(1)
    assert (cash(trader, "kalshi"), state(trader, QUARTER)) == (units("2"), "redeemed")
    trader.exchange.check_invariants()


@pytest.mark.parametrize("scripted", [True, False])
def test_outcomes_and_payments_survive_restarts(tmp_path: Path, scripted: bool) -> None:
    def run(path: Path, restarts: bool) -> tuple[object, str]:
        trader = Trader(exchange(Journal(SqliteStore(path))))
        market = event(trader, UP_DOWN)
        hold(trader, market.yes, 2)
        hold(trader, market.no, 3)
        hold(trader, QUARTER, 4)
        for step in range(40):
            trader.advance(30)
            if step == 4 and scripted:
                trader.exchange.resolve_market(UP_DOWN, "Up")
                trader.exchange.resolve_market(QUARTER, "No")
            if step == 12:
                assert redeem(trader, UP_DOWN) == "relayer_submitted"
            if restarts:
                trader.exchange.close()
                trader.exchange = Exchange(MARKET, seed=SEED, start_ns=START_NS, journal=Journal(SqliteStore(path)))
        trader.exchange.check_invariants()
        answer = trader.exchange.positions(trader.client, include_closed=True), trader.exchange.journal.digest()
        trader.exchange.close()
        return answer

    assert run(tmp_path / "a.db", restarts=True) == run(tmp_path / "b.db", restarts=False)
