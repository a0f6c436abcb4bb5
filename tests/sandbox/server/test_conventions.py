"""What holds for every endpoint: keys, errors, request ids, limits, and never a redirect."""

from __future__ import annotations

import json
import logging
import socket
import uuid

import httpx
import pytest

from sequence_markets.sandbox import Sandbox
from tests.sandbox.server.http import NO_TLS, assert_error, connect, order_body

_READS = [
    *("/v1/health", "/v1/account", "/v1/risk_limits", "/v1/edges", "/v1/credentials", "/v1/quotes/BTC-USD"),
    *("/v1/quotes", "/v1/symbols", "/v1/orders", "/v1/orders/x", "/v1/execution_graphs/x", "/v1/fills"),
    *("/v1/positions", "/v1/positions/unified", "/v1/balances", "/v1/sandbox/settings"),
]


@pytest.mark.parametrize("path", _READS)
def test_a_key_is_needed(sandbox: Sandbox, path: str) -> None:
    error = assert_error(httpx.get(sandbox.url + path, trust_env=False, verify=NO_TLS), 401, "UNAUTHORIZED")
    assert "Authorization" in str(error["message"])


@pytest.mark.parametrize("value", ["Bearer nonsense", "Basic seq_test_x", "seq_test_x", "Bearer sk_live_x"])
def test_a_malformed_key_is_unauthorized(sandbox: Sandbox, value: str) -> None:
    answer = httpx.get(sandbox.url + "/v1/account", headers={"Authorization": value}, trust_env=False, verify=NO_TLS)
    assert_error(answer, 401, "UNAUTHORIZED")


def test_liveness_needs_no_key(sandbox: Sandbox) -> None:
    answer = httpx.get(sandbox.url + "/v1/health/live", trust_env=False, verify=NO_TLS)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert httpx.head(sandbox.url + "/v1/health/live", trust_env=False, verify=NO_TLS).status_code == 200


def test_each_key_is_an_account_of_its_own(sandbox: Sandbox) -> None:
    ids: set[str] = set()
    for key in ("seq_test_" + "a" * 64, "seq_live_" + "a" * 64, "seq_test_" + "b" * 64):
        with connect(sandbox, key) as one, connect(sandbox, key) as two:
            first, second = one.get("/v1/account").json(), two.get("/v1/account").json()
        assert first["client_id"] == second["client_id"]
        ids.add(first["client_id"])
    assert len(ids) == 3


def test_a_request_id_is_echoed(api: httpx.Client) -> None:
    assert api.get("/v1/account", headers={"X-Request-Id": "mine-1"}).headers["x-request-id"] == "mine-1"
    failed = api.get("/v1/orders?limit=x", headers={"X-Request-Id": "i" * 128})
    assert assert_error(failed, 400, "INVALID_PARAMS")["request_id"] == "i" * 128


@pytest.mark.parametrize("given", [None, "", "i" * 129, "tab\there"])
def test_a_missing_or_unusable_request_id_is_replaced(api: httpx.Client, given: str | None) -> None:
    headers = {} if given is None else {"X-Request-Id": given}
    made = api.get("/v1/account", headers=headers).headers["x-request-id"]
    assert uuid.UUID(made).version == 4


@pytest.mark.parametrize("path", ["/", "/v1", "/v2/orders", "/v1/nothing", "/v1//orders", "/_sandbox/nothing"])
def test_an_unknown_path(api: httpx.Client, path: str) -> None:
    assert_error(api.get(path), 404, "NOT_FOUND")


