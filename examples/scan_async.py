"""Many questions at once: quote every symbol concurrently and list the widest spreads.

Runs on a local exchange of its own: ``python examples/scan_async.py``.
"""

from __future__ import annotations

import asyncio

from sequence_markets import AsyncSequence
from sequence_markets.models import Quote
from sequence_markets.sandbox import Sandbox


async def scan(seq: AsyncSequence) -> list[Quote]:
    """Return a quote of every symbol that has one, the widest spread first."""
    symbols = [row.symbol for row in await seq.symbols()]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(seq.quote(symbol, depth=1)) for symbol in symbols]
    quotes = [task.result() for task in tasks]
    return sorted((quote for quote in quotes if quote.nbbo.mid), key=lambda quote: -quote.nbbo.spread_bps)


async def main() -> None:
    """Scan a local exchange."""
    with Sandbox(seed=7) as sandbox:
        async with sandbox.async_client() as seq:
            for quote in (await scan(seq))[:5]:
                print(f"{quote.symbol[:40]:40} {quote.nbbo.spread_bps:10.2f} bps on {len(quote.venues)} venues")


if __name__ == "__main__":
    asyncio.run(main())
