"""A typed strategy: buy, and leave at a profit or at a loss, whichever comes first, without watching the market.

The exchange holds the whole plan: once the graph is sent, nothing here has to run for the stop to work. Runs on a local
exchange of its own: ``python examples/bracket.py``.
"""

from __future__ import annotations

from decimal import Decimal

from sequence_markets import Graph, GraphStatus, GraphWaitError, OnPrice, Sequence, recipes
from sequence_markets.sandbox import Sandbox

SYMBOL, VENUE = "BTC-USD", "kraken"
START, MINUTES = 100_000, (101_000, 97_600, 104_000, 104_100)


def quote(sandbox: Sandbox, mid: int) -> None:
    """Put the market somewhere."""
    sandbox.set_book(SYMBOL, VENUE, bids=[(mid - 5, 2), (mid - 10, 5)], asks=[(mid + 5, 2), (mid + 10, 5)])


def reached(graph: Graph, status: GraphStatus) -> str:
    """Say which price closed the position."""
    fired = {edge_id for edge_id, edge in status.edges.items() if edge.fired}
    for edge in graph.edges:
        match edge.when:
            case OnPrice(direction=direction, offset_pct=percent) if edge.edge_id in fired:
                return f"left {percent:g} % {direction} the entry"
            case _:
                pass
    return "still in the market"


def result(seq: Sequence, status: GraphStatus) -> str:
    """Say what came of it."""
    bought, sold = (status.nodes[name].avg_fill_price or Decimal() for name in ("entry", "exit"))
    totals = seq.positions_unified(include_closed=True).totals
    return f"in at {bought:.2f}, out at {sold:.2f}: {totals.realized_pnl_usd:+.2f} USD, fees {totals.fees_usd:.2f} USD"


def main() -> None:
    """Send a bracket, let the market move minute by minute, and say how it ended."""
    graph = recipes.bracket(SYMBOL, "buy", "0.25", take_profit_pct=4, stop_loss_pct="2.5", venue=VENUE)
    print(graph.tree(), end="\n\n")
    with Sandbox(seed=7) as sandbox, sandbox.client() as seq:
        quote(sandbox, START)
        graph_id = seq.graph(graph, sandbox=True, graph_id="bracket-1").graph_id
        for mid in MINUTES:
            sandbox.advance(seconds=60)
            quote(sandbox, mid)
            print(f"{sandbox.now:%H:%M}  {mid}  exit {seq.graph_status(graph_id).nodes['exit'].status}")
        try:
            status = seq.wait(graph_id, "completed", timeout=5)
        except GraphWaitError as waited:
            print(f"\nnot over: {waited}")
            seq.graph_cancel(graph_id)
            return
        print(f"\n{status.tree(graph)}\n\n{reached(graph, status)}\n{result(seq, status)}")
        sandbox.check_invariants()


if __name__ == "__main__":
    main()
