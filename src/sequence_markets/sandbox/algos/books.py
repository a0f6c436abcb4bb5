"""The part of the state that is about algos: what was deployed, where it runs, and what it made of its own fills.

One function per kind of record; the state calls them when the record is applied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, TypeVar, cast

from sequence_markets.sandbox.trading import records as rec
from sequence_markets.sandbox.trading.errors import InvariantError

if TYPE_CHECKING:
    from sequence_markets.sandbox.trading.state import State

__all__ = [
    "AlgoEdge",
    "AlgoNews",
    "Algos",
    "DeployedAlgo",
    "EdgeState",
    "RiskRules",
    "after",
    "changed",
    "check",
    "deployed",
    "edge_set",
    "on_ended",
    "on_filled",
    "on_reset",
    "placed",
    "removed",
    "session_day",
    "stored",
]

R = TypeVar("R")

EdgeState = Literal["accepted", "running", "stopped", "paused", "rejected"]

_ARROWS: Final[dict[str, frozenset[str]]] = {
    "accepted": frozenset({"running"}),
    "running": frozenset({"stopped", "paused"}),
    "stopped": frozenset({"running"}),
    "paused": frozenset({"running", "stopped"}),
}
_DAY_NS: Final = 86_400 * 10**9


def session_day(now_ns: int) -> int:
    """The day of an instant, counted in UTC."""
    return now_ns // _DAY_NS


@dataclass(frozen=True, slots=True)
class RiskRules:
    """What an algo may do; zero means no limit.

    Attributes:
        max_position_1e8: Largest position on one edge, long or short, working orders on that side included.
        max_daily_loss_1e9: Loss since 00:00 UTC, unrealised included, at which an edge is paused.
        max_price_deviation_bps: How far a limit may lie from the best price it would meet, in bps of that price; of one
            dollar for prediction markets.
        max_orders_per_second: New orders of one edge in one second.
    """

    max_position_1e8: int = 0
    max_daily_loss_1e9: int = 0
    max_price_deviation_bps: int = 2_000
    max_orders_per_second: int = 100

    def to_dict(self) -> dict[str, object]:
        """The rules by name."""
        return {
            "max_position_1e8": self.max_position_1e8,
            "max_daily_loss_1e9": self.max_daily_loss_1e9,
            "max_price_deviation_bps": self.max_price_deviation_bps,
            "max_orders_per_second": self.max_orders_per_second,
        }


_make_rules: Final = cast("Callable[..., RiskRules]", RiskRules)


@dataclass(slots=True)
class AlgoEdge:
    """An algo on one edge. `position` is in 1e-8, `basis` and `realized` are exact, in 1e-17 dollars, `fees` in 1e-8.

    `orders` maps the algo's own ids to the numbers of its working orders, `skipped` counts the fills of the account
    that a reset of the account made void, `session_base` is what was realised before the day `day`.
    """

    no: int
    deployment: str
    client: str
    symbol: str
    book_symbol: str
    symbol_id: int
    venue: str
    status: EdgeState
    reason: str
    position: int = 0
    basis: int = 0
    realized: int = 0
    fees: int = 0
    fill_count: int = 0
    day: int = 0
    session_base: int = 0
    skipped: int = 0
    placed: int = 0
    orders: dict[int, int] = field(default_factory=dict[int, int])

    @property
    def edge_id(self) -> str:
        """The id of the edge, as it is shown."""
        return f"venue-edge-{self.venue}"

    @property
    def running(self) -> bool:
        """Whether it is called."""
        return self.status == "running"

    @property
    def avg_entry_1e9(self) -> int:
        """The average price of the position, rounded down; 0 without one."""
        return self.basis // abs(self.position) if self.position else 0

    def session(self, now_ns: int) -> int:
        """What was realised since 00:00 UTC, exact."""
        return self.realized - self.session_base if self.day == session_day(now_ns) else 0

    def unrealized(self, mark_1e9: int) -> int:
        """What closing the position at a price would make, exact."""
        return self.position * mark_1e9 - (self.basis if self.position >= 0 else -self.basis)

    def book_fill(self, signed: int, price: int, fee: int, now_ns: int) -> None:
        """Take a fill into account: positive quantities were bought."""
        day = session_day(now_ns)
        if self.day != day:
            self.day, self.session_base = day, self.realized
        before, qty = self.position, abs(signed)
        closing = min(abs(before), qty) if before * signed < 0 else 0
        if closing:
            released = self.basis * closing // abs(before)
            self.basis -= released
            self.realized += closing * price - released if before > 0 else released - closing * price
        self.basis += (qty - closing) * price
        self.position += signed
        self.fees += fee
        self.fill_count += 1


@dataclass(slots=True)
class DeployedAlgo:
    """One deployment: a module, its symbols, and the numbers of its edges."""

    id: str
    no: int
    client: str
    name: str
    module: str
    symbols: tuple[str, ...]
    rules: RiskRules
    created_ns: int
    modified_ns: int
    edges: list[int]


@dataclass(frozen=True, slots=True)
class AlgoNews:
    """Something happened to an order of an algo, which is to be told: a fill of `qty` at `price`, a reject with a code
    or the reason of the exchange, or its end."""

    kind: Literal["fill", "reject", "ended"]
    edge: int
    order_id: int
    order: int = 0
    price: int = 0
    qty: int = 0
    side: int = 0
    code: int = 0
    reason: str = ""


@dataclass(slots=True)
class Algos:
    """Everything the exchange knows about algos. `owners` says which edge an order belongs to, and its id there."""

    modules: dict[str, str] = field(default_factory=dict[str, str])
    deployments: dict[str, DeployedAlgo] = field(default_factory=dict[str, DeployedAlgo])
    edges: dict[int, AlgoEdge] = field(default_factory=dict[int, AlgoEdge])
    owners: dict[int, tuple[int, int]] = field(default_factory=dict[int, tuple[int, int]])
    last_deployment: int = 0
    last_edge: int = 0
    news: list[AlgoNews] = field(default_factory=list[AlgoNews], compare=False, repr=False)

    def of(self, client: str) -> Iterator[DeployedAlgo]:
        """The deployments of an account, oldest first."""
        return (deployment for deployment in self.deployments.values() if deployment.client == client)


Handler: TypeAlias = "Callable[[State, R], None]"


def after(first: Handler[R], then: Handler[R]) -> Handler[R]:
    """Both handlers, one after the other."""

    def handle(state: State, record: R) -> None:
        first(state, record)
        then(state, record)

    return handle


def stored(state: State, record: rec.ModuleStored) -> None:
    """Keep a module."""
    state.algos.modules[record.digest] = record.wasm


def _rules(risk: Mapping[str, object]) -> RiskRules:
    return _make_rules(**risk)


def deployed(state: State, record: rec.AlgoDeployed) -> None:
    """Add a deployment and its edges."""
    algos = state.algos
    algos.last_deployment += 1
    algos.deployments[record.deployment] = deployment = DeployedAlgo(
        record.deployment,
        algos.last_deployment,
        record.client,
        record.name,
        record.module,
        record.symbols,
        _rules(record.risk),
        state.now_ns,
        state.now_ns,
        [],
    )
    for symbol, book_symbol, venue, status, reason in record.edges:
        algos.last_edge += 1
        edge = AlgoEdge(
            algos.last_edge,
            record.deployment,
            record.client,
            symbol,
            book_symbol,
            record.symbols.index(symbol) + 1,
            venue,
            cast("EdgeState", status),
            reason,
        )
        algos.edges[edge.no] = edge
        deployment.edges.append(edge.no)


def changed(state: State, record: rec.AlgoChanged) -> None:
    """Rename a deployment, or set its limits."""
    deployment = state.algos.deployments[record.deployment]
    deployment.name, deployment.rules = record.name, _rules(record.risk)
    deployment.modified_ns = state.now_ns


def edge_set(state: State, record: rec.AlgoEdgeSet) -> None:
    """Let an algo enter another state on an edge."""
    edge = state.algos.edges[record.edge]
    if record.status not in _ARROWS.get(edge.status, ()):
        raise InvariantError("algo-states", f"edge {edge.no} cannot go from {edge.status} to {record.status}")
    edge.status, edge.reason = cast("EdgeState", record.status), record.reason
    state.algos.deployments[edge.deployment].modified_ns = state.now_ns


def removed(state: State, record: rec.AlgoRemoved) -> None:
    """Take a deployment away, or one symbol of it; with its last edge a deployment ends."""
    algos = state.algos
    deployment = algos.deployments[record.deployment]
    for no in list(deployment.edges):
        if record.symbol in ("", algos.edges[no].symbol):
            deployment.edges.remove(no)
            del algos.edges[no]
    deployment.symbols = tuple(symbol for symbol in deployment.symbols if record.symbol not in ("", symbol))
    deployment.modified_ns = state.now_ns
    if not deployment.symbols:
        del algos.deployments[record.deployment]
        if all(other.module != deployment.module for other in algos.deployments.values()):
            del algos.modules[deployment.module]


def placed(state: State, record: rec.AlgoPlaced) -> None:
    """Note whose order it is."""
    edge = state.algos.edges[record.edge]
    state.algos.owners[record.order] = (edge.no, record.order_id)
    edge.orders[record.order_id] = record.order
    edge.placed += 1


def on_filled(state: State, record: rec.Filled) -> None:
    """Book a fill of an algo's order on its edge."""
    algos = state.algos
    owner = algos.owners.get(record.order)
    edge = None if owner is None else algos.edges.get(owner[0])
    if owner is None or edge is None:
        return
    order = state.orders[record.order]
    side = 1 if order.spec.side == "buy" else -1
    edge.book_fill(side * record.qty, record.price, record.fee, state.now_ns)
    algos.news.append(AlgoNews("fill", edge.no, owner[1], record.order, record.price, record.qty, side))
    if order.done:
        _close(algos, edge, owner[1], record.order, "")


