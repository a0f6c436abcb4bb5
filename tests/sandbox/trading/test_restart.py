"""A restart at any moment holds exactly what was answered, and goes on as if nothing had happened."""

from __future__ import annotations

import copy
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sequence_markets.sandbox.exchange import Exchange, JournalError, Refusal
from sequence_markets.sandbox.journal import Journal, SqliteStore, Store
from sequence_markets.sandbox.market import SyntheticMarket

from .support import KALSHI, PERP, SECOND, SEED, START_NS, Disk, Trader, exchange, levels

MARKET = SyntheticMarket(seed=SEED)


def reopen(path: Path) -> Exchange:
    return Exchange(MARKET, seed=SEED, start_ns=0, journal=Journal(SqliteStore(path)))


def script(trader: Trader) -> None:
    """A session with everything in it."""
    trader.book([("90000", "1.5")], [("90010", "0.3"), ("90020", "2")])
    trader.place("buy", "0.5")
    resting = trader.place("buy", "1", "90000")
    trader.print("sell", "90000", "1.6")
    trader.place("sell", "0.2", policy="aggressive_chase")
    trader.place("buy", "3", policy="time_drip", horizon_ms=10_000)
    trader.place("buy", "0.4", policy="passive_ladder")
    trader.place("buy", "0.7", "90015", urgency="high")
    trader.place("buy", "0.4", urgency="low")
    trader.advance(2.5)
    trader.book([("90001", "2")], [("90012", "1"), ("90020", "2")])
    trader.book([("3000", "10")], [("3001", "10")], symbol=PERP, venue="hyperliquid")
    trader.place("sell", "4", symbol=PERP)
    trader.place("buy", "20", "0.5", symbol=KALSHI)
    trader.exchange.cancel_order(trader.client, resting)
    trader.advance(4)
    trader.exchange.connect_venue(trader.client, "kraken")
    trader.place("buy", "0.01", "60000", symbol="BTC-USDT")
    trader.advance(400)


def test_every_answered_command_survives_a_kill_between_batches(tmp_path: Path) -> None:
    copies: list[tuple[Path, str]] = []

    class CopyingStore(SqliteStore):
        def append(self, batch: str) -> None:
            super().append(batch)
            folder = tmp_path / str(len(copies))
            folder.mkdir()
            for name in ("a.db", "a.db-wal"):
                shutil.copy(tmp_path / name, folder / name)
            copies.append((folder / "a.db", batch))

    venue = Exchange(MARKET, seed=SEED, start_ns=START_NS, journal=Journal(CopyingStore(tmp_path / "a.db")))
    script(Trader(venue))
    lines = venue.journal.lines()
    venue.close()
    assert len(copies) > 20
    seen = 1
    for path, batch in copies:
        seen += len(batch.split("\n"))
        again = reopen(path)
        assert again.journal.lines() == lines[:seen]
        again.check_invariants()
        again.close()


def test_a_restarted_exchange_goes_on_as_if_it_had_never_stopped(tmp_path: Path) -> None:
    straight = Trader(exchange(Journal(SqliteStore(tmp_path / "a.db"))))
    script(straight)
    straight.advance(0.4)
    shutil.copytree(tmp_path, tmp_path / "copy")
    again = reopen(tmp_path / "copy" / "a.db")
    assert again.now_ns == straight.exchange.now_ns
    assert again.state == straight.exchange.state
    for venue in (straight.exchange, again):
        venue.advance_to(venue.now_ns + 100 * SECOND)
        venue.set_book("BTC-USD", "kraken", levels(("89000", "9")), levels(("89500", "9")))
        venue.advance_to(venue.now_ns + 100 * SECOND)
        venue.check_invariants()
        venue.close()
    assert again.fills(straight.client, limit=500) == straight.exchange.fills(straight.client, limit=500)
    assert again.orders(straight.client) == straight.exchange.orders(straight.client)


