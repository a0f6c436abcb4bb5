"""How much a hosted strategy may be and use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MIB: Final = 1 << 20

MAX_UNPACKED_BYTES: Final = 64 * MIB
"""What all files of an artifact together may have."""
MAX_FILES: Final = 2_000
"""How many files and folders an artifact may hold."""
MAX_PATH_CHARACTERS: Final = 512
MAX_PATH_DEPTH: Final = 32

MAX_SETTINGS_BYTES: Final = 64 << 10
"""What each of manifest, placement and risk may have as JSON."""
MAX_VARIABLES: Final = 64
MAX_VARIABLE_BYTES: Final = 32 << 10

KEPT_RUNS: Final = 20
"""How many runs of a strategy are remembered, and how many of them with what they wrote."""
KEPT_LOGS: Final = 5

LONGEST_RUN_S: Final = 86_400
"""What a run may last that asked for no limit of its own."""
MOST_PROCESSES: Final = 16
"""How many processes a run may consist of."""


@dataclass(frozen=True, slots=True)
class Resources:
    """What a run may use at most: a share of a processor in thousandths, memory in MiB, seconds (0: no limit)."""

    cpu_millis: int = 250
    memory_mb: int = 512
    timeout_secs: int = 0

    @property
    def lasts_s(self) -> int:
        """Seconds that a run may last."""
        return self.timeout_secs or LONGEST_RUN_S

    @property
    def cpu_s(self) -> int:
        """Seconds of processor time that a run may use: its share of the time it may last."""
        return max(1, -(-self.lasts_s * self.cpu_millis // 1000))

    def to_dict(self) -> dict[str, object]:
        """The wire's form."""
        return {"cpu_millis": self.cpu_millis, "memory_mb": self.memory_mb, "timeout_secs": self.timeout_secs}


@dataclass(frozen=True, slots=True)
class Quota:
    """What an account may have at once, and how large each of it may be."""

    strategies: int = 2
    running: int = 1
    artifact_bytes: int = 16 * MIB
    cpu_millis: int = 500
    memory_mb: int = 1024


FREE: Final = Quota()
"""The quota of the free tier, which every account of the sandbox has."""
