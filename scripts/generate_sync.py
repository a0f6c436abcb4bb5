"""Generate the synchronous face from the asynchronous one.

``client/aio.py`` is written by hand; ``client/sync.py`` is made from its tokens, docstrings included. With ``--check``
nothing is written and a difference is an error.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tokenize
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "sequence_markets" / "client"
SOURCE = PACKAGE / "aio.py"
TARGET = PACKAGE / "sync.py"

NAMES = {
    "AsyncSequence": "Sequence",
    "AsyncBatch": "Batch",
    "_AsyncCall": "_Call",
    "AsyncIterator": "Iterator",
    "AsyncClient": "Client",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "aclose": "close",
    "asyncio": "time",
    "open_async": "open_sync",
}
DROPPED = {"async", "await"}
ASYNC_ONLY = "# async only"

PHRASES = {
    '"""The asynchronous face. The synchronous one is generated from this file by ``scripts/generate_sync.py``."""': (
        '"""The synchronous face, generated from ``aio.py`` by ``scripts/generate_sync.py``: change that file."""'
    ),
    "trading API, awaited.": "trading API, blocking.",
    "One client serves any number of calls at once and keeps its connections; close\n"
    "    it, or use it as a context manager. It belongs to the event loop it is first used on.": (
        "Any number of threads may share one client.\n"
        "    It keeps its connections; close it, or use it as a context manager."
    ),
}


def generate(source: str) -> str:
    """Return the synchronous text of an asynchronous module.

    Raises:
        ValueError: A rule found nothing to do, so that it no longer fits the source.
    """
    unused = set(NAMES) | set(PHRASES) | DROPPED | {ASYNC_ONLY}
    lines = [line for line in source.splitlines(keepends=True) if ASYNC_ONLY not in line]
    if len(lines) < len(source.splitlines()):
        unused.discard(ASYNC_ONLY)
    text = "".join(lines)
    for phrase, replacement in PHRASES.items():
        if phrase in text:
            unused.discard(phrase)
            text = text.replace(phrase, replacement)
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    made: list[str] = []
    end = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        begin = starts[token.start[0] - 1] + token.start[1]
        if begin < end or not token.string:
            continue
        made.append(text[end:begin])
        end = begin + len(token.string)
        if token.type == tokenize.NAME and token.string in DROPPED:
            unused.discard(token.string)
            end += len(text[end:]) - len(text[end:].lstrip(" "))
        elif token.type == tokenize.NAME and token.string in NAMES:
            unused.discard(token.string)
            made.append(NAMES[token.string])
        elif token.type in (tokenize.STRING, tokenize.COMMENT):
            made.append(_prose(token.string))
        else:
            made.append(token.string)
    made.append(text[end:])
    if unused:
        raise ValueError(f"rules that no longer fit {SOURCE.name}: {sorted(unused)}")
    return "".join(made)


def _prose(text: str) -> str:
    """Translate names and example code inside a docstring or a comment."""
    text = re.sub(r"\b(?:async|await) ", "", text)
    return re.sub(r"\w+", lambda word: NAMES.get(word[0], word[0]), text)


def polished(text: str) -> str:
    """Return the text as ruff wants it: imports sorted, loops that only yield shortened, lines formatted."""
    for command in (["check", "--select", "I,UP028", "--fix", "--unsafe-fixes", "--quiet"], ["format", "--quiet"]):
        run = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--stdin-filename", str(TARGET), "-"],
            input=text,
            capture_output=True,
            text=True,
            check=True,
        )
        text = run.stdout
    return text


def main(arguments: list[str]) -> int:
    """Write the synchronous face, or with ``--check`` tell whether it is up to date."""
    made = polished(generate(SOURCE.read_text(encoding="utf-8")))
    if "--check" in arguments:
        if not TARGET.exists() or TARGET.read_text(encoding="utf-8") != made:
            print(f"{TARGET.name} is not what {SOURCE.name} generates: run {Path(__file__).name}", file=sys.stderr)
            return 1
        return 0
    TARGET.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
