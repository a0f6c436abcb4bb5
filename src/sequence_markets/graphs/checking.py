"""What can be said against a node, an edge or risk settings by looking at nothing else."""

from __future__ import annotations

import math
import re
from collections.abc import Container, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final

from sequence_markets.errors import GraphFault
from sequence_markets.graphs import words
from sequence_markets.models._json import is_mapping
from sequence_markets.models.triggers import GRAPH_ENTRY_PRICE, PLAIN
from sequence_markets.units import MAX_INT64, PRICE_SCALE

_ID = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_ID_RULE: Final = "must be 1 to 128 letters, digits and _ . -"

_NODE_KEYS: Final = ("node_id", "instrument", "side", "order_type", "quantity", "execution", "activation")
_EXECUTION_KEYS: Final = ("policy", "urgency", "tif", "max_slippage_bps", "horizon_ms", "pacing")
_EDGE_KEYS: Final = ("edge_id", "from_node", "to_node", "trigger", "condition", "sizing", "delay_ms")
_RISK_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "admission": ("max_notional_usd",),
    "pre_trade": ("max_slippage_bps",),
    "runtime": ("max_loss_usd", "max_unhedged_qty_1e8"),
    "on_failure": ("action",),
}


class Faults:
    """Collects what is wrong with one owner."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.found: list[GraphFault] = []

    def add(self, field: str, rule: str) -> None:
        """Note a fault of a field, or of the owner itself where the field is ``""``."""
        self.found.append(GraphFault(self.owner, f"{field} {rule}" if field else rule))

    def keys(self, field: str, value: Mapping[str, Any], known: Sequence[str]) -> None:
        """Note every key that nobody knows."""
        for key in value:
            if key not in known:
                near = get_close_matches(str(key), known, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                self.add(field, f"has no {key!r}{hint}".strip())

    def mapping(self, field: str, value: object) -> Mapping[str, Any] | None:
        """Return an object, or note that it is none."""
        if is_mapping(value):
            return value
        self.add(field, f"must be an object, got {shown(value)}")
        return None

    def integer(self, field: str, value: object, *, least: int, most: int = MAX_INT64) -> int | None:
        """Return an integer within its bounds, or note what is wrong with it."""
        if isinstance(value, bool) or not isinstance(value, int):
            self.add(field, f"must be an integer, got {shown(value)}")
        elif not least <= value <= most:
            bounds = f"at least {least}" if most == MAX_INT64 and value < least else f"{least} to {most}"
            self.add(field, f"must be {bounds}, got {shown(value)}")
        else:
            return value
        return None

    def number(self, field: str, value: object) -> float | None:
        """Return a finite number, or note that it is none."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.add(field, f"must be a number, got {shown(value)}")
        elif not math.isfinite(value):
            self.add(field, f"must be finite, got {shown(value)}")
        else:
            return value
        return None

    def positive(self, field: str, value: object) -> float | None:
        """Return a number above zero, or note what is wrong with it."""
        number = self.number(field, value)
        if number is not None and number <= 0:
            self.add(field, f"must be above 0, got {shown(value)}")
            return None
        return number

    def word(self, field: str, value: object, known: Sequence[str]) -> None:
        """Note a word that is none of the known ones."""
        if value not in known or not isinstance(value, str):
            self.add(field, f"must be one of {', '.join(map(repr, known))}, got {shown(value)}")

    def id(self, field: str, value: object) -> None:
        """Note an id that cannot stand in an order id."""
        if not isinstance(value, str) or not _ID.fullmatch(value):
            self.add(field, f"{_ID_RULE}, got {shown(value)}")


def shown(value: object) -> str:
    """Return a value as a message shows it."""
    if isinstance(value, int) and value.bit_length() > 128:
        return f"an integer of {value.bit_length()} bits"  # Python refuses to print a huge one.
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def node_faults(node: Mapping[str, Any], owner: str = "") -> list[GraphFault]:
    """Return what is wrong with a node in the wire's form."""
    faults = Faults(owner or f"node {shown(node.get('node_id'))}")
    faults.keys("", node, _NODE_KEYS)
    faults.id("node_id", node.get("node_id"))
    instrument = faults.mapping("instrument", node.get("instrument"))
    predicts = False
    if instrument is not None:
        faults.keys("instrument", instrument, ("symbol", "type", "venue"))
        _text(faults, "instrument.symbol", instrument.get("symbol"))
        faults.word("instrument.type", instrument.get("type"), words.INSTRUMENT_TYPES)
        venue: object = instrument.get("venue")
        if venue is not None:
            _text(faults, "instrument.venue", venue)
        predicts = instrument.get("type") == "prediction" or venue in words.PREDICTION_VENUES
    faults.word("side", node.get("side"), words.SIDES)
    _order_type(faults, node.get("order_type"), predicts)
    qty = _quantity(faults, node.get("quantity"))
    _execution(faults, node.get("execution"), qty)
    if node.get("activation") is not None:
        faults.word("activation", node["activation"], words.ACTIVATIONS)
    return faults.found


