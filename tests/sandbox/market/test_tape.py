"""Recorded tapes: played by the venues' own rules, readable at any instant, with derived venues beside them."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from sequence_markets.sandbox.market import TapeMarket
from sequence_markets.sandbox.market.tape import read_tape
from sequence_markets.sandbox.market.tape.decimals import scaled
from sequence_markets.sandbox.market.tape.feed import Feed
from sequence_markets.sandbox.market.tape.ladder import Ladder
from sequence_markets.sandbox.market.types import Levels

from .recordings import HYPERLIQUID_BTC, PERP_BTC, PERP_ETH, SPOT_BTC, SPOT_ETH, recording, tape_market

SECOND = 10**9
MS = 10**6


@pytest.mark.parametrize(
    ("name", "symbols", "messages", "trades", "levels"),
    [
        (SPOT_BTC, ("BTC-USDT", "BTC-USD"), 1496, 2906, (1195, 1364)),
        (SPOT_ETH, ("ETH-USDT", "ETH-USD"), 1494, 2397, (1088, 1149)),
        (PERP_BTC, ("BTC-USD-PERP",), 1433, 2869, (2417, 2223)),
        (PERP_ETH, ("ETH-USD-PERP",), 1442, 2653, (1760, 1798)),
        (HYPERLIQUID_BTC, ("BTC-USD-PERP",), 46, 64, (20, 20)),
    ],
)
def test_a_recording_replays_without_a_gap_or_a_crossed_book(
    name: str, symbols: tuple[str, ...], messages: int, trades: int, levels: tuple[int, int]
) -> None:
    tape = read_tape(recording(name))
    counters = tape.feed.counters
    assert tape.symbols == symbols
    assert (counters.book_messages, counters.trades) == (messages, trades)
    assert (counters.gaps, counters.crossed) == (0, 0)
    assert tape.feed.times == sorted(tape.feed.times)
    bids, asks = tape.feed.whole(len(tape.feed.times) - 1)
    assert (len(bids), len(asks)) == levels


def test_volume_is_the_recorded_one() -> None:
    market = tape_market(SPOT_BTC)
    prints = market.tapes[0].feed.prints
    traded = sum(p.qty_1e8 for p in prints)
    assert Decimal(traded).scaleb(-8).quantize(Decimal("0.1")) == Decimal("38.3")
    bars = market.bars("BTC-USDT", 0, market.end_ns, 30 * SECOND, "binance")
    printed_before = sum(p.qty_1e8 for p in prints if p.time_ns <= bars[0].start_ns)
    assert sum(bar.volume_1e8 for bar in bars) + printed_before == traded
    assert bars[-1].close_1e9 == market.reference_price("BTC-USDT", market.end_ns)


@cache
def forward_books() -> tuple[Feed, dict[int, tuple[Levels, Levels]]]:
    """A feed of its own, and whole books of another one that was only ever read forward."""
    path = recording(SPOT_BTC)
    forward = read_tape(path).feed
    return read_tape(path).feed, {k: forward.whole(k) for k in range(0, len(forward.times), 23)}


@settings(deadline=None, max_examples=30)
@given(order=st.lists(st.integers(0, 60), min_size=2, max_size=8))
def test_a_tape_reads_the_same_forward_backward_and_at_random(order: list[int]) -> None:
    feed, wanted = forward_books()
    for k in (*order, *order[::-1]):
        frame = k * 23
        assert feed.whole(frame) == wanted[frame]
        bids, asks = feed.display(frame)
        assert (bids, asks) == (wanted[frame][0][:100], wanted[frame][1][:100])


@settings(deadline=None, max_examples=15)
@given(instants=st.lists(st.integers(0, 150_000), min_size=2, max_size=6))
def test_a_derived_book_does_not_depend_on_what_was_read_before(instants: list[int]) -> None:
    market = tape_market(SPOT_BTC)
    times = [market.start_ns + ms * MS for ms in instants]
    shown = [market.book("BTC-USDT", "okx", t) for t in times]
    fresh = TapeMarket(market.tapes, seed=3)
    assert [fresh.book("BTC-USDT", "okx", t) for t in reversed(times)] == shown[::-1]
    assert TapeMarket(market.tapes, seed=4).book("BTC-USDT", "okx", times[0]) != shown[0]


def test_the_book_of_a_tape_equals_a_plain_replay_of_its_messages() -> None:
    path = recording(PERP_BTC)
    feed = read_tape(path).feed
    bids: dict[str, str] = {}
    asks: dict[str, str] = {}
    lines = [json.loads(line.split(b" ", 1)[1]) for line in gzip.decompress(path.read_bytes()).splitlines()]
    snapshot = next(m for m in lines if "lastUpdateId" in m)
    bids.update(snapshot["bids"])
    asks.update(snapshot["asks"])
    frame = 0
    for message in lines:
        data = message.get("data", {})
        if data.get("e") == "depthUpdate" and data["u"] > snapshot["lastUpdateId"]:
            bids.update(data["b"])
            asks.update(data["a"])
            frame += 1
            if frame % 300 == 0:
                for shown, side in zip(feed.whole(frame), (bids, asks), strict=True):
                    wanted = {Decimal(p): Decimal(q) for p, q in side.items() if Decimal(q)}
                    assert {Decimal(p).scaleb(-9): Decimal(q).scaleb(-8) for p, q in shown} == wanted
    assert frame == len(feed.times) - 1


@pytest.mark.parametrize(("names", "symbol"), [((SPOT_BTC, PERP_BTC), "BTC-USD"), ((HYPERLIQUID_BTC,), "BTC-USD-PERP")])
def test_derived_venues_are_labelled_and_never_cross(names: tuple[str, ...], symbol: str) -> None:
    market = tape_market(*names)
    recorded = "binance" if symbol == "BTC-USD" else "hyperliquid"
    now, seen = market.start_ns, 0
    while now < market.start_ns + 3 * SECOND:
        books = [book for venue in market.venues(symbol) if (book := market.book(symbol, venue, now))]
        assert len(books) == len(market.venues(symbol))
        assert max(b.bids[0][0] for b in books) < min(b.asks[0][0] for b in books)
        for book in books:
            assert book.origin == ("recorded" if book.venue == recorded else "derived")
            assert book.as_of_ns <= now
            assert [p for p, _ in book.bids] == sorted({p for p, _ in book.bids}, reverse=True)
            assert [p for p, _ in book.asks] == sorted({p for p, _ in book.asks})
            assert all(size > 0 for _, size in (*book.bids, *book.asks))
        following = market.next_change(symbol, now)
        assert following is not None
        if seen % 10 == 0:
            for venue in market.venues(symbol):
                assert market.book(symbol, venue, following - 1) == market.book(symbol, venue, now)
            assert not market.trades(symbol, now, following - 1)
        now, seen = following, seen + 1
    origins = {(t.venue, t.origin) for t in market.trades(symbol, 0, now + 10 * SECOND)}
    assert (recorded, "recorded") in origins
    assert all(origin == "derived" for venue, origin in origins if venue != recorded)
    described = json.loads(json.dumps(market.describe()))
    assert described["venues"][symbol][recorded] == "recorded"
    assert described["tape"][0]["counters"]["gaps"] == 0


@settings(deadline=None, max_examples=15)
@given(cuts=st.lists(st.integers(0, 20_000), min_size=2, max_size=5).map(sorted))
def test_prints_of_a_tape_are_the_same_in_whatever_windows_they_are_asked_for(cuts: list[int]) -> None:
    market = tape_market(SPOT_BTC)
    edges = [market.start_ns + ms * MS for ms in cuts]
    whole = list(market.trades("BTC-USD", edges[0], edges[-1]))
    parts = [t for a, b in zip(edges, edges[1:], strict=False) for t in market.trades("BTC-USD", a, b)]  # noqa: RUF007
    assert parts == whole
    assert len({(t.venue, t.trade_id) for t in whole}) == len(whole)


@settings(deadline=None, max_examples=25)
@given(ms=st.integers(0, 149_000), below=st.integers(1, 2_000), above=st.integers(1, 2_000))
def test_quiet_until_of_a_recorded_venue_never_promises_too_much(ms: int, below: int, above: int) -> None:
    market = tape_market(SPOT_BTC)
    feed = market.tapes[0].feed
    now = market.start_ns + ms * MS
    bid, ask = feed.touch(feed.index_at(now))
    low, high = bid - below * 10**7, ask + above * 10**7
    until = market.quiet_until("BTC-USDT", "binance", low, high, now)
    assert until >= now
    for k in range(feed.index_at(now), feed.index_at(until) + 1):
        assert low < feed.touch(k)[0] < feed.touch(k)[1] < high
    assert all(low < p.price_1e9 < high for p in feed.prints_between(now, until))
    assert market.quiet_until("BTC-USDT", "okx", 0, 2**62, now) == now


def test_before_the_start_nothing_is_quoted_and_after_the_end_the_last_book_stands() -> None:
    market = tape_market(SPOT_BTC, PERP_BTC)
    symbol, venue = "BTC-USD", "kraken"
    feeds = [tape.feed for tape in market.tapes]
    assert market.start_ns == max(feed.start_ns for feed in feeds)
    before = min(feed.start_ns for feed in feeds) - 1
    assert market.book(symbol, venue, before) is None
    assert market.book(symbol, "binance", before) is None
    assert market.reference_price(symbol, before) is None
    assert market.next_change(symbol, before) == feeds[0].start_ns
    after = market.end_ns + 10 * SECOND
    assert market.next_change(symbol, after) is None
    assert market.book(symbol, venue, after) == market.book(symbol, venue, after + 3_600 * SECOND)
    assert not market.trades(symbol, after, after + SECOND)
    assert market.quiet_until(symbol, venue, 0, 2**62, after) == 2**63 - 1
    assert market.quiet_until(symbol, "binance", 0, 2**62, after) == 2**63 - 1
    assert market.venues("ETH-USD") == ()
    assert market.book("ETH-USD", "binance", after) is None
    assert list(market.bars("ETH-USD", before, after, SECOND)) == []
    assert market.catalogue.resolve("BTC-PERP") is not None


def test_tapes_that_do_not_belong_together_are_refused() -> None:
    spot, futures, other = (recording(name) for name in (SPOT_BTC, PERP_BTC, HYPERLIQUID_BTC))
    with pytest.raises(ValueError, match="do not overlap"):
        TapeMarket.open([spot, other])
    with pytest.raises(ValueError, match="two tapes"):
        TapeMarket.open([futures, futures])
    with pytest.raises(ValueError, match="at least one"):
        TapeMarket.open([])


# Small tapes written here.


def depth(first: int, last: int, bids: list[list[str]], asks: list[list[str]], *, ms: int, previous: int = -1) -> str:
    data: dict[str, object] = {"e": "depthUpdate", "E": ms, "s": "FOOUSDT", "U": first, "u": last, "b": bids, "a": asks}
    if previous >= 0:
        data |= {"pu": previous, "T": ms - 1}
    return "1 " + json.dumps({"stream": "x", "data": data})


def snapshot(last: int, bids: list[list[str]], asks: list[list[str]]) -> str:
    return "1 " + json.dumps({"lastUpdateId": last, "bids": bids, "asks": asks})


def write(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


BID = [["10.5", "1.0"], ["10.4", "2"]]
ASK = [["10.6", "1.5"]]


def test_changes_before_the_snapshot_are_buffered_and_the_contained_ones_dropped(tmp_path: Path) -> None:
    path = write(
        tmp_path / "t",
        [
            depth(1, 4, [["10.5", "9"]], [], ms=1000),
            depth(5, 8, [["10.5", "7"]], [], ms=1100),
            snapshot(6, BID, ASK),
            depth(9, 9, [["10.4", "0"]], [["10.7", "3"]], ms=1200),
        ],
    )
    tape = read_tape(path)
    assert tape.symbols == ("FOO-USDT", "FOO-USD")
    assert tape.feed.counters.stale == 1
    assert tape.feed.counters.gaps == 0
    assert tape.feed.times == [1000 * MS, 1100 * MS, 1200 * MS]
    bids, asks = tape.feed.display(1)
    assert bids == ((10_500_000_000, 7 * 10**8), (10_400_000_000, 2 * 10**8))
    assert asks == ((10_600_000_000, 15 * 10**7),)
    market = TapeMarket([tape])
    assert market.venues("FOO-USD")
    assert "FOO-USD" in market.catalogue


@pytest.mark.parametrize("futures", [False, True])
def test_a_break_in_the_sequence_withdraws_the_book_until_the_next_snapshot(tmp_path: Path, futures: bool) -> None:
    def change(first: int, last: int, before: int, ms: int) -> str:
        return depth(first, last, [["10.5", "2"]], [], ms=ms, previous=before if futures else -1)

    path = write(
        tmp_path / "t",
        [
            snapshot(10, BID, ASK),
            change(9 if futures else 11, 12, 8, 1000),
            change(13, 14, 12, 1100),
            change(17, 18, 16, 1200),
            change(19, 20, 18, 1300),
            snapshot(20, BID, ASK),
            change(21, 22, 20, 1400),
        ],
    )
    market = TapeMarket.open([path])
    symbol = "FOO-USD-PERP" if futures else "FOO-USDT"
    shift = 1 if futures else 0
    assert market.tapes[0].feed.counters.gaps == 1
    for ms, known in ((1100, True), (1200, False), (1299, False), (1300, True), (1400, True)):
        assert (market.book(symbol, "binance", (ms - shift) * MS) is not None) == known, ms
        if not known:
            assert market.book(symbol, "okx", (ms - shift) * MS) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("1 nonsense\n", "line 1: not a recorded message"),
        ('1 {"foo": 1}\n', "neither a tape"),
        ('1 {"stream": "x", "data": {"e": "depthUpdate", "s": "FOOUSDT"}}\n' + snapshot(1, BID, ASK), "line 2"),
        (snapshot(1, BID, ASK) + "\n" + depth(2, 2, [["1e3", "1"]], [], ms=1), "line 2: '1e3' is not a plain decimal"),
        (snapshot(1, BID, ASK) + "\n", "names no instrument"),
        (depth(2, 2, [], [], ms=1) + "\n", "no book"),
    ],
)
def test_a_tape_that_cannot_be_read_is_refused_by_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_tape(path)
    with pytest.raises(FileNotFoundError):
        read_tape(tmp_path / "absent")


def test_plain_and_packed_tapes_are_the_same(tmp_path: Path) -> None:
    packed = recording(HYPERLIQUID_BTC)
    plain = tmp_path / "plain"
    plain.write_bytes(gzip.decompress(packed.read_bytes()))
    one, other = TapeMarket.open([packed]), TapeMarket.open([plain])
    now = one.end_ns
    assert one.book("BTC-USD-PERP", "bybit", now) == other.book("BTC-USD-PERP", "bybit", now)
    assert one.trades("BTC-USD-PERP", 0, now) == other.trades("BTC-USD-PERP", 0, now)


@given(value=st.decimals(0, 10**9, places=8), zeros=st.integers(0, 5))
def test_decimals_are_read_exactly(value: Decimal, zeros: int) -> None:
    text = f"{value:f}" + ("0" * zeros if "." in f"{value:f}" else "")
    assert Decimal(scaled(text, 9)).scaleb(-9) == value
    assert Decimal(scaled(text, 8)).scaleb(-8) == value


@pytest.mark.parametrize("text", ["", ".5", "5.", "-1", "+1", "1e3", "1_0", "NaN", " 1", "0.0000000001", "١"])
def test_what_is_no_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        scaled(text, 9)


@settings(deadline=None, max_examples=60)
@given(changes=st.lists(st.tuples(st.integers(1, 12), st.integers(0, 3)), max_size=60), descending=st.booleans())
def test_a_ladder_holds_the_last_size_of_each_price_in_order(changes: list[tuple[int, int]], descending: bool) -> None:
    ladder = Ladder(descending=descending)
    plain: dict[int, int] = {}
    for price, size in changes:
        ladder.update([(price, size)])
        plain[price] = size
    wanted = sorted(((p, s) for p, s in plain.items() if s), reverse=descending)
    assert ladder.top(100) == tuple(wanted)
    assert ladder.top(3) == tuple(wanted[:3])
    assert ladder.best == (wanted[0][0] if wanted else None)
