"""Calling algos, and carrying out what they answer.

A call that fails pauses its algo on that edge; nothing it asked for is done, and nobody else notices.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from sequence_markets.sandbox.algos import abi
from sequence_markets.sandbox.algos.actions import (
    RejectCode,
    cancel,
    code_of,
    open_orders,
    place,
    refusal,
    shown,
    symbol_meta,
)
from sequence_markets.sandbox.algos.books import AlgoEdge, AlgoNews
from sequence_markets.sandbox.algos.features import measure
from sequence_markets.sandbox.algos.history import History
from sequence_markets.sandbox.algos.instances import LEVELS, Instance, Outcome, Trouble
from sequence_markets.sandbox.algos.limits import AlgoLimits
from sequence_markets.sandbox.algos.runs import EdgeRun, LogLine, Trace
from sequence_markets.sandbox.algos.uploads import BadModule, Upload, read_upload
from sequence_markets.sandbox.market import VenueBook
from sequence_markets.sandbox.trading import cascade, records as rec
from sequence_markets.sandbox.trading.amounts import usd_1e9
from sequence_markets.sandbox.trading.desk import Desk
from sequence_markets.sandbox.trading.errors import Refusal

__all__ = ["Calls", "mark_1e9"]

_ERROR: Final = LEVELS.index("error")


def mark_1e9(desk: Desk, edge: AlgoEdge, book: VenueBook | None, last: int) -> int:
    """What a position is valued at: the middle of the book, else the last middle that was seen, else the reference
    price, else its own price."""
    if book is not None and book.bids and book.asks:
        return (book.bids[0][0] + book.asks[0][0]) // 2
    return last or desk.market.reference_price(edge.symbol, desk.now_ns) or edge.avg_entry_1e9


@dataclass(slots=True)
class Calls:
    """Calls the algos of one exchange.

    Attributes:
        limits: What they may use.
        history: Where their calls and messages are noted.
        runs: What is kept of every edge.
        touched: The edges that were called in the present command.
    """

    limits: AlgoLimits
    history: History
    runs: dict[int, EdgeRun] = field(default_factory=dict[int, EdgeRun])
    touched: dict[int, None] = field(default_factory=dict[int, None])
    _uploads: dict[str, Upload] = field(default_factory=dict[str, Upload])
    _metas: dict[str, bytes] = field(default_factory=dict[str, bytes])
    _now_ns: int = 0

    def run(self, edge: AlgoEdge) -> EdgeRun:
        """What is kept of an edge."""
        found = self.runs.get(edge.no)
        if found is None:
            found = self.runs[edge.no] = EdgeRun()
        return found

    # Modules.

    def keep(self, upload: Upload) -> None:
        """Remember a module that was compiled."""
        self._uploads[upload.digest] = upload

    def upload(self, desk: Desk, edge: AlgoEdge) -> Upload:
        """The module of an edge, compiled when it has to be.

        Raises:
            Trouble: It cannot be had.
        """
        digest = desk.state.algos.deployments[edge.deployment].module
        found = self._uploads.get(digest)
        if found is None:
            try:
                found = read_upload(base64.b64decode(desk.state.algos.modules[digest]))
            except (BadModule, Refusal) as error:
                raise Trouble(f"the module cannot be run: {error}") from None
            self._uploads[digest] = found
        return found

    def drop_unused(self, modules: Iterable[str]) -> None:
        """Forget the modules that are not among these."""
        wanted = frozenset(modules)
        for digest in [digest for digest in self._uploads if digest not in wanted]:
            del self._uploads[digest]

    # Calls.

    def show_book(self, desk: Desk, edge: AlgoEdge) -> None:
        """Show an algo its book, unless it knows it already."""
        book = desk.net_book(edge.symbol, edge.venue)
        if book is None:
            return
        run = self.run(edge)
        bids, asks = book.bids[: abi.BOOK_LEVELS], book.asks[: abi.BOOK_LEVELS]
        before = run.sides
        if before is not None and before[0] == bids and before[1] == asks:
            return
        known = (b"", b"") if before is None else run.packed
        run.sides = (bids, asks)
        run.packed = (
            known[0] if before is not None and before[0] is bids else abi.pack_side(bids),
            known[1] if before is not None and before[1] is asks else abi.pack_side(asks),
        )
        run.mid_1e9 = mark_1e9(desk, edge, book, run.mid_1e9)
        data = abi.pack_book(*run.packed, len(bids), len(asks), edge.symbol_id, desk.now_ns)
        state = self._state(desk, edge, run)

        def show(instance: Instance) -> Outcome:
            features = b""
            if instance.wants_features:
                features = abi.pack_features(measure(before, (bids, asks), desk.now_ns))
            return instance.on_book(data, state, features)

        outcome = self._call(desk, edge, "on_book", show)
        if outcome is not None:
            run.updates += 1
            self._carry_out(desk, edge, outcome.actions, book)

    def beat(self, desk: Desk, edge: AlgoEdge) -> None:
        """Let an algo know that a second has passed."""
        run = self.run(edge)
        book = desk.net_book(edge.symbol, edge.venue)
        run.mid_1e9 = mark_1e9(desk, edge, book, run.mid_1e9)
        state = self._state(desk, edge, run)
        features = b""
        if book is not None:
            features = abi.pack_features(measure(None, (book.bids, book.asks), desk.now_ns))
        outcome = self._call(desk, edge, "on_heartbeat", lambda instance: instance.on_heartbeat(state, features))
        if outcome is not None:
            self._carry_out(desk, edge, outcome.actions, book)

    def tell(self, desk: Desk, news: AlgoNews) -> None:
        """Tell an algo what became of one of its orders. A stopped one still hears of its orders, a paused one does
        not."""
        edge = desk.state.algos.edges.get(news.edge)
        if edge is None:
            return
        run = self.run(edge)
        if news.kind == "ended":
            run.dead.append(shown(news.order_id, desk.state.orders[news.order]))
            return
        if news.kind == "reject":
            run.rejects += 1
        if not (edge.running or (edge.status == "stopped" and run.instance is not None)):
            return
        if news.kind == "reject":
            self._tell_reject(desk, edge, news.order_id, news.code or code_of(news.reason))
            return
        fill = abi.pack_fill(news.order_id, news.price, news.qty, desk.now_ns, news.side, edge.symbol_id)
        if self._has(desk, edge, "algo_on_fill"):
            state = self._state(desk, edge, run)
            self._call(desk, edge, "on_fill", lambda instance: instance.on_fill(fill, state))

    def shut_down(self, desk: Desk, edge: AlgoEdge) -> None:
        """Let an algo take leave, if it was ever called, and carry out what it still wants."""
        run = self.run(edge)
        if run.instance is None or not self._has(desk, edge, "algo_on_shutdown"):
            return
        state = self._state(desk, edge, run)
        outcome = self._call(desk, edge, "on_shutdown", lambda instance: instance.on_shutdown(state))
        if outcome is not None:
            self._carry_out(desk, edge, outcome.actions, desk.net_book(edge.symbol, edge.venue))

    def _tell_reject(self, desk: Desk, edge: AlgoEdge, order_id: int, code: int) -> None:
        if self._has(desk, edge, "algo_on_reject"):
            data = abi.pack_reject(order_id, code)
            self._call(desk, edge, "on_reject", lambda instance: instance.on_reject(data))

    def _has(self, desk: Desk, edge: AlgoEdge, name: str) -> bool:
        try:
            return name in self.upload(desk, edge).calls
        except Trouble:
            return False

    def _call(self, desk: Desk, edge: AlgoEdge, name: str, invoke: Callable[[Instance], Outcome]) -> Outcome | None:
        run = self.run(edge)
        self.touched[edge.no] = None
        self._now_ns = desk.now_ns
        try:
            if run.instance is None:
                run.instance = Instance(self.upload(desk, edge), self.limits, self._writer(edge))
            outcome = invoke(run.instance)
        except Trouble as trouble:
            run.instance = None
            reason = str(trouble)
            self._write(edge, _ERROR, f"paused: {reason}")
            if edge.running:
                desk.emit(rec.AlgoEdgeSet(edge.no, "paused", reason))
            return None
        run.count_call(outcome.fuel, desk.now_ns)
        self.history.note(
            edge.deployment,
            Trace(edge.edge_id, edge.symbol, name, run.calls, desk.now_ns, outcome.fuel, len(outcome.actions)),
        )
        return outcome

    def _writer(self, edge: AlgoEdge) -> Callable[[int, str], None]:
        return lambda level, message: self._write(edge, level, message)

    def _write(self, edge: AlgoEdge, level: int, message: str) -> None:
        self.history.note(edge.deployment, LogLine(self._now_ns, level, edge.edge_id, edge.symbol, message))

    def _state(self, desk: Desk, edge: AlgoEdge, run: EdgeRun) -> bytes:
        orders = open_orders(desk, edge)
        if run.dead:
            orders = [*orders, *run.dead][: abi.MOST_ORDERS]
            run.dead.clear()
        meta = self._metas.get(edge.symbol)
        if meta is None:
            meta = self._metas[edge.symbol] = abi.pack_symbol(symbol_meta(desk.market.catalogue.get(edge.symbol)))
        return abi.pack_state(
            edge.position,
            edge.avg_entry_1e9,
            usd_1e9(edge.realized),
            usd_1e9(edge.unrealized(run.mid_1e9)) if edge.position else 0,
            abi.pack_orders(orders),
            usd_1e9(edge.session(desk.now_ns)),
            edge.fill_count,
            meta,
        )

    # What they ask for.

    def _carry_out(self, desk: Desk, edge: AlgoEdge, actions: list[abi.Action], book: VenueBook | None) -> None:
        if not actions:
            return
        run = self.run(edge)
        rules = desk.state.algos.deployments[edge.deployment].rules
        loss = -(edge.session(desk.now_ns) + edge.unrealized(run.mid_1e9))
        lost = rules.max_daily_loss_1e9 > 0 and usd_1e9(loss) >= rules.max_daily_loss_1e9
        refused: list[tuple[int, int]] = []
        for action in actions:
            run.actions += 1
            code: int | None
            if action.is_cancel:
                code = None if cancel(desk, edge, action.order_id) else RejectCode.UNKNOWN
            elif lost:
                code = RejectCode.DAILY_LOSS_LIMIT
            else:
                code = refusal(desk, edge, rules, action, book, run.sent(desk.now_ns))
                if code is None:
                    run.count_order(desk.now_ns)
                    place(desk, edge, action)
            if code is not None:
                refused.append((action.order_id, code))
        cascade.settle(desk)
        for order_id, code in refused:
            run.rejects += 1
            if edge.running:
                self._tell_reject(desk, edge, order_id, code)
        if lost and edge.running and any(code == RejectCode.DAILY_LOSS_LIMIT for _, code in refused):
            desk.emit(rec.AlgoEdgeSet(edge.no, "paused", "the daily loss limit was reached"))
