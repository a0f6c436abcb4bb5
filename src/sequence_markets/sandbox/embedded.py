"""The sandbox inside a program or a test: a server on its own threads, and its controls as methods."""

from __future__ import annotations

import os
import secrets
import socket
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

from sequence_markets.sandbox.algos.limits import AlgoLimits
from sequence_markets.sandbox.assembly import open_runtime
from sequence_markets.sandbox.clock import ClockMode, parse_mode, parse_speed
from sequence_markets.sandbox.controls import FundingRate, Level, check_seed
from sequence_markets.sandbox.discovery import Pages
from sequence_markets.sandbox.events.generated import LEAST_MARKETS, MOST_MARKETS
from sequence_markets.sandbox.faults import Faults
from sequence_markets.sandbox.runtime import Advance, Runtime
from sequence_markets.sandbox.strategies.runner import supported
from sequence_markets.units import Number, datetime_from_ns

try:
    from sequence_markets.sandbox.server.app import create_app
    from sequence_markets.sandbox.server.call import Services
    from sequence_markets.sandbox.server.ratelimit import RateLimiter
    from sequence_markets.sandbox.server.serving import ServerThread, bind, url_of
except ModuleNotFoundError as missing:
    if missing.name is None or missing.name.partition(".")[0] not in ("starlette", "uvicorn", "anyio"):
        raise
    raise ImportError(
        f"the sandbox needs {missing.name}, which is not installed; run: pip install 'sequence-markets[sandbox]'"
    ) from missing

if TYPE_CHECKING:
    from sequence_markets import AsyncSequence, Sequence

PathLike = str | os.PathLike[str]


