"""Venue credentials: checked for form, then thrown away. Only that a venue is connected is remembered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from sequence_markets.sandbox.server.body import Body
from sequence_markets.sandbox.server.call import NO_CONTENT, AccountCall
from sequence_markets.sandbox.server.endpoint import AccountHandler
from sequence_markets.sandbox.server.errors import invalid_params
from sequence_markets.sandbox.venues import VENUES


def store(call: AccountCall) -> object:
    """Connect a venue, or connect it again."""
    venue = _venue(call)
    body = call.request.fields("api_key", "api_secret", "passphrase", "extra_json")
    _check(venue, body)
    body.check()
    call.exchange.connect_venue(call.client_id, venue)
    return {"venue": venue, "connected": True}


def remove(call: AccountCall) -> object:
    """Forget that a venue is connected."""
    venue = _venue(call)
    call.exchange.disconnect_venue(call.client_id, venue)
    return NO_CONTENT


def list_venues(call: AccountCall) -> object:
    """Answer the connected venues."""
    return call.exchange.venues_connected(call.client_id)


def _venue(call: AccountCall) -> str:
    venue = call.request.path["venue"]
    if venue not in VENUES:
        raise invalid_params("venue", f"unknown venue {venue[:60]!r}; one of {', '.join(VENUES)}")
    return venue


def _check(venue: str, body: Body) -> None:
    key = body.text("api_key")
    secret = body.text("api_secret")
    body.text("passphrase", required=False)
    if venue == "polymarket":
        extra = body.fields.get("extra_json")
        signer = cast("dict[str, object]", extra).get("signer_private_key") if isinstance(extra, dict) else None
        if not isinstance(signer, str) or not signer:
            body.problem("extra_json.signer_private_key", "is required for polymarket")
        return
    for field, value in (("api_key", key), ("api_secret", secret)):
        if isinstance(body.fields.get(field), str) and not value.strip():
            body.problem(field, "must not be empty")
    if venue == "kalshi" and secret.strip() and "-----BEGIN " not in secret:
        body.problem("api_secret", "must be the whole RSA private key in PEM form")


ROUTES: Mapping[str, Mapping[str, AccountHandler]] = {
    "/v1/credentials": {"GET": list_venues},
    "/v1/credentials/{venue}": {"POST": store, "PUT": store, "DELETE": remove},
}
