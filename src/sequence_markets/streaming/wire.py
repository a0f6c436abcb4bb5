"""The only module that knows the WebSocket library: from bytes of a TCP connection to messages, and back. No socket."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import parse_uri

from sequence_markets.client.engine import Answer
from sequence_markets.client.proxies import ProxyChoice
from sequence_markets.client.settings import Settings
from sequence_markets.client.transport.common import tls_context

from .framing import Framer
from .options import Feed
from .tls import Tls
from .tunnel import Tunnel, tunnel
from .words import shortened

LARGEST_MESSAGE: Final = 1024 * 1024

_SWITCHED: Final = b"HTTP/1.1 101 "
_LONGEST_HEAD: Final = 64 * 1024

_PATHS: Final[dict[Feed | None, str]] = {
    None: "/v1/stream",
    "new_markets": "/v1/ws/new_markets",
    "market_resolved": "/v1/ws/market_resolved",
}
# A logger of nobody: the library's own would write the key of the handshake to a log at level DEBUG.
_SILENT: Final = logging.Logger("sequence_markets.streaming", logging.CRITICAL + 1)
_SILENT.disabled = True


@dataclass(frozen=True, slots=True)
class Opened:
    """The WebSocket is open."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The server answered the request for a WebSocket with something else."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Ended:
    """The connection is over: by a close code, or without one."""

    reason: str
    code: int | None = None


WireEvent = bytes | Opened | Refused | Ended
"""What came; a message comes as its bytes."""


