"""The life of an order: times in order, every fill there, and the terminal state at the end."""

from __future__ import annotations

import json
from collections import Counter
from typing import cast

from hypothesis import given, settings, strategies as st

from sequence_markets.sandbox.analysis.traces import trace_answer, trace_events
from sequence_markets.sandbox.exchange import Exchange
from sequence_markets.sandbox.journal import Journal
from sequence_markets.sandbox.trading import records as rec
from sequence_markets.sandbox.trading.state import State
from tests.sandbox.trading.support import PERP, SECOND, SEED, START_NS, Row, Trader, levels

from .support import (
    MARKET,
    VENUES,
    Book,
    Wish,
    account_of,
    client,
    desk,
    fill_rows,
    layouts,
    orders_of,
    script,
    wishes,
)


def events_of(exchange: Exchange, name: str, order_id: str) -> list[Row]:
    order = exchange.state.orders[account_of(exchange, name).orders[order_id]]
    return trace_events(exchange.desk, order)


def words(events: list[Row]) -> list[object]:
    return [event["event"] for event in events]


@settings(deadline=None, max_examples=50)
@given(
    layout=layouts,
    asked=st.lists(st.tuples(wishes, layouts, st.integers(0, 15 * SECOND)), min_size=1, max_size=4),
    latency=st.sampled_from([0, 0, 75]),
)
def test_a_trace_is_ordered_whole_and_ends_in_the_terminal_state(
    layout: list[Book], asked: list[tuple[Wish, list[Book], int]], latency: int
) -> None:
    exchange = desk()
    name = client(exchange)
    exchange.put_sandbox_settings(name, {"latency_ms": {"kraken": latency, "kalshi": latency}})
    for symbol in VENUES:
        script(exchange, symbol, layout)
    for place, (wish, after, wait) in enumerate(asked):
        exchange.submit(name, wish.body(f"g{place}"))
        script(exchange, wish.symbol.removesuffix(":NO"), after)
        exchange.advance_to(exchange.now_ns + wait)
    for order in orders_of(exchange, name):
        events = trace_events(exchange.desk, order)
        times = [cast("int", event["ts_ns"]) for event in events]
        assert times == sorted(times)
        assert words(events)[0] == "sor_admitted"
        assert times[0] == order.created_ns
        assert (words(events)[-1] == "terminal") == order.done
        counts = Counter(words(events))
        assert (counts["sor_admitted"], counts["terminal"]) == (1, int(order.done))
        assert counts["first_fill"] == (order.fill_count > 0)
        assert counts["first_fill"] + counts["fill"] == order.fill_count
        filled = [event for event in events if event["event"] in ("first_fill", "fill")]
        assert [cast("Row", event["detail"])["fill_id"] for event in filled] == [
            row["fill_id"] for row in fill_rows(exchange, name, order.id)
        ]
        assert counts["first_fill"] == 0 or words(events).index("first_fill") == min(
            words(events).index(event["event"]) for event in filled
        )
        if order.done:
            detail = cast("Row", events[-1]["detail"])
            assert (detail["status"], detail["reason"]) == (order.status, order.reason or None)
            assert times[-1] == order.updated_ns
        # Nothing is filled or taken back at a venue that has not acknowledged, or acknowledged before it was sent.
        for place, event in enumerate(events):
            before = Counter((each["event"], each["venue"]) for each in events[:place])
            venue = event["venue"]
            if event["event"] == "venue_acked":
                assert before["edge_dispatched", venue] > before["venue_acked", venue]
            if event["event"] in ("first_fill", "fill", "venue_recalled"):
                assert before["venue_acked", venue]
            assert (event["edge_id"] is None) == (venue is None)
        assert counts["edge_dispatched"] == counts["venue_acked"]


def test_latency_lies_between_dispatch_and_acknowledgement() -> None:
    trader = Trader(desk())
    trader.book(bids=[("99", "5")], asks=[("101", "5")])
    trader.exchange.put_sandbox_settings(trader.client, {"latency_ms": {"kraken": 75}})
    order = trader.place("buy", "1")
    trader.advance(0.05)
    assert words(events_of(trader.exchange, trader.client, order)) == ["sor_admitted"]
    trader.advance(1)
    events = events_of(trader.exchange, trader.client, order)
    told = [(event["event"], cast("int", event["ts_ns"]) - START_NS, event["venue"]) for event in events]
    assert told == [
        ("sor_admitted", 0, None),
        ("edge_dispatched", 0, "kraken"),
        ("venue_acked", 75 * 10**6, "kraken"),
        ("first_fill", 75 * 10**6, "kraken"),
        ("terminal", 75 * 10**6, None),
    ]


