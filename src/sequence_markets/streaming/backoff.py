"""When to connect again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sequence_markets.client import retry

HEALTHY_AFTER: Final = 10.0
"""Seconds a connection must have been open before its loss counts as the first again."""


class Backoff:
    """Waits under a doubling, capped bound with full jitter, which only a healthy connection sets back.

    Args:
        jitter: A random number from 0 to 1.

    Example:
        >>> waits = Backoff(lambda: 1.0)
        >>> [waits.after_failure() for _ in range(6)]
        [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]
        >>> waits.after_loss(open_for=11.0)
        0.5
    """

    def __init__(self, jitter: Callable[[], float]) -> None:
        self._jitter = jitter
        self._failures = 0

    def after_failure(self) -> float:
        """Return the seconds to wait after an attempt that failed."""
        self._failures += 1
        return retry.backoff(self._failures, self._jitter)

    def after_loss(self, open_for: float) -> float:
        """Return the seconds to wait after a connection that was open for some time."""
        if open_for >= HEALTHY_AFTER:
            self._failures = 0
        return self.after_failure()
