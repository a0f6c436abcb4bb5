"""Whole graphs: the documented ones, pacing, sizing, pausing, cancelling, amending and the risk layers."""

from __future__ import annotations

from typing import cast

import pytest

from sequence_markets.sandbox.exchange import Refusal

from ..trading.support import SECOND, START_NS, Row, units
from .support import PERP, Desk, edge, node, paced, price, timeout


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.book([("90000", "5")], [("90010", "5")])
    desk.book([("3000", "500")], [("3001", "500")], symbol=PERP, venue="hyperliquid")
    return desk


def sources(desk: Desk) -> list[str]:
    return [str(row["node_order_id"]).split(":")[2] for row in desk.fills()]


def cancel(desk: Desk, name: str, seq: int = 1) -> None:
    desk.exchange.cancel_order(desk.client, f"graph:g:{name}:{seq}")
    desk.exchange.check_invariants()


# The documented graphs, in the wire's form.

HEDGE: dict[str, object] = {
    "nodes": [
        {
            "node_id": "spot",
            "instrument": {"symbol": "ETH-USD", "type": "spot", "venue": None},
            "side": "buy",
            "order_type": "market",
            "quantity": {"fixed": {"qty_1e8": 20_000_000_000}},
            "execution": {"urgency": "medium", "horizon_ms": 60_000},
            "activation": "root",
        },
        {
            "node_id": "hedge",
            "instrument": {"symbol": "ETH-USD-PERP", "type": "perp", "venue": "hyperliquid"},
            "side": "sell",
            "order_type": "market",
            "quantity": {"fixed": {"qty_1e8": 20_000_000_000}},
            "execution": {},
            "activation": "wait",
        },
    ],
    "edges": [
        {
            "edge_id": "e_spot_hedge",
            "from_node": "spot",
            "to_node": "hedge",
            "trigger": "on_fill_ratio",
            "condition": {"fill_ratio_gte": 0.5},
        }
    ],
    "graph_id": "g",
    "is_sandbox": True,
}


def test_the_documented_hedge_sells_the_perp_once_half_of_the_spot_is_there(desk: Desk) -> None:
    desk.book([("2999", "99")], [("3000", "99")], symbol="ETH-USD")
    answer = desk.exchange.submit(desk.client, HEDGE)
    desk.graph_id = "g"
    assert answer == {"graph_id": "g", "status": "active", "node_count": 2, "edge_count": 1}
    assert desk.states() == {"spot": "partial_fill", "hedge": "armed"}
    assert desk.state() == "partial_fill"
    desk.book([("2999", "99")], [("3000", "1")], symbol="ETH-USD")
    desk.advance(1)
    assert desk.got("spot") == units("100")
    assert desk.states() == {"spot": "partial_fill", "hedge": "filled"}
    assert desk.got("hedge") == units("200")
    desk.book([("2999", "99")], [("3001", "150")], symbol="ETH-USD")
    desk.advance(1)
    assert desk.state() == "completed"
    assert desk.edge("e_spot_hedge") == "fired"


def bracket(target: str) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    nodes = [
        node("entry", "buy", "0.1", urgency="high"),
        node("tp", "sell", "0.1", target),
        node("sl", "sell", "0.1"),
    ]
    below = price("below", -5.0)
    return nodes, [edge("entry", "tp", "full_fill"), edge("entry", "sl", below) | {"edge_id": "e_sl"}]


def test_the_documented_bracket_takes_its_profit(desk: Desk) -> None:
    desk.run(*bracket("95000"))
    assert desk.states() == {"entry": "filled", "tp": "executing", "sl": "armed"}
    desk.book([("95000", "5")], [("95010", "5")])
    assert desk.states() == {"entry": "filled", "tp": "filled", "sl": "cancelled"}
    assert desk.node("sl")["failure_reason"] == "EXIT_TAKEN"
    assert desk.edge("e_sl") == "cancelled"
    assert desk.state() == "completed"
    desk.book([("70000", "5")], [("70010", "5")])
    assert sources(desk) == ["entry", "tp"]


def test_the_documented_bracket_stops_its_loss(desk: Desk) -> None:
    desk.run(*bracket("95000"))
    desk.book([("85500", "5")], [("85510", "5")])
    assert desk.states() == {"entry": "filled", "tp": "cancelled", "sl": "filled"}
    assert desk.state() == "completed"
    assert sources(desk) == ["entry", "sl"]
    assert desk.held("kraken", "BTC") == 0


def test_a_bracket_never_sells_more_than_was_bought(desk: Desk) -> None:
    desk.fund(venue="kraken", kind="crypto", symbol="BTC", qty=3)
    desk.run(*bracket("95000"))
    desk.print("buy", "95000", "0.04")
    assert desk.got("tp") == units("0.04")
    desk.book([("85000", "5")], [("85510", "5")])
    assert desk.got("sl") == units("0.06")
    assert desk.states() == {"entry": "filled", "tp": "cancelled", "sl": "partial_fill"}
    assert desk.state() == "completed"


