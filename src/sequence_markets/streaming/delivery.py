"""Giving the reader an item."""

from __future__ import annotations

from typing import Any

from sequence_markets.errors import SlowReaderError

from .actions import Results, Wrap
from .buffer import Full
from .events import InvalidEvent
from .moment import Moment
from .topics import Topic


class Delivery:
    """Puts items where the reader takes them.

    Args:
        results: Where decisions go.
        wrap: Makes an item of a channel and its data.
    """

    def __init__(self, results: Results, wrap: Wrap) -> None:
        self._results = results
        self._buffer = results.buffer
        self._wrap = wrap

    def __call__(self, topic: Topic, channel: str, data: Any, size: int, now: Moment, *, healed: bool = False) -> None:
        """Give the reader an item."""
        item = self._wrap(channel, data)
        if healed:
            item.healed = True
        subject = "" if topic.subject is None or type(data) is InvalidEvent else topic.subject(data)
        try:
            self._buffer.put(item, topic.name, subject, topic.policy, size, now.s)
        except Full:
            text = f"{topic.name} brought more than its reader takes, and its backpressure is 'error'"
            self._results.end(SlowReaderError(0, text, channel=topic.name, operation="stream"))

    def unasked(self, channel: str, data: Any, size: int, now: Moment) -> None:
        """Give the reader something nobody asked for; of that, old items make room for new ones."""
        self._buffer.put(self._wrap(channel, data), channel, "", "drop_oldest", size, now.s, unasked=True)
