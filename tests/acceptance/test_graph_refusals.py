"""A wrong graph is refused by the client before any request, and by the server with 422, both naming the same place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

import httpx
import pytest

from sequence_markets import GraphError, Sequence
from sequence_markets.sandbox import Sandbox
from sequence_markets.sandbox.embedded import fresh_key

from ..client.server import Reply, Server
from .wrong_graphs import EDGE_BREAKS, NODE_BREAKS, WHOLE_BREAKS, Draft, Fault, break_at, broken, valid

GRAPHS = 1000
QUIET = [("BTC-USD", "kraken"), ("ETH-USD-PERP", "hyperliquid"), ("KXBTCZ-26DEC31-T99000", "kalshi")]
ACCEPTED = Reply(body={"graph_id": "g", "status": "active", "node_count": 1, "edge_count": 0})
EVERY = [*(("node", name) for name in NODE_BREAKS), *(("edge", name) for name in EDGE_BREAKS)]


class Sides:
    """The client in front of a server that only counts, and the sandbox without a client in front."""

    def __init__(self, recorder: Server, seq: Sequence, sandbox: Sandbox, http: httpx.Client) -> None:
        self.recorder = recorder
        self.seq = seq
        self.sandbox = sandbox
        self.http = http

    def send(self, draft: Draft) -> None:
        self.seq.graph(draft.nodes, draft.edges, sandbox=True, risk=draft.risk)

    def post(self, draft: Draft) -> httpx.Response:
        return self.http.post("/v1/orders", json=draft.body)

    def orders(self) -> int:
        total: int = self.http.get("/v1/orders").json()["total"]
        return total

    def check(self, draft: Draft, faults: Mapping[str, Fault]) -> None:
        """Both sides refuse a graph and name every fault of it."""
        before = len(self.recorder.received)
        with pytest.raises(GraphError) as refused:
            self.send(draft)
        assert len(self.recorder.received) == before, "nothing was sent"
        found = [str(fault) for fault in refused.value.faults]
        answer = self.post(draft)
        assert answer.status_code == 422, (faults, found, answer.text)
        error: Any = answer.json()["error"]
        assert error["code"] == "VALIDATION_ERROR"
        for name, fault in faults.items():
            assert any(line.startswith(fault.owner) and fault.words in line for line in found), (name, fault, found)
            assert any(each["field"] == fault.at and fault.said in each["message"] for each in error["details"]), (
                name,
                fault,
                error["details"],
            )
        for line in found:
            assert line in str(refused.value)


@pytest.fixture(scope="module")
def sides() -> Iterator[Sides]:
    with (
        Server(ACCEPTED) as recorder,
        Sequence("seq_test_0123", recorder.url, max_retries=0) as seq,
        Sandbox(seed=7) as sandbox,
        httpx.Client(base_url=sandbox.url, headers={"Authorization": f"Bearer {fresh_key()}"}, trust_env=False) as http,
    ):
        yield Sides(recorder, seq, sandbox, http)


def test_a_thousand_wrong_graphs_are_refused_on_both_sides(sides: Sides) -> None:
    sent, before = len(sides.recorder.received), sides.orders()
    used: set[str] = set()
    for seed in range(GRAPHS):
        draft, faults = broken(seed)
        sides.check(draft, faults)
        used |= set(faults)
    assert len(sides.recorder.received) == sent
    assert sides.orders() == before, "nothing of them was taken"
    assert used == {*NODE_BREAKS, *EDGE_BREAKS, *WHOLE_BREAKS}


def test_what_they_were_before_they_were_broken_is_taken_on_both_sides(sides: Sides) -> None:
    sent = len(sides.recorder.received)
    for seed in range(GRAPHS):
        if seed % 100 == 0:
            sides.sandbox.check_invariants()
            sides.sandbox.reset()
            # What is asked here is whether a graph is taken; without a market nothing else takes time.
            for symbol, venue in QUIET:
                sides.sandbox.set_book(symbol, venue)
        draft = valid(seed)
        sides.send(draft)
        answer = sides.post(draft)
        assert answer.status_code == 200, (seed, answer.text)
    assert len(sides.recorder.received) == sent + GRAPHS


@pytest.mark.parametrize(("kind", "name"), EVERY, ids=[name for _, name in EVERY])
def test_each_fault_of_a_node_or_an_edge(sides: Sides, kind: str, name: str) -> None:
    for seed in range(3):
        draft = valid(seed)
        sides.check(draft, {name: break_at(draft, kind, 1, name)})


@pytest.mark.parametrize("name", WHOLE_BREAKS)
def test_each_fault_of_a_whole_graph(sides: Sides, name: str) -> None:
    for seed in range(3):
        draft = valid(seed)
        sides.check(draft, {name: WHOLE_BREAKS[name](draft, Random(seed))})
