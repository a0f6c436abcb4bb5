"""The base of every answer: a validated, read-only model that also reads as the documented dict.

An answer is validated whole before a call returns. Its typed side is built when it is first touched: attributes give
models, tuples and exact values, subscripts give the very dicts and lists that came over the wire.
"""

from __future__ import annotations

import copy as _copy
import inspect
import re
import threading
from abc import ABCMeta
from collections import deque
from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, ValuesView
from dataclasses import dataclass
from difflib import get_close_matches
from operator import itemgetter
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self, TypeVar, cast, dataclass_transform

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic_core import CoreSchema, InitErrorDetails, SchemaSerializer, SchemaValidator, core_schema, from_json

from ._json import frozen, is_array, is_mapping, is_object, plain, without_none
from ._quick import Accepts, quick_check
from ._repr import describe, shown_fields
from ._shape import Plan, is_branch, plan_of
from .views import View

if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass

M = TypeVar("M", bound="SequenceModel")

_plan_lock = threading.RLock()
_raw_serializer = SchemaSerializer(core_schema.dict_schema())
_new = object.__new__


if TYPE_CHECKING:
    # Tells type checkers that equality is the models' own: pydantic's metaclass says that it is a dataclass's, and
    # pyright then takes every comparison with a dict for a mistake.
    @dataclass_transform(eq_default=False, frozen_default=True, kw_only_default=True)
    class _ModelMeta(ModelMetaclass):
        def __hash__(self) -> int: ...
else:
    _ModelMeta = type(BaseModel)


