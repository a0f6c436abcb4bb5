"""Frames are cut as the library would cut them, whatever pieces they come in."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st
from websockets.frames import Frame, Opcode

from sequence_markets.streaming.framing import Framer

LARGEST = 70_000
texts = st.binary(max_size=200) | st.sampled_from(
    [b"x" * 125, b"x" * 126, b"x" * 65_535, b"x" * 65_536, b"x" * LARGEST]
)
plain = texts.map(lambda data: [Frame(Opcode.TEXT, data)])
binary = texts.map(lambda data: [Frame(Opcode.BINARY, data)])
control = st.binary(max_size=125).map(lambda data: [Frame(Opcode.PING, data)])
fragments = st.lists(st.binary(max_size=300), min_size=2, max_size=4).map(
    lambda parts: [
        Frame(Opcode.CONT if index else Opcode.TEXT, part, fin=index == len(parts) - 1)
        for index, part in enumerate(parts)
    ]
)


def wire(frames: list[Frame]) -> bytes:
    return b"".join(frame.serialize(mask=False) for frame in frames)


def cut(data: bytes, pieces: list[int]) -> tuple[list[bytes], list[bytes]]:
    """Return the plain messages and what went to the library."""
    framer = Framer(LARGEST)
    messages: list[bytes] = []
    others: list[bytes] = []
    start = 0
    for size in [*pieces, len(data)]:
        for part, message in framer.cut(data[start : start + size]):
            if message:
                messages.append(part)
                continue
            others.append(part)
            if part[0] & 0x0F in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
                framer.fragmented = not part[0] & 0x80
        start += size
    return messages, others


@settings(deadline=None, max_examples=150)
@given(
    groups=st.lists(st.one_of(plain, plain, binary, control, fragments), max_size=6),
    pieces=st.lists(st.integers(0, 500)),
)
def test_whole_frames_are_found_in_any_pieces(groups: list[list[Frame]], pieces: list[int]) -> None:
    frames = [frame for group in groups for frame in group]
    messages, others = cut(wire(frames), pieces)
    assert messages == [frame.data for frame in frames if frame.opcode is Opcode.TEXT and frame.fin]
    assert others == [wire([frame]) for frame in frames if not (frame.opcode is Opcode.TEXT and frame.fin)]


@pytest.mark.parametrize(
    "bad",
    [
        b"\x81\x85\x00\x00\x00\x00hello",  # masked
        b"\x81\x7f" + (LARGEST + 1).to_bytes(8),
        b"\x81\x7f" + (1 << 63).to_bytes(8),
        b"\xf1\x00",
    ],
)
def test_what_breaks_the_protocol_is_left_to_the_library_with_all_that_follows(bad: bytes) -> None:
    good = wire([Frame(Opcode.TEXT, b"good")])
    messages, others = cut(good + bad, [3, 5, 1])
    assert messages == [b"good"]
    assert b"".join(others) == bad


def test_a_message_amid_the_pieces_of_another_is_left_to_the_library() -> None:
    frames = [Frame(Opcode.TEXT, b"a", fin=False), Frame(Opcode.TEXT, b"b")]
    messages, others = cut(wire(frames), [])
    assert messages == []
    assert others == [wire([frame]) for frame in frames]
