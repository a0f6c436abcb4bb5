"""The synchronous face, generated from ``aio.py`` by ``scripts/generate_sync.py``: change that file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from random import random
from time import monotonic, sleep, time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar
from uuid import uuid4

from typing_extensions import deprecated

from sequence_markets.client import checks
from sequence_markets.client.batching import Plan
from sequence_markets.client.engine import Answer, Failure, Send, converse
from sequence_markets.client.operation import Operation
from sequence_markets.client.operations import (
    account as _account,
    amending as _amending,
    graphs as _graphs,
    market as _market,
    orders as _orders,
    portfolio as _portfolio,
    risk as _risk,
    venues as _venues,
)
from sequence_markets.client.operations.portfolio import PositionKind
from sequence_markets.client.outcomes import Outcomes, Unresolved
from sequence_markets.client.paging import Walk
from sequence_markets.client.settings import OnInvalid, make_settings
from sequence_markets.client.transport import open_sync
from sequence_markets.client.waiting import Watch
from sequence_markets.errors import SequenceError
from sequence_markets.graphs import Graph, edge as _edge, node as _node
from sequence_markets.graphs.words import InstrumentType, Policy, TimeInForce, Urgency
from sequence_markets.models import (
    Account,
    Amendment,
    BatchResponse,
    BatchResult,
    Edges,
    EdgeSpec,
    Fill,
    FillPage,
    GraphState,
    GraphStatus,
    KillSwitch,
    NodeSpec,
    Order,
    OrderPage,
    Positions,
    Quote,
    QuoteBatch,
    Redemption,
    RiskLimits,
    Rows,
    SequenceModel,
    Submission,
    Symbol,
    VenueCancel,
    VenueStatus,
)
from sequence_markets.units import Number

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")

_HEALTH_TIMEOUT = 5.0
_LEAST_TIME = 0.001


class _Call(Protocol):
    """How a batch sends."""

    def __call__(self, operation: Operation[T], timeout: float | None, /) -> T: ...


class Sequence:
    """A client of the Sequence Markets trading API, blocking.

    Construction touches no network. Any number of threads may share one client.
    It keeps its connections; close it, or use it as a context manager.

    Args:
        api_key: ``seq_live_…`` or ``seq_test_…``; a test key makes every order a sandbox order. When omitted, the
            environment's ``SEQUENCE_API_KEY``, else ``SEQ_API_KEY``.
        base_url: Where the API is. A live key is refused over plain http except to this machine.
        timeout: Seconds for a whole call, retries included.
        max_retries: How often a failed request is repeated at most, where a repeat is safe: 2 means up to 3 requests.
        max_concurrent: Requests under way at once at most; a further one waits up to 5 seconds for a free slot.
        http_client: A ready ``httpx.Client`` to send through. It stays yours to close.
        on_invalid: What to do with a 2xx that is not as documented: ``"raise"`` a ``ResponseValidationError``, or
            ``"warn"`` with ``InvalidResponseWarning`` and return the model over the answer unvalidated.

    Raises:
        ValueError: An argument can never work, or there is no key. The message does not show the key.
        TypeError: An argument has the wrong type.

    Example:
        >>> with Sequence("seq_test_0123", sandbox.url) as client:
        ...     quote = client.quote("BTC-USD")
        >>> quote.nbbo.bid < quote.nbbo.ask
        True
    """

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str = "https://api.sequencemkts.com",
        *,
        timeout: float = 30.0,
        max_retries: int = 2,
        max_concurrent: int = 64,
        http_client: httpx.Client | None = None,
        on_invalid: OnInvalid = "raise",
    ) -> None:
        self._settings = make_settings(
            api_key,
            base_url,
            timeout=timeout,
            max_retries=max_retries,
            max_concurrent=max_concurrent,
            on_invalid=on_invalid,
        )
        self._outcomes = Outcomes()
        self._jitter: Callable[[], float] = random
        self._transport = open_sync(self._settings, http_client)

    def __repr__(self) -> str:
        settings = self._settings
        return f"{type(self).__name__}(api_key={settings.masked_key!r}, base_url={settings.base_url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the client and its connections. A closed client raises ``ClientClosedError``; closing twice is fine.

        An ``http_client`` that was given stays open.

        Example:
            >>> seq.close()
        """
        self._transport.close()

    @property
    def unresolved(self) -> tuple[Unresolved, ...]:
        """Orders and cancels whose outcome this client does not know, oldest first.

        A call that was cancelled, or that raised ``OutcomeUnknownError``, leaves a record here until
        ``graph_status``, ``order``, ``graph_cancel`` or a submit with the same ``graph_id`` finds the graph. A 404
        settles it too, once the time limit of the call in doubt is over: before, its request may still arrive.

        Example:
            >>> seq.unresolved
            ()
        """
        return self._outcomes.unresolved()

    def _call(self, operation: Operation[T], timeout: float | None) -> T:
        settings = self._settings
        steps = converse(
            operation,
            settings,
            self._outcomes,
            request_id=str(uuid4()),
            now=monotonic(),
            timeout=settings.timeout if timeout is None else checks.seconds(timeout),
            jitter=self._jitter,
            wall=time,
        )
        try:
            step = next(steps)
            while True:
                event: Answer | Failure | None = None
                try:
                    if isinstance(step, Send):
                        event = self._transport.exchange(step)
                    else:
                        sleep(step.seconds)
                except BaseException as stop:
                    # The engine says on it what became of the request, and raises it again.
                    steps.throw(stop)
                    raise
                step = steps.send((monotonic(), event))
        except StopIteration as done:
            answer: T = done.value
            return answer

    # Level 0: connect

    def connect_venue(
        self,
        venue: str,
        api_key: str,
        api_secret: str,
        passphrase: str | None = None,
        extra_json: object = None,
        *,
        timeout: float | None = None,
    ) -> None:
        """Store the credentials of a venue. Later calls overwrite earlier ones.

        Args:
            venue: Venue id, for example ``"kraken"``.
            api_key: Key issued by the venue; ``""`` for Polymarket, the agent wallet's address for Hyperliquid.
            api_secret: Secret issued by the venue; ``""`` for Polymarket, the whole RSA PEM for Kalshi.
            passphrase: For the venues that have one: OKX, Coinbase Advanced, Crypto.com, Bitget.
            extra_json: Further data of the venue as JSON, for example Polymarket's ``{"signer_private_key": …}``.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Raises:
            SequenceError: The credentials were refused, or the call failed.
            ValueError: ``venue`` is empty.
            TypeError: An argument has the wrong type, or ``extra_json`` is not JSON.

        Example:
            >>> seq.connect_venue("kraken", api_key="AK-1", api_secret="SK-1")
        """
        self._call(_venues.connect_venue(venue, api_key, api_secret, passphrase, extra_json), timeout)

    def disconnect_venue(self, venue: str, *, timeout: float | None = None) -> None:
        """Delete the stored credentials of a venue.

        The venue's live connections stay until they next reconnect: call this before rotating keys.

        Args:
            venue: Venue id, for example ``"kraken"``.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Raises:
            NotFoundError: Nothing is stored for the venue.
            OutcomeUnknownError: The answer was lost; ``venues()`` tells whether it took effect.

        Example:
            >>> seq.connect_venue("okx", api_key="AK-1", api_secret="SK-1", passphrase="word")
            >>> seq.disconnect_venue("okx")
        """
        self._call(_venues.disconnect_venue(venue), timeout)

    def venues(self, *, timeout: float | None = None) -> Rows[VenueStatus]:
        """List every venue with credentials on record.

        Args:
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            One row per venue: whether it is connected, its last heartbeat, and what is wrong where something is.

        Raises:
            SequenceError: The call failed.

        Example:
            >>> seq.connect_venue("kraken", api_key="AK-1", api_secret="SK-1")
            >>> [row.venue for row in seq.venues() if row.venue == "kraken"]
            ['kraken']
        """
        return self._call(_venues.venues(), timeout)

    def health(self, *, timeout: float | None = None) -> bool:
        """Tell whether the service is alive. Needs no valid key, asks once and never raises.

        Args:
            timeout: Seconds to wait at most; 5 when omitted.

        Returns:
            ``True`` on any 2xx, else ``False``.

        Example:
            >>> seq.health()
            True
        """
        try:
            self._call(_venues.health(), _HEALTH_TIMEOUT if timeout is None else timeout)
        except Exception:  # Whatever it is, the service cannot be said to be alive.
            return False
        return True

    # Level 1: see

    def quote(self, symbol: str, depth: int = 10, nowait: bool = False, *, timeout: float | None = None) -> Quote:
        """Quote one symbol: the best bid and offer, each venue's own, and the merged book.

        Args:
            symbol: A pair (``BTC-USD``), Kalshi ticker, Polymarket slug, token id or URL.
            depth: Book levels per side, moved into 1 to 100.
            nowait: Skip the wait of up to two seconds for a symbol nobody watches yet. For research only: the first
                answer may then be all zeros.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The quote. Its ``source`` tells which path served it; ``"unavailable"`` means that nobody has a book.

        Raises:
            SequenceError: The call failed.
            ValueError: ``symbol`` is empty.

        Example:
            >>> quote = seq.quote("BTC-USD", depth=5)
            >>> quote.nbbo.bid == quote["nbbo"]["bid"]
            True
        """
        return self._call(_market.quote(symbol, depth, nowait), timeout)

    def quotes(self, symbols: Iterable[str], *, timeout: float | None = None) -> Rows[Quote]:
        """Quote some symbols at once, without books. For more than about fifty, ``quotes_batch`` is faster.

        Args:
            symbols: The symbols; none gives an empty list without a request.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            One quote for each symbol that is quoted. Symbols without a fresh best bid and offer are left out.

        Raises:
            SequenceError: The call failed.
            TypeError: ``symbols`` is a single ``str``.
            ValueError: A symbol is empty or holds a comma.

        Example:
            >>> sorted(quote.symbol for quote in seq.quotes(["ETH-USD", "BTC-USD"]))
            ['BTC-USD', 'ETH-USD']
        """
        operation = _market.quotes(symbols)
        return Rows() if operation is None else self._call(operation, timeout)

    def quotes_batch(
        self,
        symbols: Iterable[str],
        depth: int = 10,
        nowait: bool = True,
        concurrency: int = 64,
        instrument_type: InstrumentType | None = None,
        *,
        timeout: float | None = None,
    ) -> QuoteBatch:
        """Quote up to 2,000 symbols in one request; a symbol that fails does not fail the others.

        Args:
            symbols: Any mix of pairs, Kalshi tickers, Polymarket slugs, token ids and URLs.
            depth: Book levels per side, 1 to 100.
            nowait: Skip the wait for symbols nobody watches yet.
            concurrency: Upstream fetches at once, 1 to 256.
            instrument_type: ``"spot"``, ``"perp"`` or ``"prediction"`` for all of them; found per symbol when omitted.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            One entry per symbol: a ``Quote``, or a ``QuoteError`` that holds ``"error"``.

        Raises:
            SequenceError: The call failed.
            TypeError: ``symbols`` is a single ``str``.
            ValueError: More than 2,000 symbols, or ``depth`` or ``concurrency`` out of bounds.

        Example:
            >>> batch = seq.quotes_batch(["BTC-USD", "no such symbol"])
            >>> ["error" in entry for entry in batch.quotes]
            [False, True]
        """
        return self._call(_market.quotes_batch(symbols, depth, nowait, concurrency, instrument_type), timeout)

    def symbols(self, *, timeout: float | None = None) -> Rows[Symbol]:
        """List every tradable instrument.

        Args:
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            One row per instrument, with the venues that list it.

        Raises:
            SequenceError: The call failed.

        Example:
            >>> any(row.symbol == "BTC-USD" for row in seq.symbols())
            True
        """
        return self._call(_market.symbols(), timeout)

    def positions_unified(
        self,
        venues: Iterable[str] | None = None,
        kinds: Iterable[PositionKind] | None = None,
        include_closed: bool = False,
        *,
        timeout: float | None = None,
    ) -> Positions:
        """Read the positions across fiat, crypto, perps and event contracts, with their totals.

        Args:
            venues: Only these venues; all when omitted.
            kinds: Only ``"fiat"``, ``"crypto"``, ``"perp"`` or ``"event_contract"``; all when omitted.
            include_closed: Also closed and redeemed positions.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The rows, each with its ``instrument`` and ``lifecycle``, and ``totals`` in dollars.

        Raises:
            SequenceError: The call failed.
            TypeError: ``venues`` or ``kinds`` is a single ``str``.
            ValueError: A kind is unknown, or a list is empty.

        Example:
            >>> held = seq.positions_unified(kinds=["fiat", "crypto"])
            >>> held.totals.num_positions == len(held.positions)
            True
        """
        return self._call(_portfolio.positions_unified(venues, kinds, include_closed), timeout)

    @deprecated("balances() reads an endpoint that is gone; use positions_unified(kinds=['fiat', 'crypto'])")
    def balances(self, *, timeout: float | None = None) -> SequenceModel:
        """Read the removed balances endpoint; current servers answer 404. Use ``positions_unified``.

        Args:
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Raises:
            NotFoundError: The endpoint is gone.

        Example:
            >>> held = seq.positions_unified(kinds=["fiat", "crypto"])  # in its place
            >>> {position.instrument.kind for position in held.positions} <= {"fiat", "crypto"}
            True
        """
        return self._call(_portfolio.removed("balances"), timeout)

    @deprecated("positions() reads an endpoint that is gone; use positions_unified()")
    def positions(self, *, timeout: float | None = None) -> Positions:
        """Read the path of the removed positions list. Use ``positions_unified``.

        Args:
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The unified positions, from servers that serve them at this path too.

        Raises:
            NotFoundError: The server does not serve this path.

        Example:
            >>> held = seq.positions_unified()  # in its place
            >>> held.totals.num_positions == len(held.positions)
            True
        """
        return self._call(_portfolio.positions(), timeout)

    @deprecated("perp_positions() reads an endpoint that is gone; use positions_unified(kinds=['perp'])")
    def perp_positions(self, *, timeout: float | None = None) -> SequenceModel:
        """Read the removed perp positions endpoint; current servers answer 404. Use ``positions_unified``.

        Args:
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Raises:
            NotFoundError: The endpoint is gone.

        Example:
            >>> (seq.positions_unified(kinds=["perp"])).positions  # in its place
            ()
        """
        return self._call(_portfolio.removed("perp_positions"), timeout)

    @deprecated("portfolio() reads an endpoint that is gone; use positions_unified().totals")
    def portfolio(self, *, timeout: float | None = None) -> SequenceModel:
        """Read the removed portfolio endpoint; current servers answer 404. Use ``positions_unified``.

        Args:
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Raises:
            NotFoundError: The endpoint is gone.

        Example:
            >>> (seq.positions_unified()).totals.nav_usd > 0  # in its place
            True
        """
        return self._call(_portfolio.removed("portfolio"), timeout)

    def account(self, *, timeout: float | None = None) -> Account:
        """Read the profile behind the key: tier, rate-limit budget, feature flags.

        Args:
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The documented fields; whatever else the service sends is in ``raw``.

        Raises:
            SequenceError: The call failed.

        Example:
            >>> account = seq.account()
            >>> account.client_id == account.get("client_id")
            True
        """
        return self._call(_account.account(), timeout)

    def risk_limits(self, *, timeout: float | None = None) -> RiskLimits:
        """Read the risk limits of the profile.

        Args:
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The limits in dollars, and whether the kill switch is engaged.

        Raises:
            SequenceError: The call failed.

        Example:
            >>> (seq.risk_limits()).kill_switch_active
            False
        """
        return self._call(_account.risk_limits(), timeout)

    def edges(self, *, timeout: float | None = None) -> Edges:
        """Read the venue edges with their heartbeat state.

        Args:
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            One row per edge.

        Raises:
            SequenceError: The call failed.

        Example:
            >>> all(edge.status == "connected" for edge in (seq.edges()).edges)
            True
        """
        return self._call(_account.edges(), timeout)

    # Level 2: trade

    def buy(
        self,
        symbol: str,
        qty: Number,
        *,
        venue: str | None = None,
        limit_price: Number | None = None,
        urgency: Urgency | None = None,
        policy: Policy | None = None,
        max_slippage_bps: int | None = None,
        horizon_ms: int | None = None,
        tif: TimeInForce | None = None,
        instrument_type: InstrumentType = "spot",
        sandbox: bool = False,
        graph_id: str | None = None,
        timeout: float | None = None,
    ) -> Submission:
        """Submit an order to buy, as an execution graph of one node.

        Every submit carries a ``graph_id`` made before the first attempt, by which the server knows a repeat: one
        call is one order however often the request has to be sent.

        Args:
            symbol: A pair, perp, Kalshi ticker, Polymarket slug, token id or URL.
            qty: Quantity in human units, above zero, at most 8 decimals. ``Decimal``, ``int``, ``str`` or ``float``;
                a float is read as it prints, so that 0.29 is 0.29.
            venue: Pin to one venue; the router chooses among all when omitted.
            limit_price: Price per unit, above zero, at most 9 decimals; a market order when omitted. On prediction
                markets from 0 to 1.
            urgency: ``"low"``, ``"medium"`` or ``"high"``: how aggressively the router works.
            policy: Tactic in place of the router's choice: ``"sor"``, ``"ioc_sweep"``, ``"passive_limit"``,
                ``"aggressive_chase"``, ``"passive_ladder"`` or ``"time_drip"``.
            max_slippage_bps: Refuse fills worse than this, in basis points.
            horizon_ms: Soft deadline of patient tactics, in milliseconds.
            tif: ``"GTC"``, ``"IOC"`` or ``"FOK"``, for limit orders.
            instrument_type: ``"spot"``, ``"perp"`` or ``"prediction"``.
            sandbox: Paper trade even with a live key.
            graph_id: An id of your own, unique in the account: submitting the same content under it again gives the
                first answer instead of a second order.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The acknowledgement, with the ``graph_id``.

        Raises:
            OutcomeUnknownError: The order may or may not have been taken; it carries the ``graph_id`` to ask with.
            RequestNotSentError: No connection could be had; there is no order.
            ConflictError: The ``graph_id`` was used with other content, or the kill switch is engaged.
            SequenceError: The order was refused, or the call failed.
            ValueError: A number is not finite, not above zero, too fine, or a word is not one of those listed.
            TypeError: An option is unknown or of the wrong type.

        Example:
            >>> graph = seq.buy("ETH-USD", "0.25", limit_price=1000, tif="GTC")
            >>> graph.node_count, graph.edge_count
            (1, 0)
        """
        return self._call(
            _orders.submit(
                "buy",
                symbol,
                qty,
                venue=venue,
                limit_price=limit_price,
                urgency=urgency,
                policy=policy,
                max_slippage_bps=max_slippage_bps,
                horizon_ms=horizon_ms,
                tif=tif,
                instrument_type=instrument_type,
                sandbox=sandbox,
                graph_id=graph_id,
            ),
            timeout,
        )

    def sell(
        self,
        symbol: str,
        qty: Number,
        *,
        venue: str | None = None,
        limit_price: Number | None = None,
        urgency: Urgency | None = None,
        policy: Policy | None = None,
        max_slippage_bps: int | None = None,
        horizon_ms: int | None = None,
        tif: TimeInForce | None = None,
        instrument_type: InstrumentType = "spot",
        sandbox: bool = False,
        graph_id: str | None = None,
        timeout: float | None = None,
    ) -> Submission:
        """Submit an order to sell, as an execution graph of one node.

        Every submit carries a ``graph_id`` made before the first attempt, by which the server knows a repeat: one
        call is one order however often the request has to be sent.

        Args:
            symbol: A pair, perp, Kalshi ticker, Polymarket slug, token id or URL.
            qty: Quantity in human units, above zero, at most 8 decimals. ``Decimal``, ``int``, ``str`` or ``float``;
                a float is read as it prints, so that 0.29 is 0.29.
            venue: Pin to one venue; the router chooses among all when omitted.
            limit_price: Price per unit, above zero, at most 9 decimals; a market order when omitted. On prediction
                markets from 0 to 1.
            urgency: ``"low"``, ``"medium"`` or ``"high"``: how aggressively the router works.
            policy: Tactic in place of the router's choice: ``"sor"``, ``"ioc_sweep"``, ``"passive_limit"``,
                ``"aggressive_chase"``, ``"passive_ladder"`` or ``"time_drip"``.
            max_slippage_bps: Refuse fills worse than this, in basis points.
            horizon_ms: Soft deadline of patient tactics, in milliseconds.
            tif: ``"GTC"``, ``"IOC"`` or ``"FOK"``, for limit orders.
            instrument_type: ``"spot"``, ``"perp"`` or ``"prediction"``.
            sandbox: Paper trade even with a live key.
            graph_id: An id of your own, unique in the account: submitting the same content under it again gives the
                first answer instead of a second order.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The acknowledgement, with the ``graph_id``.

        Raises:
            OutcomeUnknownError: The order may or may not have been taken; it carries the ``graph_id`` to ask with.
            RequestNotSentError: No connection could be had; there is no order.
            ConflictError: The ``graph_id`` was used with other content, or the kill switch is engaged.
            SequenceError: The order was refused, or the call failed.
            ValueError: A number is not finite, not above zero, too fine, or a word is not one of those listed.
            TypeError: An option is unknown or of the wrong type.

        Example:
            >>> graph = seq.sell("ETH-USD", "0.25", limit_price=9000, tif="GTC")
            >>> graph.node_count, graph.edge_count
            (1, 0)
        """
        return self._call(
            _orders.submit(
                "sell",
                symbol,
                qty,
                venue=venue,
                limit_price=limit_price,
                urgency=urgency,
                policy=policy,
                max_slippage_bps=max_slippage_bps,
                horizon_ms=horizon_ms,
                tif=tif,
                instrument_type=instrument_type,
                sandbox=sandbox,
                graph_id=graph_id,
            ),
            timeout,
        )

    def order(self, node_order_id: str, *, timeout: float | None = None) -> Order:
        """Read one order.

        Args:
            node_order_id: ``graph:<graph_id>:<node_id>:<seq>``, as ``orders()`` and ``graph_status()`` give it.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The order.

        Raises:
            NotFoundError: There is no such order; ``status`` is 404.
            SequenceError: The call failed.

        Example:
            >>> graph = seq.buy("ETH-USD", "0.25", limit_price=1000)
            >>> order = seq.order(f"graph:{graph.graph_id}:order:1")
            >>> order.side
            'BUY'
        """
        return self._call(_orders.order(node_order_id), timeout)

    def orders(
        self, limit: int = 50, offset: int = 0, symbol: str | None = None, *, timeout: float | None = None
    ) -> OrderPage:
        """Read one page of orders, newest first. The page iterates over its rows.

        Args:
            limit: Rows at most; the server has a maximum of its own.
            offset: Rows to skip.
            symbol: Only this symbol.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The page: ``orders``, ``total``, ``limit``, ``offset``, ``has_more``.

        Raises:
            SequenceError: The call failed.
            ValueError: ``limit`` is below 1 or ``offset`` below 0.

        Example:
            >>> graph = seq.buy("ETH-USD", "0.25", limit_price=1000)
            >>> [order.symbol for order in seq.orders(limit=1)]
            ['ETH-USD']
        """
        return self._call(_orders.orders(limit, offset, symbol), timeout)

    def iter_orders(
        self, symbol: str | None = None, *, page_size: int = 100, timeout: float | None = None
    ) -> Iterator[Order]:
        """Walk all orders, newest first, reading page after page as needed.

        An order that arrives during the walk shifts the others; none is given twice and none is left out.

        Args:
            symbol: Only this symbol.
            page_size: Rows per request.
            timeout: Seconds for each page, retries included; the client's when omitted.

        Returns:
            An iterator over the orders.

        Raises:
            PaginationError: The server's pages contradict each other.
            SequenceError: A page could not be read.

        Example:
            >>> graph = seq.buy("ETH-USD", "0.25", limit_price=1000)
            >>> [order.symbol for order in seq.iter_orders("ETH-USD")]
            ['ETH-USD']
        """
        _orders.orders(page_size, 0, symbol)  # Wrong arguments fail here rather than at the first row.
        return self._walk_orders(symbol, page_size, timeout)

    def _walk_orders(self, symbol: str | None, page_size: int, timeout: float | None) -> Iterator[Order]:
        walk: Walk[Order] = Walk("iter_orders", lambda order: order.node_order_id)
        while not walk.done:
            page = self._call(_orders.orders(page_size, walk.offset, symbol), timeout)
            yield from walk.take(page, page.orders)

    def cancel(self, graph_or_order_id: str, *, timeout: float | None = None) -> None:
        """Cancel every active node of a graph. What is filled stays filled.

        Args:
            graph_or_order_id: A graph id, or the id of any of its orders, ``graph:<graph_id>:<node_id>:<seq>``.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Raises:
            NotFoundError: There is no such graph.
            OutcomeUnknownError: The answer was lost; ``graph_status`` tells whether it took effect.
            ValueError: The id is malformed.

        Example:
            >>> graph = seq.buy("ETH-USD", "0.25", limit_price=1000)
            >>> seq.cancel(f"graph:{graph.graph_id}:order:1")
        """
        self._call(_graphs.cancel(graph_or_order_id), timeout)

    def fills(
        self, limit: int = 50, offset: int = 0, symbol: str | None = None, *, timeout: float | None = None
    ) -> FillPage:
        """Read one page of fills, newest first. The page iterates over its rows.

        Args:
            limit: Rows at most; the server has a maximum of its own.
            offset: Rows to skip.
            symbol: Only this symbol.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The page: ``fills``, and ``total``, ``limit``, ``offset``, ``has_more`` where the server sends them.

        Raises:
            SequenceError: The call failed.
            ValueError: ``limit`` is below 1 or ``offset`` below 0.

        Example:
            >>> all(fill.qty > 0 for fill in seq.fills(limit=5))
            True
        """
        return self._call(_orders.fills(limit, offset, symbol), timeout)

    def iter_fills(
        self, symbol: str | None = None, *, page_size: int = 100, timeout: float | None = None
    ) -> Iterator[Fill]:
        """Walk all fills, newest first, reading page after page as needed.

        A fill that arrives during the walk shifts the others; none is given twice and none is left out.

        Args:
            symbol: Only this symbol.
            page_size: Rows per request.
            timeout: Seconds for each page, retries included; the client's when omitted.

        Returns:
            An iterator over the fills.

        Raises:
            PaginationError: The server's pages contradict each other.
            SequenceError: A page could not be read.

        Example:
            >>> ids = [fill.fill_id for fill in seq.iter_fills()]
            >>> len(ids) == len(set(ids))
            True
        """
        _orders.fills(page_size, 0, symbol)  # Wrong arguments fail here rather than at the first row.
        return self._walk_fills(symbol, page_size, timeout)

    def _walk_fills(self, symbol: str | None, page_size: int, timeout: float | None) -> Iterator[Fill]:
        walk: Walk[Fill] = Walk("iter_fills", lambda fill: fill.fill_id)
        while not walk.done:
            page = self._call(_orders.fills(page_size, walk.offset, symbol), timeout)
            yield from walk.take(page, page.fills)

    def amend(
        self,
        order_id: str,
        new_price: Number | None = None,
        new_qty: Number | None = None,
        *,
        timeout: float | None = None,
    ) -> Amendment:
        """Change the price, the quantity, or both of a resting order.

        Args:
            order_id: ``graph:<graph_id>:<node_id>:<seq>``.
            new_price: The new limit price, for buys and sells alike; unchanged when omitted.
            new_qty: The new quantity of the whole order, what is filled included; unchanged when omitted.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            What became of it. Every ``mode`` but ``"native_atomic"`` loses the place in the queue.

        Raises:
            ValueError: Neither is given, or a number is not finite, not above zero or too fine.
            ConflictError: The order is in a state that it does not leave.
            OutcomeUnknownError: The answer was lost; ``order`` tells whether it took effect.
            SequenceError: The change was refused, or the call failed.

        Example:
            >>> graph = seq.buy("ETH-USD", "0.25", limit_price=1000)
            >>> change = seq.amend(f"graph:{graph.graph_id}:order:1", new_price=1001, new_qty="0.5")
            >>> change.mode
            'cancel_replace'
        """
        return self._call(_amending.amend(order_id, new_price, new_qty), timeout)

    def decrease(self, order_id: str, reduce_by: Number, *, timeout: float | None = None) -> Amendment:
        """Take a quantity off what remains of a resting order; the price stays. Reads the order, then amends it.

        Args:
            order_id: ``graph:<graph_id>:<node_id>:<seq>``.
            reduce_by: Quantity to take off, in human units.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            What became of it, with ``mode="cancel_replace_shrink"``.

        Raises:
            BadRequestError: Nothing would remain: cancel instead; ``status`` is 400.
            NotFoundError: There is no such order.
            OutcomeUnknownError: The answer was lost; ``order`` tells whether it took effect.
            SequenceError: The change was refused, or the call failed.
            ValueError: ``reduce_by`` is not finite, not above zero or too fine.

        Example:
            >>> graph = seq.buy("ETH-USD", "0.25", limit_price=1000)
            >>> (seq.decrease(f"graph:{graph.graph_id}:order:1", "0.05")).mode
            'cancel_replace_shrink'
        """
        whole = self._settings.timeout if timeout is None else checks.seconds(timeout)
        deadline = monotonic() + whole
        _amending.reduction(reduce_by)  # A wrong number fails here rather than after a request.
        order = self._call(_orders.order(order_id, "decrease"), whole)
        left = max(deadline - monotonic(), _LEAST_TIME)
        return self._call(_amending.decrease(order, reduce_by), left)

    def batch(self, venue: str, *, sandbox: bool = False, instrument_type: InstrumentType | None = None) -> Batch:
        """Begin a batch of orders and cancels on one venue. Nothing is sent before it is ended.

        Args:
            venue: Venue that every order is pinned to.
            sandbox: Paper trade even with a live key.
            instrument_type: ``"spot"``, ``"perp"`` or ``"prediction"``; by the venue when omitted.

        Returns:
            The batch: queue with its methods, and send with ``end()`` or by leaving it as a context manager.

        Raises:
            ValueError: ``venue`` is empty.
            TypeError: An argument has the wrong type.

        Example:
            >>> with seq.batch("kraken") as b:
            ...     _ = b.buy_limit("ETH-USD", "0.25", 1000).buy_limit("ETH-USD", "0.25", 1010)
            >>> b.result.mode, [response.ok for response in b.responses]
            ('serial', [True, True])
        """
        return Batch(self._call, venue, sandbox, instrument_type)

    def redeem(self, slug: str, venue: str, *, timeout: float | None = None) -> Redemption:
        """Claim the winnings of a resolved prediction market.

        Args:
            slug: Market slug or ticker.
            venue: Venue id, for example ``"polymarket"``.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            What happened: ``mode`` is ``"auto_settled"``, ``"relayer_submitted"`` or ``"noop"``.

        Raises:
            NotFoundError: There is no such market.
            OutcomeUnknownError: The answer was lost; ``positions_unified`` tells whether it took effect.
            SequenceError: The call failed.

        Example:
            >>> (seq.redeem("KXPGATOUR-ZUCONO26-THVI", "kalshi")).mode
            'auto_settled'
        """
        return self._call(_portfolio.redeem(slug, venue), timeout)

    def kill_switch_engage(self, reason: str | None = None, *, timeout: float | None = None) -> KillSwitch:
        """Refuse new orders of the account from now on. Open orders stay: ``cancel_all_on_venue`` ends those.

        Args:
            reason: Why, for the record.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The state of the kill switch. Submits raise ``KillSwitchActiveError`` while it is engaged.

        Raises:
            OutcomeUnknownError: The answer was lost; ``risk_limits`` tells whether it took effect.
            SequenceError: The call failed.

        Example:
            >>> (seq.kill_switch_engage("end of day")).engaged
            True
        """
        return self._call(_risk.kill_switch_engage(reason), timeout)

    def kill_switch_clear(self, *, timeout: float | None = None) -> KillSwitch:
        """Take new orders again. For administrators only.

        Args:
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The state of the kill switch.

        Raises:
            PermissionDeniedError: The key may not do this.
            OutcomeUnknownError: The answer was lost; ``risk_limits`` tells whether it took effect.
            SequenceError: The call failed.

        Example:
            >>> (seq.kill_switch_clear()).engaged
            False
        """
        return self._call(_risk.kill_switch_clear(), timeout)

    def cancel_all_on_venue(self, venue: str, *, timeout: float | None = None) -> VenueCancel:
        """Cancel every working order of the account on a venue. What is filled stays filled.

        Args:
            venue: Venue id, for example ``"kraken"``.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            How many orders were cancelled.

        Raises:
            OutcomeUnknownError: The answer was lost; ``orders`` tells whether it took effect.
            SequenceError: The call failed.

        Example:
            >>> graph = seq.buy("ETH-USD", "0.25", limit_price=1000, venue="kraken")
            >>> (seq.cancel_all_on_venue("kraken")).cancelled
            1
        """
        return self._call(_risk.cancel_all_on_venue(venue), timeout)

    # Level 3: orchestrate

    node = staticmethod(_node)
    edge = staticmethod(_edge)

    def graph(
        self,
        nodes: Graph | Iterable[NodeSpec | Mapping[str, Any]],
        edges: Iterable[EdgeSpec | Mapping[str, Any]] | None = None,
        sandbox: bool = False,
        *,
        graph_id: str | None = None,
        risk: Mapping[str, Any] | None = None,
        metadata: object = None,
        timeout: float | None = None,
    ) -> Submission:
        """Submit an execution graph, after checking it whole.

        Nodes without an incoming edge start at once, the others when an edge to them fires. What is given is never
        changed; edges that share an id get ids of their own.

        Args:
            nodes: The nodes, as ``node()`` makes them, as dicts, or mixed; or a whole ``Graph``.
            edges: The edges, as ``edge()`` makes them, as dicts, or mixed.
            sandbox: Paper trade even with a live key.
            graph_id: An id of your own, unique in the account: submitting the same content under it again gives the
                first answer instead of a second graph.
            risk: Risk settings, as ``graphs.risk()`` makes them.
            metadata: Anything that is JSON, kept with the graph.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The acknowledgement, with the ``graph_id`` and the size of the graph after pacing has been expanded.

        Raises:
            GraphError: The graph can never be right: lists every fault, and nothing was sent.
            OutcomeUnknownError: The graph may or may not have been taken; it carries the ``graph_id`` to ask with.
            RequestNotSentError: No connection could be had; there is no graph.
            KillSwitchActiveError: The kill switch is engaged.
            ConflictError: The ``graph_id`` was used with other content.
            SequenceError: The graph was refused, or the call failed.

        Example:
            >>> graph = seq.graph([seq.node("spot", "ETH-USD", "buy", 2, urgency="medium")])
            >>> graph.node_count, graph.edge_count
            (1, 0)
        """
        operation = _graphs.graph(nodes, edges, sandbox, graph_id=graph_id, risk=risk, metadata=metadata)
        return self._call(operation, timeout)

    def graph_status(self, graph_id: str, *, timeout: float | None = None) -> GraphStatus:
        """Read the state of an execution graph, its nodes and its edges.

        Args:
            graph_id: The id that the submit answered with.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The state. An order submitted by ``buy`` or ``sell`` is ``nodes["order"]``.

        Raises:
            NotFoundError: There is no such graph.
            SequenceError: The call failed.

        Example:
            >>> graph = seq.buy("ETH-USD", "0.25", limit_price=1000)
            >>> status = seq.graph_status(graph.graph_id)
            >>> status.nodes["order"].target_qty
            Decimal('0.25000000')
        """
        return self._call(_graphs.graph_status(graph_id), timeout)

    def graph_cancel(self, graph_id: str, *, timeout: float | None = None) -> None:
        """Cancel every active node of a graph. What is filled stays filled: this is a stop, not a rollback.

        Args:
            graph_id: The id that the submit answered with.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Raises:
            NotFoundError: There is no such graph.
            OutcomeUnknownError: The answer was lost; ``graph_status`` tells whether it took effect.

        Example:
            >>> graph = seq.buy("ETH-USD", "0.25", limit_price=1000)
            >>> seq.graph_cancel(graph.graph_id)
        """
        self._call(_graphs.graph_cancel(graph_id), timeout)

    def graph_resume(self, graph_id: str, *, timeout: float | None = None) -> None:
        """Resume a paused graph. Nodes that wait look at their triggers again.

        Args:
            graph_id: The id that the submit answered with.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Raises:
            NotFoundError: There is no such graph.
            ConflictError: The graph is not paused.
            OutcomeUnknownError: The answer was lost; ``graph_status`` tells whether it took effect.
            SequenceError: The call failed.

        Example:
            >>> from sequence_markets import ConflictError
            >>> graph = seq.buy("ETH-USD", "0.25", limit_price=1000)
            >>> try:
            ...     seq.graph_resume(graph.graph_id)
            ... except ConflictError as error:
            ...     refused = error
            >>> refused.status
            409
        """
        self._call(_graphs.graph_resume(graph_id), timeout)

    def wait(
        self, graph_id: str, until: GraphState | Iterable[GraphState] | None = None, *, timeout: float | None = None
    ) -> GraphStatus:
        """Read the state of a graph again and again until it is the awaited one.

        Args:
            graph_id: The id that the submit answered with.
            until: A state or several, such as ``"completed"``; any state that a graph does not leave when omitted.
            timeout: Seconds to wait at most, by the clock on the wall; the client's when omitted.

        Returns:
            The status in which the state was reached.

        Raises:
            GraphWaitError: The time is over, or the graph has come to an end in another state; ``last_status`` is the
                last one that was read.
            NotFoundError: There is no such graph.
            SequenceError: The status could not be read.
            ValueError: ``until`` names no state of a graph.

        Example:
            >>> graph = seq.buy("ETH-USD", "0.25")
            >>> (seq.wait(graph.graph_id)).status
            'completed'
        """
        whole = self._settings.timeout if timeout is None else checks.seconds(timeout)
        operation = _graphs.graph_status(graph_id, "wait")
        watch = Watch(graph_id, until, now=monotonic(), timeout=whole)
        while True:
            try:
                status = self._call(operation, watch.left(monotonic()))
            except SequenceError as error:
                watch.failed(error)
            else:
                if watch.reached(status):
                    return status
            sleep(watch.pause(monotonic()))


