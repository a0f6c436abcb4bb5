"""What decides a recurring or generated market; the market source makes its fair price from this."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Above", "Chance", "Rule", "Shares", "UpDown"]


@dataclass(frozen=True, slots=True)
class UpDown:
    """The price of a base asset at the end of the window against its price at the start."""

    base: str


@dataclass(frozen=True, slots=True)
class Above:
    """The price of a base asset at the close: at or above the strike."""

    base: str
    strike_1e9: int


@dataclass(frozen=True, slots=True)
class Chance:
    """A question of its own, with this probability in millionths when it is listed."""

    probability_1e6: int


@dataclass(frozen=True, slots=True)
class Shares:
    """One of several outcomes, as likely as these weights say when the event is listed."""

    weights: tuple[int, ...]


Rule = UpDown | Above | Chance | Shares