class Wire:
    """One WebSocket connection, from the way through a proxy to the closing handshake.

    Args:
        settings: The client's settings.
        feed: The socket of its own that is read instead of the unified stream.
        proxy: The proxy to go through.

    Attributes:
        address: Host and port to connect to.
        greeted: Whether anything may have reached the server.
        over: Whether the TCP connection has nothing more to carry.
    """

    def __init__(self, settings: Settings, feed: Feed | None, proxy: ProxyChoice | None) -> None:
        self._settings = settings
        self._layers: list[Tls] = []
        self._tunnel: Tunnel | None = None
        self._waiting = b""
        self._framer = Framer(LARGEST_MESSAGE)
        self._fragments: bytearray | None = None
        self._head = b""
        self._answered = False
        self.greeted = False
        self.over = False
        scheme = "wss" if settings.secure else "ws"
        url = f"{scheme}{settings.base_url[settings.base_url.index('://') :]}{_PATHS[feed]}"
        # No compression is offered: it costs more time than it saves, and inflates whatever a server sends.
        self._socket = ClientProtocol(parse_uri(url), max_size=LARGEST_MESSAGE, logger=_SILENT)
        if proxy is None:
            self.address = settings.host, settings.port
            self._greet()
            return
        host, _, port = proxy.url.partition("://")[2].rpartition(":")
        self.address = host.strip("[]"), int(port)
        if proxy.url.startswith("https:"):
            self._layers.append(Tls(tls_context(), proxy.host))
        self._tunnel = tunnel(proxy, settings.host, settings.port)
        self._send(next(self._tunnel))

    @property
    def open(self) -> bool:
        """Whether messages can be sent."""
        return self._socket.state is State.OPEN

    def receive(self, data: bytes) -> Iterator[WireEvent]:
        """Take bytes from the TCP connection; gives what they bring one by one, each read only when it is wanted.

        Raises:
            ssl.SSLError: The other side is not who it has to be, or breaks the protocol.
            TunnelError: The proxy does not let the connection through.
        """
        for layer in self._layers:
            data = layer.receive(data)
            if not data:
                return
        if self._tunnel is not None:
            yield from self._through(self._tunnel, data)
        elif self._answered:
            yield from self._frames(data)
        else:
            yield from self._answer(data)

    def _through(self, tunnel: Tunnel, data: bytes) -> Iterator[WireEvent]:
        try:
            self._send(tunnel.send(data))
        except StopIteration as through:
            self._tunnel = None
            if through.value:
                yield Ended("the proxy sent more than it was asked for")
            else:
                self._greet()

    def _answer(self, data: bytes) -> Iterator[WireEvent]:
        self._head += data
        end = self._head.find(b"\r\n\r\n") + 4
        if end < 4 and len(self._head) < _LONGEST_HEAD and _SWITCHED.startswith(self._head[: len(_SWITCHED)]):
            return
        if not (self._head.startswith(_SWITCHED) and end >= 4):
            end = len(self._head)  # No frames follow a refusal, but perhaps its body.
        head, rest = self._head[:end], self._head[end:]
        self._head = b""
        self._socket.receive_data(head)
        yield from self._events()
        if self.open and rest:
            yield from self._frames(rest)

    def receive_eof(self) -> list[WireEvent]:
        """Take the end of the TCP connection."""
        self.over = True
        if self._tunnel is not None:
            return [Ended("the proxy ended the connection")]
        if self._head:
            self._socket.receive_data(self._head)
            self._head = b""
        self._socket.receive_eof()
        return self._events()

    def send(self, text: bytes) -> None:
        """Send a text message."""
        self._socket.send_text(text)

    def ping(self) -> None:
        """Ask the other side for a sign of life."""
        self._socket.send_ping(b"")

    def close(self, code: int, reason: str) -> bool:
        """Begin the closing handshake; whether the other side is to answer it."""
        if self._socket.state is not State.OPEN:
            return False
        self._socket.send_close(CloseCode(code), reason)
        return True

    def outgoing(self) -> bytes:
        """Return what has to go over the TCP connection."""
        if self._tunnel is None:
            writes = self._socket.data_to_send()
            if writes:
                self._send(b"".join(writes))
        if self._layers:
            self._relay()
            return self._layers[0].outgoing()
        waiting, self._waiting = self._waiting, b""
        return waiting

    def _greet(self) -> None:
        if self._settings.secure:
            self._layers.append(Tls(tls_context(), self._settings.host))
            self._relay()
        request = self._socket.connect()
        for name, value in self._settings.headers:
            if name in (b"Host", b"User-Agent"):
                request.headers.pop(name.decode(), None)
                request.headers[name.decode()] = value.decode()
        request.headers["Authorization"] = f"Bearer {self._settings.key}"
        self._socket.send_request(request)
        self.greeted = True

    def _send(self, data: bytes) -> None:
        if not self._layers:
            self._waiting += data
            return
        self._layers[-1].send(data)
        self._relay()

    def _relay(self) -> None:
        """Hand what an inner layer wants to send to the one around it."""
        for inner, outer in zip(reversed(self._layers[1:]), reversed(self._layers[:-1]), strict=True):
            data = inner.outgoing()
            if data:
                outer.send(data)

    def _frames(self, data: bytes) -> Iterator[WireEvent]:
        """Read frames: plain messages as they are, and whatever else through the library."""
        for part, message in self._framer.cut(data):
            if message:
                yield part
                continue
            self._socket.receive_data(part)
            yield from self._events()
            if not self.open:
                return
            self._framer.fragmented = self._fragments is not None

    def _events(self) -> list[WireEvent]:
        socket = self._socket
        found: list[WireEvent] = []
        for event in socket.events_received():
            if isinstance(event, Frame):
                self._frame(event, found)
            elif isinstance(event, Response):
                self._response(event, found)
        if not self._answered and socket.handshake_exc is not None:
            self._answered = True
            found.append(Ended("the connection ended before there was an answer"))
        elif socket.parser_exc is not None and not isinstance(socket.parser_exc, EOFError):
            found.append(Ended(f"the server broke the protocol ({shortened(str(socket.parser_exc))})"))
        elif self.over and socket.close_rcvd is None and self._answered:
            found.append(Ended("the connection broke"))
        return found

    def _frame(self, frame: Frame, found: list[WireEvent]) -> None:
        match frame.opcode:
            case Opcode.TEXT | Opcode.BINARY if frame.fin:
                found.append(bytes(frame.data))
            case Opcode.TEXT | Opcode.BINARY:
                self._fragments = bytearray(frame.data)
            case Opcode.CONT if self._fragments is not None:
                self._fragments += frame.data
                if frame.fin:
                    found.append(bytes(self._fragments))
                    self._fragments = None
            case Opcode.CLOSE:
                closed = self._socket.close_rcvd
                code = None if closed is None or closed.code == CloseCode.NO_STATUS_RCVD else int(closed.code)
                said = f" ({shortened(closed.reason)})" if closed is not None and closed.reason else ""
                found.append(Ended(f"the server closed it{'' if code is None else f' with {code}'}{said}", code))
            case _:
                pass

    def _response(self, response: Response, found: list[WireEvent]) -> None:
        self._answered = True
        error = self._socket.handshake_exc
        if error is None:
            found.append(Opened())
        elif isinstance(error, InvalidStatus):
            headers = [(key.encode("latin-1"), value.encode("latin-1")) for key, value in response.headers.raw_items()]
            found.append(Refused(Answer(response.status_code, headers, bytes(response.body))))
        else:
            found.append(Ended(f"the server does not speak WebSocket ({shortened(str(error))})"))


def is_certificate_error(error: BaseException) -> bool:
    """Whether the other side could not prove who it is."""
    return isinstance(error, ssl.SSLCertVerificationError)