def edge_faults(edge: Mapping[str, Any], owner: str, unread: Container[str] = ()) -> list[GraphFault]:
    """Return what is wrong with an edge in the wire's form, but for a trigger that is known to be wrong."""
    faults = Faults(owner)
    faults.keys("", edge, _EDGE_KEYS)
    faults.id("edge_id", edge.get("edge_id"))
    for end in ("from_node", "to_node"):
        if edge.get(end) is None:
            faults.add(end, "is missing")
        else:
            faults.id(end, edge[end])
    if "trigger" not in unread:
        _trigger(faults, edge.get("trigger"), edge.get("condition"))
    _sizing(faults, edge.get("sizing"))
    if edge.get("delay_ms") is not None:
        faults.integer("delay_ms", edge["delay_ms"], least=0)
    return faults.found


def risk_faults(risk: object) -> list[GraphFault]:
    """Return what is wrong with the risk settings of a graph."""
    faults = Faults("graph")
    layers = faults.mapping("risk", risk)
    if layers is None:
        return faults.found
    faults.keys("risk", layers, tuple(_RISK_KEYS))
    for layer, known in _RISK_KEYS.items():
        if layers.get(layer) is None:
            continue
        settings = faults.mapping(f"risk.{layer}", layers[layer])
        if settings is None:
            continue
        faults.keys(f"risk.{layer}", settings, known)
        for name in known:
            value: object = settings.get(name)
            field = f"risk.{layer}.{name}"
            if value is None:
                continue
            if name == "action":
                faults.word(field, value, words.FAILURE_ACTIONS)
            elif name == "max_slippage_bps":
                faults.integer(field, value, least=0)
            elif name == "max_unhedged_qty_1e8":
                faults.integer(field, value, least=1)
            else:
                faults.positive(field, value)
    return faults.found


def _text(faults: Faults, field: str, value: object) -> None:
    if not isinstance(value, str) or not value:
        faults.add(field, f"must be a text that is not empty, got {shown(value)}")


def _order_type(faults: Faults, value: object, predicts: bool) -> None:
    if value == "market":
        return
    outer: Mapping[str, Any] = value if is_mapping(value) else {}
    limit: object = outer.get("limit")
    if set(outer) != {"limit"} or not is_mapping(limit):
        faults.add("order_type", f"must be 'market' or {{'limit': {{'price_1e9': …}}}}, got {shown(value)}")
        return
    faults.keys("order_type.limit", limit, ("price_1e9",))
    price = faults.integer("order_type.limit.price_1e9", limit.get("price_1e9"), least=1)
    if predicts and price is not None and price > PRICE_SCALE:
        faults.add("limit price", f"must lie between 0 and 1 on a prediction market, got {price / PRICE_SCALE!r}")


def _quantity(faults: Faults, value: object) -> int | None:
    outer: Mapping[str, Any] = value if is_mapping(value) else {}
    for kind, unit in (("fixed", "qty_1e8"), ("notional", "usd_1e9")):
        inside: object = outer.get(kind)
        if set(outer) == {kind} and is_mapping(inside):
            faults.keys(f"quantity.{kind}", inside, (unit,))
            amount = faults.integer(f"quantity.{kind}.{unit}", inside.get(unit), least=1)
            return amount if kind == "fixed" else None
    given = "is missing" if value is None else f"got {shown(value)}"
    faults.add("quantity", f"must be {{'fixed': {{'qty_1e8': …}}}} or {{'notional': {{'usd_1e9': …}}}}, {given}")
    return None


def _execution(faults: Faults, value: object, qty: int | None) -> None:
    if value is None:
        return
    execution = faults.mapping("execution", value)
    if execution is None:
        return
    faults.keys("execution", execution, _EXECUTION_KEYS)
    for name, known in (("policy", words.POLICIES), ("urgency", words.URGENCIES), ("tif", words.TIMES_IN_FORCE)):
        if execution.get(name) is not None:
            faults.word(f"execution.{name}", execution[name], known)
    for name, least in (("max_slippage_bps", 0), ("horizon_ms", 1)):
        if execution.get(name) is not None:
            faults.integer(f"execution.{name}", execution[name], least=least)
    if execution.get("pacing") is not None:
        _pacing(faults, execution["pacing"], qty)


