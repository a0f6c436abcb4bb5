"""Answers whose inner shapes nobody documents: typed where they fit, never refused, nothing lost."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, cast

import pytest
from hypothesis import given, settings, strategies as st

from sequence_markets.models import (
    Depth,
    ExecutionLive,
    ExecutionReview,
    ExecutionSummary,
    FairPrices,
    Forecast,
    Intel,
    InvalidPayload,
    OrderTca,
    Routing,
    SequenceModel,
    Simulation,
    SlippageCurve,
    Tca,
    TcaReport,
    Trace,
    TraceEvent,
    analytics,
    decode,
    monitor,
    tca,
)

from .payloads import fields, json_values

ANSWERS = [
    cls
    for module in (tca, monitor, analytics)
    for cls in cast("list[object]", [*vars(module).values()])
    if isinstance(cls, type) and issubclass(cls, SequenceModel) and cls.__module__ == module.__name__
]


@pytest.mark.parametrize("model", ANSWERS, ids=lambda model: model.__name__)
def test_an_answer_without_any_key_is_an_answer(model: type[SequenceModel]) -> None:
    answer = decode(b"{}", model)
    assert answer == {}
    for name in model.model_fields:
        assert getattr(answer, name) is None
        assert answer.get(name) is None


@settings(deadline=None, max_examples=300)
@given(data=st.data(), model=st.sampled_from(ANSWERS))
def test_a_part_of_any_other_shape_is_kept_as_it_was_received(data: st.DataObject, model: type[SequenceModel]) -> None:
    free = [name for name, what in fields(model).items() if what.free]
    raw = {name: data.draw(json_values) for name in free}
    answer = decode(json.dumps(raw).encode(), model)
    assert answer.raw == json.loads(json.dumps(raw))
    for name in free:
        assert (getattr(answer, name) is None) == (raw[name] is None)
    assert repr(answer).startswith(model.__name__)


def test_a_documented_figure_is_still_checked() -> None:
    with pytest.raises(InvalidPayload, match="implementation_shortfall_bps"):
        decode(b'{"implementation_shortfall_bps": "3.1"}', Tca)
    with pytest.raises(InvalidPayload, match="total_fees_1e9"):
        decode(b'{"total_fees_1e9": 1.5}', TcaReport)


def test_a_part_that_fits_is_typed() -> None:
    answer = decode(
        json.dumps(
            {
                "symbol": "SOL-USD",
                "side": "buy",
                "legs": [{"venue": "kraken", "qty_1e8": 250_000_000, "price_1e9": 141_230_000_000, "new": 1}],
                "chosen": "kraken",
            }
        ).encode(),
        Routing,
    )
    assert answer.legs is not None
    (leg,) = answer.legs
    assert (leg.qty, leg.price, leg["new"], leg.fee_bps) == (Decimal("2.5"), Decimal("141.23"), 1, None)
    assert answer["legs"][0]["venue"] == "kraken"


@pytest.mark.parametrize(
    ("model", "raw", "name", "expected"),
    [
        (Intel, {"venues": {"kraken": 41.5}}, "venues", {"kraken": 41.5}),
        (SlippageCurve, {"curve": {"1000": 1.1}}, "curve", {"1000": 1.1}),
        (Depth, {"bids": [[141.2, 310.5]]}, "bids", ([141.2, 310.5],)),
        (Forecast, {"capacity_curve": None}, "capacity_curve", None),
        (Simulation, {"scenarios": {"passive": {}}}, "scenarios", {"passive": {}}),
        (TraceEvent, {"event": "filled", "detail": "text"}, "detail", "text"),
        (ExecutionLive, {"resting": 3}, "resting", 3),
        (ExecutionReview, {"venues": ["kraken"]}, "venues", ("kraken",)),
        (ExecutionSummary, {"top_symbols": {"SOL-USD": 1}}, "top_symbols", {"SOL-USD": 1}),
        (FairPrices, {"prices": {"ETH": 1}}, "prices", {"ETH": 1}),
        (Tca, {"percentiles": [1, 2]}, "percentiles", [1, 2]),
        (OrderTca, {"venues_used": 2}, "venues_used", 2),
    ],
)
def test_parts_that_other_servers_may_send(
    model: type[SequenceModel], raw: dict[str, Any], name: str, expected: object
) -> None:
    answer = decode(json.dumps(raw).encode(), model)
    assert getattr(answer, name) == expected
    assert answer.raw == raw


def test_a_row_of_another_shape_spoils_no_other() -> None:
    answer = decode(b'{"events": [{"event": "fill", "ts_ns": 1}, "odd", null, {"ts_ns": "x"}]}', Trace)
    assert answer.events is not None
    first, *others = cast("tuple[Any, ...]", answer.events)
    assert isinstance(first, TraceEvent)
    assert first.event == "fill"
    assert others[:2] == ["odd", None]
    assert others[2].ts_ns == "x"