@pytest.mark.parametrize(
    "execution",
    [
        {"horizon_ms": 4000},
        {"horizon_ms": 4000, "urgency": "low"},
        {"urgency": "low"},
        {"urgency": "high", "horizon_ms": 9000},
        {"policy": "aggressive_chase"},
        {"policy": "time_drip", "horizon_ms": 9000},
        {"policy": "passive_ladder", "horizon_ms": 20_000},
        {"policy": "passive_limit"},
    ],
)
@pytest.mark.parametrize("limit", [None, "90000"])
def test_every_timer_and_every_watch_survives_restarts(
    tmp_path: Path, execution: dict[str, object], limit: str | None
) -> None:
    def run(path: Path, restarts: bool) -> tuple[list[dict[str, object]], dict[str, object], object]:
        trader = Trader(exchange(Journal(SqliteStore(path))))
        trader.exchange.put_sandbox_settings(trader.client, {"latency_ms": {"binance": 500}})
        price = trader.exchange.market.reference_price("BTC-USD", trader.exchange.now_ns)
        assert price is not None
        near = None if limit is None else str(price * 9999 // 10_000 // 10**7 / 100)
        order = trader.place("buy", "40", near, symbol="BTC-USD", venue="binance", **execution)
        for _ in range(16):
            trader.advance(2.1)
            if restarts:
                trader.exchange.close()
                trader.exchange = reopen(path)
        trader.exchange.check_invariants()
        answer = trader.fills(order), trader.order(order), trader.graph(order)
        trader.exchange.close()
        return answer

    assert run(tmp_path / "a.db", restarts=True) == run(tmp_path / "b.db", restarts=False)


def test_a_failed_write_undoes_the_command() -> None:
    disk = Disk()
    store: Store = disk
    trader = Trader(exchange(Journal(store)))
    trader.book([("90000", "1.5")], [("90010", "0.3")])
    resting = trader.place("buy", "1", "89000")
    state, net = copy.deepcopy(trader.exchange.state), trader.exchange.net_book("BTC-USD", "kraken")
    disk.full = True
    with pytest.raises(OSError):
        trader.place("buy", "0.1")
    with pytest.raises(OSError):
        trader.book([], [("80000", "1")])
    disk.full = False
    assert trader.exchange.state == state
    assert trader.exchange.net_book("BTC-USD", "kraken") == net
    assert trader.status(resting) == "ACCEPTED"
    trader.exchange.check_invariants()
    assert trader.status(trader.place("buy", "0.1")) == "FILLED"


def test_a_refused_script_changes_nothing() -> None:
    trader = Trader()
    digest = trader.exchange.journal.digest()
    with pytest.raises(Refusal) as refused:
        trader.book([("90010", "1")], [("90000", "1")])
    assert refused.value.status == 422
    with pytest.raises(Refusal):
        trader.exchange.set_price("BTC-USD", -5)
    with pytest.raises(Refusal):
        trader.print("buy", "1", "1", venue="kalshi")
    assert trader.exchange.journal.digest() == digest


def test_another_seed_than_the_journals_is_refused(tmp_path: Path) -> None:
    exchange(Journal(SqliteStore(tmp_path / "a.db"))).close()
    journal = Journal(SqliteStore(tmp_path / "a.db"))
    with pytest.raises(JournalError, match="seed 7"):
        Exchange(MARKET, seed=8, start_ns=START_NS, journal=journal)
    journal.close()


def test_another_market_than_the_journals_is_refused(tmp_path: Path) -> None:
    class Tape(SyntheticMarket):
        def describe(self) -> dict[str, object]:
            tape: dict[str, object] = {
                "kind": "spot",
                "symbols": ["BTC-USD"],
                "start_ns": 1,
                "end_ns": 2,
                "counters": None,
            }
            return {"kind": "tape", "tape": [tape]}

    exchange(Journal(SqliteStore(tmp_path / "a.db"))).close()
    journal = Journal(SqliteStore(tmp_path / "a.db"))
    with pytest.raises(JournalError, match=r"another market: synthetic, not tape [0-9a-f]{16}"):
        Exchange(Tape(seed=SEED), seed=SEED, start_ns=START_NS, journal=journal)
    journal.close()


def test_reset_begins_the_same_journal_again(tmp_path: Path) -> None:
    trader = Trader(exchange(Journal(SqliteStore(tmp_path / "a.db"))))
    script(trader)
    digest = trader.exchange.journal.digest()
    trader.exchange.reset()
    assert trader.exchange.now_ns == START_NS
    assert len(trader.exchange.journal) == 1
    again = Trader(trader.exchange)
    script(again)
    assert again.exchange.journal.digest() == digest
    again.exchange.close()


def test_another_seed_makes_another_market_and_other_ids() -> None:
    venue = Exchange(MARKET, seed=SEED, start_ns=START_NS, remake=lambda seed: SyntheticMarket(seed=seed))
    before = venue.market.reference_price("BTC-USD", START_NS)
    venue.seed(8)
    assert venue.market.reference_price("BTC-USD", START_NS) != before
    genesis = venue.journal.genesis()
    assert genesis is not None
    assert genesis.seed == 8


def test_time_that_nobody_needs_is_not_written(tmp_path: Path) -> None:
    venue = exchange(Journal(SqliteStore(tmp_path / "a.db")))
    venue.advance_to(START_NS + SECOND, durable=False)
    assert len(venue.journal) == 1
    venue.account_for("a" * 64, "test")
    assert json.loads(venue.journal.lines()[1]) == {"type": "at", "now_ns": START_NS + SECOND}
    venue.advance_to(START_NS + 2 * SECOND)
    venue.close()
    again = reopen(tmp_path / "a.db")
    assert again.now_ns == START_NS + 2 * SECOND
    again.close()
    with pytest.raises(ValueError, match="backwards"):
        venue.advance_to(START_NS)


def test_the_same_script_gives_the_same_journal_in_another_process() -> None:
    code = (
        "from tests.sandbox.trading.test_restart import script\n"
        "from tests.sandbox.trading.support import Trader\n"
        "trader = Trader()\nscript(trader)\nprint(trader.exchange.journal.digest())\n"
    )
    root = Path(__file__).resolve().parents[3]
    digests = [
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
        ).stdout
        for seed in ("1", "4242")
    ]
    trader = Trader()
    script(trader)
    assert {text.strip() for text in digests} == {trader.exchange.journal.digest()}


def test_no_secret_and_no_key_is_in_the_journal() -> None:
    trader = Trader(key="c")
    script(trader)
    assert "c" * 64 not in "\n".join(trader.exchange.journal.lines())
