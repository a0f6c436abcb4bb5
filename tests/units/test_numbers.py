"""Quantities and prices: exact where they fit, refused with a useful message where they do not."""

from __future__ import annotations

import decimal
import re
import time
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given, settings, strategies as st

from sequence_markets.units import MAX_INT64, Number, decimal_1e8, decimal_1e9, price_to_1e9, qty_to_1e8

Convert = Callable[..., int]
Human = Callable[[int], Decimal]

SCALES: list[tuple[Convert, Human, int]] = [(qty_to_1e8, decimal_1e8, 8), (price_to_1e9, decimal_1e9, 9)]
each_scale = pytest.mark.parametrize(("convert", "human", "places"), SCALES, ids=["qty", "price"])

int64 = st.integers(min_value=-MAX_INT64, max_value=MAX_INT64)
positive = st.integers(min_value=1, max_value=MAX_INT64)
any_decimal = st.decimals(allow_nan=False, allow_infinity=False) | st.decimals(-10, 10, places=12)


class Float64(float):
    """Prints itself with its type around it, as numpy's scalars do."""

    def __repr__(self) -> str:
        return f"np.float64({float.__repr__(self)})"

    __str__ = __repr__


class Indexed:
    """An integer scalar of an array library."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __index__(self) -> int:
        return self.value


class Matrix:
    """Has ``__index__``, and refuses to be one integer, as an array does."""

    def __index__(self) -> int:
        raise TypeError("only integer scalar arrays can be converted to a scalar index")


def refusal(convert: Convert, value: object, **options: bool) -> str:
    with pytest.raises(ValueError) as caught:
        convert(value, "size", **options)
    message = str(caught.value)
    assert message.startswith("size ")
    assert len(message) < 300
    return message


def nearest_in(message: str) -> Decimal:
    found = re.search(r"the nearest that fits is (-?[0-9.]*[0-9])$", message)
    assert found, message
    return Decimal(found[1])


@each_scale
class TestExact:
    @given(fixed=int64)
    def test_every_64_bit_integer_survives_the_round_trip(
        self, convert: Convert, human: Human, places: int, fixed: int
    ) -> None:
        value = human(fixed)
        assert value * 10**places == fixed or abs(fixed) > 10**27
        assert value.as_tuple().exponent == -places
        assert convert(value, allow_zero=True, allow_negative=True) == fixed
        assert convert(str(value), allow_zero=True, allow_negative=True) == fixed
        assert convert(f"{value:f}", allow_zero=True, allow_negative=True) == fixed

    @given(hundredths=st.integers(min_value=1, max_value=10**10))
    def test_two_decimals_are_exact_as_float_text_and_decimal(
        self, convert: Convert, human: Human, places: int, hundredths: int
    ) -> None:
        fixed = hundredths * 10 ** (places - 2)
        if fixed > MAX_INT64:
            return
        text = f"{hundredths // 100}.{hundredths % 100:02}"
        assert convert(text) == convert(Decimal(text)) == convert(float(text)) == fixed
        assert convert(Float64(text)) == fixed

    def test_every_quantity_from_0_01_to_99_99(self, convert: Convert, human: Human, places: int) -> None:
        for hundredths in range(1, 10_000):
            text = f"{hundredths // 100}.{hundredths % 100:02}"
            fixed = hundredths * 10 ** (places - 2)
            assert [convert(text), convert(Decimal(text)), convert(float(text))] == [fixed] * 3

    def test_every_price_from_0_0001_to_1(self, convert: Convert, human: Human, places: int) -> None:
        for parts in range(1, 10_001):
            text = f"{parts // 10_000}.{parts % 10_000:04}"
            fixed = parts * 10 ** (places - 4)
            assert [convert(text), convert(Decimal(text)), convert(float(text))] == [fixed] * 3

    @given(one=int64, other=int64)
    def test_order_is_kept(self, convert: Convert, human: Human, places: int, one: int, other: int) -> None:
        as_fixed = [convert(human(each), allow_zero=True, allow_negative=True) for each in (one, other)]
        assert (as_fixed[0] < as_fixed[1]) == (human(one) < human(other)) == (one < other)

    @given(whole=st.integers(min_value=1, max_value=MAX_INT64 // 10**9))
    def test_integers_and_integer_like_objects_count_units(
        self, convert: Convert, human: Human, places: int, whole: int
    ) -> None:
        assert convert(whole) == convert(Indexed(whole)) == convert(str(whole)) == whole * 10**places

    @pytest.mark.parametrize(
        ("text", "value"),
        [(" 1.5 ", "1.5"), ("+2", "2"), (".5", "0.5"), ("5.", "5"), ("1e3", "1000"), ("25E-2", "0.25")],
    )
    def test_texts_read_as_decimal_reads_them(
        self, convert: Convert, human: Human, places: int, text: str, value: str
    ) -> None:
        assert convert(text) == Decimal(value) * 10**places

    def test_trailing_zeros_do_not_make_a_value_too_fine(self, convert: Convert, human: Human, places: int) -> None:
        half = 5 * 10 ** (places - 1)
        assert convert("0.5" + "0" * 50_000) == convert(Decimal("0.50000000000000000000")) == half
        assert convert("0e-999999", allow_zero=True) == convert(Decimal("0E-999999999"), allow_zero=True) == 0
        assert convert(Decimal("-0"), allow_zero=True) == convert(-0.0, allow_zero=True) == 0

    def test_the_largest_fits_and_the_next_does_not(self, convert: Convert, human: Human, places: int) -> None:
        assert convert(human(MAX_INT64)) == MAX_INT64
        assert convert(-human(MAX_INT64), allow_negative=True) == -MAX_INT64
        message = refusal(convert, human(MAX_INT64 + 1))
        assert convert(nearest_in(message)) == MAX_INT64


@each_scale
class TestRefused:
    @given(value=any_decimal, allow_zero=st.booleans(), allow_negative=st.booleans())
    @example(value=Decimal("1E-999999999"), allow_zero=False, allow_negative=False)
    @example(value=Decimal("-1E-999999999"), allow_zero=True, allow_negative=True)
    @example(value=Decimal("-1E-999999999"), allow_zero=False, allow_negative=True)
    @example(value=Decimal("1E+999999999"), allow_zero=True, allow_negative=True)
    @example(value=Decimal("92233720368.547758069"), allow_zero=True, allow_negative=True)
    def test_a_value_is_exact_or_the_nearest_is_named(
        self,
        convert: Convert,
        human: Human,
        places: int,
        value: Decimal,
        allow_zero: bool,
        allow_negative: bool,
    ) -> None:
        try:
            fixed = convert(value, "size", allow_zero=allow_zero, allow_negative=allow_negative)
        except ValueError:
            message = refusal(convert, value, allow_zero=allow_zero, allow_negative=allow_negative)
            nearest = nearest_in(message)
            fitting = convert(nearest, allow_zero=allow_zero, allow_negative=allow_negative)
            assert human(fitting) == nearest
            # Nothing that is allowed lies nearer.
            for step in (-1, 1):
                neighbour = fitting + step
                allowed = (neighbour > 0 or (neighbour < 0 and allow_negative) or (neighbour == 0 and allow_zero)) and (
                    abs(neighbour) <= MAX_INT64
                )
                if allowed:
                    distances = [abs(Fraction(clamped(value)) - Fraction(human(each))) for each in (fitting, neighbour)]
                    assert distances[0] <= distances[1]
        else:
            assert human(fixed) == value

    @pytest.mark.parametrize("value", [True, False])
    def test_bool(self, convert: Convert, human: Human, places: int, value: bool) -> None:
        message = refusal(convert, value)
        assert "bool" in message
        assert repr(value) in message
        assert convert(nearest_in(message)) > 0
        assert nearest_in(refusal(convert, value, allow_zero=True)) == int(value)

    @pytest.mark.parametrize(
        "value",
        [
            float("nan"),
            Float64("nan"),
            Decimal("NaN"),
            Decimal("-NaN123"),
            Decimal("sNaN"),
            "nan",
            "NaN",
            "sNaN",
            "inf",
            "-Infinity",
        ],
    )
    def test_what_is_not_a_number(self, convert: Convert, human: Human, places: int, value: Number) -> None:
        assert repr(value) in refusal(convert, value)
        assert "finite" in refusal(convert, value, allow_zero=True, allow_negative=True)

    @pytest.mark.parametrize("value", [float("inf"), Decimal("Infinity"), Float64("inf")])
    def test_infinity(self, convert: Convert, human: Human, places: int, value: float | Decimal) -> None:
        message = refusal(convert, value)
        assert "finite" in message
        assert convert(nearest_in(message)) == MAX_INT64
        below = refusal(convert, -value, allow_negative=True)
        assert convert(nearest_in(below), allow_negative=True) == -MAX_INT64

    @pytest.mark.parametrize(
        "value",
        [
            "",
            " ",
            "abc",
            "1_000",
            "1,5",
            "0x10",
            "1e",
            "e5",
            ".",
            "--1",
            "1 2",
            "½",
            "٣",
            "１２",
            "1\x00",
            "１.5",
            "1e٣",
            "$5",
        ],
    )
    def test_texts_that_are_no_plain_decimal(self, convert: Convert, human: Human, places: int, value: str) -> None:
        assert repr(value) in refusal(convert, value)

    @pytest.mark.parametrize("value", [0, 0.0, -0.0, "0", "0.00", Decimal(0), Decimal("0E-30"), "-0"])
    def test_zero_unless_allowed(self, convert: Convert, human: Human, places: int, value: Number) -> None:
        message = refusal(convert, value)
        assert "more than zero" in message
        assert repr(value) in message
        assert convert(nearest_in(message)) == 1
        assert convert(value, allow_zero=True) == 0

    @pytest.mark.parametrize("value", [-1, -0.5, "-2", Decimal("-1E-9"), -(10**30), float("-inf")])
    def test_negative_unless_allowed(self, convert: Convert, human: Human, places: int, value: Number) -> None:
        message = refusal(convert, value)
        assert repr(value) in message
        assert convert(nearest_in(message)) == 1
        assert nearest_in(refusal(convert, value, allow_zero=True)) == 0

    @pytest.mark.parametrize("value", [None, b"1", 1j, [1], (1,), {"qty": 1}, Fraction(1, 2), object(), Matrix()])
    def test_other_types(self, convert: Convert, human: Human, places: int, value: Any) -> None:
        with pytest.raises(TypeError, match=rf"^size must be .*{type(value).__name__}"):
            convert(value, "size")

    @pytest.mark.parametrize(
        ("value", "shown"),
        [
            (10**5000, "16610 bits"),
            (-(10**5000), "16610 bits"),
            (Indexed(10**5000), "16610 bits"),
            ("1e999999", "'1e999999'"),
            ("1e999999999", "'1e999999999'"),
            ("1e-999999999", "'1e-999999999'"),
            ("1e" + "9" * 5000, "'1e9999"),
            ("1" * 10**6, "'1111"),
            ("1" * 10**6 + "x", "'1111"),
            ("0." + "1" * 10**6, "'0.1111"),
            ("0." + "1" * 10**6 + "x", "'0.1111"),
            (" " * 10**6 + "x", "'  "),
            (Decimal("1E-999999999"), "1E-999999999"),
            (Decimal("1E+999999999"), "1E+999999999"),
            (Decimal("0." + "3" * 10**5), "Decimal('0.333"),
            (1e308, "1e+308"),
            (5e-324, "5e-324"),
        ],
        ids=range(17),
    )
    def test_enormous_values_are_refused_fast_and_shown_short(
        self, convert: Convert, human: Human, places: int, value: Any, shown: str
    ) -> None:
        started = time.process_time()
        message = refusal(convert, value)
        assert time.process_time() - started < 5  # A quadratic reading of a million digits takes minutes.
        assert shown in message


@each_scale
@given(
    value=st.sampled_from(
        ["0.1", "0.123456789123", "0", "-3", "1e999999", "92233720368.54775808", "92233720367.12345678", "abc", "1E-30"]
    ),
    given_as=st.sampled_from([str, Decimal]),
    precision=st.integers(min_value=1, max_value=6),
    trapping=st.booleans(),
)
@settings(deadline=None)
def test_the_thread_s_decimal_context_changes_nothing(
    convert: Convert,
    human: Human,
    places: int,
    value: str,
    given_as: Callable[[str], Any],
    precision: int,
    trapping: bool,
) -> None:
    def outcome() -> tuple[object, ...]:
        try:
            received = given_as(value)
        except decimal.InvalidOperation:
            received = value
        try:
            fixed = convert(received)
        except ValueError as error:
            return type(error), str(error)
        return fixed, str(human(fixed)), human(fixed).as_tuple()

    expected = outcome()
    every = list(decimal.getcontext().flags) if trapping else [decimal.InvalidOperation]
    hostile = decimal.Context(
        prec=precision, Emin=-2, Emax=2, rounding=decimal.ROUND_UP, traps=every, capitals=1, clamp=1
    )
    with decimal.localcontext(hostile):
        assert outcome() == expected


def test_views_of_integers_beyond_64_bits_are_exact() -> None:
    for digits in (30, 400, 500, 4000):
        assert decimal_1e8(10**digits + 1).as_tuple().digits == (1, *[0] * (digits - 1), 1)
        assert decimal_1e9(-(10**digits) - 1).as_tuple().digits == (1, *[0] * (digits - 1), 1)


def clamped(value: Decimal) -> Decimal:
    """Bring absurd exponents near, so that the test's own rational arithmetic ends."""
    if value.copy_abs() > 10**30:
        return Decimal(10**30).copy_sign(value)
    if value.copy_abs() < Decimal("1E-50"):
        return Decimal(0)
    return value
