"""Every failure of a call, as one tree.

::

    SequenceError                    status, message, code, request_id, details, operation, attempts, graph_id
    ├── APIStatusError               the server answered, and not with 2xx
    │   ├── RedirectError            3xx; never followed
    │   ├── BadRequestError          400
    │   ├── AuthenticationError      401
    │   ├── PermissionDeniedError    403
    │   ├── NotFoundError            404
    │   ├── ConflictError            409
    │   │   └── KillSwitchActiveError    409 because the kill switch is engaged
    │   ├── UnprocessableError       422
    │   ├── RateLimitError           429; retry_after
    │   └── ServerError              5xx; retry_after
    ├── NetworkError                 status 0: there is no usable answer
    │   ├── RequestNotSentError      provably never reached the server
    │   ├── RequestTimeoutError      no answer to a read within its time
    │   └── ConnectionLostError      the connection broke during a read
    ├── OutcomeUnknownError          a write that may or may not have taken effect
    ├── ResponseValidationError      a 2xx that is not what is documented; raw, faults
    ├── PaginationError              pages that contradict each other
    ├── GraphWaitError               a graph did not reach the awaited state; last_status
    ├── StreamError                  a stream that cannot go on
    │   ├── SubscriptionRejectedError    the server does not serve a channel; rejected
    │   ├── StreamReportedError      the server reported an error on the stream
    │   ├── MissedEventsError        fills or orders of a gap could not be read afterwards; channel, from_ns, to_ns
    │   └── SlowReaderError          a channel with backpressure "error" is full; channel
    └── ClientUsageError             also a RuntimeError
        ├── ClientClosedError        used after close()
        └── WrongEventLoopError      an AsyncSequence used on a second event loop

Arguments that can never be right are refused before any request with ``ValueError`` or ``TypeError``; an execution
graph with ``GraphError``, a ``ValueError`` that lists all its faults.
Every error can be pickled, and none shows the API key, a venue secret or a request body.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from sequence_markets.models import Fault, GraphStatus

__all__ = [
    "APIStatusError",
    "AuthenticationError",
    "BadRequestError",
    "ClientClosedError",
    "ClientUsageError",
    "ConflictError",
    "ConnectionLostError",
    "ErrorDetail",
    "GraphError",
    "GraphFault",
    "GraphWaitError",
    "InvalidResponseWarning",
    "KillSwitchActiveError",
    "MissedEventsError",
    "NetworkError",
    "NotFoundError",
    "OutcomeUnknownError",
    "PaginationError",
    "PermissionDeniedError",
    "RateLimitError",
    "RedirectError",
    "RequestNotSentError",
    "RequestTimeoutError",
    "ResponseValidationError",
    "SequenceError",
    "ServerError",
    "SlowReaderError",
    "StreamError",
    "StreamReportedError",
    "SubscriptionRejectedError",
    "UnprocessableError",
    "WrongEventLoopError",
    "status_error_type",
]


class ErrorDetail(TypedDict):
    """One entry of the server's ``error.details``."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class GraphFault:
    """One thing that is wrong with an execution graph.

    Attributes:
        owner: What it is wrong with: ``"node 'hedge'"``, ``"edge 'e_spot_hedge'"`` or ``"graph"``.
        message: What is wrong, with the field where there is one.
    """

    owner: str
    message: str

    def __str__(self) -> str:
        return f"{self.owner}: {self.message}"


class GraphError(ValueError):
    """An execution graph, or a part of one, that can never be right. Nothing was sent.

    Attributes:
        faults: Everything that is wrong, each with the node or edge it belongs to.
    """

    faults: tuple[GraphFault, ...]

    def __init__(self, faults: Iterable[GraphFault]) -> None:
        self.faults = tuple(faults)
        shown = [str(fault) for fault in self.faults]
        super().__init__(shown[0] if len(shown) == 1 else "\n  ".join([f"{len(shown)} faults:", *shown]))

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.faults,)


class InvalidResponseWarning(UserWarning):
    """An answer did not match its model and was handed on unvalidated, as ``on_invalid="warn"`` asks."""


