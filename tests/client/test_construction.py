"""What a client is made with: key, place, limits, proxies, certificates, a ready HTTP client."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import pickle
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

import sequence_markets.client.transport.common as common
from sequence_markets import AsyncSequence, RequestNotSentError, Sequence, SequenceError
from tests.client.answers import QUOTE, SUBMISSION
from tests.client.conftest import KEY, MakeClient, MakeServer
from tests.client.server import Received, Reply, Server

TLS = Path(__file__).parent / "tls"
FACES: list[Any] = [Sequence, AsyncSequence]
LIVE = "seq_live_" + "ab" * 32


@pytest.mark.parametrize("face", FACES)
def test_construction_touches_no_network(face: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was touched")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refuse)
    face(KEY)
    face(LIVE, "https://no-such-host.invalid")


@pytest.mark.parametrize("face", FACES)
def test_the_key_may_come_from_the_environment(face: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="SEQUENCE_API_KEY or SEQ_API_KEY"):
        face()
    monkeypatch.setenv("SEQ_API_KEY", "seq_test_second")
    assert face()._settings.key == "seq_test_second"
    monkeypatch.setenv("SEQUENCE_API_KEY", "seq_test_first")
    assert face()._settings.key == "seq_test_first"
    assert face("seq_test_given")._settings.key == "seq_test_given"
    monkeypatch.setenv("SEQUENCE_API_KEY", "")
    assert face()._settings.key == "seq_test_second"


BAD_KEYS = ["", "a\nb", "key\r\nX-Evil: 1", "tab\there", "with space", "nul\0", "k\x7f", "schlüssel", "кey", "a\u2028b"]


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("key", BAD_KEYS, ids=ascii)
def test_a_key_that_cannot_be_one_is_refused_without_being_shown(
    face: Any, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match="api_key") as given:
        face(key)
    texts = [str(given.value), repr(given.value)]
    if key and "\0" not in key:
        monkeypatch.setenv("SEQUENCE_API_KEY", key)
        with pytest.raises(ValueError, match="SEQUENCE_API_KEY") as found:
            face()
        texts.append(str(found.value))
    assert not key or not any(key in text for text in texts)


@pytest.mark.parametrize("face", FACES)
def test_a_key_of_another_type_is_a_type_error(face: Any) -> None:
    with pytest.raises(TypeError, match="api_key"):
        face(b"seq_test_x")


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("key", [LIVE, "sk_live_x", "anything"])
@pytest.mark.parametrize(
    "url", ["http://example.org", "http://10.0.0.1:50052", "http://localhost.example.org", "http://[2001:db8::1]"]
)
def test_a_key_that_may_be_live_is_refused_over_plain_http(face: Any, key: str, url: str) -> None:
    with pytest.raises(ValueError, match="plain http") as caught:
        face(key, url)
    assert key not in str(caught.value)


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize(
    ("key", "url"),
    [
        (LIVE, "http://localhost:50052"),
        (LIVE, "http://LOCALHOST"),
        (LIVE, "http://127.0.0.1:1/"),
        (LIVE, "http://127.9.9.9"),
        (LIVE, "http://[::1]:8080"),
        (LIVE, "http://api.localhost"),
        (LIVE, "https://example.org"),
        ("seq_test_x", "http://example.org"),
    ],
)
def test_other_combinations_are_fine(face: Any, key: str, url: str) -> None:
    face(key, url)


BAD_URLS: list[tuple[object, type[Exception]]] = [
    ("", ValueError),
    ("example.org", ValueError),
    ("ftp://example.org", ValueError),
    ("https://", ValueError),
    ("https://user:pw@example.org", ValueError),
    ("https://example.org?x=1", ValueError),
    ("https://example.org/#f", ValueError),
    ("https://example.org\\@evil.org", ValueError),
    ("https://exa mple.org", ValueError),
    ("https://example.org\r\nX: 1", ValueError),
    ("https://example.org:99999", ValueError),
    ("https://example.org:0", ValueError),
    ("https://[::1", ValueError),
    (None, TypeError),
    (7, TypeError),
]


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize(("url", "kind"), BAD_URLS, ids=str)
def test_a_base_url_that_cannot_be_one_is_refused(face: Any, url: object, kind: type[Exception]) -> None:
    with pytest.raises(kind) as caught:
        face(KEY, url)
    assert "pw" not in str(caught.value)


BAD_OPTIONS: list[tuple[dict[str, object], type[Exception]]] = [
    ({"timeout": 0}, ValueError),
    ({"timeout": -1}, ValueError),
    ({"timeout": float("nan")}, ValueError),
    ({"timeout": float("inf")}, ValueError),
    ({"timeout": None}, TypeError),
    ({"timeout": True}, TypeError),
    ({"max_retries": -1}, ValueError),
    ({"max_retries": 1.5}, TypeError),
    ({"max_retries": True}, TypeError),
    ({"max_concurrent": 0}, ValueError),
    ({"max_concurrent": "8"}, TypeError),
    ({"on_invalid": "ignore"}, ValueError),
    ({"http_client": "httpx"}, TypeError),
    ({"retries": 3}, TypeError),
]


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize(("options", "kind"), BAD_OPTIONS, ids=str)
def test_a_wrong_option_is_refused(face: Any, options: dict[str, object], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        face(KEY, **options)


def test_an_http_client_of_the_other_kind_is_refused() -> None:
    wrong: Any = httpx.AsyncClient()
    with pytest.raises(TypeError, match=r"httpx\.Client, not AsyncClient"):
        Sequence(KEY, http_client=wrong)
    with httpx.Client() as client:
        wrong = client
        with pytest.raises(TypeError, match=r"httpx\.AsyncClient, not Client"):
            AsyncSequence(KEY, http_client=wrong)


@pytest.mark.parametrize("face", FACES)
def test_the_environment_may_take_the_place_of_a_url_that_is_not_given(
    face: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEQUENCE_BASE_URL", "http://localhost:50052/")
    assert face(KEY)._settings.base_url == "http://localhost:50052"
    assert face(KEY, "http://localhost:1")._settings.base_url == "http://localhost:1"
    # Whoever names production means it.
    named = "https://" + "api.sequencemkts.com"
    assert face(KEY, named)._settings.base_url == named
    monkeypatch.setenv("SEQUENCE_BASE_URL", "http://example.org")
    with pytest.raises(ValueError, match="live key over plain http"):
        face(LIVE)
    monkeypatch.setenv("SEQUENCE_BASE_URL", "")
    assert face(LIVE)._settings.base_url == "https://api.sequencemkts.com"


@pytest.mark.parametrize("face", FACES)
def test_repr_shows_the_place_and_not_the_key(face: Any) -> None:
    assert repr(face(LIVE)) == f"{face.__name__}(api_key='seq_live_…', base_url='https://api.sequencemkts.com')"
    assert repr(face("seq_test_zzz", "http://h:1/")) == (
        f"{face.__name__}(api_key='seq_test_…', base_url='http://h:1')"
    )
    assert "zzz" not in repr(face("sk_zzz", "https://h")) + repr(face("sk_zzz")._settings)


# A ready HTTP client


def test_a_given_client_carries_the_requests_and_stays_open(serve: MakeServer) -> None:
    server = serve([Reply(body=QUOTE), Reply(503), Reply(body=SUBMISSION), Reply(302, headers=(("Location", "/x"),))])
    with httpx.Client(
        headers={"X-Team": "alpha", "User-Agent": "theirs", "authorization": "Basic theirs"},
        auth=("user", "password"),
        follow_redirects=True,
        timeout=0.001,
    ) as inner:
        with Sequence(KEY, server.url, http_client=inner, timeout=5) as seq:
            seq._jitter = lambda: 0.0
            assert seq.quote("A") == QUOTE
            assert seq.buy("A", 1) == SUBMISSION
            with pytest.raises(SequenceError) as redirected:
                seq.symbols()
            assert redirected.value.status == 302
        assert not inner.is_closed
    first = server.received[0]
    assert first.headers["x-team"] == "alpha"
    assert first.headers["authorization"] == f"Bearer {KEY}"
    assert first.headers["user-agent"].startswith("sequence-markets-python/")
    assert len(server.received) == 4


def test_a_given_async_client_carries_the_requests_and_stays_open(serve: MakeServer) -> None:
    server = serve([Reply(body=QUOTE), Reply(cut=0), Reply(body=SUBMISSION)])

    async def run() -> None:
        async with httpx.AsyncClient(headers={"X-Team": "alpha"}) as inner:
            async with AsyncSequence(KEY, server.url, http_client=inner) as seq:
                seq._jitter = lambda: 0.0
                assert await seq.quote("A") == QUOTE
                assert await seq.buy("A", 1) == SUBMISSION
            assert not inner.is_closed

    asyncio.run(run())
    assert server.received[0].headers["x-team"] == "alpha"
    assert server.received[1].body == server.received[2].body


def test_a_closed_given_client_is_a_plain_failure() -> None:
    inner = httpx.Client()
    inner.close()
    with pytest.raises(RequestNotSentError, match="http_client is closed"):
        Sequence(KEY, "http://127.0.0.1:1", http_client=inner).buy("A", 1)


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (httpx.ConnectError("no"), "RequestNotSentError"),
        (httpx.PoolTimeout("no"), "RequestNotSentError"),
        (httpx.ReadTimeout("no"), "OutcomeUnknownError"),
        (httpx.ReadError("no"), "OutcomeUnknownError"),
        (httpx.RemoteProtocolError("no"), "OutcomeUnknownError"),
        (httpx.WriteTimeout("no"), "OutcomeUnknownError"),
        (OSError("no"), "OutcomeUnknownError"),
    ],
)
def test_failures_of_a_given_client_tell_the_truth(raised: Exception, kind: str) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise raised

    with httpx.Client(transport=httpx.MockTransport(fail)) as inner:
        with pytest.raises(SequenceError) as caught:
            Sequence(KEY, http_client=inner, max_retries=0).buy("A", 1)
        assert type(caught.value).__name__ == kind
        assert pickle.loads(pickle.dumps(caught.value)).graph_id == caught.value.graph_id


# Proxies


def test_the_proxy_of_the_environment_carries_plain_requests(
    serve: MakeServer, connect: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(Reply(body=QUOTE))
    monkeypatch.setenv("HTTP_PROXY", f"http://user:p%40ss@127.0.0.1:{proxy.port}")
    client = connect("http://exchange.invalid:81")
    assert client.quote("A") == QUOTE
    assert proxy.received[0].target == "http://exchange.invalid:81/v1/quotes/A?depth=10"
    assert proxy.received[0].headers["host"] == "exchange.invalid:81"
    assert proxy.received[0].headers["proxy-authorization"] == "Basic dXNlcjpwQHNz"


def test_no_proxy_is_honoured(serve: MakeServer, connect: MakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(Reply(body=QUOTE))
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    url = f"http://localhost:{server.port}"
    monkeypatch.setenv("NO_PROXY", "example.org,localhost")
    assert connect(url).quote("A") == QUOTE
    monkeypatch.setenv("NO_PROXY", "example.org")
    with pytest.raises(RequestNotSentError):
        connect(url, max_retries=0).quote("A")


def test_a_loopback_address_is_reached_without_the_proxy(
    serve: MakeServer, connect: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(Reply(body=QUOTE))
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert connect(server).quote("A") == QUOTE


class Tunnel:
    """A proxy that understands CONNECT, and nothing else."""

    def __init__(self, port: int) -> None:
        self.asked: list[str] = []
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        near, _ = self._listener.accept()
        with near, socket.create_connection(("127.0.0.1", self._port)) as far:
            head = b""
            while b"\r\n\r\n" not in head:
                head += near.recv(4096)
            self.asked.append(head.decode().splitlines()[0])
            near.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pump, args=(far, near), daemon=True)
            back.start()
            _pump(near, far)
            back.join()

    def close(self) -> None:
        self._thread.join()
        self._listener.close()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # One side has gone; the other follows.


def _tls_server() -> Server:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "cert.pem", TLS / "key.pem")
    return Server(Reply(body=QUOTE), tls=context)


def test_the_proxy_of_the_environment_tunnels_tls(connect: MakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(TLS / "cert.pem"))
    with _tls_server() as server:
        tunnel = Tunnel(server.port)
        monkeypatch.setenv("HTTPS_PROXY", tunnel.url)
        client = connect(f"https://localhost:{server.port}")
        assert client.quote("A") == QUOTE
        client.close()
        tunnel.close()
    assert tunnel.asked == [f"CONNECT localhost:{server.port} HTTP/1.1"]


def test_a_live_key_does_not_pass_a_foreign_proxy_in_clear_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example.org:3128")
    with Sequence(LIVE, "http://localhost:50052") as seq, pytest.raises(ValueError, match="proxy"):
        seq.quote("A")


@pytest.mark.parametrize("url", ["socks5://127.0.0.1:1", "ftp://127.0.0.1:1", "http://", "http://h:99999"])
def test_a_proxy_that_cannot_be_used_is_said_so(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", url)

    def missing(_: str) -> None:
        return None

    monkeypatch.setattr("sequence_markets.client.proxies.find_spec", missing)
    with Sequence(KEY, "http://localhost:1") as seq, pytest.raises(ValueError, match=r"proxy|SOCKS"):
        seq.quote("A")


# Certificates


def test_a_certificate_nobody_vouches_for_is_refused_at_once(connect: MakeClient) -> None:
    with _tls_server() as server:
        with pytest.raises(RequestNotSentError) as caught:
            connect(server).buy("A", 1)
        assert caught.value.attempts == 1
        assert server.received == []


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_certificates_of_the_environment_are_trusted(
    connect: MakeClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    if variable == "SSL_CERT_FILE":
        monkeypatch.setenv(variable, str(TLS / "cert.pem"))
    else:
        # OpenSSL finds a certificate in a directory by the hash of its subject, as a file name.
        (tmp_path / "ce275665.0").write_bytes((TLS / "cert.pem").read_bytes())
        monkeypatch.setenv(variable, str(tmp_path))
    with _tls_server() as server:
        assert connect(f"https://localhost:{server.port}").quote("A") == QUOTE


def test_clients_share_one_tls_context_made_on_first_need() -> None:
    code = (
        "import sequence_markets.client.transport.common as common\n"
        "from sequence_markets import Sequence\n"
        "clients = [Sequence('seq_test_x') for _ in range(3)]\n"
        "assert not common._tls\n"
        "clients[0].health(timeout=0.001)\n"
        "assert len(common._tls) == 1\n"
        "assert common.tls_context() is common.tls_context()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "HTTPS_PROXY": "http://127.0.0.1:1"})
    assert common.tls_context() is common.tls_context()


def test_the_reference_example_of_a_local_server_parses() -> None:
    seq = Sequence("seq_test_...", "http://localhost:50052")
    assert urlsplit(seq._settings.base_url).port == 50052


def test_gzip_is_understood(serve: MakeServer, connect: MakeClient) -> None:
    packed = gzip.compress(json.dumps(QUOTE).encode())

    def answer(request: Received) -> Reply:
        assert request.headers["accept-encoding"] == "gzip"
        return Reply(body=packed, headers=(("Content-Encoding", "gzip"),))

    assert connect(serve(answer)).quote("A") == QUOTE
