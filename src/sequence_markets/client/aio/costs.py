"""Level 1: what trading costs, before the trade."""

from __future__ import annotations

from collections.abc import Iterable

from sequence_markets.client.aio.caller import AsyncCaller
from sequence_markets.client.operations import costs as _costs
from sequence_markets.client.operations.costs import PreviewType
from sequence_markets.graphs.words import Side
from sequence_markets.models import Fees, Preview
from sequence_markets.units import Number


class AsyncCosts(AsyncCaller):
    """Fees per venue, and the expected cost of an order."""

    async def fees(self, ticker: str, venues: Iterable[str] | None = None, *, timeout: float | None = None) -> Fees:
        """Read the maker and taker fees of a ticker per venue. Fetch them once and evaluate them for every fill with
        ``fee.taker_fee_usd(price, qty)``, which computes the exact fee locally.

        Args:
            ticker: A pair, perp, Kalshi ticker, Polymarket slug or token id.
            venues: Only these venues; those that trade the ticker when omitted.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            One row per venue. A null ``maker_bps`` or ``taker_bps`` means "do not route here", not "free".

        Raises:
            SequenceError: The call failed; 404 for an unknown ticker, 400 for an unknown venue.
            TypeError: ``venues`` is a single ``str``.
            ValueError: ``ticker`` or ``venues`` is empty.

        Example:
            >>> fees = await seq.fees("KXRAIN-26NOV27-OSL:YES", venues=["kalshi", "polymarket"])
            >>> [(fee.venue, fee.taker_bps) for fee in fees.fees]
            [('kalshi', 350), ('polymarket', None)]
            >>> fees.at("kalshi").taker_fee_usd("0.40", 10)
            Decimal('0.170000000')
        """
        return await self._call(_costs.fees(ticker, venues), timeout)

    async def preview(
        self,
        symbol: str,
        side: Side,
        qty: Number,
        order_type: PreviewType = "market",
        *,
        timeout: float | None = None,
    ) -> Preview:
        """Ask what an order would cost now. Nothing is submitted.

        Args:
            symbol: A pair, perp, Kalshi ticker, Polymarket slug, token id or URL.
            side: ``"buy"`` or ``"sell"``.
            qty: Quantity in coins or contracts: a number of at most eight decimals and about fifteen digits.
            order_type: ``"market"`` for an order that takes what is displayed, ``"limit"`` for one that rests at the
                near touch and is filled there.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            Fees and slippage in basis points, the venues looked at, and the best bid and offer. What is not known,
            on a book with one side only for example, is null.

        Raises:
            SequenceError: The call failed.
            ValueError: A word is unknown, or ``qty`` does not fit the wire exactly. The message names the nearest one
                that does.

        Example:
            >>> preview = await seq.preview("BTC-USD", "buy", "0.5")
            >>> preview.estimated_slippage_bps > 0, preview.worst_case_fee_bps >= preview.estimated_fee_bps
            (True, True)
        """
        return await self._call(_costs.preview(symbol, side, qty, order_type), timeout)
