"""What a search matches: words, tags, states of life and names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from sequence_markets.sandbox.discovery import Search, tag_number
from sequence_markets.sandbox.events import Resolution

from .support import events_of, lone, member, ticker

RAIN = lone("rain-in-oslo", 0, tags=("weather", "rain"), rules="Measured at Blindern.")
SNOW = lone("snow-in-oslo", 1, tags=("weather", "snow"))
COIN = lone("coin-up", 2, listed=5, close=50, tags=("crypto",), series="coin-hourly")
CUP = [member("cup", name, index, 10) for index, name in enumerate(("other", "norway", "sweden"))]
HIGH = ticker("KXTEMP-OSL-T20", 20, tags=("weather",), series="KXTEMP")
PARLAY = ticker("KXMVEBOTH-1-2", 21)
ALL = [RAIN, SNOW, COIN, *CUP, HIGH, PARLAY]
NOW = 10


def found(search: Search, now: int = NOW, *, lost: Sequence[str] = ()) -> list[str]:
    events = events_of(ALL, {f"{slug}/yes": Resolution(False, 8) for slug in lost})
    return [
        entry.markets[0].event_slug if entry.is_event else entry.markets[0].slug for entry in search.rows(events, now)
    ]


POLYMARKET = Search("polymarket")
LONES = ["rain-in-oslo", "snow-in-oslo", "coin-up"]


def test_a_listing_holds_one_venue_in_catalogue_order() -> None:
    assert found(POLYMARKET) == ["rain-in-oslo", "snow-in-oslo", "cup", "coin-up"]
    assert found(Search("kalshi")) == ["KXTEMP-OSL-T20", "KXMVEBOTH-1-2"]


def test_outcomes_of_an_event_are_one_row_or_each_their_own_named_ones_first() -> None:
    (entry,) = Search("polymarket", name="cup").rows(events_of(ALL), NOW)
    assert [market.outcome_name for market in entry.markets] == ["norway", "sweden", "other"]
    assert entry.place == (0, 10, 0)
    rows = list(Search("polymarket", name="cup", expand=True).rows(events_of(ALL), NOW))
    assert [entry.markets[0].outcome_name for entry in rows] == ["norway", "sweden", "other"]
    assert [entry.place for entry in rows] == [(0, 10, 0), (0, 10, 1), (0, 10, 2)]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("rain", ["rain-in-oslo"]),
        ("oslo", ["rain-in-oslo", "snow-in-oslo"]),
        ("oslo snow", ["snow-in-oslo"]),
        ("blindern", ["rain-in-oslo"]),
        ("sweden", ["cup"]),
        ("oslo coin", []),
        ("agreed", ["snow-in-oslo", "cup", "coin-up"]),
    ],
)
def test_all_words_are_looked_for_everywhere(words: str, expected: list[str]) -> None:
    assert found(replace(POLYMARKET, words=tuple(words.split()))) == expected


def test_words_find_tickers() -> None:
    assert found(Search("kalshi", words=("kxtemp-osl",))) == ["KXTEMP-OSL-T20"]


def test_tags_by_name_number_and_series() -> None:
    assert found(replace(POLYMARKET, tag="Weather")) == ["rain-in-oslo", "snow-in-oslo"]
    assert found(replace(POLYMARKET, tag_id=tag_number("weather"))) == ["rain-in-oslo", "snow-in-oslo"]
    assert found(replace(POLYMARKET, tag="weather", tag_id=tag_number("rain"))) == ["rain-in-oslo"]
    assert found(replace(POLYMARKET, tag_id=7)) == []
    assert found(Search("kalshi", tag="KXTEMP")) == ["KXTEMP-OSL-T20"]


def test_related_tags_are_those_that_share_a_market() -> None:
    assert found(replace(POLYMARKET, tag="rain")) == ["rain-in-oslo"]
    assert found(replace(POLYMARKET, tag="rain", related=True)) == ["rain-in-oslo", "snow-in-oslo"]
    assert found(replace(POLYMARKET, tag_id=tag_number("crypto"), related=True)) == ["coin-up"]


def test_a_tag_may_be_left_out() -> None:
    assert found(replace(POLYMARKET, exclude_tag_id=tag_number("weather"))) == ["cup", "coin-up"]


def test_parlays_may_be_left_out() -> None:
    assert found(Search("kalshi", parlays=False)) == ["KXTEMP-OSL-T20"]


@pytest.mark.parametrize(
    ("active", "closed", "at_20", "at_50", "at_51"),
    [
        (True, False, LONES, LONES[:2], LONES[:2]),
        (True, True, LONES, LONES, LONES),
        (False, False, LONES, LONES, LONES),
        (False, True, [], ["coin-up"], ["coin-up"]),
    ],
)
def test_states_of_life(active: bool, closed: bool, at_20: list[str], at_50: list[str], at_51: list[str]) -> None:
    search = Search("polymarket", active=active, closed=closed, tag=None)
    for now, expected in ((20, at_20), (50, at_50), (51, at_51)):
        assert [slug for slug in found(search, now) if slug != "cup"] == expected, now


def test_what_is_not_listed_yet_does_not_exist() -> None:
    assert "coin-up" not in found(POLYMARKET, 4)
    assert found(replace(POLYMARKET, name="coin-up"), 4) == []
    assert found(replace(POLYMARKET, name="coin-up"), 5) == ["coin-up"]


def test_an_event_trades_as_long_as_one_of_its_outcomes_does() -> None:
    assert "cup" in found(POLYMARKET, lost=["cup-norway", "cup-other"])
    expanded = replace(POLYMARKET, expand=True, words=("cup",))
    assert found(expanded, lost=["cup-norway"]) == ["cup-sweden", "cup-other"]
    assert found(replace(expanded, active=False, closed=True), lost=["cup-norway"]) == ["cup-norway"]
    every = [market.slug for market in CUP]
    assert "cup" not in found(POLYMARKET, lost=every)
    assert found(replace(POLYMARKET, active=False, closed=True), lost=every) == ["cup"]


def test_a_name_short_cuts_the_search_but_not_the_state() -> None:
    named = Search("polymarket", name="coin-up", words=("nowhere",), tag="nothing")
    assert found(named) == ["coin-up"]
    assert found(named, 60) == []
    assert found(replace(named, closed=True), 60) == ["coin-up"]
    assert found(replace(named, active=False), 60) == ["coin-up"]
    assert found(replace(named, venue="kalshi")) == []


def test_a_market_of_an_event_has_a_name_of_its_own() -> None:
    (entry,) = Search("polymarket", name="cup-sweden").rows(events_of(ALL), NOW)
    assert [market.slug for market in entry.markets] == ["cup-sweden"]
    (event,) = Search("polymarket", name="https://polymarket.com/event/cup?tid=1").rows(events_of(ALL), NOW)
    assert len(event.markets) == 3
