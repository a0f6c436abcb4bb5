"""The words that nodes and edges are described with."""

from __future__ import annotations

from typing import Final, Literal

Side = Literal["buy", "sell"]
Urgency = Literal["low", "medium", "high"]
Policy = Literal["sor", "ioc_sweep", "passive_limit", "aggressive_chase", "passive_ladder", "time_drip"]
TimeInForce = Literal["GTC", "IOC", "FOK"]
InstrumentType = Literal["spot", "perp", "prediction"]
OnFailure = Literal["cancel_all", "pause", "none"]
TriggerName = Literal[
    "on_accepted",
    "on_first_fill",
    "on_fill",
    "on_fill_ratio",
    "on_full_fill",
    "on_timeout",
    "on_cancel",
    "on_done",
    "accepted",
    "first_fill",
    "fill",
    "fill_pct",
    "fill_ratio",
    "full_fill",
    "timeout",
    "cancel",
    "cancelled",
    "done",
]

SIDES: Final = ("buy", "sell")
URGENCIES: Final = ("low", "medium", "high")
POLICIES: Final = ("sor", "ioc_sweep", "passive_limit", "aggressive_chase", "passive_ladder", "time_drip")
TIMES_IN_FORCE: Final = ("GTC", "IOC", "FOK")
INSTRUMENT_TYPES: Final = ("spot", "perp", "prediction")
ACTIVATIONS: Final = ("root", "wait")
FAILURE_ACTIONS: Final = ("cancel_all", "pause", "none")
PREDICTION_VENUES: Final = ("kalshi", "polymarket")

MOST_NODES: Final = 100
MOST_EDGES: Final = 200
MOST_EXPANDED: Final = 1000
"""Nodes after every paced node has been cut into its slices."""
