"""The client of the REST API: ``Sequence`` and, awaited, ``AsyncSequence``."""

from __future__ import annotations

from sequence_markets.client.aio import AsyncSequence
from sequence_markets.client.outcomes import Unresolved
from sequence_markets.client.sync import Sequence

__all__ = ["AsyncSequence", "Sequence", "Unresolved"]
