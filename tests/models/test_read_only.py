"""A model cannot be changed, and says what to do instead; what is copied out of it can be, without touching it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from sequence_markets.models import Fill, FillPage, GraphStatus, Order, OrderPage, Quote, SequenceModel

from .payloads import sample

Change = Callable[[Any], object]


def set_item(model: Any) -> None:
    model["symbol"] = "X"


def delete_item(model: Any) -> None:
    del model["symbol"]


def merge_in_place(model: Any) -> None:
    model |= {"symbol": "X"}


MAPPING_CHANGES: dict[str, Change] = {
    "[]=": set_item,
    "del []": delete_item,
    "|=": merge_in_place,
    "pop": lambda model: model.pop("symbol"),
    "pop default": lambda model: model.pop("symbol", None),
    "popitem": lambda model: model.popitem(),
    "clear": lambda model: model.clear(),
    "update": lambda model: model.update({"symbol": "X"}),
    "update keywords": lambda model: model.update(symbol="X"),
    "setdefault": lambda model: model.setdefault("new", 1),
}
ATTRIBUTE_CHANGES: dict[str, Change] = {
    "field": lambda model: setattr(model, "symbol", "X"),
    "view": lambda model: setattr(model, "qty", 1),
    "new": lambda model: setattr(model, "new", 1),
    "raw": lambda model: setattr(model, "raw", {}),
    "private": lambda model: setattr(model, "_x", {}),
    "delete field": lambda model: delattr(model, "symbol"),
    "delete view": lambda model: delattr(model, "qty"),
    "delete raw": lambda model: delattr(model, "raw"),
}


@pytest.mark.parametrize("touched", [False, True])
@pytest.mark.parametrize("change", MAPPING_CHANGES.values(), ids=MAPPING_CHANGES.keys())
def test_mapping_changes_are_refused_with_advice(change: Change, touched: bool) -> None:
    assert_refused(change, TypeError, touched)


@pytest.mark.parametrize("touched", [False, True])
@pytest.mark.parametrize("change", ATTRIBUTE_CHANGES.values(), ids=ATTRIBUTE_CHANGES.keys())
def test_attribute_changes_are_refused_with_advice(change: Change, touched: bool) -> None:
    assert_refused(change, AttributeError, touched)


def assert_refused(change: Change, error: type[Exception], touched: bool) -> None:
    order = Order.model_validate(sample(Order))
    if touched:
        assert order.symbol
    with pytest.raises(error, match=r"^Order is read-only; .*model\.copy\(\).*model\.model_copy\(update=\{\.\.\.\}\)"):
        change(order)
    assert order.raw == sample(Order)
    assert order.symbol == sample(Order)["symbol"]


def test_typed_collections_are_read_only_as_well() -> None:
    graph: Any = GraphStatus.model_validate(sample(GraphStatus))
    quote: Any = Quote.model_validate(sample(Quote))
    for collection, method in ((graph.nodes, "update"), (graph.nodes, "clear"), (quote.book.bids, "append")):
        assert not hasattr(collection, method)
    with pytest.raises(TypeError):
        graph.nodes["x"] = 1


def test_views_refuse_even_the_way_around_the_model() -> None:
    order = Order.model_validate(sample(Order))
    with pytest.raises(AttributeError, match="qty is a view of qty_1e8; models are read-only"):
        object.__setattr__(order, "qty", 1)


COPIES: list[Callable[[Quote], dict[str, Any]]] = [
    lambda quote: quote.copy(),
    lambda quote: quote.model_dump(),
    lambda quote: json.loads(quote.to_json()),
    lambda quote: quote.model_copy(deep=True).raw,
]


@pytest.mark.parametrize("copied", COPIES)
def test_a_copy_may_be_changed_at_every_level(copied: Callable[[Quote], dict[str, Any]]) -> None:
    quote = Quote.model_validate(sample(Quote))
    changed = copied(quote)
    changed["symbol"] = "changed"
    changed["nbbo"]["bid"] = -1.0
    changed["venues"].clear()
    changed["book"]["bids"].append("changed")
    assert quote.raw == sample(Quote)
    assert quote.nbbo.bid == sample(Quote)["nbbo"]["bid"]


def test_the_dict_a_model_is_made_of_may_be_changed_afterwards() -> None:
    source = sample(Quote)
    quotes = [Quote.model_validate(source), Quote(**source), Quote.model_validate({"more": 1}.__or__(source))]
    source["nbbo"]["bid"] = -1.0
    source["venues"].clear()
    for quote in quotes:
        assert quote.nbbo.bid == quote["nbbo"]["bid"] == sample(Quote)["nbbo"]["bid"]
        assert list(quote.venues) == ["kraken"]


def test_model_copy_replaces_fields_in_both_faces_and_checks_them() -> None:
    order = Order.model_validate({**sample(Order), "items": 1})
    done = order.model_copy(update={"status": "FILLED", "qty_1e8": 5, "new": [1]})
    assert (done.status, done.qty_1e8, str(done.qty), done["new"]) == ("FILLED", 5, "5E-8", [1])
    assert done.raw == {**order.raw, "status": "FILLED", "qty_1e8": 5, "new": [1]}
    assert order.raw == {**sample(Order), "items": 1}
    quote = Quote.model_validate(sample(Quote))
    nbbo = quote.nbbo.model_copy(update={"bid": 1.5})
    assert quote.model_copy(update={"nbbo": nbbo}).raw["nbbo"] == {**sample(Quote)["nbbo"], "bid": 1.5}


@pytest.mark.parametrize(("page", "rows"), [(OrderPage, "orders"), (FillPage, "fills")])
def test_a_page_iterates_over_its_rows_and_still_is_the_dict(page: type[SequenceModel], rows: str) -> None:
    raw = sample(page)
    raw[rows] = raw[rows] * 3
    answer: Any = page.model_validate(raw)
    assert list(answer) == list(getattr(answer, rows)) == raw[rows]
    assert all(isinstance(row, Order | Fill) for row in answer)
    assert dict(answer) == {**answer} == answer.raw == answer.copy() == raw
    assert list(answer.keys()) == list(raw)
    assert rows in answer
    assert len(answer) == len(raw)
    assert answer | {} == raw
    assert json.loads(json.dumps(dict(answer))) == raw
    match answer:
        case {"has_more": True, **rest}:
            assert rest == {key: value for key, value in raw.items() if key != "has_more"}
        case _:
            raise AssertionError
