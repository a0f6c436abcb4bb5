"""What the exchange knows of hosted strategies, and how records change it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sequence_markets.sandbox.strategies.limits import KEPT_RUNS
from sequence_markets.sandbox.trading import records as rec
from sequence_markets.sandbox.trading.errors import InvariantError

if TYPE_CHECKING:
    from sequence_markets.sandbox.trading.state import State

LIVE: Final = frozenset({"starting", "running", "stopping"})
"""States in which a run is under way."""

ARROWS: Final[Mapping[str, frozenset[str]]] = {
    "created": frozenset({"starting"}),
    "starting": frozenset({"running", "stopping", "stopped", "failed"}),
    "running": frozenset({"stopping", "stopped", "failed", "exited"}),
    "stopping": frozenset({"stopped"}),
    "stopped": frozenset({"starting"}),
    "failed": frozenset({"starting"}),
    "exited": frozenset({"starting"}),
}


@dataclass(slots=True)
class Run:
    """One run of a strategy. `executed` says whether its code is really run."""

    no: int
    executed: bool
    started_ns: int
    status: str = "starting"
    ended_ns: int = 0
    exit_code: int | None = None
    reason: str = ""

    @property
    def id(self) -> str:
        """Its id on the wire."""
        return f"run_{self.no}"


@dataclass(slots=True)
class Strategy:
    """One hosted strategy: what is public of it."""

    no: int
    id: str
    client: str
    public: dict[str, object]
    created_ns: int
    updated_ns: int
    status: str = "created"
    desired: str = "stopped"
    runs: list[Run] = field(default_factory=list[Run])

    @property
    def run(self) -> Run | None:
        """The newest run."""
        return self.runs[-1] if self.runs else None

    @property
    def live(self) -> bool:
        """Whether a run is under way."""
        return self.status in LIVE


def created(state: State, record: rec.StrategyCreated) -> None:
    """A strategy was taken in."""
    state.last_strategy += 1
    state.strategies[record.strategy] = Strategy(
        state.last_strategy, record.strategy, record.client, record.public, state.now_ns, state.now_ns
    )


def moved(state: State, record: rec.StrategyMoved) -> None:
    """A strategy entered another state."""
    strategy = state.strategies[record.strategy]
    if record.status not in ARROWS[strategy.status]:
        raise InvariantError("strategy-states", f"{strategy.id} goes from {strategy.status} to {record.status}")
    if record.status == "starting":
        strategy.runs.append(Run(record.run, record.executed, state.now_ns))
        del strategy.runs[:-KEPT_RUNS]
    run = strategy.runs[-1]
    if run.no != record.run:
        raise InvariantError("strategy-runs", f"{strategy.id} is in run {run.no}, not in {record.run}")
    run.status = strategy.status = record.status
    strategy.desired = record.desired
    strategy.updated_ns = state.now_ns
    if not strategy.live:
        run.ended_ns, run.exit_code, run.reason = state.now_ns, record.exit_code, record.reason


def deleted(state: State, record: rec.StrategyDeleted) -> None:
    """A strategy is gone."""
    del state.strategies[record.strategy]
