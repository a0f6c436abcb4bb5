"""Calls to whatever ``sequence_markets`` is importable, and the notes taken of them."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from typing import Any

import sequence_markets


class Watched:
    """A client that remembers which of its methods were called."""

    def __init__(self, client: Any, called: set[str]) -> None:
        self._client = client
        self._called = called

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if callable(found):
            self._called.add(name)
        return found


class Calls:
    """A client of one sandbox, and for each call that was made of it either ``result`` or ``error`` and ``status``."""

    def __init__(self, url: str, api_key: str) -> None:
        self.url = url
        self.called: set[str] = set()
        self.results: dict[str, dict[str, object]] = {}
        self.client: Any = Watched(sequence_markets.Sequence(api_key, url, max_retries=0), self.called)

    @staticmethod
    def methods() -> list[str]:
        """Every public method there is."""
        face: Any = sequence_markets.Sequence
        return sorted(name for name in dir(face) if not name.startswith("_") and callable(getattr(face, name)))

    def note(self, name: str, action: Callable[[], Any]) -> Any:
        """Make a call, take a note of what came back, and return it, ``None`` for a failure."""
        assert name not in self.results, name
        try:
            value = action()
        except Exception as error:
            self.results[name] = {
                "error": f"{type(error).__name__}: {error}",
                "status": getattr(error, "status", None),
            }
            return None
        self.results[name] = {"result": value}
        return value

    def control(self, path: str, **body: object) -> Any:
        """Ask something of the sandbox itself."""
        data = json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_sandbox/{path}", data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())

    def advance(self, seconds: float) -> None:
        """Let time pass in the sandbox."""
        self.control("clock/advance", seconds=seconds)
