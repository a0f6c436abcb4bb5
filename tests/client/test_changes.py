"""Amending, decreasing, stopping and redeeming: what is sent, and what comes back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from sequence_markets import (
    APIStatusError,
    BadRequestError,
    ConflictError,
    NotFoundError,
    OutcomeUnknownError,
    ResponseValidationError,
    Sequence,
    SequenceError,
)
from sequence_markets.client.operations import amending
from sequence_markets.models import Order
from tests.client.answers import ORDER, error, order_row, page
from tests.client.conftest import MakeClient, MakeServer
from tests.client.server import Received, Reply, Server

Pair = tuple[Sequence, Server]
PATH = "/v1/orders/graph%3Agraph_0f3c9d%3Aorder%3A1"
AMENDED: dict[str, Any] = {"node_order_id": ORDER, "status": "ACCEPTED", "mode": "cancel_replace"}


def order(**fields: object) -> dict[str, Any]:
    return {**order_row(), **fields}


def exchange(row: dict[str, Any], amended: Reply | None = None) -> Any:
    """Answer the read of an order, and its amendment."""

    def answer(request: Received) -> Reply:
        if request.method == "GET":
            return Reply(body=page("orders", [row]))
        return Reply(body=AMENDED) if amended is None else amended

    return answer


def test_an_amend_sends_the_new_total_and_the_new_limit(serve: MakeServer, connect: MakeClient) -> None:
    server = serve(Reply(body=AMENDED))
    change = connect(server).amend(ORDER, new_price=0.55, new_qty=10)
    (only,) = server.received
    assert (only.method, only.target) == ("PATCH", PATH)
    assert only.json == {"new_qty_1e8": 1_000_000_000, "new_constraints": {"max_price_1e9": 550_000_000}}
    assert (change.order_id, change.mode, change.status) == (ORDER, "cancel_replace", "ACCEPTED")
    assert (change["order_id"], change["mode"], change["status"]) == (ORDER, "cancel_replace", "ACCEPTED")


@pytest.mark.parametrize(
    ("given_", "body"),
    [
        ({"new_price": "528.42"}, {"new_constraints": {"max_price_1e9": 528_420_000_000}}),
        ({"new_qty": 0.29}, {"new_qty_1e8": 29_000_000}),
        ({"new_qty": Decimal("0.00000001")}, {"new_qty_1e8": 1}),
    ],
)
def test_an_amend_sends_only_what_is_new_and_exactly(
    serve: MakeServer, connect: MakeClient, given_: Any, body: dict[str, Any]
) -> None:
    """The limit price has one name on the wire, for sells as for buys."""
    server = serve(Reply(body=AMENDED))
    connect(server).amend(ORDER, **given_)
    assert server.received[0].json == body


def test_an_amend_of_nothing_is_refused_in_the_words_of_the_reference(seq: Pair) -> None:
    client, server = seq
    with pytest.raises(ValueError) as refused:
        client.amend(ORDER)
    assert str(refused.value) == "amend: must pass at least one of new_price or new_qty"
    assert server.received == []


@pytest.mark.parametrize(
    "wrong", [{"new_price": 0}, {"new_price": -1}, {"new_qty": 0}, {"new_qty": True}, {"new_qty": "1e-9"}]
)
def test_an_amend_to_what_cannot_be_is_refused_before_any_request(seq: Pair, wrong: Any) -> None:
    client, server = seq
    with pytest.raises(ValueError, match="new_price|new_qty"):  # noqa: RUF043
        client.amend(ORDER, **wrong)
    assert server.received == []


@pytest.mark.parametrize(
    ("said", "mode"),
    [
        ("native_atomic", "native_atomic"),
        ("cancel_replace", "cancel_replace"),
        (None, "cancel_replace"),
        ("newer", "newer"),
    ],
)
def test_the_mode_of_an_amend_is_the_servers(
    serve: MakeServer, connect: MakeClient, said: str | None, mode: str
) -> None:
    answer = {"node_order_id": ORDER, "status": "PARTIAL"} | ({} if said is None else {"mode": said})
    assert connect(serve(Reply(body=answer))).amend(ORDER, new_qty=5).mode == mode


def test_an_amend_without_the_id_keeps_the_one_that_was_asked_for(serve: MakeServer, connect: MakeClient) -> None:
    change = connect(serve(Reply(body={"status": "ACCEPTED", "qty_1e8": 5}))).amend(ORDER, new_qty=5)
    assert change.order_id == ORDER
    assert change["qty_1e8"] == 5


def test_an_amend_without_a_status_is_named_as_the_servers_fault(serve: MakeServer, connect: MakeClient) -> None:
    with pytest.raises(ResponseValidationError) as bad:
        connect(serve(Reply(body={"node_order_id": ORDER}))).amend(ORDER, new_qty=5)
    assert bad.value.paths == ("status",)


def test_an_amend_is_not_repeated(serve: MakeServer, connect: MakeClient) -> None:
    server = serve(Reply(503))
    with pytest.raises(OutcomeUnknownError) as unknown:
        connect(server).amend(ORDER, new_qty=5)
    assert unknown.value.lookup == f"order({ORDER!r})"
    assert unknown.value.graph_id == "graph_0f3c9d"
    assert len(server.received) == 1


def test_an_amend_of_a_final_order_is_a_conflict(serve: MakeServer, connect: MakeClient) -> None:
    with pytest.raises(ConflictError):
        connect(serve(error(409, "CONFLICT", "the order is final"))).amend(ORDER, new_qty=5)


def test_a_decrease_reads_the_order_and_amends_its_total(serve: MakeServer, connect: MakeClient) -> None:
    server = serve(exchange(order(qty_1e8=1_000_000_000, filled_qty_1e8=100_000_000)))
    change = connect(server).decrease(ORDER, 5)
    read, amended = server.received
    assert read.target == "/v1/orders?node_order_id=graph%3Agraph_0f3c9d%3Aorder%3A1"
    assert (amended.method, amended.target, amended.json) == ("PATCH", PATH, {"new_qty_1e8": 500_000_000})
    assert (change.order_id, change.mode, change.status) == (ORDER, "cancel_replace_shrink", "ACCEPTED")


def test_a_decrease_compares_with_what_remains_and_not_with_the_total(serve: MakeServer, connect: MakeClient) -> None:
    server = serve(exchange(order(qty_1e8=1_000_000_000, filled_qty_1e8=800_000_000)))
    with pytest.raises(SequenceError) as refused:
        connect(server).decrease(ORDER, 5)
    assert type(refused.value) is BadRequestError
    assert (refused.value.status, refused.value.operation, refused.value.graph_id) == (400, "decrease", "graph_0f3c9d")
    assert "cancel instead" in refused.value.message
    assert [each.method for each in server.received] == ["GET"]


@pytest.mark.parametrize(("by", "left"), [(2, None), ("2.00000001", None), ("1.99999999", 1), (1, 100_000_000)])
def test_a_decrease_never_leaves_nothing(serve: MakeServer, connect: MakeClient, by: Any, left: int | None) -> None:
    server = serve(exchange(order(qty_1e8=1_000_000_000, filled_qty_1e8=800_000_000)))
    client = connect(server)
    if left is None:
        with pytest.raises(BadRequestError):
            client.decrease(ORDER, by)
    else:
        client.decrease(ORDER, by)
        assert server.received[1].json == {"new_qty_1e8": 800_000_000 + left}


@given(st.integers(2, 10**13), st.data())
@settings(max_examples=200)
def test_a_decrease_is_exact(qty_1e8: int, data: st.DataObject) -> None:
    filled = data.draw(st.integers(0, qty_1e8 - 2))
    by = data.draw(st.integers(1, qty_1e8 - filled - 1))
    row = Order.model_validate(order(qty_1e8=qty_1e8, filled_qty_1e8=filled))
    operation = amending.decrease(row, Decimal(by).scaleb(-8))
    assert operation.body == b'{"new_qty_1e8":%d}' % (qty_1e8 - by)


def test_one_decimal_off_three_tenths_is_exact(serve: MakeServer, connect: MakeClient) -> None:
    server = serve(exchange(order(qty_1e8=30_000_000, filled_qty_1e8=0)))
    connect(server).decrease(ORDER, 0.2)
    assert server.received[1].json == {"new_qty_1e8": 10_000_000}


@pytest.mark.parametrize("by", [0, -1, True, float("nan"), "1e-9"])
def test_a_decrease_by_what_cannot_be_is_refused_before_any_request(seq: Pair, by: Any) -> None:
    client, server = seq
    with pytest.raises(ValueError, match="reduce_by"):
        client.decrease(ORDER, by)
    assert server.received == []


def test_a_decrease_of_an_order_that_does_not_exist_is_a_404(serve: MakeServer, connect: MakeClient) -> None:
    server = serve(Reply(body=page("orders", [])))
    with pytest.raises(NotFoundError) as missing:
        connect(server).decrease(ORDER, 1)
    assert missing.value.operation == "decrease"


def test_a_decrease_keeps_the_mode_of_a_server_that_kept_the_queue(serve: MakeServer, connect: MakeClient) -> None:
    atomic = Reply(body={**AMENDED, "mode": "native_atomic"})
    server = serve(exchange(order(filled_qty_1e8=0), atomic))
    assert connect(server).decrease(ORDER, "0.01").mode == "native_atomic"


# Stopping


def test_the_kill_switch_is_engaged_with_post(serve: MakeServer, connect: MakeClient) -> None:
    server = serve(Reply(body={"engaged": True, "reason": "fat finger", "engaged_at_ns": 1_790_000_000_000_000_000}))
    state = connect(server).kill_switch_engage("fat finger")
    (only,) = server.received
    assert (only.method, only.target, only.json) == ("POST", "/v1/kill_switch", {"reason": "fat finger"})
    assert (state.engaged, state.reason) == (True, "fat finger")
    assert state.engaged_at is not None
    assert state.engaged_at.year == 2026


def test_a_reason_may_be_left_out(serve: MakeServer, connect: MakeClient) -> None:
    server = serve(Reply(body={"engaged": True}))
    connect(server).kill_switch_engage()
    assert server.received[0].json == {"reason": None}


def test_the_kill_switch_is_cleared_with_a_body(serve: MakeServer, connect: MakeClient) -> None:
    server = serve(Reply(body={"engaged": False}))
    assert connect(server).kill_switch_clear().engaged is False
    (only,) = server.received
    assert (only.method, only.target, only.json) == ("POST", "/v1/kill_switch/clear", {})


def test_everything_on_a_venue_is_cancelled(serve: MakeServer, connect: MakeClient) -> None:
    server = serve(Reply(body={"venue": "kraken", "cancelled": 7}))
    assert connect(server).cancel_all_on_venue("kraken").cancelled == 7
    (only,) = server.received
    assert (only.method, only.target, only.json) == ("POST", "/v1/venue_cancel_all/kraken", {})


def test_winnings_are_claimed_from_the_venue(serve: MakeServer, connect: MakeClient) -> None:
    answer = {
        "mode": "relayer_submitted",
        "venue": "polymarket",
        "slug": "fed-decision-in-october",
        "condition_id": "0xabc",
        "token_ids": ["1", "2"],
        "note": "in minutes",
    }
    server = serve(Reply(body=answer))
    claimed = connect(server).redeem("fed-decision-in-october", "polymarket")
    (only,) = server.received
    assert (only.method, only.json) == ("POST", {})
    assert only.target == "/v1/markets/fed-decision-in-october/redeem?venue=polymarket"
    assert claimed == answer
    assert (claimed.mode, claimed.token_ids) == ("relayer_submitted", ("1", "2"))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("redeem", ("x", "polymarket")),
        ("kill_switch_engage", ()),
        ("kill_switch_clear", ()),
        ("cancel_all_on_venue", ("okx",)),
    ],
)
@pytest.mark.parametrize("reply", [Reply(503), Reply(504), Reply(cut=5)])
def test_what_a_late_repeat_could_undo_is_sent_once(
    serve: MakeServer, connect: MakeClient, name: str, arguments: tuple[str, ...], reply: Reply
) -> None:
    server = serve(reply)
    with pytest.raises(OutcomeUnknownError) as unknown:
        getattr(connect(server), name)(*arguments)
    assert len(server.received) == 1
    assert unknown.value.lookup.endswith(")")


@pytest.mark.parametrize("slug", ["a/b", "a b", "a?b=c", "Á"])
def test_names_are_encoded_into_the_path(serve: MakeServer, connect: MakeClient, slug: str) -> None:
    server = serve(error(404))
    client = connect(server)
    with pytest.raises(APIStatusError):
        client.redeem(slug, "kalshi")
    with pytest.raises(APIStatusError):
        client.cancel_all_on_venue(slug)
    assert all(each.target.count("/") == 4 - (each.target.count("/") == 3) for each in server.received)
    assert all(" " not in each.target and each.target.isascii() for each in server.received)


@pytest.mark.parametrize("wrong", ["", ".", "..", 7, None])
def test_a_name_that_is_none_is_refused_before_any_request(seq: Pair, wrong: Any) -> None:
    client, server = seq
    with pytest.raises((ValueError, TypeError)):
        client.cancel_all_on_venue(wrong)
    with pytest.raises((ValueError, TypeError)):
        client.redeem(wrong, "kalshi")
    assert server.received == []
