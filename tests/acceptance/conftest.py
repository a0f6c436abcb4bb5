"""Holds every case to its ``covers`` mark: a method that it names and never calls is a failure."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import partial, wraps
from typing import Any

import pytest

from sequence_markets import AsyncBatch, AsyncSequence, Batch, Sequence

BATCH = "batch."


def faces(method: str) -> tuple[tuple[type, ...], str]:
    """Return the classes that have a method of the reference, and its name there."""
    if method.startswith(BATCH):
        return (Batch, AsyncBatch), method.removeprefix(BATCH)
    return (Sequence, AsyncSequence), method


def counted(function: Callable[..., Any], count: Callable[[], None]) -> Callable[..., Any]:
    """Return a function that does the same and is counted."""

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        count()
        return function(*args, **kwargs)

    return call


@pytest.fixture(autouse=True)
def _calls_what_it_covers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    marks = [name for mark in request.node.iter_markers("covers") for name in mark.args]
    called: set[str] = set()
    for method in marks:
        owners, name = faces(method)
        for owner in owners:
            counter = counted(getattr(owner, name), partial(called.add, method))
            static = isinstance(inspect.getattr_static(owner, name), staticmethod)
            monkeypatch.setattr(owner, name, staticmethod(counter) if static else counter)
    yield
    missing = [method for method in marks if method not in called]
    assert not missing, f"marked as covering {missing}, which it never calls"
