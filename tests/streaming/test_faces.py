"""Both faces over real sockets: what they send, what they give, and how they recover."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest

from sequence_markets.errors import (
    AuthenticationError,
    ClientClosedError,
    NotFoundError,
    PermissionDeniedError,
    RedirectError,
    RequestNotSentError,
    RequestTimeoutError,
    ServerError,
    StreamReportedError,
    SubscriptionRejectedError,
)
from sequence_markets.models import BookUpdate, Fill, MarketResolved, NewMarket, OrderUpdate, PriceUpdate, UnknownEvent
from sequence_markets.streaming import (
    Connected,
    Disconnected,
    Gap,
    InvalidEvent,
    Rejected,
    Resynced,
    StreamItem,
    Unreadable,
)

from .conftest import KEY, Connect, Serve
from .data import book, event, fill, new_market, order, price
from .server import Peer, Refusal, Script, StreamServer


def prices(server: StreamServer, *bids: float) -> None:
    for bid in bids:
        server.peers[-1].frame("prices:A", price(bid))


def test_items_unpack_into_channel_and_data(serve: Serve, connect: Connect) -> None:
    server = serve(Script(snapshot=lambda channel: price(7) if channel.startswith("prices:") else fill(1)))
    reader = connect(server).open(["prices:A", "fills"])
    items = reader.take(2)
    assert [(type(channel), type(data)) for channel, data in items] == [(str, PriceUpdate), (str, Fill)]
    assert all(isinstance(item, StreamItem) for item in items)
    (channel, data), _ = items
    assert (channel, data["bid"], data.bid) == ("prices:A", 7.0, 7.0)


def test_the_key_goes_in_the_header_and_nowhere_else(serve: Serve, connect: Connect) -> None:
    server = serve(Script(snapshot=lambda _: price(1)))
    reader = connect(server).open(["prices:A"])
    reader.next()
    (request,) = server.requests
    assert request.path == "/v1/stream"
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.headers["Host"] == f"127.0.0.1:{server.port}"
    assert request.headers["User-Agent"].startswith("sequence-markets-python/")
    assert "Sec-WebSocket-Extensions" not in request.headers
    assert KEY not in repr(reader.stream)
    assert "5ecre7" not in f"{reader.stream!r}{vars(reader.stream)!r}"
    assert server.peers[0].said() == {"subscribe": ["prices:A"]}


def test_nothing_is_logged_even_when_everything_is(
    serve: Serve, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    server = serve(Script(snapshot=lambda _: price(1)))
    reader = connect(server).open(["prices:A"])
    reader.next()
    reader.close()
    # The other side is the library's, and writes what it was sent.
    records = [record for record in caplog.records if record.name not in ("asyncio", "websockets.server")]
    assert records == []


def test_a_path_in_the_base_url_is_kept(serve: Serve, connect: Connect) -> None:
    server = serve(Script(snapshot=lambda _: price(1)))
    connect(server.url + "/api").open(["prices:A"]).next()
    assert server.requests[0].path == "/api/v1/stream"


def test_channels_change_while_the_stream_is_read(serve: Serve, connect: Connect) -> None:
    server = serve(Script(snapshot=lambda _: price(1)))
    reader = connect(server).open(["prices:A"])
    reader.next()
    reader.stream.subscribe(["prices:B"])
    assert reader.next().channel == "prices:B"
    reader.stream.unsubscribe(["prices:A"])
    reader.rest()
    peer = server.peers[0]
    assert [peer.said() for _ in range(3)] == [
        {"subscribe": ["prices:A"]},
        {"subscribe": ["prices:B"]},
        {"unsubscribe": ["prices:A"]},
    ]
    peer.frame("prices:A", price(9))
    peer.frame("prices:B", price(10))
    assert reader.next().data.bid == 10
    assert reader.stream.channels == ("prices:B",)


def test_channels_can_be_chosen_before_anything_is_connected(serve: Serve, connect: Connect) -> None:
    server = serve(Script(snapshot=lambda _: price(1)))
    reader = connect(server).open([])
    reader.stream.subscribe(["prices:A", "prices:B"])
    reader.stream.unsubscribe(["prices:A"])
    assert reader.next().channel == "prices:B"
    assert server.peers[0].said() == {"subscribe": ["prices:B"]}


def test_channels_change_from_another_thread(serve: Serve, connect: Connect) -> None:
    server = serve(Script(snapshot=lambda channel: price(1) if channel == "prices:B" else None))
    reader = connect(server).open(["prices:A"])
    reader.enter()
    timer = threading.Timer(0.05, reader.stream.subscribe, (["prices:B"],))
    timer.start()
    assert reader.next().channel == "prices:B"
    timer.join()


def test_entering_waits_until_everything_is_subscribed(serve: Serve, connect: Connect) -> None:
    server = serve()
    reader = connect(server).open(["prices:A", "routing"])
    reader.enter()
    assert server.peers[0].topics == ["prices:A", "routing"]
    prices(server, 3)
    assert reader.next().data.bid == 3


def test_entering_ends_with_the_reason_when_it_cannot_work(serve: Serve, connect: Connect) -> None:
    reader = connect(serve(Script(rejected={"prices:X": "BAD_SYMBOL"}))).open(["prices:X"])
    with pytest.raises(SubscriptionRejectedError, match=r"prices:X \(BAD_SYMBOL\)"):
        reader.enter()
    assert reader.stream.closed
    silent = connect(serve(Script(acknowledge=False)), timeout=0.3).open(["prices:A"])
    with pytest.raises(RequestTimeoutError, match="not subscribed within"):
        silent.enter()


# --- what ends a stream ---


@pytest.mark.parametrize(
    ("status", "error"), [(401, AuthenticationError), (403, PermissionDeniedError), (404, NotFoundError)]
)
def test_a_permanent_refusal_is_raised_at_once(
    serve: Serve, connect: Connect, status: int, error: type[Exception]
) -> None:
    body = json.dumps({"error": {"code": "NO", "message": f"not with {KEY}", "request_id": "r-1"}}).encode()
    server = serve(Script(handshake=lambda _: Refusal(status, body)))
    reader = connect(server).open(["prices:A"])
    with pytest.raises(error) as caught:
        reader.next()
    raised: Any = caught.value
    assert (raised.status, raised.code, raised.request_id, raised.operation) == (status, "NO", "r-1", "stream")
    assert "[hidden]" in raised.message
    assert len(server.requests) == 1
    with pytest.raises(ClientClosedError, match="has ended"):
        reader.next()


def test_a_refusal_after_a_reconnect_is_raised_after_what_had_arrived(serve: Serve, connect: Connect) -> None:
    server = serve(Script(handshake=lambda number: Refusal(401) if number else None))
    reader = connect(server).open(["prices:A"])
    reader.enter()
    prices(server, 1)
    server.peers[0].drop()
    assert reader.next().data.bid == 1
    with pytest.raises(AuthenticationError):
        reader.next()


def test_a_redirect_is_never_followed(serve: Serve, connect: Connect) -> None:
    other = serve()
    location = (("Location", other.url + "/v1/stream"),)
    reader = connect(serve(Script(handshake=lambda _: Refusal(302, b"", location)))).open(["prices:A"])
    with pytest.raises(RedirectError):
        reader.next()
    assert other.requests == []


def test_an_address_nobody_listens_on_is_told_within_the_clients_time(connect: Connect) -> None:
    reader = connect("http://127.0.0.1:1", timeout=0.2).open(["prices:A"])
    with pytest.raises(RequestNotSentError):
        reader.next()


def test_a_server_that_speaks_something_else_is_told_within_the_clients_time(serve: Serve, connect: Connect) -> None:
    server = serve(Script(handshake=lambda _: Refusal(200, b"hello")))
    reader = connect(server, timeout=0.2).open(["prices:A"])
    with pytest.raises(Exception, match="hello"):
        reader.next()


def test_a_rejected_channel_is_raised(serve: Serve, connect: Connect) -> None:
    reader = connect(serve(Script(rejected={"zork": "UNKNOWN_CHANNEL"}))).open(["prices:A", "zork"])
    with pytest.raises(SubscriptionRejectedError) as caught:
        reader.next()
    assert caught.value.rejected == {"zork": "UNKNOWN_CHANNEL"}


def test_a_rejected_channel_is_an_item_where_the_streams_own_events_are(serve: Serve, connect: Connect) -> None:
    server = serve(Script(rejected={"zork": "UNKNOWN_CHANNEL"}, snapshot=lambda _: price(1)))
    reader = connect(server).open(["prices:A", "zork"], lifecycle=True)
    kinds: set[type] = {type(item.data) for item in reader.take(3)}
    assert kinds == {Connected, Rejected, PriceUpdate}


def test_an_error_of_the_server_is_raised(serve: Serve, connect: Connect) -> None:
    server = serve(Script(on_open=lambda peer: peer.text('{"error":{"code":"BAD_REQUEST","message":"what?"}}')))
    reader = connect(server).open(["prices:A"])
    with pytest.raises(StreamReportedError, match="what"):
        reader.next()


# --- what a stream survives ---


def dropped(peer: Peer) -> None:
    peer.drop()


def reset(peer: Peer) -> None:
    peer.drop(reset=True)


def half(peer: Peer) -> None:
    peer.raw(b"\x81\x7e\x10\x00only the beginning")
    peer.drop()


def nonsense(peer: Peer) -> None:
    peer.raw(b"\x81\x85maskedbytesfromaserver")


def giant(peer: Peer) -> None:
    peer.raw(b"\x81\x7f" + (1 << 40).to_bytes(8))


BREAKS = [dropped, reset, half, nonsense, giant]


@pytest.mark.parametrize("end", BREAKS)
def test_a_connection_that_breaks_is_replaced(serve: Serve, connect: Connect, end: Any) -> None:
    server = serve(Script(snapshot=lambda _: price(1)))
    reader = connect(server).open(["prices:A"], lifecycle=True)
    reader.until(PriceUpdate)
    end(server.peers[0])
    items = reader.until(PriceUpdate)
    assert [type(item.data) for item in items] == [Disconnected, Connected, Gap, Resynced, PriceUpdate]
    assert server.peers[1].topics == ["prices:A"]


@pytest.mark.parametrize("code", [1000, 1001, 1008, 1011, 1012, 1013, 4000])
def test_a_close_code_is_told_and_the_connection_replaced(serve: Serve, connect: Connect, code: int) -> None:
    server = serve(Script(snapshot=lambda _: price(1)))
    reader = connect(server).open(["prices:A"], lifecycle=True)
    reader.until(PriceUpdate)
    server.peers[0].close(code, "because")
    (lost,) = [item.data for item in reader.until(PriceUpdate) if isinstance(item.data, Disconnected)]
    assert lost.code == code
    assert str(code) in lost.reason
    assert "because" in lost.reason


def test_a_busy_server_is_asked_again(serve: Serve, connect: Connect) -> None:
    server = serve(Script(handshake=lambda number: Refusal(503) if number < 3 else None, snapshot=lambda _: price(1)))
    told: list[Any] = []
    reader = connect(server).open(["prices:A"], on_event=told.append)
    assert reader.next().data.bid == 1
    assert [type(each) for each in told[:4]] == [Disconnected, Disconnected, Disconnected, Connected]
    assert "503" in told[0].reason


def test_a_wait_beyond_reason_ends_the_stream(serve: Serve, connect: Connect) -> None:
    late = (("Retry-After", "3600"),)
    reader = connect(serve(Script(handshake=lambda _: Refusal(503, b"", late)))).open(["prices:A"])
    with pytest.raises(ServerError) as caught:
        reader.next()
    assert caught.value.retry_after == 3600


def test_frames_that_make_no_sense_are_told_and_do_no_harm(serve: Serve, connect: Connect) -> None:
    server = serve()
    reader = connect(server).open(["prices:A", "book:A"], lifecycle=True)
    reader.enter()
    peer = server.peers[0]
    peer.text(b"\xff\xfe")
    peer.text("[1, 2")
    peer.frame("prices:A", {"bid": "text", "ts_ns": 1})
    peer.frame("notices", {"text": "hello"})
    peer.frame("book:A", book(2.5))
    reader.next()
    kinds: list[type] = [type(item.data) for item in reader.take(5)]
    assert kinds == [Unreadable, Unreadable, InvalidEvent, UnknownEvent, BookUpdate]


def test_a_message_in_pieces_and_pings_between_are_read(serve: Serve, connect: Connect) -> None:
    server = serve()
    reader = connect(server).open(["prices:A"])
    reader.enter()
    text = event("prices:A", price(5))
    peer = server.peers[0]
    peer.raw(b"\x01\x05" + text[:5] + b"\x89\x02hi" + b"\x80\x7e" + (len(text) - 5).to_bytes(2) + text[5:])
    assert reader.next().data.bid == 5


def test_fills_and_orders_missed_are_read_over_rest(serve: Serve, connect: Connect) -> None:
    fills: list[dict[str, Any]] = [fill(1)]
    orders: list[dict[str, Any]] = [order(1, "ACCEPTED", updated=1)]

    def pages(path: str, query: dict[str, str]) -> tuple[int, object]:
        assert query == {"limit": "100", "offset": "0"}
        rows = fills if path == "/v1/fills" else orders
        return 200, {path.rpartition("/")[2]: rows[::-1], "has_more": False}

    server = serve(Script(pages=pages))
    reader = connect(server).open(["fills", "orders"])
    reader.enter()
    fills.extend(fill(number) for number in range(2, 6))
    orders[0] = order(1, "FILLED", 100, updated=9)
    server.peers[0].drop()
    items = reader.take(5)
    assert [item.data.fill_id for item in items if isinstance(item.data, Fill)] == [f"f_{n:05}" for n in range(2, 6)]
    assert [item.data.status for item in items if isinstance(item.data, OrderUpdate)] == ["FILLED"]
    assert all(item.healed for item in items)
    server.peers[-1].frame("fills", fill(5))
    server.peers[-1].frame("fills", fill(6))
    assert reader.next().data.fill_id == "f_00006"


def test_the_listener_is_called_while_nobody_reads(serve: Serve, connect: Connect) -> None:
    server = serve()
    told: list[Any] = []
    back = threading.Event()

    def listen(each: Any) -> None:
        told.append(each)
        if isinstance(each, Gap):
            back.set()

    reader = connect(server).open(["routing"], on_event=listen)
    reader.enter()
    server.peers[0].drop()
    for _ in range(200):
        if back.is_set():
            break
        reader.rest(0.02)
        back.wait(0.0 if reader.face == "asyncio" else 0.02)
    assert [type(each) for each in told] == [Connected, Disconnected, Connected, Gap]


# --- prediction markets ---


def test_markets_come_as_they_are_listed_and_each_once(serve: Serve, connect: Connect) -> None:
    ring = [new_market(number) for number in range(3)]

    def flush(peer: Peer) -> None:
        for market in ring:
            peer.text(json.dumps(market))

    server = serve(Script(on_open=flush))
    reader = connect(server).open(method="stream_new_markets")
    assert [market["slug"] for market in reader.take(3)] == [f"eth-updown-5m-{n}" for n in range(3)]
    ring.append(new_market(3))
    server.peers[0].drop()
    market = reader.next()
    assert isinstance(market, NewMarket)
    assert (market.slug, market.outcome_token_ids[0]) == ("eth-updown-5m-3", "13")
    assert [request.path for request in server.requests] == ["/v1/ws/new_markets"] * 2
    assert all(peer.received.empty() for peer in server.peers)


def test_resolutions_come_with_what_became_of_the_connection(serve: Serve, connect: Connect) -> None:
    resolved = {"kind": "market_resolved", "venue": "kalshi", "winning_token_id": "a", "observed_at_ns": 1}
    server = serve(Script(on_open=lambda peer: peer.text(json.dumps(resolved))))
    reader = connect(server).open(method="stream_resolved_markets", lifecycle=True)
    assert [type(each) for each in reader.take(2)] == [Connected, MarketResolved]
    server.peers[0].drop()
    items = reader.take(4)
    assert [type(each) for each in items] == [Disconnected, Connected, Gap, Resynced]
    assert items[2].channel == "market_resolved"
    assert server.requests[0].path == "/v1/ws/market_resolved"


def test_a_stream_of_markets_has_no_channels_to_choose(serve: Serve, connect: Connect) -> None:
    reader = connect(serve()).open(method="stream_new_markets")
    with pytest.raises(ValueError, match="no channels"):
        reader.stream.subscribe(["prices:A"])


# --- readers that are slow ---


def test_a_sleeping_reader_gets_the_newest_price_all_fills_and_the_counts(serve: Serve, connect: Connect) -> None:
    server = serve()
    reader = connect(server).open(["prices:A", "fills"], heal=False)
    reader.enter()
    peer = server.peers[0]
    for number in range(300):
        peer.frame("prices:A", price(number))
        peer.frame("fills", fill(number))
    peer.frame("prices:A", price(300))
    deadline = time.monotonic() + 5
    while len(reader.stream._driver.protocol._buffer) < 301 and time.monotonic() < deadline:  # type: ignore[union-attr]
        reader.rest(0.01)
    time.sleep(0.03)
    items = [reader.next() for _ in range(301)]
    newest = [item for item in items if item.channel == "prices:A"]
    assert [(item.data.bid, item.conflated) for item in newest] == [(300, 300)]
    assert [item.data.fill_id for item in items if item.channel == "fills"] == [f"f_{n:05}" for n in range(300)]


def test_a_reader_that_stops_stops_the_server_and_misses_nothing(serve: Serve, connect: Connect) -> None:
    server = serve()
    reader = connect(server).open(["routing"], buffer_size=16)
    reader.enter()
    peer = server.peers[0]
    count = 2_000
    data: dict[str, Any] = {"legs": [], "chosen": "x" * 10_000}
    sent = threading.Event()

    def pump() -> None:
        for number in range(count):
            peer.frame("routing", {**data, "ts_ns": number})
        sent.set()

    thread = threading.Thread(target=pump)
    thread.start()
    reader.rest(0.2)
    assert not sent.wait(0.2), "the server was never held up"
    for number in range(count):
        assert reader.next().data.ts_ns == number
    thread.join()
