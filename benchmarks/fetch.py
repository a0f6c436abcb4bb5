"""What the SDK is measured against, installed by pip into ``.benchmark/`` with every file's hash pinned."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PEER_VERSION = "0.5.7"
_PEER = (
    f"sequence-markets=={PEER_VERSION} --hash=sha256:548cd8b49cd2f0bf4145b15ae1a0c30dc86aa5ebcf265f7037eff67b8b2f21b2\n"
)


class UnavailableError(Exception):
    """It could not be installed here."""


def peer() -> Path:
    """Return the folder of the published client. It has our import name: only for the path of another process."""
    folder = ROOT / ".benchmark" / f"peer-{PEER_VERSION}"
    if not (folder / "sequence_markets" / "client.py").is_file():
        requirement = folder.with_suffix(".txt")
        requirement.parent.mkdir(parents=True, exist_ok=True)
        requirement.write_text(_PEER, "utf-8")
        _install(requirement, folder)
    return folder


def floor() -> Path:
    """Return the folder of aiohttp, the floor under asynchronous calls."""
    folder = ROOT / ".benchmark" / f"floor-{sys.version_info.major}.{sys.version_info.minor}"
    if not (folder / "aiohttp").is_dir():
        _install(ROOT / "benchmarks" / "floor-requirements.txt", folder)
    return folder


def _install(requirements: Path, folder: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"),
            *("--no-deps", "--only-binary=:all:", "--require-hashes", "--retries=1", "--timeout=15"),
            *("--target", str(folder), "--requirement", str(requirements)),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode:
        raise UnavailableError(f"pip could not install it ({(done.stderr.strip().splitlines() or ['no reason'])[-1]})")
