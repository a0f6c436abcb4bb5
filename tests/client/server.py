"""A raw-socket HTTP server that records what arrives and misbehaves on request."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self


@dataclass(frozen=True, slots=True)
class Received:
    """A request, whole."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    raw: bytes
    port: int

    @property
    def json(self) -> dict[str, object]:
        parsed: dict[str, object] = json.loads(self.body)
        return parsed


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer: a status and JSON or bytes, cut short where a fault is wanted.

    Attributes:
        cut: Drop the connection after this many bytes of the answer.
        reset: Drop with a reset rather than an end.
        wait: Answer only once this is set.
        drip: Seconds between single bytes of the answer.
        close: End the connection after the answer.
    """

    status: int = 200
    body: object = field(default_factory=dict[str, object])
    headers: tuple[tuple[str, str], ...] = ()
    cut: int | None = None
    reset: bool = False
    wait: threading.Event | None = None
    drip: float = 0.0
    close: bool = False

    @property
    def wire(self) -> bytes:
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        head = [f"HTTP/1.1 {self.status} Whatever", f"Content-Length: {len(body)}"]
        if self.status == 204:
            head, body = head[:1], b""
        head += [f"{name}: {value}" for name, value in self.headers]
        return "\r\n".join([*head, "", ""]).encode("latin-1") + body


Answerer = Callable[[Received], Reply]


class Server:
    """Answers every request by the given function, or by the given replies in turn, the last one again and again.

    ``refuse_after`` drops the first connection once that many bytes have arrived; later ones are served.
    """

    def __init__(
        self,
        answers: Answerer | Reply | Iterable[Reply] | None = None,
        *,
        refuse_after: int | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.received: list[Received] = []
        self.connections = 0
        self.arrived = threading.Semaphore(0)
        self.refuse_after = refuse_after
        self._answer = _answerer(answers)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._tls = tls
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join()
        with self._lock:
            for each in self._open:
                # Only the receiving side: what has arrived is still served and recorded.
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RD)
        for thread in self._threads:
            thread.join()

    @property
    def open_connections(self) -> int:
        with self._lock:
            return len(self._open)

    def answer(self, answers: Answerer | Reply | Iterable[Reply]) -> None:
        """Answer otherwise from now on."""
        self._answer = _answerer(answers)

    def _accept(self) -> None:
        while True:
            try:
                connection, (_, port) = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self.connections += 1
                limit = self.refuse_after if self.connections == 1 else None
                self._open.add(connection)
            thread = threading.Thread(target=self._serve, args=(connection, port, limit), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket, port: int, limit: int | None) -> None:
        reset = False
        try:
            if self._tls is not None:
                connection = self._shake_hands(connection, self._tls)
            waiting = b""
            while (request := self._read(connection, waiting, port, limit)) is not None:
                received, waiting = request
                with self._lock:
                    self.received.append(received)
                reply = self._answer(received)
                self.arrived.release()
                if reply.wait is not None:
                    reply.wait.wait(30)
                self._send(connection, reply)
                if reply.cut is not None or reply.close:
                    reset = reply.reset
                    return
        except OSError:
            pass  # The client hung up; what matters has been recorded.
        finally:
            if reset:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            with self._lock:
                self._open.discard(connection)
                connection.close()

    def _shake_hands(self, connection: socket.socket, tls: ssl.SSLContext) -> socket.socket:
        with self._lock:
            self._open.discard(connection)
            secure = tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
            self._open.add(secure)
        try:
            secure.do_handshake()
        except OSError:
            with self._lock:
                self._open.discard(secure)
                secure.close()
            raise
        return secure

    def _send(self, connection: socket.socket, reply: Reply) -> None:
        wire = reply.wire[: reply.cut]
        if not reply.drip:
            connection.sendall(wire)
            return
        for index in range(len(wire)):
            connection.sendall(wire[index : index + 1])
            if self._stopping.wait(reply.drip):
                return

    @staticmethod
    def _read(connection: socket.socket, waiting: bytes, port: int, limit: int | None) -> tuple[Received, bytes] | None:
        count = len(waiting)

        def more() -> bytes:
            nonlocal count
            wanted = 65536 if limit is None else limit - count
            arrived = connection.recv(wanted) if wanted > 0 else b""
            count += len(arrived)
            return arrived

        while b"\r\n\r\n" not in waiting:
            if not (arrived := more()):
                return None
            waiting += arrived
        head, _, rest = waiting.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", "0"))
        while len(rest) < length:
            if not (arrived := more()):
                return None
            rest += arrived
        method, target, _ = first.split(" ")
        body, rest = rest[:length], rest[length:]
        return Received(method, target, headers, body, head + b"\r\n\r\n" + body, port), rest


def _answerer(answers: Answerer | Reply | Iterable[Reply] | None) -> Answerer:
    if answers is None:
        answers = Reply()
    if isinstance(answers, Reply):
        only = answers
        return lambda _: only
    if callable(answers):
        return answers
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]
