"""The market's own average price while an order worked: what everybody else paid."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sequence_markets.sandbox.analysis.origins import history_start
from sequence_markets.sandbox.market import Market
from sequence_markets.sandbox.trading.track import Benchmark

__all__ = ["market_vwap"]

_SECOND: Final = 10**9
_COUNTED_NS: Final = 10 * _SECOND
_PARTS: Final = 12
_RECENT_NS: Final = (_SECOND // 5, 2 * _SECOND, 20 * _SECOND, 200 * _SECOND)


def market_vwap(market: Market, symbol: str, begun_ns: int, ended_ns: int, arrival_1e9: int) -> Benchmark | None:
    """The volume-weighted average price of the market while an order worked.

    In this order, the first that there is:

    1. the prints of all venues after `begun_ns`, up to and including `ended_ns`, when that is ten seconds or less;
       for a longer time its twelve or thirteen bars, each at the middle of its open and close, by their volume;
    2. the prints of the last 0.2, 2, 20 or 200 seconds up to `ended_ns`, the shortest with one in it, as far back as
       the market is the one it is then: what was printed before it was scripted belongs to another one;
    3. the arrival price; None when that is not known either.
    """
    length = ended_ns - begun_ns
    if 0 < length <= _COUNTED_NS:
        price = _prints(market, symbol, begun_ns, ended_ns)
        if price:
            return Benchmark(price, "prints")
    elif length:
        price = _bars(market, symbol, begun_ns, ended_ns)
        if price:
            return Benchmark(price, "bars")
    # Windows leave out their start, and a print of the very instant at which a market begins is its own.
    history = history_start(market, symbol, ended_ns, _RECENT_NS[-1]) - 1
    for span in _RECENT_NS:
        start = max(ended_ns - span, history)
        price = _prints(market, symbol, start, ended_ns)
        if price:
            return Benchmark(price, "recent_prints")
        if start == history:
            break
    return Benchmark(arrival_1e9, "arrival_mid") if arrival_1e9 else None


def _prints(market: Market, symbol: str, start_ns: int, end_ns: int) -> int:
    return _average((trade.price_1e9, trade.qty_1e8) for trade in market.trades(symbol, start_ns, end_ns))


def _bars(market: Market, symbol: str, start_ns: int, end_ns: int) -> int:
    interval = -(-(end_ns - start_ns) // _PARTS)
    bars = market.bars(symbol, start_ns, end_ns, interval)
    return _average(((bar.open_1e9 + bar.close_1e9) // 2, bar.volume_1e8) for bar in bars)


def _average(traded: Iterable[tuple[int, int]]) -> int:
    worth = volume = 0
    for price, qty in traded:
        worth += price * qty
        volume += qty
    return worth // volume if volume else 0
