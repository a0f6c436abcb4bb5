"""When something has to be looked at again."""

from __future__ import annotations


class Timers:
    """Named points in time, of which the earliest counts."""

    def __init__(self) -> None:
        self._due: dict[str, float] = {}

    def set(self, name: str, at: float) -> None:
        """Look at something at a time, whatever was set before."""
        self._due[name] = at

    def set_earliest(self, name: str, at: float) -> None:
        """Look at something at a time, or earlier where that was set before."""
        before = self._due.get(name)
        self._due[name] = at if before is None else min(before, at)

    def clear(self, name: str) -> None:
        """Do not look at something."""
        self._due.pop(name, None)

    def clear_all(self) -> None:
        """Look at nothing."""
        self._due.clear()

    def pop(self, name: str, now: float) -> bool:
        """Whether something is due; it then counts as looked at."""
        due = self._due.get(name)
        if due is None or due > now:
            return False
        del self._due[name]
        return True

    @property
    def next(self) -> float | None:
        """The earliest."""
        return min(self._due.values(), default=None)
