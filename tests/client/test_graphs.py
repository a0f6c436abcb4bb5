"""Submitting graphs, resuming them, and waiting for them."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from time import monotonic
from typing import Any

import pytest

from sequence_markets import (
    ConflictError,
    GraphError,
    GraphWaitError,
    KillSwitchActiveError,
    NotFoundError,
    OutcomeUnknownError,
    RequestTimeoutError,
    Sequence,
    recipes,
)
from sequence_markets.client.waiting import LONGEST_PAUSE, Watch
from sequence_markets.graphs import edge, node
from sequence_markets.models import GraphStatus
from tests.client.answers import GRAPH, STATUS, SUBMISSION, error
from tests.client.conftest import MakeClient, MakeServer
from tests.client.server import Received, Reply, Server

Pair = tuple[Sequence, Server]


def sent(server: Server) -> Any:
    (only,) = server.received
    assert (only.method, only.target) == ("POST", "/v1/orders")
    return only.json


def test_the_hedge_of_the_reference_is_sent_as_the_wire_wants_it(seq: Pair) -> None:
    client, server = seq
    graph = client.graph(
        nodes=[
            client.node("spot", "ETH-USD", "buy", 200, urgency="medium"),
            client.node("hedge", "ETH-USD-PERP", "sell", 200, venue="hyperliquid", instrument_type="perp"),
        ],
        edges=[client.edge("spot", "hedge", trigger="fill_pct", value=0.5)],
        graph_id="mine",
    )
    assert sent(server) == {
        "graph_id": "mine",
        "nodes": [
            {
                "node_id": "spot",
                "instrument": {"symbol": "ETH-USD", "type": "spot", "venue": None},
                "side": "buy",
                "order_type": "market",
                "quantity": {"fixed": {"qty_1e8": 20_000_000_000}},
                "execution": {"urgency": "medium"},
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
        "is_sandbox": False,
    }
    assert graph["status"] == graph.status == "active"


def test_the_bracket_of_the_reference_is_sent_although_half_of_it_is_written_by_hand(seq: Pair) -> None:
    client, server = seq
    stop: dict[str, Any] = {
        "edge_id": "e_sl",
        "from_node": "entry",
        "to_node": "sl",
        "trigger": {
            "on_price": {
                "symbol": "BTC-USD",
                "direction": "below",
                "reference": "graph_entry_price",
                "offset_pct": -5.0,
            }
        },
    }
    before = copy.deepcopy(stop)
    client.graph(
        nodes=[
            client.node("entry", "BTC-USD", "buy", 0.1, urgency="high"),
            client.node("tp", "BTC-USD", "sell", 0.1, limit_price=80_000),
            client.node("sl", "BTC-USD", "sell", 0.1),
        ],
        edges=[client.edge("entry", "tp", trigger="full_fill"), stop],
    )
    body = sent(server)
    assert stop == before
    assert body["edges"] == [
        {"edge_id": "e_entry_tp", "from_node": "entry", "to_node": "tp", "trigger": "on_full_fill"},
        before,
    ]
    assert [each["activation"] for each in body["nodes"]] == ["root", "wait", "wait"]
    assert {each["quantity"]["fixed"]["qty_1e8"] for each in body["nodes"]} == {10_000_000}
    assert re.fullmatch(r"graph_[0-9a-f]{32}", body["graph_id"])


def test_everything_about_a_graph_can_be_sent(seq: Pair) -> None:
    client, server = seq
    risk = {"admission": {"max_notional_usd": 90000}, "on_failure": {"action": "pause"}}
    client.graph(
        [client.node("a", "BTC-USD", "buy", 1, tif="IOC", max_slippage_bps=5, horizon_ms=100)],
        None,
        True,
        graph_id="g-1",
        risk=risk,
        metadata={"desk": ["x", 1, None]},
    )
    body = sent(server)
    assert (body["graph_id"], body["is_sandbox"]) == ("g-1", True)
    assert (body["risk"], body["metadata"]) == (risk, {"desk": ["x", 1, None]})
    assert body["nodes"][0]["execution"] == {"tif": "IOC", "max_slippage_bps": 5, "horizon_ms": 100}
    assert body["edges"] == []


def test_a_recipe_is_sent_whole_or_taken_apart(seq: Pair) -> None:
    client, server = seq
    graph = recipes.bracket("BTC-USD", "buy", "0.1", take_profit_pct=8, stop_loss_pct=5)
    client.graph(graph, graph_id="same")
    client.graph(*graph, graph_id="same")
    client.graph(list(graph.nodes), [dict(each.items()) for each in graph.edges], graph_id="same")
    first, second, third = server.received
    assert first.body == second.body == third.body
    with pytest.raises(TypeError, match="edges must be omitted"):
        client.graph(graph, [])


ALONE = [node("a", "A", "buy", 1)]
REFUSED: list[tuple[Callable[[Sequence], object], str]] = [
    (lambda s: s.graph([]), "at least one node"),
    (lambda s: s.graph(ALONE, [edge("a", "b")]), "is no node"),
    (lambda s: s.graph(ALONE, risk={"admission": {"max_notional": 5}}), "max_notional_usd"),
    (lambda s: s.graph(ALONE, risk={"runtime": {"max_loss_usd": -1}}), "must be above 0"),
    (lambda s: s.graph(ALONE, metadata={1, 2}), "metadata must be JSON"),
    (lambda s: s.graph(ALONE, metadata=float("nan")), "metadata must be JSON"),
]


@pytest.mark.parametrize(("call", "words"), REFUSED)
def test_a_graph_that_can_never_be_right_is_refused_before_any_request(
    seq: Pair, call: Callable[[Sequence], object], words: str
) -> None:
    client, server = seq
    with pytest.raises(GraphError) as refused:
        call(client)
    assert words in str(refused.value)
    assert server.received == []


def test_faults_of_nodes_and_of_risk_settings_are_said_together(seq: Pair) -> None:
    client, _ = seq
    with pytest.raises(GraphError) as refused:
        client.graph([node("a", "A", "buy", 1)], [edge("a", "b")], risk={"riks": {}}, metadata={1})
    assert [fault.owner for fault in refused.value.faults] == ["edge 'e_a_b'", "graph", "graph"]


def test_a_graph_is_repeated_with_the_same_bytes(serve: MakeServer, connect: MakeClient) -> None:
    server = serve([Reply(503), Reply(body=SUBMISSION, cut=20), Reply(body=SUBMISSION)])
    connect(server).graph(recipes.twap("A", "buy", 2, slices=2, interval_ms=5))
    assert len(server.received) == 3
    assert len({each.body for each in server.received}) == 1


def test_a_graph_whose_outcome_is_unknown_can_be_looked_up(serve: MakeServer, connect: MakeClient) -> None:
    server = serve(Reply(body=SUBMISSION, cut=20))
    client = connect(server, max_retries=0)
    with pytest.raises(OutcomeUnknownError) as unknown:
        client.graph([node("a", "A", "buy", 1)], graph_id="g-7")
    assert (unknown.value.graph_id, unknown.value.lookup) == ("g-7", "graph_status('g-7')")
    assert [each.graph_id for each in client.unresolved] == ["g-7"]
    server.answer(Reply(body={**STATUS, "graph_id": "g-7"}))
    client.graph_status("g-7")
    assert client.unresolved == ()


@pytest.mark.parametrize(("code", "kind"), [("KILL_SWITCH", KillSwitchActiveError), ("CONFLICT", ConflictError)])
def test_the_kill_switch_and_a_used_graph_id_are_told_apart(
    serve: MakeServer, connect: MakeClient, code: str, kind: type[ConflictError]
) -> None:
    client = connect(serve(error(409, code, "no")))
    with pytest.raises(ConflictError) as refused:
        client.graph([node("a", "A", "buy", 1)], graph_id="g-1")
    assert type(refused.value) is kind


def test_resuming_posts_and_gives_nothing(serve: MakeServer, connect: MakeClient) -> None:
    server = serve(Reply(body={"graph_id": GRAPH, "status": "active"}))
    client = connect(server)
    assert client.graph_resume(GRAPH) is None  # type: ignore[func-returns-value]
    (only,) = server.received
    assert (only.method, only.target, only.json) == ("POST", f"/v1/execution_graphs/{GRAPH}/resume", {})


def test_a_resume_is_not_repeated_since_a_late_one_could_undo_a_newer_pause(
    serve: MakeServer, connect: MakeClient
) -> None:
    server = serve(Reply(503))
    with pytest.raises(OutcomeUnknownError, match="graph_status"):
        connect(server).graph_resume(GRAPH)
    assert len(server.received) == 1


# Waiting


def states(*words: str) -> list[Reply]:
    return [Reply(body={**STATUS, "status": word}) for word in words]


def test_waiting_reads_until_the_graph_is_at_its_end(serve: MakeServer, connect: MakeClient) -> None:
    server = serve(states("pending", "active", "partial_fill", "completed"))
    status = connect(server).wait(GRAPH)
    assert (status.status, len(server.received)) == ("completed", 4)
    assert {each.target for each in server.received} == {f"/v1/execution_graphs/{GRAPH}"}


@pytest.mark.parametrize("until", ["paused", ["paused", "completed"], {"paused"}, ("paused",)])
def test_waiting_ends_at_the_state_that_is_asked_for(serve: MakeServer, connect: MakeClient, until: Any) -> None:
    server = serve(states("active", "paused", "active"))
    assert connect(server).wait(GRAPH, until).status == "paused"
    assert len(server.received) == 2


def test_a_graph_that_ends_in_another_state_fails_the_wait_at_once(serve: MakeServer, connect: MakeClient) -> None:
    server = serve(states("active", "aborted"))
    with pytest.raises(GraphWaitError, match="is aborted and will not become completed") as failed:
        connect(server).wait(GRAPH, "completed")
    assert failed.value.last_status is not None
    assert failed.value.last_status.status == "aborted"
    assert (failed.value.graph_id, failed.value.attempts, failed.value.operation) == (GRAPH, 2, "wait")


def test_a_wait_whose_time_is_over_fails_with_the_last_status(serve: MakeServer, connect: MakeClient) -> None:
    server = serve(states("active"))
    begun = monotonic()
    with pytest.raises(GraphWaitError, match=r"is still active after 0\.2 s") as failed:
        connect(server).wait(GRAPH, timeout=0.2)
    assert 0.2 <= monotonic() - begun < 2
    assert failed.value.last_status == {**STATUS, "status": "active"}
    assert failed.value.status == 0


def test_a_wait_outlasts_reads_that_fail_in_passing(serve: MakeServer, connect: MakeClient) -> None:
    server = serve([Reply(503), *states("active"), Reply(body=STATUS, cut=9), Reply(502), *states("completed")])
    assert connect(server, max_retries=0).wait(GRAPH).status == "completed"


def test_a_wait_for_a_graph_that_does_not_exist_fails_at_once(serve: MakeServer, connect: MakeClient) -> None:
    server = serve(error(404, "NOT_FOUND", "no such graph"))
    with pytest.raises(NotFoundError):
        connect(server).wait(GRAPH)
    assert len(server.received) == 1


def test_a_wait_that_never_reads_anything_says_why(serve: MakeServer, connect: MakeClient) -> None:
    import threading

    never = threading.Event()
    server = serve(Reply(body=STATUS, wait=never))
    try:
        with pytest.raises(GraphWaitError, match="could not be read") as failed:
            connect(server).wait(GRAPH, timeout=0.1)
    finally:
        never.set()
    assert failed.value.last_status is None
    assert isinstance(failed.value.__cause__, RequestTimeoutError)


@pytest.mark.parametrize("until", ["complete", [], ["active", "done"], [7]])
def test_waiting_for_no_state_of_a_graph_is_refused(seq: Pair, until: Any) -> None:
    client, server = seq
    with pytest.raises(ValueError, match="until must name states"):
        client.wait(GRAPH, until)
    assert server.received == []


def test_reads_come_quickly_at_first_and_then_once_a_second() -> None:
    watch = Watch(GRAPH, None, now=100.0, timeout=60.0)
    now = 100.0
    pauses: list[float] = []
    active = GraphStatus.model_validate({**STATUS, "status": "active"})
    with pytest.raises(GraphWaitError) as over:  # noqa: PT012
        while True:
            assert not watch.reached(active)
            pauses.append(watch.pause(now))
            now += pauses[-1]
    assert now == pytest.approx(160.0)
    assert pauses[0] < 0.05
    assert max(pauses) == LONGEST_PAUSE
    assert pauses[:-1] == sorted(pauses[:-1])
    assert over.value.attempts == len(pauses) + 1


def test_each_read_of_a_wait_may_take_the_time_that_is_left(serve: MakeServer, connect: MakeClient) -> None:
    seen: list[Received] = []

    def answer(request: Received) -> Reply:
        seen.append(request)
        return states("active" if len(seen) < 3 else "expired")[0]

    status = connect(serve(answer)).wait(GRAPH, timeout=5)
    assert json.loads(status.to_json())["status"] == "expired"
