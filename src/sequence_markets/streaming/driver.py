"""What both faces have in common: telling the protocol what the wire brings, and doing what it wants done."""

from __future__ import annotations

import os
import ssl
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from time import monotonic, time, time_ns
from typing import Final, NoReturn
from weakref import WeakSet

from sequence_markets.client import retry
from sequence_markets.client.engine import Answer, error_body, without_secrets
from sequence_markets.client.proxies import choose_proxy
from sequence_markets.client.settings import Settings
from sequence_markets.errors import (
    ClientClosedError,
    ClientUsageError,
    ConnectionLostError,
    RequestNotSentError,
    SequenceError,
    status_error_type,
)

from .actions import Connect, Fetch, Hangup, Notify, Ping, Send
from .events import StreamEvent
from .moment import Moment
from .options import OTHER_PROCESS, Options
from .protocol import State, StreamProtocol
from .tunnel import TunnelError
from .wire import Ended, Opened, Refused, Wire, WireEvent
from .words import shortened

CLOSED_WITHIN: Final = 2.0
"""Seconds for which the closing handshake is waited for."""


_drivers: WeakSet[Driver] = WeakSet()


def _after_fork() -> None:
    for driver in list(_drivers):
        driver.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def moment() -> Moment:
    """Return the present."""
    return Moment(monotonic(), time_ns())


class Driver(ABC):
    """Carries out one stream.

    Args:
        settings: The client's settings.
        options: What the stream was asked for.
        jitter: A random number from 0 to 1.
    """

    def __init__(self, settings: Settings, options: Options, jitter: Callable[[], float]) -> None:
        self._settings = settings
        self._options = options
        self._jitter = jitter
        self._proxy = choose_proxy(settings)
        self._raised = False
        self.forked = False
        _drivers.add(self)
        self._events: list[StreamEvent] = []
        self.protocol = StreamProtocol(
            options,
            connect_within=settings.timeout,
            jitter=jitter,
            clean=lambda text: without_secrets(text, (settings.key,)),
        )

    # For the stream.

    def forget(self) -> None:
        """After a fork: let go of what is the parent's, without a word on it."""
        self.forked = True

    @abstractmethod
    def abandon(self) -> None:
        """End the stream without waiting, from whatever thread and at whatever point."""

    @abstractmethod
    def subscribe(self, channels: Iterable[str]) -> None:
        """Want more channels."""

    @abstractmethod
    def unsubscribe(self, channels: Iterable[str]) -> None:
        """Want fewer channels."""

    @property
    @abstractmethod
    def alive(self) -> bool:
        """Whether anything of it is still there."""

    def check_process(self) -> None:
        """Refuse to be used in a fork: it would read the parent's connection."""
        if self.forked:
            raise ClientUsageError(0, OTHER_PROCESS)

    def over(self, stop: type[Exception]) -> NoReturn:
        """End the reader's loop: with the reason, once, or because the stream was closed."""
        error = self.protocol.error
        if error is None:
            raise stop
        if self._raised:
            raise ClientClosedError(0, f"this stream has ended ({error.message})")
        self._raised = True
        raise error

    # What the wire brings.

    def _new_wire(self) -> Wire | None:
        """Return a wire to be connected, or ``None`` where that is impossible."""
        try:
            return Wire(self._settings, self._options.feed, self._proxy)
        except OSError as error:  # TLS cannot be set up: a certificate file that is not there, for example.
            self._unconnected(error, for_good=True)
            return None

    def _arrived(self, wire: Wire, data: bytes) -> None:
        now = moment()
        try:
            self._told(wire.receive(data), now)
            self.protocol.heard(now)
        except (ssl.SSLError, TunnelError) as error:
            self._drop()
            self._unconnected(error)

    def _ended(self, wire: Wire, error: Exception | None) -> None:
        """The TCP connection is gone."""
        self._told(wire.receive_eof(), moment())
        if self.protocol.state in (State.CONNECTING, State.OPEN):
            self._broke(f"the connection broke{f' ({error})' if error else ''}", None)

    def _told(self, events: Iterable[WireEvent], now: Moment) -> None:
        protocol = self.protocol
        for event in events:
            if type(event) is bytes:
                protocol.received(event, now)
            elif isinstance(event, Opened):
                protocol.opened(now)
            elif isinstance(event, Refused):
                self._drop()
                protocol.refused(self._refusal(event.answer), now)
            elif isinstance(event, Ended):
                self._drop()
                self._broke(event.reason, event.code)
                return

    def _broke(self, reason: str, code: int | None) -> None:
        now = moment()
        reason = without_secrets(reason, (self._settings.key,))
        if self.protocol.state is State.OPEN:
            self.protocol.lost(reason, now, code=code)
        else:
            self.protocol.refused(ConnectionLostError(0, reason, operation="stream"), now)

    def _unconnected(self, error: BaseException, *, for_good: bool = False) -> None:
        """No connection could be had, or the one there was cannot be trusted."""
        if self.protocol.state is State.OPEN:
            self.protocol.lost(f"the connection broke ({shortened(str(error))})", moment())
            return
        unsent = RequestNotSentError(0, shortened(str(error) or type(error).__name__), operation="stream")
        unsent.__cause__ = error
        for_good = for_good or isinstance(error, ssl.SSLCertVerificationError)
        self.protocol.refused(unsent, moment(), for_good=for_good)

    def _refusal(self, answer: Answer) -> SequenceError:
        said = error_body(answer)
        secrets = (self._settings.key,)
        message = without_secrets(said.message, secrets)
        code = None if said.code is None else without_secrets(said.code, secrets)
        kind = status_error_type(answer.status, code, message)
        request_id = said.request_id or answer.header(b"x-request-id")
        return kind(
            answer.status,
            message,
            code=code,
            request_id=None if request_id is None else without_secrets(request_id, secrets),
            retry_after=retry.retry_after(answer.header(b"retry-after"), answer.header(b"date"), time),
            operation="stream",
        )

    # What the protocol wants.

    def _carry_out(self) -> None:
        """Do what is to be done, and whatever follows from it. The listener is left to `_notify`."""
        while actions := self.protocol.actions():
            for action in actions:
                match action:
                    case Connect():
                        self._dial()
                    case Send(text):
                        self._send(text)
                    case Ping():
                        self._ping()
                    case Hangup(code, reason):
                        self._hang_up(code, reason)
                    case Fetch():
                        self._fetch(action)
                    case Notify(event):
                        if self._options.on_event is not None:
                            self._events.append(event)

    def _notify(self) -> None:
        """Call the listener with what has happened."""
        listener = self._options.on_event
        events, self._events = self._events, []
        for event in events:
            try:
                if listener is not None:
                    listener(event)
            except Exception as error:
                self._report(error)

    @abstractmethod
    def _dial(self) -> None:
        """Begin to connect."""

    @abstractmethod
    def _send(self, text: bytes) -> None:
        """Send a message."""

    @abstractmethod
    def _ping(self) -> None:
        """Send a ping."""

    @abstractmethod
    def _hang_up(self, code: int, reason: str) -> None:
        """End the connection."""

    @abstractmethod
    def _drop(self) -> None:
        """Let go of a connection that is over."""

    @abstractmethod
    def _fetch(self, action: Fetch) -> None:
        """Begin to read a page."""

    @abstractmethod
    def _report(self, error: Exception) -> None:
        """Say that the listener failed."""
