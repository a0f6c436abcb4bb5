"""Nodes, edges and risk settings, from human values to the wire's form. Nothing here sends anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from sequence_markets.errors import GraphError, GraphFault
from sequence_markets.graphs.checking import edge_faults, node_faults, risk_faults
from sequence_markets.graphs.words import InstrumentType, OnFailure, Policy, Side, TimeInForce, TriggerName, Urgency
from sequence_markets.models import EdgeSpec, NodeSpec, Pacing, UniformPacing
from sequence_markets.models._json import is_mapping, plain
from sequence_markets.models.triggers import (
    PLAIN,
    SPELLINGS,
    OnFillRatio,
    OnPrice,
    OnTimeout,
    Trigger,
    trigger_from_wire,
    trigger_to_wire,
)
from sequence_markets.units import Number, exact_float, price_to_1e9, qty_to_1e8


def node(
    node_id: str,
    symbol: str,
    side: Side,
    qty: Number,
    *,
    venue: str | None = None,
    policy: Policy | None = None,
    urgency: Urgency | None = None,
    limit_price: Number | None = None,
    instrument_type: InstrumentType = "spot",
    tif: TimeInForce | None = None,
    max_slippage_bps: int | None = None,
    horizon_ms: int | None = None,
    pacing: Pacing | UniformPacing | Mapping[str, Any] | None = None,
) -> NodeSpec:
    """Build a node of an execution graph: one order to be. Nothing is sent.

    Args:
        node_id: Id, unique in the graph: 1 to 128 letters, digits and ``_ . -``.
        symbol: A pair (``BTC-USD``), Kalshi ticker, Polymarket slug or token id.
        side: ``"buy"`` or ``"sell"``.
        qty: Quantity in human units, at most 8 decimals.
        venue: Venue to pin it to; routed over all when omitted.
        policy: Tactic in place of the router's choice: ``"sor"``, ``"ioc_sweep"``, ``"passive_limit"``,
            ``"aggressive_chase"``, ``"passive_ladder"`` or ``"time_drip"``.
        urgency: ``"low"``, ``"medium"`` or ``"high"``.
        limit_price: Limit price in human units, at most 9 decimals; a market order when omitted.
        instrument_type: ``"spot"``, ``"perp"`` or ``"prediction"``.
        tif: ``"GTC"``, ``"IOC"`` or ``"FOK"``, for limit orders.
        max_slippage_bps: Refuse fills worse than this, in basis points.
        horizon_ms: Soft deadline of patient tactics, in milliseconds.
        pacing: Spread the quantity over time: ``{"slices": 10, "interval_ms": 30_000}``, a ``UniformPacing``, or the
            wire's form.

    Returns:
        The node, which also reads as the documented dict. Its activation is set when the graph is sent.

    Raises:
        GraphError: Something about the node can never be right; lists all of it.
        ValueError: A number is not finite, not above zero or too fine.
        TypeError: A number is none.

    Example:
        >>> node = seq.node("spot", "ETH-USD", "buy", "0.29", urgency="medium")
        >>> node["quantity"]
        {'fixed': {'qty_1e8': 29000000}}
    """
    execution: dict[str, Any] = {
        "policy": policy,
        "urgency": urgency,
        "tif": tif,
        "max_slippage_bps": max_slippage_bps,
        "horizon_ms": horizon_ms,
        "pacing": None if pacing is None else wire_pacing(pacing),
    }
    raw: dict[str, Any] = {
        "node_id": node_id,
        "instrument": {"symbol": symbol, "type": instrument_type, "venue": venue},
        "side": side,
        "order_type": "market"
        if limit_price is None
        else {"limit": {"price_1e9": price_to_1e9(limit_price, "limit_price")}},
        "quantity": {"fixed": {"qty_1e8": qty_to_1e8(qty)}},
        "execution": {name: value for name, value in execution.items() if value is not None},
    }
    _refuse(node_faults(raw))
    return NodeSpec.unvalidated(raw)


def edge(
    from_node: str,
    to_node: str,
    trigger: TriggerName | Trigger | Mapping[str, Any] = "on_fill",
    value: Number | None = None,
    *,
    edge_id: str | None = None,
    sizing: Literal["target", "source_fill"] | Mapping[str, Number] | None = None,
    delay_ms: int | None = None,
) -> EdgeSpec:
    """Build an edge of an execution graph: when one node makes another start. Nothing is sent.

    Args:
        from_node: Id of the source node.
        to_node: Id of the target node.
        trigger: ``"on_accepted"``, ``"on_first_fill"``, ``"on_fill"``, ``"fill_pct"`` (or ``"on_fill_ratio"``),
            ``"on_full_fill"`` (or ``"full_fill"``), ``"on_timeout"``, ``"on_cancel"``, ``"on_done"``; the dict form
            ``{"on_price": {…}}``; or one of the trigger types, such as ``OnPrice("BTC-USD", "below", offset_pct=5)``.
        value: The ratio of ``"fill_pct"``, above 0 and at most 1; the milliseconds of ``"on_timeout"``.
        edge_id: Id, unique in the graph; ``e_<from>_<to>`` when omitted.
        sizing: How much of the target is released: ``"target"``, all of it; ``"source_fill"``, the quantity of the fill
            that fired; ``{"ratio": r}``, that times ``r``. The target's own quantity is never exceeded.
        delay_ms: Milliseconds between firing and release.

    Returns:
        The edge, which also reads as the documented dict.

    Raises:
        GraphError: Something about the edge can never be right; lists all of it.
        TypeError: A number is none.

    Example:
        >>> seq.edge("spot", "hedge", trigger="fill_pct", value=0.5)["trigger"]
        'on_fill_ratio'
        >>> seq.edge("spot", "exit", trigger="on_timeout", value=5000)["trigger"]
        {'on_timeout': {'ms': 5000}}
    """
    raw: dict[str, Any] = {
        "edge_id": f"e_{from_node}_{to_node}" if edge_id is None else edge_id,
        "from_node": from_node,
        "to_node": to_node,
    }
    owner = f"edge {raw['edge_id']!r}"
    try:
        raw["trigger"], condition = wire_trigger(trigger, value)
        if condition is not None:
            raw["condition"] = condition
        if sizing is not None:
            raw["sizing"] = wire_sizing(sizing)
    except ValueError as error:
        raise GraphError([GraphFault(owner, str(error))]) from None
    if delay_ms is not None:
        raw["delay_ms"] = delay_ms
    _refuse(edge_faults(raw, owner))
    return EdgeSpec.unvalidated(raw)


def risk(
    *,
    max_notional_usd: Number | None = None,
    max_slippage_bps: int | None = None,
    max_loss_usd: Number | None = None,
    max_unhedged_qty: Number | None = None,
    on_failure: OnFailure | None = None,
) -> dict[str, Any]:
    """Build the risk settings of a graph, in the wire's form.

    Args:
        max_notional_usd: Refuse the graph when its orders are worth more, in dollars.
        max_slippage_bps: Refuse fills of any of its nodes worse than this, in basis points.
        max_loss_usd: Stop the graph when it has lost more, in dollars.
        max_unhedged_qty: Stop the graph when its buys and sells differ by more, in human units.
        on_failure: What stopping means, also when a node fails: ``"cancel_all"``, ``"pause"`` or ``"none"``.

    Raises:
        GraphError: A setting is out of bounds.
        ValueError: A number is not finite, not above zero or too fine.
        TypeError: A number is none.

    Example:
        >>> from sequence_markets.graphs import risk
        >>> risk(max_notional_usd=90_000, on_failure="pause")
        {'admission': {'max_notional_usd': 90000.0}, 'on_failure': {'action': 'pause'}}
    """
    layers: dict[str, dict[str, Any]] = {
        "admission": {"max_notional_usd": _plain(max_notional_usd, "max_notional_usd")},
        "pre_trade": {"max_slippage_bps": max_slippage_bps},
        "runtime": {
            "max_loss_usd": _plain(max_loss_usd, "max_loss_usd"),
            "max_unhedged_qty_1e8": None
            if max_unhedged_qty is None
            else qty_to_1e8(max_unhedged_qty, "max_unhedged_qty"),
        },
        "on_failure": {"action": on_failure},
    }
    raw = {
        layer: kept
        for layer, settings in layers.items()
        if (kept := {name: value for name, value in settings.items() if value is not None})
    }
    _refuse(risk_faults(raw))
    return raw


def _plain(value: Number | None, name: str) -> float | None:
    return None if value is None else exact_float(value, name)


def wire_pacing(given: Pacing | UniformPacing | Mapping[str, Any]) -> dict[str, Any]:
    """Return a pacing in the wire's form, whichever form it is given in."""
    pacing: dict[str, Any] = plain(given)
    if set(pacing) == {"slices", "interval_ms"}:
        return {"uniform": {"num_slices": pacing["slices"], "interval_ms": pacing["interval_ms"]}}
    if set(pacing) == {"num_slices", "interval_ms"}:
        return {"uniform": pacing}
    return pacing


