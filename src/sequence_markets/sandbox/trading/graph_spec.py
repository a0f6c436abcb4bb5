"""Reading edges, risk rules and pacing of a submission, and checking that a graph can run at all."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal
from typing import Final, cast

from sequence_markets.sandbox.instruments import Catalogue
from sequence_markets.sandbox.trading.amounts import shares
from sequence_markets.sandbox.trading.graphs import EdgeSpec, RiskSpec
from sequence_markets.sandbox.trading.problems import ID_RULE, Problems, as_mapping, is_id
from sequence_markets.sandbox.trading.state import OrderSpec
from sequence_markets.units import MAX_INT64, price_to_1e9

__all__ = ["MOST_EDGES", "MOST_EXPANDED", "MOST_NODES", "NodeRead", "Shape", "read_edges", "read_pacing", "read_risk"]

MOST_NODES: Final = 100
MOST_EDGES: Final = 200
MOST_EXPANDED: Final = 1000
"""Nodes once every paced node is cut into slices."""

_LONGEST_MS: Final = 366 * 24 * 3600 * 1000
_E18: Final = 10**18
_WORDS: Final = {
    "on_accepted": "on_accepted",
    "accepted": "on_accepted",
    "on_first_fill": "on_first_fill",
    "first_fill": "on_first_fill",
    "on_fill": "on_fill",
    "fill": "on_fill",
    "on_fill_ratio": "on_fill_ratio",
    "fill_ratio": "on_fill_ratio",
    "fill_pct": "on_fill_ratio",
    "on_full_fill": "on_full_fill",
    "full_fill": "on_full_fill",
    "on_cancel": "on_cancel",
    "cancel": "on_cancel",
    "cancelled": "on_cancel",
    "on_done": "on_done",
    "done": "on_done",
}
_EDGE_KEYS: Final = frozenset(
    {"edge_id", "from_node", "to_node", "trigger", "condition", "value", "sizing", "delay_ms"}
)
_PRICE_KEYS: Final = frozenset({"symbol", "direction", "reference", "offset_pct"})
_ACTIONS: Final = ("cancel_all", "pause", "none")


@dataclass(frozen=True, slots=True)
class NodeRead:
    """A node as it was read: `activation` is "root", "wait" or "" for not said; `pacing` is (slices, interval in ms),
    or None. `spec` is None when something about the order is wrong."""

    at: str
    node_id: str
    spec: OrderSpec | None
    activation: str
    pacing: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Shape:
    """A graph with its paced nodes cut into slices, as the journal keeps it."""

    nodes: tuple[tuple[str, OrderSpec], ...]
    waiting: tuple[int, ...] = ()
    slices: tuple[tuple[int, int], ...] = ()
    edges: tuple[tuple[str, int, int, EdgeSpec], ...] = ()


@dataclass(frozen=True, slots=True)
class _EdgeRead:
    at: str
    edge_id: str
    source: int
    target: int
    spec: EdgeSpec


def read_pacing(problems: Problems, at: str, value: object, qty: int) -> tuple[int, int] | None:
    """Read a pacing block: (number of slices, interval in ms)."""
    pacing = as_mapping(value)
    uniform = as_mapping(pacing.get("uniform")) if pacing is not None else None
    if pacing is None or uniform is None or len(pacing) != 1:
        problems.add(at, "must be {'uniform': {'num_slices': ..., 'interval_ms': ...}}")
        return None
    problems.keys(f"{at}.uniform", uniform, frozenset({"num_slices", "interval_ms"}))
    count = problems.bounded(f"{at}.uniform.num_slices", uniform.get("num_slices"), 1, MOST_EXPANDED - 1)
    interval = problems.bounded(f"{at}.uniform.interval_ms", uniform.get("interval_ms"), 1, _LONGEST_MS)
    if count is None or interval is None:
        return None
    if qty and count > qty:
        problems.add(f"{at}.uniform.num_slices", f"a quantity of {qty} (1e-8) cannot be cut into {count} slices")
        return None
    return count, interval


def read_edges(problems: Problems, value: object, nodes: Sequence[NodeRead], catalogue: Catalogue) -> Shape | None:
    """Read the edges of a graph and check its shape; None when something is wrong."""
    edges = _read_edges(problems, value, nodes, catalogue)
    _check_ids(problems, nodes, edges)
    _check_shape(problems, nodes, edges)
    expanded = len(nodes) + sum(node.pacing[0] for node in nodes if node.pacing)
    if expanded > MOST_EXPANDED:
        problems.add("nodes", f"pacing makes this {expanded} nodes; at most {MOST_EXPANDED} are taken")
    if problems.found:
        return None
    return _expand(nodes, edges)


def _read_edges(problems: Problems, value: object, nodes: Sequence[NodeRead], catalogue: Catalogue) -> list[_EdgeRead]:
    if value is None:
        return []
    if not isinstance(value, list):
        problems.add("edges", "must be a list")
        return []
    items = cast("list[object]", value)
    if len(items) > MOST_EDGES:
        problems.add("edges", f"there are {len(items)}; at most {MOST_EDGES} are taken")
        return []
    numbers: dict[str, int] = {}
    for number, node in enumerate(nodes):
        numbers.setdefault(node.node_id, number)
    found: list[_EdgeRead] = []
    for position, item in enumerate(items):
        read = _edge(problems, f"edges[{position}]", item, numbers, nodes, catalogue)
        if read is not None:
            found.append(read)
    return _name(found)


def _name(edges: list[_EdgeRead]) -> list[_EdgeRead]:
    """Give the edges without an id one that nobody has."""
    taken = {edge.edge_id for edge in edges}
    named: list[_EdgeRead] = []
    for edge in edges:
        if not edge.edge_id:
            wanted, count = f"e_{edge.source}_{edge.target}", 1
            while wanted in taken:
                count += 1
                wanted = f"e_{edge.source}_{edge.target}_{count}"
            taken.add(wanted)
            edge = replace(edge, edge_id=wanted)
        named.append(edge)
    return named


def _edge(
    problems: Problems,
    at: str,
    value: object,
    numbers: Mapping[str, int],
    nodes: Sequence[NodeRead],
    catalogue: Catalogue,
) -> _EdgeRead | None:
    edge = as_mapping(value)
    if edge is None:
        problems.add(at, "must be an object")
        return None
    before = len(problems.found)
    problems.keys(at, edge, _EDGE_KEYS)
    edge_id = edge.get("edge_id")
    if edge_id is not None and not is_id(edge_id):
        problems.add(f"{at}.edge_id", ID_RULE)
    ends: list[int] = []
    for name in ("from_node", "to_node"):
        end = edge.get(name)
        if not isinstance(end, str) or not end:
            problems.add(f"{at}.{name}", "must be the id of a node")
        elif end not in numbers:
            problems.add(f"{at}.{name}", f"there is no node {end[:140]!r}")
        else:
            ends.append(numbers[end])
    if len(ends) == 2 and ends[0] == ends[1]:
        problems.add(at, f"leads from {edge['from_node']!r} to itself")
    spec = _trigger(problems, at, edge, catalogue)
    sizing = _sizing(problems, f"{at}.sizing", edge.get("sizing"))
    delay: int | None = 0
    if edge.get("delay_ms") is not None:
        delay = problems.bounded(f"{at}.delay_ms", edge["delay_ms"], 0, _LONGEST_MS)
    if spec is None or sizing is None or delay is None or len(problems.found) > before:
        return None
    if sizing[0] != "target":
        target = nodes[ends[1]]
        if target.pacing is not None:
            problems.add(f"{at}.sizing", f"the paced node {target.node_id!r} is released as a whole: use 'target'")
        elif target.spec is not None and target.spec.notional_1e9:
            problems.add(
                f"{at}.sizing", f"{target.node_id!r} is given in dollars and released as a whole: use 'target'"
            )
    spec = replace(spec, sizing=sizing[0], amount_1e18=sizing[1], delay_ms=delay)
    return _EdgeRead(at, edge_id if isinstance(edge_id, str) else "", ends[0], ends[1], spec)


def _trigger(problems: Problems, at: str, edge: Mapping[str, object], catalogue: Catalogue) -> EdgeSpec | None:
    value = edge.get("trigger")
    condition = edge.get("condition")
    ratio = edge.get("value")
    if ratio is not None and value not in ("fill_pct", "fill_ratio", "on_fill_ratio"):
        problems.add(f"{at}.value", "goes with 'fill_pct' only")
        return None
    where = f"{at}.value"
    if condition is not None:
        inner = as_mapping(condition)
        if inner is None:
            problems.add(f"{at}.condition", "must be an object")
            return None
        problems.keys(f"{at}.condition", inner, frozenset({"fill_ratio_gte"}))
        if inner.get("fill_ratio_gte") is not None:
            ratio, where = inner["fill_ratio_gte"], f"{at}.condition.fill_ratio_gte"
    if isinstance(value, str):
        word = _WORDS.get(value)
        if word is None:
            problems.add(f"{at}.trigger", f"{value[:60]!r} is not a trigger")
            return None
        # Early clients send the ratio trigger as on_fill with a condition.
        if word == "on_fill" and ratio is not None:
            word = "on_fill_ratio"
        if word != "on_fill_ratio":
            if ratio is not None:
                problems.add(where, f"does not go with {word}")
                return None
            return EdgeSpec(word)
        if ratio is None:
            problems.add(f"{at}.condition.fill_ratio_gte", "is needed by on_fill_ratio")
            return None
        part = _part(problems, where, ratio)
        if part is not None and not 0 < part <= _E18:
            problems.add(where, "must be greater than 0 and at most 1")
            return None
        return None if part is None else EdgeSpec("on_fill_ratio", ratio_1e18=part)
    outer = as_mapping(value)
    if ratio is not None:
        problems.add(where, "goes with on_fill_ratio only")
        return None
    if outer is not None and len(outer) == 1:
        inner = as_mapping(outer.get("on_timeout"))
        if inner is not None:
            return _timeout(problems, f"{at}.trigger.on_timeout", inner)
        inner = as_mapping(outer.get("on_price"))
        if inner is not None:
            return _price(problems, f"{at}.trigger.on_price", inner, catalogue)
    problems.add(f"{at}.trigger", "must be a trigger's name, {'on_timeout': {'ms': ...}} or {'on_price': {...}}")
    return None


def _timeout(problems: Problems, at: str, inner: Mapping[str, object]) -> EdgeSpec | None:
    problems.keys(at, inner, frozenset({"ms"}))
    wait = problems.bounded(f"{at}.ms", inner.get("ms"), 1, _LONGEST_MS)
    return None if wait is None else EdgeSpec("on_timeout", timeout_ms=wait)


def _price(problems: Problems, at: str, inner: Mapping[str, object], catalogue: Catalogue) -> EdgeSpec | None:
    problems.keys(at, inner, _PRICE_KEYS)
    before = len(problems.found)
    symbol, direction = inner.get("symbol"), inner.get("direction")
    found = catalogue.resolve(symbol) if isinstance(symbol, str) and symbol else None
    if found is None:
        problems.add(f"{at}.symbol", f"unknown symbol {symbol!r}"[:200])
    if direction not in ("above", "below"):
        problems.add(f"{at}.direction", "must be 'above' or 'below'")
    reference: object = inner.get("reference", "graph_entry_price")
    price = 0
    if reference != "graph_entry_price":
        if isinstance(reference, bool) or not isinstance(reference, int | float):
            problems.add(f"{at}.reference", "must be 'graph_entry_price' or a price")
        else:
            try:
                price = price_to_1e9(reference, "reference")
            except ValueError as error:
                problems.add(f"{at}.reference", str(error))
    offset = _part(problems, f"{at}.offset_pct", inner.get("offset_pct", 0))
    if offset is not None and direction == "below" and abs(offset) >= 100 * _E18:
        problems.add(f"{at}.offset_pct", "leaves no price above 0")
    if found is None or offset is None or len(problems.found) > before:
        return None
    return EdgeSpec(
        "on_price", symbol=found.symbol, direction=str(direction), reference_1e9=price, offset_1e18=abs(offset)
    )


def _sizing(problems: Problems, at: str, value: object) -> tuple[str, int] | None:
    if value is None or value == "target":
        return "target", 0
    if value == "source_fill":
        return "source_fill", 0
    outer = as_mapping(value)
    if outer is None or set(outer) != {"ratio"}:
        problems.add(at, "must be 'target', 'source_fill' or {'ratio': ...}")
        return None
    part = _part(problems, f"{at}.ratio", outer["ratio"])
    if part is not None and part <= 0:
        problems.add(f"{at}.ratio", "must be greater than 0")
        return None
    return None if part is None else ("ratio", part)


def _part(problems: Problems, at: str, value: object) -> int | None:
    """A number in units of 1e-18: what its shortest decimal text says, anything finer rounded away from zero."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        problems.add(at, "must be a number")
        return None
    scaled = int((abs(Decimal(repr(value))).scaleb(18)).to_integral_value(ROUND_CEILING))
    if scaled > MAX_INT64 * _E18:
        problems.add(at, "is too large")
        return None
    return -scaled if value < 0 else scaled


