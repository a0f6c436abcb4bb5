"""Prediction markets end to end: the reference's samples, the life of a contract, and the whole catalogue walked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from sequence_markets import BadRequestError, NotFoundError, PredictionMarket, Sequence
from sequence_markets.sandbox import Sandbox
from sequence_markets.sandbox.instruments import default_catalogue
from sequence_markets.sandbox.market import SyntheticMarket

from .samples import Sample, flat, needs_reference, run

RAIN = "rain-in-oslo-friday"
CUP = "ice-hockey-world-champion-2027"
OSLO = "KXRAIN-26NOV27-OSL"
FULL = 43_000


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed=7) as running:
        yield running
        running.check_invariants()


@pytest.fixture
def seq(sandbox: Sandbox) -> Iterator[Sequence]:
    with sandbox.client() as client:
        yield client


# --- the reference's samples, verbatim ---


@needs_reference
@pytest.mark.covers("iter_markets")
def test_the_references_walks(seq: Sequence) -> None:
    seen: list[PredictionMarket] = []
    sample = Sample("# Walk Kalshi's currently-trading catalog", "process(m)", (0, 0, 1))
    run(sample, {"seq": seq, "process": seen.append})
    assert {market.venue for market in seen} == {"kalshi"}
    seen.clear()
    sample = Sample("# Every Polymarket binary outcome (skip placeholder slots).", "process(m)", (0, 0, 1, 2))
    run(sample, {"seq": seq, "process": seen.append})
    assert {market["venue"] for market in seen} == {"polymarket"}
    assert f"{CUP}-sweden" in {market["slug"] for market in seen}
    assert f"{CUP}-other" not in {market["slug"] for market in seen}
    assert all(len(market["outcomes"]) == 2 for market in seen)


class Clock:
    """What the reference's loop sleeps on: the sandbox's own time, for so many rounds."""

    def __init__(self, sandbox: Sandbox, rounds: int) -> None:
        self._sandbox = sandbox
        self._rounds = rounds

    def sleep(self, seconds: float) -> None:
        self._rounds -= 1
        if self._rounds <= 0:
            raise TimeoutError
        self._sandbox.advance(seconds=seconds)


@needs_reference
@pytest.mark.covers("new_markets")
def test_the_references_watch_for_new_markets(
    sandbox: Sandbox, seq: Sequence, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = Sample("seen = set()\nwhile True:", "time.sleep(10)", (0, 0, 1, 2, 3, 3, 1))
    scope: dict[str, Any] = {"seq": seq, "time": Clock(sandbox, rounds=32)}
    with pytest.raises(TimeoutError):
        run(sample, scope)
    told = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert all(words[0] == "NEW:" for words in told)
    slugs = [words[1] for words in told]
    assert len(slugs) == len(set(slugs)) == len(scope["seen"])
    # Five minutes: every five-minute series has minted at least one more contract, told after the first look.
    newest = [market.slug for market in seq.new_markets(limit=4)]
    assert set(newest) <= set(slugs[20:])


@needs_reference
@pytest.mark.covers("markets")
def test_a_row_has_the_fields_of_the_references_sample(seq: Sequence) -> None:
    shown = Sample(
        '{\n"venue": "polymarket",\n"slug"',
        '"url": "https://polymarket.com/event/fed-decision-in-october"\n}',
        flat(18),
    )
    documented = [line.split('"')[1] for line in shown.source().splitlines() if line.startswith('"')]
    assert len(documented) == 16
    (row,) = seq.markets(slug="fed-decision-in-october")["markets"]
    assert row.keys() >= set(documented)
    assert row["outcomes"] == ["Yes", "No"]
    assert row["url"] == "https://polymarket.com/event/fed-decision-in-october"


@needs_reference
@pytest.mark.covers("settlement")
def test_a_settlement_has_the_fields_of_the_references_sample(sandbox: Sandbox, seq: Sequence) -> None:
    shown = Sample('{\n"slug": "btc-updown-5m-1776537600"', '"price_usd": …}, …]\n}\n}', flat(23))
    documented = [line.split('"')[1::2] for line in shown.source().splitlines() if line.startswith('"')]
    keys = {words[0] for words in documented}
    start = sandbox.now_ns // 10**9 // 300 * 300
    sandbox.advance(seconds=600)
    settlement = seq.settlement(f"btc-updown-5m-{start}", underlying=True)
    curve = settlement["underlying"]
    assert keys <= settlement.keys() | curve.keys() | {"no_price", "event_end_s"}
    assert curve["points"][0].keys() >= {"ts_ns", "price_usd"}


# --- finding one market ---


@pytest.mark.covers("market", "quote")
def test_a_market_is_found_by_every_documented_name(seq: Sequence) -> None:
    rain = seq.market(slug=RAIN)
    assert rain is not None
    names = (f"{RAIN}:yes", f"{RAIN}:no", rain.yes_token_id, rain.no_token_id, rain.url)
    assert [seq.market(name) for name in names] == [rain] * 5
    oslo = seq.market(OSLO, venue="kalshi")
    assert oslo is not None
    assert oslo.yes_token_id == f"{OSLO}:YES"
    assert [seq.market(name) for name in (f"{OSLO}:YES", f"{OSLO}:NO", OSLO)] == [oslo] * 3
    assert seq.market("no-such-market") is seq.market("7" * 77) is seq.market("KXNONE-1", venue="kalshi") is None
    assert seq.quote(oslo.yes_token_id).nbbo.ask == oslo.best_yes_ask


@pytest.mark.covers("market", "settlement", "markets")
def test_a_resolved_market_is_still_found(sandbox: Sandbox, seq: Sequence) -> None:
    rain = seq.market(RAIN)
    assert rain is not None
    sandbox.resolve(RAIN, "No")
    for name in (RAIN, rain.no_token_id, rain.url):
        found = seq.market(name)
        assert found is not None
        assert found.condition_id == rain.condition_id
        assert found.best_yes_bid is None
    settlement = seq.settlement(rain.yes_token_id)
    assert settlement.winning_token_id == rain.no_token_id
    assert (settlement.yes_price, settlement.no_price) == (0.0, 1.0)
    assert RAIN not in {market.slug for market in seq.markets(limit=1000)}
    assert RAIN in {market.slug for market in seq.markets(limit=1000, active=False, closed=True)}


@pytest.mark.covers("market")
def test_an_outcome_and_its_event(seq: Sequence) -> None:
    event, sweden = seq.market(CUP), seq.market(f"{CUP}-sweden")
    assert event is not None
    assert sweden is not None
    assert event.tokens["Sweden"] == sweden.yes_token_id
    assert sweden.parent_event_id == event.event_id
    assert seq.market(sweden.url) == sweden


@pytest.mark.covers("search_markets", "markets")
def test_searching(seq: Sequence) -> None:
    assert [market.slug for market in seq.search_markets("oslo rain")] == [RAIN]
    assert [market.slug for market in seq.search_markets("oslo", 5, venue="kalshi")] == [OSLO]
    assert seq.search_markets("oslo rain").raw["markets"] == seq.markets(q="oslo rain").raw["markets"]


@pytest.mark.covers("markets")
def test_a_cursor_of_another_search_is_refused(seq: Sequence) -> None:
    page = seq.markets(limit=2)
    with pytest.raises(BadRequestError, match="cursor"):
        seq.markets("kalshi", limit=2, cursor=page.next_cursor)


@pytest.mark.covers("polymarket_rewards")
def test_rewards(seq: Sequence) -> None:
    rewards = seq.polymarket_rewards()
    assert rewards
    assert seq.polymarket_rewards(rewards[0].token_id) == rewards[0]
    with pytest.raises(NotFoundError):
        seq.polymarket_rewards("7" * 77)


# --- the life of a contract ---


@pytest.mark.covers("new_markets", "buy", "settlement", "redeem")
def test_a_contract_is_minted_traded_decided_and_redeemed(sandbox: Sandbox, seq: Sequence) -> None:
    known = {market.condition_id for market in seq.iter_markets()}
    sandbox.advance(seconds=300)
    minted = next(
        market
        for market in seq.new_markets(limit=20)
        if market.condition_id not in known and market.slug.startswith("btc-updown-5m-")
    )
    assert minted.start is not None
    assert minted.end is not None
    sandbox.advance(to=minted.start)
    seq.buy(minted.yes_token_id, 10)
    seq.buy(minted.no_token_id, 10)
    assert seq.settlement(minted.slug).status == "open"
    sandbox.advance(to=minted.end)
    assert seq.settlement(minted.slug).status == "resolving"
    sandbox.advance(seconds=60)
    settlement = seq.settlement(minted.slug, underlying=True)
    assert settlement.is_resolved
    assert settlement.underlying is not None
    assert settlement.underlying.agrees_with_settlement is True
    held = {row.instrument.get("token_id"): row for row in seq.positions_unified(kinds=["event_contract"]).positions}
    assert held[settlement.winning_token_id].settled_mark_usd_1e9 == 10**9
    assert seq.redeem(minted.slug, "polymarket").mode == "relayer_submitted"


# --- the whole catalogue ---


@pytest.mark.covers("iter_markets")
def test_a_full_catalogue_is_walked_without_a_duplicate_or_a_gap_while_it_lives() -> None:
    """Between the pages the clock runs, so that markets are minted, closed and resolved under the walk."""
    # The names and the lives of markets follow from the size of the catalogue alone.
    events = SyntheticMarket(default_catalogue(FULL)).events
    walked = 0
    with Sandbox(seed=7, markets=FULL) as sandbox, sandbox.client() as seq:
        for venue in ("kalshi", "polymarket"):
            began = sandbox.now_ns
            pages: list[int] = []

            def run_on(count: int, _rows: int, pages: list[int] = pages) -> None:
                pages.append(count)
                sandbox.advance(seconds=11)

            rows = seq.iter_markets(venue, expand="outcomes", progress=run_on)
            slugs = [market.slug for market in rows]
            found = set(slugs)
            assert len(found) == len(slugs), "a duplicate"
            ended = sandbox.now_ns - 11 * 10**9  # when the last page was read
            assert pages[-1] == len(pages) >= len(found) // 500
            minted = [market for market in events.minted_between(began, ended) if market.venue == venue]
            resolved = [market for market in events.resolved_between(began, ended) if market.venue == venue]
            assert minted
            assert resolved
            trading = {market.slug: market for market in events.listed(began, venue=venue, trading=True)}
            standing = {slug for slug, market in trading.items() if market.close_ns > ended}
            assert len(standing) < len(trading)
            assert standing <= found, "a gap"
            assert found <= trading.keys() | {market.slug for market in minted}
            walked += len(standing)
    assert walked > 0.99 * FULL


@pytest.mark.covers("iter_markets")
def test_the_awaited_walk(sandbox: Sandbox) -> None:
    async def walk() -> list[str]:
        async with sandbox.async_client() as seq:
            pages: list[tuple[int, int]] = []
            found = [
                market.slug
                async for market in seq.iter_markets(
                    "kalshi", 7, progress=lambda count, rows: pages.append((count, rows))
                )
            ]
            assert pages == [(n + 1, min(7 * (n + 1), len(found))) for n in range(-(-len(found) // 7))]
            return found

    with sandbox.client() as seq:
        assert asyncio.run(walk()) == [market.slug for market in seq.iter_markets("kalshi")]
