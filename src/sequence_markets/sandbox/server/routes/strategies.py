"""Hosted strategies: created from an artifact, started, stopped, read and deleted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from sequence_markets.sandbox.server.body import Body
from sequence_markets.sandbox.server.call import NO_CONTENT, AccountCall, Request
from sequence_markets.sandbox.server.endpoint import AccountHandler, Prepared
from sequence_markets.sandbox.strategies.limits import FREE, MIB
from sequence_markets.sandbox.strategies.upload import read_upload

_MAX_BODY: Final = 24 * MIB
"""Room for the largest artifact in base64, and for the rest."""


def create(request: Request) -> Callable[[AccountCall], object]:
    """Check an upload whole, and return what takes it in."""
    upload = read_upload(Body(request.json()).fields, FREE)
    return lambda call: call.services.hosting.create(call.exchange, call.client_id, call.principal, upload)


def list_all(call: AccountCall) -> object:
    """Answer the account's strategies."""
    return call.services.hosting.list_all(call.exchange, call.client_id)


def show(call: AccountCall) -> object:
    """Answer one strategy."""
    return call.services.hosting.show(call.exchange, call.client_id, call.request.path["strategy_id"])


def start(call: AccountCall) -> object:
    """Ask for a strategy to run."""
    call.request.fields().check()
    return call.services.hosting.start(call.exchange, call.client_id, call.request.path["strategy_id"])


def stop(call: AccountCall) -> object:
    """Ask for a strategy to stop."""
    call.request.fields().check()
    return call.services.hosting.stop(call.exchange, call.client_id, call.request.path["strategy_id"])


def logs(call: AccountCall) -> object:
    """Answer what a run wrote, the newest run's by default."""
    request = call.request
    run_id = request.query.identifier("run_id")
    return call.services.hosting.logs(call.exchange, call.client_id, request.path["strategy_id"], run_id)


def delete(call: AccountCall) -> object:
    """Stop and delete a strategy."""
    call.services.hosting.delete(call.exchange, call.client_id, call.request.path["strategy_id"])
    return NO_CONTENT


ROUTES: Mapping[str, Mapping[str, AccountHandler]] = {
    "/v1/strategies": {"GET": list_all, "POST": Prepared(create, _MAX_BODY)},
    "/v1/strategies/{strategy_id}": {"GET": show, "DELETE": delete},
    "/v1/strategies/{strategy_id}/start": {"POST": start},
    "/v1/strategies/{strategy_id}/stop": {"POST": stop},
    "/v1/strategies/{strategy_id}/logs": {"GET": logs},
}
