"""Plain JSON values: telling them apart, for people and type checkers alike, and making them from richer ones."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, TypeGuard

from typing_extensions import TypeIs


def is_object(value: object) -> TypeIs[dict[str, Any]]:
    """Whether a raw value is a JSON object; its keys are always text."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeIs[list[Any]]:
    """Whether a raw value is a JSON array."""
    return isinstance(value, list)


def is_integer(value: object) -> TypeGuard[int]:
    """Whether a raw value is a JSON integer, which no bool is."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_mapping(value: object) -> TypeIs[Mapping[str, Any]]:
    """Whether a value reads as a JSON object: a dict, a model, or any other mapping."""
    return isinstance(value, Mapping)


def is_sequence(value: object) -> TypeIs[list[Any] | tuple[Any, ...]]:
    """Whether a value reads as a JSON array."""
    return isinstance(value, list | tuple)


def plain(value: object) -> Any:
    """Return a value made of models, mappings and sequences as new dicts and lists."""
    if is_mapping(value):
        return {key: plain(each) for key, each in value.items()}
    if is_sequence(value):
        return [plain(each) for each in value]
    return value


def without_none(value: object) -> Any:
    """Return a raw value as new dicts and lists, without the keys that are null."""
    if is_object(value):
        return {key: without_none(each) for key, each in value.items() if each is not None}
    if is_array(value):
        return [without_none(each) for each in value]
    return value


def frozen(value: object) -> Hashable:
    """Return an equal, hashable stand-in for a raw value."""
    if is_object(value):
        return frozenset((key, frozen(each)) for key, each in value.items())
    if is_array(value):
        return tuple([frozen(each) for each in value])
    assert isinstance(value, Hashable)
    return value
