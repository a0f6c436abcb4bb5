"""How much an algo may use."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

__all__ = ["LARGEST_MODULE", "AlgoLimits"]

LARGEST_MODULE: Final = 8 << 20
"""Bytes that a module may have at most."""


@dataclass(frozen=True, slots=True)
class AlgoLimits:
    """What the modules of one exchange may use.

    Attributes:
        module_bytes: Size of a module, at most 8 MiB.
        memory_bytes: Memory of one instance.
        fuel: Units that one call may use; an instruction is about one unit, and counts as one nanosecond.
        edges: Edges on which the algos of one account may be, all deployments together.
        log_lines: Log lines kept of one deployment.
        traces: Calls and events remembered of one deployment.

    Raises:
        ValueError: A limit is not a whole number above zero, or too large.

    Example:
        >>> AlgoLimits(fuel=500_000).memory_bytes
        16777216
    """

    module_bytes: int = LARGEST_MODULE
    memory_bytes: int = 16 << 20
    fuel: int = 2_000_000
    edges: int = 256
    log_lines: int = 1_000
    traces: int = 1_000

    def __post_init__(self) -> None:
        most = {"module_bytes": LARGEST_MODULE, "memory_bytes": 1 << 32, "fuel": 1 << 53}
        for field in fields(self):
            value: object = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, int):
                raise TypeError(f"{field.name} must be an int, not {type(value).__name__}")
            if not 0 < value <= most.get(field.name, 1_000_000):
                raise ValueError(f"{field.name} must be from 1 to {most.get(field.name, 1_000_000)}, got {value}")
