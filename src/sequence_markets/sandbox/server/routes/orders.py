"""Orders, execution graphs and fills."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sequence_markets.sandbox.server.body import Body
from sequence_markets.sandbox.server.call import NO_CONTENT, AccountCall
from sequence_markets.sandbox.server.endpoint import AccountHandler
from sequence_markets.sandbox.server.params import Query

_DEFAULT_LIMIT: Final = 50
_MAX_LIMIT: Final = 500
_MAX_OFFSET: Final = 10**15


def submit(call: AccountCall) -> object:
    """Submit an order or a graph. It is journaled before this answers."""
    body = Body(call.request.json()).fields
    return call.exchange.submit(call.client_id, body)


def list_orders(call: AccountCall) -> object:
    """Answer a page of orders, newest first."""
    query = call.request.query
    limit, offset = _page(query)
    return call.exchange.orders(
        call.client_id,
        limit=limit,
        offset=offset,
        symbol=_symbol(call),
        node_order_id=query.identifier("node_order_id"),
    )


def get_order(call: AccountCall) -> object:
    """Answer one order."""
    return call.exchange.order(call.client_id, call.request.path["node_order_id"])


def cancel_order(call: AccountCall) -> object:
    """Cancel one node's order; the rest of its graph goes on."""
    call.exchange.cancel_order(call.client_id, call.request.path["node_order_id"])
    return NO_CONTENT


def amend_order(call: AccountCall) -> object:
    """Change an order's total quantity, its limit, or both."""
    body = Body(call.request.json()).fields
    return call.exchange.amend_order(call.client_id, call.request.path["node_order_id"], body)


def get_graph(call: AccountCall) -> object:
    """Answer the state of a graph."""
    return call.exchange.graph_status(call.client_id, call.request.path["graph_id"])


def cancel_graph(call: AccountCall) -> object:
    """Cancel every active node of a graph; its fills stay."""
    call.exchange.cancel_graph(call.client_id, call.request.path["graph_id"])
    return NO_CONTENT


def pause_graph(call: AccountCall) -> object:
    """Release nothing more of a graph."""
    return call.exchange.pause_graph(call.client_id, call.request.path["graph_id"])


def resume_graph(call: AccountCall) -> object:
    """Go on with a paused graph."""
    return call.exchange.resume_graph(call.client_id, call.request.path["graph_id"])


def amend_node(call: AccountCall) -> object:
    """Change what a node of a graph aims at."""
    path = call.request.path
    return call.exchange.amend_node(call.client_id, path["graph_id"], path["node_id"], Body(call.request.json()).fields)


def list_fills(call: AccountCall) -> object:
    """Answer a page of fills, newest first."""
    limit, offset = _page(call.request.query)
    return call.exchange.fills(call.client_id, limit=limit, offset=offset, symbol=_symbol(call))


def _page(query: Query) -> tuple[int, int]:
    limit = query.integer("limit", _DEFAULT_LIMIT, least=1, most=_MAX_LIMIT)
    return limit, query.integer("offset", 0, least=0, most=_MAX_OFFSET)


def _symbol(call: AccountCall) -> str | None:
    text = call.request.query.text("symbol")
    found = None if text is None else call.exchange.market.catalogue.resolve(text)
    return text if found is None else found.symbol


ROUTES: Mapping[str, Mapping[str, AccountHandler]] = {
    "/v1/orders": {"GET": list_orders, "POST": submit},
    "/v1/orders/{node_order_id:path}": {"GET": get_order, "PATCH": amend_order, "DELETE": cancel_order},
    "/v1/execution_graphs/{graph_id}/pause": {"POST": pause_graph},
    "/v1/execution_graphs/{graph_id}/resume": {"POST": resume_graph},
    "/v1/execution_graphs/{graph_id}/nodes/{node_id}": {"PATCH": amend_node},
    "/v1/execution_graphs/{graph_id:path}": {"GET": get_graph, "DELETE": cancel_graph},
    "/v1/fills": {"GET": list_fills},
}
