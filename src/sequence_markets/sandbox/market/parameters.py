"""The figures behind the synthetic market. `docs/market.md` says which are measured and which are assumed."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

__all__ = [
    "ASSETS",
    "COIN",
    "EVENTS",
    "PERP_BASIS",
    "PERP_STYLES",
    "PREDICTION_STYLES",
    "SPOT_STYLES",
    "TICK_MULTIPLES",
    "Asset",
    "Depth",
    "EventModel",
    "Offset",
    "Style",
    "asset",
]


@dataclass(frozen=True, slots=True)
class Depth:
    """Dollars shown and traded on a venue of scale 100.

    `touch_usd` is the median size at the best price, `per_bp_usd` what rests per basis point two and more
    basis points away, `traded_usd_per_s` the mean turnover; `sparse_256` the chance that of two neighbouring
    spans only one trades.
    """

    touch_usd: int
    per_bp_usd: int
    traded_usd_per_s: int
    sparse_256: int


@dataclass(frozen=True, slots=True)
class Asset:
    """A base asset: its price level, volatility in hundredths of a basis point per square root of a second,
    books."""

    anchor_1e9: int
    volatility: int
    lot_1e8: int
    spot: Depth
    perp: Depth


@dataclass(frozen=True, slots=True)
class Style:
    """How one venue quotes.

    Its bid and ask lie `half_spread` (in hundredths of a basis point) outside the fair price; one of them
    lies further out by a leaning of `lean` (its volatility, in thousandths of a basis point per square root
    of a second). `depth` and `volume` are percentages of the deepest venue.
    """

    half_spread: int
    lean: int
    depth: int
    volume: int


@dataclass(frozen=True, slots=True)
class Offset:
    """A slow seeded offset: mean in hundredths of a basis point, volatility in thousandths per root
    second."""

    mean: int
    volatility: int
    cap_level: int = 17
    jump_level: int = 7


@dataclass(frozen=True, slots=True)
class EventModel:
    """A prediction market: probability around which it moves (per mille), volatility of its log-odds in
    millionths per root second, or the strike and the base asset whose price decides it."""

    probability: int = 500
    volatility: int = 500
    cap_level: int = 22
    jump_level: int = 8
    strike_1e9: int = 0
    underlying: str = ""
    touch: int = 400
    per_tick: int = 300
    contracts_per_day: int = 20_000


def _usd(dollars: float) -> int:
    return round(dollars * 10**9)


def _small(price: float, lot_1e8: int, volatility: int = 130) -> Asset:
    return Asset(_usd(price), volatility, lot_1e8, Depth(9_000, 40_000, 1_200, 170), Depth(12_000, 80_000, 4_000, 110))


ASSETS: Final = MappingProxyType(
    {
        "BTC": Asset(
            _usd(90_000), 78, 1_000, Depth(149_000, 400_000, 15_800, 102), Depth(203_000, 1_000_000, 168_000, 56)
        ),
        "ETH": Asset(_usd(3_100), 96, 10_000, Depth(31_000, 270_000, 9_700, 146), Depth(43_000, 560_000, 49_600, 75)),
        "SOL": Asset(_usd(140), 125, 100_000, Depth(20_000, 90_000, 4_000, 150), Depth(26_000, 200_000, 20_000, 90)),
        "XRP": _small(2.1, 10_000_000, 120),
        "DOGE": _small(0.15, 100_000_000, 140),
        "ADA": _small(0.42, 10_000_000),
        "AVAX": _small(14, 1_000_000),
        "LINK": _small(13, 1_000_000),
        "LTC": _small(85, 100_000),
        "DOT": _small(2.2, 10_000_000),
    }
)
"""By base asset. BTC and ETH are measured, the others scaled by eye."""


def asset(base: str) -> Asset:
    """The figures of a base asset; an asset nobody measured is a small one at one dollar."""
    return ASSETS.get(base) or _small(1, 10_000_000)


SPOT_STYLES: Final = MappingProxyType(
    {
        "binance": Style(0, 0, 100, 100),
        "coinbase": Style(3, 30, 50, 45),
        "kraken": Style(15, 60, 25, 12),
        "okx": Style(2, 20, 50, 40),
        "bybit": Style(18, 75, 45, 30),
        "bitget": Style(25, 95, 25, 20),
        "cryptocom": Style(50, 115, 12, 8),
        "dex_ethereum": Style(500, 400, 60, 5),
        "solana": Style(400, 400, 40, 6),
    }
)
PERP_STYLES: Final = MappingProxyType(
    {
        "binance": Style(0, 0, 100, 100),
        "okx": Style(2, 10, 50, 40),
        "bybit": Style(9, 6, 60, 50),
        "hyperliquid": Style(0, 0, 100, 10),
    }
)
PREDICTION_STYLES: Final = MappingProxyType({"kalshi": Style(0, 0, 100, 100), "polymarket": Style(0, 0, 250, 200)})
TICK_MULTIPLES: Final = MappingProxyType(
    {("kraken", "BTC"): 10, ("okx", "BTC"): 10, ("hyperliquid", "BTC"): 10, ("hyperliquid", "ETH"): 10}
)
"""Venues that quote in coarser steps than the instrument's finest."""

COIN: Final = MappingProxyType({"USDT": Offset(0, 30), "USDC": Offset(0, 15)})
"""How far the pairs quoted in a dollar coin lie from those quoted in dollars."""

PERP_BASIS: Final = Offset(-700, 20)
"""A perp against the spot pair in USDT."""

EVENTS: Final = MappingProxyType(
    {
        "KXBTCZ-26DEC31-T99000": EventModel(strike_1e9=_usd(99_000), underlying="BTC"),
        "KXBTCZ-26DEC31-T100000": EventModel(strike_1e9=_usd(100_000), underlying="BTC"),
        "bitcoin-above-100k-at-year-end": EventModel(strike_1e9=_usd(100_000), underlying="BTC"),
        "KXPGATOUR-ZUCONO26-THVI": EventModel(probability=40, volatility=300),
        "KXMLBHR-26APR292140KCATH-ATHLBUTLER4-1": EventModel(probability=180, volatility=900),
        "KXRAIN-26NOV27-OSL": EventModel(probability=620, volatility=700),
        "KXFEDDECISION-26OCT-H0": EventModel(probability=710, volatility=400),
        "fed-decision-in-october": EventModel(probability=280, volatility=400, contracts_per_day=200_000),
        "rain-in-oslo-friday": EventModel(probability=420, volatility=700),
        "new-orleans-wins-the-series": EventModel(probability=90, volatility=400),
        "ice-hockey-world-champion-2027-canada": EventModel(probability=300),
        "ice-hockey-world-champion-2027-sweden": EventModel(probability=220),
        "ice-hockey-world-champion-2027-finland": EventModel(probability=160),
        "ice-hockey-world-champion-2027-czechia": EventModel(probability=140),
        "ice-hockey-world-champion-2027-switzerland": EventModel(probability=110),
        "ice-hockey-world-champion-2027-other": EventModel(probability=70),
    }
)
"""By market slug; a market nobody listed here moves around one half."""

STRIKE_SLOPE: Final = 6
"""Log-odds per unit of log moneyness: a spread of about 28 % until the event is decided."""
