"""Reading recorded tapes: lines of a local receive time and the venue's own JSON message.

The recorder's clock is never used: books and prints are ordered by the venue's own times.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from .decimals import scaled
from .feed import Feed, FeedBuilder, TapePrint

__all__ = ["Tape", "read_tape"]

_MS: Final = 1_000_000
_GZIP_MAGIC: Final = b"\x1f\x8b"
_QUOTES: Final = ("USDT", "USDC")

Message = Mapping[str, object]
Changes = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Tape:
    """A tape that was read: the venue it was recorded on, and the symbols its book is shown under."""

    name: str
    venue: str
    kind: str
    symbols: tuple[str, ...]
    feed: Feed


class _Numbers:
    """Decimal texts read once: a tape repeats the same prices and sizes over and over."""

    def __init__(self) -> None:
        self._prices: dict[str, int] = {}
        self._sizes: dict[str, int] = {}

    def changes(self, rows: Sequence[Sequence[str]]) -> Changes:
        prices, sizes = self._prices, self._sizes
        found: Changes = []
        for price_text, size_text in rows:
            price = prices.get(price_text)
            if price is None:
                price = prices[price_text] = scaled(price_text, 9)
            size = sizes.get(size_text)
            if size is None:
                size = sizes[size_text] = scaled(size_text, 8)
            found.append((price, size))
        return found


def _messages(path: Path) -> Iterator[tuple[int, Message]]:
    with path.open("rb") as raw:
        packed = raw.read(2) == _GZIP_MAGIC
    with gzip.open(path, "rb") if packed else path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            text = line.strip()
            if not text:
                continue
            _, _, body = text.partition(b" ") if not text.startswith(b"{") else (b"", b"", text)
            try:
                message: object = json.loads(body)
            except ValueError as error:
                raise ValueError(f"{path.name}, line {number}: not a recorded message ({error})") from None
            if not isinstance(message, dict):
                raise ValueError(f"{path.name}, line {number}: not a recorded message")
            yield number, cast("Message", message)


def read_tape(path: Path) -> Tape:
    """Read a tape, plain or gzip, recognising its format by its content.

    `ValueError`, naming file and line, for a line that cannot be read, an unknown format, or a tape of several
    instruments; `OSError` when the file cannot be opened.
    """
    messages = _messages(path)
    first = next(messages, None)
    if first is None:
        raise ValueError(f"{path.name}: the tape is empty")
    kind = "hyperliquid" if "channel" in first[1] else "binance"
    if kind == "binance" and not ("stream" in first[1] or "lastUpdateId" in first[1]):
        raise ValueError(f"{path.name}: neither a tape of Binance's depth and trade streams nor one of Hyperliquid's")
    reader: _BinanceReader | _HyperliquidReader = (
        _HyperliquidReader(path.name) if kind == "hyperliquid" else _BinanceReader(path.name)
    )
    number, message = first
    try:
        reader.read(message)
        for number, message in messages:  # noqa: B007
            reader.read(message)
        return reader.tape()
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise ValueError(f"{path.name}, line {number}: a message without the expected fields ({error!r})") from None
    except ValueError as error:
        if str(error).startswith(path.name):
            raise
        raise ValueError(f"{path.name}, line {number}: {error}") from None


class _BinanceReader:
    """A depth snapshot, depth changes and trades of one symbol, spot or USD-M futures.

    Changes are buffered until the snapshot is there. Spot changes follow each other when the first id of one is the
    last id of the other plus one; futures changes name the last id of their predecessor. After a break of that rule
    the book is unknown until the next snapshot.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._builder = FeedBuilder()
        self._numbers = _Numbers()
        self._prints: list[TapePrint] = []
        self._symbol: str | None = None
        self._futures = False
        self._waiting: list[Message] = []
        self._last: int | None = None
        self._joined = False
        self._snapshot: Message | None = None
        self._snapshot_ns = 0

    def read(self, message: Message) -> None:
        if "lastUpdateId" in message:
            self._take_snapshot(message)
            return
        data = cast("Message", message["data"])
        event = data["e"]
        if event in ("depthUpdate", "trade", "aggTrade"):
            symbol = cast("str", data["s"])
            if self._symbol is None:
                self._symbol = symbol
            elif symbol != self._symbol:
                raise ValueError(f"a tape of one instrument is expected, this one has {self._symbol} and {symbol}")
        if event == "depthUpdate":
            self._builder.counters.book_messages += 1
            self._futures = "pu" in data
            if self._last is None:
                self._waiting.append(data)
            else:
                self._change(data)
        elif event in ("trade", "aggTrade"):
            self._trade(data)

    def _take_snapshot(self, snapshot: Message) -> None:
        self._builder.counters.snapshots += 1
        self._last = cast("int", snapshot["lastUpdateId"])
        self._joined = False
        waiting, self._waiting = self._waiting, []
        # A spot snapshot bears no time: it is as old as the last change it contains, or as the first that follows it.
        contained = [m for m in waiting if cast("int", m["u"]) <= self._last]
        self._snapshot = snapshot
        self._snapshot_ns = _venue_time(contained[-1]) if contained else 0
        for change in waiting:
            self._change(change)

    def _change(self, data: Message) -> None:
        last = self._last
        final = cast("int", data["u"])
        if last is None or final <= last:
            self._builder.counters.stale += 1
            return
        time_ns = _venue_time(data)
        if self._snapshot is not None:
            rows = self._snapshot
            self._builder.frame(
                self._snapshot_ns or time_ns,
                self._numbers.changes(cast("list[list[str]]", rows["bids"])),
                self._numbers.changes(cast("list[list[str]]", rows["asks"])),
                snapshot=True,
            )
            self._snapshot = None
        opening = cast("int", data["U"])
        if self._futures:
            follows = data["pu"] == last or (not self._joined and opening <= last)
        else:
            follows = opening == last + 1 or (not self._joined and opening <= last + 1)
        if not follows:
            self._builder.counters.gaps += 1
            self._builder.lost(time_ns)
            self._last = None
            self._waiting = [data]
            return
        self._joined = True
        self._last = final
        self._builder.frame(
            time_ns,
            self._numbers.changes(cast("list[list[str]]", data["b"])),
            self._numbers.changes(cast("list[list[str]]", data["a"])),
        )

    def _trade(self, data: Message) -> None:
        price = scaled(cast("str", data["p"]), 9)
        qty = scaled(cast("str", data["q"]), 8)
        if price and qty:
            self._prints.append(
                TapePrint(
                    f"{self._symbol}-{data['a'] if data['e'] == 'aggTrade' else data['t']}",
                    cast("int", data["T"]) * _MS,
                    price,
                    qty,
                    # "m": the buyer was the maker, so the seller took.
                    "sell" if data["m"] else "buy",
                )
            )

    def tape(self) -> Tape:
        if self._symbol is None:
            raise ValueError(f"{self._name}: the tape names no instrument")
        base, quote = _split(self._symbol)
        spot = (f"{base}-{quote}", f"{base}-USD") if quote == "USDT" else (f"{base}-{quote}",)
        symbols = (f"{base}-USD-PERP",) if self._futures else spot
        kind = "binance usd-m futures" if self._futures else "binance spot"
        return Tape(self._name, "binance", kind, symbols, self._builder.build(self._prints))


