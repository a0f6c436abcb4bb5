"""What a model class may declare, and what an answer may say that this SDK does not know."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from pydantic import (
    BaseModel,
    Field,
    PrivateAttr,
    computed_field,
    create_model,
    field_serializer,
    field_validator,
    model_validator,
)

from sequence_markets.models import Nbbo, Order, Position, QuoteError, SequenceModel, Submission, UnknownVariant
from sequence_markets.models._shape import Keyed, Tagged

from .payloads import Meaning, Model, every_model, fields, sample

each_model = pytest.mark.parametrize("model", every_model(), ids=lambda model: model.__name__)


@each_model
def test_new_words_pass_wherever_words_are_documented(model: Model) -> None:
    words = {name: what for name, what in fields(model).items() if what.kind == "text" and what.words}
    for name in words:
        answer = model.model_validate({**sample(model), name: "A_WORD_OF_TOMORROW"})
        assert getattr(answer, name) == answer[name] == "A_WORD_OF_TOMORROW"


def tagged_fields() -> list[Any]:
    found: list[Any] = []
    for model in every_model():
        found += [
            pytest.param(model, name, what, id=f"{model.__name__}.{name}")
            for name, what in fields(model).items()
            if what.kind == "tagged"
        ]
    assert found
    return found


@pytest.mark.parametrize(("model", "name", "what"), tagged_fields())
@pytest.mark.parametrize("tag", ["tomorrow", "", "unknown", "items", "Perp"])
def test_a_new_tag_becomes_the_unknown_variant(model: Model, name: str, what: Meaning, tag: str) -> None:
    raw = {**sample(model), name: {what.key: tag, "anything": [1, {"at": "all"}], "tag": "not this"}}
    variant = getattr(model.model_validate(raw), name)
    assert type(variant) is what.unknown
    assert isinstance(variant, UnknownVariant)
    assert variant.tag == tag
    assert variant[what.key] == tag
    assert variant.raw == raw[name]
    assert getattr(variant, what.key) == "unknown"


class Word(SequenceModel, frozen=True):
    word: str
    """A word."""


class NumberWord(SequenceModel, frozen=True):
    word: Literal["number"]
    """A tag."""


class OtherWord(SequenceModel, frozen=True):
    word: Literal["other"]
    """A tag."""


def declared(name: str, annotation: Any, default: Any = ...) -> type[SequenceModel]:
    fields: dict[str, Any] = {name: (annotation, default)}
    made: type[SequenceModel] = create_model("Made", __base__=SequenceModel, **fields)
    return made


@pytest.mark.parametrize(
    ("annotation", "default"),
    [
        (datetime, ...),
        (Decimal, ...),
        (bytes, ...),
        (set[str], ...),
        (list[int], ...),
        (tuple[int, str], ...),
        (dict[int, str], ...),
        (object, ...),
        (BaseModel, ...),
        (Word | NumberWord, ...),
        (Word | int, ...),
        (tuple[int, ...] | str, ...),
        (Annotated[Word | NumberWord, Field(discriminator="word")], ...),
        (Annotated[NumberWord | Word | None, Tagged("word")] | int, ...),
        (Annotated[int, Field(gt=0)], ...),
        (int, Field(ge=3)),
        (str, Field(max_length=3)),
        (int, Field(alias="wireName")),
        (int, Field(validation_alias="wireName")),
        (tuple[int, ...], Field(default_factory=tuple)),
    ],
    ids=str,
)
def test_annotations_beyond_the_wire_s_vocabulary_are_a_clear_error(annotation: Any, default: Any) -> None:
    made = declared("odd", annotation, default)
    with pytest.raises(TypeError, match=r"^Made\.odd: "):
        made.model_validate({"odd": 1})
    with pytest.raises(TypeError, match=r"^Made\.odd: "):
        made.model_json_schema()


def with_validator() -> type[SequenceModel]:
    class Odd(SequenceModel, frozen=True):
        x: int

        @field_validator("x")
        @classmethod
        def check(cls, value: int) -> int:
            return value

    return Odd


def with_model_validator() -> type[SequenceModel]:
    class Odd(SequenceModel, frozen=True):
        x: int

        @model_validator(mode="before")
        @classmethod
        def check(cls, value: Any) -> Any:
            return value

    return Odd


def with_computed_field() -> type[SequenceModel]:
    class Odd(SequenceModel, frozen=True):
        x: int

        @computed_field  # type: ignore[prop-decorator]
        @property
        def check(self) -> int:
            return self.x

    return Odd


def with_serializer() -> type[SequenceModel]:
    class Odd(SequenceModel, frozen=True):
        x: int

        @field_serializer("x")
        def check(self, value: int) -> str:
            return str(value)

    return Odd


def with_private_attribute() -> type[SequenceModel]:
    class Odd(SequenceModel, frozen=True):
        x: int
        _check: int = PrivateAttr(default=1)

    return Odd


@pytest.mark.parametrize(
    "make", [with_validator, with_model_validator, with_computed_field, with_serializer, with_private_attribute]
)
def test_behaviour_that_would_never_run_is_a_clear_error(make: Callable[[], type[SequenceModel]]) -> None:
    with pytest.raises(TypeError, match=r"^Odd: a model only views what was received.*check"):
        make().model_validate({"x": 1})


def test_a_tagged_union_needs_a_variant_for_tags_of_tomorrow() -> None:
    closed: Any = Annotated[NumberWord | OtherWord, Tagged("word")]
    with pytest.raises(TypeError, match=r"Made\.odd: a union tagged by 'word' needs a variant for unknown tags"):
        declared("odd", closed | None, None).model_validate({})


def test_plain_properties_and_subclasses_of_the_models_work() -> None:
    class Tight(Nbbo, frozen=True):
        venue_count: int | None = None

        @property
        def width(self) -> float:
            return self.ask - self.bid

    raw = {"bid": 1.0, "ask": 1.5, "mid": 1.25, "spread_bps": 4000.0, "venue_count": 3}
    tight = Tight.model_validate(raw)
    assert (tight.width, tight.venue_count, tight.raw) == (0.5, 3, raw)
    assert Nbbo.model_validate(tight) is tight
    assert tight == Nbbo.model_validate(raw) == raw


def test_defaults_other_than_null() -> None:
    class Defaulted(SequenceModel, frozen=True):
        count: int = 7
        rows: tuple[Nbbo, ...] = ()
        entry: Annotated[Submission | QuoteError, Keyed("error")] | None = None

    empty = Defaulted.model_validate({})
    assert (empty.count, empty.rows, empty.entry) == (7, (), None)
    assert not empty
    assert empty.raw == {}


def test_keys_that_cannot_be_attributes_stay_readable() -> None:
    raw = {**sample(Order), "a b": 1, "class": 2, "": 3, "__x__": 4, "items": 5, "qty": 6, "raw": 7, "is_final": 8}
    order: Any = Order.model_validate(raw)
    for key in ("a b", "class", "", "__x__", "items", "qty", "raw", "is_final"):
        assert order[key] == raw[key]
    assert getattr(order, "a b") == 1
    assert getattr(order, "class") == 2
    assert order.raw == raw
    assert dict(order.items()) == raw
    assert order.qty == Decimal(42)
    assert order.is_final is False
    with pytest.raises(AttributeError):
        order.__x__  # noqa: B018


def test_new_fields_read_as_attributes_and_a_misspelt_one_is_pointed_out() -> None:
    position: Any = Position.model_validate({**sample(Position), "margin_mode": {"cross": True}})
    assert position.margin_mode is position["margin_mode"]
    assert position.model_extra == {"margin_mode": {"cross": True}}
    assert position.model_fields_set == set(Position.model_fields)
    with pytest.raises(AttributeError, match="Position has no field 'instrumnt'; did you mean 'instrument'") as caught:
        position.instrumnt  # noqa: B018
    assert caught.value.name == "instrumnt"
    assert not hasattr(position, "nothing_like_it_at_all")
