"""Level 1: price histories."""

from __future__ import annotations

from datetime import datetime

from sequence_markets.client.aio.caller import AsyncCaller
from sequence_markets.client.operations import history as _history
from sequence_markets.client.operations.history import HistoryRange
from sequence_markets.models import PriceHistory


class AsyncHistory(AsyncCaller):
    """Prices over time."""

    async def price_history(
        self,
        symbol: str,
        range: HistoryRange = "1d",
        fidelity_secs: int = 60,
        *,
        venue: str | None = None,
        limit: int | None = None,
        paginate: bool = False,
        start_ts: int | datetime | None = None,
        end_ts: int | datetime | None = None,
        underlying: bool = False,
        timeout: float | None = None,
    ) -> PriceHistory:
        """Read the prices of a symbol over time: bars, or single trades with ``fidelity_secs=0``.

        Args:
            symbol: A pair, perp, Kalshi ticker, Polymarket slug with or without ``:yes`` or ``:no``, or token id;
                closed and resolved markets too.
            range: How far back: ``"1h"`` to ``"5y"``, or ``"max"``. Ignored for trades, and when ``start_ts`` and
                ``end_ts`` are given.
            fidelity_secs: Length of a bar in seconds; 0 for trades.
            venue: Whose prices; needed for spot pairs and perps more than 24 hours back, ignored otherwise.
            limit: How many trades, the newest; 100 when omitted. At most 500 of the live tape, 50,000 of a prediction
                market or of a venue's past.
            paginate: Polymarket only: walk further back than one call of the venue reaches, up to 200,000 points.
            start_ts: Start of the window, seconds since the epoch or an aware ``datetime``; only with ``end_ts``.
            end_ts: End of the window, likewise.
            underlying: Also the curve of the asset that decides an up/down market.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The points, oldest first, the window, and who served them in ``source``.

        Raises:
            SequenceError: The call failed; 404 for an unknown symbol, 400 where ``venue`` is needed.
            ValueError: The arguments contradict each other, or a word is unknown.

        Example:
            >>> day = await seq.price_history("BTC-USD", "1d", 3600)
            >>> day.source, len(day.points), day.points[0].qty
            ('tape', 24, None)
            >>> trades = await seq.price_history("BTC-USD", fidelity_secs=0, limit=5)
            >>> [point.side in ("buy", "sell") for point in trades.points]
            [True, True, True, True, True]
        """
        return await self._call(
            _history.price_history(
                symbol,
                range,
                fidelity_secs,
                venue=venue,
                limit=limit,
                paginate=paginate,
                start_ts=start_ts,
                end_ts=end_ts,
                underlying=underlying,
            ),
            timeout,
        )
