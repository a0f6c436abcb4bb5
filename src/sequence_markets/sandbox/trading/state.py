"""The state of the exchange, and the only code that changes it: one method per kind of record.

Folding the same records always gives the same state; nothing here reads a clock, a market or a random number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import Final, Literal, TypeAlias, cast

from sequence_markets.sandbox.algos import books
from sequence_markets.sandbox.instruments import USD_PEGGED, InstrumentType, Side
from sequence_markets.sandbox.strategies import state as hosting
from sequence_markets.sandbox.trading import records as rec, settling
from sequence_markets.sandbox.trading.amounts import ONE_PRICE, margin_for, shares, value_down, value_up
from sequence_markets.sandbox.trading.errors import InvariantError
from sequence_markets.sandbox.trading.graphs import (
    Edge,
    Graph,
    News,
    Node,
    make_edge,
    make_risk,
    refresh,
)
from sequence_markets.sandbox.trading.ledger import (
    INSURANCE,
    ROUNDING,
    Ledger,
    Leg,
    fees_account,
    market_account,
)
from sequence_markets.sandbox.trading.settling import FundingPayment, Settled
from sequence_markets.sandbox.trading.track import Step, Track

__all__ = [
    "FIAT",
    "TERMINAL",
    "Account",
    "Child",
    "Fill",
    "Graph",
    "Group",
    "Order",
    "OrderSpec",
    "Position",
    "PositionKey",
    "PositionKind",
    "Script",
    "Settings",
    "State",
    "Status",
    "mirror",
    "other_side",
]

Status = Literal["NEW", "PENDING", "ACCEPTED", "PARTIAL", "FILLED", "COMPLETED", "CANCELLED", "REJECTED", "FAILED"]
PositionKind = Literal["fiat", "crypto", "perp", "event_contract"]
PositionKey = tuple[str, PositionKind, str]
"""(venue, kind, asset); the asset of a perp or an event contract is its canonical symbol."""

Script: TypeAlias = rec.BookSet | rec.PriceSet | rec.TradePrinted | rec.ResolutionSet
"""A record that writes a part of the market by hand."""

TERMINAL: Final = frozenset({"FILLED", "COMPLETED", "CANCELLED", "REJECTED", "FAILED"})
FIAT: Final = frozenset({"USD", "EUR", "GBP", "JPY"})

_ARROWS: Final[dict[str, frozenset[str]]] = {
    "PENDING": frozenset({"ACCEPTED", "CANCELLED", "REJECTED"}),
    "ACCEPTED": frozenset({"PARTIAL", "FILLED", "CANCELLED", "FAILED", "REJECTED"}),
    "PARTIAL": frozenset({"PARTIAL", "FILLED", "COMPLETED", "CANCELLED", "FAILED"}),
}


def other_side(side: Side) -> Side:
    """The opposite side."""
    return "sell" if side == "buy" else "buy"


def mirror(price_1e9: int) -> int:
    """The price of the other outcome of a market with two."""
    return ONE_PRICE - price_1e9


@dataclass(frozen=True, slots=True)
class OrderSpec:
    """What one order was asked to do, normalised.

    `symbol` is canonical, `book_symbol` the symbol whose book is really kept (the YES outcome for a NO), `asset` what
    the ledger calls the thing traded. Zero stands for "none" in `limit_1e9`, `qty_1e8`, `notional_1e9` and
    `horizon_ms`, -1 in `cap_bps`, "" in `venue`.
    """

    symbol: str
    book_symbol: str
    type: InstrumentType
    asset: str
    side: Side
    venue: str
    limit_1e9: int
    qty_1e8: int
    notional_1e9: int
    policy: str
    urgency: str
    tif: str
    cap_bps: int
    horizon_ms: int

    def to_dict(self) -> dict[str, object]:
        """The fields by name, as the journal keeps them."""
        return {name: getattr(self, name) for name in _SPEC_FIELDS}

    @property
    def mirrored(self) -> bool:
        """Whether the book is kept for the other outcome."""
        return self.book_symbol != self.symbol

    @property
    def position_kind(self) -> PositionKind:
        """The kind of the position row that a fill changes."""
        if self.type == "perp":
            return "perp"
        if self.type == "prediction":
            return "event_contract"
        return "fiat" if self.asset in FIAT else "crypto"

    @property
    def book_side(self) -> Side:
        """The side in terms of the book that is really kept."""
        return other_side(self.side) if self.mirrored else self.side

    def book_price(self, price_1e9: int) -> int:
        """A price of the order in terms of the book that is really kept, and back."""
        return mirror(price_1e9) if self.mirrored else price_1e9


_make_spec: Final = cast("Callable[..., OrderSpec]", OrderSpec)
_SPEC_FIELDS: Final = tuple(entry.name for entry in fields(OrderSpec))


@dataclass(slots=True)
class Order:
    """One order and all it has done. `widest_1e9` is the widest limit it ever had, 0 for none."""

    no: int
    id: str
    client: str
    graph_id: str
    node_id: str
    spec: OrderSpec
    qty: int
    created_ns: int
    updated_ns: int
    graph: int
    node: int
    own_fees: tuple[tuple[str, int, int], ...] = ()
    status: Status = "PENDING"
    reason: str = ""
    filled: int = 0
    notional: int = 0
    fees: int = 0
    fill_count: int = 0
    arrival_1e9: int = 0
    cap_1e9: int = 0
    widest_1e9: int = 0
    deadline_ns: int = 0
    timers: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    children: list[int] = field(default_factory=list[int])
    holds: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    reserve: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    track: Track = field(default_factory=Track)

    @property
    def remaining(self) -> int:
        """The quantity that is not filled."""
        return self.qty - self.filled

    @property
    def done(self) -> bool:
        """Whether the order is final."""
        return self.status in TERMINAL


@dataclass(slots=True)
class Child:
    """The part of an order that stands at one venue, in terms of the book that is really kept."""

    no: int
    order: int
    venue: str
    symbol: str
    side: Side
    price: int
    qty: int
    ahead: int
    mode: str


@dataclass(slots=True)
class Group:
    """Everything that stands in one book of one venue. `wake_ns` is when to look next, once it is known."""

    no: int
    children: list[int]
    wake_ns: int = 0


@dataclass(frozen=True, slots=True)
class Fill:
    """One fill, as it is listed."""

    fill_id: str
    order: int
    venue: str
    cash: str
    liquidity: str
    qty: int
    price: int
    fee: int
    time_ns: int


@dataclass(slots=True)
class Position:
    """What is kept of a row besides its quantity, which the ledger knows.

    `basis` and `realized` are exact, in units of 1e-17 dollars; `fees`, `margin` and `funding` (what funding brought,
    a part of `realized`) are in 1e-8.
    """

    id: int
    mark_symbol: str
    basis: int = 0
    realized: int = 0
    fees: int = 0
    margin: int = 0
    traded: bool = False
    funding: int = 0
    settled: Settled | None = None


@dataclass(slots=True)
class Settings:
    """Sandbox settings of one account."""

    balances: tuple[rec.HoldEntry, ...]
    fees: tuple[tuple[str, int, int], ...] = ()
    latency_ms: tuple[tuple[str, int], ...] = ()
    slippage_bps: int = 0


@dataclass(slots=True)
class Account:
    """One client's account."""

    client: str
    mode: str
    settings: Settings
    kill_switch: bool = False
    kill_reason: str = ""
    kill_ns: int = 0
    graphs: dict[str, Graph] = field(default_factory=dict[str, Graph])
    orders: dict[str, int] = field(default_factory=dict[str, int])
    fills: list[Fill] = field(default_factory=list[Fill])
    positions: dict[PositionKey, Position] = field(default_factory=dict[PositionKey, Position])
    connected: dict[str, int] = field(default_factory=dict[str, int])
    funding: list[FundingPayment] = field(default_factory=list[FundingPayment])


