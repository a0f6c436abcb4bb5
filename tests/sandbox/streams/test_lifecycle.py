"""New and resolved markets: the latest ones at once, then each as it happens, exactly once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from sequence_markets.sandbox import Sandbox
from sequence_markets.sandbox.server.streams.lifecycle_feed import REPLAYED
from tests.sandbox.streams.peer import Peer


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed=7) as running:
        yield running


def _replayed(peer: Peer) -> list[dict[str, Any]]:
    return [peer.read() for _ in range(REPLAYED)]


def _until(peer: Peer, observed_ns: int) -> list[dict[str, Any]]:
    """The events up to one that happens later."""
    rows: list[dict[str, Any]] = []
    while not rows or rows[-1]["observed_at_ns"] < observed_ns:
        rows.append(peer.read())
    return rows


def test_a_new_listener_is_told_the_latest_and_then_each_as_it_is_minted(sandbox: Sandbox) -> None:
    with Peer(sandbox, path="/v1/ws/new_markets") as peer:
        rows = _replayed(peer)
        begun = sandbox.now_ns
        assert [row["observed_at_ns"] for row in rows] == sorted(row["observed_at_ns"] for row in rows)
        assert rows[-1]["observed_at_ns"] <= begun
        for _ in range(7):
            sandbox.advance(seconds=100)
        rows += _until(peer, begun + 600 * 10**9)
    names = [row["event_id"] for row in rows]
    assert len(names) == len(set(names))
    fresh = {row["slug"] for row in rows[REPLAYED:]}
    assert {"btc-updown-5m-1767572100", "eth-updown-5m-1767572100"} <= fresh
    row = rows[-1]
    assert row["kind"] == "new_market"
    assert row["condition_id"] == row["event_id"]
    assert row["fee_schedule"]["rate_1e8"] > 0
    assert (row["best_yes_bid"], row["volume_24h"]) == (None, 0.0)


def test_a_resolved_market_is_said_once_with_what_it_paid(sandbox: Sandbox) -> None:
    client = sandbox.client()
    with Peer(sandbox, path="/v1/ws/market_resolved") as peer:
        rows = _replayed(peer)
        begun = sandbox.now_ns
        sandbox.advance(seconds=700)
        rows += _until(peer, begun + 600 * 10**9)
        sandbox.resolve("rain-in-oslo-friday", "No")
        scripted = _until(peer, sandbox.now_ns)[-1]
    names = [row["event_id"] for row in rows]
    assert len(names) == len(set(names))
    assert (scripted["slug"], scripted["winning_outcome"]) == ("rain-in-oslo-friday", "No")
    for row in (scripted, rows[-1], rows[REPLAYED]):
        settlement = client.settlement(row["slug"])
        assert settlement.resolved_outcome == row["winning_outcome"]
        tokens = dict(zip(settlement.outcomes, settlement.outcome_token_ids, strict=True))
        assert tokens.pop(row["winning_outcome"]) == row["winning_token_id"]
        assert list(tokens.values()) == [row["losing_token_id"]]


@pytest.mark.parametrize("path", ["/v1/ws/new_markets", "/v1/ws/market_resolved"])
def test_a_lifecycle_socket_needs_a_key(sandbox: Sandbox, path: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        Peer(sandbox, path=path, header=False)
    assert refused.value.response.status_code == 401
