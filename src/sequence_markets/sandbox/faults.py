"""Faults on demand: what goes wrong between a client and the sandbox, how often, and for which calls.

A fault never changes what the exchange decides; it changes what the client gets to see of it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from random import Random
from typing import Any, Final, Literal, TypeAlias, TypedDict, Unpack, cast, get_args

HttpKind: TypeAlias = Literal["status", "rate_limit", "delay", "drop_before", "drop_after", "truncate"]
StreamKind: TypeAlias = Literal[
    "refuse", "drop", "silence", "stall", "duplicate", "reorder", "close", "garbage", "half_frame"
]
FaultKind: TypeAlias = HttpKind | StreamKind

HTTP_KINDS: Final[tuple[HttpKind, ...]] = get_args(HttpKind)
STREAM_KINDS: Final[tuple[StreamKind, ...]] = get_args(StreamKind)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        kind: What happens.
        method: Only for requests with this verb.
        path: Only for paths that match this pattern, for example ``"/v1/orders*"``.
        channel: Only for frames whose channel matches this pattern, for example ``"prices:*"``.
        count: How often it happens at most; without end when ``None``.
        probability: How likely it is each time it could happen, above 0 and up to 1.
        seconds: How long a delay, a stall or a silence lasts, in real seconds; a silence of 0 never ends.
        status: HTTP status of an answer that is made up.
        retry_after: The ``Retry-After`` header of a 429, as it is sent; none when empty.
        code: Close code of a socket.
    """

    kind: FaultKind
    method: str | None = None
    path: str | None = None
    channel: str | None = None
    count: int | None = 1
    probability: float = 1.0
    seconds: float = 0.0
    status: int = 503
    retry_after: str = ""
    code: int = 1011

    def __post_init__(self) -> None:
        if self.kind not in (*HTTP_KINDS, *STREAM_KINDS):
            raise ValueError(f"kind must be one of {', '.join((*HTTP_KINDS, *STREAM_KINDS))}; got {self.kind!r}")
        if self.count is not None and self.count < 1:
            raise ValueError(f"count must be at least 1, or None for always; got {self.count}")
        if not 0 < self.probability <= 1:
            raise ValueError(f"probability must be above 0 and at most 1, got {self.probability}")
        if not 0 <= self.seconds <= 3600:
            raise ValueError(f"seconds must be between 0 and 3600, got {self.seconds}")
        if not 400 <= self.status <= 599:
            raise ValueError(f"status must be between 400 and 599, got {self.status}")
        if not (1000 <= self.code <= 1003 or 1007 <= self.code <= 1014 or 3000 <= self.code <= 4999):
            raise ValueError(f"code must be a close code that may be sent, got {self.code}")
        if any(mark in self.retry_after for mark in "\r\n"):
            raise ValueError("retry_after must be one line")
        if self.channel is not None and self.kind in HTTP_KINDS:
            raise ValueError(f"channel filters frames of a stream, and {self.kind!r} is a fault of HTTP")
        if (self.method is not None or self.path is not None) and self.kind in STREAM_KINDS:
            raise ValueError(f"{self.kind!r} happens to streams, and method and path filter requests")


_OF_FRAMES: Final = frozenset(STREAM_KINDS) - {"refuse"}


class Often(TypedDict, total=False):
    """How often a fault happens: `count` at most, each time with a `probability`."""

    count: int | None
    probability: float


class OnRequests(Often, total=False):
    """To which requests: those with this verb, those whose path matches this pattern."""

    method: str | None
    path: str | None


class OnFrames(Often, total=False):
    """To which frames: those whose channel matches this pattern."""

    channel: str | None


