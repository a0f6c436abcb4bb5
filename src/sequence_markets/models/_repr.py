"""How a model prints: by field, with human values, long lists and texts shortened."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from ._json import is_mapping, is_sequence
from .views import View

if TYPE_CHECKING:
    from .base import SequenceModel

_ROWS_SHOWN = 3
_TEXT_SHOWN = 48


def describe(model: SequenceModel) -> str:
    """Return ``Fill(side='BUY', qty=0.5, price=90010, ...)``: views in place of the fixed-point fields they read."""
    cls = type(model)
    views = views_of(cls)
    shown: list[str] = []
    for name in cls.model_fields:
        if name not in model.raw:
            continue
        view = views.get(name)
        try:
            value = getattr(model, view or name)
        except (TypeError, ValueError, OverflowError):
            view, value = None, model.raw[name]  # only an unvalidated model gets here
        shown.append(f"{view or name}={_short(value)}")
    shown.extend(f"{name}={_short(value)}" for name, value in model.model_extra.items())
    return f"{cls.__name__}({', '.join(shown)})"


def views_of(cls: type[SequenceModel]) -> dict[str, str]:
    """Return the name of the human view of each field that has one."""
    return {
        view.field: name
        for base in reversed(cls.__mro__)
        for name, view in vars(base).items()
        if isinstance(view, View)
    }


def _short(value: object) -> str:
    match value:
        case Decimal():
            text = format(value, "f")
            return text.rstrip("0").rstrip(".") if "." in text else text
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case str() if len(value) > _TEXT_SHOWN:
            return f"{value[: _TEXT_SHOWN - 9]!r}…{len(value)} chars"
        case _ if is_sequence(value):
            return _rows([_short(each) for each in value[:_ROWS_SHOWN]], len(value), "[]")
        case _ if is_mapping(value) and not hasattr(value, "raw"):
            head = list(value.items())[:_ROWS_SHOWN]
            return _rows([f"{key!r}: {_short(each)}" for key, each in head], len(value), "{}")
        case _:
            return repr(value)


def _rows(head: list[str], total: int, brackets: str) -> str:
    rest = f", … {total - len(head)} more" if total > len(head) else ""
    return f"{brackets[0]}{', '.join(head)}{rest}{brackets[1]}"
