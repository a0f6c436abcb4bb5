"""What recurring and generated markets are quoted at: around a fair probability that goes to nought or one."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from hypothesis import given, settings, strategies as st

from sequence_markets.sandbox.events import EventMarket
from sequence_markets.sandbox.events.rules import Above, Chance, Shares
from sequence_markets.sandbox.instruments import PREDICTION_UNIT_1E9
from sequence_markets.sandbox.market import SyntheticMarket
from sequence_markets.sandbox.market.contracts import contract_fair
from sequence_markets.sandbox.market.deadline import BarrierFair, RaceFair, UpDownFair, least_log, normal_quantile
from sequence_markets.sandbox.market.fair import Fair, fair_at, fair_bounds, fair_range
from sequence_markets.sandbox.market.fixedpoint import LOG_ONE, exp_scaled
from sequence_markets.sandbox.market.mirror import mirrored_book
from sequence_markets.sandbox.market.parameters import asset
from sequence_markets.sandbox.market.path import Path

from .support import DAY, HOUR, MINUTE, SECOND, START, STEP, cold, contracts, find, market

UNIT = PREDICTION_UNIT_1E9
SHARES = st.fractions(0, 1)
"""How much of a life is over."""

VOLATILITY = 78 * LOG_ONE // 1_000_000
BASE = Path(7, "underlying", volatility=VOLATILITY)
MOOD = Path(7, "mood", volatility=LOG_ONE // 4, cap_level=12, jump_level=5)
RACERS = [Path(7, f"racer/{k}", volatility=VOLATILITY, jump_level=6) for k in range(4)]


@st.composite
def fairs(draw: st.DrawFn) -> tuple[Fair, int]:
    """A fair value with a deadline, and the step of that."""
    start = draw(st.integers(0, 2**34))
    end = start + draw(st.integers(10, 3_000))
    kind = draw(st.sampled_from(["barrier", "updown", "race"]))
    if kind == "barrier":
        threshold = BASE.value(end) + draw(st.integers(-VOLATILITY * 20, VOLATILITY * 20))
        return BarrierFair(BASE, threshold=threshold, end=end, volatility=VOLATILITY), end
    if kind == "updown":
        sign = draw(st.sampled_from([1, -1]))
        return UpDownFair(BASE, MOOD, mood_sign=sign, start=start, end=end, volatility=VOLATILITY), end
    offsets = [draw(st.integers(-VOLATILITY * 20, VOLATILITY * 20)) - path.value(start) for path in RACERS]
    return RaceFair(RACERS, offsets, index=draw(st.integers(0, 3)), end=end, volatility=VOLATILITY), end


@settings(deadline=None, max_examples=60)
@given(fair_and_end=fairs(), before=st.integers(0, 2_500), length=st.integers(0, 500), level=st.integers(0, 9))
def test_bounds_hold_and_ranges_are_exact(fair_and_end: tuple[Fair, int], before: int, length: int, level: int) -> None:
    fair, end = fair_and_end
    first = max(0, end - before)
    last = min(first + length, end)
    prices = [fair_at(fair, step) for step in range(first, last + 1)]
    assert fair_range(fair, first, last) == (min(prices), max(prices))
    base = first >> level << level
    low, high = fair_bounds(fair, base, level)
    assert all(low <= fair_at(fair, step) <= high for step in range(base, base + (1 << level) + 1))
    assert all(0 <= price <= UNIT for price in prices)


@settings(deadline=None, max_examples=100)
@given(probability=st.integers(1, 999))
def test_the_quantile_is_where_the_probability_is_reached(probability: int) -> None:
    path = Path(7, "still", volatility=1)
    fair = BarrierFair(path, threshold=0, end=0, volatility=1)
    assert abs(fair.price(normal_quantile(probability * 1000)) - probability * 10**6) < 1_000


@settings(deadline=None, max_examples=60)
@given(anchor=st.integers(10**6, 10**14), percent=st.integers(20, 500))
def test_the_least_logarithm_is_the_first_that_reaches_its_target(anchor: int, percent: int) -> None:
    target = anchor * percent // 100
    found = least_log(anchor, target)
    assert exp_scaled(found, anchor) >= target > exp_scaled(found - 1, anchor)


@settings(deadline=None, max_examples=20)
@given(found=contracts(kinds="strikes"))
def test_a_strike_is_reached_where_the_price_reads_as_the_strike(found: EventMarket) -> None:
    rule = market().catalogue.directory.rule(found)
    assert isinstance(rule, Above)
    fair = contract_fair(found, rule, lambda _base: BASE, lambda _name, _offset: MOOD)
    anchor, step = asset(rule.base).anchor_1e9, found.close_ns // STEP
    half_a_cent = 5_000_000
    at_strike = least_log(anchor, rule.strike_1e9 - half_a_cent)
    assert fair.price(fair.score([at_strike], step)) >= UNIT // 2 > fair.price(fair.score([at_strike - 1], step))


@settings(deadline=None, max_examples=60)
@given(found=contracts(), share=SHARES)
def test_books_are_well_formed_at_any_instant_of_a_life(found: EventMarket, share: Fraction) -> None:
    source = market()
    now = found.listed_ns + int((found.close_ns - 1 - found.listed_ns) * share)
    book = source.book(found.yes, found.venue, now)
    assert book is not None
    fair = source.reference_price(found.yes, now)
    assert fair is not None
    for levels, sign in ((book.bids, -1), (book.asks, 1)):
        prices = [price * sign for price, _ in levels]
        assert prices == sorted(set(prices))
        assert all(0 < price < UNIT and price % found.tick_1e9 == 0 and size > 0 for price, size in levels)
        assert not levels or (levels[0][0] - fair) * sign >= 0
    assert book.bids or book.asks
    # Nobody stands on a side only where there is no price left for it.
    assert book.bids or fair <= found.tick_1e9
    assert book.asks or fair >= UNIT - found.tick_1e9
    assert source.book(found.no, found.venue, now) == mirrored_book(book, found.no)
    other = source.reference_price(found.no, now)
    assert other is not None
    assert fair + other == UNIT


@settings(deadline=None, max_examples=50)
@given(found=contracts(kinds="event"), share=SHARES)
def test_the_prices_of_an_event_sum_to_about_one(found: EventMarket, share: Fraction) -> None:
    source = market()
    event = source.events.siblings(found)
    assert len(event) > 1
    now = found.listed_ns + int((found.close_ns - 1 - found.listed_ns) * share)
    total = sum(source.reference_price(each.yes, now) or 0 for each in event)
    # Rounded to the tick, and never below one.
    assert abs(total - UNIT) <= len(event) * found.tick_1e9


@settings(deadline=None, max_examples=40)
@given(found=contracts())
def test_a_market_begins_where_its_rule_says(found: EventMarket) -> None:
    source = market()
    rule = source.catalogue.directory.rule(found)
    price = source.reference_price(found.yes, found.listed_ns)
    assert price is not None
    if isinstance(rule, Chance):
        assert abs(price - rule.probability_1e6 * 1000) <= found.tick_1e9
    elif isinstance(rule, Shares):
        expected = rule.weights[found.outcome_index] * UNIT // sum(rule.weights)
        assert abs(price - expected) <= found.tick_1e9


@settings(deadline=None, max_examples=30)
@given(number=st.integers(0, 100_000), coin=st.sampled_from(["btc", "eth", "sol", "xrp"]))
def test_before_its_window_an_up_down_contract_is_about_one_half(number: int, coin: str) -> None:
    found = find(f"{coin}-updown-5m-{START // SECOND + 300 * number}", START + 400 * DAY)
    for now in range(found.listed_ns, found.start_ns, 2 * MINUTE):
        price = market().reference_price(found.yes, now)
        assert price is not None
        assert 0.37 * UNIT < price < 0.63 * UNIT


def test_the_mood_of_a_series_helps_some_contracts_and_harms_others() -> None:
    moods: set[int] = set()
    for k in range(12):
        now = START + 300 * k * SECOND
        waiting = [find(f"btc-updown-5m-{START // SECOND + 300 * (k + ahead)}", now) for ahead in (1, 2)]
        one, two = (market().reference_price(each.yes, now) or 0 for each in waiting)
        # Both see the same mood, from the same side or from opposite ones; prices are rounded halves up.
        assert one == two or abs(one + two - UNIT) <= waiting[0].tick_1e9
        moods.add(one == two)
    assert moods == {True, False}


def test_up_down_prices_mean_what_they_say() -> None:
    """Of the contracts quoted at a price somewhere in their window, about that share ends up."""
    buckets: dict[int, list[int]] = {k: [] for k in range(10)}
    for k in range(1_200):
        found = find(f"btc-updown-5m-{START // SECOND + 300 * k}", START + 400 * DAY)
        now = found.start_ns + k * 37 % 300 * SECOND
        price = market().reference_price(found.yes, now)
        assert price is not None
        buckets[price * 10 // UNIT].append(market().events.outcome(found, found.resolve_ns) == "Up")
    for k, ended_up in buckets.items():
        assert len(ended_up) > 50
        assert abs(sum(ended_up) / len(ended_up) - (k + 0.5) / 10) < 0.13


@settings(deadline=None, max_examples=30)
@given(found=contracts(kinds="updown"))
def test_a_window_that_is_nearly_over_is_nearly_decided(found: EventMarket) -> None:
    source = market()
    anchor, final = source.events.anchor_price_1e9(found), source.events.final_price_1e9(found, found.close_ns)
    assert anchor is not None
    assert final is not None
    late = source.reference_price(found.yes, found.close_ns - 1)
    before = source.reference_price(found.underlying or "", found.close_ns - STEP)
    assert late is not None
    assert before is not None
    # Far from the anchor for the tenth of a second that is left.
    if abs(before - anchor) > anchor // 3_000:
        assert late == (UNIT - found.tick_1e9 if before > anchor else found.tick_1e9)


@settings(deadline=None, max_examples=30)
@given(found=contracts(), share=SHARES, below=st.integers(1, 20), above=st.integers(1, 20))
def test_quiet_until_never_promises_too_much(found: EventMarket, share: Fraction, below: int, above: int) -> None:
    source = market()
    now = found.listed_ns + int((found.close_ns - 1 - found.listed_ns) * share)
    fair = source.reference_price(found.yes, now)
    assert fair is not None
    low, high = fair - (below + 1) * found.tick_1e9, fair + (above + 1) * found.tick_1e9
    until = cold().quiet_until(found.yes, found.venue, low, high, now)
    assert now <= until < found.close_ns
    mirrored = source.quiet_until(found.no, found.venue, UNIT - high, UNIT - low, now)
    assert mirrored == until
    if until == now:
        return
    last = min(until, now + 20 * SECOND)
    for instant in range(now, last + 1, STEP):
        shown = source.book(found.yes, found.venue, instant)
        assert shown is not None
        assert all(low < price < high for price, _ in (*shown.bids[:1], *shown.asks[:1]))
    assert all(low < trade.price_1e9 < high for trade in source.trades(found.yes, now, last))


@settings(deadline=None, max_examples=30)
@given(found=contracts(), share=SHARES, minutes=st.integers(1, 4))
def test_history_agrees_with_itself_and_stays_readable(found: EventMarket, share: Fraction, minutes: int) -> None:
    source = market()
    end = found.listed_ns + int((found.close_ns - found.listed_ns) * share) // SECOND * SECOND
    start = end - 3 * MINUTE
    bars = source.bars(found.yes, start, end, MINUTE)
    prints = source.trades(found.yes, start, end)
    assert all(max(start, found.listed_ns) < trade.time_ns < found.close_ns for trade in prints)
    assert source.traded_1e8(found.yes, start, end) == sum(trade.qty_1e8 for trade in prints)
    for trade in prints:
        book = source.book(found.yes, found.venue, trade.time_ns)
        assert book is not None
        side = book.asks if trade.taker_side == "buy" else book.bids
        assert trade.price_1e9 == side[0][0]
    for bar, following in pairwise(bars):
        assert bar.close_1e9 == following.open_1e9
    if bars and end < found.close_ns:
        assert bars[-1].close_1e9 == source.reference_price(found.yes, end)
        inside = range(max(bars[-1].start_ns, found.listed_ns), end + 1, STEP)
        prices = [price for t in (*inside, end) if (price := source.reference_price(found.yes, t)) is not None]
        assert (bars[-1].low_1e9, bars[-1].high_1e9) == (min(prices), max(prices))
    (whole,) = source.bars(found.yes, found.close_ns - minutes * MINUTE, found.close_ns + HOUR, 10_000 * DAY)
    assert whole.close_1e9 == source.reference_price(found.yes, found.close_ns)


@settings(deadline=None, max_examples=25)
@given(reads=st.lists(st.tuples(contracts(), SHARES), min_size=1, max_size=4))
def test_random_access_equals_reading_in_order(reads: list[tuple[EventMarket, Fraction]]) -> None:
    def read(source: SyntheticMarket, found: EventMarket, now: int) -> list[object]:
        return [
            source.book(found.yes, found.venue, now),
            list(source.trades(found.yes, now - SECOND, now)),
            source.reference_price(found.no, now),
            source.traded_1e8(found.yes, 0, now),
            source.events.outcome(found, found.resolve_ns),
        ]

    asked = [(found, found.listed_ns + int((found.close_ns - found.listed_ns) * share)) for found, share in reads]
    fresh = cold()
    assert [read(market(), *each) for each in asked] == [read(fresh, *each) for each in reversed(asked)][::-1]


def test_stepping_through_a_window_reads_what_a_cold_read_finds() -> None:
    stepped, found = cold(), find("eth-updown-5m-1767571200", START)
    for k in range(0, 3_000, 3):
        now = found.start_ns + k * STEP
        book = stepped.book(found.yes, found.venue, now)
        prints = stepped.trades(found.yes, now, now + STEP)
        if k % 300 == 0:
            fresh = cold()
            assert fresh.book(found.yes, found.venue, now) == book
            assert fresh.trades(found.yes, now, now + STEP) == prints
