"""A small catalogue written by hand, whose markets live as long as a test says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from sequence_markets.sandbox.discovery import Figures, Traded
from sequence_markets.sandbox.events import EventMarket, Events, Resolution
from sequence_markets.sandbox.events.directory import Directory
from sequence_markets.sandbox.events.named import named_markets
from sequence_markets.sandbox.market import SyntheticMarket

FOREVER = 10**18
LONE = next(market for market in named_markets() if market.slug == "rain-in-oslo-friday")
MEMBER = next(market for market in named_markets() if market.outcome_name == "Canada")
TICKER = next(market for market in named_markets() if market.venue == "kalshi")


def lone(name: str, number: int, listed: int = 0, close: int = FOREVER, **more: object) -> EventMarket:
    """A Polymarket market that stands alone."""
    return _made(LONE, name, name, number, listed, close, **more)


def member(event: str, name: str, index: int, number: int, listed: int = 0, close: int = FOREVER) -> EventMarket:
    """One of several outcomes of a Polymarket event."""
    return _made(
        MEMBER, f"{event}-{name}", event, number + index, listed, close, outcome_name=name, outcome_index=index,
        placeholder=name == "other",
    )  # fmt: skip


def ticker(name: str, number: int, listed: int = 0, close: int = FOREVER, **more: object) -> EventMarket:
    """A Kalshi market."""
    return _made(TICKER, name, name.rsplit("-", 1)[0], number, listed, close, yes=name, no=f"{name}:NO", **more)


def _made(
    model: EventMarket, slug: str, event: str, number: int, listed: int, close: int, **more: object
) -> EventMarket:
    fields: dict[str, object] = {
        "slug": slug,
        "event_slug": event,
        "title": event,
        "question": f"{slug}?",
        "rules": "as agreed",
        "yes": f"{slug}/yes",
        "no": f"{slug}/no",
        "tags": (),
        "series": None,
        "listed_ns": listed,
        "start_ns": listed,
        "close_ns": close,
        "resolve_ns": close + 1,
        "serial": (listed, number),
        **more,
    }
    return replace(model, **fields)  # type: ignore[arg-type]


def events_of(markets: Iterable[EventMarket], scripts: Mapping[str, Resolution] | None = None) -> Events:
    """The markets as a catalogue; a name is a slug."""
    directory = Directory(markets)

    def symbol(text: str) -> str | None:
        found = directory.by_name(text)
        return None if found is None else found.yes

    return Events(directory, None, symbol, {} if scripts is None else scripts)


class FixedFigures(Figures):
    """Figures that a test wrote down: contracts traded in a day, by slug."""

    def __init__(self, traded: Mapping[str, int]) -> None:
        super().__init__(SyntheticMarket())
        self._traded = traded

    def traded(self, market: EventMarket, at_ns: int) -> Traded:
        """What the test wrote down, for every span alike."""
        value = self._traded.get(market.slug, 0)
        return Traded(value, value, value)
