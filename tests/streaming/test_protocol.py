"""What the protocol decides, told by a clock that stands still and without a socket."""

from __future__ import annotations

import pytest

from sequence_markets.errors import (
    AuthenticationError,
    ConnectionLostError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    RequestNotSentError,
    SequenceError,
    ServerError,
    SlowReaderError,
    StreamReportedError,
    SubscriptionRejectedError,
)
from sequence_markets.models import BookUpdate, PriceUpdate, UnknownEvent
from sequence_markets.streaming.events import (
    Connected,
    Disconnected,
    Gap,
    InvalidEvent,
    Rejected,
    Reported,
    Resynced,
    Stale,
    Stray,
    Unconfirmed,
    Unreadable,
)
from sequence_markets.streaming.protocol import State

from .data import ack, book, event, price
from .pure import Harness

LOST = ConnectionLostError(0, "gone")


# --- subscriptions ---


def test_what_is_wanted_is_asked_for_when_a_connection_opens() -> None:
    stream = Harness(["prices:A", "book:B", "prices:A"]).start()
    assert stream.connects == 1
    assert stream.sent == []
    stream.open(acknowledge=False)
    assert stream.sent == [{"subscribe": ["prices:A", "book:B"]}]
    assert not stream.protocol.held
    stream.receive(ack("prices:A", "book:B"))
    assert stream.protocol.held


def test_many_channels_are_asked_for_in_messages_of_bounded_size() -> None:
    names = [f"prices:{'7' * 70}{number}" for number in range(600)]
    stream = Harness(names).start().open(acknowledge=False)
    assert len(stream.sent) > 1
    assert [name for said in stream.sent for name in said["subscribe"]] == names
    assert all(len(str(said)) < 20_000 for said in stream.sent)


def test_subscriptions_change_while_the_stream_is_read() -> None:
    stream = Harness(["prices:A"]).begin()
    stream.protocol.subscribe(["prices:A", "prices:B"], stream.moment)
    stream.protocol.unsubscribe(["prices:A", "never:wanted"], stream.moment)
    stream.settle()
    assert stream.sent == [{"subscribe": ["prices:B"]}, {"unsubscribe": ["prices:A"]}]
    assert stream.protocol.channels == ("prices:B",)


def test_nothing_of_an_unsubscribed_channel_is_given() -> None:
    stream = Harness(["prices:A", "prices:B", "weather:C"]).begin()
    stream.frame("prices:A", price(1))
    stream.frame("prices:B", price(2))
    stream.frame("weather:C", {"rain": True})
    stream.protocol.unsubscribe(["prices:A", "weather:C"], stream.moment)
    stream.settle()
    stream.frame("prices:A", price(3))
    stream.frame("weather:C", {"rain": False})
    assert [item.channel for item in stream.read()] == ["prices:B"]


def test_a_channel_that_is_wanted_again_is_given_again() -> None:
    stream = Harness(["weather:C"]).begin()
    stream.protocol.unsubscribe(["weather:C"], stream.moment)
    stream.protocol.subscribe(["weather:C"], stream.moment)
    stream.settle()
    stream.frame("weather:C", {"rain": True})
    assert [item.data for item in stream.read()] == [UnknownEvent.model_validate({"rain": True})]


def test_a_frame_under_a_wider_channel_that_is_wanted_is_given() -> None:
    stream = Harness(["funding", "prices:KXBTC-T100"]).begin()
    stream.frame("funding:binance:BTC-USD-PERP", {"venue": "binance", "symbol": "X", "rate_bps_per_hour": 1.0})
    stream.frame("prices:KXBTC-T100:YES", price(0.5))
    assert [item.channel for item in stream.read()] == ["funding:binance:BTC-USD-PERP", "prices:KXBTC-T100:YES"]


def test_a_known_kind_of_channel_nobody_asked_for_is_left_out_and_told_of_once() -> None:
    stream = Harness(["prices:A"], lifecycle=True).begin()
    stream.read()
    for _ in range(3):
        stream.frame("prices:B", price(1))
    assert [item.data.channel for item in stream.read()] == ["prices:B"]
    assert len(stream.told(Stray)) == 1


