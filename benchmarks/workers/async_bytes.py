"""Awaits the bytes of an answer with aiohttp, so many at once. Usage: async_bytes.py URL AT_ONCE CONNECTIONS."""

from __future__ import annotations

import asyncio
import sys
from time import perf_counter
from typing import Any

import aiohttp

url, at_once, connections = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


async def get(session: Any) -> bytes:
    async with session.get(url) as answer:
        body: bytes = await answer.read()
        return body


async def work(session: Any, times: int) -> float:
    begin = perf_counter()
    for _ in range(times // at_once):
        if at_once == 1:
            await get(session)
        else:
            await asyncio.gather(*(get(session) for _ in range(at_once)))
    return perf_counter() - begin


async def opened() -> Any:
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=connections), headers={"Authorization": "Bearer seq_test_benchmark"}
    )
    assert await get(session)
    return session


with asyncio.Runner() as runner:
    session = runner.run(opened())
    print(aiohttp.__version__, flush=True)
    for line in sys.stdin:
        print(runner.run(work(session, int(line))), flush=True)
    runner.run(session.close())
