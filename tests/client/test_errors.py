"""What a failure says, and what it never shows."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import traceback
import warnings
from collections.abc import Callable

import pytest

from sequence_markets import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ClientClosedError,
    ConflictError,
    ConnectionLostError,
    InvalidResponseWarning,
    KillSwitchActiveError,
    NetworkError,
    NotFoundError,
    OutcomeUnknownError,
    PaginationError,
    PermissionDeniedError,
    RateLimitError,
    RedirectError,
    RequestNotSentError,
    RequestTimeoutError,
    ResponseValidationError,
    Sequence,
    SequenceError,
    ServerError,
    UnprocessableError,
    WrongEventLoopError,
)
from sequence_markets.models import Fault
from tests.client.answers import QUOTE, SHORT_QUOTE, SUBMISSION, error
from tests.client.conftest import KEY, MakeClient, MakeServer
from tests.client.server import Reply

STATUSES: list[tuple[int, str, type[SequenceError]]] = [
    (301, "CODE", RedirectError),
    (308, "CODE", RedirectError),
    (400, "BAD_REQUEST", BadRequestError),
    (401, "UNAUTHORIZED", AuthenticationError),
    (403, "FORBIDDEN", PermissionDeniedError),
    (404, "NOT_FOUND", NotFoundError),
    (409, "CONFLICT", ConflictError),
    (409, "KILL_SWITCH", KillSwitchActiveError),
    (418, "TEAPOT", APIStatusError),
    (422, "VALIDATION_ERROR", UnprocessableError),
    (429, "RATE_LIMITED", RateLimitError),
    (500, "INTERNAL_ERROR", ServerError),
    (503, "SERVICE_UNAVAILABLE", ServerError),
]


@pytest.mark.parametrize(("status", "code", "kind"), STATUSES)
def test_each_status_is_a_kind_of_error_that_tells_everything(
    serve: MakeServer, connect: MakeClient, status: int, code: str, kind: type[SequenceError]
) -> None:
    details = [{"field": "nodes[0].quantity", "message": "must be > 0"}]
    client = connect(serve(error(status, code, "what is wrong", request_id="5b0f", details=details)), max_retries=0)
    with pytest.raises(SequenceError) as caught:
        client.quote("A")
    failure = caught.value
    assert type(failure) is kind
    assert (failure.status, failure.message, failure.code) == (status, "what is wrong", code)
    assert (failure.request_id, failure.details) == ("5b0f", details)
    assert (failure.operation, failure.attempts, failure.graph_id) == ("quote", 1, None)


def test_a_kill_switch_is_told_from_its_words_where_the_code_does_not_tell(
    serve: MakeServer, connect: MakeClient
) -> None:
    client = connect(serve([error(409, "CONFLICT", "Kill switch is active"), error(409, "CONFLICT", "duplicate")]))
    with pytest.raises(KillSwitchActiveError):
        client.buy("A", 1)
    with pytest.raises(ConflictError) as caught:
        client.buy("A", 1)
    assert type(caught.value) is ConflictError


BODIES: list[tuple[object, str]] = [
    ({"error": {"message": "m", "code": "C"}}, "m"),
    ({"error": "Rate limit exceeded"}, "Rate limit exceeded"),
    ({"error": {}}, '{"error": {}}'),
    ({"error": {"message": None}}, '{"error": {"message": null}}'),
    ({"error": {"message": 7, "details": "x", "code": 5}}, '{"error": {"message": 7, "details": "x", "code": 5}}'),
    ({"error": None}, '{"error": null}'),
    ({"error": {"message": "m", "details": [1, {"field": 2}, {"field": "f", "message": "g"}]}}, "m"),
    ({"detail": "Not Found"}, '{"detail": "Not Found"}'),
    ([1, 2], "[1, 2]"),
    ("text", '"text"'),
    (b"<html>Bad Gateway</html>", "<html>Bad Gateway</html>"),
    (b"x" * 5000, "x" * 200),
    (b"", "Bad Request"),
    (b"\xff\xfe", "\ufffd\ufffd"),
    (b"line\r\nline\x1b[31m", "line  line [31m"),
    (b"[" * 100_000, "[" * 200),
]


@pytest.mark.parametrize(("body", "message"), BODIES, ids=range(len(BODIES)))
def test_any_error_body_gives_a_message(serve: MakeServer, connect: MakeClient, body: object, message: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        connect(serve(Reply(400, body))).quote("A")
    assert caught.value.message == message
    assert all(set(each) == {"field", "message"} for each in caught.value.details)


def test_the_request_id_is_the_servers_else_the_one_sent(serve: MakeServer, connect: MakeClient) -> None:
    server = serve([Reply(404, headers=(("X-Request-Id", "from-header"),)), Reply(404)])
    client = connect(server)
    with pytest.raises(NotFoundError) as first:
        client.quote("A")
    with pytest.raises(NotFoundError) as second:
        client.quote("A")
    assert first.value.request_id == "from-header"
    assert second.value.request_id == server.received[1].headers["x-request-id"]


def test_a_redirect_is_not_followed_and_carries_the_key_nowhere(serve: MakeServer, connect: MakeClient) -> None:
    other = serve()
    for status in (301, 302, 303, 307, 308):
        server = serve(Reply(status, headers=(("Location", f"{other.url}/steal"),)))
        client = connect(server)
        with pytest.raises(RedirectError) as read:
            client.quote("A")
        with pytest.raises(RedirectError) as submitted:
            client.buy("A", 1)
        assert read.value.status == submitted.value.status == status
        assert [each.method for each in server.received] == ["GET", "POST"]
    assert other.received == []


GARBAGE: list[tuple[str, bytes]] = [
    ("nothing", b""),
    ("html", b"<html>"),
    ("half", b'{"symbol": "A'),
    ("null", b"null"),
    ("list", b"[1]"),
    ("text", b'"x"'),
    ("nan", json.dumps({**QUOTE, "nbbo": {"bid": float("nan")}}).encode()),
    ("wrong type", json.dumps({**QUOTE, "nbbo": {"bid": "3101"}}).encode()),
    ("not utf-8", b'{"symbol": "\xff"}'),
]


@pytest.mark.parametrize(("name", "body"), GARBAGE, ids=[name for name, _ in GARBAGE])
def test_a_2xx_that_is_not_as_documented_is_an_error_that_keeps_the_answer(
    serve: MakeServer, connect: MakeClient, name: str, body: bytes
) -> None:
    client = connect(serve(Reply(body=body)))
    with pytest.raises(ResponseValidationError) as caught:
        client.quote("A")
    assert caught.value.status == 200
    assert caught.value.faults
    if name == "wrong type":
        assert caught.value.raw == {**QUOTE, "nbbo": {"bid": "3101"}}
        assert "nbbo.bid" in caught.value.paths
    assert "3101" not in str(caught.value)


def test_after_a_submit_with_a_strange_answer_nothing_is_lost(serve: MakeServer, connect: MakeClient) -> None:
    server = serve(Reply(201, {"graph_id": "graph_1", "status": 7, "node_count": "1"}))
    client = connect(server)
    with pytest.raises(ResponseValidationError) as caught:
        client.buy("A", 1)
    assert len(server.received) == 1
    assert caught.value.raw == {"graph_id": "graph_1", "status": 7, "node_count": "1"}
    assert set(caught.value.paths) >= {"status", "node_count"}
    assert caught.value.graph_id == server.received[0].json["graph_id"]
    assert client.unresolved == ()


def test_on_request_a_strange_answer_is_handed_on_with_a_warning(serve: MakeServer, connect: MakeClient) -> None:
    strange = {**SHORT_QUOTE, "nbbo": {"bid": "3101"}}
    server = serve([Reply(body=strange), Reply(body=[strange]), Reply(body=b"<html>"), Reply(body=[1])])
    client = connect(server, on_invalid="warn")
    with pytest.warns(InvalidResponseWarning, match=r"quote: .*nbbo") as caught:
        quote = client.quote("A")
    assert quote.raw == strange
    assert caught[0].filename.startswith(__file__.rpartition("/")[0])
    with pytest.warns(InvalidResponseWarning, match="quotes"):
        assert client.quotes(["A"]).raw == [strange]
    for _ in range(2):
        with pytest.raises(ResponseValidationError):
            client.quotes(["A"])


def test_network_failures_have_status_0_and_say_what_they_are(serve: MakeServer, connect: MakeClient) -> None:
    with pytest.raises(RequestNotSentError) as refused:
        connect("http://127.0.0.1:1", max_retries=1).quote("A")
    assert (refused.value.status, refused.value.attempts) == (0, 2)
    with pytest.raises(ConnectionLostError) as lost:
        connect(serve(Reply(cut=10)), max_retries=0).quote("A")
    assert (lost.value.status, lost.value.attempts) == (0, 1)
    for failure in (refused.value, lost.value):
        assert isinstance(failure, NetworkError)
        assert failure.message
        assert failure.__cause__ is not None


SHORT: list[Reply] = [
    Reply(body=b"zz\r\nzz\r\n", headers=(("Transfer-Encoding", "chunked"),)),
    Reply(body=QUOTE, cut=-5),
    Reply(cut=0),
    Reply(cut=0, reset=True),
    Reply(headers=(("Content-Length", "7"),)),
    Reply(headers=(("X-Long", "x" * 200_000),)),
]


@pytest.mark.parametrize("reply", SHORT, ids=range(len(SHORT)))
def test_a_broken_answer_is_a_lost_connection(serve: MakeServer, connect: MakeClient, reply: Reply) -> None:
    with pytest.raises(ConnectionLostError):
        connect(serve(reply), max_retries=0, timeout=1).quote("A")


SECRETS = ["AK-venue-key", "SK-venue-secret\nsecond line", "my passphrase", "0xdeadbeef", KEY]


def test_no_error_log_or_repr_shows_a_secret_even_when_the_server_echoes_it(
    serve: MakeServer, connect: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    echo = " ".join(SECRETS)
    server = serve(
        [
            error(400, echo, echo, request_id=echo, details=[{"field": echo, "message": echo}]),
            Reply(400, echo.encode()),
            Reply(400, json.dumps(echo).encode()),
            Reply(503, {"error": echo}),
            Reply(cut=7),
        ]
    )
    client = connect(server, max_retries=0)
    shown = [repr(client), str(client)]
    for _ in range(5):
        with pytest.raises(SequenceError) as caught:
            client.connect_venue(
                "okx", SECRETS[0], SECRETS[1], passphrase=SECRETS[2], extra_json={"a": [{"b": SECRETS[3]}]}
            )
        failure = caught.value
        shown += [str(failure), repr(failure), str(vars(failure))]
        shown += traceback.format_exception(failure)
    shown += [record.getMessage() for record in caplog.records]
    assert server.received[-1].json["api_secret"] == SECRETS[1]
    for secret in SECRETS:
        for form in (secret, json.dumps(secret)[1:-1]):
            assert not [text for text in shown if form in text]


def test_no_log_shows_a_body_or_the_key(
    serve: MakeServer, connect: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client = connect(serve())
    client.buy("SECRET-SYMBOL", "12345.678")
    client.quote("SECRET-SYMBOL")
    logged = " ".join(record.getMessage() for record in caplog.records)
    assert KEY not in logged
    assert "SECRET-SYMBOL" not in logged
    assert "12345678" not in logged


KINDS: list[SequenceError] = [
    *(kind(status, "m", code=code, request_id="r", operation="o", attempts=3) for status, code, kind in STATUSES),
    RateLimitError(429, "m", retry_after=1.5, details=[{"field": "f", "message": "g"}]),
    RequestNotSentError(0, "m"),
    RequestTimeoutError(0, "m"),
    PaginationError(0, "m", operation="iter_orders"),
    OutcomeUnknownError(0, "m", lookup="graph_status('g')", graph_id="g", attempts=2),
    ResponseValidationError(200, "m", raw={"a": [1]}, faults=(Fault("a", "wrong"),)),
    ClientClosedError(0, "m"),
    WrongEventLoopError(0, "m"),
]


def _pickled(failure: SequenceError) -> SequenceError:
    again: SequenceError = pickle.loads(pickle.dumps(failure))
    return again


AGAIN: list[Callable[[SequenceError], SequenceError]] = [_pickled, copy.copy, copy.deepcopy]


@pytest.mark.parametrize("failure", KINDS, ids=lambda failure: type(failure).__name__)
@pytest.mark.parametrize("again", AGAIN)
def test_errors_survive_pickle_and_copy(
    failure: SequenceError, again: Callable[[SequenceError], SequenceError]
) -> None:
    failure.add_note("a note")
    second = again(failure)
    assert type(second) is type(failure)
    assert vars(second) == vars(failure)
    assert (str(second), repr(second), second.args) == (str(failure), repr(failure), failure.args)


def test_usage_errors_are_runtime_errors_too() -> None:
    assert isinstance(ClientClosedError(0, "m"), RuntimeError)
    assert isinstance(WrongEventLoopError(0, "m"), RuntimeError)


def test_a_closed_client_says_so(serve: MakeServer, connect: MakeClient) -> None:
    server = serve()
    client = connect(server)
    client.quote("A")
    client.close()
    client.close()
    for call in (lambda: client.quote("A"), lambda: client.buy("A", 1)):
        with pytest.raises(ClientClosedError):
            call()
    assert client.health() is False
    assert len(server.received) == 1


def test_the_reference_example_of_handling_errors_works(serve: MakeServer, connect: MakeClient) -> None:
    client: Sequence = connect(serve(error(409, "KILL_SWITCH", "kill switch active")))
    seen = None
    try:
        client.buy("ETH-USD", 50)
    except SequenceError as e:
        seen = (e.status, e.message)
    assert seen == (409, "kill switch active")


def test_a_valid_answer_warns_about_nothing(serve: MakeServer, connect: MakeClient) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert connect(serve(Reply(body=SUBMISSION)), on_invalid="warn").buy("A", 1) == SUBMISSION
