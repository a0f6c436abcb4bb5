"""One report of its costs per order, once it is over."""

from __future__ import annotations

from sequence_markets.sandbox.analysis.reports import finished_by, tca_report, tca_row
from sequence_markets.sandbox.server.streams.batched import Audience, BatchedFeed
from sequence_markets.sandbox.trading import records as rec
from sequence_markets.sandbox.trading.desk import Desk


class TcaFeed(BatchedFeed):
    """Says what an order cost when it comes to its end with something filled.

    Args:
        audience: Who listens.
    """

    def __init__(self, audience: Audience) -> None:
        super().__init__(audience)
        self._over: dict[int, None] = {}

    def recorded(self, desk: Desk, record: rec.Record) -> None:
        """Note which orders a record ended."""
        for order in finished_by(desk.state, record):
            if self._audience.wants("tca", order.client):
                self._over[order.no] = None

    def conclude(self, desk: Desk) -> None:
        """Measure them."""
        for number in self._over:
            order = desk.state.orders[number]
            report = tca_report(desk, order)
            if report is not None:
                self.note("tca", order.client, tca_row(report))

    def abandoned(self) -> None:
        """Forget everything noted."""
        super().abandoned()
        self._over.clear()
