"""What an order is likely to cost, and what other ways of working it would have done just now.

Three things are looked at, and nothing is assumed beyond them: what the router would do on the books as they are; what
it would have done on the books of the last minute, for how much worse it can be; and what the patient policies really
would have got from the market of the last half minute.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sequence_markets.sandbox.analysis.costs import bps
from sequence_markets.sandbox.analysis.origins import history_start
from sequence_markets.sandbox.analysis.pretrade import Considered, arrival_at, consider
from sequence_markets.sandbox.analysis.replay import Replayed, past_desk, replay
from sequence_markets.sandbox.analysis.summary import weighted_percentile
from sequence_markets.sandbox.instruments import Instrument, Side
from sequence_markets.sandbox.trading.amounts import ONE_PRICE, ONE_QTY
from sequence_markets.sandbox.trading.desk import Desk
from sequence_markets.sandbox.trading.dryrun import dry_run

__all__ = ["URGENCIES", "forecast_answer", "simulate_answer"]

URGENCIES: Final = ("low", "medium", "high")

_MS: Final = 1_000_000
_SECOND: Final = 1_000 * _MS

SAMPLE_NS: Final = 10 * _SECOND
SAMPLES: Final = 6
"""The cost is sampled at six instants of the last minute, ten seconds apart, and now."""

PATIENCE_NS: Final = 30 * _SECOND
"""How long the patient policies are given: as long as an order of urgency "low" waits."""

CAPACITY: Final = (1, 2, 5, 10, 20, 50, 100)

PARTICIPATION_PERCENT: Final = 10
"""What the books do not hold is taken to trade at a tenth of the volume of the last five minutes."""

VOLUME_NS: Final = 300 * _SECOND


def forecast_answer(
    desk: Desk, client_id: str, instrument: Instrument, side: Side, qty_1e8: int, source: str
) -> dict[str, object]:
    """The cost of a market order now, how much worse it may be, and what patience or another venue would change."""
    seen = consider(desk, client_id, instrument, side, qty_1e8)
    arrival = arrival_at(desk, instrument, desk.now_ns)
    cost, whole = seen.cost_bps, seen.run.filled_1e8 == qty_1e8
    samples = [cost if whole else None, *_past_costs(desk, client_id, instrument, side, qty_1e8)]
    known = [sample for sample in samples if sample is not None]
    downside = weighted_percentile([(sample, 1) for sample in known], 90)
    if cost is not None:
        downside = cost if downside is None else max(downside, cost)
    latency_ns = _latency_ns(desk, client_id, seen.run.candidates)
    return {
        "symbol": instrument.symbol,
        "side": side,
        "qty": qty_1e8 / ONE_QTY,
        "mid": arrival.mid_1e9 / ONE_PRICE if arrival.mid_1e9 else None,
        "expected_cost_bps": cost,
        "downside_cost_bps": downside,
        "expected_slippage_bps": seen.slippage_bps,
        "expected_fee_bps": seen.fee_bps,
        "expected_fill_pct": seen.filled_pct,
        "expected_horizon_ms": _horizon_ms(desk, instrument, seen, latency_ns),
        "fill_confidence": _confidence(samples, cost if whole else None),
        "capacity_curve": _capacity(desk, client_id, instrument, side, qty_1e8),
        "venue_ranking": _ranking(desk, client_id, instrument, side, qty_1e8, seen.run.candidates),
        "venue_mix": [
            {"venue": leg.venue, "pct": 100 * leg.qty_1e8 / seen.run.filled_1e8, "qty_1e8": leg.qty_1e8}
            for leg in seen.run.legs
        ],
        "urgency_tradeoff": _tradeoff(desk, client_id, instrument, side, qty_1e8, seen, latency_ns),
        "sample_count": len(samples),
        "funded": seen.funded,
        "source": source,
        "generated_at_ns": desk.now_ns,
    }


def _past_costs(desk: Desk, client_id: str, instrument: Instrument, side: Side, qty_1e8: int) -> list[float | None]:
    """What the same order would have cost at instants of the last minute; None where it could not be filled whole."""
    begun = history_start(desk.market, instrument.symbol, desk.now_ns, SAMPLES * SAMPLE_NS)
    costs: list[float | None] = []
    for number in range(1, SAMPLES + 1):
        at = desk.now_ns - number * SAMPLE_NS
        if at < begun:
            break
        run = dry_run(past_desk(desk, client_id, at), client_id, instrument, side, qty_1e8, funded=False)
        costs.append(Considered(run, False).cost_bps if run.filled_1e8 == qty_1e8 else None)
    return costs


def _confidence(samples: Sequence[float | None], cost: float | None) -> list[dict[str, object]]:
    """For rising costs, the share of the samples that were filled whole at that cost or less."""
    known = [(sample, 1) for sample in samples if sample is not None]
    levels = {cost, *(weighted_percentile(known, percent) for percent in (50, 90, 100))}
    return [
        {"cost_bps": level, "confidence": sum(sample <= level for sample, _ in known) / len(samples)}
        for level in sorted(level for level in levels if level is not None)
    ]


def _capacity(desk: Desk, client_id: str, instrument: Instrument, side: Side, qty_1e8: int) -> list[dict[str, object]]:
    """The cost of growing sizes, up to the first that the books do not hold whole."""
    points: list[dict[str, object]] = []
    for times in CAPACITY:
        run = dry_run(desk, client_id, instrument, side, qty_1e8 * times, funded=False)
        seen = Considered(run, False)
        points.append(
            {
                "qty": qty_1e8 * times / ONE_QTY,
                "cost_bps": seen.cost_bps,
                "slippage_bps": seen.slippage_bps,
                "filled_pct": seen.filled_pct,
            }
        )
        if run.filled_1e8 < qty_1e8 * times:
            break
    return points


def _ranking(
    desk: Desk, client_id: str, instrument: Instrument, side: Side, qty_1e8: int, venues: Sequence[str]
) -> list[dict[str, object]]:
    """What the whole order would cost at each single venue: book, fee, and what the market moves on the way there.
    Venues that can fill it whole come first, the cheapest in front."""
    ranked: list[tuple[bool, float, dict[str, object]]] = []
    for venue in venues:
        seen = consider(desk, client_id, instrument, side, qty_1e8, venue=venue)
        book, fee = seen.slippage_bps, seen.fee_bps
        moved = _moved_bps(desk, instrument, _latency_ns(desk, client_id, (venue,)))
        landed = None if book is None or fee is None else book + fee + moved
        row: dict[str, object] = {
            "venue": venue,
            "landed_cost_bps": landed,
            "book_bps": book,
            "fee_bps": fee,
            "latency_bps": moved,
            "filled_pct": seen.filled_pct,
        }
        whole = landed is not None and seen.run.filled_1e8 == qty_1e8
        ranked.append((not whole, float("inf") if landed is None else landed, row))
    ranked.sort(key=lambda entry: entry[:2])
    return [row for _, _, row in ranked]


def _latency_ns(desk: Desk, client_id: str, venues: Sequence[str]) -> int:
    """How long an order is under way: to the slowest of the venues it may reach."""
    latencies = dict(desk.state.accounts[client_id].settings.latency_ms)
    return max((latencies.get(venue, 0) for venue in venues), default=0) * _MS


def _moved_bps(desk: Desk, instrument: Instrument, latency_ns: int) -> float:
    """How far the reference price moved, one way or the other, over as long as the latency: the mean of the last
    minute's samples."""
    if not latency_ns:
        return 0.0
    market, symbol, now = desk.market, instrument.symbol, desk.now_ns
    begun = history_start(market, symbol, now, SAMPLES * SAMPLE_NS)
    moved = basis = 0
    for number in range(SAMPLES):
        after = now - number * SAMPLE_NS
        if after - latency_ns < begun:
            break
        before_1e9, after_1e9 = (market.reference_price(symbol, at) or 0 for at in (after - latency_ns, after))
        if before_1e9 and after_1e9:
            moved += abs(after_1e9 - before_1e9)
            basis += before_1e9
    return bps(moved, basis) or 0.0


