"""What is known about each kind of channel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

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
    SequenceModel,
    TcaReport,
)

Policy = Literal["block", "conflate", "drop_oldest", "error"]
"""What becomes of what arrives faster than it is read."""

POLICIES: Final[tuple[Policy, ...]] = get_args(Policy)
LOSSLESS: Final[frozenset[Policy]] = frozenset({"block", "error"})


@dataclass(frozen=True, slots=True)
class Kind:
    """What the channels that begin with one word have in common.

    Attributes:
        name: The word.
        model: The model of their data.
        private: Whether they are about an account; nothing of them is ever dropped.
        policy: What becomes by default of what is not read in time.
        watched: Whether silence is told of by default.
        whole: Whether each frame shows a whole state, so that one is enough to be up to date again.
        subject: What a frame of a channel is about, where a channel is about several things.
    """

    name: str
    model: type[SequenceModel]
    private: bool = False
    policy: Policy = "block"
    watched: bool = False
    whole: bool = False
    subject: Callable[[Any], str] | None = None


def _instrument(data: FundingUpdate) -> str:
    return f"{data['venue']}:{data['symbol']}"


def _underlying(data: FairPrice) -> str:
    text: str = data["underlying"]
    return text


KINDS: Final[Mapping[str, Kind]] = {
    kind.name: kind
    for kind in (
        Kind("prices", PriceUpdate, policy="conflate", watched=True, whole=True),
        Kind("book", BookUpdate, policy="conflate", watched=True, whole=True),
        Kind("funding", FundingUpdate, policy="conflate", whole=True, subject=_instrument),
        Kind("fair_price", FairPrice, policy="conflate", watched=True, whole=True, subject=_underlying),
        Kind("orders", OrderUpdate, private=True),
        Kind("fills", Fill, private=True),
        Kind("routing", RoutingDecision, private=True),
        Kind("tca", TcaReport, private=True),
        Kind("traces", AlgoTrace, private=True),
        Kind("deployment", DeploymentEvent, private=True),
    )
}
MARKETS: Final[Mapping[str, Kind]] = {
    kind.name: kind for kind in (Kind("new_market", NewMarket), Kind("market_resolved", MarketResolved))
}
"""The events of the two sockets about prediction markets, by their ``kind``."""


def kind_of(channel: str) -> Kind | None:
    """Return the kind of a channel, or ``None`` for one that is newer than this SDK."""
    return KINDS.get(channel.partition(":")[0])
