"""The documented sandbox administration: paper positions, reset and settings of one account. Test keys only."""

from __future__ import annotations

from collections.abc import Mapping

from sequence_markets.sandbox.server.body import Body
from sequence_markets.sandbox.server.call import AccountCall
from sequence_markets.sandbox.server.endpoint import AccountHandler


def set_positions(call: AccountCall) -> object:
    """Write paper positions."""
    return call.exchange.sandbox_set_positions(call.client_id, Body(call.request.json()).fields)


def reset(call: AccountCall) -> object:
    """Delete the account's paper rows and seed its default balances again."""
    return call.exchange.sandbox_reset(call.client_id)


def get_settings(call: AccountCall) -> object:
    """Answer the account's sandbox settings."""
    return call.exchange.sandbox_settings(call.client_id)


def put_settings(call: AccountCall) -> object:
    """Change the account's sandbox settings."""
    return call.exchange.put_sandbox_settings(call.client_id, Body(call.request.json()).fields)


ROUTES: Mapping[str, Mapping[str, AccountHandler]] = {
    "/v1/sandbox/positions": {"POST": set_positions},
    "/v1/sandbox/reset": {"POST": reset},
    "/v1/sandbox/settings": {"GET": get_settings, "PUT": put_settings},
}
