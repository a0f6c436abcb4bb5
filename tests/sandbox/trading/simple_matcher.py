"""A second matcher, deliberately simple: lists, fractions, and no thought for speed.

It knows one symbol, immediate and resting orders with ten basis points of fee everywhere, and endless money.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from sequence_markets.sandbox.market import VenueBook

FEE = Fraction(10, 10_000)
VENUE_ORDER = (
    "binance",
    "coinbase",
    "kraken",
    "okx",
    "bybit",
    "bitget",
    "cryptocom",
    "hyperliquid",
    "kalshi",
    "polymarket",
    "dex_ethereum",
    "solana",
)

SimpleFill = tuple[int, str, Fraction, Fraction, str]
"""(order number, venue, price, quantity, liquidity)"""


@dataclass
class SimpleOrder:
    number: int
    side: str
    remaining: Fraction
    limit: Fraction | None
    venue: str = ""
    ahead: Fraction = Fraction(0)
    open: bool = True


@dataclass
class SimpleMatcher:
    books: dict[str, dict[str, list[tuple[Fraction, Fraction]]]] = field(
        default_factory=dict[str, dict[str, list[tuple[Fraction, Fraction]]]]
    )
    taken: list[tuple[str, str, Fraction, Fraction, Fraction]] = field(
        default_factory=list[tuple[str, str, Fraction, Fraction, Fraction]]
    )
    resting: list[SimpleOrder] = field(default_factory=list[SimpleOrder])
    fills: list[SimpleFill] = field(default_factory=list[SimpleFill])
    count: int = 0

    def show(self, book: VenueBook) -> None:
        self.books[book.venue] = {
            "buy": [(Fraction(price), Fraction(size)) for price, size in book.bids],
            "sell": [(Fraction(price), Fraction(size)) for price, size in book.asks],
        }

    def left(self, venue: str, side: str, price: Fraction, size: Fraction) -> Fraction:
        """What is left of a displayed level: everything when it never looked like this."""
        for place, way, level, shown, gone in reversed(self.taken):
            if (place, way, level) == (venue, side, price):
                return size - gone if shown == size else size
        return size

    def eat(self, venue: str, side: str, price: Fraction, size: Fraction, qty: Fraction) -> None:
        gone = size - self.left(venue, side, price, size) + qty
        assert gone <= size
        self.taken.append((venue, side, price, size, gone))

    def submit(
        self, side: str, qty: int, limit: int | None, tif: str, cap_bps: int | None = None, pin: str | None = None
    ) -> int:
        self.count += 1
        order = SimpleOrder(self.count, side, Fraction(qty), None if limit is None else Fraction(limit))
        other = "sell" if side == "buy" else "buy"
        sign = 1 if side == "buy" else -1
        venues = [venue for venue in VENUE_ORDER if venue in self.books and pin in (None, venue)]
        worst = order.limit
        if cap_bps is not None:
            own = [level[0] for venue in venues for level in self.books[venue][side]]
            opposite = [level[0] for venue in venues for level in self.books[venue][other]]
            best = max(own) if side == "buy" else min(own)
            touch = min(opposite) if side == "buy" else max(opposite)
            middle = (best + touch) // 2
            cap = Fraction(middle + sign * (middle * cap_bps // 10_000))
            worst = cap if worst is None else min(worst * sign, cap * sign) * sign
        offers: list[tuple[Fraction, int, Fraction, str, Fraction]] = []
        for place, venue in enumerate(venues):
            for price, size in self.books[venue][other]:
                if worst is None or price * sign <= worst * sign:
                    landed = price * (1 + FEE) if side == "buy" else -price * (1 - FEE)
                    offers.append((landed, place, price, venue, size))
        offers.sort(key=lambda offer: offer[:2])
        found: list[tuple[str, Fraction, Fraction, Fraction]] = []
        wanted = order.remaining
        for _, _, price, venue, size in offers:
            part = min(wanted, self.left(venue, other, price, size))
            if part > 0:
                found.append((venue, price, size, part))
                wanted -= part
        if tif == "FOK" and wanted:
            return self.count
        for venue, price, size, part in found:
            self.eat(venue, other, price, size, part)
            self.fills.append((order.number, venue, price, part, "taker"))
        order.remaining = wanted
        if wanted and limit is not None and tif == "GTC" and venues:
            assert worst is not None
            order.limit = worst
            order.venue = min(venues, key=lambda venue: (self._gap(venue, other, worst), venues.index(venue)))
            order.ahead = sum(
                (size for price, size in self.books[order.venue][side] if price == worst), start=Fraction(0)
            )
            self.resting.append(order)
        return self.count

    def _gap(self, venue: str, other: str, price: Fraction) -> Fraction:
        levels = self.books[venue][other]
        return abs(levels[0][0] - price) if levels else Fraction(10**30)

    def cancel(self, number: int) -> None:
        self.resting = [order for order in self.resting if order.number != number]

    def _queue(self, venue: str) -> list[SimpleOrder]:
        here = [order for order in self.resting if order.venue == venue and order.remaining]
        buys = [order for order in here if order.side == "buy"]
        sells = [order for order in here if order.side == "sell"]
        return sorted(buys, key=lambda order: -(order.limit or 0)) + sorted(sells, key=lambda order: order.limit or 0)

    def look(self, venue: str) -> None:
        """After the book of a venue may have changed."""
        for order in self._queue(venue):
            assert order.limit is not None
            own, other = self.books[venue][order.side], "sell" if order.side == "buy" else "buy"
            sign = 1 if order.side == "buy" else -1
            shown = [price for price, _ in own]
            if order.limit not in shown and (not shown or order.limit * sign > shown[-1] * sign):
                order.ahead = Fraction(0)
            for price, size in self.books[venue][other]:
                if price * sign <= order.limit * sign:
                    part = min(order.remaining, self.left(venue, other, price, size))
                    if part > 0:
                        self.eat(venue, other, price, size, part)
                        order.remaining -= part
                        self.fills.append((order.number, venue, order.limit, part, "maker"))

    def trade(self, venue: str, price: int, qty: int, taker: str) -> None:
        """After a public trade."""
        left = Fraction(qty)
        for order in self._queue(venue):
            assert order.limit is not None
            sign = 1 if order.side == "buy" else -1
            if price * sign < order.limit * sign:
                part = min(left, order.remaining)
            elif price == order.limit and taker != order.side:
                part = min(max(Fraction(0), left - order.ahead), order.remaining)
                order.ahead = max(Fraction(0), order.ahead - left)
            else:
                continue
            if part > 0:
                self.fills.append((order.number, venue, order.limit, part, "maker"))
                order.remaining -= part
                left -= part
