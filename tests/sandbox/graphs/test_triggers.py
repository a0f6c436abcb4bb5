"""Every trigger: when it fires, when it does not, and where the two meet."""

from __future__ import annotations

import pytest

from sequence_markets.sandbox.exchange import Refusal

from ..trading.support import units
from .support import PERP, Desk, edge, node, price, timeout

TWO = [("90000", "5")], [("90010", "5")]
HEDGE = [("3000", "500")], [("3001", "500")]


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.book(*TWO)
    desk.book(*HEDGE, symbol=PERP, venue="hyperliquid")
    return desk


def hedge(qty: str = "1", **more: object) -> dict[str, object]:
    return node("hedge", "sell", qty, symbol=PERP, execution=more)


def resting(qty: str = "1") -> dict[str, object]:
    """A buy that rests at 89990, with nothing before it."""
    return node("leg", "buy", qty, "89990")


def fill(desk: Desk, qty: str) -> None:
    desk.print("sell", "89990", qty)
    desk.exchange.check_invariants()


def cancel(desk: Desk, name: str) -> None:
    desk.exchange.cancel_order(desk.client, f"graph:g:{name}:1")
    desk.exchange.check_invariants()


def test_accepted_fires_as_soon_as_the_source_works(desk: Desk) -> None:
    desk.run([resting(), hedge()], [edge("leg", "hedge", "on_accepted")])
    assert desk.states() == {"leg": "executing", "hedge": "filled"}
    assert desk.edge("e_leg_hedge") == "fired"


def test_accepted_does_not_fire_for_a_rejected_source(desk: Desk) -> None:
    answer = desk.run([node("leg", "sell", "1"), hedge()], [edge("leg", "hedge", "on_accepted")])
    assert desk.states() == {"leg": "rejected", "hedge": "cancelled"}
    assert desk.node("hedge")["failure_reason"] == "NOT_ACTIVATED"
    assert desk.edge("e_leg_hedge") == "expired"
    assert (answer["status"], desk.state()) == ("aborted", "aborted")


def test_accepted_waits_for_an_order_that_is_under_way(desk: Desk) -> None:
    desk.exchange.put_sandbox_settings(desk.client, {"latency_ms": {"kraken": 50}})
    desk.run([resting(), hedge()], [edge("leg", "hedge", "accepted")])
    assert desk.states() == {"leg": "armed", "hedge": "armed"}
    assert desk.state() == "pending"
    desk.advance(0.05)
    assert desk.states() == {"leg": "executing", "hedge": "filled"}


def test_first_fill_fires_once(desk: Desk) -> None:
    desk.run([resting(), hedge("3")], [edge("leg", "hedge", "on_first_fill", sizing={"ratio": 1})])
    assert desk.states() == {"leg": "executing", "hedge": "armed"}
    assert desk.edge("e_leg_hedge") == "armed"
    fill(desk, "0.25")
    fill(desk, "0.25")
    assert desk.fired("e_leg_hedge") == 1
    assert desk.got("hedge") == units("0.25")


def test_first_fill_never_fires_without_one(desk: Desk) -> None:
    desk.run([resting(), hedge()], [edge("leg", "hedge", "first_fill")])
    cancel(desk, "leg")
    assert desk.states() == {"leg": "cancelled", "hedge": "cancelled"}
    assert desk.edge("e_leg_hedge") == "expired"
    assert desk.state() == "aborted"


def test_every_fill_fires_and_is_hedged_by_its_own_size(desk: Desk) -> None:
    desk.run([resting(), hedge()], [edge("leg", "hedge", "on_fill", sizing="source_fill")])
    for number, qty in enumerate(("0.25", "0.25", "0.5"), start=1):
        fill(desk, qty)
        assert desk.fired("e_leg_hedge") == number
        assert desk.got("hedge") == desk.got("leg")
    assert desk.states() == {"leg": "filled", "hedge": "filled"}
    assert desk.state() == "completed"
    ids = {row["node_order_id"] for row in desk.fills() if "hedge" in str(row["node_order_id"])}
    assert ids == {f"graph:g:hedge:{number}" for number in (1, 2, 3)}


def test_every_fill_at_a_ratio_leaves_the_rest_of_the_target(desk: Desk) -> None:
    desk.run([resting(), hedge()], [edge("leg", "hedge", "on_fill", sizing={"ratio": 0.5})])
    fill(desk, "1")
    assert desk.node("hedge")["filled_qty_1e8"] == units("0.5")
    assert desk.is_("hedge") == "partial_fill"
    assert desk.state() == "completed"


