"""Waiting for a graph: what to make of each status that is read, and when to read the next. Pure; told the time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, get_args

from sequence_markets.errors import GraphWaitError, NetworkError, RateLimitError, SequenceError, ServerError
from sequence_markets.models import FINAL_GRAPH_STATES, GraphState, GraphStatus

FIRST_PAUSE: Final = 0.02
LONGEST_PAUSE: Final = 1.0
_LAST_READ: Final = 0.25
"""Seconds for a read that begins as the time ends."""

_STATES: Final = tuple(str(word) for literal in get_args(GraphState) for word in get_args(literal))


class Watch:
    """One wait. Times are seconds of any steady clock."""

    def __init__(self, graph_id: str, until: str | Iterable[str] | None, *, now: float, timeout: float) -> None:
        self._graph_id = graph_id
        self._wanted = _states(until)
        self._deadline = now + timeout
        self._timeout = timeout
        self._pause = FIRST_PAUSE
        self._reads = 0
        self._last: GraphStatus | None = None
        self._error: SequenceError | None = None

    def left(self, now: float) -> float:
        """Return the seconds that the next read may take."""
        return max(self._deadline - now, _LAST_READ)

    def reached(self, status: GraphStatus) -> bool:
        """Take note of a status, and tell whether it is the awaited one.

        Raises:
            GraphWaitError: The graph has come to an end in another state.
        """
        self._reads += 1
        self._last, self._error = status, None
        if status.status in self._wanted:
            return True
        if status.is_final:
            raise self._failure(f"is {status.status} and will not become {self._words()}")
        return False

    def failed(self, error: SequenceError) -> None:
        """Take note of a read that failed.

        Raises:
            SequenceError: The error itself, when a later read would fail too.
        """
        if not isinstance(error, NetworkError | RateLimitError | ServerError):
            raise error
        self._reads += 1
        self._error = error

    def pause(self, now: float) -> float:
        """Return the seconds until the next read.

        Raises:
            GraphWaitError: The time is over.
        """
        if now >= self._deadline:
            state = f"is still {self._last.status}" if self._last is not None else "could not be read"
            failure = self._failure(f"{state} after {self._timeout:g} s, waiting for {self._words()}")
            raise failure from self._error
        pause = min(self._pause, self._deadline - now)
        self._pause = min(self._pause * 1.5, LONGEST_PAUSE)
        return pause

    def _words(self) -> str:
        return " or ".join(sorted(self._wanted))

    def _failure(self, what: str) -> GraphWaitError:
        return GraphWaitError(
            0,
            f"graph {self._graph_id} {what}",
            last_status=self._last,
            operation="wait",
            attempts=self._reads,
            graph_id=self._graph_id,
        )


def _states(until: str | Iterable[str] | None) -> frozenset[str]:
    if until is None:
        return FINAL_GRAPH_STATES
    states = frozenset([until] if isinstance(until, str) else until)
    unknown = sorted(str(state) for state in states if state not in _STATES)
    if unknown or not states:
        raise ValueError(
            f"until must name states of a graph ({', '.join(_STATES)}), got {', '.join(unknown) or 'none'}"
        )
    return states
