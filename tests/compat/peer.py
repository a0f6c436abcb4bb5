"""Runs the published client of another version. It has our import name, so it always runs in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final, cast

import pytest

VERSION: Final = "0.5.7"
_WHEEL_SHA256: Final = "548cd8b49cd2f0bf4145b15ae1a0c30dc86aa5ebcf265f7037eff67b8b2f21b2"
_FOLDER: Final = Path(__file__).resolve().parents[2] / ".benchmark" / f"peer-{VERSION}"
_SCRIPT: Final = Path(__file__).with_name("peer_script.py")


def folder() -> Path:
    """Return the folder that holds the published client, fetched on first use.

    Without an index to fetch it from the test is skipped, except under continuous integration, where it fails.
    """
    if not (_FOLDER / "sequence_markets" / "client.py").is_file():
        _fetch()
    return _FOLDER


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


def _fetch() -> None:
    _FOLDER.mkdir(parents=True, exist_ok=True)
    requirement = _FOLDER / "requirement.txt"
    requirement.write_text(f"sequence-markets=={VERSION} --hash=sha256:{_WHEEL_SHA256}\n")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"),
            *("--no-deps", "--only-binary=:all:", "--require-hashes", "--retries=1", "--timeout=10"),
            *("--target", str(_FOLDER), "-r", str(requirement)),
        ],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    if done.returncode == 0:
        return
    reason = f"the published client {VERSION} could not be fetched: {done.stderr.strip().splitlines()[-1:]}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
