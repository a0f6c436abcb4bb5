"""Seeded paths: the same value however they are read, within exact bounds."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings, strategies as st

from sequence_markets.sandbox.market.fixedpoint import LOG_ONE, exp_scaled, ln_ratio, logistic_scaled
from sequence_markets.sandbox.market.path import Path, extreme
from sequence_markets.sandbox.market.volume import VolumeTree

VOLATILITY = 78 * LOG_ONE // 1_000_000
STEPS = st.integers(0, 2**36)


def one_path(seed: int = 7) -> Path:
    return Path(seed, "test", volatility=VOLATILITY)


def first(values: Sequence[int], begin: int, end: int) -> int:
    return values[0]


@settings(deadline=None, max_examples=60)
@given(steps=st.lists(STEPS, min_size=1, max_size=12), near=st.integers(0, 40))
def test_a_cold_read_equals_a_warm_one_in_any_order(steps: list[int], near: int) -> None:
    warm = one_path()
    asked = [s + d for s in steps for d in (near, 0, 1)]
    forward = {s: warm.value(s) for s in asked}
    for step in reversed(asked):
        assert one_path().value(step) == warm.value(step) == forward[step]


@settings(deadline=None, max_examples=60)
@given(base=st.integers(0, 2**20), level=st.integers(0, 9))
def test_values_inside_an_interval_stay_within_its_bounds(base: int, level: int) -> None:
    path = one_path()
    start = base << level
    ends = path.value(start), path.value(start + (1 << level))
    inside = [path.value(s) for s in range(start, start + (1 << level) + 1)]
    assert min(ends) - path.tails[level] <= min(inside)
    assert max(inside) <= max(ends) + path.tails[level]


@settings(deadline=None, max_examples=40)
@given(start=STEPS, length=st.integers(0, 700))
def test_the_extreme_is_the_largest_value_of_all_steps(start: int, length: int) -> None:
    paths = [one_path(), Path(7, "other", volatility=VOLATILITY // 3, jump_level=6, cap_level=9)]
    steps = range(start, start + length + 1)

    def spread(values: Sequence[int], begin: int, end: int) -> int:
        return values[0] - 2 * values[1]

    found = extreme(paths, (1, -1), spread, start, start + length)
    assert found == max(paths[0].value(s) - 2 * paths[1].value(s) for s in steps)
    assert extreme(paths[:1], (1,), first, start, start + length) == max(paths[0].value(s) for s in steps)


@pytest.mark.parametrize(("seed", "start"), [(303, 2046), (411, 1022), (699, 1022), (1055, 1022)])
def test_the_extreme_may_lie_at_the_seam_of_two_intervals_alone(seed: int, start: int) -> None:
    path = one_path(seed)
    values = [path.value(step) for step in range(start, start + 5)]
    assert values.index(max(values)) == 2
    assert extreme([path], (1,), first, start, start + 4) == values[2]


def test_the_path_has_the_volatility_it_was_given_and_stays_near_its_centre() -> None:
    path = one_path()
    values = [path.value(17_000_000_000 + 100 * k) / LOG_ONE for k in range(4_000)]
    ten_seconds = math.sqrt(sum((b - a) ** 2 for a, b in itertools.pairwise(values)) / len(values))
    assert 0.7e-4 < ten_seconds / math.sqrt(10) < 0.86e-4
    assert max(abs(path.value(s * 8_640_000)) for s in range(2_000)) < LOG_ONE // 3


@settings(deadline=None, max_examples=200)
@given(log=st.integers(-20 * LOG_ONE, 20 * LOG_ONE), step=st.integers(1, LOG_ONE))
@example(log=-1, step=1)
@example(log=LOG_ONE // 1024 - 1, step=1)
def test_exponentials_are_right_and_never_decrease(log: int, step: int) -> None:
    scale = 10**24
    value = exp_scaled(log, scale)
    assert math.isclose(value / scale, math.exp(log / LOG_ONE), rel_tol=1e-12, abs_tol=1e-20)
    assert exp_scaled(log - 1, scale) <= value <= exp_scaled(min(log + step, 23 * LOG_ONE), scale)
    odds = logistic_scaled(log, 10**9)
    assert 0 <= odds <= 10**9
    assert logistic_scaled(log - 1, 10**9) <= odds
    assert math.isclose(odds / 1e9, 1 / (1 + math.exp(-log / LOG_ONE)), abs_tol=2e-9)


@given(numerator=st.integers(1, 10**15), denominator=st.integers(1, 10**15))
@settings(deadline=None, max_examples=40)
def test_logarithms_undo_exponentials(numerator: int, denominator: int) -> None:
    if 1e-7 < numerator / denominator < 1e7:
        assert math.isclose(
            ln_ratio(numerator, denominator) / LOG_ONE, math.log(numerator / denominator), abs_tol=1e-12
        )


@settings(deadline=None, max_examples=40)
@given(
    first_step=st.integers(0, 2**34),
    cuts=st.lists(st.integers(0, 3_000), min_size=2, max_size=6).map(sorted),
    lots=st.sampled_from([5, 4_000, 10**9]),
)
def test_volume_is_the_sum_of_its_parts(first_step: int, cuts: list[int], lots: int) -> None:
    tree = VolumeTree(3, "v", lots_per_block=lots, sparse_256=120, sparse_levels=4)
    begin, end = first_step + cuts[0], first_step + cuts[-1]
    whole = tree.between(begin, end)
    parts = [tree.between(first_step + a, first_step + b) for a, b in itertools.pairwise(cuts)]
    assert sum(parts) == whole
    fresh = VolumeTree(3, "v", lots_per_block=lots, sparse_256=120, sparse_levels=4)
    leaves = list(fresh.leaves(begin, end)) if end > begin else []
    assert sum(amount for _, amount in leaves) == whole
    assert all(begin <= step < end and amount > 0 for step, amount in leaves)
    assert [step for step, _ in leaves] == sorted(step for step, _ in leaves)


def test_the_volume_of_many_blocks_is_near_its_mean() -> None:
    tree = VolumeTree(3, "v", lots_per_block=1_000_000, sparse_256=120, sparse_levels=4)
    blocks = [tree.between(k << 20, (k + 1) << 20) for k in range(200)]
    assert all(700_000 < volume < 1_300_000 for volume in blocks)
    assert 950_000 < sum(blocks) / 200 < 1_050_000
