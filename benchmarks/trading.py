"""Market orders through the sandbox: over HTTP, routed, filled, posted to the ledger and journaled."""

from __future__ import annotations

import json
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Self
from uuid import uuid4

from benchmarks.measure import Target, paired
from benchmarks.process import Worker
from benchmarks.report import Row

_TARGET = Target(">=", 0.5)


def measure(*, rounds: int = 40, times: int = 20) -> Iterator[Row]:
    """Yield a row for a journal in memory and one for a journal on disk."""
    with tempfile.TemporaryDirectory() as folder:
        for where, arguments in (("in memory", ()), ("on disk", (str(Path(folder) / "state.db"),))):
            with (
                Worker("sandbox_server", *arguments) as sandbox,
                Worker("empty_server") as empty,
                Poster(int(sandbox.ready)) as ours,
                Poster(int(empty.ready)) as other,
            ):
                measured = paired(ours.timed, other.timed, rounds=rounds, times=times)
                ours.check_filled()
            name = f"market orders a second over HTTP, journal {where}"
            yield Row.of(name, "an empty Starlette POST", measured, _TARGET)


class Poster:
    """Posts market orders over one kept connection with nothing but a socket, so that mostly the server is timed."""

    def __init__(self, port: int) -> None:
        self._connection = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._count = 0

    def timed(self, times: int) -> float:
        """Post so many orders, each with a new id, and return the seconds until all were answered."""
        requests = [self._request() for _ in range(times)]
        begin = perf_counter()
        for request in requests:
            self._exchange(request)
        return perf_counter() - begin

    def check_filled(self) -> None:
        """Raise an AssertionError unless the sandbox has every order, and the newest of them filled."""
        page = json.loads(self._exchange(_request_of("GET", "/v1/orders?limit=200")))
        states = {order["status"] for order in page["orders"]}
        if page["total"] != self._count or states != {"FILLED"}:
            raise AssertionError(
                f"of {self._count} orders the sandbox has {page['total']}, {', '.join(sorted(states))}"
            )

    def _request(self) -> bytes:
        self._count += 1
        node = {
            "node_id": "order",
            "instrument": {"symbol": "BTC-USD", "type": "spot", "venue": None},
            "side": "buy" if self._count % 2 else "sell",
            "order_type": "market",
            "quantity": {"fixed": {"qty_1e8": 10_000}},
            "execution": {},
            "activation": "root",
        }
        graph = {"graph_id": f"graph_{uuid4().hex}", "nodes": [node], "edges": [], "is_sandbox": True}
        return _request_of("POST", "/v1/orders", json.dumps(graph).encode())

    def _exchange(self, request: bytes) -> bytes:
        self._connection.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._receive()
        head, _, body = received.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise AssertionError(f"the server answered {head.splitlines()[0].decode()}: {body.decode()}")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        while len(body) < length:
            body += self._receive()
        return body

    def _receive(self) -> bytes:
        part = self._connection.recv(65536)
        if not part:
            raise ConnectionError("the server closed the connection")
        return part

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()


def _request_of(method: str, target: str, body: bytes = b"") -> bytes:
    head = (
        f"{method} {target} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer seq_test_benchmark\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
