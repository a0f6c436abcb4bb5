"""The way through a proxy. Pure: generators that yield what to send and are sent what came back."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Generator
from typing import Final

from sequence_markets._version import __version__
from sequence_markets.client.proxies import ProxyChoice

Tunnel = Generator[bytes, bytes, bytes]
"""Returns the bytes that already belong to the other end."""

_LONGEST_HEAD: Final = 64 * 1024


class TunnelError(OSError):
    """The proxy does not let the connection through."""


def tunnel(choice: ProxyChoice, host: str, port: int) -> Tunnel:
    """Return the way through a proxy to a host."""
    credentials = choice.credentials
    if choice.url.startswith("socks"):
        return _socks(host, port, credentials)
    return _connect(host, port, credentials)


def _connect(host: str, port: int, credentials: tuple[str, str] | None) -> Tunnel:
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {where} HTTP/1.1", f"Host: {where}", f"User-Agent: sequence-markets-python/{__version__}"]
    if credentials is not None:
        lines.append(f"Proxy-Authorization: Basic {b64encode(':'.join(credentials).encode()).decode()}")
    received = yield "\r\n".join([*lines, "", ""]).encode()
    while b"\r\n\r\n" not in received:
        if len(received) > _LONGEST_HEAD:
            raise TunnelError("the proxy's answer is too long")
        received += yield b""
    head, _, rest = received.partition(b"\r\n\r\n")
    first = head.split(b"\r\n", 1)[0].split(b" ", 2)
    if len(first) < 2 or not first[0].startswith(b"HTTP/1.") or not first[1].isdigit():
        raise TunnelError("the proxy does not speak HTTP")
    if not first[1].startswith(b"2"):
        raise TunnelError(f"the proxy answered {int(first[1])}")
    return rest


def _socks(host: str, port: int, credentials: tuple[str, str] | None) -> Tunnel:
    name = host.encode("idna" if not host.isascii() else "ascii")
    methods = b"\x00" if credentials is None else b"\x00\x02"
    received = yield from _at_least(2, b"\x05" + bytes([len(methods)]) + methods, b"")
    version, method, received = received[0], received[1], received[2:]
    if version != 5 or method not in methods:
        raise TunnelError("the proxy does not speak SOCKS5, or wants to be logged in to otherwise")
    if method == 2:
        assert credentials is not None
        user, password = (each.encode()[:255] for each in credentials)
        login = b"\x01" + bytes([len(user)]) + user + bytes([len(password)]) + password
        received = yield from _at_least(2, login, received)
        if received[1] != 0:
            raise TunnelError("the proxy refused the user name and password")
        received = received[2:]
    request = b"\x05\x01\x00\x03" + bytes([len(name)]) + name + port.to_bytes(2)
    received = yield from _at_least(5, request, received)
    if received[:2] != b"\x05\x00":
        raise TunnelError(f"the proxy refused the connection ({received[1]})")
    length = {1: 4 + 4 + 2, 4: 4 + 16 + 2, 3: 4 + 1 + received[4] + 2}.get(received[3])
    if length is None:
        raise TunnelError("the proxy's answer makes no sense")
    received = yield from _at_least(length, b"", received)
    return received[length:]


def _at_least(count: int, sent: bytes, received: bytes) -> Tunnel:
    if sent or len(received) < count:
        received += yield sent
    while len(received) < count:
        received += yield b""
    return received
