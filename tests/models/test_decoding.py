"""Bytes to models: what json.loads would have given, at any size, from any thread."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import threading
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from sequence_markets.models import Account, Order, Quote, SequenceModel, Symbol, VenueQuote, decode, decode_rows
from sequence_markets.units import decimal_1e8

from .payloads import sample, texts


@pytest.mark.parametrize("number", [2**63 - 1, 2**63, -(2**63) - 1, 2**64 + 1, 10**30, -(10**30), 10**4000])
def test_integers_of_any_size_are_kept(number: int) -> None:
    raw = {**sample(Order), "qty_1e8": number, "new": [number]}
    order = decode(json.dumps(raw).encode(), Order)
    assert order.raw == raw
    assert order.qty_1e8 == number
    assert order.qty == decimal_1e8(number)
    assert order["new"] == [number]
    assert json.loads(order.to_json()) == raw


@pytest.mark.parametrize(
    "text",
    [
        "0.1",
        "1e22",
        "1E+2",
        "123456789012345678901234567890.123456789",
        "0.30000000000000004",
        "9007199254740993.0",
        "1.7976931348623157e308",
        "2.2250738585072011e-308",
        "5e-324",
        "1e-400",
        "-0.0",
        "-0",
        "3." + "14159265358979323846" * 50,
    ],
)
def test_numbers_are_those_of_json_loads(text: str) -> None:
    body = f'{{"rate_limit_qps": {text}, "new": {{"deep": [{text}]}}}}'.encode()
    raw, loaded = decode(body, Account).raw, json.loads(body)
    assert repr(raw) == repr(loaded)


@settings(deadline=None, max_examples=300)
@given(number=st.floats(allow_nan=False, allow_infinity=False), text=texts)
def test_any_float_and_any_text_is_that_of_json_loads(number: float, text: str) -> None:
    for ascii_only in (True, False):
        body = json.dumps({"new": number, text: [text]}, ensure_ascii=ascii_only).encode()
        assert repr(decode(body, Account).raw) == repr(json.loads(body))


def test_of_a_key_sent_twice_the_last_value_counts_as_in_json_loads() -> None:
    body = b'{"tier": "a", "new": 1, "tier": "b", "new": 2}'
    account = decode(body, Account)
    assert json.dumps(account.raw) == json.dumps(json.loads(body))
    assert account.tier == "b"


def test_an_answer_of_unknown_fields_only_keeps_them() -> None:
    for account in (decode(b'{"new": 1}', Account), Account.model_validate_json('{"new": 1}')):
        assert account.raw == {"new": 1}
        assert account


def test_an_empty_answer_is_an_empty_dict() -> None:
    account = decode(b" {} ", Account)
    assert account.raw == {} == account
    assert not account
    assert account.tier is None
    assert decode_rows(b"[]", Symbol) == []


def test_very_long_lists() -> None:
    row = sample(Symbol)
    rows = decode_rows(json.dumps([row] * 50_000).encode(), Symbol)
    assert len(rows) == 50_000
    assert rows[49_999].venues == tuple(row["venues"])
    level = {"price": 1.5, "size": 2.5, "venue": "kraken"}
    book = {"bids": [level] * 50_000, "asks": []}
    quote = decode(json.dumps({**sample(Quote), "book": book}).encode(), Quote)
    assert quote.book is not None
    assert sum(each.size for each in quote.book.bids) == 125_000
    assert hash(quote) == hash(copy.deepcopy(quote))


def test_attributes_of_a_row_are_not_confused_by_keys_received_later() -> None:
    raw = {**sample(VenueQuote), "items": 1, "bid_size": 3}
    quote = VenueQuote.model_validate(raw)
    assert quote.bid_size == 3
    assert list(quote.items()) == list(raw.items())


def run_together(count: int, work: Any) -> list[Any]:
    barrier = threading.Barrier(count)
    results: list[Any] = []

    def one() -> None:
        barrier.wait()
        try:
            results.append(work())
        except BaseException as error:
            results.append(error)

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_threads_may_touch_fresh_classes_and_one_model_first_together() -> None:
    for turn in range(20):

        class Leaf(SequenceModel, frozen=True):
            word: str

        class Inner(SequenceModel, frozen=True):
            leaves: tuple[Leaf, ...]

        class Outer(SequenceModel, frozen=True):
            inner: Inner
            more: Inner | None = None

        # Local classes, so their names could not be resolved from the module.
        for model in (Leaf, Inner, Outer):
            model.model_rebuild(_types_namespace={"Leaf": Leaf, "Inner": Inner})
        body = b'{"inner": {"leaves": [{"word": "a"}]}, "extra": 1}'
        shared = Outer.unvalidated(json.loads(body))
        works = [
            lambda: decode(body, Outer).inner.leaves[0].word,  # noqa: B023
            lambda: shared.inner.leaves[0].word,  # noqa: B023
            lambda: decode_rows(b'[{"word": "a"}]', Leaf)[0].word,
            lambda: Outer.model_json_schema() and "a",
        ]
        assert run_together(8, works[turn % len(works)]) == ["a"] * 8
        assert run_together(8, works[(turn + 1) % len(works)]) == ["a"] * 8


def test_threads_may_make_the_first_use_of_the_package_s_models_together() -> None:
    script = """
import json, sys, threading
sys.setswitchinterval(1e-6)
from sequence_markets.models import Positions, Quote, decode
quote = json.loads(sys.argv[1]); body = json.dumps(quote).encode()
positions = json.loads(sys.argv[2]); other = json.dumps(positions).encode()
barrier, failures = threading.Barrier(8), []
def one(first):
    barrier.wait()
    try:
        for each in ([0, 1] if first else [1, 0]):
            if each:
                assert decode(body, Quote).book.bids[0].venue == quote["book"]["bids"][0]["venue"]
            else:
                assert decode(other, Positions).positions[0].instrument.kind == "fiat"
    except BaseException as error:
        failures.append(repr(error))
threads = [threading.Thread(target=one, args=(n % 2,)) for n in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert not failures, failures
"""
    from sequence_markets.models import Positions

    arguments = [json.dumps(sample(Quote)), json.dumps(sample(Positions))]
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