class Batch:
    """Orders and cancels on one venue, sent one after the other when the batch is ended.

    Queue with the methods, which return the batch itself; then call ``end()``, or use it as a context manager, which
    ends it on leaving. Left with an exception it sends nothing. A batch is sent once at most: ending it again gives
    the same result.

    Example:
        >>> batch = seq.batch("kraken").buy_limit("ETH-USD", "0.25", 1000)
        >>> len(batch)
        1
        >>> (batch.end()).responses[0].submitted.status
        'active'
    """

    def __init__(self, call: _Call, venue: str, sandbox: bool, instrument_type: InstrumentType | None) -> None:
        self._call = call
        self._plan = Plan(venue, sandbox, instrument_type)

    def __len__(self) -> int:
        """Return the number of operations that are queued and not sent."""
        return len(self._plan)

    def __bool__(self) -> bool:
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.end()
        else:
            self._plan.give_up()

    def buy(self, symbol: str, qty: Number) -> Self:
        """Queue a market buy of a quantity in human units."""
        self._plan.submit("buy", symbol, qty, None)
        return self

    def sell(self, symbol: str, qty: Number) -> Self:
        """Queue a market sell of a quantity in human units."""
        self._plan.submit("sell", symbol, qty, None)
        return self

    def buy_limit(self, symbol: str, qty: Number, price: Number) -> Self:
        """Queue a limit buy of a quantity at a price, both in human units."""
        self._plan.submit("buy", symbol, qty, price)
        return self

    def sell_limit(self, symbol: str, qty: Number, price: Number) -> Self:
        """Queue a limit sell of a quantity at a price, both in human units."""
        self._plan.submit("sell", symbol, qty, price)
        return self

    def cancel(self, order_id: str) -> Self:
        """Queue a cancel, which does what ``Sequence.cancel`` does with a graph id or an order id."""
        self._plan.cancel(order_id)
        return self

    def emulate(self) -> Self:
        """Do nothing: batches are serial anyway."""
        return self

    def end(self, *, timeout: float | None = None) -> BatchResult:
        """Send the operations, one after the other; one that fails does not stop the others.

        Args:
            timeout: Seconds for each operation, retries included; the client's when omitted.

        Returns:
            One response for each operation. ``errors`` has the exceptions of those that failed.

        Raises:
            ClientUsageError: The batch was left with an exception before.

        Example:
            >>> result = seq.batch("kraken").buy("ETH-USD", "0.25").end()
            >>> result.mode
            'serial'
        """
        for queued in self._plan.flush():
            try:
                answer = self._call(queued.operation, timeout)
            except SequenceError as error:
                self._plan.failed(queued, error)
            else:
                self._plan.done(queued, answer)
        return self._plan.result

    @property
    def result(self) -> BatchResult:
        """What became of the operations; a ``ClientUsageError`` before the batch has been ended."""
        return self._plan.result

    @property
    def responses(self) -> tuple[BatchResponse, ...]:
        """The responses of `result`, in the order of the operations."""
        return self._plan.result.responses

    @property
    def errors(self) -> tuple[SequenceError, ...]:
        """The exceptions of the operations that failed."""
        return self._plan.errors
