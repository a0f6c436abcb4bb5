"""What can be told of a book beyond its levels: the part of the published features that one venue's book shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from sequence_markets.sandbox.algos.abi import BOOK_LEVELS, Features

__all__ = ["Sides", "measure"]

Side: TypeAlias = Sequence[tuple[int, int]]
Sides: TypeAlias = tuple[Side, Side]
"""Bids and asks, best first."""


def measure(before: Sides | None, now: Sides, now_ns: int) -> Features:
    """The features of a book that follows another one; order flow is zero when there was none before.

    >>> found = measure(None, (((98, 30),), ((102, 10),)), 5)
    >>> found.microprice_1e9, found.depth_imbalance_1e4, found.feature_ts_ns
    (101, 5000, 5)
    """
    bids, asks = now
    micro = 0
    if bids and asks:
        (bid, bid_size), (ask, ask_size) = bids[0], asks[0]
        micro = (bid * ask_size + ask * bid_size) // (bid_size + ask_size)
    bought = sum(size for _, size in bids[:BOOK_LEVELS])
    sold = sum(size for _, size in asks[:BOOK_LEVELS])
    flows = [_flow(before, now, level) for level in range(10)] if before is not None else [0]
    return Features(
        micro,
        flows[0],
        sum(flows[:5]),
        sum(flows),
        (bought - sold) * 10_000 // (bought + sold) if bought + sold else 0,
        now_ns,
    )


def _flow(before: Sides, now: Sides, level: int) -> int:
    """The order flow imbalance of one level: what was added to the bid or taken from the ask, less the opposite."""
    old_bid, new_bid = _level(before[0], level), _level(now[0], level)
    old_ask, new_ask = _level(before[1], level), _level(now[1], level)
    flow = 0
    if new_bid[0] >= old_bid[0]:
        flow += new_bid[1]
    if new_bid[0] <= old_bid[0]:
        flow -= old_bid[1]
    # A side without the level offers nothing there, at any price.
    if old_ask[1] == 0 or 0 < new_ask[0] <= old_ask[0]:
        flow -= new_ask[1]
    if new_ask[1] == 0 or 0 < old_ask[0] <= new_ask[0]:
        flow += old_ask[1]
    return flow


def _level(side: Side, level: int) -> tuple[int, int]:
    return side[level] if level < len(side) else (0, 0)
