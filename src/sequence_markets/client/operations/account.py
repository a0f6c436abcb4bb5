"""The account, its limits, and the venue edges."""

from __future__ import annotations

from sequence_markets.client.operation import Operation, one
from sequence_markets.models import Account, Edges, RiskLimits

_ACCOUNT = one(Account)
_RISK_LIMITS = one(RiskLimits)
_EDGES = one(Edges)


def account() -> Operation[Account]:
    """Read the profile."""
    return Operation("account", "GET", "/v1/account", _ACCOUNT)


def risk_limits() -> Operation[RiskLimits]:
    """Read the risk limits."""
    return Operation("risk_limits", "GET", "/v1/risk_limits", _RISK_LIMITS)


def edges() -> Operation[Edges]:
    """Read the state of the venue edges."""
    return Operation("edges", "GET", "/v1/edges", _EDGES)
