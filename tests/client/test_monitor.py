"""Monitoring and analytics: what is asked, and what is refused before any request."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from sequence_markets import NotFoundError, ResponseValidationError, Sequence
from tests.client.answers import error
from tests.client.conftest import MakeClient, MakeServer
from tests.client.server import Reply

ORDER = "graph:graph_7e:order:1"
CODED = "graph%3Agraph_7e%3Aorder%3A1"
SIZES = "1000%2C10000%2C100000%2C1000000"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)

ASKED: list[tuple[Callable[[Sequence], object], str]] = [
    (lambda s: s.tca(), "/v1/tca"),
    (lambda s: s.tca("BTC-USD"), "/v1/tca?symbol=BTC-USD"),
    (lambda s: s.intel("KX-1:NO"), "/v1/intelligence/venues?symbol=KX-1%3ANO"),
    (lambda s: s.slippage("SOL-USD"), f"/v1/intelligence/slippage?symbol=SOL-USD&side=buy&sizes={SIZES}"),
    (
        lambda s: s.slippage("SOL-USD", "sell", sizes=["0.5", 1e6]),
        "/v1/intelligence/slippage?symbol=SOL-USD&side=sell&sizes=0.5%2C1000000",
    ),
    (lambda s: s.routing("SOL-USD"), "/v1/intelligence/routing?symbol=SOL-USD&side=buy&qty=1"),
    (
        lambda s: s.routing("SOL-USD", "sell", Decimal("0.00000001")),
        "/v1/intelligence/routing?symbol=SOL-USD&side=sell&qty=0.00000001",
    ),
    (lambda s: s.depth("SOL-USD"), "/v1/intelligence/depth?symbol=SOL-USD"),
    (lambda s: s.forecast("SOL-USD", "buy", 100), "/v1/execution/forecast?symbol=SOL-USD&side=buy&qty=100"),
    (lambda s: s.simulate("SOL-USD", "sell", 0.1), "/v1/execution/simulate?symbol=SOL-USD&side=sell&qty=0.1"),
    (
        lambda s: s.simulate("SOL-USD", "buy", "2.50", urgency="low"),
        "/v1/execution/simulate?symbol=SOL-USD&side=buy&qty=2.5&urgency=low",
    ),
    (lambda s: s.execution_live(ORDER), f"/v1/execution/live/{CODED}"),
    (lambda s: s.execution_review(ORDER), f"/v1/execution/review/{CODED}"),
    (lambda s: s.execution_summary(), "/v1/execution/summary"),
    (lambda s: s.trace(ORDER), f"/v1/traces?node_order_id={CODED}&limit=100"),
    (lambda s: s.trace(ORDER, limit=7), f"/v1/traces?node_order_id={CODED}&limit=7"),
    (lambda s: s.fair_price(), "/v1/fair_price"),
    (lambda s: s.fair_price("ETH"), "/v1/fair_price?underlying=ETH"),
    (lambda s: s.analytics_market("A/B"), "/v1/analytics/market/A%2FB"),
    (lambda s: s.analytics_portfolio(), "/v1/analytics/portfolio"),
    (lambda s: s.analytics_execution(), "/v1/analytics/execution"),
    (lambda s: s.analytics_venues(), "/v1/analytics/venues"),
    (lambda s: s.analytics_tca(), "/v1/analytics/tca"),
    (lambda s: s.analytics_tca_report(), "/v1/analytics/tca/report?limit=50"),
    (lambda s: s.analytics_tca_report(limit=5, offset=10), "/v1/analytics/tca/report?limit=5&offset=10"),
    (lambda s: s.analytics_tca_timeseries("X", interval="1d"), "/v1/analytics/tca/timeseries?symbol=X&interval=1d"),
    (lambda s: s.analytics_tca_venues(venue="okx"), "/v1/analytics/tca/venues?venue=okx"),
    (lambda s: s.analytics_tca_quality(routing_version=2), "/v1/analytics/tca/quality?routing_version=2"),
    (lambda s: s.analytics_ab_report(), "/v1/analytics/ab_report"),
]


@pytest.mark.parametrize(("call", "target"), ASKED, ids=[target for _, target in ASKED])
def test_a_method_asks_its_endpoint(
    serve: MakeServer, connect: MakeClient, call: Callable[[Sequence], object], target: str
) -> None:
    server = serve(Reply(body={}))
    answer: Any = call(connect(server.url))
    (sent,) = server.received
    assert (sent.method, sent.target, sent.body) == ("GET", target, b"")
    assert answer == {}, "an answer without any key is an answer"


def test_an_instant_goes_out_as_it_was_meant(serve: MakeServer, connect: MakeClient) -> None:
    server = serve(Reply(body={}))
    seq = connect(server.url)
    east = datetime(2026, 11, 22, 14, 30, 0, 250_000, tzinfo=timezone(timedelta(hours=2, minutes=30)))
    seq.analytics_tca("X", east, "2026-11-22T12:00:01Z", "kraken", 3)
    query = parse_qs(urlsplit(server.received[0].target).query)
    assert query == {
        "symbol": ["X"],
        "since": ["2026-11-22T14:30:00.250000+02:30"],
        "until": ["2026-11-22T12:00:01Z"],
        "venue": ["kraken"],
        "routing_version": ["3"],
    }


WRONG: list[tuple[Callable[[Sequence], object], type[Exception], str]] = [
    (lambda s: s.tca(""), ValueError, "symbol"),
    (lambda s: s.intel(""), ValueError, "symbol"),
    (lambda s: s.slippage("X", "hold"), ValueError, "side"),  # type: ignore[arg-type]
    (lambda s: s.slippage("X", sizes=[]), ValueError, "sizes"),
    (lambda s: s.slippage("X", sizes="1000"), TypeError, "sizes"),
    (lambda s: s.slippage("X", sizes=[1] * 21), ValueError, "sizes"),
    (lambda s: s.slippage("X", sizes=[0]), ValueError, "sizes"),
    (lambda s: s.routing("X", qty=0), ValueError, "qty"),
    (lambda s: s.routing("X", qty=float("nan")), ValueError, "qty"),
    (lambda s: s.routing("X", None), TypeError, "side"),  # type: ignore[arg-type]
    (lambda s: s.forecast("X", "buy", "0.000000001"), ValueError, "qty"),
    (lambda s: s.forecast("X", "buy", True), ValueError, "qty"),
    (lambda s: s.simulate("X", "buy", 1, "hasty"), ValueError, "urgency"),  # type: ignore[arg-type]
    (lambda s: s.execution_live(""), ValueError, "node_order_id"),
    (lambda s: s.execution_review(".."), ValueError, "node_order_id"),
    (lambda s: s.trace("x", limit=0), ValueError, "limit"),
    (lambda s: s.trace("x", limit=1001), ValueError, "limit"),
    (lambda s: s.fair_price(""), ValueError, "underlying"),
    (lambda s: s.analytics_market("."), ValueError, "symbol"),
    (lambda s: s.analytics_tca(since=datetime(2026, 1, 1)), ValueError, "since"),  # noqa: DTZ001
    (lambda s: s.analytics_tca(until="yesterday"), ValueError, "until"),
    (lambda s: s.analytics_tca(since=NOON, until="2026-11-22T12:00:00"), ValueError, "since must be before until"),
    (lambda s: s.analytics_tca(routing_version=4), ValueError, "routing_version"),
    (lambda s: s.analytics_tca_report(limit=501), ValueError, "limit"),
    (lambda s: s.analytics_tca_report(offset=-1), ValueError, "offset"),
    (lambda s: s.analytics_tca_timeseries(interval="2h"), ValueError, "interval"),  # type: ignore[arg-type]
    (lambda s: s.analytics_tca_timeseries(interval=None), TypeError, "interval"),  # type: ignore[arg-type]
    (lambda s: s.analytics_tca_venues(venue=""), ValueError, "venue"),
]


@pytest.mark.parametrize(("call", "kind", "names"), WRONG)
def test_what_cannot_be_is_refused_before_any_request(
    serve: MakeServer,
    connect: MakeClient,
    call: Callable[[Sequence], object],
    kind: type[Exception],
    names: str,
) -> None:
    server = serve(Reply(body={}))
    with pytest.raises(kind, match=names):
        call(connect(server.url))
    assert not server.received


def test_a_read_is_repeated_and_an_unknown_order_is_not_found(serve: MakeServer, connect: MakeClient) -> None:
    server = serve([error(503), Reply(body={"status": "FILLED"}), error(404, "NOT_FOUND")])
    seq = connect(server.url)
    assert seq.execution_live(ORDER).status == "FILLED"
    with pytest.raises(NotFoundError):
        seq.execution_review(ORDER)
    assert len(server.received) == 3


def test_a_documented_figure_of_a_wrong_type_is_named(serve: MakeServer, connect: MakeClient) -> None:
    seq = connect(serve(Reply(body={"savings_usd": "4.34"})).url)
    with pytest.raises(ResponseValidationError, match="savings_usd") as caught:
        seq.tca()
    assert caught.value.raw == {"savings_usd": "4.34"}
