"""Which channels are wanted, which are held, and what was missed of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

from .channels import Policy
from .moment import Moment


class Gate(Protocol):
    """Decides whether something that arrived is to be delivered now."""

    def arrived(self, row: Any, size: int) -> bool:
        """Whether it is; else it waits, or has been delivered before."""
        ...


_LARGEST_MESSAGE: Final = 16 * 1024


@dataclass(slots=True, eq=False)
class Topic:
    """One channel that is wanted.

    Attributes:
        name: The channel.
        policy: What becomes of what is not read in time.
        stale_after: Seconds of silence before it is told of.
        subject: What a frame is about, where the channel is about several things.
        whole: Whether one frame shows the whole state.
        gate: Knows what of it has been delivered, where things may come twice.
        state: ``wanted`` not asked for on this connection, ``asked`` not yet answered, ``held``.
        since: When it was wanted, or else asked for, on this connection.
        heard: When it last brought something, or was held.
        held_once: Whether it has ever been held.
        lost: When and why it was lost, until it is held again.
        gap: The gap that has been told of and not yet made good.
        stale: Whether its silence has been told of.
        late: Whether it has been told that it is not answered.
        quick: Whether its next item can be delivered as it is.
    """

    name: str
    policy: Policy
    stale_after: float | None
    subject: Callable[[Any], str] | None
    whole: bool
    gate: Gate | None = None
    state: Literal["wanted", "asked", "held"] = "wanted"
    since: float = 0.0
    heard: float = 0.0
    held_once: bool = False
    lost: tuple[Moment, str] | None = None
    gap: tuple[int, int] | None = None
    stale: bool = False
    late: bool = False
    quick: bool = False

    def settle(self) -> None:
        """Work out whether the next item needs any attention."""
        self.quick = self.state == "held" and not (self.lost or self.gap or self.stale or self.gate)


class Topics:
    """The channels that are wanted, in the order in which they were."""

    def __init__(self) -> None:
        self._topics: dict[str, Topic] = {}
        self.find = self._topics.get

    def __iter__(self) -> Iterator[Topic]:
        return iter(self._topics.values())

    def __len__(self) -> int:
        return len(self._topics)

    def __contains__(self, name: object) -> bool:
        return name in self._topics

    @property
    def names(self) -> tuple[str, ...]:
        """The channels."""
        return tuple(self._topics)

    def add(self, topic: Topic) -> None:
        """Want a channel."""
        self._topics[topic.name] = topic

    def drop(self, name: str) -> Topic | None:
        """No longer want a channel."""
        return self._topics.pop(name, None)

    def covering(self, channel: str) -> Topic | None:
        """Return the wanted channel that a frame's channel belongs to: itself, or one that is wider."""
        while True:
            topic = self._topics.get(channel)
            if topic is not None or ":" not in channel:
                return topic
            channel = channel.rpartition(":")[0]

    def lost(self, moment: Moment, reason: str) -> None:
        """The connection is gone; what was held is not received from this moment on."""
        for topic in self:
            if topic.held_once and topic.lost is None:
                topic.lost = moment, reason
            topic.state = "wanted"
            topic.stale = topic.late = False
            topic.settle()


def messages(verb: Literal["subscribe", "unsubscribe"], names: Iterable[str]) -> Iterator[bytes]:
    """Yield the messages that ask for channels, or end them, each small enough for any server."""
    batch: list[str] = []
    size = 0
    for name in names:
        length = len(json.dumps(name)) + 1
        if batch and size + length > _LARGEST_MESSAGE:
            yield json.dumps({verb: batch}).encode()
            batch, size = [], 0
        batch.append(name)
        size += length
    if batch:
        yield json.dumps({verb: batch}).encode()
