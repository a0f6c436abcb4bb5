"""Level 0: credentials and liveness."""

from __future__ import annotations

from typing import cast

from sequence_markets.client import checks
from sequence_markets.client.operation import NOTHING, Operation, Retry, json_body, path, rows
from sequence_markets.models import Rows, VenueStatus

_VENUES = rows(VenueStatus, "credentials", "venues")
_LOOKUP = "venues()"


def connect_venue(
    venue: str, api_key: str, api_secret: str, passphrase: str | None, extra_json: object
) -> Operation[None]:
    """Store credentials. A repeat overwrites them with the same ones, so it may be retried."""
    body: dict[str, object] = {
        "api_key": _secret(api_key, "api_key"),
        "api_secret": _secret(api_secret, "api_secret"),
    }
    if passphrase is not None:
        body["passphrase"] = _secret(passphrase, "passphrase")
    if extra_json is not None:
        body["extra_json"] = extra_json
    return Operation(
        "connect_venue",
        "POST",
        path("credentials", checks.path_part(venue, "venue")),
        NOTHING,
        retry=Retry.IDEMPOTENT,
        body=_json_of_secrets(body),
        lookup=_LOOKUP,
        secrets=tuple(_texts_in(body)),
    )


def disconnect_venue(venue: str) -> Operation[None]:
    """Delete credentials. A repeat could delete newer ones, so it is never retried once it may have left."""
    return Operation(
        "disconnect_venue",
        "DELETE",
        path("credentials", checks.path_part(venue, "venue")),
        NOTHING,
        retry=Retry.UNSAFE,
        lookup=_LOOKUP,
    )


def venues() -> Operation[Rows[VenueStatus]]:
    """List the venues with credentials."""
    return Operation("venues", "GET", "/v1/credentials", _VENUES)


def health() -> Operation[None]:
    """Ask whether the server is alive, without the key."""
    return Operation("health", "GET", "/v1/health/live", NOTHING, authenticated=False, once=True)


def _secret(value: object, name: str) -> str:
    # The empty string is meant: Polymarket takes it. The value never shows in the error.
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {type(value).__name__}")
    return value


def _json_of_secrets(body: dict[str, object]) -> bytes:
    try:
        return json_body(body)
    except TypeError:
        raise TypeError("extra_json must be made of dicts, lists, texts, numbers, bools and None") from None
    except (ValueError, RecursionError):
        raise ValueError("extra_json must be finite numbers and no structure that contains itself") from None


def _texts_in(value: object) -> list[str]:
    """Return every text of a JSON value that is long enough to be a secret."""
    if isinstance(value, str):
        return [value] if len(value) >= 4 else []
    items: list[object] = []
    if isinstance(value, dict):
        items = list(cast("dict[str, object]", value).values())
    elif isinstance(value, list | tuple):
        items = list(cast("list[object]", value))
    return [text for item in items for text in _texts_in(item)]
