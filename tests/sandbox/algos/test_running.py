"""What algos are shown and told, and what becomes of what they ask for."""

from __future__ import annotations

import struct

import pytest

from sequence_markets.sandbox.algos.abi import ACKED, DEAD, PARTIAL, PENDING
from sequence_markets.sandbox.algos.books import DeployedAlgo
from sequence_markets.sandbox.algos.host import ECHO_NS
from sequence_markets.sandbox.algos.limits import AlgoLimits
from sequence_markets.sandbox.trading.errors import Refusal
from tests.sandbox.trading.support import KALSHI, START_NS

from .support import (
    DOLLAR,
    UNIT,
    Lab,
    act,
    assemble,
    cancel,
    example,
    module,
    puppet,
    raw_action,
)
from .test_abi import Book, Fill, Measures, State

SECOND = 10**9
DAY = 86_400 * SECOND


@pytest.fixture
def lab() -> Lab:
    """An account, and a market at 100 on one venue."""
    made = Lab()
    made.mid(100)
    return made


def books(lab: Lab, deployment: DeployedAlgo) -> list[Book]:
    parts = lab.told(deployment, "b")
    return [Book.from_buffer_copy(parts[at] + parts[at + 1]) for at in range(0, len(parts), 2)]


def states(lab: Lab, deployment: DeployedAlgo) -> list[State]:
    parts = lab.told(deployment, "s")
    return [State.from_buffer_copy(b"".join(parts[at : at + 4])) for at in range(0, len(parts), 4)]


# --- what they are shown ---


