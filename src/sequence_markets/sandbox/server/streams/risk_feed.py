"""Changes of an account's risk state, and what its owner should look at."""

from __future__ import annotations

from sequence_markets.sandbox.server.streams.batched import BatchedFeed
from sequence_markets.sandbox.trading import records as rec
from sequence_markets.sandbox.trading.desk import Desk

_ALARMING = frozenset({"REJECTED", "FAILED"})


class RiskFeed(BatchedFeed):
    """Says when a kill switch is moved, a graph breaks a risk rule, is paused or resumed; and raises an alert when an
    order is refused or a rule is broken."""

    def recorded(self, desk: Desk, record: rec.Record) -> None:
        """Note what a record means for the risk of an account."""
        match record:
            case rec.KillSwitchSet(client=client, engaged=engaged, reason=reason):
                self._risk(desk, client, "kill_switch", None, reason, engaged=engaged)
            case rec.GraphBreached(graph=number, breach=breach):
                self._graph(desk, number, "graph_breached", breach)
            case rec.GraphPaused(graph=number, breach=breach):
                self._graph(desk, number, "graph_paused", breach)
            case rec.GraphResumed(graph=number):
                self._graph(desk, number, "graph_resumed", "")
            case rec.Ended(order=number, status=status, reason=reason) if status in _ALARMING:
                order = desk.state.orders[number]
                self._alert(desk, order.client, f"order_{status.lower()}", order.id, reason)
            case _:
                pass

    def _graph(self, desk: Desk, number: int, event: str, breach: str) -> None:
        graph = desk.state.graphs[number]
        self._risk(desk, graph.client, event, graph.graph_id, breach)
        if breach:
            self._alert(desk, graph.client, event, graph.graph_id, breach)

    def _risk(
        self, desk: Desk, client_id: str, event: str, graph_id: str | None, reason: str, *, engaged: bool | None = None
    ) -> None:
        if self._audience.wants("risk", client_id):
            active = desk.state.accounts[client_id].kill_switch if engaged is None else engaged
            data = {"event": event, "graph_id": graph_id, "reason": reason or None, "kill_switch_active": active}
            self.note("risk", client_id, {**data, "ts_ns": desk.now_ns})

    def _alert(self, desk: Desk, client_id: str, event: str, subject: str, reason: str) -> None:
        if self._audience.wants("alerts", client_id):
            data = {"event": event, "subject": subject, "reason": reason or None, "ts_ns": desk.now_ns}
            self.note("alerts", client_id, data)
