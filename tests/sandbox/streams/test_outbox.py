"""A slow listener: bounded memory, the newest of the market, every private frame or a clear end."""

from __future__ import annotations

from hypothesis import given, strategies as st

from sequence_markets.sandbox.server.streams.outbox import Outbox

FRAMES = st.lists(st.tuples(st.sampled_from(["prices:A", "prices:B", "book:A", "fills", "orders"]), st.integers(0, 3)))


@given(FRAMES, st.integers(1, 8))
def test_what_is_taken_is_in_order_and_only_market_frames_give_way(puts: list[tuple[str, int]], limit: int) -> None:
    box = Outbox(limit, lambda: None)
    got: list[tuple[str, int]] = []
    for number, (channel, takes) in enumerate(puts):
        box.put(str(number), channel, channel.partition(":")[2])
        assert len(box.take(0)) == 0
        got += [(frame.channel, int(frame.text)) for frame in box.take(takes)]
    rest = box.take(limit + 1)
    assert len(rest) <= limit
    got += [(frame.channel, int(frame.text)) for frame in rest]
    numbers = [number for _, number in got]
    assert numbers == sorted(set(numbers))
    if box.overflowed:
        return
    sent = list(enumerate(channel for channel, _ in puts))
    private = [number for number, channel in sent if ":" not in channel]
    assert [number for channel, number in got if ":" not in channel] == private
    for market in ("prices:A", "prices:B", "book:A"):
        newest = [number for number, channel in sent if channel == market][-1:]
        assert [number for channel, number in got if channel == market][-1:] == newest


def test_private_frames_alone_overflow_a_full_box() -> None:
    woken: list[None] = []
    box = Outbox(2, lambda: woken.append(None))
    for text in "abc":
        box.put(text, "fills")
    assert box.overflowed
    assert box.take(5) == []
    assert len(woken) == 2
