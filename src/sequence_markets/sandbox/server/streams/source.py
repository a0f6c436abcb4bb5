"""What every source of public frames has in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, TypeAlias

from sequence_markets.sandbox.server.streams.topics import Kind
from sequence_markets.sandbox.trading.desk import Desk

Shown: TypeAlias = tuple[Mapping[str, object], str]
"""The data of a frame and its subject: of two frames of one subject the newer says all; "" when every frame counts."""
Publish: TypeAlias = Callable[[Kind, str, Shown], None]
"""Takes kind, name and what to show to everybody who listens."""


class Source(Protocol):
    """Publishes by itself what somebody listens to, by kind and name."""

    def follow(self, desk: Desk, kind: Kind, name: str) -> None:
        """Publish this from now on."""
        ...

    def unfollow(self, kind: Kind, name: str) -> None:
        """Nobody listens to this any more."""
        ...

    def snapshot(self, desk: Desk, kind: Kind, name: str) -> Iterable[Shown]:
        """What a new listener is shown at once, oldest first."""
        ...

    def rearmed(self, desk: Desk) -> None:
        """Begin again after the exchange was rebuilt."""
        ...
