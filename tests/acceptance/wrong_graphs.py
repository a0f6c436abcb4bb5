"""Valid graphs from a seed, and ways to break them: what the client says then, and which field the server names."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

Raw = dict[str, Any]

_ABOVE: Final = {"symbol": "BTC-USD", "direction": "above"}
TRIGGERS: Final[list[Raw]] = [
    {"trigger": "on_accepted"},
    {"trigger": "on_first_fill"},
    {"trigger": "on_fill"},
    {"trigger": "on_full_fill"},
    {"trigger": "on_cancel"},
    {"trigger": "on_done"},
    {"trigger": "on_fill_ratio", "condition": {"fill_ratio_gte": 0.5}},
    {"trigger": "on_fill_ratio", "condition": {"fill_ratio_gte": 1}},
    {"trigger": {"on_timeout": {"ms": 1}}},
    {"trigger": {"on_price": {**_ABOVE, "reference": "graph_entry_price", "offset_pct": 5.0}}},
    {"trigger": {"on_price": {**_ABOVE, "direction": "below", "reference": 9000, "offset_pct": 99}}},
]
_EXECUTIONS: Final[list[Raw]] = [
    {},
    {"policy": "ioc_sweep", "urgency": "high"},
    {"tif": "IOC", "max_slippage_bps": 0},
    {"tif": "FOK", "horizon_ms": 1},
]
_INSTRUMENTS: Final[list[Raw]] = [
    {"symbol": "BTC-USD", "type": "spot", "venue": None},
    {"symbol": "ETH-USD-PERP", "type": "perp", "venue": "hyperliquid"},
    {"symbol": "KXBTCZ-26DEC31-T99000", "type": "prediction", "venue": "kalshi"},
    {"symbol": "KXBTCZ-26DEC31-T99000", "type": "prediction", "venue": None},
]
_PACING: Final[Raw] = {"uniform": {"num_slices": 3, "interval_ms": 1}}


@dataclass(slots=True)
class Draft:
    """A graph in the wire's form."""

    nodes: list[Raw]
    edges: list[Raw]
    risk: Raw = field(default_factory=dict[str, Any])

    @property
    def body(self) -> Raw:
        return {"nodes": self.nodes, "edges": self.edges, "risk": self.risk, "is_sandbox": True}


def valid(seed: int) -> Draft:
    """A graph of three to eight nodes and two to ten edges."""
    random = Random(seed)
    count = random.randint(3, 8)
    nodes = [_node(random, f"n{index}") for index in range(count)]
    edges: list[Raw] = []
    for number in range(random.randint(2, 10)):
        target = random.randint(1, count - 1)
        edge: Raw = {"edge_id": f"x{number}", "from_node": f"n{random.randrange(target)}", "to_node": f"n{target}"}
        edge |= copy.deepcopy(random.choice(TRIGGERS))
        # What is paced or given in dollars is released as a whole.
        if "pacing" not in nodes[target]["execution"] and "fixed" in nodes[target]["quantity"]:
            sizing = random.choice([None, "target", "source_fill", {"ratio": 0.5}])
            edge |= {} if sizing is None else {"sizing": copy.deepcopy(sizing)}
        edge |= random.choice([{}, {"delay_ms": 0}, {"delay_ms": 1500}])
        edges.append(edge)
    led_to = {edge["to_node"] for edge in edges}
    for node in nodes:
        if random.random() < 0.3:
            node["activation"] = "wait" if node["node_id"] in led_to else "root"
    risk: Raw = random.choice([{}, {"runtime": {"max_loss_usd": 5.5}, "on_failure": {"action": "pause"}}])
    return Draft(nodes, edges, copy.deepcopy(risk))


def _node(random: Random, node_id: str) -> Raw:
    instrument = random.choice(_INSTRUMENTS)
    most = 100 if instrument["type"] == "prediction" else 10**7
    price = random.randint(1, most) * 10**7
    execution = copy.deepcopy(random.choice(_EXECUTIONS))
    fixed = {"fixed": {"qty_1e8": random.randint(3, 10**10)}}
    quantity = random.choice([fixed, fixed, {"notional": {"usd_1e9": random.randint(10**9, 10**12)}}])
    if random.random() < 0.2:
        execution["pacing"] = copy.deepcopy(_PACING)
    return {
        "node_id": node_id,
        "instrument": dict(instrument),
        "side": random.choice(["buy", "sell"]),
        "order_type": random.choice(["market", {"limit": {"price_1e9": price}}]),
        "quantity": quantity,
        "execution": execution,
    }


