"""Level 2: orders, fills and what stops them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from time import monotonic

from sequence_markets.client import checks
from sequence_markets.client.aio.batch import AsyncBatch
from sequence_markets.client.aio.caller import AsyncCaller
from sequence_markets.client.operations import (
    amending as _amending,
    graphs as _graphs,
    orders as _orders,
    portfolio as _portfolio,
    risk as _risk,
)
from sequence_markets.client.paging import Walk
from sequence_markets.graphs.words import InstrumentType, Policy, TimeInForce, Urgency
from sequence_markets.models import (
    Amendment,
    Fill,
    FillPage,
    KillSwitch,
    Order,
    OrderPage,
    Redemption,
    Submission,
    VenueCancel,
)
from sequence_markets.units import Number

_LEAST_TIME = 0.001


class AsyncTrade(AsyncCaller):
    """Orders, fills, and the switches that stop trading."""

    async def buy(
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
            >>> graph = await seq.buy("ETH-USD", "0.25", limit_price=1000, tif="GTC")
            >>> graph.node_count, graph.edge_count
            (1, 0)
        """
        return await self._call(
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

    async def sell(
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
            >>> graph = await seq.sell("ETH-USD", "0.25", limit_price=9000, tif="GTC")
            >>> graph.node_count, graph.edge_count
            (1, 0)
        """
        return await self._call(
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

    async def order(self, node_order_id: str, *, timeout: float | None = None) -> Order:
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
            >>> graph = await seq.buy("ETH-USD", "0.25", limit_price=1000)
            >>> order = await seq.order(f"graph:{graph.graph_id}:order:1")
            >>> order.side
            'BUY'
        """
        return await self._call(_orders.order(node_order_id), timeout)

    async def orders(
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
            >>> graph = await seq.buy("ETH-USD", "0.25", limit_price=1000)
            >>> [order.symbol for order in await seq.orders(limit=1)]
            ['ETH-USD']
        """
        return await self._call(_orders.orders(limit, offset, symbol), timeout)

    def iter_orders(
        self, symbol: str | None = None, *, page_size: int = 100, timeout: float | None = None
    ) -> AsyncIterator[Order]:
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
            >>> graph = await seq.buy("ETH-USD", "0.25", limit_price=1000)
            >>> [order.symbol async for order in seq.iter_orders("ETH-USD")]
            ['ETH-USD']
        """
        _orders.orders(page_size, 0, symbol)  # Wrong arguments fail here rather than at the first row.
        return self._walk_orders(symbol, page_size, timeout)

    async def _walk_orders(self, symbol: str | None, page_size: int, timeout: float | None) -> AsyncIterator[Order]:
        walk: Walk[Order] = Walk("iter_orders", lambda order: order.node_order_id)
        while not walk.done:
            page = await self._call(_orders.orders(page_size, walk.offset, symbol), timeout)
            for order in walk.take(page, page.orders):
                yield order

    async def cancel(self, graph_or_order_id: str, *, timeout: float | None = None) -> None:
        """Cancel every active node of a graph. What is filled stays filled.

        Args:
            graph_or_order_id: A graph id, or the id of any of its orders, ``graph:<graph_id>:<node_id>:<seq>``.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Raises:
            NotFoundError: There is no such graph.
            OutcomeUnknownError: The answer was lost; ``graph_status`` tells whether it took effect.
            ValueError: The id is malformed.

        Example:
            >>> graph = await seq.buy("ETH-USD", "0.25", limit_price=1000)
            >>> await seq.cancel(f"graph:{graph.graph_id}:order:1")
        """
        await self._call(_graphs.cancel(graph_or_order_id), timeout)

    async def fills(
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
            >>> all(fill.qty > 0 for fill in await seq.fills(limit=5))
            True
        """
        return await self._call(_orders.fills(limit, offset, symbol), timeout)

    def iter_fills(
        self, symbol: str | None = None, *, page_size: int = 100, timeout: float | None = None
    ) -> AsyncIterator[Fill]:
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
            >>> ids = [fill.fill_id async for fill in seq.iter_fills()]
            >>> len(ids) == len(set(ids))
            True
        """
        _orders.fills(page_size, 0, symbol)  # Wrong arguments fail here rather than at the first row.
        return self._walk_fills(symbol, page_size, timeout)

    async def _walk_fills(self, symbol: str | None, page_size: int, timeout: float | None) -> AsyncIterator[Fill]:
        walk: Walk[Fill] = Walk("iter_fills", lambda fill: fill.fill_id)
        while not walk.done:
            page = await self._call(_orders.fills(page_size, walk.offset, symbol), timeout)
            for fill in walk.take(page, page.fills):
                yield fill

    async def amend(
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
            >>> graph = await seq.buy("ETH-USD", "0.25", limit_price=1000)
            >>> change = await seq.amend(f"graph:{graph.graph_id}:order:1", new_price=1001, new_qty="0.5")
            >>> change.mode
            'cancel_replace'
        """
        return await self._call(_amending.amend(order_id, new_price, new_qty), timeout)

    async def decrease(self, order_id: str, reduce_by: Number, *, timeout: float | None = None) -> Amendment:
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
            >>> graph = await seq.buy("ETH-USD", "0.25", limit_price=1000)
            >>> (await seq.decrease(f"graph:{graph.graph_id}:order:1", "0.05")).mode
            'cancel_replace_shrink'
        """
        whole = self._settings.timeout if timeout is None else checks.seconds(timeout)
        deadline = monotonic() + whole
        _amending.reduction(reduce_by)  # A wrong number fails here rather than after a request.
        order = await self._call(_orders.order(order_id, "decrease"), whole)
        left = max(deadline - monotonic(), _LEAST_TIME)
        return await self._call(_amending.decrease(order, reduce_by), left)

    def batch(self, venue: str, *, sandbox: bool = False, instrument_type: InstrumentType | None = None) -> AsyncBatch:
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
            >>> async with seq.batch("kraken") as b:
            ...     _ = b.buy_limit("ETH-USD", "0.25", 1000).buy_limit("ETH-USD", "0.25", 1010)
            >>> b.result.mode, [response.ok for response in b.responses]
            ('serial', [True, True])
        """
        return AsyncBatch(self._call, venue, sandbox, instrument_type)

    async def redeem(self, slug: str, venue: str, *, timeout: float | None = None) -> Redemption:
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
            >>> (await seq.redeem("KXPGATOUR-ZUCONO26-THVI", "kalshi")).mode
            'auto_settled'
        """
        return await self._call(_portfolio.redeem(slug, venue), timeout)

    async def kill_switch_engage(self, reason: str | None = None, *, timeout: float | None = None) -> KillSwitch:
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
            >>> (await seq.kill_switch_engage("end of day")).engaged
            True
        """
        return await self._call(_risk.kill_switch_engage(reason), timeout)

    async def kill_switch_clear(self, *, timeout: float | None = None) -> KillSwitch:
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
            >>> (await seq.kill_switch_clear()).engaged
            False
        """
        return await self._call(_risk.kill_switch_clear(), timeout)

    async def cancel_all_on_venue(self, venue: str, *, timeout: float | None = None) -> VenueCancel:
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
            >>> graph = await seq.buy("ETH-USD", "0.25", limit_price=1000, venue="kraken")
            >>> (await seq.cancel_all_on_venue("kraken")).cancelled
            1
        """
        return await self._call(_risk.cancel_all_on_venue(venue), timeout)
