"""Fees and previews: what is asked, and what is refused before any request."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from sequence_markets import Sequence
from tests.client.conftest import MakeClient, MakeServer
from tests.client.server import Reply

FEES: dict[str, Any] = {"ticker": "T", "fees": [{"venue": "kalshi", "maker_bps": None, "taker_bps": 350}]}
PREVIEW: dict[str, Any] = {
    "symbol": "BTC-USD",
    "side": "buy",
    "qty_1e8": 50_000_000,
    "candidate_venues": ["kraken"],
    "best_venue": None,
    "estimated_fee_bps": None,
    "worst_case_fee_bps": None,
    "estimated_slippage_bps": None,
    "estimated_total_cost_bps": None,
    "historical_ttff": None,
    "nbbo": {"bid_px_1e9": None, "ask_px_1e9": 90_000_000_000_000, "mid_px_1e9": None, "spread_bps": None},
    "source": "edge_nbbo",
    "generated_at_ns": 1790000000000000000,
}


ASKED: list[tuple[Callable[[Sequence], object], str]] = [
    (lambda s: s.fees("BTC-USD"), "/v1/fees?ticker=BTC-USD"),
    (lambda s: s.fees("KX-A:YES", ["kalshi", "okx"]), "/v1/fees?ticker=KX-A%3AYES&venues=kalshi%2Cokx"),
]


@pytest.mark.parametrize(("call", "target"), ASKED, ids=[target for _, target in ASKED])
def test_fees_are_asked_for(
    serve: MakeServer, connect: MakeClient, call: Callable[[Sequence], object], target: str
) -> None:
    server = serve(Reply(body=FEES))
    assert call(connect(server)) == FEES
    (sent,) = server.received
    assert (sent.method, sent.target, sent.body) == ("GET", target, b"")


@pytest.mark.parametrize(
    ("qty", "text"),
    [
        (0.29, "0.29"),
        ("0.00000001", "1e-08"),
        (Decimal("528.42"), "528.42"),
        (3, "3.0"),
        ("92233720368.5", "92233720368.5"),
    ],
)
def test_a_preview_sends_exactly_the_quantity_asked_for(
    serve: MakeServer, connect: MakeClient, qty: Any, text: str
) -> None:
    server = serve(Reply(body=PREVIEW))
    answer = connect(server).preview("BTC-USD", "buy", qty)
    (sent,) = server.received
    assert (sent.method, sent.target) == ("POST", "/v1/orders/preview")
    assert sent.body == b'{"symbol":"BTC-USD","side":"buy","order_type":"market","qty":%s}' % text.encode()
    assert Decimal(text) == Decimal(str(qty))
    assert (answer.nbbo.bid_px, answer.nbbo.ask_px, answer.best_venue) == (None, Decimal(90_000), None)


def test_a_preview_changes_nothing_and_so_may_be_repeated(serve: MakeServer, connect: MakeClient) -> None:
    server = serve([Reply(503, body={"error": "busy"}), Reply(body=PREVIEW)])
    assert connect(server).preview("BTC-USD", "sell", 1, "limit").qty == Decimal("0.5")
    first, second = server.received
    assert first.body == second.body


REFUSED: list[tuple[Callable[[Any], object], type[Exception], str]] = [
    (lambda s: s.fees(""), ValueError, "ticker must not be empty"),
    (lambda s: s.fees("X", "kraken"), TypeError, "venues must be a list of str"),
    (lambda s: s.fees("X", []), ValueError, "venues must not be empty"),
    (lambda s: s.fees("X", ["a,b"]), ValueError, "must not contain commas"),
    (lambda s: s.preview("", "buy", 1), ValueError, "symbol must not be empty"),
    (lambda s: s.preview("X", "BUY", 1), ValueError, "side must be one of"),
    (lambda s: s.preview("X", None, 1), TypeError, "side must not be None"),
    (lambda s: s.preview("X", "buy", 1, "stop"), ValueError, "order_type must be one of"),
    (lambda s: s.preview("X", "buy", 1, None), TypeError, "order_type must not be None"),
    (lambda s: s.preview("X", "buy", 0), ValueError, "qty must be more than zero"),
    (lambda s: s.preview("X", "buy", True), ValueError, "qty must be a number and not a bool"),
    (lambda s: s.preview("X", "buy", "0.123456789"), ValueError, "at most 8 decimals"),
    (lambda s: s.preview("X", "buy", "92233720368.12345678"), ValueError, "too many digits for a preview"),
]


@pytest.mark.parametrize(("call", "error", "words"), REFUSED)
def test_what_cannot_be_is_refused_before_any_request(
    serve: MakeServer, connect: MakeClient, call: Callable[[Any], object], error: type[Exception], words: str
) -> None:
    server = serve()
    with pytest.raises(error, match=words):
        call(connect(server))
    assert not server.received
