"""Calls every method of whatever ``sequence_markets`` is importable, and prints what came back.

Usage: python -m script.main URL API_KEY WASM_FILE
"""

from __future__ import annotations

import json
import sys

import sequence_markets

from . import algos, markets, monitor, streams, trading
from .calls import Calls

assert sequence_markets.__version__ == "0.5.7", sequence_markets.__version__


def main(url: str, api_key: str, wasm: str) -> None:
    calls = Calls(url, api_key)
    trading.run(calls)
    markets.run(calls)
    monitor.run(calls)
    algos.run(calls, wasm)
    streams.run(calls)
    said = {"methods": Calls.methods(), "called": sorted(calls.called), "results": calls.results}
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main(*sys.argv[1:])
