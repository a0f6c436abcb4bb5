"""What the deployment and algo endpoints answer.

The reference types the answer to a deployment; everything else is free-form and optional here.
"""

from __future__ import annotations

from typing import Literal

from .base import SequenceModel
from .views import OptionalDuration, OptionalInstant, OptionalMoney, OptionalQuantity

AlgoState = Literal["pending", "accepted", "running", "stopped", "paused", "rejected"] | str
"""State of an algo, on one edge or over all of them."""

AlgoLogLevel = Literal["trace", "debug", "info", "warn", "error"] | str
"""How loud a log line is."""


class AlgoEdge(SequenceModel, frozen=True):
    """An algo on one edge: what it holds there, and how it works."""

    symbol: str | None = None
    """Symbol it trades there."""
    edge_id: str | None = None
    """Id of the edge, for example ``venue-edge-kraken``."""
    deploy_id: str | None = None
    """Id of its deployment."""
    status: AlgoState | None = None
    """State of the algo on this edge."""
    pause_reason: str | None = None
    """Why it does not run, where that was not asked for."""
    label: str | None = None
    """Name of the edge in a mesh."""
    size_bytes: int | None = None
    """Size of the module."""
    deployed_at: int | None = None
    """When it was deployed, seconds since the epoch."""
    last_heartbeat: int | None = None
    """When the edge was last heard of, seconds since the epoch."""
    position_1e8: int | None = None
    """Quantity the algo holds, from its own fills, scaled by 10**8; negative when short."""
    avg_entry_1e9: int | None = None
    """Average price of that quantity, scaled by 10**9."""
    realized_pnl_1e9: int | None = None
    """Realised result of its own fills in dollars, scaled by 10**9; fees are not in it."""
    session_realized_pnl_1e9: int | None = None
    """Realised result since 00:00 UTC in dollars, scaled by 10**9."""
    unrealized_pnl_1e9: int | None = None
    """Unrealised result at the middle of the book in dollars, scaled by 10**9."""
    fees_1e9: int | None = None
    """Fees its fills paid in dollars, scaled by 10**9."""
    fill_count: int | None = None
    """Number of its fills."""
    update_count: int | None = None
    """Number of book updates it was called with."""
    callback_latency_ns: int | None = None
    """How long a call of it takes, in nanoseconds."""

    position = OptionalQuantity()
    """`position_1e8` as an exact ``Decimal``."""
    avg_entry = OptionalMoney()
    """`avg_entry_1e9` as an exact ``Decimal``."""
    realized_pnl = OptionalMoney()
    """`realized_pnl_1e9` as an exact ``Decimal``."""
    session_realized_pnl = OptionalMoney()
    """`session_realized_pnl_1e9` as an exact ``Decimal``."""
    unrealized_pnl = OptionalMoney()
    """`unrealized_pnl_1e9` as an exact ``Decimal``."""
    fees = OptionalMoney()
    """`fees_1e9` as an exact ``Decimal``."""
    callback_latency = OptionalDuration()
    """`callback_latency_ns` as a ``timedelta``."""


class AlgoCapabilities(SequenceModel, frozen=True):
    """What of a module is used. A local exchange says it; the service may not."""

    callbacks: tuple[str, ...] | None = None
    """Exports that are called."""
    unsupported: tuple[str, ...] | None = None
    """Exports that are never called, and imports that do nothing."""


class Deployment(SequenceModel, frozen=True):
    """The acknowledgement of a deployed algo.

    ``pushed_to`` below ``capable_edges`` means that an edge refused the module: read ``edges``.
    """

    deployment_id: str
    """Id of the deployment."""
    name: str
    """Its name."""
    symbols: tuple[str, ...]
    """Symbols it trades."""
    size_bytes: int
    """Size of the module."""
    status: AlgoState
    """State over all edges."""
    pushed_to: int
    """Number of edges that took the module."""
    capable_edges: int
    """Number of edges that could run it."""
    edges: tuple[AlgoEdge, ...]
    """One row per symbol and edge."""
    capabilities: AlgoCapabilities | None = None
    """What of the module is used, where the server says."""


class DeploymentStatus(SequenceModel, frozen=True):
    """State of a deployment: per edge its position, result, fills and the time its calls take."""

    deployment_id: str | None = None
    """Id of the deployment."""
    name: str | None = None
    """Its name."""
    symbols: tuple[str, ...] | None = None
    """Symbols it trades."""
    size_bytes: int | None = None
    """Size of the module."""
    status: AlgoState | None = None
    """State over all edges."""
    pushed_to: int | None = None
    """Number of edges that took the module."""
    capable_edges: int | None = None
    """Number of edges that could run it."""
    edges: tuple[AlgoEdge, ...] | None = None
    """One row per symbol and edge."""
    capabilities: AlgoCapabilities | None = None
    """What of the module is used, where the server says."""