def test_a_streaming_hedge_never_releases_more_than_its_target(desk: Desk) -> None:
    desk.run([resting("2"), hedge("0.7")], [edge("leg", "hedge", "on_fill", sizing="source_fill")])
    fill(desk, "0.5")
    fill(desk, "0.5")
    assert desk.got("hedge") == units("0.7")
    assert desk.edge("e_leg_hedge") == "fired"
    fill(desk, "1")
    assert desk.got("hedge") == units("0.7")
    assert desk.fired("e_leg_hedge") == 2


@pytest.mark.parametrize("spelling", ["on_fill_ratio", "on_fill"])
def test_a_ratio_fires_when_it_is_exactly_reached(desk: Desk, spelling: str) -> None:
    desk.run([resting(), hedge()], [edge("leg", "hedge", spelling, ratio=0.5)])
    fill(desk, "0.49999999")
    assert desk.is_("hedge") == "armed"
    fill(desk, "0.00000001")
    assert desk.is_("hedge") == "filled"
    fill(desk, "0.5")
    assert desk.fired("e_leg_hedge") == 1


def test_a_ratio_is_compared_exactly(desk: Desk) -> None:
    desk.run([resting("3"), hedge()], [edge("leg", "hedge", "fill_pct", value=0.1)])
    fill(desk, "0.29999999")
    assert desk.is_("hedge") == "armed"
    fill(desk, "0.00000001")
    assert desk.is_("hedge") == "filled"


def test_a_ratio_of_one_needs_everything(desk: Desk) -> None:
    desk.run([resting(), hedge()], [edge("leg", "hedge", "on_fill_ratio", ratio=1)])
    fill(desk, "0.99999999")
    cancel(desk, "leg")
    assert desk.is_("hedge") == "cancelled"


def test_full_fill_fires_at_the_last_unit_only(desk: Desk) -> None:
    desk.run([resting(), hedge()], [edge("leg", "hedge", "full_fill")])
    fill(desk, "0.99999999")
    assert desk.is_("hedge") == "armed"
    fill(desk, "0.00000001")
    assert desk.states() == {"leg": "filled", "hedge": "filled"}
    assert desk.state() == "completed"


def test_a_cancel_that_comes_before_the_last_fill_wins(desk: Desk) -> None:
    edges = [edge("leg", "hedge", "on_full_fill"), edge("leg", "other", "on_cancel")]
    desk.run([resting(), hedge(), node("other", "buy", "1")], edges)
    fill(desk, "0.9")
    cancel(desk, "leg")
    fill(desk, "0.1")
    assert desk.states() == {"leg": "cancelled", "hedge": "cancelled", "other": "filled"}
    assert desk.got("leg") == units("0.9")


def test_a_fill_that_comes_before_the_cancel_wins(desk: Desk) -> None:
    edges = [edge("leg", "hedge", "on_full_fill"), edge("leg", "other", "on_cancel")]
    desk.run([resting(), hedge(), node("other", "buy", "1")], edges)
    fill(desk, "1")
    cancel(desk, "leg")
    assert desk.states() == {"leg": "filled", "hedge": "filled", "other": "cancelled"}
    assert desk.state() == "completed"


def test_cancel_fires_for_an_order_that_ends_without_a_fill(desk: Desk) -> None:
    desk.run(
        [node("leg", "buy", "1", "80000", tif="FOK"), node("other", "buy", "1")], [edge("leg", "other", "cancelled")]
    )
    assert desk.states() == {"leg": "cancelled", "other": "filled"}


def test_cancel_does_not_fire_for_a_rejection_but_done_does(desk: Desk) -> None:
    edges = [edge("leg", "hedge", "on_cancel"), edge("leg", "other", "on_done")]
    desk.run([node("leg", "sell", "1"), hedge(), node("other", "buy", "1")], edges)
    assert desk.states() == {"leg": "rejected", "hedge": "cancelled", "other": "filled"}


@pytest.mark.parametrize("end", ["fill", "cancel", "expire", "complete"])
def test_done_fires_at_every_end(desk: Desk, end: str) -> None:
    leg = node("leg", "buy", "1", "89990", horizon_ms=1000)
    if end == "complete":
        leg = node("leg", "buy", "9", tif="IOC")
    desk.run([leg, hedge()], [edge("leg", "hedge", "done")])
    if end == "fill":
        fill(desk, "1")
    elif end == "cancel":
        cancel(desk, "leg")
    elif end == "expire":
        assert desk.is_("hedge") == "armed"
        desk.advance(1)
    assert desk.is_("hedge") == "filled"
    assert desk.fired("e_leg_hedge") == 1


