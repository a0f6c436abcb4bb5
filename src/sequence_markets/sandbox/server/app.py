"""The sandbox as an ASGI application: which path is served by what."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor

from starlette.routing import BaseRoute, Route, Router, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from sequence_markets.sandbox.server.call import Services
from sequence_markets.sandbox.server.endpoint import AccountEndpoint, AccountHandler, ControlEndpoint, OpenEndpoint
from sequence_markets.sandbox.server.errors import ApiError
from sequence_markets.sandbox.server.events import EventSource, SseFeed
from sequence_markets.sandbox.server.gate import Gate
from sequence_markets.sandbox.server.routes import (
    account,
    algos,
    analytics,
    control,
    costs,
    credentials,
    faults,
    funding,
    history,
    market,
    monitor,
    orders,
    portfolio,
    prediction,
    risk,
    sandbox,
    strategies,
    tickets,
)
from sequence_markets.sandbox.server.streaming import Feed, Socket

_ACCOUNT_ROUTES: Mapping[str, Mapping[str, AccountHandler]] = {
    **account.ROUTES,
    **algos.ROUTES,
    **analytics.ROUTES,
    **credentials.ROUTES,
    **market.ROUTES,
    **monitor.ROUTES,
    **costs.ROUTES,
    **history.ROUTES,
    **funding.ROUTES,
    **orders.ROUTES,
    **portfolio.ROUTES,
    **prediction.ROUTES,
    **risk.ROUTES,
    **strategies.ROUTES,
    **tickets.ROUTES,
}

_EVENTS: Mapping[str, SseFeed] = {
    "/v1/tca/stream": "tca",
    "/v1/risk/stream": "risk",
    "/v1/alerts/stream": "alerts",
}
_SOCKETS: Mapping[str, Feed] = {
    "/v1/stream": "stream",
    "/v1/ws/new_markets": "new_markets",
    "/v1/ws/market_resolved": "market_resolved",
}


def create_app(services: Services, executor: Executor) -> ASGIApp:
    """Return the application.

    Args:
        services: What the handlers share.
        executor: Runs calls that may take long, or that find the exchange in use.
    """
    routes: list[BaseRoute] = [Route("/v1/health/live", OpenEndpoint({"status": "ok"}))]
    routes += [Route(path, AccountEndpoint(services, executor, handlers)) for path, handlers in _ACCOUNT_ROUTES.items()]
    routes += [
        Route(path, AccountEndpoint(services, executor, handlers, test_only=True))
        for path, handlers in sandbox.ROUTES.items()
    ]
    routes += [
        Route(path, ControlEndpoint(services, executor, handlers))
        for path, handlers in {**control.ROUTES, **faults.ROUTES}.items()
    ]
    routes += [Route(path, EventSource(services, executor, feed)) for path, feed in _EVENTS.items()]
    routes += [WebSocketRoute(path, Socket(services, executor, feed)) for path, feed in _SOCKETS.items()]
    # A redirect would make a client repeat a request, key and all, somewhere else.
    return Gate(Router(routes, redirect_slashes=False, default=_unknown), services.faults)


async def _unknown(scope: Scope, _receive: Receive, _send: Send) -> None:
    method = scope.get("method", "socket at")
    raise ApiError(404, "NOT_FOUND", f"there is no {method} {scope['path'][:200]}")
