"""Writing scripts over a market: books, prices, prints and outcomes, and which instruments they make."""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

from ..events import EventMarket, Events, Resolution
from ..events.named import scripted_kalshi
from ..instruments import PREDICTION_UNIT_1E9, Catalogue, Instrument
from ..venues import VENUES
from .mirror import mirrored_book, mirrored_trade
from .scripts import ScriptState, checked_levels, price_ladder
from .series import PriceSeries
from .types import Market, MarketTrade, VenueBook

__all__ = ["FOREVER_NS", "ScriptedParts", "print_time"]

FOREVER_NS: Final = 2**63 - 1
_SCRIPTED_SERIAL: Final = 1 << 62


class ScriptedParts(ABC):
    """What is written over a market, and how it is written; reading it is up to the subclass.

    Args:
        inner: The market that shows everything else.
    """

    def __init__(self, inner: Market) -> None:
        self.inner = inner
        self._resolutions: dict[str, Resolution] = {}
        self._take_catalogue()
        self._books: dict[str, dict[str, tuple[list[int], list[VenueBook]]]] = {}
        self._references: dict[str, PriceSeries] = {}
        self._trades: dict[str, list[MarketTrade]] = {}
        self._trade_ids: set[str] = set()
        self._script: ScriptState = {"books": [], "trades": [], "resolutions": []}

    def _take_catalogue(self) -> None:
        self.catalogue: Catalogue = self.inner.catalogue.copy()
        self.events = Events(self.catalogue.directory, self, self.catalogue.prediction_symbol, self._resolutions)
        self._made_up = 0

    def set_book(
        self,
        symbol: str,
        venue: str,
        bids: Iterable[tuple[int, int]],
        asks: Iterable[tuple[int, int]],
        at_ns: int,
    ) -> VenueBook:
        """Write the whole book of a venue, from `at_ns` on.

        Args:
            symbol: Any name of an instrument; a pair nobody lists yet becomes an instrument.
            venue: The venue's id.
            bids: Price in 1e-9 and size in 1e-8 of each level, in any order; may be empty.
            asks: The same for the other side.
            at_ns: The instant from which the book stands.

        Returns:
            The book as it now stands for `symbol`.

        Raises:
            ValueError: A level without a positive price and size, two levels at one price, a price outside 0
            to 1 on a
                prediction market, a book that crosses or locks itself, a venue that does not trade the
                instrument, or an instant before the last script of the symbol. Nothing is changed then.
        """
        instrument = self._instrument_for(symbol, venue)
        top = PREDICTION_UNIT_1E9 if instrument.type == "prediction" else None
        buy = checked_levels("bids", bids, top, descending=True)
        sell = checked_levels("asks", asks, top, descending=False)
        if buy and sell and buy[0][0] >= sell[0][0]:
            raise ValueError(
                f"the book crosses itself: best bid {buy[0][0]} is not below best ask {sell[0][0]} (in 1e-9)"
            )
        self._check_instant(instrument, at_ns)
        if instrument.symbol not in self.catalogue:
            self._make_up(instrument, venue, at_ns)
        self.catalogue.list_on(instrument.primary, venue)
        book = VenueBook(venue, instrument.symbol, buy, sell, at_ns, "scripted")
        self._place(mirrored_book(book, instrument.primary) if instrument.mirror_of else book)
        return book

    def set_price(self, symbol: str, price_1e9: int, venues: Sequence[str] | None, at_ns: int) -> tuple[VenueBook, ...]:
        """Write the same small book around a price on several venues; see `scripts.price_ladder` for its levels.

        Args:
            symbol: Any name of an instrument; a pair nobody lists yet becomes an instrument.
            price_1e9: The middle of the book.
            venues: The venues to write; None for all that list the instrument.
            at_ns: The instant from which the books stand.

        Raises:
            ValueError: As `set_book`, and for a price that leaves no room for a book.
        """
        names = list(venues) if venues is not None else None
        if names is None:
            known = self.catalogue.resolve(symbol)
            if known is None:
                venue = "kalshi" if symbol.startswith(("KX", "INX", "NASDAQ100")) else "binance"
                known = self.catalogue.scripted_instrument(symbol, venue)[0]
            names = [venue for venue in VENUES if venue in known.venues]
        if not names:
            raise ValueError("set_price needs at least one venue")
        instruments = [self._instrument_for(symbol, name) for name in names]
        if price_1e9 <= 0 or (instruments[0].type == "prediction" and price_1e9 >= PREDICTION_UNIT_1E9):
            raise ValueError(f"price {price_1e9} (in 1e-9) is not a possible price of {symbol!r}")
        bids, asks = price_ladder(instruments[0], price_1e9)
        if not bids and not asks:
            raise ValueError(f"price {price_1e9} (in 1e-9) leaves no room for a book of {symbol!r}")
        self._check_instant(instruments[0], at_ns)
        return tuple(self.set_book(symbol, name, bids, asks, at_ns) for name in names)

    def add_trade(self, trade: MarketTrade) -> MarketTrade:
        """Print a trade; its origin becomes "scripted".

        `ValueError` for an unknown symbol, a venue that does not quote it, an impossible price or size, or a
        trade id that was used before.
        """
        instrument = self.catalogue.resolve(trade.symbol)
        if instrument is None:
            raise ValueError(f"unknown symbol {trade.symbol!r}")
        if trade.venue not in self.venues(instrument.symbol):
            raise ValueError(f"{trade.venue!r} does not quote {trade.symbol!r}")
        top = PREDICTION_UNIT_1E9 if instrument.type == "prediction" else None
        if trade.price_1e9 <= 0 or (top is not None and trade.price_1e9 >= top) or trade.qty_1e8 <= 0:
            raise ValueError(
                f"a print of {trade.qty_1e8} (1e-8) at {trade.price_1e9} (1e-9) is impossible for {trade.symbol!r}"
            )
        if trade.trade_id in self._trade_ids:
            raise ValueError(f"trade id {trade.trade_id!r} was used before")
        printed = MarketTrade(
            trade.trade_id,
            trade.time_ns,
            instrument.symbol,
            trade.venue,
            trade.price_1e9,
            trade.qty_1e8,
            trade.taker_side,
            "scripted",
        )
        kept = mirrored_trade(printed, instrument.primary) if instrument.mirror_of else printed
        trades = self._trades.setdefault(kept.symbol, [])
        trades.insert(bisect_right(trades, kept.time_ns, key=print_time), kept)
        self._trade_ids.add(kept.trade_id)
        self._script["trades"].append(
            {
                "trade_id": kept.trade_id,
                "time_ns": kept.time_ns,
                "symbol": kept.symbol,
                "venue": kept.venue,
                "price_1e9": kept.price_1e9,
                "qty_1e8": kept.qty_1e8,
                "taker_side": kept.taker_side,
            }
        )
        return printed

    def set_resolution(self, primary_symbol: str, outcome: str, at_ns: int) -> None:
        """Decide a prediction market: it closes and resolves at `at_ns`.

        Saying that one outcome of an event wins decides all its outcomes; saying that one loses leaves the others.

        Args:
            primary_symbol: Any name of the market.
            outcome: The winning outcome: "Yes" or "No", or the market's own names for them, in any case.
            at_ns: When it is known.

        Raises:
            ValueError: An unknown market or outcome, a market that is not listed yet or resolved already, or an event
                that would be left without a winner.
        """
        decided = self.events.decide(primary_symbol, outcome, at_ns)
        self._resolutions.update({market.yes: resolution for market, resolution in decided})
        for market, _ in decided:
            self.catalogue.close_market(market, self.events.closes_ns(market))
        market, resolution = decided[0]
        self._script["resolutions"].append(
            {"symbol": market.yes, "outcome": market.outcomes[0 if resolution.yes_wins else 1], "at_ns": at_ns}
        )

    def _make_up(self, instrument: Instrument, venue: str, at_ns: int) -> None:
        """List what somebody scripts and nobody lists yet."""
        if instrument.type == "prediction":
            # Behind every market of the same instant that somebody lists.
            self._made_up += 1
            self.catalogue.add_market(scripted_kalshi(instrument.primary, at_ns, _SCRIPTED_SERIAL + self._made_up))
            return
        for created in self.catalogue.scripted_instrument(instrument.primary, venue):
            self.catalogue.add(created)

    def clear(self) -> None:
        """Forget every script, and the instruments that only scripts made."""
        self._resolutions.clear()
        self._take_catalogue()
        self._books.clear()
        self._references.clear()
        self._trades.clear()
        self._trade_ids.clear()
        self._script = {"books": [], "trades": [], "resolutions": []}

    def state(self) -> ScriptState:
        """Everything scripted so far, as plain data that `restore` takes back."""
        return {
            "books": [book.copy() for book in self._script["books"]],
            "trades": [trade.copy() for trade in self._script["trades"]],
            "resolutions": [resolution.copy() for resolution in self._script["resolutions"]],
        }

    def restore(self, state: ScriptState) -> None:
        """Replace every script by those of `state`."""
        self.clear()
        for book in state["books"]:
            bids = [(price, size) for price, size in book["bids"]]
            asks = [(price, size) for price, size in book["asks"]]
            self.set_book(book["symbol"], book["venue"], bids, asks, book["at_ns"])
        for trade in state["trades"]:
            self.add_trade(
                MarketTrade(
                    trade["trade_id"],
                    trade["time_ns"],
                    trade["symbol"],
                    trade["venue"],
                    trade["price_1e9"],
                    trade["qty_1e8"],
                    trade["taker_side"],
                    "scripted",
                )
            )
        for resolution in state["resolutions"]:
            self.set_resolution(resolution["symbol"], resolution["outcome"], resolution["at_ns"])

    def _instrument_for(self, symbol: str, venue: str) -> Instrument:
        """The instrument meant, made up when nobody lists it; `ValueError` when it cannot be quoted there."""
        if venue not in VENUES:
            raise ValueError(f"unknown venue {venue!r}; the venues are {', '.join(VENUES)}")
        known = self.catalogue.resolve(symbol)
        if known is None:
            created = self.catalogue.scripted_instrument(symbol, venue)
            return created[-1] if symbol.upper().endswith(":NO") else created[0]
        tradable = venue in known.venues or (
            known.type != "prediction" and known.type in VENUES[venue].instrument_types
        )
        if not tradable:
            raise ValueError(f"{venue!r} does not trade {known.type} instruments such as {symbol!r}")
        return known

    def _check_instant(self, instrument: Instrument, at_ns: int) -> None:
        if at_ns < instrument.listed_ns:
            raise ValueError(f"{instrument.symbol!r} is not listed before {instrument.listed_ns}")
        if instrument.expiry_ns is not None and at_ns >= instrument.expiry_ns:
            raise ValueError(f"{instrument.symbol!r} closed at {instrument.expiry_ns}")
        series = self._references.get(instrument.primary)
        last = max((times[-1] for times, _ in self._books.get(instrument.primary, {}).values()), default=None)
        if series is not None and last is not None and at_ns < last:
            raise ValueError(f"{instrument.symbol!r} was scripted at {last} already, which is after {at_ns}")

    def _place(self, book: VenueBook) -> None:
        times, books = self._books.setdefault(book.symbol, {}).setdefault(book.venue, ([], []))
        if times and times[-1] == book.as_of_ns:
            books[-1] = book
        else:
            times.append(book.as_of_ns)
            books.append(book)
        middle = self._middle(book.symbol, book.as_of_ns)
        if middle is not None:
            self._references.setdefault(book.symbol, PriceSeries()).append(book.as_of_ns, middle)
        self._script["books"].append(
            {
                "symbol": book.symbol,
                "venue": book.venue,
                "at_ns": book.as_of_ns,
                "bids": [list(level) for level in book.bids],
                "asks": [list(level) for level in book.asks],
            }
        )

    def _middle(self, symbol: str, now_ns: int) -> int | None:
        """The middle of the best prices of all scripted venues; the price of the one side that is there."""
        bids: list[int] = []
        asks: list[int] = []
        for venue in self._books[symbol]:
            book = self._scripted_book(symbol, venue, now_ns)
            if book is not None:
                bids += [price for price, _ in book.bids[:1]]
                asks += [price for price, _ in book.asks[:1]]
        if bids and asks:
            return (max(bids) + min(asks)) // 2
        return max(bids) if bids else min(asks) if asks else None

    @abstractmethod
    def reference_price(self, symbol: str, now_ns: int) -> int | None:
        """The reference price, scripts considered."""

    def _scripted_book(self, primary: str, venue: str, now_ns: int) -> VenueBook | None:
        times, books = self._books[primary].get(venue, ([], []))
        index = bisect_right(times, now_ns)
        return books[index - 1] if index else None

    def _scripted_since(self, primary: str) -> int | None:
        """The instant from which the symbol is scripted, None when it is not."""
        venues = self._books.get(primary)
        return min(times[0] for times, _ in venues.values()) if venues else None

    def _closes_ns(self, symbol: str) -> int:
        """The instant from which a symbol is not traded any more."""
        found = self.catalogue.find(symbol)
        return FOREVER_NS if found is None or found.expiry_ns is None else found.expiry_ns

    def last_price_1e9(self, market: EventMarket) -> int:
        """The price of the YES side at a prediction market's close."""
        since = self._scripted_since(market.yes)
        if since is None or since >= market.close_ns:
            return self.inner.events.last_price_1e9(market)
        series = self._references.get(market.yes)
        return (None if series is None else series.at(market.close_ns - 1)) or 0

    def spot_1e9(self, symbol: str, at_ns: int) -> int | None:
        """The reference price of a pair that decides prediction markets."""
        return self.reference_price(symbol, at_ns)

    def _primary(self, symbol: str) -> str:
        found = self.catalogue.find(symbol)
        return symbol if found is None else found.primary

    def venues(self, symbol: str) -> tuple[str, ...]:
        """The venues that quote `symbol`: the scripted ones when it is scripted."""
        scripted = self._books.get(self._primary(symbol))
        if scripted is None:
            return self.inner.venues(symbol)
        return tuple(venue for venue in VENUES if venue in scripted)


def print_time(trade: MarketTrade) -> int:
    """When a trade was printed, to sort by."""
    return trade.time_ns
