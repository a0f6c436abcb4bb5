"""What is remembered of an order so that it can be measured afterwards: the market it met, and its steps in order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

__all__ = ["Benchmark", "BenchmarkSource", "Step", "StepKind", "Track"]

StepKind = Literal["rest", "hunt", "back", "fill"]
"""A part was placed at a venue to rest, or to take what appears there; it was taken back; something was filled."""


class Step(NamedTuple):
    """One thing that happened to an order at a venue. `price` is in the order's terms; `fill` is the place of a fill in
    its account's list, -1 for everything else."""

    time_ns: int
    kind: StepKind
    venue: str
    price: int
    qty: int
    fill: int = -1


@dataclass(slots=True)
class Track:
    """The course of one order. Zero stands for "not yet" or "none".

    `admitted_ns` is when the order was handed to the router, `begun_ns` when it reached the market and was accepted;
    `bid_1e9` and `ask_1e9` are the best displayed prices it met then, in its own terms. The order that sums up slices
    has their fills as well.
    """

    admitted_ns: int = 0
    begun_ns: int = 0
    bid_1e9: int = 0
    ask_1e9: int = 0
    steps: list[Step] = field(default_factory=list[Step])

    def fills(self) -> list[int]:
        """The places of the order's fills in its account's list, oldest first."""
        return [step.fill for step in self.steps if step.fill >= 0]


BenchmarkSource = Literal["prints", "bars", "recent_prints", "arrival_mid"]


class Benchmark(NamedTuple):
    """The average price an order is compared with, rounded down, and what it was made from."""

    price_1e9: int
    source: BenchmarkSource
