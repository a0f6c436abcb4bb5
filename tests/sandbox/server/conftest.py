"""A sandbox per module, an account per test, and plain HTTP over a real socket."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from sequence_markets.sandbox import Sandbox
from tests.sandbox.server.http import connect


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed=7, clock="manual") as running:
        yield running
        running.check_invariants()


@pytest.fixture
def api(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with connect(sandbox) as client:
        yield client
