"""A server that records what arrives and streams what it is told to, over sockets of this machine.

It serves WebSockets and, on the same port, the REST pages that streams read. What it sends and when, and how it breaks
off, is up to the test.
"""

from __future__ import annotations

import contextlib
import json
import queue
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from websockets.exceptions import InvalidState
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """What to answer instead of opening a WebSocket."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def wire(self) -> bytes:
        head = [f"HTTP/1.1 {self.status} Whatever", f"Content-Length: {len(self.body)}", "Connection: close"]
        head += [f"{name}: {value}" for name, value in self.headers]
        return "\r\n".join([*head, "", ""]).encode() + self.body


Handshake = Callable[[int], Refusal | None]
Pages = Callable[[str, dict[str, str]], tuple[int, object]]


class Peer:
    """The server's end of one WebSocket."""

    def __init__(self, connection: socket.socket, protocol: ServerProtocol, request: Request) -> None:
        self.request = request
        self.protocol = protocol
        self.received: queue.Queue[dict[str, Any]] = queue.Queue()
        self.topics: list[str] = []
        self.gone = threading.Event()
        self.close_code: int | None = None
        self._connection = connection
        self._lock = threading.Lock()

    def frame(self, channel: str, data: object) -> None:
        """Send an event."""
        self.text(json.dumps({"channel": channel, "data": data}))

    def text(self, text: str | bytes) -> None:
        """Send a text message, whatever it says."""
        with self._lock, contextlib.suppress(InvalidState):
            self.protocol.send_text(text.encode() if isinstance(text, str) else text)
            self._flush()

    def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        with self._lock, contextlib.suppress(OSError):
            self._connection.sendall(data)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close it with a code."""
        with self._lock, contextlib.suppress(InvalidState):
            self.protocol.send_close(code, reason)
            self._flush()

    def drop(self, *, reset: bool = False) -> None:
        """End the TCP connection without a word."""
        if reset:
            self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self.gone.wait(PATIENCE)

    def said(self) -> dict[str, Any]:
        """Return the next message of the client."""
        return self.received.get(timeout=PATIENCE)

    def _flush(self) -> None:
        for data in self.protocol.data_to_send():
            if data:
                with contextlib.suppress(OSError):
                    self._connection.sendall(data)


@dataclass(slots=True)
class Script:
    """How the server behaves.

    Attributes:
        handshake: What to answer to the request for a WebSocket, by its number from 0; ``None`` opens it.
        acknowledge: Whether subscriptions are answered.
        rejected: The reason by channel that is not served.
        snapshot: What follows the answer to a subscription, by channel.
        on_open: Called with each new peer.
        pages: Answers a REST path and its query.
        tls: Speak TLS.
        pongs: Whether pings are answered.
    """

    handshake: Handshake = lambda _number: None
    acknowledge: bool = True
    rejected: dict[str, str] = field(default_factory=dict[str, str])
    snapshot: Callable[[str], object] = lambda _channel: None
    on_open: Callable[[Peer], None] = lambda _peer: None
    pages: Pages | None = None
    tls: ssl.SSLContext | None = None
    pongs: bool = True


class StreamServer:
    """Serves WebSockets and REST pages by a script."""

    def __init__(self, script: Script | None = None) -> None:
        self.script = script or Script()
        self.peers: list[Peer] = []
        self.requests: list[Request] = []
        self.read: list[tuple[str, dict[str, str]]] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()
        self._tries = 0
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if self.script.tls else 'http'}://127.0.0.1:{self.port}"
        self._accepting = threading.Thread(target=self._accept, name="test server", daemon=True)
        self._accepting.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._stopping.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join()
        with self._lock:
            for each in self._open:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    @property
    def open_connections(self) -> int:
        with self._lock:
            return len(self._open)

    def forget(self) -> None:
        """Keep nothing of what was."""
        self.peers.clear()
        self.requests.clear()
        self._threads.clear()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open.add(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), name="test connection", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self.script.tls is not None:
                connection = self._secure(connection, self.script.tls)
            head = b""
            while b"\r\n\r\n" not in head:
                data = connection.recv(65536)
                if not data:
                    return
                head += data
                if b"\r\n\r\n" in head and b"upgrade: websocket" not in head.lower():
                    connection.sendall(self._page(head))
                    head = head.partition(b"\r\n\r\n")[2]
            self._upgrade(connection, head)
        except OSError:
            pass  # The client hung up; what matters has been recorded.
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def _secure(self, connection: socket.socket, tls: ssl.SSLContext) -> socket.socket:
        with self._lock:
            self._open.discard(connection)
            secure = tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
            self._open.add(secure)
        secure.do_handshake()
        return secure

    def _page(self, head: bytes) -> bytes:
        target = head.split(b" ", 2)[1].decode()
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        with self._lock:
            self.read.append((parts.path, query))
        status, body = (
            (404, {"error": "no such page"}) if self.script.pages is None else self.script.pages(parts.path, query)
        )
        text = json.dumps(body).encode()
        return f"HTTP/1.1 {status} Whatever\r\nContent-Length: {len(text)}\r\n\r\n".encode() + text

    def _upgrade(self, connection: socket.socket, head: bytes) -> None:
        with self._lock:
            number, self._tries = self._tries, self._tries + 1
        protocol = ServerProtocol(max_size=None)
        protocol.receive_data(head)
        (request,) = protocol.events_received()
        assert isinstance(request, Request)
        self.requests.append(request)
        refusal = self.script.handshake(number)
        if refusal is not None:
            connection.sendall(refusal.wire)
            return
        protocol.send_response(protocol.accept(request))
        peer = Peer(connection, protocol, request)
        peer._flush()
        self.peers.append(peer)
        self.script.on_open(peer)
        try:
            while True:
                data = connection.recv(65536)
                if not data:
                    return
                with peer._lock:
                    protocol.receive_data(data)
                    events = protocol.events_received()
                    if self.script.pongs:
                        peer._flush()
                for event in events:
                    self._event(peer, event)
                if protocol.close_expected() or protocol.eof_sent:
                    return
        finally:
            peer.gone.set()

    def _event(self, peer: Peer, event: object) -> None:
        if not isinstance(event, Frame):
            return
        if event.opcode is Opcode.CLOSE:
            assert peer.protocol.close_rcvd is not None
            peer.close_code = int(peer.protocol.close_rcvd.code)
        elif event.opcode is Opcode.TEXT:
            said: dict[str, Any] = json.loads(bytes(event.data))
            self._answer(peer, said)
            peer.received.put(said)

    def _answer(self, peer: Peer, said: dict[str, Any]) -> None:
        if not self.script.acknowledge:
            return
        if "unsubscribe" in said:
            peer.topics = [topic for topic in peer.topics if topic not in said["unsubscribe"]]
            peer.text(json.dumps({"unsubscribed": said["unsubscribe"], "subscribed": [], "rejected": []}))
            return
        reasons = {topic: self.script.rejected[topic] for topic in said["subscribe"] if topic in self.script.rejected}
        accepted = [topic for topic in said["subscribe"] if topic not in reasons]
        peer.topics += accepted
        peer.text(json.dumps({"subscribed": accepted, "rejected": list(reasons), "reasons": reasons}))
        for topic in accepted:
            data = self.script.snapshot(topic)
            if data is not None:
                peer.frame(topic, data)
