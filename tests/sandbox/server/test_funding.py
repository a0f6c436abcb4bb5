"""Funding over HTTP: what is answered, what is refused, and the scripts of the control plane."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sequence_markets.sandbox import Sandbox
from sequence_markets.sandbox.market import SyntheticMarket
from sequence_markets.sandbox.market.funding import natural_rate
from tests.sandbox.server.http import NO_TLS, assert_error, connect

DAY = 86_400
START = 1_767_571_200


@pytest.fixture
def fresh() -> Iterator[tuple[Sandbox, httpx.Client]]:
    with Sandbox(seed=7) as sandbox, connect(sandbox) as api:
        yield sandbox, api


def script(sandbox: Sandbox, path: str, **body: object) -> httpx.Response:
    return httpx.post(f"{sandbox.url}/_sandbox/{path}", json=body, trust_env=False, verify=NO_TLS)


def test_every_perp_is_told_on_every_venue_that_funds_it(api: httpx.Client) -> None:
    answer = api.get("/v1/market/funding-rates").json()
    assert answer.keys() == {"unit", "rates"}
    assert answer["unit"] == "bps_per_hour"
    assert len(answer["rates"]) == 8 * 4
    assert {(row["venue"], row["symbol"]) for row in answer["rates"]} >= {
        ("okx", "BTC-USD-PERP"),
        ("bybit", "XRP-USD-PERP"),
    }
    for row in answer["rates"]:
        hours = 1 if row["venue"] == "hyperliquid" else 8
        assert row["next_settlement_ns"] % (hours * 3600 * 10**9) == 0
        assert abs(row["rate_bps_per_hour"]) < 4
        assert row["mark_price_1e9"] > 0


def test_rates_are_per_hour_whatever_the_venues_cadence(api: httpx.Client) -> None:
    market = SyntheticMarket(seed=7)
    for venue, hours in (("binance", 8), ("hyperliquid", 1)):
        (row,) = api.get("/v1/market/funding-rates", params={"venue": venue, "symbol": "ETH-PERP"}).json()["rates"]
        settled = natural_rate(market, venue, "ETH-USD-PERP", START * 10**9)
        assert row["rate_bps_per_hour"] == pytest.approx(settled / 10**9 * 10_000 / hours)
        assert (row["symbol"], row["snapshot_age_ms"], row["open_interest_1e8"]) == ("ETH-USD-PERP", 0, 0)


@pytest.mark.parametrize(
    "query", [{"symbol": "nope"}, {"venue": "kraken"}, {"symbol": "ADA-USD"}, {"venue": "polymarket"}]
)
def test_what_is_not_funded_has_no_rows(api: httpx.Client, query: dict[str, str]) -> None:
    assert api.get("/v1/market/funding-rates", params=query).json() == {"unit": "bps_per_hour", "rates": []}


def test_unknown_venues_are_refused(api: httpx.Client) -> None:
    assert_error(api.get("/v1/market/funding-rates?venue=nyse"), 400, "INVALID_PARAMS")
    assert_error(api.get("/v1/market/funding-rates?symbol="), 400, "INVALID_PARAMS")


@pytest.mark.parametrize(
    ("venue", "word", "count"),
    [("binance", "1d", 3), ("binance", "1w", 21), ("hyperliquid", "1d", 24), ("okx", "1y", 1095)],
)
def test_a_history_has_a_point_per_settlement(api: httpx.Client, venue: str, word: str, count: int) -> None:
    answer = api.get("/v1/funding_history/BTC-USDT", params={"venue": venue, "range": word}).json()
    assert answer.keys() == {"symbol", "venue", "count", "points"}
    assert (answer["symbol"], answer["venue"], answer["count"]) == ("BTC-USD-PERP", venue, count)
    times = [point["ts_ns"] for point in answer["points"]]
    assert times == sorted(set(times))
    assert len(times) == count
    assert times[-1] == START * 10**9
    market = SyntheticMarket(seed=7)
    for point in answer["points"][:: max(1, count // 10)]:
        assert point["rate_1e9"] == natural_rate(market, venue, "BTC-USD-PERP", point["ts_ns"])
        assert point["mark_price_1e9"] == market.reference_price("BTC-USD-PERP", point["ts_ns"])


def test_the_longest_history_goes_without_marks(api: httpx.Client) -> None:
    points = api.get("/v1/funding_history/BTC-USDT", params={"venue": "hyperliquid", "range": "2y"}).json()["points"]
    assert len(points) == 2 * 365 * 24
    assert {point["mark_price_1e9"] for point in points} == {None}


def test_a_window_comes_before_a_range(api: httpx.Client) -> None:
    query: dict[str, Any] = {
        "venue": "binance",
        "range": "1d",
        "start_ts": START - 30 * DAY,
        "end_ts": START - 29 * DAY,
    }
    points = api.get("/v1/funding_history/BTC-PERP", params=query).json()["points"]
    assert [point["ts_ns"] // 10**9 - START for point in points] == [
        -30 * DAY + hours * 3600 for hours in (0, 8, 16, 24)
    ]
    query |= {"start_ts": START - 1, "end_ts": START + 30 * DAY}
    assert api.get("/v1/funding_history/BTC-PERP", params=query).json()["count"] == 1


@pytest.mark.parametrize(
    "query",
    [
        *({}, {"venue": "kraken"}, {"venue": "polymarket"}, {"venue": "nyse"}, {"venue": ""}),
        *({"venue": "okx", "range": "6h"}, {"venue": "okx", "range": "1h"}, {"venue": "okx", "range": "soon"}),
        *({"venue": "okx", "start_ts": "5"}, {"venue": "okx", "end_ts": "5"}),
        *({"venue": "okx", "start_ts": "x", "end_ts": "5"}, {"venue": "okx", "start_ts": "6", "end_ts": "6"}),
    ],
)
def test_impossible_histories_are_refused(api: httpx.Client, query: dict[str, str]) -> None:
    assert_error(api.get("/v1/funding_history/BTC-PERP", params=query), 400, "INVALID_PARAMS")


@pytest.mark.parametrize("symbol", ["nope", "ADA-USD", "rain-in-oslo-friday", "KXRAIN-26NOV27-OSL"])
def test_what_is_no_perp_has_no_history(api: httpx.Client, symbol: str) -> None:
    assert_error(api.get(f"/v1/funding_history/{symbol}", params={"venue": "okx"}), 404, "NOT_FOUND")


def test_scripted_rates_are_told_and_paid(fresh: tuple[Sandbox, httpx.Client]) -> None:
    sandbox, api = fresh
    sandbox.set_price("ETH-USD-PERP", 3000)
    row = {"venue": "hyperliquid", "kind": "perp", "symbol": "ETH-USD-PERP", "qty": -2, "entry_price_usd": 3000}
    api.post("/v1/sandbox/positions", json={"positions": [row]})
    points = [["2026-01-05T01:00:00Z", "0.0001"], ["2026-01-05T03:00:00Z", -0.0002]]
    done = script(sandbox, "funding", symbol="ETH-PERP", venue="hyperliquid", points=points)
    assert done.json() == {"ok": True, "now_ns": START * 10**9}
    query = {"venue": "hyperliquid", "symbol": "ETH-PERP"}
    (now,) = api.get("/v1/market/funding-rates", params=query).json()["rates"]
    assert (now["predicted_rate_bps_per_hour"], now["open_interest_1e8"]) == (1.0, 2 * 10**8)
    sandbox.advance(seconds=4 * 3600)
    (now,) = api.get("/v1/market/funding-rates", params=query).json()["rates"]
    assert now["rate_bps_per_hour"] == -2.0
    history = api.get("/v1/funding_history/ETH-PERP", params={"venue": "hyperliquid", "range": "1d"}).json()
    assert [(point["rate_1e9"], point["mark_price_1e9"]) for point in history["points"][-4:]] == [
        (rate, 3000 * 10**9) for rate in (100_000, 100_000, -200_000, -200_000)
    ]
    positions = api.get("/v1/positions", params={"kinds": "perp"}).json()["positions"]
    # A short is paid 0.60 twice and pays 1.20 twice.
    assert [(row["funding_usd_1e9"], row["realized_pnl_usd_1e9"]) for row in positions] == [
        (-1_200_000_000, -1_200_000_000)
    ]
    sandbox.check_invariants()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"venue": "okx", "points": [["2026-01-06T00:00:00Z", 0]]}, "symbol"),
        ({"symbol": "nope", "venue": "okx", "points": [["2026-01-06T00:00:00Z", 0]]}, "symbol"),
        ({"symbol": "BTC-PERP", "venue": "kraken", "points": [["2026-01-06T00:00:00Z", 0]]}, "venue"),
        ({"symbol": "BTC-PERP", "venue": "nyse", "points": [["2026-01-06T00:00:00Z", 0]]}, "venue"),
        ({"symbol": "BTC-PERP", "venue": "okx"}, "points"),
        ({"symbol": "BTC-PERP", "venue": "okx", "points": []}, "points"),
        ({"symbol": "BTC-PERP", "venue": "okx", "points": [5]}, "points[0]"),
        ({"symbol": "BTC-PERP", "venue": "okx", "points": [["soon", 0]]}, "points[0]"),
        ({"symbol": "BTC-PERP", "venue": "okx", "points": [["2026-01-06T00:00:00", 0]]}, "points[0]"),
        ({"symbol": "BTC-PERP", "venue": "okx", "points": [["2025-01-06T00:00:00Z", 0]]}, "points[0]"),
        ({"symbol": "BTC-PERP", "venue": "okx", "points": [["2026-01-06T00:00:00Z", 2]]}, "points[0]"),
        ({"symbol": "BTC-PERP", "venue": "okx", "points": [["2026-01-06T00:00:00Z", None]]}, "points[0]"),
        ({"symbol": "BTC-PERP", "venue": "okx", "points": [["2026-01-06T00:00:00Z", "0.0000000001"]]}, "points[0]"),
    ],
)
def test_impossible_scripts_are_refused(sandbox: Sandbox, body: dict[str, object], field: str) -> None:
    error = assert_error(script(sandbox, "funding", **body), 422, "VALIDATION_ERROR")
    details: Any = error["details"]
    assert details[0]["field"] == field


def test_the_embedded_sandbox_refuses_alike(sandbox: Sandbox) -> None:
    wrong: tuple[tuple[Any, type[Exception]], ...] = (
        (("BTC-PERP", "okx", "soon"), TypeError),
        (("BTC-PERP", "okx", [(5, 0)]), TypeError),
        (("", "okx", [(sandbox.now, 0)]), ValueError),
        (("BTC-PERP", "okx", [(sandbox.now, "x")]), ValueError),
        (("BTC-PERP", "coinbase", [(sandbox.now, 0)]), ValueError),
    )
    for arguments, kind in wrong:
        with pytest.raises(kind):
            sandbox.set_funding(*arguments)
