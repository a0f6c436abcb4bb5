"""What to do next: builds requests, reads answers, decides on repeats.

Pure: no clock, no sleep, no socket. `converse` yields what it wants done and is told how that went and what time it
is. The asynchronous and the synchronous face drive the same generator.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Generic, TypedDict, TypeVar, cast

from sequence_markets.client import retry
from sequence_markets.client.operation import Absent, Operation, Retry
from sequence_markets.client.outcomes import Outcomes, Unresolved
from sequence_markets.client.settings import Settings
from sequence_markets.errors import (
    ConnectionLostError,
    ErrorDetail,
    InvalidResponseWarning,
    NotFoundError,
    OutcomeUnknownError,
    RequestNotSentError,
    RequestTimeoutError,
    ResponseValidationError,
    SequenceError,
    status_error_type,
)
from sequence_markets.models import InvalidPayload

T = TypeVar("T")

MESSAGE_LENGTH = 200
HIDDEN = "[hidden]"


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it goes on the wire."""

    method: bytes
    target: bytes
    headers: list[tuple[bytes, bytes]] = field(repr=False)
    body: bytes | None = field(repr=False)


@dataclass(slots=True)
class Send:
    """Wanted: send this request and bring the answer within ``time_left`` seconds.

    ``left`` is set by the transport before the first byte of the request may leave.
    """

    request: Request
    time_left: float
    left: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """Wanted: let this many seconds pass."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, of whatever status."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes = field(repr=False)

    def header(self, name: bytes) -> str | None:
        """Return the first header of that lower-case name."""
        return next((value.decode("latin-1") for key, value in self.headers if key.lower() == name), None)


@dataclass(frozen=True, slots=True)
class Failure:
    """No answer.

    Attributes:
        message: What went wrong, in words that hold no secret.
        sent: Whether the request may have reached the server.
        timed_out: Whether it failed for want of time.
        permanent: Whether a repeat cannot help.
        cause: The HTTP library's error.
    """

    message: str
    sent: bool
    timed_out: bool = False
    permanent: bool = False
    cause: Exception | None = None


Step = Send | Wait
Reply = tuple[float, Answer | Failure | None]
"""The time now and, after a ``Send``, how it went."""


def build(operation: Operation[object], settings: Settings, request_id: str) -> Request:
    """Return the request of an operation. The same arguments give the same bytes."""
    headers = [*settings.headers, (b"X-Request-Id", request_id.encode())]
    if operation.authenticated:
        headers.append((b"Authorization", b"Bearer " + settings.key.encode()))
    if operation.body is not None:
        headers += [(b"Content-Type", b"application/json"), (b"Content-Length", b"%d" % len(operation.body))]
    elif operation.method == "POST":
        headers.append((b"Content-Length", b"0"))
    target = (settings.prefix + operation.target).encode()
    return Request(operation.method.encode(), target, headers, operation.body)


def converse(
    operation: Operation[T],
    settings: Settings,
    outcomes: Outcomes,
    *,
    request_id: str,
    now: float,
    timeout: float,
    jitter: Callable[[], float],
    wall: Callable[[], float],
) -> Generator[Step, Reply, T]:
    """Carry one call through, from the first attempt to the answer or the error.

    Args:
        operation: What to do.
        settings: The client's settings.
        outcomes: Where writes of unknown outcome are kept.
        request_id: Sent with every attempt.
        now: Present time in seconds of any steady clock.
        timeout: Seconds for the whole call.
        jitter: A random number from 0 to 1.
        wall: Seconds since the epoch, for a ``Retry-After`` date.
    """
    call = _Call(operation, settings, outcomes, request_id, now + timeout)
    request = build(operation, settings, request_id)
    retries = 0
    while True:
        call.attempts += 1
        send = Send(request, call.deadline - now)
        try:
            now, event = yield send
        except BaseException as stop:
            call.interrupted(stop, maybe_sent=send.left)
            raise
        if isinstance(event, Answer):
            if 200 <= event.status < 300:
                return call.read(event)
            if event.status == 404 and call.operation.fallback is not None:
                call.operation = call.operation.fallback
                request = build(call.operation, settings, request_id)
                continue
            asked = retry.retry_after(event.header(b"retry-after"), event.header(b"date"), wall)
            call.refused(event, asked, now)
            may_repeat = event.status in retry.RETRIED_STATUSES and operation.retry is not Retry.UNSAFE
        elif isinstance(event, Failure):
            asked = None
            call.failed(event)
            may_repeat = not event.permanent and (operation.retry is not Retry.UNSAFE or not call.doubtful)
        else:
            raise AssertionError("a Send must be answered with an Answer or a Failure")
        if not may_repeat or operation.once or retries >= settings.max_retries:
            raise call.error()
        retries += 1
        delay = max(retry.backoff(retries, jitter), asked or 0.0)
        if asked is not None and (asked > retry.RETRY_AFTER_CEILING or now + asked >= call.deadline):
            raise call.error(f"the server asks to wait {asked:.0f} s, longer than this call may")
        if now + delay >= call.deadline:
            raise call.error()
        try:
            now, _ = yield Wait(delay)
        except BaseException as stop:
            call.interrupted(stop, maybe_sent=False)
            raise


class _Call(Generic[T]):
    """What is known so far about one call."""

    def __init__(
        self, operation: Operation[T], settings: Settings, outcomes: Outcomes, request_id: str, deadline: float
    ) -> None:
        self.operation = operation
        self.deadline = deadline
        self.attempts = 0
        self.doubtful = False
        """An attempt of a write may have taken effect although no answer says so."""
        self._settings = settings
        self._outcomes = outcomes
        self._request_id = request_id
        self._error: SequenceError | None = None

    @property
    def _writes(self) -> bool:
        return self.operation.retry is not Retry.READ

    def read(self, answer: Answer) -> T:
        """Return the answer of a 2xx."""
        operation = self.operation
        try:
            read = operation.reading.decode(answer.body)
        except Absent as absent:
            raise NotFoundError(404, self._clean(absent.message), code="NOT_FOUND", **self._context(answer)) from None
        except InvalidPayload as bad:
            self._settle()
            return self._invalid(answer, bad)
        self._settle()
        return read

    def _settle(self) -> None:
        if self.operation.settles and self.operation.graph_id is not None:
            self._outcomes.settle(self.operation.graph_id)

    def _invalid(self, answer: Answer, bad: InvalidPayload) -> T:
        shown = "; ".join(str(fault) for fault in bad.faults[:3])
        more = f" and {len(bad.faults) - 3} more" if len(bad.faults) > 3 else ""
        message = self._clean(f"the answer is not as documented: {shown}{more}")
        reading = self.operation.reading
        if self._settings.on_invalid == "warn" and reading.unvalidated is not None:
            try:
                unvalidated = reading.unvalidated(bad.raw)
            except (TypeError, ValueError, KeyError, AttributeError):
                pass  # Not even the outer shape fits: nothing could be handed on.
            else:
                warning = InvalidResponseWarning(f"{self.operation.name}: {message}")
                warnings.warn(warning, stacklevel=_stacklevel_outside())
                return unvalidated
        raise ResponseValidationError(
            answer.status, message, raw=bad.raw, faults=bad.faults, **self._context(answer)
        ) from None

    def refused(self, answer: Answer, asked: float | None, now: float) -> None:
        """Take note of an answer other than 2xx."""
        said = error_body(answer)
        message = self._clean(said.message)
        code = None if said.code is None else self._clean(said.code)
        kind = status_error_type(answer.status, code, message)
        self._error = kind(
            answer.status,
            message,
            code=code,
            details=[
                {"field": self._clean(each["field"]), "message": self._clean(each["message"])} for each in said.details
            ],
            retry_after=asked,
            **self._context(answer, said.request_id),
        )
        if self._writes and answer.status >= 500:
            self.doubtful = True
        if answer.status == 404 and self.operation.denies and self.operation.graph_id is not None:
            self._outcomes.absent(self.operation.graph_id, now)

    def failed(self, failure: Failure) -> None:
        """Take note of an attempt without an answer."""
        kind: type[SequenceError] = ConnectionLostError
        if not failure.sent:
            kind = RequestNotSentError
        elif failure.timed_out:
            kind = RequestTimeoutError
        self._error = kind(0, self._clean(failure.message), **self._context())
        self._error.__cause__ = failure.cause
        if self._writes and failure.sent:
            self.doubtful = True

    def error(self, remark: str = "") -> SequenceError:
        """Return what to raise now that nothing more will be tried."""
        last = self._error
        assert last is not None, "there is no error to raise"
        if remark:
            last.message = f"{last.message} ({remark})"
            last.args = (last.status, last.message)
        if not self.doubtful:
            return last
        self._doubt()
        operation = self.operation
        advice = f"; {operation.lookup} finds out" if operation.lookup else ""
        unknown = OutcomeUnknownError(
            last.status,
            f"it is unknown whether this took effect ({last.message}){advice}",
            lookup=operation.lookup,
            code=last.code,
            details=last.details,
            retry_after=last.retry_after,
            operation=operation.name,
            attempts=self.attempts,
            request_id=last.request_id,
            graph_id=operation.graph_id,
        )
        unknown.__cause__ = last
        return unknown

    def interrupted(self, stop: BaseException, *, maybe_sent: bool) -> None:
        """Say on a cancellation, or on whatever else ends the call from outside, what became of a write."""
        if not self._writes:
            return
        operation = self.operation
        if not (self.doubtful or maybe_sent):
            stop.add_note(f"{operation.name}: nothing had been sent")
            return
        self._doubt()
        graph = f" for graph {operation.graph_id}" if operation.graph_id is not None else ""
        advice = f"; {operation.lookup} finds out" if operation.lookup else ""
        stop.add_note(f"{operation.name}: the request{graph} may have taken effect{advice}")

    def _doubt(self) -> None:
        operation = self.operation
        if operation.graph_id is not None:
            record = Unresolved(operation.name, operation.graph_id, self._request_id)
            self._outcomes.doubt(record, self.deadline)

    def _context(self, answer: Answer | None = None, said: str | None = None) -> _Context:
        request_id = said
        if request_id is None and answer is not None:
            request_id = answer.header(b"x-request-id")
        return {
            "operation": self.operation.name,
            "attempts": self.attempts,
            "request_id": self._clean(request_id or self._request_id),
            "graph_id": self.operation.graph_id,
        }

    def _clean(self, text: str) -> str:
        """Return a server's text without secrets it may echo and without control characters."""
        return without_secrets(text, (self._settings.key, *self.operation.secrets))


