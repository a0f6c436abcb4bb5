"""Fees evaluated from what was received, without a server."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from sequence_markets.models import Fees, VenueFee


def fee(**more: Any) -> VenueFee:
    return VenueFee.model_validate({"venue": "kalshi", "maker_bps": 0, "taker_bps": 350, **more})


CURVE: dict[str, Any] = {"fee_model": "p_times_1_minus_p", "components": {"rate_bps": 700}}


def test_the_documented_rate_alone_gives_the_curve_before_rounding() -> None:
    assert fee(**CURVE).taker_fee_usd("0.5", 3) == Decimal("0.0525")
    assert fee(**CURVE).maker_fee_usd("0.5", 3) == 0


def test_a_step_rounds_up_and_never_down() -> None:
    stepped = fee(fee_model="p_times_1_minus_p", components={"rate_1e8": 7_000_000, "step_usd_1e9": 10_000_000})
    assert stepped.taker_fee_usd("0.5", 3) == Decimal("0.06")
    assert stepped.taker_fee_usd("0.5", 400) == Decimal("7.00")
    assert stepped.taker_fee_usd("0.01", 1) == Decimal("0.01")


def test_without_components_the_shown_figure_counts() -> None:
    assert fee(fee_model="p_times_1_minus_p").taker_fee_usd("0.25", 100) == Decimal("1.3125")
    assert fee(fee_model="flat_bps", taker_bps=2.5).taker_fee_usd(90_000, "0.1") == Decimal("2.25")
    assert fee(fee_model="flat_bps", maker_bps=1).maker_fee_usd(90_000, "0.1") == Decimal("0.9")


def test_a_result_is_exact_however_many_digits_it_takes() -> None:
    long = fee(fee_model="flat_bps", components={"rate_bps": 0.1}).taker_fee_usd("123456789.123456789", "0.00000001")
    assert long == Decimal("0.0000123456789123456789")
    assert str(fee(**CURVE).taker_fee_usd("0.333333333", "0.33333333")).startswith("0.00518518")


def test_null_means_that_nothing_should_be_sent_there() -> None:
    closed = fee(maker_bps=None, taker_bps=None, **CURVE)
    for evaluate in (closed.taker_fee_usd, closed.maker_fee_usd):
        with pytest.raises(ValueError, match="do not route there"):
            evaluate("0.5", 1)


@pytest.mark.parametrize("model", [None, "tiered_2027"])
def test_an_unknown_model_is_not_guessed_at(model: str | None) -> None:
    with pytest.raises(ValueError, match=f"fee model {model!r} of kalshi is not known"):
        fee(fee_model=model).taker_fee_usd("0.5", 1)


def test_impossible_fills_are_refused() -> None:
    for price, qty in (("1.01", 1), (0, 1), ("0.5", 0), ("0.5", -1), (True, 1), ("nan", 1)):
        with pytest.raises(ValueError):
            fee(**CURVE).taker_fee_usd(price, qty)


def test_a_row_is_found_by_its_venue() -> None:
    fees = Fees.model_validate({"ticker": "T", "fees": [{"venue": "kalshi", "maker_bps": None, "taker_bps": 350}]})
    assert fees.at("kalshi").taker_bps == 350
    with pytest.raises(KeyError, match="no row of 'okx'; there are kalshi"):
        fees.at("okx")
