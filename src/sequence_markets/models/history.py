"""Price histories: points in time, and what can be made of them without another request."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final, Literal

from sequence_markets.units import NS_PER_SECOND, PRICE_SCALE, QTY_SCALE, datetime_from_ns, decimal_1e8, decimal_1e9

from .base import SequenceModel
from .venues import VenueId
from .views import Instant, Money, OptionalMoney, OptionalQuantity

HistorySource = (
    Literal["tape", "polymarket_rest", "kalshi_rest", "venue_proxy", "venue_ticks", "binance_aggtrades_historical"]
    | str
)
"""Who served a history."""

_TICKS_PER_BAR_S: Final = 60


@dataclass(frozen=True, slots=True)
class Bar:
    """Open, high, low and close of an interval, exact.

    Attributes:
        start: Start of the interval, UTC; it ends just before the next one begins.
        open: First price.
        high: Highest price.
        low: Lowest price.
        close: Last price.
        volume: Quantity traded; ``None`` when the points carry no quantities.
        count: Number of points in the interval.
        gap: Number of intervals before this one, back to the bar before, in which there is no point at all.
    """

    start: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal | None
    count: int
    gap: int = 0


class PricePoint(SequenceModel, frozen=True):
    """A price at an instant: of a bar, or of one trade."""

    ts_ns: int
    """When, nanoseconds since the epoch; of a bar its end."""
    price_1e9: int
    """Price, scaled by 10**9."""
    qty_1e8: int | None = None
    """Quantity traded, scaled by 10**8; null for a bar."""
    side: Literal["buy", "sell"] | str | None = None
    """Side of the taker; null for a bar."""
    venue_id: VenueId | None = None
    """Venue of the trade; null for a bar."""

    ts = Instant()
    """`ts_ns` as an aware ``datetime``."""
    price = Money()
    """`price_1e9` as an exact ``Decimal``."""
    qty = OptionalQuantity()
    """`qty_1e8` as an exact ``Decimal``."""


class HistoryWindow(SequenceModel, frozen=True):
    """The time a history was looked for in."""

    start_ts_s: int
    """Start, seconds since the epoch."""
    end_ts_s: int
    """End, seconds since the epoch."""

    @property
    def start(self) -> datetime:
        """`start_ts_s` as an aware ``datetime``."""
        return datetime.fromtimestamp(self.start_ts_s, UTC)

    @property
    def end(self) -> datetime:
        """`end_ts_s` as an aware ``datetime``."""
        return datetime.fromtimestamp(self.end_ts_s, UTC)


class UnderlyingPoint(SequenceModel, frozen=True):
    """A price of the asset that decides a market."""

    ts_ns: int
    """When, nanoseconds since the epoch."""
    price_1e9: int | None = None
    """Price in dollars, scaled by 10**9."""
    price_usd: float | None = None
    """Price in dollars."""

    ts = Instant()
    """`ts_ns` as an aware ``datetime``."""
    price = OptionalMoney()
    """`price_1e9` as an exact ``Decimal``."""


class UnderlyingCurve(SequenceModel, frozen=True):
    """The curve of the asset that decides an up/down market, inside the market's window."""

    symbol: str
    """The asset, for example ``BTCUSD``."""
    source: str
    """Where the prices come from."""
    warning: str | None = None
    """What to beware of when using the curve."""
    anchor_price_usd: float | None = None
    """Price at the start of the window, in dollars."""
    final_price_usd: float | None = None
    """Price at the end of the window, in dollars; null before."""
    agrees_with_settlement: bool | None = None
    """Whether the curve leads to what the venue paid; leave the market out of training data when it does not."""
    points: tuple[UnderlyingPoint, ...]
    """The curve, oldest first."""


