"""The ``sequence-markets`` command.

Each subcommand imports what it needs when it runs, so that ``--help`` and ``--version`` answer at once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from sequence_markets._version import __version__

__all__ = ["main"]


class _Parser(argparse.ArgumentParser):
    """A parser that reports bad input in one line and not with a page of usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message}\n")


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        print(f"sequence-markets {__version__}")
        parser.exit()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Args:
        argv: Arguments without the program's name; those of the process by default.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    # The demo has options of its own, and argparse cannot hand on what begins with a dash.
    if arguments[:1] == ["demo"]:
        from sequence_markets.cli import demo

        return demo.run(arguments[1:])
    options = _parser().parse_args(arguments)
    if options.command == "sandbox":
        from sequence_markets.cli import sandbox

        return sandbox.run(options)
    _parser().print_help()
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="sequence-markets", description="The Sequence Markets SDK's command line.")
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    _add_sandbox(commands.add_parser("sandbox", help="serve a local exchange to develop and test against"))
    commands.add_parser("demo", help="watch a strategy trade on a local exchange", add_help=False)
    return parser


def _add_sandbox(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Serve the trading API on this machine, with paper balances for any seq_test_ key. "
        "Prints its URL when it is ready; stop it with Ctrl-C."
    )
    parser.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS", help="address to listen on (default: %(default)s)"
    )
    parser.add_argument(
        "--port", type=int, default=50052, help="port to listen on, 0 for any free one (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, help="seed of the market and of all ids (default: 0)")
    parser.add_argument(
        "--clock",
        choices=("real", "paced", "manual"),
        default="real",
        help="how sandbox time passes: like wall time, --speed times as fast, or only when told (default: %(default)s)",
    )
    parser.add_argument("--speed", metavar="FACTOR", help="sandbox seconds per real second of --clock paced")
    parser.add_argument(
        "--replay",
        action="append",
        metavar="FILE",
        help="play a recorded tape instead of the synthetic market; may be repeated",
    )
    parser.add_argument(
        "--markets",
        type=int,
        metavar="N",
        help="how many standing prediction markets to list, 43000 for a full catalogue (default: a small set)",
    )
    parser.add_argument(
        "--market-page-cap",
        type=int,
        default=500,
        metavar="ROWS",
        help="rows of a page of prediction markets at most, 1 to 1000 (default: 500)",
    )
    parser.add_argument("--state", metavar="FILE", help="keep the journal in this file, and go on from it")
    parser.add_argument(
        "--run-strategies",
        action="store_true",
        help="run the code of hosted strategies under limits; only for code that you trust (default: states only)",
    )
    parser.add_argument(
        "--rate-limit", type=int, metavar="QPS", help="requests per second an account may make (default: unlimited)"
    )
