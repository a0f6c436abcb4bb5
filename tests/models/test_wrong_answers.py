"""Answers that are not what is documented are refused, by the path of what is wrong and never by its value."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from pydantic import ValidationError

from sequence_markets.models import (
    Account,
    Fault,
    InvalidPayload,
    Nbbo,
    Positions,
    Quote,
    QuoteBatch,
    QuoteError,
    Symbol,
    VenueStatus,
    decode,
    decode_rows,
)

from .payloads import Meaning, Model, every_model, picks, places, sample

each_model = pytest.mark.parametrize("model", every_model(), ids=lambda model: model.__name__)

SECRET_TEXT = "SECRET-31337"
SECRET_NUMBER = 987654321.5
INFINITE = "<a number beyond any float>"
WRONG: dict[str, list[Any]] = {
    "text": [987654321, SECRET_NUMBER, True, [SECRET_TEXT], {SECRET_TEXT: 1}],
    "tag": [987654321, [SECRET_TEXT], True, {SECRET_TEXT: 1}],
    "int": [SECRET_TEXT, "987654321", SECRET_NUMBER, 2.0, True, False, [], {}],
    "float": [SECRET_TEXT, "987.5", True, False, [], {}, INFINITE],
    "bool": [SECRET_TEXT, "true", 0, 1, 1.0, [], {}],
    "list": [SECRET_TEXT, 987654321, {}, {"0": SECRET_TEXT}, True],
    "levels": [SECRET_TEXT, 987654321, {}, {"0": [1, 2]}, True],
    "map": [SECRET_TEXT, 987654321, [], [[SECRET_TEXT, 1]], True],
    "model": [SECRET_TEXT, 987654321, [], [{}], True],
    "tagged": [SECRET_TEXT, 987654321, [], {}, {"kind": 987654321}, {"kind": None, "state": None}, True],
    "keyed": [SECRET_TEXT, 987654321, [], True],
    "any": [],
}


def faults(raw: object, model: Model) -> tuple[Fault, ...]:
    body = json.dumps(raw).replace(f'"{INFINITE}"', "1e999").encode()
    with pytest.raises(InvalidPayload) as caught:
        decode(body, model)
    assert caught.value.raw == json.loads(body)
    text = f"{caught.value} {caught.value.faults}"
    assert "SECRET" not in text
    assert "98765" not in text
    found: tuple[Fault, ...] = caught.value.faults
    return found


@each_model
def test_samples_are_right(model: Model) -> None:
    for pick in range(picks(model)):
        for whole in (True, False):
            raw = sample(model, pick, whole=whole)
            assert decode(json.dumps(raw).encode(), model).raw == raw


@each_model
def test_a_wrong_type_anywhere_is_named_by_its_path(model: Model) -> None:
    for pick in range(picks(model)):
        whole = sample(model, pick)
        for place in places(model, whole):
            tells_apart = place.steps[-1] == "error" and model is not QuoteError
            for value in wrong_for(place.what, tells_apart):
                found = faults(place.replaced(whole, value), model)
                expected = discriminates(place.path, place.what) or place.path
                assert {fault.path for fault in found} == {expected}, (place.path, value)


@each_model
def test_a_missing_required_field_is_named_by_its_path(model: Model) -> None:
    for pick in range(picks(model)):
        whole = sample(model, pick)
        for place in places(model, whole):
            last = place.steps[-1]
            parent_is_map = place.required and len(place.steps) > 1 and last == "kraken"
            if isinstance(last, int) or parent_is_map:
                continue
            if not place.required:
                decode(json.dumps(place.removed(whole)).encode(), model)
                continue
            if last == "error" and model is not QuoteError:
                continue  # without its key the entry is another member of the union
            found = faults(place.removed(whole), model)
            assert {fault.path for fault in found} == {discriminates(place.path, place.what) or place.path}


def wrong_for(what: Meaning, tells_apart: bool) -> list[Any]:
    """Return wrong values; null is none where it makes the object another member of its union."""
    nullable = what.optional or what.kind == "any" or tells_apart
    return [*WRONG[what.kind], *([] if nullable else [None])]


def discriminates(path: str, what: Meaning) -> str | None:
    """Return the path of the union whose tag stands at a path: an unreadable tag is the union's fault."""
    return path.rpartition(".")[0] if what.kind == "tag" and "." in path else None


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"nul", b"<html>SECRET</html>", b'{"bid": NaN}', b'{"bid": -Infinity}', b"\xff\xfe", b'"\xc3', b"[1,]"],
)
def test_what_is_not_json_is_kept_as_text(body: bytes) -> None:
    for read in (decode, decode_rows):
        with pytest.raises(InvalidPayload) as caught:
            read(body, Nbbo)
        assert caught.value.raw == body.decode("utf-8", "replace")
        (fault,) = caught.value.faults
        assert fault.path == ""
        assert fault.message.startswith("not JSON")
        assert "SECRET" not in str(caught.value)
        assert str(caught.value).startswith("the answer: ")


@pytest.mark.parametrize("body", [b"[]", b"null", b"1", b'"text"', b"true"])
def test_json_that_is_no_object(body: bytes) -> None:
    with pytest.raises(InvalidPayload) as caught:
        decode(body, Account)
    assert [fault.path for fault in caught.value.faults] == [""]
    assert caught.value.raw == json.loads(body)