class PriceHistory(SequenceModel, frozen=True):
    """Prices of one symbol over time, oldest first.

    Example:
        >>> history = seq.price_history("BTC-USD", range="1h", fidelity_secs=300)
        >>> len(history.points), history.points[-1].price == history.bars()[-1].close
        (12, True)
        >>> (history.times[1] - history.times[0]).total_seconds(), history.prices[-1] > 0
        (300.0, True)
    """

    symbol: str
    """Canonical symbol."""
    source: HistorySource
    """Who served it."""
    window: HistoryWindow
    """The time that was looked at."""
    points: tuple[PricePoint, ...]
    """Bars or trades, oldest first."""
    underlying: UnderlyingCurve | None = None
    """The asset that decides it; only when asked for, and only for up/down markets."""

    @property
    def times(self) -> list[datetime]:
        """The instants of the points, for the x axis of a plot."""
        return [datetime_from_ns(point["ts_ns"]) for point in self.raw["points"]]

    @property
    def prices(self) -> list[float]:
        """The prices of the points as floats, for the y axis of a plot; `points` and `bars` have them exact."""
        return [point["price_1e9"] / PRICE_SCALE for point in self.raw["points"]]

    def bars(self, interval_secs: int | None = None) -> tuple[Bar, ...]:
        """Return bars of equal length, made from the points.

        A bar holds the points from its start up to, not including, the start of the next one; starts are multiples of
        the interval since the epoch. An interval without a point has no bar: the bar that follows says in ``gap`` how
        many are missing.

        Args:
            interval_secs: Length of a bar in seconds. When omitted, one minute for trades, and for bars the least
                distance between two of them, so that each point is a bar of its own.

        Raises:
            ValueError: ``interval_secs`` is less than one.
            TypeError: ``interval_secs`` is not an ``int``.

        Example:
            >>> trades = seq.price_history("BTC-USD", fidelity_secs=0, limit=200)
            >>> bars = trades.bars(interval_secs=1)
            >>> sum(bar.count for bar in bars), sum(bar.volume for bar in bars) == sum(p.qty for p in trades.points)
            (200, True)
        """
        rows = sorted(
            ((point["ts_ns"], point["price_1e9"], point.get("qty_1e8")) for point in self.raw["points"]),
            key=_instant,
        )
        return tuple(_bars(rows, _interval_ns(rows, interval_secs)))

    def columns(self) -> dict[str, list[Any]]:
        """Return the points column by column, as a data frame takes them: ``pandas.DataFrame(history.columns())``.

        The columns are ``time`` (aware ``datetime``), ``price`` and ``qty`` (floats), ``side`` and ``venue``.

        Example:
            >>> columns = seq.price_history("BTC-USD", "1h", 600).columns()
            >>> [*columns], len(columns["time"])
            (['time', 'price', 'qty', 'side', 'venue'], 6)
        """
        points: list[dict[str, Any]] = self.raw["points"]
        sizes = [point.get("qty_1e8") for point in points]
        return {
            "time": self.times,
            "price": self.prices,
            "qty": [None if size is None else size / QTY_SCALE for size in sizes],
            "side": [point.get("side") for point in points],
            "venue": [point.get("venue_id") for point in points],
        }


_Row = tuple[int, int, int | None]


def _instant(row: _Row) -> int:
    return row[0]


def _interval_ns(rows: list[_Row], interval_secs: object) -> int:
    if interval_secs is not None:
        if isinstance(interval_secs, bool) or not isinstance(interval_secs, int):
            raise TypeError(f"interval_secs must be an int, not {type(interval_secs).__name__}")
        if interval_secs < 1:
            raise ValueError(f"interval_secs must be at least 1, got {interval_secs}")
        return interval_secs * NS_PER_SECOND
    if any(qty is not None for _, _, qty in rows):
        return _TICKS_PER_BAR_S * NS_PER_SECOND
    distances = [after[0] - before[0] for before, after in pairwise(rows) if after[0] > before[0]]
    return min(distances, default=NS_PER_SECOND)


def _bars(rows: Iterable[_Row], interval_ns: int) -> Iterable[Bar]:
    number: int | None = None
    prices: list[int] = []
    sizes: list[int | None] = []
    previous: int | None = None
    for ts_ns, price, qty in rows:
        if number is not None and ts_ns // interval_ns != number:
            yield _bar(number, interval_ns, prices, sizes, previous)
            previous = number
            prices, sizes = [], []
        number = ts_ns // interval_ns
        prices.append(price)
        sizes.append(qty)
    if number is not None:
        yield _bar(number, interval_ns, prices, sizes, previous)


def _bar(number: int, interval_ns: int, prices: list[int], sizes: list[int | None], previous: int | None) -> Bar:
    known = [size for size in sizes if size is not None]
    return Bar(
        start=datetime_from_ns(number * interval_ns),
        open=decimal_1e9(prices[0]),
        high=decimal_1e9(max(prices)),
        low=decimal_1e9(min(prices)),
        close=decimal_1e9(prices[-1]),
        volume=decimal_1e8(sum(known)) if known else None,
        count=len(prices),
        gap=0 if previous is None else number - previous - 1,
    )
