"""Who may use the control plane: programs on this machine, and no page in a browser."""

from __future__ import annotations

import ipaddress

from sequence_markets.sandbox.server.errors import forbidden


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is this machine itself.

    Example:
        >>> is_loopback("127.0.0.1"), is_loopback("::ffff:127.0.0.1"), is_loopback("10.0.0.7")
        (True, True, False)
    """
    name = host.strip("[]")
    if name.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def require_local(peer: str | None, host: str | None, origin: str | None) -> None:
    """Let a request to the control plane pass, or refuse it.

    Args:
        peer: Address the connection comes from.
        host: The ``Host`` header. A page that made a foreign name point here (DNS rebinding) still sends that name.
        origin: The ``Origin`` header; only browsers send one.

    Raises:
        ApiError: 403.
    """
    if peer is None or not is_loopback(peer):
        raise forbidden("the control plane answers programs on this machine only")
    if origin is not None or (host is not None and not is_loopback(_host_name(host))):
        raise forbidden("the control plane does not answer pages in a browser")


def _host_name(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0]
    return host.partition(":")[0] if host.count(":") == 1 else host