def _check_ids(problems: Problems, nodes: Sequence[NodeRead], edges: Iterable[_EdgeRead]) -> None:
    seen: dict[str, str] = {}
    for node in nodes:
        if node.node_id and node.node_id in seen:
            problems.add(f"{node.at}.node_id", f"{node.node_id!r} is the id of {seen[node.node_id]} already")
        seen.setdefault(node.node_id, node.at)
    for node in nodes:
        for number in range(node.pacing[0] if node.pacing else 0):
            name = _slice_id(node.node_id, number)
            if name in seen:
                problems.add(f"{node.at}.node_id", f"its slice {name!r} has the id of {seen[name]}")
    ids: dict[str, str] = {}
    for edge in edges:
        if edge.edge_id in ids:
            problems.add(f"{edge.at}.edge_id", f"{edge.edge_id!r} is the id of {ids[edge.edge_id]} already")
        ids.setdefault(edge.edge_id, edge.at)


def _check_shape(problems: Problems, nodes: Sequence[NodeRead], edges: Sequence[_EdgeRead]) -> None:
    incoming: dict[int, list[int]] = {}
    for edge in edges:
        incoming.setdefault(edge.target, []).append(edge.source)
    if problems.found:
        # Edges that could not be read would make more of this up.
        return
    for number, node in enumerate(nodes):
        if node.activation == "wait" and number not in incoming:
            problems.add(f"{node.at}.activation", f"{node.node_id!r} waits, but no edge leads to it")
        if node.activation == "root" and number in incoming:
            problems.add(f"{node.at}.activation", f"{node.node_id!r} starts at once, but an edge leads to it")
    cycle = _cycle(len(nodes), edges)
    if cycle:
        names = " -> ".join(nodes[number].node_id for number in cycle)
        problems.add("edges", f"they lead round in a circle: {names}")
    if nodes and all(number in incoming or node.activation == "wait" for number, node in enumerate(nodes)):
        problems.add("nodes", "no node is a root: every one waits for another")


