"""Sandbox time: which instant it is in the sandbox, and how long until a later one.

Three modes. ``real`` runs at wall speed, ``paced`` at a multiple of it, ``manual`` stands still until it is moved.
A mode may be changed at any moment: time then goes on from the instant it had reached, never backwards.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal, get_args

ClockMode = Literal["real", "paced", "manual"]
CLOCK_MODES: Final[tuple[ClockMode, ...]] = get_args(ClockMode)

MANUAL_START_NS: Final = 1_767_571_200_000_000_000
"""2026-01-05T00:00:00Z, where a manual clock over the synthetic market begins: a fixed instant, so that runs repeat."""

MAX_SPEED: Final = 1_000_000


class SandboxClock:
    """Maps elapsed real time to sandbox time.

    Args:
        mode: ``"real"``, ``"paced"`` or ``"manual"``.
        start_ns: The sandbox instant at which the clock starts, in nanoseconds since the epoch.
        speed: Sandbox seconds per real second; only ``paced`` uses it.
        monotonic_ns: Source of elapsed real time in nanoseconds.
    """

    def __init__(
        self,
        mode: ClockMode,
        start_ns: int,
        *,
        speed: Fraction = Fraction(1),
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._monotonic_ns = monotonic_ns
        self._mode: ClockMode = mode
        self._speed = speed
        self._anchor_ns = start_ns
        self._anchor_real_ns = monotonic_ns()

    @property
    def mode(self) -> ClockMode:
        """The present mode."""
        return self._mode

    @property
    def speed(self) -> Fraction:
        """Sandbox seconds per real second in the present mode: 0 for ``manual``, 1 for ``real``."""
        match self._mode:
            case "manual":
                return Fraction(0)
            case "real":
                return Fraction(1)
            case "paced":
                return self._speed

    def read(self) -> int:
        """Return the sandbox instant in nanoseconds since the epoch."""
        elapsed = self._monotonic_ns() - self._anchor_real_ns
        return self._anchor_ns + int(elapsed * self.speed)

    def anchor(self, now_ns: int) -> None:
        """Make the present sandbox instant ``now_ns``."""
        self._anchor_ns = now_ns
        self._anchor_real_ns = self._monotonic_ns()

    def change(self, mode: ClockMode, speed: Fraction | None, now_ns: int) -> None:
        """Go on from ``now_ns`` in another mode; ``speed`` of ``None`` keeps the pace set before."""
        self._mode = mode
        if speed is not None:
            self._speed = speed
        self.anchor(now_ns)

    def seconds_until(self, instant_ns: int) -> float | None:
        """Return the real seconds until a sandbox instant, or ``None`` when time stands still."""
        speed = self.speed
        if speed == 0:
            return None
        return float((instant_ns - self.read()) / speed) / 1e9


def parse_mode(value: object, name: str = "clock") -> ClockMode:
    """Return ``value`` as a clock mode.

    Raises:
        TypeError: Not a string.
        ValueError: No such mode.
    """
    if not isinstance(value, str):
        raise TypeError(f"{name} must be one of 'real', 'paced', 'manual', not {type(value).__name__}")
    for mode in CLOCK_MODES:
        if value == mode:
            return mode
    raise ValueError(f"{name} must be one of 'real', 'paced', 'manual', got {value!r}")


def parse_speed(value: object, name: str = "speed") -> Fraction:
    """Return ``value`` as an exact pace, sandbox seconds per real second.

    Raises:
        TypeError: Not a number or a decimal text.
        ValueError: Not finite, not positive, or above one million.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal | Fraction):
        raise TypeError(f"{name} must be a number, not {type(value).__name__}")
    try:
        speed = Fraction(repr(value)) if isinstance(value, float) else Fraction(value)
    except (ValueError, OverflowError, ZeroDivisionError):
        raise ValueError(f"{name} must be a finite number, got {value!r}") from None
    if not 0 < speed <= MAX_SPEED:
        raise ValueError(f"{name} must be more than 0 and at most {MAX_SPEED}, got {value!r}")
    return speed
