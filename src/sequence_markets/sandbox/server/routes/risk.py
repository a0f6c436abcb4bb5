"""Stopping and clearing up: the kill switch, cancelling all on a venue, and claiming from prediction markets."""

from __future__ import annotations

from collections.abc import Mapping

from sequence_markets.sandbox.server.call import AccountCall
from sequence_markets.sandbox.server.endpoint import AccountHandler
from sequence_markets.sandbox.server.errors import invalid_params


def engage_kill_switch(call: AccountCall) -> object:
    """Take no new submissions of the account."""
    body = call.request.fields("reason")
    reason = body.text("reason", required=False)
    body.check()
    return call.exchange.engage_kill_switch(call.client_id, reason or None)


def clear_kill_switch(call: AccountCall) -> object:
    """Take submissions of the account again."""
    call.request.fields().check()
    return call.exchange.clear_kill_switch(call.client_id)


def cancel_all_on_venue(call: AccountCall) -> object:
    """Cancel everything of the account that is at a venue."""
    call.request.fields().check()
    return call.exchange.cancel_all_on_venue(call.client_id, call.request.path["venue"])


def redeem(call: AccountCall) -> object:
    """Answer what there is to claim from a market."""
    call.request.fields().check()
    venue = call.request.query.text("venue")
    if venue is None:
        raise invalid_params("venue", "is required")
    return call.exchange.redeem(call.client_id, call.request.path["slug"], venue)


ROUTES: Mapping[str, Mapping[str, AccountHandler]] = {
    "/v1/kill_switch": {"POST": engage_kill_switch, "PUT": engage_kill_switch},
    "/v1/kill_switch/clear": {"POST": clear_kill_switch, "PUT": clear_kill_switch},
    "/v1/venue_cancel_all/{venue}": {"POST": cancel_all_on_venue},
    "/v1/markets/{slug:path}/redeem": {"POST": redeem},
}
