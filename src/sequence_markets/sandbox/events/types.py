"""What a prediction market is, apart from its prices: names, outcomes and the instants of its life."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["PAYS_1E9", "EventMarket", "FeeCategory", "MarketStatus", "Serial"]

FeeCategory = Literal[
    "crypto",
    "crypto_5m",
    "sports",
    "finance",
    "politics",
    "tech",
    "economics",
    "culture",
    "weather",
    "geopolitics",
    "other",
]
"""What a prediction market is about, as far as fee schedules care; "crypto" for every spot pair and perp."""

MarketStatus = Literal["open", "resolving", "resolved"]
"""Traded, closed and waiting for its outcome, or decided."""

Serial = tuple[int, int]
"""The place of a market in the catalogue: the instant it was listed, and a number among those of that instant."""

PAYS_1E9: Final = 1_000_000_000
"""What one contract of the winning outcome pays, in 1e-9 dollars; the losing one pays nothing."""


@dataclass(frozen=True, slots=True)
class EventMarket:
    """One binary market: the two outcomes of one question.

    Nothing in it depends on the seed of the market: names and instants follow from the size of the catalogue, the
    tables of series, and time.

    Attributes:
        venue: ``"kalshi"`` or ``"polymarket"``.
        slug: The market's slug, or its Kalshi ticker.
        event_slug: The event it belongs to; the slug itself for a market that stands alone.
        title: The title of the event.
        question: What is asked.
        rules: How it is decided, in a sentence or two.
        outcomes: The names of the YES side and of the NO side.
        yes: Canonical symbol of the YES side: its token id on Polymarket, the ticker on Kalshi.
        no: Canonical symbol of the NO side.
        condition_id: Stable id of the market, ``None`` on Kalshi.
        neg_risk: One of several outcomes of an event of which exactly one wins.
        tick_1e9: The price step.
        category: What it is about, as far as fees care.
        tags: Words it is filed under.
        series: The recurring series it belongs to, or ``None``.
        listed_ns: When it appeared; before that it does not exist.
        start_ns: When what is asked about begins.
        close_ns: When trading stops.
        resolve_ns: When the outcome is known, if nobody scripts it.
        underlying: The pair whose price decides an up/down contract, ``None`` for every other market.
        outcome_name: What the market stands for within an event of several outcomes.
        outcome_index: Its place there.
        placeholder: It keeps a place for an outcome that is not named yet, or for all others.
        serial: Its place in the catalogue.
    """

    venue: str
    slug: str
    event_slug: str
    title: str
    question: str
    rules: str
    outcomes: tuple[str, str]
    yes: str
    no: str
    condition_id: str | None
    neg_risk: bool
    tick_1e9: int
    category: FeeCategory
    tags: tuple[str, ...]
    series: str | None
    listed_ns: int
    start_ns: int
    close_ns: int
    resolve_ns: int
    underlying: str | None
    outcome_name: str | None
    outcome_index: int
    placeholder: bool
    serial: Serial
