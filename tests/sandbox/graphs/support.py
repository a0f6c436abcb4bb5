"""Small words for the tests of execution graphs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from sequence_markets.sandbox.exchange import Exchange
from sequence_markets.sandbox.journal import Journal
from sequence_markets.units import price_to_1e9, qty_to_1e8

from ..trading.support import PERP, Row, Trader, exchange

__all__ = ["PERP", "Desk", "Row", "edge", "exchange", "node", "paced", "price", "timeout"]

Body = dict[str, object]


def node(
    node_id: str,
    side: str = "buy",
    qty: str = "1",
    limit: str | None = None,
    *,
    symbol: str = "BTC-USD",
    venue: str | None = None,
    usd: str | None = None,
    activation: str | None = None,
    execution: Mapping[str, object] | None = None,
    **options: object,
) -> Body:
    """A node in the wire's form."""
    kind = "perp" if symbol.endswith("-PERP") else "spot"
    amount: Body = {"fixed": {"qty_1e8": qty_to_1e8(qty)}}
    if usd is not None:
        amount = {"notional": {"usd_1e9": price_to_1e9(usd)}}
    found: Body = {
        "node_id": node_id,
        "instrument": {"symbol": symbol, "type": kind, "venue": venue},
        "side": side,
        "order_type": "market" if limit is None else {"limit": {"price_1e9": price_to_1e9(limit)}},
        "quantity": amount,
        "execution": {**(execution or {}), **options},
    }
    if activation is not None:
        found["activation"] = activation
    return found


def edge(source: str, target: str, trigger: object = "on_full_fill", **more: object) -> Body:
    """An edge in the wire's form; `ratio` stands for the condition."""
    ratio = more.pop("ratio", None)
    found: Body = {"edge_id": f"e_{source}_{target}", "from_node": source, "to_node": target, "trigger": trigger}
    if ratio is not None:
        found["condition"] = {"fill_ratio_gte": ratio}
    return found | more


def timeout(ms: int) -> Body:
    """The timeout trigger."""
    return {"on_timeout": {"ms": ms}}


def price(
    direction: str, offset: float = 0, *, symbol: str = "BTC-USD", reference: object = "graph_entry_price"
) -> Body:
    """The price trigger."""
    return {"on_price": {"symbol": symbol, "direction": direction, "reference": reference, "offset_pct": offset}}


def paced(slices: int, interval_ms: int) -> Body:
    """Uniform pacing."""
    return {"uniform": {"num_slices": slices, "interval_ms": interval_ms}}


class Desk(Trader):
    """One account that runs graphs; every step is checked against every rule."""

    def __init__(self, venue: Exchange | None = None, key: str = "a", journal: Journal | None = None) -> None:
        super().__init__(exchange(journal) if venue is None else venue, key)
        self.graph_id = ""

    def run(self, nodes: Sequence[Body], edges: Sequence[Body] = (), graph_id: str = "g", **more: object) -> Row:
        """Submit a graph and remember its id."""
        answer = self.exchange.submit(
            self.client, {"nodes": list(nodes), "edges": list(edges), "graph_id": graph_id, "is_sandbox": True} | more
        )
        self.graph_id = graph_id
        self.exchange.check_invariants()
        return answer

    def book(self, *args: object, **kwargs: object) -> None:
        """Script a book."""
        super().book(*args, **kwargs)  # type: ignore[arg-type]
        self.exchange.check_invariants()

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        super().advance(seconds)
        self.exchange.check_invariants()

    def shown(self) -> Row:
        """The status of the graph."""
        return self.exchange.graph_status(self.client, self.graph_id)

    def state(self) -> object:
        """The graph's state."""
        return self.shown()["status"]

    def node(self, node_id: str) -> Row:
        """One node's row."""
        return cast("Mapping[str, Row]", self.shown()["nodes"])[node_id]

    def is_(self, node_id: str) -> object:
        """One node's state."""
        return self.node(node_id)["status"]

    def got(self, node_id: str) -> object:
        """What one node filled, in 1e-8."""
        return self.node(node_id)["filled_qty_1e8"]

    def edge(self, edge_id: str) -> object:
        """One edge's state."""
        return cast("Mapping[str, Row]", self.shown()["edges"])[edge_id]["status"]

    def fired(self, edge_id: str) -> object:
        """How often one edge fired."""
        return cast("Mapping[str, Row]", self.shown()["edges"])[edge_id]["fire_count"]

    def states(self) -> dict[str, object]:
        """Every node's state."""
        return {name: row["status"] for name, row in cast("Mapping[str, Row]", self.shown()["nodes"]).items()}
