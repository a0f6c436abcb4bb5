"""Positions in the documented shape, results to the last unit, and the paper account's own controls."""

from __future__ import annotations

from typing import Any, cast

import pytest

from sequence_markets.sandbox.exchange import Refusal

from .support import KALSHI, PERP, START_NS, Row, Trader, exchange, units, usd


@pytest.fixture
def trader() -> Trader:
    trader = Trader()
    trader.book([("90000", "5")], [("90010", "5")])
    return trader


def rows(trader: Trader, **options: Any) -> list[Row]:
    return cast("list[Row]", trader.exchange.positions(trader.client, **options)["positions"])


def test_a_new_account_has_a_billion_of_every_cash_asset() -> None:
    trader = Trader(exchange())
    answer = trader.exchange.positions(trader.client)
    cash = cast("list[Row]", answer["positions"])
    venues = {row["venue"] for row in cash}
    assert len(venues) == 12
    assert {row["qty_1e8"] for row in cash} == {units("1000000000")}
    billion = 10**9 * 10**9
    assert answer["totals"] == {
        "nav_usd_1e9": len(cash) * billion,
        "cash_usd_1e9": len(cash) * billion,
        "unrealized_pnl_usd_1e9": 0,
        "realized_pnl_usd_1e9": 0,
        "fees_usd_1e9": 0,
        "num_positions": len(cash),
    }
    assert answer["as_of_ns"] == START_NS
    assert cash[0] == {
        "id": 1,
        "venue": cash[0]["venue"],
        "instrument": cash[0]["instrument"],
        "qty_1e8": units("1000000000"),
        "locked_qty_1e8": 0,
        "available_qty_1e8": units("1000000000"),
        "entry_price_usd_1e9": 10**9,
        "current_price_usd_1e9": 10**9,
        "current_value_usd_1e9": billion,
        "unrealized_pnl_usd_1e9": 0,
        "realized_pnl_usd_1e9": 0,
        "fees_usd_1e9": 0,
        "lifecycle": {"state": "active"},
        "transferable": True,
        "settled": False,
        "settled_mark_usd_1e9": None,
    }
    kraken = next(row for row in cash if row["venue"] == "kraken")
    assert kraken["instrument"] == {"kind": "fiat", "code": "USD"}
    hyperliquid = next(row for row in cash if row["venue"] == "hyperliquid")
    assert hyperliquid["instrument"] == {"kind": "crypto", "symbol": "USDC"}


def test_average_entry_and_results_of_spot(trader: Trader) -> None:
    trader.place("buy", "1")
    trader.book([("89990", "5")], [("90020", "4")])
    trader.place("buy", "3")
    row = trader.position("kraken", "BTC")
    assert row["entry_price_usd_1e9"] == usd("90017.5")
    assert row["current_price_usd_1e9"] == usd("90005")
    assert row["unrealized_pnl_usd_1e9"] == usd("-50")
    assert row["fees_usd_1e9"] == usd("90.01") + usd("270.06")
    trader.book([("90100", "5")], [("90110", "4")])
    trader.place("sell", "1")
    row = trader.position("kraken", "BTC")
    assert row["entry_price_usd_1e9"] == usd("90017.5")
    assert row["realized_pnl_usd_1e9"] == usd("82.5")
    assert row["unrealized_pnl_usd_1e9"] == usd("262.5")
    # Net asset value moves by results less fees, and by nothing else.
    start = 10**9 * 10**9 * len(rows(trader, kinds=["fiat"]) + rows(trader, kinds=["crypto"]))
    assert trader.total("nav_usd_1e9") == start - 10**18 + usd("82.5") + usd("262.5") - trader.total("fees_usd_1e9")


def test_a_perp_goes_from_long_through_flat_to_short() -> None:
    trader = Trader()
    trader.book([("3000", "100")], [("3002", "100")], symbol=PERP, venue="hyperliquid")
    trader.place("buy", "4", symbol=PERP)
    trader.place("sell", "10", symbol=PERP)
    row = trader.position("hyperliquid", "ETH-PERP")
    assert row["instrument"] == {"kind": "perp", "symbol": "ETH-PERP", "base": "ETH"}
    assert (row["qty_1e8"], row["entry_price_usd_1e9"]) == (units("-6"), usd("3000"))
    assert row["realized_pnl_usd_1e9"] == usd("-8")
    assert row["unrealized_pnl_usd_1e9"] == usd("-6")
    assert row["current_value_usd_1e9"] == usd("-18006")
    assert trader.held("hyperliquid", "USDC") == units("1800")
    cash = trader.amount("hyperliquid", "USDC")
    fees = units("12.008") + units("30")
    assert cash == units("1000000000") - units("8") - fees


