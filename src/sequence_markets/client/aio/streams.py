"""Streams: what happens, as it happens."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal, overload

from sequence_markets.client.aio.caller import AsyncCaller

if TYPE_CHECKING:
    from sequence_markets.streaming import (
        NewMarketEvent,
        ResolvedMarketEvent,
        Stream,
        StreamData,
        StreamEvent,
        StreamItem,
    )
    from sequence_markets.streaming.options import Backpressure, OnEvent, StaleAfter


class AsyncStreams(AsyncCaller):
    """Prices, orders and fills, and the life of prediction markets."""

    @overload
    def stream(
        self,
        channels: Iterable[str],
        *,
        lifecycle: Literal[False] = False,
        on_event: OnEvent | None = None,
        backpressure: Backpressure | None = None,
        stale_after: StaleAfter | None = 30.0,
        buffer_size: int = 1024,
        heal: bool = True,
    ) -> Stream[StreamItem[StreamData]]: ...
    @overload
    def stream(
        self,
        channels: Iterable[str],
        *,
        lifecycle: bool,
        on_event: OnEvent | None = None,
        backpressure: Backpressure | None = None,
        stale_after: StaleAfter | None = 30.0,
        buffer_size: int = 1024,
        heal: bool = True,
    ) -> Stream[StreamItem[StreamData | StreamEvent]]: ...
    def stream(
        self,
        channels: Iterable[str],
        *,
        lifecycle: bool = False,
        on_event: OnEvent | None = None,
        backpressure: Backpressure | None = None,
        stale_after: StaleAfter | None = 30.0,
        buffer_size: int = 1024,
        heal: bool = True,
    ) -> Stream[Any]:
        """Open a stream of channels. The same stream is read by loops that await and by loops that block.

        Nothing is connected before it is read. It connects again by itself, and reads over REST what ``fills`` and
        ``orders`` missed meanwhile.

        Args:
            channels: ``prices:{symbol}``, ``book:{symbol}``, ``orders``, ``fills``, ``routing``, ``tca``,
                ``traces:{deployment_id}``, ``deployment:{deployment_id}``, ``funding`` with or without ``:{venue}``
                and ``:{symbol}``, ``fair_price`` with or without ``:{underlying}``; others come as ``UnknownEvent``.
            lifecycle: Give what the stream says about itself (``Connected``, ``Gap``, ``Stale``, …) as items, in order
                with the data; rejected channels and errors of the server are then items too, and not raised.
            on_event: Called with each of these at once, even when nothing is being read; from the event loop, or from
                the stream's thread.
            backpressure: What becomes of what is not read in time, for all channels or by channel or kind:
                ``"conflate"`` gives the newest, ``"drop_oldest"`` the newest `buffer_size`, ``"block"`` stops
                receiving, ``"error"`` ends the stream. By default market data conflates and everything about the
                account blocks, which it can only exchange for ``"error"``.
            stale_after: Seconds of silence on a channel before ``Stale`` is told; ``None`` for never. By default
                prices, books and fair prices are watched; a mapping sets it by channel or kind.
            buffer_size: Items kept for a reader that is slow.
            heal: Whether fills and orders missed while disconnected are read over REST.

        Returns:
            The stream. Its items unpack into channel and data; ``subscribe``, ``unsubscribe`` and ``close`` may be
            called while it is read.

        Raises:
            ValueError: An argument can never work.
            TypeError: An argument has the wrong type.
            ClientClosedError: The client is closed.

        Example:
            >>> stream = seq.stream(["prices:BTC-USD", "fills"], backpressure={"prices": "conflate"})
            >>> stream.channels
            ('prices:BTC-USD', 'fills')
            >>> stream.close()
        """
        from sequence_markets.streaming import open_stream

        return open_stream(
            self._settings,
            self._streams,
            self._jitter,
            channels,
            awaited=self._awaited,
            lifecycle=lifecycle,
            on_event=on_event,
            backpressure=backpressure,
            stale_after=stale_after,
            buffer_size=buffer_size,
            heal=heal,
        )

    @overload
    def stream_new_markets(
        self, *, lifecycle: Literal[False] = False, on_event: OnEvent | None = None
    ) -> Stream[NewMarketEvent]: ...
    @overload
    def stream_new_markets(
        self, *, lifecycle: bool, on_event: OnEvent | None = None
    ) -> Stream[NewMarketEvent | StreamEvent]: ...
    def stream_new_markets(self, *, lifecycle: bool = False, on_event: OnEvent | None = None) -> Stream[Any]:
        """Open a stream of every prediction market the moment it is listed.

        The server begins with the last hundred or so, and does so again after a reconnect; each is given once.

        Args:
            lifecycle: Give what the stream says about itself as items, in order with the markets.
            on_event: Called with each of these at once, even when nothing is being read.

        Returns:
            The stream of ``NewMarket``.

        Raises:
            TypeError: An argument has the wrong type.
            ClientClosedError: The client is closed.

        Example:
            >>> stream = seq.stream_new_markets()
            >>> stream.closed
            False
            >>> stream.close()
        """
        return self._markets("new_markets", lifecycle, on_event)

    @overload
    def stream_resolved_markets(
        self, *, lifecycle: Literal[False] = False, on_event: OnEvent | None = None
    ) -> Stream[ResolvedMarketEvent]: ...
    @overload
    def stream_resolved_markets(
        self, *, lifecycle: bool, on_event: OnEvent | None = None
    ) -> Stream[ResolvedMarketEvent | StreamEvent]: ...
    def stream_resolved_markets(self, *, lifecycle: bool = False, on_event: OnEvent | None = None) -> Stream[Any]:
        """Open a stream of the outcome of every prediction market.

        The winning token is paid one dollar, the losing one nothing. The server begins with the last hundred or so.

        Args:
            lifecycle: Give what the stream says about itself as items, in order with the outcomes.
            on_event: Called with each of these at once, even when nothing is being read.

        Returns:
            The stream of ``MarketResolved``.

        Raises:
            TypeError: An argument has the wrong type.
            ClientClosedError: The client is closed.

        Example:
            >>> stream = seq.stream_resolved_markets()
            >>> stream.closed
            False
            >>> stream.close()
        """
        return self._markets("market_resolved", lifecycle, on_event)

    def _markets(
        self, feed: Literal["new_markets", "market_resolved"], lifecycle: bool, on_event: OnEvent | None
    ) -> Stream[Any]:
        from sequence_markets.streaming import open_stream

        return open_stream(
            self._settings,
            self._streams,
            self._jitter,
            (),
            awaited=self._awaited,
            feed=feed,
            lifecycle=lifecycle,
            on_event=on_event,
            buffer_size=1024,
        )
