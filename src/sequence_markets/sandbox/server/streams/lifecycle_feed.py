"""Prediction markets as they are minted and as they resolve."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sequence_markets.sandbox.events import EventMarket
from sequence_markets.sandbox.server.market_rows import market_row, outcome_tokens
from sequence_markets.sandbox.server.streams.source import Publish, Shown
from sequence_markets.sandbox.server.streams.topics import Kind
from sequence_markets.sandbox.trading.desk import Desk, Task
from sequence_markets.sandbox.trading.fees import CurveFee

REPLAYED: Final = 128
"""How many of the latest events a new listener is told."""

_SECOND_NS: Final = 10**9
_FIRST_WINDOW_NS: Final = 3_600 * _SECOND_NS
_LAST_WINDOW_NS: Final = 32 * 24 * 3_600 * _SECOND_NS


@dataclass(frozen=True, slots=True)
class _Look(Task):
    feed: LifecycleFeed

    def run(self, desk: Desk) -> None:
        self.feed.look(desk)


class LifecycleFeed:
    """Says every market that is minted or resolves while somebody listens, at the second of sandbox time it happens.

    Args:
        publish: Takes what to show.
    """

    def __init__(self, publish: Publish) -> None:
        self._publish = publish
        self._kinds: dict[Kind, None] = {}
        self._seen_ns = 0
        self._look_ns = 0

    def follow(self, desk: Desk, kind: Kind, name: str) -> None:  # noqa: ARG002 - there is one of each
        """Look from now on."""
        if not self._kinds:
            self._seen_ns = desk.now_ns
            self._plan(desk)
        self._kinds[kind] = None

    def unfollow(self, kind: Kind, name: str) -> None:  # noqa: ARG002 - there is one of each
        """Nobody listens to this kind any more."""
        del self._kinds[kind]

    def snapshot(self, desk: Desk, kind: Kind, name: str) -> list[Shown]:  # noqa: ARG002 - there is one of each
        """The latest events up to what was last looked at, oldest first."""
        window, until = _FIRST_WINDOW_NS, self._seen_ns
        found = _happened(desk, kind, until - window, until)
        while len(found) < REPLAYED and window < _LAST_WINDOW_NS:
            window *= 4
            found = _happened(desk, kind, until - window, until)
        return [(_row(desk, kind, market), "") for market in found[-REPLAYED:]]

    def scripted(self, desk: Desk, symbols: Iterable[str]) -> None:
        """Say at once what a command resolved, given the YES outcomes."""
        looked_ns = self._seen_ns
        self._say(desk)
        if looked_ns < desk.now_ns or "market_resolved" not in self._kinds:
            return
        for symbol in symbols:
            market = desk.market.events.of_symbol(symbol)
            if market is not None:
                self._publish("market_resolved", "", (_resolved(desk, market), ""))

    def look(self, desk: Desk) -> None:
        """Say what happened since the last look."""
        if self._kinds and desk.now_ns == self._look_ns:
            self._say(desk)
            self._plan(desk)

    def rearmed(self, desk: Desk) -> None:
        """Begin again at the present instant."""
        if self._kinds:
            self._seen_ns = min(self._seen_ns, desk.now_ns)
            self._plan(desk)

    def _say(self, desk: Desk) -> None:
        seen, self._seen_ns = self._seen_ns, desk.now_ns
        for kind in self._kinds:
            for market in _happened(desk, kind, seen, desk.now_ns):
                self._publish(kind, "", (_row(desk, kind, market), ""))

    def _plan(self, desk: Desk) -> None:
        self._look_ns = (desk.now_ns // _SECOND_NS + 1) * _SECOND_NS
        desk.schedule_task(self._look_ns, _Look(self))


def _happened(desk: Desk, kind: Kind, start_ns: int, end_ns: int) -> list[EventMarket]:
    events = desk.market.events
    if kind == "new_markets":
        return events.minted_between(start_ns, end_ns)
    return events.resolved_between(start_ns, end_ns)


def _row(desk: Desk, kind: Kind, market: EventMarket) -> dict[str, object]:
    return _minted(desk, market) if kind == "new_markets" else _resolved(desk, market)


def _minted(desk: Desk, market: EventMarket) -> dict[str, object]:
    fee = desk.fees.version(market.venue, market.listed_ns).schedule.fee("taker", market.category)
    return {
        "kind": "new_market",
        **market_row(market),
        "tick_1e9": market.tick_1e9,
        "fee_schedule": {
            "exponent": 1,
            "rate_1e8": fee.rate_1e8 if isinstance(fee, CurveFee) else fee.bps * 10_000,
            "taker_only": True,
            # No venue of the sandbox pays makers.
            "rebate_rate_1e8": 0,
        },
        "start_ts_s": market.start_ns // _SECOND_NS,
        "end_ts_s": market.close_ns // _SECOND_NS,
        "observed_at_ns": market.listed_ns,
    }


def _resolved(desk: Desk, market: EventMarket) -> dict[str, object]:
    events = desk.market.events
    at_ns = events.resolves_ns(market)
    outcome = events.outcome(market, at_ns)
    tokens = outcome_tokens(market)
    winning, losing = tokens if outcome == market.outcomes[0] else tokens[::-1]
    name = market.condition_id or market.slug
    return {
        "kind": "market_resolved",
        "venue": market.venue,
        "slug": market.slug,
        "condition_id": name,
        "event_id": name,
        "winning_outcome": outcome,
        "winning_token_id": winning,
        "losing_token_id": losing,
        "observed_at_ns": at_ns,
    }
