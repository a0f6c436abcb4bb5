"""The heap of due events: the only place that decides what happens next."""

from __future__ import annotations

import heapq
from typing import Generic, TypeVar

__all__ = ["Kernel"]

E = TypeVar("E")


class Kernel(Generic[E]):
    """Events by (time, rank, sequence).

    Events of one instant run in order of `rank`, events of equal rank in the order in which they were scheduled.
    The kernel knows no clock and forgets nothing: whoever takes an event must check that it still applies.

    >>> kernel: Kernel[str] = Kernel()
    >>> kernel.schedule(20, "b")
    >>> kernel.schedule(10, "a")
    >>> kernel.next_due_ns()
    10
    >>> kernel.take(15)
    ['a']
    """

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, int, E]] = []
        self._sequence = 0

    def __len__(self) -> int:
        return len(self._heap)

    def schedule(self, time_ns: int, event: E, rank: int = 0) -> None:
        """Make `event` due at `time_ns`, in nanoseconds since the epoch."""
        self._sequence += 1
        heapq.heappush(self._heap, (time_ns, rank, self._sequence, event))

    def next_due_ns(self) -> int | None:
        """The instant of the earliest event, or None when nothing is scheduled."""
        return self._heap[0][0] if self._heap else None

    def take(self, until_ns: int) -> list[E]:
        """Remove and return the events of the earliest instant, in order; none when that is after
        `until_ns`."""
        heap = self._heap
        if not heap or heap[0][0] > until_ns:
            return []
        instant = heap[0][0]
        due: list[E] = []
        while heap and heap[0][0] == instant:
            due.append(heapq.heappop(heap)[3])
        return due

    def clear(self) -> None:
        """Drop every event."""
        self._heap.clear()
        self._sequence = 0
