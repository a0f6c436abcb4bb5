"""Health, account profile, risk limits, and the edges that connect the venues."""

from __future__ import annotations

from collections.abc import Mapping

from sequence_markets.sandbox.server.call import AccountCall
from sequence_markets.sandbox.server.endpoint import AccountHandler
from sequence_markets.sandbox.server.not_modelled import NOT_MODELLED
from sequence_markets.sandbox.venues import VENUES, edge_id


def health(call: AccountCall) -> object:
    """Answer that the service is up, where its market comes from, and what it leaves out."""
    return {"status": "ok", "market": call.exchange.market.describe(), "not_modelled": list(NOT_MODELLED)}


def account(call: AccountCall) -> object:
    """Answer the caller's profile."""
    profile = call.exchange.account(call.client_id)
    limiter = call.services.limiter
    if limiter is not None:
        profile["rate_limit_qps"] = limiter.qps
    return profile


def risk_limits(call: AccountCall) -> object:
    """Answer the caller's risk limits."""
    return call.exchange.risk_limits(call.client_id)


def edges(call: AccountCall) -> object:
    """Answer every venue's connections; spot and perps of one venue are two edges."""
    now = call.exchange.now_ns
    rows = [
        {
            "edge_id": edge_id(venue.id, kind),
            "venue": venue.id,
            "region": venue.region,
            "instrument_types": [kind],
            "status": "connected",
            "last_heartbeat_ns": now,
            "remote": False,
        }
        for venue in VENUES.values()
        for kind in venue.instrument_types
    ]
    return {"edges": rows}


ROUTES: Mapping[str, Mapping[str, AccountHandler]] = {
    "/v1/health": {"GET": health},
    "/v1/account": {"GET": account},
    "/v1/risk_limits": {"GET": risk_limits},
    "/v1/edges": {"GET": edges},
}
