"""The way through proxies and TLS, byte by byte and over sockets."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sequence_markets import AsyncSequence, Sequence
from sequence_markets.client.proxies import ProxyChoice
from sequence_markets.client.settings import make_settings
from sequence_markets.errors import RequestNotSentError
from sequence_markets.streaming.tunnel import TunnelError, tunnel
from sequence_markets.streaming.wire import Wire

from .conftest import KEY, Connect, Serve
from .data import price
from .server import PATIENCE, Script

TLS = Path(__file__).resolve().parents[1] / "client" / "tls"


def through(choice: ProxyChoice, answers: list[bytes], pieces: int = 1 << 20) -> tuple[list[bytes], bytes]:
    """Return what is sent to a proxy that answers so, and what it left over."""
    way = tunnel(choice, "api.example.org", 443)
    sent = [next(way)]
    try:
        for answer in answers:
            for start in range(0, len(answer), pieces):
                said = way.send(answer[start : start + pieces])
                if said:
                    sent.append(said)
    except StopIteration as done:
        return sent, done.value
    raise AssertionError("the way is not open yet")


@pytest.mark.parametrize("pieces", [1, 5, 1000])
def test_a_way_through_an_http_proxy(pieces: int) -> None:
    choice = ProxyChoice("http://proxy:3128", "proxy", ("user", "pass word"))
    sent, rest = through(choice, [b"HTTP/1.1 200 Connection established\r\nX: y\r\n\r\n"], pieces)
    (request,) = sent
    assert request.startswith(b"CONNECT api.example.org:443 HTTP/1.1\r\nHost: api.example.org:443\r\n")
    assert b"Proxy-Authorization: Basic dXNlcjpwYXNzIHdvcmQ=\r\n" in request
    assert rest == b""


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"HTTP/1.1 407 No\r\n\r\n", "407"),
        (b"HTTP/1.1 502 No\r\n\r\n", "502"),
        (b"SSH-2.0\r\n\r\n", "does not speak HTTP"),
        (b"HTTP/1.1 200 " + b"x" * 70_000, "too long"),
    ],
)
def test_an_http_proxy_that_does_not_let_through(answer: bytes, says: str) -> None:
    with pytest.raises(TunnelError, match=says):
        through(ProxyChoice("http://proxy:3128", "proxy", None), [answer, b"more"])


@pytest.mark.parametrize("pieces", [1, 1000])
def test_a_way_through_a_socks_proxy(pieces: int) -> None:
    name = b"\x0fapi.example.org"
    choice = ProxyChoice("socks5://proxy:1080", "proxy", None)
    address = b"\x05\x00\x00\x01" + b"\x7f\x00\x00\x01" + b"\x01\xbb"
    assert through(choice, [b"\x05\x00", address], pieces) == (
        [b"\x05\x01\x00", b"\x05\x01\x00\x03" + name + b"\x01\xbb"],
        b"",
    )
    choice = ProxyChoice("socks5h://proxy:1080", "proxy", ("user", "secret"))
    named = b"\x05\x00\x00\x03\x02ab\x01\xbb"
    sent, _ = through(choice, [b"\x05\x02", b"\x01\x00", named], pieces)
    assert sent == [b"\x05\x02\x00\x02", b"\x01\x04user\x06secret", b"\x05\x01\x00\x03" + name + b"\x01\xbb"]


@pytest.mark.parametrize(
    "answers", [[b"\x04\x00"], [b"\x05\xff"], [b"\x05\x02", b"\x01\x01"], [b"\x05\x00", b"\x05\x05\x00\x01\x00"]]
)
def test_a_socks_proxy_that_does_not_let_through(answers: list[bytes]) -> None:
    with pytest.raises(TunnelError):
        through(ProxyChoice("socks5://proxy:1080", "proxy", ("a", "b")), answers)


def test_a_proxy_that_talks_out_of_turn_is_not_trusted() -> None:
    settings = make_settings(
        KEY, "https://api.example.org", timeout=1, max_retries=0, max_concurrent=1, on_invalid="raise"
    )
    wire = Wire(settings, None, ProxyChoice("http://proxy:3128", "proxy", None))
    assert KEY.encode() not in wire.outgoing()
    (event,) = wire.receive(b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 101 ")
    assert "more than it was asked for" in repr(event)
    assert not wire.greeted


class Proxy:
    """An HTTP proxy that records what it is asked for."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[bytes] = []
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def _start(self, work: Any, *arguments: Any) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self._start(self._serve, self._listener.accept()[0])

    def _serve(self, client: socket.socket) -> None:
        if self._tls is not None:
            client = self._tls.wrap_socket(client, server_side=True)
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(65536)
        self.asked.append(head)
        port = int(head.split(b" ")[1].rpartition(b":")[2])
        with client, socket.create_connection(("127.0.0.1", port)) as server:
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=self._pipe, args=(server, client))
            back.start()
            self._pipe(client, server)
            back.join()

    @staticmethod
    def _pipe(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(PATIENCE)


def server_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "cert.pem", TLS / "key.pem")
    return context


@pytest.fixture(params=["http", "https"])
def proxy(request: pytest.FixtureRequest) -> Iterator[Proxy]:
    made = Proxy(server_tls() if request.param == "https" else None)
    yield made
    made.close()


def test_streams_go_over_tls_and_trust_the_environments_certificates(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(TLS / "cert.pem"))
    server = serve(Script(tls=server_tls(), snapshot=lambda _: price(1)))
    reader = connect(server, key="seq_live_5ecre7").open(["prices:A"])
    assert reader.next().data.bid == 1
    server.peers[0].frame("prices:A", {**price(2), "note": "x" * 200_000})
    assert reader.next().data.bid == 2
    reader.close()
    assert server.peers[0].gone.wait(PATIENCE)


def test_a_certificate_that_is_not_trusted_ends_the_stream(serve: Serve, connect: Connect) -> None:
    server = serve(Script(tls=server_tls()))
    reader = connect(server).open(["prices:A"])
    with pytest.raises(RequestNotSentError, match="certificate"):
        reader.next()
    assert server.requests == []


def test_a_certificate_file_that_is_not_there_ends_the_stream(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/does/not/exist.pem")
    reader = connect(serve(Script(tls=server_tls()))).open(["prices:A"])
    with pytest.raises(RequestNotSentError):
        reader.next()


@pytest.mark.parametrize("secure", [False, True])
def test_streams_go_through_the_environments_proxy(
    serve: Serve, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, secure: bool
) -> None:
    server = serve(Script(tls=server_tls() if secure else None, snapshot=lambda _: price(1)))
    monkeypatch.setenv("SSL_CERT_FILE", str(TLS / "cert.pem"))
    monkeypatch.setenv("ALL_PROXY", proxy.url)
    url = server.url.replace("127.0.0.1", "localhost")
    with Sequence(KEY, url) as seq:
        for channel, _ in seq.stream(["prices:A"]):
            assert channel == "prices:A"
            break
    assert proxy.asked[0].startswith(f"CONNECT localhost:{server.port} HTTP/1.1\r\n".encode())
    assert KEY.encode() not in proxy.asked[0]


def test_a_live_key_never_goes_in_clear_text_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example.org:3128")
    with Sequence("seq_live_x", "http://localhost:1") as seq, pytest.raises(ValueError, match="plain http"):
        next(seq.stream(["prices:A"]))
    with pytest.raises(ValueError, match="plain http"):
        AsyncSequence("seq_live_x", "http://example.org")