class _Context(TypedDict):
    operation: str
    attempts: int
    request_id: str
    graph_id: str | None


def without_secrets(text: str, secrets: tuple[str, ...]) -> str:
    """Return a text of the other side without secrets it may echo and without control characters."""
    for secret in secrets:
        for form in {secret, json.dumps(secret)[1:-1]}:
            text = text.replace(form, HIDDEN)
    return "".join(character if character.isprintable() else " " for character in text)


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """What a server says about an error."""

    message: str
    code: str | None = None
    request_id: str | None = None
    details: tuple[ErrorDetail, ...] = ()


def error_body(answer: Answer) -> ErrorBody:
    """Read what a server says about an error, whatever form it gives it."""
    text = answer.body.decode("utf-8", "replace").strip()
    if not text:
        return ErrorBody(_phrase(answer.status))
    try:
        parsed: object = json.loads(text)
    except (ValueError, RecursionError):
        parsed = None
    said = cast("dict[str, object]", parsed).get("error") if isinstance(parsed, dict) else None
    if isinstance(said, str) and said:
        return ErrorBody(said)
    if not isinstance(said, dict):
        return ErrorBody(text[:MESSAGE_LENGTH])
    fields = cast("dict[str, object]", said)
    message, code, request_id = (_text(fields.get(name)) for name in ("message", "code", "request_id"))
    return ErrorBody(message or text[:MESSAGE_LENGTH], code, request_id, tuple(_details(fields.get("details"))))


def _details(given: object) -> list[ErrorDetail]:
    found: list[ErrorDetail] = []
    for each in cast("list[object]", given) if isinstance(given, list) else []:
        if isinstance(each, dict):
            entry = cast("dict[str, object]", each)
            found.append({"field": _text(entry.get("field")) or "", "message": _text(entry.get("message")) or ""})
    return found


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"status {status} without a body"


def _stacklevel_outside() -> int:
    """Return the ``stacklevel`` at which a warning points at the caller of the package."""
    level = 1
    frame = sys._getframe(1)  # The frame of the warnings.warn call is level 1.
    while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).startswith("sequence_markets."):
        frame = frame.f_back
        level += 1
    return level
