"""What a run writes: cut into lines, cleaned of secrets, and kept up to a size."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

Stream = Literal["stdout", "stderr"]

KEPT_LINES: Final = 2_000
KEPT_CHARACTERS: Final = 1 << 20
LONGEST_LINE: Final = 4 << 10
"""Characters of a line that are kept."""
_LONGEST_RAW: Final = 64 << 10
"""Bytes that are collected of a line before the rest of it is thrown away."""
_CUT: Final = " …"
_HIDDEN: Final = "[secret]"
_SHORTEST_SECRET: Final = 4


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line: when it came, in sandbox nanoseconds since the epoch, from where, and what it says."""

    ts_ns: int
    stream: Stream
    message: str


class Redactor:
    """Takes secrets out of text. Each line of a secret counts; what is shorter than four characters does not.

    >>> Redactor(["hunter2"]).clean("the password is hunter2")
    'the password is [secret]'
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        parts = {part.strip("\r") for secret in secrets for part in (secret, *secret.split("\n"))}
        # The longest first: a secret may hold another one.
        self._parts = sorted((part for part in parts if len(part) >= _SHORTEST_SECRET), key=lambda part: -len(part))
        self.longest = max((len(part.encode()) for part in self._parts), default=0)

    def clean(self, text: str) -> str:
        """Return a text without the secrets."""
        for part in self._parts:
            text = text.replace(part, _HIDDEN)
        return text


class LogRing:
    """The latest lines of a run. May be written by one thread and read by others."""

    def __init__(self) -> None:
        self._lines: deque[LogLine] = deque()
        self._characters = 0
        self._dropped = 0
        self._lock = threading.Lock()

    def add(self, lines: Iterable[LogLine]) -> None:
        """Keep lines, and let the oldest ones go when there are too many."""
        with self._lock:
            for line in lines:
                self._lines.append(line)
                self._characters += len(line.message)
            while len(self._lines) > KEPT_LINES or self._characters > KEPT_CHARACTERS:
                self._characters -= len(self._lines.popleft().message)
                self._dropped += 1

    def drop(self, count: int) -> None:
        """Take note of lines that were never kept."""
        with self._lock:
            self._dropped += count

    def read(self) -> tuple[list[LogLine], int]:
        """Return the lines that are kept, oldest first, and how many are not."""
        with self._lock:
            return list(self._lines), self._dropped


class LineCutter:
    """Cuts the bytes of one stream into lines."""

    def __init__(self, stream: Stream, ring: LogRing, redactor: Redactor) -> None:
        self._stream: Stream = stream
        self._ring = ring
        self._redactor = redactor
        self._rest = b""
        self._overlong = False

    def feed(self, data: bytes, ts_ns: int) -> None:
        """Take bytes as they come; lines that are complete go to the ring."""
        *whole, self._rest = (self._rest + data).split(b"\n")
        # Of a flood only the end can be kept, and only that is worth decoding.
        skipped = max(0, len(whole) - KEPT_LINES)
        if skipped:
            self._overlong = False
            self._ring.drop(skipped)
        lines: list[LogLine] = []
        for raw in whole[skipped:]:
            if not self._overlong:
                lines.append(self._line(raw, ts_ns, cut=len(raw) > _LONGEST_RAW))
            self._overlong = False
        if len(self._rest) > _LONGEST_RAW:
            if not self._overlong:
                lines.append(self._line(self._rest, ts_ns, cut=True))
            self._rest, self._overlong = b"", True
        self._ring.add(lines)

    def finish(self, ts_ns: int) -> None:
        """Take what is left as the last line."""
        if self._rest and not self._overlong:
            self._ring.add([self._line(self._rest, ts_ns, cut=False)])
        self._rest = b""

    def _line(self, raw: bytes, ts_ns: int, *, cut: bool) -> LogLine:
        text = self._redactor.clean(raw[:_LONGEST_RAW].decode("utf-8", "replace").removesuffix("\r"))
        if cut:
            # The cut may have gone through a secret, whose beginning alone was not recognised.
            text = text[: max(0, len(text) - self._redactor.longest)]
        shown = text if len(text) <= LONGEST_LINE and not cut else text[:LONGEST_LINE] + _CUT
        return LogLine(ts_ns, self._stream, shown)
