"""What is remembered of deployments: log lines, calls and events, a bounded number of each, in memory only."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from sequence_markets.sandbox.algos.limits import AlgoLimits
from sequence_markets.sandbox.algos.runs import LogLine, Trace

__all__ = ["AlgoEvent", "History", "Item", "Tap"]

EventKind = Literal["deployed", "updated", "started", "stopped", "superseded", "paused", "undeployed"]


@dataclass(frozen=True, slots=True)
class AlgoEvent:
    """Something happened to a deployment, as a whole or on one edge."""

    kind: EventKind
    status: str
    time_ns: int
    symbol: str = ""
    edge_id: str = ""
    reason: str = ""


Item: TypeAlias = LogLine | Trace | AlgoEvent
Tap: TypeAlias = Callable[[str, Item], None]
"""Is told of everything that is remembered: the deployment and what happened. Called under the exchange's lock."""


@dataclass(slots=True)
class _Shelf:
    logs: deque[LogLine]
    traces: deque[Trace]
    events: deque[AlgoEvent]


@dataclass(slots=True)
class History:
    """What was noted is kept once the command it belongs to is stored; what did not happen is forgotten.

    Attributes:
        limits: How much is kept.
        taps: Who is told.
    """

    limits: AlgoLimits
    taps: list[Tap] = field(default_factory=list[Tap])
    _shelves: dict[str, _Shelf] = field(default_factory=dict[str, _Shelf])
    _fresh: list[tuple[str, Item]] = field(default_factory=list[tuple[str, Item]])

    def note(self, deployment: str, item: Item) -> None:
        """Note something about a deployment."""
        self._fresh.append((deployment, item))

    def commit(self) -> None:
        """Keep what was noted."""
        if not self._fresh:
            return
        for deployment, item in self._fresh:
            shelf = self._shelves.get(deployment)
            if shelf is None:
                shelf = self._shelves[deployment] = _Shelf(
                    deque(maxlen=self.limits.log_lines),
                    deque(maxlen=self.limits.traces),
                    deque(maxlen=self.limits.traces),
                )
            match item:
                case LogLine():
                    shelf.logs.append(item)
                case Trace():
                    shelf.traces.append(item)
                case AlgoEvent():
                    shelf.events.append(item)
            for tap in self.taps:
                tap(deployment, item)
        self._fresh.clear()

    def abandon(self) -> None:
        """Forget what was noted and did not happen."""
        self._fresh.clear()

    def forget(self, deployment: str | None = None) -> None:
        """Forget a deployment, or all of them."""
        if deployment is None:
            self._shelves.clear()
            self._fresh.clear()
        else:
            self._shelves.pop(deployment, None)

    def logs(self, deployment: str) -> list[LogLine]:
        """The log lines of a deployment, newest first."""
        shelf = self._shelves.get(deployment)
        return list(reversed(shelf.logs)) if shelf is not None else []

    def traces(self, deployment: str) -> list[Trace]:
        """The calls of a deployment, newest first."""
        shelf = self._shelves.get(deployment)
        return list(reversed(shelf.traces)) if shelf is not None else []

    def events(self, deployment: str) -> list[AlgoEvent]:
        """What happened to a deployment, newest first."""
        shelf = self._shelves.get(deployment)
        return list(reversed(shelf.events)) if shelf is not None else []
