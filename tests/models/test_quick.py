"""The quick check may be less generous than a model's schema, never more."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from pydantic import ValidationError
from pydantic_core import CoreSchema, SchemaValidator, core_schema, from_json

from sequence_markets.models._quick import quick_check

from .payloads import Model, every_model, json_values, picks, places, sample, trap_names

MODELS = every_model()
CHECKS = {model: quick_check(model.__sequence_plan__().schema) for model in MODELS}
odd_values = json_values | st.sampled_from(
    [float("inf"), float("-inf"), float("nan"), 10**400, -(10**400), True, False]
)


def schema_accepts(validator: SchemaValidator, value: object) -> bool:
    try:
        validator.validate_python(value)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_documented_answers_are_accepted_quickly(model: Model) -> None:
    for pick in range(picks(model)):
        for whole in (True, False):
            raw = from_json(json.dumps(sample(model, pick, whole=whole)))
            assert CHECKS[model](raw)


@settings(max_examples=200, deadline=None)
@given(data=st.data(), model=st.sampled_from(MODELS), pick=st.integers(0, 4), whole=st.booleans())
def test_what_is_accepted_quickly_is_valid(data: st.DataObject, model: Model, pick: int, whole: bool) -> None:
    raw = sample(model, pick, whole=whole)
    fixed = [*places(model, raw)]
    for place in data.draw(st.lists(st.sampled_from(fixed), max_size=2)) if fixed else ():
        try:
            raw = place.replaced(raw, data.draw(odd_values))
        except (KeyError, IndexError, TypeError):
            continue  # the first change took the second place away
    raw = {**raw, **data.draw(st.dictionaries(trap_names, odd_values, max_size=1))}
    if CHECKS[model](raw):
        assert schema_accepts(model.__sequence_validator__(), raw)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_one_odd_value_anywhere_is_never_accepted_against_the_schema(model: Model) -> None:
    odd = [None, True, 1, 1.5, float("inf"), float("nan"), 10**400, "", "x", [], {}, [None], {"": None}]
    validator = model.__sequence_validator__()
    for pick in range(picks(model)):
        whole = sample(model, pick)
        for place in places(model, whole):
            for changed in (place.removed(whole), *(place.replaced(whole, value) for value in odd)):
                if CHECKS[model](changed):
                    assert schema_accepts(validator, changed), (place.path, changed)


UNKNOWN: list[tuple[CoreSchema, list[Any]]] = [
    (core_schema.int_schema(strict=True, ge=3), [1, 3]),
    (core_schema.list_schema(core_schema.str_schema(max_length=1)), [["ab"], ["a"]]),
    (core_schema.literal_schema([1, True]), [1, True, 2]),
    (core_schema.typed_dict_schema({}, extra_behavior="forbid"), [{}, {"x": 1}]),
    (core_schema.typed_dict_schema({}, total=False), [{}]),
    (core_schema.dict_schema(core_schema.int_schema(), core_schema.any_schema()), [{"x": 1}]),
    (core_schema.decimal_schema(), [1]),
]


@pytest.mark.parametrize(("schema", "values"), UNKNOWN)
def test_a_schema_beyond_its_understanding_is_left_to_pydantic(schema: CoreSchema, values: list[Any]) -> None:
    check = quick_check(schema)
    assert not any(check(value) for value in values)
