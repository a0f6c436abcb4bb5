"""Who is calling: bearer keys, and which account and mode they stand for.

Any ``seq_test_...`` or ``seq_live_...`` key is an account of its own. Only a digest of the key goes further than this
module, so that neither journal nor log can hold one.
"""

from __future__ import annotations

import hashlib
import re
import secrets
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


class Keys:
    """Who the callers of one server are: any well-formed key is an account of its own, and lent keys stand for others.

    Example:
        >>> keys = Keys()
        >>> owner = keys.authenticate("Bearer seq_test_owner")
        >>> lent = keys.lend(owner)
        >>> keys.authenticate(f"Bearer {lent}") == owner
        True
        >>> keys.revoke(lent)
        >>> keys.authenticate(f"Bearer {lent}")
        Traceback (most recent call last):
        sequence_markets.sandbox.server.errors.ApiError: the API key was revoked
    """

    def __init__(self) -> None:
        # By digest; None once the key is revoked, so that it never becomes an account of its own.
        self._lent: dict[str, Principal | None] = {}

    def authenticate(self, authorization: str | None) -> Principal:
        """Return the caller named by an ``Authorization`` header.

        Raises:
            ApiError: 401 when the header is missing, is not a bearer token, or holds no valid key.
        """
        principal = authenticate(authorization)
        if principal.digest in self._lent:
            owner = self._lent[principal.digest]
            if owner is None:
                raise _unauthorized("the API key was revoked")
            return owner
        return principal

    def lend(self, owner: Principal) -> str:
        """Return a new key that stands for ``owner`` until it is revoked."""
        key = f"seq_{owner.mode}_{secrets.token_hex(32)}"
        self._lent[hashlib.sha256(key.encode()).hexdigest()] = owner
        return key

    def revoke(self, key: str) -> None:
        """Let a lent key stand for nobody any more."""
        digest = hashlib.sha256(key.encode()).hexdigest()
        if digest in self._lent:
            self._lent[digest] = None


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