class _HyperliquidReader:
    """Whole books and trades of one coin."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._builder = FeedBuilder()
        self._numbers = _Numbers()
        self._prints: list[TapePrint] = []
        self._coin: str | None = None
        self._time_ns = 0

    def read(self, message: Message) -> None:
        channel = message["channel"]
        if channel == "l2Book":
            data = cast("Message", message["data"])
            self._check(cast("str", data["coin"]))
            self._builder.counters.book_messages += 1
            self._builder.counters.snapshots += 1
            time_ns = cast("int", data["time"]) * _MS
            if time_ns < self._time_ns:
                self._builder.counters.stale += 1
                return
            self._time_ns = time_ns
            bids, asks = cast("list[list[dict[str, str]]]", data["levels"])
            self._builder.frame(
                time_ns,
                self._numbers.changes([(level["px"], level["sz"]) for level in bids]),
                self._numbers.changes([(level["px"], level["sz"]) for level in asks]),
                snapshot=True,
            )
        elif channel == "trades":
            for row in cast("list[Message]", message["data"]):
                self._check(cast("str", row["coin"]))
                self._prints.append(
                    TapePrint(
                        f"{row['coin']}-{row['tid']}",
                        cast("int", row["time"]) * _MS,
                        scaled(cast("str", row["px"]), 9),
                        scaled(cast("str", row["sz"]), 8),
                        "buy" if row["side"] == "B" else "sell",
                    )
                )

    def _check(self, coin: str) -> None:
        if self._coin is None:
            self._coin = coin
        elif coin != self._coin:
            raise ValueError(f"a tape of one instrument is expected, this one has {self._coin} and {coin}")

    def tape(self) -> Tape:
        if self._coin is None:
            raise ValueError(f"{self._name}: the tape names no instrument")
        feed = self._builder.build(self._prints)
        return Tape(self._name, "hyperliquid", "hyperliquid", (f"{self._coin}-USD-PERP",), feed)


def _venue_time(data: Message) -> int:
    """The venue's transaction time where it tells one, else the time of the message."""
    return cast("int", data["T"] if "T" in data else data["E"]) * _MS


def _split(symbol: str) -> tuple[str, str]:
    for quote in _QUOTES:
        if symbol.endswith(quote) and len(symbol) > len(quote):
            return symbol[: -len(quote)], quote
    raise ValueError(f"{symbol} is not quoted in one of {', '.join(_QUOTES)}")
