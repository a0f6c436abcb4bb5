"""Cutting what the server sends into WebSocket frames.

Nearly all of them are whole, plain text messages; those are taken as they are, one at a time, and every other frame
goes to the library, whose own parser costs several times as much.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

_WHOLE_TEXT: Final = 0x81
_TO_THE_END: Final = 1 << 62


class Framer:
    """Cuts bytes at the ends of frames.

    Args:
        largest: Bytes of the largest message; what announces more is not waited for.

    Attributes:
        fragmented: Whether a message in several frames is under way.
    """

    def __init__(self, largest: int) -> None:
        self.fragmented = False
        self._largest = largest
        self._rest = b""
        self._raw = False

    def cut(self, data: bytes) -> Iterator[tuple[bytes, bool]]:
        """Yield each message that has come whole, and each other frame for the library to read.

        Once the server breaks the protocol, everything is for the library.

        Args:
            data: What has come.

        Yields:
            The bytes, and whether they are a message.
        """
        if self._rest:
            data, self._rest = self._rest + data, b""
        start, size = 0, len(data)
        while not self._raw:
            end, begin = self._next(data, start, size)
            if end > size:
                self._raw = end == _TO_THE_END
                break
            if data[start] == _WHOLE_TEXT and not self.fragmented:
                yield data[begin:end], True
            else:
                yield data[start:end], False
            start = end
        if self._raw:
            yield data[start:], False
        else:
            self._rest = data[start:]

    def _next(self, data: bytes, start: int, size: int) -> tuple[int, int]:
        """Return where the next frame ends and where its payload begins; an end beyond the data means to wait."""
        begin = start + 2
        if begin > size:
            return size + 1, 0
        length = data[start + 1]
        if length & 0x80:
            return _TO_THE_END, 0  # A server must not mask.
        if length >= 126:
            width = 2 if length == 126 else 8
            if begin + width > size:
                return size + 1, 0
            length = int.from_bytes(data[begin : begin + width])
            begin += width
            if length > self._largest:
                return _TO_THE_END, 0
        return begin + length, begin
