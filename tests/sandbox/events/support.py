"""Markets to test with, and ways to draw any of theirs."""

from __future__ import annotations

from functools import cache

from hypothesis import strategies as st

from sequence_markets.sandbox.events import EventMarket
from sequence_markets.sandbox.events.rules import Above
from sequence_markets.sandbox.instruments import default_catalogue
from sequence_markets.sandbox.market import SyntheticMarket

SECOND = 10**9
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
STEP = SECOND // 10
START = 1_767_571_200 * SECOND
"""2026-01-05, where a manual clock begins."""

SEED = 7
MARKETS = 5_000

INSTANTS = st.integers(START, START + 400 * DAY)


@cache
def market(markets: int = MARKETS) -> SyntheticMarket:
    """One market per size, kept warm."""
    return SyntheticMarket(default_catalogue(markets), SEED)


def cold() -> SyntheticMarket:
    """The same market, nothing read yet."""
    return SyntheticMarket(default_catalogue(MARKETS), SEED)


@st.composite
def contracts(draw: st.DrawFn, *, kinds: str = "any") -> EventMarket:
    """Any recurring or generated market that is open at some instant of a year."""
    now = draw(INSTANTS)
    families = market().catalogue.directory.families
    if kinds == "updown":
        families = tuple(family for family in families if family.number < 32)
    elif kinds == "event":
        families = tuple(f for f in families if f.market(1, 0).neg_risk)
    elif kinds == "strikes":
        families = tuple(f for f in families if isinstance(f.rule(1, 0), Above))
    family = draw(st.sampled_from(families))
    number = draw(st.sampled_from(family.schedule.open(now)))
    return family.market(number, draw(st.integers(0, family.size - 1)))


def find(name: str, now_ns: int) -> EventMarket:
    """The market with a name, which must be there."""
    found = market().events.find(name, now_ns)
    assert found is not None, name
    return found