class SequenceModel(BaseModel, frozen=True, metaclass=_ModelMeta):
    """Base of every answer model.

    Attributes are typed and frozen. The model is also a read-only mapping over `raw`, keyed by the documented names:
    ``quote.nbbo.bid`` and ``quote["nbbo"]["bid"]`` read the same number. Fields that are newer than this SDK stay
    readable under their wire name, through subscripts and attributes alike.

    Example:
        >>> from sequence_markets.models import Nbbo
        >>> nbbo = Nbbo.model_validate({"bid": 1.0, "ask": 2.0, "mid": 1.5, "spread_bps": 6666.7, "new": "kept"})
        >>> nbbo.ask, nbbo["ask"], nbbo.raw["new"], "bid" in nbbo
        (2.0, 2.0, 'kept', True)
    """

    model_config = ConfigDict(
        extra="allow",
        strict=True,
        defer_build=True,
        hide_input_in_errors=True,
        ignored_types=(View,),
        protected_namespaces=(),
    )
    __slots__ = ("__sequence_raw__",)

    if TYPE_CHECKING:
        # Type checkers would take any other annotated attribute for a field of every model.
        __sequence_raw__: ClassVar[dict[str, Any]]

    def __init__(self, /, **data: Any) -> None:
        raw = plain(data)
        type(self).__sequence_validator__().validate_python(raw)
        _set_raw(self, raw)

    @property
    def raw(self) -> dict[str, Any]:
        """The answer exactly as it was received: the documented dict, unknown fields included."""
        return self.__sequence_raw__

    @classmethod
    def unvalidated(cls, raw: dict[str, Any]) -> Self:
        """Return the model over a dict that is known to be valid, or whose faults have been reported.

        Nothing is checked. A field of the wrong type reads as whatever was received.
        """
        self = _new(cls)
        _set_raw(self, raw)
        return self

    @classmethod
    def __sequence_plan__(cls) -> Plan:
        plan: Plan | None = cls.__dict__.get("__sequence_plan_cache__")
        if plan is None:
            with _plan_lock:
                plan = plan_of(cls)
                cls.__sequence_plan_cache__ = plan
        return plan

    @classmethod
    def __sequence_validator__(cls) -> SchemaValidator:
        validator: SchemaValidator | None = cls.__dict__.get("__sequence_validator_cache__")
        if validator is None:
            with _plan_lock:
                validator = SchemaValidator(cls.__sequence_plan__().schema, {"hide_input_in_errors": True})
                cls.__sequence_validator_cache__ = validator
        return validator

    @classmethod
    def __sequence_accepts__(cls) -> Accepts:
        accepts: Accepts | None = cls.__dict__.get("__sequence_accepts_cache__")
        if accepts is None:
            with _plan_lock:
                accepts = quick_check(cls.__sequence_plan__().schema)
                cls.__sequence_accepts_cache__ = accepts
        return accepts

    @classmethod
    def __sequence_viewer__(cls, plan: Plan) -> Callable[[Any], Any]:
        """Return what makes this model over a raw object."""
        known = plan.known if not plan.builders else None

        def view(raw: Any) -> Any:
            if not is_object(raw):
                return raw
            self = _new(cls)
            _set_raw(self, raw)
            if raw.keys() == known:
                _set_dict(self, raw)  # the attributes of such a row are its raw values, so they need no second dict
            return self

        return view

    @classmethod
    def __sequence_rows_viewer__(cls, plan: Plan) -> Callable[[list[Any]], tuple[Any, ...]]:
        """Return what makes this model over every raw object of a list: the viewer, in the interpreter's own loops."""
        view = cls.__sequence_viewer__(plan)
        if plan.builders or not plan.known:
            return lambda raws: tuple([view(raw) for raw in raws])
        read_all = itemgetter(*plan.known)
        size = {len(plan.known)}

        def view_all(raws: list[Any]) -> tuple[Any, ...]:
            try:
                complete = set(map(len, raws)) == size
                deque(map(read_all, raws), maxlen=0)
            except (KeyError, TypeError):  # a row without a field, or one that is no object
                complete = False
            if not complete:
                return tuple([view(raw) for raw in raws])
            models = tuple([_new(cls) for _ in raws])
            deque(map(_set_raw, models, raws), maxlen=0)
            deque(map(_set_dict, models, raws), maxlen=0)
            return models

        return view_all

    __sequence_plan_cache__: ClassVar[Plan]
    __sequence_validator_cache__: ClassVar[SchemaValidator]
    __sequence_accepts_cache__: ClassVar[Accepts]

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def validate(value: Any, check: core_schema.ValidatorFunctionWrapHandler) -> Any:
            if isinstance(value, cls):
                return value
            raw = plain(value) if is_mapping(value) else value
            check(raw)
            return cls.unvalidated(raw)

        return core_schema.no_info_wrap_validator_function(
            validate,
            cls.__sequence_plan__().schema,
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda model: model.raw if isinstance(model, SequenceModel) else model,
                return_schema=core_schema.dict_schema(),
            ),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        described = handler.resolve_ref_schema(handler(cls.__sequence_plan__().schema))
        described.update(title=cls.__name__, description=inspect.cleandoc(cls.__doc__ or "").partition("\n\n")[0])
        return described

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        """Return the model over a mapping, after validating it. Validation is always strict and takes no options.

        Raises:
            pydantic.ValidationError: A field is missing or of the wrong type.
        """
        _refuse_options("model_validate", options)
        if isinstance(obj, cls):
            return obj
        raw = plain(obj) if is_mapping(obj) else obj
        cls.__sequence_validator__().validate_python(raw)
        return cls.unvalidated(raw)

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **options: Any) -> Self:
        """Return the model over JSON text, after validating it. Validation is always strict and takes no options.

        Raises:
            pydantic.ValidationError: The text is not JSON, or a field is missing or of the wrong type.
        """
        _refuse_options("model_validate_json", options)
        try:
            raw = from_json(json_data, allow_inf_nan=False)
        except ValueError as error:
            fault = InitErrorDetails(type="json_invalid", loc=(), input=None, ctx={"error": str(error)})
            raise ValidationError.from_exception_data(cls.__name__, [fault], "json", hide_input=True) from None
        cls.__sequence_validator__().validate_python(raw)
        return cls.unvalidated(raw)

    @classmethod
    def model_construct(cls, /, _fields_set: set[str] | None = None, **values: Any) -> Self:
        """Return the model over the given fields without validating them."""
        return cls.unvalidated(plain(values))

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy, with some fields replaced. The replaced ones are validated, in `raw` and in attributes."""
        raw = _copy.deepcopy(self.raw) if deep else dict(self.raw)
        if not update:
            return self.unvalidated(raw)
        raw.update(plain(update))
        type(self).__sequence_validator__().validate_python(raw)
        return self.unvalidated(raw)

    def model_dump(self, *, exclude_none: bool = False, **options: Any) -> dict[str, Any]:
        """Return `raw` as new dicts and lists.

        Of pydantic's options ``mode``, ``include``, ``exclude`` and ``exclude_none`` apply; a model has no aliases, and
        what was not received is not in `raw`, so that the others change nothing.
        """
        raw = without_none(self.raw) if exclude_none else self.raw
        dumped: dict[str, Any] = _raw_serializer.to_python(raw, **options)
        return dumped

    def model_dump_json(self, *, exclude_none: bool = False, **options: Any) -> str:
        """Return `raw` as JSON text; ``indent`` and the options of `model_dump` apply."""
        raw = without_none(self.raw) if exclude_none else self.raw
        return _raw_serializer.to_json(raw, **options).decode()

    def to_json(self, *, indent: int | None = None) -> str:
        """Return `raw` as JSON text."""
        return self.model_dump_json(indent=indent)

    @property
    def model_extra(self) -> dict[str, Any]:
        """The received fields that this SDK does not know yet."""
        known = type(self).__sequence_plan__().known
        return {key: value for key, value in self.raw.items() if key not in known}

    @property
    def model_fields_set(self) -> set[str]:
        """The documented fields that were received."""
        return set(self.raw.keys() & type(self).__sequence_plan__().known)

    if not TYPE_CHECKING:
        # Hidden from type checkers, so that a misspelt field is an error there.
        def __getattr__(self, name: str) -> Any:
            cls = type(self)
            if name.startswith("__"):
                raise AttributeError(f"{cls.__name__!r} object has no attribute {name!r}")
            plan = cls.__sequence_plan__()
            raw = self.raw
            if name in plan.known:
                names = plan.namespace(raw)
                _set_dict(self, names)
                if name in names:
                    return names[name]
            elif name in raw:
                return raw[name]
            if name in plan.known:
                raise AttributeError(f"{cls.__name__} was received without its field {name!r}", name=name, obj=self)
            hint = get_close_matches(name, [*plan.known, *raw], n=1)
            wanted = f"; did you mean {hint[0]!r}?" if hint else ""
            raise AttributeError(f"{cls.__name__} has no field {name!r}{wanted}", name=name, obj=self)

    def __getitem__(self, key: str) -> Any:
        return self.raw[key]

    def __contains__(self, key: object) -> bool:
        return key in self.raw

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]  # keys, where pydantic yields pairs
        """Iterate over the keys, as a dict does; a page iterates over its rows."""
        return iter(self.raw)

    def __reversed__(self) -> Iterator[str]:
        return reversed(self.raw)

    def __len__(self) -> int:
        return len(self.raw)

    def __bool__(self) -> bool:
        return bool(self.raw)

    def keys(self) -> KeysView[str]:
        """Return the keys of `raw`."""
        return self.raw.keys()

    def values(self) -> ValuesView[Any]:
        """Return the values of `raw`."""
        return self.raw.values()

    def items(self) -> ItemsView[str, Any]:
        """Return the items of `raw`."""
        return self.raw.items()

    def get(self, key: str, default: Any = None) -> Any:
        """Return ``raw[key]``, or the default where the key is absent."""
        return self.raw.get(key, default)

    def copy(self, **options: Any) -> dict[str, Any]:  # type: ignore[override]
        """Return `raw` as new dicts and lists that may be changed at every level; the model stays as it is."""
        _refuse_options("copy", options)
        copied: dict[str, Any] = plain(self.raw)
        return copied

    def __or__(self, other: Mapping[str, Any]) -> dict[str, Any]:
        return {**self.raw, **other}

    def __ror__(self, other: Mapping[str, Any]) -> dict[str, Any]:
        return {**other, **self.raw}

    def __eq__(self, other: object) -> bool:
        if isinstance(other, SequenceModel):
            return self.raw == other.raw
        if is_mapping(other):
            other_raw: dict[str, Any] = plain(other)
            return self.raw == other_raw
        return NotImplemented

    def __hash__(self) -> int:
        return hash(frozen(self.raw))

    def _refuse(self, *_args: object, **_kwargs: object) -> NoReturn:
        raise TypeError(f"{type(self).__name__} is read-only; {_INSTEAD}")

    if not TYPE_CHECKING:
        # Hidden as well: a declared __setattr__ would allow every assignment.
        def __setattr__(self, name: str, value: object) -> NoReturn:
            raise AttributeError(f"{type(self).__name__} is read-only; {_INSTEAD}")

        def __delattr__(self, name: str) -> NoReturn:
            raise AttributeError(f"{type(self).__name__} is read-only; {_INSTEAD}")

        __setitem__ = __delitem__ = __ior__ = pop = popitem = clear = update = setdefault = _refuse

    def __copy__(self) -> Self:
        return self.unvalidated(dict(self.raw))

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        return self.unvalidated(_copy.deepcopy(self.raw, memo))

    def __reduce__(self) -> tuple[Any, ...]:
        return (_restore, (type(self), self.raw))

    def __reduce_ex__(self, _protocol: Any) -> tuple[Any, ...]:
        return self.__reduce__()

    def __repr__(self) -> str:
        return describe(self)

    def __str__(self) -> str:
        return describe(self)

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        """Return what pydantic's own printing, and with it rich's, shows of a model."""
        return list(shown_fields(self))

    def __dir__(self) -> list[str]:
        # Fields are no attributes of the class, and a notebook completes what dir() lists.
        return [*{*super().__dir__(), *type(self).__sequence_plan__().known, *filter(str.isidentifier, self.raw)}]

    def _ipython_key_completions_(self) -> list[str]:
        return list(self.raw)


class UnknownVariant(SequenceModel, frozen=True):
    """A member of a tagged union whose tag is newer than this SDK. Everything received is in `raw`."""

    __discriminator__: ClassVar[str]

    @property
    def tag(self) -> str:
        """The tag as it was received."""
        tag: str = self.raw.get(self.__discriminator__, "")
        return tag


class Rows(list[M]):
    """A list of models, as the documented list of dicts. `raw` gives those dicts.

    Example:
        >>> rows = seq.symbols()
        >>> rows[0].symbol == rows[0]["symbol"] == rows.raw[0]["symbol"]
        True
    """

    @property
    def raw(self) -> list[dict[str, Any]]:
        """The rows exactly as they were received."""
        return [row.raw for row in self]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a payload.

    Attributes:
        path: Where, for example ``venues.kraken.bid`` or ``positions[3].qty_1e8``.
        message: What is wrong there. It never quotes the value.
    """

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path or 'the answer'}: {self.message}"


