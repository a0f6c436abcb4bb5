"""What a run writes becomes lines without secrets, kept up to a size."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings, strategies as st

from sequence_markets.sandbox.strategies.logs import (
    KEPT_CHARACTERS,
    KEPT_LINES,
    LONGEST_LINE,
    LineCutter,
    LogRing,
    Redactor,
)

SECRET = "hunter2-battery-staple"


def cut(*chunks: bytes, secrets: tuple[str, ...] = ()) -> tuple[list[str], int]:
    """What is kept of bytes that come in these chunks."""
    ring = LogRing()
    cutter = LineCutter("stdout", ring, Redactor(secrets))
    for chunk in chunks:
        cutter.feed(chunk, 5)
    cutter.finish(5)
    lines, dropped = ring.read()
    assert {(line.ts_ns, line.stream) for line in lines} <= {(5, "stdout")}
    return [line.message for line in lines], dropped


@settings(deadline=None)
@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=5))
def test_lines_do_not_depend_on_how_they_come(data: bytes, cuts: list[int]) -> None:
    places = [0, *sorted(min(place, len(data)) for place in cuts), len(data)]
    chunks = [data[start:end] for start, end in pairwise(places)]
    expected = data.split(b"\n")
    expected = expected if expected[-1] else expected[:-1]
    assert cut(*chunks)[0] == [line.decode("utf-8", "replace").removesuffix("\r") for line in expected]


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_a_secret_is_taken_out_however_it_comes(size: int) -> None:
    text = f"before {SECRET} after\n{SECRET}".encode()
    chunks = [text[at : at + size] for at in range(0, len(text), size)]
    assert cut(*chunks, secrets=(SECRET,))[0] == ["before [secret] after", "[secret]"]


def test_each_line_of_a_secret_counts_and_the_longer_of_two_goes_first() -> None:
    pem = "-----BEGIN KEY-----\nMIIEow\nIBAAKC\n-----END KEY-----"
    kept = cut(f"{pem}\nMIIEow and IBAAKC\n".encode(), secrets=("MIIE", pem))[0]
    assert "MIIEow" not in " ".join(kept)
    assert "IBAAKC" not in " ".join(kept)
    assert kept[-1] == "[secret] and [secret]"


def test_what_is_too_short_to_be_a_secret_does_not_eat_the_text() -> None:
    assert cut(b"a cab\n", secrets=("a", "ab", ""))[0] == ["a cab"]


def test_the_latest_lines_are_kept_and_the_others_counted() -> None:
    kept, dropped = cut(b"".join(b"%d\n" % number for number in range(KEPT_LINES + 10)))
    assert (kept[0], kept[-1], dropped) == ("10", str(KEPT_LINES + 9), 10)


def test_a_flood_is_counted_and_its_end_kept() -> None:
    kept, dropped = cut(b"x\n" * 50_000, b"end\n")
    assert (len(kept), kept[-1], len(kept) + dropped) == (KEPT_LINES, "end", 50_001)


def test_the_kept_text_is_bounded() -> None:
    kept, dropped = cut(*[b"y" * (LONGEST_LINE - 1) + b"\n"] * 1_000)
    assert sum(map(len, kept)) <= KEPT_CHARACTERS
    assert len(kept) + dropped == 1_000


@pytest.mark.parametrize("length", [LONGEST_LINE + 1, 70_000, 1_000_000])
def test_a_line_that_is_too_long_is_cut_and_the_next_one_is_whole(length: int) -> None:
    kept, dropped = cut(*[b"z" * 5_000] * (length // 5_000), b"z" * (length % 5_000), b"\nnext\n")
    assert [line[:3] for line in kept] == ["zzz", "nex"]
    assert kept[0] == "z" * LONGEST_LINE + " …"
    assert dropped == 0


@pytest.mark.parametrize("offset", [0, 1, 5, 100, 300])
def test_a_cut_never_shows_a_part_of_a_secret(offset: int) -> None:
    # Collecting ends at 64 KiB, in the middle of a secret; those before it are so long that the end is shown.
    secret = "".join(f"<{number}>" for number in range(100, 180))
    kept, _ = cut(b"_" * offset + (secret * 300).encode(), b"\n", secrets=(secret,))
    (line,) = kept
    assert len(line) < LONGEST_LINE
    assert re.fullmatch(r"_*(\[secret\])*\[?s?e?c?r?e?t? …", line)
