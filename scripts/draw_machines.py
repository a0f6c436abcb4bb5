"""Draw the state machines of execution graphs into docs/graph-machine.md, from the tables that run.

Usage: python scripts/draw_machines.py [--check]

``--check`` changes nothing and fails when the document does not show the tables as they are.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from sequence_markets.sandbox.trading.machines import MACHINES, Machine

DOCUMENT: Final = Path(__file__).resolve().parents[1] / "docs" / "graph-machine.md"


def drawing(machine: Machine) -> str:
    """Return a machine as a Mermaid diagram and the table of its events."""
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {machine.initial}"]
    lines += [f"    {source} --> {target}: {event}" for (source, event), target in machine.arrows.items()]
    lines += [f"    {state} --> [*]" for state in machine.states if state in machine.final]
    lines += ["```", "", "| event | from | to | meaning |", "|---|---|---|---|"]
    for event, meaning in machine.events.items():
        targets: dict[str, list[str]] = {}
        for (source, name), target in machine.arrows.items():
            if name == event:
                targets.setdefault(target, []).append(f"`{source}`")
        for target, sources in targets.items():
            lines.append(f"| `{event}` | {', '.join(sources)} | `{target}` | {meaning} |")
    for state, word in machine.words.items():
        lines += ["", f"On the wire `{state}` is called `{word}`."]
    return "\n".join(lines)


def render(text: str) -> str:
    """Return the document with the drawings of now.

    Raises:
        ValueError: A pair of markers is missing.
    """
    for machine in MACHINES:
        begin, end = f"<!-- {machine.name}: drawn -->", f"<!-- {machine.name}: end -->"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"{DOCUMENT.name} lacks {begin} or {end}")
        text = f"{before}{begin}\n{drawing(machine)}\n{end}{after}"
    return text


def main(arguments: list[str]) -> int:
    """Draw, or check."""
    text = DOCUMENT.read_text(encoding="utf-8")
    drawn = render(text)
    if "--check" in arguments:
        if drawn != text:
            sys.stderr.write(f"{DOCUMENT.name} is out of date: run scripts/draw_machines.py\n")
            return 1
        return 0
    DOCUMENT.write_text(drawn, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