def test_nesting_beyond_the_parser_s_limit_is_refused_and_not_a_crash() -> None:
    deep: dict[str, Any] = {"new": json.loads("[" * 150 + "]" * 150)}
    answer = decode(json.dumps(deep).encode(), Account)
    assert answer.raw == deep
    assert repr(answer)
    assert hash(answer) == hash(decode(answer.to_json().encode(), Account))
    with pytest.raises(InvalidPayload, match="not JSON"):
        decode(b'{"new": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", Account)


def test_all_faults_are_kept_and_the_message_shows_the_first() -> None:
    body = json.dumps([{"venue": 1, "connected": SECRET_TEXT}] * 1_000).encode()
    with pytest.raises(InvalidPayload) as caught:
        decode_rows(body, VenueStatus)
    assert len(caught.value.faults) == 2_000
    assert len(str(caught.value)) < 500
    assert str(caught.value).endswith("; and 1995 more")
    assert caught.value.faults[1_999] == Fault("[999].connected", "Input should be a valid boolean")


def test_a_fault_under_an_envelope_has_its_key_in_the_path() -> None:
    with pytest.raises(InvalidPayload) as caught:
        decode_rows(b'{"venues": [{"venue": "kraken", "connected": true}, {"connected": 1}]}', VenueStatus, ("venues",))
    assert [fault.path for fault in caught.value.faults] == ["venues[1].venue", "venues[1].connected"]
    assert caught.value.raw == {"venues": [{"venue": "kraken", "connected": True}, {"connected": 1}]}


def test_keys_that_are_no_plain_words_are_quoted_in_paths() -> None:
    raw: dict[str, Any] = {"symbol": "X", "nbbo": sample(Nbbo), "venues": {"a.b[0] c": {}, "dex-1": {}}}
    paths = {fault.path.rpartition(".")[0] for fault in faults(raw, Quote)}
    assert paths == {"venues['a.b[0] c']", "venues.dex-1"}


def test_an_error_of_null_is_no_error_entry() -> None:
    quote = sample(Quote)
    batch = decode(json.dumps({"quotes": [{**quote, "error": None}], "count": 1}).encode(), QuoteBatch)
    assert batch.quoted == batch.quotes
    assert batch.failed == ()
    bad = {"quotes": [{"symbol": "X", "error": None}], "count": 1}
    assert {fault.path for fault in faults(bad, QuoteBatch)} == {"quotes[0].nbbo", "quotes[0].venues"}


def test_a_known_tag_with_a_bad_field_is_an_error() -> None:
    row = sample(Positions)["positions"][0]
    row["instrument"] = {"kind": "perp", "symbol": "BTC-PERP"}
    raw = {**sample(Positions), "positions": [row]}
    assert faults(raw, Positions) == (Fault("positions[0].instrument.base", "Field required"),)


def test_invalid_payloads_can_be_pickled() -> None:
    with pytest.raises(InvalidPayload) as caught:
        decode(b'{"venue": 1}', VenueStatus)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), again.raw, again.faults, str(again)) == (
        InvalidPayload,
        caught.value.raw,
        caught.value.faults,
        str(caught.value),
    )


def test_the_other_ways_in_refuse_as_well() -> None:
    good = sample(Nbbo)
    wrong: list[Any] = [
        {**good, "bid": "1"},
        {**good, "bid": float("nan")},
        {**good, "bid": True},
        {"bid": 1.0},
        [],
        None,
        1,
    ]
    for bad in wrong:
        with pytest.raises(ValidationError):
            Nbbo.model_validate(bad)
    with pytest.raises(ValidationError):
        Nbbo.model_validate_json(json.dumps({**good, "ask": None}))
    with pytest.raises(ValidationError) as caught:
        Nbbo.model_validate_json("{SECRET")
    assert "SECRET" not in str(caught.value)
    with pytest.raises(ValidationError):
        Nbbo(bid=1.0, ask=2.0, mid="1.5", spread_bps=1.0)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert Nbbo(bid=1.0, ask=2.0, mid=1.5, spread_bps=1.0).mid == 1.5
    with pytest.raises(ValidationError):
        Nbbo.model_validate(good).model_copy(update={"mid": "1"})
    assert Nbbo.model_construct(bid="not checked").raw == {"bid": "not checked"}
    for refused in (
        lambda: Nbbo.model_validate(good, strict=False),
        lambda: Nbbo.model_validate_json(json.dumps(good), context={}),
        lambda: Nbbo.model_validate(good).copy(deep=True),
    ):
        with pytest.raises(TypeError, match="takes no options"):
            refused()


def test_rows_are_checked_one_by_one() -> None:
    row = sample(Symbol)
    with pytest.raises(InvalidPayload) as caught:
        decode_rows(json.dumps([row, {**row, "venues": ["ok", 5]}]).encode(), Symbol)
    assert [fault.path for fault in caught.value.faults] == ["[1].venues[1]"]
    for body in (b"{}", b'{"symbols": {}}', b"null", b'{"rows": []}'):
        with pytest.raises(InvalidPayload) as caught:
            decode_rows(body, Symbol, ("symbols",))
        assert [fault.path for fault in caught.value.faults] == [""]