def test_all_venues_are_sent_to_before_the_first_acknowledges() -> None:
    trader = Trader(desk())
    trader.exchange.put_sandbox_settings(trader.client, {"latency_ms": {"kraken": 75, "okx": 20}})
    trader.book(asks=[("101", "5")])
    trader.book(asks=[("102", "5")], venue="okx")
    order = trader.place("buy", "7")
    trader.advance(1)
    told = [(event["event"], event["venue"]) for event in events_of(trader.exchange, trader.client, order)]
    assert told == [
        ("sor_admitted", None),
        ("edge_dispatched", "kraken"),
        ("edge_dispatched", "okx"),
        ("venue_acked", "kraken"),
        ("first_fill", "kraken"),
        ("venue_acked", "okx"),
        ("fill", "okx"),
        ("terminal", None),
    ]


def test_an_order_that_moves_says_each_step() -> None:
    trader = Trader(desk())
    trader.book(bids=[("99", "5")], asks=[("101", "5")], symbol=PERP, venue="okx")
    order = trader.place("buy", "2", symbol=PERP, policy="aggressive_chase", horizon_ms=3000)
    trader.advance(0.5)
    trader.book(bids=[("100", "5")], asks=[("103", "5")], symbol=PERP, venue="okx")
    trader.advance(5)
    events = events_of(trader.exchange, trader.client, order)
    assert words(events) == [
        "sor_admitted",
        "edge_dispatched",
        "venue_acked",
        "venue_recalled",
        "edge_dispatched",
        "venue_acked",
        "venue_recalled",
        "first_fill",
        "terminal",
    ]
    placed = [cast("Row", event["detail"])["price_1e9"] for event in events if event["event"] == "venue_acked"]
    tick = MARKET.catalogue.get(PERP).tick_1e9
    assert placed == [99 * 10**9 + tick, 100 * 10**9 + tick]
    assert {event["edge_id"] for event in events} == {None, "venue-edge-okx-perp"}


def test_a_paced_order_tells_what_its_slices_did() -> None:
    exchange = desk()
    name = client(exchange)
    exchange.set_book("BTC-USD", "kraken", levels(("99", "50")), levels(("101", "50")))
    node = {
        "node_id": "order",
        "instrument": {"symbol": "BTC-USD"},
        "side": "buy",
        "order_type": "market",
        "quantity": {"fixed": {"qty_1e8": 2 * 10**8}},
        "execution": {"pacing": {"uniform": {"num_slices": 2, "interval_ms": 1000}}},
    }
    exchange.submit(name, {"nodes": [node], "edges": [], "graph_id": "paced"})
    exchange.advance_to(START_NS + 2 * SECOND)
    parent, first, second = orders_of(exchange, name)
    events = events_of(exchange, name, parent.id)
    assert words(events) == ["sor_admitted", *["edge_dispatched", "venue_acked", "first_fill"],
                             *["edge_dispatched", "venue_acked", "fill"], "terminal"]  # fmt: skip
    slices = [cast("Row", event["detail"]).get("slice") for event in events[1:-1]]
    assert slices == [first.id] * 3 + [second.id] * 3
    assert words(events_of(exchange, name, second.id)) == [
        "sor_admitted", "edge_dispatched", "venue_acked", "first_fill", "terminal",
    ]  # fmt: skip


def test_a_node_that_waits_has_no_life_yet() -> None:
    exchange = desk()
    name = client(exchange)
    exchange.set_book("BTC-USD", "kraken", levels(("99", "50")), levels(("101", "50")))
    legs = [
        {
            "node_id": each,
            "instrument": {"symbol": "BTC-USD"},
            "side": "buy",
            "order_type": "market" if each == "b" else {"limit": {"price_1e9": 90 * 10**9}},
            "quantity": {"fixed": {"qty_1e8": 10**8}},
            "execution": {},
        }
        for each in "ab"
    ]
    edge = {"edge_id": "e", "from_node": "a", "to_node": "b", "trigger": {"on_timeout": {"ms": 5000}}}
    exchange.submit(name, {"nodes": legs, "edges": [edge], "graph_id": "g"})
    assert trace_answer(exchange.desk, account_of(exchange, name), "graph:g:b:1", 100)["events"] == []
    exchange.advance_to(START_NS + 6 * SECOND)
    events = events_of(exchange, name, "graph:g:b:1")
    assert (events[0]["event"], events[0]["ts_ns"]) == ("sor_admitted", START_NS + 5 * SECOND)


