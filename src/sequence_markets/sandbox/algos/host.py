"""When algos are called: whatever changes one of their books, and whatever becomes of their orders, wakes them.

Nothing is called in the middle of something else: the calls come when a command, or an instant, has done its own work,
and what follows from them belongs to the same batch of the journal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sequence_markets.sandbox.algos.books import AlgoEdge, Algos
from sequence_markets.sandbox.algos.calls import Calls
from sequence_markets.sandbox.algos.history import AlgoEvent, EventKind, History
from sequence_markets.sandbox.algos.instances import Trouble
from sequence_markets.sandbox.algos.limits import AlgoLimits
from sequence_markets.sandbox.trading import records as rec
from sequence_markets.sandbox.trading.desk import NEVER, Desk, Reaction, Task

__all__ = ["ECHO_NS", "AlgoHost"]

ECHO_NS: Final = 10_000_000
"""How long it takes until an algo sees what its own orders, or its neighbours', took from a book it was just shown."""

_SECOND_NS: Final = 10**9
_EVENTS: Final[dict[str, EventKind]] = {"running": "started", "stopped": "stopped", "paused": "paused"}


@dataclass(frozen=True, slots=True)
class _BookDue(Task):
    """The book of an edge may have changed."""

    host: AlgoHost
    edge: int
    at_ns: int

    def run(self, desk: Desk) -> None:  # noqa: ARG002 - the host looks at the end of the instant
        """Look at it, unless another look was planned instead."""
        self.host.book_due(self.edge, self.at_ns)


@dataclass(frozen=True, slots=True)
class _BeatDue(Task):
    """A second has passed."""

    host: AlgoHost
    edge: int
    at_ns: int

    def run(self, desk: Desk) -> None:  # noqa: ARG002 - as above
        """Say so."""
        self.host.beat_due(self.edge, self.at_ns)