def _horizon_ms(desk: Desk, instrument: Instrument, seen: Considered, latency_ns: int) -> float | None:
    """How long until the order is filled: its way to the market, and for what the books do not hold a tenth of the
    market's recent volume. None when there is none."""
    rest = seen.run.wanted_1e8 - seen.run.filled_1e8
    if not rest:
        return latency_ns / _MS
    now, symbol = desk.now_ns, instrument.symbol
    start = history_start(desk.market, symbol, now, VOLUME_NS)
    volume = desk.market.traded_1e8(symbol, start, now)
    if not volume:
        return None
    return (latency_ns + rest * 100 * (now - start) // (volume * PARTICIPATION_PERCENT)) / _MS


def _tradeoff(
    desk: Desk,
    client_id: str,
    instrument: Instrument,
    side: Side,
    qty_1e8: int,
    seen: Considered,
    latency_ns: int,
) -> list[dict[str, object]]:
    """What waiting would have saved: urgency "low" as it went over the last half minute, against crossing now."""
    rows: list[dict[str, object]] = []
    patient = _patient(desk, client_id, instrument, side, qty_1e8, "sor", "low", seen.funded, bounded=False)
    if patient is not None:
        cost, took = bps(patient.costs.shortfall_1e17, patient.costs.basis_1e17), patient.duration_ns
        saved = None if cost is None or seen.cost_bps is None else seen.cost_bps - cost
        horizon = None if took is None else took / _MS
        rows.append({"urgency": "low", "cost_bps": cost, "horizon_ms": horizon, "saving_bps": saved})
    now = {"cost_bps": seen.cost_bps, "horizon_ms": latency_ns / _MS, "saving_bps": 0.0}
    return [*rows, {"urgency": "medium", **now}, {"urgency": "high", **now}]


def _patient(
    desk: Desk,
    client_id: str,
    instrument: Instrument,
    side: Side,
    qty_1e8: int,
    policy: str,
    urgency: str,
    funded: bool,
    *,
    bounded: bool = True,
) -> Replayed | None:
    """A patient policy over the last half minute, or as much of it as the market is this one; None when that is not
    even a millisecond, or the market is closed."""
    start = history_start(desk.market, instrument.symbol, desk.now_ns, PATIENCE_NS)
    worked_ms = (desk.now_ns - start) // _MS
    quoted = (
        desk.market.book(instrument.symbol, venue, desk.now_ns) for venue in desk.market.venues(instrument.symbol)
    )
    if not worked_ms or all(book is None for book in quoted):
        return None
    return replay(
        desk,
        client_id,
        instrument,
        side,
        qty_1e8,
        policy=policy,
        urgency=urgency,
        start_ns=start,
        horizon_ms=worked_ms if bounded or worked_ms * _MS < PATIENCE_NS else 0,
        funded=funded,
    )


def simulate_answer(
    desk: Desk, client_id: str, instrument: Instrument, side: Side, qty_1e8: int, urgency: str | None, source: str
) -> dict[str, object]:
    """Three ways of working the same order: taking the books now, resting at the near touch, and slicing it over time.

    The first is the router's own dry run; the others are what their policies really would have done over the last half
    minute. `urgency` sets the number of slices, and which way is recommended: the quickest for "high", otherwise the
    cheapest, for "medium" among those that fill the whole order.
    """
    seen = consider(desk, client_id, instrument, side, qty_1e8)
    latency_ns = _latency_ns(desk, client_id, seen.run.candidates)
    scenarios: list[dict[str, object]] = [
        {
            "name": "aggressive",
            "policy": "sor",
            "est_cost_bps": seen.cost_bps,
            "fill_rate": seen.fill_rate,
            "venue_count": len(seen.run.legs),
            "time_to_completion_ms": latency_ns / _MS if seen.run.filled_1e8 == qty_1e8 else None,
            "derived_from": "books",
        }
    ]
    for name, policy in (("passive", "passive_limit"), ("split", "time_drip")):
        done = _patient(desk, client_id, instrument, side, qty_1e8, policy, urgency or "medium", seen.funded)
        took = None if done is None else done.duration_ns
        scenarios.append(
            {
                "name": name,
                "policy": policy,
                "est_cost_bps": None if done is None else bps(done.costs.shortfall_1e17, done.costs.basis_1e17),
                "fill_rate": 0.0 if done is None else done.fill_rate,
                "venue_count": 0 if done is None else len(done.venues),
                "time_to_completion_ms": None if took is None else took / _MS,
                "derived_from": "replay",
            }
        )
    return {
        "symbol": instrument.symbol,
        "side": side,
        "qty": qty_1e8 / ONE_QTY,
        "urgency": urgency,
        "scenarios": scenarios,
        "recommended": _recommended(scenarios, urgency or "medium"),
        "window_s": PATIENCE_NS // _SECOND,
        "funded": seen.funded,
        "source": source,
        "generated_at_ns": desk.now_ns,
    }


def _recommended(scenarios: Sequence[dict[str, object]], urgency: str) -> object:
    """The name of the way that suits an urgency; None when none of them fills anything."""
    priced = [each for each in scenarios if isinstance(each["est_cost_bps"], float)]
    whole = [each for each in priced if each["time_to_completion_ms"] is not None]
    if urgency == "high" and whole:
        return min(whole, key=lambda each: float(str(each["time_to_completion_ms"])))["name"]
    fitting = priced if urgency == "low" or not whole else whole
    return min(fitting, key=lambda each: float(str(each["est_cost_bps"])))["name"] if fitting else None