class InvalidPayload(ValueError):
    """A body that is not the documented answer.

    Attributes:
        raw: What was received: the parsed JSON, or the text where it is not JSON.
        faults: What is wrong with it.
    """

    def __init__(self, raw: object, faults: tuple[Fault, ...]) -> None:
        more = f"; and {len(faults) - _FAULTS_SHOWN} more" if len(faults) > _FAULTS_SHOWN else ""
        super().__init__("; ".join(map(str, faults[:_FAULTS_SHOWN])) + more)
        self.raw = raw
        self.faults = faults

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.raw, self.faults))


def decode(body: bytes, target: type[M]) -> M:
    """Return an answer's body as a model, validated whole.

    Raises:
        InvalidPayload: The body is not JSON, or not what the model documents.
    """
    return checked(_parse(body), target)


def checked(raw: Any, target: type[M]) -> M:
    """Return parsed JSON as a model, validated whole.

    Raises:
        InvalidPayload: It is not what the model documents.
    """
    if not target.__sequence_accepts__()(raw):
        _check(target.__sequence_validator__(), raw)
    return target.unvalidated(raw)


def decode_rows(body: bytes, target: type[M], envelope: tuple[str, ...] = ()) -> Rows[M]:
    """Return the body of a list answer as models, validated whole.

    Args:
        body: The answer's bytes.
        target: The model of a row.
        envelope: Keys under which the list may stand when the body is an object.

    Raises:
        InvalidPayload: The body is not JSON, or not a list of the documented rows.
    """
    parsed = _parse(body)
    key = next((key for key in envelope if is_object(parsed) and is_array(parsed.get(key))), None)
    rows: Any = parsed if key is None else parsed[key]
    if not (is_array(rows) and all(map(target.__sequence_accepts__(), rows))):
        try:
            _rows_validator(target).validate_python(rows)
        except ValidationError as error:
            raise InvalidPayload(parsed, _faults(error, () if key is None else (key,))) from None
    return Rows([target.unvalidated(row) for row in rows])