class Sandbox:
    """A local exchange that serves the trading API over HTTP on this machine.

    Use it as a context manager, or call :meth:`start` and :meth:`stop`. It needs no network and no account; every API
    key is an account of its own with seeded paper balances.

    Args:
        seed: Seed of the market and of all ids. The same seed and the same commands give the same journal, byte for
            byte. By default 0, or the seed of the journal in ``state``.
        clock: ``"manual"`` stands still until :meth:`advance`, ``"real"`` runs at wall speed, ``"paced"`` at
            ``speed`` times wall speed.
        port: Port to listen on; 0 takes a free one.
        host: Address to listen on. Anything but a loopback address lets the whole network trade here.
        replay: One recorded tape, or several, to play instead of the synthetic market.
        state: File that keeps the journal; a sandbox opened on it again goes on where it stopped. In memory by
            default.
        markets: How many standing prediction markets are open at any time, over both venues; a small set by default,
            or what the journal in ``state`` was begun with. 43000 is a full catalogue. Recurring contracts come on top.
        rate_limit: Requests per second an account may make in the long run, with bursts of twice as many. Unlimited
            by default.
        market_page_cap: Rows of a page of prediction markets at most, whatever a client asks for.
        speed: Sandbox seconds per real second of a ``"paced"`` clock.
        run_strategies: Really run the code of hosted strategies, each in a process of its own with limits on processor
            time, memory and duration. That is no prison: run only code that you trust. Needs a POSIX system. By default
            strategies only go through their states.
        algo_limits: What the modules of algos may use: fuel per call, memory, size.

    Raises:
        ValueError: An argument out of its range.
        TypeError: An argument of a wrong type.

    Example:
        >>> with Sandbox(seed=7) as sandbox:
        ...     sandbox.set_book("BTC-USD", "kraken", bids=[("90000", "1.5")], asks=[("90010", "0.3")])
        ...     quote = sandbox.client().quote("BTC-USD")
        >>> quote.nbbo.bid
        90000.0
    """

    def __init__(
        self,
        *,
        seed: int | None = None,
        clock: ClockMode = "manual",
        port: int = 0,
        host: str = "127.0.0.1",
        replay: PathLike | Iterable[PathLike] | None = None,
        state: PathLike | None = None,
        markets: int | None = None,
        rate_limit: int | None = None,
        market_page_cap: int = 500,
        speed: int | float | str | Decimal | Fraction = 1,
        run_strategies: bool = False,
        algo_limits: AlgoLimits | None = None,
    ) -> None:
        self._seed = None if seed is None else check_seed(seed)
        self._clock: ClockMode = parse_mode(clock)
        self._speed = parse_speed(speed)
        self._port = _check_port(port)
        self._host = _check_host(host)
        self._replay = _check_replay(replay)
        self._state = None if state is None else _path(state, "state")
        self._markets = _check_markets(markets, self._replay)
        self._rate_limit = _check_rate_limit(rate_limit)
        self._market_page_cap = _check_page_cap(market_page_cap)
        self._run_strategies = _check_run_strategies(run_strategies)
        self._algo_limits = _check_algo_limits(algo_limits)
        self._running: _Running | None = None
        self._clients: list[Sequence] = []
        self._guard = threading.Lock()
        self._faults = Faults(seed or 0)

    def start(self) -> Self:
        """Start serving, and return once requests are answered.

        Raises:
            RuntimeError: It is running already.
            PortInUseError: Somebody else listens on the port.
            JournalError: The state file is in use, damaged, or was begun with another seed.
        """
        with self._guard:
            if self._running is not None:
                raise RuntimeError("the sandbox is running already")
            self._running = self._launch()
        return self

    def stop(self) -> None:
        """Stop serving, close the clients made by :meth:`client`, and let go of port and file. Twice is fine."""
        with self._guard:
            running, self._running = self._running, None
            clients, self._clients = self._clients, []
        for client in clients:
            client.close()
        if running is not None:
            running.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        where = "stopped" if self._running is None else self._running.url
        return f"<Sandbox {where}, clock {self._clock}>"

    @property
    def url(self) -> str:
        """Base URL of the API, for example ``"http://127.0.0.1:50052"``."""
        return self._live().url

    @property
    def now(self) -> datetime:
        """The present sandbox instant, in UTC, cut to microseconds."""
        return datetime_from_ns(self.now_ns)

    @property
    def now_ns(self) -> int:
        """The present sandbox instant in nanoseconds since the epoch."""
        return self._live().runtime.clock_state().now_ns

    @property
    def running(self) -> bool:
        """Whether requests are answered."""
        return self._running is not None and self._running.server.alive

    @property
    def faults(self) -> Faults:
        """What is to go wrong between clients and this sandbox, on purpose; nothing by default."""
        return self._faults

    def client(self, **options: Any) -> Sequence:
        """Return a client of this sandbox with an account of its own; it is closed together with the sandbox.

        Args:
            options: Options of :class:`~sequence_markets.Sequence`. Without ``api_key`` the client gets a fresh
                ``seq_test_`` key.
        """
        from sequence_markets import Sequence

        url = self.url
        options.setdefault("api_key", fresh_key())
        client = Sequence(base_url=url, **options)
        self._clients.append(client)
        return client

    def async_client(self, **options: Any) -> AsyncSequence:
        """Return an asynchronous client of this sandbox with an account of its own; closing it is up to you.

        Args:
            options: Options of :class:`~sequence_markets.AsyncSequence`. Without ``api_key`` the client gets a fresh
                ``seq_test_`` key.
        """
        from sequence_markets import AsyncSequence

        options.setdefault("api_key", fresh_key())
        return AsyncSequence(base_url=self.url, **options)

    def set_book(self, symbol: str, venue: str, bids: Iterable[Level] = (), asks: Iterable[Level] = ()) -> None:
        """Set the whole displayed book of a symbol on a venue; from then on only scripted venues quote the symbol.

        Args:
            symbol: Any documented name of the symbol; an unknown pair is listed.
            venue: Venue id.
            bids: Price and size of each buy level, in any order, each a ``str``, ``int``, ``Decimal`` or ``float``.
            asks: Price and size of each sell level.

        Raises:
            ValueError: A level that does not fit its scale, a price named twice, a crossed book, an unknown venue
                or symbol.
            TypeError: An argument of a wrong type.

        Example:
            >>> sandbox.set_book("BTC-USD", "kraken", bids=[("90000", "1.5")], asks=[("90010", "0.3")])
        """
        self._live().controls.set_book(symbol, venue, bids, asks)

    def set_price(self, symbol: str, price: Number, venues: Iterable[str] | None = None) -> None:
        """Put the middle of a symbol's books at a price and keep it there.

        Args:
            symbol: Any documented name of the symbol; an unknown pair is listed.
            price: The new middle.
            venues: Venues that go on quoting it; all that list it when omitted.

        Raises:
            ValueError: A price that does not fit, an unknown venue or symbol.
            TypeError: An argument of a wrong type.
        """
        self._live().controls.set_price(symbol, price, venues)

    def trade(self, symbol: str, venue: str, side: str, price: Number, qty: Number) -> None:
        """Print a public trade, as if two other participants had met; it may fill orders that rest there.

        Args:
            symbol: Any documented name of the symbol.
            venue: Venue id.
            side: ``"buy"`` when the aggressor bought, ``"sell"`` when it sold.
            price: Price of the print.
            qty: Quantity of the print.

        Raises:
            ValueError: A price or quantity that does not fit, an unknown side, venue or symbol.
            TypeError: An argument of a wrong type.
        """
        self._live().controls.trade(symbol, venue, side, price, qty)

    def resolve(self, slug: str, outcome: str) -> tuple[str, ...]:
        """Decide a prediction market: it closes and resolves now. Orders on it end, winners are worth one dollar each.

        Args:
            slug: Any documented name of the market.
            outcome: The winning outcome: ``"Yes"`` or ``"No"``, or the market's own name for it, in any case. Of an
                event of which exactly one outcome wins, the others lose with it.

        Returns:
            The slugs of the markets that were decided.

        Raises:
            ValueError: An unknown market, one that is resolved already, or an outcome it cannot have.
            TypeError: An argument of a wrong type.

        Example:
            >>> sandbox.resolve("rain-in-oslo-friday", "Yes")
            ('rain-in-oslo-friday',)
            >>> seq.settlement("rain-in-oslo-friday").resolved_outcome
            'Yes'
        """
        return self._live().controls.resolve(slug, outcome)

    def set_funding(self, symbol: str, venue: str, points: Iterable[FundingRate]) -> None:
        """Script the funding of a perp at a venue.

        Args:
            symbol: Any documented name of the perp.
            venue: Venue id.
            points: Pairs of an instant and the rate per settlement as a part of one, in time order. A rate holds for
                every settlement from its instant on, up to the next pair; the last one for good.

        Raises:
            ValueError: No pair, one out of order or in the past, a rate that does not fit, or no such perp there.
            TypeError: An argument of a wrong type.

        Example:
            >>> sandbox.set_funding("BTC-PERP", "binance", [(sandbox.now, "0.0001")])
            >>> _ = sandbox.advance(seconds=8 * 3600)
            >>> seq.funding_history("BTC-PERP", "binance", "1d").points[-1].bps
            Decimal('1.00000')
        """
        self._live().controls.set_funding(symbol, venue, points)

    def advance(
        self,
        *,
        seconds: Number | None = None,
        milliseconds: Number | None = None,
        ns: int | None = None,
        to: datetime | None = None,
    ) -> Advance:
        """Move the manual clock by a duration or to an instant, and return once all that was due has settled.

        Args:
            seconds: How far, in seconds.
            milliseconds: How far, in milliseconds.
            ns: How far, in nanoseconds.
            to: Instant to move to, with a time zone.

        Returns:
            From when to when, and which journal records were written on the way.

        Raises:
            ValueError: Not exactly one argument, a step backwards, or finer than a nanosecond.
            TypeError: An argument of a wrong type.
            ClockError: The clock is not manual.
        """
        return self._live().controls.advance(seconds=seconds, milliseconds=milliseconds, ns=ns, to=to)

    def check_invariants(self) -> None:
        """Check every invariant of ledger and matching.

        Raises:
            InvariantError: One is broken; the error names it.
        """
        self._live().controls.check_invariants()

    def reset(self) -> None:
        """Put the whole exchange back to its beginning: accounts, orders, scripted books, time. The seed stays."""
        self._live().controls.reset()

    def journal(self, since: int = 0) -> list[dict[str, object]]:
        """Return the journal's records from number ``since`` on."""
        return self._live().runtime.execute(lambda exchange: exchange.journal.records(since))

    def journal_digest(self) -> str:
        """Return the SHA-256 of the whole journal in hex: equal for equal seeds and scripts."""
        return self._live().runtime.execute(lambda exchange: exchange.journal.digest())

    def _live(self) -> _Running:
        if self._running is None:
            raise RuntimeError("the sandbox is not running; use 'with Sandbox() as sandbox:' or call start()")
        return self._running

    def _launch(self) -> _Running:
        # The port comes first: a second sandbox on a taken port must not touch the state file.
        bound = bind(self._host, self._port)
        try:
            runtime = open_runtime(
                seed=self._seed,
                clock=self._clock,
                speed=self._speed,
                replay=self._replay,
                state=self._state,
                markets=self._markets,
                algo_limits=self._algo_limits,
            )
        except BaseException:
            bound.close()
            raise
        limiter = None if self._rate_limit is None else RateLimiter(self._rate_limit)
        strategies_url = url_of(bound) if self._run_strategies else None
        services = Services(
            runtime,
            limiter=limiter,
            strategies_url=strategies_url,
            faults=self._faults,
            pages=Pages(self._market_page_cap),
        )
        return _Running(bound, runtime, services)


