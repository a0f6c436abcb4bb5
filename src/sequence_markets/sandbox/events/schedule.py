"""When recurring markets are listed, closed and resolved: arithmetic over all of time, nothing counted through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["DAY_NS", "ERA_NS", "LAST_NS", "RETAINED_NS", "SECOND_NS", "Schedule"]

SECOND_NS: Final = 10**9
DAY_NS: Final = 86_400 * SECOND_NS
ERA_NS: Final = 1_577_836_800 * SECOND_NS
"""2020-01-01T00:00:00Z: the first recurring and generated markets are listed about then."""

LAST_NS: Final = 4_102_444_800 * SECOND_NS
"""2100-01-01T00:00:00Z: tickers have two digits for the year, and nothing that closes later has a name."""

RETAINED_NS: Final = 7 * DAY_NS
"""How long a resolved market stays in the catalogue; afterwards it is found by its names only. Recurring contracts
leave earlier."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Events numbered from 0, each listed `spacing_ns` after the one before, all with the same life.

    Attributes:
        first_ns: When event 0 is listed.
        spacing_ns: From one listing to the next.
        life_ns: From the listing to the close.
        delay_ns: From the close to the outcome.
        retained_ns: How long a resolved event stays in the catalogue.
    """

    first_ns: int
    spacing_ns: int
    life_ns: int
    delay_ns: int
    retained_ns: int = RETAINED_NS

    def listed_ns(self, number: int) -> int:
        """When an event is listed."""
        return self.first_ns + number * self.spacing_ns

    def close_ns(self, number: int) -> int:
        """When trading in an event stops."""
        return self.first_ns + number * self.spacing_ns + self.life_ns

    def resolve_ns(self, number: int) -> int:
        """When the outcome of an event is known."""
        return self.close_ns(number) + self.delay_ns

    def listed(self, start_ns: int, end_ns: int) -> range:
        """The events listed after `start_ns` and up to `end_ns`."""
        return self._between(start_ns, end_ns, 0)

    def resolved(self, start_ns: int, end_ns: int) -> range:
        """The events whose outcome comes after `start_ns` and up to `end_ns`."""
        return self._between(start_ns, end_ns, self.life_ns + self.delay_ns)

    def open(self, now_ns: int) -> range:
        """The events traded at an instant."""
        return self._between(now_ns - self.life_ns, now_ns, 0)

    def closed(self, now_ns: int) -> range:
        """The events that are not traded any more, resolved no longer than `retained_ns` ago."""
        return self._between(now_ns - self.life_ns - self.delay_ns - self.retained_ns, now_ns - self.life_ns, 0)

    def _between(self, start_ns: int, end_ns: int, age_ns: int) -> range:
        """The events that reach an age after `start_ns` and up to `end_ns`."""
        zero = self.first_ns + age_ns
        return range(max(0, (start_ns - zero) // self.spacing_ns + 1), max(0, (end_ns - zero) // self.spacing_ns + 1))
