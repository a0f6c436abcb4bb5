"""Payloads for every model, derived from its annotations alone.

Nothing here looks at how the models read their annotations: it is a second reading of the same declarations, so that
the two can be held against each other.
"""

from __future__ import annotations

import copy
import importlib
import pkgutil
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from hypothesis import strategies as st

import sequence_markets.models
from sequence_markets.models import Levels, SequenceModel, UnknownVariant
from sequence_markets.models._shape import FreeForm, Keyed, Tagged
from sequence_markets.models.views import View

Model = type[SequenceModel]
Json = st.SearchStrategy[Any]


def every_model() -> list[Model]:
    """Return every model class of the package; a new one is found by itself."""
    for module in pkgutil.iter_modules(sequence_markets.models.__path__, "sequence_markets.models."):
        importlib.import_module(module.name)
    return sorted(_below(SequenceModel), key=lambda cls: (cls.__module__, cls.__name__))


def _below(cls: Model) -> set[Model]:
    found = {sub for sub in cls.__subclasses__() if sub.__module__.startswith("sequence_markets.models.")}
    return found.union(*map(_below, found)) - {UnknownVariant}


def views_of(model: Model) -> dict[str, View[Any]]:
    return {
        name: each for base in reversed(model.__mro__) for name, each in vars(base).items() if isinstance(each, View)
    }


# --- what an annotation means ---


@dataclass(frozen=True, slots=True)
class Meaning:
    """An annotation, taken apart."""

    kind: Literal["text", "int", "float", "bool", "any", "tag", "list", "map", "levels", "model", "tagged", "keyed"]
    optional: bool = False
    words: tuple[str, ...] = ()
    item: Any = None
    members: tuple[Model, ...] = ()
    key: str = ""
    free: bool = False

    @property
    def known(self) -> dict[str, Model]:
        """The members of a tagged union by their tag."""
        return {_tag(each, self.key): each for each in self.members if not issubclass(each, UnknownVariant)}

    @property
    def unknown(self) -> Model:
        return next(each for each in self.members if issubclass(each, UnknownVariant))


def _tag(model: Model, key: str) -> str:
    (word,) = get_args(model.model_fields[key].annotation)
    return str(word)


_PLAIN: dict[object, Literal["text", "int", "float", "bool", "any"]] = {
    str: "text",
    int: "int",
    float: "float",
    bool: "bool",
    Any: "any",
}


def meaning(annotation: Any, marker: Tagged | Keyed | None = None) -> Meaning:
    origin, args = get_origin(annotation), get_args(annotation)
    if annotation in _PLAIN:
        return Meaning(_PLAIN[annotation])
    if annotation is Levels:
        return Meaning("levels")
    if origin is Annotated:
        return meaning(args[0], args[1])
    if origin is Literal:
        return Meaning("tag", words=args)
    if origin is tuple:
        return Meaning("list", item=args[0])
    if origin is Mapping:
        return Meaning("map", item=args[1])
    if origin in (Union, types.UnionType):
        rest = tuple(each for each in args if each is not types.NoneType)
        if len(rest) < len(args):
            inner = meaning(Union[rest], marker)  # noqa: UP007
            return Meaning(inner.kind, True, inner.words, inner.item, inner.members, inner.key)
        if isinstance(marker, Tagged):
            return Meaning("tagged", members=rest, key=marker.field)
        if isinstance(marker, Keyed):
            return Meaning("keyed", members=rest, key=marker.key)
        words = [word for each in rest if get_origin(each) is Literal for word in get_args(each)]
        assert [each for each in rest if get_origin(each) is not Literal] == [str], annotation
        return Meaning("text", words=tuple(words))
    assert issubclass(annotation, SequenceModel), annotation
    return Meaning("model", members=(annotation,))


@cache
def fields(model: Model) -> dict[str, Meaning]:
    found: dict[str, Meaning] = {}
    for name, info in model.model_fields.items():
        marker = next((each for each in info.metadata if isinstance(each, Tagged | Keyed)), None)
        what = meaning(info.annotation, marker)
        # Nothing in a free-form field is wrong, so only what fits its annotation is drawn here.
        found[name] = replace(what, free=True) if any(isinstance(each, FreeForm) for each in info.metadata) else what
    return found


# --- payloads made by hypothesis ---

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
integers = st.integers() | st.sampled_from([0, -1, 2**53 + 1, 2**63 - 1, 2**63, 2**64 + 1, -(2**63), 10**30])
numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**18), 10**18)
# Drawn whole, not built: what is unknown is only carried, and building it would take most of the time.
_CARRIED: list[Any] = [
    None,
    True,
    0,
    -0.0,
    2**64 + 1,
    10**30,
    1e22,
    5e-324,
    "",
    "long " * 40,
    [],
    {},
    [{}],
    {"": None},
    [1, [2.5, [None, {"a b": []}]]],
    {"items": [1], "kind": "x", "deep": {"raw": {"keys": {}}}},
    list(range(100)),
]
json_values: Json = texts | st.sampled_from(_CARRIED).map(copy.deepcopy)

_BORROWED = [name for owner in (SequenceModel, dict, Mapping, object) for name in dir(owner)]
_ODD = ["", " ", "a b", "1", "self", "cls", "raw", "kласс", "\x00", "_private", "__class__", "__sequence_raw__", "<x>"]
_VIEWS = ["qty", "price", "fee", "as_of", "timestamp", "nav_usd", "last_heartbeat", "tag", "is_final", "quoted"]
trap_names = st.sampled_from(sorted({*_BORROWED, *_ODD, *_VIEWS})) | texts


def values(what: Meaning) -> Json:
    """Return valid raw values of one field, null included where it is documented."""
    made = _values(what)
    return st.none() | made if what.optional else made


