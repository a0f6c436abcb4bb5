"""Hosted strategies as the server keeps them: the public side in the exchange, the rest in memory.

Artifacts, secrets and keys are here and nowhere else, and gone when the sandbox ends. Everything but closing
and what the runner reports happens under the lock of the exchange.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from sequence_markets.sandbox.exchange import Exchange
from sequence_markets.sandbox.runtime import Runtime
from sequence_markets.sandbox.server.auth import Keys, Principal
from sequence_markets.sandbox.server.errors import ApiError, forbidden
from sequence_markets.sandbox.strategies import lifecycle, views
from sequence_markets.sandbox.strategies.limits import FREE, KEPT_LOGS, Quota
from sequence_markets.sandbox.strategies.logs import LogRing
from sequence_markets.sandbox.strategies.process import Ending, Job
from sequence_markets.sandbox.strategies.runner import Runner, Ticket
from sequence_markets.sandbox.strategies.state import Run, Strategy
from sequence_markets.sandbox.strategies.upload import Upload
from sequence_markets.sandbox.trading.errors import Refusal

Answer = dict[str, object]

_NOT_KEPT: Final = "its artifact, secrets and key were not kept when the sandbox ended: create the strategy again"


@dataclass(slots=True)
class _Sealed:
    """What is never shown of a strategy, and the run of it that is under way."""

    owner: Principal
    upload: Upload = field(repr=False)
    logs: OrderedDict[str, LogRing] = field(default_factory=OrderedDict[str, LogRing])
    ticket: Ticket | None = None


class Hosting:
    """The hosted strategies of one sandbox.

    Args:
        runtime: The one way to the exchange.
        keys: Lends the keys that runs trade with.
        base_url: What strategies reach the sandbox at; ``None`` when their code is not to be run.
        quota: What each account may have.
    """

    def __init__(self, runtime: Runtime, keys: Keys, *, base_url: str | None, quota: Quota = FREE) -> None:
        self.quota = quota
        self._runtime = runtime
        self._keys = keys
        self._base_url = base_url
        self._sealed: dict[str, _Sealed] = {}
        self._lent: dict[Ticket, str] = {}
        self._runner = None if base_url is None else Runner(runtime.glance_ns, self._changed)
        # Processes do not outlive a sandbox, whatever its journal was left at.
        runtime.execute(
            lambda exchange: exchange.command(lambda desk: lifecycle.end_executed(desk, "the sandbox ended"))
        )

    def create(self, exchange: Exchange, client: str, owner: Principal, upload: Upload) -> Answer:
        """Take a strategy in.

        Raises:
            ApiError: 403 for a key of somebody else.
            Refusal: 403 when a quota is used up.
        """
        if upload.key is not None and not self._belongs(upload.key, owner):
            raise forbidden("sequence_api_key belongs to another account, or to the other mode of this one")
        strategy = exchange.command(
            lambda desk: lifecycle.create(
                desk, client, dict(upload.public), self.quota, start=upload.start, executed=self._runner is not None
            )
        )
        # After a reset of the exchange its ids begin again.
        self._discard(strategy.id)
        self._sealed[strategy.id] = _Sealed(owner, upload)
        if upload.start:
            self._launch(strategy)
        return views.strategy_row(strategy)

    def list_all(self, exchange: Exchange, client: str) -> Answer:
        """The strategies of an account."""
        rows = [views.strategy_row(strategy) for strategy in lifecycle.owned(exchange.desk, client)]
        return {"strategies": rows, "count": len(rows)}

    def show(self, exchange: Exchange, client: str, strategy_id: str) -> Answer:
        """One strategy."""
        return views.strategy_row(lifecycle.of(exchange.desk, client, strategy_id))

    def start(self, exchange: Exchange, client: str, strategy_id: str) -> Answer:
        """Begin a run.

        Raises:
            Refusal: 404 for an unknown strategy, 403 when as many run as may, 409 when it cannot be run any more.
        """
        strategy = lifecycle.of(exchange.desk, client, strategy_id)
        executed = self._runner is not None
        if executed and not strategy.live and strategy.id not in self._sealed:
            raise Refusal(409, "CONFLICT", _NOT_KEPT)
        if exchange.command(lambda desk: lifecycle.start(desk, strategy, self.quota, executed=executed)):
            self._launch(lifecycle.of(exchange.desk, client, strategy_id))
        return self.show(exchange, client, strategy_id)

    def stop(self, exchange: Exchange, client: str, strategy_id: str) -> Answer:
        """Ask a run to end.

        Raises:
            Refusal: 404 for an unknown strategy.
        """
        strategy = lifecycle.of(exchange.desk, client, strategy_id)
        exchange.command(lambda desk: lifecycle.stop(desk, strategy))
        sealed = self._sealed.get(strategy_id)
        if self._runner is not None and sealed is not None and sealed.ticket is not None:
            self._runner.stop(sealed.ticket)
        return self.show(exchange, client, strategy_id)

    def delete(self, exchange: Exchange, client: str, strategy_id: str) -> None:
        """Forget a strategy and everything of it; a run of it ends at once.

        Raises:
            Refusal: 404 for an unknown strategy.
        """
        strategy = lifecycle.of(exchange.desk, client, strategy_id)
        exchange.command(lambda desk: lifecycle.delete(desk, strategy))
        self._discard(strategy_id)

    def logs(self, exchange: Exchange, client: str, strategy_id: str, run_id: str | None) -> Answer:
        """What a run wrote.

        Raises:
            Refusal: 404 for an unknown strategy or run.
        """
        strategy = lifecycle.of(exchange.desk, client, strategy_id)
        run = strategy.run
        if run_id is not None:
            run = next((each for each in strategy.runs if each.id == run_id), None)
            if run is None:
                raise Refusal.unknown(f"run {run_id[:60]!r} of strategy {strategy_id!r}")
        lines, dropped = self._written(strategy, run)
        return views.logs_answer(strategy, run, lines, dropped)

    def forget(self) -> None:
        """Let go of whatever the exchange does not know any more, as after a reset."""

        def compare(exchange: Exchange) -> None:
            for strategy_id in [each for each in self._sealed if each not in exchange.state.strategies]:
                self._discard(strategy_id)

        self._runtime.execute(compare)

    def close(self) -> None:
        """End every run and return once all processes are gone. Closing twice is fine."""
        if self._runner is not None:
            self._runner.close()

    def _belongs(self, key: str, owner: Principal) -> bool:
        try:
            return self._keys.authenticate(f"Bearer {key}") == owner
        except ApiError:
            return False

    def _written(self, strategy: Strategy, run: Run | None) -> tuple[list[Answer], int]:
        if run is None:
            return [], 0
        if not run.executed:
            return [views.log_line(run.started_ns, "stderr", views.NOT_RUN)], 0
        sealed = self._sealed.get(strategy.id)
        ring = None if sealed is None else sealed.logs.get(run.id)
        if ring is None:
            return [], 0
        lines, dropped = ring.read()
        return [views.log_line(line.ts_ns, line.stream, line.message) for line in lines], dropped

    def _launch(self, strategy: Strategy) -> None:
        sealed, run = self._sealed.get(strategy.id), strategy.run
        if self._runner is None or self._base_url is None or sealed is None or run is None:
            return
        upload = sealed.upload
        ticket = sealed.ticket = Ticket(strategy.id, run.no)
        key = upload.key or self._keys.lend(sealed.owner)
        if upload.key is None:
            self._lent[ticket] = key
        ring = sealed.logs[run.id] = LogRing()
        while len(sealed.logs) > KEPT_LOGS:
            sealed.logs.popitem(last=False)
        variables = {
            **upload.env,
            **upload.secrets,
            "SEQUENCE_API_KEY": key,
            "SEQUENCE_BASE_URL": self._base_url,
            "SEQUENCE_STRATEGY_ID": strategy.id,
            "SEQUENCE_RUN_ID": run.id,
        }
        hidden = (key, *upload.secrets.values())
        self._runner.launch(ticket, Job(upload.archive, upload.entrypoint, upload.resources, variables, hidden), ring)

    def _discard(self, strategy_id: str) -> None:
        sealed = self._sealed.pop(strategy_id, None)
        if sealed is not None and sealed.ticket is not None:
            self._revoke(sealed.ticket)
            if self._runner is not None:
                self._runner.kill(sealed.ticket)

    def _revoke(self, ticket: Ticket) -> None:
        key = self._lent.pop(ticket, None)
        if key is not None:
            self._keys.revoke(key)

    def _changed(self, ticket: Ticket, ending: Ending | None) -> None:
        """Take note of what became of a run. Called by the runner's thread, without the lock."""

        def note(exchange: Exchange) -> None:
            if ending is not None:
                self._revoke(ticket)
            sealed = self._sealed.get(ticket.strategy)
            if sealed is None or sealed.ticket is not ticket:
                return
            if ending is not None:
                sealed.ticket = None
            status, code, reason = (
                ("running", None, "") if ending is None else (ending.status, ending.exit_code, ending.reason)
            )
            exchange.command(lambda desk: lifecycle.settle(desk, ticket.strategy, ticket.number, status, code, reason))

        self._runtime.execute(note)