def test_exits_that_share_the_position_do_not_close_each_other(desk: Desk) -> None:
    nodes = [node("entry", "buy", "1"), *(node(f"out{i}", "sell", "0.5", f"9{i}000") for i in (1, 2))]
    desk.run(nodes, [edge("entry", "out1"), edge("entry", "out2")])
    assert desk.states() == {"entry": "filled", "out1": "executing", "out2": "executing"}
    desk.book([("91000", "5")], [("91010", "5")])
    assert desk.states() == {"entry": "filled", "out1": "filled", "out2": "executing"}


# Pacing.


def test_a_five_minute_twap_slice_by_slice() -> None:
    desk = Desk()
    answer = desk.run([node("twap", "buy", "1.00000003", pacing=paced(10, 30_000))])
    assert (answer["node_count"], answer["edge_count"]) == (11, 10)
    assert set(desk.states()) == {"twap", *(f"twap_slice_{i}" for i in range(10))}
    for number in range(10):
        assert desk.exchange.now_ns == START_NS + number * 30 * SECOND
        filled = [i for i in range(10) if desk.is_(f"twap_slice_{i}") == "filled"]
        assert filled == list(range(number + 1))
        last = number == 9
        assert desk.got("twap") == (number + 1) * 10_000_000 + (3 if last else 0)
        assert desk.fired(f"twap_pace_{number}") == 1
        if not last:
            assert desk.is_("twap") == "partial_fill"
            desk.advance(29.999)
            assert desk.is_(f"twap_slice_{number + 1}") == "armed"
            desk.advance(0.001)
    assert desk.is_("twap") == "filled"
    assert desk.state() == "completed"
    assert desk.order("graph:g:twap:1")["status"] == "FILLED"
    assert len({row["timestamp_ns"] for row in desk.fills()}) == 10
    assert sum(cast("int", row["qty_1e8"]) for row in desk.fills()) == units("1.00000003")


def test_the_parent_sums_up_what_its_slices_got(desk: Desk) -> None:
    desk.run([node("twap", "buy", "1", pacing=paced(4, 1000), tif="IOC")])
    desk.advance(1)
    desk.book([("90000", "5")], [("90010", "0.1")])
    desk.advance(5)
    row = desk.node("twap")
    assert desk.states() == {
        "twap": "partial_fill",
        "twap_slice_0": "filled",
        "twap_slice_1": "filled",
        "twap_slice_2": "partial_fill",
        "twap_slice_3": "cancelled",
    }
    assert row["filled_qty_1e8"] == units("0.6")
    assert row["fill_count"] == 3
    assert row["avg_fill_price_1e9"] == 90_010 * 10**9
    assert desk.order("graph:g:twap:1")["status"] == "COMPLETED"
    assert len(desk.fills("graph:g:twap:1")) == 3


def test_a_twap_in_dollars_is_cut_once_it_begins(desk: Desk) -> None:
    desk.run([node("twap", "buy", usd="9001", pacing=paced(3, 1000))])
    desk.advance(2)
    assert desk.state() == "completed"
    assert desk.got("twap") == units("0.1")
    assert [desk.got(f"twap_slice_{i}") for i in range(3)] == [3_333_333, 3_333_333, 3_333_334]


def test_a_waiting_twap_counts_from_its_own_activation(desk: Desk) -> None:
    nodes = [node("leg", "buy", "1"), node("twap", "sell", "1", symbol=PERP, pacing=paced(2, 1000))]
    desk.run(nodes, [edge("leg", "twap", timeout(700))])
    desk.advance(0.7)
    assert desk.got("twap_slice_0") == units("0.5")
    desk.advance(0.999)
    assert desk.got("twap") == units("0.5")
    desk.advance(0.001)
    assert desk.state() == "completed"


def test_edges_from_a_paced_node_see_the_fills_of_its_slices(desk: Desk) -> None:
    nodes = [node("twap", "buy", "1", pacing=paced(2, 1000)), node("hedge", "sell", "1", symbol=PERP)]
    desk.run(nodes, [edge("twap", "hedge", "on_fill", sizing="source_fill")])
    assert desk.got("hedge") == units("0.5")
    desk.advance(1)
    assert desk.got("hedge") == units("1")
    assert desk.fired("e_twap_hedge") == 2
    assert desk.state() == "completed"


def test_one_slice_is_cancelled_and_the_others_keep_their_turns(desk: Desk) -> None:
    desk.run([node("twap", "buy", "1", pacing=paced(4, 1000))])
    cancel(desk, "twap_slice_1")
    desk.advance(3)
    assert desk.got("twap") == units("0.75")
    assert desk.is_("twap_slice_1") == "cancelled"
    assert desk.is_("twap") == "partial_fill"
    assert desk.state() == "completed"


