"""What is kept of algos: every change is in the journal, whole batches or nothing, the same bytes every time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from sequence_markets.sandbox.algos.history import AlgoEvent, Item
from sequence_markets.sandbox.exchange import Exchange
from sequence_markets.sandbox.journal import Journal, MemoryStore, SqliteStore
from sequence_markets.sandbox.trading.errors import Refusal
from tests.sandbox.trading.support import KALSHI

from .support import UNIT, Lab, act, cancel, example, exchange, module, puppet, raw_action


class Fragile(MemoryStore):
    """A store that refuses to keep anything while it is told to."""

    def __init__(self) -> None:
        self.broken = False

    def append(self, batch: str) -> None:
        if self.broken:
            raise OSError("the disk is full")


def test_algos_go_on_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    lab = Lab(exchange(Journal(SqliteStore(path))))
    lab.mid(100)
    deployed = lab.deploy(
        puppet([act(1, 1, 2, 99.5), act(2, 1, 1, kind="MARKET")], show_state=True), rules={"max_position_1e8": 9 * UNIT}
    )
    other = lab.deploy(puppet(), "ETH-USD", start=False)
    paused = Lab(lab.exchange, "b").deploy(module("unreachable"))
    before = {each.id: lab.row(each) for each in (deployed, other, paused)}
    lab.exchange.close()

    again = Lab(exchange(Journal(SqliteStore(path))))
    found = again.exchange.state.algos.deployments
    assert list(found) == [deployed.id, other.id, paused.id]
    assert found[deployed.id].rules.max_position_1e8 == 9 * UNIT
    figures = {"update_count": 0, "callback_latency_ns": 0}
    for each in found.values():
        assert again.row(each) == before[each.id] | figures
    again.print("sell", "99", "2")
    assert again.edge(found[deployed.id]).position == 3 * UNIT, "its order was still known as its own"
    assert again.logs(found[deployed.id]), "the instance begins anew with the first thing it is told"
    again.mid(101)
    assert again.row(found[deployed.id])["update_count"] == 1
    assert again.row(found[paused.id])["pause_reason"] == "trap in algo_on_book: unreachable"
    again.exchange.check_invariants()
    again.exchange.close()


def test_a_fresh_instance_is_shown_the_book_once_time_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    lab = Lab(exchange(Journal(SqliteStore(path))))
    lab.mid(100)
    deployed = lab.deploy(puppet([act(1, 1, 1, 90)]))
    lab.exchange.close()
    again = Lab(exchange(Journal(SqliteStore(path))))
    again.advance(0)
    assert again.rejects(deployed) == [(1, 2)], "it asks for its first order again, which still works"
    again.exchange.close()


def test_what_cannot_be_stored_has_not_happened() -> None:
    store = Fragile()
    lab = Lab(exchange(Journal(store)))
    lab.mid(100)
    calm, busy = (
        lab.deploy(puppet(), "ETH-USD"),
        lab.deploy(puppet([], [act(1, 1, 1, kind="MARKET")], [act(2, 1, 1, 90)])),
    )
    kept = lab.exchange.algos.calls.run(lab.edge(calm)).instance
    digest, logs = lab.exchange.journal.digest(), lab.logs(busy)
    store.broken = True
    with pytest.raises(OSError, match="disk is full"):
        lab.mid(101)
    store.broken = False
    assert (lab.exchange.journal.digest(), lab.logs(busy), lab.edge(busy).position) == (digest, logs, 0)
    runs = lab.exchange.algos.calls.runs
    assert runs[lab.edge(busy).no].instance is None, "it has seen what never happened"
    assert runs[lab.edge(calm).no].instance is kept
    lab.mid(101)
    lab.mid(102)
    assert lab.edge(busy).position == UNIT, "it began anew and came to its second batch"
    lab.exchange.check_invariants()


def test_a_refused_command_disturbs_no_algo() -> None:
    lab = Lab()
    lab.mid(100)
    deployed = lab.deploy(puppet([], [act(1, 1, 1, 90)]))
    with pytest.raises(Refusal):
        lab.exchange.submit(lab.client, {"symbol": "nothing", "side": "buy", "qty": 1})
    lab.mid(101)
    assert [row["status"] for row in lab.algo_orders()] == ["ACCEPTED"]
    assert lab.row(deployed)["update_count"] == 2


def test_a_reset_of_the_exchange_leaves_no_algo() -> None:
    lab = Lab()
    lab.mid(100)
    deployed = lab.deploy(puppet(show_book=True))
    fresh = exchange().journal.digest()
    lab.exchange.reset()
    host = lab.exchange.algos
    assert (host.calls.runs, host.history.logs(deployed.id), lab.exchange.journal.digest()) == ({}, [], fresh)
    lab.advance(5)


def test_the_same_script_makes_the_same_journal() -> None:
    def run() -> tuple[str, list[str]]:
        lab = Lab()
        lab.book([("0.40", "50")], [("0.42", "50")], symbol=KALSHI, venue="kalshi")
        maker = lab.deploy(example("market_maker"), KALSHI)
        taker = lab.deploy(example("momentum"), "KXPGATOUR-ZUCONO26-THVI", "BTC-USD", venues=["kalshi", "kraken"])
        for step in range(20):
            lab.book([(f"0.{40 + step % 3}", "50")], [(f"0.{43 + step % 3}", "50")], symbol=KALSHI, venue="kalshi")
            lab.print("sell" if step % 2 else "buy", "0.41", "70", symbol=KALSHI, venue="kalshi")
            lab.advance(1.7)
        Lab(lab.exchange, "b").deploy(module("(loop br 0) (i32.const 0)"))
        lab.stop(maker)
        lab.remove(taker)
        lab.exchange.check_invariants()
        return lab.exchange.journal.digest(), lab.logs(maker)

    assert run() == run()


def test_everything_that_happens_is_tapped_once_it_is_stored() -> None:
    store = Fragile()
    lab = Lab(exchange(Journal(store)))
    lab.mid(100)
    seen: list[tuple[str, Item]] = []
    lab.exchange.algos.history.taps.append(lambda deployment, item: seen.append((deployment, item)))
    deployed = lab.deploy(puppet(show_book=True))
    kinds = [item.kind if isinstance(item, AlgoEvent) else type(item).__name__ for _, item in seen]
    assert kinds == ["deployed", "started", "LogLine", "LogLine", "Trace"]
    assert {deployment for deployment, _ in seen} == {deployed.id}
    store.broken = True
    with pytest.raises(OSError, match="full"):
        lab.stop(deployed)
    assert len(seen) == 5


SYMBOLS = ("BTC-USD", "ETH-USD-PERP", KALSHI)
VENUES = {"BTC-USD": "kraken", "ETH-USD-PERP": "hyperliquid", KALSHI: "kalshi"}
MIDS = {"BTC-USD": 100.0, "ETH-USD-PERP": 3000.0, KALSHI: 0.5}
STEPS = {"BTC-USD": 1.0, "ETH-USD-PERP": 20.0, KALSHI: 0.01}


def wild(symbol: str, draw: Sequence[tuple[int, int, int, int, int]]) -> bytes:
    """A puppet that asks for whatever was drawn, good and bad."""
    batches: list[list[bytes]] = []
    for order_id, side, away, qty, kind in draw:
        price = MIDS[symbol] + away * STEPS[symbol]
        action = cancel(order_id) if kind > 4 else act(order_id, side, qty, 0 if kind == 1 else price, KINDS[kind])
        if kind == 7:
            action = raw_action(order_id, 5, 5, 9, 0, 0)
        batches.append([action, act(order_id + 50, -side, qty, MIDS[symbol] - side * away * STEPS[symbol])])
    return puppet(*batches, on_shutdown=[cancel(order_id) for order_id, *_ in draw[:4]])


KINDS = ("LIMIT", "MARKET", "IOC", "FOK", "POST_ONLY")
asked = st.tuples(st.integers(1, 6), st.sampled_from([1, -1]), st.integers(-4, 4), st.integers(1, 9), st.integers(0, 7))
commands = st.one_of(
    st.tuples(st.just("book"), st.integers(0, 2), st.integers(-3, 3)),
    st.tuples(st.just("print"), st.integers(0, 2), st.integers(-3, 3)),
    st.tuples(st.just("advance"), st.integers(0, 2), st.integers(1, 40_000)),
    st.tuples(st.sampled_from(["stop", "start", "kill", "clear", "refold", "take"]), st.integers(0, 2), st.just(0)),
)


@settings(deadline=None, max_examples=25)
@given(
    st.lists(asked, min_size=1, max_size=8),
    st.lists(asked, min_size=1, max_size=8),
    st.lists(asked, min_size=1, max_size=8),
    st.lists(commands, min_size=4, max_size=24),
)
def test_every_rule_holds_while_algos_do_whatever_they_like(
    one: list[tuple[int, int, int, int, int]],
    two: list[tuple[int, int, int, int, int]],
    three: list[tuple[int, int, int, int, int]],
    script: list[tuple[str, int, int]],
) -> None:
    journal = Journal()
    lab = Lab(exchange(journal))
    lab.fund(venue="kraken", kind="crypto", symbol="BTC", qty=20, entry_price_usd=100)
    other = Lab(lab.exchange, "b")

    def book(symbol: str, away: int) -> None:
        mid, step = MIDS[symbol] + away * STEPS[symbol], STEPS[symbol]
        lab.book(
            [(f"{mid - step:.2f}", "4"), (f"{mid - 2 * step:.2f}", "9")],
            [(f"{mid + step:.2f}", "4"), (f"{mid + 2 * step:.2f}", "9")],
            symbol=symbol,
            venue=VENUES[symbol],
        )

    for symbol in SYMBOLS:
        book(symbol, 0)
    ids = [lab.deploy(wild(symbol, draw), symbol).id for symbol, draw in zip(SYMBOLS, (one, two, three), strict=True)]
    for word, which, amount in script:
        symbol = SYMBOLS[which]
        deployed = lab.exchange.state.algos.deployments[ids[which]]
        match word:
            case "book":
                book(symbol, amount)
            case "print":
                price = MIDS[symbol] + amount * STEPS[symbol]
                lab.print("sell" if amount < 0 else "buy", f"{price:.2f}", "6", symbol=symbol, venue=VENUES[symbol])
            case "advance":
                lab.advance(amount)
            case "stop":
                lab.stop(deployed)
            case "start":
                lab.start(deployed)
            case "kill":
                lab.exchange.engage_kill_switch(lab.client, "test")
            case "clear":
                lab.exchange.clear_kill_switch(lab.client)
            case "take":
                other.place("buy", "3", symbol=symbol, venue=VENUES[symbol])
            case _:
                lab.exchange = other.exchange = Exchange(
                    lab.exchange._base, seed=7, start_ns=lab.exchange.state.start_ns, journal=journal
                )
        lab.exchange.check_invariants()
    for deployment in ids:
        row = lab.row(lab.exchange.state.algos.deployments[deployment])
        assert row["status"] in ("running", "stopped", "paused")
