"""The models inside other people's pydantic models, adapters and JSON schemas."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from sequence_markets.models import Account, Fill, Nbbo, Positions, Quote, Symbol

from .payloads import Model, every_model, fields, picks, sample

each_model = pytest.mark.parametrize("model", every_model(), ids=lambda model: model.__name__)


class Signal(BaseModel):
    name: str
    quote: Quote
    fills: list[Fill] = []
    by_symbol: dict[str, Symbol] = {}
    totals: Positions | None = None


QUOTE: dict[str, Any] = {**sample(Quote), "new": {"deep": [1]}, "items": 2}


def signal() -> Signal:
    return Signal.model_validate(
        {"name": "s", "quote": QUOTE, "fills": [sample(Fill)], "by_symbol": {"x": sample(Symbol)}}
    )


def test_a_field_of_a_user_s_model_keeps_raw_everywhere() -> None:
    made = signal()
    assert isinstance(made.quote, Quote)
    assert made.quote.raw == QUOTE
    assert made.fills[0].qty == Fill.model_validate(sample(Fill)).qty
    dumped: dict[str, Any] = made.model_dump()
    assert dumped["quote"] == QUOTE
    assert not isinstance(dumped["quote"], Quote)
    dumped["quote"]["nbbo"]["bid"] = -1.0
    assert made.quote.raw == QUOTE
    assert json.loads(made.model_dump_json())["quote"] == QUOTE
    for again in (
        Signal.model_validate_json(made.model_dump_json()),
        Signal.model_validate(made.model_dump()),
        copy.deepcopy(made),
        pickle.loads(pickle.dumps(made)),
        made.model_copy(deep=True),
    ):
        assert again == made
        assert isinstance(again.quote, Quote)
        assert again.quote.raw == QUOTE
    assert Signal(name="t", quote=made.quote).quote is made.quote


def test_a_wrong_answer_in_a_user_s_model_is_named_by_its_path() -> None:
    bad: dict[str, Any] = {"name": "s", "quote": {**QUOTE, "nbbo": {**QUOTE["nbbo"], "bid": "1"}}, "fills": [{}]}
    with pytest.raises(ValidationError) as caught:
        Signal.model_validate(bad)
    assert ("quote", "nbbo", "bid") in {error["loc"] for error in caught.value.errors()}
    assert ("fills", 0, "qty_1e8") in {error["loc"] for error in caught.value.errors()}
    with pytest.raises(ValidationError):
        Signal.model_validate({"name": "s", "quote": 3})


def test_type_adapters() -> None:
    adapter = TypeAdapter(list[Quote])
    body = json.dumps([QUOTE, QUOTE]).encode()
    quotes = adapter.validate_json(body)
    assert [type(each) for each in quotes] == [Quote, Quote]
    assert [each.raw for each in quotes] == [QUOTE, QUOTE]
    assert adapter.validate_python([QUOTE])[0].raw == QUOTE
    assert adapter.dump_python(quotes) == [QUOTE, QUOTE]
    assert json.loads(adapter.dump_json(quotes)) == [QUOTE, QUOTE]
    with pytest.raises(ValidationError):
        adapter.validate_python([{**QUOTE, "symbol": 1}])
    either = TypeAdapter[Nbbo | Account](Nbbo | Account)
    assert isinstance(either.validate_python({"tier": "free"}), Account)


@each_model
def test_every_model_works_in_an_adapter(model: Model) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(dict[str, model])  # type: ignore[valid-type]
    for pick in range(picks(model)):
        raw = {"x": {**sample(model, pick), "new": [1]}}
        made = adapter.validate_json(json.dumps(raw))
        assert type(made["x"]) is model
        assert made["x"].raw == raw["x"]
        assert adapter.dump_python(made) == json.loads(adapter.dump_json(made)) == raw


@each_model
@pytest.mark.parametrize("mode", ["validation", "serialization"])
def test_every_model_has_a_json_schema(model: Model, mode: Any) -> None:
    schema = model.model_json_schema(mode=mode)
    assert schema["type"] == "object"
    assert schema["title"] == model.__name__
    assert schema["description"]
    assert list(schema["properties"]) == list(model.model_fields)
    assert schema.get("required", []) == [name for name, info in model.model_fields.items() if info.is_required()]
    names = {"text": "string", "tag": "string", "int": "integer", "float": "number", "bool": "boolean"}
    for name, what in fields(model).items():
        if what.kind in names and not what.optional:
            assert schema["properties"][name]["type"] == names[what.kind]
    json.dumps(schema)


def test_a_user_s_json_schema() -> None:
    properties = Signal.model_json_schema()["properties"]
    assert properties["quote"]["properties"]["nbbo"]["required"] == ["bid", "ask", "mid", "spread_bps"]
    assert Signal.model_json_schema(mode="serialization")["properties"]["quote"]["type"] == "object"


def test_dumping_options() -> None:
    account = Account.model_validate({"tier": None, "new": {"null": None, "list": [None, {"a": None, "b": 1}]}})
    assert account.model_dump() == account.raw
    assert account.model_dump(exclude_none=True) == {"new": {"list": [None, {"b": 1}]}}
    assert json.loads(account.model_dump_json(exclude_none=True)) == {"new": {"list": [None, {"b": 1}]}}
    assert account.model_dump(include={"tier"}) == {"tier": None}
    assert account.model_dump(exclude={"tier": True, "new": {"list"}}) == {"new": {"null": None}}
    assert account.model_dump(mode="json", by_alias=True, exclude_unset=True, round_trip=True) == account.raw
    assert account.to_json(indent=2).startswith('{\n  "tier"')
