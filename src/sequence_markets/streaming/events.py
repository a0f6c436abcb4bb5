"""What a stream says about itself. Instants are of this machine's clock, nanoseconds since the epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sequence_markets.models import Fault
from sequence_markets.models._json import is_object

from .words import shortened


@dataclass(frozen=True, slots=True)
class Connected:
    """A connection is open. Nothing is subscribed on it yet.

    Attributes:
        at_ns: When.
        reconnects: Connections before this one; 0 for the first.
    """

    at_ns: int
    reconnects: int


@dataclass(frozen=True, slots=True)
class Disconnected:
    """A connection was lost, or could not be opened.

    Attributes:
        at_ns: When it was noticed.
        reason: What happened, in words.
        code: Close code of the server, where it sent one.
        retry_in_s: Seconds until the next attempt; ``None`` when there is none.
    """

    at_ns: int
    reason: str
    code: int | None
    retry_in_s: float | None


@dataclass(frozen=True, slots=True)
class Gap:
    """A channel was not received for some time. It comes before the next item of the channel.

    Attributes:
        channel: The channel.
        from_ns: When anything was last heard on the connection that was lost.
        to_ns: When the channel was held again.
        reason: Why, in words.
    """

    channel: str
    from_ns: int
    to_ns: int
    reason: str


@dataclass(frozen=True, slots=True)
class Resynced:
    """A channel is up to date again after a gap.

    For ``fills`` and ``orders`` everything missed has been delivered; for market data a whole new state follows.

    Attributes:
        channel: The channel.
        at_ns: When.
        healed: How many items were read over REST and delivered in place of those missed.
    """

    channel: str
    at_ns: int
    healed: int = 0


@dataclass(frozen=True, slots=True)
class Unhealed:
    """What ``fills`` or ``orders`` missed during a gap could not be read over REST.

    Attributes:
        channel: The channel.
        from_ns: Begin of the gap.
        to_ns: End of the gap.
        reason: Why, in words.
    """

    channel: str
    from_ns: int
    to_ns: int
    reason: str


@dataclass(frozen=True, slots=True)
class Stale:
    """Nothing has arrived on a channel for longer than expected. The connection itself is alive.

    Attributes:
        channel: The channel.
        at_ns: When that was noticed.
        quiet_s: Seconds since the last frame.
    """

    channel: str
    at_ns: int
    quiet_s: float


@dataclass(frozen=True, slots=True)
class Rejected:
    """The server does not serve a channel. It is no longer asked for.

    Attributes:
        channel: The channel.
        at_ns: When.
        reason: The server's reason, for example ``"UNKNOWN_CHANNEL"``.
    """

    channel: str
    at_ns: int
    reason: str


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """The server has not answered a subscription for some seconds.

    Attributes:
        channel: The channel.
        at_ns: When that was noticed.
        waited_s: Seconds since it was asked for.
    """

    channel: str
    at_ns: int
    waited_s: float


@dataclass(frozen=True, slots=True)
class Reported:
    """The server reported an error on the open connection.

    Attributes:
        at_ns: When.
        code: The server's code, where it gives one.
        message: The server's message.
    """

    at_ns: int
    code: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A frame was received that is neither an event nor an answer.

    Attributes:
        at_ns: When.
        reason: What is wrong with it.
        raw: Its first bytes.
        size: How long it was.
    """

    at_ns: int
    reason: str
    raw: bytes
    size: int


@dataclass(frozen=True, slots=True)
class Stray:
    """A frame was received, and left out, of a channel that was never asked for. Said once per channel.

    Attributes:
        channel: The channel.
        at_ns: When.
    """

    channel: str
    at_ns: int


StreamEvent = (
    Connected
    | Disconnected
    | Gap
    | Resynced
    | Unhealed
    | Stale
    | Rejected
    | Unconfirmed
    | Reported
    | Unreadable
    | Stray
)
"""Everything a stream says about itself."""


class InvalidEvent:
    """Data of a channel that is not what the channel is documented to carry. Nothing of it is lost.

    It reads as the dict that was received, where it is one.

    Attributes:
        channel: The channel.
        raw: The data as it was received.
        faults: What is wrong with it, without the values.
    """

    __slots__ = ("channel", "faults", "raw")

    channel: str
    raw: Any
    faults: tuple[Fault, ...]

    def __init__(self, channel: str, raw: Any, faults: tuple[Fault, ...]) -> None:
        self.channel = channel
        self.raw = raw
        self.faults = faults

    def __getitem__(self, key: str) -> Any:
        return self.raw[key]

    def __contains__(self, key: object) -> bool:
        return is_object(self.raw) and key in self.raw

    def get(self, key: str, default: Any = None) -> Any:
        """Return ``raw[key]``, or the default where the key is absent or the data is no object."""
        return self.raw.get(key, default) if is_object(self.raw) else default

    def __eq__(self, other: object) -> bool:
        if isinstance(other, InvalidEvent):
            return (self.channel, self.raw, self.faults) == (other.channel, other.raw, other.faults)
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        faults = shortened("; ".join(map(str, self.faults)))
        return f"InvalidEvent(channel={self.channel!r}, faults={faults!r})"