def _pacing(faults: Faults, value: object, qty: int | None) -> None:
    field = "execution.pacing"
    outer: Mapping[str, Any] = value if is_mapping(value) else {}
    uniform: object = outer.get("uniform")
    if set(outer) != {"uniform"} or not is_mapping(uniform):
        faults.add(field, f"must be {{'uniform': {{'num_slices': …, 'interval_ms': …}}}}, got {shown(value)}")
        return
    faults.keys(field, uniform, ("num_slices", "interval_ms"))
    slices = faults.integer(f"{field} num_slices", uniform.get("num_slices"), least=1, most=words.MOST_EXPANDED - 1)
    faults.integer(f"{field} interval_ms", uniform.get("interval_ms"), least=1)
    if slices is not None and qty is not None and slices > qty:
        faults.add(field, f"cannot cut a quantity_1e8 of {qty} into {slices} slices")


def _trigger(faults: Faults, value: object, condition: object) -> None:
    ratio: object = None
    if condition is not None:
        conditions = faults.mapping("condition", condition)
        if conditions is None:
            return
        faults.keys("condition", conditions, ("fill_ratio_gte",))
        ratio = conditions.get("fill_ratio_gte")
    if value == "on_fill_ratio":
        if ratio is None:
            faults.add("condition.fill_ratio_gte", "is missing: the trigger on_fill_ratio needs it")
        elif (number := faults.number("condition.fill_ratio_gte", ratio)) is not None and not 0 < number <= 1:
            faults.add("condition.fill_ratio_gte", f"must be above 0 and at most 1, got {shown(ratio)}")
        return
    if ratio is not None:
        faults.add("condition.fill_ratio_gte", f"does not go with the trigger {shown(value)}")
    if value is None:
        faults.add("trigger", "is missing")
    elif isinstance(value, str):
        if value not in PLAIN:
            near = get_close_matches(value, [*PLAIN, "on_fill_ratio", "on_timeout", "on_price"], n=1)
            faults.add("trigger", f"{value!r} is unknown" + (f"; did you mean {near[0]!r}?" if near else ""))
    else:
        _trigger_object(faults, value)


def _trigger_object(faults: Faults, value: object) -> None:
    outer: Mapping[str, Any] = value if is_mapping(value) else {}
    word = next(iter(outer), None)
    inside: object = outer.get(word) if word is not None else None
    if len(outer) != 1 or word not in ("on_timeout", "on_price"):
        faults.add("trigger", f"{shown(value)} is unknown; objects are {{'on_timeout': …}} and {{'on_price': …}}")
    elif not is_mapping(inside):
        faults.add(f"trigger {word}", f"must hold an object, got {shown(inside)}")
    elif word == "on_timeout":
        faults.keys("trigger on_timeout", inside, ("ms",))
        faults.integer("trigger on_timeout ms", inside.get("ms"), least=1)
    else:
        _on_price(faults, inside)


def _on_price(faults: Faults, price: Mapping[str, Any]) -> None:
    at = "trigger on_price"
    faults.keys(at, price, ("symbol", "direction", "reference", "offset_pct"))
    _text(faults, f"{at} symbol", price.get("symbol"))
    faults.word(f"{at} direction", price.get("direction"), ("above", "below"))
    reference: object = price.get("reference", GRAPH_ENTRY_PRICE)
    if isinstance(reference, str):
        faults.word(f"{at} reference", reference, (GRAPH_ENTRY_PRICE,))
    else:
        faults.positive(f"{at} reference", reference)
    offset = faults.number(f"{at} offset_pct", price.get("offset_pct", 0))
    if offset is not None and price.get("direction") == "below" and abs(offset) >= 100:
        faults.add(f"{at} offset_pct", f"of {shown(offset)} below the reference leaves no price above 0")


def _sizing(faults: Faults, value: object) -> None:
    if value is None or value in ("target", "source_fill"):
        return
    outer: Mapping[str, Any] = value if is_mapping(value) else {}
    if set(outer) == {"ratio"}:
        faults.positive("sizing.ratio", outer["ratio"])
    else:
        faults.add("sizing", f"must be 'target', 'source_fill' or {{'ratio': …}}, got {shown(value)}")
