"""Who serves a history, over which time, and how much of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from sequence_markets.sandbox.exchange import Refusal
from sequence_markets.sandbox.history.request import RANGES, Asked, Serving, serving
from sequence_markets.sandbox.market import Market, ScriptedMarket, SyntheticMarket

from ..market.recordings import SPOT_BTC, tape_market

NOW_S: Final = 1_767_571_200
NOW: Final = NOW_S * 10**9
DAY: Final = 86_400
MARKET: Final = SyntheticMarket(seed=7)
BARS: Final = Asked("1d", 60, None, None, False, None, None)
TICKS: Final = replace(BARS, fidelity_s=0)
HOURLY: Final[dict[str, Any]] = {"fidelity_s": 3_600}
EARLY: Final[dict[str, Any]] = {"start_s": 5, "end_s": 9}
OLD_S: Final = NOW_S - 2 * DAY


def served(symbol: str, asked: Asked, *, market: Market = MARKET, now_ns: int = NOW, **more: Any) -> Serving:
    instrument = market.catalogue.resolve(symbol)
    assert instrument is not None
    return serving(market, instrument, replace(asked, **more), now_ns)


@pytest.mark.parametrize(
    ("symbol", "more", "source", "venue", "start_s"),
    [
        ("BTC-USD", {}, "tape", None, NOW_S - DAY),
        ("BTC-USD", {"venue": "kraken"}, "tape", None, NOW_S - DAY),
        ("BTC-USD", {"range_word": "1h"}, "tape", None, NOW_S - 3_600),
        ("BTC-USDT", {**HOURLY, "range_word": "1y", "venue": "binance"}, "venue_proxy", "binance", NOW_S - 365 * DAY),
        ("ETH-USD-PERP", {"range_word": "1w", "venue": "okx"}, "venue_proxy", "okx", NOW_S - 7 * DAY),
        ("BTC-USD", {"start_s": NOW_S - 600, "end_s": NOW_S}, "tape", None, NOW_S - 600),
        ("BTC-USD", {"start_s": OLD_S, "end_s": OLD_S + 60, "venue": "kraken"}, "venue_proxy", "kraken", OLD_S),
        ("BTC-USD", {"fidelity_s": 0, "range_word": "5y"}, "tape", None, NOW_S - DAY),
        ("BTC-USD", {**EARLY, "fidelity_s": 0, "venue": "kraken"}, "venue_ticks", "kraken", 5),
        ("BTC-USD", {**EARLY, "fidelity_s": 0, "venue": "binance"}, "binance_aggtrades_historical", "binance", 5),
        ("KXRAIN-26NOV27-OSL:NO", {"range_word": "1m", "venue": "okx"}, "kalshi_rest", None, NOW_S - 30 * DAY),
        ("rain-in-oslo-friday", {"range_word": "6h"}, "polymarket_rest", None, NOW_S - 6 * 3_600),
    ],
)
def test_who_serves_what(symbol: str, more: dict[str, Any], source: str, venue: str | None, start_s: int) -> None:
    found = served(symbol, BARS, **more)
    assert (found.source, found.venue, found.start_s) == (source, venue, start_s)


@pytest.mark.parametrize("word", RANGES)
@pytest.mark.parametrize("symbol", ["BTC-USD", "ETH-USD-PERP"])
def test_further_back_than_a_day_a_venue_is_needed(symbol: str, word: str) -> None:
    long = RANGES[word] > DAY
    if not long:
        assert served(symbol, BARS, range_word=word).source == "tape"
        return
    with pytest.raises(Refusal, match="venue: is required further back than 24 hours") as caught:
        served(symbol, BARS, range_word=word, fidelity_s=3_600)
    assert (caught.value.status, caught.value.code) == (400, "INVALID_PARAMS")
    assert served(symbol, BARS, range_word=word, fidelity_s=3_600, venue="binance").source == "venue_proxy"


def test_trades_of_an_old_window_need_a_venue_too() -> None:
    with pytest.raises(Refusal, match="venue: is required"):
        served("BTC-USD", TICKS, start_s=NOW_S - 2 * DAY, end_s=NOW_S - 2 * DAY + 60)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"venue": "mtgox"}, "unknown venue 'mtgox'"),
        ({"venue": "kalshi", "range_word": "1w"}, "kalshi does not trade BTC-USD"),
        ({"start_s": 9, "end_s": 9}, "must be before end_ts"),
        ({"venue": "kraken", "range_word": "1y"}, "525600 bars, of which 100000 are served at most; 316 would fit"),
    ],
)
def test_what_cannot_be_served_is_refused(more: dict[str, Any], words: str) -> None:
    with pytest.raises(Refusal, match=words):
        served("BTC-USD", BARS, **more)


@pytest.mark.parametrize(
    ("symbol", "more", "most"),
    [
        ("BTC-USD", {}, 100),
        ("BTC-USD", {"limit": 7}, 7),
        ("BTC-USD", {"limit": 50_000}, 500),
        ("BTC-USD", {"limit": 99_999, "start_s": 5, "end_s": 9, "venue": "okx"}, 50_000),
        ("rain-in-oslo-friday", {}, 100),
        ("rain-in-oslo-friday", {"limit": 60_000}, 50_000),
        ("rain-in-oslo-friday", {"limit": 300_000, "paginate": True}, 200_000),
        ("KXRAIN-26NOV27-OSL", {"limit": 300_000, "paginate": True}, 50_000),
    ],
)
def test_trades_are_limited(symbol: str, more: dict[str, Any], most: int) -> None:
    assert served(symbol, TICKS, **more).most == most


def test_bars_of_a_prediction_market_are_limited_to_what_one_call_reaches_unless_paginated() -> None:
    assert served("rain-in-oslo-friday", BARS, range_word="max").most == 5_000
    assert served("rain-in-oslo-friday", BARS, range_word="max", paginate=True).most == 200_000
    assert served("KXRAIN-26NOV27-OSL", BARS, range_word="max", paginate=True).most == 5_000


def test_a_closed_market_is_counted_back_from_its_close() -> None:
    market = ScriptedMarket(MARKET)
    market.set_resolution("KXRAIN-26NOV27-OSL", "yes", NOW)
    later = NOW + 40 * DAY * 10**9
    bars = served("KXRAIN-26NOV27-OSL", BARS, market=market, now_ns=later)
    assert (bars.start_s, bars.end_s, bars.to_ns) == (NOW_S - DAY, NOW_S, NOW - 1)
    ticks = served("KXRAIN-26NOV27-OSL", TICKS, market=market, now_ns=later)
    assert (ticks.end_s, ticks.to_ns) == (NOW_S, NOW - 1)


def test_the_life_of_a_recurring_market_is_its_window() -> None:
    event = next(MARKET.events.listed(NOW, venue="polymarket", trading=False))
    ticks = served(event.slug, TICKS)
    assert ticks.start_s == event.listed_ns // 10**9
    assert (ticks.end_s, ticks.to_ns) == (event.close_ns // 10**9, event.close_ns - 1)
    whole = served(event.slug, BARS, range_word="max")
    assert (whole.start_s, whole.from_ns) == (event.listed_ns // 10**9, event.listed_ns)


def test_the_present_instant_counts_to_its_last_nanosecond() -> None:
    assert served("BTC-USD", TICKS, now_ns=NOW + 999).to_ns == NOW + 999
    assert served("BTC-USD", TICKS, now_ns=NOW + 999, start_s=NOW_S - 9, end_s=NOW_S + 9).to_ns == NOW + 999
    assert served("rain-in-oslo-friday", TICKS, now_ns=NOW + 999).to_ns == NOW + 999


def test_a_recorded_market_begins_with_its_recording() -> None:
    market = tape_market(SPOT_BTC)
    found = served("BTC-USDT", BARS, market=market, now_ns=market.end_ns, range_word="max", venue="binance")
    assert found.from_ns == market.start_ns - 1
