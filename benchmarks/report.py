"""What a run found, as a table for people and as data."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.measure import Rounds, Spread, Target

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        name: What was measured.
        against: What it was measured against.
        ratio: Spread of the paired ratios.
        ours: Median seconds of one of our operations.
        other: Median seconds of one of the other's.
        rounds: How many pairs were timed.
        target: What the ratio has to reach.
    """

    name: str
    against: str
    ratio: Spread
    ours: float
    other: float
    rounds: int
    target: Target | None

    @classmethod
    def of(cls, name: str, against: str, rounds: Rounds, target: Target | None) -> Row:
        """Return the line of a measurement: of rates where the target is a least ratio, else of times."""
        at_least = target is not None and target.relation == ">="
        return cls(
            name,
            against,
            rounds.rate_ratio() if at_least else rounds.time_ratio(),
            Spread.of(rounds.ours).middle,
            Spread.of(rounds.other).middle,
            len(rounds.ours),
            target,
        )

    @property
    def verdict(self) -> str:
        """Whether the target was met."""
        if self.target is None:
            return ""
        return "met" if self.target.met(self.ratio.middle) else "**missed**"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A case that could not run here."""

    name: str
    why: str


def table(rows: Iterable[Row]) -> list[str]:
    """Return the lines of a Markdown table."""
    lines = [
        "| what | against | ratio | p10 to p90 | target | | ours | the other | rounds |",
        "|---|---|---:|---:|---:|---|---:|---:|---:|",
    ]
    lines += [
        f"| {row.name} | {row.against} | {row.ratio.middle:.2f} | {row.ratio.low:.2f} to {row.ratio.high:.2f} "
        f"| {'' if row.target is None else row.target} | {row.verdict} "
        f"| {_duration(row.ours)} | {_duration(row.other)} | {row.rounds} |"
        for row in rows
    ]
    return lines


def machine() -> list[str]:
    """Return what the figures depend on."""
    names = ("pydantic", "pydantic-core", "httpx", "httpcore", "starlette", "uvicorn")
    return [
        f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC on {_processor()}, {os.cpu_count()} cores,",
        f"{platform.system()}; load of the machine when the run began: {_load()}.",
        f"Python {platform.python_version()}, {', '.join(f'{name} {version(name)}' for name in names)}.",
    ]


def document(path: Path, found: Sequence[Row | Skipped], about: Sequence[str]) -> None:
    """Write the table between the markers of a document, and leave the rest of it as it is."""
    text = path.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, marker, after = rest.partition(END)
    if not marker:
        raise ValueError(f"{path} lacks the markers {BEGIN} and {END}")
    skipped = [f"- Not measured: {each.name}: {each.why}" for each in found if isinstance(each, Skipped)]
    lines = [*about, "", *table(each for each in found if isinstance(each, Row)), *([""] if skipped else []), *skipped]
    path.write_text(f"{before}{BEGIN}\n{chr(10).join(lines)}\n{END}{after}", "utf-8")


def data(found: Sequence[Row | Skipped], about: Sequence[str]) -> dict[str, object]:
    """Return everything as plain data."""
    return {"about": " ".join(about), "found": [asdict(each) for each in found]}


def _duration(seconds: float) -> str:
    if seconds < 1e-3:
        return f"{seconds * 1e6:.3g} µs"
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()


def _load() -> str:
    try:
        return f"{os.getloadavg()[0]:.1f}"
    except (AttributeError, OSError):
        return "unknown"
