"""The instruments of the local exchange and the resolver that finds them by any of their documented names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Literal

from .events.directory import Directory
from .events.named import named_markets, scripted_kalshi
from .events.types import EventMarket, FeeCategory
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
_POLYMARKET_URL: Final = re.compile(
    r"(?:https?://)?(?:www\.)?polymarket\.com/(?:event|market)/([^?#]+)(?:[?#].*)?", re.IGNORECASE
)


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
    """The instruments that exist, in listing order, and every name under which they are found.

    >>> catalogue = default_catalogue()
    >>> catalogue.resolve("BTC-PERP").symbol
    'BTC-USD-PERP'
    """

    def __init__(self, instruments: Iterable[Instrument] = (), directory: Directory | None = None) -> None:
        self.directory = Directory() if directory is None else directory
        self._by_symbol: dict[str, Instrument] = {}
        self._by_name: dict[str, str] = {}
        for instrument in instruments:
            self.add(instrument)

    def all(self) -> tuple[Instrument, ...]:
        """Every instrument, in listing order."""
        return tuple(self._by_symbol.values())

    def copy(self) -> Catalogue:
        """A catalogue of its own with the same instruments, so that adding to one leaves the other alone."""
        return Catalogue(self._by_symbol.values(), self.directory.copy())

    def get(self, symbol: str) -> Instrument:
        """The instrument with this canonical symbol; `KeyError` when there is none."""
        return self._by_symbol[symbol]

    def __contains__(self, symbol: object) -> bool:
        return symbol in self._by_symbol

    def event(self, event_slug: str) -> tuple[Instrument, ...]:
        """The YES outcomes listed under one event, in listing order; empty when the event is unknown."""
        return tuple(i for i in self._by_symbol.values() if i.event_slug == event_slug and i.mirror_of is None)

    def add(self, instrument: Instrument) -> None:
        """List an instrument; `ValueError` when its symbol is taken or a venue is unknown."""
        if instrument.symbol in self._by_symbol:
            raise ValueError(f"symbol {instrument.symbol!r} is listed already")
        unknown = [venue for venue in instrument.venues if venue not in VENUES]
        if unknown:
            raise ValueError(f"unknown venue {unknown[0]!r}")
        self._by_symbol[instrument.symbol] = instrument
        if instrument.type == "prediction" and instrument.market_slug is not None and instrument.outcome:
            name = instrument.market_slug.lower()
            self._by_name[f"{name}:{instrument.outcome.lower()}"] = instrument.symbol
            if instrument.mirror_of is None:
                self._by_name[name] = instrument.symbol

    def add_market(self, market: EventMarket) -> None:
        """List a prediction market with both its outcomes."""
        self.directory.add(market)
        for outcome in market_outcomes(market):
            self.add(outcome)

    def close_market(self, market: EventMarket, at_ns: int) -> None:
        """End the trading of a prediction market at `at_ns`, both outcomes."""
        for symbol in (market.yes, market.no):
            self._by_symbol[symbol] = replace(self.get(symbol), expiry_ns=at_ns)

    def list_on(self, symbol: str, venue: str) -> Instrument:
        """List a known instrument on one more venue.

        `ValueError` when the venue does not trade such instruments; event contracts stay on the venue that
        made them.
        """
        instrument = self._by_symbol[symbol]
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
        or without ":YES"/":NO", Polymarket slugs with or without ":yes"/":no", token ids (also cut short with
        "..." after at least 30 digits) and event addresses. The slug of an event with several outcomes names
        none of them.

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
        direct = self._by_symbol.get(text)
        if direct is not None:
            return direct
        if _TOKEN.fullmatch(text):
            return None
        short = _TOKEN_START.fullmatch(text)
        if short is not None:
            hits = [i for i in self._by_symbol.values() if i.token_id and i.token_id.startswith(short[1])]
            return hits[0] if len(hits) == 1 else None
        url = _POLYMARKET_URL.fullmatch(text)
        if url is not None:
            # The last part of an address names the market; the first one the event it belongs to.
            for part in reversed([part for part in url[1].split("/") if part]):
                named = self._by_name.get(part.lower())
                if named is not None:
                    return self._by_symbol[named]
            return None
        upper = text.upper().replace("/", "-")
        pair = self._by_symbol.get(upper)
        if pair is None and upper.endswith("-PERP"):
            pair = self._by_symbol.get(f"{upper[:-5]}-USD-PERP")
        if pair is not None:
            return pair
        named = self._by_name.get(text.lower())
        return None if named is None else self._by_symbol[named]

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


def default_catalogue() -> Catalogue:
    """A new catalogue with the standing instruments: spot pairs, perps, and a small set of prediction
    markets."""
    catalogue = Catalogue()
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
