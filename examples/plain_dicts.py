"""Code that was written against plain dicts runs unchanged: subscripts, ``.get``, ``in`` and iteration.

Runs on a local exchange of its own: ``python examples/plain_dicts.py``.
"""

from __future__ import annotations

from sequence_markets import Sequence
from sequence_markets.sandbox import Sandbox


def report(seq: Sequence) -> list[str]:
    """Return lines about the market and the account, read through subscripts only."""
    lines: list[str] = []
    batch = seq.quotes_batch(["BTC-USD", "ETH-USD", "no such symbol"], depth=1)
    for q in batch["quotes"]:
        if "error" in q:
            lines.append(f"{q['symbol']}: {q['error']}")
            continue
        lines.append(f"{q['symbol']}: {q['nbbo']['bid']} / {q['nbbo']['ask']}")
    graph = seq.buy("BTC-USD", 0.1)
    order = seq.order(f"graph:{graph['graph_id']}:order:1")
    lines.append(f"{order['side']} {order['qty_1e8'] / 1e8} {order['status']} {order.get('failure_reason')}")
    resp = seq.positions_unified()
    lines.append(f"NAV = ${resp['totals']['nav_usd_1e9'] / 1e9:,.2f}")
    return lines


def main() -> None:
    """Print the report of a local exchange."""
    with Sandbox(seed=7) as sandbox, sandbox.client() as seq:
        print("\n".join(report(seq)))


if __name__ == "__main__":
    main()
