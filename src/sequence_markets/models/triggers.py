"""When an edge of an execution graph fires: a union of small values, read from and written to the wire's forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from sequence_markets.units import Number, exact_float

from ._json import is_mapping

GRAPH_ENTRY_PRICE: Final = "graph_entry_price"


@dataclass(frozen=True, slots=True)
class OnAccepted:
    """Fires once, when the source's order is acknowledged."""


@dataclass(frozen=True, slots=True)
class OnFirstFill:
    """Fires once, at the source's first fill."""


@dataclass(frozen=True, slots=True)
class OnFill:
    """Fires at every fill of the source: a streaming hedge."""


@dataclass(frozen=True, slots=True)
class OnFillRatio:
    """Fires once, when the source is filled to a ratio.

    Attributes:
        ratio: The filled part of the source's quantity, above 0 and at most 1.
    """

    ratio: Number


@dataclass(frozen=True, slots=True)
class OnFullFill:
    """Fires once, when the source is wholly filled."""


@dataclass(frozen=True, slots=True)
class OnTimeout:
    """Fires once, some time after the source was activated.

    Attributes:
        ms: Milliseconds, at least 1.
    """

    ms: int


@dataclass(frozen=True, slots=True)
class OnCancel:
    """Fires once, when the source is cancelled."""


@dataclass(frozen=True, slots=True)
class OnDone:
    """Fires once, when the source reaches any state that it does not leave."""


@dataclass(frozen=True, slots=True)
class OnPrice:
    """Fires once, when the quoted mid of a symbol reaches a price.

    Attributes:
        symbol: Symbol to watch.
        direction: ``"above"`` or ``"below"``: from which side the price counts as reached.
        reference: ``"graph_entry_price"``, the average price the source was filled at, or a price of your own.
        offset_pct: Distance from the reference in percent. Only its size counts; the direction gives the side.
    """

    symbol: str
    direction: Literal["above", "below"]
    reference: Number = GRAPH_ENTRY_PRICE
    offset_pct: Number = 0


@dataclass(frozen=True, slots=True)
class UnknownTrigger:
    """A trigger this SDK does not know.

    Attributes:
        raw: The trigger as it stands in the edge.
    """

    raw: Any


Trigger = (
    OnAccepted
    | OnFirstFill
    | OnFill
    | OnFillRatio
    | OnFullFill
    | OnTimeout
    | OnCancel
    | OnDone
    | OnPrice
    | UnknownTrigger
)
"""When an edge fires."""

PLAIN: Final[Mapping[str, Trigger]] = {
    "on_accepted": OnAccepted(),
    "on_first_fill": OnFirstFill(),
    "on_fill": OnFill(),
    "on_full_fill": OnFullFill(),
    "on_cancel": OnCancel(),
    "on_done": OnDone(),
}
"""The triggers that are one word on the wire."""

_WORDS: Final = {type(trigger): word for word, trigger in PLAIN.items()}

SPELLINGS: Final[Mapping[str, str]] = {
    **{word: word for word in PLAIN},
    "accepted": "on_accepted",
    "first_fill": "on_first_fill",
    "fill": "on_fill",
    "full_fill": "on_full_fill",
    "cancel": "on_cancel",
    "cancelled": "on_cancel",
    "done": "on_done",
    "on_fill_ratio": "on_fill_ratio",
    "fill_ratio": "on_fill_ratio",
    "fill_pct": "on_fill_ratio",
    "on_timeout": "on_timeout",
    "timeout": "on_timeout",
    "on_price": "on_price",
    "price": "on_price",
}
"""Every spelling of a trigger that is understood, and the wire's."""


def trigger_from_wire(raw: object, condition: object = None) -> Trigger:
    """Return the trigger that the wire's ``trigger`` and ``condition`` of an edge stand for."""
    ratio: Any = condition.get("fill_ratio_gte") if is_mapping(condition) else None
    if isinstance(raw, str):
        word = SPELLINGS.get(raw, raw)
        if ratio is not None and word in ("on_fill_ratio", "on_fill"):
            return OnFillRatio(ratio)
        return PLAIN.get(word, UnknownTrigger(raw))
    if is_mapping(raw) and len(raw) == 1:
        ((word, inside),) = raw.items()
        match word, inside:
            case "on_timeout", {"ms": int(ms)}:
                return OnTimeout(ms)
            case "on_price", {"symbol": str(symbol), "direction": "above" | "below" as direction}:
                reference = inside.get("reference", GRAPH_ENTRY_PRICE)
                return OnPrice(symbol, direction, reference, inside.get("offset_pct", 0))
            case _:
                pass
    return UnknownTrigger(raw)


def trigger_to_wire(trigger: Trigger) -> tuple[Any, dict[str, Any] | None]:
    """Return the wire's ``trigger`` and ``condition`` of an edge.

    Raises:
        ValueError: A number does not fit.
        TypeError: A number is none.
    """
    match trigger:
        case OnFillRatio(ratio):
            return "on_fill_ratio", {"fill_ratio_gte": exact_float(ratio, "value")}
        case OnTimeout(ms):
            return {"on_timeout": {"ms": ms}}, None
        case OnPrice(symbol, direction, reference, offset_pct):
            inside: dict[str, Any] = {
                "symbol": symbol,
                "direction": direction,
                "reference": reference
                if reference == GRAPH_ENTRY_PRICE
                else exact_float(reference, "reference", allow_zero=False),
                "offset_pct": exact_float(offset_pct, "offset_pct", allow_zero=True, allow_negative=True),
            }
            return {"on_price": inside}, None
        case UnknownTrigger(raw):
            return raw, None
        case _:
            return _WORDS[type(trigger)], None