def test_a_loss_beyond_the_venues_cash_is_paid_by_its_insurance() -> None:
    trader = Trader()
    trader.fund(venue="hyperliquid", kind="crypto", symbol="USDC", qty=400)
    trader.book([("3000", "100")], [("3001", "100")], symbol=PERP, venue="hyperliquid")
    trader.place("buy", "1", symbol=PERP, venue="hyperliquid")
    trader.book([("1000", "100")], [("1001", "100")], symbol=PERP, venue="hyperliquid")
    trader.place("sell", "1", symbol=PERP, venue="hyperliquid")
    trader.exchange.check_invariants()
    assert trader.amount("hyperliquid", "USDC") == 0
    assert trader.position("hyperliquid", "ETH-PERP")["realized_pnl_usd_1e9"] == usd("-2001")


def test_yes_and_no_are_worth_one_together() -> None:
    trader = Trader()
    trader.book([("0.40", "100")], [("0.45", "50")], symbol=KALSHI, venue="kalshi")
    trader.place("buy", "10", symbol=KALSHI)
    trader.place("buy", "10", symbol=f"{KALSHI}:NO")
    yes, no = rows(trader, kinds=["event_contract"])
    assert yes["instrument"] == {
        "kind": "event_contract",
        "market_slug": KALSHI,
        "outcome": "YES",
        "expiry_ts": 2_082_758_399,
    }
    assert cast("dict[str, object]", no["instrument"])["outcome"] == "NO"
    together = cast("int", yes["current_value_usd_1e9"]) + cast("int", no["current_value_usd_1e9"])
    assert together == usd("10")
    assert yes["transferable"] is False


def test_filters(trader: Trader) -> None:
    trader.place("buy", "1")
    assert {row["venue"] for row in rows(trader, venues=["kraken", "okx"])} == {"kraken", "okx"}
    only = rows(trader, kinds=["crypto"], venues=["kraken"])
    assert [row["instrument"] for row in only] == [{"kind": "crypto", "symbol": "BTC"}]
    totals = trader.exchange.positions(trader.client, kinds=["crypto"], venues=["kraken"])["totals"]
    assert cast("dict[str, int]", totals)["num_positions"] == 1
    for options in ({"venues": ["nyse"]}, {"kinds": ["bond"]}):
        with pytest.raises(Refusal) as refused:
            rows(trader, **options)
        assert (refused.value.status, refused.value.code) == (400, "INVALID_PARAMS")


def test_closed_rows_are_shown_on_demand_and_always_count(trader: Trader) -> None:
    trader.place("buy", "1")
    row_id = trader.position("kraken", "BTC")["id"]
    trader.place("sell", "1")
    assert [row for row in rows(trader, venues=["kraken"]) if row["id"] == row_id] == []
    closed = [row for row in rows(trader, venues=["kraken"], include_closed=True) if row["id"] == row_id]
    assert closed[0]["lifecycle"] == {"state": "closed"}
    assert closed[0]["realized_pnl_usd_1e9"] == usd("-10")
    assert trader.total("realized_pnl_usd_1e9") == usd("-10")
    assert trader.total("fees_usd_1e9") == usd("180.01")
    trader.book([("90000", "5")], [("90010", "6")])
    trader.place("buy", "1")
    assert trader.position("kraken", "BTC")["id"] == row_id


def test_reset_cancels_deletes_and_seeds_again(trader: Trader) -> None:
    trader.place("buy", "1")
    resting = trader.place("buy", "1", "80000")
    trader.book([("3000", "100")], [("3001", "100")], symbol=PERP, venue="hyperliquid")
    trader.place("buy", "1", symbol=PERP)
    seeded = len(trader.exchange.state.accounts[trader.client].settings.balances)
    assert trader.exchange.sandbox_reset(trader.client) == {"deleted": seeded + 2, "seeded": seeded}
    assert trader.status(resting) == "CANCELLED"
    assert len(rows(trader, include_closed=True)) == seeded
    assert trader.total("nav_usd_1e9") == seeded * 10**18
    assert len(trader.fills()) == 2
    trader.exchange.check_invariants()


def test_settings_change_what_a_reset_gives(trader: Trader) -> None:
    answer = trader.exchange.put_sandbox_settings(
        trader.client, {"default_balances": [{"venue": "kraken", "asset": "USD", "qty": 1234.5}]}
    )
    assert answer == {
        "default_balances": [{"venue": "kraken", "asset": "USD", "qty": 1234.5}],
        "fees": {},
        "latency_ms": {},
        "slippage_bps": 0,
        "seed": 7,
    }
    assert trader.exchange.sandbox_settings(trader.client) == answer
    trader.exchange.sandbox_reset(trader.client)
    assert [row["qty_1e8"] for row in rows(trader)] == [units("1234.5")]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"default_balances": [{"venue": "nyse", "asset": "USD", "qty": 1}]}, "default_balances[0].venue"),
        ({"default_balances": [{"venue": "okx", "asset": "USD", "qty": -1}]}, "default_balances[0].qty"),
        ({"default_balances": 5}, "default_balances"),
        ({"fees": {"okx": {"maker_bps": 1.5, "taker_bps": 1}}}, "fees.okx.maker_bps"),
        ({"latency_ms": {"okx": -1}}, "latency_ms.okx"),
        ({"slippage_bps": "1"}, "slippage_bps"),
        ({"seed": 8}, "seed"),
        ({"speed": 8}, "speed"),
    ],
)
def test_wrong_settings_are_refused(trader: Trader, change: dict[str, object], field: str) -> None:
    with pytest.raises(Refusal) as refused:
        trader.exchange.put_sandbox_settings(trader.client, change)
    assert (refused.value.status, refused.value.details[0]["field"]) == (422, field)


