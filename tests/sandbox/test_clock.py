"""Sandbox time follows real time at its pace, exactly, and never runs backwards when its mode changes."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, strategies as st

from sequence_markets.sandbox.clock import ClockMode, SandboxClock, parse_mode, parse_speed

_HOUR_NS = 3600 * 10**9
_steps = st.lists(st.integers(0, 10 * _HOUR_NS), max_size=8)


class RealTime:
    """Real time under the test's control."""

    def __init__(self) -> None:
        self.ns = 5_000

    def __call__(self) -> int:
        return self.ns


@given(_steps)
def test_real_clock_moves_by_what_has_elapsed(steps: list[int]) -> None:
    real = RealTime()
    clock = SandboxClock("real", 10**18, monotonic_ns=real)
    for step in steps:
        real.ns += step
    assert clock.read() == 10**18 + sum(steps)


@given(_steps, st.fractions(Fraction(1, 1000), 1000))
def test_paced_clock_moves_by_its_multiple_without_drift(steps: list[int], speed: Fraction) -> None:
    real = RealTime()
    clock = SandboxClock("paced", 10**18, speed=speed, monotonic_ns=real)
    for step in steps:
        real.ns += step
        clock.read()
    assert clock.read() == 10**18 + int(sum(steps) * speed)


@given(_steps)
def test_manual_clock_stands_still(steps: list[int]) -> None:
    real = RealTime()
    clock = SandboxClock("manual", 10**18, monotonic_ns=real)
    for step in steps:
        real.ns += step
        assert clock.read() == 10**18
    assert clock.seconds_until(10**18 + 1) is None


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["real", "paced", "manual"]), st.integers(0, _HOUR_NS), st.fractions(Fraction(1, 10), 100)
        ),
        max_size=10,
    )
)
def test_changing_the_mode_goes_on_from_the_instant_reached(
    changes: list[tuple[ClockMode, int, Fraction]],
) -> None:
    real = RealTime()
    clock = SandboxClock("real", 10**18, monotonic_ns=real)
    expected = 10**18
    for mode, elapsed, speed in changes:
        clock.change(mode, speed, clock.read())
        assert clock.read() == expected
        real.ns += elapsed
        expected += int(elapsed * {"real": Fraction(1), "paced": speed, "manual": Fraction(0)}[mode])
        assert clock.read() == expected


def test_changing_the_mode_without_a_speed_keeps_the_pace() -> None:
    real = RealTime()
    clock = SandboxClock("paced", 0, speed=Fraction(5), monotonic_ns=real)
    clock.change("manual", None, clock.read())
    clock.change("paced", None, clock.read())
    real.ns += 100
    assert clock.read() == 500


def test_seconds_until_a_later_instant_are_real_seconds() -> None:
    clock = SandboxClock("paced", 0, speed=Fraction(10), monotonic_ns=RealTime())
    assert clock.seconds_until(20 * 10**9) == 2.0


@pytest.mark.parametrize(
    ("value", "speed"),
    [
        (1, 1),
        ("2.5", Fraction(5, 2)),
        (0.1, Fraction(1, 10)),
        (Decimal("0.3"), Fraction(3, 10)),
        (Fraction(1, 3), Fraction(1, 3)),
    ],
)
def test_a_speed_is_read_exactly(value: int | str | float | Decimal | Fraction, speed: Fraction) -> None:
    assert parse_speed(value) == speed


@pytest.mark.parametrize("value", [0, -1, "x", float("nan"), float("inf"), Decimal("NaN"), "1/0", 1_000_001])
def test_a_speed_out_of_range_is_refused_by_name(value: object) -> None:
    with pytest.raises(ValueError, match="speed"):
        parse_speed(value)


@pytest.mark.parametrize("value", [True, None, [1], b"1"])
def test_a_speed_of_another_type_is_refused_by_name(value: object) -> None:
    with pytest.raises(TypeError, match="speed"):
        parse_speed(value)


def test_an_unknown_mode_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="clock must be one of 'real', 'paced', 'manual', got 'fast'"):
        parse_mode("fast")
    with pytest.raises(TypeError, match="clock"):
        parse_mode(3)
