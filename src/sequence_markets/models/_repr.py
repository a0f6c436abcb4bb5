"""How a model prints: by field, with human values, long lists and texts shortened."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from typing_extensions import TypeIs

from ._json import is_mapping, is_sequence
from .views import View

if TYPE_CHECKING:
    from .base import SequenceModel

_ROWS_SHOWN = 3
_TEXT_SHOWN = 48
_DEPTH_SHOWN = 6
_NEW_FIELDS_SHOWN = 12


def describe(model: SequenceModel, depth: int = _DEPTH_SHOWN) -> str:
    """Return ``Fill(side='BUY', qty=0.5, price=90010, ...)``: views in place of the fixed-point fields they read."""
    shown = [f"{name}={_short(value, depth)}" for name, value in shown_fields(model)]
    new = len(model.model_extra) - _NEW_FIELDS_SHOWN
    more = [f"… {new} more"] if new > 0 else []
    return f"{type(model).__name__}({', '.join([*shown, *more])})"


def shown_fields(model: SequenceModel) -> Iterator[tuple[str, object]]:
    """Yield the name and the value of each received field, the human view where there is one."""
    cls = type(model)
    views = views_of(cls)
    for name in cls.model_fields:
        if name not in model.raw:
            continue
        view = views.get(name)
        try:
            yield view or name, getattr(model, view or name)
        except OverflowError:
            yield name, model.raw[name]  # an instant that no datetime can hold
    for name, value in list(model.model_extra.items())[:_NEW_FIELDS_SHOWN]:
        yield _shortened(name if name.isidentifier() else repr(name)), value


def views_of(cls: type[SequenceModel]) -> dict[str, str]:
    """Return the name of the human view of each field that has one."""
    return {
        view.field: name
        for base in reversed(cls.__mro__)
        for name, view in vars(base).items()
        if isinstance(view, View)
    }


def _short(value: object, depth: int) -> str:
    match value:
        case Decimal():
            text = format(value, "f")
            return _shortened(text.rstrip("0").rstrip(".") if "." in text else text)
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case str():
            return repr(value) if len(value) <= _TEXT_SHOWN else f"{value[: _TEXT_SHOWN - 9]!r}…{len(value)} chars"
        case int() if value.bit_length() > 128:
            return f"<integer of {value.bit_length()} bits>"  # Python refuses to print a huge one.
        case _ if _is_model(value):
            return describe(value, depth - 1) if depth else "…"
        case _ if is_sequence(value):
            return _rows([_short(each, depth - 1) for each in value[:_ROWS_SHOWN]], len(value), "[]") if depth else "…"
        case _ if is_mapping(value):
            head = list(value.items())[:_ROWS_SHOWN] if depth else []
            rows = [f"{_short(key, depth)}: {_short(each, depth - 1)}" for key, each in head]
            return _rows(rows, len(value), "{}") if depth else "…"
        case _:
            return _shortened(repr(value))


def _is_model(value: object) -> TypeIs[SequenceModel]:
    return hasattr(type(value), "__sequence_plan__")


def _rows(head: list[str], total: int, brackets: str) -> str:
    rest = f", … {total - len(head)} more" if total > len(head) else ""
    return f"{brackets[0]}{', '.join(head)}{rest}{brackets[1]}"


def _shortened(text: str) -> str:
    return text if len(text) <= _TEXT_SHOWN else f"{text[: _TEXT_SHOWN - 1]}…"
