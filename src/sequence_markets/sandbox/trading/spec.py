"""Reading the body of an order submission: what is asked for, or every field that is wrong with it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, cast

from sequence_markets.sandbox.instruments import PREDICTION_UNIT_1E9, USD_PEGGED, Catalogue, Instrument, Side
from sequence_markets.sandbox.journal import canonical
from sequence_markets.sandbox.trading.graph_spec import (
    MOST_NODES,
    NodeRead,
    Shape,
    read_edges,
    read_pacing,
    read_risk,
)
from sequence_markets.sandbox.trading.graphs import RiskSpec
from sequence_markets.sandbox.trading.problems import ID_RULE, Problems, as_integer, as_mapping, is_id, join
from sequence_markets.sandbox.trading.state import OrderSpec
from sequence_markets.sandbox.venues import VENUES
from sequence_markets.units import MAX_INT64, price_to_1e9, qty_to_1e8

__all__ = ["GraphSpec", "read_body"]

POLICIES: Final = ("sor", "ioc_sweep", "passive_limit", "aggressive_chase", "passive_ladder", "time_drip")
URGENCIES: Final = ("low", "medium", "high")
TIFS: Final = ("GTC", "IOC", "FOK")

_PATIENT: Final = frozenset({"passive_limit", "aggressive_chase", "passive_ladder", "time_drip"})
_LONGEST_HORIZON_MS: Final = 366 * 24 * 3600 * 1000
_GRAPH_KEYS: Final = frozenset({"nodes", "edges", "graph_id", "risk", "is_sandbox", "sandbox", "metadata"})
_SIMPLE_KEYS: Final = frozenset(
    {"symbol", "side", "qty", "notional", "price", "venue", "sandbox", "is_sandbox", "graph_id"}
)
_NODE_KEYS: Final = frozenset({"node_id", "instrument", "side", "order_type", "quantity", "execution", "activation"})
_EXECUTION_KEYS: Final = frozenset({"policy", "urgency", "tif", "max_slippage_bps", "horizon_ms", "pacing"})


@dataclass(frozen=True, slots=True)
class GraphSpec:
    """A submission, normalised.

    `content` is a digest of what was asked for, without the graph id: two submissions that mean the same have the
    same one. `max_notional_1e9` is the admission limit in dollars, or None; `shape` holds the nodes and edges, paced
    nodes cut into slices.
    """

    graph_id: str
    shape: Shape
    risk: RiskSpec
    sandbox: bool
    metadata: object
    max_notional_1e9: int | None
    content: str


def read_body(body: Mapping[str, object], catalogue: Catalogue, quoted: Callable[[str], Sequence[str]]) -> GraphSpec:
    """Read a submission in graph form or in simple form.

    Args:
        body: The decoded JSON object.
        catalogue: The instruments that exist.
        quoted: Gives the venues that quote a canonical symbol.

    Raises:
        Refusal: 422 with one detail per bad field.
    """
    problems = Problems()
    reader = _Reader(problems, catalogue, quoted)
    simple = "nodes" not in body and "symbol" in body
    limit, slippage, risk = None, -1, RiskSpec()
    if simple:
        problems.keys("", body, _SIMPLE_KEYS)
        shape = reader.simple(body)
    else:
        problems.keys("", body, _GRAPH_KEYS)
        limit, slippage, risk = read_risk(problems, body.get("risk"))
        shape = reader.graph(body, slippage)
    graph_id = reader.graph_id(body.get("graph_id"))
    sandbox = reader.flag(body)
    metadata = body.get("metadata")
    problems.refuse()
    shape = cast("Shape", shape)
    asked: dict[str, object] = {
        "nodes": [[node_id, spec.to_dict()] for node_id, spec in shape.nodes],
        "sandbox": sandbox,
        "metadata": metadata,
        "max_notional": limit,
    }
    if shape.edges or shape.waiting:
        asked["edges"] = [[name, source, target, spec.to_dict()] for name, source, target, spec in shape.edges]
        asked["waiting"] = shape.waiting
        asked["slices"] = shape.slices
    if risk.to_dict():
        asked["risk"] = risk.to_dict()
    content = hashlib.sha256(canonical(asked).encode()).hexdigest()
    return GraphSpec(graph_id, shape, risk, sandbox, metadata, limit, content)


class _Reader:
    def __init__(self, problems: Problems, catalogue: Catalogue, quoted: Callable[[str], Sequence[str]]) -> None:
        self._problems = problems
        self._catalogue = catalogue
        self._quoted = quoted

    def graph_id(self, value: object) -> str:
        if value is None:
            return ""
        if not isinstance(value, str) or not is_id(value):
            self._problems.add("graph_id", ID_RULE)
            return ""
        return value

    def flag(self, body: Mapping[str, object]) -> bool:
        flags = [(name, body[name]) for name in ("is_sandbox", "sandbox") if body.get(name) is not None]
        for name, value in flags:
            if not isinstance(value, bool):
                self._problems.add(name, "must be true or false")
        if len({value for _, value in flags if isinstance(value, bool)}) > 1:
            self._problems.add("sandbox", "says the opposite of is_sandbox")
        return any(value is True for _, value in flags)

    def graph(self, body: Mapping[str, object], slippage: int) -> Shape | None:
        nodes = body.get("nodes")
        if not isinstance(nodes, list) or not nodes:
            self._problems.add("nodes", "must be a list with at least one node")
            return None
        items = cast("list[object]", nodes)
        if len(items) > MOST_NODES:
            self._problems.add("nodes", f"there are {len(items)}; at most {MOST_NODES} are taken")
            return None
        read = [self._node(f"nodes[{number}]", node, slippage) for number, node in enumerate(items)]
        return read_edges(
            self._problems, body.get("edges"), [node for node in read if node is not None], self._catalogue
        )

    def simple(self, body: Mapping[str, object]) -> Shape | None:
        qty = notional = limit = 0
        if (body.get("qty") is None) == (body.get("notional") is None):
            self._problems.add("qty", "give either qty or notional")
        elif body.get("qty") is not None:
            qty = self._problems.human("qty", body["qty"], qty_to_1e8)
        else:
            notional = self._problems.human("notional", body["notional"], price_to_1e9)
        if body.get("price") is not None:
            limit = self._problems.human("price", body["price"], price_to_1e9)
        spec = self._order("", body, "symbol", "venue", "spot", body.get("side"), limit, "price", qty, notional, {})
        return None if spec is None else Shape((("order", spec),))

    def _node(self, at: str, value: object, slippage: int) -> NodeRead | None:
        node = as_mapping(value)
        if node is None:
            self._problems.add(at, "must be an object")
            return None
        self._problems.keys(at, node, _NODE_KEYS)
        node_id = node.get("node_id")
        if not isinstance(node_id, str) or not is_id(node_id):
            self._problems.add(f"{at}.node_id", ID_RULE)
            node_id = ""
        activation = node.get("activation") or ""
        if activation not in ("", "root", "wait"):
            self._problems.add(f"{at}.activation", "must be 'root' or 'wait'")
        instrument = as_mapping(node.get("instrument"))
        if instrument is None:
            self._problems.add(f"{at}.instrument", "must be an object with a symbol")
            return NodeRead(at, node_id, None, str(activation), None)
        self._problems.keys(f"{at}.instrument", instrument, frozenset({"symbol", "type", "venue"}))
        kind = instrument.get("type", "spot")
        if kind not in ("spot", "perp", "prediction"):
            self._problems.add(f"{at}.instrument.type", "must be 'spot', 'perp' or 'prediction'")
            kind = "spot"
        limit = self._order_type(f"{at}.order_type", node.get("order_type", "market"))
        qty, notional = self._quantity(f"{at}.quantity", node.get("quantity"))
        execution: object = node.get("execution")
        if execution is None:
            execution = dict[str, object]()
        options = as_mapping(execution)
        pacing = None
        if options is not None and options.get("pacing") is not None:
            pacing = read_pacing(self._problems, f"{at}.execution.pacing", options["pacing"], qty)
        spec = self._order(
            at,
            instrument,
            "instrument.symbol",
            "instrument.venue",
            str(kind),
            node.get("side"),
            limit,
            "order_type.limit.price_1e9",
            qty,
            notional,
            execution,
        )
        if spec is not None and slippage >= 0:
            spec = replace(spec, cap_bps=slippage if spec.cap_bps < 0 else min(slippage, spec.cap_bps))
        return NodeRead(at, node_id, spec, str(activation), pacing)

    def _order_type(self, at: str, value: object) -> int:
        if value == "market":
            return 0
        order_type = as_mapping(value)
        inner = as_mapping(order_type.get("limit")) if order_type is not None else None
        if order_type is None or inner is None or len(order_type) != 1:
            self._problems.add(at, "must be 'market' or {'limit': {'price_1e9': ...}}")
            return 0
        self._problems.keys(f"{at}.limit", inner, frozenset({"price_1e9"}))
        price = as_integer(inner.get("price_1e9"))
        if price is None or not 0 < price <= MAX_INT64:
            self._problems.add(f"{at}.limit.price_1e9", "must be an integer > 0 within 64 bits")
            return 0
        return price

    def _quantity(self, at: str, value: object) -> tuple[int, int]:
        quantity = as_mapping(value)
        for kind, unit in (("fixed", "qty_1e8"), ("notional", "usd_1e9")):
            inner = as_mapping(quantity.get(kind)) if quantity is not None else None
            if quantity is None or inner is None or len(quantity) != 1:
                continue
            self._problems.keys(f"{at}.{kind}", inner, frozenset({unit}))
            amount = as_integer(inner.get(unit))
            if amount is None or not 0 < amount <= MAX_INT64:
                self._problems.add(f"{at}.{kind}.{unit}", "must be an integer > 0 within 64 bits")
                return 0, 0
            return (amount, 0) if kind == "fixed" else (0, amount)
        self._problems.add(at, "must be {'fixed': {'qty_1e8': ...}} or {'notional': {'usd_1e9': ...}}")
        return 0, 0

    def _order(
        self,
        at: str,
        place: Mapping[str, object],
        symbol_field: str,
        venue_field: str,
        kind: str,
        side: object,
        limit: int,
        limit_field: str,
        qty: int,
        notional: int,
        execution: object,
    ) -> OrderSpec | None:
        side_read: Side | None = "buy" if side == "buy" else "sell" if side == "sell" else None
        if side_read is None:
            self._problems.add(join(at, "side"), "must be 'buy' or 'sell'")
        instrument = self._instrument(join(at, symbol_field), place.get("symbol"), kind)
        venue = self._venue(join(at, venue_field), place.get("venue"), instrument)
        if instrument is not None and limit:
            self._limit(join(at, limit_field), limit, instrument)
        options = self._execution(join(at, "execution"), execution)
        if instrument is None or side_read is None or options is None:
            return None
        policy, urgency, tif, cap, horizon = options
        return OrderSpec(
            symbol=instrument.symbol,
            book_symbol=instrument.primary,
            type=instrument.type,
            asset=instrument.base if instrument.type == "spot" else instrument.symbol,
            side=side_read,
            venue=venue,
            limit_1e9=limit,
            qty_1e8=qty,
            notional_1e9=notional,
            policy=policy,
            urgency=urgency,
            tif=tif,
            cap_bps=cap,
            horizon_ms=horizon,
        )

    def _instrument(self, at: str, symbol: object, kind: str) -> Instrument | None:
        if not isinstance(symbol, str) or not symbol:
            self._problems.add(at, "must be a symbol")
            return None
        found = self._catalogue.resolve(symbol, kind)
        if found is None:
            self._problems.add(at, f"unknown symbol {symbol!r}")
            return None
        if found.quote not in USD_PEGGED:
            self._problems.add(at, f"{found.symbol} is quoted in {found.quote}; only dollar-quoted symbols trade here")
            return None
        return found

    def _venue(self, at: str, venue: object, instrument: Instrument | None) -> str:
        if venue is None:
            return ""
        if not isinstance(venue, str) or venue not in VENUES:
            self._problems.add(at, f"unknown venue {venue!r}")
            return ""
        if instrument is not None and venue not in self._quoted(instrument.symbol):
            self._problems.add(at, f"{venue} does not trade {instrument.symbol}")
        return venue

    def _limit(self, at: str, limit: int, instrument: Instrument) -> None:
        if instrument.type != "prediction":
            return
        if limit > PREDICTION_UNIT_1E9:
            self._problems.add(at, "must be between 0 and 1 for a prediction market")
        elif limit % instrument.tick_1e9:
            self._problems.add(at, f"must be a multiple of the tick, {instrument.tick_1e9} (1e-9)")

    def _execution(self, at: str, value: object) -> tuple[str, str, str, int, int] | None:
        execution = as_mapping(value)
        if execution is None:
            self._problems.add(at, "must be an object")
            return None
        self._problems.keys(at, execution, _EXECUTION_KEYS)
        policy = self._word(at, execution, "policy", POLICIES, "sor")
        urgency = self._word(at, execution, "urgency", URGENCIES, "medium")
        tif = self._word(at, execution, "tif", TIFS, "GTC")
        if policy in _PATIENT and tif != "GTC":
            self._problems.add(f"{at}.tif", f"{tif} contradicts policy {policy}, which works over time")
        cap = self._bounded(at, execution, "max_slippage_bps", 0, 10_000, -1)
        horizon = self._bounded(at, execution, "horizon_ms", 1, _LONGEST_HORIZON_MS, 0)
        return policy, urgency, tif, cap, horizon

    def _word(self, at: str, execution: Mapping[str, object], key: str, words: tuple[str, ...], default: str) -> str:
        value = execution.get(key)
        if value is None:
            return default
        if not isinstance(value, str) or value not in words:
            self._problems.add(f"{at}.{key}", f"must be one of {', '.join(words)}")
            return default
        return value

    def _bounded(self, at: str, execution: Mapping[str, object], key: str, low: int, high: int, default: int) -> int:
        value = execution.get(key)
        if value is None:
            return default
        number = self._problems.bounded(f"{at}.{key}", value, low, high)
        return default if number is None else number