@dataclass(frozen=True, slots=True)
class Fault:
    """What a graph is broken with: who the client says it belongs to and in which words, which field the server names,
    and what it must say about it."""

    owner: str
    words: str
    at: str
    said: str = ""


NodeBreak = Callable[[Raw, str, str], Fault]
"""Breaks a node, given what the client and the server call it."""

EdgeBreak = Callable[[Raw, str, str], Fault]
WholeBreak = Callable[[Draft, Random], Fault]


def _put(path: str, value: object, words: str = "", at: str = "") -> NodeBreak:
    """Put a value at a dotted path; the server names the same path unless told otherwise."""

    def apply(node: Raw, owner: str, place: str) -> Fault:
        *way, last = path.split(".")
        target: Any = node
        for step in way:
            target = target[step]
        target[last] = value
        return Fault(owner, words or path, f"{place}.{at or path}")

    return apply


def _drop(name: str) -> NodeBreak:
    def apply(node: Raw, owner: str, place: str) -> Fault:
        del node[name]
        return Fault(owner, name, f"{place}.{name}")

    return apply


def _renamed(node: Raw, owner: str, place: str) -> Fault:
    node["node_id"] = "a b"
    return Fault("node 'a b'", "node_id must be 1 to 128 letters", f"{place}.node_id")


def _endless(node: Raw, owner: str, place: str) -> Fault:
    node["node_id"] = "n" * 129
    return Fault("node 'nnn", "node_id must be 1 to 128 letters", f"{place}.node_id")


def _priced(price: object, words: str = "order_type.limit.price_1e9") -> NodeBreak:
    return _put("order_type", {"limit": {"price_1e9": price}}, words, "order_type.limit.price_1e9")


def _sized(amount: object, kind: str = "fixed", unit: str = "qty_1e8") -> NodeBreak:
    return _put("quantity", {kind: {unit: amount}}, f"quantity.{kind}.{unit}", f"quantity.{kind}.{unit}")


def _improbable(price: int, venue: str | None) -> NodeBreak:
    def apply(node: Raw, owner: str, place: str) -> Fault:
        node["instrument"] = {"symbol": "KXBTCZ-26DEC31-T99000", "type": "prediction", "venue": venue}
        node["order_type"] = {"limit": {"price_1e9": price}}
        return Fault(owner, "must lie between 0 and 1", f"{place}.order_type.limit.price_1e9", "between 0 and 1")

    return apply


def _paced(uniform: object, words: str, at: str) -> NodeBreak:
    return _put("execution", {"pacing": {"uniform": uniform}}, words, f"execution.pacing{at}")


def _cut_too_fine(node: Raw, owner: str, place: str) -> Fault:
    node["quantity"] = {"fixed": {"qty_1e8": 2}}
    node["execution"] = {"pacing": copy.deepcopy(_PACING)}
    return Fault(owner, "cannot cut", f"{place}.execution.pacing.uniform.num_slices", "cannot be cut")


