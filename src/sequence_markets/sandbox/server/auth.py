"""Who is calling: bearer keys, and which account and mode they stand for.

Any ``seq_test_...`` or ``seq_live_...`` key is an account of its own. Only a digest of the key goes further than this
module, so that neither journal nor log can hold one.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from sequence_markets.sandbox.server.errors import ApiError

KeyMode = Literal["test", "live"]

_KEY: Final = re.compile(r"seq_(test|live)_[\x21-\x7e]{1,240}")


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller of a request.

    Attributes:
        digest: SHA-256 of the whole key in hex; a test and a live key with the same tail differ.
        mode: ``"test"`` or ``"live"``.
    """

    digest: str
    mode: KeyMode


def authenticate(authorization: str | None) -> Principal:
    """Return the caller named by an ``Authorization`` header.

    Raises:
        ApiError: 401 when the header is missing, is not a bearer token, or holds no Sequence key.
    """
    if authorization is None:
        raise _unauthorized("missing Authorization header; send 'Authorization: Bearer seq_test_...'")
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise _unauthorized("the Authorization header must be 'Bearer <key>'")
    principal = _principal(key.strip())
    if principal is None:
        raise _unauthorized("the API key must begin with seq_test_ or seq_live_")
    return principal


@lru_cache(maxsize=1024)
def _principal(key: str) -> Principal | None:
    match = _KEY.fullmatch(key)
    if match is None:
        return None
    return Principal(hashlib.sha256(key.encode()).hexdigest(), "test" if match[1] == "test" else "live")


def _unauthorized(message: str) -> ApiError:
    return ApiError(401, "UNAUTHORIZED", message, headers={"WWW-Authenticate": "Bearer"})
