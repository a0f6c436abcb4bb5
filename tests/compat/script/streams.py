"""The three sockets, each read until everything that was asked for has come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

from .calls import Calls

CHANNELS = ["prices:BTC-USD", "book:BTC-USD", "orders", "fills", "tca", "routing", "funding"]
HOUR_NS = 3600 * 10**9
PATIENCE_S = 20.0


def run(calls: Calls) -> None:
    client = calls.client
    # Funding is settled and markets are minted and resolved on the hour.
    now_ns = calls.control("clock/advance", ns=0)["to_ns"]
    calls.control("clock/advance", ns=HOUR_NS - now_ns % HOUR_NS - 10**9)
    calls.note("stream", lambda: asyncio.run(_channels(calls, client.stream(CHANNELS))))
    calls.note("stream_new_markets", lambda: asyncio.run(_first(calls, client.stream_new_markets())))
    calls.note("stream_resolved_markets", lambda: asyncio.run(_first(calls, client.stream_resolved_markets())))


async def _channels(calls: Calls, stream: AsyncGenerator[tuple[str, Any], None]) -> dict[str, Any]:
    """Return one item of each channel."""
    found: dict[str, Any] = {}

    async def read() -> None:
        async for channel, data in stream:
            found.setdefault(channel, data)
            if len(found) == 2:
                # Both market-data channels have shown themselves, so the subscription holds.
                await _aside(lambda: calls.client.buy("BTC-USD", 0.1))
                await _aside(lambda: calls.advance(2))
            if found.keys() >= set(CHANNELS):
                return

    try:
        await asyncio.wait_for(read(), PATIENCE_S)
    except TimeoutError:
        found["missing"] = sorted(set(CHANNELS) - found.keys())
    finally:
        await stream.aclose()
    return found


async def _first(calls: Calls, events: AsyncGenerator[dict[str, Any], None]) -> dict[str, Any]:
    async def read() -> dict[str, Any]:
        moving = asyncio.create_task(_aside(lambda: calls.advance(1)))
        async for event in events:
            await moving
            return event
        raise AssertionError("the stream ended")

    try:
        return await asyncio.wait_for(read(), PATIENCE_S)
    finally:
        await events.aclose()


async def _aside(action: Callable[[], object]) -> None:
    await asyncio.get_running_loop().run_in_executor(None, action)