def _values(what: Meaning) -> Json:
    match what.kind:
        case "text":
            return st.sampled_from(what.words) | texts if what.words else texts
        case "int":
            return integers
        case "float":
            return numbers
        case "bool":
            return st.booleans()
        case "any":
            return json_values
        case "tag":
            return st.sampled_from(what.words)
        case "list":
            return st.lists(values(meaning(what.item)), max_size=2)
        case "map":
            return st.dictionaries(texts, values(meaning(what.item)), max_size=2)
        case "levels":
            return st.lists(st.lists(numbers, min_size=2, max_size=2), max_size=2)
        case "model":
            return payloads(what.members[0])
        case "tagged":
            known = [payloads(each) for each in what.known.values()]
            words = texts.filter(lambda word: word not in what.known) | st.just("unknown")
            newer = st.tuples(payloads(what.unknown), words).map(lambda made: {**made[0], what.key: made[1]})
            return st.one_of(*known, newer)
        case "keyed":
            without, having = what.members
            return payloads(without, never=what.key) | payloads(having)


@cache
def payloads(model: Model, never: str = "") -> Json:
    """Return valid raw answers of a model: optional fields absent, null or there; unknown keys; keys in any order."""
    known = fields(model)
    required = {name: values(each) for name, each in known.items() if model.model_fields[name].is_required()}
    optional = {name: values(each) for name, each in known.items() if name not in required}
    body = st.fixed_dictionaries(required, optional=optional)
    newer = trap_names.filter(lambda name: name not in known and name != never)
    extra = st.lists(st.tuples(newer, json_values), max_size=2)

    def mixed(made: tuple[dict[str, Any], list[tuple[str, Any]], int]) -> dict[str, Any]:
        items = [*made[0].items(), *made[1]]
        turn = made[2] % len(items) if items else 0
        return dict([*items[turn:], *items[:turn]])

    return st.tuples(body, extra, st.integers(0, 5)).map(mixed)


# --- one whole payload, and every place in it ---


def sample(model: Model, pick: int = 0, *, whole: bool = True) -> dict[str, Any]:
    """Return a valid answer with every field (or only the required ones) and one row in each list.

    ``pick`` chooses the member wherever a union stands.
    """
    return {
        name: _sample(each, pick, whole=whole)
        for name, each in fields(model).items()
        if whole or model.model_fields[name].is_required()
    }


def _sample(what: Meaning, pick: int, *, whole: bool) -> Any:
    match what.kind:
        case "text":
            return "SOME-TEXT"
        case "int":
            return 4_200_000_000
        case "float":
            return 42.5
        case "bool":
            return True
        case "any":
            return {"any": ["thing"]}
        case "tag":
            return what.words[0]
        case "list":
            return [_sample(meaning(what.item), pick, whole=whole)]
        case "map":
            return {"kraken": _sample(meaning(what.item), pick, whole=whole)}
        case "levels":
            return [[42.5, 42.5]]
        case "model" | "keyed":
            return sample(what.members[pick % len(what.members)], pick, whole=whole)
        case "tagged":
            members = [*what.known.values(), what.unknown]
            member = members[pick % len(members)]
            if member is what.unknown:
                return {what.key: "newer", "detail": 1}
            return sample(member, pick, whole=whole)


def picks(model: Model) -> int:
    """Return how many ``pick`` values it takes to see every member of every union below a model."""
    most = 1
    for each in fields(model).values():
        while each.kind in ("list", "map"):
            each = meaning(each.item)
        most = max(most, len(each.members), *(picks(member) for member in each.members))
    return most


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a payload: how to get there, how a fault names it, and what is documented to stand there."""

    steps: tuple[str | int, ...]
    path: str
    what: Meaning
    required: bool

    def replaced(self, raw: dict[str, Any], value: object) -> dict[str, Any]:
        """Return the payload with another value at this place."""
        changed, parent = self._opened(raw)
        parent[self.steps[-1]] = value
        return changed

    def removed(self, raw: dict[str, Any]) -> dict[str, Any]:
        """Return the payload without what stands at this place."""
        changed, parent = self._opened(raw)
        del parent[self.steps[-1]]
        return changed

    def _opened(self, raw: dict[str, Any]) -> tuple[dict[str, Any], Any]:
        changed = copy.deepcopy(raw)
        parent: Any = changed
        for step in self.steps[:-1]:
            parent = parent[step]
        return changed, parent


def places(model: Model, raw: dict[str, Any], steps: tuple[str | int, ...] = (), path: str = "") -> Iterator[Place]:
    for name, what in fields(model).items():
        if name in raw:
            required = model.model_fields[name].is_required()
            here = f"{path}.{name}" if path else name
            yield from _places(what, raw[name], (*steps, name), here, required)


def _places(what: Meaning, raw: Any, steps: tuple[str | int, ...], path: str, required: bool) -> Iterator[Place]:
    if what.free:
        return
    yield Place(steps, path, what, required)
    match what.kind:
        case "list":
            for index, each in enumerate(raw):
                yield from _places(meaning(what.item), each, (*steps, index), f"{path}[{index}]", True)
        case "map":
            for key, each in raw.items():
                yield from _places(meaning(what.item), each, (*steps, key), f"{path}.{key}", True)
        case "model" | "tagged" | "keyed":
            yield from places(member_of(what, raw), raw, steps, path)
        case _:
            pass


def member_of(what: Meaning, raw: dict[str, Any]) -> Model:
    """Return the class that a raw object must become."""
    match what.kind:
        case "tagged":
            return what.known.get(raw[what.key], what.unknown)
        case "keyed":
            return what.members[0 if raw.get(what.key) is None else 1]
        case _:
            return what.members[0]
