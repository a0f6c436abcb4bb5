"""Level 1: quotes, positions and the account."""

from __future__ import annotations

from collections.abc import Iterable

from typing_extensions import deprecated

from sequence_markets.client.aio.caller import AsyncCaller
from sequence_markets.client.operations import (
    account as _account,
    market as _market,
    portfolio as _portfolio,
)
from sequence_markets.client.operations.portfolio import PositionKind
from sequence_markets.graphs.words import InstrumentType
from sequence_markets.models import (
    Account,
    Edges,
    Positions,
    Quote,
    QuoteBatch,
    RiskLimits,
    Rows,
    SequenceModel,
    Symbol,
)


class AsyncSee(AsyncCaller):
    """What the market shows and what the account holds."""

    async def quote(self, symbol: str, depth: int = 10, nowait: bool = False, *, timeout: float | None = None) -> Quote:
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
            >>> quote = await seq.quote("BTC-USD", depth=5)
            >>> quote.nbbo.bid == quote["nbbo"]["bid"]
            True
        """
        return await self._call(_market.quote(symbol, depth, nowait), timeout)

    async def quotes(self, symbols: Iterable[str], *, timeout: float | None = None) -> Rows[Quote]:
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
            >>> sorted(quote.symbol for quote in await seq.quotes(["ETH-USD", "BTC-USD"]))
            ['BTC-USD', 'ETH-USD']
        """
        operation = _market.quotes(symbols)
        return Rows() if operation is None else await self._call(operation, timeout)

    async def quotes_batch(
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
            >>> batch = await seq.quotes_batch(["BTC-USD", "no such symbol"])
            >>> ["error" in entry for entry in batch.quotes]
            [False, True]
        """
        return await self._call(_market.quotes_batch(symbols, depth, nowait, concurrency, instrument_type), timeout)

    async def symbols(self, *, timeout: float | None = None) -> Rows[Symbol]:
        """List every tradable instrument.

        Args:
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            One row per instrument, with the venues that list it.

        Raises:
            SequenceError: The call failed.

        Example:
            >>> any(row.symbol == "BTC-USD" for row in await seq.symbols())
            True
        """
        return await self._call(_market.symbols(), timeout)

    async def positions_unified(
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
            >>> held = await seq.positions_unified(kinds=["fiat", "crypto"])
            >>> held.totals.num_positions == len(held.positions)
            True
        """
        return await self._call(_portfolio.positions_unified(venues, kinds, include_closed), timeout)

    @deprecated("balances() reads an endpoint that is gone; use positions_unified(kinds=['fiat', 'crypto'])")
    async def balances(self, *, timeout: float | None = None) -> SequenceModel:
        """Read the removed balances endpoint; current servers answer 404. Use ``positions_unified``.

        Args:
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Raises:
            NotFoundError: The endpoint is gone.

        Example:
            >>> held = await seq.positions_unified(kinds=["fiat", "crypto"])  # in its place
            >>> {position.instrument.kind for position in held.positions} <= {"fiat", "crypto"}
            True
        """
        return await self._call(_portfolio.removed("balances"), timeout)

    @deprecated("positions() reads an endpoint that is gone; use positions_unified()")
    async def positions(self, *, timeout: float | None = None) -> Positions:
        """Read the path of the removed positions list. Use ``positions_unified``.

        Args:
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The unified positions, from servers that serve them at this path too.

        Raises:
            NotFoundError: The server does not serve this path.

        Example:
            >>> held = await seq.positions_unified()  # in its place
            >>> held.totals.num_positions == len(held.positions)
            True
        """
        return await self._call(_portfolio.positions(), timeout)

    @deprecated("perp_positions() reads an endpoint that is gone; use positions_unified(kinds=['perp'])")
    async def perp_positions(self, *, timeout: float | None = None) -> SequenceModel:
        """Read the removed perp positions endpoint; current servers answer 404. Use ``positions_unified``.

        Args:
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Raises:
            NotFoundError: The endpoint is gone.

        Example:
            >>> (await seq.positions_unified(kinds=["perp"])).positions  # in its place
            ()
        """
        return await self._call(_portfolio.removed("perp_positions"), timeout)

    @deprecated("portfolio() reads an endpoint that is gone; use positions_unified().totals")
    async def portfolio(self, *, timeout: float | None = None) -> SequenceModel:
        """Read the removed portfolio endpoint; current servers answer 404. Use ``positions_unified``.

        Args:
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Raises:
            NotFoundError: The endpoint is gone.

        Example:
            >>> (await seq.positions_unified()).totals.nav_usd > 0  # in its place
            True
        """
        return await self._call(_portfolio.removed("portfolio"), timeout)

    async def account(self, *, timeout: float | None = None) -> Account:
        """Read the profile behind the key: tier, rate-limit budget, feature flags.

        Args:
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The documented fields; whatever else the service sends is in ``raw``.

        Raises:
            SequenceError: The call failed.

        Example:
            >>> account = await seq.account()
            >>> account.client_id == account.get("client_id")
            True
        """
        return await self._call(_account.account(), timeout)

    async def risk_limits(self, *, timeout: float | None = None) -> RiskLimits:
        """Read the risk limits of the profile.

        Args:
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The limits in dollars, and whether the kill switch is engaged.

        Raises:
            SequenceError: The call failed.

        Example:
            >>> (await seq.risk_limits()).kill_switch_active
            False
        """
        return await self._call(_account.risk_limits(), timeout)

    async def edges(self, *, timeout: float | None = None) -> Edges:
        """Read the venue edges with their heartbeat state.

        Args:
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            One row per edge.

        Raises:
            SequenceError: The call failed.

        Example:
            >>> all(edge.status == "connected" for edge in (await seq.edges()).edges)
            True
        """
        return await self._call(_account.edges(), timeout)
