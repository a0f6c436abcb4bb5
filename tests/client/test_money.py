"""Quantities and prices arrive exact, and what cannot be exact does not leave."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest

from sequence_markets import Sequence
from tests.client.answers import SUBMISSION
from tests.client.conftest import KEY
from tests.client.server import Reply, Server

SUBMITTED = Reply(body=SUBMISSION)

Pair = tuple[Sequence, Server]
KINDS: dict[str, Callable[[str], Any]] = {"float": float, "str": str, "Decimal": Decimal}
QUANTITIES = [f"{n // 100}.{n % 100:02}" for n in range(1, 10_000)]
PRICES = [f"{n // 10_000}.{n % 10_000:04}" for n in range(1, 10_001)]


def node_of(body: dict[str, object]) -> dict[str, Any]:
    nodes: Any = body["nodes"]
    node: dict[str, Any] = nodes[0]
    return node


@pytest.mark.parametrize("kind", KINDS)
def test_every_two_decimal_quantity_and_every_four_decimal_price_arrives_exact(kind: str) -> None:
    read = KINDS[kind]
    with Server(SUBMITTED) as server, Sequence(KEY, server.url) as seq:

        def send(pair: tuple[str | None, str]) -> None:
            qty, price = pair
            seq.buy("KX-1", 1 if qty is None else read(qty), venue="kalshi", limit_price=read(price))

        # A quantity and a price to a request: each of the 9,999 and of the 10,000 travels.
        pairs: list[tuple[str | None, str]] = list(zip([*QUANTITIES, None], PRICES, strict=True))
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(send, pairs, chunksize=500))
        arrived = sorted(
            (node["order_type"]["limit"]["price_1e9"], node["quantity"]["fixed"]["qty_1e8"])
            for node in (node_of(each.json) for each in server.received)
        )
    quantities = [int(text.replace(".", "")) * 1_000_000 for text in QUANTITIES]
    prices = [int(text.replace(".", "")) * 100_000 for text in PRICES]
    assert arrived == list(zip(prices, [*quantities, 100_000_000], strict=True))


def test_the_quantity_that_float_arithmetic_loses_arrives(seq: Pair) -> None:
    client, server = seq
    client.buy("BTC-USD", 0.29, limit_price=528.42)
    node = node_of(server.received[0].json)
    assert node["quantity"] == {"fixed": {"qty_1e8": 29_000_000}}
    assert node["order_type"] == {"limit": {"price_1e9": 528_420_000_000}}


BAD = [
    float("nan"), float("inf"), float("-inf"), Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), "nan", "inf", "",
    "ten", "1,5", 0, 0.0, "0", Decimal(0), -1, -0.5, "-1", 1e30, "9" * 40, 10**40,
]  # fmt: skip


@pytest.mark.parametrize("value", [*BAD, "0.000000001", 1e-9, Decimal("1.123456789")], ids=repr)
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_a_wrong_quantity_does_not_leave(seq: Pair, value: Any, side: str) -> None:
    client, server = seq
    with pytest.raises(ValueError, match="qty"):
        getattr(client, side)("BTC-USD", value)
    assert server.received == []


@pytest.mark.parametrize("value", [*BAD, "0.0000000001", 1e-10], ids=repr)
def test_a_wrong_limit_price_does_not_leave_and_never_means_a_market_order(seq: Pair, value: Any) -> None:
    client, server = seq
    with pytest.raises(ValueError, match="limit_price"):
        client.buy("KX-1", 1, limit_price=value)
    assert server.received == []


@pytest.mark.parametrize("value", [True, False])
def test_a_bool_is_no_number(seq: Pair, value: Any) -> None:
    client, server = seq
    with pytest.raises(ValueError, match="qty"):
        client.buy("BTC-USD", value)
    with pytest.raises(ValueError, match="limit_price"):
        client.buy("BTC-USD", 1, limit_price=value)
    assert server.received == []


def test_the_message_names_the_nearest_that_fits(seq: Pair) -> None:
    client, _ = seq
    with pytest.raises(ValueError, match=r"qty.*1\.123456789.*1\.12345679"):
        client.buy("BTC-USD", "1.123456789")


PREDICTIONS: list[dict[str, Any]] = [{"instrument_type": "prediction"}, {"venue": "kalshi"}, {"venue": "polymarket"}]


@pytest.mark.parametrize("market", PREDICTIONS, ids=str)
def test_a_price_of_a_prediction_market_lies_between_0_and_1(seq: Pair, market: dict[str, Any]) -> None:
    client, server = seq
    client.buy("KX-1", 1, limit_price=1, **market)
    client.buy("KX-1", 1, limit_price="0.000000001", **market)
    assert len(server.received) == 2
    for price in (1.01, "1.000000001", 55):
        with pytest.raises(ValueError, match="limit_price"):
            client.buy("KX-1", 1, limit_price=price, **market)
    assert len(server.received) == 2


WRONG: list[tuple[dict[str, Any], type[Exception]]] = [
    ({"price": 0.5}, TypeError),
    ({"limit": 0.5}, TypeError),
    ({"slippage": 5}, TypeError),
    ({"qty_1e8": 5}, TypeError),
    ({"urgency": "HIGH"}, ValueError),
    ({"urgency": 3}, TypeError),
    ({"policy": "vwap"}, ValueError),
    ({"tif": "gtc"}, ValueError),
    ({"tif": "DAY"}, ValueError),
    ({"instrument_type": "option"}, ValueError),
    ({"instrument_type": None}, TypeError),
    ({"max_slippage_bps": 10.0}, TypeError),
    ({"max_slippage_bps": "10"}, TypeError),
    ({"max_slippage_bps": True}, TypeError),
    ({"max_slippage_bps": -1}, ValueError),
    ({"horizon_ms": 0}, ValueError),
    ({"horizon_ms": True}, TypeError),
    ({"horizon_ms": 2**63}, ValueError),
    ({"sandbox": 1}, TypeError),
    ({"sandbox": "true"}, TypeError),
    ({"venue": ""}, ValueError),
    ({"venue": 7}, TypeError),
    ({"graph_id": ""}, ValueError),
    ({"graph_id": "a:b"}, ValueError),
    ({"graph_id": "a/b"}, ValueError),
    ({"graph_id": ".."}, ValueError),
    ({"graph_id": "x" * 129}, ValueError),
    ({"graph_id": 7}, TypeError),
    ({"timeout": 0}, ValueError),
]


@pytest.mark.parametrize(("options", "kind"), WRONG, ids=[str(options) for options, _ in WRONG])
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_a_wrong_option_does_not_leave(seq: Pair, side: str, options: dict[str, Any], kind: type[Exception]) -> None:
    client, server = seq
    with pytest.raises(kind):
        getattr(client, side)("BTC-USD", 1, **options)
    assert server.received == []


@pytest.mark.parametrize(("symbol", "kind"), [("", ValueError), (None, TypeError), (7, TypeError)])
def test_a_wrong_symbol_does_not_leave(seq: Pair, symbol: Any, kind: type[Exception]) -> None:
    client, server = seq
    with pytest.raises(kind):
        client.buy(symbol, 1)
    assert server.received == []