def test_every_part_of_a_node_has_a_life_of_its_own() -> None:
    exchange = desk()
    name = client(exchange)
    exchange.set_book("BTC-USD", "kraken", levels(("99", "50")), levels(("101", "50")))
    legs = [
        {
            "node_id": each,
            "instrument": {"symbol": "BTC-USD"},
            "side": "buy",
            "order_type": {"limit": {"price_1e9": 99 * 10**9}} if each == "a" else "market",
            "quantity": {"fixed": {"qty_1e8": 2 * 10**8}},
            "execution": {},
        }
        for each in "ab"
    ]
    edge = {"edge_id": "e", "from_node": "a", "to_node": "b", "trigger": "on_fill", "sizing": "source_fill"}
    exchange.submit(name, {"nodes": legs, "edges": [edge], "graph_id": "g"})
    for place in range(2):
        exchange.advance_to(START_NS + (place + 1) * SECOND)
        exchange.print_trade("BTC-USD", "kraken", "sell", 98 * 10**9, 10**8)
    admitted = [events_of(exchange, name, f"graph:g:b:{part}")[0] for part in (1, 2)]
    assert [event["ts_ns"] for event in admitted] == [START_NS + SECOND, START_NS + 2 * SECOND]
    assert len(orders_of(exchange, name)) == 3


def test_a_short_trace_keeps_the_beginning_and_the_end() -> None:
    trader = Trader(desk())
    trader.book(bids=[("99", "5")], asks=[(str(101 + place), "1") for place in range(8)])
    order = trader.place("buy", "8")
    account = account_of(trader.exchange, trader.client)
    whole = trace_answer(trader.exchange.desk, account, order, 100)
    short = trace_answer(trader.exchange.desk, account, order, 4)
    events = cast("list[Row]", whole["events"])
    assert (whole["count"], whole["total"]) == (12, 12)
    assert (short["count"], short["total"]) == (4, 12)
    assert short["events"] == [*events[:3], events[-1]]
    working = trader.place("buy", "5", "50")
    assert words(cast("list[Row]", trace_answer(trader.exchange.desk, account, working, 2)["events"])) == [
        "sor_admitted", "edge_dispatched",
    ]  # fmt: skip


def test_an_unknown_order_and_another_accounts_have_no_trace() -> None:
    trader = Trader(desk())
    trader.book(bids=[("99", "5")], asks=[("101", "5")])
    order = trader.place("buy", "1")
    other = Trader(trader.exchange, key="b")
    for name in ("graph:nobody:order:1", "", order):
        empty: dict[str, object] = {"node_order_id": name, "events": [], "count": 0, "total": 0}
        assert trace_answer(trader.exchange.desk, account_of(trader.exchange, other.client), name, 100) == empty


def test_a_journal_from_before_still_folds() -> None:
    trader = Trader(desk())
    trader.book(bids=[("99", "5")], asks=[("101", "5")])
    trader.place("buy", "1")
    trader.place("buy", "1", "98")
    state = State()
    for line in trader.exchange.journal.lines():
        record = json.loads(line)
        for new in ("arrival_bid_1e9", "arrival_ask_1e9"):
            record.pop(new, None)
        state.apply(rec.decode(json.dumps(record)))
    pairs = zip(state.orders.values(), trader.exchange.state.orders.values(), strict=True)
    for before, after in pairs:
        assert (before.track.bid_1e9, after.track.bid_1e9) == (0, 99 * 10**9)
        assert before.track.steps == after.track.steps
        assert before.arrival_1e9 == after.arrival_1e9


def test_a_restart_remembers_every_step() -> None:
    journal = Journal()
    trader = Trader(Exchange(MARKET, seed=SEED, start_ns=START_NS, journal=journal))
    trader.book(bids=[("99", "5")], asks=[("101", "5")])
    order = trader.place("buy", "7", "101", urgency="high")
    before = events_of(trader.exchange, trader.client, order)
    again = Exchange(MARKET, seed=SEED, start_ns=START_NS, journal=journal)
    assert events_of(again, trader.client, order) == before
    assert "venue_recalled" not in words(before)
