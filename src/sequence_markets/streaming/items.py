"""What a stream gives: pairs of a channel and its data."""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

from sequence_markets.models import (
    AlgoTrace,
    BookUpdate,
    DeploymentEvent,
    FairPrice,
    Fill,
    FundingUpdate,
    MarketResolved,
    NewMarket,
    OrderUpdate,
    PriceUpdate,
    RoutingDecision,
    TcaReport,
    UnknownEvent,
)

from .events import InvalidEvent, StreamEvent

D = TypeVar("D")

StreamData = (
    PriceUpdate
    | BookUpdate
    | OrderUpdate
    | Fill
    | RoutingDecision
    | TcaReport
    | AlgoTrace
    | DeploymentEvent
    | FundingUpdate
    | FairPrice
    | UnknownEvent
    | InvalidEvent
)
"""The data of an item of ``stream()``."""

NewMarketEvent = NewMarket | UnknownEvent | InvalidEvent
"""An item of ``stream_new_markets()``."""

ResolvedMarketEvent = MarketResolved | UnknownEvent | InvalidEvent
"""An item of ``stream_resolved_markets()``."""


class _Pair(NamedTuple, Generic[D]):
    channel: str
    data: D


class StreamItem(_Pair[D]):
    """A channel and its data. It unpacks into the two.

    Attributes:
        channel: The channel as it was subscribed; ``""`` for what concerns no channel.
        data: A model of the channel's data; with ``lifecycle=True`` also what the stream says about itself.
        healed: Whether it was missed and read over REST afterwards.
        conflated: How many older items of the channel were left out before it, because newer ones had arrived.
        dropped: How many older items of the channel were left out before it for want of room.

    Example:
        >>> from sequence_markets import StreamItem
        >>> item = StreamItem("prices:BTC-USD", {"bid": 141.2})
        >>> channel, data = item
        >>> item.channel, data["bid"], item.conflated
        ('prices:BTC-USD', 141.2, 0)
    """

    healed: bool = False
    conflated: int = 0
    dropped: int = 0

    def __repr__(self) -> str:
        more = "".join(f", {name}={value!r}" for name, value in vars(self).items())
        return f"StreamItem(channel={self.channel!r}, data={self.data!r}{more})"


__all__ = ["NewMarketEvent", "ResolvedMarketEvent", "StreamData", "StreamEvent", "StreamItem"]
