"""What is kept of an algo on one edge while the exchange is up: instance, figures, the last view of the book."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from sequence_markets.sandbox.algos.abi import OpenOrder
from sequence_markets.sandbox.algos.features import Sides
from sequence_markets.sandbox.algos.instances import Instance

__all__ = ["EdgeRun", "LogLine", "Trace"]

_SAMPLES: Final = 4_096
_SECOND_NS: Final = 10**9


@dataclass(frozen=True, slots=True)
class LogLine:
    """A message of an algo."""

    time_ns: int
    level: int
    edge_id: str
    symbol: str
    message: str


@dataclass(frozen=True, slots=True)
class Trace:
    """One call of an algo. `fuel` stands for the nanoseconds it took."""

    edge_id: str
    symbol: str
    callback: str
    seq: int
    time_ns: int
    fuel: int
    actions: int


@dataclass(slots=True)
class EdgeRun:
    """One edge. None of this is in the journal: after a restart the figures begin at zero, and the module anew.

    Attributes:
        instance: The module at work; made when it is first called.
        sides: The book it was last shown.
        packed: The sides of that book as bytes.
        mid_1e9: The last middle of the book, 0 before the first.
        seen_ns: When the edge was last called.
        updates, rejects, actions, calls: How often what happened.
        slowest: The most fuel that a call used.
        samples: The fuel of the last calls.
        dead: Orders that ended since the algo was last shown its orders.
    """

    instance: Instance | None = None
    sides: Sides | None = None
    packed: tuple[bytes, bytes] = (b"", b"")
    mid_1e9: int = 0
    seen_ns: int = 0
    updates: int = 0
    rejects: int = 0
    actions: int = 0
    calls: int = 0
    slowest: int = 0
    samples: deque[int] = field(default_factory=lambda: deque[int](maxlen=_SAMPLES))
    dead: list[OpenOrder] = field(default_factory=list[OpenOrder])
    _second: int = -1
    _sent: int = 0

    def sent(self, now_ns: int) -> int:
        """How many orders were sent in the present second."""
        return self._sent if self._second == now_ns // _SECOND_NS else 0

    def count_order(self, now_ns: int) -> None:
        """Note that an order was sent."""
        self._sent = self.sent(now_ns) + 1
        self._second = now_ns // _SECOND_NS

    def count_call(self, fuel: int, now_ns: int) -> None:
        """Note that a call used some fuel."""
        self.calls += 1
        self.seen_ns = now_ns
        self.samples.append(fuel)
        if fuel > self.slowest:
            self.slowest = fuel
