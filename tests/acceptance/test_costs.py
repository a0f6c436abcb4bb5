"""Costs before the trade, over HTTP: what is told beforehand is what is paid then, to the last unit."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from sequence_markets import BadRequestError, NotFoundError, Preview, Sequence, UnprocessableError
from sequence_markets.sandbox import Sandbox

from .samples import Sample, flat, needs_reference, run

NAMES = (
    "symbol side qty_1e8 candidate_venues best_venue estimated_fee_bps worst_case_fee_bps estimated_slippage_bps"
    " estimated_total_cost_bps historical_ttff nbbo source generated_at_ns"
)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed=7) as running:
        yield running


@pytest.fixture
def seq(sandbox: Sandbox) -> Iterator[Sequence]:
    with sandbox.client() as client:
        yield client


@needs_reference
@pytest.mark.covers("fees")
def test_the_references_sample(seq: Sequence) -> None:
    sample = Sample('seq.fees("KXMLBHR', 'venues=["kalshi", "polymarket"])', flat(2))
    run(sample, {"seq": seq})
    found: Any = eval(sample.source(), {"seq": seq})
    assert found["ticker"] == "KXMLBHR-26APR292140KCATH-ATHLBUTLER4-1:YES"
    assert [(row["venue"], row["taker_bps"]) for row in found["fees"]] == [("kalshi", 350), ("polymarket", None)]
    assert found["fees"][0]["components"]["rate_bps"] == 700


@pytest.mark.covers("fees", "buy", "fills")
def test_a_fee_evaluated_locally_is_the_fee_that_is_charged(seq: Sequence) -> None:
    traded = (("BTC-USD", "3.7"), ("ETH-USD-PERP", 11), ("KXRAIN-26NOV27-OSL", 250), ("rain-in-oslo-friday", 99))
    for symbol, qty in traded:
        fees = seq.fees(symbol)
        seq.buy(symbol, qty)
        fills = [fill for fill in seq.fills().fills if fill.symbol == seq.quote(symbol).symbol]
        assert fills
        for fill in fills:
            assert fees.at(fill.venue).taker_fee_usd(fill.price, fill.qty) == fill.fee


@pytest.mark.covers("fees")
def test_unknown_tickers_and_venues_are_refused(seq: Sequence) -> None:
    with pytest.raises(NotFoundError, match="'nope' is not known"):
        seq.fees("nope")
    with pytest.raises(BadRequestError, match="unknown 'mtgox'"):
        seq.fees("BTC-USD", ["mtgox"])


def recomputed(seq: Sequence, preview: Preview, submitted: str) -> tuple[float, float, float]:
    """Fee, slippage and both in basis points, from the fills of the order that was then sent."""
    fills = [fill for fill in seq.fills(limit=500).fills if fill.node_order_id.split(":")[1] == submitted]
    notional = sum(fill.qty_1e8 * fill.price_1e9 for fill in fills)
    fee = Fraction(sum(fill.fee_1e9 or 0 for fill in fills) * 10**8 * 10_000, notional)
    mid = preview.nbbo.mid_px_1e9
    assert mid is not None
    worse = Fraction(notional, sum(fill.qty_1e8 for fill in fills)) - mid
    slippage = (worse if preview.side == "buy" else -worse) * 10_000 / mid
    return float(fee), float(slippage), float(fee + slippage)


@pytest.mark.covers("preview", "buy", "sell")
@pytest.mark.parametrize(
    ("symbol", "qty"),
    [("BTC-USD", "0.5"), ("BTC-USD", 60), ("SOL-USDT", 4321), ("ETH-USD-PERP", "77.7"), ("KXRAIN-26NOV27-OSL", 1500)],
)
def test_a_preview_is_what_the_order_then_pays(seq: Sequence, symbol: str, qty: Any) -> None:
    for submit in (seq.buy, seq.sell):
        preview = seq.preview(symbol, "buy" if submit == seq.buy else "sell", qty)
        assert set(preview) >= set(NAMES.split())
        sent = submit(symbol, qty)
        told = (preview.estimated_fee_bps, preview.estimated_slippage_bps, preview.estimated_total_cost_bps)
        assert told == recomputed(seq, preview, sent.graph_id)
        fills = [fill for fill in seq.fills(limit=500).fills if fill.node_order_id.split(":")[1] == sent.graph_id]
        assert preview.best_venue == fills[-1].venue
        assert preview["fillable_qty_1e8"] == sum(fill.qty_1e8 for fill in fills)
        assert (preview.worst_case_fee_bps or 0) >= (preview.estimated_fee_bps or 0)


@pytest.mark.covers("preview", "buy")
def test_more_than_is_displayed_is_previewed_as_far_as_it_goes(seq: Sequence) -> None:
    preview = seq.preview("KXRAIN-26NOV27-OSL", "buy", 50_000)
    order = seq.buy("KXRAIN-26NOV27-OSL", 50_000)
    fillable = preview["fillable_qty_1e8"]
    assert fillable == seq.orders().orders[0].filled_qty_1e8
    assert 0 < fillable < preview.qty_1e8
    assert preview.estimated_slippage_bps == recomputed(seq, preview, order.graph_id)[1]


@pytest.mark.covers("preview")
def test_a_preview_submits_and_records_nothing(sandbox: Sandbox, seq: Sequence) -> None:
    seq.account()
    before = sandbox.journal()
    preview = seq.preview("BTC-USD", "buy", 1)
    assert sandbox.journal() == before
    assert seq.orders().total == 0
    assert preview.historical_ttff is None
    assert preview.source == "edge_nbbo"


@pytest.mark.covers("preview")
def test_a_cold_market_is_warmed_by_its_preview(seq: Sequence) -> None:
    first = seq.preview("rain-in-oslo-friday", "buy", 10)
    assert first.source == "edge_rpc_snapshot"
    assert first.estimated_total_cost_bps is not None
    assert seq.preview("rain-in-oslo-friday", "buy", 10).source == "edge_nbbo"
    assert seq.quote("rain-in-oslo-friday").source == "edge_nbbo"


@pytest.mark.covers("preview")
def test_a_book_with_one_side_has_nulls_where_nothing_is_known(sandbox: Sandbox, seq: Sequence) -> None:
    sandbox.set_book("KXRAIN-26NOV27-OSL", "kalshi", [], [(0.97, 500)])
    buy = seq.preview("KXRAIN-26NOV27-OSL", "buy", 10)
    assert buy.nbbo == {"bid_px_1e9": None, "ask_px_1e9": 970_000_000, "mid_px_1e9": None, "spread_bps": None}
    assert (buy.best_venue, buy.estimated_slippage_bps, buy.estimated_total_cost_bps) == ("kalshi", None, None)
    assert buy.estimated_fee_bps == pytest.approx(30.9, abs=0.1)
    sell = seq.preview("KXRAIN-26NOV27-OSL", "sell", 10)
    assert (sell.best_venue, sell.estimated_fee_bps, sell["fillable_qty_1e8"]) == (None, None, 0)


@pytest.mark.covers("preview")
def test_an_account_without_the_goods_is_told_the_market_and_that_it_cannot_pay(seq: Sequence) -> None:
    preview = seq.preview("BTC-USD", "sell", 1)
    assert (preview["funded"], preview["fillable_qty_1e8"]) == (False, 10**8)
    assert preview.estimated_total_cost_bps is not None


@pytest.mark.covers("preview", "buy")
def test_earlier_fills_tell_how_long_the_first_one_took(sandbox: Sandbox, seq: Sequence) -> None:
    sandbox.set_book("BTC-USD", "kraken", [(899, 1)], [(901, 1)])
    seq.buy("BTC-USD", "0.5")
    seq.buy("BTC-USD", "0.5", limit_price=900)
    sandbox.advance(seconds=40)
    sandbox.trade("BTC-USD", "kraken", "sell", 899, 5)
    found = seq.preview("BTC-USD", "buy", 1).historical_ttff
    assert found == {"p50_ms": 0, "p95_ms": 40_000, "samples": 2}
    seq.buy("BTC-USD", "0.5", limit_price=900)
    sandbox.advance(seconds=20)
    sandbox.trade("BTC-USD", "kraken", "sell", 899, 5)
    assert seq.preview("BTC-USD", "buy", 1).historical_ttff == {"p50_ms": 20_000, "p95_ms": 40_000, "samples": 3}
    assert seq.preview("ETH-USD", "buy", 1).historical_ttff is None


@pytest.mark.covers("preview")
def test_a_limit_order_is_previewed_at_the_near_touch(sandbox: Sandbox, seq: Sequence) -> None:
    sandbox.set_book("BTC-USD", "kraken", [(899, 1)], [(901, 1)])
    preview = seq.preview("BTC-USD", "buy", 50, "limit")
    assert preview.estimated_slippage_bps == pytest.approx(-100 / 9)
    assert (preview.estimated_fee_bps, preview["fillable_qty_1e8"]) == (10, 50 * 10**8)


@pytest.mark.covers("preview")
def test_a_preview_of_nothing_that_exists_is_refused(seq: Sequence) -> None:
    with pytest.raises(UnprocessableError, match="unknown symbol 'nope'"):
        seq.preview("nope", "buy", 1)


def test_both_outcomes_cost_the_same_at_mirrored_prices(seq: Sequence) -> None:
    yes, no = seq.fees("KXRAIN-26NOV27-OSL").fees[0], seq.fees("KXRAIN-26NOV27-OSL:NO").fees[0]
    assert yes.taker_fee_usd("0.3", 77) == no.taker_fee_usd("0.7", 77) == Decimal("1.14")