def test_cancelling_the_parent_cancels_its_slices(desk: Desk) -> None:
    desk.run([node("twap", "buy", "1", pacing=paced(4, 1000))])
    cancel(desk, "twap")
    desk.advance(10)
    assert desk.got("twap") == units("0.25")
    assert desk.states() == {
        "twap": "cancelled",
        "twap_slice_0": "filled",
        **{f"twap_slice_{i}": "cancelled" for i in (1, 2, 3)},
    }
    assert desk.state() == "aborted"


# Sizing, ends and states.


def test_a_node_with_two_ways_in_releases_its_target_once(desk: Desk) -> None:
    nodes = [node("a", "buy", "1"), node("b", "buy", "1"), node("exit", "sell", "2", symbol=PERP)]
    desk.run(nodes, [edge("a", "exit", sizing="source_fill"), edge("b", "exit")])
    assert desk.got("exit") == units("2")
    assert [row["qty_1e8"] for row in desk.fills()] == [units("1"), units("1"), units("1"), units("1")]
    assert desk.state() == "completed"


def test_a_ratio_that_comes_to_nothing_releases_nothing(desk: Desk) -> None:
    nodes = [node("a", "buy", "0.00000001"), node("b", "sell", "1", symbol=PERP)]
    desk.run(nodes, [edge("a", "b", sizing={"ratio": 0.5})])
    assert desk.states() == {"a": "filled", "b": "cancelled"}
    assert desk.edge("e_a_b") == "fired"
    assert desk.state() == "completed"


def test_a_graph_expires_when_all_its_time_is_over(desk: Desk) -> None:
    nodes = [node("a", "buy", "1", "80000", horizon_ms=1000), node("b", "buy", "1", "80000", horizon_ms=500)]
    desk.run(nodes, [edge("a", "b", timeout(100))])
    desk.advance(0.8)
    assert desk.states() == {"a": "executing", "b": "cancelled"}
    assert desk.state() == "active"
    desk.advance(0.2)
    assert desk.state() == "expired"


def test_cancelling_a_graph_cancels_every_node_that_is_not_final(desk: Desk) -> None:
    nodes = [node("a", "buy", "1"), node("b", "buy", "1", "80000"), node("c"), node("d")]
    edges = [edge("a", "b"), edge("b", "c", "on_cancel"), edge("b", "d", timeout(5000), delay_ms=10)]
    desk.run(nodes, edges)
    answer = desk.exchange.cancel_graph(desk.client, "g")
    assert answer == {"graph_id": "g", "status": "aborted", "cancelled": 3}
    assert desk.states() == {"a": "filled", "b": "cancelled", "c": "cancelled", "d": "cancelled"}
    desk.advance(60)
    assert desk.got("a") == units("1")
    assert sources(desk) == ["a"]
    assert desk.edge("e_b_c") == desk.edge("e_b_d") == "cancelled"
    assert desk.exchange.next_due_ns() is None


def test_cancelling_one_order_leaves_the_rest_of_the_graph(desk: Desk) -> None:
    nodes = [node("a", "buy", "1", "80000"), node("b", "buy", "1", "80000")]
    desk.run(nodes)
    cancel(desk, "a")
    assert desk.states() == {"a": "cancelled", "b": "executing"}
    assert desk.state() == "active"


def test_resetting_the_account_ends_its_graphs(desk: Desk) -> None:
    nodes = [node("a", "buy", "1", "89990"), node("b", "sell", "2", symbol=PERP), node("c", "buy", "1")]
    desk.run(nodes, [edge("a", "b", "on_fill", sizing="source_fill"), edge("a", "c", "on_cancel")])
    desk.print("sell", "89990", "0.5")
    desk.exchange.sandbox_reset(desk.client)
    desk.exchange.check_invariants()
    assert desk.states() == {"a": "cancelled", "b": "cancelled", "c": "cancelled"}
    # The perp that was there is gone: its next funding finds nothing, and none follows.
    due = desk.exchange.next_due_ns()
    assert due is not None
    assert desk.exchange.advance_to(due).records == 1
    assert desk.exchange.next_due_ns() is None


# Pausing.


