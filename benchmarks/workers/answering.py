"""A server that answers every GET at once with the same bytes. Usage: answering.py FILE [CERTIFICATE KEY]."""

from __future__ import annotations

import asyncio
import ssl
import sys
from pathlib import Path


class Answering(asyncio.Protocol):
    """One connection, kept open unless the other side asks for its end."""

    def __init__(self, body: bytes) -> None:
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
        self._answer = head.encode() + b"\r\n" + body
        self._last_answer = head.encode() + b"connection: close\r\n\r\n" + body
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received:
            request, _, self._received = self._received.partition(b"\r\n\r\n")
            if b"connection: close" in request.lower():
                self._transport.write(self._last_answer)
                self._transport.close()
            else:
                self._transport.write(self._answer)


async def main(body: bytes, certificate: str | None = None, key: str | None = None) -> None:
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Answering(body), "127.0.0.1", 0, ssl=context, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


asyncio.run(main(Path(sys.argv[1]).read_bytes(), *sys.argv[2:]))
