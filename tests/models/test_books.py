"""A book that was checked as text is the book that parsing and validating it would have given."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from pydantic import ValidationError

from sequence_markets.models import BookUpdate, InvalidPayload, Levels, PriceLevel, decode
from sequence_markets.models.books import read_book

SEPARATORS = [(",", ":"), (", ", ": "), (",", ": ")]
numbers = st.integers(0, 10**12) | st.floats(0, 1e9, allow_nan=False).map(lambda number: round(number, 8))
sides = st.lists(st.lists(numbers, min_size=2, max_size=2), max_size=4)
books = st.tuples(sides, sides, st.integers(0, 2**62)).map(lambda m: {"bids": m[0], "asks": m[1], "ts_ns": m[2]})


def text_of(book: object, separators: tuple[str, str] = (",", ":")) -> bytes:
    return json.dumps(book, separators=separators).encode()


def quick(text: bytes) -> BookUpdate | None:
    return read_book(b"<" + text + b">", 1, len(text) + 1)


@settings(deadline=None, max_examples=60)
@given(raw=books, separators=st.sampled_from(SEPARATORS), data=st.data())
def test_a_book_read_as_text_is_the_book_read_as_json(
    raw: dict[str, Any], separators: tuple[str, str], data: st.DataObject
) -> None:
    text = text_of(raw, separators)
    slow, fast = decode(text, BookUpdate), quick(text)
    if fast is None:
        assert b"e-" in text  # tiny numbers are written with an exponent
        return
    for touch in data.draw(st.permutations(["bids", "asks", "ts_ns", "raw", "best", "repr", "len"])):
        match touch:
            case "best":
                assert [fast.asks[0]] if raw["asks"] else True
            case "repr":
                assert repr(fast) == repr(slow)
            case "len":
                assert (len(fast.bids), len(fast.asks), len(fast)) == (len(raw["bids"]), len(raw["asks"]), 3)
            case _:
                assert getattr(fast, touch) == getattr(slow, touch)
    assert fast.raw == raw
    assert json.dumps(fast.raw) == json.dumps(raw)
    assert fast == slow == raw
    assert (fast.ts, fast.venue) == (slow.ts, None)
    assert [tuple(level) for level in fast.bids] == [tuple(row) for row in raw["bids"]]


@settings(deadline=None, max_examples=150)
@given(raw=books, data=st.data())
def test_what_matches_is_valid_json_of_a_valid_book(raw: dict[str, Any], data: st.DataObject) -> None:
    text = bytearray(text_of(raw))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text) - 1))
        text[at : at + data.draw(st.integers(0, 2))] = data.draw(st.sampled_from(list(b'0159.,[]{}-e "t:'))).to_bytes()
    fast = quick(bytes(text))
    if fast is not None:
        assert fast == decode(bytes(text), BookUpdate)
        assert fast.raw == json.loads(text)
        assert repr(fast.bids) == repr(BookUpdate.model_validate(fast.raw).bids)


@pytest.mark.parametrize(
    "row",
    ["[01,1]", "[1,00.5]", "[.5,1]", "[5.,1]", "[1.2.3,1]", "[1e999,1]", f"[{'9' * 400},1]", "[-,1]", "[1]", "[1,2,3]",
     "[]", "[true,1]", "[null,1]", '["1",1]', "[1,2],", "[[1],2]", "[NaN,1]", "1,2", "[１,2]"],
)  # fmt: skip
def test_rows_that_are_no_price_levels_never_pass(row: str) -> None:
    text = f'{{"bids":[{row}],"asks":[],"ts_ns":1}}'.encode()
    assert quick(text) is None
    with pytest.raises(InvalidPayload):
        decode(text, BookUpdate)


@pytest.mark.parametrize("row", ["[1,2e3]", "[-1.5,2]", "[1E5,0]"])
def test_rare_but_right_rows_are_left_to_the_validator(row: str) -> None:
    text = f'{{"bids":[{row}],"asks":[],"ts_ns":1}}'.encode()
    assert quick(text) is None
    assert decode(text, BookUpdate).bids == json.loads(f"[{row}]")


@pytest.mark.parametrize("wrong", [[1], [[1]], [[1, 2, 3]], [[1, "2"]], [[True, 1]], [{}], "x", {}, None])
def test_a_side_that_is_none_is_refused_by_its_path(wrong: object) -> None:
    with pytest.raises(ValidationError) as caught:
        BookUpdate.model_validate({"bids": [], "asks": wrong, "ts_ns": 1})
    assert {each["loc"][0] for each in caught.value.errors()} == {"asks"}


def test_an_update_survives_copies_before_and_after_it_is_read() -> None:
    text = text_of({"bids": [[2, 1.5]], "asks": [[3.25, 1]], "ts_ns": 7})
    for touched in (False, True):
        made = quick(text)
        assert made is not None
        if touched:
            repr(made)
        for each in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made)), made.model_copy()):
            assert type(each) is BookUpdate
            assert each == made
            assert each.bids[0] == PriceLevel(2, 1.5)


def test_levels_read_as_a_tuple() -> None:
    for levels in (Levels([[3, 1.0], [2, 2.0], [1, 3.0], [0, 4.0]]), Levels(b"[[3,1.0],[2,2.0],[1,3.0],[0,4.0]]")):
        assert levels[0].price == 3
        assert levels[-1].size == 4.0
        assert levels[1:3] == ((2, 2.0), (1, 3.0))
        assert [level.price for level in reversed(levels)] == [0, 1, 2, 3]
        assert (2, 2.0) in levels
        assert levels.index(PriceLevel(1, 3.0)) == 2
        assert levels == [[3, 1.0], [2, 2.0], [1, 3.0], [0, 4.0]]
        assert levels != ((3, 1.0),)
        assert levels != "3"
        assert hash(levels) == hash(Levels([[3, 1.0], [2, 2.0], [1, 3.0], [0, 4.0]]))
        assert pickle.loads(pickle.dumps(levels)) == levels
        assert repr(levels) == "[(3, 1.0), (2, 2.0), (1, 3.0), … 1 more]"
        with pytest.raises(IndexError):
            levels[4]
    for empty in (Levels([]), Levels(b"[]")):
        assert (len(empty), list(empty), bool(empty)) == (0, [], False)
        with pytest.raises(IndexError):
            empty[0]
