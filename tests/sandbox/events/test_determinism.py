"""The same catalogue and the same prices in every process, on every machine."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

_SCRIPT = """
import hashlib
from itertools import islice
from sequence_markets.sandbox.instruments import default_catalogue
from sequence_markets.sandbox.market import SyntheticMarket
market = SyntheticMarket(default_catalogue(20_000), seed=11)
now = 1_767_571_200 * 10**9 + 123_456_789
digest = hashlib.sha256()
for event in islice(market.events.listed(now, trading=True), 0, None, 400):
    digest.update(repr(event).encode())
    digest.update(repr(market.book(event.yes, event.venue, now)).encode())
    digest.update(repr(list(market.trades(event.no, now - 600 * 10**9, now))).encode())
    digest.update(repr(list(market.bars(event.yes, now - 7_200 * 10**9, now, 3_600 * 10**9))).encode())
    digest.update(repr(market.events.outcome(event, event.resolve_ns)).encode())
print(digest.hexdigest())
"""


@pytest.mark.parametrize("hash_seed", ["0", "1234"])
def test_a_seed_is_the_same_catalogue_and_the_same_prices_everywhere(hash_seed: str) -> None:
    """Changing how markets are named or drawn changes this digest: say so in the change log."""
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        check=True,
        text=True,
    )
    assert done.stdout.strip() == "ce5edf0cd80aba1e996414d17a7a2987a9c335bb40a0fd3cd67ce66189040bff"
