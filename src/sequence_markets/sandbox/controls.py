"""The controls of a sandbox in human units: scripting the market, moving time, checking, starting again.

The embedded :class:`~sequence_markets.sandbox.Sandbox` and the HTTP control plane are two faces of this one class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Protocol, cast

from sequence_markets.sandbox.exchange import Exchange
from sequence_markets.sandbox.instruments import Side
from sequence_markets.sandbox.market import Levels
from sequence_markets.sandbox.runtime import Advance, Runtime
from sequence_markets.sandbox.trading.errors import Refusal
from sequence_markets.sandbox.venues import VENUES
from sequence_markets.units import MAX_INT64, Number, ns_from_datetime, price_to_1e9, qty_to_1e8

Level = tuple[Number, Number]
"""A price and a size."""

FundingRate = tuple[datetime, Number]
"""From when on, and the rate per settlement as a part of one."""


class Memory(Protocol):
    """Whatever remembers something of an exchange that may begin again."""

    def forget(self) -> None:
        """Let go of what the exchange does not know any more."""
        ...


class Controls:
    """What can be done to a running sandbox besides trading on it.

    Args:
        runtime: The one way to the exchange.
        memories: Told when the sandbox starts again.
    """

    def __init__(self, runtime: Runtime, *memories: Memory) -> None:
        self._runtime = runtime
        self._memories = memories

    def set_book(self, symbol: str, venue: str, bids: Iterable[Level] = (), asks: Iterable[Level] = ()) -> None:
        """Set the whole displayed book of a symbol on a venue; from then on only scripted venues quote the symbol.

        Args:
            symbol: Any documented name of the symbol; an unknown pair is listed.
            venue: Venue id.
            bids: Price and size of each buy level, in any order.
            asks: Price and size of each sell level, in any order.

        Raises:
            ValueError: A level that does not fit its scale, a price named twice, a crossed book, an unknown venue
                or symbol.
            TypeError: An argument of a wrong type.
        """
        _check_symbol(symbol)
        _check_venue(venue, "venue")
        bid_levels = tuple(sorted(_levels(bids, "bids"), reverse=True))
        ask_levels = tuple(sorted(_levels(asks, "asks")))
        if bid_levels and ask_levels and bid_levels[0][0] >= ask_levels[0][0]:
            raise ValueError("bids and asks cross: the best bid must be below the best ask")
        self._script(lambda exchange: exchange.set_book(symbol, venue, bid_levels, ask_levels))

    def set_price(self, symbol: str, price: Number, venues: Iterable[str] | None = None) -> None:
        """Put the middle of a symbol's books at a price and keep it there.

        Args:
            symbol: Any documented name of the symbol; an unknown pair is listed.
            price: The new middle.
            venues: Venues that go on quoting it; all that list it when omitted.

        Raises:
            ValueError: A price that does not fit, an unknown venue or symbol.
            TypeError: An argument of a wrong type.
        """
        _check_symbol(symbol)
        price_1e9 = price_to_1e9(price, "price")
        chosen = None if venues is None else _venues(venues)
        self._script(lambda exchange: exchange.set_price(symbol, price_1e9, chosen))

    def trade(self, symbol: str, venue: str, side: str, price: Number, qty: Number) -> None:
        """Print a public trade, as if two other participants had met.

        Args:
            symbol: Any documented name of the symbol.
            venue: Venue id.
            side: ``"buy"`` when the aggressor bought, ``"sell"`` when it sold.
            price: Price of the print.
            qty: Quantity of the print.

        Raises:
            ValueError: A price or quantity that does not fit, an unknown side, venue or symbol.
            TypeError: An argument of a wrong type.
        """
        _check_symbol(symbol)
        _check_venue(venue, "venue")
        taker_side = _side(side)
        price_1e9 = price_to_1e9(price, "price")
        qty_1e8 = qty_to_1e8(qty, "qty")
        self._script(lambda exchange: exchange.print_trade(symbol, venue, taker_side, price_1e9, qty_1e8))

    def resolve(self, slug: str, outcome: str) -> tuple[str, ...]:
        """Decide a prediction market: it closes and resolves now.

        Args:
            slug: Any documented name of the market.
            outcome: The winning outcome: ``"Yes"`` or ``"No"``, or the market's own name for it, in any case. Of an
                event of which exactly one outcome wins, the others lose with it.

        Returns:
            The slugs of the markets that were decided.

        Raises:
            ValueError: An unknown market, one that is resolved already, or an outcome it cannot have.
            TypeError: An argument of a wrong type.
        """
        _check_text(slug, "slug")
        _check_text(outcome, "outcome")
        try:
            return self._runtime.execute(lambda exchange: exchange.resolve_market(slug, outcome))
        except Refusal as refusal:
            raise ValueError(refusal.message if refusal.details else f"slug: {refusal.message}") from None

    def set_funding(self, symbol: str, venue: str, points: Iterable[FundingRate]) -> None:
        """Script the funding of a perp at a venue.

        Args:
            symbol: Any documented name of the perp.
            venue: Venue id.
            points: Pairs of an instant and the rate per settlement as a part of one, in time order. A rate holds for
                every settlement from its instant on, up to the next pair; the last one for good.

        Raises:
            ValueError: No pair, one out of order or in the past, a rate that does not fit, or no such perp there.
            TypeError: An argument of a wrong type.
        """
        _check_text(symbol, "symbol")
        _check_venue(venue, "venue")
        read = _funding(points)
        self._script(lambda exchange: exchange.set_funding(symbol, venue, read))

    def advance(
        self,
        *,
        seconds: Number | None = None,
        milliseconds: Number | None = None,
        ns: int | None = None,
        to: datetime | None = None,
    ) -> Advance:
        """Move the manual clock by a duration or to an instant, and return once all that was due has settled.

        Args:
            seconds: How far, in seconds.
            milliseconds: How far, in milliseconds.
            ns: How far, in nanoseconds.
            to: Instant to move to, with a time zone.

        Raises:
            ValueError: Not exactly one argument, a step backwards, or finer than a nanosecond.
            TypeError: An argument of a wrong type.
            ClockError: The clock is not manual.
        """
        given = [name for name, value in _named(seconds, milliseconds, ns, to) if value is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of seconds, milliseconds, ns and to; got {', '.join(given) or 'none'}")
        if to is not None:
            if not isinstance(cast("object", to), datetime):
                raise TypeError(f"to must be a datetime, not {type(to).__name__}")
            return self._runtime.advance(to_ns=ns_from_datetime(to, "to"))
        if seconds is not None:
            return self._runtime.advance(by_ns=price_to_1e9(seconds, "seconds", allow_zero=True))
        if milliseconds is not None:
            # Read at nine decimals and brought down to six: a millisecond is 10**6 nanoseconds.
            by_ns, finer = divmod(price_to_1e9(milliseconds, "milliseconds", allow_zero=True), 1000)
            if finer:
                raise ValueError(f"milliseconds may have at most 6 decimals, got {milliseconds!r}")
            return self._runtime.advance(by_ns=by_ns)
        if isinstance(ns, bool) or not isinstance(cast("object", ns), int):
            raise TypeError(f"ns must be an int, not {type(ns).__name__}")
        if not 0 <= cast("int", ns) <= MAX_INT64:
            raise ValueError(f"ns must be between 0 and {MAX_INT64}, got {ns}")
        return self._runtime.advance(by_ns=ns)

    def check_invariants(self) -> None:
        """Check every invariant of ledger and matching.

        Raises:
            InvariantError: One is broken; the error names it.
        """
        self._runtime.execute(lambda exchange: exchange.check_invariants())

    def reset(self) -> None:
        """Put the whole exchange back to its beginning: accounts, orders, scripted books, time. The seed stays."""
        self._runtime.reset()
        self._forget()

    def seed(self, seed: int) -> None:
        """Start again from the beginning with another seed.

        Raises:
            ValueError: A seed that is negative or beyond 64 bits.
            TypeError: Not an int.
        """
        self._runtime.seed(check_seed(seed))
        self._forget()

    def _forget(self) -> None:
        for memory in self._memories:
            memory.forget()

    def _script(self, action: Callable[[Exchange], object]) -> None:
        try:
            self._runtime.execute(action)
        except Refusal as refusal:
            raise ValueError(refusal.message) from None


def check_seed(seed: object) -> int:
    """Return ``seed`` when it can seed a sandbox.

    Raises:
        ValueError: Negative or beyond 64 bits.
        TypeError: Not an int.
    """
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise TypeError(f"seed must be an int, not {type(seed).__name__}")
    if not 0 <= seed <= MAX_INT64:
        raise ValueError(f"seed must be between 0 and {MAX_INT64}, got {seed}")
    return seed


def _named(seconds: object, milliseconds: object, ns: object, to: object) -> tuple[tuple[str, object], ...]:
    return ("seconds", seconds), ("milliseconds", milliseconds), ("ns", ns), ("to", to)


def _side(side: object) -> Side:
    if side == "buy":
        return "buy"
    if side == "sell":
        return "sell"
    raise ValueError(f"side must be 'buy' or 'sell', got {side!r}")


def _check_symbol(symbol: object) -> None:
    _check_text(symbol, "symbol")


def _check_text(value: object, name: str) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {type(value).__name__}")
    if not value.strip():
        raise ValueError(f"{name} must not be empty")


def _funding(points: object) -> list[tuple[int, int]]:
    kind = type(points).__name__
    if isinstance(points, str | bytes | Mapping) or not isinstance(points, Iterable):
        raise TypeError(f"points must be a list of (instant, rate) pairs, not {kind}")
    read: list[tuple[int, int]] = []
    for index, point in enumerate(cast("Iterable[object]", points)):
        where = f"points[{index}]"
        pair = cast("list[object]", point) if isinstance(point, list | tuple) else []
        if len(pair) != 2 or not isinstance(pair[0], datetime):
            raise TypeError(f"{where} must be a (datetime, rate) pair, got {point!r}")
        rate_1e9 = price_to_1e9(cast("Number", pair[1]), f"{where} rate", allow_zero=True, allow_negative=True)
        read.append((ns_from_datetime(pair[0], f"{where} instant"), rate_1e9))
    return read


def _check_venue(venue: object, name: str) -> None:
    if not isinstance(venue, str):
        raise TypeError(f"{name} must be a str, not {type(venue).__name__}")
    if venue not in VENUES:
        raise ValueError(f"{name}: unknown venue {venue!r}; one of {', '.join(VENUES)}")


def _venues(venues: Iterable[str]) -> tuple[str, ...]:
    if isinstance(venues, str):
        raise TypeError("venues must be a list of venue ids, not a str")
    chosen = tuple(venues)
    for index, venue in enumerate(chosen):
        _check_venue(venue, f"venues[{index}]")
    if not chosen:
        raise ValueError("venues must name at least one venue")
    return chosen


def _levels(levels: object, name: str) -> Levels:
    kind = type(levels).__name__
    if isinstance(levels, str | bytes | Mapping) or not isinstance(levels, Iterable):
        raise TypeError(f"{name} must be a list of (price, size) pairs, not {kind}")
    read: dict[int, int] = {}
    for index, level in enumerate(cast("Iterable[object]", levels)):
        where = f"{name}[{index}]"
        pair = cast("list[Number]", level) if isinstance(level, list | tuple) else []
        if len(pair) != 2:
            raise TypeError(f"{where} must be a (price, size) pair, got {level!r}")
        price_1e9 = price_to_1e9(pair[0], f"{where} price")
        if price_1e9 in read:
            raise ValueError(f"{where} price {pair[0]!r} is there twice")
        read[price_1e9] = qty_to_1e8(pair[1], f"{where} size")
    return tuple(read.items())
