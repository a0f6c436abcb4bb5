"""Price histories over HTTP: the reference's samples, and that the past is the past of what is quoted."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from sequence_markets import BadRequestError, NotFoundError, Sequence
from sequence_markets.sandbox import Sandbox
from sequence_markets.sandbox.market import TapeMarket
from tests.sandbox.market.recordings import SPOT_BTC, recording

from .samples import Sample, flat, needs_reference, run

POINT = {"ts_ns", "price_1e9", "qty_1e8", "side", "venue_id"}
UNDERLYING = ["symbol", "source", "warning", "anchor_price_usd", "final_price_usd", "agrees_with_settlement", "points"]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed=7) as running:
        yield running


@pytest.fixture
def seq(sandbox: Sandbox) -> Iterator[Sequence]:
    with sandbox.client() as client:
        yield client


@pytest.fixture
def scope(seq: Sequence) -> dict[str, Any]:
    return {"seq": seq}


@needs_reference
@pytest.mark.covers("price_history")
def test_a_year_of_hours(scope: dict[str, Any], seq: Sequence) -> None:
    run(Sample("# Year of Binance hourly BTC-USDT", 'venue="binance")', flat(2)), scope)
    btc = scope["btc"]
    assert (btc["symbol"], btc["source"], btc["underlying"]) == ("BTC-USDT", "venue_proxy", None)
    assert len(btc["points"]) == 365 * 24
    assert btc["window"]["end_ts_s"] - btc["window"]["start_ts_s"] == 365 * 86_400
    assert all(set(point) == POINT for point in btc["points"])
    times = [point["ts_ns"] for point in btc["points"]]
    assert times == list(range(times[0], times[-1] + 1, 3_600 * 10**9))
    top = seq.quote("BTC-USDT").venues["binance"]
    assert top.bid <= btc["points"][-1]["price_1e9"] / 1e9 <= top.ask


@needs_reference
@pytest.mark.covers("price_history")
def test_the_last_two_hundred_prints(scope: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    sample = Sample("# Last 200 BTC-USDC trade prints", 'p["qty_1e8"] / 1e8, p["side"])', (0, 0, 0, 1))
    run(sample, scope)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 200
    assert {line.split()[-1] for line in lines} == {"buy", "sell"}
    ticks = scope["ticks"]
    assert ticks["source"] == "tape"
    assert [point["ts_ns"] for point in ticks["points"]] == sorted(point["ts_ns"] for point in ticks["points"])
    assert {point["venue_id"] for point in ticks["points"]} <= {"binance", "coinbase"}


@needs_reference
@pytest.mark.covers("price_history", "settlement")
def test_the_life_of_an_up_down_market(scope: dict[str, Any], sandbox: Sandbox, seq: Sequence) -> None:
    with pytest.raises(NotFoundError):
        seq.price_history("btc-updown-5m-1776537600")
    sandbox.advance(seconds=1_776_537_600 + 7_200 + 600 - int(sandbox.now.timestamp()))
    run(Sample("# Polymarket 5-min up/down lifecycle", "limit=50_000, underlying=True)", flat(3)), scope)
    hist = scope["hist"]
    assert hist["source"] == "polymarket_rest"
    assert hist["window"]["end_ts_s"] == 1_776_537_900
    assert 100 < len(hist["points"]) < 50_000
    assert all(0 < point["price_1e9"] < 10**9 for point in hist["points"])
    assert all(hist["window"]["start_ts_s"] * 10**9 <= p["ts_ns"] < 1_776_537_900 * 10**9 for p in hist["points"])
    curve = hist["underlying"]
    assert set(UNDERLYING) <= set(curve)
    assert curve["points"][0]["ts_ns"] == 1_776_537_600 * 10**9
    assert curve["points"][0]["price_1e9"] / 1e9 == curve["anchor_price_usd"]
    assert curve["points"][-1]["price_1e9"] / 1e9 == curve["final_price_usd"]
    assert curve["agrees_with_settlement"] is True
    settled = seq.settlement("btc-updown-5m-1776537600", underlying=True)
    assert settled.resolved_outcome == ("Up" if curve["final_price_usd"] >= curve["anchor_price_usd"] else "Down")
    assert settled.underlying is not None
    assert settled.underlying.final_price_usd == curve["final_price_usd"]
    # What the market last believed is what it then paid, or near it.
    yes_pays = 1.0 if settled.resolved_outcome == "Up" else 0.0
    assert abs(hist["points"][-1]["price_1e9"] / 1e9 - yes_pays) < 0.5


@pytest.mark.covers("price_history", "quote")
def test_bars_are_what_was_quoted(sandbox: Sandbox, seq: Sequence) -> None:
    seen: dict[int, tuple[float, float]] = {}
    for _ in range(10):
        sandbox.advance(seconds=60)
        nbbo = seq.quote("ETH-USD").nbbo
        seen[sandbox.now_ns] = (nbbo.bid, nbbo.ask)
    points = {point.ts_ns: float(point.price) for point in seq.price_history("ETH-USD", "1h").points}
    for ts_ns, (bid, ask) in seen.items():
        assert bid - 0.01 <= points[ts_ns] <= ask + 0.01


@pytest.mark.covers("price_history")
def test_the_two_outcomes_are_one_history_seen_twice(seq: Sequence) -> None:
    for yes, no in (
        ("KXRAIN-26NOV27-OSL", "KXRAIN-26NOV27-OSL:NO"),
        ("rain-in-oslo-friday:yes", "rain-in-oslo-friday:no"),
    ):
        up, down = seq.price_history(yes, "1d", 600), seq.price_history(no, "1d", 600)
        assert [p.price + q.price for p, q in zip(up.points, down.points, strict=True)] == [Decimal(1)] * 144
        bought, sold = seq.price_history(yes, fidelity_secs=0), seq.price_history(no, fidelity_secs=0)
        assert [(p.ts_ns, p.qty_1e8, p.side == "buy") for p in bought.points] == [
            (p.ts_ns, p.qty_1e8, p.side == "sell") for p in sold.points
        ]
    token = seq.market("rain-in-oslo-friday")
    assert token is not None
    assert seq.price_history(str(token.yes_token_id), "1h") == seq.price_history("rain-in-oslo-friday", "1h")


@pytest.mark.covers("price_history")
def test_a_script_and_its_prints_are_part_of_the_history(sandbox: Sandbox, seq: Sequence) -> None:
    sandbox.set_book("BTC-USD", "kraken", [("899.00", 1)], [("901.00", 1)])
    sandbox.trade("BTC-USD", "kraken", "buy", "901.00", "0.25")
    sandbox.advance(seconds=60)
    last = seq.price_history("BTC-USD", fidelity_secs=0, limit=1).points[0]
    assert (last.price, last.qty, last.side, last.venue_id) == (Decimal(901), Decimal("0.25"), "buy", "kraken")
    assert seq.price_history("BTC-USD", "1h").points[-1].price == Decimal(900)


@pytest.mark.covers("price_history")
def test_what_cannot_be_answered_is_refused(seq: Sequence) -> None:
    with pytest.raises(BadRequestError, match="venue: is required further back than 24 hours") as caught:
        seq.price_history("BTC-USD", "1w")
    assert caught.value.code == "INVALID_PARAMS"
    with pytest.raises(NotFoundError, match="'nope' is not known"):
        seq.price_history("nope")


@pytest.mark.covers("price_history")
def test_the_trades_of_a_replayed_tape_are_the_recorded_ones() -> None:
    tape = recording(SPOT_BTC)
    feed = TapeMarket.open([tape]).tapes[0].feed
    with Sandbox(replay=tape) as sandbox, sandbox.client() as seq:
        first = int(sandbox.now.timestamp())
        # Long enough after, so that the venue's own past is asked and not the tape of all venues together.
        sandbox.advance(seconds=2 * 86_400)
        last = feed.end_ns // 10**9 + 1
        history = seq.price_history(
            "BTC-USDT", fidelity_secs=0, venue="binance", limit=50_000, start_ts=first, end_ts=last
        )
    recorded = [p for p in feed.prints if first * 10**9 < p.time_ns]
    assert history.source == "binance_aggtrades_historical"
    assert history["origins"] == {"binance": "recorded"}
    assert len(history.points) == len(recorded) > 1_000
    assert [(p.ts_ns, p.price_1e9, p.qty_1e8, p.side, p.venue_id) for p in history.points] == [
        (p.time_ns, p.price_1e9, p.qty_1e8, p.taker_side, "binance") for p in recorded
    ]
    volume = sum(bar.volume or 0 for bar in history.bars(10))
    assert volume == Decimal(sum(p.qty_1e8 for p in recorded)).scaleb(-8)
