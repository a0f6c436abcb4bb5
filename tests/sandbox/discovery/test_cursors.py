"""Cursors lead back to their place, and nothing else passes for one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from sequence_markets.sandbox.discovery import BadCursorError, Cursors

CURSORS = Cursors(b"7")
PLACES = st.lists(st.integers(0, 2**63), min_size=1, max_size=3).map(tuple)


@given(PLACES, st.text(max_size=40))
def test_a_cursor_leads_to_its_place(place: tuple[int, ...], listing: str) -> None:
    cursor = CURSORS.make(listing, place)
    assert cursor.isascii()
    assert CURSORS.read(cursor, listing) == place


@settings(deadline=None)
@given(PLACES, st.integers(0, 10**6), st.characters(codec="ascii", categories=["L", "N"]))
def test_a_changed_cursor_is_none(place: tuple[int, ...], where: int, letter: str) -> None:
    cursor = CURSORS.make("open", place)
    at = where % len(cursor)
    changed = cursor[:at] + letter + cursor[at + 1 :]
    if changed != cursor:
        with pytest.raises(BadCursorError):
            CURSORS.read(changed, "open")


@given(st.text(max_size=500))
def test_no_other_text_is_a_cursor(text: str) -> None:
    with pytest.raises(BadCursorError):
        CURSORS.read(text, "open")


@pytest.mark.parametrize("changed", ["", "=", "{}=", "{}A", "{}.", " {}"])
def test_a_cursor_has_one_spelling(changed: str) -> None:
    with pytest.raises(BadCursorError):
        CURSORS.read(changed.format(CURSORS.make("open", (5, 6, 7))), "open")


def test_a_cursor_is_good_for_its_own_listing_and_exchange_only() -> None:
    cursor = CURSORS.make("open", (1, 2, 0))
    with pytest.raises(BadCursorError):
        CURSORS.read(cursor, "closed")
    with pytest.raises(BadCursorError):
        Cursors(b"8").read(cursor, "open")
