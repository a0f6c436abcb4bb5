"""Level 5: costs and market structure before, during and after a trade."""

from __future__ import annotations

from .calls import Calls


def run(calls: Calls) -> None:
    client = calls.client
    graph = calls.note("buy to review", lambda: client.buy("SOL-USD", 25, urgency="high"))
    order_id = f"graph:{graph['graph_id']}:order:1" if graph else "missing"
    calls.advance(1)

    calls.note("tca", client.tca)
    calls.note("tca symbol", lambda: client.tca("SOL-USD"))
    calls.note("intel", lambda: client.intel("SOL-USD"))
    calls.note("slippage", lambda: client.slippage("SOL-USD"))
    calls.note("slippage sell", lambda: client.slippage("SOL-USD", "sell"))
    calls.note("routing", lambda: client.routing("SOL-USD"))
    calls.note("routing sell", lambda: client.routing("SOL-USD", "sell", 2.5))
    calls.note("depth", lambda: client.depth("SOL-USD"))
    calls.note("forecast", lambda: client.forecast("SOL-USD", "buy", 2.5))
    calls.note("execution_live", lambda: client.execution_live(order_id))
    calls.note("execution_live unknown", lambda: client.execution_live("graph:graph_nobody:order:1"))
    calls.note("execution_review", lambda: client.execution_review(order_id))
    calls.note("execution_summary", client.execution_summary)
    calls.note("trace", lambda: client.trace(order_id))
    calls.note("trace unknown", lambda: client.trace("graph:graph_nobody:order:1"))
