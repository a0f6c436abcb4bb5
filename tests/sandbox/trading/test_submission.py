"""What a submission may look like, and what every answer about orders says."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, cast

import pytest

from sequence_markets.sandbox.exchange import Exchange, Refusal

from .support import KALSHI, SECOND, START_NS, Row, Trader, body, units, usd


@pytest.fixture
def trader() -> Trader:
    trader = Trader()
    trader.book([("90000", "1.5")], [("90010", "0.3"), ("90020", "2")])
    trader.book([("0.40", "100")], [("0.45", "50")], symbol=KALSHI, venue="kalshi")
    return trader


def refused(trader: Trader, submission: dict[str, object]) -> Refusal:
    digest = trader.exchange.journal.digest()
    with pytest.raises(Refusal) as found:
        trader.exchange.submit(trader.client, submission)
    assert trader.exchange.journal.digest() == digest
    return found.value


def changed(change: Callable[[Any], None], **options: Any) -> dict[str, object]:
    submission = body("buy", "1", "90000", **options)
    change(submission)
    return submission


def node_change(**values: object) -> Callable[[Any], None]:
    def change(submission: Any) -> None:
        submission["nodes"][0].update(values)

    return change


def top(**values: object) -> Callable[[Any], None]:
    def change(submission: Any) -> None:
        submission.update(values)

    return change


def twice(submission: Any) -> None:
    submission["nodes"].append(submission["nodes"][0])


def execution(**values: object) -> Callable[[Any], None]:
    return node_change(execution=values)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (node_change(quantity={"fixed": {"qty_1e8": 0}}), "nodes[0].quantity.fixed.qty_1e8"),
        (node_change(quantity={"fixed": {"qty_1e8": -1}}), "nodes[0].quantity.fixed.qty_1e8"),
        (node_change(quantity={"fixed": {"qty_1e8": 1.5}}), "nodes[0].quantity.fixed.qty_1e8"),
        (node_change(quantity={"fixed": {"qty_1e8": True}}), "nodes[0].quantity.fixed.qty_1e8"),
        (node_change(quantity={"fixed": {"qty_1e8": "1"}}), "nodes[0].quantity.fixed.qty_1e8"),
        (node_change(quantity={"fixed": {"qty_1e8": 2**63}}), "nodes[0].quantity.fixed.qty_1e8"),
        (node_change(quantity={"percent": 5}), "nodes[0].quantity"),
        (node_change(quantity=None), "nodes[0].quantity"),
        (node_change(order_type={"limit": {"price_1e9": 0}}), "nodes[0].order_type.limit.price_1e9"),
        (node_change(order_type={"limit": {"price_1e9": -5}}), "nodes[0].order_type.limit.price_1e9"),
        (node_change(order_type={"limit": {}}), "nodes[0].order_type.limit.price_1e9"),
        (node_change(order_type="stop"), "nodes[0].order_type"),
        (node_change(side="BUY"), "nodes[0].side"),
        (node_change(side=None), "nodes[0].side"),
        (node_change(instrument={"symbol": "NOPE-NOPE"}), "nodes[0].instrument.symbol"),
        (node_change(instrument={"symbol": ""}), "nodes[0].instrument.symbol"),
        (node_change(instrument={"symbol": "BTC-USD", "venue": "nyse"}), "nodes[0].instrument.venue"),
        (node_change(instrument={"symbol": "BTC-USD", "venue": "coinbase"}), "nodes[0].instrument.venue"),
        (node_change(instrument={"symbol": "BTC-USD", "type": "bond"}), "nodes[0].instrument.type"),
        (node_change(instrument="BTC-USD"), "nodes[0].instrument"),
        (node_change(node_id=""), "nodes[0].node_id"),
        (node_change(node_id="a:b"), "nodes[0].node_id"),
        (node_change(activation="wait"), "nodes[0].activation"),
        (node_change(colour="red"), "nodes[0].colour"),
        (execution(policy="twap"), "nodes[0].execution.policy"),
        (execution(urgency="HIGH"), "nodes[0].execution.urgency"),
        (execution(tif="gtc"), "nodes[0].execution.tif"),
        (execution(max_slippage_bps=-1), "nodes[0].execution.max_slippage_bps"),
        (execution(max_slippage_bps=1.5), "nodes[0].execution.max_slippage_bps"),
        (execution(horizon_ms=0), "nodes[0].execution.horizon_ms"),
        (execution(patience=3), "nodes[0].execution.patience"),
        (execution(pacing={"exponential": {}}), "nodes[0].execution.pacing"),
        (top(surprise=1), "surprise"),
        (top(graph_id="a:b"), "graph_id"),
        (top(graph_id=7), "graph_id"),
        (top(is_sandbox="yes"), "is_sandbox"),
        (top(sandbox=True), "sandbox"),
        (top(nodes=[]), "nodes"),
        (twice, "nodes[1].node_id"),
        (top(edges=[{"edge_id": "e"}]), "edges[0].from_node"),
        (top(risk={"runtime": {"max_loss_usd": 0}}), "risk.runtime.max_loss_usd"),
        (top(risk={"luck": {}}), "risk.luck"),
        (
            top(risk={"admission": {"max_notional_usd": 0}}),
            "risk.admission.max_notional_usd",
        ),
    ],
)
def test_a_wrong_field_is_named(trader: Trader, change: Callable[[Any], None], field: str) -> None:
    refusal = refused(trader, changed(change))
    assert (refusal.status, refusal.code) == (422, "VALIDATION_ERROR")
    assert field in [detail["field"] for detail in refusal.details]
    assert all(detail["message"] for detail in refusal.details)


def test_every_wrong_field_is_named_at_once(trader: Trader) -> None:
    refusal = refused(trader, changed(node_change(side="up", execution={"tif": "x"}, order_type="y")))
    assert {detail["field"] for detail in refusal.details} == {
        "nodes[0].side",
        "nodes[0].execution.tif",
        "nodes[0].order_type",
    }


@pytest.mark.parametrize("limit", ["0.405", "1.01", "2"])
def test_prediction_prices_lie_on_the_tick_within_one(trader: Trader, limit: str) -> None:
    refusal = refused(trader, body("buy", "1", limit, symbol=KALSHI))
    assert refusal.details[0]["field"] == "nodes[0].order_type.limit.price_1e9"


def test_the_same_content_gets_the_same_answer_and_other_content_is_a_conflict(trader: Trader) -> None:
    submission = body("buy", "0.1", graph_id="graph_x")
    first = trader.exchange.submit(trader.client, submission)
    digest = trader.exchange.journal.digest()
    assert trader.exchange.submit(trader.client, copy.deepcopy(submission)) == first
    spelled_out = body("buy", "0.1", graph_id="graph_x", policy="sor", tif="GTC", max_slippage_bps=None)
    assert trader.exchange.submit(trader.client, spelled_out) == first
    assert trader.exchange.journal.digest() == digest
    refusal = refused(trader, body("buy", "0.2", graph_id="graph_x"))
    assert (refusal.status, refusal.code) == (409, "CONFLICT")
    other = Trader(trader.exchange, "b")
    assert other.exchange.submit(other.client, body("buy", "0.2", graph_id="graph_x"))["status"] == "active"


def test_the_kill_switch_comes_before_everything(trader: Trader) -> None:
    trader.exchange.state.accounts[trader.client].kill_switch = True
    refusal = refused(trader, {"nonsense": 1})
    assert (refusal.status, refusal.code) == (409, "KILL_SWITCH")


def test_admission_risk_is_checked_before_the_balance(trader: Trader) -> None:
    submission = body("buy", "1000", "90000")
    submission["risk"] = {"admission": {"max_notional_usd": 89_999_999}}
    assert refused(trader, submission).details[0]["field"] == "risk.admission.max_notional_usd"
    submission["risk"] = {"admission": {"max_notional_usd": 90_000_000}}
    assert trader.exchange.submit(trader.client, submission)["status"] == "active"


def test_an_answer_without_a_graph_id_names_a_new_one(trader: Trader) -> None:
    answers = [trader.exchange.submit(trader.client, body("buy", "0.01")) for _ in range(3)]
    ids = [cast("str", answer["graph_id"]) for answer in answers]
    assert len(set(ids)) == 3
    assert all(text.startswith("graph_") and len(text) == 38 for text in ids)
    assert answers[0] == {"graph_id": ids[0], "status": "active", "node_count": 1, "edge_count": 0}


@pytest.mark.parametrize("flag", [{"sandbox": True}, {"is_sandbox": True}, {}])
def test_the_simple_form_is_a_graph_of_one_node(trader: Trader, flag: dict[str, object]) -> None:
    submission: dict[str, object] = {"symbol": "BTC-USD", "side": "buy", "qty": 0.29, "price": 90010, "venue": "kraken"}
    answer = trader.exchange.submit(trader.client, {**submission, **flag})
    graph = trader.exchange.graph_status(trader.client, cast("str", answer["graph_id"]))
    assert graph["nodes"] == {
        "order": {
            "status": "filled",
            "node_order_id": f"graph:{answer['graph_id']}:order:1",
            "target_qty_1e8": 29_000_000,
            "filled_qty_1e8": 29_000_000,
            "avg_fill_price_1e9": usd("90010"),
            "fill_count": 1,
            "failure_reason": None,
        }
    }
    assert graph["is_sandbox"] is bool(flag)


@pytest.mark.parametrize(
    ("submission", "field"),
    [
        ({"symbol": "BTC-USD", "side": "buy"}, "qty"),
        ({"symbol": "BTC-USD", "side": "buy", "qty": 1, "notional": 5}, "qty"),
        ({"symbol": "BTC-USD", "side": "buy", "qty": 1e-9}, "qty"),
        ({"symbol": "BTC-USD", "side": "buy", "qty": "1"}, "qty"),
        ({"symbol": "BTC-USD", "side": "buy", "qty": 1, "price": 0}, "price"),
        ({"symbol": "BTC-USD", "side": "buy", "qty": 1, "limit": 5}, "limit"),
        ({"symbol": "?", "side": "buy", "qty": 1}, "symbol"),
        ({"side": "buy", "qty": 1}, "nodes"),
    ],
)
def test_the_simple_form_is_checked_too(trader: Trader, submission: dict[str, object], field: str) -> None:
    assert field in [detail["field"] for detail in refused(trader, submission).details]


def test_orders_are_listed_newest_first_and_in_full(trader: Trader) -> None:
    ids = [trader.place("buy", "0.01") for _ in range(3)]
    resting = trader.place("buy", "1", "89000", venue="kraken", tif="GTC", urgency="high")
    answer = trader.exchange.orders(trader.client, limit=2)
    rows = cast("list[Row]", answer["orders"])
    assert [row["node_order_id"] for row in rows] == [resting, ids[2]]
    assert (answer["total"], answer["limit"], answer["offset"], answer["has_more"]) == (4, 2, 0, True)
    assert rows[0] == {
        "node_order_id": resting,
        "graph_id": resting.split(":")[1],
        "node_id": "order",
        "client_id": trader.client,
        "symbol": "BTC-USD",
        "side": "BUY",
        "status": "ACCEPTED",
        "order_type": "limit",
        "venue": "kraken",
        "policy": "sor",
        "urgency": "high",
        "tif": "GTC",
        "qty_1e8": units("1"),
        "filled_qty_1e8": 0,
        "limit_price_1e9": usd("89000"),
        "avg_fill_price_1e9": None,
        "fee_1e9": 0,
        "fill_count": 0,
        "failure_reason": None,
        "created_unix_ns": START_NS,
        "updated_unix_ns": START_NS,
    }
    last = trader.exchange.orders(trader.client, limit=2, offset=2)
    assert [row["node_order_id"] for row in cast("list[Row]", last["orders"])] == [ids[1], ids[0]]
    assert last["has_more"] is False
    assert trader.exchange.orders(trader.client, limit=10_000)["limit"] == 500
    assert trader.exchange.orders(trader.client, symbol="ETH-USD")["total"] == 0
    assert trader.exchange.orders(trader.client, symbol="BTC-USD")["total"] == 4
    assert trader.exchange.orders(trader.client, node_order_id=ids[0])["total"] == 1
    assert trader.exchange.orders(trader.client, node_order_id="graph:x:order:1")["orders"] == []


def test_fills_are_listed_newest_first_and_in_full(trader: Trader) -> None:
    order = trader.place("buy", "0.4")
    trader.advance(1)
    trader.place("sell", "0.1")
    answer = trader.exchange.fills(trader.client)
    rows = cast("list[Row]", answer["fills"])
    assert [row["side"] for row in rows] == ["SELL", "BUY", "BUY"]
    assert rows[2] == {
        "fill_id": rows[2]["fill_id"],
        "node_order_id": order,
        "symbol": "BTC-USD",
        "side": "BUY",
        "qty_1e8": units("0.3"),
        "price_1e9": usd("90010"),
        "venue": "kraken",
        "fee_1e9": usd("27.003"),
        "fee_asset": "USD",
        "liquidity": "taker",
        "timestamp_ns": START_NS,
    }
    assert rows[0]["timestamp_ns"] == START_NS + SECOND
    assert len({cast("str", row["fill_id"]) for row in rows}) == 3
    assert trader.exchange.fills(trader.client, symbol="ETH-USD")["total"] == 0
    assert trader.exchange.fills(trader.client, node_order_id=order)["total"] == 2


@pytest.mark.parametrize("name", ["graph", "graph_nope", ""])
def test_unknown_ids_are_not_found_and_cancel_nothing(trader: Trader, name: str) -> None:
    resting = trader.place("buy", "1", "89000")
    exchange: Exchange = trader.exchange
    calls: list[Callable[[], object]] = [
        lambda: exchange.cancel_graph(trader.client, name),
        lambda: exchange.graph_status(trader.client, name),
        lambda: exchange.cancel_order(trader.client, name),
        lambda: exchange.order(trader.client, name),
    ]
    for call in calls:
        with pytest.raises(Refusal) as found:
            call()
        assert (found.value.status, found.value.code) == (404, "NOT_FOUND")
    assert trader.status(resting) == "ACCEPTED"


def test_another_accounts_order_is_unknown(trader: Trader) -> None:
    resting = trader.place("buy", "1", "89000")
    other = Trader(trader.exchange, "b")
    with pytest.raises(Refusal):
        other.exchange.cancel_order(other.client, resting)
    with pytest.raises(Refusal):
        other.order(resting)


def test_cancelling_a_graph_says_what_it_did(trader: Trader) -> None:
    resting = trader.place("buy", "1", "89000")
    graph_id = resting.split(":")[1]
    assert trader.exchange.cancel_graph(trader.client, graph_id) == {
        "graph_id": graph_id,
        "status": "aborted",
        "cancelled": 1,
    }
    digest = trader.exchange.journal.digest()
    assert trader.exchange.cancel_graph(trader.client, graph_id)["cancelled"] == 0
    assert trader.exchange.journal.digest() == digest
