"""What the endpoints of hosted strategies answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from .base import SequenceModel
from .views import Instant, OptionalInstant

StrategyStatus = Literal["created", "starting", "running", "stopping", "stopped", "failed", "exited"] | str
"""State of a hosted strategy. ``exited`` ended by itself without an error, ``failed`` with one."""


class StrategyResources(SequenceModel, frozen=True):
    """What a strategy may use at most."""

    cpu_millis: int | None = None
    """Share of a processor in thousandths."""
    memory_mb: int | None = None
    """Memory in MiB."""
    timeout_secs: int | None = None
    """Seconds that a run may last; 0 for no limit of its own."""


class StrategyRun(SequenceModel, frozen=True):
    """One run of a strategy, from a start to its end."""

    run_id: str
    """Id of the run, unique within its strategy."""
    status: StrategyStatus
    """State of the run, or the state it ended in."""
    executed: bool | None = None
    """Whether code was really run; false where the server only goes through the states."""
    exit_code: int | None = None
    """Exit code of the process, minus the number of the signal that ended it; null while it runs."""
    reason: str | None = None
    """Why it ended, in words."""
    started_at_ns: int | None = None
    """When it was started, nanoseconds since the epoch."""
    ended_at_ns: int | None = None
    """When it ended, nanoseconds since the epoch; null while it runs."""

    started_at = OptionalInstant()
    """`started_at_ns` as an aware ``datetime``."""
    ended_at = OptionalInstant()
    """`ended_at_ns` as an aware ``datetime``."""


class Strategy(SequenceModel, frozen=True):
    """A hosted strategy. Secrets and the key it trades with are never part of an answer.

    Example:
        >>> from sequence_markets.models import Strategy
        >>> strategy = Strategy(strategy_id="strat_9c1e", name="dip", status="created", secret_names=["FEED_KEY"])
        >>> strategy.status, strategy.secret_names
        ('created', ('FEED_KEY',))
    """

    strategy_id: str
    """Id of the strategy, for example ``strat_9c1e``."""
    name: str | None = None
    """Name it was given."""
    runtime: str | None = None
    """What runs it, for example ``python``."""
    entrypoint: str | None = None
    """File inside the artifact that is run."""
    desired_state: Literal["running", "stopped"] | str | None = None
    """What was last asked for."""
    status: StrategyStatus | None = None
    """State it is in."""
    current_run_id: str | None = None
    """The newest run; null before the first start."""
    artifact_sha256: str | None = None
    """SHA-256 of the artifact in hex."""
    artifact_bytes: int | None = None
    """Size of the artifact."""
    manifest: Mapping[str, Any] | None = None
    """The manifest it was created with."""
    placement: Mapping[str, Any] | None = None
    """Where it would like to run."""
    risk: Mapping[str, Any] | None = None
    """The risk settings it was created with."""
    resources: StrategyResources | None = None
    """What it may use at most."""
    env: Mapping[str, str] | None = None
    """Its environment variables, secrets excluded."""
    secret_names: tuple[str, ...] | None = None
    """Names of its secrets."""
    runs: tuple[StrategyRun, ...] | None = None
    """Its latest runs, oldest first."""
    created_at_ns: int | None = None
    """When it was created, nanoseconds since the epoch."""
    updated_at_ns: int | None = None
    """When it last changed, nanoseconds since the epoch."""

    created_at = OptionalInstant()
    """`created_at_ns` as an aware ``datetime``."""
    updated_at = OptionalInstant()
    """`updated_at_ns` as an aware ``datetime``."""


class Strategies(SequenceModel, frozen=True):
    """The hosted strategies of the account. Iterating gives the rows.

    Example:
        >>> [strategy.name for strategy in seq.strategies()]
        []
    """

    strategies: tuple[Strategy, ...]
    """One row per strategy, oldest first."""
    count: int | None = None
    """How many there are."""

    def __iter__(self) -> Iterator[Strategy]:  # type: ignore[override]  # rows, where pydantic yields pairs
        return iter(self.strategies)


class StrategyLogLine(SequenceModel, frozen=True):
    """One line that a strategy wrote."""

    ts_ns: int
    """When it was written, nanoseconds since the epoch."""
    stream: Literal["stdout", "stderr"] | str
    """Where it was written to."""
    message: str
    """The line, without its end."""

    ts = Instant()
    """`ts_ns` as an aware ``datetime``."""


class StrategyLogs(SequenceModel, frozen=True):
    """What a run of a strategy wrote, oldest line first. Iterating gives the lines."""

    strategy_id: str | None = None
    """Id of the strategy."""
    run_id: str | None = None
    """The run that wrote it; null before the first start."""
    logs: tuple[StrategyLogLine, ...]
    """The lines that are kept."""
    count: int | None = None
    """How many lines these are."""
    dropped: int | None = None
    """How many older lines are not kept any more."""

    def __iter__(self) -> Iterator[StrategyLogLine]:  # type: ignore[override]  # rows, where pydantic yields pairs
        return iter(self.logs)
