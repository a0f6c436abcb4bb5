"""How the exchange says no."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["InvariantError", "Refusal"]


class Refusal(Exception):
    """A command that is refused; it has changed nothing.

    Attributes:
        status: HTTP status of the answer.
        code: Machine-readable reason, for example ``"VALIDATION_ERROR"``.
        message: Text for a person.
        details: One ``{"field": ..., "message": ...}`` per bad field.
    """

    def __init__(self, status: int, code: str, message: str, details: Sequence[dict[str, str]] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = list(details)

    @classmethod
    def invalid(cls, field: str, message: str) -> Refusal:
        """A 422 about one field."""
        return cls(422, "VALIDATION_ERROR", f"{field}: {message}", [{"field": field, "message": message}])

    @classmethod
    def unknown(cls, what: str) -> Refusal:
        """A 404."""
        return cls(404, "NOT_FOUND", f"{what} is not known")


class InvariantError(Exception):
    """Something that must always be true is not.

    Attributes:
        name: The broken rule, for example ``"postings-balance"``.
        detail: What was found.
    """

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(f"{name}: {detail}")
        self.name = name
        self.detail = detail
