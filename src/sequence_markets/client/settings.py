"""What a client was constructed with, checked once. Nothing here touches the network."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, get_args
from urllib.parse import urlsplit

from sequence_markets._version import __version__
from sequence_markets.client import checks

OnInvalid = Literal["raise", "warn"]

KEY_VARIABLES: Final = ("SEQUENCE_API_KEY", "SEQ_API_KEY")


class _Default(str):
    """A default that can be told from the same text given by a caller, who means it."""

    __slots__ = ()


PRODUCTION: Final[str] = _Default("https://api.sequencemkts.com")
URL_VARIABLE: Final = "SEQUENCE_BASE_URL"

_TEST_PREFIX = "seq_test_"


@dataclass(frozen=True, slots=True)
class Settings:
    """The constructor's arguments, ready to use.

    Attributes:
        base_url: Without a trailing slash.
        secure: Whether the scheme is https.
        host: Host name as it goes on the wire.
        port: Port to connect to.
        prefix: Path of ``base_url``, put before every target.
        key: The API key.
        timeout: Seconds for a whole call, retries included.
        max_retries: How often a failed request is repeated at most.
        max_concurrent: Requests under way at once at most.
        on_invalid: What to do with a 2xx that does not match its model.
        headers: Headers of every request.
    """

    base_url: str
    secure: bool
    host: str
    port: int
    prefix: str
    key: str = field(repr=False)
    timeout: float
    max_retries: int
    max_concurrent: int
    on_invalid: OnInvalid
    headers: tuple[tuple[bytes, bytes], ...] = field(repr=False)

    @property
    def live(self) -> bool:
        """Whether the key may move real money. Only the ``seq_test_`` prefix rules that out."""
        return not self.key.startswith(_TEST_PREFIX)

    @property
    def masked_key(self) -> str:
        """The key's kind, without the key."""
        return f"{'seq_live_' if self.key.startswith('seq_live_') else '' if self.live else _TEST_PREFIX}…"


def make_settings(
    api_key: str | None,
    base_url: str,
    *,
    timeout: float,
    max_retries: int,
    max_concurrent: int,
    on_invalid: str,
    environ: Mapping[str, str] = os.environ,
) -> Settings:
    """Return checked settings.

    Raises:
        ValueError: An argument can never work; the message does not show the key.
        TypeError: An argument has the wrong type.
    """
    key = _key(api_key, environ)
    replaced = environ.get(URL_VARIABLE) if isinstance(base_url, _Default) else None
    secure, host, port, prefix, origin = _base(replaced or base_url)
    if on_invalid not in get_args(OnInvalid):
        raise ValueError(f"on_invalid must be 'raise' or 'warn', got {on_invalid!r}")
    made = Settings(
        base_url=origin + prefix,
        secure=secure,
        host=host,
        port=port,
        prefix=prefix,
        key=key,
        timeout=checks.seconds(timeout),
        max_retries=checks.integer(max_retries, "max_retries", least=0, most=100),
        max_concurrent=checks.integer(max_concurrent, "max_concurrent", least=1, most=10_000),
        on_invalid="raise" if on_invalid == "raise" else "warn",
        headers=(
            (b"Host", origin.partition("//")[2].encode("ascii")),
            (b"User-Agent", f"sequence-markets-python/{__version__}".encode()),
            (b"Accept", b"application/json"),
            (b"Accept-Encoding", b"gzip"),
        ),
    )
    refuse_plain(made, host, "base_url")
    return made


def refuse_plain(made: Settings, host: str, name: str) -> None:
    """Refuse to send a live key in clear text to a host that is not this machine."""
    if made.live and not made.secure and not is_loopback(host):
        raise ValueError(
            f"{name} would send a live key over plain http to {host}: use https, a loopback host, or a seq_test_ key"
        )


def is_loopback(host: str) -> bool:
    """Tell whether a host name can only mean this machine."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _key(given: str | None, environ: Mapping[str, str]) -> str:
    name = "api_key"
    key: object = given
    if given is None:
        name = next((variable for variable in KEY_VARIABLES if environ.get(variable)), "")
        if not name:
            raise ValueError(f"no API key: pass api_key= or set {' or '.join(KEY_VARIABLES)}")
        key = environ[name]
    if not isinstance(key, str):
        raise TypeError(f"{name} must be a str, not {type(key).__name__}")
    if not key:
        raise ValueError(f"{name} must not be empty")
    if not all("!" <= character <= "~" for character in key):
        raise ValueError(
            f"{name} holds a character that no key has: a space, a line break, a control or a non-ASCII character"
        )
    return key


def _base(base_url: object) -> tuple[bool, str, int, str, str]:
    url = checks.text(base_url, "base_url")
    if not all("!" <= character != "\\" and character != "\x7f" for character in url):
        raise ValueError("base_url must not contain spaces, control characters or backslashes")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise ValueError("base_url must begin with https:// or http://")
    if parts.username is not None or parts.password is not None:
        raise ValueError("base_url must not carry a user name or password")
    if parts.query or parts.fragment or url.endswith(("?", "#")):
        raise ValueError("base_url must not carry a query or a fragment")
    try:
        host = (parts.hostname or "").encode("idna" if not (parts.hostname or "").isascii() else "ascii").decode()
        port = parts.port
    except ValueError:
        raise ValueError("base_url does not name a valid host and port") from None
    if not host or port == 0:
        raise ValueError("base_url must name a host")
    prefix = parts.path.rstrip("/")
    if not prefix.isascii():
        raise ValueError("the path of base_url must be percent-encoded")
    secure = parts.scheme == "https"
    shown = f"[{host}]" if ":" in host else host
    origin = f"{parts.scheme}://{shown}" + ("" if port is None else f":{port}")
    return secure, host, port or (443 if secure else 80), prefix, origin
