"""The catalogue in order: its size, what it lists, and how it is walked while markets come and go."""

from __future__ import annotations

from collections import Counter
from itertools import islice, pairwise

import pytest
from hypothesis import example, given, settings, strategies as st

from sequence_markets.sandbox.events import EventMarket, Events
from sequence_markets.sandbox.events.generated import LEAST_MARKETS, generated_families
from sequence_markets.sandbox.events.schedule import RETAINED_NS, Schedule
from sequence_markets.sandbox.instruments import default_catalogue
from sequence_markets.sandbox.market import ScriptedMarket, SyntheticMarket

from .support import DAY, HOUR, INSTANTS, MARKETS, MINUTE, SECOND, START, market

UP_DOWN_OPEN = 48


def events(markets: int = MARKETS) -> Events:
    return market(markets).events


@settings(deadline=None, max_examples=60)
@given(
    spacing=st.integers(1, 50),
    life=st.integers(1, 400),
    delay=st.integers(0, 30),
    start=st.integers(0, 900),
    length=st.integers(0, 300),
)
def test_a_schedule_is_arithmetic_and_nothing_else(
    spacing: int, life: int, delay: int, start: int, length: int
) -> None:
    schedule = Schedule(100, spacing, life, delay)
    every = range(2_000)
    end = start + length
    assert list(schedule.listed(start, end)) == [n for n in every if start < schedule.listed_ns(n) <= end]
    assert list(schedule.resolved(start, end)) == [n for n in every if start < schedule.resolve_ns(n) <= end]
    assert list(schedule.open(start)) == [n for n in every if schedule.listed_ns(n) <= start < schedule.close_ns(n)]
    closed = [n for n in every if schedule.close_ns(n) <= start < schedule.resolve_ns(n) + RETAINED_NS]
    assert list(schedule.closed(start)) == closed


@pytest.mark.parametrize("markets", [LEAST_MARKETS, LEAST_MARKETS + 1, 100, 1_234, 43_000])
def test_the_catalogue_has_the_size_it_was_given(markets: int) -> None:
    directory = default_catalogue(markets).directory
    assert directory.standing == markets
    if markets < 2_000:
        for now in (START, START + 100 * DAY + 7 * SECOND):
            assert sum(1 for _ in directory.listed(now, phase="open")) == markets + UP_DOWN_OPEN


@pytest.mark.parametrize("markets", [0, LEAST_MARKETS - 1, 1_000_001])
def test_a_size_that_cannot_be_is_refused(markets: int) -> None:
    with pytest.raises(ValueError, match="markets must be between"):
        generated_families(markets)