class Algo(SequenceModel, frozen=True):
    """The algo of one symbol."""

    symbol: str | None = None
    """Symbol it trades."""
    size_bytes: int | None = None
    """Size of the module."""
    modified_at: int | None = None
    """When it was last deployed, started or stopped, seconds since the epoch."""
    status: AlgoState | None = None
    """State over all edges."""
    deployment_id: str | None = None
    """Id of its deployment, where the server says."""
    edges: tuple[AlgoEdge, ...] | None = None
    """One row per edge, where the server gives them."""


class Algos(SequenceModel, frozen=True):
    """The algos of the account, one per symbol.

    Example:
        >>> seq.algos().algos
        ()
    """

    algos: tuple[Algo, ...]
    """One row per symbol."""
    edges: tuple[AlgoEdge, ...] | None = None
    """One row per symbol and edge; only with ``detail="edge"``."""


class AlgoLog(SequenceModel, frozen=True):
    """One line that an algo wrote."""

    ts_ns: int | None = None
    """When it was written, nanoseconds since the epoch."""
    message: str | None = None
    """What it says."""
    level: AlgoLogLevel | None = None
    """How loud it is."""
    edge_id: str | None = None
    """Edge it comes from."""
    symbol: str | None = None
    """Symbol it is about."""

    ts = OptionalInstant()
    """`ts_ns` as an aware ``datetime``."""


class AlgoLogs(SequenceModel, frozen=True):
    """What an algo wrote, newest first."""

    logs: tuple[AlgoLog, ...] | None = None
    """The lines."""
    count: int | None = None
    """Number of lines."""
    deployment_id: str | None = None
    """Deployment they belong to."""
    symbol: str | None = None
    """Symbol that was asked for."""

    @property
    def lines(self) -> tuple[AlgoLog, ...]:
        """The lines, none when there are none."""
        return self.logs or ()


class AlgoLatency(SequenceModel, frozen=True):
    """How long the calls of an algo took, in nanoseconds."""

    p50: int | None = None
    """Half of them took no longer."""
    p99: int | None = None
    """99 of 100 took no longer."""
    max: int | None = None
    """None took longer."""


class AlgoStats(SequenceModel, frozen=True):
    """What an algo did so far, over all edges of a symbol."""

    symbol: str | None = None
    """Symbol it trades."""
    deployment_id: str | None = None
    """Id of its deployment."""
    status: AlgoState | None = None
    """State over all edges."""
    update_count: int | None = None
    """Number of book updates it was called with."""
    fill_count: int | None = None
    """Number of its fills."""
    reject_count: int | None = None
    """Number of its orders and cancels that were refused."""
    actions_count: int | None = None
    """Number of orders and cancels it asked for."""
    callback_latency_ns: AlgoLatency | None = None
    """How long its calls took."""
    position_1e8: int | None = None
    """Quantity it holds, from its own fills, scaled by 10**8; negative when short."""
    realized_pnl_1e9: int | None = None
    """Realised result of its own fills in dollars, scaled by 10**9."""
    unrealized_pnl_1e9: int | None = None
    """Unrealised result in dollars, scaled by 10**9."""

    position = OptionalQuantity()
    """`position_1e8` as an exact ``Decimal``."""
    realized_pnl = OptionalMoney()
    """`realized_pnl_1e9` as an exact ``Decimal``."""
    unrealized_pnl = OptionalMoney()
    """`unrealized_pnl_1e9` as an exact ``Decimal``."""


class AlgoPeer(SequenceModel, frozen=True):
    """Another edge as one edge of a mesh sees it."""

    label: str | None = None
    """Name of the other edge."""
    latency_ns: int | None = None
    """How long a message takes there, in nanoseconds."""
    sent: int | None = None
    """Number of messages sent there."""
    received: int | None = None
    """Number of messages received from there."""

    latency = OptionalDuration()
    """`latency_ns` as a ``timedelta``."""


class AlgoNode(SequenceModel, frozen=True):
    """One edge of a mesh."""

    edge_id: str | None = None
    """Id of the edge."""
    label: str | None = None
    """Its name in the mesh."""
    peers: tuple[AlgoPeer, ...] | None = None
    """The other edges."""


class AlgoMesh(SequenceModel, frozen=True):
    """The edges of a deployment that talk to each other; none when there is only one venue."""

    nodes: tuple[AlgoNode, ...] | None = None
    """One per edge."""
    deployment_id: str | None = None
    """Id of the deployment."""
