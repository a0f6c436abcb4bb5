"""Who watches the exchange while it works, and what it is told."""

from __future__ import annotations

from typing import Protocol

from sequence_markets.sandbox.trading import records as rec
from sequence_markets.sandbox.trading.desk import Desk

__all__ = ["Observer"]


class Observer(Protocol):
    """Is told what the exchange does, under its lock. It may schedule tasks; it must not change anything else."""

    def recorded(self, desk: Desk, record: rec.Record) -> None:
        """A record has become true; whether it stays is not known before `committed` or `abandoned`."""
        ...

    def committed(self, desk: Desk) -> None:
        """Everything recorded since the last call is stored."""
        ...

    def abandoned(self) -> None:
        """The command failed; nothing recorded since the last call has happened."""
        ...

    def rearmed(self, desk: Desk) -> None:
        """The exchange was built again from its journal: earlier tasks and instants are gone."""
        ...
