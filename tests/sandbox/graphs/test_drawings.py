"""The documented state machines are the ones that run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sequence_markets.sandbox.trading.errors import InvariantError
from sequence_markets.sandbox.trading.machines import EDGE, GRAPH, MACHINES, NODE, Machine

ROOT = Path(__file__).resolve().parents[3]


def test_the_document_shows_the_tables_as_they_are() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "draw_machines.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_every_state_is_reached_and_every_event_is_explained(machine: Machine) -> None:
    assert set(machine.events) == {event for _, event in machine.arrows}
    reached = {machine.initial}
    while True:
        more = {target for (source, _), target in machine.arrows.items() if source in reached}
        if more <= reached:
            break
        reached |= more
    assert reached == set(machine.states)


def test_the_wire_words_are_the_documented_ones() -> None:
    words = {machine.name: {machine.word(state) for state in machine.states} for machine in MACHINES}
    assert words["graph"] == {"pending", "active", "partial_fill", "completed", "aborted", "expired", "paused"}
    assert words["node"] == {"pending", "armed", "executing", "filled", "partial_fill", "cancelled", "rejected"}
    assert words["edge"] == {"pending", "armed", "fired", "expired", "cancelled"}


def test_what_is_final_stays() -> None:
    assert GRAPH.final == {"completed", "aborted", "expired"}
    assert NODE.final == {"filled", "completed", "cancelled", "rejected"}
    assert EDGE.final == {"fired", "expired", "cancelled"}
    for machine in MACHINES:
        for state in machine.final:
            for event in machine.events:
                with pytest.raises(InvariantError):
                    machine.step(state, event)
