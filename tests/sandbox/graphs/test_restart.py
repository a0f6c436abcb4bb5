"""A graph goes on after a restart at any moment as if there had been none."""

from __future__ import annotations

import pytest

from sequence_markets.sandbox.exchange import Exchange
from sequence_markets.sandbox.journal import Journal, MemoryStore
from sequence_markets.sandbox.market import SyntheticMarket

from ..trading.support import PERP, SECOND, SEED, units
from .support import Desk, edge, node, paced, price, timeout

MARKET = SyntheticMarket(seed=SEED)


class Recording(MemoryStore):
    """Remembers how many lines there were after every batch."""

    def __init__(self) -> None:
        self.counts: list[int] = []

    def append(self, batch: str) -> None:
        self.counts.append((self.counts[-1] if self.counts else 1) + len(batch.split("\n")))


def reopened(lines: list[str]) -> Exchange:
    journal = Journal()
    journal.append(lines)
    return Exchange(MARKET, seed=SEED, start_ns=0, journal=journal)


@pytest.mark.parametrize("scripted", [True, False])
def test_a_restart_between_any_two_batches_changes_nothing(scripted: bool) -> None:
    store = Recording()
    desk = Desk(Exchange(MARKET, seed=SEED, start_ns=1_767_571_200 * SECOND, journal=Journal(store)))
    if scripted:
        desk.book([("90000", "5")], [("90010", "5")])
        desk.book([("3000", "500")], [("3001", "500")], symbol=PERP, venue="hyperliquid")
    desk.exchange.put_sandbox_settings(desk.client, {"latency_ms": {"hyperliquid": 40}})
    nodes = [
        node("twap", "buy", "2", pacing=paced(8, 1500)),
        node("hedge", "sell", "1.7", symbol=PERP, venue="hyperliquid"),
        node("drip", "buy", "0.5", policy="time_drip", horizon_ms=6000),
        node("chase", "buy", "0.5", policy="aggressive_chase", horizon_ms=4000),
        node("late", "sell", "0.3", pacing=paced(3, 900)),
        node("exit", "sell", "0.4"),
        node("never", "sell", "0.4"),
    ]
    edges = [
        edge("twap", "hedge", "on_fill", sizing="source_fill", delay_ms=333),
        edge("twap", "drip", "on_fill_ratio", ratio=0.3),
        edge("drip", "chase", "on_first_fill", delay_ms=10),
        edge("chase", "late", timeout(2500)),
        edge("twap", "exit", price("above", 0.02)),
        edge("twap", "exit", price("below", 0.02), edge_id="e_exit_below"),
        edge("hedge", "never", "on_cancel"),
    ]
    desk.run(nodes, edges, risk={"runtime": {"max_loss_usd": 10_000}})
    submitted = len(desk.exchange.journal)
    end = desk.exchange.now_ns + 16 * SECOND
    desk.exchange.advance_to(end)
    desk.exchange.check_invariants()
    assert desk.is_("late") == "filled"
    assert desk.is_("exit") == ("armed" if scripted else "filled")
    assert desk.is_("never") == "cancelled"
    lines = desk.exchange.journal.lines()
    counts = [count for count in store.counts if submitted <= count < len(lines)]
    assert len(counts) > 35
    # The market's own path takes longer to follow.
    for count in counts if scripted else counts[:: len(counts) // 2]:
        again = reopened(lines[:count])
        again.advance_to(end)
        assert again.journal.lines() == lines


def test_a_paused_graph_stays_paused_through_a_restart() -> None:
    desk = Desk()
    desk.book([("90000", "5")], [("90010", "5")])
    desk.run([node("a", "buy", "1", "80000"), node("b")], [edge("a", "b", timeout(1000))])
    desk.exchange.pause_graph(desk.client, "g")
    desk.advance(5)
    again = reopened(desk.exchange.journal.lines())
    assert again.state == desk.exchange.state
    again.advance_to(again.now_ns + 5 * SECOND)
    assert again.graph_status(desk.client, "g")["status"] == "paused"
    again.resume_graph(desk.client, "g")
    assert again.order(desk.client, "graph:g:b:1")["filled_qty_1e8"] == units("1")


def test_a_kill_switch_stays_engaged_through_a_restart() -> None:
    desk = Desk()
    desk.exchange.engage_kill_switch(desk.client, "storm")
    again = reopened(desk.exchange.journal.lines())
    assert again.risk_limits(desk.client)["kill_switch_active"] is True


@pytest.mark.parametrize("offset", [0.02, 0.08])
def test_a_price_is_watched_on_after_a_restart(offset: float) -> None:
    desk = Desk(Exchange(MARKET, seed=SEED, start_ns=1_767_571_200 * SECOND))
    nodes = [node("leg", "buy", "1"), node("exit", "sell", "1")]
    below = edge("leg", "exit", price("below", offset), edge_id="e_below")
    desk.run(nodes, [edge("leg", "exit", price("above", offset)), below])
    again = reopened(desk.exchange.journal.lines())
    end = desk.exchange.now_ns + 600 * SECOND
    for venue in (desk.exchange, again):
        venue.advance_to(end)
    assert desk.is_("exit") == "filled"
    assert again.journal.lines() == desk.exchange.journal.lines()


def test_a_loss_limit_is_watched_on_after_a_restart() -> None:
    desk = Desk(Exchange(MARKET, seed=SEED, start_ns=1_767_571_200 * SECOND))
    nodes = [node("leg", "buy", "1"), node("next", "buy", "1", "50000")]
    desk.run(nodes, [edge("leg", "next")], risk={"runtime": {"max_loss_usd": 130}})
    again = reopened(desk.exchange.journal.lines())
    end = desk.exchange.now_ns + 900 * SECOND
    for venue in (desk.exchange, again):
        venue.advance_to(end)
    assert desk.shown()["failure_reason"] == "MAX_LOSS"
    assert again.journal.lines() == desk.exchange.journal.lines()