def test_an_unknown_channel_nobody_asked_for_is_never_lost() -> None:
    stream = Harness(["prices:A"]).begin()
    stream.frame("notices", {"text": "maintenance at noon"})
    (item,) = stream.read()
    assert item.channel == "notices"
    assert isinstance(item.data, UnknownEvent)
    assert item.data["text"] == "maintenance at noon"


def test_data_that_comes_before_the_answer_shows_that_the_channel_is_held() -> None:
    stream = Harness(["prices:A"]).start().open(acknowledge=False)
    stream.frame("prices:A", price(1))
    assert stream.protocol.held
    assert [item.data.bid for item in stream.read()] == [1]


@pytest.mark.parametrize(
    "frame",
    [
        b'{"subscribed":[],"rejected":["prices:X"],"reasons":{"prices:X":"BAD_SYMBOL"}}',
        b'{"subscribed":[],"rejected":[{"channel":"prices:X","reason":"BAD_SYMBOL"}]}',
        b'{"subscribed":[],"rejected":[{"topic":"prices:X","code":"BAD_SYMBOL"}]}',
        b'{"rejected":{"prices:X":"BAD_SYMBOL"}}',
    ],
)
def test_a_rejected_channel_ends_the_stream_with_its_reason(frame: bytes) -> None:
    stream = Harness(["prices:A", "prices:X"]).start().open(acknowledge=False)
    stream.receive(frame)
    assert stream.told(Rejected) == [Rejected("prices:X", stream.moment.ns, "BAD_SYMBOL")]
    assert stream.protocol.ended
    assert isinstance(stream.protocol.error, SubscriptionRejectedError)
    assert stream.protocol.error.rejected == {"prices:X": "BAD_SYMBOL"}
    assert stream.hangups


def test_a_rejection_is_an_item_where_the_streams_own_events_are() -> None:
    stream = Harness(["prices:A", "prices:X"], lifecycle=True).start().open(acknowledge=False)
    stream.receive(ack("prices:A", rejected={"prices:X": "BAD_SYMBOL"}))
    stream.frame("prices:A", price(1))
    kinds: list[type] = [type(item.data) for item in stream.read()]
    assert kinds == [Connected, Rejected, PriceUpdate]
    assert stream.protocol.channels == ("prices:A",)
    stream.lose()
    stream.reconnect()
    assert stream.protocol.held


def test_a_channel_can_be_rejected_when_it_is_asked_for_again() -> None:
    stream = Harness(["deployment:d"]).begin()
    stream.lose()
    stream.wait(1.0)
    stream.open(acknowledge=False)
    stream.receive(ack(rejected={"deployment:d": "NOT_FOUND"}))
    assert isinstance(stream.protocol.error, SubscriptionRejectedError)


def test_a_subscription_without_an_answer_is_told_of() -> None:
    stream = Harness(["prices:A", "prices:B"]).start().open(acknowledge=False)
    stream.receive(ack("prices:A"))
    stream.wait(30.0)
    assert [each.channel for each in stream.told(Unconfirmed)] == ["prices:B"]


# --- frames ---


def test_an_error_of_the_server_ends_the_stream() -> None:
    stream = Harness(["prices:A"]).begin()
    stream.frame("prices:A", price(1))
    stream.receive(b'{"error":{"code":"BAD_REQUEST","message":"what?"}}')
    assert [item.data.bid for item in stream.read()] == [1]
    error = stream.protocol.error
    assert isinstance(error, StreamReportedError)
    assert (error.code, error.message) == ("BAD_REQUEST", "what?")


def test_an_error_of_the_server_is_an_item_where_the_streams_own_events_are() -> None:
    stream = Harness(["prices:A"], lifecycle=True).begin()
    stream.receive(b'{"error":"text"}')
    stream.frame("prices:A", price(1))
    assert [item.data for item in stream.read()][1] == Reported(stream.moment.ns, None, "text")
    assert not stream.protocol.ended


