"""Operations as data: what to send, how to read the answer, and whether a repeat is safe."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Generic, TypeVar, cast
from urllib.parse import quote

from sequence_markets.models import Rows, SequenceModel, decode, decode_rows

T_co = TypeVar("T_co", covariant=True)
M = TypeVar("M", bound=SequenceModel)


class Retry(Enum):
    """When a request may be sent again."""

    READ = "read"
    """Changes nothing: may always be repeated."""
    IDEMPOTENT = "idempotent"
    """A write whose repeat has no further effect: may be repeated with the same bytes."""
    UNSAFE = "unsafe"
    """A write that may be repeated only when it provably never left."""


class Absent(Exception):
    """Raised by a decoder when a 2xx answer does not hold what was asked for."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class Reading(Generic[T_co]):
    """How to read the body of a 2xx.

    Attributes:
        decode: Returns the answer; raises ``InvalidPayload`` when it is not as documented.
        unvalidated: Returns the answer over parsed JSON that is not as documented, for ``on_invalid="warn"``.
    """

    decode: Callable[[bytes], T_co]
    unvalidated: Callable[[object], T_co] | None = None


def one(model: type[M]) -> Reading[M]:
    """Read a single model."""
    return Reading(lambda body: decode(body, model), lambda raw: _unvalidated(model, raw))


def rows(model: type[M], *envelope: str) -> Reading[Rows[M]]:
    """Read a list of models, bare or under one of the keys."""

    def unvalidated(raw: object) -> Rows[M]:
        listed: object = raw
        if isinstance(raw, dict):
            keyed = cast("dict[str, object]", raw)
            listed = next((keyed[key] for key in envelope if isinstance(keyed.get(key), list)), None)
        if not isinstance(listed, list):
            raise TypeError("not a list")
        return Rows(_unvalidated(model, row) for row in cast("list[object]", listed))

    return Reading(lambda body: decode_rows(body, model, envelope), unvalidated)


def _unvalidated(model: type[M], raw: object) -> M:
    if not isinstance(raw, dict):
        raise TypeError("not an object")
    return model.unvalidated(cast("dict[str, object]", raw))


def _nothing(_body: bytes) -> None:
    return None


NOTHING: Final = Reading(_nothing)
"""Any 2xx will do, with or without a body."""


@dataclass(frozen=True, slots=True)
class Operation(Generic[T_co]):
    """One call to the API.

    Attributes:
        name: The public method, for errors.
        method: HTTP verb.
        target: Path and query, encoded.
        reading: How to read the body of a 2xx.
        retry: When the request may be sent again.
        body: JSON bytes, the same on every attempt.
        graph_id: The graph the call is about.
        settles: The answer that was asked for proves that the graph is known to the server.
        denies: A 404 says that the graph is not known to the server.
        lookup: The call that finds out what became of a write, as text.
        fallback: Sent instead when the answer is 404.
        secrets: Texts that must not show in an error even when the server echoes them.
        authenticated: Whether the key is sent.
        once: Whether nothing is ever repeated.
    """

    name: str
    method: str
    target: str
    reading: Reading[T_co] = field(repr=False)
    retry: Retry = Retry.READ
    body: bytes | None = field(default=None, repr=False)
    graph_id: str | None = None
    settles: bool = False
    denies: bool = False
    lookup: str = ""
    fallback: Operation[T_co] | None = field(default=None, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    authenticated: bool = True
    once: bool = False


QueryValue = str | int | bool | None


def path(*parts: str) -> str:
    """Return ``/v1/...`` with each part percent-encoded."""
    return "/v1/" + "/".join(quote(part, safe="") for part in parts)


def target(base: str, **query: QueryValue) -> str:
    """Return ``base`` with the query parameters that are not ``None``, each percent-encoded."""
    pairs = [
        f"{name}={quote(('true' if value else 'false') if isinstance(value, bool) else str(value), safe='')}"
        for name, value in query.items()
        if value is not None
    ]
    return f"{base}?{'&'.join(pairs)}" if pairs else base


def json_body(value: object) -> bytes:
    """Return a request body as compact JSON."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
