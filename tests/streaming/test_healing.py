"""Fills and orders missed while there was no connection come back: in order, marked, and each exactly once."""

from __future__ import annotations

from typing import Any

import pytest

from sequence_markets.errors import (
    AuthenticationError,
    ConnectionLostError,
    MissedEventsError,
    NotFoundError,
    RequestTimeoutError,
    ServerError,
)
from sequence_markets.models import Fill, OrderUpdate
from sequence_markets.streaming.events import Connected, Disconnected, Gap, Resynced, Unhealed

from .data import fill, order, price
from .pure import Harness


def newest_first(*numbers: int) -> list[dict[str, Any]]:
    return [fill(number) for number in sorted(numbers, reverse=True)]


def ids(items: list[Any]) -> list[tuple[str, bool]]:
    return [(item.data.fill_id, item.healed) for item in items if isinstance(item.data, Fill)]


def named(*numbers: int, healed: bool = False) -> list[tuple[str, bool]]:
    return [(f"f_{number:05}", healed) for number in numbers]


def begun(*existing: int, **options: Any) -> Harness:
    """A stream of fills, where some exist already when it begins."""
    stream = Harness(["fills"], **options).start()
    stream.answer(*newest_first(*existing))
    stream.open()
    stream.answer(*newest_first(*existing))
    return stream


def back(stream: Harness, *exist: int, more: bool = False) -> None:
    """Lose the connection, and come back to where these exist."""
    stream.lose()
    stream.reconnect()
    stream.answer(*newest_first(*exist), more=more)


def test_what_exists_is_looked_up_before_the_channel_is_asked_for() -> None:
    stream = Harness(["fills", "prices:A"]).start()
    assert [fetch.operation.target for fetch in stream.fetches] == ["/v1/fills?limit=100&offset=0"]
    stream.open(acknowledge=False)
    assert stream.sent == [{"subscribe": ["prices:A"]}]
    stream.answer(*newest_first(1, 2))
    assert stream.sent[1:] == [{"subscribe": ["fills"]}]


def test_a_lookup_that_takes_long_does_not_hold_the_channel_up_for_long() -> None:
    stream = Harness(["fills"]).start().open(acknowledge=False)
    stream.wait(1.9)
    assert stream.sent == []
    stream.wait(0.2)
    assert stream.sent == [{"subscribe": ["fills"]}]


def test_what_is_filled_between_the_lookup_and_the_subscription_is_given() -> None:
    stream = Harness(["fills"]).start()
    stream.answer(*newest_first(1))
    stream.open()
    stream.frame("fills", fill(3))
    assert stream.read() == []
    stream.answer(*newest_first(1, 2, 3))
    assert ids(stream.read()) == [*named(2, healed=True), *named(3)]


def test_missed_fills_are_read_and_given_in_order_marked() -> None:
    stream = begun(1)
    stream.frame("fills", fill(2))
    back(stream, 1, 2, 3, 4, 5)
    stream.frame("fills", fill(6))
    assert ids(stream.read()) == [*named(2), *named(3, 4, 5, healed=True), *named(6)]


def test_a_gap_and_its_end_stand_around_what_was_missed() -> None:
    stream = begun(1, lifecycle=True)
    stream.wait(2.0)
    stream.lose("it broke")
    stream.reconnect()
    stream.frame("fills", fill(3))
    stream.answer(*newest_first(1, 2, 3))
    items = stream.read()
    kinds: list[type] = [type(item.data) for item in items]
    assert kinds == [Connected, Disconnected, Connected, Gap, Fill, Fill, Resynced]
    assert items[-1].data.healed == 1
    assert ids(items) == [*named(2, healed=True), *named(3)]


def test_a_fill_that_comes_twice_is_given_once() -> None:
    stream = begun(1)
    for number in (2, 2, 3, 2, 3):
        stream.frame("fills", fill(number))
    back(stream, 1, 2, 3)
    stream.frame("fills", fill(3))
    assert ids(stream.read()) == named(2, 3)


def test_a_fill_that_comes_over_rest_before_the_socket_is_given_once() -> None:
    stream = begun(1)
    back(stream, 1, 2, 3)
    stream.frame("fills", fill(3))
    stream.frame("fills", fill(4))
    assert ids(stream.read()) == [*named(2, 3, healed=True), *named(4)]


