"""Funding of perps: what is asked, and what is refused before any request."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from sequence_markets import FundingRate, Sequence
from tests.client.conftest import MakeClient, MakeServer
from tests.client.server import Received, Reply

RATE: dict[str, Any] = {
    "venue": "hyperliquid",
    "symbol": "ETH-USD-PERP",
    "rate_bps_per_hour": 0.11,
    "predicted_rate_bps_per_hour": 0.12,
    "mark_price_1e9": 3101250000000,
    "open_interest_1e8": 812300000000,
    "next_settlement_ns": 1790003600000000000,
    "snapshot_age_ms": 250,
}
RATES = {"unit": "bps_per_hour", "rates": [RATE]}
HISTORY = {"symbol": "X", "venue": "okx", "count": 1, "points": [{"ts_ns": 1, "rate_1e9": -100000}]}

ASKED: list[tuple[Callable[[Sequence], object], str]] = [
    (lambda s: s.funding_rates(), "/v1/market/funding-rates"),
    (lambda s: s.funding_rates("okx"), "/v1/market/funding-rates?venue=okx"),
    (lambda s: s.funding_rates(symbol="BTC/USD"), "/v1/market/funding-rates?symbol=BTC%2FUSD"),
    (lambda s: s.funding_rate("okx", "BTC-PERP"), "/v1/market/funding-rates?venue=okx&symbol=BTC-PERP"),
    (lambda s: s.funding_history("BTC-USDT", "binance"), "/v1/funding_history/BTC-USDT?venue=binance&range=1m"),
    (lambda s: s.funding_history("a/b", "okx", "max"), "/v1/funding_history/a%2Fb?venue=okx&range=max"),
    (
        lambda s: s.funding_history("X", "bybit", start_ts=5, end_ts=datetime(1970, 1, 1, 0, 0, 8, 1, tzinfo=UTC)),
        "/v1/funding_history/X?venue=bybit&range=1m&start_ts=5&end_ts=9",
    ),
]


@pytest.mark.parametrize(("call", "target"), ASKED, ids=[target for _, target in ASKED])
def test_funding_is_asked_for(
    serve: MakeServer, connect: MakeClient, call: Callable[[Sequence], object], target: str
) -> None:
    def answer(request: Received) -> Reply:
        return Reply(body=HISTORY if "history" in request.target else RATES)

    server = serve(answer)
    assert call(connect(server)) in (RATES, RATE, HISTORY)
    (sent,) = server.received
    assert (sent.method, sent.target, sent.body) == ("GET", target, b"")


def test_one_rate_is_the_first_row_or_none(serve: MakeServer, connect: MakeClient) -> None:
    client = connect(
        serve([Reply(body={"unit": "bps_per_hour", "rates": [RATE, {}]}), Reply(body={**RATES, "rates": []})])
    )
    with pytest.raises(Exception, match=r"rates\[1\]"):
        client.funding_rate("hyperliquid", "ETH-PERP")
    assert client.funding_rate("hyperliquid", "ETH-PERP") is None


def test_a_rate_reads_as_documented(serve: MakeServer, connect: MakeClient) -> None:
    found = connect(serve(Reply(body=RATES))).funding_rate("hyperliquid", "ETH-PERP")
    assert isinstance(found, FundingRate)
    assert found["rate_bps_per_hour"] == found.rate_bps_per_hour == 0.11
    assert (found.rate_per_hour, found.rate_per_year) == (Decimal("0.000011"), Decimal("0.096360"))
    assert (found.mark_price, found.open_interest) == (Decimal("3101.25"), Decimal(8123))
    assert found.next_settlement is not None
    assert found.next_settlement.timestamp() == 1790003600


def test_a_venue_that_says_little_is_enough(serve: MakeServer, connect: MakeClient) -> None:
    bare = {name: RATE[name] for name in ("venue", "symbol", "rate_bps_per_hour")}
    bare |= {"predicted_rate_bps_per_hour": None, "mark_price_1e9": None}
    found = connect(serve(Reply(body={**RATES, "rates": [bare]}))).funding_rates().rates[0]
    assert (found.predicted_rate_bps_per_hour, found.mark_price, found.next_settlement) == (None, None, None)


REFUSED: list[tuple[Callable[[Any], object], type[Exception], str]] = [
    (lambda s: s.funding_rates(""), ValueError, "venue must not be empty"),
    (lambda s: s.funding_rates(None, 5), TypeError, "symbol must be a str"),
    (lambda s: s.funding_rate("okx", ""), ValueError, "symbol must not be empty"),
    (lambda s: s.funding_rate(None, "X"), TypeError, "venue must be a str"),
    (lambda s: s.funding_history("", "okx"), ValueError, "symbol must not be empty"),
    (lambda s: s.funding_history("..", "okx"), ValueError, "symbol must not be"),
    (
        lambda s: s.funding_history("X", "kraken"),
        ValueError,
        "venue must be one of 'binance', 'bybit', 'okx', 'hyperliquid'",
    ),
    (lambda s: s.funding_history("X", None), TypeError, "venue must be a str"),
    (lambda s: s.funding_history("X", "okx", "6h"), ValueError, "range must be one of"),
    (lambda s: s.funding_history("X", "okx", None), TypeError, "range must be a str"),
    (lambda s: s.funding_history("X", "okx", start_ts=1), ValueError, "give both start_ts and end_ts"),
    (lambda s: s.funding_history("X", "okx", start_ts=2, end_ts=2), ValueError, "start_ts must be before end_ts"),
    (lambda s: s.funding_history("X", "okx", start_ts=-1, end_ts=2), ValueError, "start_ts must be at least 0"),
    (lambda s: s.funding_history("X", "okx", start_ts=1.5, end_ts=2), TypeError, "start_ts must be an int"),
    (lambda s: s.funding_history("X", "okx", start_ts=datetime(2026, 1, 1), end_ts=5), ValueError, "time zone"),  # noqa: DTZ001
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED, ids=[message for *_, message in REFUSED])
def test_what_cannot_work_is_refused_before_any_request(
    serve: MakeServer, connect: MakeClient, call: Callable[[Any], object], kind: type[Exception], message: str
) -> None:
    server = serve(Reply(body=RATES))
    with pytest.raises(kind, match=message):
        call(connect(server))
    assert not server.received