class _Running:
    """Everything that exists between start and stop."""

    def __init__(self, bound: socket.socket, runtime: Runtime, services: Services) -> None:
        self.url = url_of(bound)
        self.runtime = runtime
        self.controls = services.controls
        self._services = services
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="sequence-sandbox-worker")
        self.server = ServerThread(create_app(services, self._executor), bound)
        runtime.start()
        try:
            self.server.start()
        except BaseException:
            self._release()
            raise

    def stop(self) -> None:
        # Strategies may want to cancel their orders before they go.
        self._services.hosting.close()
        # Streams never end by themselves, and the server waits for what is under way.
        self.runtime.execute(lambda _exchange: self._services.hub.end())
        self.server.stop()
        self._release()

    def _release(self) -> None:
        self._services.hosting.close()
        self._executor.shutdown()
        self.runtime.close()


def fresh_key() -> str:
    """Return a new API key of the sandbox's form: an account nobody has used before."""
    return f"seq_test_{secrets.token_hex(32)}"


def _check_port(port: object) -> int:
    if isinstance(port, bool) or not isinstance(port, int):
        raise TypeError(f"port must be an int, not {type(port).__name__}")
    if not 0 <= port <= 65535:
        raise ValueError(f"port must be between 0 and 65535, got {port}")
    return port