NODE_BREAKS: Final[dict[str, NodeBreak]] = {
    "id with a blank": _renamed,
    "id too long": _endless,
    "no side": _drop("side"),
    "unknown side": _put("side", "hold"),
    "side in capitals": _put("side", "BUY"),
    "no instrument": _drop("instrument"),
    "instrument as a text": _put("instrument", "BTC-USD"),
    "empty symbol": _put("instrument.symbol", ""),
    "symbol as a number": _put("instrument.symbol", 5),
    "unknown type": _put("instrument.type", "option"),
    "empty venue": _put("instrument.venue", ""),
    "unknown key of the instrument": _put("instrument.exchange", "kraken", "has no 'exchange'"),
    "unknown order type": _put("order_type", "stop"),
    "two order types": _put("order_type", {"limit": {"price_1e9": 10**9}, "stop": {}}),
    "price of zero": _priced(0),
    "negative price": _priced(-(10**9)),
    "price as a float": _priced(1.5),
    "price as a bool": _priced(True),
    "price beyond 64 bits": _priced(2**63),
    "no price": _put("order_type", {"limit": {}}, "order_type.limit.price_1e9", "order_type.limit.price_1e9"),
    "price above 1": _improbable(10**9 + 10**7, "kalshi"),
    "price far above 1": _improbable(55 * 10**9, None),
    "no quantity": _drop("quantity"),
    "quantity as a number": _put("quantity", 5),
    "unknown quantity": _put("quantity", {"lots": 3}),
    "two quantities": _put("quantity", {"fixed": {"qty_1e8": 1}, "notional": {"usd_1e9": 1}}),
    "quantity of zero": _sized(0),
    "negative quantity": _sized(-5),
    "quantity as a float": _sized(1.5),
    "quantity as a text": _sized("5"),
    "quantity as a bool": _sized(True),
    "quantity beyond 64 bits": _sized(2**63),
    "no dollars": _sized(0, "notional", "usd_1e9"),
    "execution as a text": _put("execution", "sor"),
    "unknown policy": _put("execution", {"policy": "twap"}, "execution.policy", "execution.policy"),
    "unknown urgency": _put("execution", {"urgency": "now"}, "execution.urgency", "execution.urgency"),
    "unknown time in force": _put("execution", {"tif": "DAY"}, "execution.tif", "execution.tif"),
    "negative slippage": _put("execution.max_slippage_bps", -1),
    "slippage as a float": _put("execution.max_slippage_bps", 0.5),
    "horizon of zero": _put("execution.horizon_ms", 0),
    "horizon as a bool": _put("execution.horizon_ms", True),
    "misspelt option": _put("execution.urgencey", "high", "did you mean 'urgency'"),
    "pacing as a number": _put("execution.pacing", 5),
    "unknown pacing": _put("execution.pacing", {"poisson": {}}),
    "no slices": _paced({"num_slices": 0, "interval_ms": 1}, "num_slices", ".uniform.num_slices"),
    "slices missing": _paced({"interval_ms": 1}, "num_slices", ".uniform.num_slices"),
    "too many slices of one": _paced({"num_slices": 1000, "interval_ms": 1}, "num_slices", ".uniform.num_slices"),
    "no interval": _paced({"num_slices": 2, "interval_ms": 0}, "interval_ms", ".uniform.interval_ms"),
    "interval missing": _paced({"num_slices": 2}, "interval_ms", ".uniform.interval_ms"),
    "unknown key of pacing": _paced(
        {"num_slices": 2, "interval_ms": 1, "jitter": 1}, "has no 'jitter'", ".uniform.jitter"
    ),
    "cut too fine": _cut_too_fine,
    "unknown activation": _put("activation", "later"),
    "misspelt field": _put("sied", "buy", "did you mean 'side'"),
}


def _trigger(value: object, words: str, at: str = "trigger", condition: object = None) -> EdgeBreak:
    def apply(edge: Raw, owner: str, place: str) -> Fault:
        edge.pop("condition", None)
        edge["trigger"] = copy.deepcopy(value)
        if condition is not None:
            edge["condition"] = copy.deepcopy(condition)
        return Fault(owner, words, f"{place}.{at}")

    return apply


def _ratio(value: object, words: str) -> EdgeBreak:
    return _trigger("on_fill_ratio", words, "condition.fill_ratio_gte", {"fill_ratio_gte": value})


def _price(field: str, **inside: object) -> EdgeBreak:
    whole = {"symbol": "BTC-USD", "direction": "below", "reference": "graph_entry_price", "offset_pct": 5} | inside
    return _trigger({"on_price": whole}, field, f"trigger.on_price.{field}")


def _no_symbol(edge: Raw, owner: str, place: str) -> Fault:
    return _trigger({"on_price": {"direction": "above"}}, "on_price symbol", "trigger.on_price.symbol")(
        edge, owner, place
    )


def _named(edge: Raw, owner: str, place: str) -> Fault:
    edge["edge_id"] = "a b"
    return Fault("edge 'a b'", "edge_id must be 1 to 128 letters", f"{place}.edge_id")


def _looped(edge: Raw, owner: str, place: str) -> Fault:
    edge["to_node"] = edge["from_node"]
    return Fault(owner, f"leads from {edge['from_node']!r} to itself", place, "to itself")


