"""Prediction markets at a glance: the best prices and what was traded, without making a book.

A catalogue of tens of thousands of markets is walked from end to end; nothing made for that is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ..events import EventMarket
from ..events.rules import Rule
from ..recent import Recent
from .contracts import contract_fair, contract_model
from .fair import Fair, fair_at
from .listing import Listing, book_key, is_price, ticks_around, touch_lots
from .parameters import EventModel, Offset
from .parts import Parts, prediction_figures, prediction_volume
from .path import STEP_NS, Path
from .types import NO_GLANCE, Glance, glance_at
from .volume import VolumeTree

__all__ = ["Glances"]

_REMEMBERED: Final = 64
"""So much is remembered: of the outcomes of one event, which are looked at one after the other."""


class Glances:
    """Looks at prediction markets of the synthetic market.

    Args:
        parts: Everything that is drawn for the instruments.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._paths: Recent[str, Path] = Recent(_REMEMBERED)
        self._models: Recent[str, EventModel] = Recent(_REMEMBERED)

    def glance(self, market: EventMarket, now_ns: int) -> Glance:
        """The touch of the YES side, the same as its book shows; nothing before the listing and from the close on."""
        if not market.listed_ns <= now_ns < market.close_ns:
            return NO_GLANCE
        step = now_ns // STEP_NS
        rule = self._parts.catalogue.directory.rule(market)
        if rule is None:
            listing = self._listing(market)
            return NO_GLANCE if listing is None else glance_at(listing.book(step))
        figures = prediction_figures(market.tick_1e9, market.venue, self._model(market))
        value = fair_at(self._fair(market, rule), step)
        bid, ask = ticks_around(value, value, 0, 0, figures.tick_1e9, figures.top_tick)
        key = book_key(self._parts.seed, market.yes, market.venue)
        found: list[tuple[int | None, int]] = []
        for side, best in enumerate((bid, ask)):
            if is_price(best, figures.top_tick):
                lots = touch_lots(key, side, best, step, figures.touch_lots)
                found.append((best * figures.tick_1e9, lots * figures.lot_1e8))
            else:
                found.append((None, 0))
        return Glance(found[0][0], found[1][0], found[0][1], found[1][1])

    def traded_since_1e8(self, market: EventMarket, starts: Sequence[int], end_ns: int) -> list[int]:
        """The quantity of all prints since each of some instants, cut to whole steps of the grid.

        Args:
            market: The market.
            starts: The instants.
            end_ns: Up to when.
        """
        last = max(0, min(end_ns, market.close_ns)) // STEP_NS
        first = [min(last, max(start, market.listed_ns) // STEP_NS) for start in starts]
        volume, lot_1e8 = self._volume(market)
        return [0] * len(first) if volume is None else [lots * lot_1e8 for lots in volume.since(first, last)]

    def _volume(self, market: EventMarket) -> tuple[VolumeTree | None, int]:
        if self._parts.catalogue.directory.rule(market) is None:
            listing = self._listing(market)
            return (None, 0) if listing is None else (listing.volume, listing.lot_1e8)
        model = self._model(market)
        lot_1e8 = prediction_figures(market.tick_1e9, market.venue, model).lot_1e8
        return prediction_volume(self._parts.seed, market.yes, market.venue, model), lot_1e8

    def _listing(self, market: EventMarket) -> Listing | None:
        """What is kept for a market written by hand; ``None`` for one that exists by a script only."""
        instrument = self._parts.catalogue.find(market.yes)
        return None if instrument is None else self._parts.listing(instrument, market.venue)

    def _model(self, market: EventMarket) -> EventModel:
        known = self._models.get(market.yes)
        return self._models.put(market.yes, contract_model(market, self._parts.seed)) if known is None else known

    def _fair(self, market: EventMarket, rule: Rule) -> Fair:
        return contract_fair(market, rule, self._parts.base_path, self._path)

    def _path(self, name: str, offset: Offset) -> Path:
        known = self._paths.get(name)
        return self._paths.put(name, self._parts.free_path(name, offset)) if known is None else known