@pytest.mark.parametrize(
    ("data", "path"),
    [({"bid": "1", "ts_ns": 1}, "bid"), ({"bid": 1.0}, "ts_ns"), (None, ""), ([1], ""), ("text", "")],
)
def test_data_that_is_not_as_documented_is_given_as_what_it_is(data: object, path: str) -> None:
    stream = Harness(["prices:A"]).begin()
    stream.frame("prices:A", data)
    stream.frame("prices:A", price(1))
    bad, good = stream.read()
    assert bad.channel == "prices:A"
    assert isinstance(bad.data, InvalidEvent)
    assert bad.data.raw == data
    assert path in str(bad.data.faults)
    assert isinstance(good.data, PriceUpdate)


def test_what_is_no_event_is_told_of_and_harms_nothing() -> None:
    stream = Harness(["prices:A"], lifecycle=True).begin()
    for frame in (
        b"\xff\xfe",
        b"",
        b"[1]",
        b'"x"',
        b"{}",
        b'{"channel":7}',
        b'{"channel":""}',
        b"[" * 5000,
        b'{"a":1e999}',
    ):
        stream.receive(frame)
    stream.frame("prices:A", price(1))
    told = stream.told(Unreadable)
    assert len(told) == 9
    assert told[0].raw == b"\xff\xfe"
    assert told[7].size == 5000
    assert len(told[7].raw) == 1000
    assert [item.data.bid for item in stream.read()[10:]] == [1]


def test_secrets_that_a_server_echoes_are_hidden() -> None:
    stream = Harness(["prices:A"])
    stream.protocol._results.clean = lambda text: text.replace("seq_live_secret", "[hidden]")
    stream.begin()
    stream.receive(b"not JSON: Bearer seq_live_secret")
    stream.receive(b'{"error":{"code":"seq_live_secret","message":"bad key seq_live_secret"}}')
    assert "secret" not in repr(stream.events)
    assert "secret" not in repr(stream.protocol.error)


# --- connections ---


def test_a_lost_connection_is_opened_again_and_everything_asked_for_again() -> None:
    stream = Harness(["prices:A", "fills"], heal=False).begin()
    stream.lose("it broke", code=1011)
    assert stream.told(Disconnected) == [Disconnected(stream.moment.ns, "it broke", 1011, 0.5)]
    assert stream.protocol.state is State.WAITING
    stream.wait(0.4)
    assert stream.connects == 1
    stream.wait(0.2)
    assert stream.connects == 2
    stream.open(acknowledge=False)
    assert stream.sent == [{"subscribe": ["prices:A", "fills"]}]
    assert [each.reconnects for each in stream.told(Connected)] == [0, 1]


def waits(stream: Harness) -> list[float | None]:
    return [each.retry_in_s for each in stream.told(Disconnected)]


def test_waits_double_up_to_a_ceiling_and_are_set_back_only_by_a_healthy_connection() -> None:
    stream = Harness(["prices:A"]).begin()
    for _ in range(7):
        stream.lose()
        stream.reconnect()
    assert waits(stream) == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]
    stream.wait(9.9)
    stream.lose()
    assert waits(stream)[-1] == 8.0
    stream.reconnect()
    stream.receive(event("prices:A", price(1)))
    stream.wait(10.1)
    stream.lose()
    assert waits(stream)[-1] == 0.5


def test_waits_are_jittered_fully() -> None:
    stream = Harness(["prices:A"], jitter=0.25).begin()
    stream.lose()
    assert waits(stream) == [0.125]


