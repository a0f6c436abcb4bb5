"""Each fault happens as often and to whom it was asked for, and never changes what the exchange decided."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus

from sequence_markets import ConnectionLostError, NotFoundError, OutcomeUnknownError, RateLimitError, ServerError
from sequence_markets.sandbox import Fault, Sandbox
from tests.sandbox.streams.peer import Peer, key


def test_an_error_status_leaves_the_exchange_alone(sandbox: Sandbox) -> None:
    client = sandbox.client(api_key=key(), max_retries=0)
    sandbox.faults.status(503, path="/v1/orders", method="POST")
    with pytest.raises(OutcomeUnknownError):
        client.buy("BTC-USD", "1", graph_id="graph_a")
    with pytest.raises(NotFoundError):
        client.graph_status("graph_a")
    sandbox.faults.status(500)
    with pytest.raises(ServerError):
        client.symbols()
    assert client.symbols()


def test_an_answer_lost_after_the_order_was_taken_is_found_again(sandbox: Sandbox) -> None:
    client = sandbox.client(api_key=key(), max_retries=0)
    sandbox.faults.drop_after(path="/v1/orders", method="POST")
    with pytest.raises(OutcomeUnknownError):
        client.buy("BTC-USD", "1", graph_id="graph_a")
    assert client.graph_status("graph_a").status == "completed"
    sandbox.faults.drop_before(path="/v1/orders", method="POST")
    with pytest.raises(OutcomeUnknownError):
        client.buy("BTC-USD", "1", graph_id="graph_b")
    with pytest.raises(NotFoundError):
        client.graph_status("graph_b")


def test_a_retried_submit_through_a_lost_answer_is_one_order(sandbox: Sandbox) -> None:
    client = sandbox.client(api_key=key(), max_retries=2)
    sandbox.faults.drop_after(path="/v1/orders", count=2)
    assert client.buy("BTC-USD", "1").status == "active"
    assert client.orders().total == 1


def test_half_an_answer_is_no_answer(sandbox: Sandbox) -> None:
    sandbox.faults.truncate(path="/v1/quotes/*")
    with pytest.raises(ConnectionLostError):
        sandbox.client(max_retries=0).quote("BTC-USD")


@pytest.mark.parametrize("retry_after", ["0", "7", "86400", "inf", "Wed, 21 Oct 2099 07:28:00 GMT", "soon", ""])
def test_any_retry_after_is_sent_as_it_was_given(sandbox: Sandbox, retry_after: str) -> None:
    sandbox.faults.rate_limit(retry_after, path="/v1/account")
    answer = httpx.get(f"{sandbox.url}/v1/account", headers={"Authorization": f"Bearer {key()}"})
    assert answer.status_code == 429
    assert answer.headers.get("Retry-After", "") == retry_after
    sandbox.faults.rate_limit("86400")
    with pytest.raises(RateLimitError):
        sandbox.client(timeout=5).account()


def test_a_delay_is_only_a_delay(sandbox: Sandbox) -> None:
    sandbox.faults.delay(0.01, path="/v1/account")
    assert sandbox.client().account().tier
    assert sandbox.faults.pending() == ()


def test_the_control_plane_has_no_faults(sandbox: Sandbox) -> None:
    sandbox.faults.status(503, count=None)
    assert httpx.get(f"{sandbox.url}/_sandbox").status_code == 200
    assert len(sandbox.faults.pending()) == 1
    assert httpx.request("DELETE", f"{sandbox.url}/_sandbox/faults").json() == {"faults": [], "count": 0}
    assert sandbox.client().health()


def test_count_and_probability_decide_how_often(sandbox: Sandbox) -> None:
    client = sandbox.client(max_retries=0)

    def failures(calls: int) -> int:
        failed = 0
        for _ in range(calls):
            try:
                client.account()
            except ServerError:
                failed += 1
        return failed

    sandbox.faults.status(500, count=3)
    assert failures(10) == 3
    sandbox.faults.status(500, count=None, probability=0.5)
    first = failures(40)
    assert 8 <= first <= 32
    sandbox.faults.clear()
    assert failures(5) == 0


def _btc(sandbox: Sandbox, *prices: int) -> None:
    for price in prices:
        sandbox.set_book("BTC-USD", "kraken", bids=[(price, 1)], asks=[(price + 10, 1)])


def _bids(frames: list[dict[str, Any]]) -> list[float]:
    return [frame["data"]["bid"] for frame in frames]


def _following(sandbox: Sandbox, peer: Peer) -> None:
    peer.send({"subscribe": ["prices:BTC-USD"]})
    peer.settle()


def test_frames_come_twice_or_out_of_order_when_asked(sandbox: Sandbox, peer: Peer) -> None:
    _following(sandbox, peer)
    sandbox.faults.duplicate(channel="prices:*")
    _btc(sandbox, 90_100, 90_200)
    assert _bids(peer.settle()) == [90100.0, 90100.0, 90200.0]
    sandbox.faults.reorder(channel="prices:*")
    _btc(sandbox, 90_300, 90_400, 90_500)
    assert _bids(peer.settle()) == [90400.0, 90300.0, 90500.0]


def test_garbage_comes_before_the_frame(sandbox: Sandbox, peer: Peer) -> None:
    _following(sandbox, peer)
    sandbox.faults.garbage()
    _btc(sandbox, 90_100)
    with pytest.raises(ValueError):
        peer.read()
    assert _bids(peer.settle()) == [90100.0]


@pytest.mark.parametrize("fault", ["drop", "half_frame"])
def test_a_cut_stream_ends_without_a_farewell(sandbox: Sandbox, peer: Peer, fault: str) -> None:
    _following(sandbox, peer)
    sandbox.faults.add(Fault("drop" if fault == "drop" else "half_frame"))
    _btc(sandbox, 90_100)
    with pytest.raises(ConnectionClosedError) as closed:
        peer.read()
    assert closed.value.rcvd is None


def test_a_stream_closes_with_the_code_that_was_asked_for(sandbox: Sandbox, peer: Peer) -> None:
    _following(sandbox, peer)
    sandbox.faults.close(4001)
    _btc(sandbox, 90_100)
    with pytest.raises(ConnectionClosed) as closed:
        peer.read()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4001


def test_a_silent_stream_answers_no_ping(sandbox: Sandbox, peer: Peer) -> None:
    _following(sandbox, peer)
    sandbox.faults.silence()
    _btc(sandbox, 90_100)
    assert not peer.socket.ping().wait(0.2)
    with pytest.raises(TimeoutError):
        peer.socket.recv(timeout=0.05)
    assert sandbox.faults.hang_up() == 1


@pytest.mark.parametrize("code", [None, 1001])
def test_hanging_up_ends_every_open_socket(sandbox: Sandbox, code: int | None) -> None:
    with Peer(sandbox) as first, Peer(sandbox, letter="b") as second:
        first.subscribe("orders")
        second.subscribe("orders")
        assert sandbox.faults.hang_up(code) == 2
        for peer in (first, second):
            with pytest.raises(ConnectionClosed) as closed:
                peer.read()
            assert (closed.value.rcvd and closed.value.rcvd.code) == code


@pytest.mark.parametrize("kind", ["drop", "half_frame", "close"])
def test_nothing_is_written_to_a_socket_that_was_cut(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture, kind: Literal["drop", "half_frame", "close"]
) -> None:
    sandbox.set_book("BTC-USD", "kraken", asks=[(90_000 + level, "0.01") for level in range(50)])
    with Peer(sandbox) as peer:
        peer.subscribe("fills")
        sandbox.faults.add(Fault(kind, channel="fills"))
        sandbox.client(api_key=key()).buy("BTC-USD", "0.5")
        with pytest.raises(ConnectionClosed):
            peer.read()
    assert caplog.messages == []


def test_a_socket_is_refused_as_often_as_asked(sandbox: Sandbox) -> None:
    sandbox.faults.refuse(403)
    with pytest.raises(InvalidStatus) as refused:
        Peer(sandbox)
    assert refused.value.response.status_code == 403
    with Peer(sandbox) as peer:
        assert peer.subscribe("orders")["subscribed"] == ["orders"]


def test_faults_over_http_are_the_same_faults(sandbox: Sandbox) -> None:
    added = httpx.post(f"{sandbox.url}/_sandbox/faults", json={"kind": "status", "status": 418, "path": "/v1/account"})
    assert added.json()["status"] == 418
    assert sandbox.faults.pending() == (Fault("status", status=418, path="/v1/account"),)
    wrong: list[object] = [
        {},
        {"kind": "earthquake"},
        {"kind": "status", "status": 200},
        {"kind": "status", "often": 1},
        {"kind": "status", "count": "1"},
        {"kind": "drop", "path": "/v1/x"},
        [],
    ]
    for body in wrong:
        assert httpx.post(f"{sandbox.url}/_sandbox/faults", json=body).status_code == 422


@pytest.mark.parametrize(
    "make",
    [
        lambda: Fault("status", status=200),
        lambda: Fault("close", code=1006),
        lambda: Fault("delay", seconds=-1),
        lambda: Fault("delay", seconds=float("nan")),
        lambda: Fault("delay", count=0),
        lambda: Fault("delay", probability=0),
        lambda: Fault("rate_limit", retry_after="1\r\nX-Bad: 1"),
        lambda: Fault("status", channel="prices:*"),
        lambda: Fault("drop", method="GET"),
    ],
)
def test_a_fault_that_cannot_be_is_refused(make: Callable[[], Fault]) -> None:
    with pytest.raises(ValueError):
        make()
