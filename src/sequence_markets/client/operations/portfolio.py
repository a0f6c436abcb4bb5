"""Positions, and the endpoints they replaced."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from sequence_markets.client import checks
from sequence_markets.client.operation import Operation, Retry, json_body, one, path, target
from sequence_markets.models import Positions, Redemption, SequenceModel

PositionKind = Literal["fiat", "crypto", "perp", "event_contract"]

KINDS: Final = ("fiat", "crypto", "perp", "event_contract")

_POSITIONS = one(Positions)
_UNTYPED = one(SequenceModel)
_REDEMPTION = one(Redemption)


def positions_unified(
    venues: Iterable[str] | None, kinds: Iterable[PositionKind] | None, include_closed: bool
) -> Operation[Positions]:
    """Read the positions, at the older of the two documented paths where the newer is unknown."""
    query = {
        "venues": _listed(venues, "venues"),
        "kinds": _listed(kinds, "kinds"),
        "include_closed": checks.boolean(include_closed, "include_closed") or None,
    }
    for kind in (query["kinds"] or "").split(",") if isinstance(query["kinds"], str) else ():
        checks.one_of(kind, "kinds", KINDS)
    return Operation(
        "positions_unified",
        "GET",
        target("/v1/positions/unified", **query),
        _POSITIONS,
        fallback=Operation("positions_unified", "GET", target("/v1/positions", **query), _POSITIONS),
    )


def positions() -> Operation[Positions]:
    """Read the path of the removed list; servers that still answer there send the unified positions."""
    return Operation("positions", "GET", "/v1/positions", _POSITIONS)


def removed(name: Literal["balances", "perp_positions", "portfolio"]) -> Operation[SequenceModel]:
    """Read an endpoint that current servers answer with 404."""
    where = {"balances": "/v1/balances", "perp_positions": "/v1/positions/perp", "portfolio": "/v1/portfolio/summary"}
    return Operation(name, "GET", where[name], _UNTYPED)


def redeem(slug: str, venue: str) -> Operation[Redemption]:
    """Claim the winnings of a resolved market."""
    return Operation(
        "redeem",
        "POST",
        target(path("markets", checks.path_part(slug, "slug"), "redeem"), venue=checks.text(venue, "venue")),
        _REDEMPTION,
        retry=Retry.UNSAFE,
        body=json_body({}),
        lookup="positions_unified(include_closed=True)",
    )


def _listed(values: Iterable[str] | None, name: str) -> str | None:
    if values is None:
        return None
    listed = checks.comma_list(values, name)
    if not listed:
        raise ValueError(f"{name} must not be empty; leave it out for all")
    return listed
