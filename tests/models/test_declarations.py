"""What every model declares: documented fields, views beside them, and no name that hides another."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import get_args

import pytest
from pydantic import BaseModel

import sequence_markets.models
from sequence_markets.models import SequenceModel, UnknownVariant
from sequence_markets.models.views import (
    Duration,
    Instant,
    Money,
    OptionalDuration,
    OptionalInstant,
    OptionalMoney,
    OptionalQuantity,
    Quantity,
    View,
)

from .payloads import Model, every_model, fields, views_of

each_model = pytest.mark.parametrize("model", every_model(), ids=lambda model: model.__name__)

SUFFIXES: dict[str, tuple[type[View[object]], type[View[object]], type]] = {
    "_1e8": (Quantity, OptionalQuantity, Decimal),
    "_1e9": (Money, OptionalMoney, Decimal),
    "_ns": (Instant, OptionalInstant, datetime),
}
SPANS = ("latency_ns", "duration_ns", "elapsed_ns")
SPAN: tuple[type[View[object]], type[View[object]], type] = (Duration, OptionalDuration, timedelta)
"""What a count of nanoseconds is seen as where its name says that it is no instant."""


def test_models_are_found() -> None:
    names = {model.__name__ for model in every_model()}
    assert {"Quote", "Nbbo", "Fill", "Positions", "UnknownLifecycle", "GraphStatus", "VenueStatus"} <= names


@each_model
def test_every_model_is_exported(model: Model) -> None:
    if not model.__name__.startswith("_"):
        assert getattr(sequence_markets.models, model.__name__) is model
        assert model.__name__ in sequence_markets.models.__all__


@each_model
def test_no_field_and_no_view_collides_with_a_method(model: Model) -> None:
    inherited = {name for owner in (SequenceModel, BaseModel, Mapping, dict, object) for name in dir(owner)}
    if issubclass(model, UnknownVariant):
        inherited |= {"tag"}
    own = [name for base in model.__mro__ if base not in SequenceModel.__mro__ for name in vars(base)]
    public = {name for name in own if not name.startswith("_") and name != "model_config"}
    declared = {*model.model_fields, *public}
    overridden = {"tag"} if issubclass(model, UnknownVariant) else set[str]()
    assert declared & inherited == overridden
    assert not set(model.model_fields) & public, "a field that is also a view, a property or a method"
    assert not {name for name in model.model_fields if not name.isidentifier() or name.startswith("_")}


@each_model
def test_every_field_is_documented(model: Model) -> None:
    for owner in model.__mro__:
        if owner in SequenceModel.__mro__ or owner is UnknownVariant:
            continue
        assert inspect.cleandoc(owner.__doc__ or "").partition("\n\n")[0].endswith("."), owner
        body = ast.parse(textwrap.dedent(inspect.getsource(owner))).body[0]
        assert isinstance(body, ast.ClassDef)
        documented: list[str] = []
        for statement, following in zip(body.body, [*body.body[1:], None], strict=True):
            match statement, following:
                case ast.AnnAssign(target=ast.Name(name)), ast.Expr(value=ast.Constant(value=str(text))):
                    assert text.endswith("."), f"{owner.__name__}.{name}: {text}"
                    documented.append(name)
                case ast.AnnAssign(target=ast.Name(name)), _:
                    assert name not in model.model_fields, f"{owner.__name__}.{name} has no docstring"
                case ast.Assign(targets=[ast.Name(name)]), ast.Expr(value=ast.Constant(value=str(text))):
                    assert isinstance(vars(owner)[name], View)
                    assert f"`{vars(owner)[name].field}`" in text
                case ast.Assign(targets=[ast.Name(name)]), _:
                    assert name.startswith("__"), f"{owner.__name__}.{name} has no docstring"
                case ast.FunctionDef() as function, _:
                    assert ast.get_docstring(function) or function.name.startswith("__"), function.name
                case _:
                    pass
        assert documented == [name for name in vars(owner).get("__annotations__", ()) if name in model.model_fields]


@each_model
def test_every_scaled_field_has_its_view_and_every_view_its_field(model: Model) -> None:
    expected: dict[str, type[View[object]]] = {}
    for name, what in fields(model).items():
        for suffix, seen_as in SUFFIXES.items():
            plain, optional, _ = SPAN if name.endswith(SPANS) else seen_as
            if name.endswith(suffix) and not (name.endswith(SPANS) and what.kind == "model"):
                assert what.kind == "int", name
                expected[name.removesuffix(suffix)] = optional if what.optional else plain
    views = views_of(model)
    assert {name: type(view) for name, view in views.items()} == expected
    for name, view in views.items():
        assert view.name == name
        assert view.field in model.model_fields
        assert view.__doc__


def test_view_types_say_what_they_give() -> None:
    for plain, optional, gives in (*SUFFIXES.values(), SPAN):
        for view, expected in ((plain, gives), (optional, gives | None)):
            (base,) = view.__orig_bases__  # type: ignore[attr-defined]
            assert get_args(base) == (expected,)


@each_model
def test_an_optional_field_may_be_null_and_absent(model: Model) -> None:
    for name, what in fields(model).items():
        info = model.model_fields[name]
        assert what.optional != info.is_required(), name
        assert info.is_required() or info.default is None
