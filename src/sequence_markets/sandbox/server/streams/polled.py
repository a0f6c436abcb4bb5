"""Figures that move all the time, read at a steady pace and said when they differ."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from sequence_markets.sandbox.server.streams.source import Publish, Shown
from sequence_markets.sandbox.server.streams.topics import Kind
from sequence_markets.sandbox.trading.desk import Desk, Task


@dataclass(frozen=True, slots=True)
class Figure:
    """One row: every name it is heard under, the one of its own last, its data, and the part of it whose change is
    worth saying."""

    names: tuple[str, ...]
    data: Mapping[str, object]
    value: object


Read: TypeAlias = Callable[[Desk, Collection[str]], Iterable[Figure]]


@dataclass(frozen=True, slots=True)
class _Look(Task):
    feed: PolledFeed

    def run(self, desk: Desk) -> None:
        self.feed.look(desk)


class PolledFeed:
    """Reads its figures on whole multiples of a period while somebody listens.

    Args:
        kind: The kind of topic it serves.
        every_ns: The period.
        read: Gives the figures, as they are, that are heard under one of some names.
        publish: Takes what to show.
    """

    def __init__(self, kind: Kind, every_ns: int, read: Read, publish: Publish) -> None:
        self._kind: Kind = kind
        self._every_ns = every_ns
        self._read = read
        self._publish = publish
        self._names: dict[str, None] = {}
        self._said: dict[tuple[str, ...], object] = {}
        self._look_ns = 0

    def follow(self, desk: Desk, kind: Kind, name: str) -> None:  # noqa: ARG002 - it serves one kind
        """Say what this name hears from now on."""
        if not self._names:
            self._plan(desk)
        self._names[name] = None
        self._said.update((figure.names, figure.value) for figure in self._read(desk, (name,)))

    def unfollow(self, kind: Kind, name: str) -> None:  # noqa: ARG002 - it serves one kind
        """Nobody listens to this name any more."""
        del self._names[name]
        if not self._names:
            self._said.clear()

    def snapshot(self, desk: Desk, kind: Kind, name: str) -> list[Shown]:  # noqa: ARG002 - as above
        """Every figure that is heard under a name."""
        return [(figure.data, figure.names[-1]) for figure in self._read(desk, (name,))]

    def look(self, desk: Desk) -> None:
        """Say what has changed."""
        if not self._names or desk.now_ns != self._look_ns:
            return
        for figure in self._read(desk, self._names):
            if self._said.get(figure.names) == figure.value:
                continue
            self._said[figure.names] = figure.value
            for name in figure.names:
                if name in self._names:
                    self._publish(self._kind, name, (figure.data, figure.names[-1]))
        self._plan(desk)

    def rearmed(self, desk: Desk) -> None:
        """Plan again."""
        if self._names:
            self._plan(desk)

    def _plan(self, desk: Desk) -> None:
        self._look_ns = (desk.now_ns // self._every_ns + 1) * self._every_ns
        desk.schedule_task(self._look_ns, _Look(self))
