"""What every feed of records has in common: things are noted as they happen and said once they are stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from sequence_markets.sandbox.server.streams.topics import Kind
from sequence_markets.sandbox.trading import records as rec
from sequence_markets.sandbox.trading.desk import Desk


class Audience(Protocol):
    """Knows who listens, and takes what they are to hear."""

    def wants(self, kind: Kind, client_id: str) -> bool:
        """Whether somebody of an account listens."""
        ...

    def say(self, kind: Kind, client_id: str, data: Mapping[str, object]) -> None:
        """Push the data of a frame to the listeners of an account."""
        ...


class BatchedFeed:
    """Notes what records mean, and says it once their batch is stored.

    Args:
        audience: Who listens.
    """

    def __init__(self, audience: Audience) -> None:
        self._audience = audience
        self._noted: list[tuple[Kind, str, Mapping[str, object]]] = []

    def note(self, kind: Kind, client_id: str, data: Mapping[str, object]) -> None:
        """Keep the data of a frame until the batch is stored."""
        self._noted.append((kind, client_id, data))

    def recorded(self, desk: Desk, record: rec.Record) -> None:
        """Note what a record means."""

    def conclude(self, desk: Desk) -> None:
        """Note what only the whole batch tells."""

    def committed(self, desk: Desk) -> None:
        """Say everything noted."""
        self.conclude(desk)
        for kind, client_id, data in self._noted:
            self._audience.say(kind, client_id, data)
        self.abandoned()

    def abandoned(self) -> None:
        """Forget everything noted."""
        self._noted.clear()
