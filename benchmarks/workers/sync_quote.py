"""Calls quote() of whichever ``sequence_markets`` is importable. Usage: sync_quote.py URL DEPTH."""

from __future__ import annotations

import sys
from time import perf_counter

import sequence_markets

url, depth = sys.argv[1], int(sys.argv[2])
client = sequence_markets.Sequence("seq_test_benchmark", url)
assert client.quote("BTC-USD", depth=depth)["symbol"] == "BTC-USD"
print(sequence_markets.__version__, flush=True)
for line in sys.stdin:
    begin = perf_counter()
    for _ in range(int(line)):
        client.quote("BTC-USD", depth=depth)
    print(perf_counter() - begin, flush=True)
