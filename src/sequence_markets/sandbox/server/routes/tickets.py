"""Tickets for sockets."""

from __future__ import annotations

from collections.abc import Mapping

from sequence_markets.sandbox.server.call import AccountCall
from sequence_markets.sandbox.server.endpoint import AccountHandler


def issue(call: AccountCall) -> object:
    """Answer a ticket that lets one socket in."""
    return {"ticket": call.services.tickets.issue(call.principal)}


ROUTES: Mapping[str, Mapping[str, AccountHandler]] = {"/v1/ws/ticket": {"GET": issue}}
