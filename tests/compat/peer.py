"""Runs the published client of another version. It has our import name, so it always runs in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final, cast

import pytest

from benchmarks import fetch

_SCRIPT: Final = Path(__file__).with_name("peer_script.py")


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


def call_everything(url: str, api_key: str) -> dict[str, dict[str, object]]:
    """Call every method of levels 0 to 3 against a server.

    Args:
        url: Base URL of the server.
        api_key: The key to use.

    Returns:
        For each method either ``{"result": ...}`` or ``{"error": ...}``.
    """
    environment = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    environment["PYTHONPATH"] = str(folder())
    environment["NO_PROXY"] = "*"
    done = subprocess.run(
        [sys.executable, "-P", str(_SCRIPT), url, api_key],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return cast("dict[str, dict[str, object]]", json.loads(done.stdout))
