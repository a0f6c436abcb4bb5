"""Run every benchmark, print the table and write it into ``docs/benchmarks.md``.

Usage: run.py [--only decoding,calls,importing,streaming,trading] [--quick] [--keep]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from time import monotonic

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import calls, decoding, importing, streaming, trading  # noqa: E402  (the folder above is no package)
from benchmarks.report import Row, Skipped, data, document, machine, table  # noqa: E402

Group = Callable[[], Iterable[Row | Skipped]]

GROUPS: dict[str, Group] = {
    "decoding": decoding.measure,
    "calls": calls.measure,
    "importing": importing.measure,
    "streaming": streaming.measure,
    "trading": trading.measure,
}
QUICK: dict[str, Group] = {
    "decoding": lambda: decoding.measure(scale=0.005, rounds=20),
    "calls": lambda: calls.measure(rounds=4, times=4, crowd=40),
    "importing": lambda: importing.measure(rounds=2),
    "streaming": lambda: streaming.measure(rounds=4, times=20),
    "trading": lambda: trading.measure(rounds=4, times=4),
}


def main(arguments: list[str] | None = None) -> int:
    """Run; a missed target is no failure."""
    parser = argparse.ArgumentParser(description="Measure the SDK and the sandbox.")
    parser.add_argument("--only", default=",".join(GROUPS), help=f"some of {', '.join(GROUPS)}")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: whether everything runs, not how fast")
    parser.add_argument("--keep", action="store_true", help="leave docs/benchmarks.md as it is")
    options = parser.parse_args(arguments)
    chosen = options.only.split(",")
    if unknown := [name for name in chosen if name not in GROUPS]:
        parser.error(f"no such benchmarks: {', '.join(unknown)}")
    about, begin = machine(), monotonic()
    print("\n".join(about))
    found: list[Row | Skipped] = []
    for name in chosen:
        for each in (QUICK if options.quick else GROUPS)[name]():
            found.append(each)
            print(table([each])[-1] if isinstance(each, Row) else f"not measured: {each.name}: {each.why}", flush=True)
    print(f"\n{monotonic() - begin:.0f} s")
    if not (options.keep or options.quick or len(chosen) < len(GROUPS)):
        document(ROOT / "docs" / "benchmarks.md", found, about)
        results = ROOT / ".benchmark" / "results.json"
        results.parent.mkdir(exist_ok=True)
        results.write_text(json.dumps(data(found, about), indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
