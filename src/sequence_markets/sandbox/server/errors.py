"""The error envelope every failed request is answered with.

``{"error": {"code", "message", "request_id", "details"}}``, where ``details`` is there only when a field is to blame.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sequence_markets.sandbox.server.wire import encode_json


class ApiError(Exception):
    """A request that is answered with an error.

    Args:
        status: HTTP status.
        code: Machine-readable code, for example ``"INVALID_PARAMS"``.
        message: What was wrong, for a person.
        details: Fields to blame, each ``{"field", "message"}``.
        headers: Further answer headers.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = list(details)
        self.headers = dict(headers or {})


def bad_request(message: str) -> ApiError:
    """A request that cannot be read at all."""
    return ApiError(400, "BAD_REQUEST", message)


def invalid_params(field: str, message: str) -> ApiError:
    """A path or query parameter that is wrong."""
    return ApiError(400, "INVALID_PARAMS", f"{field}: {message}", details=[{"field": field, "message": message}])


def validation_error(*problems: tuple[str, str]) -> ApiError:
    """A well-formed body whose fields are wrong; each problem is a field and what is wrong with it."""
    return ApiError(
        422,
        "VALIDATION_ERROR",
        "; ".join(f"{field}: {message}" for field, message in problems),
        details=[{"field": field, "message": message} for field, message in problems],
    )


def forbidden(message: str) -> ApiError:
    """A caller who may not do this."""
    return ApiError(403, "FORBIDDEN", message)


def not_found(message: str) -> ApiError:
    """Something that does not exist."""
    return ApiError(404, "NOT_FOUND", message)


def error_body(code: str, message: str, request_id: str, details: Sequence[Mapping[str, str]] = ()) -> bytes:
    """Return the envelope as JSON bytes."""
    error: dict[str, object] = {"code": code, "message": message, "request_id": request_id}
    if details:
        error["details"] = list(details)
    return encode_json({"error": error})