def test_a_node_that_was_passed_over_is_no_event(desk: Desk) -> None:
    nodes = [resting(), node("if_cancelled", "buy", "1"), hedge()]
    desk.run(nodes, [edge("leg", "if_cancelled", "on_cancel"), edge("if_cancelled", "hedge", "on_done")])
    fill(desk, "1")
    assert desk.states() == {"leg": "filled", "if_cancelled": "cancelled", "hedge": "cancelled"}
    assert desk.state() == "completed"


def test_a_waiting_node_that_the_client_cancels_is_an_event(desk: Desk) -> None:
    nodes = [resting(), node("next", "buy", "1"), hedge()]
    desk.run(nodes, [edge("leg", "next", "on_full_fill"), edge("next", "hedge", "on_cancel")])
    cancel(desk, "next")
    assert desk.states() == {"leg": "executing", "next": "cancelled", "hedge": "filled"}


def test_a_timeout_counts_from_the_activation_of_its_source(desk: Desk) -> None:
    nodes = [resting(), node("second", "buy", "1", "89000"), hedge()]
    desk.run(nodes, [edge("leg", "second", "on_full_fill"), edge("second", "hedge", timeout(5000))])
    desk.advance(60)
    assert desk.is_("hedge") == "pending"
    fill(desk, "1")
    desk.advance(4.999)
    assert desk.is_("hedge") == "armed"
    desk.advance(0.001)
    assert desk.is_("hedge") == "filled"
    desk.advance(60)
    assert desk.fired("e_second_hedge") == 1


def test_a_timeout_fires_although_its_source_is_over(desk: Desk) -> None:
    desk.run([node("leg", "buy", "1"), hedge()], [edge("leg", "hedge", timeout(1000))])
    assert desk.is_("leg") == "filled"
    desk.advance(1)
    assert desk.is_("hedge") == "filled"


def test_at_one_instant_the_fill_comes_before_the_timeout(desk: Desk) -> None:
    # The slices of a drip fill at 0, 1, ... 9 s: at 5 s a fill and the timeout meet.
    leg = node("leg", "buy", "1", policy="time_drip", horizon_ms=10_000)
    edges = [edge("leg", "hedge", "on_fill_ratio", ratio=0.6), edge("leg", "late", timeout(5000))]
    desk.run([leg, hedge(), node("late", "sell", "2", symbol=PERP)], edges)
    desk.advance(5)
    assert desk.states() == {"leg": "partial_fill", "hedge": "filled", "late": "filled"}
    order = [str(row["node_order_id"]).split(":")[2] for row in desk.fills()]
    assert order[-3:] == ["leg", "hedge", "late"]


def test_at_one_instant_the_deadline_comes_before_the_timeout(desk: Desk) -> None:
    leg = node("leg", "buy", "1", "89990", horizon_ms=5000)
    edges = [edge("leg", "hedge", timeout(5000)), edge("leg", "other", "on_done")]
    desk.run([leg, hedge(), node("other", "sell", "2", symbol=PERP)], edges)
    desk.advance(5)
    assert [str(row["node_order_id"]).split(":")[2] for row in desk.fills()] == ["other", "hedge"]


STOP = [node("entry", "buy", "1"), node("stop", "sell", "1")]


def move(desk: Desk, bid: str, ask: str) -> None:
    desk.book([(bid, "5")], [(ask, "5")])


@pytest.mark.parametrize("offset", [5.0, -5.0])
def test_below_fires_when_the_mid_is_exactly_there(desk: Desk, offset: float) -> None:
    desk.run(STOP, [edge("entry", "stop", price("below", offset))])
    # Bought at 90010, so the price to fall to is 85509.5.
    move(desk, "85509.49", "85509.53")
    assert desk.is_("stop") == "armed"
    move(desk, "85509.49", "85509.51")
    assert desk.is_("stop") == "filled"
    assert desk.state() == "completed"


@pytest.mark.parametrize("offset", [5.0, -5.0])
def test_above_fires_when_the_mid_is_exactly_there(desk: Desk, offset: float) -> None:
    desk.run(STOP, [edge("entry", "stop", price("above", offset))])
    move(desk, "94510.48", "94510.50")
    assert desk.is_("stop") == "armed"
    move(desk, "94510.49", "94510.51")
    assert desk.is_("stop") == "filled"