def test_what_arrives_while_the_missed_is_read_waits_for_it() -> None:
    stream = begun(1)
    stream.lose()
    stream.reconnect()
    stream.frame("fills", fill(4))
    stream.frame("fills", fill(5))
    assert stream.read() == []
    stream.answer(*newest_first(1, 2, 3, 4))
    assert ids(stream.read()) == [*named(2, 3, healed=True), *named(4, 5)]


def test_pages_are_read_until_a_known_fill_and_a_little_beyond() -> None:
    stream = begun(*range(1, 101))
    stream.lose()
    stream.reconnect()
    stream.answer(*newest_first(*range(251, 351)), more=True)
    assert [fetch.operation.target for fetch in stream.fetches] == ["/v1/fills?limit=100&offset=100"]
    stream.answer(*newest_first(*range(151, 251)), more=True)
    stream.answer(*newest_first(*range(51, 151)), more=True)
    assert stream.fetches == []
    assert ids(stream.read()) == named(*range(101, 351), healed=True)


def test_rows_that_arrive_while_pages_are_read_shift_the_others_and_none_is_lost_or_given_twice() -> None:
    stream = begun(*range(1, 101))
    stream.lose()
    stream.reconnect()
    stream.answer(*newest_first(*range(151, 251)), more=True)
    stream.frame("fills", fill(251))
    stream.answer(*newest_first(*range(51, 152)), more=True)
    assert ids(stream.read()) == [*named(*range(101, 251), healed=True), *named(251)]


def test_a_fill_reported_late_with_an_earlier_time_is_found_below_a_known_one() -> None:
    stream = begun(1)
    stream.frame("fills", fill(5))
    back(stream, 1, 4, 5, 6)
    assert ids(stream.read()) == [*named(5), *named(4, 6, healed=True)]


def test_fills_from_long_before_are_never_taken_for_missed_ones() -> None:
    stream = Harness(["fills"]).start()
    stream.answer(*newest_first(*range(901, 1001)), more=True)
    stream.open()
    for _ in range(2):
        stream.answer(*newest_first(*range(901, 1001)), more=True)
        assert stream.fetches == []
        stream.lose()
        stream.reconnect()
    assert stream.read() == []


def test_a_connection_lost_while_the_missed_is_read_loses_nothing() -> None:
    stream = begun(1)
    stream.lose()
    stream.reconnect()
    stream.frame("fills", fill(4))
    late, stream.fetches = stream.fetches, []
    stream.lose()
    stream.reconnect()
    newer, stream.fetches = stream.fetches, late
    stream.answer(*newest_first(1, 2))  # the answer to a question nobody asks any more
    assert stream.read() == []
    stream.fetches = newer
    stream.answer(*newest_first(1, 2, 3, 4, 5))
    assert ids(stream.read()) == [*named(2, 3, healed=True), *named(4), *named(5, healed=True)]


@pytest.mark.parametrize(
    "error", [ServerError(503, "busy"), ConnectionLostError(0, "cut"), RequestTimeoutError(0, "late")]
)
def test_reading_that_fails_for_now_is_tried_again(error: Any) -> None:
    stream = begun(1)
    stream.lose()
    stream.reconnect()
    for _ in range(3):
        stream.fail(error)
        stream.wait(5.0)
    stream.answer(*newest_first(1, 2))
    assert ids(stream.read()) == named(2, healed=True)
    assert not stream.protocol.ended


def unhealable(stream: Harness) -> None:
    stream.lose()
    stream.reconnect()
    stream.frame("fills", fill(9))


def test_what_cannot_be_read_ends_the_stream_with_what_is_missing() -> None:
    stream = begun(1)
    unhealable(stream)
    stream.fail(NotFoundError(404, "no such page"))
    (gap,) = stream.told(Gap)
    assert ids(stream.read()) == named(9)
    error = stream.protocol.error
    assert isinstance(error, MissedEventsError)
    assert (error.channel, error.from_ns, error.to_ns) == ("fills", gap.from_ns, gap.to_ns)


