"""Levels 0 to 3: venues, quotes, orders, graphs, and the methods that were removed."""

from __future__ import annotations

import warnings
from typing import Any

from .calls import Calls

PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIE...\n-----END RSA PRIVATE KEY-----"
KALSHI_ID = "dc9d0cd5-076a-4ea8-b406-1847279dac4b"
SIGNER = {"signer_private_key": "0xabc", "proxy_address": "0xdef", "builder": "0x1"}


def run(calls: Calls) -> None:
    client = calls.client

    calls.note("connect_venue", lambda: client.connect_venue("binance", "AK", "SK"))
    calls.note("connect_venue passphrase", lambda: client.connect_venue("okx", "AK", "SK", passphrase="blue-heron"))
    calls.note("connect_venue kalshi", lambda: client.connect_venue("kalshi", KALSHI_ID, PEM))
    calls.note("connect_venue polymarket", lambda: client.connect_venue("polymarket", "", "", extra_json=SIGNER))
    calls.note("venues", client.venues)
    calls.note("disconnect_venue", lambda: client.disconnect_venue("binance"))
    calls.note("venues after", client.venues)
    calls.note("health", client.health)

    calls.note("quote", lambda: client.quote("BTC-USD", depth=5))
    calls.note("quote nowait", lambda: client.quote("ETH-USD", nowait=True))
    calls.note("quote slug", lambda: client.quote("fed-decision-in-october"))
    calls.note("quote url", lambda: client.quote("https://polymarket.com/event/fed-decision-in-october"))
    calls.note("quotes", lambda: client.quotes(["BTC-USD", "ETH-USD", "SOL-USD"]))
    calls.note(
        "quotes_batch", lambda: client.quotes_batch(["BTC-USD", "KXBTCZ-26DEC31-T99000", "no such thing"], depth=3)
    )
    calls.note("quotes_batch perp", lambda: client.quotes_batch(["BTC-USD-PERP"], instrument_type="perp"))
    calls.note("symbols", client.symbols)
    calls.note("edges", client.edges)
    calls.note("account", client.account)
    calls.note("risk_limits", client.risk_limits)

    def graph_of(submission: Any) -> str:
        return submission["graph_id"] if submission else "missing"

    bought = calls.note("buy", lambda: client.buy("ETH-USD", 2, urgency="high", max_slippage_bps=500))
    rest = calls.note(
        "buy limit",
        lambda: client.buy("BTC-USD", 0.5, venue="coinbase", limit_price=100.0, tif="GTC", policy="passive_limit"),
    )
    calls.note("buy horizon", lambda: client.buy("SOL-USD", 1, horizon_ms=60_000, sandbox=True))
    calls.note("buy perp", lambda: client.buy("ETH-USD-PERP", 1, instrument_type="perp", venue="hyperliquid"))
    calls.note("buy kalshi", lambda: client.buy("KXPGATOUR-ZUCONO26-THVI", 1, venue="kalshi", limit_price=0.02))
    calls.note("sell", lambda: client.sell("ETH-USD", 0.5, tif="IOC", limit_price=1.0))
    calls.note("graph", lambda: client.graph([client.node("leg", "ETH-USD", "buy", 1)]))

    orders = calls.note("orders", lambda: client.orders(limit=5, offset=0, symbol="ETH-USD"))
    first = orders["orders"][0]["node_order_id"] if orders and orders.get("orders") else "missing"
    calls.note("order", lambda: client.order(first))
    calls.note("order unknown", lambda: client.order("graph:graph_nobody:order:1"))
    calls.note("fills", lambda: client.fills(limit=5))
    calls.note("graph_status", lambda: client.graph_status(graph_of(bought)))
    calls.note("cancel broken", lambda: client.cancel(f"graph:{graph_of(rest)}:order:1"))
    calls.note("graph_status open", lambda: client.graph_status(graph_of(rest)))
    calls.note("cancel", lambda: client.cancel(graph_of(rest)))
    another = calls.note("buy to cancel", lambda: client.buy("BTC-USD", 0.5, venue="kraken", limit_price=100.0))
    calls.note("graph_cancel", lambda: client.graph_cancel(graph_of(another)))
    calls.note("batch", lambda: client.batch("kraken").buy_limit("BTC-USD", 0.25, 100.0).buy("SOL-USD", 1).end())
    calls.note("positions_unified", client.positions_unified)
    calls.note(
        "positions_unified cash", lambda: client.positions_unified(venues=["kraken", "okx"], kinds=["fiat", "crypto"])
    )
    calls.note("positions_unified closed", lambda: client.positions_unified(include_closed=True))

    hedge = calls.note(
        "graph hedge",
        lambda: client.graph(
            [
                client.node("spot", "ETH-USD", "buy", 2, urgency="medium"),
                client.node("hedge", "ETH-USD-PERP", "sell", 2, venue="hyperliquid", instrument_type="perp"),
            ],
            [client.edge("spot", "hedge", trigger="fill_pct", value=0.5)],
        ),
    )
    calls.note("graph_status hedge", lambda: client.graph_status(graph_of(hedge)))
    stop = {"symbol": "BTC-USD", "direction": "below", "reference": "graph_entry_price", "offset_pct": -5.0}
    bracket = calls.note(
        "graph bracket",
        lambda: client.graph(
            [
                client.node("entry", "BTC-USD", "buy", 0.1, urgency="high"),
                client.node("tp", "BTC-USD", "sell", 0.1, limit_price=900_000),
                client.node("sl", "BTC-USD", "sell", 0.1),
            ],
            [
                client.edge("entry", "tp", trigger="full_fill"),
                {"edge_id": "e_sl", "from_node": "entry", "to_node": "sl", "trigger": {"on_price": stop}},
            ],
        ),
    )
    calls.note("graph_status bracket", lambda: client.graph_status(graph_of(bracket)))
    calls.note("graph_cancel bracket", lambda: client.graph_cancel(graph_of(bracket)))
    calls.note("graph_status cancelled", lambda: client.graph_status(graph_of(bracket)))
    late = calls.note(
        "graph late",
        lambda: client.graph(
            [client.node("a", "SOL-USD", "buy", 1, limit_price=1.0), client.node("b", "SOL-USD", "buy", 1)],
            [client.edge("a", "b", trigger={"on_timeout": {"ms": 3_600_000}})],
        ),
    )
    calls.note("graph_resume", lambda: client.graph_resume(graph_of(late)))
    resting = calls.note("buy to amend", lambda: client.buy("BTC-USD", 10, venue="kraken", limit_price=100.0))
    resting_id = f"graph:{graph_of(resting)}:order:1"
    calls.note("amend", lambda: client.amend(resting_id, new_price=101.0, new_qty=8))
    calls.note("order amended", lambda: client.order(resting_id))
    calls.note("decrease", lambda: client.decrease(resting_id, 3))
    calls.note("order decreased", lambda: client.order(resting_id))
    calls.note("batch cancel", lambda: client.batch("kraken").cancel(resting_id).sell_limit("SOL-USD", 0.5, 9e5).end())
    calls.note("order batch cancelled", lambda: client.order(resting_id))
    calls.note("buy on kraken", lambda: client.buy("BTC-USD", 1, venue="kraken", limit_price=100.0))
    calls.note("cancel_all_on_venue", lambda: client.cancel_all_on_venue("kraken"))
    calls.note("kill_switch_engage", client.kill_switch_engage)
    calls.note("risk_limits engaged", client.risk_limits)
    calls.note("buy while engaged", lambda: client.buy("ETH-USD", 1))
    calls.note("kill_switch_clear", client.kill_switch_clear)
    calls.note("buy once cleared", lambda: client.buy("ETH-USD", 1))
    calls.note("redeem kalshi", lambda: client.redeem("KXBTCZ-26DEC31-T99000", "kalshi"))
    calls.note("redeem polymarket", lambda: client.redeem("fed-decision-in-october", "polymarket"))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        for name in ("balances", "positions", "perp_positions", "portfolio"):
            calls.note(name, getattr(client, name))
