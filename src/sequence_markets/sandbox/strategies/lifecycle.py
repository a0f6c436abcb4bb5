"""Creating, starting, stopping and deleting hosted strategies, and going through their states.

``created → starting → running → stopping → stopped``, or ``failed`` or ``exited`` when a run ends by itself. A run that
is executed is moved on by its process; any other is moved on by the clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sequence_markets.sandbox.strategies.limits import Quota
from sequence_markets.sandbox.strategies.state import Strategy
from sequence_markets.sandbox.strategies.upload import over_quota
from sequence_markets.sandbox.trading import records as rec
from sequence_markets.sandbox.trading.desk import Desk, Task
from sequence_markets.sandbox.trading.errors import Refusal
from sequence_markets.sandbox.trading.router import content_id

PICKUP_NS: Final = 10**9
"""How long a change takes to be picked up where no code is run, as the service's runner takes a second or two."""

ON_REQUEST: Final = "it was stopped on request"
SANDBOX_ENDED: Final = "the sandbox ended"


@dataclass(frozen=True, slots=True)
class Pickup(Task):
    """A run that executes nothing goes on to its next state."""

    strategy: str
    number: int

    def run(self, desk: Desk) -> None:
        """Do it, unless something else has happened to the strategy since."""
        strategy = desk.state.strategies.get(self.strategy)
        if strategy is None or strategy.run is None or strategy.run.no != self.number or not strategy.live:
            return
        if desk.now_ns < strategy.updated_ns + PICKUP_NS:
            return
        if strategy.status == "starting":
            _move(desk, strategy, "running")
        elif strategy.status == "stopping":
            _move(desk, strategy, "stopped", reason=ON_REQUEST)


def of(desk: Desk, client: str, strategy_id: str) -> Strategy:
    """The strategy of an account; 404 for any other."""
    strategy = desk.state.strategies.get(strategy_id)
    if strategy is None or strategy.client != client:
        raise Refusal.unknown(f"strategy {strategy_id!r}")
    return strategy


def owned(desk: Desk, client: str) -> list[Strategy]:
    """The strategies of an account, oldest first."""
    return [strategy for strategy in desk.state.strategies.values() if strategy.client == client]


def create(
    desk: Desk, client: str, public: dict[str, object], quota: Quota, *, start: bool, executed: bool
) -> Strategy:
    """Take a strategy in, and start it when that is asked for.

    Raises:
        Refusal: 403 when a quota is used up.
    """
    count = len(owned(desk, client)) + 1
    if count > quota.strategies:
        raise over_quota("strategies", quota.strategies, count)
    if start:
        _check_running(desk, client, quota)
    strategy_id = content_id("strat", desk.state.seed, desk.state.last_strategy + 1)
    desk.emit(rec.StrategyCreated(client, strategy_id, public))
    strategy = desk.state.strategies[strategy_id]
    if start:
        _begin(desk, strategy, executed)
    return strategy


def start(desk: Desk, strategy: Strategy, quota: Quota, *, executed: bool) -> bool:
    """Begin a run. Returns whether there is a new one: a strategy that runs already goes on.

    Raises:
        Refusal: 403 when as many strategies run as may; 409 while the strategy is stopping.
    """
    if strategy.status == "stopping":
        raise Refusal(409, "CONFLICT", f"strategy {strategy.id!r} is stopping; start it once it has stopped")
    if strategy.live:
        return False
    _check_running(desk, strategy.client, quota)
    _begin(desk, strategy, executed)
    return True


def stop(desk: Desk, strategy: Strategy) -> bool:
    """Ask a run to end. Returns whether there is one to end: any other strategy is left alone."""
    if strategy.status not in ("starting", "running"):
        return False
    _move(desk, strategy, "stopping")
    run = strategy.run
    if run is not None and not run.executed:
        _schedule(desk, strategy)
    return True


def delete(desk: Desk, strategy: Strategy) -> None:
    """Forget a strategy, whatever state it is in."""
    desk.emit(rec.StrategyDeleted(strategy.id))


def settle(desk: Desk, strategy_id: str, run: int, status: str, exit_code: int | None, reason: str) -> None:
    """Take note of what became of a run that is executed, unless that is known or nobody asks any more."""
    strategy = desk.state.strategies.get(strategy_id)
    if strategy is None or strategy.run is None or strategy.run.no != run or not strategy.live:
        return
    if status == "running" and strategy.status != "starting":
        return
    if strategy.status == "stopping":
        status = "stopped"
    _move(desk, strategy, status, exit_code=exit_code, reason=reason)


def end_executed(desk: Desk, reason: str) -> None:
    """End every run whose code was executed: its process is gone."""
    for strategy in desk.state.strategies.values():
        if strategy.live and strategy.run is not None and strategy.run.executed:
            _move(desk, strategy, "stopped", reason=reason)


def rearm(desk: Desk) -> None:
    """Schedule what is still to come, as after a restart."""
    for strategy in desk.state.strategies.values():
        if strategy.status in ("starting", "stopping") and strategy.run is not None and not strategy.run.executed:
            _schedule(desk, strategy)


def _check_running(desk: Desk, client: str, quota: Quota) -> None:
    running = sum(strategy.live for strategy in owned(desk, client)) + 1
    if running > quota.running:
        raise over_quota("running", quota.running, running)


def _begin(desk: Desk, strategy: Strategy, executed: bool) -> None:
    number = 1 if strategy.run is None else strategy.run.no + 1
    desk.emit(rec.StrategyMoved(strategy.id, "starting", "running", number, executed, None, ""))
    if not executed:
        _schedule(desk, strategy)


def _move(desk: Desk, strategy: Strategy, status: str, *, exit_code: int | None = None, reason: str = "") -> None:
    run = strategy.run
    assert run is not None
    desired = "stopped" if status == "stopping" else strategy.desired
    desk.emit(rec.StrategyMoved(strategy.id, status, desired, run.no, run.executed, exit_code, reason))


def _schedule(desk: Desk, strategy: Strategy) -> None:
    assert strategy.run is not None
    desk.schedule_task(strategy.updated_ns + PICKUP_NS, Pickup(strategy.id, strategy.run.no), strategy.no)