def test_a_paused_graph_releases_nothing_and_catches_up_when_resumed(desk: Desk) -> None:
    nodes = [node("leg", "buy", "1", "89990"), node("hedge", "sell", "1", symbol=PERP), node("late")]
    edges = [edge("leg", "hedge", "on_fill", sizing="source_fill"), edge("leg", "late", timeout(1000))]
    desk.run(nodes, edges)
    desk.print("sell", "89990", "0.2")
    assert desk.exchange.pause_graph(desk.client, "g") == {"graph_id": "g", "status": "paused"}
    desk.print("sell", "89990", "0.3")
    desk.print("sell", "89990", "0.1")
    desk.advance(5)
    assert desk.state() == "paused"
    assert (desk.got("leg"), desk.got("hedge"), desk.got("late")) == (units("0.6"), units("0.2"), 0)
    assert desk.exchange.resume_graph(desk.client, "g") == {"graph_id": "g", "status": "partial_fill"}
    desk.exchange.check_invariants()
    assert (desk.got("hedge"), desk.got("late")) == (units("0.6"), units("1"))
    assert desk.fired("e_leg_hedge") == 2
    desk.print("sell", "89990", "0.4")
    assert desk.got("hedge") == units("1")
    assert desk.state() == "completed"


def test_a_timeout_that_is_not_due_when_resumed_fires_in_its_time(desk: Desk) -> None:
    desk.run([node("a", "buy", "1", "80000"), node("b")], [edge("a", "b", timeout(5000))])
    desk.exchange.pause_graph(desk.client, "g")
    assert desk.state() == "paused"
    desk.advance(2)
    desk.exchange.resume_graph(desk.client, "g")
    assert desk.state() == "active"
    desk.advance(2.999)
    assert desk.is_("b") == "armed"
    desk.advance(0.001)
    assert desk.is_("b") == "filled"


def test_a_price_that_came_and_went_while_paused_does_not_count(desk: Desk) -> None:
    desk.run([node("a", "buy", "1"), node("b", "sell", "1")], [edge("a", "b", price("below", 5))])
    desk.exchange.pause_graph(desk.client, "g")
    desk.book([("80000", "5")], [("80010", "5")])
    desk.book([("90000", "6")], [("90010", "6")])
    desk.exchange.resume_graph(desk.client, "g")
    assert desk.is_("b") == "armed"
    desk.book([("80000", "5")], [("80010", "5")])
    assert desk.is_("b") == "filled"


@pytest.mark.parametrize("call", ["resume_graph", "pause_graph"])
def test_what_is_not_paused_or_is_over_cannot_be_resumed_or_paused(desk: Desk, call: str) -> None:
    desk.run([node("a")])
    with pytest.raises(Refusal) as refused:
        getattr(desk.exchange, call)(desk.client, "g")
    assert (refused.value.status, refused.value.code) == (409, "CONFLICT")
    with pytest.raises(Refusal) as unknown:
        getattr(desk.exchange, call)(desk.client, "nobody")
    assert unknown.value.status == 404


# Risk.


def test_admission_counts_every_node_once(desk: Desk) -> None:
    nodes = [node("a", "buy", "1", "90000", pacing=paced(2, 5)), node("b", "buy", "1", "90000")]
    limit: dict[str, object] = {"admission": {"max_notional_usd": 180_000}}
    desk.run(nodes, [edge("a", "b")], risk=limit)
    with pytest.raises(Refusal) as refused:
        desk.run([*nodes, node("c", "buy", "0.00001", "90000")], [edge("a", "b")], "h", risk=limit)
    assert refused.value.details[0]["field"] == "risk.admission.max_notional_usd"


def test_pre_trade_caps_the_slippage_of_every_order(desk: Desk) -> None:
    desk.book([("90000", "5")], [("90010", "0.5"), ("90200", "5")])
    nodes = [node("a", "buy", "1"), node("b", "buy", "1", max_slippage_bps=5)]
    desk.run(nodes, risk={"pre_trade": {"max_slippage_bps": 10}})
    assert desk.got("a") == units("0.5")
    assert desk.order("graph:g:a:1")["failure_reason"] == "MAX_SLIPPAGE"
    assert desk.got("b") == 0


def losing(desk: Desk, **risk: object) -> None:
    nodes = [node("entry", "buy", "1"), node("later", "buy", "1", "80000"), node("next")]
    edges = [edge("entry", "later"), edge("later", "next")]
    desk.run(nodes, edges, risk={"runtime": {"max_loss_usd": 1000}} | risk)


def test_a_graph_that_loses_too_much_is_aborted(desk: Desk) -> None:
    losing(desk)
    # Bought at 90010 with a fee of 90.01: at a mid of 89100.01 the loss is exactly 1000.
    desk.book([("89100.00", "5")], [("89100.02", "5")])
    assert desk.state() == "partial_fill"
    desk.book([("89100.00", "5")], [("89100.01", "5")])
    assert desk.state() == "aborted"
    assert desk.states() == {"entry": "filled", "later": "cancelled", "next": "cancelled"}
    assert desk.node("later")["failure_reason"] == desk.shown()["failure_reason"] == "MAX_LOSS"


