"""The state machines of execution graphs, as data: the tables that run are the tables that are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sequence_markets.sandbox.trading.errors import InvariantError

__all__ = ["EDGE", "GRAPH", "MACHINES", "NODE", "Machine"]


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine: its first state, and which event leads from which state to which.

    `words` says how a state is called on the wire where it is called differently, `events` what each event means.
    """

    name: str
    initial: str
    arrows: Mapping[tuple[str, str], str]
    events: Mapping[str, str]
    words: Mapping[str, str]

    def step(self, state: str, event: str) -> str:
        """The state that an event leads to.

        Raises:
            InvariantError: The table has no such arrow.

        Example:
            >>> EDGE.step("armed", "fire")
            'fired'
        """
        found = self.arrows.get((state, event))
        if found is None:
            raise InvariantError(f"{self.name}-arrows", f"{event!r} does not apply to a {self.name} that is {state}")
        return found

    def word(self, state: str) -> str:
        """The wire's word for a state."""
        return self.words.get(state, state)

    @property
    def states(self) -> tuple[str, ...]:
        """Every state, in the order of the table."""
        found = dict.fromkeys([self.initial])
        for (source, _), target in self.arrows.items():
            found |= {source: None, target: None}
        return tuple(found)

    @property
    def final(self) -> frozenset[str]:
        """The states that no arrow leaves."""
        return frozenset(self.states) - {source for source, _ in self.arrows}


def _rows(*rows: tuple[str, str, str]) -> dict[tuple[str, str], str]:
    arrows: dict[tuple[str, str], str] = {}
    for sources, event, target in rows:
        for source in sources.split():
            arrows[(source, event)] = target
    return arrows


GRAPH: Final = Machine(
    "graph",
    "pending",
    _rows(
        ("pending", "start", "active"),
        ("active partial_fill", "fill", "partial_fill"),
        ("paused", "start", "paused"),
        ("paused", "fill", "paused"),
        ("pending active partial_fill", "pause", "paused"),
        ("paused", "resume_pending", "pending"),
        ("paused", "resume", "active"),
        ("paused", "resume_filled", "partial_fill"),
        ("pending active partial_fill paused", "complete", "completed"),
        ("pending active partial_fill paused", "abort", "aborted"),
        ("pending active partial_fill paused", "expire", "expired"),
    ),
    {
        "start": "the first order of a node began to work",
        "fill": "a node was filled, in part or whole",
        "pause": "the client or a risk rule paused it",
        "resume_pending": "resumed, nothing had begun",
        "resume": "resumed, nothing was filled yet",
        "resume_filled": "resumed, something was filled",
        "complete": "every node is final and none was cancelled or rejected",
        "abort": "every node is final and one was cancelled or rejected",
        "expire": "every node is final because its horizon passed or its market closed",
    },
    {},
)

NODE: Final = Machine(
    "node",
    "pending",
    _rows(
        ("pending", "arm", "armed"),
        ("pending armed", "start", "executing"),
        ("executing partial_fill", "fill", "partial_fill"),
        ("executing partial_fill", "fill_all", "filled"),
        ("partial_fill", "complete", "completed"),
        ("pending armed executing partial_fill", "cancel", "cancelled"),
        ("pending armed executing", "reject", "rejected"),
    ),
    {
        "arm": "an edge that leads here is being watched, or a release is on its way",
        "start": "an order of it was accepted",
        "fill": "some of its target is filled",
        "fill_all": "its whole target is filled",
        "complete": "its orders are over, nothing more can be released, part of it is filled",
        "cancel": "it was cancelled, or ended without a fill, or nothing can activate it any more",
        "reject": "its orders were refused before they traded",
    },
    {"completed": "partial_fill"},
)

EDGE: Final = Machine(
    "edge",
    "pending",
    _rows(
        ("pending", "arm", "armed"),
        ("armed", "fire", "fired"),
        ("armed streaming", "stream", "streaming"),
        ("streaming", "finish", "fired"),
        ("pending armed", "expire", "expired"),
        ("pending armed", "cancel", "cancelled"),
        ("streaming", "cancel", "fired"),
    ),
    {
        "arm": "its source was activated (or first filled, for a price relative to the entry)",
        "fire": "its trigger came true; it never fires again",
        "stream": "a fill of its source, for `on_fill`: it fires again at the next one",
        "finish": "its source is final, no fill can follow",
        "expire": "its trigger can never come true any more",
        "cancel": "its target is final, or nothing is left for it to release",
    },
    {"streaming": "fired"},
)

MACHINES: Final = (GRAPH, NODE, EDGE)
