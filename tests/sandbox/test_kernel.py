"""The kernel runs events by time, rank and order of scheduling."""

from __future__ import annotations

from hypothesis import given, settings, strategies as st

from sequence_markets.sandbox.kernel import Kernel


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), max_size=40))
@settings(deadline=None)
def test_events_come_out_by_time_rank_and_sequence(planned: list[tuple[int, int]]) -> None:
    kernel: Kernel[tuple[int, int, int]] = Kernel()
    for number, (time_ns, rank) in enumerate(planned):
        kernel.schedule(time_ns, (time_ns, rank, number), rank)
    taken: list[tuple[int, int, int]] = []
    while kernel.next_due_ns() is not None:
        batch = kernel.take(10)
        assert len({time_ns for time_ns, _, _ in batch}) == 1
        taken += batch
    assert taken == sorted((time_ns, rank, number) for number, (time_ns, rank) in enumerate(planned))
    assert len(kernel) == 0


def test_nothing_is_taken_before_its_time() -> None:
    kernel: Kernel[str] = Kernel()
    kernel.schedule(10, "a")
    assert kernel.take(9) == []
    assert kernel.take(10) == ["a"]
    assert kernel.take(11) == []


def test_clear_drops_everything() -> None:
    kernel: Kernel[str] = Kernel()
    kernel.schedule(10, "a")
    kernel.clear()
    assert kernel.next_due_ns() is None