def on_ended(state: State, record: rec.Ended) -> None:
    """Forget an order of an algo that is over, and tell it when it was rejected."""
    algos = state.algos
    owner = algos.owners.get(record.order)
    edge = None if owner is None else algos.edges.get(owner[0])
    if owner is None or edge is None:
        return
    # What must be filled at once and whole, and is not, was rejected as far as the one who asked is concerned.
    killed = record.status == "CANCELLED" and state.orders[record.order].spec.tif == "FOK"
    _close(algos, edge, owner[1], record.order, record.reason if record.status == "REJECTED" or killed else "")


def _close(algos: Algos, edge: AlgoEdge, order_id: int, order: int, reject: str) -> None:
    del edge.orders[order_id]
    algos.news.append(AlgoNews("ended", edge.no, order_id, order))
    if reject:
        algos.news.append(AlgoNews("reject", edge.no, order_id, order, reason=reject))


def on_reset(state: State, record: rec.AccountReset) -> None:
    """Begin the books of an account's algos anew: what they had is gone."""
    fills = len(state.accounts[record.client].fills)
    for edge in state.algos.edges.values():
        if edge.client == record.client:
            edge.position = edge.basis = edge.realized = edge.fees = edge.fill_count = edge.session_base = 0
            edge.skipped = fills


