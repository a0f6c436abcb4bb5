"""Random graphs and random markets keep every rule after every step, give the same journal again, and survive a restart
at any moment as if it had not happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from hypothesis import HealthCheck, given, settings, strategies as st

from sequence_markets.sandbox.exchange import Exchange, Refusal
from sequence_markets.sandbox.journal import Journal
from sequence_markets.sandbox.market import SyntheticMarket
from sequence_markets.sandbox.trading.machines import EDGE, GRAPH, NODE

from ..trading.support import PERP, SECOND, SEED, START_NS, Row
from .support import edge, node, paced, price, timeout

MARKET = SyntheticMarket(seed=SEED)
TICK = 10_000_000
MIDDLE = {"BTC-USD": (1000, "kraken"), "ETH-USD": (500, "coinbase"), PERP: (500, "hyperliquid")}

Script = list[tuple[object, ...]]

symbols = st.sampled_from(sorted(MIDDLE))
triggers = st.one_of(
    st.sampled_from(["on_accepted", "on_first_fill", "on_fill", "on_full_fill", "on_cancel", "on_done"]),
    st.sampled_from([timeout(ms) for ms in (1, 500, 1000, 3000)]),
    st.builds(
        price,
        st.sampled_from(["above", "below"]),
        st.sampled_from([0.0, 0.1, 0.5, -0.3]),
        symbol=symbols,
        reference=st.sampled_from(["graph_entry_price", 10.0, 5.0]),
    ),
    st.sampled_from([0.01, 0.5, 1.0]),
)


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, object]:
    """Any graph that the exchange must take, up to 100 nodes."""
    count = draw(st.one_of(st.integers(1, 6), st.integers(1, 25), st.just(100)))
    nodes: list[dict[str, object]] = []
    cut: set[int] = set()
    dollars: set[int] = set()
    for number in range(count):
        symbol = draw(symbols)
        middle, _ = MIDDLE[symbol]
        offset = draw(st.none() | st.integers(-4, 4))
        options: dict[str, object] = draw(
            st.sampled_from(
                [
                    {},
                    {},
                    {"tif": "IOC"},
                    {"tif": "FOK"},
                    {"horizon_ms": 1500},
                    {"policy": "time_drip", "horizon_ms": 4000},
                    {"policy": "aggressive_chase"},
                    {"policy": "passive_limit", "horizon_ms": 3000},
                    {"urgency": "high"},
                    {"max_slippage_bps": 40},
                ]
            )
        )
        if count <= 25 and draw(st.integers(0, 5)) == 0:
            cut.add(number)
            options = {**options, "pacing": paced(draw(st.integers(1, 4)), draw(st.sampled_from([1, 500, 1000])))}
        qty = str(draw(st.integers(1, 300)) / 100)
        usd = None
        if number not in cut and draw(st.integers(0, 7)) == 0:
            dollars.add(number)
            usd = str(draw(st.integers(1, 30)))
        limit = None if offset is None else f"{(middle + offset) / 100:.2f}"
        side = draw(st.sampled_from(["buy", "sell"]))
        nodes.append(node(f"n{number}", side, qty, limit, symbol=symbol, usd=usd, execution=options))
    edges: list[dict[str, object]] = []
    links = draw(
        st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), max_size=min(3 * count, 200))
    )
    for position, (a, b) in enumerate(links):
        if a == b:
            continue
        source, target = min(a, b), max(a, b)
        trigger = draw(triggers)
        more: dict[str, object] = {}
        if isinstance(trigger, float):
            trigger, more["ratio"] = "on_fill_ratio", trigger
        if target not in cut and target not in dollars:
            more["sizing"] = draw(st.sampled_from(["target", "source_fill", {"ratio": 0.3}, {"ratio": 2}]))
        if draw(st.integers(0, 3)) == 0:
            more["delay_ms"] = draw(st.sampled_from([0, 1, 700]))
        edges.append(edge(f"n{source}", f"n{target}", trigger, **more) | {"edge_id": f"e{position}"})
    risk: dict[str, object] = draw(
        st.sampled_from(
            [
                {},
                {},
                {"runtime": {"max_loss_usd": 1}},
                {"runtime": {"max_unhedged_qty_1e8": 10**8}},
                {"runtime": {"max_loss_usd": 0.5}, "on_failure": {"action": "pause"}},
                {"on_failure": {"action": "cancel_all"}},
                {"on_failure": {"action": "pause"}},
                {"runtime": {"max_loss_usd": 0.5}, "on_failure": {"action": "none"}},
            ]
        )
    )
    return {"nodes": nodes, "edges": edges, "risk": risk}


steps = st.one_of(
    st.tuples(st.just("graph"), graphs()),
    st.tuples(st.just("book"), symbols, st.integers(-6, 6), st.integers(1, 300), st.integers(0, 2)),
    st.tuples(st.just("book"), symbols, st.integers(-6, 6), st.integers(1, 300), st.integers(0, 2)),
    st.tuples(st.just("print"), symbols, st.integers(-6, 6), st.integers(1, 300), st.booleans()),
    st.tuples(st.just("print"), symbols, st.integers(-6, 6), st.integers(1, 300), st.booleans()),
    st.tuples(st.just("advance"), st.sampled_from([1, 10**6, 5 * 10**8, SECOND, 3 * SECOND])),
    st.tuples(st.just("advance"), st.sampled_from([10**6, 5 * 10**8, SECOND, 40 * SECOND])),
    st.tuples(st.sampled_from(["cancel", "cancel_graph", "pause", "resume"]), st.integers(0, 1000)),
    st.tuples(st.just("amend"), st.integers(0, 1000), st.integers(1, 400), st.none() | st.integers(-4, 4)),
)


class Player:
    """Plays a script on an exchange."""

    def __init__(self, journal: Journal | None = None) -> None:
        self.exchange = Exchange(MARKET, seed=SEED, start_ns=START_NS, journal=journal)
        self.client = self.exchange.account_for("a" * 64, "test")
        self.count = 0

    def begin(self) -> None:
        for symbol in sorted(MIDDLE):
            self.book(symbol, 0, 100, 0)
        for venue in ("kraken", "coinbase"):
            row = {"venue": venue, "kind": "crypto", "symbol": "BTC" if venue == "kraken" else "ETH", "qty": 20}
            self.exchange.sandbox_set_positions(self.client, {"positions": [row]})

    def book(self, symbol: str, shift: int, size: int, missing: int) -> None:
        middle, venue = MIDDLE[symbol]
        bids = [((middle + shift - n) * TICK, size * 10**6 * n) for n in (1, 2, 4)]
        asks = [((middle + shift + n) * TICK, size * 10**6 * n) for n in (1, 2, 4)]
        self.exchange.set_book(symbol, venue, bids if missing != 1 else [], asks if missing != 2 else [])

    def orders(self) -> list[Row]:
        return cast("list[Row]", self.exchange.orders(self.client, limit=500)["orders"])

    def step(self, step: tuple[object, ...]) -> None:
        exchange, client = self.exchange, self.client
        match step:
            case ("graph", body):
                answer = exchange.submit(client, {**cast("Row", body), "graph_id": f"g{self.count}"})
                assert answer["graph_id"] == f"g{self.count}"
                self.count += 1
            case ("book", str(symbol), int(shift), int(size), int(missing)):
                self.book(symbol, shift, size, missing)
            case ("print", str(symbol), int(shift), int(size), bool(buys)):
                middle, venue = MIDDLE[symbol]
                price_1e9 = (middle + shift) * TICK
                exchange.print_trade(symbol, venue, "buy" if buys else "sell", price_1e9, size * 10**6)
            case ("advance", int(jump)):
                exchange.advance_to(exchange.now_ns + jump)
            case ("amend", int(pick), int(qty), shift):
                self._amend(pick, qty, cast("int | None", shift))
            case (str(name), int(pick)):
                self._command(name, pick)
            case _:
                raise AssertionError(step)

    def _command(self, name: str, pick: int) -> None:
        if not self.count:
            return
        graph = f"g{pick % self.count}"
        try:
            if name == "cancel":
                orders = self.orders()
                self.exchange.cancel_order(self.client, str(orders[pick % len(orders)]["node_order_id"]))
            elif name == "cancel_graph":
                self.exchange.cancel_graph(self.client, graph)
            elif name == "pause":
                self.exchange.pause_graph(self.client, graph)
            else:
                self.exchange.resume_graph(self.client, graph)
        except Refusal as refusal:
            if refusal.status != 409:
                raise

    def _amend(self, pick: int, qty: int, shift: int | None) -> None:
        orders = self.orders()
        if not orders:
            return
        row = orders[pick % len(orders)]
        body: dict[str, object] = {"new_qty_1e8": qty * 10**6}
        if shift is not None:
            body["new_constraints"] = {"max_price_1e9": (MIDDLE[str(row["symbol"])][0] + shift) * TICK}
        try:
            if pick % 2:
                self.exchange.amend_order(self.client, str(row["node_order_id"]), body)
            else:
                self.exchange.amend_node(self.client, str(row["graph_id"]), str(row["node_id"]), body)
        except Refusal as refusal:
            if refusal.status not in (409, 422):
                raise


class Watcher:
    """Compares the states before and after a step with the tables."""

    def __init__(self) -> None:
        self.seen: dict[tuple[object, ...], tuple[str, int]] = {}

    def compare(self, exchange: Exchange) -> None:
        for graph in exchange.state.graphs.values():
            self._moved(("graph", graph.no), graph.status, 0, GRAPH.arrows)
            for one in graph.nodes:
                self._moved(("node", graph.no, one.no), one.status, one.filled, NODE.arrows)
            for link in graph.edges:
                self._moved(("edge", graph.no, link.no), link.status, link.fire_count, EDGE.arrows)

    def _moved(self, key: tuple[object, ...], state: str, amount: int, arrows: object) -> None:
        before, had = self.seen.get(key, (state, amount))
        assert amount >= had, f"{key}: {had} became {amount}"
        assert state in reachable(before, cast("dict[tuple[str, str], str]", arrows)), f"{key}: {before} became {state}"
        self.seen[key] = state, amount


def reachable(state: str, arrows: dict[tuple[str, str], str]) -> set[str]:
    found, todo = {state}, [state]
    while todo:
        here = todo.pop()
        after = {target for (source, _), target in arrows.items() if source == here} - found
        found |= after
        todo.extend(after)
    return found


scripts = st.lists(steps, min_size=3, max_size=20)
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def play(script: Script, after: Callable[[Player], Player]) -> Player:
    player = Player()
    player.begin()
    for step in script:
        player.step(step)
        player = after(player)
    return player


@settings(CALM, max_examples=60)
@given(first=graphs(), script=scripts)
def test_random_graphs_keep_every_rule_and_give_the_same_journal_again(
    first: dict[str, object], script: Script
) -> None:
    watcher = Watcher()

    def check(player: Player) -> Player:
        player.exchange.check_invariants()
        watcher.compare(player.exchange)
        return player

    whole: Script = [("graph", first), *script]
    player = play(whole, check)
    assert play(whole, lambda same: same).exchange.journal.digest() == player.exchange.journal.digest()


@settings(CALM, max_examples=40)
@given(first=graphs(), script=scripts)
def test_a_restart_between_any_two_steps_changes_nothing(first: dict[str, object], script: Script) -> None:
    def restarted(player: Player) -> Player:
        journal = Journal()
        for line in player.exchange.journal.lines():
            journal.append([line])
        again = Player(journal)
        again.count = player.count
        assert again.exchange.state == player.exchange.state
        return again

    whole: Script = [("graph", first), *script]
    straight = play(whole, lambda player: player)
    assert play(whole, restarted).exchange.journal.lines() == straight.exchange.journal.lines()
