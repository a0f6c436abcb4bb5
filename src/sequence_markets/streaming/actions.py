"""What the protocol wants done, as data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sequence_markets.client.operation import Operation
from sequence_markets.errors import SequenceError
from sequence_markets.models import FillPage, OrderPage

from .buffer import Buffer
from .events import StreamEvent


@dataclass(frozen=True, slots=True)
class Connect:
    """Open a connection."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send a text message on the open connection."""

    text: bytes


@dataclass(frozen=True, slots=True)
class Ping:
    """Ask the other side for a sign of life."""


@dataclass(frozen=True, slots=True)
class Hangup:
    """End the connection. Nothing of it is told any more."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Fetch:
    """Read a page over REST, and bring it with its ticket."""

    ticket: int
    operation: Operation[FillPage] | Operation[OrderPage]


@dataclass(frozen=True, slots=True)
class Notify:
    """Call the listener."""

    event: StreamEvent


Action = Connect | Send | Ping | Hangup | Fetch | Notify


@dataclass(slots=True)
class Results:
    """Where decisions go: what is to be done, what is to be read, and how the stream ended.

    Attributes:
        buffer: What the reader is given.
        lifecycle: Whether the reader is given the stream's own events.
        clean: Takes secrets out of a text of the other side.
        actions: What is to be done, in order.
        ended: Whether the stream is over.
        error: Why, unless it was closed.
    """

    buffer: Buffer
    lifecycle: bool
    clean: Callable[[str], str]
    actions: list[Action] = field(default_factory=list[Action])
    ended: bool = False
    error: SequenceError | None = None

    def do(self, action: Action) -> None:
        """Want something done."""
        self.actions.append(action)

    def tell(self, event: StreamEvent, topic: str = "") -> None:
        """Tell the listener, and the reader where it wants to know."""
        self.actions.append(Notify(event))
        if self.lifecycle:
            self.buffer.tell(event, topic)

    def end(self, error: SequenceError | None) -> None:
        """End the stream. What has arrived may still be read."""
        if not self.ended:
            self.ended = True
            self.error = error


Wrap = Callable[[str, Any], Any]
"""Makes an item of a channel and its data."""