def test_a_price_relative_to_the_entry_is_not_watched_before_there_is_one(desk: Desk) -> None:
    entry = node("entry", "buy", "1", "89990")
    desk.run([entry, STOP[1]], [edge("entry", "stop", price("below", 0.001))])
    assert desk.edge("e_entry_stop") == "pending"
    move(desk, "90500", "90510")
    assert desk.edge("e_entry_stop") == "pending"
    fill(desk, "0.5")
    assert desk.edge("e_entry_stop") == "armed"
    cancel(desk, "entry")
    assert desk.edge("e_entry_stop") == "armed"


def test_a_price_relative_to_an_entry_that_never_was_expires(desk: Desk) -> None:
    desk.run([node("entry", "buy", "1", "89990"), STOP[1]], [edge("entry", "stop", price("below", 1))])
    cancel(desk, "entry")
    assert desk.states() == {"entry": "cancelled", "stop": "cancelled"}
    assert desk.edge("e_entry_stop") == "expired"


def test_an_absolute_price_is_watched_from_the_activation(desk: Desk) -> None:
    trigger = price("above", reference=90_100, symbol="BTC-USD")
    desk.run([node("entry", "buy", "1", "89990"), hedge()], [edge("entry", "hedge", trigger)])
    assert desk.edge("e_entry_hedge") == "armed"
    move(desk, "90095", "90104.99")
    assert desk.is_("hedge") == "armed"
    move(desk, "90095", "90105")
    assert desk.is_("hedge") == "filled"


def test_a_price_that_is_reached_already_fires_at_once(desk: Desk) -> None:
    desk.run(STOP, [edge("entry", "stop", price("above", reference=80_000))])
    assert desk.states() == {"entry": "filled", "stop": "filled"}


def test_a_price_follows_the_quote_after_our_own_fills(desk: Desk) -> None:
    desk.book([("90000", "5")], [("90010", "1"), ("90050", "5")])
    # Taking the best ask lifts the quoted mid from 90005 to 90025.
    desk.run(STOP, [edge("entry", "stop", price("above", reference=90_025))])
    assert desk.is_("stop") == "filled"


def test_no_price_is_reached_while_a_side_is_missing(desk: Desk) -> None:
    desk.run(STOP, [edge("entry", "stop", price("below", 5))])
    desk.book([], [("80000", "5")])
    assert desk.is_("stop") == "armed"
    desk.book([("79000", "5")], [("80000", "5")])
    assert desk.is_("stop") == "filled"


