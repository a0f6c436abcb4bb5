"""Faults, for programs in any language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import cast

from sequence_markets.sandbox.faults import HTTP_KINDS, STREAM_KINDS
from sequence_markets.sandbox.server.call import Request, Services
from sequence_markets.sandbox.server.endpoint import ControlHandler
from sequence_markets.sandbox.server.errors import validation_error


def listed(services: Services, _request: Request) -> object:
    """Answer the faults that may still happen, and the kinds there are."""
    pending = [asdict(fault) for fault in services.faults.pending()]
    return {"faults": pending, "count": len(pending), "kinds": [*HTTP_KINDS, *STREAM_KINDS]}


def add(services: Services, request: Request) -> object:
    """Add a fault."""
    body = request.json()
    if not isinstance(body, dict):
        raise validation_error(("body", "must be an object"))
    try:
        fault = services.faults.add_from(cast("dict[str, object]", body))
    except (TypeError, ValueError) as error:
        raise validation_error(("fault", str(error))) from None
    return asdict(fault)


def clear(services: Services, _request: Request) -> object:
    """Let nothing go wrong any more."""
    services.faults.clear()
    return {"faults": [], "count": 0}


def hang_up(services: Services, request: Request) -> object:
    """End every open socket now, with the close code in the body or without a word."""
    body = request.fields("code")
    code = body.integer("code", 0)
    body.check()
    return {"ended": services.faults.hang_up(code or None)}


ROUTES: Mapping[str, Mapping[str, ControlHandler]] = {
    "/_sandbox/faults": {"GET": listed, "POST": add, "DELETE": clear},
    "/_sandbox/faults/hang_up": {"POST": hang_up},
}