def test_positions_can_be_written(trader: Trader) -> None:
    written: list[Row] = [
        {"venue": "dex", "kind": "crypto", "symbol": "eth", "qty": 2.5, "entry_price_usd": 3000},
        {"venue": "hyperliquid", "kind": "perp", "symbol": "BTC-USD-PERP", "qty": -1, "entry_price_usd": 91000},
        {"venue": "kalshi", "kind": "event_contract", "symbol": f"{KALSHI}:NO", "qty": 7, "entry_price_usd": 0.3},
        {"venue": "kraken", "kind": "fiat", "symbol": "USD", "qty": 5},
    ]
    assert trader.exchange.sandbox_set_positions(trader.client, {"positions": written}) == {"written": 4, "deleted": 0}
    assert trader.amount("dex_ethereum", "ETH") == units("2.5")
    assert trader.position("hyperliquid", "BTC-PERP")["entry_price_usd_1e9"] == usd("91000")
    assert trader.amount("kalshi", "NO") == units("7")
    assert trader.amount("kraken", "USD") == units("5")
    trader.exchange.check_invariants()
    count = len(rows(trader))
    again = {"positions": written[:1], "replace": True}
    assert trader.exchange.sandbox_set_positions(trader.client, again) == {"written": 1, "deleted": count}
    assert [row["qty_1e8"] for row in rows(trader)] == [units("2.5")]
    trader.exchange.check_invariants()


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"venue": "kraken", "kind": "crypto", "symbol": "BTC", "qty": -1}, "positions[0].qty"),
        ({"venue": "kraken", "kind": "crypto", "symbol": "USD", "qty": 1}, "positions[0].kind"),
        ({"venue": "kraken", "kind": "bond", "symbol": "X", "qty": 1}, "positions[0].kind"),
        ({"venue": "kraken", "kind": "perp", "symbol": "X", "qty": 1}, "positions[0].symbol"),
        ({"venue": "nyse", "kind": "crypto", "symbol": "X", "qty": 1}, "positions[0].venue"),
        ({"venue": "kraken", "kind": "crypto", "symbol": "X"}, "positions[0].qty"),
        ({"venue": "kraken", "kind": "crypto", "symbol": "X", "qty": 1, "age": 1}, "positions[0].age"),
    ],
)
def test_wrong_positions_are_refused(trader: Trader, row: Row, field: str) -> None:
    with pytest.raises(Refusal) as refused:
        trader.exchange.sandbox_set_positions(trader.client, {"positions": [row]})
    assert field in [detail["field"] for detail in refused.value.details]


def test_what_working_orders_hold_cannot_be_written_away(trader: Trader) -> None:
    trader.place("buy", "1", "80000")
    with pytest.raises(Refusal) as refused:
        trader.fund(venue="kraken", kind="fiat", symbol="USD", qty=100)
    assert refused.value.status == 409


def test_credentials_are_remembered_without_secrets(trader: Trader) -> None:
    client = trader.client
    assert trader.exchange.venues_connected(client) == []
    trader.exchange.connect_venue(client, "okx")
    trader.exchange.connect_venue(client, "kraken")
    trader.exchange.connect_venue(client, "okx")
    assert trader.exchange.venues_connected(client) == [
        {"venue": "kraken", "connected": True, "last_heartbeat_ns": START_NS},
        {"venue": "okx", "connected": True, "last_heartbeat_ns": START_NS},
    ]
    trader.exchange.disconnect_venue(client, "okx")
    for venue, status in (("okx", 404), ("nyse", 400)):
        with pytest.raises(Refusal) as refused:
            trader.exchange.disconnect_venue(client, venue)
        assert refused.value.status == status


def test_accounts_are_told_apart_and_found_again(trader: Trader) -> None:
    again = trader.exchange.account_for("a" * 64, "test")
    live = trader.exchange.account_for("a" * 64, "live")
    assert again == trader.client != live
    assert trader.exchange.account(live)["client_id"] == live
    assert trader.exchange.risk_limits(live)["kill_switch_active"] is False
    with pytest.raises(Refusal):
        trader.exchange.account("client_unknown")
