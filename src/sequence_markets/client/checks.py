"""Checks of arguments that do not depend on the server. All raise before any request."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final, cast

from sequence_markets.units import NS_PER_SECOND, ns_from_datetime

MAX_INT64: Final = 2**63 - 1

_GRAPH_ID = re.compile(r"[A-Za-z0-9_.~-]{1,128}")


def text(value: object, name: str) -> str:
    """Return a text that is not empty."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {type(value).__name__}")
    if not value:
        raise ValueError(f"{name} must not be empty")
    return value


def path_part(value: object, name: str) -> str:
    """Return a text that can stand as one part of a path."""
    part = text(value, name)
    if part in (".", ".."):
        # Encoding leaves dots alone, and servers resolve these two.
        raise ValueError(f"{name} must not be {part!r}")
    return part


def optional_text(value: object, name: str) -> str | None:
    """Return ``None`` or a text that is not empty."""
    return None if value is None else text(value, name)


def boolean(value: object, name: str) -> bool:
    """Return a bool, and nothing that merely looks like one."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be a bool, not {type(value).__name__}")
    return value


def integer(value: object, name: str, *, least: int, most: int = MAX_INT64) -> int:
    """Return an int within its bounds."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")
    if not least <= value <= most:
        bounds = f"at least {least}" if most == MAX_INT64 else f"{least} to {most}"
        raise ValueError(f"{name} must be {bounds}, got {value}")
    return value


def clamped(value: object, name: str, *, least: int, most: int) -> int:
    """Return an int moved into its bounds, for the arguments documented as clamped."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")
    return min(max(value, least), most)


def one_of(value: object, name: str, known: tuple[str, ...]) -> str | None:
    """Return ``None`` or one of the known words."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError(f"{name} must be one of {', '.join(map(repr, known))}, not {type(value).__name__}")
    if value not in known:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, known))}, got {value!r}")
    return value


def texts(value: object, name: str) -> list[str]:
    """Return a list of texts; a single ``str`` is refused rather than cut into letters."""
    if isinstance(value, str | bytes | bytearray):
        raise TypeError(f"{name} must be a list of str, not a single {type(value).__name__}: use [{name}]")
    if not isinstance(value, Iterable):
        raise TypeError(f"{name} must be a list of str, not {type(value).__name__}")
    return [text(item, f"{name}[{index}]") for index, item in enumerate(cast("Iterable[object]", value))]


def comma_list(value: object, name: str) -> str:
    """Return texts joined for a query; a text that itself holds a comma cannot be sent that way."""
    items = texts(value, name)
    for item in items:
        if "," in item:
            raise ValueError(f"{name} must not contain commas, got {item!r}")
    return ",".join(items)


def seconds(value: object, name: str = "timeout") -> float:
    """Return a time limit in seconds: finite and more than zero."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} must be a number of seconds, not {type(value).__name__}")
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name} must be a finite number of seconds above zero, got {value!r}")
    return float(value)


def unix_seconds(value: object, name: str, *, up: bool = False) -> int:
    """Return whole seconds since the epoch; a ``datetime`` between two is moved back, or on with ``up``."""
    if isinstance(value, datetime):
        ns = ns_from_datetime(value, name)
        value = -(-ns // NS_PER_SECOND) if up else ns // NS_PER_SECOND
    return integer(value, name, least=0)


def window(start: object, end: object, names: tuple[str, str] = ("start_ts", "end_ts")) -> tuple[int, int] | None:
    """Return a span of time in seconds that holds all of what was asked for, or ``None`` when no end is given."""
    if (start is None) != (end is None):
        raise ValueError(f"give both {names[0]} and {names[1]}, or neither")
    if start is None:
        return None
    first, last = unix_seconds(start, names[0]), unix_seconds(end, names[1], up=True)
    if first >= last:
        raise ValueError(f"{names[0]} must be before {names[1]}, got {first} and {last}")
    return first, last


def new_graph_id(value: object) -> str:
    """Return a caller's own graph id, which must fit inside a node order id and a path."""
    graph_id = path_part(value, "graph_id")
    if not _GRAPH_ID.fullmatch(graph_id):
        raise ValueError(f"graph_id may hold letters, digits and _ . ~ - only, at most 128 of them, got {graph_id!r}")
    return graph_id


def graph_of_order(node_order_id: str, name: str = "node_order_id") -> str:
    """Return the graph id, the second field of ``graph:<graph_id>:<node_id>:<seq>``."""
    fields = node_order_id.split(":")
    if len(fields) < 4 or fields[0] != "graph" or not all(fields) or not fields[-1].isdecimal():
        raise ValueError(f"{name} must look like graph:<graph_id>:<node_id>:<seq>, got {node_order_id!r}")
    return path_part(fields[1], name)


def graph_of_order_or_none(node_order_id: str) -> str | None:
    """Return the graph id of an order id, or ``None`` where it has another form."""
    try:
        return graph_of_order(node_order_id)
    except ValueError:
        return None


def graph_or_order(value: object, name: str = "graph_or_order_id") -> str:
    """Return the graph id of a graph id or a node order id."""
    given = path_part(value, name)
    if ":" in given:
        return graph_of_order(given, name)
    if given == "graph" or given != given.strip():
        raise ValueError(f"{name} must be a graph id or graph:<graph_id>:<node_id>:<seq>, got {given!r}")
    return given