class AlgoHost:
    """The algos of one exchange. It outlives restarts of the exchange's state, the journal being their only memory.

    Args:
        limits: What the modules may use.

    Attributes:
        limits: The same.
        history: What is remembered of deployments.
        calls: Calls the algos.
    """

    def __init__(self, limits: AlgoLimits) -> None:
        self.limits = limits
        self.history = History(limits)
        self.calls = Calls(limits, self.history)
        self._due: dict[int, None] = {}
        self._beating: dict[int, None] = {}
        self._shown: dict[int, None] = {}
        self._planned: dict[int, int] = {}
        self._beats: dict[int, int] = {}
        self._gone: list[str] = []
        self.reactions: Mapping[type[rec.Record], tuple[Reaction, ...]] = {
            rec.Filled: (self._on_filled,),
            rec.BookSet: (self._on_script,),
            rec.PriceSet: (self._on_script,),
            rec.ResolutionSet: (self._on_script,),
            rec.AlgoDeployed: (self._on_deployed,),
            rec.AlgoChanged: (self._on_changed,),
            rec.AlgoEdgeSet: (self._on_edge_set,),
            rec.AlgoRemoved: (self._on_removed,),
        }

    # The exchange calls these.

    def rearm(self, desk: Desk) -> None:
        """Plan everything again, as after a restart. Instances stay as long as all they have seen has happened."""
        algos = desk.state.algos
        algos.news.clear()
        for waiting in (self._due, self._beating, self._shown):
            waiting.clear()
        self._planned.clear()
        self._beats.clear()
        runs = self.calls.runs
        for no in [no for no in runs if no not in algos.edges]:
            del runs[no]
        self.calls.drop_unused(algos.modules)
        for edge in algos.edges.values():
            try:
                self.calls.upload(desk, edge)
            except Trouble:
                continue  # The first call says so.
            if edge.running:
                self._plan(desk, edge, desk.now_ns)
                self._plan_beat(desk, edge)

    def settle(self, desk: Desk) -> None:
        """Call whom it concerns, until nothing more follows from it."""
        algos = desk.state.algos
        while algos.news or self._beating or self._due:
            if algos.news:
                self.calls.tell(desk, algos.news.pop(0))
            elif self._beating:
                self._beat(desk, _first(self._beating))
            else:
                self._look(desk, _first(self._due))
        self._shown.clear()

    def commit(self) -> None:
        """What was done is stored."""
        self.calls.touched.clear()
        self.history.commit()
        for deployment in self._gone:
            self.history.forget(deployment)
        self._gone.clear()

    def abandon(self) -> bool:
        """What was done has not happened: who has seen it begins anew. Returns whether there was anything."""
        begun = bool(self.calls.touched or self._due or self._beating)
        for no in self.calls.touched:
            run = self.calls.runs.get(no)
            if run is not None:
                run.instance = run.sides = None
                run.dead.clear()
        self.calls.touched.clear()
        self._gone.clear()
        self.history.abandon()
        return begun

    def forget(self) -> None:
        """The exchange begins again: nothing there was is left."""
        self.calls.runs.clear()
        self.calls.touched.clear()
        self.history.forget()

    # Tasks and records call these.

    def book_due(self, edge: int, at_ns: int) -> None:
        """A planned look at a book has come."""
        if self._planned.get(edge) == at_ns:
            del self._planned[edge]
            self._due[edge] = None

    def beat_due(self, edge: int, at_ns: int) -> None:
        """A planned heartbeat has come."""
        if self._beats.get(edge) == at_ns:
            del self._beats[edge]
            self._beating[edge] = None

    def _on_filled(self, desk: Desk, record: rec.Record) -> None:
        assert isinstance(record, rec.Filled)
        for level in record.level:
            self._due.update((edge.no, None) for edge in _on(desk, level[0]) if edge.venue == record.venue)

    def _on_script(self, desk: Desk, record: rec.Record) -> None:
        assert isinstance(record, rec.BookSet | rec.PriceSet | rec.ResolutionSet)
        found = desk.market.catalogue.resolve(record.symbol)
        symbol = record.symbol if found is None else found.primary
        self._due.update((edge.no, None) for edge in _on(desk, symbol))

    def _on_deployed(self, desk: Desk, record: rec.Record) -> None:
        assert isinstance(record, rec.AlgoDeployed)
        self._tell(desk, record.deployment, "deployed", "accepted")
        for no in desk.state.algos.deployments[record.deployment].edges:
            edge = desk.state.algos.edges[no]
            if edge.running:
                self._began(desk, edge)

    def _on_changed(self, desk: Desk, record: rec.Record) -> None:
        assert isinstance(record, rec.AlgoChanged)
        self._tell(desk, record.deployment, "updated", "")

    def _on_edge_set(self, desk: Desk, record: rec.Record) -> None:
        assert isinstance(record, rec.AlgoEdgeSet)
        edge = desk.state.algos.edges[record.edge]
        if edge.running:
            self._began(desk, edge)
            return
        kind = "superseded" if record.reason == "superseded" else _EVENTS[record.status]
        self._note(desk, edge, kind)

    def _on_removed(self, desk: Desk, record: rec.Record) -> None:
        assert isinstance(record, rec.AlgoRemoved)
        event = AlgoEvent("undeployed", "", desk.now_ns, record.symbol)
        self.history.note(record.deployment, event)
        if record.deployment not in desk.state.algos.deployments:
            self._gone.append(record.deployment)
        for no in [no for no in self.calls.runs if no not in desk.state.algos.edges]:
            del self.calls.runs[no]

    def _began(self, desk: Desk, edge: AlgoEdge) -> None:
        """An algo runs from now on: it is shown its book as it stands."""
        self._note(desk, edge, "started")
        self.calls.run(edge).sides = None
        self._due[edge.no] = None
        self._plan_beat(desk, edge)

    def _note(self, desk: Desk, edge: AlgoEdge, kind: EventKind) -> None:
        event = AlgoEvent(kind, edge.status, desk.now_ns, edge.symbol, edge.edge_id, edge.reason)
        self.history.note(edge.deployment, event)

    def _tell(self, desk: Desk, deployment: str, kind: EventKind, status: str) -> None:
        self.history.note(deployment, AlgoEvent(kind, status, desk.now_ns))

    # Calling.

    def _look(self, desk: Desk, no: int) -> None:
        edge = desk.state.algos.edges.get(no)
        if edge is None or not edge.running:
            return
        if no in self._shown:
            # Showing an algo at once what it did itself could go on forever within one instant.
            self._plan(desk, edge, desk.now_ns + ECHO_NS)
            return
        self._shown[no] = None
        self.calls.show_book(desk, edge)
        if edge.running:
            self._plan(desk, edge, next_book_ns(desk, edge))

    def _beat(self, desk: Desk, no: int) -> None:
        edge = desk.state.algos.edges.get(no)
        if edge is not None and edge.running:
            self.calls.beat(desk, edge)
            self._plan_beat(desk, edge)

    def _plan(self, desk: Desk, edge: AlgoEdge, at_ns: int) -> None:
        self._planned[edge.no] = at_ns
        if at_ns < NEVER:
            desk.schedule_task(at_ns, _BookDue(self, edge.no, at_ns), edge.no)

    def _plan_beat(self, desk: Desk, edge: AlgoEdge) -> None:
        try:
            wanted = edge.running and "algo_on_heartbeat" in self.calls.upload(desk, edge).calls
        except Trouble:
            return
        if wanted:
            at_ns = (desk.now_ns // _SECOND_NS + 1) * _SECOND_NS
            if self._beats.get(edge.no) != at_ns:
                self._beats[edge.no] = at_ns
                desk.schedule_task(at_ns, _BeatDue(self, edge.no, at_ns), edge.no)


def next_book_ns(desk: Desk, edge: AlgoEdge) -> int:
    """The first instant at which the book of an edge may look different, if nobody changes it."""
    until = desk.market.book_until(edge.book_symbol, edge.venue, desk.now_ns)
    return min(until + 1, NEVER)


def _first(waiting: dict[int, None]) -> int:
    no = min(waiting)
    del waiting[no]
    return no


def _on(desk: Desk, book_symbol: str) -> Iterator[AlgoEdge]:
    algos: Algos = desk.state.algos
    return (edge for edge in algos.edges.values() if edge.running and edge.book_symbol == book_symbol)
