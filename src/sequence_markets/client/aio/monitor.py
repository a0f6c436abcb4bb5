"""Level 5: what an order would cost, how it is going, how it went, and what its market looks like."""

from __future__ import annotations

from collections.abc import Iterable

from sequence_markets.client.aio.caller import AsyncCaller
from sequence_markets.client.operations import monitor as _monitor
from sequence_markets.graphs.words import Side, Urgency
from sequence_markets.models import (
    Depth,
    ExecutionLive,
    ExecutionReview,
    ExecutionSummary,
    FairPrices,
    Forecast,
    Intel,
    Routing,
    Simulation,
    SlippageCurve,
    Tca,
    Trace,
)
from sequence_markets.units import Number


class AsyncMonitor(AsyncCaller):
    """Costs before, during and after the trade. These answers are free-form: any field may be ``None``."""

    async def tca(self, symbol: str | None = None, *, timeout: float | None = None) -> Tca:
        """Read what orders cost, over the whole desk or for one symbol.

        Args:
            symbol: Only orders of this symbol.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            Means weighted by notional, positive when they hurt, percentiles, and the newest orders one by one. Spread
            cost, market impact and fees add up to the implementation shortfall.

        Raises:
            SequenceError: The call failed; 404 for an unknown symbol.
            ValueError: ``symbol`` is empty.

        Example:
            >>> graph = await seq.buy("BTC-USD", "0.5")
            >>> tca = await seq.tca("BTC-USD")
            >>> tca.order_count, tca.implementation_shortfall_bps > tca.fee_cost_bps > 0
            (1, True)
        """
        return await self._call(_monitor.tca(symbol), timeout)

    async def intel(self, symbol: str, *, timeout: float | None = None) -> Intel:
        """Read how a market is made up: volume, spread and quotes per venue, spread regime, and toxicity.

        Args:
            symbol: A pair, perp, Kalshi ticker, Polymarket slug, token id or URL.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            One row per venue, and the figures of the whole market.

        Raises:
            SequenceError: The call failed; 404 for an unknown symbol.
            ValueError: ``symbol`` is empty.

        Example:
            >>> intel = await seq.intel("ETH-USD")
            >>> intel.spread_regime in ("tight", "normal", "wide")
            True
        """
        return await self._call(_monitor.intel(symbol), timeout)

    async def slippage(
        self,
        symbol: str,
        side: Side = "buy",
        *,
        sizes: Iterable[Number] | None = None,
        timeout: float | None = None,
    ) -> SlippageCurve:
        """Read what market orders of 1,000, 10,000, 100,000 and 1,000,000 dollars would pay now, each by itself.

        Args:
            symbol: A pair, perp, Kalshi ticker, Polymarket slug, token id or URL.
            side: ``"buy"`` or ``"sell"``.
            sizes: Other sizes in dollars, at most 20.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            One point per size: slippage against the middle, fees, and how much of it the books hold.

        Raises:
            SequenceError: The call failed; 404 for an unknown symbol.
            ValueError: An argument that cannot be.

        Example:
            >>> curve = await seq.slippage("BTC-USD", sizes=[5_000_000])
            >>> curve.curve[0].slippage_bps > 0
            True
        """
        return await self._call(_monitor.slippage(symbol, side, sizes), timeout)

    async def routing(
        self, symbol: str, side: Side = "buy", qty: Number = 1.0, *, timeout: float | None = None
    ) -> Routing:
        """Read how the router would split a market order now.

        Args:
            symbol: A pair, perp, Kalshi ticker, Polymarket slug, token id or URL.
            side: ``"buy"`` or ``"sell"``.
            qty: Quantity in coins or contracts.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            One leg per venue. An order that follows on unchanged books is filled so, to the last unit.

        Raises:
            SequenceError: The call failed; 404 for an unknown symbol.
            ValueError: An argument that cannot be.

        Example:
            >>> routing = await seq.routing("ETH-USD", "buy", 2)
            >>> routing.filled_qty, routing.shortfall
            (Decimal('2.00000000'), None)
        """
        return await self._call(_monitor.routing(symbol, side, qty), timeout)

    async def depth(self, symbol: str, *, timeout: float | None = None) -> Depth:
        """Read every displayed level of every venue, each side sorted.

        Args:
            symbol: A pair, perp, Kalshi ticker, Polymarket slug, token id or URL.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            Bids and asks, best first, each with its venue.

        Raises:
            SequenceError: The call failed; 404 for an unknown symbol.
            ValueError: ``symbol`` is empty.

        Example:
            >>> depth = await seq.depth("ETH-USD")
            >>> len(depth.bids) > 10
            True
        """
        return await self._call(_monitor.depth(symbol), timeout)

    async def forecast(self, symbol: str, side: Side, qty: Number, *, timeout: float | None = None) -> Forecast:
        """Read what an order is likely to cost, how much worse it may be, and what patience or another venue would
        change. Nothing is submitted.

        Args:
            symbol: A pair, perp, Kalshi ticker, Polymarket slug, token id or URL.
            side: ``"buy"`` or ``"sell"``.
            qty: Quantity in coins or contracts.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            Expected cost, downside, horizon and venue mix, with the curves behind them.

        Raises:
            SequenceError: The call failed; 404 for an unknown symbol.
            ValueError: An argument that cannot be.

        Example:
            >>> forecast = await seq.forecast("ETH-USD", "buy", 2)
            >>> forecast.expected_slippage_bps + forecast.expected_fee_bps - forecast.expected_cost_bps < 1e-9
            True
        """
        return await self._call(_monitor.forecast(symbol, side, qty), timeout)

    async def simulate(
        self, symbol: str, side: Side, qty: Number, urgency: Urgency | None = None, *, timeout: float | None = None
    ) -> Simulation:
        """Read what different ways of working an order would come to: taking now, resting, and slicing it over time.

        Args:
            symbol: A pair, perp, Kalshi ticker, Polymarket slug, token id or URL.
            side: ``"buy"`` or ``"sell"``.
            qty: Quantity in coins or contracts.
            urgency: ``"low"``, ``"medium"`` or ``"high"``: how quickly it is sliced, and what is recommended.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            One scenario per way, with its cost, how much of it is filled, and how long that takes.

        Raises:
            SequenceError: The call failed; 404 for an unknown symbol.
            ValueError: An argument that cannot be.

        Example:
            >>> simulation = await seq.simulate("ETH-USD", "buy", 2, urgency="high")
            >>> simulation.recommended
            'aggressive'
        """
        return await self._call(_monitor.simulate(symbol, side, qty, urgency), timeout)

    async def execution_live(self, node_order_id: str, *, timeout: float | None = None) -> ExecutionLive:
        """Read how an order is going.

        Args:
            node_order_id: ``graph:<graph_id>:<node_id>:<seq>``.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            What is filled at what price against its arrival, and where the rest waits.

        Raises:
            SequenceError: The call failed; 404 for an order the account does not have.
            ValueError: ``node_order_id`` is empty.

        Example:
            >>> graph = await seq.buy("BTC-USD", "0.5", graph_id="g1")
            >>> (await seq.execution_live("graph:g1:order:1")).fill_pct
            100.0
        """
        return await self._call(_monitor.execution_live(node_order_id), timeout)

    async def execution_review(self, node_order_id: str, *, timeout: float | None = None) -> ExecutionReview:
        """Read how an order went: arrival price, average price, fills per venue and, once it is over, what it cost.

        Args:
            node_order_id: ``graph:<graph_id>:<node_id>:<seq>``.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The order's state, its fills per venue, and its cost report.

        Raises:
            SequenceError: The call failed; 404 for an order the account does not have.
            ValueError: ``node_order_id`` is empty.

        Example:
            >>> graph = await seq.buy("BTC-USD", "0.5", graph_id="g1")
            >>> review = await seq.execution_review("graph:g1:order:1")
            >>> review.vwap > review.arrival_price, review.quality
            (True, 'full')
        """
        return await self._call(_monitor.execution_review(node_order_id), timeout)

    async def execution_summary(self, *, timeout: float | None = None) -> ExecutionSummary:
        """Read the desk's last 24 hours: notional, hit rate, mean slippage, top symbols.

        Args:
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The figures; those of nothing are ``None`` or zero.

        Raises:
            SequenceError: The call failed.

        Example:
            >>> (await seq.execution_summary()).order_count
            0
        """
        return await self._call(_monitor.execution_summary(), timeout)

    async def trace(self, node_order_id: str, *, limit: int = 100, timeout: float | None = None) -> Trace:
        """Read the life of an order in nanoseconds: router admission, dispatch, acknowledgement, fills, end.

        Args:
            node_order_id: ``graph:<graph_id>:<node_id>:<seq>``.
            limit: Most events, 1 to 1,000; the end of an order is always among them.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The events, oldest first; none for an order the account does not have.

        Raises:
            SequenceError: The call failed.
            ValueError: ``node_order_id`` is empty, or ``limit`` out of bounds.

        Example:
            >>> (await seq.trace("graph:nobody:order:1")).events
            ()
        """
        return await self._call(_monitor.trace(node_order_id, limit), timeout)

    async def fair_price(self, underlying: str | None = None, *, timeout: float | None = None) -> FairPrices:
        """Read the fair price of underlyings: the middle between buying and selling in size over all venues.

        Args:
            underlying: Only this asset, for example ``"ETH"``.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            One row per underlying; none for an unknown one.

        Raises:
            SequenceError: The call failed.
            ValueError: ``underlying`` is empty.

        Example:
            >>> [row.underlying for row in (await seq.fair_price("BTC")).prices]
            ['BTC']
        """
        return await self._call(_monitor.fair_price(underlying), timeout)
