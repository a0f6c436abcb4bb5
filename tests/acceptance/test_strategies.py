"""Hosted strategies end to end: the reference's own sample, and a program that really trades through the SDK."""

from __future__ import annotations

import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sequence_markets import Sequence
from sequence_markets.sandbox import Sandbox
from sequence_markets.sandbox.strategies import lifecycle
from tests.sandbox.strategies.support import ended, project, until

from .samples import Sample, flat, needs_reference, run

LADDER = '''
"""Buys a coin at each price of a ladder that the market comes down to, and says what it holds."""

import os
import time

from sequence_markets import Sequence

STEPS = [int(step) for step in os.environ["STEPS"].split()]

with Sequence() as seq:
    graphs = [seq.buy("BTC-USD", 1, venue="kraken", limit_price=step, tif="GTC").graph_id for step in STEPS]
    print("resting", len(graphs))
    while True:
        filled = sum(seq.graph_status(graph).nodes["order"].filled_qty for graph in graphs)
        print("holding", filled.normalize())
        if filled == len(graphs):
            break
        time.sleep(0.05)
'''


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed=7, run_strategies=os.name == "posix") as running:
        running.set_book("BTC-USD", "kraken", bids=[("90000", "5")], asks=[("90010", "5")])
        yield running
        running.check_invariants()


@needs_reference
@pytest.mark.covers("strategies", "strategy", "strategy_start", "strategy_stop", "strategy_logs", "strategy_delete")
def test_the_sample_of_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    def name(*_: object) -> str:
        return "strat_abc"

    monkeypatch.setattr(lifecycle, "content_id", name)
    with Sandbox(seed=7) as sandbox, sandbox.client() as seq:
        seq.create_strategy("dip", "python", "main.py", artifact=project("pass"))
        scope: dict[str, Any] = {"seq": seq}
        run(Sample("seq.strategies() # GET", 'seq.strategy_delete("strat_abc")', flat(6)), scope)
        assert seq.strategies()["strategies"] == []


@pytest.mark.covers(
    "create_strategy", "strategies", "strategy", "strategy_start", "strategy_stop", "strategy_logs", "strategy_delete"
)
def test_a_strategy_lives_from_its_creation_to_its_end() -> None:
    with Sandbox(seed=7) as sandbox, sandbox.client() as seq:
        made = seq.create_strategy("dip", "python", "main.py", artifact=project("pass"), secrets={"TOKEN": "hunter2"})
        assert (made.status, made.secret_names) == ("created", ("TOKEN",))
        assert [row.strategy_id for row in seq.strategies()] == [made.strategy_id]
        assert seq.strategy_start(made.strategy_id).status == "starting"
        sandbox.advance(seconds=1)
        assert seq.strategy(made.strategy_id).status == "running"
        assert seq.strategy_logs(made.strategy_id).run_id == "run_1"
        assert seq.strategy_stop(made.strategy_id).status == "stopping"
        seq.strategy_delete(made.strategy_id)
        assert seq.strategies().count == 0
        sandbox.check_invariants()


@pytest.mark.skipif(os.name != "posix", reason="strategies are run on POSIX systems only")
@pytest.mark.covers("create_strategy", "strategy", "strategy_logs")
def test_a_program_trades_while_the_market_moves(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "ladder.py").write_text(LADDER, encoding="utf-8")
    with sandbox.client() as seq:
        strategy = seq.create_strategy(
            "ladder",
            "python",
            "ladder.py",
            artifact=tmp_path,
            start_immediately=True,
            env={"STEPS": "89000 88000 87000"},
        )

        def said(words: str) -> None:
            def lines() -> list[str]:
                return [line.message for line in seq.strategy_logs(strategy.strategy_id)]

            until(lines, lambda found: words in found)

        said("holding 0")
        assert [order.status for order in seq.orders()] == ["ACCEPTED"] * 3
        for count, price in enumerate((89_000, 88_000, 87_000), 1):
            sandbox.set_book("BTC-USD", "kraken", bids=[(price - 10, 5)], asks=[(price, 5)])
            said(f"holding {count}")
        last = ended(seq, strategy)
        assert (last.status, last.current_run_id) == ("exited", "run_1")
        assert sorted(fill.price for fill in seq.fills()) == [Decimal(87_000), Decimal(88_000), Decimal(89_000)]
        assert bought(seq) == Decimal(3)


def bought(seq: Sequence) -> Decimal:
    return sum((fill.qty for fill in seq.fills()), Decimal())
