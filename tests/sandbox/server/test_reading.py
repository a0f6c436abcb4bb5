"""Queries, bodies, keys and peers are read strictly; whatever comes, the answer is a named refusal and no crash."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from urllib.parse import urlencode

import pytest
from hypothesis import given, strategies as st

from sequence_markets.sandbox.server.auth import authenticate
from sequence_markets.sandbox.server.body import Body
from sequence_markets.sandbox.server.errors import ApiError
from sequence_markets.sandbox.server.local import is_loopback, require_local
from sequence_markets.sandbox.server.params import Query
from sequence_markets.sandbox.server.wire import decode_json, encode_json

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)


@given(_json)
def test_json_comes_back_as_it_went(value: object) -> None:
    assert decode_json(encode_json(value)) == value


@given(st.integers(0, 10**18))
def test_a_fixed_point_price_is_written_as_its_exact_decimal(price_1e9: int) -> None:
    if price_1e9 < 10**15:
        text = encode_json(price_1e9 / 10**9).decode()
        assert round(float(text) * 10**9) == price_1e9


@pytest.mark.parametrize(
    "text", ["NaN", "[Infinity]", "-Infinity", "1e999", "[" * 100_000, "", "{", "1" * 5000, "\ufeff1"]
)
def test_what_json_cannot_carry_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        decode_json(text.encode())


def test_bytes_that_are_not_utf8_are_refused() -> None:
    with pytest.raises(ValueError):
        decode_json(b'"\xff"')


@given(st.binary(max_size=60))
def test_any_query_string_is_read_or_refused(raw: bytes) -> None:
    with suppress(ApiError):
        query = Query(raw)
        query.text("limit")
        query.words("venues")
        assert query.integer("limit", 5, least=1) >= 1


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_query_value_is_decoded_once(name: str, value: str) -> None:
    assert Query(urlencode({name: value}).encode()).text(name) == (value or None)


@pytest.mark.parametrize("text", ["abc", "", "1.0", "1e3", " 1", "0x10", "٣", "9" * 30, "true"])
def test_a_number_that_is_none_is_refused_by_name(text: str) -> None:
    with pytest.raises(ApiError, match="limit: must be a whole number") as caught:
        Query(urlencode({"limit": text}).encode()).integer("limit", 50, least=1)
    assert (caught.value.status, caught.value.code) == (400, "INVALID_PARAMS")
    assert caught.value.details[0]["field"] == "limit"


def test_numbers_beyond_their_range() -> None:
    query = Query(b"limit=900&offset=-1&depth=0")
    assert query.integer("limit", 50, least=1, most=500) == 500
    assert query.integer("depth", 10, least=1, clamp=True) == 1
    with pytest.raises(ApiError, match="offset: must be at least 0"):
        query.integer("offset", 0, least=0)


@pytest.mark.parametrize(("raw", "flag"), [(b"", False), (b"f=true", True), (b"f=false", False)])
def test_flags(raw: bytes, flag: bool) -> None:
    assert Query(raw).flag("f") is flag


@pytest.mark.parametrize("raw", [b"f=1", b"f=TRUE", b"f=yes", b"f="])
def test_other_words_are_no_flags(raw: bytes) -> None:
    with pytest.raises(ApiError, match="f: must be true or false"):
        Query(raw).flag("f")


def test_comma_lists() -> None:
    query = Query(b"venues=kraken%2C,okx&kinds=gold&empty=")
    assert query.words("venues", ["kraken", "okx"]) == ["kraken", "okx"]
    assert query.words("empty") is None
    assert query.words("absent") is None
    with pytest.raises(ApiError, match="kinds: unknown 'gold'; one of fiat, perp"):
        query.words("kinds", ["fiat", "perp"])


def test_a_parameter_given_twice_is_refused() -> None:
    with pytest.raises(ApiError, match="limit: given twice"):
        Query(b"limit=1&limit=2")


@given(_json)
def test_any_body_is_read_or_refused(value: object) -> None:
    with suppress(ApiError):
        body = Body(value, ["a", "b"])
        text, number = body.text("a"), body.integer("b", 7)
        body.check()
        assert body.fields == value
        assert text == body.fields["a"]
        assert number == (body.fields["b"] if body.has("b") else 7)


def test_all_bad_fields_are_reported_at_once() -> None:
    body = Body({"depth": True, "symbols": ["a", 1], "extra": 1}, ["depth", "symbols", "name"])
    body.integer("depth", 10)
    body.texts("symbols")
    body.text("name")
    with pytest.raises(ApiError) as caught:
        body.check()
    assert caught.value.status == 422
    assert [problem["field"] for problem in caught.value.details] == ["extra", "depth", "symbols[1]", "name"]


@pytest.mark.parametrize("key", ["seq_test_" + "0" * 64, "seq_live_x", "seq_test_..."])
def test_keys_of_the_documented_form_are_let_in(key: str) -> None:
    assert authenticate(f"Bearer {key}").mode == key[4:8]
    assert authenticate(f"bearer {key}") == authenticate(f"Bearer {key}")


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic seq_test_x",
        "seq_test_x",
        "Bearer sk_live_x",
        "Bearer seq_test_",
        "Bearer seq_test_a b",
    ],
)
def test_everything_else_is_unauthorized(value: str | None) -> None:
    with pytest.raises(ApiError) as caught:
        authenticate(value)
    assert (caught.value.status, caught.value.code) == (401, "UNAUTHORIZED")
    assert "seq_test_x" not in caught.value.message


def test_a_test_and_a_live_key_with_one_tail_are_two_accounts() -> None:
    test, live = authenticate("Bearer seq_test_aa"), authenticate("Bearer seq_live_aa")
    assert test.digest != live.digest


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.3.2.1", "::1", "[::1]", "localhost", "LOCALHOST", "::ffff:127.0.0.1"]
)
def test_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["10.0.0.1", "0.0.0.0", "::", "example.org", "localhost.example.org", "", "::ffff:10.0.0.1"]
)
def test_other_machines(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("host", ["127.0.0.1:50052", "localhost", "[::1]:80", "::1", None])
def test_local_programs_may_use_the_control_plane(host: str | None) -> None:
    require_local("127.0.0.1", host, None)


@pytest.mark.parametrize(
    ("peer", "host", "origin"),
    [
        ("10.0.0.7", "127.0.0.1", None),
        (None, "127.0.0.1", None),
        ("127.0.0.1", "evil.example:50052", None),
        ("127.0.0.1", "127.0.0.1", "https://evil.example"),
        ("127.0.0.1", "127.0.0.1", "null"),
    ],
)
def test_others_may_not(peer: str | None, host: str | None, origin: str | None) -> None:
    with pytest.raises(ApiError) as caught:
        require_local(peer, host, origin)
    assert caught.value.status == 403


def test_the_wire_never_carries_what_json_cannot() -> None:
    with pytest.raises(ValueError):
        encode_json(math.nan)
    assert json.loads(encode_json("\ud800")) == "\ud800"
