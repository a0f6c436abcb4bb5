"""Level 1: prediction markets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from time import monotonic
from typing import Literal, Unpack, overload

from sequence_markets.client import checks
from sequence_markets.client.aio.caller import AsyncCaller
from sequence_markets.client.operation import Operation
from sequence_markets.client.operations import prediction as _prediction
from sequence_markets.client.operations.prediction import MarketFilters, MarketOrder, NewestFilters, SearchFilters
from sequence_markets.client.paging import MarketWalk
from sequence_markets.errors import NotFoundError
from sequence_markets.models import MarketsPage, MarketVenue, PolymarketReward, PredictionMarket, Rows, Settlement

_LEAST_TIME = 0.001


class AsyncPrediction(AsyncCaller):
    """Finding prediction markets, and how they were settled."""

    async def markets(
        self,
        venue: MarketVenue = "polymarket",
        *,
        q: str | None = None,
        slug: str | None = None,
        clob_token_id: str | None = None,
        tag: str | None = None,
        tag_id: int | None = None,
        related_tags: bool = False,
        exclude_tag_id: int | None = None,
        active: bool = True,
        closed: bool = False,
        limit: int = 20,
        offset: int = 0,
        cursor: str | None = None,
        order: MarketOrder = "",
        expand: Literal["outcomes"] | None = None,
        include_parlays: bool = True,
        timeout: float | None = None,
    ) -> MarketsPage:
        """Read one page of prediction markets. The page iterates over its rows; ``iter_markets`` walks all pages.

        ``active`` and ``closed`` together say which: the default lists what trades now; ``closed=True`` everything
        there ever was; ``active=False, closed=True`` what no longer trades; both false do not look at the status.

        Args:
            venue: ``"polymarket"`` or ``"kalshi"``.
            q: Words to find in question, slug, ticker and rules.
            slug: One slug or ticker; nothing is searched then.
            clob_token_id: One Polymarket token id; nothing is searched then.
            tag: Tag slug, such as ``"bitcoin"``; on Kalshi a series ticker.
            tag_id: Id of a tag.
            related_tags: Also markets of tags that are related to ``tag_id`` or ``tag``.
            exclude_tag_id: Id of a tag to leave out.
            active: Only markets that trade now.
            closed: Resolved ones too, or alone where ``active`` is false.
            limit: Rows at most, moved into 1 to 1,000; the server may have a smaller maximum of its own.
            offset: Rows to skip. For deep walks take ``cursor``, or ``iter_markets``.
            cursor: ``next_cursor`` of the page before.
            order: ``"volume"``, ``"volume_week"``, ``"volume_total"``, ``"liquidity"``, ``"end_date"``,
                ``"start_date"``, ``"created"``, ``"competitive"`` or ``"closed_time"``; the catalogue's own order
                when empty.
            expand: ``"outcomes"`` makes a row of each outcome of a Polymarket event that has several.
            include_parlays: Whether Kalshi's combinations of several markets are listed.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The page: ``markets``, and ``has_more`` and ``next_cursor`` where the server sends them.

        Raises:
            SequenceError: The call failed, or the server does not take the cursor.
            TypeError: A filter is unknown or of the wrong type.
            ValueError: An unknown word, ``cursor`` beside ``offset``, ``slug`` beside ``clob_token_id``, or
                ``related_tags`` without a tag to widen.

        Example:
            >>> page = await seq.markets("kalshi", q="bitcoin", limit=5)
            >>> all("bitcoin" in market.question.lower() for market in page)
            True
        """
        operation = _prediction.markets(
            "markets",
            venue=venue,
            q=q,
            slug=slug,
            clob_token_id=clob_token_id,
            tag=tag,
            tag_id=tag_id,
            related_tags=related_tags,
            exclude_tag_id=exclude_tag_id,
            active=active,
            closed=closed,
            limit=limit,
            offset=offset,
            cursor=cursor,
            order=order,
            expand=expand,
            include_parlays=include_parlays,
        )
        return await self._call(operation, timeout)

    def iter_markets(
        self,
        venue: MarketVenue = "polymarket",
        page_size: int = 1000,
        *,
        progress: Callable[[int, int], object] | None = None,
        timeout: float | None = None,
        **filters: Unpack[MarketFilters],
    ) -> AsyncIterator[PredictionMarket]:
        """Walk every market that matches, reading page after page as needed.

        The walk threads the cursors; ``cursor``, ``limit`` and ``offset`` count for nothing here. A market that trades
        all the while comes exactly once, whatever is minted or resolved meanwhile.

        Args:
            venue: ``"polymarket"`` or ``"kalshi"``.
            page_size: Rows per request, moved into 1 to 1,000.
            progress: Called after each page with the pages and the markets read so far.
            timeout: Seconds for each page, retries included; the client's when omitted.
            filters: Those of ``markets``, such as ``q``, ``tag``, ``active``, ``closed``, ``order`` and ``expand``.

        Returns:
            An iterator over the markets.

        Raises:
            PaginationError: A cursor comes that came before: the walk would never end.
            SequenceError: A page could not be read.
            TypeError: A filter is unknown or of the wrong type.
            ValueError: As for ``markets``.

        Example:
            >>> tickers = [market.slug async for market in seq.iter_markets("kalshi", page_size=4)]
            >>> len(tickers) == len(set(tickers)) > 4
            True
        """
        operation = _prediction.walk(venue, page_size, filters)  # Wrong filters fail here, not at the first row.
        return self._walk_markets(operation, progress, timeout)

    async def _walk_markets(
        self,
        operation: Callable[[str | None], Operation[MarketsPage]],
        progress: Callable[[int, int], object] | None,
        timeout: float | None,
    ) -> AsyncIterator[PredictionMarket]:
        walk = MarketWalk("iter_markets")
        while not walk.done:
            found = walk.take(await self._call(operation(walk.cursor), timeout))
            if progress is not None:
                progress(walk.pages, walk.rows)
            for market in found:
                yield market

    async def market(
        self, slug: str, venue: MarketVenue = "polymarket", *, timeout: float | None = None
    ) -> PredictionMarket | None:
        """Look one market up, whether it still trades or not.

        Args:
            slug: Slug, token id, Kalshi ticker or address, with or without an outcome (``:yes``, ``:NO``).
            venue: The venue of a slug; the other names tell theirs themselves.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The market, or ``None`` when the venue does not know it. Resolved ones take a second request.

        Raises:
            SequenceError: The call failed.
            ValueError: ``slug`` is empty.

        Example:
            >>> market = await seq.market("KXRAIN-26NOV27-OSL:YES", venue="kalshi")
            >>> market.question
            'Rain in Oslo on the day?'
            >>> await seq.market("no-such-market") is None
            True
        """
        whole = self._settings.timeout if timeout is None else checks.seconds(timeout)
        deadline = monotonic() + whole
        for operation in _prediction.lookups(slug, venue):
            try:
                found = await self._call(operation, max(deadline - monotonic(), _LEAST_TIME))
            except NotFoundError:
                continue
            if found is not None:
                return found
        return None

    async def search_markets(
        self, query: str, limit: int = 20, *, timeout: float | None = None, **kwargs: Unpack[SearchFilters]
    ) -> MarketsPage:
        """Search one venue's markets for words. The same as ``markets(q=query, limit=limit, ...)``.

        Args:
            query: Words to find in question, slug, ticker and rules; all of them must be there.
            limit: Rows at most, moved into 1 to 1,000.
            timeout: Seconds for the whole call, retries included; the client's when omitted.
            kwargs: The other filters of ``markets``, ``venue`` among them.

        Returns:
            The page of markets found.

        Raises:
            SequenceError: The call failed.
            TypeError: A filter is unknown or of the wrong type.
            ValueError: ``query`` is empty, or as for ``markets``.

        Example:
            >>> [market.slug for market in await seq.search_markets("rain oslo")]
            ['rain-in-oslo-friday']
        """
        operation = _prediction.markets("search_markets", q=checks.text(query, "query"), limit=limit, **kwargs)
        return await self._call(operation, timeout)

    async def new_markets(
        self, limit: int = 20, *, timeout: float | None = None, **kwargs: Unpack[NewestFilters]
    ) -> MarketsPage:
        """Read the newest markets, newest first. The same as ``markets(order="created", limit=limit, ...)``.

        Args:
            limit: Rows at most, moved into 1 to 1,000.
            timeout: Seconds for the whole call, retries included; the client's when omitted.
            kwargs: The other filters of ``markets``, ``venue`` among them.

        Returns:
            The page of markets. Tell them apart by ``condition_id``: the slugs of recurring contracts change.

        Raises:
            SequenceError: The call failed.
            TypeError: A filter is unknown or of the wrong type.
            ValueError: As for ``markets``.

        Example:
            >>> newest = await seq.new_markets(limit=5)
            >>> len(newest.markets)
            5
        """
        operation = _prediction.markets("new_markets", order="created", limit=limit, **kwargs)
        return await self._call(operation, timeout)

    async def settlement(self, slug: str, underlying: bool = False, *, timeout: float | None = None) -> Settlement:
        """Read how a prediction market was settled: the outcome is what the venue really paid.

        Args:
            slug: Slug, slug with ``:yes`` or ``:no``, token id, Kalshi ticker or address.
            underlying: Also the curve of the asset that decides it. Slower.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The settlement; ``resolved_outcome`` is ``None`` while ``status`` is not ``"resolved"``.

        Raises:
            NotFoundError: There is no such market.
            SequenceError: The call failed.
            ValueError: ``slug`` is empty.

        Example:
            >>> settlement = await seq.settlement("rain-in-oslo-friday")
            >>> settlement.status, settlement.outcomes
            ('open', ('Yes', 'No'))
        """
        return await self._call(_prediction.settlement(slug, underlying), timeout)

    @overload
    async def polymarket_rewards(
        self, token_id: None = None, *, timeout: float | None = None
    ) -> Rows[PolymarketReward]: ...

    @overload
    async def polymarket_rewards(self, token_id: str, *, timeout: float | None = None) -> PolymarketReward: ...

    async def polymarket_rewards(
        self, token_id: str | None = None, *, timeout: float | None = None
    ) -> Rows[PolymarketReward] | PolymarketReward:
        """Read what Polymarket pays for resting orders.

        Args:
            token_id: One token; every token in a programme when omitted.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The programme of the token, or a list with that of every token in one.

        Raises:
            NotFoundError: The token is in no programme.
            SequenceError: The call failed.
            ValueError: ``token_id`` is empty.

        Example:
            >>> rewards = await seq.polymarket_rewards()
            >>> one = await seq.polymarket_rewards(rewards[0].token_id)
            >>> one.rate_per_day_usdc == rewards[0].rate_per_day_usdc
            True
        """
        if token_id is None:
            return await self._call(_prediction.rewards(), timeout)
        return await self._call(_prediction.reward(token_id), timeout)
