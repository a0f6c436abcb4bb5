"""Frames on their way to one listener: bounded, in order, and conflated instead of lost when the listener is slow."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import count, islice
from typing import NamedTuple


class Frame(NamedTuple):
    """What is sent: the channel it belongs to, what a newer frame may replace it by ("" for never), and its text."""

    channel: str
    subject: str
    text: str


class Outbox:
    """A queue between the exchange and one connection. Any thread may put; one takes.

    Once the queue is full, frames with a subject give way to newer ones of the same channel and subject; the others
    are never dropped, and when they alone fill the queue it has overflowed.

    Attributes:
        overflowed: Frames were lost; the listener has to begin again.
        ended: Nothing more will come.

    Args:
        limit: Frames at most.
        wake: Called, from any thread, when there is something to take.

    Example:
        >>> box = Outbox(2, lambda: None)
        >>> for text in ("1", "2", "3"):
        ...     box.put(text, "prices:BTC-USD", "BTC-USD")
        >>> [frame.text for frame in box.take(10)]
        ['3']
    """

    def __init__(self, limit: int, wake: Callable[[], None]) -> None:
        self.overflowed = False
        self.ended = False
        self._limit = limit
        self._wake = wake
        self._lock = threading.Lock()
        self._numbers = count()
        self._frames: dict[int, Frame] = {}

    def put(self, text: str, channel: str = "", subject: str = "") -> None:
        """Append a frame of a channel; one with a subject may be replaced by a newer one of channel and subject."""
        with self._lock:
            if self.overflowed:
                return
            idle = not self._frames
            if len(self._frames) >= self._limit:
                self._conflate((channel, subject))
                if len(self._frames) >= self._limit:
                    self.overflowed = True
                    self._frames.clear()
            if not self.overflowed:
                self._frames[next(self._numbers)] = Frame(channel, subject, text)
        if idle or self.overflowed:
            self._wake()

    def end(self) -> None:
        """Say that nothing more will come."""
        self.ended = True
        self._wake()

    def _conflate(self, coming: tuple[str, str]) -> None:
        """Keep only the newest frame of every subject, and none of the one that comes."""
        newest = {frame[:2]: number for number, frame in self._frames.items() if frame.subject}
        newest.pop(coming, None)
        self._frames = {
            number: frame
            for number, frame in self._frames.items()
            if not frame.subject or newest.get(frame[:2]) == number
        }

    def take(self, most: int) -> list[Frame]:
        """Remove and return the oldest frames, `most` at most."""
        with self._lock:
            numbers = list(islice(self._frames, most))
            return [self._frames.pop(number) for number in numbers]