class Faults:
    """The faults of one sandbox. Safe to use from any thread.

    Add them by name; each method takes the filters and counts of :class:`Fault`.

    Args:
        seed: Decides which of the possible occasions a fault with a probability takes.

    Example:
        >>> sandbox.faults.drop_after(path="/v1/orders")
        >>> len(sandbox.faults.pending())
        1
        >>> sandbox.faults.clear()
    """

    def __init__(self, seed: int = 0) -> None:
        self._lock = threading.Lock()
        self._faults: list[tuple[Fault, int]] = []
        self._random = Random(seed)
        self._hang_ups: dict[Callable[[int | None], None], None] = {}

    # Between client and server.

    def status(self, status: int = 503, **when: Unpack[OnRequests]) -> None:
        """Answer with an error status; the request takes no effect."""
        self.add(Fault("status", status=status, **when))

    def rate_limit(self, retry_after: str = "1", **when: Unpack[OnRequests]) -> None:
        """Answer 429 with this ``Retry-After``, whatever it says; the request takes no effect."""
        self.add(Fault("rate_limit", status=429, retry_after=retry_after, **when))

    def delay(self, seconds: float, **when: Unpack[OnRequests]) -> None:
        """Answer late: the request takes effect after this many real seconds."""
        self.add(Fault("delay", seconds=seconds, **when))

    def drop_before(self, **when: Unpack[OnRequests]) -> None:
        """Cut the connection before the request takes effect."""
        self.add(Fault("drop_before", **when))

    def drop_after(self, **when: Unpack[OnRequests]) -> None:
        """Cut the connection after the request took effect, without an answer."""
        self.add(Fault("drop_after", **when))

    def truncate(self, **when: Unpack[OnRequests]) -> None:
        """Cut the connection in the middle of the answer's body."""
        self.add(Fault("truncate", **when))

    # On streams.

    def refuse(self, status: int = 503, **when: Unpack[Often]) -> None:
        """Refuse a socket with an HTTP status."""
        self.add(Fault("refuse", status=status, **when))

    def drop(self, **when: Unpack[OnFrames]) -> None:
        """Cut a stream instead of sending a frame."""
        self.add(Fault("drop", **when))

    def silence(self, seconds: float = 0.0, **when: Unpack[OnFrames]) -> None:
        """Say nothing more on a stream, pongs included, for some real seconds, or until it ends."""
        self.add(Fault("silence", seconds=seconds, **when))

    def stall(self, seconds: float, **when: Unpack[OnFrames]) -> None:
        """Send a frame, and what follows it, this many real seconds late."""
        self.add(Fault("stall", seconds=seconds, **when))

    def duplicate(self, **when: Unpack[OnFrames]) -> None:
        """Send a frame twice."""
        self.add(Fault("duplicate", **when))

    def reorder(self, **when: Unpack[OnFrames]) -> None:
        """Send a frame after the next one."""
        self.add(Fault("reorder", **when))

    def close(self, code: int = 1011, **when: Unpack[OnFrames]) -> None:
        """Close a stream with a code instead of sending a frame."""
        self.add(Fault("close", code=code, **when))

    def garbage(self, **when: Unpack[OnFrames]) -> None:
        """Send something that is not JSON before a frame."""
        self.add(Fault("garbage", **when))

    def half_frame(self, **when: Unpack[OnFrames]) -> None:
        """Cut a stream in the middle of a frame."""
        self.add(Fault("half_frame", **when))

    def hang_up(self, code: int | None = None) -> int:
        """End every open socket now: cut it, or close it with a code. Returns how many there were."""
        with self._lock:
            ends = list(self._hang_ups)
        for end in ends:
            end(code)
        return len(ends)

    # All of them.

    def add(self, fault: Fault) -> None:
        """Add a fault; of several that fit an occasion the one added first happens."""
        with self._lock:
            self._faults.append((fault, 0))

    def add_from(self, body: Mapping[str, object]) -> Fault:
        """Add a fault given as plain data.

        Raises:
            ValueError: A field is unknown or holds what cannot be.
            TypeError: A field has the wrong type.
        """
        known = {field.name: _TYPES[field.name] for field in fields(Fault)}
        for name, value in body.items():
            if name not in known:
                raise ValueError(f"unknown field {name!r}; a fault has {', '.join(known)}")
            if isinstance(value, bool) or not isinstance(value, known[name]):
                raise TypeError(f"{name} has the wrong type: {type(value).__name__}")
        if "kind" not in body:
            raise ValueError("kind is missing")
        fault = Fault(**cast("dict[str, Any]", dict(body)))
        self.add(fault)
        return fault

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        with self._lock:
            self._faults.clear()

    def pending(self) -> tuple[Fault, ...]:
        """The faults that may still happen."""
        with self._lock:
            return tuple(fault for fault, _ in self._faults)

    def on_request(self, method: str, path: str) -> Fault | None:
        """The fault that happens to a request, if any; it is counted."""
        return self._take(HTTP_KINDS, lambda fault: _fits(fault.method, method) and _fits(fault.path, path))

    def on_socket(self) -> Fault | None:
        """The fault that happens to a socket that wants to open."""
        return self._take(("refuse",), lambda _fault: True)

    def on_frame(self, channel: str) -> Fault | None:
        """The fault that happens to a frame."""
        if not self._faults:
            return None
        return self._take(tuple(_OF_FRAMES), lambda fault: _fits(fault.channel, channel))

    def attach(self, end: Callable[[int | None], None]) -> None:
        """Let `hang_up` end an open socket; `end` may be called from any thread."""
        with self._lock:
            self._hang_ups[end] = None

    def detach(self, end: Callable[[int | None], None]) -> None:
        """Forget a socket that has ended."""
        with self._lock:
            self._hang_ups.pop(end, None)

    def _take(self, kinds: tuple[str, ...], fits: Callable[[Fault], bool]) -> Fault | None:
        with self._lock:
            for number, (fault, happened) in enumerate(self._faults):
                if fault.kind not in kinds or not fits(fault):
                    continue
                if fault.probability < 1 and self._random.random() >= fault.probability:
                    continue
                if fault.count is not None and happened + 1 >= fault.count:
                    del self._faults[number]
                else:
                    self._faults[number] = (fault, happened + 1)
                return fault
        return None


_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "kind": (str,),
    "method": (str, type(None)),
    "path": (str, type(None)),
    "channel": (str, type(None)),
    "count": (int, type(None)),
    "probability": (int, float),
    "seconds": (int, float),
    "status": (int,),
    "retry_after": (str,),
    "code": (int,),
}


def _fits(pattern: str | None, text: str) -> bool:
    return pattern is None or fnmatchcase(text, pattern)
