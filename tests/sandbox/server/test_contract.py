"""Every answer of every endpoint is what the SDK's models say it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from sequence_markets.models import (
    Account,
    Edges,
    FillPage,
    GraphStatus,
    Order,
    OrderPage,
    Positions,
    Quote,
    QuoteBatch,
    RiskLimits,
    SequenceModel,
    Submission,
    Symbol,
    VenueStatus,
)
from sequence_markets.sandbox import Sandbox
from tests.sandbox.server.http import connect, order_body

_SYMBOLS = ("BTC-USD", "SOL-USDC", "ETH-USD-PERP", "KXBTCZ-26DEC31-T99000", "KXBTCZ-26DEC31-T99000:NO", "nope")


@dataclass
class Traded:
    """An account that has traded a little of everything, and the graphs it made."""

    api: httpx.Client
    graphs: list[str]


@pytest.fixture(scope="module")
def traded() -> Iterator[Traded]:
    with Sandbox(seed=11) as running, connect(running) as api:
        graphs: list[str] = []
        bodies = [
            order_body(),
            order_body("ETH-USD-PERP", "sell", 3_000_000_000),
            order_body("KXBTCZ-26DEC31-T99000", qty_1e8=500_000_000),
            order_body("fed-decision-in-october:no", qty_1e8=1_000_000_000),
            order_body("BTC-USD", "sell", 500_000),
            order_body("ETH-USD", limit_1e9=10**9),
            # Nothing there to sell: a rejected order is an order as well.
            order_body("SOL-USD", "sell"),
        ]
        for body in bodies:
            answer = api.post("/v1/orders", json=body)
            assert answer.status_code == 200, answer.text
            Submission.model_validate(answer.json())
            graphs.append(answer.json()["graph_id"])
            running.advance(seconds=1)
        api.post("/v1/credentials/kraken", json={"api_key": "k", "api_secret": "s"})
        yield Traded(api, graphs)
        running.check_invariants()


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("/v1/account", Account),
        ("/v1/risk_limits", RiskLimits),
        ("/v1/edges", Edges),
        ("/v1/orders", OrderPage),
        ("/v1/orders?limit=2&offset=1", OrderPage),
        ("/v1/fills", FillPage),
        ("/v1/positions", Positions),
        ("/v1/positions/unified?include_closed=true", Positions),
        *((f"/v1/quotes/{symbol}", Quote) for symbol in _SYMBOLS),
    ],
)
def test_an_answer_validates_and_keeps_its_raw_form(traded: Traded, path: str, model: type[SequenceModel]) -> None:
    answer = traded.api.get(path).json()
    assert model.model_validate(answer).raw == answer


@pytest.mark.parametrize(("path", "model"), [("/v1/symbols", Symbol), ("/v1/credentials", VenueStatus)])
def test_every_row_of_a_list_validates(traded: Traded, path: str, model: type[SequenceModel]) -> None:
    rows = traded.api.get(path).json()
    assert rows
    for row in rows:
        assert model.model_validate(row).raw == row


def test_every_short_quote_validates(traded: Traded) -> None:
    rows = traded.api.get("/v1/quotes").json()["quotes"]
    assert rows
    for row in rows:
        assert Quote.model_validate(row).raw == row


def test_a_batch_validates(traded: Traded) -> None:
    answer = traded.api.post("/v1/quotes_batch", json={"symbols": list(_SYMBOLS)}).json()
    batch = QuoteBatch.model_validate(answer)
    assert [entry.symbol for entry in batch.failed] == ["nope"]
    assert len(batch.quoted) == len(_SYMBOLS) - 1


def test_every_graph_and_order_validates(traded: Traded) -> None:
    statuses: set[str] = set()
    for graph_id in traded.graphs:
        graph = traded.api.get(f"/v1/execution_graphs/{graph_id}").json()
        assert GraphStatus.model_validate(graph).raw == graph
        order = traded.api.get(f"/v1/orders/graph:{graph_id}:order:1").json()
        assert Order.model_validate(order).raw == order
        statuses.add(order["status"])
    assert {"FILLED", "REJECTED"} <= statuses
    assert statuses & {"NEW", "PENDING", "ACCEPTED"}


def test_every_kind_of_position_is_there(traded: Traded) -> None:
    positions = Positions.model_validate(traded.api.get("/v1/positions").json()).positions
    assert {position.instrument.kind for position in positions} == {"fiat", "crypto", "perp", "event_contract"}
