"""Print the figures of recorded markets and those of the synthetic one side by side.

    python scripts/calibrate.py DIRECTORY

DIRECTORY holds the recordings: `binance/*.jsonl.gz` (depth and trades), `hyperliquid/*.jsonl.gz` (books and trades) and
`minute_multi_venue_20221213/*.csv.gz` (one-minute quotes and trades of several venues on one day).
"""

from __future__ import annotations

import csv
import gzip
import sys
from dataclasses import asdict
from pathlib import Path
from statistics import fmean, median

from sequence_markets.sandbox.market import SyntheticMarket
from sequence_markets.sandbox.market.figures import (
    BookFigures,
    TradeFigures,
    book_figures,
    detrended,
    quantile,
    trade_figures,
)
from sequence_markets.sandbox.market.tape import Tape, TapeMarket, read_tape
from sequence_markets.sandbox.market.types import Levels

SECOND = 1_000_000_000
SYNTHETIC_START = 1_767_571_200 * SECOND
SYNTHETIC_WINDOWS = 8
"""The synthetic figures are medians over so many windows of the recording's length, spread over as many days."""
SYNTHETIC_DAYS = 12
"""The gaps between synthetic venues are measured on so many days."""


def recorded(path: Path) -> tuple[Tape, BookFigures, TradeFigures]:
    """The figures of a tape."""
    tape = read_tape(path)
    feed = tape.feed
    start, end = feed.start_ns, feed.times[-1]
    book = book_figures(lambda now: feed.whole(feed.index_at(now)), start, end)
    market = TapeMarket([tape])
    trades = [t for t in market.trades(tape.symbols[0], start, end) if t.origin == "recorded"]
    return tape, book, trade_figures(trades, start, end)


def synthetic(symbol: str, venue: str, length_ns: int, seed: int = 0) -> tuple[dict[str, float], dict[str, float]]:
    """The median figures of the synthetic market over several windows of the same length."""
    market = SyntheticMarket(seed=seed)

    def book(now_ns: int) -> tuple[Levels, Levels]:
        shown = market.book(symbol, venue, now_ns)
        assert shown is not None
        return shown.bids, shown.asks

    books: list[dict[str, float]] = []
    trades: list[dict[str, float]] = []
    for k in range(SYNTHETIC_WINDOWS):
        start = SYNTHETIC_START + k * 86_400 * SECOND + k * 3_137 * SECOND
        books.append(flat(book_figures(book, start, start + length_ns)))
        prints = [t for t in market.trades(symbol, start, start + length_ns) if t.venue == venue]
        trades.append(flat(trade_figures(prints, start, start + length_ns)))
    made = {name: fmean(row[name] for row in trades) for name in trades[0]}
    # Turnover is heavy-tailed: a few windows do not tell its mean, a month of bars does.
    days = market.bars(symbol, SYNTHETIC_START, SYNTHETIC_START + 30 * 86_400 * SECOND, 86_400 * SECOND, venue)
    made["traded_usd_per_s"] = fmean(bar.volume_1e8 * bar.close_1e9 for bar in days) / 1e17 / 86_400
    return {name: median(row[name] for row in books) for name in books[0]}, made


def flat(figures: BookFigures | TradeFigures) -> dict[str, float]:
    """Figures as one flat table."""
    if isinstance(figures, TradeFigures):
        return asdict(figures)
    lags = zip(("1s", "5s", "10s"), figures.volatility_bps, strict=True)
    steps = zip(("100ms", "1s"), figures.still, strict=True)
    depths = zip(("1bp", "2bp", "5bp", "10bp"), figures.depth_usd, strict=True)
    return {
        "spread_bps": figures.spread_bps,
        **{f"volatility_bps {label}": value for label, value in lags},
        **{f"still {label}": value for label, value in steps},
        "touch_usd": figures.touch_usd,
        **{f"depth_usd {label}": value for label, value in depths},
    }


def minute_rows(path: Path) -> dict[int, list[float]]:
    """Rows of a one-minute table by millisecond of the day."""
    with gzip.open(path, "rt") as lines:
        return {int(row[0]): [float(value) for value in row] for row in csv.reader(lines)}


