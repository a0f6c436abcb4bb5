"""What a handler is given, and what it may answer."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Final

from sequence_markets.sandbox.controls import Controls
from sequence_markets.sandbox.discovery import Pages
from sequence_markets.sandbox.exchange import Exchange
from sequence_markets.sandbox.faults import Faults
from sequence_markets.sandbox.runtime import Runtime
from sequence_markets.sandbox.server.auth import Keys, Principal
from sequence_markets.sandbox.server.body import Body
from sequence_markets.sandbox.server.errors import bad_request
from sequence_markets.sandbox.server.feeds import Feeds
from sequence_markets.sandbox.server.hosting import Hosting
from sequence_markets.sandbox.server.params import Query
from sequence_markets.sandbox.server.ratelimit import RateLimiter
from sequence_markets.sandbox.server.streams.hub import Hub
from sequence_markets.sandbox.server.tickets import Tickets
from sequence_markets.sandbox.server.wire import decode_json


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: the status and what becomes its JSON body."""

    status: int
    value: object = None


NO_CONTENT: Final = Reply(204)


class Turns:
    """An answer that takes long and is worked out in turns, so that others get to the exchange in between.

    A handler returns ``Turns(steps).take(exchange)``: its answer when one turn was enough, and otherwise itself.

    Args:
        steps: Works, yields where it may be interrupted, and returns the answer.
    """

    def __init__(self, steps: Generator[None, None, object]) -> None:
        self._steps = steps

    def take(self, exchange: Exchange) -> object:
        """Take a turn while the exchange is held: the answer, or this again when it is not finished."""
        del exchange
        try:
            next(self._steps)
        except StopIteration as finished:
            return finished.value
        return self


class Services:
    """What all handlers of one server share.

    Args:
        runtime: The one way to the exchange.
        limiter: The request limiter, or ``None`` when requests are not limited.
        strategies_url: Where hosted strategies reach the sandbox; ``None`` when their code is not to be run.
        faults: What goes wrong on purpose; nothing when omitted.
        pages: What cuts the prediction-market catalogue into pages; pages of 500 rows at most when omitted.

    Attributes:
        keys: Who the callers are.
        feeds: Which books are being followed.
        hub: Who listens to the streams.
        tickets: Tickets for sockets that are issued and not spent.
        sockets: How many sockets each account holds, by the digest of its key.
        hosting: The hosted strategies.
        controls: The sandbox's controls.
    """

    def __init__(
        self,
        runtime: Runtime,
        *,
        limiter: RateLimiter | None = None,
        strategies_url: str | None = None,
        faults: Faults | None = None,
        pages: Pages | None = None,
    ) -> None:
        self.runtime = runtime
        self.limiter = limiter
        self.keys = Keys()
        self.feeds = Feeds()
        self.faults = Faults() if faults is None else faults
        self.pages = Pages() if pages is None else pages
        self.hub = Hub()
        self.tickets = Tickets()
        self.sockets: dict[str, int] = {}
        self.hosting = Hosting(runtime, self.keys, base_url=strategies_url)
        self.controls = Controls(runtime, self.feeds, self.hosting)


@dataclass(frozen=True, slots=True)
class Request:
    """One request, read and within its limits.

    Attributes:
        path: Decoded parts of the path, by name.
        query: Query parameters.
        body: Body bytes as they came, possibly empty.
    """

    path: dict[str, str]
    query: Query
    body: bytes

    def json(self) -> object:
        """Return the decoded body, ``{}`` when there is none.

        Raises:
            ApiError: 400 when the body is not JSON.
        """
        if not self.body:
            return {}
        try:
            return decode_json(self.body)
        except ValueError as error:
            raise bad_request(f"the body is not valid JSON: {error}") from None

    def fields(self, *known: str) -> Body:
        """Return the body as an object of which only the ``known`` fields may be there; null is as good as none."""
        value = self.json()
        return Body({} if value is None else value, known)


@dataclass(frozen=True, slots=True)
class AccountCall:
    """A call of the trading API, made under the exchange's lock.

    Attributes:
        exchange: The exchange.
        client_id: The caller's account.
        principal: The caller.
        request: The request.
        services: What the server's handlers share.
    """

    exchange: Exchange
    client_id: str
    principal: Principal
    request: Request
    services: Services
