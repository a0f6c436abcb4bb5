"""Positions, and the endpoints they replaced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NoReturn

from sequence_markets.sandbox.server.call import AccountCall
from sequence_markets.sandbox.server.endpoint import AccountHandler
from sequence_markets.sandbox.server.errors import not_found
from sequence_markets.sandbox.venues import VENUES

_KINDS: Final = ("fiat", "crypto", "perp", "event_contract")


def positions(call: AccountCall) -> object:
    """Answer cash, coins, perps and event contracts of every venue, with their totals."""
    query = call.request.query
    return call.exchange.positions(
        call.client_id,
        venues=query.words("venues", VENUES),
        kinds=query.words("kinds", _KINDS),
        include_closed=query.flag("include_closed"),
    )


def removed(_call: AccountCall) -> NoReturn:
    """Answer that the endpoint is gone."""
    raise not_found("this endpoint was removed; use GET /v1/positions")


ROUTES: Mapping[str, Mapping[str, AccountHandler]] = {
    "/v1/positions": {"GET": positions},
    "/v1/positions/unified": {"GET": positions},
    "/v1/balances": {"GET": removed},
    "/v1/positions/perp": {"GET": removed},
    "/v1/portfolio/summary": {"GET": removed},
}
