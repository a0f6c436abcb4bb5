"""Journals keep whole batches, on disk before they say so, and notice damage."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from sequence_markets.sandbox.journal import Genesis, Journal, JournalError, SqliteStore, canonical

GENESIS = canonical({"type": "genesis", "seed": 7, "start_ns": 5, "market": "synthetic"})


def filled(path: Path) -> Journal:
    journal = Journal(SqliteStore(path))
    journal.append([GENESIS])
    journal.append(['{"n":1}', '{"n":2}'])
    return journal


def lines_of(path: Path) -> list[str]:
    with closing(Journal(SqliteStore(path))) as journal:
        return journal.lines()


def test_records_come_back_after_reopening(tmp_path: Path) -> None:
    journal = filled(tmp_path / "a.db")
    lines, digest = journal.lines(), journal.digest()
    journal.close()
    again = Journal(SqliteStore(tmp_path / "a.db"))
    assert again.lines() == lines == [GENESIS, '{"n":1}', '{"n":2}']
    assert again.digest() == digest
    assert again.records(since=1) == [{"n": 1}, {"n": 2}]
    assert again.genesis() == Genesis(7, 5, "synthetic")
    assert len(again) == 3
    again.append(['{"n":3}'])
    again.close()
    assert lines_of(tmp_path / "a.db")[-1] == '{"n":3}'


def test_memory_and_file_agree(tmp_path: Path) -> None:
    memory, file = Journal(), Journal(SqliteStore(tmp_path / "a.db"))
    for journal in (memory, file):
        journal.append(['{"a":1}'])
        journal.append(['{"b":1}', '{"c":1}'])
    assert memory.digest() == file.digest() == hashlib.sha256(b'{"a":1}\n{"b":1}\n{"c":1}\n').hexdigest()
    for journal in (memory, file):
        journal.restart(['{"z":1}'])
        assert journal.lines() == ['{"z":1}']
        journal.append(['{"y":1}'])
    assert memory.digest() == file.digest()
    file.close()
    assert lines_of(tmp_path / "a.db") == memory.lines()


def test_the_file_is_flushed_at_every_commit(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "a.db")
    pragma = store._db.execute
    assert pragma("PRAGMA journal_mode").fetchone() == ("wal",)
    assert pragma("PRAGMA synchronous").fetchone() == (2,)
    store.close()


def test_a_second_process_is_kept_out(tmp_path: Path) -> None:
    journal = filled(tmp_path / "a.db")
    script = (
        "import sys\nfrom sequence_markets.sandbox.journal import JournalError, SqliteStore\n"
        "try:\n    SqliteStore(sys.argv[1])\nexcept JournalError as error:\n    print(error)\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "a.db")], capture_output=True, text=True, check=True
    )
    assert "in use by another process" in answer.stdout
    journal.close()


def test_damage_is_noticed(tmp_path: Path) -> None:
    filled(tmp_path / "a.db").close()
    with sqlite3.connect(tmp_path / "a.db") as database:
        database.execute("UPDATE batches SET lines = '{\"n\":9}' WHERE id = 2")
    database.close()
    with pytest.raises(JournalError, match="damaged at batch 2"):
        Journal(SqliteStore(tmp_path / "a.db"))


def test_a_missing_batch_is_noticed(tmp_path: Path) -> None:
    filled(tmp_path / "a.db").close()
    with sqlite3.connect(tmp_path / "a.db") as database:
        database.execute("DELETE FROM batches WHERE id = 1")
    database.close()
    with pytest.raises(JournalError, match="damaged"):
        Journal(SqliteStore(tmp_path / "a.db"))


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to look like one " * 40, None])
def test_other_files_are_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "a.db"
    if content is None:
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE mine (x)")
        database.close()
    else:
        path.write_bytes(content)
    before = path.read_bytes()
    with pytest.raises(JournalError):
        SqliteStore(path)
    assert path.read_bytes() == before or content is None


def test_a_failed_append_keeps_nothing(tmp_path: Path) -> None:
    journal = filled(tmp_path / "a.db")
    lines, digest = journal.lines(), journal.digest()
    journal.close()
    with pytest.raises(sqlite3.ProgrammingError):
        journal.append(['{"n":3}'])
    assert (journal.lines(), journal.digest()) == (lines, digest)


def test_a_journal_without_genesis_is_refused() -> None:
    journal = Journal()
    assert journal.genesis() is None
    journal.append(['{"type":"at"}'])
    with pytest.raises(JournalError):
        journal.genesis()


@pytest.mark.parametrize("cut", [1, 100, 1000, 3000, 4095, 4097])
def test_a_torn_log_ends_at_the_last_whole_batch(tmp_path: Path, cut: int) -> None:
    journal = filled(tmp_path / "a.db")
    log = tmp_path / "a.db-wal"
    whole = log.stat().st_size
    journal.append([canonical({"text": "x" * 5000})])
    assert log.stat().st_size > whole
    copy = tmp_path / "copy"
    copy.mkdir()
    shutil.copy(tmp_path / "a.db", copy / "a.db")
    (copy / "a.db-wal").write_bytes(log.read_bytes()[:-cut])
    journal.close()
    assert lines_of(copy / "a.db") == [GENESIS, '{"n":1}', '{"n":2}']


@given(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5) | st.none() | st.booleans()))
@settings(deadline=None)
def test_equal_values_have_equal_canonical_text(value: dict[str, object]) -> None:
    shuffled = dict(reversed(list(value.items())))
    assert canonical(value) == canonical(shuffled)
    assert "\n" not in canonical(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_cannot_say_is_refused(value: float) -> None:
    with pytest.raises(ValueError):
        canonical(value)
