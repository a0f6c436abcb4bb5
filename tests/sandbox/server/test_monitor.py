"""The monitoring endpoints over plain HTTP: what they read, what they refuse, and whose orders they show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import httpx
import pytest

from sequence_markets.models import (
    Depth,
    ExecutionAnalytics,
    ExecutionLive,
    ExecutionReview,
    ExecutionSummary,
    FairPrices,
    Forecast,
    Intel,
    MarketAnalytics,
    PortfolioAnalytics,
    RouterComparison,
    Routing,
    SequenceModel,
    Simulation,
    SlippageCurve,
    Tca,
    TcaProvenance,
    TcaReports,
    TcaSeries,
    TcaVenues,
    Trace,
    VenueAnalytics,
)
from sequence_markets.sandbox import Sandbox
from tests.sandbox.server.http import assert_error, connect, order_body

KALSHI = "KXBTCZ-26DEC31-T99000"


@dataclass
class Traded:
    """An account that has traded, one that has not, and an order of the first."""

    api: httpx.Client
    other: httpx.Client
    order: str


@pytest.fixture(scope="module")
def traded() -> Iterator[Traded]:
    with Sandbox(seed=11) as running, connect(running) as api, connect(running) as other:
        bodies = [
            order_body(graph_id="g1"),
            order_body("ETH-USD-PERP", "sell", 3_000_000_000),
            order_body(KALSHI, qty_1e8=500_000_000),
            order_body("ETH-USD", limit_1e9=10**9),
            order_body("SOL-USD", "sell"),
        ]
        for body in bodies:
            assert api.post("/v1/orders", json=body).status_code == 200
            running.advance(seconds=61)
        yield Traded(api, other, "graph:g1:order:1")
        running.check_invariants()


PATHS: list[tuple[str, type[SequenceModel]]] = [
    ("/v1/tca", Tca),
    ("/v1/tca?symbol=BTC-USD", Tca),
    ("/v1/tca?symbol=DOGE-USD", Tca),
    *(
        (f"/v1/intelligence/venues?symbol={symbol}", Intel)
        for symbol in ("BTC-USD", "ETH-USD-PERP", KALSHI, f"{KALSHI}:NO")
    ),
    *((f"/v1/intelligence/slippage?symbol=BTC-USD&side={side}", SlippageCurve) for side in ("buy", "sell", "BUY")),
    ("/v1/intelligence/slippage?symbol=BTC-USD&sizes=1,2.5,1e6", SlippageCurve),
    ("/v1/intelligence/routing?symbol=BTC-USD", Routing),
    ("/v1/intelligence/routing?symbol=BTC-USD&side=sell&qty=1000000", Routing),
    ("/v1/intelligence/depth?symbol=ETH-PERP", Depth),
    ("/v1/execution/forecast?symbol=BTC-USD&side=buy&qty=2.5", Forecast),
    (f"/v1/execution/forecast?symbol={KALSHI}&side=sell&qty=100000", Forecast),
    ("/v1/execution/simulate?symbol=BTC-USD&side=sell&qty=0.001&urgency=high", Simulation),
    ("/v1/execution/summary", ExecutionSummary),
    ("/v1/execution/live/graph:g1:order:1", ExecutionLive),
    ("/v1/execution/review/graph%3Ag1%3Aorder%3A1", ExecutionReview),
    ("/v1/traces?node_order_id=graph:g1:order:1&limit=100", Trace),
    ("/v1/traces?node_order_id=nobody", Trace),
    ("/v1/fair_price", FairPrices),
    ("/v1/fair_price?underlying=eth", FairPrices),
    ("/v1/analytics/market/BTC-USD", MarketAnalytics),
    ("/v1/analytics/portfolio", PortfolioAnalytics),
    ("/v1/analytics/execution", ExecutionAnalytics),
    ("/v1/analytics/venues", VenueAnalytics),
    ("/v1/analytics/tca?since=2020-01-01T00:00:00Z&until=2030-01-01&venue=kraken&routing_version=1", Tca),
    ("/v1/analytics/tca/report?limit=1&offset=1", TcaReports),
    ("/v1/analytics/tca/timeseries?interval=5m", TcaSeries),
    ("/v1/analytics/tca/venues", TcaVenues),
    ("/v1/analytics/tca/quality", TcaProvenance),
    ("/v1/analytics/ab_report", RouterComparison),
]


def typed(value: object) -> Iterator[SequenceModel]:
    """A model and every model below it."""
    if isinstance(value, SequenceModel):
        yield value
        for name in type(value).model_fields:
            yield from typed(getattr(value, name))
    elif isinstance(value, tuple):
        for each in cast("tuple[object, ...]", value):
            yield from typed(each)


@pytest.mark.parametrize("account", ["traded", "other"])
@pytest.mark.parametrize(("path", "model"), PATHS, ids=[path for path, _ in PATHS])
def test_an_answer_is_as_typed_and_says_nothing_else(
    traded: Traded, account: str, path: str, model: type[SequenceModel]
) -> None:
    api = traded.api if account == "traded" else traded.other
    answer = api.get(path)
    if account == "other" and path.startswith(("/v1/execution/live/", "/v1/execution/review/")):
        assert_error(answer, 404, "NOT_FOUND")
        return
    assert answer.status_code == 200, answer.text
    for part in typed(model.model_validate(answer.json())):
        type(part).model_validate(part.raw)
        unknown = part.raw.keys() - type(part).model_fields.keys()
        # A fair price is sent as a float too; the attribute of that name is exact.
        assert unknown <= {"price"} if type(part).__name__ == "FairPrice" else not unknown, type(part)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/tca?symbol=", 400, "INVALID_PARAMS"),
        ("/v1/tca?symbol=no such symbol", 404, "NOT_FOUND"),
        ("/v1/intelligence/venues", 400, "INVALID_PARAMS"),
        ("/v1/intelligence/venues?symbol=nope", 404, "NOT_FOUND"),
        ("/v1/intelligence/slippage?symbol=BTC-USD&side=hold", 400, "INVALID_PARAMS"),
        ("/v1/intelligence/slippage?symbol=BTC-USD&sizes=1,x", 400, "INVALID_PARAMS"),
        ("/v1/intelligence/slippage?symbol=BTC-USD&sizes=0", 400, "INVALID_PARAMS"),
        (f"/v1/intelligence/slippage?symbol=BTC-USD&sizes={'1,' * 21}", 400, "INVALID_PARAMS"),
        ("/v1/intelligence/routing?symbol=BTC-USD&qty=0", 400, "INVALID_PARAMS"),
        ("/v1/intelligence/routing?symbol=BTC-USD&qty=nan", 400, "INVALID_PARAMS"),
        ("/v1/intelligence/depth?symbol=nope", 404, "NOT_FOUND"),
        ("/v1/execution/forecast?symbol=BTC-USD", 400, "INVALID_PARAMS"),
        ("/v1/execution/forecast?symbol=BTC-USD&qty=0.000000001", 400, "INVALID_PARAMS"),
        ("/v1/execution/simulate?symbol=BTC-USD&qty=1&urgency=hasty", 400, "INVALID_PARAMS"),
        ("/v1/execution/live/graph:g1:order:2", 404, "NOT_FOUND"),
        ("/v1/execution/review/x", 404, "NOT_FOUND"),
        ("/v1/traces", 400, "INVALID_PARAMS"),
        ("/v1/traces?node_order_id=x&limit=0", 400, "INVALID_PARAMS"),
        ("/v1/analytics/market/nope", 404, "NOT_FOUND"),
        ("/v1/analytics/tca?since=yesterday", 400, "INVALID_PARAMS"),
        ("/v1/analytics/tca?venue=nowhere", 400, "INVALID_PARAMS"),
        ("/v1/analytics/tca?routing_version=4", 400, "INVALID_PARAMS"),
        ("/v1/analytics/tca?routing_version=0", 400, "INVALID_PARAMS"),
        ("/v1/analytics/tca/timeseries?interval=2h", 400, "INVALID_PARAMS"),
        ("/v1/analytics/tca/report?limit=0", 400, "INVALID_PARAMS"),
        ("/v1/analytics/nothing", 404, "NOT_FOUND"),
    ],
)
def test_what_cannot_be_answered_is_refused(traded: Traded, path: str, status: int, code: str) -> None:
    assert_error(traded.api.get(path), status, code)


def test_a_key_is_needed(traded: Traded) -> None:
    for path in ("/v1/tca", "/v1/intelligence/depth?symbol=BTC-USD", "/v1/analytics/portfolio"):
        assert traded.api.get(path, headers={"Authorization": "Bearer nobody"}).status_code == 401


def test_a_cold_market_warms_up_by_being_asked_about() -> None:
    with Sandbox(seed=11) as running, connect(running) as api:
        paths = [
            "/v1/intelligence/depth?symbol={}",
            "/v1/intelligence/slippage?symbol={}",
            "/v1/intelligence/routing?symbol={}",
            "/v1/execution/forecast?symbol={}&side=buy&qty=1",
        ]
        markets = [each["symbol"] for each in api.get("/v1/symbols").json() if each["type"] == "prediction"]
        for path, symbol in zip(paths, markets, strict=False):
            cold, warm = (api.get(path.format(symbol)).json() for _ in range(2))
            assert (cold.pop("source"), warm.pop("source")) == ("edge_rpc_snapshot", "edge_nbbo")
            assert cold == warm


def test_a_closed_market_has_no_books_and_its_orders_still_have_costs() -> None:
    with Sandbox(seed=11) as running, connect(running) as api:
        api.post("/v1/orders", json=order_body(KALSHI, qty_1e8=10**9, graph_id="g"))
        running.resolve(KALSHI, "Yes")
        running.advance(seconds=5)
        depth = api.get(f"/v1/intelligence/depth?symbol={KALSHI}").json()
        assert (depth["bids"], depth["asks"], depth["source"]) == ([], [], "unavailable")
        routing = api.get(f"/v1/intelligence/routing?symbol={KALSHI}").json()
        assert (routing["legs"], routing["est_cost_bps"]) == ([], None)
        forecast = api.get(f"/v1/execution/forecast?symbol={KALSHI}&side=buy&qty=1").json()
        assert (forecast["expected_cost_bps"], forecast["venue_mix"], forecast["urgency_tradeoff"][0]["cost_bps"]) == (
            None,
            [],
            None,
        )
        simulated = api.get(f"/v1/execution/simulate?symbol={KALSHI}&side=buy&qty=1").json()
        assert {scenario["fill_rate"] for scenario in simulated["scenarios"]} == {0.0}
        assert api.get(f"/v1/intelligence/venues?symbol={KALSHI}").status_code == 200
        report = api.get(f"/v1/tca?symbol={KALSHI}").json()
        assert report["order_count"] == 1
        assert report["orders"][0]["is_prediction"] is True
        assert report["orders"][0]["benchmark_source"] == "recent_prints"
