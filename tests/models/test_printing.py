"""What a person sees: short, by field, with human values."""

from __future__ import annotations

from typing import Any

import pytest
from rich.console import Console
from rich.pretty import pretty_repr

from sequence_markets.models import Account, Fill, GraphStatus, Nbbo, Order, Position, Quote, QuoteBatch

from .payloads import every_model, picks, sample

FILL: dict[str, Any] = {
    "fill_id": "f_1",
    "node_order_id": "graph:graph_1:order:1",
    "symbol": "ETH-USD",
    "side": "BUY",
    "qty_1e8": 50_000_000,
    "price_1e9": 90_010_000_000_000,
    "venue": "kraken",
    "fee_1e9": -1,
    "timestamp_ns": 1_790_000_000_500_000_999,
}


def test_views_stand_in_for_the_fields_they_read() -> None:
    assert repr(Fill.model_validate({**FILL, "liquidity": "taker"})) == (
        "Fill(fill_id='f_1', node_order_id='graph:graph_1:order:1', symbol='ETH-USD', side='BUY', qty=0.5, "
        "price=90010, venue='kraken', fee=-0.000000001, timestamp=2026-09-21T14:13:20.500000Z, liquidity='taker')"
    )


def test_only_what_was_received_is_shown() -> None:
    shown = repr(Order.model_validate({**sample(Order, whole=False), "limit_price_1e9": None}))
    assert "limit_price=None" in shown
    assert "avg_fill_price" not in shown
    assert repr(Account.model_validate({})) == "Account()"


def test_an_instant_that_no_datetime_holds_is_shown_as_received() -> None:
    assert "timestamp_ns=1000000000000000000000000000000)" in repr(
        Fill.model_validate({**FILL, "timestamp_ns": 10**30})
    )


def test_long_things_are_shortened() -> None:
    level = {"price": 1.0, "size": 2.0, "venue": "kraken"}
    quote = {**sample(Quote), "book": {"bids": [level] * 100, "asks": [level] * 4}}
    batch = QuoteBatch.model_validate({"quotes": [quote] * 2000, "count": 2000})
    shown = repr(batch)
    assert "… 97 more]" in shown
    assert "… 1 more]" in shown
    assert "… 1997 more]" in shown
    assert len(shown) < 3_500
    new: dict[str, Any] = {
        "text": "x" * 10_000,
        "list": ["y" * 10_000] * 10_000,
        "dict": {"z" * 10_000 + str(n): n for n in range(1_000)},
        "deep": [[[[[[[[[[[["never shown"]]]]]]]]]]]],
        "k" * 10_000: 1,
        "number": 10**5_000,
        "float": 1e300,
    }
    shown = repr(Account.model_validate(new))
    assert len(shown) < 1_000
    assert "10000 chars" in shown
    assert "never shown" not in shown
    assert "<integer of 16610 bits>" in shown
    assert "… 988 more" in repr(Account.model_validate({f"new_{n}": n for n in range(1_000)}))


@pytest.mark.parametrize("bits", [63, 64, 65, 127])
def test_ordinary_big_integers_are_shown_whole(bits: int) -> None:
    assert str(2**bits) in repr(Account.model_validate({"new": 2**bits}))


def test_printing_is_one_line_and_escapes_what_was_received() -> None:
    shown = repr(Account.model_validate({"tier": "a\n\x1b[31mb\r", "new\nline": "\x00"}))
    assert shown.isprintable()


def test_a_graph_prints_its_nodes() -> None:
    raw = {
        "graph_id": "g",
        "status": "active",
        "nodes": {"spot": {"status": "filled", "filled_qty_1e8": 10**8}},
        "edges": {},
    }
    assert repr(GraphStatus.model_validate(raw)) == (
        "GraphStatus(graph_id='g', status='active', nodes={'spot': NodeStatus(status='filled', filled_qty=1)},"
        " edges={})"
    )


def test_every_model_prints_in_rich_as_itself() -> None:
    console = Console(width=200, no_color=True)
    for model in every_model():
        for pick in range(picks(model)):
            shown = pretty_repr(model.model_validate(sample(model, pick)), max_width=10_000)
            assert shown.startswith(f"{model.__name__}(")
            for name in model.model_fields:
                assert name.removesuffix("_1e8").removesuffix("_1e9").removesuffix("_ns") in shown
    with console.capture() as captured:
        console.print(Nbbo.model_validate(sample(Nbbo)))
    assert captured.get() == "Nbbo(bid=42.5, ask=42.5, mid=42.5, spread_bps=42.5)\n"


def test_a_notebook_completes_fields_views_and_keys() -> None:
    position: Any = Position.model_validate({**sample(Position), "margin_mode": "cross", "not an identifier": 1})
    listed = dir(position)
    assert {"instrument", "qty_1e8", "qty", "margin_mode", "raw"} <= set(listed)
    assert "not an identifier" not in listed
    assert len(listed) == len(set(listed))
    assert position._ipython_key_completions_() == list(position.raw)
