"""Walking a catalogue page by page: nothing twice, nothing left out, whatever is minted and resolved meanwhile."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings, strategies as st

from sequence_markets.sandbox.discovery import ORDERS, BadCursorError, Cursors, Entry, Pages, Search, entry_status
from sequence_markets.sandbox.events import EventMarket, Events, Resolution

from .support import FOREVER, FixedFigures, events_of, lone, member

CURSORS = Cursors(b"7")
NO_FIGURES = FixedFigures({})


def names(entries: Sequence[Entry]) -> list[str]:
    return [entry.markets[0].slug for entry in entries]


def walk(
    events: Events, search: Search, limit: int, instants: Sequence[int], figures: FixedFigures = NO_FIGURES
) -> list[tuple[int, list[Entry]]]:
    """Read all pages, each at the next of the instants (the last one for all others)."""
    pages, cursor, read = Pages(most_rows=50), None, list[tuple[int, list[Entry]]]()
    while True:
        now = instants[min(len(read), len(instants) - 1)]
        page = pages.page(events, figures, CURSORS, search, now_ns=now, limit=limit, cursor=cursor)
        assert len(page.entries) <= limit
        assert len(read) < 100, "the walk does not end"
        read.append((now, page.entries))
        if page.next_cursor is None:
            return read
        cursor = page.next_cursor


@st.composite
def catalogues(draw: st.DrawFn) -> list[EventMarket]:
    """Lone markets and events, listed and closed at any instants from 0 to 60, some never."""
    made: list[EventMarket] = []
    for place in range(draw(st.integers(0, 14))):
        listed = draw(st.integers(0, 60))
        close = draw(st.one_of(st.just(FOREVER), st.integers(listed + 1, 80)))
        if draw(st.booleans()):
            made.append(lone(f"m{place}", place * 64, listed, close))
        else:
            size = draw(st.integers(2, 4))
            outcomes = ("b", "other", "a", "c")[:size]
            made += [member(f"e{place}", name, index, place * 64, listed, close) for index, name in enumerate(outcomes)]
    return made


@st.composite
def scripted(draw: st.DrawFn, markets: list[EventMarket]) -> dict[str, Resolution]:
    chosen = draw(st.lists(st.sampled_from(markets), max_size=4)) if markets else []
    return {market.yes: Resolution(True, draw(st.integers(market.listed_ns + 1, 70))) for market in chosen}


@settings(deadline=None, max_examples=150)
@given(st.data(), st.integers(1, 7), st.booleans(), st.sampled_from(["", "created"]))
def test_a_walk_while_the_clock_runs_repeats_nothing_and_leaves_out_nothing(
    data: st.DataObject, limit: int, expand: bool, order: str
) -> None:
    markets = data.draw(catalogues())
    events = events_of(markets, data.draw(scripted(markets)))
    instants = sorted(data.draw(st.lists(st.integers(0, 70), min_size=1, max_size=12)))
    search = Search("polymarket", expand=expand, order=order)
    read = walk(events, search, limit, instants)
    places = [entry.place for _, entries in read for entry in entries]
    assert len(places) == len(set(places))
    assert places == sorted(places, reverse=order == "created")
    for now, entries in read:
        assert all(entry_status(events, entry, now) == "open" for entry in entries)
    first, last = read[0][0], read[-1][0]
    standing = [
        entry.place
        for entry in search.rows(events, first)
        if all(entry_status(events, entry, now) == "open" for now in (first, last))
    ]
    assert set(standing) <= set(places)


@settings(deadline=None, max_examples=60)
@given(st.data(), st.integers(1, 7), st.booleans(), st.sampled_from(["", *ORDERS]))
def test_pages_are_cuts_of_the_whole_listing_by_cursor_and_by_offset(
    data: st.DataObject, limit: int, expand: bool, order: str
) -> None:
    markets = data.draw(catalogues())
    traded = {market.slug: data.draw(st.integers(0, 3)) for market in markets}
    events, figures = events_of(markets), FixedFigures(traded)
    search = Search("polymarket", expand=expand, order=order, active=True, closed=True)
    whole = Pages(1000).page(events, figures, CURSORS, search, now_ns=65, limit=1000)
    assert whole.next_cursor is None
    by_cursor = [entry for _, entries in walk(events, search, limit, [65], figures) for entry in entries]
    assert by_cursor == whole.entries
    by_offset: list[Entry] = []
    while len(by_offset) < len(whole.entries):
        page = Pages().page(events, figures, CURSORS, search, now_ns=65, limit=limit, offset=len(by_offset))
        assert page.entries
        by_offset += page.entries
        assert (page.next_cursor is None) == (len(by_offset) == len(whole.entries))
    assert by_offset == whole.entries


def test_a_ranking_stands_still_while_it_is_walked() -> None:
    minute = 60 * 10**9
    markets = [lone(f"m{number}", number, close=2 * minute if number == 2 else FOREVER) for number in range(6)]
    markets.append(lone("minted", 6, listed=2 * minute))
    figures = FixedFigures({f"m{number}": 10 * number % 7 for number in range(6)} | {"minted": 99})
    events, search = events_of(markets), Search("polymarket", order="volume")
    read = walk(events, search, 2, [minute + 5, 3 * minute], figures)
    assert [slug for _, entries in read for slug in names(entries)] == ["m2", "m4", "m1", "m3", "m5", "m0"]
    # The next walk is ranked as of its own minute: what was minted leads, what has closed is gone.
    again = walk(events, search, 10, [3 * minute], figures)
    assert names(again[0][1]) == ["minted", "m4", "m1", "m3", "m5", "m0"]


@pytest.mark.parametrize(
    ("order", "first", "closed", "rest"),
    [("", "a", ("a", "b"), ["cup-other"]), ("created", "other", ("other",), ["cup-b", "cup-a"])],
)
def test_an_event_that_a_page_cut_in_two_goes_on_when_some_of_its_outcomes_close(
    order: str, first: str, closed: tuple[str, ...], rest: list[str]
) -> None:
    outcomes = {name: member("cup", name, index, 0) for index, name in enumerate(("other", "a", "b"))}
    scripts: dict[str, Resolution] = {}
    events, pages = events_of(outcomes.values(), scripts), Pages()
    search = Search("polymarket", expand=True, order=order)
    page = pages.page(events, NO_FIGURES, CURSORS, search, now_ns=1, limit=1)
    assert names(page.entries) == [f"cup-{first}"]
    scripts.update({outcomes[name].yes: Resolution(False, 2) for name in closed})
    page = pages.page(events, NO_FIGURES, CURSORS, search, now_ns=3, limit=9, cursor=page.next_cursor)
    assert names(page.entries) == rest


ORDERED: list[tuple[str, list[str]]] = [
    ("volume", ["late", "mid", "early"]),
    ("volume_week", ["late", "mid", "early"]),
    ("volume_total", ["late", "mid", "early"]),
    ("end_date", ["late", "early", "mid"]),
    ("start_date", ["late", "mid", "early"]),
    ("created", ["late", "mid", "early"]),
    ("closed_time", ["early", "late", "mid"]),
    ("", ["early", "mid", "late"]),
]


@pytest.mark.parametrize(("order", "expected"), ORDERED)
def test_what_each_order_puts_first(order: str, expected: list[str]) -> None:
    minute = 60 * 10**9
    spans = {"early": (1, 50), "mid": (2, 90), "late": (3, 40)}
    markets = [
        lone(name, number, listed * minute, close * minute)
        for number, (name, (listed, close)) in enumerate(spans.items())
    ]
    events = events_of(markets, {markets[2].yes: Resolution(True, 39 * minute)})
    figures = FixedFigures({"early": 1, "mid": 2, "late": 3})
    search = Search("polymarket", order=order, closed=True)
    page = Pages().page(events, figures, CURSORS, search, now_ns=60 * minute, limit=9)
    assert names(page.entries) == expected


def test_a_page_is_never_longer_than_the_servers_cap() -> None:
    events = events_of([lone(f"m{number}", number) for number in range(9)])
    page = Pages(most_rows=4).page(events, NO_FIGURES, CURSORS, Search("polymarket"), now_ns=1, limit=1000)
    assert len(page.entries) == 4
    assert page.next_cursor is not None


def test_a_cursor_is_good_for_its_own_search_only() -> None:
    events = events_of([lone(f"m{number}", number) for number in range(9)])
    pages = Pages()
    page = pages.page(events, NO_FIGURES, CURSORS, Search("polymarket"), now_ns=1, limit=2)
    for other in (Search("kalshi"), Search("polymarket", closed=True), Search("polymarket", order="volume")):
        with pytest.raises(BadCursorError):
            pages.page(events, NO_FIGURES, CURSORS, other, now_ns=1, limit=2, cursor=page.next_cursor)


def test_a_ranking_of_an_instant_that_has_not_come_is_refused() -> None:
    minute = 60 * 10**9
    events, search = events_of([lone("a", 0), lone("b", 1)]), Search("polymarket", order="volume")
    page = Pages().page(events, NO_FIGURES, CURSORS, search, now_ns=5 * minute, limit=1)
    with pytest.raises(BadCursorError):
        Pages().page(events, NO_FIGURES, CURSORS, search, now_ns=minute, limit=1, cursor=page.next_cursor)
