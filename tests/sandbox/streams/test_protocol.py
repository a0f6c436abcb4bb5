"""The unified stream's verbs, acknowledgements, refusals and limits."""

from __future__ import annotations

import json
from contextlib import ExitStack

import httpx
import pytest
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from sequence_markets.sandbox import Sandbox
from sequence_markets.sandbox.server.auth import Principal
from sequence_markets.sandbox.server.streaming import MAX_FRAME_BYTES, MOST_SOCKETS
from sequence_markets.sandbox.server.streams.hub import MOST_TOPICS
from sequence_markets.sandbox.server.tickets import LIFETIME_NS, Tickets
from tests.sandbox.streams.peer import Peer, key


def test_an_acknowledgement_tells_what_was_taken_and_why_the_rest_was_not(peer: Peer) -> None:
    ack = peer.subscribe("orders", "prices:BTC-USD", "nope", "prices:NOPE", "prices:", "funding:kraken", "traces:dep_x")
    assert ack["subscribed"] == ["orders", "prices:BTC-USD"]
    assert ack["rejected"] == ["nope", "prices:NOPE", "prices:", "funding:kraken", "traces:dep_x"]
    assert ack["reasons"] == {
        "nope": "UNKNOWN_CHANNEL",
        "prices:NOPE": "BAD_SYMBOL",
        "prices:": "UNKNOWN_CHANNEL",
        "funding:kraken": "NOT_FOUND",
        "traces:dep_x": "NOT_FOUND",
    }


def test_a_market_topic_begins_with_what_stands_and_a_private_one_with_nothing(peer: Peer) -> None:
    peer.send({"subscribe": ["orders", "fills", "prices:BTC-USD", "book:BTC-USD"]})
    ack, *frames = peer.settle()
    assert ack["rejected"] == []
    assert [frame["channel"] for frame in frames] == ["prices:BTC-USD", "book:BTC-USD"]
    assert frames[0]["data"]["bid"] == 90000.0
    assert frames[0]["data"]["ask_sz"] == 3.0
    assert frames[1]["data"]["asks"] == [[90010.0, 3.0], [90020.0, 5.0]]


def test_a_topic_taken_twice_is_one_subscription_without_a_second_snapshot(peer: Peer) -> None:
    peer.subscribe("prices:BTC-USD")
    peer.read()
    assert peer.subscribe("prices:BTC-USD")["subscribed"] == ["prices:BTC-USD"]
    assert peer.settle() == []


def test_a_frame_carries_the_topic_as_it_was_asked_for(sandbox: Sandbox, peer: Peer) -> None:
    peer.send({"subscribe": ["prices:BTC-USD", "prices:btc/usd"]})
    peer.settle()
    sandbox.set_price("BTC-USD", 91_000, ["kraken"])
    assert {frame["channel"] for frame in peer.settle()} == {"prices:BTC-USD", "prices:btc/usd"}


def test_nothing_comes_for_a_topic_that_was_given_back(sandbox: Sandbox, peer: Peer) -> None:
    peer.send({"subscribe": ["prices:BTC-USD", "book:BTC-USD"]})
    peer.settle()
    peer.send({"unsubscribe": ["prices:BTC-USD", "never:held"]})
    assert peer.read() == {"unsubscribed": ["prices:BTC-USD", "never:held"], "subscribed": [], "rejected": []}
    sandbox.set_price("BTC-USD", 91_000, ["kraken"])
    assert [frame["channel"] for frame in peer.settle()] == ["book:BTC-USD"]


@pytest.mark.parametrize(
    "message",
    ["not json", "[]", '"subscribe"', '{"subscribe": "orders"}', '{"subscribe": [1]}', '{"hello": []}', "{}",
     '{"subscribe": ["orders"], "unsubscribe": []}', b"\x00\x01"],
)  # fmt: skip
def test_what_is_not_understood_is_answered_and_the_socket_stays(peer: Peer, message: str | bytes) -> None:
    peer.send(message)
    error = peer.read()
    assert list(error) == ["error"]
    assert error["error"]["code"] == "BAD_REQUEST"
    assert peer.subscribe("orders")["subscribed"] == ["orders"]


