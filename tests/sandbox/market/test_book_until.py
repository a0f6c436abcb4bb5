"""How long a book stands: whatever is promised holds at every instant in between, and time goes on."""

from __future__ import annotations

from hypothesis import given, settings, strategies as st

from sequence_markets.sandbox.market import Market, ScriptedMarket, SyntheticMarket

from .recordings import SPOT_BTC, tape_market

SECOND = 10**9
STEP = SECOND // 10
START = 1_767_571_200 * SECOND
FAR = START + 200 * 365 * 86_400 * SECOND
WARM = ScriptedMarket(SyntheticMarket(seed=7))
listings = st.sampled_from(
    [
        ("BTC-USD", "kraken"),
        ("BTC-USDT", "okx"),
        ("ETH-USD-PERP", "hyperliquid"),
        ("KXBTCZ-26DEC31-T99000", "kalshi"),
        ("KXBTCZ-26DEC31-T99000:NO", "kalshi"),
        ("KXPGATOUR-ZUCONO26-THVI", "kalshi"),
    ]
)
instants = st.integers(START, START + 30 * 86_400 * SECOND)


def check(market: Market, symbol: str, venue: str, now: int, step: int) -> None:
    until = market.book_until(symbol, venue, now)
    assert until >= now
    book = market.book(symbol, venue, now)
    for at in {*range(now, min(until, now + 400 * step), step), min(until, now + 400 * step)}:
        later = market.book(symbol, venue, at)
        assert (book is None) == (later is None)
        if book is not None and later is not None:
            assert (book.bids, book.asks) == (later.bids, later.asks)


@settings(deadline=None, max_examples=150)
@given(listings, instants)
def test_the_synthetic_book_stands_as_long_as_it_is_said_to(listing: tuple[str, str], now: int) -> None:
    check(WARM, *listing, now, STEP // 2)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 3600))
def test_contracts_that_come_and_go_do_so_within_what_is_said(after: int) -> None:
    minted = WARM.events.minted_between(START, START + 1800 * SECOND)
    market = minted[after % len(minted)]
    now = START + after * SECOND
    check(WARM, market.yes, market.venue, now, STEP // 2)


def test_an_unknown_book_stands_for_ever() -> None:
    assert WARM.book_until("BTC-USD", "kalshi", START) > FAR


def test_a_synthetic_book_is_said_to_stand_for_more_than_a_step() -> None:
    now, looks = START, 0
    while now < START + 600 * SECOND:
        now = WARM.book_until("KXPGATOUR-ZUCONO26-THVI", "kalshi", now) + 1
        looks += 1
    assert looks < 6000 // 5, "most steps need not be looked at"


@settings(deadline=None, max_examples=80)
@given(st.integers(0, 120_000), st.sampled_from(["binance", "okx", "bybit"]))
def test_a_recorded_book_stands_as_long_as_it_is_said_to(ms: int, venue: str) -> None:
    market = tape_market(SPOT_BTC)
    check(market, "BTC-USDT", venue, market.start_ns + ms * 10**6, 10**6)


def test_a_scripted_book_stands_until_the_next_script() -> None:
    market = ScriptedMarket(SyntheticMarket(seed=7))
    price = 10**9
    assert market.book_until("BTC-USD", "kraken", START) < START + 60 * SECOND
    market.set_book("BTC-USD", "kraken", [(99 * price, 5)], [(101 * price, 5)], START + SECOND)
    market.set_book("BTC-USD", "kraken", [(98 * price, 5)], [(101 * price, 5)], START + 9 * SECOND)
    assert market.book_until("BTC-USD", "kraken", START) < START + SECOND
    assert market.book_until("BTC-USD", "kraken", START + SECOND) == START + 9 * SECOND - 1
    assert market.book_until("BTC-USD", "kraken", START + 9 * SECOND) > FAR
