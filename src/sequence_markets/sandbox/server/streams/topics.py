"""The topics of the unified stream, and what each is about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from sequence_markets.sandbox.instruments import Catalogue
from sequence_markets.sandbox.venues import VENUES

Kind: TypeAlias = Literal[
    "prices",
    "book",
    "orders",
    "fills",
    "routing",
    "tca",
    "traces",
    "deployment",
    "funding",
    "fair_price",
    "risk",
    "alerts",
    "new_markets",
    "market_resolved",
]
"""What can be listened to. The last four have feeds of their own and are no topics of the unified stream."""
Reason: TypeAlias = Literal["UNKNOWN_CHANNEL", "BAD_SYMBOL", "NOT_FOUND", "LIMIT"]
"""Why a topic is not accepted."""

_PLAIN: Final[dict[str, Kind]] = {"orders": "orders", "fills": "fills", "routing": "routing", "tca": "tca"}
_BY_SYMBOL: Final[dict[str, Kind]] = {"prices": "prices", "book": "book"}
_BY_DEPLOYMENT: Final[dict[str, Kind]] = {"traces": "traces", "deployment": "deployment"}
PRIVATE: Final[frozenset[Kind]] = frozenset(
    {"orders", "fills", "routing", "tca", "traces", "deployment", "risk", "alerts"}
)
"""Topics about one account. Their frames are never dropped."""

_LONGEST: Final = 512


@dataclass(frozen=True, slots=True)
class Topic:
    """What a listener asked for.

    Attributes:
        text: The topic as it was asked for; frames carry it as their channel.
        kind: What is listened to.
        name: Of what: a canonical symbol, a deployment, ``venue`` or ``venue:symbol``, a base asset; ``""`` for all.
    """

    text: str
    kind: Kind
    name: str

    @property
    def private(self) -> bool:
        """Whether it is about one account."""
        return self.kind in PRIVATE


def read_topic(text: str, catalogue: Catalogue, owns_deployment: Callable[[str], bool]) -> Topic | Reason:
    """Return the topic meant by a text, or why there is none.

    Args:
        text: What the listener asked for. Only its first colon separates.
        catalogue: Knows the symbols.
        owns_deployment: Whether the listener's account has a deployment of this id.
    """
    head, colon, rest = text.partition(":")
    if len(text) > _LONGEST:
        return "UNKNOWN_CHANNEL"
    if not colon and head in _PLAIN:
        return Topic(text, _PLAIN[head], "")
    if not colon and head in ("funding", "fair_price"):
        return Topic(text, "funding" if head == "funding" else "fair_price", "")
    if not rest:
        return "UNKNOWN_CHANNEL"
    if head in _BY_SYMBOL:
        found = catalogue.resolve(rest)
        return "BAD_SYMBOL" if found is None else Topic(text, _BY_SYMBOL[head], found.symbol)
    if head in _BY_DEPLOYMENT:
        return Topic(text, _BY_DEPLOYMENT[head], rest) if owns_deployment(rest) else "NOT_FOUND"
    if head == "funding":
        return _funding(text, rest, catalogue)
    if head == "fair_price":
        known = any(entry.base == rest for entry in (catalogue.resolve(f"{rest}-USD"),) if entry is not None)
        return Topic(text, "fair_price", rest) if known else "BAD_SYMBOL"
    return "UNKNOWN_CHANNEL"


def _funding(text: str, rest: str, catalogue: Catalogue) -> Topic | Reason:
    venue, colon, symbol = rest.partition(":")
    if venue not in VENUES or "perp" not in VENUES[venue].instrument_types:
        return "NOT_FOUND"
    if not colon:
        return Topic(text, "funding", venue)
    found = catalogue.resolve(symbol, "perp")
    if found is None or venue not in found.venues:
        return "BAD_SYMBOL"
    return Topic(text, "funding", f"{venue}:{found.symbol}")
