"""Shapes: what a field's annotation says about its raw JSON value.

Each annotation of a model is read once into a shape, which gives both sides of the same fact: the pydantic-core
schema that the raw value must satisfy, and the way to turn that value into the typed one. Keeping the two together
is what allows an answer to be validated whole but built row by row, only when somebody looks.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from pydantic_core import CoreSchema, core_schema

from ._json import is_array, is_object

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from .base import SequenceModel

Build = Callable[[Any], Any]
BuildAll = Callable[[list[Any]], tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Tagged:
    """Marks a union of models as told apart by one string field; an unknown tag becomes the ``Unknown…`` variant."""

    field: str


@dataclass(frozen=True, slots=True)
class Keyed:
    """Marks a union of two models as told apart by a key: where it has a value, the object is the second of them."""

    key: str


@dataclass(frozen=True, slots=True)
class FreeForm:
    """Marks a field whose shape nobody documents: it is typed where it has the annotated shape, and otherwise reads as
    it was received. Nothing is refused."""


Marker = Tagged | Keyed | FreeForm


def branch(label: str) -> str:
    """Return the name of a union's branch in a validation error's location; it is no part of the path."""
    return f"<{label}>"


def is_branch(part: int | str) -> bool:
    """Whether a part of a validation error's location names the branch of a union."""
    return isinstance(part, str) and part.startswith("<") and part.endswith(">")


@dataclass(frozen=True, slots=True)
class Shape:
    """The schema of a raw value and how it becomes a typed one.

    ``build`` is ``None`` when the typed value is the raw value itself. It never raises: a value of another shape,
    which only an unvalidated model can hold, is handed back as it is. ``build_all`` does the same for a whole list
    where that is quicker than value by value.
    """

    schema: CoreSchema
    build: Build | None = None
    build_all: BuildAll | None = None


_SCALARS: Mapping[object, CoreSchema] = {
    str: core_schema.str_schema(strict=True),
    int: core_schema.int_schema(strict=True),
    float: core_schema.float_schema(strict=True, allow_inf_nan=False),
    bool: core_schema.bool_schema(strict=True),
    Any: core_schema.any_schema(),
}

LEVELS_SCHEMA: CoreSchema = core_schema.list_schema(
    core_schema.list_schema(_SCALARS[float], min_length=2, max_length=2, strict=True), strict=True
)
"""Rows of price and size."""


def shape_of(annotation: object, marker: Marker | None = None) -> Shape:
    """Read an annotation. Only the vocabulary the wire needs is understood; anything else is a ``TypeError``."""
    if (scalar := _SCALARS.get(annotation)) is not None:
        return Shape(scalar)
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return shape_of(args[0], next((each for each in args[1:] if isinstance(each, Marker)), marker))
    if origin is Literal:
        return Shape(core_schema.literal_schema(list(args)))
    if origin in (Union, types.UnionType):
        return _union(args, marker)
    if origin is tuple and len(args) == 2 and args[1] is Ellipsis:
        return _sequence(shape_of(args[0]))
    if origin in (dict, Mapping) and args[0] is str:
        return _mapping(shape_of(args[1]))
    if isinstance(annotation, type) and (own := getattr(annotation, "__sequence_shape__", None)) is not None:
        shape: Shape = own()
        return shape
    if isinstance(annotation, type) and (plan := getattr(annotation, "__sequence_plan__", None)) is not None:
        return _model(annotation, plan())
    raise TypeError(f"no shape for the annotation {annotation!r}")


def _union(members: tuple[object, ...], marker: Marker | None) -> Shape:
    present = tuple(each for each in members if each is not types.NoneType)
    if len(present) < len(members):
        inner = shape_of(Union[present], marker)  # noqa: UP007  (built at run time)
        return Shape(core_schema.nullable_schema(inner.schema), inner.build)
    match marker:
        case Tagged(field):
            return _tagged_union(present, field)
        case Keyed(key):
            return _keyed_union(present, key)
        case _:
            pass
    # An open vocabulary, Literal[...] | str: any word passes, the known ones are for the reader and the IDE.
    plain = [each for each in present if get_origin(each) is not Literal]
    if len(plain) == 1:
        return shape_of(plain[0])
    shapes = [shape_of(each) for each in present]
    if any(shape.build is not None for shape in shapes):
        raise TypeError("a union of models or lists needs a marker, Tagged or Keyed, that tells its members apart")
    return Shape(core_schema.union_schema([shape.schema for shape in shapes], mode="left_to_right"))


def _sequence(row: Shape) -> Shape:
    build_row, build_all = row.build, row.build_all

    def build(raw: object) -> object:
        if not is_array(raw):
            return raw
        if build_all is not None:
            return build_all(raw)
        return tuple(raw) if build_row is None else tuple([build_row(each) for each in raw])

    return Shape(core_schema.list_schema(row.schema, strict=True), build)


def _mapping(value: Shape) -> Shape:
    build_value = value.build

    def build(raw: object) -> object:
        if not is_object(raw):
            return raw
        if build_value is None:
            return types.MappingProxyType(raw)
        return types.MappingProxyType({key: build_value(each) for key, each in raw.items()})

    return Shape(core_schema.dict_schema(_SCALARS[str], value.schema, strict=True), build)


def _model(cls: type[SequenceModel], plan: Plan) -> Shape:
    return Shape(plan.schema, cls.__sequence_viewer__(plan), cls.__sequence_rows_viewer__(plan))


