"""What type checkers must refuse of monitoring and analytics: every marked line, for the reason it names."""

from __future__ import annotations

from sequence_markets import AsyncSequence, Sequence, Tca


def see(_value: object) -> None: ...


def wrong_calls(seq: Sequence) -> None:
    seq.slippage("X", "hold")  # error: hold
    seq.forecast("X", "buy")  # error: qty
    seq.simulate("X", "buy", 1, urgency="hasty")  # error: urgency
    seq.trace("o", 5)  # error: positional argument
    seq.analytics_tca_timeseries(interval="2h")  # error: interval
    seq.analytics_tca(since=1_790_000_000)  # error: since


def wrong_reads(seq: Sequence, tca: Tca) -> None:
    see(tca.savings_usd + 1)  # error: None
    see(tca.saving_usd)  # error: saving_usd
    see(tca.orders[0])  # error: None
    seq.depth("X").bids = ()  # error: bids


async def wrong_waits(seq: AsyncSequence) -> None:
    see(seq.tca().order_count)  # error: order_count
