"""The calls and the life of an algo, for the account that deployed it."""

from __future__ import annotations

from pathlib import Path

import wasmtime

from sequence_markets.sandbox import Sandbox
from tests.sandbox.streams.peer import Peer, key

MOMENTUM = Path(__file__).resolve().parents[3] / "examples" / "momentum.wat"


def test_an_algo_is_followed_call_by_call(sandbox: Sandbox, peer: Peer, tmp_path: Path) -> None:
    module = tmp_path / "momentum.wasm"
    module.write_bytes(wasmtime.wat2wasm(MOMENTUM.read_text("utf-8")))
    client = sandbox.client(api_key=key())
    deployment = client.deploy_algo("momentum", str(module), ["BTC-USD"]).deployment_id
    topics = [f"traces:{deployment}", f"deployment:{deployment}"]
    assert peer.subscribe(*topics)["subscribed"] == topics
    with Peer(sandbox, letter="b") as stranger:
        assert stranger.subscribe(*topics)["reasons"] == dict.fromkeys(topics, "NOT_FOUND")
    sandbox.set_book("BTC-USD", "kraken", bids=[("90001", "2")], asks=[("90011", "3")])
    client.algo_stop(deployment)
    frames = peer.settle()
    traces = [frame["data"] for frame in frames if frame["channel"] == topics[0]]
    events = [frame["data"]["event"] for frame in frames if frame["channel"] == topics[1]]
    assert [trace["callback"] for trace in traces][:1] == ["on_book"]
    assert {trace["edge_id"] for trace in traces} == {"venue-edge-kraken"}
    assert "stopped" in events
    assert len(frames) == len(traces) + len(events)