@pytest.mark.parametrize(
    "error",
    [
        AuthenticationError(401, "no such key"),
        PermissionDeniedError(403, "not yours"),
        NotFoundError(404, "nothing here"),
    ],
)
def test_a_permanent_refusal_ends_the_stream_at_once(error: SequenceError) -> None:
    for reconnected in (False, True):
        stream = Harness(["prices:A"])
        if reconnected:
            stream.begin()
            stream.lose()
            stream.wait(0.5)
        else:
            stream.start()
        stream.refuse(error)
        assert stream.protocol.error is error
        assert stream.told(Disconnected)[-1].retry_in_s is None
        assert stream.protocol.deadline is None


def test_a_passing_refusal_is_tried_again() -> None:
    stream = Harness(["prices:A"]).begin()
    stream.lose()
    for error in (ServerError(503, "busy"), RequestNotSentError(0, "refused"), ConnectionLostError(0, "cut")):
        stream.wait(10.0)
        connects = stream.connects
        stream.refuse(error)
        assert stream.told(Disconnected)[-1].retry_in_s is not None
        stream.wait(9.0)
        assert stream.connects == connects + 1


def test_a_wait_that_the_server_asks_for_is_kept_up_to_a_ceiling() -> None:
    stream = Harness(["prices:A"], connect_within=1000).start()
    stream.refuse(RateLimitError(429, "slow down", retry_after=30.0))
    assert waits(stream) == [30.0]
    stream.wait(30.0)
    late = RateLimitError(429, "slow down", retry_after=61.0)
    stream.refuse(late)
    assert stream.protocol.error is late


def test_a_stream_that_never_connects_ends_with_the_reason() -> None:
    stream = Harness(["prices:A"], connect_within=5.0).start()
    for _ in range(20):
        if stream.protocol.ended:
            break
        stream.refuse(RequestNotSentError(0, "no such host"))
        stream.wait(stream.protocol.deadline - stream.now if stream.protocol.deadline else 0)
    assert stream.protocol.error is not None
    assert stream.protocol.error.message == "no such host"
    assert stream.now < 1006


def test_a_stream_that_was_connected_once_is_tried_for_ever() -> None:
    stream = Harness(["prices:A"], connect_within=5.0).begin()
    stream.lose()
    for _ in range(500):
        stream.wait(8.0)
        stream.refuse(LOST)
    assert not stream.protocol.ended


def test_a_connection_that_takes_too_long_is_given_up() -> None:
    stream = Harness(["prices:A"]).start()
    stream.wait(10.0)
    assert stream.hangups
    assert stream.protocol.state is State.WAITING
    assert "no connection within 10 s" in stream.told(Disconnected)[0].reason


def test_a_silent_connection_is_asked_for_a_sign_of_life_and_then_given_up() -> None:
    stream = Harness(["fills"], heal=False, lifecycle=True).begin()
    stream.wait(19.9)
    assert stream.pings == 0
    stream.wait(0.2)
    assert stream.pings == 1
    stream.protocol.heard(stream.moment)
    stream.wait(25.0)
    assert stream.pings == 2
    assert stream.protocol.state is State.OPEN
    stream.wait(20.0)
    assert "no sign of life" in stream.told(Disconnected)[0].reason
    assert stream.hangups[0].code == 1011


def test_a_connection_that_brings_something_is_never_pinged() -> None:
    stream = Harness(["prices:A"]).begin()
    for _ in range(20):
        stream.wait(15.0)
        stream.frame("prices:A", price(1))
    assert stream.pings == 0


def test_closing_ends_everything() -> None:
    stream = Harness(["prices:A"]).begin()
    stream.frame("prices:A", price(1))
    stream.protocol.close()
    stream.settle()
    assert stream.read() == []
    assert stream.protocol.ended
    assert stream.protocol.error is None
    assert [each.code for each in stream.hangups] == [1000]
    assert stream.protocol.deadline is None
    stream.frame("prices:A", price(2))
    stream.protocol.subscribe(["prices:B"], stream.moment)
    stream.settle()
    assert (stream.read(), stream.sent) == ([], [])


# --- gaps and silence ---