def test_what_cannot_be_read_is_an_item_where_the_streams_own_events_are() -> None:
    stream = begun(1, lifecycle=True)
    unhealable(stream)
    stream.fail(NotFoundError(404, "no such page"))
    stream.frame("fills", fill(10))
    assert [type(item.data) for item in stream.read()][3:] == [Gap, Fill, Unhealed, Fill]
    assert not stream.protocol.ended


def test_reading_that_fails_for_long_is_given_up() -> None:
    stream = begun(1)
    unhealable(stream)
    for _ in range(100):
        if stream.protocol.ended:
            break
        stream.fail(ServerError(503, "busy"))
        stream.protocol.heard(stream.moment)
        stream.wait(4.0)
    assert isinstance(stream.protocol.error, MissedEventsError)
    assert stream.now < 1060
    assert ids(stream.read()) == named(9)


def test_what_was_filled_before_the_subscription_and_cannot_be_read_is_missing_as_well() -> None:
    stream = Harness(["fills"]).start()
    began = stream.moment.ns
    stream.answer(*newest_first(1))
    stream.wait(1.0)
    stream.open()
    stream.fail(NotFoundError(404, "no such page"))
    error = stream.protocol.error
    assert isinstance(error, MissedEventsError)
    assert (error.from_ns, error.to_ns) == (began, stream.moment.ns)


def test_a_key_that_is_refused_over_rest_ends_the_stream() -> None:
    stream = Harness(["fills"]).start()
    error = AuthenticationError(401, "no such key")
    stream.fail(error)
    assert stream.protocol.error is error


def test_without_a_lookup_the_stream_works_and_a_gap_is_called_what_it_is() -> None:
    stream = Harness(["fills"], lifecycle=True).start()
    stream.fail(NotFoundError(404, "no such page"))
    stream.open()
    stream.frame("fills", fill(1))
    stream.frame("fills", fill(1))
    assert ids(stream.read()) == named(1)
    stream.lose()
    stream.reconnect()
    stream.wait(2.0)
    stream.acknowledge()
    assert len(stream.told(Unhealed)) == 1
    stream.answer(*newest_first(1, 2))  # from here on it is known what exists
    back(stream, 1, 2, 3)
    assert ids(stream.read()) == named(3, healed=True)


@pytest.mark.parametrize("late", [True, False])
def test_a_lookup_that_comes_late_swallows_nothing_that_arrives_after_it(late: bool) -> None:
    stream = Harness(["fills", "orders"]).start().open()
    if late:
        stream.wait(3.0)
        stream.acknowledge()
    else:
        stream.fail(NotFoundError(404, "no such page"))
        stream.acknowledge()
    stream.answer(*newest_first(1, 2), order(1, "ACCEPTED", updated=5))
    stream.frame("fills", fill(2))
    stream.frame("orders", order(1, "ACCEPTED", updated=5))
    items = stream.read()
    assert ids(items) == named(2)
    assert len(states(items)) == 1


def test_healing_can_be_turned_off() -> None:
    stream = Harness(["fills", "orders"], heal=False, lifecycle=True).start().open()
    assert stream.fetches == []
    stream.frame("fills", fill(1))
    stream.frame("fills", fill(1))
    stream.lose()
    stream.reconnect()
    stream.frame("fills", fill(2))
    assert stream.fetches == []
    assert ids(stream.read()) == named(1, 2)
    assert [each.channel for each in stream.told(Unhealed)] == ["fills", "orders"]
    assert not stream.protocol.ended


def test_a_channel_wanted_later_is_looked_up_first_as_well() -> None:
    stream = Harness(["prices:A"]).begin()
    stream.wait(15.0)
    stream.protocol.subscribe(["fills"], stream.moment)
    stream.settle()
    assert stream.sent == []
    stream.answer(*newest_first(1))
    assert stream.sent == [{"subscribe": ["fills"]}]
    stream.acknowledge()
    stream.answer(*newest_first(1))
    back(stream, 1, 2)
    assert ids(stream.read()) == named(2, healed=True)


def test_a_channel_no_longer_wanted_is_not_read() -> None:
    stream = begun(1)
    stream.lose()
    stream.reconnect()
    stream.protocol.unsubscribe(["fills"], stream.moment)
    stream.settle()
    stream.answer(*newest_first(1, 2))
    assert stream.read() == []


