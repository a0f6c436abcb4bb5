"""The markets written by hand: those the documentation and the examples speak of."""

from __future__ import annotations

import hashlib
from typing import Final

from .types import EventMarket, FeeCategory

__all__ = ["LISTED_UNTIL_NS", "named_markets", "scripted_kalshi"]

LISTED_UNTIL_NS: Final = 2_082_758_399_000_000_000
"""2035-12-31T23:59:59Z: the named markets stay open until then, whatever their names say, so that a strategy written
against them does not die on a calendar day."""

_STARTED_NS: Final = 1_756_684_800_000_000_000
_KALSHI_DELAY_NS: Final = 300 * 10**9
_POLYMARKET_DELAY_NS: Final = 7_200 * 10**9
_HOCKEY: Final = "ice-hockey-world-champion-2027"


def _digits(text: str) -> str:
    """A 77-digit decimal id from a name."""
    return str(10**76 + int.from_bytes(hashlib.sha256(text.encode()).digest(), "big") % (9 * 10**76))


def _kalshi(
    number: int, ticker: str, question: str, category: FeeCategory, tags: tuple[str, ...], *, listed_ns: int = 0
) -> EventMarket:
    return EventMarket(
        venue="kalshi",
        slug=ticker,
        event_slug=ticker.rsplit("-", 1)[0],
        title=question,
        question=question,
        rules="YES pays one dollar when the statement is true, NO when it is not.",
        outcomes=("Yes", "No"),
        yes=ticker,
        no=f"{ticker}:NO",
        condition_id=None,
        neg_risk=False,
        tick_1e9=10_000_000,
        category=category,
        tags=tags,
        series=ticker.split("-", 1)[0],
        listed_ns=listed_ns,
        start_ns=listed_ns or _STARTED_NS,
        close_ns=LISTED_UNTIL_NS,
        resolve_ns=LISTED_UNTIL_NS + _KALSHI_DELAY_NS,
        underlying=None,
        outcome_name=None,
        outcome_index=0,
        placeholder=False,
        serial=(listed_ns, number),
    )


def _polymarket(
    number: int,
    slug: str,
    question: str,
    category: FeeCategory,
    tags: tuple[str, ...],
    *,
    yes_token: str | None = None,
) -> EventMarket:
    return EventMarket(
        venue="polymarket",
        slug=slug,
        event_slug=slug,
        title=question,
        question=question,
        rules="YES pays one dollar when the statement is true, NO when it is not.",
        outcomes=("Yes", "No"),
        yes=yes_token or _digits(f"{slug}:yes"),
        no=_digits(f"{slug}:no"),
        condition_id="0x" + hashlib.sha256(slug.encode()).hexdigest(),
        neg_risk=False,
        tick_1e9=10_000_000,
        category=category,
        tags=tags,
        series=None,
        listed_ns=0,
        start_ns=_STARTED_NS,
        close_ns=LISTED_UNTIL_NS,
        resolve_ns=LISTED_UNTIL_NS + _POLYMARKET_DELAY_NS,
        underlying=None,
        outcome_name=None,
        outcome_index=0,
        placeholder=False,
        serial=(0, number),
    )


def _champion(number: int, index: int, name: str) -> EventMarket:
    slug = f"{_HOCKEY}-{name.lower()}"
    return EventMarket(
        venue="polymarket",
        slug=slug,
        event_slug=_HOCKEY,
        title="Ice hockey world champion 2027",
        question=f"{name} wins the ice hockey world championship of 2027?",
        rules="Exactly one outcome of the event wins; its YES pays one dollar.",
        outcomes=("Yes", "No"),
        yes=_digits(f"{slug}:yes"),
        no=_digits(f"{slug}:no"),
        condition_id="0x" + hashlib.sha256(slug.encode()).hexdigest(),
        neg_risk=True,
        tick_1e9=1_000_000,
        category="sports",
        tags=("sports", "hockey"),
        series=None,
        listed_ns=0,
        start_ns=_STARTED_NS,
        close_ns=LISTED_UNTIL_NS,
        resolve_ns=LISTED_UNTIL_NS + _POLYMARKET_DELAY_NS,
        underlying=None,
        outcome_name=name,
        outcome_index=index,
        placeholder=name == "Other",
        serial=(0, number),
    )


def scripted_kalshi(ticker: str, listed_ns: int, number: int) -> EventMarket:
    """A market that exists because somebody scripted a book for a ticker nobody lists."""
    return _kalshi(number, ticker, ticker, "other", (), listed_ns=listed_ns)


def named_markets() -> tuple[EventMarket, ...]:
    """The markets written by hand, in catalogue order.

    Example:
        >>> named_markets()[0].slug
        'KXBTCZ-26DEC31-T99000'
    """
    return (
        _kalshi(
            0,
            "KXBTCZ-26DEC31-T99000",
            "Bitcoin above $99,000 at the end of the year?",
            "crypto",
            ("crypto", "bitcoin"),
        ),
        _kalshi(
            1,
            "KXBTCZ-26DEC31-T100000",
            "Bitcoin above $100,000 at the end of the year?",
            "crypto",
            ("crypto", "bitcoin"),
        ),
        _kalshi(
            2, "KXPGATOUR-ZUCONO26-THVI", "Winner of the Zurich Classic of New Orleans?", "sports", ("sports", "golf")
        ),
        _kalshi(
            3,
            "KXMLBHR-26APR292140KCATH-ATHLBUTLER4-1",
            "One home run or more?",
            "sports",
            ("sports", "baseball"),
        ),
        _kalshi(4, "KXRAIN-26NOV27-OSL", "Rain in Oslo on the day?", "weather", ("weather", "rain")),
        _kalshi(
            5, "KXFEDDECISION-26OCT-H0", "No change of the Fed's rate in October?", "economics", ("economics", "fed")
        ),
        _polymarket(
            6, "fed-decision-in-october", "Will the Fed cut rates in October?", "economics", ("economics", "fed")
        ),
        _polymarket(7, "rain-in-oslo-friday", "Rain in Oslo on Friday?", "weather", ("weather", "rain")),
        _polymarket(
            8,
            "bitcoin-above-100k-at-year-end",
            "Bitcoin above $100,000 at the end of the year?",
            "crypto",
            ("crypto", "bitcoin"),
        ),
        _polymarket(
            9,
            "new-orleans-wins-the-series",
            "Does New Orleans win the series?",
            "sports",
            ("sports",),
            yes_token="4394372887385518214471608448209527405" + _digits("series")[:40],
        ),
        *(
            _champion(10 + index, index, name)
            for index, name in enumerate(("Canada", "Sweden", "Finland", "Czechia", "Switzerland", "Other"))
        ),
    )
