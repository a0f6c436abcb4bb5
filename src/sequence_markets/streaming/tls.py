"""TLS without a socket."""

from __future__ import annotations

import ssl


class Tls:
    """One TLS session: what came over the wire goes in, what was meant comes out.

    Args:
        context: How to verify the other side.
        host: Who it has to be.
    """

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._session = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._ready = False
        self._waiting = b""
        self._shake_hands()

    def receive(self, data: bytes) -> bytes:
        """Return what was meant by bytes from the wire.

        Raises:
            ssl.SSLError: The other side is not who it has to be, or breaks the protocol.
        """
        self._incoming.write(data)
        if not self._ready and not self._shake_hands():
            return b""
        parts: list[bytes] = []
        while True:
            try:
                part = self._session.read(256 * 1024)
            except ssl.SSLWantReadError:
                break
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                break  # The end of the connection follows, and says it all.
            if not part:
                break
            parts.append(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def send(self, data: bytes) -> None:
        """Send bytes, once hands are shaken."""
        if self._ready:
            self._session.write(data)
        else:
            self._waiting += data

    def outgoing(self) -> bytes:
        """Return what has to go over the wire."""
        return self._outgoing.read()

    def _shake_hands(self) -> bool:
        try:
            self._session.do_handshake()
        except ssl.SSLWantReadError:
            return False
        self._ready = True
        if self._waiting:
            self._session.write(self._waiting)
            self._waiting = b""
        return True