def test_a_losing_graph_can_be_paused_and_resumed(desk: Desk) -> None:
    losing(desk, on_failure={"action": "pause"})
    desk.book([("85000", "5")], [("85010", "5")])
    assert desk.state() == "paused"
    assert desk.shown()["failure_reason"] == "MAX_LOSS"
    assert desk.exchange.resume_graph(desk.client, "g")["status"] == "paused"
    desk.book([("90000", "5")], [("90010", "5")])
    assert desk.exchange.resume_graph(desk.client, "g")["status"] == "partial_fill"
    assert desk.shown()["failure_reason"] is None


def test_a_losing_graph_can_be_left_alone(desk: Desk) -> None:
    losing(desk, on_failure={"action": "none"})
    desk.book([("85000", "5")], [("85010", "5")])
    assert desk.state() == "partial_fill"
    assert desk.shown()["failure_reason"] == "MAX_LOSS"
    desk.book([("80000", "0.1")], [("80000.01", "5")])
    desk.print("sell", "80000", "9")
    assert desk.state() == "completed"


def test_the_market_itself_breaks_a_loss_limit_in_time() -> None:
    def walk(step: float, count: int) -> tuple[object, int]:
        desk = Desk()
        nodes = [node("entry", "buy", "1"), node("later", "buy", "1", "50000")]
        desk.run(nodes, [edge("entry", "later")], risk={"runtime": {"max_loss_usd": 130}})
        for _ in range(count):
            desk.advance(step)
        return desk.shown()["failure_reason"], cast("int", desk.order("graph:g:later:1")["updated_unix_ns"])

    found = walk(900, 1)
    assert found[0] == "MAX_LOSS"
    assert walk(9, 100) == found


def test_too_much_unhedged_is_judged_once_the_instant_has_settled(desk: Desk) -> None:
    desk.book([("2999", "500")], [("3000", "500")], symbol="ETH-USD")
    nodes = [node("spot", "buy", "5", symbol="ETH-USD"), node("hedge", "sell", "5", symbol=PERP)]
    risk = {"runtime": {"max_unhedged_qty_1e8": units("1")}}
    desk.run(nodes, [edge("spot", "hedge", "on_fill", sizing="source_fill")], risk=risk)
    assert desk.state() == "completed"
    desk.run(nodes, [edge("spot", "hedge", timeout(5))], "late", risk=risk)
    assert desk.state() == "aborted"
    assert desk.node("hedge")["failure_reason"] == "MAX_UNHEDGED"


@pytest.mark.parametrize(("qty", "state"), [("1", "active"), ("1.00000001", "aborted")])
def test_unhedged_exactly_at_the_limit_is_within_it(desk: Desk, qty: str, state: str) -> None:
    nodes = [node("a", "buy", qty), node("b", "buy", "1", "80000")]
    desk.run(nodes, [edge("a", "b")], risk={"runtime": {"max_unhedged_qty_1e8": units("1")}})
    assert desk.state() == ("partial_fill" if state == "active" else state)


@pytest.mark.parametrize(
    ("action", "state", "others"),
    [("cancel_all", "aborted", "cancelled"), ("pause", "paused", "executing"), ("none", "active", "executing")],
)
def test_a_rejected_node_is_a_failure(desk: Desk, action: str, state: str, others: str) -> None:
    nodes = [node("a", "buy", "1", "80000"), node("b", "sell", "1")]
    desk.run(nodes, [edge("a", "b", timeout(1000))], risk={"on_failure": {"action": action}})
    desk.advance(1)
    assert desk.states() == {"a": others, "b": "rejected"}
    assert desk.state() == state


@pytest.mark.parametrize(
    ("risk", "field"),
    [
        ({"admission": {"max_notional": 5}}, "risk.admission.max_notional"),
        ({"pre_trade": {"max_slippage_bps": -1}}, "risk.pre_trade.max_slippage_bps"),
        ({"runtime": {"max_loss_usd": 0}}, "risk.runtime.max_loss_usd"),
        ({"runtime": {"max_unhedged_qty_1e8": 0.5}}, "risk.runtime.max_unhedged_qty_1e8"),
        ({"on_failure": {"action": "panic"}}, "risk.on_failure.action"),
        ({"runtime": 5}, "risk.runtime"),
        ([], "risk"),
    ],
)
def test_a_wrong_risk_rule_is_named(desk: Desk, risk: object, field: str) -> None:
    with pytest.raises(Refusal) as refused:
        desk.run([node("a")], risk=risk)
    assert field in [detail["field"] for detail in refused.value.details]


# Shapes that cannot be.


def fields(desk: Desk, nodes: list[dict[str, object]], edges: list[dict[str, object]]) -> list[str]:
    digest = desk.exchange.journal.digest()
    with pytest.raises(Refusal) as refused:
        desk.run(nodes, edges)
    assert (refused.value.status, refused.value.code) == (422, "VALIDATION_ERROR")
    assert desk.exchange.journal.digest() == digest
    return [f"{detail['field']}: {detail['message']}" for detail in refused.value.details]


