"""Histories make bars and columns of their points, without another request."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from sequence_markets.models import Bar, PriceHistory

START = 1_776_000_000
NS = 10**9


def history(points: list[dict[str, Any]]) -> PriceHistory:
    window = {"start_ts_s": START, "end_ts_s": START + 86_400}
    return PriceHistory.model_validate({"symbol": "X", "source": "tape", "window": window, "points": points})


def tick(second: float, price: int, qty: int, side: str = "buy") -> dict[str, Any]:
    return {
        "ts_ns": round((START + second) * NS), "price_1e9": price, "qty_1e8": qty, "side": side, "venue_id": "kraken",
    }  # fmt: skip


def bar(second: int, price: int) -> dict[str, Any]:
    return {"ts_ns": (START + second) * NS, "price_1e9": price, "qty_1e8": None, "side": None, "venue_id": None}


def at(second: int) -> datetime:
    return datetime.fromtimestamp(START + second, UTC)


def test_trades_make_bars_with_volume() -> None:
    found = history([tick(1, 5, 10), tick(2, 9, 20), tick(3, 3, 1), tick(59.9, 4, 4), tick(60, 6, 5)]).bars()
    assert found == (
        Bar(at(0), Decimal("5e-9"), Decimal("9e-9"), Decimal("3e-9"), Decimal("4e-9"), Decimal("35e-8"), 4),
        Bar(at(60), Decimal("6e-9"), Decimal("6e-9"), Decimal("6e-9"), Decimal("6e-9"), Decimal("5e-8"), 1),
    )


def test_an_empty_interval_is_stated_by_the_bar_that_follows() -> None:
    first, second, third = history([tick(0, 1, 1), tick(10, 1, 1), tick(40, 1, 1)]).bars(10)
    assert [first.gap, second.gap, third.gap] == [0, 0, 2]
    assert third.start == at(40)


def test_bar_points_are_bars_of_their_own_until_asked_otherwise() -> None:
    points = [bar(60 * k, 100 + (-1) ** k * k) for k in range(10)]
    each = history(points).bars()
    assert [(b.open, b.high, b.low, b.close, b.volume, b.count) for b in each] == [
        (*[Decimal(p["price_1e9"]).scaleb(-9)] * 4, None, 1) for p in points
    ]
    five = history(points).bars(300)
    assert [(b.open, b.high, b.low, b.close, b.count) for b in five] == [
        (Decimal("100e-9"), Decimal("104e-9"), Decimal("97e-9"), Decimal("104e-9"), 5),
        (Decimal("95e-9"), Decimal("108e-9"), Decimal("91e-9"), Decimal("91e-9"), 5),
    ]


def test_nothing_makes_no_bars() -> None:
    empty = history([])
    assert (empty.bars(), empty.bars(5), empty.times, empty.prices) == ((), (), [], [])
    assert history([bar(0, 5)]).bars()[0].count == 1


@pytest.mark.parametrize(("given_", "error"), [(0, ValueError), (-60, ValueError), (1.5, TypeError), (True, TypeError)])
def test_an_impossible_interval_is_refused(given_: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="interval_secs must be"):
        history([tick(0, 1, 1)]).bars(given_)


@given(
    st.lists(st.tuples(st.integers(0, 10**13), st.integers(1, 10**14), st.integers(1, 10**12)), max_size=60),
    st.integers(1, 4_000),
    st.randoms(),
)
@settings(deadline=None, max_examples=60)
def test_bars_hold_every_point_once_and_aggregate(
    made: list[tuple[int, int, int]], secs: int, shuffle: random.Random
) -> None:
    points = [{**bar(0, price), "ts_ns": START * NS + ns, "qty_1e8": qty} for ns, price, qty in sorted(made)]
    fine, coarse = history(points).bars(secs), history(points).bars(secs * 7)
    for bars in (fine, coarse):
        assert sum(b.count for b in bars) == len(points)
        assert sum((b.volume or 0 for b in bars), Decimal(0)) == Decimal(sum(p["qty_1e8"] for p in points)).scaleb(-8)
        assert all(b.low <= min(b.open, b.close) <= max(b.open, b.close) <= b.high for b in bars)
        assert [b.start for b in bars] == sorted({b.start for b in bars})
    for whole in coarse:
        end = whole.start.timestamp() + secs * 7
        parts = [b for b in fine if whole.start <= b.start and b.start.timestamp() < end]
        assert (whole.open, whole.close) == (parts[0].open, parts[-1].close)
        assert (whole.high, whole.low) == (max(b.high for b in parts), min(b.low for b in parts))
        assert whole.count == sum(b.count for b in parts)
    distinct = {p["ts_ns"]: p for p in points}
    mixed = [*distinct.values()]
    shuffle.shuffle(mixed)
    assert history(mixed).bars(secs) == history([*distinct.values()]).bars(secs)


def test_columns_and_axes_line_up() -> None:
    found = history([tick(1, 5 * NS, 10**8), tick(2, 9 * NS, 2 * 10**8, "sell")])
    assert found.times == [at(1), at(2)]
    assert found.prices == [5.0, 9.0]
    assert found.columns() == {
        "time": [at(1), at(2)],
        "price": [5.0, 9.0],
        "qty": [1.0, 2.0],
        "side": ["buy", "sell"],
        "venue": ["kraken", "kraken"],
    }
    assert history([bar(0, NS)]).columns()["qty"] == [None]
    assert (found.window.start, found.window.end) == (at(0), at(86_400))
