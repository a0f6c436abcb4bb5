"""Level 1: quotes and symbols."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sequence_markets.client import checks
from sequence_markets.client.operation import Operation, json_body, one, path, rows, target
from sequence_markets.graphs.words import INSTRUMENT_TYPES, InstrumentType
from sequence_markets.models import Quote, QuoteBatch, Rows, Symbol

MOST_SYMBOLS: Final = 2000
MOST_LEVELS: Final = 100
MOST_CONCURRENT: Final = 256

_QUOTE = one(Quote)
_QUOTES = rows(Quote, "quotes")
_BATCH = one(QuoteBatch)
_SYMBOLS = rows(Symbol, "symbols")


def quote(symbol: str, depth: int, nowait: bool) -> Operation[Quote]:
    """Quote one symbol."""
    return Operation(
        "quote",
        "GET",
        target(
            path("quotes", checks.path_part(symbol, "symbol")),
            depth=checks.clamped(depth, "depth", least=1, most=MOST_LEVELS),
            nowait=checks.boolean(nowait, "nowait") or None,
        ),
        _QUOTE,
    )


def quotes(symbols: Iterable[str]) -> Operation[Rows[Quote]] | None:
    """Quote some symbols at once, or ``None`` when there is nothing to ask."""
    listed = checks.comma_list(symbols, "symbols")
    if not listed:
        return None
    return Operation("quotes", "GET", target("/v1/quotes", symbols=listed), _QUOTES)


def quotes_batch(
    symbols: Iterable[str], depth: int, nowait: bool, concurrency: int, instrument_type: InstrumentType | None
) -> Operation[QuoteBatch]:
    """Quote up to 2,000 symbols in one request. It changes nothing, so it may be repeated."""
    listed = checks.texts(symbols, "symbols")
    if len(listed) > MOST_SYMBOLS:
        raise ValueError(f"symbols may hold at most {MOST_SYMBOLS} symbols, got {len(listed)}")
    body: dict[str, object] = {
        "symbols": listed,
        "depth": checks.integer(depth, "depth", least=1, most=MOST_LEVELS),
        "nowait": checks.boolean(nowait, "nowait"),
        "concurrency": checks.integer(concurrency, "concurrency", least=1, most=MOST_CONCURRENT),
    }
    kind = checks.one_of(instrument_type, "instrument_type", INSTRUMENT_TYPES)
    if kind is not None:
        body["instrument_type"] = kind
    return Operation("quotes_batch", "POST", "/v1/quotes_batch", _BATCH, body=json_body(body))


def symbols() -> Operation[Rows[Symbol]]:
    """List every tradable instrument."""
    return Operation("symbols", "GET", "/v1/symbols", _SYMBOLS)