def _rows_validator(target: type[SequenceModel]) -> SchemaValidator:
    validator: SchemaValidator | None = target.__dict__.get("__sequence_rows_cache__")
    if validator is None:
        with _plan_lock:
            schema = core_schema.list_schema(target.__sequence_plan__().schema, strict=True)
            validator = SchemaValidator(schema, {"hide_input_in_errors": True})
            type.__setattr__(target, "__sequence_rows_cache__", validator)
    return validator


def _parse(body: bytes) -> Any:
    try:
        # Values are ids more often than words, and a cache of those only costs.
        return from_json(body, allow_inf_nan=False, cache_strings="keys")
    except ValueError as error:
        text = body.decode("utf-8", "replace")
        raise InvalidPayload(text, (Fault("", f"not JSON ({error})"),)) from None


def _check(validator: SchemaValidator, raw: Any) -> None:
    try:
        validator.validate_python(raw)
    except ValidationError as error:
        raise InvalidPayload(raw, _faults(error)) from None


def _faults(error: ValidationError, under: tuple[str, ...] = ()) -> tuple[Fault, ...]:
    return tuple(
        Fault(_path((*under, *each["loc"])), each["msg"])
        for each in error.errors(include_url=False, include_context=False, include_input=False)
    )


def _path(location: tuple[int | str, ...]) -> str:
    return "".join(_step(part) for part in location if not is_branch(part)).removeprefix(".")


def _step(part: int | str) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    return f".{part}" if _PLAIN_KEY.fullmatch(part) else f"[{part!r}]"


def _refuse_options(method: str, options: dict[str, Any]) -> None:
    if used := sorted(name for name, value in options.items() if value is not None):
        raise TypeError(f"{method}() takes no options, got {', '.join(used)}")


_PLAIN_KEY = re.compile(r"[\w-]+")
_FAULTS_SHOWN = 5
_INSTEAD = "take model.copy() for a dict to change, or model.model_copy(update={...}) for another model"
_set_raw: Callable[[Any, Any], None] = SequenceModel.__dict__["__sequence_raw__"].__set__
_set_dict: Callable[[Any, Any], None] = BaseModel.__dict__["__dict__"].__set__


def _restore(cls: type[M], raw: dict[str, Any]) -> M:
    return cls.unvalidated(raw)


# Registered, not inherited: a model is a mapping to isinstance() and match, and pydantic keeps its own class layout.
cast("ABCMeta", Mapping).register(SequenceModel)