@pytest.mark.parametrize("path", ["/v1/balances", "/v1/positions/perp", "/v1/portfolio/summary"])
def test_a_removed_endpoint(api: httpx.Client, path: str) -> None:
    assert "GET /v1/positions" in str(assert_error(api.get(path), 404, "NOT_FOUND")["message"])


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/v1/orders", "GET, POST"),
        ("POST", "/v1/account", "GET"),
        ("GET", "/v1/quotes_batch", "POST"),
        ("GET", "/_sandbox/reset", "POST"),
        ("OPTIONS", "/v1/orders", "GET, POST"),
    ],
)
def test_another_method(api: httpx.Client, method: str, path: str, allow: str) -> None:
    answer = api.request(method, path)
    assert_error(answer, 405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == allow


@pytest.mark.parametrize("path", [p + "/" for p in _READS] + ["/v1/health/live/", "/v1/orders?", "//v1/orders"])
def test_never_a_redirect(api: httpx.Client, path: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        answer = api.request(method, path)
        assert not 300 <= answer.status_code < 400
        assert "location" not in answer.headers


@pytest.mark.parametrize(
    "body", [b"{", b"", b"NaN", b"[" * 5000, b"\xff", b'{"a": 1e999}', b"[1]", b"3", b"null", b'"x"']
)
def test_a_body_that_is_no_json_object(api: httpx.Client, body: bytes) -> None:
    answer = api.post("/v1/orders", content=body, headers={"Content-Type": "application/json"})
    if body:
        assert_error(answer, 400, "BAD_REQUEST")
    else:
        assert_error(answer, 422, "VALIDATION_ERROR")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"])
def test_a_body_that_is_not_labelled_json(api: httpx.Client, content_type: str) -> None:
    answer = api.post("/v1/orders", content=b"{}", headers={"Content-Type": content_type})
    assert_error(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


def test_a_charset_does_no_harm(api: httpx.Client) -> None:
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert api.post("/v1/orders", content=json.dumps(order_body()), headers=headers).status_code == 200


def test_a_body_that_is_too_large(api: httpx.Client) -> None:
    large = b'{"a": "' + b"x" * (3 << 20) + b'"}'
    headers = {"Content-Type": "application/json"}
    assert_error(api.post("/v1/orders", content=large, headers=headers), 413, "PAYLOAD_TOO_LARGE")
    # Without an announced length, in pieces.
    pieces = (large[start : start + 65536] for start in range(0, len(large), 65536))
    assert_error(api.post("/v1/orders", content=pieces, headers=headers), 413, "PAYLOAD_TOO_LARGE")


def test_a_body_cut_off_by_its_sender_submits_nothing(sandbox: Sandbox, api: httpx.Client) -> None:
    # All of it has arrived but a trailing blank: it could be read, but it is not what was announced.
    body = json.dumps(order_body()).encode() + b" "
    before = len(sandbox.journal())
    assert api.get("/v1/orders").json()["total"] == 0
    host, port = sandbox.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as raw:
        raw.sendall(
            b"POST /v1/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Authorization: " + api.headers["authorization"].encode() + b"\r\n"
            b"Content-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body[:-1]
        )
        raw.shutdown(socket.SHUT_WR)
        raw.settimeout(5)
        while raw.recv(4096):
            pass
    assert api.get("/v1/orders").json()["total"] == 0
    assert len(sandbox.journal()) <= before + 1


@pytest.mark.parametrize(
    "path",
    [
        "/v1/orders?limit=abc",
        "/v1/orders?limit=0",
        "/v1/orders?offset=-1",
        "/v1/fills?limit=1.5",
        "/v1/fills?offset=",
        "/v1/positions?include_closed=1",
        "/v1/positions?kinds=gold",
        "/v1/positions?venues=nasdaq",
        "/v1/quotes/BTC-USD?depth=x",
        "/v1/quotes/BTC-USD?nowait=yes",
        "/v1/quotes?max_age_s=-1",
        "/v1/orders?limit=1&limit=2",
        "/_sandbox/journal?since=-1",
    ],
)
def test_a_query_is_read_strictly(api: httpx.Client, path: str) -> None:
    error = assert_error(api.get(path), 400, "INVALID_PARAMS")
    details = error["details"]
    assert isinstance(details, list)
    assert path.partition("?")[2].partition("=")[0] in json.dumps(details)


def test_a_failure_inside_is_a_500_without_its_cause(
    sandbox: Sandbox, api: httpx.Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(self: object, client_id: str) -> None:
        raise RuntimeError("a cause")

    monkeypatch.setattr("sequence_markets.sandbox.exchange.Exchange.risk_limits", broken)
    with caplog.at_level(logging.ERROR, "sequence_markets.sandbox"):
        answer = api.get("/v1/risk_limits")
    assert "a cause" not in str(assert_error(answer, 500, "INTERNAL_ERROR"))
    assert "a cause" in caplog.text
    assert api.headers["authorization"].removeprefix("Bearer ") not in caplog.text


def test_a_broken_request_does_not_break_the_server(sandbox: Sandbox, api: httpx.Client) -> None:
    host, port = sandbox.url.removeprefix("http://").split(":")
    for noise in (
        b"\x00\x01\x02\r\n\r\n",
        b"GET /\x80 HTTP/1.1\r\n\r\n",
        b"POST /v1/orders HTTP/1.1\r\nContent-Length: x\r\n\r\n",
    ):
        with socket.create_connection((host, int(port))) as raw:
            raw.sendall(noise)
            raw.settimeout(5)
            assert b" 400 " in raw.recv(4096)
    assert api.get("/v1/account").status_code == 200


def test_no_secret_is_logged_or_journaled(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    key, secret = "seq_test_" + "5ec7e7" * 10, "V3NUE-5ECRET"
    with caplog.at_level(logging.DEBUG, "sequence_markets.sandbox"), connect(sandbox, key) as client:
        answers = [
            client.post("/v1/credentials/okx", json={"api_key": secret, "api_secret": secret, "passphrase": secret}),
            client.post("/v1/credentials/okx", json={"api_key": secret, "api_secret": 3, "passphrase": secret}),
            client.get("/v1/credentials"),
            client.get("/v1/account"),
            client.post("/v1/orders", json=order_body()),
        ]
    shown = caplog.text + "".join(answer.text for answer in answers) + json.dumps(sandbox.journal())
    assert key not in shown
    assert secret not in shown


class TestRateLimit:
    """The limiter over HTTP."""

    def test_the_burst_then_429_with_whole_seconds(self) -> None:
        with Sandbox(rate_limit=3) as limited, connect(limited) as one, connect(limited) as other:
            assert [one.get("/v1/account").status_code for _ in range(6)] == [200] * 6
            answer = one.get("/v1/account")
            assert_error(answer, 429, "RATE_LIMITED")
            assert answer.headers["retry-after"] == "1"
            assert other.get("/v1/account").json()["rate_limit_qps"] == 3

    def test_liveness_and_the_control_plane_are_not_limited(self) -> None:
        with Sandbox(rate_limit=1) as limited, connect(limited) as client:
            for _ in range(10):
                assert client.get("/v1/health/live").status_code == 200
                assert client.get("/_sandbox/clock").status_code == 200

    def test_it_is_off_by_default(self, api: httpx.Client) -> None:
        assert {api.get("/v1/account").status_code for _ in range(50)} == {200}