def test_an_algo_is_shown_its_book_as_it_starts_and_whenever_it_changes(lab: Lab) -> None:
    deployed = lab.deploy(puppet(show_book=True))
    lab.book([("98", "7"), ("99", "1.5")], [("101", "2"), ("103", "4"), ("102", "3")])
    first, second = books(lab, deployed)
    assert (first.bids[0].px, first.bids[0].sz, first.bid_ct, first.ask_ct) == (99 * DOLLAR, 100 * UNIT, 1, 1)
    assert [(level.px, level.sz) for level in second.bids[:3]] == [
        (99 * DOLLAR, 3 * UNIT // 2),
        (98 * DOLLAR, 7 * UNIT),
        (0, 0),
    ]
    assert [level.px for level in second.asks[:3]] == [101 * DOLLAR, 102 * DOLLAR, 103 * DOLLAR]
    assert (second.bid_ct, second.ask_ct, second.symbol_id, second.recv_ns) == (2, 3, 1, START_NS)


def test_a_book_that_looks_the_same_is_not_shown_again(lab: Lab) -> None:
    deployed = lab.deploy(puppet(show_book=True))
    lab.mid(100)
    lab.mid(50, symbol="ETH-USD")
    lab.print("buy", "101", "1")
    lab.advance(60)
    assert len(books(lab, deployed)) == 1


def test_levels_beyond_the_twentieth_are_neither_shown_nor_noticed(lab: Lab) -> None:
    asks = [(f"{101 + at}", "1") for at in range(25)]
    lab.book([("99", "1")], asks)
    deployed = lab.deploy(puppet(show_book=True))
    lab.book([("99", "1")], [*asks[:24], ("125", "9")])
    (seen,) = books(lab, deployed)
    assert (seen.ask_ct, seen.asks[19].px) == (20, 120 * DOLLAR)


def test_what_anybody_takes_from_the_book_is_an_update(lab: Lab) -> None:
    deployed = lab.deploy(puppet(show_book=True))
    other = Lab(lab.exchange, "b")
    other.place("buy", "40", venue="kraken")
    assert [book.asks[0].sz for book in books(lab, deployed)] == [100 * UNIT, 60 * UNIT]


def test_an_algo_is_shown_its_own_doing_a_little_later(lab: Lab) -> None:
    # A buyer of a thousandth of whatever it is shown would otherwise never come to an end within one instant.
    deployed = lab.deploy(puppet(*[[act(call, 1, 0.001, kind="MARKET")] for call in range(1, 6)], show_book=True))
    assert len(books(lab, deployed)) == 1
    lab.advance(1)
    shown = books(lab, deployed)
    assert [book.recv_ns - START_NS for book in shown] == [at * ECHO_NS for at in range(6)]
    assert [book.asks[0].sz for book in shown] == [100 * UNIT - at * UNIT // 1000 for at in range(6)]
    lab.exchange.check_invariants()


def test_every_venue_of_a_symbol_is_an_edge_of_its_own() -> None:
    lab = Lab()
    lab.mid(100, venue="kraken")
    lab.mid(100, venue="coinbase")
    deployed = lab.deploy(puppet(show_book=True))
    assert [lab.edge(deployed, at).venue for at in range(2)] == ["coinbase", "kraken"]
    lab.mid(110, venue="kraken")
    logged = lab.exchange.algos.history.logs(deployed.id)
    assert [line.edge_id for line in logged].count("venue-edge-kraken") == 4
    assert [line.edge_id for line in logged].count("venue-edge-coinbase") == 2


def test_the_mirrored_outcome_has_a_mirrored_book() -> None:
    lab = Lab()
    lab.book([("0.40", "5")], [("0.45", "7")], symbol=KALSHI, venue="kalshi")
    deployed = lab.deploy(puppet([act(1, 1, 2, 0.60)], show_book=True), f"{KALSHI}:NO")
    (shown,) = books(lab, deployed)
    assert [(shown.bids[0].px, shown.bids[0].sz), (shown.asks[0].px, shown.asks[0].sz)] == [
        (550_000_000, 7 * UNIT),
        (600_000_000, 5 * UNIT),
    ]
    assert (lab.edge(deployed).position, lab.edge(deployed).avg_entry_1e9) == (2 * UNIT, 600_000_000)


def test_the_synthetic_market_is_shown_step_by_step() -> None:
    lab = Lab()
    deployed = lab.deploy(puppet(show_book=True), "KXPGATOUR-ZUCONO26-THVI")
    lab.advance(30)
    shown = books(lab, deployed)
    assert len(shown) > 10
    for book in shown:
        real = lab.exchange.market.book("KXPGATOUR-ZUCONO26-THVI", "kalshi", book.recv_ns)
        assert real is not None
        assert [(level.px, level.sz) for level in book.bids[: book.bid_ct]] == list(real.bids[:20])
        assert [(level.px, level.sz) for level in book.asks[: book.ask_ct]] == list(real.asks[:20])
    steps = {
        real.bids[:20] + real.asks[:20]
        for at in range(301)
        if (real := lab.exchange.market.book("KXPGATOUR-ZUCONO26-THVI", "kalshi", START_NS + at * SECOND // 10))
    }
    assert len(shown) >= len(steps), "no change was passed over"


def test_the_state_is_what_the_exchange_knows(lab: Lab) -> None:
    deployed = lab.deploy(
        puppet([act(7, 1, 2, kind="MARKET"), act(8, 1, 3, 99.5), act(9, -1, 1, 105, "POST_ONLY")], show_state=True)
    )
    lab.book([("102", "50")], [("104", "50")])
    first, second = states(lab, deployed)
    assert (first.position, first.order_ct, first.fills) == (0, 0, 0)
    assert (second.position, second.avg_entry, second.fills) == (2 * UNIT, 101 * DOLLAR, 1)
    assert (second.realized, second.unrealized, second.session) == (0, 2 * 2 * DOLLAR, 0)
    table = [(o.order_id, o.px, o.qty, o.filled, o.side, o.status) for o in second.orders[: second.order_ct]]
    assert table == [
        (8, round(99.5 * DOLLAR), 3 * UNIT, 0, 1, ACKED),
        (9, 105 * DOLLAR, -UNIT, 0, -1, ACKED),
        (7, 0, 2 * UNIT, 2 * UNIT, 1, DEAD),
    ]
    assert (second.symbol.tick, second.symbol.price_precision, second.symbol.qty_precision) == (10_000_000, 2, 8)
    assert second.symbol.lot == 0, "unknown"
    lab.mid(100)
    assert states(lab, deployed)[-1].order_ct == 2, "what is dead is shown once"


def test_an_order_under_way_is_pending_and_a_part_of_it_partial(lab: Lab) -> None:
    lab.exchange.put_sandbox_settings(lab.client, {"latency_ms": {"kraken": 50}})
    deployed = lab.deploy(puppet([act(1, 1, 3, 100)], show_state=True))
    lab.mid(100.2, 1)
    lab.advance(1)
    lab.mid(100.4, 1)
    lab.book([("99", "1")], [("100", "2")])
    assert [o.status for state in states(lab, deployed) for o in state.orders[: state.order_ct]] == [
        PENDING,
        ACKED,
        PARTIAL,
    ]


# --- orders ---


def test_each_order_type_does_what_it_says(lab: Lab) -> None:
    lab.book([("99", "5")], [("101", "2"), ("102", "5")])
    lab.deploy(
        puppet(
            [
                act(1, 1, 3, 101, "IOC"),
                act(2, 1, 4, 101, "FOK"),
                act(3, 1, 1, kind="MARKET"),
                act(4, 1, 1, 98, "POST_ONLY"),
                act(5, 1, 5, 102, "LIMIT"),
            ]
        )
    )
    shown = [(o["order_type"], o["tif"], o["status"], o["filled_qty_1e8"], o["venue"]) for o in lab.algo_orders()]
    assert shown == [
        ("limit", "IOC", "COMPLETED", 2 * UNIT, "kraken"),
        ("limit", "FOK", "CANCELLED", 0, "kraken"),
        ("market", "GTC", "FILLED", UNIT, "kraken"),
        ("limit", "GTC", "ACCEPTED", 0, "kraken"),
        ("limit", "GTC", "PARTIAL", 4 * UNIT, "kraken"),
    ]
    lab.exchange.check_invariants()


def test_orders_of_an_algo_are_recognised_by_their_graph(lab: Lab) -> None:
    deployed = lab.deploy(puppet([act(1, 1, 1, 90), act(2, 1, 1, 91)]))
    stem = f"graph:algo_{deployed.id.removeprefix('dep_')[:8]}.{deployed.edges[0]}"
    assert [row["node_order_id"] for row in lab.algo_orders()] == [f"{stem}.1:order:1", f"{stem}.2:order:1"]


def test_a_graph_id_that_somebody_used_is_passed_over(lab: Lab) -> None:
    deployed = lab.deploy(puppet([act(1, 1, 1, 90)]), start=False)
    graph_id = f"algo_{deployed.id.removeprefix('dep_')[:8]}.{deployed.edges[0]}.1"
    spec = {"symbol": "BTC-USD", "side": "buy", "qty": 1, "price": 80, "graph_id": graph_id}
    lab.exchange.submit(lab.client, spec)
    lab.start(deployed)
    assert lab.algo_orders()[1]["graph_id"] == graph_id[:-1] + "2"
    with pytest.raises(Refusal, match="used for another order"):
        lab.exchange.submit(lab.client, {**spec, "graph_id": graph_id[:-1] + "2"})


def test_orders_are_cancelled_by_the_ids_the_algo_gave_them(lab: Lab) -> None:
    largest = 2**64 - 1
    deployed = lab.deploy(puppet([act(largest, 1, 1, 90), act(0, 1, 1, 91)], [cancel(largest), cancel(0), cancel(5)]))
    lab.mid(101)
    assert [row["status"] for row in lab.algo_orders()] == ["CANCELLED", "CANCELLED"]
    assert lab.rejects(deployed) == [(5, 0)]
    assert lab.edge(deployed).orders == {}


def test_an_id_can_be_used_again_once_its_order_is_over(lab: Lab) -> None:
    deployed = lab.deploy(puppet([act(1, 1, 1, 90)], [cancel(1), act(1, 1, 1, 91)]))
    lab.mid(101)
    assert [row["status"] for row in lab.algo_orders()] == ["CANCELLED", "ACCEPTED"]
    assert not lab.rejects(deployed)


def test_an_action_of_nothing_but_zeros_is_none(lab: Lab) -> None:
    deployed = lab.deploy(puppet([bytes(32), act(1, 1, 1, 90), bytes(32)]))
    assert len(lab.algo_orders()) == 1
    assert lab.row(deployed)["pause_reason"] is None


def test_fills_and_positions_are_told(lab: Lab) -> None:
    deployed = lab.deploy(puppet([act(3, 1, 5, 100, "POST_ONLY")]))
    lab.print("sell", "99.5", "2")
    lab.advance(1)
    lab.print("sell", "100", "3")
    told = [Fill.from_buffer_copy(data) for data in lab.told(deployed, "f")]
    assert [(f.order_id, f.px, f.qty, f.side, f.symbol_id, f.recv_ns - START_NS) for f in told] == [
        (3, 100 * DOLLAR, 2 * UNIT, 1, 1, 0),
        (3, 100 * DOLLAR, 3 * UNIT, 1, 1, SECOND),
    ]
    assert [struct.unpack("<qQqq", data)[0] for data in lab.told(deployed, "p")] == [2 * UNIT, 5 * UNIT]


# --- rejects ---

CODES: dict[str, tuple[list[bytes], dict[str, int], list[tuple[int, int]]]] = {
    "no such order": ([cancel(77)], {}, [(77, 0)]),
    "fill or kill that is not filled": ([act(1, 1, 500, 101, "FOK")], {}, [(1, 0)]),
    "insufficient balance": ([act(1, -1, 1, 99)], {}, [(1, 1)]),
    "no quantity": ([raw_action(1, 99 * DOLLAR, 0, 1, 0, 0)], {}, [(1, 2)]),
    "negative quantity": ([raw_action(1, 99 * DOLLAR, -5, 1, 0, 0)], {}, [(1, 2)]),
    "no price": ([act(1, 1, 1, 0)], {}, [(1, 2)]),
    "price beyond 64 bits": ([raw_action(1, 2**63, UNIT, 1, 0, 0)], {}, [(1, 2)]),
    "market order with a price": ([act(1, 1, 1, 99, "MARKET")], {}, [(1, 2)]),
    "no side": ([raw_action(1, 99 * DOLLAR, UNIT, 0, 0, 0)], {}, [(1, 2)]),
    "an id at work": ([act(1, 1, 1, 90), act(1, 1, 1, 91)], {}, [(1, 2)]),
    "post-only that would cross": ([act(1, 1, 1, 101, "POST_ONLY")], {}, [(1, 2)]),
    "too many a second": (
        [act(1, 1, 1, 90), act(2, 1, 1, 90), act(3, 1, 1, 90)],
        {"max_orders_per_second": 2},
        [(3, 3)],
    ),
    "position limit": ([act(1, 1, 2, 90), act(2, 1, 2, 90)], {"max_position_1e8": 3 * UNIT}, [(2, 101)]),
    "price deviation, buy": ([act(1, 1, 1, 121.3)], {}, [(1, 103)]),
    "price deviation, low": ([act(1, 1, 1, 80.7)], {}, [(1, 103)]),
}


@pytest.mark.parametrize(("actions", "rules", "rejects"), CODES.values(), ids=CODES)
def test_a_reject_carries_its_code(
    lab: Lab, actions: list[bytes], rules: dict[str, int], rejects: list[tuple[int, int]]
) -> None:
    deployed = lab.deploy(puppet(actions), rules=rules)
    assert lab.rejects(deployed) == rejects
    assert lab.row(deployed)["status"] == "running"
    assert lab.exchange.algos.calls.run(lab.edge(deployed)).rejects == len(rejects)
    lab.exchange.check_invariants()


def test_prices_within_bounds_are_not_rejected(lab: Lab) -> None:
    deployed = lab.deploy(puppet([act(1, 1, 1, 121.2), act(2, 1, 1, 80.8)], [act(3, 1, 1, 1)]))
    assert lab.rejects(deployed) == []
    free = lab.deploy(puppet([act(1, 1, 1, 1)]), rules={"max_price_deviation_bps": 0})
    assert lab.rejects(free) == []


def test_a_venue_without_a_book_is_busy(lab: Lab) -> None:
    # The market closes while the algo still runs: its heartbeat finds no book.
    lab.mid(0.5, 0.02, symbol=KALSHI, venue="kalshi")
    order = act(1, 1, 1, 0.5)
    beat = "".join(
        f"(i64.store (i32.const {0x30008 + at}) (i64.const {int.from_bytes(order[at : at + 8], 'little')}))"
        for at in range(0, 32, 8)
    )
    wasm = puppet(
        more=f"""(func (export "algo_on_heartbeat") (param i32) (result i32)
            (i32.store (i32.const 0x30000) (i32.const 1)) {beat} (i32.const 0x30000))"""
    )
    deployed = lab.deploy(wasm, KALSHI)
    lab.exchange.resolve_market(KALSHI, "YES")
    lab.advance(1)
    assert lab.rejects(deployed) == [(1, 4)]


def test_thirty_two_orders_are_the_most(lab: Lab) -> None:
    batches = [[act(16 * call + at, 1, 1, 90) for at in range(16)] for call in range(3)]
    deployed = lab.deploy(puppet(*batches))
    lab.mid(101)
    lab.mid(102)
    assert len(lab.edge(deployed).orders) == 32
    assert lab.rejects(deployed) == [(order_id, 100) for order_id in range(32, 48)]


def test_the_kill_switch_refuses_new_orders_and_lets_cancels_pass(lab: Lab) -> None:
    deployed = lab.deploy(puppet([act(1, 1, 1, 90)], [cancel(1), act(2, 1, 1, 90)]))
    lab.exchange.engage_kill_switch(lab.client, "enough")
    lab.mid(101)
    assert lab.rejects(deployed) == [(2, 102)]
    assert [row["status"] for row in lab.algo_orders()] == ["CANCELLED"]
    assert lab.row(deployed)["status"] == "running"


def test_the_daily_loss_limit_pauses_the_algo_until_the_next_day(lab: Lab) -> None:
    deployed = lab.deploy(
        puppet([act(1, 1, 10, kind="MARKET")], [], [act(2, 1, 1, 50), act(3, -1, 10, kind="MARKET")]),
        rules={"max_daily_loss_1e9": 100 * DOLLAR},
    )
    lab.mid(92)
    assert lab.row(deployed)["unrealized_pnl_1e9"] == -90 * DOLLAR
    lab.mid(91)
    assert lab.rejects(deployed) == [(2, 104), (3, 104)]
    row = lab.row(deployed)
    assert (row["status"], row["pause_reason"]) == ("paused", "the daily loss limit was reached")
    assert lab.edge(deployed).position == 10 * UNIT
    lab.exchange.check_invariants()


# --- results ---


def test_the_books_of_an_edge_are_those_of_the_account(lab: Lab) -> None:
    deployed = lab.deploy(
        puppet(
            [act(1, 1, 1.00000007, kind="MARKET")],
            [act(2, 1, 2.5, kind="MARKET")],
            [act(3, -1, 1.3, kind="MARKET")],
            [act(4, -1, 2.20000007, kind="MARKET"), act(5, 1, 0.1, kind="MARKET")],
        )
    )
    for price in (103.37, 107.11, 95.5):
        lab.mid(price)
    row, position = lab.row(deployed), lab.position("kraken", "BTC")
    assert row["position_1e8"] == position["qty_1e8"] == UNIT // 10
    assert row["avg_entry_1e9"] == position["entry_price_usd_1e9"]
    assert row["realized_pnl_1e9"] == position["realized_pnl_usd_1e9"]
    assert row["fees_1e9"] == position["fees_usd_1e9"]
    assert row["unrealized_pnl_1e9"] == position["unrealized_pnl_usd_1e9"]
    assert row["fill_count"] == 5
    lab.exchange.check_invariants()


def test_a_perp_goes_short_and_back(lab: Lab) -> None:
    lab.mid(3000, symbol="ETH-USD-PERP", venue="hyperliquid")
    deployed = lab.deploy(
        puppet([act(1, -1, 2, kind="MARKET")], [act(2, 1, 3, kind="MARKET")], [act(3, -1, 0.5, kind="MARKET")]),
        "ETH-USD-PERP",
    )
    assert lab.edge(deployed).position == -2 * UNIT
    lab.mid(2900, symbol="ETH-USD-PERP", venue="hyperliquid")
    assert (lab.edge(deployed).position, lab.row(deployed)["realized_pnl_1e9"]) == (UNIT, 196 * DOLLAR)
    lab.mid(2950, symbol="ETH-USD-PERP", venue="hyperliquid")
    row, position = lab.row(deployed), lab.position("hyperliquid", "ETH-PERP")
    for name, other in (("position_1e8", "qty_1e8"), ("realized_pnl_1e9", "realized_pnl_usd_1e9")):
        assert row[name] == position[other]
    assert row["avg_entry_1e9"] == position["entry_price_usd_1e9"] == 2901 * DOLLAR
    lab.exchange.check_invariants()


def test_an_algo_keeps_books_of_its_own_fills_only(lab: Lab) -> None:
    lab.fund(venue="kraken", kind="crypto", symbol="BTC", qty=5, entry_price_usd=50)
    deployed = lab.deploy(puppet([act(1, -1, 2, kind="MARKET")], [act(2, 1, 1, kind="MARKET")]))
    assert lab.edge(deployed).position == -2 * UNIT, "sold from what the account had"
    lab.mid(90)
    lab.place("buy", "1", venue="kraken")
    row = lab.row(deployed)
    assert (row["position_1e8"], row["realized_pnl_1e9"]) == (-UNIT, 8 * DOLLAR)
    assert lab.amount("kraken", "BTC") == 5 * UNIT
    lab.exchange.check_invariants()


def test_the_session_begins_at_midnight(lab: Lab) -> None:
    deployed = lab.deploy(
        puppet(
            [act(1, 1, 2, kind="MARKET")],
            [],
            [act(2, -1, 1, kind="MARKET")],
            [],
            [act(3, -1, 1, kind="MARKET")],
            show_state=True,
        )
    )
    lab.exchange.advance_to(START_NS + DAY - 1)
    lab.mid(111)
    assert lab.row(deployed)["session_realized_pnl_1e9"] == 9 * DOLLAR
    lab.exchange.advance_to(START_NS + DAY)
    assert lab.row(deployed)["session_realized_pnl_1e9"] == 0
    lab.mid(112)
    assert (states(lab, deployed)[-1].session, states(lab, deployed)[-1].realized) == (0, 9 * DOLLAR)
    lab.mid(107)
    row = lab.row(deployed)
    assert (row["realized_pnl_1e9"], row["session_realized_pnl_1e9"]) == (14 * DOLLAR, 5 * DOLLAR)
    lab.exchange.check_invariants()


def test_a_reset_of_the_account_makes_the_books_void(lab: Lab) -> None:
    deployed = lab.deploy(puppet([act(1, 1, 2, kind="MARKET"), act(2, 1, 1, 90)], [act(3, 1, 1, kind="MARKET")]))
    lab.exchange.sandbox_reset(lab.client)
    assert (lab.edge(deployed).position, lab.edge(deployed).orders) == (0, {})
    lab.mid(100.5)
    assert lab.edge(deployed).position == lab.amount("kraken", "BTC") == UNIT
    lab.exchange.check_invariants()


# --- life ---


def test_a_stopped_algo_is_shown_nothing_and_its_orders_stay(lab: Lab) -> None:
    deployed = lab.deploy(puppet([act(1, 1, 1, 90)], [act(2, 1, 1, 91)], show_book=True))
    lab.stop(deployed)
    lab.mid(101)
    assert len(books(lab, deployed)) == 1
    assert [row["status"] for row in lab.algo_orders()] == ["ACCEPTED"]
    lab.start(deployed)
    assert [row["status"] for row in lab.algo_orders()] == ["ACCEPTED", "ACCEPTED"], "it goes on where it stopped"


def test_a_stopped_algo_still_hears_of_its_fills(lab: Lab) -> None:
    deployed = lab.deploy(puppet([act(1, 1, 1, 99.5)]))
    lab.stop(deployed)
    lab.print("sell", "99", "1")
    assert len(lab.told(deployed, "f")) == 1
    assert lab.edge(deployed).position == UNIT


def test_an_algo_may_clear_up_as_it_is_stopped(lab: Lab) -> None:
    deployed = lab.deploy(puppet([act(1, 1, 1, 90), act(2, 1, 1, 91)], on_shutdown=[cancel(1), act(3, 1, 1, 89)]))
    lab.stop(deployed)
    assert [row["status"] for row in lab.algo_orders()] == ["CANCELLED", "ACCEPTED", "ACCEPTED"]
    assert lab.row(deployed)["status"] == "stopped"


def test_an_algo_that_was_never_called_is_not_shut_down(lab: Lab) -> None:
    deployed = lab.deploy(puppet(on_shutdown=[act(3, 1, 1, 89)]), start=False)
    assert lab.row(deployed)["status"] == "accepted"
    lab.stop(deployed)
    assert lab.row(deployed)["status"] == "accepted"
    assert not lab.algo_orders()


def test_an_undeployed_algo_is_gone_and_its_orders_stay(lab: Lab) -> None:
    deployed = lab.deploy(puppet([act(1, 1, 1, 99.5)], [act(2, 1, 1, 91)]))
    lab.remove(deployed)
    algos = lab.exchange.state.algos
    assert (algos.deployments, algos.edges, algos.modules, lab.exchange.algos.calls.runs) == ({}, {}, {}, {})
    lab.mid(101)
    lab.print("sell", "99", "1")
    assert [row["status"] for row in lab.algo_orders()] == ["FILLED"]
    lab.exchange.check_invariants()


def test_one_symbol_of_a_deployment_can_be_removed(lab: Lab) -> None:
    lab.mid(50, symbol="ETH-USD")
    deployed = lab.deploy(puppet(show_book=True), "BTC-USD", "ETH-USD")
    lab.remove(deployed, "BTC-USD")
    assert (deployed.symbols, len(deployed.edges)) == (("ETH-USD",), 1)
    lab.remove(deployed, "ETH-USD")
    assert not lab.exchange.state.algos.deployments
    lab.exchange.check_invariants()


def test_starting_a_second_algo_of_a_symbol_stops_the_first(lab: Lab) -> None:
    lab.mid(50, symbol="ETH-USD")
    first = lab.deploy(puppet([act(1, 1, 1, 90)], on_shutdown=[cancel(1)]), "BTC-USD", "ETH-USD")
    other = Lab(lab.exchange, "b").deploy(puppet())
    second = lab.deploy(puppet())
    assert [lab.row(first, at)["status"] for at in range(2)] == ["stopped", "running"]
    assert lab.row(first)["pause_reason"] == "superseded"
    assert lab.algo_orders()[0]["status"] == "CANCELLED"
    assert lab.row(second)["status"] == lab.row(other)["status"] == "running"
    lab.start(first)
    assert (lab.row(first)["status"], lab.row(first)["pause_reason"]) == ("running", None)
    assert lab.row(second)["pause_reason"] == "superseded"


def test_edges_beyond_the_most_are_rejected() -> None:
    lab = Lab(limits=AlgoLimits(edges=2))
    for venue in ("binance", "kraken", "coinbase"):
        lab.mid(100, venue=venue)
    deployed = lab.deploy(puppet())
    assert [lab.row(deployed, at)["status"] for at in range(3)] == ["running", "running", "rejected"]
    assert "2 edges, which is the most" in str(lab.row(deployed, 2)["pause_reason"])
    lab.start(deployed)
    assert lab.row(deployed, 2)["status"] == "rejected"
    late = lab.deploy(module(), "ETH-USD", venues=["kraken"])
    assert lab.row(late)["status"] == "rejected", "all deployments together"
    lab.remove(deployed)
    assert lab.row(lab.deploy(module(), "ETH-USD", venues=["kraken"]))["status"] == "running"


def test_a_heartbeat_comes_every_second(lab: Lab) -> None:
    deployed = lab.deploy(puppet([act(1, 1, 1, kind="MARKET")], beats=True))
    lab.advance(3.5)
    lab.stop(deployed)
    lab.advance(5)
    beats = [line.time_ns - START_NS for line in lab.exchange.algos.history.logs(deployed.id) if line.message[0] == "h"]
    assert beats == [3 * SECOND, 2 * SECOND, SECOND]
    assert struct.unpack("<qQqq", lab.told(deployed, "h")[-1]) == (UNIT, 101 * DOLLAR, 0, -DOLLAR)


@pytest.mark.parametrize("arity", [2, 3])
def test_abi_v3_comes_with_features(lab: Lab, arity: int) -> None:
    where = "(i32.const 0x1A000)" if arity == 2 else "(local.get $features)"
    third = "" if arity == 2 else "(param $features i32)"
    wasm = puppet(
        more=f"""(func (export "algo_on_book_v3") (param $book i32) (param $state i32) {third} (result i32)
            (call $dump (i32.const 118) {where} (i32.const 256)) (i32.const 0))"""
    )
    deployed = lab.deploy(wasm)
    lab.book([("99", "30"), ("98", "10")], [("101", "10")])
    lab.book([("99", "35"), ("98", "10")], [("101", "4")])
    first, second, third_seen = (Measures.from_buffer_copy(data) for data in lab.told(deployed, "v"))
    assert (first.version, first.ofi_1, first.depth_imbalance, first.ts_ns) == (1, 0, 0, START_NS)
    assert (second.microprice, second.depth_imbalance) == ((99 * 10 + 101 * 30) * DOLLAR // 40, 6000)
    assert third_seen.ofi_1 == (35 - 30) * UNIT + (10 - 4) * UNIT
    assert lab.row(deployed)["update_count"] == 3


def test_figures_are_counted(lab: Lab) -> None:
    deployed = lab.deploy(puppet([act(1, 1, 1, kind="MARKET"), cancel(9)]))
    lab.mid(101)
    run = lab.exchange.algos.calls.run(lab.edge(deployed))
    assert (run.updates, run.rejects, run.actions) == (2, 1, 2)
    traces = lab.exchange.algos.history.traces(deployed.id)
    assert [(t.callback, t.seq, t.actions) for t in reversed(traces)] == [
        ("on_book", 1, 2),
        ("on_reject", 2, 0),
        ("on_fill", 3, 0),
        ("on_book", 4, 0),
    ]
    assert all(trace.fuel > 0 for trace in traces)
    events = lab.exchange.algos.history.events(deployed.id)
    assert [(event.kind, event.edge_id) for event in reversed(events)] == [
        ("deployed", ""),
        ("started", "venue-edge-kraken"),
    ]


def test_stubbed_imports_answer_zero(lab: Lab) -> None:
    wasm = assemble(
        """(module (import "env" "host_log_impl" (func $log (param i32 i32 i32)))
        (import "env" "__seq_send" (func $send (param i64 i32 f32 f64) (result i64)))
        (import "env" "odd \\22name" (func $two (result i32 f64)))
        (memory (export "memory") 1) (data (i32.const 8) "sent 0")
        (func (export "algo_alloc") (param i32) (result i32) (i32.const 1024))
        (func (export "algo_on_book") (param i32 i32) (result i32) (local $n i32)
          (drop (call $two)) (local.set $n)
          (i32.store8 (i32.const 13) (i32.add (i32.const 48) (i32.add (local.get $n)
            (i32.wrap_i64 (call $send (i64.const 1) (i32.const 2) (f32.const 3) (f64.const 4))))))
          (call $log (i32.const 3) (i32.const 8) (i32.const 6)) (i32.const 0)))"""
    )
    deployed = lab.deploy(wasm)
    assert lab.logs(deployed) == ["sent 0"]


def test_the_momentum_example_buys_strength_and_sells_weakness(lab: Lab) -> None:
    deployed = lab.deploy(example("momentum"))
    for price in [100 + at for at in range(20)] + [119 - 2 * at for at in range(12)]:
        lab.mid(price)
        lab.advance(1)
    assert [row["side"] for row in lab.algo_orders()][:2] == ["BUY", "SELL"]
    assert lab.logs(deployed)[:4] == ["momentum is up: buying", "filled", "momentum is gone: selling", "filled"]
    assert lab.edge(deployed).position == 0
    lab.exchange.check_invariants()


def test_quiet_modules_are_not_called_for_what_they_do_not_export(lab: Lab) -> None:
    wasm = module("(i32.const 0)")
    deployed = lab.deploy(wasm)
    lab.stop(deployed)
    assert lab.row(deployed)["status"] == "stopped"
    assert [trace.callback for trace in lab.exchange.algos.history.traces(deployed.id)] == ["on_book"]
