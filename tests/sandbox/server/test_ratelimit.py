"""A token bucket per account: bursts of twice the rate, the rate in the long run, and no punishment for retries."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from sequence_markets.sandbox.server.ratelimit import RateLimiter


class Time:
    """Elapsed time under the test's control."""

    def __init__(self) -> None:
        self.ns = 0

    def __call__(self) -> int:
        return self.ns


@given(st.integers(1, 1000))
def test_a_full_bucket_grants_twice_the_rate_at_once(qps: int) -> None:
    limiter = RateLimiter(qps, monotonic_ns=Time())
    granted = [limiter.take("a") for _ in range(2 * qps)]
    assert set(granted) == {0}
    assert limiter.take("a") == 1


@given(st.integers(1, 50), st.lists(st.integers(0, 3 * 10**9), max_size=200))
def test_never_more_than_burst_plus_rate_times_time(qps: int, steps: list[int]) -> None:
    time = Time()
    limiter = RateLimiter(qps, monotonic_ns=time)
    granted = 0
    for step in steps:
        time.ns += step
        granted += limiter.take("a") == 0
        # One nanosecond of slack per request: a token's price in whole nanoseconds is rounded down.
        assert granted <= 2 * qps + 1 + (time.ns + granted) * qps / 10**9


@given(st.integers(1, 50), st.integers(0, 30))
def test_after_the_seconds_it_names_a_request_is_granted(qps: int, refused: int) -> None:
    time = Time()
    limiter = RateLimiter(qps, monotonic_ns=time)
    while not (wait := limiter.take("a")):
        pass
    for _ in range(refused):
        assert limiter.take("a") == wait
    time.ns += wait * 10**9
    assert limiter.take("a") == 0


def test_accounts_do_not_share_a_bucket() -> None:
    limiter = RateLimiter(1, monotonic_ns=Time())
    while not limiter.take("a"):
        pass
    assert limiter.take("b") == 0


def test_buckets_that_are_full_again_are_forgotten() -> None:
    time = Time()
    limiter = RateLimiter(1, monotonic_ns=time)
    for number in range(10_000):
        time.ns += 10**9
        assert limiter.take(f"account {number}") == 0
    assert len(limiter._full_at_ns) < 5000


def test_a_rate_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="qps"):
        RateLimiter(0)
