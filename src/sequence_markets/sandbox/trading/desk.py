"""What every part of the trading core works with: the state, the market, the clock's instant and the one way to change
anything, `emit`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias

from sequence_markets.sandbox.instruments import Instrument
from sequence_markets.sandbox.kernel import Kernel
from sequence_markets.sandbox.market import Market, VenueBook
from sequence_markets.sandbox.trading import records as rec
from sequence_markets.sandbox.trading.fees import FEE_TABLE, Fee, FeeTable, Liquidity
from sequence_markets.sandbox.trading.graphs import Edge, Graph, due_ns
from sequence_markets.sandbox.trading.state import Order, State, mirror
from sequence_markets.sandbox.trading.track import Benchmark

__all__ = ["NEVER", "TASK_RANK", "Desk", "EdgeTimer", "Event", "Look", "OrderTimer", "Reaction", "Task", "Watch"]

NEVER: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class OrderTimer:
    """A timer of an order is due."""

    order: int
    timer: str


@dataclass(frozen=True, slots=True)
class Watch:
    """Something may happen to what rests in a book."""

    venue: str
    symbol: str


@dataclass(frozen=True, slots=True)
class EdgeTimer:
    """A timeout of an edge is due, or the delay of a release."""

    graph: int
    edge: int


@dataclass(frozen=True, slots=True)
class Look:
    """The market may have moved to where a graph has to react."""

    graph: int


class Task(ABC):
    """Something of another part of the exchange that is due: a settlement, a callback of an algo."""

    @abstractmethod
    def run(self, desk: Desk) -> None:
        """Do it, unless it no longer applies."""


Event: TypeAlias = OrderTimer | Watch | EdgeTimer | Look | Task

TASK_RANK: Final = 7
"""Tasks run after everything of their instant that concerns orders; by default in the order they were scheduled."""

_WATCH_RANK: Final = 1
# Whatever an order does of its own accord comes before the timeouts of the same instant.
_EDGE_RANK: Final = 5
_LOOK_RANK: Final = 6
_RANKS: Final[dict[str, int]] = {"start": 0, "retry": 2, "peg": 2, "slice": 2, "deadline": 3, "expiry": 4}


Reaction: TypeAlias = "Callable[[Desk, rec.Record], None]"
"""What another part of the exchange does when a record has become true: plan a task, or emit what follows from it."""


def _no_reactions() -> Mapping[type[rec.Record], tuple[Reaction, ...]]:
    return {}


@dataclass(slots=True)
class Desk:
    """The working context. `now_ns` is the present instant; `changed` collects the books whose resting orders need
    a new look once the command is over, `armed` says per book when to look next. `stirred` collects the symbols whose
    quotes changed by what we did, `concerned` the graphs that something happened to, `looking` says per graph when the
    market may next matter to it, `mids` remembers (instant, doubled mid) of quotes that nothing has changed
    since, `quiet` until when (symbol, low, high) was proven to hold, `benchmarks` what an order that is over is
    compared with. `planned` says when the task of a name is due;
    `reactions` are called, per kind of record, after one has become true."""

    state: State
    market: Market
    kernel: Kernel[Event]
    now_ns: int
    write: Callable[[rec.Record], None]
    fees: FeeTable = FEE_TABLE
    changed: dict[tuple[str, str], None] = field(default_factory=dict[tuple[str, str], None])
    armed: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    stirred: dict[str, None] = field(default_factory=dict[str, None])
    concerned: dict[int, None] = field(default_factory=dict[int, None])
    looking: dict[int, int] = field(default_factory=dict[int, int])
    mids: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    quiet: dict[tuple[str, int, int], int] = field(default_factory=dict[tuple[str, int, int], int])
    benchmarks: dict[int, Benchmark] = field(default_factory=dict[int, Benchmark])
    planned: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    reactions: Mapping[type[rec.Record], tuple[Reaction, ...]] = field(default_factory=_no_reactions)

    def __post_init__(self) -> None:
        self.state.news = []

    def emit(self, record: rec.Record) -> None:
        """Make a record true, hand it to the journal, and schedule what follows from it."""
        self.tick()
        self.state.apply(record)
        self.write(record)
        match record:
            case rec.TimerSet(order=no, timer=name, at_ns=at) if at:
                self._schedule_timer(no, name, at)
            case rec.Begun(order=no, deadline_ns=at) if at:
                self._schedule_timer(no, "deadline", at)
            case rec.Rested(order=no, venue=venue):
                self.changed[(venue, self.state.orders[no].spec.book_symbol)] = None
            case rec.Filled(level=levels):
                self.mids.clear()
                for level in levels:
                    self.stirred[level[0]] = None
            case rec.BookSet() | rec.PriceSet() | rec.ResolutionSet() | rec.Forgot():
                self.mids.clear()
                self.quiet.clear()
            case rec.EdgeFired(graph=no, edge=edge, due_ns=at) if at:
                self.kernel.schedule(at, EdgeTimer(no, edge), self._edge_rank(no, edge))
            case _:
                pass
        for react in self.reactions.get(type(record), ()):
            react(self, record)

    def tick(self) -> None:
        """Bring the state's own instant up to the present one."""
        if self.now_ns > self.state.now_ns:
            moved = rec.At(self.now_ns)
            self.state.apply(moved)
            self.write(moved)

    def rearm(self) -> None:
        """Schedule everything that the state says is still to come, as after a restart."""
        self.kernel.clear()
        self.armed.clear()
        self.changed.clear()
        for no in self.state.working:
            order = self.state.orders[no]
            for name, (at, _) in sorted(order.timers.items()):
                self._schedule_timer(no, name, at)
            if order.deadline_ns > self.now_ns:
                self._schedule_timer(no, "deadline", order.deadline_ns)
            self.schedule_expiry(order)
        for key, group in self.state.groups.items():
            wake = group.wake_ns if group.wake_ns > self.now_ns else self.next_change(key[1], self.now_ns)
            self.schedule_watch(key, wake)
        self.looking.clear()
        self.stirred.clear()
        self.concerned.clear()
        for graph in self.state.graphs.values():
            if graph.final or graph.plain:
                continue
            for edge in graph.edges:
                self.schedule_timeout(graph, edge)
                for at, _ in edge.deliveries:
                    self.kernel.schedule(
                        max(at, self.now_ns), EdgeTimer(graph.no, edge.no), self._edge_rank(graph.no, edge.no)
                    )

    def schedule_timeout(self, graph: Graph, edge: Edge) -> None:
        """Wake an edge at its timeout, when it waits for one."""
        source = graph.nodes[edge.source]
        if edge.spec.trigger == "on_timeout" and edge.status == "armed" and source.activated:
            at = max(due_ns(edge, source), self.now_ns)
            self.kernel.schedule(at, EdgeTimer(graph.no, edge.no), self._edge_rank(graph.no, edge.no))

    @staticmethod
    def _edge_rank(graph: int, edge: int) -> int:
        return (_EDGE_RANK << 48) | (graph << 16) | edge

    def schedule_task(self, at_ns: int, task: Task, order: int = 0) -> None:
        """Run a task at `at_ns`; among those of one instant the one with the lower `order` comes first."""
        self.kernel.schedule(max(at_ns, self.now_ns), task, (TASK_RANK << 48) | order)

    def plan(self, name: tuple[str, str], at_ns: int, task: Task, order: int = 0) -> None:
        """Schedule the task of a name, unless it is planned for then or earlier already. A task that `takes_place`
        asks whether it is still the planned one."""
        if self.planned.get(name, NEVER) > at_ns:
            self.planned[name] = at_ns
            self.schedule_task(at_ns, task, order)

    def takes_place(self, name: tuple[str, str], at_ns: int) -> bool:
        """Whether the task of a name that was planned for `at_ns` is to run now; it is no longer planned then."""
        if self.planned.get(name) != at_ns:
            return False
        del self.planned[name]
        return True

    def schedule_look(self, graph: Graph, wake_ns: int) -> None:
        """Look at the market for a graph at `wake_ns`, and not at the instant planned before."""
        self.looking[graph.no] = wake_ns
        if wake_ns < NEVER:
            self.kernel.schedule(wake_ns, Look(graph.no), (_LOOK_RANK << 48) | graph.no)

    def net_book(self, symbol: str, venue: str) -> VenueBook | None:
        """The displayed book of a venue less what was already taken from it; None when it does not quote the
        symbol."""
        instrument = self.market.catalogue.get(symbol)
        book = self.market.book(symbol, venue, self.now_ns)
        if book is None or (venue, instrument.primary) not in self.state.taken:
            return book
        mirrored = instrument.mirror_of is not None
        sides: dict[str, tuple[tuple[int, int], ...]] = {}
        for name, levels in (("bid", book.bids), ("ask", book.asks)):
            side: Literal["bid", "ask"] = "ask" if (name == "ask") != mirrored else "bid"
            net = (
                (price, self.net(venue, instrument.primary, side, mirror(price) if mirrored else price, size))
                for price, size in levels
            )
            sides[name] = tuple(level for level in net if level[1] > 0)
        return replace(book, bids=sides["bid"], asks=sides["ask"])

    def _schedule_timer(self, order: int, timer: str, at_ns: int) -> None:
        self.kernel.schedule(at_ns, OrderTimer(order, timer), (_RANKS[timer] << 48) | order)

    def schedule_expiry(self, order: Order) -> None:
        """End an order when its market closes, if that ever happens."""
        expiry = self.instrument(order).expiry_ns
        if expiry is not None:
            self._schedule_timer(order.no, "expiry", expiry)

    def is_due(self, event: OrderTimer) -> Order | None:
        """The order whose timer this is, or None when the timer no longer applies."""
        order = self.state.orders.get(event.order)
        if order is None or order.done:
            return None
        if event.timer == "deadline":
            return order if order.deadline_ns == self.now_ns else None
        if event.timer == "expiry":
            return order
        due = order.timers.get(event.timer)
        return order if due is not None and due[0] == self.now_ns else None

    def schedule_watch(self, key: tuple[str, str], wake_ns: int) -> None:
        """Look at a book at `wake_ns`, and not at the instant planned before."""
        # Between now and `wake_ns` nothing happens that could reach what rests, so only prints at `wake_ns` count.
        self.armed[key] = wake_ns
        if wake_ns < NEVER:
            self.kernel.schedule(wake_ns, Watch(*key), (_WATCH_RANK << 48) | self.state.groups[key].no)

    def next_change(self, symbol: str, after_ns: int) -> int:
        """When the market may change next; `NEVER` when it does not by itself."""
        found = self.market.next_change(symbol, after_ns)
        return NEVER if found is None else found

    def instrument(self, order: Order) -> Instrument:
        """What an order trades."""
        return self.market.catalogue.get(order.spec.symbol)

    def candidates(self, order: Order) -> tuple[str, ...]:
        """The venues an order may trade on: those that quote it, or the pinned one of them."""
        venues = self.market.venues(order.spec.book_symbol)
        pinned = order.spec.venue
        if not pinned:
            return venues
        return (pinned,) if pinned in venues else ()

    def books(self, order: Order) -> dict[str, VenueBook]:
        """The displayed books an order may trade on, in venue order."""
        found: dict[str, VenueBook] = {}
        for venue in self.candidates(order):
            book = self.market.book(order.spec.book_symbol, venue, self.now_ns)
            if book is not None:
                found[venue] = book
        return found

    def net(self, venue: str, symbol: str, side: Literal["bid", "ask"], price: int, shown: int) -> int:
        """What is left of a displayed level: its size less what was taken from it while it looked the same."""
        levels = self.state.taken.get((venue, symbol))
        if levels is None:
            return shown
        entry = levels.get((side, price))
        return shown - entry[1] if entry is not None and entry[0] == shown else shown

    def taken(self, venue: str, symbol: str, side: Literal["bid", "ask"], price: int, shown: int) -> int:
        """How much of a displayed level was taken already."""
        return shown - self.net(venue, symbol, side, price, shown)

    def fee(self, order: Order, instrument: Instrument, venue: str, liquidity: Liquidity) -> Fee:
        """What a fill of an order costs at a venue: by the schedule in force when the order was accepted, so that
        its holds stay right."""
        return self.fees.fee(venue, instrument.fee_category, liquidity, order.created_ns, order.own_fees)
