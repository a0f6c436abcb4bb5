"""How a symbol's market is made up: who trades it, how wide it is quoted, how one-sided it is traded.

Everything is read from the market's own books and prints up to now, in windows of a bounded cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, Literal

from sequence_markets.sandbox.analysis.origins import history_start
from sequence_markets.sandbox.instruments import Instrument
from sequence_markets.sandbox.market import Levels, Market, MarketTrade, VenueBook
from sequence_markets.sandbox.trading.amounts import ONE_QTY
from sequence_markets.sandbox.trading.desk import Desk

__all__ = ["Regime", "intel_answer", "recent_prints", "regime_of", "toxicity_of"]

Regime = Literal["tight", "normal", "wide", "unknown"]

_SECOND: Final = 10**9

SHARE_NS: Final = 300 * _SECOND
"""Volume is counted over the last five minutes."""

LONGEST_NS: Final = 2400 * _SECOND
"""Nothing older than forty minutes is looked at."""

PRINT_WINDOWS_NS: Final = (2 * _SECOND, 20 * _SECOND, 200 * _SECOND, 2000 * _SECOND)
ENOUGH_PRINTS: Final = 100
"""Prints are read in the shortest of these windows that holds a hundred of them, else in the longest."""

QUOTE_NS: Final = 2 * _SECOND
QUOTE_STEP_NS: Final = _SECOND // 10
"""Quotes are counted every 0.1 seconds over the last two."""

HISTORY_NS: Final = LONGEST_NS
HISTORY_SAMPLES: Final = 6
"""The spread is compared with its median at six instants of the last forty minutes."""

TIGHT_PERCENT: Final = 75
WIDE_PERCENT: Final = 150

BUCKETS: Final = 10


def intel_answer(desk: Desk, instrument: Instrument, source: str) -> dict[str, object]:
    """Share of volume, spread and quotes per trade of every venue, how the spread compares with its own history, and
    how one-sided the trading is."""
    market, symbol, now = desk.market, instrument.symbol, desk.now_ns
    venues = market.venues(symbol)
    books = {venue: book for venue in venues if (book := market.book(symbol, venue, now)) is not None}
    begun = history_start(market, symbol, now, LONGEST_NS)
    # Windows leave out their start, and a print of the very instant at which a market begins is its own.
    volumes = {venue: _volume(market, symbol, venue, max(begun - 1, now - SHARE_NS), now) for venue in venues}
    traded = sum(volumes.values())
    prints, span_ns = recent_prints(market, symbol, begun - 1, now)
    rows: list[dict[str, object]] = []
    for venue in venues:
        book = books.get(venue)
        rows.append(
            {
                "venue": venue,
                "market_share_pct": 100 * volumes[venue] / traded if traded else None,
                "volume": volumes[venue] / ONE_QTY,
                "spread_bps": None if book is None else _spread_bps(_touch((book,))),
                "quote_to_trade_ratio": _quotes_per_trade(market, symbol, venue, (begun, now), prints, span_ns),
            }
        )
    spread, usual = _touch(tuple(books.values())), usual_spread(market, symbol, begun, now)
    return {
        "symbol": symbol,
        "venues": rows,
        "spread_bps": _spread_bps(spread),
        "usual_spread_bps": None if usual is None else _spread_bps(usual),
        "spread_regime": regime_of(spread, usual),
        "toxicity_score": toxicity_of(prints),
        "print_count": len(prints),
        "share_window_s": SHARE_NS // _SECOND,
        "print_window_s": span_ns / _SECOND,
        "source": source,
        "generated_at_ns": now,
    }


Touch = tuple[int, int]
"""Best bid and best ask; a spread is compared as the quotient of their difference and their sum."""


def _touch(books: Sequence[VenueBook]) -> Touch | None:
    bids = [book.bids[0][0] for book in books if book.bids]
    asks = [book.asks[0][0] for book in books if book.asks]
    if not bids or not asks or max(bids) > min(asks):
        return None
    return max(bids), min(asks)


def _spread_bps(touch: Touch | None) -> float | None:
    return None if touch is None else 20_000 * (touch[1] - touch[0]) / (touch[1] + touch[0])


def _spread_1e12(touch: Touch) -> int:
    return 2 * 10**12 * (touch[1] - touch[0]) // (touch[1] + touch[0])


def usual_spread(market: Market, symbol: str, begun_ns: int, now_ns: int) -> Touch | None:
    """The touch whose spread is the lower median of the sampled past, which begins at `begun_ns`; None without one."""
    venues = market.venues(symbol)
    past: list[Touch] = []
    for number in range(1, HISTORY_SAMPLES + 1):
        at = now_ns - HISTORY_NS * number // HISTORY_SAMPLES
        if at < begun_ns:
            break
        books = [book for venue in venues if (book := market.book(symbol, venue, at)) is not None]
        touch = _touch(books)
        if touch is not None:
            past.append(touch)
    past.sort(key=_spread_1e12)
    return past[(len(past) - 1) // 2] if past else None


def regime_of(spread: Touch | None, usual: Touch | None) -> Regime:
    """Where a spread stands against the usual one: "tight" at three quarters of it or less, "wide" at one and a half
    or more.

    >>> usual = (9_900, 10_100)
    >>> regime_of((9_850, 10_150), usual), regime_of((9_901, 10_102), usual), regime_of(None, usual)
    ('wide', 'normal', 'unknown')
    """
    if spread is None or usual is None:
        return "unknown"
    now, before = _spread_1e12(spread), _spread_1e12(usual)
    if now * 100 <= before * TIGHT_PERCENT and now < before:
        return "tight"
    return "wide" if now * 100 >= before * WIDE_PERCENT and now > before else "normal"


def _volume(market: Market, symbol: str, venue: str, start_ns: int, now_ns: int) -> int:
    """The quantity printed at a venue after `start_ns`."""
    start_ns = max(start_ns, 1)
    if start_ns >= now_ns:
        return 0
    # Bars begin at multiples of their interval, so this one begins at the start and holds it all.
    return sum(bar.volume_1e8 for bar in market.bars(symbol, start_ns, now_ns, start_ns, venue))


def recent_prints(market: Market, symbol: str, begun_ns: int, now_ns: int) -> tuple[list[MarketTrade], int]:
    """The newest prints of all venues, all after `begun_ns`, and how far back they were read."""
    found: list[MarketTrade] = []
    start = now_ns
    for span in PRINT_WINDOWS_NS:
        end, start = start, max(begun_ns, now_ns - span)
        found[:0] = market.trades(symbol, start, end)
        if len(found) >= ENOUGH_PRINTS or start == begun_ns:
            break
    return found, now_ns - start


def toxicity_of(prints: Sequence[MarketTrade]) -> float | None:
    """How one-sided the flow is, from 0 to 1: the prints are cut into ten buckets of equal volume, and the difference
    between what takers bought and sold in each is summed up and divided by the whole volume. None without a print."""
    total = sum(trade.qty_1e8 for trade in prints)
    if not total:
        return None
    skewed = net = done = 0
    bucket = 1
    for trade in prints:
        left = trade.qty_1e8
        while left:
            part = min(left, total * bucket // BUCKETS - done)
            net += part if trade.taker_side == "buy" else -part
            left -= part
            done += part
            if done == total * bucket // BUCKETS:
                skewed += abs(net)
                net = 0
                bucket += 1
    return skewed / total


def _quotes_per_trade(
    market: Market, symbol: str, venue: str, window: tuple[int, int], prints: Sequence[MarketTrade], span_ns: int
) -> float | None:
    """How often a venue's best prices change for each of its prints, both per second; None without a print."""
    trades = sum(trade.venue == venue for trade in prints)
    if not trades:
        return None
    begun_ns, now_ns = window
    instants = [at for at in range(now_ns - QUOTE_NS, now_ns + 1, QUOTE_STEP_NS) if at >= begun_ns]
    if len(instants) < 2:
        return None
    touches: list[tuple[Levels, Levels]] = []
    for at in instants:
        book = market.book(symbol, venue, at)
        touches.append(((), ()) if book is None else (book.bids[:1], book.asks[:1]))
    changes = sum(before != after for before, after in pairwise(touches))
    return changes * span_ns / ((instants[-1] - instants[0]) * trades)
