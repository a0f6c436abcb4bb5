"""Level 5: what an order would cost, how it is going, how it went, and what its market looks like."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sequence_markets.client import checks
from sequence_markets.client.operation import Operation, one, path, target
from sequence_markets.graphs.words import SIDES, URGENCIES, Side, Urgency
from sequence_markets.models import (
    Depth,
    ExecutionLive,
    ExecutionReview,
    ExecutionSummary,
    FairPrices,
    Forecast,
    Intel,
    Routing,
    Simulation,
    SlippageCurve,
    Tca,
    Trace,
)
from sequence_markets.units import Number, decimal_1e8, decimal_1e9, price_to_1e9, qty_to_1e8

SIZES_USD: Final = (1_000, 10_000, 100_000, 1_000_000)
MOST_SIZES: Final = 20
MOST_EVENTS: Final = 1_000

_TCA = one(Tca)
_INTEL = one(Intel)
_SLIPPAGE = one(SlippageCurve)
_ROUTING = one(Routing)
_DEPTH = one(Depth)
_FORECAST = one(Forecast)
_SIMULATION = one(Simulation)
_LIVE = one(ExecutionLive)
_REVIEW = one(ExecutionReview)
_SUMMARY = one(ExecutionSummary)
_TRACE = one(Trace)
_FAIR = one(FairPrices)


def tca(symbol: str | None) -> Operation[Tca]:
    """Read what orders cost."""
    return Operation("tca", "GET", target("/v1/tca", symbol=checks.optional_text(symbol, "symbol")), _TCA)


def intel(symbol: str) -> Operation[Intel]:
    """Read how a market is made up."""
    where = target("/v1/intelligence/venues", symbol=checks.text(symbol, "symbol"))
    return Operation("intel", "GET", where, _INTEL)


def slippage(symbol: str, side: Side, sizes: Iterable[Number] | None) -> Operation[SlippageCurve]:
    """Read what market orders of some sizes would pay."""
    where = target(
        "/v1/intelligence/slippage",
        symbol=checks.text(symbol, "symbol"),
        side=_side(side),
        sizes=_sizes(SIZES_USD if sizes is None else sizes),
    )
    return Operation("slippage", "GET", where, _SLIPPAGE)


def routing(symbol: str, side: Side, qty: Number) -> Operation[Routing]:
    """Read how the router would split an order."""
    where = target(
        "/v1/intelligence/routing", symbol=checks.text(symbol, "symbol"), side=_side(side), qty=_plain_qty(qty)
    )
    return Operation("routing", "GET", where, _ROUTING)


def depth(symbol: str) -> Operation[Depth]:
    """Read every displayed level of every venue."""
    where = target("/v1/intelligence/depth", symbol=checks.text(symbol, "symbol"))
    return Operation("depth", "GET", where, _DEPTH)


def forecast(symbol: str, side: Side, qty: Number) -> Operation[Forecast]:
    """Read what an order is likely to cost."""
    where = target(
        "/v1/execution/forecast", symbol=checks.text(symbol, "symbol"), side=_side(side), qty=_plain_qty(qty)
    )
    return Operation("forecast", "GET", where, _FORECAST)


def simulate(symbol: str, side: Side, qty: Number, urgency: Urgency | None) -> Operation[Simulation]:
    """Read what different ways of working an order would come to."""
    where = target(
        "/v1/execution/simulate",
        symbol=checks.text(symbol, "symbol"),
        side=_side(side),
        qty=_plain_qty(qty),
        urgency=checks.one_of(urgency, "urgency", URGENCIES),
    )
    return Operation("simulate", "GET", where, _SIMULATION)


def execution_live(node_order_id: str) -> Operation[ExecutionLive]:
    """Read how an order is going."""
    where = path("execution", "live", checks.path_part(node_order_id, "node_order_id"))
    return Operation("execution_live", "GET", where, _LIVE)


def execution_review(node_order_id: str) -> Operation[ExecutionReview]:
    """Read how an order went."""
    where = path("execution", "review", checks.path_part(node_order_id, "node_order_id"))
    return Operation("execution_review", "GET", where, _REVIEW)


def execution_summary() -> Operation[ExecutionSummary]:
    """Read the last day in a few figures."""
    return Operation("execution_summary", "GET", "/v1/execution/summary", _SUMMARY)


def trace(node_order_id: str, limit: int) -> Operation[Trace]:
    """Read the life of an order, event by event."""
    where = target(
        "/v1/traces",
        node_order_id=checks.text(node_order_id, "node_order_id"),
        limit=checks.integer(limit, "limit", least=1, most=MOST_EVENTS),
    )
    return Operation("trace", "GET", where, _TRACE)


def fair_price(underlying: str | None) -> Operation[FairPrices]:
    """Read fair prices."""
    where = target("/v1/fair_price", underlying=checks.optional_text(underlying, "underlying"))
    return Operation("fair_price", "GET", where, _FAIR)


def _side(side: Side) -> str:
    word = checks.one_of(side, "side", SIDES)
    if word is None:
        raise TypeError("side must not be None")
    return word


def _plain_qty(qty: Number) -> str:
    """Return a quantity as the query carries it: in units, all its digits and no more."""
    text = f"{decimal_1e8(qty_to_1e8(qty)):f}"
    return text.rstrip("0").rstrip(".")


def _sizes(sizes: Iterable[Number]) -> str:
    if isinstance(sizes, str | bytes | bytearray):
        raise TypeError(f"sizes must be a list of numbers, not a single {type(sizes).__name__}")
    texts = [f"{decimal_1e9(price_to_1e9(size, 'sizes')):f}".rstrip("0").rstrip(".") for size in sizes]
    if not texts or len(texts) > MOST_SIZES:
        raise ValueError(f"sizes must hold 1 to {MOST_SIZES} sizes, got {len(texts)}")
    return ",".join(texts)
