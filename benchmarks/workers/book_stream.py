"""Reads books from a stream of whichever ``sequence_markets`` is importable. Usage: book_stream.py URL best|all."""

from __future__ import annotations

import asyncio
import sys
from time import perf_counter
from typing import Any

import sequence_markets

url, what = sys.argv[1:]
typed = hasattr(sequence_markets, "BookUpdate")


def best(book: Any) -> None:
    if typed:
        _ = book.bids[0].price, book.asks[0].price
    else:
        _ = book["bids"][0][0], book["asks"][0][0]


def everything(book: Any) -> None:
    if typed:
        sum(level.price + level.size for side in (book.bids, book.asks) for level in side)
    else:
        sum(level[0] + level[1] for side in (book["bids"], book["asks"]) for level in side)


read = best if what == "best" else everything


async def work(stream: Any, times: int) -> float:
    begin = perf_counter()
    for _ in range(times):
        _channel, book = await anext(stream)
        read(book)
    return perf_counter() - begin


async def main() -> None:
    client = sequence_markets.Sequence("seq_test_benchmark", url)
    # Every message is to be given, so that the same number is read on both sides.
    options = {"backpressure": "block"} if typed else {}
    stream: Any = client.stream(["book:BTC-USD"], **options)
    await work(stream, 1)
    print(sequence_markets.__version__, flush=True)
    for line in sys.stdin:
        print(await work(stream, int(line)), flush=True)
    # The server never stops to answer a farewell.
    if typed:
        stream.close()
    else:
        await stream.aclose()


asyncio.run(main())
