"""Which proxy the environment asks for."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.util import find_spec
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from sequence_markets.client.settings import Settings, is_loopback


@dataclass(frozen=True, slots=True)
class ProxyChoice:
    """A proxy to send requests through."""

    url: str
    host: str
    credentials: tuple[str, str] | None = field(repr=False)


def _is_loopback_address(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def choose_proxy(settings: Settings) -> ProxyChoice | None:
    """Return the proxy for the client's host, from ``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY`` and ``NO_PROXY``.

    A loopback address is never asked for through a proxy.

    Raises:
        ValueError: A live key would pass through another machine in clear text, or the proxy's URL is not one.
    """
    if _is_loopback_address(settings.host):
        return None  # No other machine can reach it, and a local exchange must work where a proxy is set.
    found = getproxies()
    url = found.get("https" if settings.secure else "http") or found.get("all")
    if not url or proxy_bypass(f"{settings.host}:{settings.port}"):
        return None
    parts = urlsplit(url if "://" in url else f"http://{url}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or parts.scheme not in ("http", "https", "socks5", "socks5h"):
        raise ValueError("the proxy of the environment is not an http://, https:// or socks5:// URL")
    if parts.scheme.startswith("socks") and find_spec("socksio") is None:
        raise ValueError("the environment asks for a SOCKS proxy, which needs the package socksio: pip install socksio")
    if settings.live and not settings.secure and not is_loopback(host):
        raise ValueError(
            f"a live key would pass through the proxy {host} over plain http: use https or a seq_test_ key"
        )
    credentials = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    shown = f"[{host}]" if ":" in host else host
    default = {"http": 80, "https": 443}.get(parts.scheme, 1080)
    return ProxyChoice(f"{parts.scheme}://{shown}:{port or default}", host, credentials)
