"""Going through the states of a strategy whose code is not run: by the clock, repeatably, and through restarts."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from sequence_markets import ConflictError, Sequence
from sequence_markets.sandbox import Sandbox
from sequence_markets.sandbox.embedded import fresh_key
from sequence_markets.sandbox.strategies.limits import KEPT_RUNS
from sequence_markets.sandbox.strategies.state import ARROWS, LIVE

from .support import only_run, project

KEY = "seq_test_" + "5a" * 32


def make(seq: Sequence, *, start: bool = False) -> str:
    made = seq.create_strategy("dip", "python", "main.py", artifact=project("pass"), start_immediately=start)
    return made.strategy_id


def test_a_strategy_starts_and_stops_a_second_after_it_is_asked_to() -> None:
    with Sandbox(seed=7) as sandbox, sandbox.client() as seq:
        made = make(seq)
        assert seq.strategy_start(made).status == "starting"
        sandbox.advance(milliseconds=999)
        assert seq.strategy(made).status == "starting"
        sandbox.advance(milliseconds=1)
        running = seq.strategy(made)
        assert (running.status, running.desired_state, running.current_run_id) == ("running", "running", "run_1")
        assert seq.strategy_start(made) == running, "one that runs goes on"
        sandbox.advance(seconds=60)
        assert (seq.strategy_stop(made).status, seq.strategy(made).desired_state) == ("stopping", "stopped")
        sandbox.advance(seconds=1)
        stopped = seq.strategy(made)
        run = only_run(stopped)
        assert (stopped.status, run.status, run.executed, run.exit_code) == ("stopped", "stopped", False, None)
        assert (run.ended_at_ns or 0) - (run.started_at_ns or 0) == 62 * 10**9
        assert seq.strategy_stop(made) == stopped, "one that does not run is left alone"
        sandbox.check_invariants()


def test_the_log_says_that_the_code_is_not_run() -> None:
    with Sandbox(seed=7) as sandbox, sandbox.client() as seq:
        made = make(seq, start=True)
        logs = seq.strategy_logs(made)
        assert (logs.run_id, logs.count, logs.dropped) == ("run_1", 1, 0)
        assert logs.logs[0].ts_ns == sandbox.now_ns
        assert "run_strategies=True" in logs.logs[0].message


def test_each_start_is_a_run_of_its_own_and_the_latest_are_remembered() -> None:
    with Sandbox(seed=7) as sandbox, sandbox.client() as seq:
        made = make(seq)
        for _ in range(KEPT_RUNS + 2):
            seq.strategy_start(made)
            seq.strategy_stop(made)
            sandbox.advance(seconds=1)
        runs = [run.run_id for run in seq.strategy(made).runs or ()]
        assert runs == [f"run_{number}" for number in range(3, KEPT_RUNS + 3)]
        assert seq.strategy_logs(made, "run_5").run_id == "run_5"
        sandbox.check_invariants()


def test_stopping_before_it_has_started_stops_it() -> None:
    with Sandbox(seed=7) as sandbox, sandbox.client() as seq:
        made = make(seq, start=True)
        sandbox.advance(milliseconds=400)
        seq.strategy_stop(made)
        sandbox.advance(milliseconds=999)
        assert seq.strategy(made).status == "stopping"
        sandbox.advance(milliseconds=1)
        assert seq.strategy(made).status == "stopped"


def test_a_deleted_strategy_is_gone_whatever_it_was_doing() -> None:
    with Sandbox(seed=7) as sandbox, sandbox.client() as seq:
        made = make(seq, start=True)
        seq.strategy_delete(made)
        sandbox.advance(seconds=5)
        assert seq.strategies().count == 0
        assert make(seq) != made, "an id is not given twice"
        sandbox.check_invariants()


def test_the_public_part_survives_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    with Sandbox(seed=7, state=state) as sandbox, sandbox.client(api_key=KEY) as seq:
        kept = make(seq, start=True)
        sandbox.advance(milliseconds=300)
        gone = make(seq)
        seq.strategy_delete(gone)
        before = seq.strategies()
    with Sandbox(state=state) as sandbox, sandbox.client(api_key=KEY) as seq:
        assert seq.strategies() == before
        sandbox.advance(milliseconds=700)
        assert seq.strategy(kept).status == "running", "what was under way goes on"
        assert seq.strategy_logs(kept).count == 1
        seq.strategy_stop(kept)
        sandbox.advance(seconds=1)
        assert seq.strategy_start(kept).current_run_id == "run_2"
        sandbox.check_invariants()


def test_a_reset_forgets_strategies() -> None:
    with Sandbox(seed=7) as sandbox, sandbox.client() as seq:
        first = make(seq, start=True)
        sandbox.reset()
        assert seq.strategies().count == 0
        assert make(seq) == first, "everything begins again"
        assert seq.strategy(first).status == "created"


ACTS = st.lists(st.sampled_from(["create", "start", "stop", "delete", "wait", "wait long"]), max_size=25)


@settings(deadline=None, max_examples=25)
@given(ACTS)
def test_any_script_keeps_to_the_states_and_gives_the_same_journal(acts: list[str]) -> None:
    digests = {played(acts) for _ in range(2)}
    assert len(digests) == 1


def played(acts: list[str]) -> str:
    """Play a script, holding it to the arrows between states, and return the digest of its journal."""
    with Sandbox(seed=3) as sandbox, sandbox.client(api_key=KEY) as seq:
        seen: dict[str, str] = {}
        for act in acts:
            rows = list(seq.strategies())
            target = rows[0].strategy_id if rows else None
            if act == "create" and len(rows) < 2:
                make(seq)
            elif act == "wait":
                sandbox.advance(milliseconds=400)
            elif act == "wait long":
                sandbox.advance(seconds=3)
            elif target is not None and act == "delete":
                seq.strategy_delete(target)
            elif target is not None and act == "stop":
                seq.strategy_stop(target)
            elif target is not None and act == "start" and rows[0].status != "stopping":
                seq.strategy_start(target)
            for row in seq.strategies():
                status, before = row.status or "", seen.get(row.strategy_id, "created")
                assert status == before or reachable(before, status), (before, status)
                assert (status in LIVE) == any(run.ended_at_ns is None for run in row.runs or ())
                seen[row.strategy_id] = status
        sandbox.check_invariants()
        return sandbox.journal_digest()


def reachable(source: str, target: str) -> bool:
    """Whether a few arrows lead from one state to another."""
    found = {source}
    for _ in range(3):
        found |= {after for state in found for after in ARROWS[state]}
    return target in found


@pytest.mark.parametrize("wrong", [1, "yes", None])
def test_running_code_is_asked_for_with_a_bool(wrong: object) -> None:
    options: dict[str, object] = {"run_strategies": wrong}
    with pytest.raises(TypeError, match="run_strategies"):
        Sandbox(**options)  # type: ignore[arg-type]


def test_starting_one_that_is_stopping_is_a_conflict() -> None:
    with Sandbox(seed=7) as sandbox, sandbox.client(api_key=fresh_key()) as seq:
        made = make(seq, start=True)
        seq.strategy_stop(made)
        with pytest.raises(ConflictError, match="is stopping"):
            seq.strategy_start(made)