def test_a_gap_is_told_before_the_next_item_of_each_channel() -> None:
    stream = Harness(["prices:A", "routing"], lifecycle=True, backpressure={"prices": "block"}).begin()
    stream.frame("prices:A", price(1))
    heard = stream.moment.ns
    stream.wait(3.0)
    stream.lose("it broke")
    stream.reconnect()
    back = stream.moment.ns
    stream.frame("routing", {"legs": []})
    stream.frame("prices:A", price(2))
    kinds: list[tuple[str, type]] = [(item.channel, type(item.data)) for item in stream.read()]
    assert [kind for _, kind in kinds[:4]] == [Connected, PriceUpdate, Disconnected, Connected]
    gaps = stream.told(Gap)
    assert {gap.channel: (gap.from_ns, gap.to_ns, gap.reason) for gap in gaps} == {
        "prices:A": (heard, back, "it broke"),
        "routing": (heard, back, "it broke"),
    }
    of_prices = [kind for channel, kind in kinds if channel == "prices:A"]
    assert of_prices == [PriceUpdate, Gap, Resynced, PriceUpdate]
    of_routing = [kind.__name__ for channel, kind in kinds if channel == "routing"]
    assert of_routing == ["Gap", "RoutingDecision"]  # Nothing makes up for what was missed.


def test_a_channel_that_was_never_held_has_no_gap() -> None:
    stream = Harness(["prices:A"]).start()
    stream.refuse(LOST)
    stream.reconnect()
    stream.frame("prices:A", price(1))
    assert stream.told(Gap) == []


def test_a_gap_goes_on_over_attempts_that_fail() -> None:
    stream = Harness(["prices:A"]).begin()
    stream.frame("prices:A", price(1))
    heard = stream.moment.ns
    stream.lose("first")
    stream.wait(0.5)
    stream.refuse(LOST)
    stream.wait(1.0)
    stream.open(acknowledge=False)
    stream.lose("second")
    stream.wait(5.0)
    stream.open()
    (gap,) = stream.told(Gap)
    assert (gap.from_ns, gap.to_ns, gap.reason) == (heard, stream.moment.ns, "first")


def test_the_listener_is_told_on_a_quiet_channel_and_with_nobody_reading() -> None:
    stream = Harness(["routing"], buffer_size=1).begin()
    stream.lose()
    stream.reconnect()
    assert [type(each) for each in stream.events] == [Connected, Disconnected, Connected, Gap]


def test_silence_of_a_watched_channel_is_told_once_and_watched_again_after_a_frame() -> None:
    stream = Harness(["prices:A", "fills", "funding"], stale_after=5.0, heal=False).begin()
    stream.wait(4.9)
    assert stream.told(Stale) == []
    stream.wait(20.0)
    assert [(each.channel, each.quiet_s) for each in stream.told(Stale)] == [("prices:A", 5.0)]
    stream.frame("prices:A", price(1))
    stream.wait(4.0)
    stream.frame("prices:A", price(1))
    stream.wait(4.9)
    assert len(stream.told(Stale)) == 1
    stream.wait(0.2)
    assert len(stream.told(Stale)) == 2


@pytest.mark.parametrize("stale_after", [None, {"prices": None}, {"prices:A": None}])
def test_silence_can_be_left_alone(stale_after: object) -> None:
    stream = Harness(["prices:A"], stale_after=stale_after).begin()
    stream.wait(1000.0)
    assert stream.told(Stale) == []


def test_silence_can_be_watched_on_any_channel() -> None:
    stream = Harness(["fills", "tca"], stale_after={"fills": 60.0}, heal=False).begin()
    for _ in range(10):
        stream.wait(10.0)
        stream.protocol.heard(stream.moment)  # a pong
    assert [each.channel for each in stream.told(Stale)] == ["fills"]


def test_a_lost_connection_is_not_called_silence() -> None:
    stream = Harness(["prices:A"], stale_after=5.0).begin()
    stream.lose()
    for _ in range(20):
        stream.wait(8.0)
        stream.refuse(LOST)
    assert stream.told(Stale) == []