def _tagged_union(members: tuple[object, ...], field: str) -> Shape:
    known: dict[str, type[SequenceModel]] = {}
    unknown: type[SequenceModel] | None = None
    for member in members:
        tag = _tag_of(member, field)
        if tag is None:
            unknown = member  # type: ignore[assignment]
        else:
            known[tag] = member  # type: ignore[assignment]
    if unknown is None:
        raise TypeError(f"a union tagged by {field!r} needs a variant for unknown tags")
    fallback = unknown
    views = {tag: member.__sequence_viewer__(member.__sequence_plan__()) for tag, member in known.items()}
    view_unknown = fallback.__sequence_viewer__(fallback.__sequence_plan__())
    branches = {tag: branch(f"{field}={tag}") for tag in known}
    other = branch(f"{field}=?")

    def choose(raw: object) -> str | None:
        tag = raw.get(field) if is_object(raw) else None
        return branches.get(tag, other) if isinstance(tag, str) else None

    def build(raw: object) -> object:
        if not is_object(raw):
            return raw
        tag = raw.get(field)
        return (views.get(tag, view_unknown) if isinstance(tag, str) else view_unknown)(raw)

    choices: dict[Any, CoreSchema] = {branches[tag]: member.__sequence_plan__().schema for tag, member in known.items()}
    choices[other] = fallback.__sequence_plan__().schema
    schema = core_schema.tagged_union_schema(
        choices,
        choose,
        custom_error_type="tag_missing",
        custom_error_message=f"an object with a text '{field}' is needed",
    )
    return Shape(schema, build)


def _keyed_union(members: tuple[object, ...], key: str) -> Shape:
    without, having = (shape_of(member) for member in members)
    build_without, build_having = without.build, having.build
    assert build_without is not None
    assert build_having is not None

    absent, present = branch(f"no {key}"), branch(key)

    def choose(raw: object) -> str | None:
        if not is_object(raw):
            return None
        return absent if raw.get(key) is None else present

    def build(raw: object) -> object:
        return build_without(raw) if not is_object(raw) or raw.get(key) is None else build_having(raw)

    schema = core_schema.tagged_union_schema(
        {absent: without.schema, present: having.schema},
        choose,
        custom_error_type="object_needed",
        custom_error_message="an object is needed",
    )
    return Shape(schema, build)


def _tag_of(member: object, field: str) -> str | None:
    annotation = member.model_fields[field].annotation if field in member.model_fields else None  # type: ignore[attr-defined]
    if get_origin(annotation) is not Literal:
        return None
    (tag,) = get_args(annotation)
    return str(tag)


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is read off a model class once: its schema and how its fields are made."""

    schema: CoreSchema
    known: frozenset[str]
    defaults: Mapping[str, Any]
    builders: tuple[tuple[str, Build], ...]

    def namespace(self, raw: dict[str, Any]) -> dict[str, Any]:
        """Return the attributes of a model over ``raw``; ``raw`` itself where no field needs building.

        Unknown keys never get in: one that is called like a method would hide the method.
        """
        complete = raw.keys() == self.known
        if complete and not self.builders:
            return raw
        if complete:
            names = raw.copy()
        else:
            names = {**self.defaults, **raw}
            for unknown in names.keys() - self.known:
                del names[unknown]
        for name, build in self.builders:
            value = names.get(name)
            if value is not None:
                names[name] = build(value)
        return names


def plan_of(cls: type[SequenceModel]) -> Plan:
    """Read a model class.

    Raises:
        TypeError: The class uses a feature of pydantic that has no meaning over a raw answer.
    """
    _refuse_behaviour(cls)
    fields: dict[str, core_schema.TypedDictField] = {}
    defaults: dict[str, Any] = {}
    builders: list[tuple[str, Build]] = []
    for name, info in cls.model_fields.items():
        try:
            shape = _field_shape(info)
        except TypeError as error:
            raise TypeError(f"{cls.__name__}.{name}: {error}") from None
        fields[name] = core_schema.typed_dict_field(shape.schema, required=info.is_required())
        if not info.is_required():
            defaults[name] = info.default
        if shape.build is not None:
            builders.append((name, shape.build))
    schema = core_schema.typed_dict_schema(fields, extra_behavior="ignore", cls_name=cls.__name__)
    return Plan(schema, frozenset(fields), defaults, tuple(builders))


def _field_shape(info: FieldInfo) -> Shape:
    if info.alias or info.validation_alias or info.serialization_alias:
        raise TypeError("a field carries its wire name; aliases are not supported")
    if info.default_factory is not None:
        raise TypeError("a field that may be absent has a plain default; factories are not supported")
    if others := [each for each in info.metadata if not isinstance(each, Marker)]:
        raise TypeError(f"constraints on what the server may send are not supported: {others!r}")
    marker = next(iter(info.metadata), None)
    if isinstance(marker, FreeForm):
        return Shape(_SCALARS[Any], shape_of(info.annotation).build)
    return shape_of(info.annotation, marker)


def _refuse_behaviour(cls: type[SequenceModel]) -> None:
    decorators = cls.__pydantic_decorators__
    found = {
        **decorators.validators,
        **decorators.field_validators,
        **decorators.root_validators,
        **decorators.model_validators,
        **decorators.field_serializers,
        **decorators.model_serializers,
        **decorators.computed_fields,
        **cls.__private_attributes__,
    }
    if found:
        raise TypeError(
            f"{cls.__name__}: a model only views what was received; validators, serializers, computed fields and"
            f" private attributes are not supported ({', '.join(found)}); a plain property is"
        )
