"""The synthetic market: one seeded path behind quotes, depth, prints and history."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import given, settings, strategies as st

from sequence_markets.sandbox.instruments import PREDICTION_UNIT_1E9, default_catalogue
from sequence_markets.sandbox.market import SyntheticMarket
from sequence_markets.sandbox.market.mirror import mirrored_book

SECOND = 10**9
STEP = 10**8
START = 1_767_571_200 * SECOND
CATALOGUE = default_catalogue()
SYMBOLS = [instrument.symbol for instrument in CATALOGUE.all()]
EVENTS = [i.symbol for i in CATALOGUE.all() if i.type == "prediction"]
INSTANTS = st.integers(0, 2_000_000_000 * SECOND)
WARM = SyntheticMarket(seed=7)


def read(market: SyntheticMarket, symbol: str, now_ns: int) -> list[object]:
    """Everything a market says of a symbol around an instant."""
    return [
        *(market.book(symbol, venue, now_ns) for venue in market.venues(symbol)),
        list(market.trades(symbol, now_ns - SECOND, now_ns)),
        market.next_change(symbol, now_ns),
        market.reference_price(symbol, now_ns),
        list(market.bars(symbol, max(0, now_ns - 3 * SECOND), now_ns, SECOND)),
    ]


@settings(deadline=None, max_examples=40)
@given(reads=st.lists(st.tuples(st.sampled_from(SYMBOLS), INSTANTS), min_size=1, max_size=4))
def test_an_instant_reads_the_same_cold_warm_and_in_any_order(reads: list[tuple[str, int]]) -> None:
    forward = [read(WARM, symbol, now) for symbol, now in reads]
    cold = SyntheticMarket(seed=7)
    backward = [read(cold, symbol, now) for symbol, now in reversed(reads)]
    assert forward == backward[::-1]


def test_stepping_through_time_reads_what_a_cold_read_finds() -> None:
    stepped = SyntheticMarket(seed=7)
    for k in range(400):
        now = START + k * STEP
        book = stepped.book("BTC-USD", "kraken", now)
        prints = stepped.trades("BTC-USD", now, now + STEP)
        if k % 40 == 0:
            cold = SyntheticMarket(seed=7)
            assert cold.book("BTC-USD", "kraken", now) == book
            assert cold.trades("BTC-USD", now, now + STEP) == prints


_SCRIPT = """
import json
from sequence_markets.sandbox.market import SyntheticMarket
market = SyntheticMarket(seed=11)
out = []
for symbol in ("BTC-USD", "ETH-USD-PERP", "KXBTCZ-26DEC31-T99000:NO"):
    now = 1_700_000_000_123_456_789
    out.append([repr(market.book(symbol, venue, now)) for venue in market.venues(symbol)])
    out.append([repr(trade) for trade in market.trades(symbol, now - 10**9, now)])
    out.append([repr(bar) for bar in market.bars(symbol, now - 60 * 10**9, now, 20 * 10**9)])
