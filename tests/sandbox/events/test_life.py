"""The life of a market: nothing before it is listed, nothing after its close, and an outcome that its path decides."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from sequence_markets.sandbox.events import EventMarket
from sequence_markets.sandbox.events.rules import Above, Shares
from sequence_markets.sandbox.instruments import PREDICTION_UNIT_1E9, default_catalogue
from sequence_markets.sandbox.market import ScriptedMarket, SyntheticMarket

from .support import DAY, SECOND, START, STEP, contracts, find, market

UNIT = PREDICTION_UNIT_1E9


def scripted() -> ScriptedMarket:
    return ScriptedMarket(SyntheticMarket(default_catalogue(200), seed=7))


@settings(deadline=None, max_examples=60)
@given(found=contracts(), scripts=st.booleans())
def test_nothing_is_shown_before_the_listing_and_after_the_close(found: EventMarket, scripts: bool) -> None:
    source = ScriptedMarket(market()) if scripts else market()
    for symbol in (found.yes, found.no):
        assert source.venues(symbol) == (found.venue,)
        for now in (found.listed_ns - 1, found.close_ns, found.resolve_ns):
            assert source.book(symbol, found.venue, now) is None
            assert source.quiet_until(symbol, found.venue, 0, UNIT, now) == now
        assert source.book(symbol, found.venue, found.listed_ns) is not None
        assert source.book(symbol, found.venue, found.close_ns - 1) is not None
        assert source.reference_price(symbol, found.listed_ns - 1) is None
        assert list(source.trades(symbol, found.close_ns - 1, found.close_ns + DAY)) == []
        assert list(source.trades(symbol, found.listed_ns - DAY, found.listed_ns)) == []
        assert source.traded_1e8(symbol, found.close_ns, found.close_ns + DAY) == 0
        assert source.next_change(symbol, found.listed_ns - 1) == found.listed_ns
        assert source.next_change(symbol, found.close_ns) is None
        assert (source.next_change(symbol, found.close_ns - STEP) or 0) <= found.close_ns
        assert list(source.bars(symbol, found.close_ns, found.close_ns + DAY, DAY)) == []
    life = source.events
    assert life.status(found, found.close_ns - 1) == "open"
    assert life.status(found, found.close_ns) == life.status(found, found.resolve_ns - 1) == "resolving"
    assert life.status(found, found.resolve_ns) == "resolved"
    assert life.outcome(found, found.resolve_ns - 1) is None
    assert life.payout_1e9(found.yes, found.resolve_ns - 1) is None


@settings(deadline=None, max_examples=60)
@given(found=contracts())
def test_pairs_are_worth_one_and_the_mark_becomes_the_payout(found: EventMarket) -> None:
    source = market()
    assert found.listed_ns <= found.start_ns < found.close_ns < found.resolve_ns
    last = [source.reference_price(symbol, found.close_ns - 1) for symbol in (found.yes, found.no)]
    between = [source.reference_price(symbol, found.resolve_ns - 1) for symbol in (found.yes, found.no)]
    assert between == last
    paid = [source.events.payout_1e9(symbol, found.resolve_ns) for symbol in (found.yes, found.no)]
    assert sorted(each for each in paid if each is not None) == [0, UNIT]
    assert [source.reference_price(symbol, found.resolve_ns + DAY) for symbol in (found.yes, found.no)] == paid
    won = source.events.outcome(found, found.resolve_ns)
    assert won == found.outcomes[0 if paid[0] else 1]


@settings(deadline=None, max_examples=60)
@given(found=contracts(kinds="updown"))
def test_an_up_down_contract_is_decided_by_the_price_at_both_ends_of_its_window(found: EventMarket) -> None:
    source = market()
    assert found.underlying is not None
    anchor, final = source.events.anchor_price_1e9(found), source.events.final_price_1e9(found, found.close_ns)
    assert anchor == source.reference_price(found.underlying, found.start_ns)
    assert final == source.reference_price(found.underlying, found.close_ns)
    assert anchor is not None
    assert final is not None
    assert source.events.outcome(found, found.resolve_ns) == found.outcomes[0 if final >= anchor else 1]
    assert source.events.final_price_1e9(found, found.close_ns - 1) is None


@settings(deadline=None, max_examples=60)
@given(found=contracts())
def test_every_other_market_is_decided_by_its_own_price_at_the_close(found: EventMarket) -> None:
    source = market()
    rule = source.catalogue.directory.rule(found)
    won = source.events.payout_1e9(found.yes, found.resolve_ns) == UNIT
    if isinstance(rule, Above):
        final = source.reference_price(f"{rule.base}-USD", found.close_ns)
        assert final is not None
        assert won == (final >= rule.strike_1e9)
    elif isinstance(rule, Shares):
        prices = {each.yes: source.last_price_1e9(each) for each in source.events.siblings(found)}
        assert won == (max(prices, key=lambda symbol: prices[symbol]) == found.yes)
    elif found.underlying is None:
        assert won == (source.last_price_1e9(found) >= UNIT // 2)
        assert source.events.anchor_price_1e9(found) is None


@settings(deadline=None, max_examples=40)
@given(found=contracts(kinds="event"))
def test_exactly_one_outcome_of_an_event_wins(found: EventMarket) -> None:
    life = market().events
    event = life.siblings(found)
    assert [each.outcome_index for each in event] == list(range(len(event)))
    assert len({each.close_ns for each in event}) == len({each.resolve_ns for each in event}) == 1
    assert sum(life.payout_1e9(each.yes, found.resolve_ns) or 0 for each in event) == UNIT
    placeholders = [each.placeholder for each in event]
    assert placeholders == sorted(placeholders)


def test_outcomes_come_out_both_ways() -> None:
    life = market().events
    resolved = [m for m in life.resolved_between(START, START + DAY) if not m.neg_risk]
    won = sum(life.payout_1e9(m.yes, m.resolve_ns) == UNIT for m in resolved)
    assert 0.3 * len(resolved) < won < 0.7 * len(resolved)


# Scripts.


def test_a_scripted_outcome_closes_and_resolves_at_once() -> None:
    source = scripted()
    found = find("btc-updown-5m-1767571200", START)
    now = START + 100 * SECOND
    by_path = source.events.outcome(found, found.resolve_ns)
    other = "Down" if by_path == "Up" else "Up"
    source.set_resolution(found.slug, other.lower(), now)
    life = source.events
    assert (life.closes_ns(found), life.resolves_ns(found)) == (now, now)
    assert life.status(found, now - 1) == "open"
    assert life.outcome(found, now - 1) is None
    assert life.outcome(found, now) == life.outcome(found, now + DAY) == other
    assert source.catalogue.get(found.yes).expiry_ns == source.catalogue.get(found.no).expiry_ns == now
    for symbol in (found.yes, found.no):
        assert source.book(symbol, found.venue, now - 1) is not None
        assert source.book(symbol, found.venue, now) is None
        assert source.reference_price(symbol, now) == life.payout_1e9(symbol, now)
        assert list(source.trades(symbol, now - 1, now + DAY)) == []
        assert source.next_change(symbol, now) is None
    assert source.inner.events.outcome(found, found.resolve_ns) == by_path
    assert found in life.resolved_between(now - 1, now)
    for outcome in ("Up", "Down"):
        with pytest.raises(ValueError, match="resolved already"):
            source.set_resolution(found.slug, outcome, now + 1)
    with pytest.raises(ValueError, match="closed at"):
        source.set_price(found.slug, UNIT // 4, None, now)


def test_a_market_that_waits_for_its_outcome_can_be_given_another() -> None:
    source = scripted()
    found = find("KXBTC15M-26JAN050015", START)
    by_path = source.events.outcome(found, found.resolve_ns)
    source.set_resolution(found.yes, "No" if by_path == "Yes" else "Yes", found.close_ns + 1)
    assert source.events.closes_ns(found) == found.close_ns
    assert source.events.status(found, found.close_ns) == "resolving"
    assert source.events.outcome(found, found.close_ns + 1) not in (None, by_path)


def test_a_scripted_winner_decides_its_whole_event() -> None:
    source = scripted()
    now = START + DAY
    source.set_resolution("ice-hockey-world-champion-2027-finland", "No", START)
    source.set_resolution("ice-hockey-world-champion-2027-sweden", "Yes", now)
    event = source.events.event("ice-hockey-world-champion-2027", now)
    outcomes = {each.outcome_name: source.events.outcome(each, now) for each in event}
    assert outcomes == dict.fromkeys(outcomes, "No") | {"Sweden": "Yes"}
    assert [source.events.resolves_ns(each) for each in event] == [now, now, START, now, now, now]
    with pytest.raises(ValueError, match="resolved already"):
        source.set_resolution("ice-hockey-world-champion-2027-canada", "Yes", now)


def test_those_that_lose_by_script_leave_the_event_to_the_others() -> None:
    source = scripted()
    names = ("canada", "sweden", "finland", "czechia", "switzerland")
    for name in names:
        source.set_resolution(f"ice-hockey-world-champion-2027-{name}", "no", START)
    with pytest.raises(ValueError, match="last outcome left"):
        source.set_resolution("ice-hockey-world-champion-2027-other", "no", START)
    last = source.events.find("ice-hockey-world-champion-2027-other", START)
    assert last is not None
    assert source.events.status(last, START) == "open"
    assert source.events.outcome(last, last.resolve_ns) == "Yes"


@pytest.mark.parametrize(
    ("name", "outcome", "message"),
    [
        ("nobody-asks-this", "Yes", "unknown prediction market"),
        ("BTC-USD", "Yes", "unknown prediction market"),
        ("btc-updown-5m-1776537600", "Up", "unknown prediction market"),
        ("rain-in-oslo-friday", "Up", "outcome must be 'Yes' or 'No'"),
        ("btc-updown-5m-1767571200", "maybe", "outcome must be 'Up' or 'Down'"),
    ],
)
def test_an_impossible_outcome_changes_nothing(name: str, outcome: str, message: str) -> None:
    source = scripted()
    before = source.state()
    with pytest.raises(ValueError, match=message):
        source.set_resolution(name, outcome, START)
    assert source.state() == before


def test_scripted_outcomes_are_plain_data_that_comes_back() -> None:
    source, again = scripted(), scripted()
    source.set_price("KXNOBODY-26JAN05", UNIT // 2, None, START)
    source.set_resolution("KXNOBODY-26JAN05", "YES", START + SECOND)
    source.set_resolution("ice-hockey-world-champion-2027-sweden", "Yes", START + SECOND)
    state = source.state()
    assert [each["outcome"] for each in state["resolutions"]] == ["Yes", "Yes"]
    again.restore(state)
    assert again.state() == state
    now = START + DAY
    assert list(again.events.resolved_between(START, now)) == list(source.events.resolved_between(START, now))
    assert again.events.payout_1e9("KXNOBODY-26JAN05:NO", now) == 0
    again.clear()
    assert again.events.find("KXNOBODY-26JAN05", now) is None
    assert again.events.payout_1e9(find("rain-in-oslo-friday", now).yes, now) is None


def test_a_ticker_that_only_a_script_lists_is_a_market_from_then_on() -> None:
    source = scripted()
    source.set_price("KXNOBODY-26JAN05", UNIT // 4, None, START)
    found = source.events.find("KXNOBODY-26JAN05:NO", START)
    assert found is not None
    assert found.listed_ns == START
    assert found in source.events.minted_between(START - 1, START)
    assert next(source.events.listed(START, newest_first=True)) == found
    assert source.events.find("KXNOBODY-26JAN05", START - 1) is None
    # Nobody moves it: it stands below one half at its close.
    assert source.events.outcome(found, found.resolve_ns) == "No"


def test_a_scripted_underlying_decides_the_contracts_on_it() -> None:
    source = scripted()
    found = find("btc-updown-5m-1767571200", START)
    middle = START + 150 * SECOND
    anchor = source.events.anchor_price_1e9(found)
    assert anchor is not None
    for price, outcome in ((anchor - 10**12, "Down"), (anchor, "Up"), (anchor + 10**12, "Up")):
        source.set_price("BTC-USD", price, None, middle)
        assert source.events.final_price_1e9(found, found.close_ns) == price
        assert source.events.outcome(found, found.resolve_ns) == outcome
