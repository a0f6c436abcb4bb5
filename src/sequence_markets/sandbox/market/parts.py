"""Making the parts of a synthetic market: paths, fair values and listings, each when it is first needed."""

from __future__ import annotations

from typing import Final

from ..events import EventMarket
from ..events.rules import Rule
from ..instruments import PREDICTION_UNIT_1E9, Catalogue, Instrument
from ..recent import Recent
from .contracts import contract_fair, contract_model
from .fair import Fair, OddsFair, RatioFair, ShareFair
from .fixedpoint import LOG_ONE, ln_ratio
from .listing import Listing, ListingFigures
from .parameters import (
    COIN,
    EVENTS,
    PERP_BASIS,
    PERP_STYLES,
    PREDICTION_STYLES,
    SPOT_STYLES,
    STRIKE_SLOPE,
    TICK_MULTIPLES,
    EventModel,
    Offset,
    Style,
    asset,
)
from .path import STEPS_PER_SECOND, Path
from .volume import VolumeTree

__all__ = ["Parts"]

_CENTI_BP: Final = LOG_ONE // 1_000_000
_MILLI_BP: Final = LOG_ONE // 10_000_000
_BLOCK_STEPS: Final = 1 << 20
_BUCKET_CENTI_BP: Final = 25
_CONTRACTS: Final = 2048


