"""Level 5: a market, a portfolio, and all orders of an account in figures."""

from __future__ import annotations

from datetime import datetime

from sequence_markets.client.aio.caller import AsyncCaller
from sequence_markets.client.operations import analytics as _analytics
from sequence_markets.client.operations.analytics import Chosen as _Chosen, TcaInterval
from sequence_markets.models import (
    ExecutionAnalytics,
    MarketAnalytics,
    PortfolioAnalytics,
    RouterComparison,
    Tca,
    TcaProvenance,
    TcaReports,
    TcaSeries,
    TcaVenues,
    VenueAnalytics,
)


class AsyncAnalytics(AsyncCaller):
    """The analytics family. These answers are free-form: any field may be ``None``."""

    async def analytics_market(self, symbol: str, *, timeout: float | None = None) -> MarketAnalytics:
        """Read best prices, depth and balance of a market.

        Args:
            symbol: A pair, perp, Kalshi ticker, Polymarket slug, token id or URL.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The figures over all venues, and each venue's top.

        Raises:
            SequenceError: The call failed; 404 for an unknown symbol.
            ValueError: ``symbol`` is empty.

        Example:
            >>> market = await seq.analytics_market("BTC-USD")
            >>> market.total_bid_depth > market.venues[0].bid_depth
            True
        """
        return await self._call(_analytics.market(symbol), timeout)

    async def analytics_portfolio(self, *, timeout: float | None = None) -> PortfolioAnalytics:
        """Read what the account holds besides money, what it earned, and how much of it is in one thing.

        Args:
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            Values, results, fees and concentration, with one row per thing held.

        Raises:
            SequenceError: The call failed.

        Example:
            >>> (await seq.analytics_portfolio()).concentration.largest_symbol is None
            True
        """
        return await self._call(_analytics.portfolio(), timeout)

    async def analytics_execution(self, *, timeout: float | None = None) -> ExecutionAnalytics:
        """Read how the account's orders went: counts and rates, fills, latency, quality.

        Args:
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The four groups.

        Raises:
            SequenceError: The call failed.

        Example:
            >>> graph = await seq.buy("BTC-USD", "0.5")
            >>> (await seq.analytics_execution()).fills.count > 0
            True
        """
        return await self._call(_analytics.execution(), timeout)

    async def analytics_venues(self, *, timeout: float | None = None) -> VenueAnalytics:
        """Read what every venue did with the account's orders.

        Args:
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            Counts, rates, latency, costs and a score per venue that got an order.

        Raises:
            SequenceError: The call failed.

        Example:
            >>> (await seq.analytics_venues()).venues
            ()
        """
        return await self._call(_analytics.venues(), timeout)

    async def analytics_tca(
        self,
        symbol: str | None = None,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        venue: str | None = None,
        routing_version: int | None = None,
        *,
        timeout: float | None = None,
    ) -> Tca:
        """Read what the chosen orders cost.

        Args:
            symbol: Only orders of this symbol.
            since: Only orders that ended then or later; an aware ``datetime`` or ISO-8601 text.
            until: Only orders that ended before then.
            venue: Only orders with a fill there.
            routing_version: Only orders of this router: 1, 2 or 3.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            Means weighted by notional, percentiles, and the newest orders one by one.

        Raises:
            SequenceError: The call failed; 404 for an unknown symbol, 400 for an unknown venue.
            ValueError: An argument that cannot be, or ``since`` is not before ``until``.

        Example:
            >>> graph = await seq.buy("BTC-USD", "0.5")
            >>> (await seq.analytics_tca(since="2026-01-01", venue="kalshi")).order_count
            0
        """
        chosen = _Chosen(symbol, since, until, venue, routing_version)
        return await self._call(_analytics.tca(chosen), timeout)

    async def analytics_tca_report(
        self,
        symbol: str | None = None,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        venue: str | None = None,
        routing_version: int | None = None,
        *,
        limit: int = 50,
        offset: int = 0,
        timeout: float | None = None,
    ) -> TcaReports:
        """Read the cost reports of the chosen orders page by page, newest first.

        Args:
            symbol: Only orders of this symbol.
            since: Only orders that ended then or later; an aware ``datetime`` or ISO-8601 text.
            until: Only orders that ended before then.
            venue: Only orders with a fill there.
            routing_version: Only orders of this router: 1, 2 or 3.
            limit: Most rows, 1 to 500.
            offset: Rows to pass over.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            A page of reports; iterating gives its rows.

        Raises:
            SequenceError: The call failed; 404 for an unknown symbol, 400 for an unknown venue.
            ValueError: An argument that cannot be, or ``since`` is not before ``until``.

        Example:
            >>> graph = await seq.buy("BTC-USD", "0.5")
            >>> page = await seq.analytics_tca_report("BTC-USD", limit=1)
            >>> page.total, page.has_more
            (1, False)
        """
        chosen = _Chosen(symbol, since, until, venue, routing_version)
        return await self._call(_analytics.tca_report(chosen, limit, offset), timeout)

    async def analytics_tca_timeseries(
        self,
        symbol: str | None = None,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        venue: str | None = None,
        routing_version: int | None = None,
        *,
        interval: TcaInterval = "1h",
        timeout: float | None = None,
    ) -> TcaSeries:
        """Read what the chosen orders cost over time.

        Args:
            symbol: Only orders of this symbol.
            since: Only orders that ended then or later; an aware ``datetime`` or ISO-8601 text.
            until: Only orders that ended before then.
            venue: Only orders with a fill there.
            routing_version: Only orders of this router: 1, 2 or 3.
            interval: ``"1m"``, ``"5m"``, ``"15m"``, ``"1h"``, ``"4h"`` or ``"1d"``.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            One point per interval in which an order ended.

        Raises:
            SequenceError: The call failed; 404 for an unknown symbol, 400 for an unknown venue.
            ValueError: An argument that cannot be, or ``since`` is not before ``until``.

        Example:
            >>> (await seq.analytics_tca_timeseries(interval="5m")).points
            ()
        """
        chosen = _Chosen(symbol, since, until, venue, routing_version)
        return await self._call(_analytics.tca_timeseries(chosen, interval), timeout)

    async def analytics_tca_venues(
        self,
        symbol: str | None = None,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        venue: str | None = None,
        routing_version: int | None = None,
        *,
        timeout: float | None = None,
    ) -> TcaVenues:
        """Read what the chosen orders cost per venue.

        Args:
            symbol: Only orders of this symbol.
            since: Only orders that ended then or later; an aware ``datetime`` or ISO-8601 text.
            until: Only orders that ended before then.
            venue: Only orders with a fill there; the rows are still those of all their venues.
            routing_version: Only orders of this router: 1, 2 or 3.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            One row per venue, the largest notional first.

        Raises:
            SequenceError: The call failed; 404 for an unknown symbol, 400 for an unknown venue.
            ValueError: An argument that cannot be, or ``since`` is not before ``until``.

        Example:
            >>> graph = await seq.buy("ETH-USD", 2, venue="kraken")
            >>> [row.venue for row in (await seq.analytics_tca_venues()).venues]
            ['kraken']
        """
        chosen = _Chosen(symbol, since, until, venue, routing_version)
        return await self._call(_analytics.tca_venues(chosen), timeout)

    async def analytics_tca_quality(
        self,
        symbol: str | None = None,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        venue: str | None = None,
        routing_version: int | None = None,
        *,
        timeout: float | None = None,
    ) -> TcaProvenance:
        """Read how well the chosen orders could be measured, and from what.

        Args:
            symbol: Only orders of this symbol.
            since: Only orders that ended then or later; an aware ``datetime`` or ISO-8601 text.
            until: Only orders that ended before then.
            venue: Only orders with a fill there.
            routing_version: Only orders of this router: 1, 2 or 3.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            Counts by quality, by kind of arrival price and by kind of benchmark.

        Raises:
            SequenceError: The call failed; 404 for an unknown symbol, 400 for an unknown venue.
            ValueError: An argument that cannot be, or ``since`` is not before ``until``.

        Example:
            >>> (await seq.analytics_tca_quality(symbol="BTC-USD")).order_count
            0
        """
        chosen = _Chosen(symbol, since, until, venue, routing_version)
        return await self._call(_analytics.tca_quality(chosen), timeout)

    async def analytics_ab_report(self, *, timeout: float | None = None) -> RouterComparison:
        """Read how the routing versions compare.

        Args:
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            One row per version that routed an order, and what follows.

        Raises:
            SequenceError: The call failed.

        Example:
            >>> graph = await seq.buy("BTC-USD", "0.5")
            >>> [row.routing_version for row in (await seq.analytics_ab_report()).versions]
            [1]
        """
        return await self._call(_analytics.ab_report(), timeout)
