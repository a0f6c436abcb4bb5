"""When a request is repeated, and how long that may take."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from time import monotonic

import pytest
from hypothesis import given, strategies as st

from sequence_markets import (
    NotFoundError,
    OutcomeUnknownError,
    RateLimitError,
    RequestNotSentError,
    RequestTimeoutError,
    Sequence,
    SequenceError,
    ServerError,
)
from sequence_markets.client import retry
from sequence_markets.client.engine import Answer, Failure, Send, Wait, converse
from sequence_markets.client.operations import graphs, market, venues
from sequence_markets.client.operations.orders import submit
from sequence_markets.client.outcomes import Outcomes
from sequence_markets.client.settings import make_settings
from tests.client.answers import QUOTE, SUBMISSION, error
from tests.client.conftest import KEY, MakeClient, MakeServer
from tests.client.server import Reply

PASSING = [429, 502, 503, 504]


@pytest.mark.parametrize("status", PASSING)
@pytest.mark.parametrize("retries", [0, 1, 3])
def test_a_passing_fault_is_repeated_as_often_as_is_said(
    serve: MakeServer, connect: MakeClient, status: int, retries: int
) -> None:
    server = serve(error(status))
    with pytest.raises(SequenceError) as caught:
        connect(server, max_retries=retries).quote("A")
    assert caught.value.attempts == len(server.received) == retries + 1
    assert caught.value.status == status
    assert len({each.headers["x-request-id"] for each in server.received}) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 500])
def test_an_answer_that_will_not_change_is_not_repeated(serve: MakeServer, connect: MakeClient, status: int) -> None:
    server = serve(error(status))
    with pytest.raises(SequenceError):
        connect(server).quote("A")
    assert len(server.received) == 1


@pytest.mark.parametrize("fault", [error(503), error(429), Reply(cut=0), Reply(body=QUOTE, cut=60), Reply(cut=3)])
def test_a_read_survives_a_passing_fault(serve: MakeServer, connect: MakeClient, fault: Reply) -> None:
    assert connect(serve([fault, fault, Reply(body=QUOTE)])).quote("A") == QUOTE


@pytest.mark.parametrize("fault", [error(503), error(429), Reply(cut=0), Reply(body=SUBMISSION, cut=60)])
def test_a_submit_is_repeated_with_the_same_bytes(serve: MakeServer, connect: MakeClient, fault: Reply) -> None:
    server = serve([fault, fault, Reply(body=SUBMISSION)])
    client = connect(server)
    assert client.buy("A", "0.1", limit_price=2) == SUBMISSION
    assert len(server.received) == 3
    assert len({each.raw for each in server.received}) == 1
    assert client.unresolved == ()


def test_a_graph_id_of_the_callers_own_is_sent_as_it_is(serve: MakeServer, connect: MakeClient) -> None:
    server = serve([Reply(cut=0), Reply(body=SUBMISSION)])
    connect(server).sell("A", 1, graph_id="mine")
    assert [each.json["graph_id"] for each in server.received] == ["mine", "mine"]


@pytest.mark.parametrize("fault", [error(502), error(503), error(504), Reply(cut=0), Reply(cut=20)])
def test_an_unsafe_write_is_not_repeated_once_it_may_have_left(
    serve: MakeServer, connect: MakeClient, fault: Reply
) -> None:
    server = serve(fault)
    with pytest.raises(OutcomeUnknownError) as caught:
        connect(server).disconnect_venue("okx")
    assert len(server.received) == 1
    assert caught.value.lookup == "venues()"
    assert "venues()" in str(caught.value)
    assert caught.value.__cause__ is not None


def test_an_unsafe_write_that_never_left_is_repeated(connect: MakeClient) -> None:
    with pytest.raises(RequestNotSentError) as caught:
        connect("http://127.0.0.1:1").disconnect_venue("okx")
    assert caught.value.attempts == 3


def test_an_unsafe_write_that_was_refused_is_a_plain_refusal(serve: MakeServer, connect: MakeClient) -> None:
    server = serve(error(429))
    with pytest.raises(RateLimitError):
        connect(server).disconnect_venue("okx")
    assert len(server.received) == 1


def test_cancelling_and_storing_credentials_are_repeated(serve: MakeServer, connect: MakeClient) -> None:
    calls: list[Callable[[Sequence], None]] = [
        lambda client: client.cancel("g"),
        lambda client: client.graph_cancel("g"),
        lambda client: client.connect_venue("okx", "k", "s"),
    ]
    for call in calls:
        server = serve([Reply(cut=0), Reply(204)])
        call(connect(server))
        assert len({each.raw for each in server.received}) == 1
        assert len(server.received) == 2


# Retry-After


def test_retry_after_is_waited_for(serve: MakeServer, connect: MakeClient) -> None:
    server = serve([Reply(429, headers=(("Retry-After", "0.2"),)), Reply(body=QUOTE)])
    started = monotonic()
    connect(server).quote("A")
    assert monotonic() - started >= 0.2


@pytest.mark.parametrize("header", ["61", "86400", "9" * 400, "date"])
def test_a_retry_after_beyond_the_ceiling_fails_at_once_and_says_so(
    serve: MakeServer, connect: MakeClient, header: str
) -> None:
    if header == "date":
        header = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    server = serve(Reply(429, headers=(("Retry-After", header),)))
    started = monotonic()
    with pytest.raises(RateLimitError, match=r"asks to wait \S+ s, longer than this call may") as caught:
        connect(server, timeout=100_000).quote("A")
    assert monotonic() - started < 5
    assert len(server.received) == 1
    assert caught.value.retry_after is not None
    assert caught.value.retry_after > 60


def test_a_retry_after_beyond_the_calls_own_time_fails_at_once(serve: MakeServer, connect: MakeClient) -> None:
    server = serve(Reply(503, headers=(("Retry-After", "30"),)))
    started = monotonic()
    with pytest.raises(ServerError, match="asks to wait 30 s"):
        connect(server, timeout=5).quote("A")
    assert monotonic() - started < 4
    assert len(server.received) == 1


@pytest.mark.parametrize("header", ["-5", "nan", "inf", "-inf", "soon", "", "1e3", "0x10", "Mon, 99 Foo", "1;2", "١"])
def test_a_retry_after_without_meaning_is_left_out_of_account(header: str) -> None:
    assert retry.retry_after(header, None, lambda: 0.0) is None


def test_a_retry_after_date_is_read_against_the_servers_own_clock() -> None:
    at = "Mon, 05 Jan 2026 00:00:30 GMT"
    assert retry.retry_after(at, "Mon, 05 Jan 2026 00:00:00 GMT", lambda: 0.0) == 30.0
    assert retry.retry_after(at, "Mon, 05 Jan 2026 00:01:00 GMT", lambda: 0.0) == 0.0
    assert retry.retry_after(at, None, lambda: 1767571200.0) == 30.0
    assert retry.retry_after(at, "garbage", lambda: 1767571200.0) == 30.0


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_header_breaks_the_reading_of_retry_after(value: str, date: str) -> None:
    waited = retry.retry_after(value, date, lambda: 0.0)
    assert waited is None or waited >= 0.0


@given(st.integers(1, 200), st.floats(0, 1))
def test_backoff_is_full_jitter_under_a_cap(attempt: int, drawn: float) -> None:
    wait = retry.backoff(attempt, lambda: drawn)
    assert 0 <= wait <= 8
    assert wait == pytest.approx(min(8.0, 0.5 * 2 ** min(attempt - 1, 10)) * drawn)


# The deadline


def test_one_deadline_stands_over_all_attempts(serve: MakeServer, connect: MakeClient) -> None:
    hold = threading.Event()
    server = serve([error(503), Reply(wait=hold)])
    started = monotonic()
    with pytest.raises(RequestTimeoutError) as caught:
        connect(server, timeout=0.5, max_retries=50).quote("A")
    assert monotonic() - started < 2
    assert caught.value.attempts == 2
    hold.set()


def test_a_call_may_have_a_time_limit_of_its_own(serve: MakeServer, connect: MakeClient) -> None:
    hold = threading.Event()
    client = connect(serve(Reply(wait=hold)), timeout=60)
    started = monotonic()
    with pytest.raises(RequestTimeoutError):
        client.quote("A", timeout=0.3)
    with pytest.raises(OutcomeUnknownError):
        client.buy("A", 1, timeout=0.3)
    assert monotonic() - started < 5
    hold.set()


@pytest.mark.parametrize("body", [QUOTE, b""], ids=["body", "headers"])
def test_an_answer_that_trickles_in_does_not_outlast_the_deadline(
    serve: MakeServer, connect: MakeClient, body: object
) -> None:
    slow = Reply(body=body, drip=0.05, headers=(("X-Padding", "x" * 1000),))
    started = monotonic()
    with pytest.raises(RequestTimeoutError):
        connect(serve(slow), timeout=0.5).quote("A")
    assert monotonic() - started < 2


def test_a_timeout_is_not_repeated_when_no_time_is_left(serve: MakeServer, connect: MakeClient) -> None:
    hold = threading.Event()
    server = serve(Reply(wait=hold))
    with pytest.raises(RequestTimeoutError) as caught:
        connect(server, timeout=0.3, max_retries=5).quote("A")
    assert caught.value.attempts == len(server.received) == 1
    hold.set()


# The engine by itself

SETTINGS = make_settings(KEY, "http://localhost", timeout=30, max_retries=5, max_concurrent=1, on_invalid="raise")
ANSWERS = st.one_of(
    st.sampled_from([200, 204, 302, 400, 404, 409, 422, 429, 500, 502, 503, 504]).map(
        lambda status: Answer(status, [], b"{}")
    ),
    st.builds(
        Failure, st.just("why"), sent=st.booleans(), timed_out=st.booleans(), permanent=st.sampled_from([False, True])
    ),
)


@given(st.lists(ANSWERS, min_size=7, max_size=7), st.sampled_from(["read", "submit", "cancel", "unsafe"]))
def test_whatever_happens_the_truth_is_told(script: list[Answer | Failure], what: str) -> None:
    operations = {
        "read": market.symbols(),
        "submit": submit(
            "buy", "A", 1, venue=None, limit_price=None, urgency=None, policy=None, max_slippage_bps=None,
            horizon_ms=None, tif=None, instrument_type="spot", sandbox=False, graph_id="g",
        ),
        "cancel": graphs.graph_cancel("g"),
        "unsafe": venues.disconnect_venue("okx"),
    }  # fmt: skip
    outcomes = Outcomes()
    steps = converse(
        operations[what],
        SETTINGS,
        outcomes,
        request_id="r",
        now=0.0,
        timeout=30.0,
        jitter=lambda: 0.5,
        wall=lambda: 0.0,
    )
    sent: list[Send] = []
    waited = 0.0
    used: list[Answer | Failure] = []
    caught: SequenceError | None = None
    try:
        step = next(steps)
        while True:
            if isinstance(step, Wait):
                assert 0 <= step.seconds <= 8
                waited += step.seconds
                step = steps.send((waited, None))
            else:
                sent.append(step)
                used.append(script[len(used)])
                step = steps.send((waited, used[-1]))
    except StopIteration:
        pass
    except SequenceError as failure:
        caught = failure
    assert len(sent) <= 6
    assert all(each.request is sent[0].request for each in sent)
    assert waited < 30
    doubtful = [
        each
        for each in used
        if (isinstance(each, Failure) and each.sent) or (isinstance(each, Answer) and each.status >= 500)
    ]
    last = used[-1]
    if isinstance(last, Answer) and 200 <= last.status < 300:
        assert not isinstance(caught, OutcomeUnknownError)
        assert outcomes.unresolved() == ()
        return
    assert caught is not None
    assert caught.attempts == len(sent)
    assert isinstance(caught, OutcomeUnknownError) == (what != "read" and bool(doubtful))
    if isinstance(caught, RequestNotSentError) and what != "read":
        assert not doubtful
    if what == "unsafe":
        assert all(isinstance(each, Failure) and not each.sent for each in used[:-1])
    denied = isinstance(last, Answer) and last.status == 404 and what == "cancel"
    recorded = [(each.operation, each.graph_id) for each in outcomes.unresolved()]
    if what in ("submit", "cancel") and doubtful and not denied:
        assert recorded == [("buy" if what == "submit" else "graph_cancel", "g")]
    elif not doubtful:
        assert recorded == []


def test_the_answer_after_an_earlier_doubt_does_not_hide_the_doubt(serve: MakeServer, connect: MakeClient) -> None:
    server = serve([Reply(cut=0), error(409, "KILL_SWITCH", "kill switch")])
    client = connect(server)
    with pytest.raises(OutcomeUnknownError) as caught:
        client.buy("A", 1)
    assert (caught.value.status, caught.value.code, caught.value.attempts) == (409, "KILL_SWITCH", 2)
    assert client.unresolved[0].graph_id == caught.value.graph_id


def test_a_fallback_does_not_cost_a_retry(serve: MakeServer, connect: MakeClient) -> None:
    server = serve(Reply(404))
    with pytest.raises(NotFoundError) as caught:
        connect(server, max_retries=0).positions_unified()
    assert caught.value.attempts == len(server.received) == 2
