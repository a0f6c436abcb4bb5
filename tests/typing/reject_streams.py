"""What type checkers must refuse in streams: every line marked with an error, and no other. Never run."""

from __future__ import annotations

from typing import Any

from sequence_markets import AsyncSequence, Fill, Sequence


def see(_value: Any) -> None: ...


async def listen(_event: object) -> None: ...


def blocking(seq: Sequence) -> None:
    seq.stream()  # error: stream
    seq.stream(7)  # error: stream
    seq.stream(["fills"], True)  # error: stream
    seq.stream(["fills"], lifecycl=True)  # error: stream
    seq.stream(["fills"], backpressure="forget")  # error: stream
    seq.stream(["fills"], backpressure={"prices": "newest"})  # error: drop_oldest
    seq.stream(["fills"], stale_after="never")  # error: stream
    seq.stream(["fills"], buffer_size=1.5)  # error: stream
    seq.stream(["fills"], on_event="print")  # error: stream
    for _, data in seq.stream(["fills"]):
        see(data.fill_id)  # error: fill_id
        if isinstance(data, Fill):
            see(data.fil_id)  # error: fil_id
    for item in seq.stream(["fills"]):
        see(item.heeled)  # error: heeled
        item.channel = "x"  # error: channel
    for market in seq.stream_new_markets():
        see(market.slug)  # error: slug
    seq.stream_new_markets(["a"])  # error: stream
    see(seq.stream(["fills"]).chanels)  # error: chanels


async def awaited(seq: AsyncSequence) -> None:
    await seq.stream(["fills"])  # error: Stream
    async for _, data in seq.stream(["prices:A"]):
        see(data.bid)  # error: bid
