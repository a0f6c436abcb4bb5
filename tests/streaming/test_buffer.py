"""What waits for the reader: in order, bounded, and counted where something was given up."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from sequence_markets.streaming.buffer import BURST, LARGEST, Buffer, Full
from sequence_markets.streaming.channels import Policy
from sequence_markets.streaming.events import Connected, Gap, Resynced, Stale
from sequence_markets.streaming.items import StreamItem


def pair(channel: str, data: Any) -> Any:
    return StreamItem(channel, data)


def put(buffer: Buffer, number: int, policy: Policy, *, topic: str = "t", subject: str = "", at: float = 0.0) -> None:
    buffer.put(pair(topic, number), topic, subject, policy, 100, at)


def drain(buffer: Buffer, now: float = 1000.0) -> list[Any]:
    items: list[Any] = []
    while (item := buffer.take(now)) is not None:
        items.append(item)
    return items


def counts(items: list[Any]) -> list[tuple[int, int, int]]:
    return [(item.data, item.conflated, item.dropped) for item in items]


def test_items_come_in_the_order_in_which_they_arrived() -> None:
    buffer = Buffer(10, pair)
    for number in range(6):
        put(buffer, number, "block", topic=f"t{number % 3}")
    assert [item.data for item in drain(buffer)] == [0, 1, 2, 3, 4, 5]
    assert len(buffer) == 0


def test_a_lane_that_conflates_gives_the_newest_and_counts_the_others() -> None:
    buffer = Buffer(10, pair)
    for number in range(100):
        put(buffer, number, "conflate", at=float(number))
    put(buffer, 7, "block", topic="other")
    assert counts(drain(buffer)) == [(99, 99, 0), (7, 0, 0)]
    put(buffer, 100, "conflate", at=2000.0)
    assert counts(drain(buffer, 2000.0)) == [(100, 0, 0)]


def test_what_came_in_one_burst_is_given_whole_to_a_reader_that_keeps_up() -> None:
    buffer = Buffer(10, pair)
    for number in range(5):
        put(buffer, number, "conflate", at=1.0 + number * BURST / 10)
    assert counts(drain(buffer, 1.0 + BURST / 2)) == [(number, 0, 0) for number in range(5)]


def test_a_burst_that_was_not_read_in_time_conflates() -> None:
    buffer = Buffer(10, pair)
    for number in range(5):
        put(buffer, number, "conflate", at=1.0)
    assert counts(drain(buffer, 2.0)) == [(4, 4, 0)]


def test_subjects_of_one_channel_conflate_each_for_itself() -> None:
    buffer = Buffer(10, pair)
    for number in range(10):
        put(buffer, number, "conflate", subject=str(number % 2), at=float(number))
    assert sorted(counts(drain(buffer))) == [(8, 4, 0), (9, 4, 0)]
    assert buffer._lanes == {}


def test_a_lane_that_drops_gives_the_newest_few_and_counts_the_others() -> None:
    buffer = Buffer(3, pair)
    for number in range(10):
        put(buffer, number, "drop_oldest")
    assert counts(drain(buffer)) == [(7, 0, 7), (8, 0, 0), (9, 0, 0)]


def test_a_lane_that_errs_says_so_when_it_is_full() -> None:
    buffer = Buffer(3, pair)
    for number in range(3):
        put(buffer, number, "error")
    with pytest.raises(Full):
        put(buffer, 3, "error")
    assert [item.data for item in drain(buffer)] == [0, 1, 2]


def test_room_is_over_all_lanes_that_block() -> None:
    buffer = Buffer(4, pair)
    for number in range(4):
        assert not buffer.full
        put(buffer, number, "block", topic=f"t{number}")
    assert buffer.full


def test_large_frames_fill_the_buffer_before_many_small_ones() -> None:
    buffer = Buffer(1000, pair)
    buffer.put(pair("t", 1), "t", "", "block", LARGEST, 0.0)
    assert buffer.full
    drain(buffer)
    assert not buffer.full


def test_what_may_be_given_up_gives_way_when_too_much_is_held() -> None:
    buffer = Buffer(1000, pair)
    for number in range(10):
        buffer.put(pair("t", number), "t", str(number), "conflate", LARGEST // 4, 0.0)
    items = drain(buffer, 0.0)
    assert [item.data for item in items] == [7, 8, 9]


def test_the_streams_own_events_stay_in_order_and_few() -> None:
    buffer = Buffer(10, pair)
    for number in range(1000):
        buffer.tell(Connected(number, number), "")
    items = drain(buffer)
    assert len(items) <= 256
    assert items[-1].data.at_ns == 999
    assert items[0].dropped == 1000 - len(items)


def test_gaps_that_were_not_yet_read_become_one() -> None:
    buffer = Buffer(10, pair)
    put(buffer, 1, "conflate", at=0.0)
    for number in range(5):
        buffer.tell(Gap("t", number * 10, number * 10 + 5, f"reason {number}"), "t")
        buffer.tell(Resynced("t", number), "t")
        buffer.tell(Stale("t", number, 1.0), "t")
        put(buffer, 2 + number, "conflate", at=1.0 + number)
    items = [item.data for item in drain(buffer)]
    assert items == [Gap("t", 0, 45, "reason 4"), Resynced("t", 4), Stale("t", 4, 1.0), 6]


def test_gaps_between_items_that_are_all_kept_stay_where_they_are() -> None:
    buffer = Buffer(10, pair)
    for number in range(3):
        put(buffer, number, "block")
        buffer.tell(Gap("t", number, number, ""), "t")
    kinds = [item.data if isinstance(item.data, int) else "gap" for item in drain(buffer)]
    assert kinds == [0, "gap", 1, "gap", 2, "gap"]


def test_a_channel_that_is_purged_leaves_nothing() -> None:
    buffer = Buffer(10, pair)
    for number in range(200):
        put(buffer, number, "block", topic="a")
        put(buffer, number, "conflate", topic="b", at=float(number))
    buffer.tell(Gap("a", 1, 2, ""), "a")
    buffer.purge("a")
    assert [item.data for item in drain(buffer)] == [199]
    assert (len(buffer), buffer._blocking, buffer._bytes) == (0, 0, 0)


policies = st.sampled_from(["block", "conflate", "drop_oldest"])
steps = st.lists(
    st.tuples(st.sampled_from("abc"), st.booleans(), st.sampled_from([0.0, 0.01, 1.0]), st.integers(0, 3)), max_size=60
)


@settings(deadline=None, max_examples=150)
@given(chosen=st.tuples(policies, policies, policies), steps=steps)
def test_every_item_is_given_once_or_counted(chosen: tuple[Policy, Policy, Policy], steps: list[Any]) -> None:
    policy = dict(zip("abc", chosen, strict=True))
    buffer, now = Buffer(5, pair), 0.0
    sent: dict[str, list[int]] = {name: [] for name in "abc"}
    taken: list[Any] = []
    for number, (topic, gap, wait, takes) in enumerate(steps):
        now += wait
        if gap:
            buffer.tell(Gap(topic, number, number, ""), topic)
        put(buffer, number, policy[topic], topic=topic, at=now)
        sent[topic].append(number)
        for _ in range(takes):
            item = buffer.take(now)
            if item is not None:
                taken.append(item)
    taken += drain(buffer, now + 1)
    for topic in "abc":
        items = [item for item in taken if item.channel == topic and not isinstance(item.data, Gap)]
        given_up = sum(item.conflated + item.dropped for item in items)
        assert given_up + len(items) == len(sent[topic])
        assert [item.data for item in items] == sorted(item.data for item in items)
        if sent[topic]:
            assert items[-1].data == sent[topic][-1]
        if policy[topic] == "block":
            assert given_up == 0
    order = [item.data for item in taken if isinstance(item.data, int)]
    assert sorted(order) == order
    assert (len(buffer), buffer._blocking, buffer._bytes, buffer._news) == (0, 0, 0, {})
