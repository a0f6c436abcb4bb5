"""The client of the REST API: ``Sequence`` and, awaited, ``AsyncSequence``.

Each face is imported when it is first used: a blocking program never loads asyncio.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sequence_markets.client.aio import AsyncSequence
    from sequence_markets.client.outcomes import Unresolved
    from sequence_markets.client.sync import Sequence
else:
    _HOMES = {"AsyncSequence": "aio", "Sequence": "sync", "Unresolved": "outcomes"}

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


__all__ = ["AsyncSequence", "Sequence", "Unresolved"]
