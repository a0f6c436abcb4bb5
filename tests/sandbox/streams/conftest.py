from __future__ import annotations

from collections.abc import Iterator

import pytest

from sequence_markets.sandbox import Sandbox
from tests.sandbox.streams.peer import Peer


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed=7, clock="manual") as running:
        running.set_book("BTC-USD", "kraken", bids=[("90000", "2")], asks=[("90010", "3"), ("90020", "5")])
        yield running
        running.check_invariants()


@pytest.fixture
def peer(sandbox: Sandbox) -> Iterator[Peer]:
    with Peer(sandbox) as peer:
        yield peer