def _cycle(count: int, edges: Sequence[_EdgeRead]) -> list[int]:
    """One way round, its first node at both ends; empty when there is none."""
    after: list[list[int]] = [[] for _ in range(count)]
    for edge in edges:
        after[edge.source].append(edge.target)
    colour = [0] * count
    for start in range(count):
        if colour[start]:
            continue
        path: list[int] = [start]
        todo: list[tuple[int, int]] = [(start, 0)]
        colour[start] = 1
        while todo:
            node, position = todo.pop()
            if position == len(after[node]):
                colour[node] = 2
                path.pop()
                continue
            todo.append((node, position + 1))
            follower = after[node][position]
            if colour[follower] == 1:
                return [*path[path.index(follower) :], follower]
            if colour[follower] == 0:
                colour[follower] = 1
                path.append(follower)
                todo.append((follower, 0))
    return []


def _slice_id(node_id: str, number: int) -> str:
    return f"{node_id}_slice_{number}"


def _expand(nodes: Sequence[NodeRead], edges: Sequence[_EdgeRead]) -> Shape:
    led_to = {edge.target for edge in edges}
    numbers: list[int] = []
    flat: list[tuple[str, OrderSpec]] = []
    waiting: list[int] = []
    slices: list[tuple[int, int]] = []
    paces: list[tuple[str, int, int, EdgeSpec]] = []
    for number, node in enumerate(nodes):
        spec = cast("OrderSpec", node.spec)
        at = len(flat)
        numbers.append(at)
        flat.append((node.node_id, spec))
        if number in led_to:
            waiting.append(at)
        if node.pacing is None:
            continue
        count, interval = node.pacing
        slices.append((at, count))
        for index, qty in enumerate(shares(spec.qty_1e8, count)):
            waiting.append(len(flat))
            paces.append(
                (
                    f"{node.node_id}_pace_{index}",
                    at,
                    len(flat),
                    EdgeSpec("on_timeout", timeout_ms=index * interval, pace=True),
                )
            )
            flat.append((_slice_id(node.node_id, index), replace(spec, qty_1e8=qty, notional_1e9=0)))
    given = [(edge.edge_id, numbers[edge.source], numbers[edge.target], edge.spec) for edge in edges]
    return Shape(tuple(flat), tuple(waiting), tuple(slices), (*given, *paces))