def _check_run_strategies(run: object) -> bool:
    if not isinstance(run, bool):
        raise TypeError(f"run_strategies must be a bool, not {type(run).__name__}")
    if run and not supported():
        raise ValueError("run_strategies needs a POSIX system: this one cannot limit what a process uses")
    return run


def _check_host(host: object) -> str:
    if not isinstance(host, str):
        raise TypeError(f"host must be a str, not {type(host).__name__}")
    if not host:
        raise ValueError("host must not be empty")
    return host


def _check_rate_limit(qps: object) -> int | None:
    if qps is None:
        return None
    if isinstance(qps, bool) or not isinstance(qps, int):
        raise TypeError(f"rate_limit must be an int or None, not {type(qps).__name__}")
    if not 1 <= qps <= 1_000_000:
        raise ValueError(f"rate_limit must be between 1 and 1000000 requests per second, got {qps}")
    return qps


def _check_page_cap(rows: object) -> int:
    if isinstance(rows, bool) or not isinstance(rows, int):
        raise TypeError(f"market_page_cap must be an int, not {type(rows).__name__}")
    if not 1 <= rows <= 1000:
        raise ValueError(f"market_page_cap must be between 1 and 1000 rows, got {rows}")
    return rows


def _check_markets(markets: object, replay: tuple[Path, ...]) -> int | None:
    if markets is None:
        return None
    if isinstance(markets, bool) or not isinstance(markets, int):
        raise TypeError(f"markets must be an int or None, not {type(markets).__name__}")
    if not LEAST_MARKETS <= markets <= MOST_MARKETS:
        raise ValueError(f"markets must be between {LEAST_MARKETS} and {MOST_MARKETS}, got {markets}")
    if replay:
        raise ValueError("markets goes with the synthetic market only: a tape has no prediction markets")
    return markets


def _check_algo_limits(limits: object) -> AlgoLimits | None:
    if limits is not None and not isinstance(limits, AlgoLimits):
        raise TypeError(f"algo_limits must be AlgoLimits or None, not {type(limits).__name__}")
    return limits


def _check_replay(replay: PathLike | Iterable[PathLike] | None) -> tuple[Path, ...]:
    if replay is None:
        return ()
    if isinstance(replay, str | os.PathLike):
        return (_path(replay, "replay"),)
    if not isinstance(cast("object", replay), Iterable):
        raise TypeError(f"replay must be a path or a list of paths, not {type(replay).__name__}")
    return tuple(_path(path, f"replay[{index}]") for index, path in enumerate(replay))


def _path(path: object, name: str) -> Path:
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"{name} must be a path, not {type(path).__name__}")
    return Path(cast("PathLike", path))
