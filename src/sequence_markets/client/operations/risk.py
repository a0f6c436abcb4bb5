"""Stopping: the kill switch and cancelling a whole venue. A late repeat of any could undo what was done since."""

from __future__ import annotations

from sequence_markets.client import checks
from sequence_markets.client.operation import Operation, Retry, json_body, one, path
from sequence_markets.models import KillSwitch, VenueCancel

_KILL_SWITCH = one(KillSwitch)
_VENUE_CANCEL = one(VenueCancel)


def kill_switch_engage(reason: str | None) -> Operation[KillSwitch]:
    """Refuse new orders of the account from now on."""
    return Operation(
        "kill_switch_engage",
        "POST",
        "/v1/kill_switch",
        _KILL_SWITCH,
        retry=Retry.UNSAFE,
        body=json_body({"reason": checks.optional_text(reason, "reason")}),
        lookup="risk_limits()",
    )


def kill_switch_clear() -> Operation[KillSwitch]:
    """Take new orders again."""
    return Operation(
        "kill_switch_clear",
        "POST",
        "/v1/kill_switch/clear",
        _KILL_SWITCH,
        retry=Retry.UNSAFE,
        body=json_body({}),
        lookup="risk_limits()",
    )


def cancel_all_on_venue(venue: str) -> Operation[VenueCancel]:
    """Cancel every working order on a venue."""
    return Operation(
        "cancel_all_on_venue",
        "POST",
        path("venue_cancel_all", checks.path_part(venue, "venue")),
        _VENUE_CANCEL,
        retry=Retry.UNSAFE,
        body=json_body({}),
        lookup="orders()",
    )
