"""Streams: a pure protocol, and two faces that drive it, one on an event loop and one in a thread.

``Sequence.stream()`` and its siblings open them. Nothing of this is loaded before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from sequence_markets.client.open_streams import OpenStreams
from sequence_markets.client.settings import Settings

from .channels import Policy
from .events import (
    Connected,
    Disconnected,
    Gap,
    InvalidEvent,
    Rejected,
    Reported,
    Resynced,
    Stale,
    Stray,
    StreamEvent,
    Unconfirmed,
    Unhealed,
    Unreadable,
)
from .items import NewMarketEvent, ResolvedMarketEvent, StreamData, StreamItem
from .options import Feed, make_options
from .stream import Stream

if TYPE_CHECKING:
    from .options import Backpressure, OnEvent, StaleAfter

__all__ = [
    "Connected",
    "Disconnected",
    "Gap",
    "InvalidEvent",
    "NewMarketEvent",
    "Policy",
    "Rejected",
    "Reported",
    "ResolvedMarketEvent",
    "Resynced",
    "Stale",
    "Stray",
    "Stream",
    "StreamData",
    "StreamEvent",
    "StreamItem",
    "Unconfirmed",
    "Unhealed",
    "Unreadable",
    "open_stream",
]


def open_stream(
    settings: Settings,
    streams: OpenStreams,
    jitter: Callable[[], float],
    channels: Iterable[str],
    *,
    awaited: bool,
    feed: Feed | None = None,
    lifecycle: bool = False,
    on_event: OnEvent | None = None,
    backpressure: Backpressure | None = None,
    stale_after: StaleAfter | None = None,
    buffer_size: int,
    heal: bool = True,
) -> Stream[Any]:
    """Return a stream of a client. Connects to nothing.

    Args:
        settings: The client's settings.
        streams: The client's streams, among which it will be.
        jitter: A random number from 0 to 1.
        channels: What to subscribe to.
        awaited: Whether the client is an awaited one.
        feed: The socket of its own to read instead.
        lifecycle: As in ``stream()``, like all that follow.
        on_event: Called with what the stream says about itself.
        backpressure: What becomes of what is not read in time.
        stale_after: Seconds of silence before it is told of.
        buffer_size: Items kept for a reader that is slow.
        heal: Whether what is missed is read over REST.
    """
    options = make_options(
        channels,
        feed=feed,
        lifecycle=lifecycle,
        on_event=on_event,
        backpressure=backpressure,
        stale_after=stale_after,
        buffer_size=buffer_size,
        heal=heal,
    )
    stream: Stream[Any] = Stream(settings, options, jitter, awaited=awaited)
    streams.add(stream)
    return stream
