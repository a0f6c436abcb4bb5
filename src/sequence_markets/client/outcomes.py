"""Writes whose outcome this client does not know, kept until something settles them."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Final

MOST_KEPT: Final = 1024
"""Beyond this the oldest record is dropped, so that a client that runs for weeks stays bounded."""


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A write about a graph that may or may not have taken effect.

    Attributes:
        operation: The method, for example ``"buy"``.
        graph_id: The graph; ``graph_status(graph_id)`` finds out.
        request_id: The ``X-Request-Id`` the call was sent with.
    """

    operation: str
    graph_id: str
    request_id: str


class Outcomes:
    """The unresolved writes of one client. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: dict[str, tuple[Unresolved, float]] = {}

    def unresolved(self) -> tuple[Unresolved, ...]:
        """Return the records, oldest first."""
        with self._lock:
            return tuple(record for record, _ in self._records.values())

    def doubt(self, record: Unresolved, until: float) -> None:
        """Keep a record. Until the instant ``until`` the request may still be under way."""
        with self._lock:
            # A cancel in doubt must not hide the submit in doubt before it; one record per graph is enough.
            first, _ = self._records.pop(record.graph_id, (record, 0.0))
            self._records[record.graph_id] = (first, until)
            if len(self._records) > MOST_KEPT:
                del self._records[next(iter(self._records))]

    def settle(self, graph_id: str) -> None:
        """Drop the record of a graph the server has spoken about."""
        if self._records:
            with self._lock:
                self._records.pop(graph_id, None)

    def absent(self, graph_id: str, now: float) -> None:
        """Drop the record of a graph the server does not know, unless the request may still arrive there."""
        if self._records:
            with self._lock:
                found = self._records.get(graph_id)
                if found is not None and now >= found[1]:
                    del self._records[graph_id]
