"""Token buckets, one per account."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

_NS: Final = 10**9
# Full buckets carry no information, so they are dropped once there are this many.
_SWEEP_ABOVE: Final = 4096


class RateLimiter:
    """Grants requests per account: a bucket of ``2 * qps`` tokens that refills at ``qps`` per second.

    A refused request takes nothing out of the bucket, so that a client which retries as told is not punished for it.

    Args:
        qps: Requests per second in the long run, at least 1.
        monotonic_ns: Source of elapsed time in nanoseconds.
    """

    def __init__(self, qps: int, *, monotonic_ns: Callable[[], int] = time.monotonic_ns) -> None:
        if qps < 1:
            raise ValueError(f"qps must be at least 1, got {qps}")
        self.qps = qps
        self._monotonic_ns = monotonic_ns
        # A bucket is the instant at which it will be full again: one number, and no drift from repeated refills.
        self._full_at_ns: dict[str, int] = {}
        self._cost_ns = _NS // qps
        self._burst_ns = 2 * qps * self._cost_ns

    def take(self, account: str) -> int:
        """Take one token of ``account``.

        Returns:
            0 when granted, otherwise the whole seconds after which a token is there, at least 1.
        """
        now = self._monotonic_ns()
        full_at = max(self._full_at_ns.get(account, now), now) + self._cost_ns
        over = full_at - now - self._burst_ns
        if over > 0:
            return -(-over // _NS)
        if len(self._full_at_ns) >= _SWEEP_ABOVE:
            self._full_at_ns = {name: at for name, at in self._full_at_ns.items() if at > now}
        self._full_at_ns[account] = full_at
        return 0