EDGE_BREAKS: Final[dict[str, EdgeBreak]] = {
    "unknown source": _put("from_node", "nowhere", "from_node 'nowhere' is no node"),
    "unknown target": _put("to_node", "nowhere", "to_node 'nowhere' is no node"),
    "no source": _drop("from_node"),
    "no target": _drop("to_node"),
    "self-loop": _looped,
    "edge id with a blank": _named,
    "misspelt edge field": _put("delay_msec", 5, "did you mean 'delay_ms'"),
    "no trigger": _trigger(None, "trigger is missing"),
    "unknown trigger": _trigger("on_whim", "'on_whim'"),
    "trigger as a number": _trigger(5, "trigger"),
    "unknown trigger object": _trigger({"on_whim": {}}, "on_whim"),
    "two triggers": _trigger({"on_timeout": {"ms": 1}, "on_price": {}}, "trigger"),
    "timeout of zero": _trigger({"on_timeout": {"ms": 0}}, "on_timeout ms", "trigger.on_timeout.ms"),
    "timeout as a float": _trigger({"on_timeout": {"ms": 0.5}}, "on_timeout ms", "trigger.on_timeout.ms"),
    "timeout as a bool": _trigger({"on_timeout": {"ms": True}}, "on_timeout ms", "trigger.on_timeout.ms"),
    "timeout without ms": _trigger({"on_timeout": {}}, "on_timeout ms", "trigger.on_timeout.ms"),
    "unknown key of a timeout": _trigger({"on_timeout": {"ms": 1, "s": 1}}, "has no 's'", "trigger.on_timeout.s"),
    "no ratio": _trigger("on_fill_ratio", "needs a value", "condition.fill_ratio_gte"),
    "ratio of zero": _ratio(0, "more than zero"),
    "negative ratio": _ratio(-0.5, "more than zero"),
    "ratio above one": _ratio(1.5, "at most 1"),
    "ratio as a bool": _ratio(True, "not a bool"),
    "ratio that does not belong": _trigger(
        "on_done", "takes no value", "condition.fill_ratio_gte", {"fill_ratio_gte": 0.5}
    ),
    "condition as a number": _trigger("on_done", "condition", "condition", 5),
    "unknown condition": _trigger("on_done", "has no 'qty'", "condition.qty", {"qty": 5}),
    "price without a symbol": _no_symbol,
    "price without a direction": _price("direction", direction=None),
    "price of an unknown direction": _price("direction", direction="up"),
    "price against an unknown reference": _price("reference", reference="vwap"),
    "price against zero": _price("reference", reference=0),
    "price against less than zero": _price("reference", reference=-5),
    "offset as a text": _price("offset_pct", offset_pct="five"),
    "offset that leaves no price": _price("offset_pct", offset_pct=100),
    "unknown sizing": _put("sizing", "half"),
    "sizing as a number": _put("sizing", 0.5),
    "sizing of zero": _put("sizing", {"ratio": 0}, "sizing ratio must be more than zero", "sizing.ratio"),
    "negative sizing": _put("sizing", {"ratio": -1}, "sizing ratio must be more than zero", "sizing.ratio"),
    "negative delay": _put("delay_ms", -1),
    "delay as a float": _put("delay_ms", 0.5),
    "delay as a bool": _put("delay_ms", True),
}


def _twice(draft: Draft, random: Random) -> Fault:
    index = random.randrange(len(draft.nodes))
    draft.nodes.append(copy.deepcopy(draft.nodes[index]))
    name = draft.nodes[index]["node_id"]
    return Fault(f"node {name!r}", "node_id is used 2 times", f"nodes[{len(draft.nodes) - 1}].node_id", repr(name))


def _circle(draft: Draft, random: Random) -> Fault:
    last = len(draft.nodes) - 1
    first = random.randrange(1, last)
    for source, target in ((first, last), (last, first)):
        draft.nodes[target].pop("activation", None)
        draft.edges.append(
            {"edge_id": f"c{source}", "from_node": f"n{source}", "to_node": f"n{target}", "trigger": "on_done"}
        )
    return Fault("node 'n", "is part of a cycle: ", "edges", f"n{last}")


def _rootless(draft: Draft, random: Random) -> Fault:
    count = len(draft.nodes)
    for node in draft.nodes:
        node.pop("activation", None)
    for index in range(count):
        target = f"n{(index + 1) % count}"
        draft.edges.append({"edge_id": f"r{index}", "from_node": f"n{index}", "to_node": target, "trigger": "on_done"})
    return Fault("graph", "has no root", "nodes", "no node is a root")


def _stranded(draft: Draft, random: Random) -> Fault:
    draft.nodes[0]["activation"] = "wait"
    return Fault("node 'n0'", "nothing can activate it", "nodes[0].activation")


def _started_early(draft: Draft, random: Random) -> Fault:
    name = random.choice([edge["to_node"] for edge in draft.edges])
    index = next(index for index, node in enumerate(draft.nodes) if node["node_id"] == name)
    draft.nodes[index]["activation"] = "root"
    return Fault(f"node {name!r}", "activation is 'root'", f"nodes[{index}].activation")


