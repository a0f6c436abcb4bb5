"""Level 2: submitting and reading orders and fills."""

from __future__ import annotations

from typing import Final

from sequence_markets.client import checks
from sequence_markets.client.operation import Absent, Operation, Reading, one, target
from sequence_markets.client.operations.graphs import new_graph_id, submission
from sequence_markets.graphs.words import (
    INSTRUMENT_TYPES,
    POLICIES,
    PREDICTION_VENUES,
    TIMES_IN_FORCE,
    URGENCIES,
    InstrumentType,
    Policy,
    Side,
    TimeInForce,
    Urgency,
)
from sequence_markets.models import FillPage, Order, OrderPage, Submission
from sequence_markets.units import PRICE_SCALE, Number, price_to_1e9, qty_to_1e8

NODE_ID: Final = "order"

_ORDERS = one(OrderPage)
_FILLS = one(FillPage)


def submit(
    side: Side,
    symbol: str,
    qty: Number,
    *,
    venue: str | None,
    limit_price: Number | None,
    urgency: Urgency | None,
    policy: Policy | None,
    max_slippage_bps: int | None,
    horizon_ms: int | None,
    tif: TimeInForce | None,
    instrument_type: InstrumentType,
    sandbox: bool,
    graph_id: str | None,
) -> Operation[Submission]:
    """Submit a graph of one node. Its ``graph_id`` makes a repeat of the same bytes harmless."""
    checks.text(symbol, "symbol")
    checks.optional_text(venue, "venue")
    kind = checks.one_of(instrument_type, "instrument_type", INSTRUMENT_TYPES)
    if kind is None:
        raise TypeError("instrument_type must not be None")
    execution: dict[str, object] = {
        "policy": checks.one_of(policy, "policy", POLICIES),
        "urgency": checks.one_of(urgency, "urgency", URGENCIES),
        "tif": checks.one_of(tif, "tif", TIMES_IN_FORCE),
        "max_slippage_bps": _whole(max_slippage_bps, "max_slippage_bps", least=0),
        "horizon_ms": _whole(horizon_ms, "horizon_ms", least=1),
    }
    predicts = kind == "prediction" or venue in PREDICTION_VENUES
    known = new_graph_id(graph_id)
    body = {
        "graph_id": known,
        "nodes": [
            {
                "node_id": NODE_ID,
                "instrument": {"symbol": symbol, "type": kind, "venue": venue},
                "side": side,
                "order_type": "market"
                if limit_price is None
                else {"limit": {"price_1e9": _limit(limit_price, predicts)}},
                "quantity": {"fixed": {"qty_1e8": qty_to_1e8(qty)}},
                "execution": {name: value for name, value in execution.items() if value is not None},
                "activation": "root",
            }
        ],
        "edges": [],
        "is_sandbox": checks.boolean(sandbox, "sandbox"),
    }
    return submission(side, body)


def order(node_order_id: str, name: str = "order") -> Operation[Order]:
    """Read one order: the list, filtered, and each row's id looked at."""
    wanted = checks.text(node_order_id, "node_order_id")

    def pick(page: OrderPage) -> Order:
        for row in page.orders:
            if row.node_order_id == wanted:
                return row
        raise Absent(f"there is no order {wanted!r}")

    decode, unvalidated = _ORDERS.decode, _ORDERS.unvalidated
    assert unvalidated is not None
    return Operation(
        name,
        "GET",
        target("/v1/orders", node_order_id=wanted),
        Reading(lambda body: pick(decode(body)), lambda raw: pick(unvalidated(raw))),
        graph_id=checks.graph_of_order_or_none(wanted),
        settles=True,
    )


def orders(limit: int, offset: int, symbol: str | None) -> Operation[OrderPage]:
    """Read a page of orders."""
    return Operation("orders", "GET", _page("/v1/orders", limit, offset, symbol), _ORDERS)


def fills(limit: int, offset: int, symbol: str | None) -> Operation[FillPage]:
    """Read a page of fills."""
    return Operation("fills", "GET", _page("/v1/fills", limit, offset, symbol), _FILLS)


def _page(base: str, limit: int, offset: int, symbol: str | None) -> str:
    return target(
        base,
        limit=checks.integer(limit, "limit", least=1),
        offset=checks.integer(offset, "offset", least=0),
        symbol=checks.optional_text(symbol, "symbol"),
    )


def _limit(price: Number, predicts: bool) -> int:
    fixed = price_to_1e9(price, "limit_price")
    if predicts and fixed > PRICE_SCALE:
        raise ValueError(f"limit_price of a prediction market must lie between 0 and 1, got {price!r}")
    return fixed


def _whole(value: int | None, name: str, *, least: int) -> int | None:
    return None if value is None else checks.integer(value, name, least=least)
