"""What has arrived and is not yet read: in order, and bounded in the way each channel wants it.

Items wait in one queue. Each belongs to a lane: a channel, or one subject of a channel that is about several. A lane
that conflates gives up items for which there is a newer one, once they have waited longer than a burst; one that drops
gives up its oldest. What was given up is counted on the next item of the lane.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from .channels import Policy
from .events import Gap, Resynced, Stale, StreamEvent

BURST: Final = 0.02
"""Seconds for which what a lane that conflates brings is given item by item: frames of one packet are not late."""

LARGEST: Final = 16 * 1024 * 1024
"""Bytes of frames held at most; then reading stops, or what may be given up goes."""

_OVERHEAD: Final = 256
"""Bytes that an item counts for beside its frame."""
_OWN_EVENTS: Final = 256
_BURST_ITEMS: Final = 256


@dataclass(slots=True, eq=False)
class _Lane:
    policy: Policy
    waiting: deque[_Entry] = field(default_factory=lambda: deque[_Entry]())
    conflated: int = 0
    dropped: int = 0


@dataclass(slots=True, eq=False)
class _Entry:
    item: Any
    topic: str
    key: tuple[str, str] | None
    lane: _Lane | None
    size: int
    at: float
    dead: bool = False


class Full(Exception):
    """A lane with the policy ``error`` has no room."""

    def __init__(self, topic: str) -> None:
        super().__init__(topic)
        self.topic = topic


class Buffer:
    """The queue between the socket and the reader.

    Args:
        limit: Items at most per lane that drops or errs, and over all that block together.
        wrap: Makes an item of a channel and what the stream says about itself.
    """

    def __init__(self, limit: int, wrap: Callable[[str, Any], Any]) -> None:
        self._limit = limit
        self._wrap = wrap
        self._reset()

    def _reset(self) -> None:
        self._queue: deque[_Entry] = deque()
        self._lanes: dict[tuple[str, str], _Lane] = {}
        self._news: dict[tuple[str, str], _Entry] = {}
        self._own = _Lane("drop_oldest")
        self._dead = 0
        self._blocking = 0
        self._bytes = 0
        self._full = False

    def __len__(self) -> int:
        return len(self._queue) - self._dead

    @property
    def full(self) -> bool:
        """Whether reading from the socket has to stop; until half of the room is free again."""
        share = 2 if self._full else 1
        self._full = self._blocking * share >= self._limit or self._bytes * share >= LARGEST
        return self._full

    def put(
        self, item: Any, topic: str, subject: str, policy: Policy, size: int, now: float, *, unasked: bool = False
    ) -> None:
        """Append an item of a channel; all that nobody asked for shares one lane.

        Raises:
            Full: The policy is ``error`` and there is no room.
        """
        key = ("", "") if unasked else (topic, subject)
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = _Lane(policy)
        waiting = lane.waiting
        match policy:
            case "block":
                self._blocking += 1
            case "conflate":
                while waiting and (now - waiting[0].at > BURST or len(waiting) >= _BURST_ITEMS):
                    self._give_up(waiting.popleft())
            case "drop_oldest":
                while len(waiting) >= self._limit:
                    self._give_up(waiting.popleft())
            case "error":
                if len(waiting) >= self._limit:
                    raise Full(topic)
        self._append(_Entry(item, topic, key, lane, size + _OVERHEAD, now))
        if self._bytes > LARGEST:
            self._trim()

    def tell(self, event: StreamEvent, topic: str) -> None:
        """Append something the stream says about itself. What no longer matters to a reader this late goes."""
        match event:
            case Gap() | Resynced() | Stale():
                self._tell_of_channel(event, topic)
            case _ if topic:
                self._blocking += 1
                self._append(_Entry(self._wrap(topic, event), topic, None, None, _OVERHEAD, 0.0))
            case _:
                if len(self._own.waiting) >= _OWN_EVENTS:
                    self._give_up(self._own.waiting.popleft())
                self._append(_Entry(self._wrap(topic, event), topic, None, self._own, _OVERHEAD, 0.0))

    def take(self, now: float) -> Any:
        """Return the next item, or ``None`` where there is none."""
        queue = self._queue
        while queue:
            entry = queue.popleft()
            if entry.dead:
                self._dead -= 1
                continue
            lane = entry.lane
            if lane is None:
                self._left(entry)
                return entry.item if entry.key is None else self._wrap(*entry.item)
            lane.waiting.popleft()
            if lane.policy == "conflate" and lane.waiting and now - entry.at > BURST:
                lane.conflated += 1
                self._left(entry)
                continue
            self._left(entry)
            if not lane.waiting and entry.key is not None and entry.key[1]:
                del self._lanes[entry.key]  # There may be any number of subjects.
            return _counted(entry.item, lane) if lane.conflated or lane.dropped else entry.item
        return None

    def purge(self, topic: str) -> None:
        """Forget everything of a channel."""
        for entry in self._queue:
            if entry.topic == topic and not entry.dead:
                if entry.lane is not None:
                    entry.lane.waiting.remove(entry)
                self._kill(entry)
        self._lanes = {key: lane for key, lane in self._lanes.items() if key[0] != topic}

    def clear(self) -> None:
        """Forget everything."""
        self._reset()

    def _tell_of_channel(self, event: Gap | Resynced | Stale, topic: str) -> None:
        key = topic, type(event).__name__
        earlier = self._news.get(key)
        if isinstance(event, Gap):
            self._kill_news(topic, "Stale")
            if earlier is not None and not self._blocks(topic):
                # The reader has not come to the last gap yet: from its begin to the end of this one nothing is whole.
                self._kill_news(topic, "Resynced")
                whole = Gap(event.channel, earlier.item[1].from_ns, event.to_ns, event.reason)
                earlier.item = topic, whole
                return
        elif earlier is not None:
            self._kill(earlier)
        entry = self._news[key] = _Entry((topic, event), topic, key, None, _OVERHEAD, 0.0)
        self._append(entry)

    def _blocks(self, topic: str) -> bool:
        lane = self._lanes.get((topic, ""))
        return lane is not None and lane.policy == "block" and bool(lane.waiting)

    def _kill_news(self, topic: str, *names: str) -> None:
        for name in names:
            entry = self._news.get((topic, name))
            if entry is not None:
                self._kill(entry)

    def _append(self, entry: _Entry) -> None:
        if entry.lane is not None:
            entry.lane.waiting.append(entry)
        self._bytes += entry.size
        self._queue.append(entry)

    def _give_up(self, entry: _Entry) -> None:
        lane = entry.lane
        assert lane is not None
        if lane.policy == "conflate":
            lane.conflated += 1
        else:
            lane.dropped += 1
        self._kill(entry)

    def _kill(self, entry: _Entry) -> None:
        entry.dead = True
        self._dead += 1
        self._left(entry)
        if self._dead > 64 and self._dead * 2 > len(self._queue):
            self._queue = deque(entry for entry in self._queue if not entry.dead)
            self._dead = 0

    def _left(self, entry: _Entry) -> None:
        """Take an entry out of the accounts."""
        entry_key, lane = entry.key, entry.lane
        self._bytes -= entry.size
        if lane is None:
            if entry_key is None:
                self._blocking -= 1
            elif self._news.get(entry_key) is entry:
                del self._news[entry_key]
        elif lane.policy == "block":
            self._blocking -= 1

    def _trim(self) -> None:
        """Give up the oldest of what may be given up, while too much is held."""
        for entry in list(self._queue):
            if self._bytes <= LARGEST:
                return
            lane = entry.lane
            if not entry.dead and lane is not None and lane.policy in ("conflate", "drop_oldest"):
                lane.waiting.remove(entry)
                lane.dropped += 1
                self._kill(entry)


def _counted(item: Any, lane: _Lane) -> Any:
    if hasattr(item, "conflated"):
        if lane.conflated:
            item.conflated = lane.conflated
        if lane.dropped:
            item.dropped = lane.dropped
    lane.conflated = lane.dropped = 0
    return item