def test_impossible_shapes_are_refused_and_named(desk: Desk) -> None:
    a, b, c = node("a"), node("b"), node("c")
    assert "nodes[1].node_id" in fields(desk, [a, a], [])[0]
    assert fields(desk, [a, b], [edge("a", "z")])[0].startswith("edges[0].to_node: there is no node 'z'")
    assert fields(desk, [a, b], [edge("a", "a")])[0].startswith("edges[0]: leads from 'a' to itself")
    assert "edges[1].edge_id" in fields(desk, [a, b], [edge("a", "b"), edge("a", "b", "on_done")])[0]
    ring = fields(desk, [a, b, c], [edge("a", "b"), edge("b", "c"), edge("c", "a")])
    assert "edges: they lead round in a circle: a -> b -> c -> a" in ring
    assert any(line.startswith("nodes: no node is a root") for line in ring)
    assert "nodes[1].activation" in fields(desk, [a, node("b", activation="wait")], [])[0]
    assert "nodes[1].activation" in fields(desk, [a, node("b", activation="root")], [edge("a", "b")])[0]
    assert "no node is a root" in fields(desk, [node("a", activation="wait")], [])[-1]
    assert "nodes[0].activation" in fields(desk, [node("a", activation="later")], [])[0]
    assert "at most 100" in fields(desk, [node(f"n{i}") for i in range(101)], [])[0]
    many = [edge("a", "b") | {"edge_id": f"e{i}"} for i in range(201)]
    assert "at most 200" in fields(desk, [a, b], many)[0]
    long = [node(f"n{i}", pacing=paced(500, 1)) for i in range(2)]
    assert "at most 1000" in fields(desk, long, [])[0]
    assert "cannot be cut" in fields(desk, [node("a", "buy", "0.00000003", pacing=paced(4, 1))], [])[0]
    assert "num_slices" in fields(desk, [node("a", pacing=paced(0, 1))], [])[0]
    assert "interval_ms" in fields(desk, [node("a", pacing=paced(1, 0))], [])[0]
    assert "its slice 'a_slice_0'" in fields(desk, [node("a", pacing=paced(1, 1)), node("a_slice_0")], [])[0]
    part = edge("a", "b", "on_fill", sizing="source_fill")
    assert "as a whole" in fields(desk, [a, node("b", pacing=paced(2, 1))], [part])[0]
    assert "in dollars" in fields(desk, [a, node("b", usd="5")], [part])[0]


def test_every_fault_is_named_at_once(desk: Desk) -> None:
    found = fields(desk, [node("a", "up"), node("b", tif="x")], [edge("a", "z"), edge("b", "b", "on_moon")])
    assert [line.split(":")[0] for line in found] == [
        "nodes[0].side",
        "nodes[1].execution.tif",
        "edges[0].to_node",
        "edges[1]",
        "edges[1].trigger",
    ]


def test_a_hundred_nodes_and_two_hundred_edges_run(desk: Desk) -> None:
    nodes = [node(f"n{i}", "sell", "0.01", symbol=PERP) for i in range(100)]
    edges = [edge(f"n{i}", f"n{i + step}") for step in (1, 2) for i in range(100 - step)]
    edges += [edge("n0", "n99") | {"edge_id": f"x{i}"} for i in range(3)]
    answer = desk.run(nodes, edges)
    assert (answer["node_count"], answer["edge_count"]) == (100, 200)
    assert desk.state() == "completed"
    assert len(desk.fills()) == 100


def test_the_same_graph_again_is_the_same_answer_and_another_is_a_conflict(desk: Desk) -> None:
    nodes, edges = bracket("95000")
    first = desk.run(nodes, edges)
    digest = desk.exchange.journal.digest()
    assert desk.run(nodes, [edges[0] | {"delay_ms": 0, "sizing": "target"}, edges[1]]) == first
    for other in ([edges[0]], [edges[0] | {"delay_ms": 5}, edges[1]], [edges[0] | {"trigger": "on_done"}, edges[1]]):
        with pytest.raises(Refusal) as refused:
            desk.run(nodes, other)
        assert refused.value.code == "CONFLICT"
    assert desk.exchange.journal.digest() == digest


# Amending.


def amend(desk: Desk, name: str, **body: object) -> Row:
    answer = desk.exchange.amend_order(desk.client, f"graph:g:{name}:1", body)
    desk.exchange.check_invariants()
    return answer


def limit(price_usd: int) -> dict[str, object]:
    return {"max_price_1e9": price_usd * 10**9}


