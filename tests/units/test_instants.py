"""Instants: whole microseconds, floored, for every 64-bit count of nanoseconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo

import pytest
from hypothesis import example, given, strategies as st

from sequence_markets.units import MAX_INT64, datetime_from_ns, ns_from_datetime

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
int64 = st.integers(min_value=-MAX_INT64 - 1, max_value=MAX_INT64)


class Nowhere(tzinfo):
    """A time zone that does not know its offset; such a ``datetime`` is naive."""

    def utcoffset(self, dt: datetime | None, /) -> timedelta | None:
        return None

    def dst(self, dt: datetime | None, /) -> timedelta | None:
        return None

    def tzname(self, dt: datetime | None, /) -> str | None:
        return None


@given(ns=int64)
@example(ns=0)
@example(ns=-1)
@example(ns=999)
@example(ns=MAX_INT64)
@example(ns=-MAX_INT64 - 1)
def test_every_64_bit_instant_is_floored_to_its_microsecond(ns: int) -> None:
    instant = datetime_from_ns(ns)
    assert instant.tzinfo is UTC
    since = (instant - EPOCH) // timedelta(microseconds=1) * 1000
    assert since <= ns < since + 1000
    assert ns_from_datetime(instant) == since


@given(instant=st.datetimes(timezones=st.just(UTC) | st.just(timezone(timedelta(hours=-9, minutes=30)))))
def test_every_datetime_survives_the_round_trip(instant: datetime) -> None:
    assert datetime_from_ns(ns_from_datetime(instant)) == instant


@pytest.mark.parametrize(
    "ns", [10**21, -(10**21), 10**30, -(10**30), 10**5000], ids=lambda ns: f"{ns.bit_length()} bits"
)
def test_an_instant_beyond_the_years_of_datetime_is_an_overflow(ns: int) -> None:
    with pytest.raises(OverflowError, match="datetime"):
        datetime_from_ns(ns)


@pytest.mark.parametrize("naive", [datetime(2026, 1, 5), datetime(2026, 1, 5, tzinfo=Nowhere())])  # noqa: DTZ001
def test_a_naive_datetime_is_refused(naive: datetime) -> None:
    with pytest.raises(ValueError, match="start must carry a time zone"):
        ns_from_datetime(naive, "start")