def wire_sizing(given: object) -> Any:
    """Return a sizing in the wire's form."""
    if is_mapping(given) and set(given) == {"ratio"}:
        return {"ratio": exact_float(given["ratio"], "sizing ratio")}
    return given


def wire_trigger(given: object, value: Number | None = None) -> tuple[Any, dict[str, Any] | None]:
    """Return the wire's ``trigger`` and ``condition``.

    Args:
        given: One of the trigger types, a spelling of a trigger's name, or the wire's object.
        value: What goes with a name.

    Raises:
        ValueError: The name is unknown, or the value is missing, not wanted, or does not fit.
        TypeError: The value is no number.
    """
    if isinstance(given, str):
        word = SPELLINGS.get(given)
        if word is None:
            raise ValueError(f"unknown trigger {given!r}; known are {', '.join(sorted(SPELLINGS))}")
        if word == "on_fill_ratio":
            if value is None:
                raise ValueError(f"trigger {given!r} needs a value: the ratio, above 0 and at most 1")
            return trigger_to_wire(OnFillRatio(value))
        if word == "on_timeout":
            if value is None:
                raise ValueError(f"trigger {given!r} needs a value: the milliseconds")
            return trigger_to_wire(OnTimeout(_milliseconds(value)))
        if word == "on_price":
            raise ValueError(f"trigger {given!r} needs the dict form or an OnPrice")
        read: Trigger = PLAIN[word]
        if value is not None:
            raise ValueError(f"trigger {given!r} takes no value, got {value!r}")
        return trigger_to_wire(read)
    if value is not None:
        raise ValueError(f"a trigger in dict form carries its own values, got value={value!r} besides")
    if is_mapping(given):
        read = trigger_from_wire(given)
        return trigger_to_wire(read) if isinstance(read, OnPrice) and _is_complete(given) else (plain(given), None)
    if isinstance(given, Trigger):
        return trigger_to_wire(given)
    raise ValueError(f"a trigger must be a name, a dict or one of the trigger types, not {type(given).__name__}")


def _milliseconds(value: Number) -> int:
    fixed, rest = divmod(price_to_1e9(value, "milliseconds"), 10**9)
    if rest:
        raise ValueError(f"milliseconds must be a whole number, got {value!r}")
    return fixed


def _is_complete(given: Mapping[str, Any]) -> bool:
    """Whether rewriting an ``on_price`` loses nothing; a key nobody knows is left for the checks to name."""
    return set(given["on_price"]) <= {"symbol", "direction", "reference", "offset_pct"}


def _refuse(faults: list[GraphFault]) -> None:
    if faults:
        raise GraphError(faults)