def test_a_socket_without_a_key_is_refused_before_it_opens(sandbox: Sandbox) -> None:
    with pytest.raises(InvalidStatus) as refused:
        Peer(sandbox, header=False)
    assert refused.value.response.status_code == 401
    assert json.loads(bytes(refused.value.response.body or b""))["error"]["code"] == "UNAUTHORIZED"
    with pytest.raises(InvalidStatus) as unknown:
        Peer(sandbox, path="/v1/streams")
    assert unknown.value.response.status_code == 404


def test_a_key_in_the_query_lets_nobody_in(sandbox: Sandbox) -> None:
    with pytest.raises(InvalidStatus) as refused:
        Peer(sandbox, header=False, query=f"?api_key={key()}")
    assert refused.value.response.status_code == 401


def test_a_ticket_opens_one_socket_of_its_account(sandbox: Sandbox) -> None:
    ask = httpx.get(f"{sandbox.url}/v1/ws/ticket", headers={"Authorization": f"Bearer {key('b')}"})
    ticket = ask.json()["ticket"]
    assert ticket.startswith("wst_")
    with Peer(sandbox, header=False, query=f"?ticket={ticket}") as peer:
        peer.subscribe("orders")
        sandbox.client(api_key=key("b")).buy("BTC-USD", "0.5")
        assert {frame["channel"] for frame in peer.settle()} == {"orders"}
    for spent in (ticket, "wst_0000"):
        with pytest.raises(InvalidStatus) as refused:
            Peer(sandbox, header=False, query=f"?ticket={spent}")
        assert refused.value.response.status_code == 401


def test_a_ticket_is_good_for_thirty_seconds() -> None:
    now = [0]
    tickets = Tickets(monotonic_ns=lambda: now[0])
    caller = Principal("0" * 64, "test")
    ticket, late = tickets.issue(caller), tickets.issue(caller)
    now[0] = LIFETIME_NS - 1
    assert tickets.spend(ticket) == caller
    now[0] = LIFETIME_NS
    assert tickets.spend(late) is None


def test_a_socket_holds_so_many_topics_and_no_more(peer: Peer) -> None:
    symbols = [f"prices:BTC-USD{' ' * number}" for number in range(MOST_TOPICS + 1)]
    ack = peer.subscribe(*symbols)
    assert len(ack["subscribed"]) == MOST_TOPICS
    assert ack["reasons"] == {symbols[-1]: "LIMIT"}
    assert len(peer.settle()) == MOST_TOPICS


def test_a_frame_that_is_too_large_ends_the_socket(peer: Peer) -> None:
    peer.send("x" * (MAX_FRAME_BYTES + 1))
    with pytest.raises(ConnectionClosedError) as closed:
        peer.read()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


def test_an_account_holds_so_many_sockets_and_no_more(sandbox: Sandbox) -> None:
    with ExitStack() as stack:
        for _ in range(MOST_SOCKETS):
            stack.enter_context(Peer(sandbox, letter="c"))
        with pytest.raises(InvalidStatus) as refused:
            Peer(sandbox, letter="c")
        assert refused.value.response.status_code == 429
        stack.enter_context(Peer(sandbox, letter="d"))


def test_a_stopping_sandbox_says_so() -> None:
    with Sandbox(seed=7) as sandbox, Peer(sandbox) as peer:
        peer.subscribe("orders")
        sandbox.stop()
        with pytest.raises(ConnectionClosedError) as closed:
            peer.read()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012


def test_a_market_that_is_not_minted_yet_is_no_topic(sandbox: Sandbox, peer: Peer) -> None:
    start = sandbox.now_ns // 10**9
    ack = peer.subscribe(f"prices:btc-updown-5m-{start}", f"prices:btc-updown-5m-{start + 86_400}")
    assert ack["subscribed"] == [f"prices:btc-updown-5m-{start}"]
    assert ack["reasons"] == {f"prices:btc-updown-5m-{start + 86_400}": "BAD_SYMBOL"}