print(json.dumps(out))
"""


def test_nothing_depends_on_the_hash_seed_of_the_process() -> None:
    answers = {
        subprocess.run(
            [sys.executable, "-c", _SCRIPT],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("0", "1234")
    }
    assert len(answers) == 1
    assert json.loads(answers.pop())[0]


def test_another_seed_is_another_market() -> None:
    assert SyntheticMarket(seed=8).book("BTC-USD", "kraken", START) != WARM.book("BTC-USD", "kraken", START)


@settings(deadline=None, max_examples=60)
@given(symbol=st.sampled_from(SYMBOLS), now=INSTANTS)
def test_books_are_well_formed_and_the_merged_book_never_crosses(symbol: str, now: int) -> None:
    instrument = CATALOGUE.get(symbol)
    books = [book for venue in WARM.venues(symbol) if (book := WARM.book(symbol, venue, now))]
    assert len(books) == len(instrument.venues)
    for book in books:
        assert book.origin == "synthetic"
        assert now - STEP < book.as_of_ns <= now
        for levels, sign in ((book.bids, -1), (book.asks, 1)):
            prices = [price * sign for price, _ in levels]
            assert prices == sorted(set(prices))
            assert all(price > 0 and size > 0 and price % instrument.tick_1e9 == 0 for price, size in levels)
            if instrument.type == "prediction":
                assert all(price < PREDICTION_UNIT_1E9 for price, _ in levels)
            else:
                assert len(levels) >= 15
    best_bid, best_ask = max(b.bids[0][0] for b in books), min(b.asks[0][0] for b in books)
    assert best_bid < best_ask
    reference = WARM.reference_price(symbol, now)
    assert reference is not None
    assert best_bid <= reference <= best_ask


def test_the_merged_book_never_crosses_through_a_minute_of_every_step() -> None:
    for symbol in ("BTC-USD", "BTC-USD-PERP"):
        for k in range(600):
            books = [WARM.book(symbol, venue, START + k * STEP) for venue in WARM.venues(symbol)]
            assert max(b.bids[0][0] for b in books if b) < min(b.asks[0][0] for b in books if b)


def test_prices_start_near_what_they_are_known_for() -> None:
    for symbol, price in (("BTC-USD", 90_000), ("ETH-USD", 3_100), ("SOL-USD", 140)):
        for seed in range(20):
            found = SyntheticMarket(seed=seed).reference_price(symbol, START)
            assert found is not None
            assert 0.7 < found / 1e9 / price < 1.4


def test_sizes_stand_for_a_while_and_come_back_as_new_ones() -> None:
    seen: dict[int, set[int]] = {}
    kept = moved = 0
    last: dict[int, int] = {}
    for k in range(900):
        book = WARM.book("ETH-USD", "coinbase", START + k * STEP)
        assert book is not None
        levels = dict(book.asks[1:])
        for price, size in levels.items():
            seen.setdefault(price, set()).add(size)
            if price in last:
                kept += last[price] == size
                moved += last[price] != size
        last = levels
    assert kept > 20 * moved
    assert any(len(sizes) > 1 for sizes in seen.values())


@settings(deadline=None, max_examples=40)
@given(
    symbol=st.sampled_from(["BTC-USD", "ETH-USD-PERP", "SOL-USDC", EVENTS[0], EVENTS[1]]),
    start=INSTANTS,
    cuts=st.lists(st.integers(0, 4 * SECOND), min_size=2, max_size=5).map(sorted),
)
def test_prints_are_the_same_in_whatever_windows_they_are_asked_for(symbol: str, start: int, cuts: list[int]) -> None:
    whole = list(WARM.trades(symbol, start + cuts[0], start + cuts[-1]))
    parts = [t for a, b in pairwise(cuts) for t in SyntheticMarket(seed=7).trades(symbol, start + a, start + b)]
    assert parts == whole
    assert [t.time_ns for t in whole] == sorted(t.time_ns for t in whole)
    assert len({t.trade_id for t in whole}) == len(whole)


def test_prints_happen_at_the_touch_of_their_venue() -> None:
    for symbol in ("BTC-USD", "KXBTCZ-26DEC31-T99000", "KXBTCZ-26DEC31-T99000:NO"):
        prints = WARM.trades(symbol, START, START + 20 * SECOND if symbol == "BTC-USD" else START + 3_600 * SECOND)
        assert prints
        for trade in prints:
            book = WARM.book(symbol, trade.venue, trade.time_ns)
            assert book is not None
            side = book.asks if trade.taker_side == "buy" else book.bids
            assert trade.price_1e9 == side[0][0]
            assert trade.qty_1e8 > 0


def test_nothing_changes_before_the_next_change() -> None:
    now = START + 12_345
    for _ in range(60):
        change = WARM.next_change("BTC-USD", now)
        assert change is not None
        assert now < change <= now + STEP
        assert not WARM.trades("BTC-USD", now, change - 1)
        for venue in WARM.venues("BTC-USD"):
            assert WARM.book("BTC-USD", venue, change - 1) == WARM.book("BTC-USD", venue, now)
        now = change


@settings(deadline=None, max_examples=40)
@given(
    symbol=st.sampled_from(["BTC-USD", "ETH-USD-PERP", *EVENTS[:4]]),
    now=INSTANTS,
    below=st.integers(1, 40),
    above=st.integers(1, 40),
)
def test_quiet_until_never_promises_too_much(symbol: str, now: int, below: int, above: int) -> None:
    venue = WARM.venues(symbol)[0]
    book = WARM.book(symbol, venue, now)
    assert book is not None
    unit = CATALOGUE.get(symbol).tick_1e9 if symbol in EVENTS else book.bids[0][0] // 50_000
    low, high = book.bids[0][0] - below * unit, book.asks[0][0] + above * unit
    until = SyntheticMarket(seed=7).quiet_until(symbol, venue, low, high, now)
    assert until >= now
    for instant in range(now, min(until, now + 60 * SECOND) + 1, STEP):
        shown = WARM.book(symbol, venue, instant)
        assert shown is not None
        assert low < shown.bids[0][0]
        assert shown.asks[0][0] < high
    for trade in WARM.trades(symbol, now, min(until, now + 60 * SECOND)):
        assert trade.venue != venue or low < trade.price_1e9 < high


def test_quiet_until_is_exact_when_the_price_soon_leaves_and_far_when_it_does_not() -> None:
    venue = "binance"
    exact = 0
    for k in range(20):
        now = START + k * 77 * SECOND
        book = WARM.book("BTC-USD", venue, now)
        assert book is not None
        low, high = book.bids[0][0] - 10**10, book.asks[0][0] + 10**10
        until = WARM.quiet_until("BTC-USD", venue, low, high, now)
        after = WARM.book("BTC-USD", venue, until + 1)
        assert after is not None
        exact += not (low < after.bids[0][0] and after.asks[0][0] < high)
    assert exact >= 15
    assert WARM.quiet_until("BTC-USD", venue, 10**12, 10**15, START) > START + 86_400 * SECOND
    assert WARM.quiet_until("BTC-USD", venue, 10**15, 2 * 10**15, START) == START


@settings(deadline=None, max_examples=25)
@given(
    symbol=st.sampled_from(["BTC-USD", "ETH-USD-PERP", "ETH-USDC", *EVENTS[:4], EVENTS[-1]]),
    end=st.integers(10**16, 2 * 10**18),
    seconds=st.sampled_from([1, 7, 60]),
    venue_number=st.integers(0, 8),
)
def test_history_ends_at_the_present_and_coarse_bars_aggregate_fine_ones(
    symbol: str, end: int, seconds: int, venue_number: int
) -> None:
    venues = (None, *WARM.venues(symbol))
    venue = venues[venue_number % len(venues)]
    fine = WARM.bars(symbol, end - 4 * seconds * SECOND, end, seconds * SECOND, venue)
    coarse = WARM.bars(symbol, end - 4 * seconds * SECOND, end, 3 * seconds * SECOND, venue)
    if venue is None:
        assert fine[-1].close_1e9 == WARM.reference_price(symbol, end)
    for bar, following in pairwise(fine):
        assert bar.close_1e9 == following.open_1e9
        assert bar.start_ns + seconds * SECOND == following.start_ns
    for bar in (*fine, *coarse):
        assert bar.low_1e9 <= min(bar.open_1e9, bar.close_1e9)
        assert max(bar.open_1e9, bar.close_1e9) <= bar.high_1e9
    for bar in coarse[1:]:
        inside = [b for b in fine if bar.start_ns <= b.start_ns < bar.start_ns + 3 * seconds * SECOND]
        assert bar.open_1e9 == inside[0].open_1e9
        assert bar.high_1e9 == max(b.high_1e9 for b in inside)
        assert bar.low_1e9 == min(b.low_1e9 for b in inside)
        assert bar.close_1e9 == inside[-1].close_1e9
        assert bar.volume_1e8 == sum(b.volume_1e8 for b in inside)
    last = fine[-1]
    printed = [t for t in WARM.trades(symbol, last.start_ns, end) if venue in (None, t.venue)]
    assert last.volume_1e8 == sum(t.qty_1e8 for t in printed)
    grid = range(last.start_ns, end + 1, STEP)
    if venue is None:
        prices = [WARM.reference_price(symbol, instant) for instant in (*grid, end)]
        assert last.high_1e9 == max(price for price in prices if price)
        assert last.low_1e9 == min(price for price in prices if price)


def test_yesterday_ends_at_todays_quote() -> None:
    hours = WARM.bars("BTC-USD", START - 86_400 * SECOND, START, 3_600 * SECOND)
    assert len(hours) == 24
    book = WARM.book("BTC-USD", "binance", START)
    assert book is not None
    assert book.bids[0][0] <= hours[-1].close_1e9 <= book.asks[0][0]
    (day,) = WARM.bars("BTC-USD", START - 86_400 * SECOND, START, 86_400 * SECOND)
    assert (day.open_1e9, day.close_1e9) == (hours[0].open_1e9, hours[-1].close_1e9)
    assert day.high_1e9 == max(bar.high_1e9 for bar in hours)
    assert day.volume_1e8 == sum(bar.volume_1e8 for bar in hours)
    # A venue's middle may round to the neighbouring tick of the touch.
    venue = WARM.bars("BTC-USD", START - SECOND, START, SECOND, "kraken")[-1]
    kraken = WARM.book("BTC-USD", "kraken", START)
    assert kraken is not None
    assert kraken.bids[0][0] <= venue.close_1e9 <= kraken.asks[0][0]


def test_a_no_outcome_is_its_yes_outcome_seen_from_the_other_side() -> None:
    for symbol in EVENTS:
        no = CATALOGUE.get(symbol)
        if no.mirror_of is None:
            continue
        (venue,) = no.venues
        yes_book, no_book = WARM.book(no.mirror_of, venue, START), WARM.book(symbol, venue, START)
        assert yes_book is not None
        assert no_book is not None
        assert no_book == mirrored_book(yes_book, symbol)
        assert no_book.bids[0] == (PREDICTION_UNIT_1E9 - yes_book.asks[0][0], yes_book.asks[0][1])
        yes, other = (WARM.reference_price(name, START) for name in (no.mirror_of, symbol))
        assert yes is not None
        assert other is not None
        assert yes + other == PREDICTION_UNIT_1E9
        yes_prints = WARM.trades(no.mirror_of, START, START + 600 * SECOND)
        no_prints = WARM.trades(symbol, START, START + 600 * SECOND)
        assert [t.price_1e9 + u.price_1e9 for t, u in zip(yes_prints, no_prints, strict=True)] == [
            PREDICTION_UNIT_1E9
        ] * len(yes_prints)
        assert all(t.taker_side != u.taker_side for t, u in zip(yes_prints, no_prints, strict=True))


@settings(deadline=None, max_examples=40)
@given(now=INSTANTS)
def test_the_outcomes_of_an_event_sum_to_one(now: int) -> None:
    outcomes = CATALOGUE.event("ice-hockey-world-champion-2027")
    prices = [WARM.reference_price(outcome.symbol, now) or 0 for outcome in outcomes]
    assert abs(sum(prices) - PREDICTION_UNIT_1E9) <= len(outcomes) * 500_000


@settings(deadline=None, max_examples=40)
@given(now=INSTANTS)
def test_a_higher_strike_is_never_more_likely(now: int) -> None:
    lower = WARM.reference_price("KXBTCZ-26DEC31-T99000", now)
    higher = WARM.reference_price("KXBTCZ-26DEC31-T100000", now)
    assert lower is not None
    assert higher is not None
    assert lower >= higher


def test_a_closed_or_unknown_market_shows_nothing() -> None:
    expiry = CATALOGUE.get("KXRAIN-26NOV27-OSL").expiry_ns
    assert expiry is not None
    assert WARM.book("KXRAIN-26NOV27-OSL", "kalshi", expiry - 1)
    assert WARM.next_change("KXRAIN-26NOV27-OSL", expiry - 1) == expiry
    for symbol, now in (("KXRAIN-26NOV27-OSL", expiry), ("nope", START)):
        assert WARM.book(symbol, "kalshi", now) is None
        assert list(WARM.trades(symbol, now, now + 60 * SECOND)) == []
        assert WARM.next_change(symbol, now) is None
        assert list(WARM.bars(symbol, now, now + SECOND, SECOND)) == []
        assert WARM.quiet_until(symbol, "kalshi", 0, 10**9, now) == now
    assert WARM.reference_price("nope", START) is None
    assert WARM.venues("nope") == ()
    assert WARM.book("BTC-USD", "hyperliquid", START) is None
    assert list(WARM.bars("BTC-USD", START - SECOND, START, SECOND, "hyperliquid")) == []
    with pytest.raises(ValueError, match="interval_ns"):
        WARM.bars("BTC-USD", START, START + SECOND, 0)


def test_the_description_names_every_venue_and_the_seed() -> None:
    described = WARM.describe()
    assert described["seed"] == 7
    assert json.dumps(described)


def test_bars_may_begin_and_end_between_two_steps() -> None:
    interval = 70_000_000
    bars = WARM.bars("BTC-USD", START, START + 3 * SECOND, interval)
    assert len(bars) > 40
    for bar in bars:
        end = min(bar.start_ns + interval, START + 3 * SECOND)
        assert bar.volume_1e8 == sum(t.qty_1e8 for t in WARM.trades("BTC-USD", bar.start_ns, end))
        assert bar.open_1e9 == WARM.reference_price("BTC-USD", bar.start_ns)
        assert bar.close_1e9 == WARM.reference_price("BTC-USD", end)


def test_long_and_short_windows_of_prints_agree() -> None:
    """Short windows are read step by step, long ones by the busy steps alone."""
    whole = list(WARM.trades("ETH-USD-PERP", START, START + 2 * SECOND))
    steps = [t for k in range(20) for t in WARM.trades("ETH-USD-PERP", START + k * STEP, START + (k + 1) * STEP)]
    assert steps == whole


def test_a_seed_is_the_same_market_on_every_machine() -> None:
    """Changing how the market is drawn changes this digest: say so in the change log."""
    digest = hashlib.sha256()
    for name in ("BTC-USD", "ETH-USD-PERP", "KXBTCZ-26DEC31-T99000:NO", "ice-hockey-world-champion-2027-sweden"):
        instrument = CATALOGUE.resolve(name)
        assert instrument is not None
        symbol = instrument.symbol
        for venue in WARM.venues(symbol):
            digest.update(repr(WARM.book(symbol, venue, START)).encode())
        digest.update(repr(list(WARM.trades(symbol, START, START + 60 * SECOND))).encode())
        digest.update(repr(list(WARM.bars(symbol, START - 3_600 * SECOND, START, 600 * SECOND))).encode())
    assert digest.hexdigest() == "cbba8a07c0bda121dc37064ed999846aef1ddf171e09eb51df61b03a982c7c17"
