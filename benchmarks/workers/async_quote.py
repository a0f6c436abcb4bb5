"""Awaits quote(), so many at once. Usage: async_quote.py URL DEPTH AT_ONCE."""

from __future__ import annotations

import asyncio
import sys
from time import perf_counter

from sequence_markets import AsyncSequence

url, depth, at_once = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


async def work(client: AsyncSequence, times: int) -> float:
    begin = perf_counter()
    for _ in range(times // at_once):
        if at_once == 1:
            await client.quote("BTC-USD", depth=depth)
        else:
            await asyncio.gather(*(client.quote("BTC-USD", depth=depth) for _ in range(at_once)))
    return perf_counter() - begin


async def opened() -> AsyncSequence:
    client = AsyncSequence("seq_test_benchmark", url)
    assert (await client.quote("BTC-USD", depth=depth)).symbol == "BTC-USD"
    return client


with asyncio.Runner() as runner:
    client = runner.run(opened())
    print("ready", flush=True)
    for line in sys.stdin:
        print(runner.run(work(client, int(line))), flush=True)
    runner.run(client.close())
