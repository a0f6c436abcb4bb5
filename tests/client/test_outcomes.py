"""One call is one order, and the client always knows or says that it does not."""

from __future__ import annotations

import asyncio
import json
import threading
from time import monotonic

import pytest

from sequence_markets import (
    AsyncSequence,
    NotFoundError,
    OutcomeUnknownError,
    Sequence,
    SequenceError,
    Submission,
)
from sequence_markets.client.outcomes import MOST_KEPT, Outcomes, Unresolved
from tests.client.answers import STATUS, SUBMISSION, error, order_row, page
from tests.client.conftest import KEY, MakeClient, MakeServer
from tests.client.server import Received, Reply, Server


class Exchange:
    """Stores each order once by its ``graph_id``, and cuts the first answer of each as asked."""

    def __init__(self) -> None:
        self.orders: dict[str, bytes] = {}
        self.cut: int | None = None
        self.reset = False

    def __call__(self, request: Received) -> Reply:
        graph_id = json.loads(request.body)["graph_id"]
        known = self.orders.setdefault(graph_id, request.body)
        if known != request.body:
            return error(409, "CONFLICT", "other content")
        cut, self.cut = self.cut, None
        return Reply(body={**SUBMISSION, "graph_id": graph_id}, cut=cut, reset=self.reset and cut is not None)


FACES = ["sync", "async"]
GRAPH_ID = "graph_0123456789abcdef0123456789abcdef"


class Caller:
    """Buys once on either face, over a fresh connection."""

    def __init__(self, face: str, url: str, max_retries: int) -> None:
        self.face, self.url, self.max_retries = face, url, max_retries

    def buy(self) -> Submission | SequenceError:
        try:
            if self.face == "sync":
                with Sequence(KEY, self.url, max_retries=self.max_retries, timeout=10) as client:
                    client._jitter = lambda: 0.0
                    return client.buy("BTC-USD", "0.29", graph_id=GRAPH_ID)
            return asyncio.run(self._buy())
        except SequenceError as failure:
            return failure

    async def _buy(self) -> Submission:
        async with AsyncSequence(KEY, self.url, max_retries=self.max_retries, timeout=10) as client:
            client._jitter = lambda: 0.0
            return await client.buy("BTC-USD", "0.29", graph_id=GRAPH_ID)


def _lengths() -> tuple[int, int]:
    """Return the number of bytes of the request and of its answer."""
    exchange = Exchange()
    with Server(exchange) as server:
        Caller("sync", server.url, 0).buy()
        received = server.received[0]
        return len(received.raw), len(exchange(received).wire)


REQUEST_BYTES, ANSWER_BYTES = _lengths()
# The port is part of the request, and may be a digit shorter or longer than it was in the measurement.
CUTS_OF_REQUEST = range(REQUEST_BYTES + 4)
CUTS_OF_ANSWER = range(ANSWER_BYTES)


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("retries", [0, 2])
def test_a_connection_that_drops_at_any_byte_of_the_request_makes_at_most_one_order(face: str, retries: int) -> None:
    for count in CUTS_OF_REQUEST:
        exchange = Exchange()
        with Server(exchange, refuse_after=count) as server:
            result = Caller(face, server.url, retries).buy()
        _is_true(result, exchange, retries)


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("retries", [0, 2])
@pytest.mark.parametrize("reset", [False, True], ids=["end", "reset"])
def test_a_connection_that_drops_at_any_byte_of_the_answer_makes_exactly_one_order(
    face: str, retries: int, reset: bool
) -> None:
    for count in CUTS_OF_ANSWER:
        exchange = Exchange()
        exchange.cut, exchange.reset = count, reset
        with Server(exchange) as server:
            result = Caller(face, server.url, retries).buy()
            assert len(server.received) == (2 if retries else 1)
            assert len({each.raw for each in server.received}) == 1
        assert len(exchange.orders) == 1
        _is_true(result, exchange, retries)


def _is_true(result: Submission | SequenceError, exchange: Exchange, retries: int) -> None:
    assert len(exchange.orders) <= 1
    if isinstance(result, Submission):
        assert list(exchange.orders) == [result.graph_id] == [GRAPH_ID]
        return
    assert retries == 0
    assert isinstance(result, OutcomeUnknownError)
    assert (result.graph_id, result.lookup) == (GRAPH_ID, f"graph_status('{GRAPH_ID}')")


