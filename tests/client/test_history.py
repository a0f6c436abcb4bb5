"""Price histories: what is asked, and what is refused before any request."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sequence_markets import Sequence
from tests.client.conftest import MakeClient, MakeServer
from tests.client.server import Reply

HISTORY: dict[str, Any] = {
    "symbol": "BTC-USDC",
    "source": "tape",
    "window": {"start_ts_s": 1776000000, "end_ts_s": 1776086400},
    "points": [
        {"ts_ns": 1776000000000000000, "price_1e9": 73984123456789, "qty_1e8": None, "side": None, "venue_id": None}
    ],
    "underlying": None,
}
ASKED: list[tuple[Callable[[Sequence], object], str]] = [
    (lambda s: s.price_history("BTC-USD"), "BTC-USD?range=1d&fidelity_secs=60"),
    (
        lambda s: s.price_history("BTC-USDT", range="1y", fidelity_secs=3600, venue="binance"),
        "BTC-USDT?range=1y&fidelity_secs=3600&venue=binance",
    ),
    (lambda s: s.price_history("BTC/USD", "1w", 60), "BTC%2FUSD?range=1w&fidelity_secs=60"),
    (
        lambda s: s.price_history("x:yes", fidelity_secs=0, limit=50_000, underlying=True, paginate=True),
        "x%3Ayes?range=1d&fidelity_secs=0&limit=50000&paginate=true&underlying=true",
    ),
    (
        lambda s: s.price_history("A", start_ts=1_776_000_000, end_ts=1_776_086_400),
        "A?range=1d&fidelity_secs=60&start_ts=1776000000&end_ts=1776086400",
    ),
    (
        lambda s: s.price_history(
            "A",
            start_ts=datetime(2026, 4, 12, 13, 20, 0, 900_000, UTC),
            end_ts=datetime(2026, 4, 13, 13, 20, 0, 100_000, UTC),
        ),
        "A?range=1d&fidelity_secs=60&start_ts=1776000000&end_ts=1776086401",
    ),
]


@pytest.mark.parametrize(("call", "target"), ASKED, ids=[target for _, target in ASKED])
def test_a_history_is_asked_for(
    serve: MakeServer, connect: MakeClient, call: Callable[[Sequence], object], target: str
) -> None:
    server = serve(Reply(body=HISTORY))
    assert call(connect(server)) == HISTORY
    (sent,) = server.received
    assert (sent.method, sent.target, sent.body) == ("GET", f"/v1/price_history/{target}", b"")


NAIVE = datetime(2026, 4, 12)  # noqa: DTZ001
AWARE = datetime(2026, 4, 12, tzinfo=UTC)
REFUSED: list[tuple[Callable[[Any], object], type[Exception], str]] = [
    (lambda s: s.price_history(""), ValueError, "symbol must not be empty"),
    (lambda s: s.price_history("X", "1s"), ValueError, "range must be one of '1h'"),
    (lambda s: s.price_history("X", None), TypeError, "range must not be None"),
    (lambda s: s.price_history("X", "1y", 3600, "binance"), TypeError, "positional"),
    (lambda s: s.price_history("X", fidelity_secs=-1), ValueError, "fidelity_secs must be at least 0"),
    (lambda s: s.price_history("X", fidelity_secs=60.0), TypeError, "fidelity_secs must be an int"),
    (lambda s: s.price_history("X", limit=5), ValueError, "limit applies to ticks only"),
    (lambda s: s.price_history("X", fidelity_secs=0, limit=0), ValueError, "limit must be at least 1"),
    (lambda s: s.price_history("X", venue=""), ValueError, "venue must not be empty"),
    (lambda s: s.price_history("X", paginate=1), TypeError, "paginate must be a bool"),
    (lambda s: s.price_history("X", underlying=None), TypeError, "underlying must be a bool"),
    (lambda s: s.price_history("X", start_ts=5), ValueError, "give both start_ts and end_ts"),
    (lambda s: s.price_history("X", end_ts=AWARE), ValueError, "give both start_ts and end_ts"),
    (lambda s: s.price_history("X", start_ts=5, end_ts=5), ValueError, "start_ts must be before end_ts"),
    (lambda s: s.price_history("X", start_ts=-5, end_ts=5), ValueError, "start_ts must be at least 0"),
    (lambda s: s.price_history("X", start_ts=5.0, end_ts=9), TypeError, "start_ts must be an int"),
    (lambda s: s.price_history("X", start_ts=NAIVE, end_ts=AWARE), ValueError, "start_ts must carry a time zone"),
    (
        lambda s: s.price_history("X", start_ts=AWARE, end_ts=AWARE - timedelta(1)),
        ValueError,
        "start_ts must be before end_ts",
    ),
]


@pytest.mark.parametrize(("call", "error", "words"), REFUSED)
def test_what_cannot_be_is_refused_before_any_request(
    serve: MakeServer, connect: MakeClient, call: Callable[[Any], object], error: type[Exception], words: str
) -> None:
    server = serve()
    with pytest.raises(error, match=words):
        call(connect(server))
    assert not server.received