def _many_nodes(draft: Draft, random: Random) -> Fault:
    draft.nodes += [{**copy.deepcopy(draft.nodes[0]), "node_id": f"m{index}"} for index in range(100)]
    return Fault("graph", "at most 100 nodes", "nodes", "at most 100")


def _many_edges(draft: Draft, random: Random) -> Fault:
    draft.edges += [
        {"edge_id": f"m{index}", "from_node": "n0", "to_node": "n1", "trigger": "on_done"} for index in range(200)
    ]
    return Fault("graph", "at most 200 edges", "edges", "at most 200")


def _many_slices(draft: Draft, random: Random) -> Fault:
    for node in draft.nodes[:2]:
        node["quantity"] = {"fixed": {"qty_1e8": 10**9}}
        node["execution"] = {"pacing": {"uniform": {"num_slices": 499, "interval_ms": 1}}}
    for edge in draft.edges:
        edge.pop("sizing", None)
    return Fault("graph", "at most 1000 nodes", "nodes", "at most 1000")


def _slice_clash(draft: Draft, random: Random) -> Fault:
    draft.nodes[0]["quantity"] = {"fixed": {"qty_1e8": 10**9}}
    draft.nodes[0]["execution"] = {"pacing": copy.deepcopy(_PACING)}
    draft.nodes.append(
        {**copy.deepcopy(draft.nodes[1]), "node_id": "n0_slice_2", "execution": {}, "activation": "root"}
    )
    return Fault("node 'n0_slice_2'", "has the id of a slice of node 'n0'", "nodes[0].node_id", "'n0_slice_2'")


def _empty(draft: Draft, random: Random) -> Fault:
    draft.nodes.clear()
    draft.edges.clear()
    return Fault("graph", "at least one node", "nodes", "at least one node")


def _risk(path: str, value: object, words: str = "") -> WholeBreak:
    def apply(draft: Draft, random: Random) -> Fault:
        layer, _, name = path.partition(".")
        draft.risk = {layer: {name: value}} if name else {layer: value}
        return Fault("graph", words or f"risk.{path}", f"risk.{path}")

    return apply


WHOLE_BREAKS: Final[dict[str, WholeBreak]] = {
    "duplicate node": _twice,
    "cycle": _circle,
    "no root": _rootless,
    "started in spite of an edge": _started_early,
    "waits for nothing": _stranded,
    "too many nodes": _many_nodes,
    "too many edges": _many_edges,
    "too many slices": _many_slices,
    "slice clash": _slice_clash,
    "no nodes": _empty,
    "unknown layer of risk": _risk("limits", {}, "has no 'limits'"),
    "layer of risk as a number": _risk("runtime", 5),
    "unknown rule": _risk("runtime.max_gain_usd", 5, "has no 'max_gain_usd'"),
    "unknown action": _risk("on_failure.action", "panic"),
    "negative loss": _risk("runtime.max_loss_usd", -1),
    "slippage of the graph below zero": _risk("pre_trade.max_slippage_bps", -1),
    "notional of zero": _risk("admission.max_notional_usd", 0),
    "unhedged quantity as a float": _risk("runtime.max_unhedged_qty_1e8", 0.5),
}


def broken(seed: int) -> tuple[Draft, dict[str, Fault]]:
    """A graph that was valid, and the faults it now has, by the name of the break.

    Up to three nodes and edges are broken, each in one place. A graph whose shape is broken is sound otherwise: the
    server looks at the shape of sound parts only.
    """
    draft, random = valid(seed), Random(~seed)
    if random.random() < 0.2:
        name = random.choice(list(WHOLE_BREAKS))
        return draft, {name: WHOLE_BREAKS[name](draft, random)}
    found: dict[str, Fault] = {}
    places = [(kind, index) for kind in ("node", "edge") for index in range(len(getattr(draft, f"{kind}s")))]
    for kind, index in random.sample(places, random.randint(1, 3)):
        breaks = NODE_BREAKS if kind == "node" else EDGE_BREAKS
        name = random.choice([each for each in breaks if each not in found])
        found[name] = break_at(draft, kind, index, name)
    return draft, found


def break_at(draft: Draft, kind: str, index: int, name: str) -> Fault:
    """Break one node or one edge in one way."""
    if kind == "node":
        return NODE_BREAKS[name](draft.nodes[index], f"node 'n{index}'", f"nodes[{index}]")
    return EDGE_BREAKS[name](draft.edges[index], f"edge 'x{index}'", f"edges[{index}]")
