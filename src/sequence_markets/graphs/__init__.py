"""Building and checking execution graphs without a client: nothing here touches the network."""

from __future__ import annotations

from sequence_markets.graphs.building import edge, node, risk
from sequence_markets.graphs.preparing import Graph, prepare

__all__ = ["Graph", "edge", "node", "prepare", "risk"]
