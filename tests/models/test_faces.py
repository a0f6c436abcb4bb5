"""Both faces of every model over generated answers: typed attributes, and the mapping that was received."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from sequence_markets.models import Levels, SequenceModel, UnknownVariant, decode
from sequence_markets.models.views import Duration, OptionalDuration
from sequence_markets.units import datetime_from_ns

from .payloads import (
    Meaning,
    Model,
    every_model,
    fields,
    json_values,
    meaning,
    member_of,
    payloads,
    views_of,
)

each_model = pytest.mark.parametrize("model", every_model(), ids=lambda model: model.__name__)
generated = settings(
    deadline=None,
    max_examples=15,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)

LEAVES: dict[str, type | tuple[type, ...]] = {
    "text": str,
    "tag": str,
    "int": int,
    "float": (float, int),
    "bool": bool,
    "any": object,
}


def received(model: Model, data: st.DataObject) -> tuple[Any, dict[str, Any]]:
    """Return a decoded answer and what json.loads makes of the same bytes."""
    body = json.dumps(data.draw(payloads(model), label=model.__name__)).encode()
    return decode(body, model), json.loads(body)


def same(one: object, other: object) -> bool:
    """Equality of JSON values that tells 1, 1.0, True and the order of keys apart."""
    return json.dumps(one) == json.dumps(other)


def assert_typed(what: Meaning, raw: Any, typed: Any) -> None:
    if raw is None:
        assert typed is None
        assert what.optional or what.kind == "any"
        return
    match what.kind:
        case "list":
            assert issubclass(type(typed), tuple)
            assert len(typed) == len(raw)
            for each_raw, each in zip(raw, typed, strict=True):
                assert_typed(meaning(what.item), each_raw, each)
        case "levels":
            assert type(typed) is Levels
            assert len(typed) == len(raw)
            assert typed == raw
            assert list(typed) == [tuple(row) for row in raw]
        case "map":
            assert issubclass(type(typed), Mapping)
            assert not hasattr(typed, "__setitem__")
            assert list(typed) == list(raw)
            for key, each in raw.items():
                assert_typed(meaning(what.item), each, typed[key])
        case "model" | "tagged" | "keyed":
            assert type(typed) is member_of(what, raw)
            assert typed.raw is raw
            assert_typed_model(typed, raw)
        case _:
            assert typed is raw
            assert issubclass(type(typed), LEAVES[what.kind])
            assert what.kind in ("bool", "any") or not issubclass(type(typed), bool)


def assert_typed_model(model: Any, raw: dict[str, Any]) -> None:
    cls = cast("Model", type(model))
    for name, what in fields(cls).items():
        assert_typed(what, raw.get(name), getattr(model, name))
    for name, view in views_of(cls).items():
        fixed = raw.get(view.field)
        if fixed is None:
            assert getattr(model, name) is None
        elif isinstance(view, Duration | OptionalDuration):
            try:
                whole = timedelta(microseconds=fixed // 1000)
            except OverflowError:
                with pytest.raises(OverflowError):
                    getattr(model, name)
            else:
                assert getattr(model, name) == whole
        elif view.suffix == "_ns":
            try:
                expected = datetime_from_ns(fixed)
            except OverflowError:
                with pytest.raises(OverflowError):
                    getattr(model, name)
            else:
                assert getattr(model, name) == expected
        else:
            value = getattr(model, name)
            assert type(value) is Decimal
            assert value.as_integer_ratio() == (Decimal(fixed) / 10 ** int(view.suffix[-1:])).as_integer_ratio() or (
                abs(fixed) >= 10**27
            )
    for key in raw.keys() - cls.model_fields.keys():
        if not hasattr(cls, key) and not key.startswith("__"):
            assert getattr(model, key) is raw[key]
    if isinstance(model, UnknownVariant) and model.__discriminator__ in raw:
        assert model.tag == raw[model.__discriminator__]


@each_model
@generated
@given(data=st.data())
def test_both_faces_of_an_answer(model: Model, data: st.DataObject) -> None:
    answer, loaded = received(model, data)
    assert type(answer) is model
    assert same(answer.raw, loaded)
    if data.draw(st.booleans(), label="touched backwards"):
        for name in reversed(model.model_fields):
            getattr(answer, name)
    assert_typed_model(answer, answer.raw)
    assert_reads_as_a_dict(answer, loaded)
    assert_equal_by_content(answer, loaded)
    assert_prints(answer)
    for name in model.model_fields:
        assert getattr(answer, name) is getattr(answer, name)
    assert same(answer.raw, loaded), "reading changed what was received"


def assert_reads_as_a_dict(answer: Any, loaded: dict[str, Any]) -> None:
    raw = answer.raw
    cls = cast("Model", type(answer))
    assert issubclass(cls, Mapping)
    assert not issubclass(cls, dict)
    assert len(answer) == len(loaded)
    assert bool(answer) is bool(loaded)
    assert list(answer.keys()) == list(loaded)
    assert all(one is other for one, other in zip(answer.values(), raw.values(), strict=True))
    assert list(answer.items()) == list(loaded.items())
    assert list(reversed(answer)) == list(reversed(loaded))
    for key in loaded:
        assert answer[key] is answer.get(key)
        assert answer[key] is raw[key]
        assert key in answer
    assert "never received" not in answer
    assert answer.get("never received") is None
    assert answer.get("never received", 7) == 7
    with pytest.raises(KeyError):
        answer["never received"]
    assert same(dict(answer), loaded)
    assert same({**answer}, loaded)
    other = {"more": 1, **dict.fromkeys([*loaded][:1], "replaced")}
    assert same(answer | other, loaded | other)
    assert same(other | answer, other | loaded)
    assert type(answer | other) is type(other | answer) is dict
    if cls.__iter__ is SequenceModel.__iter__:
        assert list(answer) == list(loaded)
    match answer:
        case {**rest}:
            assert same(rest, loaded)
        case _:
            raise AssertionError("a model must match a mapping pattern")


def assert_equal_by_content(answer: Any, loaded: dict[str, Any]) -> None:
    cls = cast("Model", type(answer))
    again = decode(json.dumps(loaded).encode(), cls)
    turned = cls.model_validate(dict(reversed(loaded.items())))
    assert answer == loaded
    assert loaded == answer
    assert answer == again == turned
    assert hash(answer) == hash(again) == hash(turned)
    changed = {**loaded, "newer than anything": 1}
    assert answer != changed
    assert changed != answer
    assert answer != [*loaded.items()]
    for name, value in loaded.items():
        if isinstance(value, dict) and name in cls.model_fields:
            assert {**loaded, name: getattr(answer, name)} == answer


def assert_prints(answer: Any) -> None:
    cls = cast("Model", type(answer))
    shown = repr(answer)
    assert shown.startswith(f"{cls.__name__}(")
    assert str(answer) == f"{answer}" == shown
    assert {*cls.model_fields, *filter(str.isidentifier, answer.raw)} <= {*dir(answer)}


@each_model
@generated
@given(data=st.data())
def test_copies_and_dumps_keep_what_was_received(model: Model, data: st.DataObject) -> None:
    answer, loaded = received(model, data)
    if data.draw(st.booleans(), label="touched"):
        repr(answer)
    copies = [copy.copy(answer), copy.deepcopy(answer), answer.model_copy(), answer.model_copy(deep=True)]
    copies += [pickle.loads(pickle.dumps(answer, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
    copies += [model.model_validate(loaded), model.model_validate(answer)]
    copies += [model.model_validate_json(json.dumps(loaded)), model(**loaded), model.model_construct(**loaded)]
    for each in copies:
        assert type(each) is model
        assert same(each.raw, loaded)
        assert each == answer
    assert copies[0].raw is not answer.raw
    assert_typed_model(copies[-1], copies[-1].raw)
    for dump in (answer.copy(), answer.model_dump(), answer.model_dump(mode="json"), copy.deepcopy(answer).raw):
        assert same(dump, loaded)
        spoil(dump)
        assert same(answer.raw, loaded)
    for text in (answer.to_json(), answer.to_json(indent=2), answer.model_dump_json()):
        assert same(json.loads(text), loaded)


def spoil(value: Any) -> None:
    """Change a JSON value at every level."""
    for each in children(value):
        spoil(each)
    if isinstance(value, dict | list):
        value.clear()


def children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(cast("dict[str, Any]", value).values())
    return [*value] if isinstance(value, list) else []


@each_model
@generated
@given(data=st.data())
def test_unvalidated_models_give_what_was_received(model: Model, data: st.DataObject) -> None:
    names = st.sampled_from([*model.model_fields, "newer"]) if model.model_fields else st.just("newer")
    odd = json_values | st.just({"kind": ["list"], "state": None}) | st.lists(st.just({"kind": 1}), max_size=2)
    raw = data.draw(st.dictionaries(names, odd, max_size=6))
    answer: Any = model.unvalidated(raw)
    assert answer.raw is raw
    repr(answer)
    for name, what in fields(model).items():
        if name not in raw:
            if what.optional:
                assert getattr(answer, name) is None
            else:
                with pytest.raises(AttributeError, match=f"received without its field '{name}'"):
                    getattr(answer, name)
            continue
        typed = getattr(answer, name)
        match what.kind:
            case "list" | "levels" if isinstance(raw[name], list):
                assert len(typed) == len(raw[name])
            case "model" | "tagged" | "keyed" if isinstance(raw[name], dict):
                assert typed.raw is raw[name]
            case "map" if isinstance(raw[name], dict):
                assert list(typed) == list(raw[name])
            case _:
                assert typed is raw[name]
    for name, view in views_of(model).items():
        value = raw.get(view.field)
        if view.field in raw and (isinstance(value, bool) or not isinstance(value, int)):
            assert getattr(answer, name) is value