def test_a_clock_that_jumps_ahead_costs_no_more_than_a_reconnect() -> None:
    stream = Harness(["prices:A"], stale_after=5.0).begin()
    stream.now += 86_400.0
    for _ in range(5):
        stream.protocol.tick(stream.moment)
        stream.settle()
    assert stream.pings == 1
    stream.frame("prices:A", price(1))
    assert [type(item.data) for item in stream.read()] == [PriceUpdate]
    stream.wait(1.0)
    assert stream.protocol.state is State.OPEN


# --- a reader that is slow ---


def test_a_channel_that_blocks_stops_reading_until_half_the_room_is_free() -> None:
    stream = Harness(["routing"], buffer_size=10).begin()
    for _ in range(10):
        stream.frame("routing", {"legs": []})
    assert stream.protocol.paused
    taken = [stream.protocol.take(stream.now) for _ in range(4)]
    assert len(taken) == 4
    assert stream.protocol.paused
    stream.protocol.take(stream.now)
    stream.protocol.take(stream.now)
    assert not stream.protocol.paused


def test_while_reading_has_stopped_silence_means_nothing() -> None:
    stream = Harness(["routing", "prices:A"], buffer_size=2, stale_after=5.0).begin()
    stream.frame("routing", {"legs": []})
    stream.frame("routing", {"legs": []})
    assert stream.protocol.paused
    stream.wait(500.0)
    assert stream.told(Stale) == []
    assert stream.told(Disconnected) == []
    stream.read()
    stream.wait(4.0)
    assert stream.told(Stale) == []
    assert stream.protocol.state is State.OPEN


def test_a_reader_that_has_to_catch_up_comes_before_a_reconnect() -> None:
    stream = Harness(["routing"], buffer_size=2).begin()
    stream.frame("routing", {"legs": []})
    stream.frame("routing", {"legs": []})
    stream.lose("the server closed it with 1013", code=1013)
    stream.wait(100.0)
    assert stream.connects == 1
    assert len(stream.read()) == 2
    stream.wait(0.0)
    assert stream.connects == 2


def test_a_channel_whose_backpressure_is_error_ends_the_stream_when_it_is_full() -> None:
    stream = Harness(["fills"], backpressure={"fills": "error"}, buffer_size=3, heal=False).begin()
    from .data import fill

    for number in range(5):
        stream.frame("fills", fill(number))
    assert isinstance(stream.protocol.error, SlowReaderError)
    assert stream.protocol.error.channel == "fills"
    assert len(stream.read()) == 3


def test_a_sleeping_reader_finds_the_newest_price_and_how_many_there_were() -> None:
    stream = Harness(["prices:A", "book:A"]).begin()
    for number in range(1000):
        stream.now += 0.1
        stream.frame("prices:A", price(number))
        stream.frame("book:A", book(number))
    prices, books = stream.read()
    assert (prices.data.bid, prices.conflated) == (999, 999)
    assert isinstance(books.data, BookUpdate)
    assert (books.data.bids[0].price, books.conflated) == (999, 999)


def test_a_sleeping_reader_through_a_thousand_reconnects_costs_little() -> None:
    stream = Harness(["prices:A", "book:B"], lifecycle=True).begin()
    first = stream.moment.ns
    for number in range(1000):
        stream.frame("prices:A", price(number))
        stream.wait(1.0)
        stream.lose()
        stream.reconnect()
    stream.frame("prices:A", price(1000))
    items = stream.read()
    assert len(items) < 300
    of_prices = [item for item in items if item.channel == "prices:A"]
    assert [type(item.data) for item in of_prices if not isinstance(item.data, PriceUpdate)] == [Gap, Resynced]
    gap = next(item.data for item in of_prices if isinstance(item.data, Gap))
    assert gap.from_ns == first
    assert of_prices[-1].data.bid == 1000
    assert (
        sum(item.conflated for item in of_prices) + len([1 for i in of_prices if isinstance(i.data, PriceUpdate)])
        == 1001
    )
