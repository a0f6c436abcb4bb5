"""What an order would cost, how it is going, what it cost, and what the market looks like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sequence_markets.sandbox.analysis.aggregates import Selection, tca_answer
from sequence_markets.sandbox.analysis.books import depth_answer, fair_prices
from sequence_markets.sandbox.analysis.forecast import URGENCIES, forecast_answer, simulate_answer
from sequence_markets.sandbox.analysis.orders import live_answer, own_order, review_answer, summary_answer
from sequence_markets.sandbox.analysis.pretrade import routing_answer, slippage_answer
from sequence_markets.sandbox.analysis.structure import intel_answer
from sequence_markets.sandbox.analysis.traces import MOST_EVENTS, trace_answer
from sequence_markets.sandbox.server.asked import known_instrument, read_instrument, read_qty, read_side, source_of
from sequence_markets.sandbox.server.call import AccountCall
from sequence_markets.sandbox.server.endpoint import AccountHandler
from sequence_markets.sandbox.server.errors import invalid_params
from sequence_markets.sandbox.trading.state import Account
from sequence_markets.units import price_to_1e9

_SIZES: Final = ("1000", "10000", "100000", "1000000")
_MOST_SIZES: Final = 20
_DEFAULT_EVENTS: Final = 100


def tca(call: AccountCall) -> object:
    """Answer what the account's orders cost, all of them or those of one symbol."""
    text = call.request.query.identifier("symbol")
    if text is None:
        return tca_answer(call.exchange.desk, account_of(call), Selection(), None)
    symbol = known_instrument(call, text).symbol
    return tca_answer(call.exchange.desk, account_of(call), Selection(frozenset({symbol})), symbol)


def account_of(call: AccountCall) -> Account:
    """Return the caller's account."""
    return call.exchange.state.accounts[call.client_id]


def intel(call: AccountCall) -> object:
    """Answer how a symbol's market is made up."""
    instrument = read_instrument(call)
    return intel_answer(call.exchange.desk, instrument, source_of(call, instrument))


def slippage(call: AccountCall) -> object:
    """Answer what market orders of some sizes in dollars would pay."""
    instrument, query = read_instrument(call), call.request.query
    side = read_side(query)
    texts = query.words("sizes") or _SIZES
    if len(texts) > _MOST_SIZES:
        raise invalid_params("sizes", f"at most {_MOST_SIZES} sizes, got {len(texts)}")
    try:
        sizes = [price_to_1e9(text, "size") for text in texts]
    except ValueError as error:
        raise invalid_params("sizes", str(error)) from None
    source = source_of(call, instrument)
    return slippage_answer(call.exchange.desk, call.client_id, instrument, side, sizes, source)


def routing(call: AccountCall) -> object:
    """Answer how the router would split an order."""
    instrument, query = read_instrument(call), call.request.query
    side, qty = read_side(query), read_qty(query, "1")
    return routing_answer(call.exchange.desk, call.client_id, instrument, side, qty, source_of(call, instrument))


def depth(call: AccountCall) -> object:
    """Answer every displayed level of every venue."""
    instrument = read_instrument(call)
    return depth_answer(call.exchange.desk, instrument, source_of(call, instrument))


def forecast(call: AccountCall) -> object:
    """Answer what an order is likely to cost."""
    instrument, query = read_instrument(call), call.request.query
    side, qty = read_side(query), read_qty(query)
    return forecast_answer(call.exchange.desk, call.client_id, instrument, side, qty, source_of(call, instrument))


def simulate(call: AccountCall) -> object:
    """Answer what different ways of working an order would come to."""
    instrument, query = read_instrument(call), call.request.query
    side, qty, urgency = read_side(query), read_qty(query), query.text("urgency")
    if urgency is not None and urgency not in URGENCIES:
        raise invalid_params("urgency", f"must be one of {', '.join(URGENCIES)}, got {urgency[:40]!r}")
    source = source_of(call, instrument)
    return simulate_answer(call.exchange.desk, call.client_id, instrument, side, qty, urgency, source)


def live(call: AccountCall) -> object:
    """Answer how an order is going."""
    order = own_order(call.exchange.desk, account_of(call), call.request.path["node_order_id"])
    return live_answer(call.exchange.desk, order)


def review(call: AccountCall) -> object:
    """Answer how an order went."""
    order = own_order(call.exchange.desk, account_of(call), call.request.path["node_order_id"])
    return review_answer(call.exchange.desk, order)


def summary(call: AccountCall) -> object:
    """Answer the account's last day in a few figures."""
    return summary_answer(call.exchange.desk, account_of(call))


def traces(call: AccountCall) -> object:
    """Answer the life of an order, event by event; nothing for an unknown one."""
    query = call.request.query
    node_order_id = query.identifier("node_order_id")
    if node_order_id is None:
        raise invalid_params("node_order_id", "is required")
    limit = query.integer("limit", _DEFAULT_EVENTS, least=1, most=MOST_EVENTS)
    return trace_answer(call.exchange.desk, account_of(call), node_order_id, limit)


def fair_price(call: AccountCall) -> object:
    """Answer the fair price of every underlying, or of one; nothing for an unknown one."""
    underlying = call.request.query.identifier("underlying")
    rows = fair_prices(call.exchange.desk, None if underlying is None else underlying.upper())
    return {"prices": rows, "count": len(rows)}


ROUTES: Mapping[str, Mapping[str, AccountHandler]] = {
    "/v1/tca": {"GET": tca},
    "/v1/intelligence/venues": {"GET": intel},
    "/v1/intelligence/slippage": {"GET": slippage},
    "/v1/intelligence/routing": {"GET": routing},
    "/v1/intelligence/depth": {"GET": depth},
    "/v1/execution/forecast": {"GET": forecast},
    "/v1/execution/simulate": {"GET": simulate},
    "/v1/execution/summary": {"GET": summary},
    "/v1/execution/live/{node_order_id:path}": {"GET": live},
    "/v1/execution/review/{node_order_id:path}": {"GET": review},
    "/v1/traces": {"GET": traces},
    "/v1/fair_price": {"GET": fair_price},
}
