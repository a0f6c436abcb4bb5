"""Calls every method of levels 0 to 3 of whatever ``sequence_markets`` is importable, and prints what came back.

Usage: peer_script.py URL API_KEY
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from typing import Any

import sequence_markets

assert sequence_markets.__version__ == "0.5.7", sequence_markets.__version__

PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIE...\n-----END RSA PRIVATE KEY-----"
KALSHI_ID = "dc9d0cd5-076a-4ea8-b406-1847279dac4b"
SIGNER = {"signer_private_key": "0xabc", "proxy_address": "0xdef", "builder": "0x1"}


def main(url: str, api_key: str) -> None:
    client: Any = sequence_markets.Sequence(api_key, url, max_retries=0)
    results: dict[str, dict[str, object]] = {}

    def call(name: str, action: Callable[[], Any]) -> Any:
        try:
            value = action()
        except Exception as error:
            results[name] = {"error": f"{type(error).__name__}: {error}", "status": getattr(error, "status", None)}
            return None
        results[name] = {"result": value}
        return value

    call("connect_venue", lambda: client.connect_venue("binance", "AK", "SK"))
    call("connect_venue passphrase", lambda: client.connect_venue("okx", "AK", "SK", passphrase="blue-heron"))
    call("connect_venue kalshi", lambda: client.connect_venue("kalshi", KALSHI_ID, PEM))
    call("connect_venue polymarket", lambda: client.connect_venue("polymarket", "", "", extra_json=SIGNER))
    call("venues", client.venues)
    call("disconnect_venue", lambda: client.disconnect_venue("binance"))
    call("venues after", client.venues)
    call("health", client.health)

    call("quote", lambda: client.quote("BTC-USD", depth=5))
    call("quote nowait", lambda: client.quote("ETH-USD", nowait=True))
    call("quote slug", lambda: client.quote("fed-decision-in-october"))
    call("quote url", lambda: client.quote("https://polymarket.com/event/fed-decision-in-october"))
    call("quotes", lambda: client.quotes(["BTC-USD", "ETH-USD", "SOL-USD"]))
    call("quotes_batch", lambda: client.quotes_batch(["BTC-USD", "KXBTCZ-26DEC31-T99000", "no such thing"], depth=3))
    call("quotes_batch perp", lambda: client.quotes_batch(["BTC-USD-PERP"], instrument_type="perp"))
    call("symbols", client.symbols)
    call("edges", client.edges)
    call("account", client.account)
    call("risk_limits", client.risk_limits)

    def graph_of(submission: Any) -> str:
        return submission["graph_id"] if submission else "missing"

    bought = call("buy", lambda: client.buy("ETH-USD", 2, urgency="high", max_slippage_bps=500))
    rest = call(
        "buy limit",
        lambda: client.buy("BTC-USD", 0.5, venue="coinbase", limit_price=100.0, tif="GTC", policy="passive_limit"),
    )
    call("buy horizon", lambda: client.buy("SOL-USD", 1, horizon_ms=60_000, sandbox=True))
    call("buy perp", lambda: client.buy("ETH-USD-PERP", 1, instrument_type="perp", venue="hyperliquid"))
    call("buy kalshi", lambda: client.buy("KXPGATOUR-ZUCONO26-THVI", 1, venue="kalshi", limit_price=0.02))
    call("sell", lambda: client.sell("ETH-USD", 0.5, tif="IOC", limit_price=1.0))
    call("graph", lambda: client.graph([client.node("leg", "ETH-USD", "buy", 1)]))

    orders = call("orders", lambda: client.orders(limit=5, offset=0, symbol="ETH-USD"))
    first = orders["orders"][0]["node_order_id"] if orders and orders.get("orders") else "missing"
    call("order", lambda: client.order(first))
    call("order unknown", lambda: client.order("graph:graph_nobody:order:1"))
    call("fills", lambda: client.fills(limit=5))
    call("graph_status", lambda: client.graph_status(graph_of(bought)))
    call("cancel broken", lambda: client.cancel(f"graph:{graph_of(rest)}:order:1"))
    call("graph_status open", lambda: client.graph_status(graph_of(rest)))
    call("cancel", lambda: client.cancel(graph_of(rest)))
    another = call("buy to cancel", lambda: client.buy("BTC-USD", 0.5, venue="kraken", limit_price=100.0))
    call("graph_cancel", lambda: client.graph_cancel(graph_of(another)))
    call("batch", lambda: client.batch("kraken").buy_limit("BTC-USD", 0.25, 100.0).buy("SOL-USD", 1).end())
    call("positions_unified", client.positions_unified)
    call("positions_unified cash", lambda: client.positions_unified(venues=["kraken", "okx"], kinds=["fiat", "crypto"]))
    call("positions_unified closed", lambda: client.positions_unified(include_closed=True))

    hedge = call(
        "graph hedge",
        lambda: client.graph(
            [
                client.node("spot", "ETH-USD", "buy", 2, urgency="medium"),
                client.node("hedge", "ETH-USD-PERP", "sell", 2, venue="hyperliquid", instrument_type="perp"),
            ],
            [client.edge("spot", "hedge", trigger="fill_pct", value=0.5)],
        ),
    )
    call("graph_status hedge", lambda: client.graph_status(graph_of(hedge)))
    stop = {"symbol": "BTC-USD", "direction": "below", "reference": "graph_entry_price", "offset_pct": -5.0}
    bracket = call(
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
    call("graph_status bracket", lambda: client.graph_status(graph_of(bracket)))
    call("graph_cancel bracket", lambda: client.graph_cancel(graph_of(bracket)))
    call("graph_status cancelled", lambda: client.graph_status(graph_of(bracket)))
    late = call(
        "graph late",
        lambda: client.graph(
            [client.node("a", "SOL-USD", "buy", 1, limit_price=1.0), client.node("b", "SOL-USD", "buy", 1)],
            [client.edge("a", "b", trigger={"on_timeout": {"ms": 3_600_000}})],
        ),
    )
    call("graph_resume", lambda: client.graph_resume(graph_of(late)))
    resting = call("buy to amend", lambda: client.buy("BTC-USD", 10, venue="kraken", limit_price=100.0))
    resting_id = f"graph:{graph_of(resting)}:order:1"
    call("amend", lambda: client.amend(resting_id, new_price=101.0, new_qty=8))
    call("order amended", lambda: client.order(resting_id))
    call("decrease", lambda: client.decrease(resting_id, 3))
    call("order decreased", lambda: client.order(resting_id))
    call("batch cancel", lambda: client.batch("kraken").cancel(resting_id).sell_limit("SOL-USD", 0.5, 9e5).end())
    call("order batch cancelled", lambda: client.order(resting_id))
    call("buy on kraken", lambda: client.buy("BTC-USD", 1, venue="kraken", limit_price=100.0))
    call("cancel_all_on_venue", lambda: client.cancel_all_on_venue("kraken"))
    call("kill_switch_engage", client.kill_switch_engage)
    call("risk_limits engaged", client.risk_limits)
    call("buy while engaged", lambda: client.buy("ETH-USD", 1))
    call("kill_switch_clear", client.kill_switch_clear)
    call("buy once cleared", lambda: client.buy("ETH-USD", 1))
    call("redeem kalshi", lambda: client.redeem("KXBTCZ-26DEC31-T99000", "kalshi"))
    call("redeem polymarket", lambda: client.redeem("fed-decision-in-october", "polymarket"))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        for name in ("balances", "positions", "perp_positions", "portfolio"):
            call(name, getattr(client, name))
    sys.stdout.write(json.dumps(results))


if __name__ == "__main__":
    main(*sys.argv[1:])
