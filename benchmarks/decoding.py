"""Bytes of an answer to a validated model, and reading every field of every row of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks import payloads
from benchmarks.measure import Target, paired, repeated
from benchmarks.report import Row
from sequence_markets.models import FillPage, MarketsPage, Positions, Quote, QuoteBatch, SequenceModel
from sequence_markets.models.base import decode

_DECODE = Target("<=", 0.8)
_READ = Target("<=", 1.5)


@dataclass(frozen=True, slots=True)
class Case:
    """An answer and the two ways to read all of it: as typed rows and as dicts."""

    name: str
    body: bytes
    model: type[SequenceModel]
    typed: Callable[[Any], object]
    plain: Callable[[Any], object]
    share: float


def cases(scale: float) -> Iterator[Case]:
    """Yield the answers; ``scale`` below 1 makes them smaller."""
    symbols, fills, positions, markets = (max(2, int(rows * scale)) for rows in (2_000, 20_000, 1_000, 1_000))
    depth = 100
    yield Case(
        f"`quote(depth={depth})`",
        payloads.encoded(payloads.quote(depth)),
        Quote,
        _quote_typed,
        _quote_plain,
        1.0,
    )
    yield Case(
        f"batch of {symbols:,} symbols",
        payloads.encoded(payloads.batch(symbols)),
        QuoteBatch,
        lambda batch: [_quote_typed(each) for each in batch.quotes],
        lambda batch: [_quote_plain(each) for each in batch["quotes"]],
        0.05,
    )
    yield Case(
        f"{fills:,} fills",
        payloads.encoded(payloads.fills(fills)),
        FillPage,
        _fills_typed,
        _fills_plain,
        0.05,
    )
    yield Case(
        f"{positions:,} positions",
        payloads.encoded(payloads.positions(positions)),
        Positions,
        _positions_typed,
        _positions_plain,
        0.2,
    )
    yield Case(
        f"page of {markets:,} markets",
        payloads.encoded(payloads.markets(markets)),
        MarketsPage,
        _markets_typed,
        _markets_plain,
        0.2,
    )


def measure(*, scale: float = 1.0, rounds: int = 500) -> Iterator[Row]:
    """Yield three rows for each answer."""
    for case in cases(scale):
        yield from _rows(case, max(3, int(rounds * case.share)))


def _rows(case: Case, rounds: int) -> Iterator[Row]:
    body, model, typed, plain = case.body, case.model, case.typed, case.plain
    answer, parsed = decode(body, model), json.loads(body)
    if answer.raw != parsed or typed(answer) != plain(parsed):
        raise AssertionError(f"{case.name}: the model reads differently from the JSON")
    del answer, parsed

    def compare(name: str, ours: Callable[[], object], other: Callable[[], object], target: Target) -> Row:
        against = "`json.loads`" if target is _DECODE else "`json.loads` and the same reads"
        return Row.of(name, against, paired(repeated(ours), repeated(other), rounds=rounds), target)

    def loads_and_read() -> object:
        return plain(json.loads(body))

    size = f"{case.name}, {len(body) / 1024:,.0f} KiB"
    yield compare(f"decode {size}", lambda: decode(body, model), lambda: json.loads(body), _DECODE)
    yield compare("- and read every field, typed", lambda: typed(decode(body, model)), loads_and_read, _READ)
    yield compare("- and read every field, as dicts", lambda: plain(decode(body, model)), loads_and_read, _READ)


def _quote_typed(quote: Any) -> object:
    nbbo = quote.nbbo
    return (
        (quote.symbol, quote.source, nbbo.bid, nbbo.ask, nbbo.mid, nbbo.spread_bps),
        [(name, v.bid, v.ask, v.bid_size, v.ask_size, v.age_ms) for name, v in quote.venues.items()],
        [(level.price, level.size, level.venue) for level in quote.book.bids],
        [(level.price, level.size, level.venue) for level in quote.book.asks],
    )


def _quote_plain(quote: Any) -> object:
    nbbo = quote["nbbo"]
    return (
        (quote["symbol"], quote["source"], nbbo["bid"], nbbo["ask"], nbbo["mid"], nbbo["spread_bps"]),
        [(name, v["bid"], v["ask"], v["bid_size"], v["ask_size"], v["age_ms"]) for name, v in quote["venues"].items()],
        [(level["price"], level["size"], level["venue"]) for level in quote["book"]["bids"]],
        [(level["price"], level["size"], level["venue"]) for level in quote["book"]["asks"]],
    )


def _fills_typed(page: Any) -> object:
    return [
        (f.fill_id, f.node_order_id, f.symbol, f.side, f.qty_1e8, f.price_1e9, f.venue, f.fee_1e9, f.timestamp_ns)
        for f in page.fills
    ]


def _fills_plain(page: Any) -> object:
    return [
        (
            *(f["fill_id"], f["node_order_id"], f["symbol"], f["side"], f["qty_1e8"]),
            *(f["price_1e9"], f["venue"], f["fee_1e9"], f["timestamp_ns"]),
        )
        for f in page["fills"]
    ]


def _positions_typed(held: Any) -> object:
    return [
        (
            *(p.id, p.venue, p.instrument.kind, p.qty_1e8, p.locked_qty_1e8, p.available_qty_1e8),
            *(p.entry_price_usd_1e9, p.current_price_usd_1e9, p.current_value_usd_1e9, p.unrealized_pnl_usd_1e9),
            *(p.realized_pnl_usd_1e9, p.fees_usd_1e9, p.lifecycle.state, p.transferable, p.settled),
            p.settled_mark_usd_1e9,
        )
        for p in held.positions
    ]


def _positions_plain(held: Any) -> object:
    return [
        (
            *(p["id"], p["venue"], p["instrument"]["kind"], p["qty_1e8"], p["locked_qty_1e8"]),
            *(p["available_qty_1e8"], p["entry_price_usd_1e9"], p["current_price_usd_1e9"]),
            *(p["current_value_usd_1e9"], p["unrealized_pnl_usd_1e9"], p["realized_pnl_usd_1e9"], p["fees_usd_1e9"]),
            *(p["lifecycle"]["state"], p["transferable"], p["settled"], p["settled_mark_usd_1e9"]),
        )
        for p in held["positions"]
    ]


def _markets_typed(page: Any) -> object:
    return [
        (
            *(m.venue, m.slug, m.symbol, m.question, m.outcomes[0], m.outcome_token_ids[1], m.yes_token_id),
            *(m.no_token_id, m.condition_id, m.event_id, m.neg_risk, m.volume_24h, m.volume_week, m.volume_total),
            *(m.liquidity, m.best_yes_bid, m.best_yes_ask, m.best_no_bid, m.best_no_ask, m.spread_pct),
            *(m.start_date, m.end_date, m.url),
        )
        for m in page.markets
    ]


def _markets_plain(page: Any) -> object:
    return [
        (
            *(m["venue"], m["slug"], m["symbol"], m["question"], m["outcomes"][0], m["outcome_token_ids"][1]),
            *(m["yes_token_id"], m["no_token_id"], m["condition_id"], m["event_id"], m["neg_risk"], m["volume_24h"]),
            *(m["volume_week"], m["volume_total"], m["liquidity"], m["best_yes_bid"], m["best_yes_ask"]),
            *(m["best_no_bid"], m["best_no_ask"], m["spread_pct"], m["start_date"], m["end_date"], m["url"]),
        )
        for m in page["markets"]
    ]
