"""The benchmarks run; how fast is not for a test to say."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.measure import Rounds, Spread, Target, paired
from benchmarks.process import Worker
from benchmarks.report import BEGIN, END, Row, Skipped, document, table

from benchmarks import decoding, importing, streaming, trading


def test_decoding_runs() -> None:
    rows = list(decoding.measure(scale=0.002, rounds=3))
    assert len(rows) == 15
    assert all(row.ratio.low <= row.ratio.middle <= row.ratio.high for row in rows)
    assert all(row.ours > 0 < row.other for row in rows)


def test_orders_are_filled_and_timed() -> None:
    row = next(iter(trading.measure(rounds=2, times=2)))
    assert row.ours > 0 < row.other


def test_imports_are_timed_in_a_process_of_their_own() -> None:
    assert 0 < importing.fresh("import json")(1) < 10


def test_workers_are_driven_over_a_pipe(tmp_path: Path) -> None:
    body = tmp_path / "body.json"
    body.write_bytes(b"{}")
    with Worker("answering", str(body)) as server, Worker("bare_get", server.ready, "/v1/quote") as client:
        assert client.ready == "2"
        assert client.timed(3) > 0


def test_books_are_read_off_a_stream(tmp_path: Path) -> None:
    frames = tmp_path / "frames.txt"
    frames.write_bytes(b"\n".join(streaming.books(3)))
    with Worker("pumping", str(frames)) as server:
        for what in ("best", "all"):
            with Worker("book_stream", f"http://127.0.0.1:{server.ready}", what) as reader:
                assert reader.timed(100) > 0


def test_each_side_goes_first_in_turn() -> None:
    order: list[str] = []

    def side(name: str, seconds: float) -> float:
        order.append(name)
        return seconds

    rounds = paired(
        lambda times: side("ours", 2.0 * times), lambda times: side("other", 4.0 * times), rounds=4, times=5
    )
    assert order == ["ours", "other", *["ours", "other", "other", "ours"] * 2]
    assert rounds == Rounds((2.0,) * 4, (4.0,) * 4)


def test_a_least_target_is_judged_by_rates_and_a_most_by_times() -> None:
    rounds = Rounds((2.0, 2.0), (1.0, 1.0))
    assert Row.of("orders", "nothing", rounds, Target(">=", 0.5)).ratio.middle == 0.5
    assert Row.of("decode", "loads", rounds, Target("<=", 0.5)).ratio.middle == 2.0
    assert Target("<=", 0.8).met(0.8)
    assert not Target(">=", 0.5).met(0.49)


def test_the_table_goes_between_the_markers(tmp_path: Path) -> None:
    path = tmp_path / "benchmarks.md"
    path.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", "utf-8")
    row = Row("decode", "loads", Spread(0.5, 0.75, 1.0), 2e-6, 3e-3, 7, Target("<=", 0.8))
    document(path, [row, Skipped("TLS", "no openssl")], ["Measured once."])
    text = path.read_text("utf-8")
    assert text.startswith(f"before\n{BEGIN}\nMeasured once.\n")
    assert text.endswith(f"- Not measured: TLS: no openssl\n{END}\nafter\n")
    assert "| decode | loads | 0.75 | 0.50 to 1.00 | <= 0.8 | met | 2 µs | 3 ms | 7 |" in table([row])
    assert "old" not in text


def test_a_document_without_markers_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "benchmarks.md"
    path.write_text(f"{BEGIN} only", "utf-8")
    with pytest.raises(ValueError, match="lacks the markers"):
        document(path, [], [])