class Parts:
    """Everything that is drawn for the instruments of a catalogue.

    Args:
        catalogue: The instruments.
        seed: Everything drawn depends on it.
    """

    def __init__(self, catalogue: Catalogue, seed: int) -> None:
        self.catalogue = catalogue
        self.seed = seed
        self._paths: dict[str, Path] = {}
        self._fairs: dict[str, Fair] = {}
        self._listings: dict[tuple[str, str], Listing] = {}
        # Recurring and generated markets come and go: what was made for them is remembered for a while only.
        self._contract_paths: Recent[str, Path] = Recent(_CONTRACTS)
        self._contract_fairs: Recent[str, Fair] = Recent(_CONTRACTS)
        self._contract_listings: Recent[str, Listing] = Recent(_CONTRACTS)

    def _path(self, name: str, *, centre: int = 0, volatility: int, cap_level: int = 22, jump_level: int = 4) -> Path:
        path = self._paths.get(name)
        if path is None:
            path = self._paths[name] = Path(
                self.seed,
                name,
                centre=centre,
                volatility=volatility,
                cap_level=cap_level,
                jump_level=jump_level,
            )
        return path

    def base_path(self, base: str) -> Path:
        """The path of a base asset's price."""
        return self._path(f"asset/{base}", volatility=asset(base).volatility * _CENTI_BP)

    def offset_path(self, name: str, offset: Offset) -> Path:
        """The path of a slow offset."""
        return self._path(
            name,
            centre=offset.mean * _CENTI_BP,
            volatility=offset.volatility * _MILLI_BP,
            cap_level=offset.cap_level,
            jump_level=offset.jump_level,
        )

    def fair(self, instrument: Instrument) -> Fair:
        """The fair value of a spot pair, a perp or a YES outcome."""
        found = self._fairs.get(instrument.symbol) or self._contract_fairs.get(instrument.symbol)
        if found is not None:
            return found
        contract = self._contract(instrument)
        if contract is None:
            found = self._fairs[instrument.symbol] = self._make_fair(instrument)
            return found
        market, rule = contract
        made = contract_fair(market, rule, self.base_path, self._contract_path)
        return self._contract_fairs.put(instrument.symbol, made)

    def _contract(self, instrument: Instrument) -> tuple[EventMarket, Rule] | None:
        """The recurring or generated market of an outcome and what decides it; None for all other instruments."""
        market = self.catalogue.directory.by_symbol(instrument.symbol) if instrument.type == "prediction" else None
        rule = None if market is None else self.catalogue.directory.rule(market)
        return None if market is None or rule is None else (market, rule)

    def free_path(self, name: str, offset: Offset) -> Path:
        """The path behind a recurring or generated market, made anew."""
        return Path(
            self.seed,
            name,
            volatility=offset.volatility * _MILLI_BP,
            cap_level=offset.cap_level,
            jump_level=offset.jump_level,
        )

    def _contract_path(self, name: str, offset: Offset) -> Path:
        found = self._contract_paths.get(name)
        return self._contract_paths.put(name, self.free_path(name, offset)) if found is None else found

    def _make_fair(self, instrument: Instrument) -> Fair:
        if instrument.type == "prediction":
            return self._event_fair(instrument)
        base = instrument.base
        paths = [self.base_path(base)]
        # Perps follow the spot market they are hedged in, which is quoted in USDT.
        coin = "USDT" if instrument.type == "perp" else instrument.quote
        if coin in COIN:
            paths.append(self.offset_path(f"coin/{coin}", COIN[coin]))
        if instrument.type == "perp":
            paths.append(self.offset_path(f"basis/{base}", PERP_BASIS))
        return RatioFair(asset(base).anchor_1e9, paths)

    def _event_fair(self, instrument: Instrument) -> Fair:
        slug = instrument.market_slug or instrument.symbol
        model = EVENTS.get(slug, EventModel())
        if model.underlying:
            shift = ln_ratio(asset(model.underlying).anchor_1e9, model.strike_1e9)
            return OddsFair([self.base_path(model.underlying)], slope=STRIKE_SLOPE, shift=shift)
        outcomes = self.catalogue.event(instrument.event_slug) if instrument.event_slug else ()
        if instrument.neg_risk and len(outcomes) > 1:
            paths = [self._outcome_path(outcome.market_slug or outcome.symbol) for outcome in outcomes]
            return ShareFair(paths, [outcome.symbol for outcome in outcomes].index(instrument.symbol))
        return OddsFair([self._outcome_path(slug)])

    def _outcome_path(self, slug: str) -> Path:
        model = EVENTS.get(slug, EventModel())
        return self._path(
            f"event/{slug}",
            centre=ln_ratio(model.probability, 1000 - model.probability),
            volatility=model.volatility * _CENTI_BP,
            cap_level=model.cap_level,
            jump_level=model.jump_level,
        )

    def listing(self, instrument: Instrument, venue: str) -> Listing:
        """One venue's quotes and prints of an instrument whose book is kept."""
        name = (instrument.symbol, venue)
        found = self._listings.get(name) or self._contract_listings.get(instrument.symbol)
        if found is not None:
            return found
        contract = self._contract(instrument)
        if contract is not None:
            made = self._make_listing(instrument, venue, contract_model(contract[0], self.seed))
            return self._contract_listings.put(instrument.symbol, made)
        model = EVENTS.get(instrument.market_slug or instrument.symbol, EventModel())
        found = self._listings[name] = self._make_listing(instrument, venue, model)
        return found

    def _make_listing(self, instrument: Instrument, venue: str, event: EventModel) -> Listing:
        symbol = instrument.symbol
        if instrument.type == "prediction":
            figures = prediction_figures(instrument.tick_1e9, venue, event)
            volume = prediction_volume(self.seed, symbol, venue, event)
            return Listing(self.seed, symbol, venue, self.fair(instrument), None, volume, figures)
        figures_of = asset(instrument.base)
        style = (PERP_STYLES if instrument.type == "perp" else SPOT_STYLES)[venue]
        depth = figures_of.perp if instrument.type == "perp" else figures_of.spot
        lot = figures_of.lot_1e8
        lot_usd_1e9 = figures_of.anchor_1e9 * lot // 10**8
        tick = instrument.tick_1e9 * TICK_MULTIPLES.get((venue, instrument.base), 1)
        bucket = max(1, figures_of.anchor_1e9 * _BUCKET_CENTI_BP // 1_000_000 // tick)
        bucket_usd = depth.per_bp_usd * (bucket * tick * 10_000) * 10**6 // figures_of.anchor_1e9
        figures = ListingFigures(
            tick_1e9=tick,
            lot_1e8=lot,
            half_spread=style.half_spread * _CENTI_BP,
            touch_lots=depth.touch_usd * style.depth * 10**7 // lot_usd_1e9,
            bucket_ticks=bucket,
            bucket_lots=bucket_usd * style.depth * 10 // lot_usd_1e9,
            top_tick=None,
        )
        traded_usd = depth.traded_usd_per_s * _BLOCK_STEPS // STEPS_PER_SECOND
        volume = VolumeTree(
            self.seed,
            f"{symbol}/{venue}",
            lots_per_block=traded_usd * style.volume * 10**7 // lot_usd_1e9,
            sparse_256=depth.sparse_256,
            sparse_levels=4 if style.volume >= 30 else 6,
        )
        lean = self.lean(symbol, venue, style)
        return Listing(self.seed, symbol, venue, self.fair(instrument), lean, volume, figures)

    def lean(self, symbol: str, venue: str, style: Style) -> Path | None:
        """How far a venue's middle lies from the fair price; None for one that follows it."""
        if not style.lean:
            return None
        return self._path(f"lean/{symbol}/{venue}", volatility=style.lean * _MILLI_BP, cap_level=9, jump_level=6)


def prediction_figures(tick_1e9: int, venue: str, event: EventModel) -> ListingFigures:
    """The measures of a prediction market."""
    style = PREDICTION_STYLES[venue]
    return ListingFigures(
        tick_1e9=tick_1e9,
        lot_1e8=100_000_000,
        half_spread=0,
        touch_lots=event.touch * style.depth // 100,
        bucket_ticks=1,
        bucket_lots=event.per_tick * style.depth // 100,
        top_tick=PREDICTION_UNIT_1E9 // tick_1e9 - 1,
    )


def prediction_volume(seed: int, symbol: str, venue: str, event: EventModel) -> VolumeTree:
    """What is traded in a prediction market."""
    traded = event.contracts_per_day * _BLOCK_STEPS // (86_400 * STEPS_PER_SECOND)
    return VolumeTree(
        seed,
        f"{symbol}/{venue}",
        lots_per_block=traded * PREDICTION_STYLES[venue].volume // 100,
        sparse_256=170,
        sparse_levels=6,
    )
