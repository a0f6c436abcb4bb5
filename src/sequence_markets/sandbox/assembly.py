"""Putting an exchange together: its market, its journal, and the instant at which it begins."""

from __future__ import annotations

import time
from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path

from sequence_markets.sandbox.algos.limits import AlgoLimits
from sequence_markets.sandbox.clock import MANUAL_START_NS, ClockMode, SandboxClock
from sequence_markets.sandbox.exchange import Exchange
from sequence_markets.sandbox.instruments import default_catalogue
from sequence_markets.sandbox.journal import Journal, SqliteStore
from sequence_markets.sandbox.market import Market
from sequence_markets.sandbox.market.identity import markets_of
from sequence_markets.sandbox.runtime import Runtime


def open_runtime(
    *,
    seed: int | None,
    clock: ClockMode,
    speed: Fraction,
    replay: Sequence[Path],
    state: Path | None,
    markets: int | None = None,
    algo_limits: AlgoLimits | None = None,
) -> Runtime:
    """Open an exchange, from its journal when there is one, and give it a clock. Nothing runs yet.

    Args:
        seed: Seed of market and ids; ``None`` takes the journal's, or 0.
        clock: Mode of the clock.
        speed: Pace of a ``paced`` clock.
        replay: Recorded tapes to play; the synthetic market when empty.
        state: Journal file; in memory when ``None``.
        markets: Size of the standing catalogue of prediction markets; ``None`` takes the journal's, or the small one.
        algo_limits: What the modules of algos may use.

    Raises:
        JournalError: The journal cannot be opened, is in use, is damaged, or was begun with another seed.
        OSError: A tape cannot be read.
        ValueError: A tape is not one, or there is no catalogue of that size.
    """
    journal = Journal(SqliteStore(state)) if state is not None else Journal()
    try:
        genesis = journal.genesis()
        if seed is None:
            seed = 0 if genesis is None else genesis.seed
        if markets is None and genesis is not None:
            markets = markets_of(genesis.market)
        remake = partial(_market, tuple(replay), markets)
        market = remake(seed)
        begin_ns = _beginning(market, clock)
        start_ns = begin_ns if genesis is None else genesis.start_ns
        exchange = Exchange(
            market, seed=seed, start_ns=start_ns, journal=journal, remake=remake, algo_limits=algo_limits
        )
    except BaseException:
        journal.close()
        raise
    # A journal may be ahead of the wall clock, and the exchange never goes back.
    now_ns = max(exchange.now_ns, begin_ns)
    return Runtime(exchange, SandboxClock(clock, now_ns, speed=speed), partial(_beginning, market, clock))


def _market(replay: tuple[Path, ...], markets: int | None, seed: int) -> Market:
    # Each market brings tables of its own; only the one that is used is worth its import time.
    if replay:
        from sequence_markets.sandbox.market.tape import TapeMarket

        return TapeMarket.open(replay, seed=seed)
    from sequence_markets.sandbox.market.synthetic import SyntheticMarket

    return SyntheticMarket(default_catalogue(markets), seed)


def _beginning(market: Market, clock: ClockMode) -> int:
    """A tape begins where it was recorded, the synthetic market now, or at a fixed instant when time stands still."""
    start_ns = getattr(market, "start_ns", None)
    if isinstance(start_ns, int):
        return start_ns
    return MANUAL_START_NS if clock == "manual" else time.time_ns()
