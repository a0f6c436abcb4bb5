"""The instruments of the local exchange and the resolver that finds them by any of their documented names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from copy import copy as shallow_copy
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Literal

from .events.directory import Directory
from .events.generated import generated_families
from .events.named import named_markets, scripted_kalshi
from .events.types import EventMarket, FeeCategory
from .events.updown import UP_DOWN
from .recent import Recent
from .venues import VENUES, InstrumentType

__all__ = [
    "PREDICTION_UNIT_1E9",
    "USD_PEGGED",
    "Catalogue",
    "FeeCategory",
    "Instrument",
    "InstrumentType",
    "Side",
    "default_catalogue",
    "looks_like_kalshi",
    "looks_like_pair",
    "market_outcomes",
]

Side = Literal["buy", "sell"]
USD_PEGGED: Final = ("USD", "USDC", "USDT")
"""Cash assets the exchange values at exactly one US dollar."""

PREDICTION_UNIT_1E9: Final = 1_000_000_000
"""What a winning outcome pays, and the price of YES and NO together, in 1e-9."""

_CEX: Final = ("binance", "coinbase", "kraken", "okx", "bybit", "bitget", "cryptocom")
_USDT_SPOT: Final = ("binance", "okx", "bybit", "bitget")
_PERP_VENUES: Final = ("binance", "okx", "bybit", "hyperliquid")
_DOLLAR_CASH: Final[Mapping[str, str]] = MappingProxyType(
    {
        "binance": "USDT",
        "coinbase": "USD",
        "kraken": "USD",
        "okx": "USDT",
        "bybit": "USDT",
        "bitget": "USDT",
        "cryptocom": "USD",
        "hyperliquid": "USDC",
        "kalshi": "USD",
        "polymarket": "USDC",
        "dex_ethereum": "USDC",
        "solana": "USDC",
    }
)

_PAIR: Final = re.compile(r"[A-Z0-9]{1,15}-[A-Z]{2,10}(-[A-Z0-9]{2,10})?")
_QUOTES: Final = frozenset({"USD", "USDT", "USDC", "EUR", "GBP", "BTC", "ETH", "DAI", "JPY"})
_KALSHI: Final = re.compile(r"(KX|INX|NASDAQ100)[A-Z0-9.]*(-[A-Z0-9.]+)+")
_TOKEN: Final = re.compile(r"[0-9]{60,}")
_TOKEN_START: Final = re.compile(r"([0-9]{30,})(\.\.\.|…)")
_VENUE_URL: Final = re.compile(
    r"(?:https?://)?(?:www\.)?(?:polymarket\.com/(?:event|market)|kalshi\.com/markets)/([^?#]+)(?:[?#].*)?",
    re.IGNORECASE,
)
_CACHED: Final = 4096


@dataclass(frozen=True, slots=True)
class Instrument:
    """Something that can be traded.

    `symbol` is the canonical name: "BTC-USD", "ETH-USD-PERP", a Kalshi ticker (its YES outcome) or
    "TICKER:NO", a Polymarket token id. `settlement` names, per listing venue, the cash asset really paid
    there. `tick_1e9` is the finest price step any venue uses. For a NO outcome `mirror_of` is the symbol of
    the YES outcome whose book it mirrors. The fields from `market_slug` on, the fee category aside, are set
    for prediction markets only; `complement` is the other outcome of the same market. Before `listed_ns` an
    instrument does not exist yet, and from `expiry_ns` on nobody trades it any more.
    """

    symbol: str
    base: str
    quote: str
    type: InstrumentType
    venues: tuple[str, ...]
    settlement: Mapping[str, str]
    tick_1e9: int
    mirror_of: str | None = None
    market_slug: str | None = None
    outcome: str | None = None
    token_id: str | None = None
    expiry_ns: int | None = None
    fee_category: FeeCategory = "crypto"
    event_slug: str | None = None
    question: str | None = None
    neg_risk: bool = False
    condition_id: str | None = None
    complement: str | None = None
    listed_ns: int = 0

    @property
    def primary(self) -> str:
        """The symbol whose book is really kept: the YES outcome for a NO outcome, itself for everything
        else."""
        return self.mirror_of or self.symbol


def looks_like_pair(text: str) -> bool:
    """Whether `text` has the form of a pair or perp name, such as "ABC-USD", "ABC-USDC-ARB" or
    "ABC-USD-PERP".

    >>> looks_like_pair("FOO-USDT"), looks_like_pair("FOO"), looks_like_pair("rain-in-oslo")
    (True, False, False)
    """
    return bool(_PAIR.fullmatch(text)) and text.split("-")[1] in _QUOTES and not looks_like_kalshi(text)


def looks_like_kalshi(text: str) -> bool:
    """Whether `text` has the form of a Kalshi ticker, without an outcome suffix.

    >>> looks_like_kalshi("KXRAIN-26NOV27-OSL"), looks_like_kalshi("BTC-USD")
    (True, False)
    """
    return bool(_KALSHI.fullmatch(text))


class Catalogue:
    """The instruments that exist, and every name under which they are found.

    Pairs, perps and what is written by hand are held here; recurring and generated prediction markets are made from
    the directory when somebody asks for them.

    Args:
        instruments: What is listed from the start.
        directory: The prediction markets; their instruments need not be given.

    Example:
        >>> catalogue = default_catalogue()
        >>> catalogue.resolve("BTC-PERP").symbol
        'BTC-USD-PERP'
    """

    def __init__(self, instruments: Iterable[Instrument] = (), directory: Directory | None = None) -> None:
        self.directory = Directory() if directory is None else directory
        self._by_symbol: dict[str, Instrument] = {}
        self._closed: dict[str, Instrument] = {}
        self._made: Recent[str, Instrument] = Recent(_CACHED)
        self._seen_at_ns: int | None = None
        for instrument in instruments:
            self.add(instrument)

    def all(self) -> tuple[Instrument, ...]:
        """Pairs, perps and the prediction markets written by hand, in listing order.

        Recurring and generated prediction markets are not among them: list those with `Events.listed`.
        """
        return tuple(self._by_symbol.values())

    def copy(self) -> Catalogue:
        """A catalogue of its own with the same instruments, so that adding to one leaves the other alone."""
        copy = Catalogue(self._by_symbol.values(), self.directory.copy())
        copy._closed.update(self._closed)
        copy._made = self._made
        return copy

    def at(self, now_ns: int) -> Catalogue:
        """This catalogue as it is seen at an instant: what is not listed yet is unknown."""
        seen = shallow_copy(self)
        seen._seen_at_ns = now_ns
        return seen

    def get(self, symbol: str) -> Instrument:
        """The instrument with this canonical symbol; `KeyError` when there is none."""
        found = self.find(symbol)
        if found is None:
            raise KeyError(symbol)
        return found

    def __contains__(self, symbol: object) -> bool:
        return isinstance(symbol, str) and self.find(symbol) is not None

    def find(self, symbol: str) -> Instrument | None:
        """The instrument with this canonical symbol; None when there is none."""
        found = self._by_symbol.get(symbol)
        if found is None:
            found = self._closed.get(symbol) or self._made.get(symbol) or self._make(symbol)
        if found is not None and self._seen_at_ns is not None and found.listed_ns > self._seen_at_ns:
            return None
        return found

    def _make(self, symbol: str) -> Instrument | None:
        market = self.directory.by_symbol(symbol)
        if market is None:
            return None
        for outcome in market_outcomes(market):
            self._made.put(outcome.symbol, outcome)
        return self._made.get(symbol)

    def event(self, event_slug: str) -> tuple[Instrument, ...]:
        """The YES outcomes listed under one event, in listing order; empty when the event is unknown."""
        return tuple(self.get(market.yes) for market in self.directory.event(event_slug))

    def add(self, instrument: Instrument) -> None:
        """List an instrument; `ValueError` when its symbol is taken or a venue is unknown."""
        if instrument.symbol in self._by_symbol:
            raise ValueError(f"symbol {instrument.symbol!r} is listed already")
        unknown = [venue for venue in instrument.venues if venue not in VENUES]
        if unknown:
            raise ValueError(f"unknown venue {unknown[0]!r}")
        self._by_symbol[instrument.symbol] = instrument

    def add_market(self, market: EventMarket) -> None:
        """List a prediction market with both its outcomes."""
        self.directory.add(market)
        for outcome in market_outcomes(market):
            self.add(outcome)

    def close_market(self, market: EventMarket, at_ns: int) -> None:
        """End the trading of a prediction market at `at_ns`, both outcomes."""
        for symbol in (market.yes, market.no):
            closed = replace(self.get(symbol), expiry_ns=at_ns)
            held = self._by_symbol if symbol in self._by_symbol else self._closed
            held[symbol] = closed

    def list_on(self, symbol: str, venue: str) -> Instrument:
        """List a known instrument on one more venue.

        `ValueError` when the venue does not trade such instruments; event contracts stay on the venue that
        made them.
        """
        instrument = self.get(symbol)
        if venue in instrument.venues:
            return instrument
        if venue not in VENUES:
            raise ValueError(f"unknown venue {venue!r}; the venues are {', '.join(VENUES)}")
        if instrument.type == "prediction" or instrument.type not in VENUES[venue].instrument_types:
            raise ValueError(f"{venue!r} does not trade {instrument.type} instruments such as {symbol!r}")
        venues = tuple(v for v in VENUES if v == venue or v in instrument.venues)
        listed = replace(instrument, venues=venues, settlement=_settlement(instrument.quote, venues))
        self._by_symbol[symbol] = listed
        return listed

    def resolve(self, text: str, instrument_type: str | None = None) -> Instrument | None:
        """The instrument meant by `text`, or None when nothing or no single thing is.

        Takes pairs ("BTC-USD", "btc-usd", "BTC/USD"), perps ("BTC-USD-PERP", "BTC-PERP"), Kalshi tickers with
        or without ":YES"/":NO", Polymarket slugs with or without an outcome (":yes", ":no", ":up", ":down"), token
        ids (also cut short with "..." after at least 30 digits) and addresses of either venue. The slug of an event
        with several outcomes names none of them.

        `instrument_type` "perp" turns a dollar pair into the perp of its base; "prediction" and "perp" refuse
        everything else. "spot" is what clients send by default and says nothing about a name that can only be
        a perp or a prediction market.
        """
        found = self._lookup(text.strip())
        if instrument_type is None or found is None or found.type == instrument_type:
            return found
        if instrument_type == "perp" and found.type == "spot" and found.quote in USD_PEGGED:
            return self._by_symbol.get(f"{found.base}-USD-PERP")
        return found if instrument_type == "spot" else None

    def prediction_symbol(self, text: str) -> str | None:
        """The canonical symbol of the prediction outcome meant by `text`, or None."""
        found = self.resolve(text, "prediction")
        return None if found is None else found.symbol

    def _lookup(self, text: str) -> Instrument | None:
        direct = self.find(text)
        if direct is not None:
            return direct
        if _TOKEN.fullmatch(text):
            return None
        short = _TOKEN_START.fullmatch(text)
        if short is not None:
            return self._by_token_start(short[1])
        url = _VENUE_URL.fullmatch(text)
        if url is not None:
            # The last part of an address names the market; the first one the event it belongs to.
            parts = reversed([part for part in url[1].split("/") if part])
            return next((found for part in parts if (found := self._by_market_name(part)) is not None), None)
        upper = text.upper().replace("/", "-")
        pair = self._by_symbol.get(upper)
        if pair is None and upper.endswith("-PERP"):
            pair = self._by_symbol.get(f"{upper[:-5]}-USD-PERP")
        return self._by_market_name(text) if pair is None else pair

    def _by_token_start(self, digits: str) -> Instrument | None:
        hits = [i for i in self._by_symbol.values() if i.token_id and i.token_id.startswith(digits)]
        made = self.directory.by_token(digits)
        if made is not None and not hits:
            return self.find(made.yes if made.yes.startswith(digits) else made.no)
        return hits[0] if len(hits) == 1 else None

    def _by_market_name(self, text: str) -> Instrument | None:
        """The outcome named by a slug or ticker, alone or with an outcome behind a colon."""
        name, colon, outcome = text.lower().partition(":")
        market = self.directory.by_name(name)
        if market is None:
            return None
        if not colon or outcome in ("yes", market.outcomes[0].lower()):
            return self.find(market.yes)
        return self.find(market.no) if outcome in ("no", market.outcomes[1].lower()) else None

    def scripted_instrument(self, symbol: str, venue: str) -> tuple[Instrument, ...]:
        """What would have to be listed so that the unknown `symbol` can be quoted on `venue`.

        One instrument for a pair or perp, YES and NO for a Kalshi ticker. `ValueError` when the name has no
        such form or the venue does not trade such things.
        """
        if venue not in VENUES:
            raise ValueError(f"unknown venue {venue!r}; the venues are {', '.join(VENUES)}")
        name, _, outcome = symbol.upper().replace("/", "-").partition(":")
        if looks_like_kalshi(name) and outcome in ("", "YES", "NO"):
            if venue != "kalshi":
                raise ValueError(f"{symbol!r} is a Kalshi ticker and cannot be quoted on {venue!r}")
            return market_outcomes(scripted_kalshi(name, 0, 0))
        if name.count("-") == 1 and name.endswith("-PERP"):
            name = f"{name[:-5]}-USD-PERP"
        if outcome or not looks_like_pair(name):
            raise ValueError(f"unknown symbol {symbol!r}; only a pair such as 'ABC-USD' can be made up")
        base, quote = name.split("-")[:2]
        kind: InstrumentType = "perp" if name.endswith("-PERP") else "spot"
        if kind not in VENUES[venue].instrument_types:
            raise ValueError(f"{venue!r} does not trade {kind} instruments such as {symbol!r}")
        listing = tuple(v.id for v in VENUES.values() if kind in v.instrument_types)
        return (Instrument(name, base, quote, kind, listing, _settlement(quote, listing), 1),)


def _settlement(quote: str, venues: Iterable[str]) -> Mapping[str, str]:
    return MappingProxyType({v: _DOLLAR_CASH[v] if quote == "USD" else quote for v in venues})


def market_outcomes(market: EventMarket) -> tuple[Instrument, Instrument]:
    """The two instruments of a prediction market: its YES side, and the NO side that mirrors it."""
    polymarket = market.venue == "polymarket"
    quote = "USDC" if polymarket else "USD"
    yes = Instrument(
        symbol=market.yes,
        base=market.slug,
        quote=quote,
        type="prediction",
        venues=(market.venue,),
        settlement=_settlement(quote, (market.venue,)),
        tick_1e9=market.tick_1e9,
        market_slug=market.slug,
        outcome=market.outcomes[0],
        token_id=market.yes if polymarket else None,
        expiry_ns=market.close_ns,
        fee_category=market.category,
        event_slug=market.event_slug,
        question=market.question,
        neg_risk=market.neg_risk,
        condition_id=market.condition_id,
        complement=market.no,
        listed_ns=market.listed_ns,
    )
    no = replace(
        yes,
        symbol=market.no,
        mirror_of=market.yes,
        outcome=market.outcomes[1],
        token_id=market.no if polymarket else None,
        complement=market.yes,
    )
    return yes, no


_SPOT_TICKS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "BTC": 10_000_000,
        "ETH": 10_000_000,
        "SOL": 10_000_000,
        "XRP": 100_000,
        "DOGE": 10_000,
        "ADA": 100_000,
        "AVAX": 1_000_000,
        "LINK": 1_000_000,
        "LTC": 10_000_000,
        "DOT": 1_000_000,
    }
)
_PERP_BASES: Final = ("BTC", "ETH", "SOL", "XRP", "DOGE", "AVAX", "LINK", "LTC")
_PERP_TICKS: Final[Mapping[str, int]] = MappingProxyType({"BTC": 100_000_000})
_USDC_VENUES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"ETH": ("binance", "coinbase", "dex_ethereum"), "SOL": ("binance", "coinbase", "solana")}
)


def _spot(symbol: str, quote: str, venues: tuple[str, ...]) -> Instrument:
    base = symbol.split("-")[0]
    return Instrument(symbol, base, quote, "spot", venues, _settlement(quote, venues), _SPOT_TICKS[base])


def _perp(base: str) -> Instrument:
    tick = _PERP_TICKS.get(base, _SPOT_TICKS[base])
    symbol = f"{base}-USD-PERP"
    return Instrument(symbol, base, "USD", "perp", _PERP_VENUES, _settlement("USD", _PERP_VENUES), tick)


def default_catalogue(markets: int | None = None) -> Catalogue:
    """A new catalogue: spot pairs, perps, prediction markets written by hand, recurring and generated ones.

    Args:
        markets: How many standing prediction markets are open at any instant; those written by hand alone when None.
            The recurring contracts come on top.

    Raises:
        ValueError: A number of markets that cannot be made.
    """
    generated = () if markets is None else generated_families(markets)
    catalogue = Catalogue(directory=Directory(families=(*UP_DOWN, *generated)))
    for base in _SPOT_TICKS:
        catalogue.add(_spot(f"{base}-USD", "USD", _CEX))
        catalogue.add(_spot(f"{base}-USDT", "USDT", _USDT_SPOT))
        catalogue.add(_spot(f"{base}-USDC", "USDC", _USDC_VENUES.get(base, ("binance", "coinbase"))))
    catalogue.add(_spot("ETH-USDC-ARB", "USDC", ("dex_ethereum",)))
    for base in _PERP_BASES:
        catalogue.add(_perp(base))
    for market in named_markets():
        catalogue.add_market(market)
    return catalogue
