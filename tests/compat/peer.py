"""Runs the published client of another version. It has our import name, so it always runs in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from benchmarks import fetch

_HERE: Final = Path(__file__).parent


class Said(NamedTuple):
    """What the published client said.

    Attributes:
        methods: Its public methods.
        called: Those that were called.
        results: For each call either ``result``, or ``error`` and ``status``.
    """

    methods: list[str]
    called: list[str]
    results: dict[str, dict[str, Any]]


def folder() -> Path:
    """Return the folder that holds the published client, fetched on first use.

    Without an index to fetch it from the test is skipped, except under continuous integration, where it fails.
    """
    try:
        return fetch.peer()
    except fetch.UnavailableError as error:
        reason = f"the published client {fetch.PEER_VERSION} could not be fetched: {error}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


def call_everything(url: str, api_key: str, wasm: Path) -> Said:
    """Call every method against a server.

    Args:
        url: Base URL of the server.
        api_key: The key to use.
        wasm: A compiled module to deploy.
    """
    environment = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    environment["PYTHONPATH"] = os.pathsep.join((str(folder()), str(_HERE)))
    environment["NO_PROXY"] = "*"
    done = subprocess.run(
        [sys.executable, "-P", "-m", "script.main", url, api_key, str(wasm)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Said(**json.loads(done.stdout))