def test_while_the_missed_is_read_only_so_much_is_held() -> None:
    stream = begun(1, buffer_size=8)
    stream.lose()
    stream.reconnect()
    for number in range(10, 18):
        stream.frame("fills", fill(number))
    assert stream.protocol.paused
    stream.answer(*newest_first(1, *range(2, 18)))
    assert ids(stream.read()) == [*named(*range(2, 10), healed=True), *named(*range(10, 18))]
    assert not stream.protocol.paused


def test_market_data_does_not_wait_for_what_is_missed() -> None:
    stream = Harness(["fills", "prices:A"]).start()
    stream.answer()
    stream.open()
    stream.answer()
    stream.lose()
    stream.reconnect()
    stream.frame("fills", fill(2))
    stream.frame("prices:A", price(7))
    assert [item.channel for item in stream.read()] == ["prices:A"]


# --- orders ---


def states(items: list[Any]) -> list[tuple[str, str, int, bool]]:
    return [
        (item.data.node_order_id.split(":")[1], item.data.status, item.data["filled_qty_1e8"], item.healed)
        for item in items
        if isinstance(item.data, OrderUpdate)
    ]


def orders(*existing: dict[str, Any], **options: Any) -> Harness:
    stream = Harness(["orders"], **options).start()
    stream.answer(*existing)
    stream.open()
    stream.answer(*existing)
    return stream


def test_orders_that_changed_or_appeared_meanwhile_are_given_as_they_stand() -> None:
    stream = orders(order(1, "ACCEPTED", updated=10))
    stream.frame("orders", order(2, "ACCEPTED", updated=20))
    stream.lose()
    stream.reconnect()
    stream.answer(
        order(3, "PARTIAL", 50, updated=50), order(2, "FILLED", 100, updated=40), order(1, "CANCELLED", updated=30)
    )
    assert states(stream.read()) == [
        ("g2", "ACCEPTED", 0, False),
        ("g1", "CANCELLED", 0, True),
        ("g2", "FILLED", 100, True),
        ("g3", "PARTIAL", 50, True),
    ]


def test_each_state_is_given_once_and_never_after_a_later_one() -> None:
    stream = orders()
    stream.frame("orders", order(1, "ACCEPTED", updated=10))
    stream.frame("orders", order(1, "ACCEPTED", updated=10))
    stream.lose()
    stream.reconnect()
    stream.frame("orders", order(1, "FILLED", 100, updated=30))
    stream.answer(order(1, "FILLED", 100, updated=30))
    stream.frame("orders", order(1, "PARTIAL", 50, updated=20))
    stream.frame("orders", order(1, "FILLED", 100, updated=30))
    assert states(stream.read()) == [("g1", "ACCEPTED", 0, False), ("g1", "FILLED", 100, False)]


def test_states_of_one_instant_are_told_apart_by_what_they_say() -> None:
    stream = orders()
    for status, filled in (("NEW", 0), ("ACCEPTED", 0), ("PARTIAL", 50), ("FILLED", 100), ("PARTIAL", 50)):
        stream.frame("orders", order(1, status, filled, updated=7))
    assert [state for _, state, _, _ in states(stream.read())] == ["NEW", "ACCEPTED", "PARTIAL", "FILLED"]


def test_a_state_of_the_same_instant_that_comes_late_is_one_left_behind() -> None:
    stream = orders()
    for status in ("ACCEPTED", "NEW", "HELD", "PENDING", "CANCELLED"):
        stream.frame("orders", order(1, status, updated=7))
    assert [state for _, state, _, _ in states(stream.read())] == ["ACCEPTED", "HELD", "CANCELLED"]


def test_an_old_order_that_still_works_is_looked_for_on_later_pages() -> None:
    stream = orders(order(1, "ACCEPTED", updated=1))
    for number in range(2, 150):
        stream.frame("orders", order(number, "FILLED", 100, updated=number))
    stream.read()
    stream.lose()
    stream.reconnect()
    stream.answer(*[order(number, "FILLED", 100, updated=number) for number in range(149, 49, -1)], more=True)
    assert stream.fetches
    last = [order(number, "FILLED", 100, updated=number) for number in range(49, 1, -1)]
    stream.answer(*last, order(1, "CANCELLED", updated=500))
    assert states(stream.read()) == [("g1", "CANCELLED", 0, True)]