def recorded_gaps(directory: Path) -> dict[str, float]:
    """Gaps between venues on 2022-12-13, from one-minute closes."""
    spot = minute_rows(directory / "bybit_crypto_btcusdt_quote.csv.gz")
    perp = minute_rows(directory / "bybit_cryptofuture_btcusdt_quote.csv.gz")
    other = minute_rows(directory / "binance_crypto_btcbusd_trade.csv.gz")
    middle = {t: (row[4] + row[9]) / 2 for t, row in spot.items()}
    perp_middle = {t: (row[4] + row[9]) / 2 for t, row in perp.items()}
    gaps = [(middle[t] / other[t][4] - 1) * 1e4 for t in sorted(middle) if t in other]
    basis = [(perp_middle[t] / middle[t] - 1) * 1e4 for t in sorted(perp_middle) if t in middle]
    return gap_table(
        gaps,
        detrended(gaps, 15),
        basis,
        [(row[9] - row[4]) / middle[t] * 1e4 for t, row in spot.items()],
        [(row[9] - row[4]) / perp_middle[t] * 1e4 for t, row in perp.items()],
    )


def synthetic_gaps(seed: int = 0) -> dict[str, float]:
    """The same figures of the synthetic market: Bybit in USDT against Binance in USD, Bybit's perp against its spot."""
    market = SyntheticMarket(seed=seed)

    def touch(symbol: str, venue: str, now_ns: int) -> tuple[float, float]:
        book = market.book(symbol, venue, now_ns)
        assert book is not None
        return book.bids[0][0], book.asks[0][0]

    gaps: list[float] = []
    basis: list[float] = []
    spot_spreads: list[float] = []
    perp_spreads: list[float] = []
    quick: list[float] = []
    for minute in range(1_440 * SYNTHETIC_DAYS):
        # Days far apart: the slow part of a gap hardly changes within one.
        day, of_day = divmod(minute, 1_440)
        if of_day == 0 and gaps:
            quick += detrended(gaps[-1_440:], 15)
        now = SYNTHETIC_START + (day * 11 * 1_440 + of_day) * 60 * SECOND
        bid, ask = touch("BTC-USDT", "bybit", now)
        middle = (bid + ask) / 2
        gaps.append((middle / (sum(touch("BTC-USD", "binance", now)) / 2) - 1) * 1e4)
        spot_spreads.append((ask - bid) / middle * 1e4)
        bid, ask = touch("BTC-USD-PERP", "bybit", now)
        basis.append(((bid + ask) / 2 / middle - 1) * 1e4)
        perp_spreads.append((ask - bid) / bid * 1e4)
    quick += detrended(gaps[-1_440:], 15)
    return gap_table(gaps, quick, basis, spot_spreads, perp_spreads)


def gap_table(
    gaps: list[float], quick_gaps: list[float], basis: list[float], spot: list[float], perp: list[float]
) -> dict[str, float]:
    """The gap figures as one table, in basis points."""
    size = [abs(gap) for gap in gaps]
    quick = [abs(gap) for gap in quick_gaps]
    return {
        "gap bybit-binance, median size": quantile(size, 0.5),
        "gap bybit-binance, 95 % within": quantile(size, 0.95),
        "gap less its 31-minute median, median size": quantile(quick, 0.5),
        "gap less its 31-minute median, 95 % within": quantile(quick, 0.95),
        "basis bybit perp-spot, median": quantile(basis, 0.5),
        "spread bybit spot, median": quantile(spot, 0.5),
        "spread bybit perp, median": quantile(perp, 0.5),
    }


def show(title: str, real: dict[str, float], made: dict[str, float]) -> None:
    """One table."""
    print(f"\n{title}\n{'':<46}{'recorded':>14}{'synthetic':>14}")
    for name, value in real.items():
        print(f"{name:<46}{value:>14,.4g}{made[name]:>14,.4g}")


def main() -> int:
    """Print every table."""
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    directory = Path(sys.argv[1])
    for path in [*sorted(directory.glob("binance/*.jsonl.gz")), *sorted(directory.glob("hyperliquid/*.jsonl.gz"))]:
        tape, book, trades = recorded(path)
        symbol = tape.symbols[0]
        made_book, made_trades = synthetic(symbol, tape.venue, tape.feed.times[-1] - tape.feed.start_ns)
        show(f"{tape.kind} {symbol}", {**flat(book), **flat(trades)}, {**made_book, **made_trades})
    show("venues against each other", recorded_gaps(directory / "minute_multi_venue_20221213"), synthetic_gaps())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
