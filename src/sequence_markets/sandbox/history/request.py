"""Who serves a history, over which time, and how much of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sequence_markets.sandbox.instruments import Instrument
from sequence_markets.sandbox.market import Market
from sequence_markets.sandbox.trading.errors import Refusal
from sequence_markets.sandbox.venues import VENUES

__all__ = ["RANGES", "Asked", "Serving", "serving"]

_SECOND_NS: Final = 10**9
_DAY_S: Final = 86_400

RANGES: Final[dict[str, int]] = {
    "1h": 3_600,
    "6h": 6 * 3_600,
    "1d": _DAY_S,
    "1w": 7 * _DAY_S,
    "1m": 30 * _DAY_S,
    "3m": 90 * _DAY_S,
    "6m": 180 * _DAY_S,
    "1y": 365 * _DAY_S,
    "2y": 730 * _DAY_S,
    "5y": 1_825 * _DAY_S,
    "max": 3_650 * _DAY_S,
}
"""How many seconds back each word reaches. Of a prediction market "max" reaches back to its listing."""

TAPE_S: Final = _DAY_S
"""How far back the live tape reaches."""

DEFAULT_TICKS: Final = 100
TAPE_TICKS: Final = 500
PAST_TICKS: Final = 50_000
PAGINATED: Final = 200_000
CALL_BARS: Final = 5_000
"""Points that one call of a prediction venue reaches."""

MOST_BARS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Asked:
    """What a caller asks for; `start_s` and `end_s` are both given or both None."""

    range_word: str
    fidelity_s: int
    venue: str | None
    limit: int | None
    paginate: bool
    start_s: int | None
    end_s: int | None


@dataclass(frozen=True, slots=True)
class Serving:
    """How a history is served.

    Attributes:
        source: Who serves it.
        venue: Whose prices; None for all venues together.
        start_s: Start of the window, in seconds since the epoch.
        end_s: End of the window.
        from_ns: Points lie after this instant,
        to_ns: and up to this one.
        most: How many points at most, the newest.
    """

    source: str
    venue: str | None
    start_s: int
    end_s: int
    from_ns: int
    to_ns: int
    most: int


def serving(market: Market, instrument: Instrument, asked: Asked, now_ns: int) -> Serving:
    """Decide who serves a history.

    Raises:
        Refusal: 400 for an impossible venue, for a window further back than the live tape without one, and for more
            bars than are served at once.
    """
    if asked.venue is not None and asked.venue not in VENUES:
        raise _bad("venue", f"unknown venue {asked.venue[:60]!r}; the venues are {', '.join(VENUES)}")
    if asked.start_s is not None and asked.end_s is not None and asked.start_s >= asked.end_s:
        raise _bad("start_ts", f"must be before end_ts, got {asked.start_s} and {asked.end_s}")
    if instrument.type == "prediction":
        return _prediction(market, instrument, asked, now_ns)
    return _traded(market, instrument, asked, now_ns)


def _prediction(market: Market, instrument: Instrument, asked: Asked, now_ns: int) -> Serving:
    """A prediction market, from its listing to its close."""
    venue = instrument.venues[0]
    begins_ns, closes_ns = _life(market, instrument, now_ns)
    last_ns = min(now_ns, closes_ns - 1)
    whole = not asked.fidelity_s or asked.range_word == "max"
    # What is asked of a closed market is counted back from its close.
    start_s, end_s = _window(asked, -(-(last_ns + 1) // _SECOND_NS) if last_ns < now_ns else now_ns // _SECOND_NS)
    if asked.start_s is None and whole:
        start_s = begins_ns // _SECOND_NS
    if asked.fidelity_s:
        most = PAGINATED if asked.paginate and venue == "polymarket" else CALL_BARS
    else:
        cap = PAGINATED if asked.paginate and venue == "polymarket" else PAST_TICKS
        most = min(asked.limit or DEFAULT_TICKS, cap)
    from_ns = max(start_s * _SECOND_NS, begins_ns - 1)
    to_ns = last_ns if asked.end_s is None else min(end_s * _SECOND_NS, last_ns)
    return Serving(f"{venue}_rest", None, start_s, end_s, from_ns, to_ns, most)


def _traded(market: Market, instrument: Instrument, asked: Asked, now_ns: int) -> Serving:
    """A spot pair or a perp: the live tape, or a venue's own past."""
    now_s = now_ns // _SECOND_NS
    ticks = not asked.fidelity_s
    start_s, end_s = _window(asked, now_s)
    if ticks and asked.start_s is None:
        start_s = now_s - TAPE_S
    to_ns = now_ns if asked.end_s is None else min(end_s * _SECOND_NS, now_ns)
    from_ns = max(start_s * _SECOND_NS, _begins_ns(market) - 1)
    if start_s >= now_s - TAPE_S:
        _check_bars(asked, from_ns, to_ns)
        most = min(asked.limit or DEFAULT_TICKS, TAPE_TICKS) if ticks else MOST_BARS
        return Serving("tape", None, start_s, end_s, from_ns, to_ns, most)
    if asked.venue is None:
        raise _bad("venue", "is required further back than 24 hours; give the venue whose history it is")
    if asked.venue not in market.venues(instrument.symbol):
        raise _bad("venue", f"{asked.venue} does not trade {instrument.symbol}")
    if ticks:
        source = "binance_aggtrades_historical" if asked.venue == "binance" else "venue_ticks"
        most = min(asked.limit or DEFAULT_TICKS, PAST_TICKS)
        return Serving(source, asked.venue, start_s, end_s, from_ns, to_ns, most)
    _check_bars(asked, from_ns, to_ns)
    return Serving("venue_proxy", asked.venue, start_s, end_s, from_ns, to_ns, MOST_BARS)


def _check_bars(asked: Asked, from_ns: int, to_ns: int) -> None:
    """Refuse more bars than are served at once; leaving some out unasked would look like a gap."""
    span_s = (to_ns - from_ns) // _SECOND_NS
    if asked.fidelity_s and span_s // asked.fidelity_s > MOST_BARS:
        count, least = span_s // asked.fidelity_s, -(-span_s // MOST_BARS)
        raise _bad("fidelity_secs", f"that is {count} bars, of which {MOST_BARS} are served at most; {least} would fit")


def _window(asked: Asked, end_s: int) -> tuple[int, int]:
    if asked.start_s is not None and asked.end_s is not None:
        return asked.start_s, asked.end_s
    return max(0, end_s - RANGES[asked.range_word]), end_s


def _life(market: Market, instrument: Instrument, now_ns: int) -> tuple[int, int]:
    """From when on a prediction market has prices, and from when on none any more."""
    event = market.events.of_symbol(instrument.symbol)
    if event is None:
        return instrument.listed_ns, now_ns + 1
    # One that was always there has a history from its start on.
    return event.listed_ns or event.start_ns, market.events.closes_ns(event)


def _begins_ns(market: Market) -> int:
    """The first instant of a recorded market; others have a past without end."""
    start = market.describe().get("start_ns", 0)
    return start if isinstance(start, int) else 0


def _bad(field: str, message: str) -> Refusal:
    return Refusal(400, "INVALID_PARAMS", f"{field}: {message}", [{"field": field, "message": message}])