def check(state: State) -> None:
    """Recompute the books of every edge from the fills of its account.

    Raises:
        InvariantError: Something differs, or an order is on the wrong list.
    """
    algos = state.algos
    for edge in algos.edges.values():
        again = AlgoEdge(edge.no, edge.deployment, edge.client, edge.symbol, "", 0, edge.venue, "accepted", "")
        for fill in state.accounts[edge.client].fills[edge.skipped :]:
            if algos.owners.get(fill.order, (0, 0))[0] == edge.no:
                bought = state.orders[fill.order].spec.side == "buy"
                again.book_fill(fill.qty if bought else -fill.qty, fill.price, fill.fee, fill.time_ns)
        kept = (edge.position, edge.basis, edge.realized, edge.fees, edge.fill_count)
        folded = (again.position, again.basis, again.realized, again.fees, again.fill_count)
        if kept != folded or edge.session(state.now_ns) != again.session(state.now_ns):
            raise InvariantError("algo-books-match-fills", f"edge {edge.no}: {kept} is not {folded}")
        for order_id, no in edge.orders.items():
            if state.orders[no].done or algos.owners.get(no) != (edge.no, order_id):
                raise InvariantError("algo-orders-known", f"edge {edge.no}: {order_id} is {state.orders[no].status}")
    for no, (number, order_id) in algos.owners.items():
        owner = algos.edges.get(number)
        if owner is not None and not state.orders[no].done and owner.orders.get(order_id) != no:
            raise InvariantError("algo-orders-known", f"edge {number} has lost order {order_id}")