def test_an_amended_order_loses_its_place_and_rests_anew(desk: Desk) -> None:
    desk.run([node("a", "buy", "1", "90000")])
    desk.print("sell", "90000", "5.4")
    assert desk.got("a") == units("0.4")
    held = desk.held("kraken", "USD")
    answer = amend(desk, "a", new_qty_1e8=units("2"))
    assert (answer["mode"], answer["status"], answer["qty_1e8"]) == ("cancel_replace", "PARTIAL", units("2"))
    assert desk.held("kraken", "USD") > held
    desk.print("sell", "90000", "5")
    assert desk.got("a") == units("0.4")
    desk.print("sell", "90000", "1.6")
    assert desk.is_("a") == "filled"


def test_a_decrease_gives_its_hold_back(desk: Desk) -> None:
    desk.run([node("a", "buy", "2", "80000")])
    held = desk.held("kraken", "USD")
    amend(desk, "a", new_qty_1e8=units("1"))
    assert desk.held("kraken", "USD") == held // 2
    assert desk.node("a")["target_qty_1e8"] == units("1")


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_a_new_limit_counts_for_both_sides(desk: Desk, side: str) -> None:
    desk.fund(venue="kraken", kind="crypto", symbol="BTC", qty=3)
    desk.run([node("a", side, "1", "80000" if side == "buy" else "99000")])
    answer = amend(desk, "a", new_constraints=limit(89_000 if side == "buy" else 91_000))
    assert answer["limit_price_1e9"] == (89_000 if side == "buy" else 91_000) * 10**9
    assert desk.is_("a") == "executing"
    amend(desk, "a", new_constraints=limit(90_010 if side == "buy" else 90_000))
    assert desk.is_("a") == "filled"


def test_amending_checks_what_is_filled_and_what_can_be_paid(desk: Desk) -> None:
    desk.run([node("a", "buy", "1", "90000")])
    desk.print("sell", "90000", "5.4")
    for qty in (units("0.4"), units("0.1"), 0, -5, 1.5, "1", True):
        with pytest.raises(Refusal) as refused:
            amend(desk, "a", new_qty_1e8=qty)
        assert (refused.value.status, refused.value.details[0]["field"]) == (422, "new_qty_1e8")
    before = desk.order("graph:g:a:1")
    with pytest.raises(Refusal) as poor:
        amend(desk, "a", new_qty_1e8=units("1000000"))
    assert poor.value.code == "INSUFFICIENT_BALANCE"
    assert desk.order("graph:g:a:1") == before
    desk.exchange.check_invariants()
    bodies: list[Row] = [{}, {"new_constraints": {}}, {"colour": 1}, {"new_constraints": {"urgency": "high"}}]
    for body in bodies:
        with pytest.raises(Refusal):
            amend(desk, "a", **body)
    cancel(desk, "a")
    with pytest.raises(Refusal) as over:
        amend(desk, "a", new_qty_1e8=units("2"))
    assert (over.value.status, over.value.code) == (409, "CONFLICT")


@pytest.mark.parametrize(
    "execution",
    [
        {"policy": "aggressive_chase", "horizon_ms": 9000},
        {"policy": "passive_ladder"},
        {"policy": "time_drip", "horizon_ms": 9000},
        {"policy": "passive_limit"},
        {"urgency": "low"},
        {"urgency": "high"},
    ],
)
def test_every_policy_can_be_amended(desk: Desk, execution: dict[str, object]) -> None:
    desk.book([("90000", "5")], [("90010", "0.01")])
    desk.run([node("a", "buy", "1", "90005", execution=execution)])
    desk.advance(1.5)
    amend(desk, "a", new_qty_1e8=units("0.8"))
    desk.advance(1.5)
    amend(desk, "a", new_qty_1e8=units("1.2"), new_constraints=limit(90_020))
    desk.book([("90000", "5")], [("90010", "5")])
    desk.advance(60)
    assert desk.got("a") == units("1.2") or execution.get("policy") in ("passive_ladder", "passive_limit")


def test_a_waiting_node_is_amended_before_it_starts(desk: Desk) -> None:
    desk.run([node("a", "buy", "1", "89990"), node("b", "sell", "1", "3100", symbol=PERP)], [edge("a", "b")])
    row = desk.exchange.amend_node(desk.client, "g", "b", {"new_qty_1e8": units("2"), "new_constraints": limit(3000)})
    assert (row["target_qty_1e8"], row["node_order_id"]) == (units("2"), "graph:g:b:1")
    desk.print("sell", "89990", "1")
    assert desk.got("b") == units("2")
    assert desk.state() == "completed"
    with pytest.raises(Refusal) as over:
        desk.exchange.amend_node(desk.client, "g", "b", {"new_qty_1e8": units("3")})
    assert over.value.status == 409