class SequenceError(Exception):
    """A call that failed.

    Attributes:
        status: HTTP status of the answer; 0 when there is none.
        message: The server's ``error.message``, or the first 200 characters of the body.
        code: The server's ``error.code``, for example ``"RATE_LIMITED"``.
        request_id: Id of the call, to quote to support: the server's, or the one that was sent.
        details: The server's ``error.details``: a list of ``{"field", "message"}``.
        operation: The method that failed, for example ``"quote"``.
        attempts: How many requests were tried.
        retry_after: Seconds the server asks to wait, when it does.
        graph_id: Graph the call was about, when there is one. A submit always has one.
    """

    status: int
    message: str
    code: str | None
    request_id: str | None
    details: list[ErrorDetail]
    operation: str | None
    attempts: int
    retry_after: float | None
    graph_id: str | None

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        request_id: str | None = None,
        details: list[ErrorDetail] | None = None,
        operation: str | None = None,
        attempts: int = 0,
        retry_after: float | None = None,
        graph_id: str | None = None,
    ) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message
        self.code = code
        self.request_id = request_id
        self.details = [] if details is None else details
        self.operation = operation
        self.attempts = attempts
        self.retry_after = retry_after
        self.graph_id = graph_id

    def __str__(self) -> str:
        where = f"{self.operation}: " if self.operation else ""
        status = f"{self.status} " if self.status else ""
        known = [text for text in (self.code, self.request_id and f"request {self.request_id}") if text]
        return f"{where}{status}{self.message}" + (f" [{', '.join(known)}]" if known else "")

    def __repr__(self) -> str:
        shown = [f"status={self.status}", f"message={self.message!r}"]
        for name in ("code", "operation", "attempts", "request_id", "retry_after", "graph_id"):
            value: object = getattr(self, name)
            if value:
                shown.append(f"{name}={value!r}")
        return f"{type(self).__name__}({', '.join(shown)})"

    def __reduce__(self) -> tuple[object, ...]:
        # The keyword-only arguments live in __dict__, which the default of BaseException would feed to __init__.
        return _restore, (type(self), self.status, self.message), self.__dict__


def _restore(kind: type[SequenceError], status: int, message: str) -> SequenceError:
    return kind.__new__(kind, status, message)


class APIStatusError(SequenceError):
    """The server answered with something other than 2xx."""


class RedirectError(APIStatusError):
    """3xx. Redirects are never followed: they would carry the key to another place."""


class BadRequestError(APIStatusError):
    """400: the request is malformed."""


class AuthenticationError(APIStatusError):
    """401: the key is missing or wrong."""


class PermissionDeniedError(APIStatusError):
    """403: the key may not do this."""


class NotFoundError(APIStatusError):
    """404: unknown order, graph, market or endpoint."""


class ConflictError(APIStatusError):
    """409: the same ``graph_id`` was submitted before with other content, or the kill switch is engaged."""


class KillSwitchActiveError(ConflictError):
    """409: the kill switch is engaged and new orders are refused."""


class UnprocessableError(APIStatusError):
    """422: the server understood the request and refuses its content; see ``details``."""


class RateLimitError(APIStatusError):
    """429: too many requests; ``retry_after`` says how long to wait when the server does."""


class ServerError(APIStatusError):
    """5xx: the server failed."""


class NetworkError(SequenceError):
    """There is no usable answer. ``status`` is 0."""


class RequestNotSentError(NetworkError):
    """The request provably never reached the server: no connection could be had. Nothing has happened there."""


class RequestTimeoutError(NetworkError):
    """A read was not answered within its time."""


class ConnectionLostError(NetworkError):
    """The connection broke before the answer to a read was complete."""


class OutcomeUnknownError(SequenceError):
    """A write that may or may not have taken effect.

    ``status`` is 0 when no answer arrived, or the status of the last answer when that answer does not settle it;
    the last failure is the ``__cause__``.

    Attributes:
        lookup: The call that finds out, as text, for example ``"graph_status('graph_7d76…')"``.
    """

    lookup: str

    def __init__(
        self,
        status: int,
        message: str,
        *,
        lookup: str = "",
        code: str | None = None,
        request_id: str | None = None,
        details: list[ErrorDetail] | None = None,
        operation: str | None = None,
        attempts: int = 0,
        retry_after: float | None = None,
        graph_id: str | None = None,
    ) -> None:
        super().__init__(
            status,
            message,
            code=code,
            request_id=request_id,
            details=details,
            operation=operation,
            attempts=attempts,
            retry_after=retry_after,
            graph_id=graph_id,
        )
        self.lookup = lookup


