"""``sequence-markets sandbox``: the local exchange as a process of its own."""

from __future__ import annotations

import argparse
import signal
import socket
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Final

_PROG: Final = "sequence-markets sandbox"
# One endless wait would keep Ctrl-C from being noticed on Windows, and a dead server from being noticed anywhere.
_LOOK_EVERY_S: Final = 0.5


def run(options: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM.

    Args:
        options: The parsed options of the subcommand.

    Returns:
        0 after a clean stop, 1 when the port or the state file is not to be had, 2 for bad input.
    """
    told = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        told.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        return _serve(options, told)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _serve(options: argparse.Namespace, told: threading.Event) -> int:
    try:
        from sequence_markets.sandbox import Sandbox
    except ImportError as error:
        return _fail(1, str(error))
    from sequence_markets.sandbox.journal import JournalError
    from sequence_markets.sandbox.server.local import is_loopback

    if options.speed is not None and options.clock != "paced":
        return _fail(2, "--speed needs --clock paced")
    for path in options.replay or ():
        if not Path(path).is_file():
            return _fail(2, f"--replay: no such file: {path}")
    try:
        sandbox = Sandbox(
            seed=options.seed,
            clock=options.clock,
            port=options.port,
            host=options.host,
            replay=options.replay,
            state=options.state,
            markets=options.markets,
            rate_limit=options.rate_limit,
            market_page_cap=options.market_page_cap,
            run_strategies=options.run_strategies,
            speed=options.speed or 1,
        )
    except (TypeError, ValueError) as error:
        return _fail(2, str(error))
    try:
        sandbox.start()
    except JournalError as error:
        return _fail(1, f"--state: {error}")
    except socket.gaierror as error:
        return _fail(2, f"--host {options.host}: {error.strerror}")
    except OSError as error:
        return _fail(1, error.strerror or str(error))
    except ValueError as error:
        return _fail(2, f"--replay: {error}" if options.replay else str(error))
    try:
        if not is_loopback(options.host):
            print(
                f"{_PROG}: warning: listening on {options.host}: whoever reaches this machine can trade here",
                file=sys.stderr,
            )
        print(f"sequence-markets sandbox ready at {sandbox.url}", flush=True)
        while not told.wait(_LOOK_EVERY_S):
            if not sandbox.running:
                return _fail(1, "the server ended unexpectedly")
    finally:
        sandbox.stop()
    return 0


def _fail(code: int, message: str) -> int:
    print(f"{_PROG}: error: {' '.join(message.split())}", file=sys.stderr)
    return code
