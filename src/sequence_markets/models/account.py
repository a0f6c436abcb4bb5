"""What the account, risk and edge endpoints answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from .base import SequenceModel
from .venues import VenueId
from .views import OptionalInstant


class Account(SequenceModel, frozen=True):
    """The profile behind the API key. The service may send more than is documented; it stays in `raw`."""

    client_id: str | None = None
    """Id of the account; every key of the account shares it."""
    tier: str | None = None
    """Plan of the account, for example ``free`` or ``paid``."""
    rate_limit_qps: float | None = None
    """Requests a second that the account may make."""
    features: Mapping[str, Any] | None = None
    """Feature flags."""


class RiskLimits(SequenceModel, frozen=True):
    """Limits of the profile. The service may send more than is documented; it stays in `raw`."""

    max_notional_usd: float | None = None
    """Largest notional of one order, in dollars."""
    max_drawdown_usd: float | None = None
    """Largest loss before trading stops, in dollars."""
    kill_switch_active: bool | None = None
    """Whether new orders are refused."""


class Edge(SequenceModel, frozen=True):
    """A process beside a venue that holds its market data and order connections."""

    edge_id: str | None = None
    """Id of the edge, for example ``venue-edge-kraken``."""
    venue: VenueId | None = None
    """Venue it serves."""
    region: str | None = None
    """Region it runs in."""
    instrument_types: tuple[str, ...] | None = None
    """Kinds of instrument it serves."""
    status: Literal["connected", "disconnected"] | str
    """Whether the edge is connected."""
    last_heartbeat_ns: int | None = None
    """Time of its last heartbeat, nanoseconds since the epoch."""
    remote: bool | None = None
    """Whether it is attached to another region's coordinator."""

    last_heartbeat = OptionalInstant()
    """`last_heartbeat_ns` as an aware ``datetime``."""


class Edges(SequenceModel, frozen=True):
    """Every edge with its heartbeat state.

    Example:
        >>> all(edge.status == "connected" for edge in seq.edges().edges)
        True
    """

    edges: tuple[Edge, ...]
    """One row per edge."""
