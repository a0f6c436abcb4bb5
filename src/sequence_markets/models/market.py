"""What the market-data endpoints answer: quotes, books and symbols."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from ._shape import Keyed
from .base import SequenceModel

QuoteSource = Literal["edge_nbbo", "edge_rpc_snapshot", "venue_public_api", "unavailable"] | str
"""The path that served a quote. Trade only on ``edge_nbbo``."""

SymbolType = Literal["spot", "perp", "prediction"] | str
"""What kind of instrument a symbol names."""


class Nbbo(SequenceModel, frozen=True):
    """The best bid and offer across every venue."""

    bid: float
    """Highest bid, in the quote currency; zero when nobody bids."""
    ask: float
    """Lowest ask, in the quote currency; zero when nobody offers."""
    mid: float
    """Midpoint of bid and ask; zero when one side is missing or the merged book is crossed."""
    spread_bps: float
    """Ask minus bid in basis points of the mid; zero when the mid is."""


class VenueQuote(SequenceModel, frozen=True):
    """The top of one venue's book."""

    bid: float
    """Best bid on this venue."""
    ask: float
    """Best ask on this venue."""
    bid_size: float
    """Quantity displayed at the best bid, in units of the base asset."""
    ask_size: float
    """Quantity displayed at the best ask, in units of the base asset."""
    age_ms: int | None = None
    """Milliseconds since this venue's last update."""


class BookLevel(SequenceModel, frozen=True):
    """One price level of one venue in the merged book."""

    price: float
    """Price of the level."""
    size: float
    """Quantity displayed at it, in units of the base asset."""
    venue: str
    """Venue that displays it."""


class Book(SequenceModel, frozen=True):
    """The merged book of every venue, best level first."""

    bids: tuple[BookLevel, ...]
    """Bids, highest first."""
    asks: tuple[BookLevel, ...]
    """Asks, lowest first."""


class Quote(SequenceModel, frozen=True):
    """NBBO, the top of each venue and the merged book of one symbol.

    Example:
        >>> quote = seq.quote("BTC-USD", depth=5)
        >>> quote.nbbo.bid == quote["nbbo"]["bid"]
        True
        >>> len(quote.book.bids) <= 5
        True
    """

    symbol: str
    """Canonical symbol."""
    source: QuoteSource | None = None
    """The path that served the quote."""
    nbbo: Nbbo
    """Best bid and offer across venues."""
    venues: Mapping[str, VenueQuote]
    """Top of the book by venue id."""
    book: Book | None = None
    """Merged book; absent from the lighter answers of ``quotes()``."""
    region: str | None = None
    """Region of the coordinator that answered."""
    remote: bool | None = None
    """Whether the venue is attached to another region."""


class QuoteError(SequenceModel, frozen=True):
    """The entry of a symbol that could not be quoted in a batch."""

    symbol: str
    """The symbol as it was asked for."""
    error: str
    """Why there is no quote."""


BatchEntry = Annotated[Quote | QuoteError, Keyed("error")]
"""An entry of a batch: a `QuoteError` where it carries an ``error`` that is not null, else a `Quote`."""


class QuoteBatch(SequenceModel, frozen=True):
    """The answer to a batch of symbols; one that failed stands beside those that did not.

    Example:
        >>> batch = seq.quotes_batch(["BTC-USD", "no such symbol"])
        >>> [entry.symbol for entry in batch.quotes if "error" not in entry]
        ['BTC-USD']
        >>> [failed.symbol for failed in batch.failed]
        ['no such symbol']
    """

    quotes: tuple[BatchEntry, ...]
    """One entry per symbol, in the order they were asked for."""
    count: int
    """Number of entries, failed ones included."""
    elapsed_ms: float | None = None
    """Time the server took, in milliseconds."""

    @property
    def quoted(self) -> tuple[Quote, ...]:
        """The entries that are quotes."""
        return tuple(entry for entry in self.quotes if isinstance(entry, Quote))

    @property
    def failed(self) -> tuple[QuoteError, ...]:
        """The entries of symbols that could not be quoted."""
        return tuple(entry for entry in self.quotes if isinstance(entry, QuoteError))


class Symbol(SequenceModel, frozen=True):
    """A tradable instrument."""

    symbol: str
    """Canonical symbol."""
    base: str
    """Asset that is traded."""
    quote: str
    """Asset it is priced in."""
    venues: tuple[str, ...]
    """Ids of the venues that list it."""
    type: SymbolType
    """Kind of instrument."""
