"""GETs over one kept connection and reads the body, with nothing but a socket. Usage: bare_get.py PORT TARGET."""

from __future__ import annotations

import socket
import sys
from time import perf_counter

port, target = int(sys.argv[1]), sys.argv[2]
request = f"GET {target} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer seq_test_benchmark\r\n\r\n".encode()
connection = socket.create_connection(("127.0.0.1", port))
connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def get() -> bytes:
    connection.sendall(request)
    received = connection.recv(65536)
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    parts, missing = [body], length - len(body)
    while missing > 0:
        part = connection.recv(65536)
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


print(len(get()), flush=True)
for line in sys.stdin:
    begin = perf_counter()
    for _ in range(int(line)):
        get()
    print(perf_counter() - begin, flush=True)
