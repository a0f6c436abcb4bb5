"""Which events of prediction markets have been given: a new connection sends the last hundred or so once more."""

from __future__ import annotations

from typing import Any, Final

from sequence_markets.models import SequenceModel, UnknownEvent

_KNOWN: Final = 8192
_IDS: Final = ("condition_id", "event_id", "slug", "winning_token_id")


class MarketMemory:
    """Remembers the newest events, by the market they are about."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], None] = {}

    def arrived(self, row: SequenceModel, size: int) -> bool:  # noqa: ARG002 - nothing waits here
        """Whether an event is new."""
        key = _key(row)
        if key in self._known:
            return False
        self._known[key] = None
        if len(self._known) > _KNOWN:
            del self._known[next(iter(self._known))]
        return True


def _key(row: SequenceModel) -> tuple[object, ...]:
    raw: dict[str, Any] = row.raw
    if isinstance(row, UnknownEvent):
        return "?", hash(repr(raw))
    return raw["kind"], raw["venue"], next((raw[name] for name in _IDS if raw.get(name) is not None), None)