class ResponseValidationError(SequenceError):
    """A 2xx answer that is not what is documented. The call took effect; ``raw`` keeps the answer.

    Attributes:
        raw: The answer as it came: the parsed JSON, or the text when it is not JSON.
        faults: Where the answer differs, without the values.
    """

    raw: object
    faults: tuple[Fault, ...]

    def __init__(
        self,
        status: int,
        message: str,
        *,
        raw: object = None,
        faults: tuple[Fault, ...] = (),
        code: str | None = None,
        request_id: str | None = None,
        details: list[ErrorDetail] | None = None,
        operation: str | None = None,
        attempts: int = 0,
        retry_after: float | None = None,
        graph_id: str | None = None,
    ) -> None:
        super().__init__(
            status,
            message,
            code=code,
            request_id=request_id,
            details=details,
            operation=operation,
            attempts=attempts,
            retry_after=retry_after,
            graph_id=graph_id,
        )
        self.raw = raw
        self.faults = faults

    @property
    def paths(self) -> tuple[str, ...]:
        """Paths of the fields that differ, for example ``("nbbo.bid",)``."""
        return tuple(fault.path for fault in self.faults)


class PaginationError(SequenceError):
    """The server's pages contradict each other, so that walking on would never end or would lose rows."""


class GraphWaitError(SequenceError):
    """A graph did not reach the awaited state: the time was over, or it came to an end in another one.

    Attributes:
        last_status: What the graph was last known to be; ``None`` when it could not be read at all.
    """

    last_status: GraphStatus | None

    def __init__(
        self,
        status: int,
        message: str,
        *,
        last_status: GraphStatus | None = None,
        operation: str | None = None,
        attempts: int = 0,
        graph_id: str | None = None,
    ) -> None:
        super().__init__(status, message, operation=operation, attempts=attempts, graph_id=graph_id)
        self.last_status = last_status


class StreamError(SequenceError):
    """A stream that cannot go on."""


class SubscriptionRejectedError(StreamError):
    """The server does not serve a channel that was asked for.

    Attributes:
        rejected: The reason, as the server gives it, by channel.
    """

    rejected: dict[str, str]

    def __init__(self, status: int, message: str, *, rejected: dict[str, str], operation: str | None = None) -> None:
        super().__init__(status, message, operation=operation)
        self.rejected = rejected


class StreamReportedError(StreamError):
    """The server reported an error on an open stream; see ``code``."""


class MissedEventsError(StreamError):
    """Fills or orders of a time without connection could not be read afterwards.

    Attributes:
        channel: ``"fills"`` or ``"orders"``.
        from_ns: When the channel was last known to be whole, nanoseconds since the epoch.
        to_ns: When it was held again, nanoseconds since the epoch.
    """

    channel: str
    from_ns: int
    to_ns: int

    def __init__(
        self, status: int, message: str, *, channel: str, from_ns: int, to_ns: int, operation: str | None = None
    ) -> None:
        super().__init__(status, message, operation=operation)
        self.channel = channel
        self.from_ns = from_ns
        self.to_ns = to_ns


class SlowReaderError(StreamError):
    """More has arrived on a channel with backpressure ``"error"`` than the stream may hold for its reader.

    Attributes:
        channel: The channel.
    """

    channel: str

    def __init__(self, status: int, message: str, *, channel: str, operation: str | None = None) -> None:
        super().__init__(status, message, operation=operation)
        self.channel = channel


class ClientUsageError(SequenceError, RuntimeError):
    """The client was used in a way that cannot work."""


class ClientClosedError(ClientUsageError):
    """The client was used after it had been closed."""


class WrongEventLoopError(ClientUsageError):
    """An ``AsyncSequence`` was used on an event loop other than its own."""


_BY_STATUS: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableError,
    429: RateLimitError,
}


def status_error_type(status: int, code: str | None, message: str) -> type[APIStatusError]:
    """Return the kind of error for a non-2xx answer."""
    if status == 409 and (code == "KILL_SWITCH" or (code in (None, "CONFLICT") and "kill switch" in message.lower())):
        return KillSwitchActiveError
    if status >= 500:
        return ServerError
    if 300 <= status < 400:
        return RedirectError
    return _BY_STATUS.get(status, APIStatusError)