def test_the_market_itself_reaches_a_price() -> None:
    desk = Desk()
    nodes = [node("leg", "buy", "1"), node("exit", "sell", "1")]
    desk.run(
        nodes, [edge("leg", "exit", price("above", 0.02)), edge("leg", "exit", price("below", 0.02), edge_id="e2")]
    )
    entry = int(str(desk.node("leg")["avg_fill_price_1e9"]))
    seen: list[int] = []
    for _ in range(3000):
        before = desk.exchange.now_ns
        desk.exchange.advance_to(before + 10**8)
        books = [desk.exchange.net_book("BTC-USD", venue) for venue in desk.exchange.market.venues("BTC-USD")]
        if desk.is_("exit") == "filled":
            break
        mid = max(b.bids[0][0] for b in books if b) + min(b.asks[0][0] for b in books if b)
        seen.append(mid)
    assert desk.is_("exit") == "filled"
    assert seen
    assert all(abs(mid - 2 * entry) < 2 * entry // 5000 for mid in seen)


def test_a_long_jump_fires_at_the_same_instant_as_many_steps() -> None:
    def walk(step: float, count: int) -> list[object]:
        desk = Desk()
        nodes = [node("leg", "buy", "1"), node("exit", "sell", "1")]
        edges = [edge("leg", "exit", price("above", 0.08)), edge("leg", "exit", price("below", 0.08), edge_id="e2")]
        desk.run(nodes, edges)
        for _ in range(count):
            desk.advance(step)
        return [row for row in desk.fills() if "exit" in str(row["node_order_id"])]

    found = walk(600, 1)
    assert found
    assert walk(7.3, 83) == found


def test_a_delay_postpones_the_release(desk: Desk) -> None:
    desk.run([node("leg", "buy", "1"), hedge()], [edge("leg", "hedge", "on_full_fill", delay_ms=250)])
    assert desk.edge("e_leg_hedge") == "fired"
    assert desk.is_("hedge") == "armed"
    desk.advance(0.249)
    assert desk.is_("hedge") == "armed"
    desk.advance(0.001)
    assert desk.is_("hedge") == "filled"


def test_delayed_fills_each_arrive_in_their_turn(desk: Desk) -> None:
    desk.run([resting(), hedge()], [edge("leg", "hedge", "on_fill", sizing="source_fill", delay_ms=1000)])
    fill(desk, "0.3")
    desk.advance(0.5)
    fill(desk, "0.7")
    desk.advance(0.5)
    assert desk.got("hedge") == units("0.3")
    assert desk.is_("leg") == "filled"
    desk.advance(0.5)
    assert desk.got("hedge") == units("1")
    assert desk.state() == "completed"


def test_edges_fire_in_the_order_in_which_they_were_submitted(desk: Desk) -> None:
    nodes = [node("leg", "buy", "1"), *(node(f"n{i}", "sell", "1", symbol=PERP) for i in range(4))]
    edges = [
        edge("leg", f"n{i}", trigger) for i, trigger in ((3, "on_fill"), (0, "on_first_fill"), (2, "on_full_fill"))
    ]
    desk.run(nodes, [*edges, edge("leg", "n1", "on_done")])
    order = [str(row["node_order_id"]).split(":")[2] for row in desk.fills()]
    assert order == ["leg", "n3", "n0", "n2", "n1"]


def test_cascades_settle_within_the_instant_breadth_first(desk: Desk) -> None:
    nodes = [node(name, "sell", "1", symbol=PERP) for name in "abcdef"]
    edges = [edge("a", "b"), edge("a", "c"), edge("b", "d"), edge("c", "e"), edge("d", "f")]
    desk.run(nodes, edges)
    assert [str(row["node_order_id"]).split(":")[2] for row in desk.fills()] == list("abcdef")
    assert {row["timestamp_ns"] for row in desk.fills()} == {desk.exchange.now_ns}
    assert desk.state() == "completed"


@pytest.mark.parametrize(
    ("trigger", "more", "field"),
    [
        ("on_moon", {}, "edges[0].trigger"),
        ("on_fill_ratio", {}, "edges[0].condition.fill_ratio_gte"),
        ("on_fill_ratio", {"ratio": 0}, "edges[0].condition.fill_ratio_gte"),
        ("on_fill_ratio", {"ratio": 1.01}, "edges[0].condition.fill_ratio_gte"),
        ("on_fill_ratio", {"ratio": "half"}, "edges[0].condition.fill_ratio_gte"),
        ("on_full_fill", {"ratio": 0.5}, "edges[0].condition.fill_ratio_gte"),
        ("on_timeout", {}, "edges[0].trigger"),
        (timeout(0), {}, "edges[0].trigger.on_timeout.ms"),
        (timeout(-5), {}, "edges[0].trigger.on_timeout.ms"),
        ({"on_timeout": {"s": 5}}, {}, "edges[0].trigger.on_timeout.s"),
        ({"on_full_fill": {}}, {}, "edges[0].trigger"),
        (price("sideways", 5), {}, "edges[0].trigger.on_price.direction"),
        (price("below", 100), {}, "edges[0].trigger.on_price.offset_pct"),
        (price("below", 5, reference="mid"), {}, "edges[0].trigger.on_price.reference"),
        (price("below", 5, reference=-1), {}, "edges[0].trigger.on_price.reference"),
        (price("below", 5, symbol="NOPE-NOPE"), {}, "edges[0].trigger.on_price.symbol"),
        (None, {}, "edges[0].trigger"),
        ("on_fill", {"sizing": "half"}, "edges[0].sizing"),
        ("on_fill", {"sizing": {"ratio": 0}}, "edges[0].sizing.ratio"),
        ("on_fill", {"delay_ms": -1}, "edges[0].delay_ms"),
        ("on_fill", {"delay_ms": 1.5}, "edges[0].delay_ms"),
        ("on_fill", {"delay": 5}, "edges[0].delay"),
    ],
)
def test_a_wrong_edge_is_named(desk: Desk, trigger: object, more: dict[str, object], field: str) -> None:
    with pytest.raises(Refusal) as refused:
        desk.run([node("leg"), hedge()], [edge("leg", "hedge", trigger, **more)])
    assert refused.value.status == 422
    assert field in [detail["field"] for detail in refused.value.details]
