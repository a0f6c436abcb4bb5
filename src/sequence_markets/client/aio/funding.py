"""Level 1: the funding of perps."""

from __future__ import annotations

from datetime import datetime

from sequence_markets.client.aio.caller import AsyncCaller
from sequence_markets.client.operations import funding as _funding
from sequence_markets.client.operations.funding import FundingRange, FundingVenue
from sequence_markets.models import FundingHistory, FundingRate, FundingRates


class AsyncFunding(AsyncCaller):
    """What holding a perp costs or earns."""

    async def funding_rates(
        self, venue: str | None = None, symbol: str | None = None, *, timeout: float | None = None
    ) -> FundingRates:
        """Read how perps are funded now, in basis points per hour, so that venues of different cadence compare.

        Args:
            venue: Only this venue.
            symbol: Only this perp, by any of its names (``BTC-USD-PERP``, ``BTC-PERP``, ``BTC-USDT``).
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            One row per venue and perp; none for a perp nobody lists or a venue without perps.

        Raises:
            SequenceError: The call failed; 400 for an unknown venue.
            ValueError: A filter is empty.

        Example:
            >>> rates = await seq.funding_rates(venue="hyperliquid", symbol="ETH-USD-PERP")
            >>> [(rate.venue, rate.symbol) for rate in rates.rates]
            [('hyperliquid', 'ETH-USD-PERP')]
        """
        return await self._call(_funding.funding_rates(venue, symbol), timeout)

    async def funding_rate(self, venue: str, symbol: str, *, timeout: float | None = None) -> FundingRate | None:
        """Read how one perp is funded on one venue now.

        Args:
            venue: Venue id.
            symbol: Any name of the perp.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The rate, or ``None`` when it is not tracked: the symbol is unknown, or the venue does not list the perp.

        Raises:
            SequenceError: The call failed; 400 for an unknown venue.
            ValueError: ``venue`` or ``symbol`` is empty.

        Example:
            >>> rate = await seq.funding_rate("binance", "BTC-USDT")
            >>> rate.symbol, rate.rate_per_hour == rate.rate_per_year / 8760
            ('BTC-USD-PERP', True)
            >>> await seq.funding_rate("kraken", "BTC-USDT") is None
            True
        """
        found = await self._call(_funding.funding_rate(venue, symbol), timeout)
        return found.rates[0] if found.rates else None

    async def funding_history(
        self,
        symbol: str,
        venue: FundingVenue,
        range: FundingRange = "1m",
        start_ts: int | datetime | None = None,
        end_ts: int | datetime | None = None,
        *,
        timeout: float | None = None,
    ) -> FundingHistory:
        """Read the funding a perp was settled at on one venue.

        Args:
            symbol: Any name of the perp.
            venue: ``"binance"``, ``"bybit"``, ``"okx"`` or ``"hyperliquid"``.
            range: How far to reach back: ``"1d"``, ``"1w"``, ``"1m"``, ``"3m"``, ``"6m"``, ``"1y"``, ``"2y"``, ``"5y"``
                or ``"max"``. Ignored when both ends are given.
            start_ts: Start of an explicit window, seconds since the epoch or an aware ``datetime``.
            end_ts: Its end.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            One point per settlement, oldest first.

        Raises:
            SequenceError: The call failed; 404 for an unknown perp.
            ValueError: A venue without funding, an unknown range, or a window with one end or its ends the wrong way
                round.

        Example:
            >>> history = await seq.funding_history("BTC-USDT", "binance", "1w")
            >>> history.count, history.total_rate == sum(point.rate for point in history.points)
            (21, True)
        """
        return await self._call(_funding.funding_history(symbol, venue, range, start_ts, end_ts), timeout)
