"""Reference figures of perps and coins, as the feeds read them: funding rates and fair prices."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from sequence_markets.sandbox.analysis.books import fair_prices
from sequence_markets.sandbox.market.funding import FUNDING_HOURS
from sequence_markets.sandbox.server.funding_rows import rate_row
from sequence_markets.sandbox.server.streams.polled import Figure
from sequence_markets.sandbox.trading.desk import Desk
from sequence_markets.sandbox.trading.funding import funding_rate_now

FUNDING_EVERY_NS: Final = 60 * 10**9
FAIR_PRICE_EVERY_NS: Final = 10**9


def funding_figures(desk: Desk, names: Collection[str]) -> Iterator[Figure]:
    """The funding of perps by venue."""
    for instrument in desk.market.catalogue.all():
        if instrument.type != "perp":
            continue
        for venue in FUNDING_HOURS:
            own = ("", venue, f"{venue}:{instrument.symbol}")
            found = funding_rate_now(desk, venue, instrument.symbol) if not frozenset(own).isdisjoint(names) else None
            if found is not None:
                yield Figure(own, rate_row(found), (found.rate_1e9, found.predicted_1e9, found.next_ns))


def fair_price_figures(desk: Desk, names: Collection[str]) -> Iterator[Figure]:
    """The fair prices of coins that are quoted in dollars."""
    rows = fair_prices(desk) if "" in names else [row for name in names for row in fair_prices(desk, name)]
    for row in rows:
        yield Figure(("", str(row["underlying"])), row, row["price_1e9"])
