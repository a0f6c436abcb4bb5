"""From a trade to the money: prediction markets that resolve, through the public client."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from sequence_markets import NotFoundError, Position, ResolvedLifecycle, Sequence
from sequence_markets.models import EventContractInstrument
from sequence_markets.sandbox import Sandbox

TICKER = "KXRAIN-26NOV27-OSL"
SLUG = "rain-in-oslo-friday"
UP_DOWN = "btc-updown-5m-1767571200"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed=7) as running:
        yield running
        running.check_invariants()


@pytest.fixture
def seq(sandbox: Sandbox) -> Iterator[Sequence]:
    with sandbox.client() as client:
        yield client


def rows(seq: Sequence, slug: str, *, include_closed: bool = False) -> dict[str, Position]:
    """The rows of a market by outcome."""
    found: dict[str, Position] = {}
    for position in seq.positions_unified(kinds=["event_contract"], include_closed=include_closed).positions:
        if isinstance(position.instrument, EventContractInstrument) and position.instrument.market_slug == slug:
            found[position.instrument.outcome] = position
    return found


def cash(seq: Sequence, venue: str) -> Decimal:
    money = seq.positions_unified(venues=[venue], kinds=["fiat", "crypto"]).positions
    return sum((position.qty for position in money), Decimal(0))


@pytest.mark.covers("buy", "redeem", "positions_unified")
def test_a_kalshi_winner_is_paid_by_the_venue(sandbox: Sandbox, seq: Sequence) -> None:
    sandbox.set_book(TICKER, "kalshi", [("0.40", 100)], [("0.42", 100)])
    seq.buy(TICKER, 5, venue="kalshi")
    seq.buy(f"{TICKER}:NO", 3, venue="kalshi")
    left = cash(seq, "kalshi")
    sandbox.resolve(TICKER, "Yes")
    yes, no = rows(seq, TICKER)["YES"], rows(seq, TICKER)["NO"]
    assert (yes["qty_1e8"], yes["current_price_usd_1e9"], yes["current_value_usd_1e9"]) == (
        500_000_000,
        1_000_000_000,
        5_000_000_000,
    )
    assert isinstance(yes.lifecycle, ResolvedLifecycle)
    assert yes.lifecycle == {
        "state": "resolved",
        "outcome": "YES",
        "economic_value_usd_1e9": 5_000_000_000,
        "resolved_at": sandbox.now_ns // 10**9,
    }
    assert (yes.settled, yes.settled_mark_usd_1e9) == (True, 1_000_000_000)
    assert (no.settled_mark_usd_1e9, no.current_value_usd_1e9, no.realized_pnl_usd_1e9) == (0, 0, -1_800_000_000)
    answer = seq.redeem(TICKER, "kalshi")
    assert answer.mode == "auto_settled"
    assert answer.get("condition_id") is None
    sandbox.advance(seconds=60)
    assert cash(seq, "kalshi") - left == 5
    assert rows(seq, TICKER) == {}
    closed = rows(seq, TICKER, include_closed=True)
    assert closed.keys() == {"YES", "NO"}
    assert {(row.lifecycle["state"], row.qty_1e8) for row in closed.values()} == {("redeemed", 0)}
    assert seq.redeem(TICKER, "kalshi").mode == "auto_settled"


@pytest.mark.covers("buy", "redeem", "positions_unified", "settlement", "market")
def test_a_polymarket_winner_claims_and_is_paid_once(sandbox: Sandbox, seq: Sequence) -> None:
    market = seq.market(UP_DOWN)
    assert market is not None
    up, down = market.outcome_token_ids or ("", "")
    seq.buy(up, 10, venue="polymarket")
    seq.buy(down, 4, venue="polymarket")
    nothing = seq.redeem(UP_DOWN, "polymarket")
    assert nothing.mode == "noop"
    assert nothing.token_ids == (up, down)
    left = cash(seq, "polymarket")
    sandbox.advance(seconds=330)
    settlement = seq.settlement(UP_DOWN)
    assert settlement.status == "resolved"
    won = settlement.resolved_outcome
    assert won in ("Up", "Down")
    value = Decimal(10 if won == "Up" else 4)
    before = seq.positions_unified().totals.nav_usd
    claimed = seq.redeem(UP_DOWN, "polymarket")
    assert (claimed.mode, claimed.slug, claimed.condition_id) == ("relayer_submitted", UP_DOWN, market.condition_id)
    assert seq.redeem(UP_DOWN, "polymarket").mode == "noop"
    assert rows(seq, UP_DOWN)[won].lifecycle.state == "resolved"
    sandbox.advance(seconds=120)
    assert cash(seq, "polymarket") - left == value
    assert rows(seq, UP_DOWN) == {}
    assert rows(seq, UP_DOWN, include_closed=True)[won].lifecycle.state == "redeemed"
    assert seq.redeem(UP_DOWN, "polymarket").mode == "noop"
    sandbox.advance(seconds=600)
    assert cash(seq, "polymarket") - left == value
    # Paying turns a claim into cash and nothing else; so does time for what is worth nothing.
    assert seq.positions_unified().totals.nav_usd == before


@pytest.mark.covers("redeem")
def test_any_name_of_a_market_will_do(sandbox: Sandbox, seq: Sequence) -> None:
    seq.buy(SLUG, 2, venue="polymarket")
    sandbox.resolve(SLUG, "Yes")
    answer = seq.redeem(f"https://polymarket.com/event/{SLUG}", "polymarket")
    assert (answer.mode, answer.slug) == ("relayer_submitted", SLUG)
    with pytest.raises(NotFoundError):
        seq.redeem("no-such-market", "polymarket")


@pytest.mark.covers("redeem", "positions_unified")
def test_a_claim_whose_answer_was_lost_can_be_repeated(sandbox: Sandbox, seq: Sequence) -> None:
    seq.buy(SLUG, 2, venue="polymarket")
    left = cash(seq, "polymarket")
    sandbox.resolve(SLUG, "Yes")
    assert seq.redeem(SLUG, "polymarket").mode == "relayer_submitted"
    # As far as the caller knows, the first one may never have arrived.
    assert "will be paid" in str(seq.redeem(SLUG, "polymarket").note)
    sandbox.advance(seconds=120)
    assert cash(seq, "polymarket") - left == 2
