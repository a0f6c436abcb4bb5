"""The journal: everything that ever changed the exchange, as canonical JSON lines in atomic batches.

One batch holds what one command or one instant changed. A batch is stored whole or not at all, before its answer
leaves; folding the lines in order rebuilds the exchange.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

__all__ = ["Genesis", "Journal", "JournalError", "MemoryStore", "SqliteStore", "Store", "canonical"]

_FORMAT: Final = 1
_encode: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode


def canonical(value: object) -> str:
    """Return JSON text with sorted keys and no spaces: equal values give equal bytes.

    >>> canonical({"b": 1, "a": [2, "x"]})
    '{"a":[2,"x"],"b":1}'
    """
    return _encode(value)


class JournalError(Exception):
    """The journal cannot be opened, is damaged, or belongs to another exchange."""


@dataclass(frozen=True, slots=True)
class Genesis:
    """What a journal began with: the exchange's seed, its first instant in nanoseconds since the epoch, its market."""

    seed: int
    start_ns: int
    market: str


class Store(Protocol):
    """Where batches are kept. A batch is a text of canonical lines joined by newlines."""

    def load(self) -> list[str]:
        """Every complete batch, oldest first."""
        ...

    def append(self, batch: str) -> None:
        """Keep one batch, durably, before returning."""
        ...

    def replace(self, batch: str) -> None:
        """Forget everything and keep this one batch instead, in one step."""
        ...

    def close(self) -> None:
        """Let go of the storage."""
        ...


class MemoryStore:
    """Batches that live and die with the process."""

    def load(self) -> list[str]:
        """Nothing: a new store is empty."""
        return []

    def append(self, batch: str) -> None:
        """Nothing to do: the journal itself keeps its lines in memory."""

    def replace(self, batch: str) -> None:
        """Nothing to do, as for `append`."""

    def close(self) -> None:
        """Nothing to let go of."""


class SqliteStore:
    """Batches in an SQLite file: write-ahead log, flushed to the disk at every commit, one process at a time.

    Args:
        path: The file; made when it does not exist.

    Raises:
        JournalError: The file is no journal, or another process has it open.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        # One writer at a time is the caller's promise, so the connection may move between threads.
        self._db = sqlite3.connect(self._path, timeout=0.0, isolation_level=None, check_same_thread=False)
        try:
            # With an exclusive lock the log needs no shared memory, and a second process is kept out.
            self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.execute("BEGIN IMMEDIATE")
            version = int(self._db.execute("PRAGMA user_version").fetchone()[0])
            tables = int(self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
            if version == 0 and tables == 0:
                self._db.execute(
                    "CREATE TABLE batches (id INTEGER PRIMARY KEY, chain BLOB NOT NULL, lines TEXT NOT NULL)"
                )
                self._db.execute(f"PRAGMA user_version={_FORMAT}")
            elif version != _FORMAT:
                raise JournalError(f"{self._path} is not a sandbox journal of format {_FORMAT}")
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            self._db.close()
            if "locked" in str(error):
                raise JournalError(f"{self._path} is in use by another process") from error
            raise JournalError(f"{self._path} cannot be opened as a sandbox journal: {error}") from error
        except JournalError:
            self._db.close()
            raise
        self._chain = b""
        self._count = 0

    def load(self) -> list[str]:
        """Every complete batch, oldest first.

        Raises:
            JournalError: A batch is missing or was altered.
        """
        batches: list[str] = []
        chain = b""
        rows: Iterator[tuple[int, bytes, str]] = self._db.execute("SELECT id, chain, lines FROM batches ORDER BY id")
        for number, stored, lines in rows:
            chain = _link(chain, lines)
            if number != len(batches) + 1 or stored != chain:
                raise JournalError(f"{self._path} is damaged at batch {len(batches) + 1}")
            batches.append(lines)
        self._chain = chain
        self._count = len(batches)
        return batches

    def append(self, batch: str) -> None:
        """Keep one batch; it is on the disk when this returns."""
        chain = _link(self._chain, batch)
        self._db.execute("INSERT INTO batches VALUES (?, ?, ?)", (self._count + 1, chain, batch))
        self._chain = chain
        self._count += 1

    def replace(self, batch: str) -> None:
        """Forget everything and keep this one batch instead, in one transaction."""
        chain = _link(b"", batch)
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.execute("DELETE FROM batches")
            self._db.execute("INSERT INTO batches VALUES (1, ?, ?)", (chain, batch))
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._chain = chain
        self._count = 1

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def _link(chain: bytes, batch: str) -> bytes:
    return hashlib.sha256(chain + batch.encode()).digest()


class Journal:
    """An append-only sequence of records with a running digest.

    >>> journal = Journal(MemoryStore())
    >>> journal.append([canonical({"type": "genesis", "seed": 7, "start_ns": 0, "market": "synthetic"})])
    >>> len(journal), journal.genesis()
    (1, Genesis(seed=7, start_ns=0, market='synthetic'))
    """

    def __init__(self, store: Store | None = None) -> None:
        self._store: Store = MemoryStore() if store is None else store
        self._lines: list[str] = []
        self._sha = hashlib.sha256()
        try:
            batches = self._store.load()
        except BaseException:
            self._store.close()
            raise
        for batch in batches:
            self._take(batch)

    def __len__(self) -> int:
        return len(self._lines)

    def append(self, lines: Sequence[str]) -> None:
        """Store one batch of canonical lines. When this raises, nothing of it was kept."""
        batch = "\n".join(lines)
        self._store.append(batch)
        self._take(batch)

    def restart(self, lines: Sequence[str]) -> None:
        """Forget every record and begin again with this batch."""
        batch = "\n".join(lines)
        self._store.replace(batch)
        self._lines = []
        self._sha = hashlib.sha256()
        self._take(batch)

    def lines(self, since: int = 0) -> list[str]:
        """The canonical lines from record number `since` on."""
        return self._lines[since:]

    def records(self, since: int = 0) -> list[dict[str, object]]:
        """The records from number `since` on, as plain dicts."""
        return [json.loads(line) for line in self._lines[since:]]

    def digest(self) -> str:
        """SHA-256 over all canonical lines, each ended by a newline, in hex."""
        return self._sha.hexdigest()

    def genesis(self) -> Genesis | None:
        """What the journal began with, or None when it is empty.

        Raises:
            JournalError: The first record is of another kind.
        """
        if not self._lines:
            return None
        first: dict[str, object] = json.loads(self._lines[0])
        seed, start, market = first.get("seed"), first.get("start_ns"), first.get("market")
        match first.get("type"), seed, start, market:
            case "genesis", int(), int(), str():
                return Genesis(seed, start, market)
            case _:
                raise JournalError("the journal does not begin with a genesis record")

    def close(self) -> None:
        """Close the storage behind it."""
        self._store.close()

    def _take(self, batch: str) -> None:
        self._lines.extend(batch.split("\n"))
        self._sha.update(batch.encode())
        self._sha.update(b"\n")
