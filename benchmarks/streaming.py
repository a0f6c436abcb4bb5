"""Books off a stream: messages a second, each validated and typed."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random

from benchmarks import fetch
from benchmarks.measure import Target, paired
from benchmarks.process import Worker
from benchmarks.report import Row, Skipped

_FRAMES = 64


def measure(*, levels: int = 100, rounds: int = 60, times: int = 500) -> Iterator[Row | Skipped]:
    """Yield the rows of the book stream."""
    name = f"`book:` stream, {levels} levels a side, the best read"
    try:
        peer_path = fetch.peer()
    except fetch.UnavailableError as error:
        yield Skipped(name, str(error))
        return
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        frames = folder / "frames.txt"
        frames.write_bytes(b"\n".join(books(levels)))
        url = f"http://127.0.0.1:{stack.enter_context(Worker('pumping', str(frames))).ready}"
        for what, title, target in (("best", name, Target(">=", 2.5)), ("all", "- and every level read", None)):
            with Worker("book_stream", url, what) as ours, Worker("book_stream", url, what, path=peer_path) as peer:
                measured = paired(ours.timed, peer.timed, rounds=rounds, times=times)
                yield Row.of(title, f"published client {peer.ready}", measured, target)


def books(levels: int) -> Iterator[bytes]:
    """Yield books of a market that moves, as compact JSON."""
    random = Random(7)
    mid = 9_000_000
    sizes = [round(random.lognormvariate(0, 2), 4) for _ in range(2 * levels)]
    for number in range(_FRAMES):
        mid += random.randrange(-3, 4)
        for _ in range(8):
            sizes[random.randrange(2 * levels)] = round(random.lognormvariate(0, 2), 4)
        book = {
            "bids": [[(mid - 1 - place) / 100, sizes[place]] for place in range(levels)],
            "asks": [[(mid + 1 + place) / 100, sizes[levels + place]] for place in range(levels)],
            "ts_ns": 1_781_000_000_000_000_000 + number * 25_000_000,
        }
        yield json.dumps({"channel": "book:BTC-USD", "data": book}, separators=(",", ":")).encode()