def test_a_smaller_target_can_reach_a_ratio(desk: Desk) -> None:
    nodes = [node("a", "buy", "1", "89990"), node("b", "sell", "1", symbol=PERP)]
    desk.run(nodes, [edge("a", "b", "on_fill_ratio", ratio=0.5)])
    desk.print("sell", "89990", "0.4")
    assert desk.is_("b") == "armed"
    amend(desk, "a", new_qty_1e8=units("0.8"))
    assert desk.is_("b") == "filled"


def test_the_target_of_a_streaming_hedge_can_be_changed(desk: Desk) -> None:
    nodes = [node("a", "buy", "2", "89990"), node("b", "sell", "1", symbol=PERP)]
    desk.run(nodes, [edge("a", "b", "on_fill", sizing="source_fill")])
    desk.print("sell", "89990", "0.5")
    desk.exchange.amend_node(desk.client, "g", "b", {"new_qty_1e8": units("1.5")})
    desk.print("sell", "89990", "1.5")
    assert desk.got("b") == units("1.5")
    assert desk.state() == "completed"


def test_a_paced_node_takes_a_new_limit_but_no_new_quantity(desk: Desk) -> None:
    desk.run([node("twap", "buy", "1", "89995", pacing=paced(4, 1000))])
    desk.advance(1)
    for name in ("twap", "twap_slice_2"):
        with pytest.raises(Refusal) as refused:
            desk.exchange.amend_node(desk.client, "g", name, {"new_qty_1e8": units("3")})
        assert refused.value.status == 409
    desk.exchange.amend_node(desk.client, "g", "twap", {"new_constraints": limit(90_010)})
    desk.exchange.check_invariants()
    assert desk.got("twap") == units("0.5")
    desk.advance(2)
    assert desk.state() == "completed"


# Stopping.


def test_the_kill_switch_stops_submissions_only(desk: Desk) -> None:
    desk.run([node("a", "buy", "1", "89990"), node("b", "sell", "1", symbol=PERP)], [edge("a", "b")])
    answer = desk.exchange.engage_kill_switch(desk.client, "lunch")
    assert answer == {"engaged": True, "reason": "lunch", "engaged_at_ns": desk.exchange.now_ns}
    with pytest.raises(Refusal) as refused:
        desk.run([node("a")], graph_id="other")
    assert (refused.value.status, refused.value.code) == (409, "KILL_SWITCH")
    assert desk.exchange.risk_limits(desk.client)["kill_switch_active"] is True
    Desk(desk.exchange, "b").run([node("a")])
    desk.print("sell", "89990", "1")
    assert desk.state() == "completed"
    assert desk.exchange.clear_kill_switch(desk.client) == {"engaged": False}
    desk.run([node("a")], graph_id="other")


def test_cancelling_all_on_a_venue_takes_what_is_there(desk: Desk) -> None:
    desk.book([("90000", "5")], [("90010", "5")], venue="coinbase")
    nodes = [
        node("kraken", "buy", "1", "80000", venue="kraken"),
        node("routed", "buy", "1", "80000"),
        node("coinbase", "buy", "1", "80000", venue="coinbase"),
        node("waiting", "buy", "1", venue="kraken"),
        node("paced", "buy", "1", "80000", venue="kraken", pacing=paced(2, 1000)),
    ]
    desk.run(nodes, [edge("coinbase", "waiting")])
    assert desk.exchange.cancel_all_on_venue(desk.client, "kraken") == {"venue": "kraken", "cancelled": 3}
    desk.exchange.check_invariants()
    assert (desk.is_("coinbase"), desk.is_("routed")) == ("executing", "executing")
    assert desk.exchange.cancel_all_on_venue(desk.client, "kraken")["cancelled"] == 0
    with pytest.raises(Refusal) as refused:
        desk.exchange.cancel_all_on_venue(desk.client, "nasdaq")
    assert refused.value.status == 400


def test_redeeming_says_what_there_is() -> None:
    desk = Desk()
    ticker = "KXBTCZ-26DEC31-T99000"
    desk.fund(venue="kalshi", kind="event_contract", symbol=ticker, qty=7)
    answer = desk.exchange.redeem(desk.client, ticker, "kalshi")
    assert (answer["mode"], answer["venue"], answer["slug"]) == ("auto_settled", "kalshi", ticker)
    assert f"7 of {ticker}" in str(answer["note"])
    answer = desk.exchange.redeem(desk.client, "fed-decision-in-october", "polymarket")
    assert answer["mode"] == "noop"
    assert len(cast("list[str]", answer["token_ids"])) == 2
    for market, venue, status in (("nope", "kalshi", 404), (ticker, "polymarket", 400), (ticker, "nyse", 400)):
        with pytest.raises(Refusal) as refused:
            desk.exchange.redeem(desk.client, market, venue)
        assert refused.value.status == status