@dataclass(slots=True)
class State:
    """Everything the exchange knows."""

    seed: int = 0
    start_ns: int = 0
    now_ns: int = 0
    last_order: int = 0
    last_child: int = 0
    last_position: int = 0
    fill_count: int = 0
    last_graph: int = 0
    graphs: dict[int, Graph] = field(default_factory=dict[int, Graph])
    news: list[News] | None = field(default=None, compare=False, repr=False)
    ledger: Ledger = field(default_factory=Ledger)
    accounts: dict[str, Account] = field(default_factory=dict[str, Account])
    orders: dict[int, Order] = field(default_factory=dict[int, Order])
    working: dict[int, None] = field(default_factory=dict[int, None])
    children: dict[int, Child] = field(default_factory=dict[int, Child])
    groups: dict[tuple[str, str], Group] = field(default_factory=dict[tuple[str, str], Group])
    taken: dict[tuple[str, str], dict[tuple[str, int], tuple[int, int]]] = field(
        default_factory=dict[tuple[str, str], dict[tuple[str, int], tuple[int, int]]]
    )
    prints: dict[str, int] = field(default_factory=dict[str, int])
    last_strategy: int = 0
    strategies: dict[str, hosting.Strategy] = field(default_factory=dict[str, hosting.Strategy])
    scripts: list[tuple[int, Script]] = field(default_factory=list[tuple[int, Script]])
    funding: dict[tuple[str, str], tuple[tuple[int, int], ...]] = field(
        default_factory=dict[tuple[str, str], tuple[tuple[int, int], ...]]
    )
    algos: books.Algos = field(default_factory=books.Algos)

    def apply(self, record: rec.Record) -> None:
        """Make a record true."""
        _HANDLERS[type(record)](self, record)

    def total(self, client: str, key: PositionKey) -> int:
        """The quantity of a position row, in 1e-8."""
        return self.ledger.total(client, key[0], key[2])

    def _genesis(self, record: rec.GenesisRecord) -> None:
        self.seed = record.seed
        self.start_ns = self.now_ns = record.start_ns

    def _at(self, record: rec.At) -> None:
        if record.now_ns <= self.now_ns:
            raise InvariantError("time-moves-on", f"{record.now_ns} is not after {self.now_ns}")
        self.now_ns = record.now_ns

    def _account_opened(self, record: rec.AccountOpened) -> None:
        account = Account(record.client, record.mode, Settings(record.balances))
        self.accounts[record.client] = account
        self._endow(account, record.balances)

    def _account_reset(self, record: rec.AccountReset) -> None:
        account = self.accounts[record.client]
        # Perps first: their margin goes back to cash, which is then taken back too.
        for key in sorted(account.positions, key=lambda key: key[1] != "perp"):
            self._wipe(account, key)
        self._endow(account, record.balances)

    def _endow(self, account: Account, balances: tuple[rec.HoldEntry, ...]) -> None:
        for venue, asset, amount in balances:
            self.cash_row(account, venue, asset)
            self.ledger.issue(account.client, venue, asset, amount)

    def _wipe(self, account: Account, key: PositionKey) -> None:
        venue, _, asset = key
        position = account.positions.pop(key)
        if position.margin:
            for cash in USD_PEGGED:
                bound = self.ledger.margin(account.client, venue, cash)
                back = min(bound, position.margin)
                position.margin -= back
                self.ledger.move(account.client, venue, cash, "margin", "free", back)
        self.ledger.issue(account.client, venue, asset, -self.ledger.free(account.client, venue, asset))

    def _position_set(self, record: rec.PositionSet) -> None:
        account = self.accounts[record.client]
        key: PositionKey = (record.venue, cast("PositionKind", record.kind), record.asset)
        known = account.positions.get(key)
        if known is not None and (record.delete or record.kind == "perp" or known.settled is not None):
            self._wipe(account, key)
        if record.delete:
            return
        mark = record.asset if record.kind in ("perp", "event_contract") else ""
        position = self.row(account, key, mark)
        amount = record.qty - self.total(record.client, key)
        self.ledger.issue(record.client, record.venue, record.asset, amount)
        position.basis = abs(record.qty) * record.entry_1e9
        position.realized = position.fees = 0

    def _settings_set(self, record: rec.SettingsSet) -> None:
        self.accounts[record.client].settings = Settings(
            record.balances, record.fees, record.latency_ms, record.slippage_bps
        )

    def _venue_connected(self, record: rec.VenueConnected) -> None:
        self.accounts[record.client].connected[record.venue] = self.now_ns

    def _venue_disconnected(self, record: rec.VenueDisconnected) -> None:
        self.accounts[record.client].connected.pop(record.venue, None)

    def _graph_accepted(self, record: rec.GraphAccepted) -> None:
        account = self.accounts[record.client]
        self.last_graph += 1
        graph = Graph(
            self.last_graph,
            record.client,
            record.graph_id,
            record.content,
            record.sandbox,
            record.metadata,
            self.now_ns,
            [],
            [],
            make_risk(**record.risk),
        )
        self.graphs[graph.no] = account.graphs[record.graph_id] = graph
        waiting = frozenset(record.waiting)
        for number, (node_id, entry) in enumerate(record.nodes):
            spec = _make_spec(**entry)
            graph.nodes.append(Node(number, node_id, spec, spec.qty_1e8, number not in waiting))
            self._new_order(account, graph, graph.nodes[number], spec.qty_1e8)
        graph.unfinished = len(graph.nodes)
        for number, (edge_id, source, target, what) in enumerate(record.edges):
            graph.edges.append(Edge(number, edge_id, source, target, make_edge(**what)))
            graph.nodes[source].outgoing.append(number)
            graph.nodes[target].incoming.append(number)
        for parent, count in record.slices:
            graph.nodes[parent].slices = tuple(range(parent + 1, parent + 1 + count))
            for number in graph.nodes[parent].slices:
                graph.nodes[number].parent = parent
        for node in graph.nodes:
            if node.root:
                self._activated(graph, node, node.target)
        for node in graph.nodes:
            refresh(graph, node, self.orders, self.news)

    def _new_order(self, account: Account, graph: Graph, node: Node, qty: int) -> None:
        self.last_order += 1
        order = Order(
            no=self.last_order,
            id=f"graph:{graph.graph_id}:{node.id}:{len(node.orders) + 1}",
            client=account.client,
            graph_id=graph.graph_id,
            node_id=node.id,
            spec=node.spec,
            qty=qty,
            created_ns=self.now_ns,
            updated_ns=self.now_ns,
            graph=graph.no,
            node=node.no,
            own_fees=account.settings.fees,
            widest_1e9=node.spec.limit_1e9,
        )
        self.orders[order.no] = order
        self.working[order.no] = None
        account.orders[order.id] = order.no
        node.orders.append(order.no)

    def _activated(self, graph: Graph, node: Node, qty: int) -> None:
        node.released += qty
        self.orders[node.orders[-1]].track.admitted_ns = self.now_ns
        if not node.activated_ns:
            node.activated_ns = self.now_ns
            self._tell(graph, node, "activated")

    def _tell(self, graph: Graph, node: Node, kind: str, qty: int = 0) -> None:
        if self.news is not None and not graph.plain:
            self.news.append(News(graph.no, node.no, kind, qty))

    def _place_of(self, order: Order) -> tuple[Graph, Node]:
        graph = self.graphs[order.graph]
        return graph, graph.nodes[order.node]

    def _order_moved(self, order: Order) -> None:
        graph, node = self._place_of(order)
        refresh(graph, node, self.orders, self.news)

    def _edge_fired(self, record: rec.EdgeFired) -> None:
        graph = self.graphs[record.graph]
        edge = graph.edges[record.edge]
        edge.step("stream" if edge.spec.trigger == "on_fill" else "fire")
        edge.fire_count += 1
        edge.counted = record.counted
        edge.deliveries.append((record.due_ns, record.qty))
        refresh(graph, graph.nodes[edge.source], self.orders, self.news)
        refresh(graph, graph.nodes[edge.target], self.orders, self.news)

    def _delivered(self, record: rec.Delivered) -> None:
        graph = self.graphs[record.graph]
        edge = graph.edges[record.edge]
        edge.deliveries.pop(0)
        refresh(graph, graph.nodes[edge.target], self.orders, self.news)

    def _released(self, record: rec.Released) -> None:
        graph = self.graphs[record.graph]
        node = graph.nodes[record.node]
        if node.final or (node.target and node.released + record.qty > node.target):
            raise InvariantError("released-at-most-target", f"{record.qty} more of {node.released} of {node.id}")
        graph.edges[record.edge].deliveries.pop(0)
        if node.activated:
            self._new_order(self.accounts[graph.client], graph, node, record.qty)
        else:
            self.orders[node.orders[0]].qty = record.qty
        self._activated(graph, node, record.qty)
        refresh(graph, node, self.orders, self.news)

    def _node_closed(self, record: rec.NodeClosed) -> None:
        graph = self.graphs[record.graph]
        node = graph.nodes[record.node]
        node.closed = True
        node.reason = record.reason
        refresh(graph, node, self.orders, self.news)

    def _node_amended(self, record: rec.NodeAmended) -> None:
        graph = self.graphs[record.graph]
        node = graph.nodes[record.node]
        node.target = record.target
        node.spec = replace(node.spec, limit_1e9=record.limit)
        if not node.activated:
            order = self.orders[node.orders[0]]
            order.qty, order.spec, order.updated_ns = record.target, node.spec, self.now_ns
            order.widest_1e9 = record.limit
        refresh(graph, node, self.orders, self.news)

    def _graph_paused(self, record: rec.GraphPaused) -> None:
        graph = self.graphs[record.graph]
        graph.breach = record.breach
        graph.step("pause")

    def _graph_resumed(self, record: rec.GraphResumed) -> None:
        graph = self.graphs[record.graph]
        graph.breach = ""
        filled = any(node.filled for node in graph.nodes)
        begun = any(node.accepted for node in graph.nodes)
        graph.step("resume_filled" if filled else "resume" if begun else "resume_pending")

    def _graph_breached(self, record: rec.GraphBreached) -> None:
        self.graphs[record.graph].breach = record.breach

    def _amended(self, record: rec.Amended) -> None:
        order = self.orders[record.order]
        if record.qty < order.filled or (order.filled and record.qty == order.filled):
            raise InvariantError("filled-at-most-target", f"{order.id}: {order.filled} filled, amended to {record.qty}")
        graph, node = self._place_of(order)
        change = record.qty - order.qty
        node.target += change
        node.released += change
        order.qty = record.qty
        if order.widest_1e9:
            pick = max if order.spec.side == "buy" else min
            order.widest_1e9 = pick(order.widest_1e9, record.limit) if record.limit else 0
        order.spec = node.spec = replace(order.spec, limit_1e9=record.limit)
        order.updated_ns = self.now_ns
        refresh(graph, node, self.orders, self.news)

    def _kill_switch_set(self, record: rec.KillSwitchSet) -> None:
        account = self.accounts[record.client]
        account.kill_switch = record.engaged
        account.kill_reason = record.reason
        account.kill_ns = self.now_ns if record.engaged else 0

    def _begun(self, record: rec.Begun) -> None:
        order = self.orders[record.order]
        self._enter(order, "ACCEPTED")
        order.qty = record.qty
        order.arrival_1e9 = record.arrival_1e9
        order.cap_1e9 = record.cap_1e9
        order.deadline_ns = record.deadline_ns
        order.timers.pop("start", None)
        track = order.track
        track.begun_ns, track.bid_1e9, track.ask_1e9 = self.now_ns, record.arrival_bid_1e9, record.arrival_ask_1e9
        graph, node = self._place_of(order)
        if not node.target:
            # What a notional buys is known once it begins.
            node.target = node.released = record.qty
            self._share(graph, node)
        node.accepted = True
        self._tell(graph, node, "accepted")
        refresh(graph, node, self.orders, self.news)

    def _share(self, graph: Graph, node: Node) -> None:
        for number, qty in zip(node.slices, shares(node.target, len(node.slices)), strict=True):
            graph.nodes[number].target = qty
            self.orders[graph.nodes[number].orders[0]].qty = qty

    def _ended(self, record: rec.Ended) -> None:
        order = self.orders[record.order]
        if order.children or order.holds:
            raise InvariantError("final-orders-hold-nothing", f"{order.id} ends with {order.holds} held")
        self._enter(order, cast("Status", record.status))
        order.reason = record.reason
        order.timers.clear()
        graph, node = self._place_of(order)
        if order.status in ("REJECTED", "FAILED"):
            self._tell(graph, node, "failed")
        refresh(graph, node, self.orders, self.news)

    def _enter(self, order: Order, status: Status) -> None:
        if status not in _ARROWS.get(order.status, ()):
            raise InvariantError("status-arrows", f"{order.id} cannot go from {order.status} to {status}")
        order.status = status
        order.updated_ns = self.now_ns
        if status in TERMINAL:
            self.working.pop(order.no, None)

    def _held(self, record: rec.Held) -> None:
        order = self.orders[record.order]
        wanted = {(venue, asset): amount for venue, asset, amount in record.holds}
        for key in sorted({*order.holds, *wanted}):
            delta = wanted.get(key, 0) - order.holds.get(key, 0)
            if delta > 0:
                self.ledger.move(order.client, *key, "free", "held", delta)
            elif delta < 0:
                self.ledger.move(order.client, *key, "held", "free", -delta)
        order.holds = wanted
        order.reserve = {(venue, asset): amount for venue, asset, amount in record.reserve}

    def _rested(self, record: rec.Rested) -> None:
        order = self.orders[record.order]
        spec = order.spec
        self.last_child += 1
        child = Child(
            self.last_child,
            order.no,
            record.venue,
            spec.book_symbol,
            spec.book_side,
            spec.book_price(record.price),
            record.qty,
            record.ahead,
            record.mode,
        )
        self.children[child.no] = child
        order.children.append(child.no)
        kind: Literal["hunt", "rest"] = "hunt" if record.mode == "hunt" else "rest"
        order.track.steps.append(Step(self.now_ns, kind, record.venue, record.price, record.qty))
        order.updated_ns = self.now_ns
        key = (child.venue, child.symbol)
        group = self.groups.get(key)
        if group is None:
            self.groups[key] = Group(child.no, [child.no])
        else:
            group.children.append(child.no)
            group.wake_ns = 0

    def _unrested(self, record: rec.Unrested) -> None:
        child = self.children[record.child]
        order = self.orders[child.order]
        price = order.spec.book_price(child.price)
        order.track.steps.append(Step(self.now_ns, "back", child.venue, price, child.qty))
        self._remove(child)

    def _remove(self, child: Child) -> None:
        del self.children[child.no]
        self.orders[child.order].children.remove(child.no)
        key = (child.venue, child.symbol)
        group = self.groups[key]
        group.children.remove(child.no)
        if not group.children:
            del self.groups[key]

    def _queued(self, record: rec.Queued) -> None:
        self.children[record.child].ahead = record.ahead

    def _watched(self, record: rec.Watched) -> None:
        group = self.groups.get((record.venue, record.symbol))
        if group is not None:
            group.wake_ns = record.wake_ns

    def _timer_set(self, record: rec.TimerSet) -> None:
        timers = self.orders[record.order].timers
        if record.at_ns:
            timers[record.timer] = (record.at_ns, record.step)
        else:
            timers.pop(record.timer, None)
        if record.timer == "start":
            self._order_moved(self.orders[record.order])

    def _forgot(self, record: rec.Forgot) -> None:
        levels = self.taken[(record.venue, record.symbol)]
        for level in record.levels:
            del levels[level]

    def _filled(self, record: rec.Filled) -> None:
        order = self.orders[record.order]
        if not 0 < record.qty <= order.remaining:
            raise InvariantError("filled-at-most-target", f"{order.id}: {record.qty} of {order.remaining}")
        for symbol, side, price, shown, taken in record.level:
            if taken > shown:
                raise InvariantError("taken-at-most-displayed", f"{taken} of {shown} at {price}, {record.venue}")
            self.taken.setdefault((record.venue, symbol), {})[(side, price)] = (shown, taken)
        if record.print_id:
            used = self.prints.get(record.print_id, 0) + record.qty
            if used > record.print_qty:
                raise InvariantError("filled-at-most-printed", f"{used} of {record.print_qty} of {record.print_id}")
            self.prints[record.print_id] = used
        if record.child:
            child = self.children[record.child]
            child.qty -= record.qty
            if child.qty <= 0:
                self._remove(child)
        account = self.accounts[order.client]
        self._settle(account, order, record)
        self.fill_count += 1
        account.fills.append(
            Fill(
                record.fill_id,
                order.no,
                record.venue,
                record.cash,
                record.liquidity,
                record.qty,
                record.price,
                record.fee,
                self.now_ns,
            )
        )
        graph, node = self._place_of(order)
        place = len(account.fills) - 1
        self._count(order, node, record, place)
        if node.parent >= 0:
            parent = graph.nodes[node.parent]
            self._count(self.orders[parent.orders[0]], parent, record, place)
        for filled in (node,) if node.parent < 0 else (node, graph.nodes[node.parent]):
            self._tell(graph, filled, "fill", record.qty)
            refresh(graph, filled, self.orders, self.news)

    def _count(self, order: Order, node: Node, record: rec.Filled, place: int) -> None:
        for counter in (order, node):
            counter.filled += record.qty
            counter.notional += record.qty * record.price
            counter.fees += record.fee
            counter.fill_count += 1
        order.track.steps.append(Step(self.now_ns, "fill", record.venue, record.price, record.qty, place))
        self._enter(order, "FILLED" if order.filled == order.qty else "PARTIAL")
        if order.status == "FILLED":
            order.timers.clear()

    def _settle(self, account: Account, order: Order, record: rec.Filled) -> None:
        spec = order.spec
        client, venue, asset, cash = account.client, record.venue, spec.asset, record.cash
        qty, price, fee = record.qty, record.price, record.fee
        key: PositionKey = (venue, spec.position_kind, asset)
        position = self.row(account, key, spec.symbol)
        position.mark_symbol = spec.symbol
        position.traded = True
        position.fees += fee
        self.cash_row(account, venue, cash)
        stem = f"client/{client}/{venue}/"
        purse = f"{stem}{cash}/free"
        goods = f"{stem}{asset}/free"
        market = market_account(venue)
        signed = qty if spec.side == "buy" else -qty
        legs: list[Leg] = [
            (goods, asset, signed),
            (market, asset, -signed),
            (fees_account(venue), cash, fee),
        ]
        if spec.type == "perp":
            self._settle_perp(legs, position, record, signed, self.total(client, key), purse, f"{stem}{cash}/margin")
        else:
            up, down = value_up(qty, price), value_down(qty, price)
            if signed > 0:
                position.basis += qty * price
                legs += [(purse, cash, -up - fee), (market, cash, down), (ROUNDING, cash, up - down)]
            else:
                released = position.basis * qty // self.total(client, key)
                position.basis -= released
                position.realized += qty * price - released
                legs += [(purse, cash, down - fee), (market, cash, -up), (ROUNDING, cash, up - down)]
        self.ledger.post(legs)

    def _settle_perp(
        self, legs: list[Leg], position: Position, record: rec.Filled, signed: int, before: int, purse: str, bound: str
    ) -> None:
        venue, cash, price = record.venue, record.cash, record.price
        closing = min(abs(before), abs(signed)) if before * signed < 0 else 0
        opening = abs(signed) - closing
        gain = freed = 0
        if closing:
            released = position.basis * closing // abs(before)
            freed = position.margin * closing // abs(before)
            position.basis -= released
            gain = closing * price - released if before > 0 else released - closing * price
            position.realized += gain
        paid = gain // ONE_PRICE
        owed = -(-gain // ONE_PRICE)
        taken = margin_for(opening, price) if opening else 0
        position.basis += opening * price
        position.margin += taken - freed
        change = paid - record.fee + freed - taken
        short = max(0, -(self.ledger.balances.get((purse, cash), 0) + change))
        legs += [
            (purse, cash, change + short),
            (bound, cash, taken - freed),
            (market_account(venue), cash, -owed),
            (ROUNDING, cash, owed - paid),
            (f"{INSURANCE}/{venue}", cash, -short),
        ]

    def row(self, account: Account, key: PositionKey, mark: str) -> Position:
        """A row of an account, made when it is not there yet; `mark` is the symbol it is then valued by."""
        position = account.positions.get(key)
        if position is None:
            self.last_position += 1
            position = account.positions[key] = Position(self.last_position, mark)
        return position

    def cash_row(self, account: Account, venue: str, asset: str) -> Position:
        """The row of money or a coin at a venue, made when it is not there yet."""
        return self.row(account, (venue, "fiat" if asset in FIAT else "crypto", asset), "")

    def _scripted(self, record: Script) -> None:
        self.scripts.append((self.now_ns, record))


_HANDLERS: Final = cast(
    "dict[type[rec.Record], Callable[[State, rec.Record], None]]",
    {
        rec.GenesisRecord: State._genesis,
        rec.At: State._at,
        rec.AccountOpened: State._account_opened,
        rec.AccountReset: books.after(State._account_reset, books.on_reset),
        rec.PositionSet: State._position_set,
        rec.SettingsSet: State._settings_set,
        rec.VenueConnected: State._venue_connected,
        rec.VenueDisconnected: State._venue_disconnected,
        rec.GraphAccepted: State._graph_accepted,
        rec.EdgeFired: State._edge_fired,
        rec.Delivered: State._delivered,
        rec.Released: State._released,
        rec.NodeClosed: State._node_closed,
        rec.NodeAmended: State._node_amended,
        rec.GraphPaused: State._graph_paused,
        rec.GraphResumed: State._graph_resumed,
        rec.GraphBreached: State._graph_breached,
        rec.Amended: State._amended,
        rec.KillSwitchSet: State._kill_switch_set,
        rec.Begun: State._begun,
        rec.Ended: books.after(State._ended, books.on_ended),
        rec.Held: State._held,
        rec.Rested: State._rested,
        rec.Unrested: State._unrested,
        rec.Queued: State._queued,
        rec.Watched: State._watched,
        rec.TimerSet: State._timer_set,
        rec.Forgot: State._forgot,
        rec.Filled: books.after(State._filled, books.on_filled),
        rec.BookSet: State._scripted,
        rec.PriceSet: State._scripted,
        rec.TradePrinted: State._scripted,
        rec.ResolutionSet: State._scripted,
        rec.Resolved: settling.resolved,
        rec.RedemptionSubmitted: settling.redemption_submitted,
        rec.Redeemed: settling.redeemed,
        rec.StrategyCreated: hosting.created,
        rec.StrategyMoved: hosting.moved,
        rec.StrategyDeleted: hosting.deleted,
        rec.FundingSet: settling.funding_set,
        rec.Funded: settling.funded,
        rec.ModuleStored: books.stored,
        rec.AlgoDeployed: books.deployed,
        rec.AlgoChanged: books.changed,
        rec.AlgoEdgeSet: books.edge_set,
        rec.AlgoPlaced: books.placed,
        rec.AlgoRemoved: books.removed,
    },
)