def test_a_full_catalogue_is_of_many_kinds() -> None:
    listed = list(events(8_000).listed(START, trading=True))
    assert {m.venue for m in listed} == {"kalshi", "polymarket"}
    assert len({m.category for m in listed}) >= 9
    assert len({m.series for m in listed}) > 100
    assert len({tag for m in listed for tag in m.tags}) > 20
    assert {m.tick_1e9 for m in listed} == {1_000_000, 10_000_000}
    assert any(m.placeholder for m in listed)
    assert len({m.question for m in listed}) > 0.4 * len(listed)
    ends = Counter((m.close_ns - START) // DAY for m in listed)
    assert all(ends[day] for day in range(30))
    assert max(ends) > 300


@settings(deadline=None, max_examples=12)
@given(now=INSTANTS)
@example(now=START)
def test_names_ids_and_places_are_unique_and_in_order(now: int) -> None:
    listed = list(events(600).listed(now))
    serials = [m.serial for m in listed]
    assert serials == sorted(set(serials))
    assert all(
        m.listed_ns == m.serial[0] <= now < m.resolve_ns + (RETAINED_NS, DAY)[m.underlying is not None] for m in listed
    )
    assert len({m.slug for m in listed}) == len({m.yes for m in listed} | {m.no for m in listed}) / 2 == len(listed)
    assert listed[::-1] == list(events(600).listed(now, newest_first=True))
    open_now = [m for m in listed if now < m.close_ns]
    assert open_now == list(events(600).listed(now, trading=True))
    assert [m for m in listed if now >= m.close_ns] == list(events(600).listed(now, trading=False))
    for venue in ("kalshi", "polymarket"):
        assert [m for m in listed if m.venue == venue] == list(events(600).listed(now, venue=venue))


def walk(
    source: Events, now: int, pages: list[tuple[int, int]], *, newest_first: bool, trading: bool | None
) -> tuple[list[EventMarket], int]:
    """Everything seen on pages of some sizes while time passes between them, and when the last one was read."""
    seen: list[EventMarket] = []
    k = 0
    while True:
        size, passes = pages[k % len(pages)]
        after = seen[-1].serial if seen else None
        page = list(islice(source.listed(now, after=after, newest_first=newest_first, trading=trading), size))
        if not page:
            return seen, now
        seen += page
        now += passes
        k += 1


@settings(deadline=None, max_examples=25)
@given(
    now=INSTANTS,
    pages=st.lists(st.tuples(st.integers(20, 200), st.integers(0, 3 * MINUTE)), min_size=1, max_size=5),
    newest_first=st.booleans(),
    trading=st.sampled_from([True, None]),
)
def test_a_walk_has_no_gap_and_no_duplicate_while_time_passes(
    now: int, pages: list[tuple[int, int]], newest_first: bool, trading: bool | None
) -> None:
    source = events(150)
    seen, end = walk(source, now, pages, newest_first=newest_first, trading=trading)
    assert len({m.serial for m in seen}) == len(seen)
    # Whatever was there all the time was seen.
    stayed = {m.yes for m in source.listed(now, trading=trading)} & {m.yes for m in source.listed(end, trading=trading)}
    assert stayed <= {m.yes for m in seen}


@settings(deadline=None, max_examples=40)
@given(now=INSTANTS, cuts=st.lists(st.integers(0, 6 * HOUR), min_size=2, max_size=5).map(sorted))
def test_what_was_minted_and_resolved_adds_up(now: int, cuts: list[int]) -> None:
    source = events(400)
    instants = [now + cut for cut in cuts]
    minted = source.minted_between(instants[0], instants[-1])
    resolved = source.resolved_between(instants[0], instants[-1])
    assert [m for a, b in pairwise(instants) for m in source.minted_between(a, b)] == minted
    assert [m for a, b in pairwise(instants) for m in source.resolved_between(a, b)] == resolved
    assert all(instants[0] < m.listed_ns <= instants[-1] for m in minted)
    assert all(instants[0] < source.resolves_ns(m) <= instants[-1] for m in resolved)
    before, after = ({m.yes for m in source.listed(t, trading=True)} for t in (instants[0], instants[-1]))
    assert after - before <= {m.yes for m in minted}
    assert {m.yes for m in minted if m.close_ns > instants[-1]} <= after


def test_in_any_day_markets_of_each_series_are_minted_and_resolved() -> None:
    minted = Counter(m.series for m in events(LEAST_MARKETS).minted_between(START, START + DAY))
    resolved = Counter(m.series for m in events(LEAST_MARKETS).resolved_between(START, START + DAY))
    assert minted["btc-updown-5m"] == resolved["btc-updown-5m"] == 288
    assert minted["KXBTC15M"] == resolved["KXETH15M"] == 96
    assert minted["xrp-updown-1h"] == resolved["KXBTC1H"] == 24


def test_a_resolved_market_leaves_the_catalogue_after_a_while_but_keeps_its_name() -> None:
    source = events()
    found = source.find("btc-updown-5m-1767571200", START)
    assert found is not None
    last = found.resolve_ns + DAY
    before = (found.serial[0], found.serial[1] - 1)
    assert next(source.listed(last - 1, after=before)) == found
    assert next(source.listed(last, after=before)) != found
    assert source.find(found.slug, last + 400 * DAY) == found


def test_a_scripted_outcome_moves_a_market_among_the_closed_ones() -> None:
    market = ScriptedMarket(SyntheticMarket(default_catalogue(100), seed=7))
    now = START + HOUR
    chosen = [m for m in market.events.listed(now, trading=True) if not m.neg_risk and m.close_ns > now + DAY][::6]
    assert len(chosen) > 3
    for each in chosen:
        market.set_resolution(each.yes, "yes", now)
    listed = list(market.events.listed(now))
    for trading in (True, False):
        for newest_first in (True, False):
            wanted = [m for m in listed if (market.events.status(m, now) == "open") == trading]
            found = list(market.events.listed(now, trading=trading, newest_first=newest_first))
            assert found == (wanted[::-1] if newest_first else wanted)
    middle = chosen[2].serial
    behind = [m.serial for m in market.events.listed(now, trading=False, after=middle)]
    assert behind == [m.serial for m in market.events.listed(now, trading=False) if m.serial > middle]
    assert set(chosen) <= set(market.events.resolved_between(now - 1, now))
    assert not set(chosen) & set(market.events.resolved_between(now, now + 2 * DAY))
