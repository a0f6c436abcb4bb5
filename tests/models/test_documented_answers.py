"""The return shapes of the SDK reference, each with its documented fields and values of our own."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from sequence_markets.models import (
    Account,
    ActiveLifecycle,
    CryptoInstrument,
    Edges,
    EventContractInstrument,
    FiatInstrument,
    FillPage,
    GraphStatus,
    Order,
    OrderPage,
    PerpInstrument,
    Positions,
    Quote,
    QuoteBatch,
    QuoteError,
    ResolvedLifecycle,
    RiskLimits,
    SequenceModel,
    Submission,
    Symbol,
    UnknownInstrument,
    UnknownLifecycle,
    VenueStatus,
    decode,
    decode_rows,
)

QUOTE: dict[str, Any] = {
    "symbol": "ETH-USD",
    "source": "edge_nbbo",
    "nbbo": {"bid": 3101.1, "ask": 3101.4, "mid": 3101.25, "spread_bps": 0.967},
    "venues": {
        "kraken": {"bid": 3101.1, "ask": 3101.6, "bid_size": 4.5, "ask_size": 2, "age_ms": 38},
        "coinbase": {"bid": 3100.9, "ask": 3101.4, "bid_size": 1.25, "ask_size": 0.75, "age_ms": 51},
    },
    "book": {
        "bids": [{"price": 3101.1, "size": 4.5, "venue": "kraken"}],
        "asks": [{"price": 3101.4, "size": 0.75, "venue": "coinbase"}],
    },
}
POSITIONS: dict[str, Any] = {
    "positions": [
        {
            "id": 7,
            "venue": "kraken",
            "instrument": {"kind": "crypto", "symbol": "USDC"},
            "qty_1e8": 123_456_789_000,
            "locked_qty_1e8": 0,
            "available_qty_1e8": 123_456_789_000,
            "entry_price_usd_1e9": 1_000_000_000,
            "current_price_usd_1e9": 1_000_000_000,
            "current_value_usd_1e9": 1_234_567_890_000,
            "unrealized_pnl_usd_1e9": 0,
            "realized_pnl_usd_1e9": 0,
            "fees_usd_1e9": 0,
            "lifecycle": {"state": "active"},
            "transferable": True,
            "settled": False,
            "settled_mark_usd_1e9": None,
        },
        {
            "venue": "kalshi",
            "instrument": {"kind": "event_contract", "market_slug": "KXRAIN-26", "outcome": "YES"},
            "qty_1e8": 500_000_000,
            "current_price_usd_1e9": 1_000_000_000,
            "current_value_usd_1e9": 5_000_000_000,
            "lifecycle": {
                "state": "resolved",
                "outcome": "YES",
                "economic_value_usd_1e9": 5_000_000_000,
                "resolved_at": 1_790_000_000,
            },
            "settled": True,
            "settled_mark_usd_1e9": 1_000_000_000,
        },
        {
            "venue": "hyperliquid",
            "instrument": {"kind": "perp", "symbol": "BTC-PERP", "base": "BTC"},
            "qty_1e8": -25_000_000,
            "lifecycle": {"state": "active"},
        },
        {"venue": "coinbase", "instrument": {"kind": "fiat", "code": "USD"}, "qty_1e8": 1, "lifecycle": {"state": "x"}},
        {"venue": "new", "instrument": {"kind": "bond", "isin": "XS1"}, "qty_1e8": 1, "lifecycle": {"state": "active"}},
    ],
    "totals": {
        "nav_usd_1e9": 1_234_567_890_000,
        "cash_usd_1e9": 1_234_567_890_000,
        "unrealized_pnl_usd_1e9": -250_000_000,
        "realized_pnl_usd_1e9": 0,
        "fees_usd_1e9": 0,
        "num_positions": 5,
    },
    "as_of_ns": 1_790_000_000_123_456_789,
}
ORDER: dict[str, Any] = {
    "node_order_id": "graph:graph_1:order:1",
    "symbol": "ETH-USD",
    "side": "BUY",
    "status": "PARTIAL",
    "qty_1e8": 25_000_000,
    "filled_qty_1e8": 10_000_000,
    "failure_reason": None,
}
FILL: dict[str, Any] = {
    "fill_id": "f_1",
    "node_order_id": "graph:graph_1:order:1",
    "symbol": "ETH-USD",
    "side": "BUY",
    "qty_1e8": 10_000_000,
    "price_1e9": 3_101_400_000_000,
    "venue": "coinbase",
    "fee_1e9": 310_140_000,
    "timestamp_ns": 1_790_000_000_500_000_999,
}
PAGE: dict[str, Any] = {"total": 1, "limit": 50, "offset": 0, "has_more": False}
GRAPH: dict[str, Any] = {
    "graph_id": "graph_1",
    "client_id": "client_1",
    "status": "active",
    "nodes": {
        "spot": {
            "status": "filled",
            "node_order_id": "graph:graph_1:spot:1",
            "target_qty_1e8": 20_000_000_000,
            "filled_qty_1e8": 20_000_000_000,
            "avg_fill_price_1e9": 3_101_530_000_000,
            "fill_count": 3,
        },
        "hedge": {"status": "armed", "avg_fill_price_1e9": None},
    },
    "edges": {"e_spot_hedge": {"status": "fired", "fired": True}},
}
ANSWERS: list[tuple[type[SequenceModel], dict[str, Any]]] = [
    (Quote, QUOTE),
    (Quote, {key: QUOTE[key] for key in ("symbol", "nbbo", "venues", "book")}),
    (QuoteBatch, {"quotes": [QUOTE, {"symbol": "bad", "error": "no such symbol"}], "count": 2, "elapsed_ms": 215}),
    (Positions, POSITIONS),
    (Account, {}),
    (Account, {"tier": "paid", "rate_limit_qps": 50, "features": {"algo": True}}),
    (RiskLimits, {"max_notional_usd": 1e6, "max_drawdown_usd": 5e4, "kill_switch_active": False, "more": 1}),
    (Edges, {"edges": [{"edge_id": "venue-edge-kraken", "status": "connected"}]}),
    (Submission, {"graph_id": "graph_1", "status": "active", "node_count": 1, "edge_count": 0}),
    (Order, ORDER),
    (OrderPage, {"orders": [ORDER], **PAGE}),
    (FillPage, {"fills": [FILL], **PAGE}),
    (FillPage, {"fills": []}),
    (GraphStatus, GRAPH),
]


@pytest.mark.parametrize(("model", "raw"), ANSWERS, ids=lambda each: getattr(each, "__name__", ""))
def test_documented_answers_are_read(model: type[SequenceModel], raw: dict[str, Any]) -> None:
    answer = decode(json.dumps(raw).encode(), model)
    assert answer.raw == raw
    assert json.dumps(answer.raw) == json.dumps(raw)


def test_a_quote() -> None:
    quote = Quote.model_validate(QUOTE)
    assert quote.nbbo.bid == quote["nbbo"]["bid"] == 3101.1
    assert quote.venues["kraken"].age_ms == 38
    assert list(quote.venues) == ["kraken", "coinbase"]
    assert quote.book is not None
    assert [(level.venue, level.price) for level in quote.book.asks] == [("coinbase", 3101.4)]
    assert quote.region is None


def test_a_batch_tells_quotes_from_errors_by_type_and_by_key() -> None:
    batch = QuoteBatch.model_validate({"quotes": [QUOTE, {"symbol": "bad", "error": "unknown"}], "count": 2})
    assert [type(entry) for entry in batch.quotes] == [Quote, QuoteError]
    assert [entry["symbol"] for entry in batch.quotes if "error" not in entry] == ["ETH-USD"]
    assert [entry.symbol for entry in batch.quoted] == ["ETH-USD"]
    assert [entry.error for entry in batch.failed] == ["unknown"]
    assert batch.elapsed_ms is None


def test_positions_of_every_kind() -> None:
    held = Positions.model_validate(POSITIONS)
    cash, event, perp, fiat, newer = held.positions
    assert [type(each.instrument) for each in held.positions] == [
        CryptoInstrument,
        EventContractInstrument,
        PerpInstrument,
        FiatInstrument,
        UnknownInstrument,
    ]
    assert isinstance(cash.lifecycle, ActiveLifecycle)
    assert isinstance(event.lifecycle, ResolvedLifecycle)
    assert event.lifecycle.economic_value_usd == 5
    assert isinstance(fiat.lifecycle, UnknownLifecycle)
    assert fiat.lifecycle.tag == fiat.lifecycle["state"] == "x"
    assert isinstance(newer.instrument, UnknownInstrument)
    assert newer.instrument.tag == "bond"
    assert newer.instrument["isin"] == "XS1"
    assert perp.qty == Decimal("-0.25")
    assert cash.settled_mark_usd is None
    assert event.settled_mark_usd == 1
    assert event.locked_qty is None
    assert str(held.totals.nav_usd) == "1234.567890000"
    assert held.totals.unrealized_pnl_usd == Decimal("-0.25")
    assert held.as_of == datetime.fromtimestamp(1_790_000_000, UTC).replace(microsecond=123_456)
    assert list(held.by_kind("perp")) == [perp]


def test_orders_fills_and_graphs() -> None:
    page = FillPage.model_validate({"fills": [FILL], **PAGE})
    (fill,) = page
    assert (fill.qty, fill.price, fill.fee) == (Decimal("0.1"), Decimal("3101.4"), Decimal("0.31014"))
    assert fill.timestamp.microsecond == 500_000
    order = Order.model_validate(ORDER)
    assert (order.filled_qty, order.avg_fill_price, order.limit_price, order.created_unix) == (
        Decimal("0.1"),
        None,
        None,
        None,
    )
    assert not order.is_final
    assert order.model_copy(update={"status": "FILLED"}).is_final
    graph = GraphStatus.model_validate(GRAPH)
    assert graph.nodes["spot"].avg_fill_price == Decimal("3101.53")
    assert graph.nodes["hedge"].target_qty is None
    assert graph.edges["e_spot_hedge"].fired
    assert not graph.is_final


@pytest.mark.parametrize("envelope", [None, "symbols", "data"])
def test_lists_of_rows(envelope: str | None) -> None:
    row = {"symbol": "BTC-USD", "base": "BTC", "quote": "USD", "venues": ["kraken"], "type": "spot", "items": 1}
    body = [row, {**row, "symbol": "ETH-USD"}]
    rows = decode_rows(
        json.dumps({envelope: body, "count": 2} if envelope else body).encode(), Symbol, ("symbols", "data")
    )
    assert isinstance(rows, list)
    as_documented: object = body
    assert rows == as_documented
    assert as_documented == rows
    assert rows.raw == body
    assert [each.symbol for each in rows] == ["BTC-USD", "ETH-USD"]
    assert all(one is each.raw for one, each in zip(rows.raw, rows, strict=True))
    assert rows[0].venues == ("kraken",)


def test_a_venue_row_may_omit_everything_optional() -> None:
    (row,) = decode_rows(b'[{"venue": "kraken", "connected": true}]', VenueStatus)
    assert (row.last_heartbeat_ns, row.last_heartbeat, row.error) == (None, None, None)
    assert "error" not in row
    assert row.get("error") is None
