"""A server that opens every WebSocket and sends the frames of a file without end. Usage: pumping.py FILE.

The file holds one frame a line.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from pathlib import Path

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol


def pump(connection: socket.socket, frames: bytes) -> None:
    protocol = ServerProtocol()
    with connection, contextlib.suppress(OSError):
        while not (requests := protocol.events_received()):
            protocol.receive_data(connection.recv(65536))
        (request,) = requests
        assert isinstance(request, Request)
        protocol.send_response(protocol.accept(request))
        connection.sendall(b"".join(protocol.data_to_send()))
        while True:
            connection.sendall(frames)


frames = b"".join(
    Frame(Opcode.TEXT, line).serialize(mask=False) for line in Path(sys.argv[1]).read_bytes().splitlines()
)
listener = socket.create_server(("127.0.0.1", 0))


def accept() -> None:
    while True:
        threading.Thread(target=pump, args=(listener.accept()[0], frames), daemon=True).start()


threading.Thread(target=accept, daemon=True).start()
print(listener.getsockname()[1], flush=True)
sys.stdin.read()
