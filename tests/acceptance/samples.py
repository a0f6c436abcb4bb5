"""Samples of code, cut out of the SDK reference.

The reference is plain text that lost its indentation and the line ends around its code blocks, so each sample is named
by where it starts and ends and by the depth of its lines. Not a character of the code itself is changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "reference" / "python-sdk-reference.txt"

needs_reference = pytest.mark.skipif(
    not REFERENCE.exists(), reason="the SDK reference is not beside this checkout; its samples cannot be read"
)


@dataclass(frozen=True, slots=True)
class Sample:
    """Where a sample stands: its first characters, its last ones, and the depth of each line."""

    start: str
    end: str
    depths: tuple[int, ...]

    def source(self) -> str:
        text = REFERENCE.read_text(encoding="utf-8")
        first = text.index(self.start)
        block = text[first : text.index(self.end, first) + len(self.end)]
        lines = block.split("\n")
        assert len(lines) == len(self.depths), f"the sample at {self.start!r} has {len(lines)} lines"
        return "\n".join("    " * depth + line for depth, line in zip(self.depths, lines, strict=True))


def flat(lines: int) -> tuple[int, ...]:
    return (0,) * lines


def run(sample: Sample, scope: dict[str, Any]) -> None:
    exec(compile(sample.source(), str(REFERENCE), "exec"), scope)
