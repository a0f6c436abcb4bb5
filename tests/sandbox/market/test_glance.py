"""A glance at a prediction market shows what its book shows, and counts what its prints add up to."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given, settings, strategies as st

from sequence_markets.sandbox.clock import MANUAL_START_NS
from sequence_markets.sandbox.events import EventMarket
from sequence_markets.sandbox.instruments import default_catalogue
from sequence_markets.sandbox.market import MarketTrade, SyntheticMarket
from sequence_markets.sandbox.market.path import STEP_NS
from sequence_markets.sandbox.market.scripted import ScriptedMarket
from sequence_markets.sandbox.market.types import NO_GLANCE, glance_at

DAY_NS = 86_400 * 10**9
CATALOGUE = default_catalogue(900)
MARKETS = [
    market
    for venue in ("kalshi", "polymarket")
    for market in islice(SyntheticMarket(CATALOGUE).events.listed(MANUAL_START_NS, venue=venue), 0, None, 97)
]


@settings(deadline=None, max_examples=80)
@given(st.sampled_from(MARKETS), st.integers(0, 10**6), st.integers(0, 3))
def test_a_glance_is_the_top_of_the_book(market: EventMarket, part: int, seed: int) -> None:
    source = SyntheticMarket(CATALOGUE, seed)
    instants = (
        MANUAL_START_NS,
        market.listed_ns - 1,
        market.listed_ns + (market.close_ns - market.listed_ns) * part // 10**6,
        market.close_ns - 1,
        market.close_ns,
    )
    for now_ns in instants:
        seen = source.glance(market, now_ns)
        book = source.book(market.yes, market.venue, now_ns)
        assert seen == glance_at(book), now_ns
        assert (seen == NO_GLANCE) or market.listed_ns <= now_ns < market.close_ns


@settings(deadline=None, max_examples=80)
@given(
    st.sampled_from(MARKETS),
    st.lists(st.integers(0, 40 * DAY_NS // STEP_NS), min_size=1, max_size=4),
    st.integers(0, 3),
)
def test_what_was_traded_is_what_was_printed(market: EventMarket, ago: list[int], seed: int) -> None:
    source = SyntheticMarket(CATALOGUE, seed)
    starts = [max(MANUAL_START_NS - steps * STEP_NS, market.listed_ns) for steps in ago]
    counted = source.traded_since_1e8(market, starts, MANUAL_START_NS)
    assert counted == [source.traded_1e8(market.yes, start, MANUAL_START_NS) for start in starts]
    later = source.traded_since_1e8(market, starts, MANUAL_START_NS + STEP_NS - 1)
    assert later == counted, "within a step nothing is counted"


def test_scripts_are_seen_at_a_glance() -> None:
    source = ScriptedMarket(SyntheticMarket(seed=7))
    now = MANUAL_START_NS
    rain = source.events.find("rain-in-oslo-friday", now)
    assert rain is not None
    before = source.glance(rain, now)
    assert before == glance_at(source.book(rain.yes, rain.venue, now))
    source.set_book(rain.yes, "polymarket", [(300_000_000, 5 * 10**8)], [], now + 10)
    source.add_trade(MarketTrade("t1", now + 20, rain.yes, "polymarket", 300_000_000, 7 * 10**8, "buy", "scripted"))
    assert source.glance(rain, now) == before
    assert source.glance(rain, now + 10) == glance_at(source.book(rain.yes, rain.venue, now + 10))
    assert source.traded_since_1e8(rain, [now, now + 20], now + 20) == [7 * 10**8, 0]
    source.set_resolution(rain.yes, "Yes", now + 30)
    assert source.glance(rain, now + 30) == NO_GLANCE
    assert source.traded_since_1e8(rain, [now], now + DAY_NS) == [7 * 10**8]


def test_a_market_that_only_a_script_lists_is_seen_too() -> None:
    source = ScriptedMarket(SyntheticMarket(seed=7))
    now = MANUAL_START_NS
    source.set_book("KXNEW-26-A", "kalshi", [(300_000_000, 5 * 10**8)], [(400_000_000, 10**8)], now)
    made = source.events.find("KXNEW-26-A", now)
    assert made is not None
    assert source.glance(made, now).ask_1e9 == 400_000_000
    assert source.traded_since_1e8(made, [now - DAY_NS], now + DAY_NS) == [0]


@pytest.mark.parametrize("venue", ["kalshi", "polymarket"])
def test_looking_at_a_whole_catalogue_keeps_nothing(venue: str) -> None:
    source = SyntheticMarket(CATALOGUE, 5)
    for market in islice(source.events.listed(MANUAL_START_NS, venue=venue, trading=True), 30, 230):
        source.glance(market, MANUAL_START_NS)
        source.traded_since_1e8(market, [MANUAL_START_NS - DAY_NS], MANUAL_START_NS)
    parts = source._parts
    assert len(parts._contract_paths) == len(parts._contract_fairs) == len(parts._contract_listings) == 0
