"""Walking all pages: no row twice, none left out, no endless walk."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, strategies as st

from sequence_markets import FillPage, PaginationError, SequenceError
from sequence_markets.client.paging import Walk
from sequence_markets.models import Fill
from tests.client.answers import error, fill_row, order_row, page
from tests.client.conftest import MakeClient, MakeServer
from tests.client.server import Received, Reply


class Book:
    """A list of fills, newest first, that grows while it is read."""

    def __init__(self, count: int, *, growth: int = 0, cap: int = 500, told: bool = True) -> None:
        self.rows = [fill_row(f"f{number}") for number in reversed(range(count))]
        self.growth = growth
        self.cap = cap
        self.told = told
        self._made = count

    def __call__(self, request: Received) -> Reply:
        query = parse_qs(urlsplit(request.target).query)
        offset, limit = int(query["offset"][0]), min(int(query["limit"][0]), self.cap)
        rows = self.rows[offset : offset + limit]
        total = len(self.rows)
        for _ in range(self.growth):
            self.rows.insert(0, fill_row(f"f{self._made}"))
            self._made += 1
        if not self.told:
            return Reply(body={"fills": rows})
        return Reply(body=page("fills", rows, offset=offset, limit=limit, total=total, has_more=offset + limit < total))


@pytest.mark.parametrize("count", [0, 1, 6, 7, 8, 20, 21])
@pytest.mark.parametrize("cap", [500, 3])
@pytest.mark.parametrize("told", [True, False])
def test_all_rows_come_once(serve: MakeServer, connect: MakeClient, count: int, cap: int, told: bool) -> None:
    client = connect(serve(Book(count, cap=cap, told=told)))
    ids = [fill.fill_id for fill in client.iter_fills(page_size=7)]
    assert ids == [f"f{number}" for number in reversed(range(count))]


@pytest.mark.parametrize("growth", [1, 3, 6])
def test_rows_that_arrive_during_the_walk_hide_and_repeat_nothing(
    serve: MakeServer, connect: MakeClient, growth: int
) -> None:
    client = connect(serve(Book(40, growth=growth)))
    ids = [fill.fill_id for fill in client.iter_fills(page_size=7)]
    assert len(ids) == len(set(ids))
    assert ids[: len(ids)] == [f"f{number}" for number in reversed(range(40))]


def test_orders_are_walked_alike(serve: MakeServer, connect: MakeClient) -> None:
    rows = [order_row(f"graph:g{number}:o:1") for number in range(5)]

    def answer(request: Received) -> Reply:
        query = parse_qs(urlsplit(request.target).query)
        offset = int(query["offset"][0])
        assert query["symbol"] == ["ETH-USD"]
        return Reply(body=page("orders", rows[offset : offset + 2], offset=offset, has_more=offset + 2 < 5))

    client = connect(serve(answer))
    assert [order.raw for order in client.iter_orders("ETH-USD", page_size=2)] == rows


ENDLESS: list[dict[str, Any]] = [
    page("fills", [fill_row()], has_more=True, offset=None),
    page("fills", [fill_row()], has_more=True, offset=0),
    page("fills", [], has_more=True, offset=None),
]


@pytest.mark.parametrize("body", ENDLESS, ids=["same rows", "other offset", "empty"])
def test_contradicting_pages_end_in_an_error(serve: MakeServer, connect: MakeClient, body: dict[str, Any]) -> None:
    server = serve(Reply(body=body))
    with pytest.raises(PaginationError) as caught:
        list(connect(server).iter_fills())
    assert caught.value.operation == "iter_fills"
    assert len(server.received) <= 4


def test_a_page_that_fails_raises_and_does_not_end_the_walk_quietly(serve: MakeServer, connect: MakeClient) -> None:
    server = serve([Reply(body=page("fills", [fill_row()], has_more=True)), error(500)])
    seen: list[str] = []

    def walk() -> None:
        seen.extend(fill.fill_id for fill in connect(server).iter_fills(page_size=1))

    with pytest.raises(SequenceError):
        walk()
    assert len(server.received) == 2


@pytest.mark.parametrize("size", [0, -1, "7", True])
def test_a_wrong_page_size_is_refused_at_the_call(serve: MakeServer, connect: MakeClient, size: Any) -> None:
    server = serve()
    client = connect(server)
    for walk in (client.iter_fills, client.iter_orders):
        with pytest.raises((ValueError, TypeError)):
            walk(page_size=size)
    assert server.received == []


def test_a_page_iterates_over_its_rows(serve: MakeServer, connect: MakeClient) -> None:
    client = connect(serve())
    assert [order.raw for order in client.orders()] == [order_row()]
    assert [fill.raw for fill in client.fills()] == [fill_row()]


@given(st.lists(st.integers(0, 4), max_size=30), st.integers(1, 6))
def test_any_growth_between_pages_leaves_out_no_row_that_was_there(growth: list[int], size: int) -> None:
    rows = [f"f{number}" for number in reversed(range(30))]
    old = set(rows)
    walk: Walk[Fill] = Walk("iter_fills", lambda fill: fill.fill_id)
    given_out: list[str] = []
    pages = iter(growth)
    try:
        while not walk.done:
            part = rows[walk.offset : walk.offset + size]
            more = walk.offset + size < len(rows)
            answer = FillPage.model_validate(
                page("fills", [fill_row(each) for each in part], offset=walk.offset, has_more=more)
            )
            given_out += [fill.fill_id for fill in walk.take(answer, answer.fills)]
            for _ in range(next(pages, 0)):
                rows.insert(0, f"n{len(rows)}")
    except PaginationError:
        return  # More new rows than the pages are long, three times over: an error, never a hole.
    assert len(given_out) == len(set(given_out))
    assert old <= set(given_out)
