"""Every market is found by each of its names, at any instant, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from sequence_markets.sandbox.events import EventMarket
from sequence_markets.sandbox.events.tokens import token_index, token_of
from sequence_markets.sandbox.instruments import default_catalogue, looks_like_kalshi
from sequence_markets.sandbox.market import SyntheticMarket

from .support import DAY, SECOND, START, contracts, market

NAMED = [i.market_slug for i in default_catalogue().all() if i.type == "prediction" and i.mirror_of is None]


def test_the_contract_of_the_reference_is_one_of_its_series() -> None:
    catalogue, now = market().catalogue, 1_776_537_600 * SECOND
    found = market().events.find("btc-updown-5m-1776537600", now)
    assert found is not None
    assert (found.series, found.outcomes, found.underlying) == ("btc-updown-5m", ("Up", "Down"), "BTC-USD")
    assert (found.start_ns, found.close_ns) == (now, now + 300 * SECOND)
    assert found.listed_ns == now - 600 * SECOND
    assert found.resolve_ns == found.close_ns + 30 * SECOND
    up = catalogue.resolve("btc-updown-5m-1776537600")
    assert up is not None
    assert (up.symbol, up.outcome, up.fee_category) == (found.yes, "Up", "crypto_5m")


@pytest.mark.parametrize(
    "name", ["btc-updown-15m-1776537900", "xrp-updown-1h-1776538800", "sol-updown-5m-1776537600", "KXETH1H-26APR182000"]
)
def test_a_series_has_a_contract_for_each_of_its_windows(name: str) -> None:
    found = market().events.find(name, START + 200 * DAY)
    assert found is not None
    assert found.slug == name


@settings(deadline=None, max_examples=150)
@given(found=contracts())
def test_a_market_is_found_by_all_of_its_names(found: EventMarket) -> None:
    events, catalogue = market().events, market().catalogue
    names = [found.slug, f"{found.slug}:yes", f"{found.slug}:{found.outcomes[0]}", found.slug.upper()]
    others = [f"{found.slug}:NO", f"{found.slug}:{found.outcomes[1].lower()}", found.no]
    if found.venue == "polymarket":
        names += [found.yes, f"{found.yes[:30]}...", f"{found.yes[:50]}…"]
        names += [f"https://polymarket.com/event/{found.event_slug}/{found.slug}?tid=1"]
        others += [f"{found.no[:30]}..."]
        assert all(token.isdecimal() and len(token) >= 60 for token in (found.yes, found.no))
        assert found.condition_id is not None
    else:
        names += [f"{found.slug}:YES", f"https://kalshi.com/markets/{found.series}/{found.slug.lower()}"]
        assert looks_like_kalshi(found.slug)
        assert (found.yes, found.no, found.condition_id) == (found.slug, f"{found.slug}:NO", None)
    for name in names + others:
        assert events.find(name, found.listed_ns) == found, name
        symbol = found.yes if name in names else found.no
        assert catalogue.get(symbol) is catalogue.resolve(name, "prediction"), name
    assert events.find(found.slug, found.listed_ns, found.venue) == found
    assert events.find(found.slug, found.listed_ns, "kalshi" if found.venue == "polymarket" else "polymarket") is None
    assert events.of_symbol(found.yes) == events.of_symbol(found.no) == found
    assert found in events.event(found.event_slug, found.listed_ns)
    yes, no = catalogue.get(found.yes), catalogue.get(found.no)
    assert (yes.complement, no.complement, no.mirror_of) == (no.symbol, yes.symbol, yes.symbol)
    assert (yes.listed_ns, yes.expiry_ns, yes.market_slug) == (found.listed_ns, found.close_ns, found.slug)


@settings(deadline=None, max_examples=60)
@given(found=contracts())
def test_a_market_is_unknown_before_it_is_listed_and_known_for_ever_after(found: EventMarket) -> None:
    events, catalogue = market().events, market().catalogue
    for name in (found.slug, found.yes, found.no):
        assert events.find(name, found.listed_ns - 1) is None
        assert events.find(name, found.close_ns + 3_650 * DAY) == found
        seen = catalogue.at(found.listed_ns - 1)
        assert seen.resolve(name) is None
        assert name not in seen
        assert catalogue.at(found.listed_ns).resolve(name) is not None
    assert events.event(found.event_slug, found.listed_ns - 1) == ()


@settings(deadline=None, max_examples=100)
@given(found=contracts(), where=st.integers(0, 75), digit=st.integers(1, 9))
def test_a_name_that_only_looks_like_one_names_nothing(found: EventMarket, where: int, digit: int) -> None:
    events, far = market().events, found.close_ns + 400 * DAY
    if found.venue == "polymarket":
        changed = str((int(found.yes[where]) + digit) % 10)
        wrong = found.yes[:where] + changed + found.yes[where + 1 :]
        assert events.find(wrong, far) is None
        assert wrong not in market().catalogue
        assert events.find(found.yes[:29] + "...", far) is None
    stem, _, tail = found.slug.rpartition("-")
    assert events.find(f"{stem}x-{tail}", far) is None
    assert events.find(f"{found.slug}:maybe", far) is None
    assert events.find(f"{found.slug}0", far) != found


@pytest.mark.parametrize(
    "name",
    [
        "btc-updown-5m-1776537601",
        "btc-updown-5m-1577836500",
        "doge-updown-5m-1776537600",
        "btc-updown-7m-1776537600",
        "KXBTC15M-26APR181847",
        "KXBTC15M-26FEB301845",
        "KXBTC15M-26APX181845",
        "KXBTC5M-26APR181845",
        "-".join(["rain"] * 9),
        "0",
        "KXBTC1H-26MAY2202000",
        "rain-zzzzzzzzzzzz",
        "btc-updown-5m-99999999900",
        "9" * 77,
        "1" * 30 + "...",
    ],
)
def test_what_is_no_window_of_a_series_is_not_found(name: str) -> None:
    assert market().events.find(name, START + 500 * DAY) is None


@pytest.mark.parametrize("slug", NAMED)
def test_the_named_markets_stay_open_until_2035(slug: str) -> None:
    found = market().events.find(slug, 0)
    assert found is not None
    assert market().events.status(found, START) == "open"
    assert found.close_ns == 2_082_758_399 * SECOND


@settings(deadline=None, max_examples=200)
@given(index=st.integers(0, 2**60), digits=st.text("0123456789", min_size=77, max_size=77))
def test_tokens_are_read_back_and_no_others(index: int, digits: str) -> None:
    token = token_of(index)
    assert len(token) == 77
    assert token.isdecimal()
    assert token_index(token) == token_index(token[:30]) == index
    known = token_index(digits)
    assert known is None or token_of(known) == digits
    assert token_index(token[:29]) is None
    assert token_index("x" * 77) is None


def test_the_names_do_not_depend_on_the_seed() -> None:
    other = SyntheticMarket(default_catalogue(300), seed=99)
    mine = SyntheticMarket(default_catalogue(300), seed=1)
    assert list(other.events.listed(START, trading=True)) == list(mine.events.listed(START, trading=True))
