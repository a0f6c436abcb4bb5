"""The fair values and the habits of recurring and generated prediction markets."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from ..events import EventMarket
from ..events.rules import Above, Chance, Rule, Shares, UpDown
from .deadline import BarrierFair, RaceFair, UpDownFair, least_log, normal_quantile, race_scale, spread_to
from .fair import Fair
from .fixedpoint import LOG_BITS, LOG_ONE, key64, ln_ratio
from .parameters import EventModel, Offset, asset
from .path import STEP_NS, Path

__all__ = ["MOOD", "OUTCOME", "contract_fair", "contract_model"]

_CENTI_BP: Final = LOG_ONE // 1_000_000
_MILLI_BP: Final = LOG_ONE // 10_000_000
_CENT_1E9: Final = 10_000_000

OUTCOME: Final = Offset(0, 50_000, cap_level=28, jump_level=8)
"""The path behind a question of its own. Only its shape matters: it is measured in its own standard deviations."""

MOOD: Final = Offset(0, 30_000, cap_level=12, jump_level=5)
"""How far an up/down contract leans to one side, in log units of standard deviations."""

_BUSY: Final = (60, 90, 140, 200, 300, 450, 700, 1_000, 1_600, 2_500, 4_000, 7_000, 12_000, 25_000, 60_000, 150_000)
_UP_DOWN_PER_DAY: Final = {"BTC-USD": 400_000, "ETH-USD": 160_000, "SOL-USD": 90_000, "XRP-USD": 60_000}

PathOf = Callable[[str, Offset], Path]
"""Makes, or finds, the path with a name."""


def contract_fair(market: EventMarket, rule: Rule, base_path: Callable[[str], Path], path_of: PathOf) -> Fair:
    """The fair value of a market's YES side.

    Args:
        market: The market.
        rule: What decides it.
        base_path: The price path of a base asset.
        path_of: The path with a name, and with a volatility and levels.
    """
    listed, end = market.listed_ns // STEP_NS, market.close_ns // STEP_NS
    match rule:
        case UpDown():
            return UpDownFair(
                base_path(rule.base),
                path_of(f"mood/{market.series}", MOOD),
                mood_sign=1 if key64(0, "mood", market.slug) & 1 else -1,
                start=market.start_ns // STEP_NS,
                end=end,
                volatility=asset(rule.base).volatility * _CENTI_BP,
            )
        case Above():
            figures = asset(rule.base)
            # The price is shown to the cent: half a cent below the strike it reads as the strike.
            target = rule.strike_1e9 - _CENT_1E9 // 2
            return BarrierFair(
                base_path(rule.base),
                threshold=least_log(figures.anchor_1e9, target),
                end=end,
                volatility=figures.volatility * _CENTI_BP,
            )
        case Chance():
            path = path_of(f"event/{market.slug}", OUTCOME)
            volatility = _volatility(OUTCOME)
            ahead = normal_quantile(rule.probability_1e6) * spread_to(volatility, end - listed) >> LOG_BITS
            return BarrierFair(path, threshold=path.value(listed) - ahead, end=end, volatility=volatility)
        case Shares():
            volatility = _volatility(OUTCOME)
            paths = [path_of(f"event/{market.event_slug}/{k}", OUTCOME) for k in range(len(rule.weights))]
            scale = race_scale(volatility, end - listed)
            offsets = [
                (_ln_weight(weight) * scale >> LOG_BITS) - path.value(listed)
                for path, weight in zip(paths, rule.weights, strict=True)
            ]
            return RaceFair(paths, offsets, index=market.outcome_index, end=end, volatility=volatility)


def _volatility(offset: Offset) -> int:
    return offset.volatility * _MILLI_BP


@lru_cache(maxsize=4096)
def _ln_weight(weight: int) -> int:
    return ln_ratio(weight, 1)


def contract_model(market: EventMarket, seed: int) -> EventModel:
    """How much of a market is shown and traded: a few are busy, most are not."""
    if market.underlying is not None:
        return EventModel(contracts_per_day=_UP_DOWN_PER_DAY[market.underlying], touch=400, per_tick=300)
    draw = key64(seed, "busy", market.slug)
    per_day = _BUSY[draw & 15]
    if market.placeholder:
        per_day = _BUSY[draw & 3]
    shown = 20 + (draw >> 8) % 60 + per_day // 100
    return EventModel(contracts_per_day=per_day, touch=shown, per_tick=shown * 3 // 4)