def read_risk(problems: Problems, value: object) -> tuple[int | None, int, RiskSpec]:
    """Read the four layers of risk: (largest notional in 1e-9 dollars or None, largest slippage in bps or -1, runtime
    rules)."""
    nothing = None, -1, RiskSpec()
    if value is None:
        return nothing
    risk = as_mapping(value)
    if risk is None:
        problems.add("risk", "must be an object")
        return nothing
    known = {
        "admission": frozenset({"max_notional_usd"}),
        "pre_trade": frozenset({"max_slippage_bps"}),
        "runtime": frozenset({"max_loss_usd", "max_unhedged_qty_1e8"}),
        "on_failure": frozenset({"action"}),
    }
    problems.keys("risk", risk, frozenset(known))
    settings: dict[str, object] = {}
    for layer, keys in known.items():
        inner = as_mapping({} if risk.get(layer) is None else risk[layer])
        if inner is None:
            problems.add(f"risk.{layer}", "must be an object")
            continue
        problems.keys(f"risk.{layer}", inner, keys)
        settings |= {f"{layer}.{key}": inner[key] for key in keys if inner.get(key) is not None}

    def dollars(name: str) -> int | None:
        if name not in settings:
            return None
        return problems.human(f"risk.{name}", settings[name], price_to_1e9) or None

    notional, loss = dollars("admission.max_notional_usd"), dollars("runtime.max_loss_usd")
    slippage = unhedged = -1
    if "pre_trade.max_slippage_bps" in settings:
        found = problems.bounded("risk.pre_trade.max_slippage_bps", settings["pre_trade.max_slippage_bps"], 0, 10_000)
        slippage = -1 if found is None else found
    if "runtime.max_unhedged_qty_1e8" in settings:
        found = problems.bounded(
            "risk.runtime.max_unhedged_qty_1e8", settings["runtime.max_unhedged_qty_1e8"], 0, MAX_INT64
        )
        unhedged = -1 if found is None else found
    action = settings.get("on_failure.action", "")
    if action and action not in _ACTIONS:
        problems.add("risk.on_failure.action", f"must be one of {', '.join(_ACTIONS)}")
        action = ""
    return notional, slippage, RiskSpec(-1 if loss is None else loss, unhedged, str(action))