@pytest.fixture
def unknown(serve: MakeServer, connect: MakeClient) -> tuple[Sequence, Server, str]:
    """A client with one submit in doubt."""
    server = serve(Reply(cut=0))
    client = connect(server, max_retries=0)
    with pytest.raises(OutcomeUnknownError) as caught:
        client.buy("A", 1, timeout=5)
    graph_id = caught.value.graph_id
    assert graph_id is not None
    assert [(each.operation, each.graph_id) for each in client.unresolved] == [("buy", graph_id)]
    assert client.unresolved[0].request_id == caught.value.request_id
    return client, server, graph_id


def test_the_state_of_the_graph_settles_a_doubt(unknown: tuple[Sequence, Server, str]) -> None:
    client, server, graph_id = unknown
    server.answer(Reply(body=STATUS))
    client.graph_status("another")
    assert len(client.unresolved) == 1
    client.graph_status(graph_id)
    assert not client.unresolved


def test_the_order_settles_a_doubt(unknown: tuple[Sequence, Server, str]) -> None:
    client, server, graph_id = unknown
    wanted = f"graph:{graph_id}:order:1"
    server.answer(Reply(body=page("orders", [])))
    with pytest.raises(NotFoundError):
        client.order(wanted)
    assert len(client.unresolved) == 1
    server.answer(Reply(body=page("orders", [order_row(wanted)])))
    client.order(wanted)
    assert not client.unresolved


def test_submitting_again_under_the_same_id_settles_a_doubt(unknown: tuple[Sequence, Server, str]) -> None:
    client, server, graph_id = unknown
    server.answer(Reply(body=SUBMISSION))
    client.buy("A", 1, graph_id=graph_id)
    assert client.unresolved == ()


def test_cancelling_settles_a_doubt(unknown: tuple[Sequence, Server, str]) -> None:
    client, server, graph_id = unknown
    server.answer(Reply(204))
    client.cancel(graph_id)
    assert client.unresolved == ()


def test_a_404_settles_nothing_while_the_request_may_still_arrive(unknown: tuple[Sequence, Server, str]) -> None:
    client, server, graph_id = unknown
    server.answer(Reply(404))
    with pytest.raises(NotFoundError):
        client.graph_status(graph_id)
    assert len(client.unresolved) == 1


def test_a_404_settles_once_the_calls_time_is_over(serve: MakeServer, connect: MakeClient) -> None:
    hold = threading.Event()
    server = serve([Reply(wait=hold), Reply(404)])
    client = connect(server)
    started = monotonic()
    with pytest.raises(OutcomeUnknownError) as caught:
        client.buy("A", 1, timeout=0.2)
    assert monotonic() - started >= 0.2
    assert len(client.unresolved) == 1
    with pytest.raises(NotFoundError):
        client.graph_status(str(caught.value.graph_id))
    assert not client.unresolved
    hold.set()


def test_a_doubtful_cancel_is_listed_too(serve: MakeServer, connect: MakeClient) -> None:
    client = connect(serve(Reply(cut=0)), max_retries=0)
    with pytest.raises(OutcomeUnknownError):
        client.cancel("graph:g:o:1")
    assert [(each.operation, each.graph_id) for each in client.unresolved] == [("cancel", "g")]


def test_a_read_leaves_no_doubt(serve: MakeServer, connect: MakeClient) -> None:
    client = connect(serve(Reply(cut=0)))
    with pytest.raises(SequenceError):
        client.graph_status("g")
    assert client.unresolved == ()


def test_records_are_bounded_and_the_first_of_a_graph_stays() -> None:
    outcomes = Outcomes()
    for number in range(MOST_KEPT + 10):
        outcomes.doubt(Unresolved("buy", f"g{number}", "r"), 0.0)
    kept = outcomes.unresolved()
    assert len(kept) == MOST_KEPT
    assert kept[-1].graph_id == f"g{MOST_KEPT + 9}"
    outcomes.doubt(Unresolved("cancel", kept[-1].graph_id, "r"), 0.0)
    assert outcomes.unresolved()[-1].operation == "buy"
