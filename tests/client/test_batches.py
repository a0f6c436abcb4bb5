"""A batch is sent once, whatever its owner does."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from sequence_markets import (
    AsyncBatch,
    AsyncSequence,
    Batch,
    BatchResult,
    ClientUsageError,
    Sequence,
    SequenceError,
    UnprocessableError,
)
from sequence_markets.client.batching import IN_DOUBT, NOT_SENT
from tests.client.answers import ORDER, SUBMISSION, error
from tests.client.conftest import KEY, MakeServer
from tests.client.server import Received, Reply, Server


class Both:
    """Runs the same steps on either face."""

    def __init__(self, face: str, server: Server) -> None:
        self.face, self.server = face, server

    def run(self, steps: Callable[[Any, Callable[[Any], Awaitable[Any]]], Awaitable[Any]]) -> Any:
        async def value(given: Any) -> Any:
            return await given if asyncio.iscoroutine(given) else given

        async def whole() -> Any:
            if self.face == "sync":
                with Sequence(KEY, self.server.url, max_retries=0) as client:
                    return await steps(client, value)
            async with AsyncSequence(KEY, self.server.url, max_retries=0) as awaited:
                return await steps(awaited, value)

        return asyncio.run(whole())


@pytest.fixture(params=["sync", "async"])
def both(request: pytest.FixtureRequest, serve: MakeServer) -> Both:
    return Both(request.param, serve())


def bodies(server: Server) -> list[Any]:
    return [each.json for each in server.received if each.method == "POST"]


def test_the_batch_of_the_reference(serve: MakeServer) -> None:
    server = serve()
    with Sequence(KEY, server.url) as seq:
        with seq.batch("kalshi") as b:
            b.buy_limit("KXBTCZ-26DEC31-T99000", 10, 0.55)
            b.buy_limit("KXBTCZ-26DEC31-T100000", 10, 0.50)
            b.cancel("some_resting_order_id")
            assert (len(b), server.received) == (3, [])
        assert isinstance(b, Batch)
        assert b.result == {
            "mode": "serial",
            "responses": [{"submitted": SUBMISSION}, {"submitted": SUBMISSION}, {"cancelled": "some_resting_order_id"}],
        }
    assert [(each.method, each.target) for each in server.received] == [
        ("POST", "/v1/orders"),
        ("POST", "/v1/orders"),
        ("DELETE", "/v1/execution_graphs/some_resting_order_id"),
    ]
    first, second = bodies(server)
    assert first["nodes"][0]["instrument"] == {
        "symbol": "KXBTCZ-26DEC31-T99000",
        "type": "prediction",
        "venue": "kalshi",
    }
    assert first["nodes"][0]["order_type"] == {"limit": {"price_1e9": 550_000_000}}
    assert first["graph_id"] != second["graph_id"]


def test_the_fluent_batch_of_the_reference(both: Both) -> None:
    async def steps(seq: Any, value: Any) -> BatchResult:
        result: BatchResult = await value(seq.batch("polymarket").buy("TOKEN_ID", 10).emulate().end())
        return result

    result = both.run(steps)
    assert (result.mode, [each.ok for each in result]) == ("serial", [True])
    assert result.responses[0].submitted == SUBMISSION


@pytest.mark.parametrize("sandbox", [True, False])
def test_the_sandbox_flag_and_the_kind_of_instrument_are_the_callers(both: Both, sandbox: bool) -> None:
    async def steps(seq: Any, value: Any) -> None:
        await value(seq.batch("hyperliquid", sandbox=sandbox, instrument_type="perp").sell("ETH-USD-PERP", 1).end())
        await value(seq.batch("kraken").buy("ETH-USD", "0.29").end())
        await value(seq.batch("polymarket").sell_limit("123", 1, ".5").end())

    both.run(steps)
    perp, spot, prediction = bodies(both.server)
    assert [each["is_sandbox"] for each in (perp, spot, prediction)] == [sandbox, False, False]
    assert [each["nodes"][0]["instrument"]["type"] for each in (perp, spot, prediction)] == [
        "perp",
        "spot",
        "prediction",
    ]
    assert spot["nodes"][0]["quantity"]["fixed"]["qty_1e8"] == 29_000_000
    assert (perp["nodes"][0]["side"], prediction["nodes"][0]["side"]) == ("sell", "sell")


def test_ending_twice_sends_once_and_gives_the_same_result(both: Both) -> None:
    async def steps(seq: Any, value: Any) -> None:
        batch = seq.batch("kraken").buy("ETH-USD", 1).sell("ETH-USD", 1)
        first = await value(batch.end())
        second = await value(batch.end())
        assert first == second == batch.result
        assert batch.responses == first.responses
        assert len(batch) == 0

    both.run(steps)
    assert len(both.server.received) == 2


def test_ending_inside_and_leaving_sends_once(both: Both) -> None:
    async def steps(seq: Any, value: Any) -> None:
        batch = seq.batch("kraken")
        if isinstance(batch, AsyncBatch):
            async with batch as same:
                same.buy("ETH-USD", 1)
                await same.end()
            await batch.end()
        else:
            with batch as same:
                same.buy("ETH-USD", 1)
                same.end()
            batch.end()

    both.run(steps)
    assert len(both.server.received) == 1


def test_a_batch_that_is_left_with_an_exception_is_not_sent(both: Both) -> None:
    async def steps(seq: Any, value: Any) -> None:
        batch = seq.batch("kraken")
        with pytest.raises(ZeroDivisionError):  # noqa: PT012
            if isinstance(batch, AsyncBatch):
                async with batch as awaited:
                    awaited.buy("ETH-USD", 1)
                    raise ZeroDivisionError
            with batch as blocking:
                blocking.buy("ETH-USD", 1)
                raise ZeroDivisionError
        assert len(batch) == 0
        for use in (batch.end, lambda: batch.buy("ETH-USD", 1), lambda: batch.result):
            with pytest.raises(ClientUsageError):
                await value(use())

    both.run(steps)
    assert both.server.received == []


def test_nothing_can_be_queued_once_a_batch_has_been_ended(both: Both) -> None:
    async def steps(seq: Any, value: Any) -> None:
        batch = seq.batch("kraken").buy("ETH-USD", 1)
        await value(batch.end())
        with pytest.raises(ClientUsageError, match="begin another"):
            batch.buy("ETH-USD", 1)
        with pytest.raises(ClientUsageError):
            batch.cancel(ORDER)

    both.run(steps)
    assert len(both.server.received) == 1


def test_there_is_no_result_before_the_end(both: Both) -> None:
    async def steps(seq: Any, value: Any) -> None:
        batch = seq.batch("kraken")
        with pytest.raises(ClientUsageError, match="has not been sent"):
            _ = batch.result
        assert (await value(batch.end())) == {"mode": "serial", "responses": []}

    both.run(steps)


def test_an_operation_that_fails_does_not_stop_the_others(serve: MakeServer) -> None:
    def answer(request: Received) -> Reply:
        if request.method == "DELETE":
            return error(404, "NOT_FOUND", "no such graph")
        symbol = request.json["nodes"][0]["instrument"]["symbol"]  # type: ignore[index]
        return error(422, "VALIDATION_ERROR", "unknown symbol") if symbol == "NOPE" else Reply(body=SUBMISSION)

    with Sequence(KEY, serve(answer).url) as seq:
        batch = seq.batch("kraken").buy("NOPE", 1).cancel(ORDER).buy("ETH-USD", 1)
        result = batch.end()
    assert [each.ok for each in result] == [False, False, True]
    assert "unknown symbol" in (result.responses[0].error or "")
    assert result.responses[1].graph_id == "graph_0f3c9d"
    assert [each.status for each in batch.errors] == [422, 404]
    assert isinstance(batch.errors[0], UnprocessableError)


def test_a_wrong_number_is_refused_where_it_is_queued(both: Both) -> None:
    async def steps(seq: Any, value: Any) -> None:
        batch = seq.batch("kalshi")
        wrong: Callable[[], object]
        for wrong in (
            lambda: batch.buy("KX-1", 0),
            lambda: batch.buy_limit("KX-1", 1, 0.0),
            lambda: batch.buy_limit("KX-1", 1, 1.5),
            lambda: batch.sell("", 1),
            lambda: batch.cancel("graph:"),
        ):
            with pytest.raises(ValueError):
                wrong()
        assert len(batch) == 0
        assert batch

    both.run(steps)
    with pytest.raises(ValueError, match="venue"):
        both.run(lambda seq, value: seq.batch(""))


def test_a_cancel_in_a_batch_does_what_cancel_does(both: Both) -> None:
    async def steps(seq: Any, value: Any) -> None:
        await value(seq.batch("kraken").cancel("graph:graph_a:spot:1").end())
        await value(seq.cancel("graph:graph_a:spot:1"))

    both.run(steps)
    first, second = both.server.received
    assert (first.method, first.target) == (second.method, second.target) == ("DELETE", "/v1/execution_graphs/graph_a")


def test_a_flush_that_is_interrupted_is_not_begun_again(serve: MakeServer) -> None:
    never = threading.Event()
    arrived = 0

    def answer(request: Received) -> Reply:
        nonlocal arrived
        arrived += 1
        return Reply(body=SUBMISSION, wait=None if arrived == 1 else never)

    async def steps() -> None:
        server = serve(answer)
        async with AsyncSequence(KEY, server.url) as seq:
            batch = seq.batch("kraken").buy("A", 1).buy("B", 1).buy("C", 1)
            ending = asyncio.create_task(batch.end())
            for _ in range(2):
                await asyncio.to_thread(server.arrived.acquire)
            ending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await ending
            never.set()
            result = await batch.end()
            assert [each.ok for each in result] == [True, False, False]
            assert [each.error for each in result] == [None, IN_DOUBT, NOT_SENT]
            assert [each.graph_id for each in seq.unresolved] == [result.responses[1].graph_id]
            assert len(server.received) == 2

    asyncio.run(steps())


def test_threads_that_end_a_batch_together_send_it_once(serve: MakeServer) -> None:
    server = serve()
    with Sequence(KEY, server.url) as seq:
        batch = seq.batch("kraken").buy("A", 1).buy("B", 1)
        together = threading.Barrier(4)
        failures: list[BaseException] = []

        def end() -> None:
            together.wait()
            try:
                batch.end()
            except SequenceError as failure:
                failures.append(failure)

        threads = [threading.Thread(target=end) for _ in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    assert failures == []
    assert len(server.received) == 2
