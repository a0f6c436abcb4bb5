"""The exchange: accounts, orders and the market they meet, driven by commands and by the kernel's events.

Every command decides by reading the state and changes it only through journal records. What a command or an instant
changed is stored as one batch before the answer leaves; a command that fails has changed nothing. A restart folds the
journal and goes on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Literal, TypeVar

from sequence_markets.sandbox.algos.host import AlgoHost
from sequence_markets.sandbox.algos.limits import AlgoLimits
from sequence_markets.sandbox.events import EventMarket
from sequence_markets.sandbox.instruments import Side
from sequence_markets.sandbox.journal import Genesis, Journal, JournalError
from sequence_markets.sandbox.kernel import Kernel
from sequence_markets.sandbox.market import Market, MarketTrade, VenueBook
from sequence_markets.sandbox.market.identity import identity
from sequence_markets.sandbox.market.scripted import ScriptedMarket
from sequence_markets.sandbox.observer import Observer
from sequence_markets.sandbox.strategies import lifecycle
from sequence_markets.sandbox.trading import cascade, funding, invariants, paper, policies, records as rec, settlement
from sequence_markets.sandbox.trading.amending import amend_node, amend_order, read_change
from sequence_markets.sandbox.trading.desk import Desk, EdgeTimer, Event, Look, OrderTimer, Reaction, Task
from sequence_markets.sandbox.trading.errors import InvariantError, Refusal
from sequence_markets.sandbox.trading.graphs import Graph, Node
from sequence_markets.sandbox.trading.positions import POSITION_KINDS, positions_answer
from sequence_markets.sandbox.trading.queue import look_at_book, look_at_print, run_watch, settle_changes
from sequence_markets.sandbox.trading.router import content_id
from sequence_markets.sandbox.trading.spec import GraphSpec, read_body
from sequence_markets.sandbox.trading.state import Account, Order, Script, State, mirror, other_side
from sequence_markets.sandbox.trading.submitting import start_graph, store_graph
from sequence_markets.sandbox.trading.views import fill_row, graph_row, node_row, order_row, page
from sequence_markets.sandbox.venues import VENUES

__all__ = ["Advanced", "Exchange", "InvariantError", "JournalError", "Refusal"]

T = TypeVar("T")
Levels = Iterable[tuple[int, int]]

_REARM: Final[tuple[Callable[[Desk], None], ...]] = (cascade.rearm, funding.rearm, settlement.rearm, lifecycle.rearm)
"""What each part schedules again after a restart, in this order."""

_REACTIONS: Final[Mapping[type[rec.Record], tuple[Reaction, ...]]] = {
    rec.Filled: (funding.watch_fill, settlement.watch_fill),
    rec.PositionSet: (funding.watch_position, settlement.watch_position),
}
"""What each part does when a record of a kind has become true."""


@dataclass(frozen=True, slots=True)
class Advanced:
    """What an advance did: from where to where, how many instants had something due, how many records were
    written."""

    from_ns: int
    to_ns: int
    instants: int
    records: int


class Exchange:
    """The local exchange. Not thread-safe: one writer at a time.

    Args:
        market: What the venues show; scripts are laid over it.
        seed: Makes ids; the market was made with it too.
        start_ns: First instant, in nanoseconds since the epoch. A journal that has begun knows its own.
        journal: Where every change is kept; in memory when omitted. One that holds records is folded first.
        remake: Makes the market for another seed, for `seed()`.
        algo_limits: What the modules of algos may use.

    Raises:
        JournalError: The journal was begun with another seed, or on another market.

    Example:
        >>> from sequence_markets.sandbox.market import SyntheticMarket
        >>> exchange = Exchange(SyntheticMarket(seed=7), seed=7, start_ns=1_767_571_200 * 10**9)
        >>> client = exchange.account_for("0" * 64, "test")
        >>> exchange.set_book("BTC-USD", "kraken", [(90_000 * 10**9, 10**8)], [(90_010 * 10**9, 10**8)])
        >>> body = {"symbol": "BTC-USD", "side": "buy", "qty": 0.5, "graph_id": "graph_a"}
        >>> exchange.submit(client, body)["status"]
        'active'
        >>> exchange.order(client, "graph:graph_a:order:1")["status"]
        'FILLED'
    """

    def __init__(
        self,
        market: Market,
        *,
        seed: int,
        start_ns: int,
        journal: Journal | None = None,
        remake: Callable[[int], Market] | None = None,
        algo_limits: AlgoLimits | None = None,
    ) -> None:
        self.journal = Journal() if journal is None else journal
        self._remake = remake
        self._base = market
        self._pending: list[str] = []
        self.algos = AlgoHost(algo_limits or AlgoLimits())
        self.observer: Observer | None = None
        genesis = self.journal.genesis()
        if genesis is None:
            self._begin(Genesis(seed, start_ns, identity(market)))
        elif genesis.seed != seed:
            raise JournalError(f"the journal was begun with seed {genesis.seed}, not {seed}")
        elif genesis.market != identity(market):
            raise JournalError(f"the journal was begun on another market: {genesis.market}, not {identity(market)}")
        else:
            self._refold(genesis.start_ns)

    # Time.

    @property
    def now_ns(self) -> int:
        """The present instant, in nanoseconds since the epoch."""
        return self._desk.now_ns

    @property
    def market(self) -> Market:
        """The market as it is shown, scripts included."""
        return self._scripted

    @property
    def state(self) -> State:
        """Everything the exchange knows. For reading only."""
        return self._desk.state

    @property
    def desk(self) -> Desk:
        """What the parts of the trading core work with. For reading; changes go through `command`."""
        return self._desk

    def command(self, action: Callable[[Desk], T]) -> T:
        """Run a command of another part: everything it changes is stored as one batch, or nothing is changed."""
        return self._execute(lambda: action(self._desk))

    def next_due_ns(self) -> int | None:
        """The instant of the next scheduled event, or None."""
        return self._desk.kernel.next_due_ns()

    def advance_to(self, t_ns: int, *, durable: bool = True) -> Advanced:
        """Let time pass, running every event due on the way at its own instant.

        Args:
            t_ns: The new instant.
            durable: Store the new instant even when nothing happened. Otherwise it is stored with the next change.

        Raises:
            ValueError: `t_ns` lies in the past.
        """
        desk = self._desk
        start = desk.now_ns
        if t_ns < start:
            raise ValueError(f"time cannot go backwards: now is {start} ns, asked for {t_ns} ns")
        before = len(self.journal)
        instants = 0
        while True:
            due = desk.kernel.next_due_ns()
            if due is None or due > t_ns:
                break
            desk.now_ns = max(due, desk.now_ns)
            events = desk.kernel.take(t_ns)
            self._execute(partial(self._run, events))
            instants += 1
        desk.now_ns = t_ns
        if durable and desk.state.now_ns != t_ns:
            self._execute(desk.tick)
        return Advanced(start, t_ns, instants, len(self.journal) - before)

    def _run(self, events: list[Event]) -> None:
        desk = self._desk
        for event in events:
            match event:
                case OrderTimer():
                    order = desk.is_due(event)
                    if order is not None and event.timer == "expiry":
                        cascade.expire(desk, order)
                    elif order is not None:
                        step = order.timers.get(event.timer, (0, 0))[1]
                        policies.on_timer(desk, order, event.timer, step)
                case EdgeTimer():
                    cascade.on_edge_timer(desk, event)
                case Look():
                    if desk.looking.get(event.graph) == desk.now_ns:
                        desk.concerned[event.graph] = None
                case Task():
                    event.run(desk)
                case _:
                    key = (event.venue, event.symbol)
                    if desk.armed.get(key) == desk.now_ns and key in desk.state.groups:
                        run_watch(desk, event.venue, event.symbol)
            cascade.settle(desk)

    # Accounts.

    def account_for(self, key_digest: str, mode: Literal["test", "live"]) -> str:
        """The id of the account that belongs to a key, opened and given its first balances when it is new.

        Args:
            key_digest: A digest of the API key, never the key itself.
            mode: What kind of key it is.
        """
        digest = hashlib.blake2b(f"client:{mode}:{key_digest}".encode(), digest_size=12)
        client = f"client_{digest.hexdigest()}"
        if client not in self._desk.state.accounts:
            balances = paper.default_balances(self._scripted.catalogue)
            self._execute(lambda: self._desk.emit(rec.AccountOpened(client, mode, balances)))
        return client

    def account(self, client_id: str) -> dict[str, object]:
        """The profile of an account."""
        account = self._account(client_id)
        return {
            "client_id": account.client,
            "mode": account.mode,
            "tier": "free",
            "rate_limit_qps": 5,
            "features": {"sandbox": True},
        }

    def risk_limits(self, client_id: str) -> dict[str, object]:
        """The risk limits of an account; None means no limit."""
        account = self._account(client_id)
        return {
            "max_notional_usd": None,
            "max_drawdown_usd": None,
            "kill_switch_active": account.kill_switch,
        }

    def connect_venue(self, client_id: str, venue: str) -> dict[str, object]:
        """Remember that credentials of a venue are stored. The credentials themselves are not wanted here."""
        self._account(client_id)
        self._known_venue(venue)
        self._execute(lambda: self._desk.emit(rec.VenueConnected(client_id, venue)))
        return {"venue": venue, "connected": True}

    def disconnect_venue(self, client_id: str, venue: str) -> None:
        """Forget a venue's credentials; 404 when there are none."""
        account = self._account(client_id)
        self._known_venue(venue)
        if venue not in account.connected:
            raise Refusal.unknown(f"a credential for {venue}")
        self._execute(lambda: self._desk.emit(rec.VenueDisconnected(client_id, venue)))

    def venues_connected(self, client_id: str) -> list[dict[str, object]]:
        """The venues with stored credentials, in documented order."""
        connected = self._account(client_id).connected
        return [
            {"venue": venue, "connected": True, "last_heartbeat_ns": self.now_ns}
            for venue in VENUES
            if venue in connected
        ]

    def positions(
        self,
        client_id: str,
        *,
        venues: Sequence[str] | None = None,
        kinds: Sequence[str] | None = None,
        include_closed: bool = False,
    ) -> dict[str, object]:
        """The unified positions of an account.

        Args:
            client_id: The account.
            venues: Only rows of these venues.
            kinds: Only rows of these kinds: fiat, crypto, perp, event_contract.
            include_closed: Also rows without a quantity.

        Raises:
            Refusal: 400 for an unknown venue or kind.
        """
        account = self._account(client_id)
        for venue in venues or ():
            self._known_venue(venue)
        for kind in kinds or ():
            if kind not in POSITION_KINDS:
                raise Refusal(400, "INVALID_PARAMS", f"unknown kind {kind!r}")
        return positions_answer(
            self._desk.state,
            self._scripted,
            account,
            self.now_ns,
            frozenset(venues) if venues else None,
            frozenset(kinds) if kinds else None,
            include_closed,
        )

    # Orders.

    def submit(self, client_id: str, body: Mapping[str, object]) -> dict[str, object]:
        """Take an order in graph form or in simple form.

        Checks in this order: kill switch, validation, repeated graph id, admission risk, balance. Missing balance
        is not refused: the order exists and is REJECTED.

        Raises:
            Refusal: 409 KILL_SWITCH; 422 VALIDATION_ERROR; 409 CONFLICT for a known graph id with other content.
        """
        account = self._account(client_id)
        if account.kill_switch:
            raise Refusal(409, "KILL_SWITCH", "the kill switch is engaged; no new orders are taken")
        spec = read_body(body, self._scripted.catalogue.at(self.now_ns), self._scripted.venues)
        known = account.graphs.get(spec.graph_id) if spec.graph_id else None
        if known is not None:
            if known.content != spec.content:
                raise Refusal(409, "CONFLICT", f"graph_id {spec.graph_id!r} was used for another order")
            return self._submitted(account, spec.graph_id)
        if not spec.graph_id:
            spec = replace(spec, graph_id=self._fresh_graph_id(account))
        self._execute(lambda: self._accept(account, spec))
        return self._submitted(account, spec.graph_id)

    def _accept(self, account: Account, spec: GraphSpec) -> None:
        graph = store_graph(self._desk, account.client, spec)
        if spec.max_notional_1e9 is not None:
            own = [node for node in graph.nodes if node.parent < 0]
            self._admit([self.state.orders[node.orders[0]] for node in own], spec.max_notional_1e9)
        start_graph(self._desk, graph)

    def _admit(self, orders: list[Order], limit_1e9: int) -> None:
        total = 0
        for order in orders:
            mid = policies.arrival_price(self._desk, order)
            price = order.spec.limit_1e9 or mid
            total += order.spec.notional_1e9 or order.qty * price // 10**8
        if total > limit_1e9:
            raise Refusal.invalid("risk.admission.max_notional_usd", "the order is larger than this")

    def _fresh_graph_id(self, account: Account) -> str:
        number = self._desk.state.last_order + 1
        while True:
            graph_id = content_id("graph", self._desk.state.seed, number)
            if graph_id not in account.graphs:
                return graph_id
            number += 1_000_003

    def _submitted(self, account: Account, graph_id: str) -> dict[str, object]:
        graph = account.graphs[graph_id]
        roots = [self._desk.state.orders[node.orders[0]] for node in graph.nodes if node.root]
        # An order refused on the spot says so at once, and in every repetition of the answer.
        refused = all(order.status == "REJECTED" and order.updated_ns == graph.created_ns for order in roots)
        return {
            "graph_id": graph_id,
            "status": "aborted" if refused else "active",
            "node_count": len(graph.nodes),
            "edge_count": len(graph.edges),
        }

    def cancel_graph(self, client_id: str, graph_id: str) -> dict[str, object]:
        """Cancel every active order of a graph. Fills stay; a graph that is over is left alone.

        Raises:
            Refusal: 404 for an unknown graph.
        """
        graph = self._graph(client_id, graph_id)
        cancelled = self._execute(lambda: cascade.cancel_graph(self._desk, graph, ""))
        return {"graph_id": graph_id, "status": graph.status, "cancelled": cancelled}

    def cancel_order(self, client_id: str, node_order_id: str) -> dict[str, object]:
        """Cancel the node of one order, with what is not released of it yet. Fills stay; an order that is over is left
        alone, and so are the other nodes of its graph.

        Raises:
            Refusal: 404 for an unknown order.
        """
        order = self._order(client_id, node_order_id)
        if not order.done:
            graph = self._desk.state.graphs[order.graph]
            self._execute(lambda: cascade.close_node(self._desk, graph, graph.nodes[order.node], ""))
        return {"node_order_id": order.id, "status": order.status}

    def amend_order(self, client_id: str, node_order_id: str, body: Mapping[str, object]) -> dict[str, object]:
        """Give an order another total quantity, another limit, or both. Its place in the queue is lost.

        Args:
            client_id: The account.
            node_order_id: The order; one that waits for an edge may be amended too.
            body: `new_qty_1e8` is the new total, filled part included; `new_constraints.max_price_1e9` the new limit,
                for sells as well.

        Raises:
            Refusal: 404 for an unknown order, 409 for one that is over, 422 for what cannot be or be paid.
        """
        order = self._order(client_id, node_order_id)
        change = read_change(body)
        self._execute(lambda: amend_order(self._desk, order, change))
        return {**order_row(order), "mode": "cancel_replace"}

    def amend_node(self, client_id: str, graph_id: str, node_id: str, body: Mapping[str, object]) -> dict[str, object]:
        """Change what a node of a graph aims at; the body is that of `amend_order`.

        Raises:
            Refusal: 404 for an unknown node, 409 for one that is final, 422 for what cannot be or be paid.
        """
        graph = self._graph(client_id, graph_id)
        node = next((node for node in graph.nodes if node.id == node_id), None)
        if node is None:
            raise Refusal.unknown(f"node {node_id!r}")
        change = read_change(body)
        self._execute(lambda: amend_node(self._desk, graph, node, change))
        return {"graph_id": graph_id, "node_id": node_id, **node_row(self._desk.state, node), "mode": "cancel_replace"}

    def pause_graph(self, client_id: str, graph_id: str) -> dict[str, object]:
        """Release nothing more of a graph until it is resumed; what works goes on.

        Raises:
            Refusal: 404 for an unknown graph, 409 for one that is over.
        """
        graph = self._graph(client_id, graph_id)
        if graph.final:
            raise Refusal(409, "CONFLICT", f"graph {graph_id!r} is {graph.status} and cannot be paused")
        if not graph.paused:
            self._execute(lambda: cascade.pause(self._desk, graph))
        return {"graph_id": graph_id, "status": graph.status}

    def resume_graph(self, client_id: str, graph_id: str) -> dict[str, object]:
        """Go on with a paused graph; every trigger is looked at again.

        Raises:
            Refusal: 404 for an unknown graph, 409 for one that is not paused.
        """
        graph = self._graph(client_id, graph_id)
        if not graph.paused:
            raise Refusal(409, "CONFLICT", f"graph {graph_id!r} is {graph.status}, not paused")
        self._execute(lambda: cascade.resume(self._desk, graph))
        return {"graph_id": graph_id, "status": graph.status}

    def engage_kill_switch(self, client_id: str, reason: str | None) -> dict[str, object]:
        """Take no new submissions of an account. What works goes on, and so do its graphs."""
        account = self._account(client_id)
        if not account.kill_switch or account.kill_reason != (reason or ""):
            self._execute(lambda: self._desk.emit(rec.KillSwitchSet(client_id, True, reason or "")))
        return {"engaged": True, "reason": account.kill_reason or None, "engaged_at_ns": account.kill_ns}

    def clear_kill_switch(self, client_id: str) -> dict[str, object]:
        """Take submissions of an account again."""
        if self._account(client_id).kill_switch:
            self._execute(lambda: self._desk.emit(rec.KillSwitchSet(client_id, False, "")))
        return {"engaged": False}

    def cancel_all_on_venue(self, client_id: str, venue: str) -> dict[str, object]:
        """Cancel every node that is pinned to a venue or has something resting there.

        Raises:
            Refusal: 400 for an unknown venue.
        """
        account = self._account(client_id)
        self._known_venue(venue)
        state = self._desk.state

        def at_venue(graph: Graph, node: Node) -> bool:
            nodes = [node, *(graph.nodes[number] for number in node.slices)]
            resting = (no for part in nodes for order in part.orders for no in state.orders[order].children)
            return node.spec.venue == venue or any(state.children[no].venue == venue for no in resting)

        def run() -> int:
            count = 0
            for graph in account.graphs.values():
                found = [] if graph.final else [n for n in graph.nodes if not n.final and n.parent < 0]
                for node in [node for node in found if at_venue(graph, node)]:
                    cascade.close_node(self._desk, graph, node, "")
                    count += 1
            return count

        return {"venue": venue, "cancelled": self._execute(run)}

    def redeem(self, client_id: str, market: str, venue: str) -> dict[str, object]:
        """Claim what an account holds of a resolved market; see `settlement.redeem`. Claiming twice pays once.

        Args:
            client_id: The account.
            market: Slug, ticker or token id of the market.
            venue: The venue that lists it.

        Raises:
            Refusal: 400 for a venue that does not list the market, 404 for an unknown market.
        """
        account = self._account(client_id)
        self._known_venue(venue)
        return self._execute(lambda: settlement.redeem(self._desk, account, market, venue))

    def _cancel_all(self, client_id: str) -> None:
        """Cancel whatever of an account is not over: its orders in their order, and what waits in its graphs."""
        state = self._desk.state
        for order in self._working(client_id):
            graph = state.graphs[order.graph]
            if graph.plain:
                cascade.close_node(self._desk, graph, graph.nodes[order.node], "")
        for graph in state.accounts[client_id].graphs.values():
            if not graph.final:
                cascade.cancel_graph(self._desk, graph, "")

    def graph_status(self, client_id: str, graph_id: str) -> dict[str, object]:
        """The status of a graph and its nodes; 404 when it is unknown."""
        account = self._account(client_id)
        return graph_row(self._desk.state, account, self._graph(client_id, graph_id))

    def order(self, client_id: str, node_order_id: str) -> dict[str, object]:
        """One order; 404 when it is unknown."""
        return order_row(self._order(client_id, node_order_id))

    def orders(
        self,
        client_id: str,
        *,
        limit: int = 50,
        offset: int = 0,
        symbol: str | None = None,
        node_order_id: str | None = None,
    ) -> dict[str, object]:
        """Orders, newest first; `limit` is clamped to 500."""
        account, state = self._account(client_id), self._desk.state
        numbers = list(account.orders.values())
        if node_order_id is not None:
            numbers = [account.orders[node_order_id]] if node_order_id in account.orders else []
        if symbol is not None:
            canonical = self._canonical(symbol)
            numbers = [no for no in numbers if state.orders[no].spec.symbol in canonical]
        return page("orders", numbers, limit, offset, lambda no: order_row(state.orders[no]))

    def fills(
        self,
        client_id: str,
        *,
        limit: int = 50,
        offset: int = 0,
        symbol: str | None = None,
        node_order_id: str | None = None,
    ) -> dict[str, object]:
        """Fills, newest first; `limit` is clamped to 500. Those of a paced node's order are those of its slices."""
        account, state = self._account(client_id), self._desk.state
        found = account.fills
        if node_order_id is not None:
            wanted = self._orders_of(account, node_order_id)
            found = [fill for fill in found if fill.order in wanted]
        if symbol is not None:
            canonical = self._canonical(symbol)
            found = [fill for fill in found if state.orders[fill.order].spec.symbol in canonical]
        return page("fills", found, limit, offset, lambda fill: fill_row(state, fill))

    def _orders_of(self, account: Account, node_order_id: str) -> frozenset[int]:
        no = account.orders.get(node_order_id)
        if no is None:
            return frozenset()
        graph = self._desk.state.graphs[self._desk.state.orders[no].graph]
        slices = graph.nodes[self._desk.state.orders[no].node].slices
        return frozenset((no, *(part for number in slices for part in graph.nodes[number].orders)))

    # The paper account's own controls.

    def sandbox_reset(self, client_id: str) -> dict[str, object]:
        """Cancel what works, delete every row, and issue the default balances again."""
        account = self._account(client_id)
        deleted, balances = len(account.positions), account.settings.balances

        def reset() -> None:
            self._cancel_all(client_id)
            self._desk.emit(rec.AccountReset(client_id, balances))

        self._execute(reset)
        return {"deleted": deleted, "seeded": len(balances)}

    def sandbox_settings(self, client_id: str) -> dict[str, object]:
        """The settings of the paper account."""
        return paper.settings_answer(self._account(client_id).settings, self._desk.state.seed)

    def put_sandbox_settings(self, client_id: str, body: Mapping[str, object]) -> dict[str, object]:
        """Change settings; those not named stay. Balances take effect at the next reset."""
        record = paper.read_settings(body, self._account(client_id), self._desk.state.seed)
        self._execute(lambda: self._desk.emit(record))
        return self.sandbox_settings(client_id)

    def sandbox_set_positions(self, client_id: str, body: Mapping[str, object]) -> dict[str, object]:
        """Write paper positions, over those there are or, with `replace`, instead of all of them."""
        account = self._account(client_id)
        catalogue = self._scripted.catalogue.at(self.now_ns)
        rows, fresh = paper.read_positions(body, self._desk.state, account, catalogue)
        deleted = len(account.positions) if fresh else 0

        def write() -> None:
            if fresh:
                self._cancel_all(client_id)
                self._desk.emit(rec.AccountReset(client_id, ()))
            for row in rows:
                self._desk.emit(row)

        self._execute(write)
        return {"written": len(rows), "deleted": deleted}

    # The market, scripted.

    def set_book(self, symbol: str, venue: str, bids: Levels, asks: Levels) -> None:
        """Write the displayed book of a venue; from now on the symbol is quoted by its scripted venues only.

        Args:
            symbol: Any name of the instrument; a new pair comes into being.
            venue: The venue.
            bids: (price_1e9, size_1e8), in any order; may be empty.
            asks: The same for the other side.

        Raises:
            Refusal: 422 when the book is not possible.
        """
        record = rec.BookSet(symbol, venue, tuple(map(_pair, bids)), tuple(map(_pair, asks)))
        self._execute(lambda: self._script(record))

    def set_price(self, symbol: str, price_1e9: int, venues: Sequence[str] | None = None) -> None:
        """Write a small book around a price on some or all of a symbol's venues.

        Raises:
            Refusal: 422 when the price or a venue is not possible.
        """
        record = rec.PriceSet(symbol, price_1e9, tuple(venues) if venues is not None else ())
        self._execute(lambda: self._script(record))

    def print_trade(self, symbol: str, venue: str, side: Side, price_1e9: int, qty_1e8: int) -> str:
        """Print a public trade by an aggressor on `side`; it may fill resting orders. Returns its id.

        Raises:
            Refusal: 422 when the print is not possible.
        """
        state = self._desk.state
        trade_id = content_id("print", state.seed, len(state.scripts) + 1)
        record = rec.TradePrinted(trade_id, symbol, venue, side, price_1e9, qty_1e8)
        self._execute(lambda: self._script(record))
        return trade_id

    def resolve_market(self, name: str, outcome: str) -> tuple[str, ...]:
        """Decide a prediction market: it closes and resolves now. What works on it ends, what is held of it is settled.

        Args:
            name: Any documented name of the market.
            outcome: The winning outcome, "Yes" or "No" or the market's own name for it, in any case. Saying that one
                outcome of an event wins decides every market of the event.

        Returns:
            The slugs of the markets that were decided.

        Raises:
            Refusal: 404 for an unknown market, 409 for one that is resolved already, 422 for an outcome it cannot have.
        """
        desk, events = self._desk, self._scripted.events
        event = events.find(name, desk.now_ns)
        if event is None:
            raise Refusal.unknown(f"market {name!r}")
        if events.status(event, desk.now_ns) == "resolved":
            raise Refusal(409, "CONFLICT", f"{event.slug!r} is resolved already")
        before = [each for each in events.siblings(event) if events.status(each, desk.now_ns) != "resolved"]

        def resolve() -> list[EventMarket]:
            record = rec.ResolutionSet(event.yes, outcome)
            try:
                _write(self._scripted, record, desk.now_ns)
            except ValueError as error:
                raise Refusal.invalid("outcome", str(error).removeprefix("outcome ")) from error
            desk.emit(record)
            decided = [each for each in before if events.status(each, desk.now_ns) == "resolved"]
            for each in decided:
                settlement.close_and_resolve(desk, each)
            return decided

        return tuple(each.slug for each in self._execute(resolve))

    def set_funding(self, symbol: str, venue: str, points: Sequence[tuple[int, int]]) -> None:
        """Script the funding of a perp at a venue; see `funding.set_funding`.

        Args:
            symbol: Any name of the perp.
            venue: The venue.
            points: (from when on in nanoseconds, rate per settlement in 1e-9), in time order.

        Raises:
            Refusal: 422 when the script is not possible.
        """
        self._execute(lambda: funding.set_funding(self._desk, symbol, venue, points))

    def _script(self, record: rec.BookSet | rec.PriceSet | rec.TradePrinted) -> None:
        desk = self._desk
        try:
            touched = _write(self._scripted, record, desk.now_ns)
        except (ValueError, KeyError) as error:
            raise Refusal(422, "VALIDATION_ERROR", str(error)) from error
        desk.emit(record)
        instrument = self._scripted.catalogue.resolve(record.symbol)
        primary = record.symbol if instrument is None else instrument.primary
        if isinstance(record, rec.TradePrinted):
            price, side = record.price, _side(record.side)
            if instrument is not None and instrument.mirror_of is not None:
                price, side = mirror(price), other_side(side)
            look_at_print(desk, record.venue, primary, record.trade_id, price, record.qty, side)
            touched = (record.venue,)
        desk.stirred[primary] = None
        for venue in touched:
            look_at_book(desk, venue, primary)
            if (venue, primary) in desk.state.groups:
                desk.changed[(venue, primary)] = None

    def net_book(self, symbol: str, venue: str) -> VenueBook | None:
        """The displayed book of a venue less what was already taken from it; None when it does not quote the
        symbol."""
        instrument = self._scripted.catalogue.resolve(symbol)
        if instrument is None:
            return None
        return self._desk.net_book(instrument.symbol, venue)

    # The whole exchange.

    def check_invariants(self) -> None:
        """Check everything that must always be true.

        Raises:
            InvariantError: Names the broken rule and what was found.
        """
        invariants.check(self._desk, self.journal.lines())

    def reset(self) -> None:
        """Put everything back to the beginning, with the same seed. The journal begins again."""
        self._begin(Genesis(self._desk.state.seed, self._desk.state.start_ns, identity(self._base)))

    def seed(self, seed: int) -> None:
        """Put everything back to the beginning, with another seed."""
        if self._remake is not None:
            self._base = self._remake(seed)
        self._begin(Genesis(seed, self._desk.state.start_ns, identity(self._base)))

    def close(self) -> None:
        """Let go of the journal."""
        self.journal.close()

    def _begin(self, genesis: Genesis) -> None:
        self.algos.forget()
        self.journal.restart([rec.encode(rec.GenesisRecord(genesis.seed, genesis.start_ns, genesis.market))])
        self._refold(genesis.start_ns)

    def _refold(self, now_ns: int) -> None:
        """Rebuild everything from the journal."""
        state = State()
        for line in self.journal.lines():
            state.apply(rec.decode(line))
        self._pending.clear()
        self._scripted = ScriptedMarket(self._base)
        for at_ns, record in state.scripts:
            _write(self._scripted, record, at_ns)
        kernel: Kernel[Event] = Kernel()
        self._desk = Desk(
            state, self._scripted, kernel, max(now_ns, state.now_ns), self._write, reactions=self._reactions()
        )
        self._desk.rearm()
        for rearm in _REARM:
            rearm(self._desk)
        self.algos.rearm(self._desk)
        if self.observer is not None:
            self.observer.rearmed(self._desk)

    def _reactions(self) -> Mapping[type[rec.Record], tuple[Reaction, ...]]:
        kinds = dict.fromkeys((*_REACTIONS, *self.algos.reactions))
        return {kind: (*_REACTIONS.get(kind, ()), *self.algos.reactions.get(kind, ())) for kind in kinds}

    def _write(self, record: rec.Record) -> None:
        self._pending.append(rec.encode(record))
        if self.observer is not None:
            self.observer.recorded(self._desk, record)

    def _execute(self, action: Callable[[], T]) -> T:
        """Run one command: everything it changes is stored as one batch, or nothing is changed at all."""
        try:
            result = action()
            cascade.settle(self._desk)
            self.algos.settle(self._desk)
            if self._desk.changed:
                settle_changes(self._desk)
            if self._pending:
                self.journal.append(self._pending)
                self._pending.clear()
                if self.observer is not None:
                    self.observer.committed(self._desk)
            self.algos.commit()
        except BaseException:
            if self.observer is not None:
                self.observer.abandoned()
            begun = self.algos.abandon()
            if begun or self._pending or self._desk.changed or self._desk.state.news or self._desk.concerned:
                self._refold(self._desk.now_ns)
            raise
        return result

    def _working(self, client_id: str) -> list[Order]:
        state = self._desk.state
        return [state.orders[no] for no in state.working if state.orders[no].client == client_id]

    def _account(self, client_id: str) -> Account:
        account = self._desk.state.accounts.get(client_id)
        if account is None:
            raise Refusal.unknown(f"account {client_id!r}")
        return account

    def _graph(self, client_id: str, graph_id: str) -> Graph:
        graph = self._account(client_id).graphs.get(graph_id)
        if graph is None:
            raise Refusal.unknown(f"graph {graph_id!r}")
        return graph

    def _order(self, client_id: str, node_order_id: str) -> Order:
        no = self._account(client_id).orders.get(node_order_id)
        if no is None:
            raise Refusal.unknown(f"order {node_order_id!r}")
        return self._desk.state.orders[no]

    def _canonical(self, symbol: str) -> frozenset[str]:
        """The symbols meant by a filter: as a spot or neutral name and as a perp."""
        found = (self._scripted.catalogue.resolve(symbol), self._scripted.catalogue.resolve(symbol, "spot"))
        return frozenset(instrument.symbol for instrument in found if instrument is not None)

    @staticmethod
    def _known_venue(venue: str) -> None:
        if venue not in VENUES:
            raise Refusal(400, "INVALID_PARAMS", f"unknown venue {venue!r}; the venues are {', '.join(VENUES)}")


def _pair(level: tuple[int, int]) -> tuple[int, int]:
    price, size = level
    return price, size


def _side(text: str) -> Side:
    if text == "buy":
        return "buy"
    if text == "sell":
        return "sell"
    raise ValueError(f"side must be 'buy' or 'sell', got {text!r}")


def _write(market: ScriptedMarket, record: Script, at_ns: int) -> tuple[str, ...]:
    """Write a script to the market and return the venues whose books it changed."""
    match record:
        case rec.BookSet():
            market.set_book(record.symbol, record.venue, record.bids, record.asks, at_ns)
            return (record.venue,)
        case rec.PriceSet():
            books = market.set_price(record.symbol, record.price, record.venues or None, at_ns)
            return tuple(book.venue for book in books)
        case rec.TradePrinted():
            trade = MarketTrade(
                record.trade_id,
                at_ns,
                record.symbol,
                record.venue,
                record.price,
                record.qty,
                _side(record.side),
                "scripted",
            )
            market.add_trade(trade)
            return ()
        case rec.ResolutionSet():
            market.set_resolution(record.symbol, record.outcome, at_ns)
            return ()
