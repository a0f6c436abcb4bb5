"""What type checkers must refuse in the two clients: every line marked with an error, and no other. Never run."""

from __future__ import annotations

from typing import Any

from sequence_markets import AsyncSequence, Sequence


def see(_value: Any) -> None: ...


def blocking(seq: Sequence) -> None:
    seq.buy("X", 1, prise=3)  # error: prise
    seq.buy("X", 1, limit_prise=3)  # error: limit_prise
    seq.buy("X")  # error: qty
    seq.buy("X", None)  # error: None
    seq.buy("X", [1])  # error: list
    seq.buy("X", 1, "kraken")  # error: positional
    seq.buy("X", 1, tif="DAY")  # error: tif
    seq.sell("X", 1, urgency="urgent")  # error: urgency
    seq.sell("X", 1, policy="twap")  # error: policy
    seq.sell("X", 1, max_slippage_bps=1.5)  # error: max_slippage_bps
    seq.quote(5)  # error: str
    seq.quote("X", "deep")  # error: int
    see(seq.quote("X").nbo)  # error: nbo
    see(seq.quote("X").nbbo.bid.upper())  # error: upper
    seq.positions_unified(kind=["perp"])  # error: kind
    see([each.price for each in seq.orders()])  # error: price
    seq.qoute("X")  # error: qoute
    seq.node("a", "X", "hold", 1)  # error: hold
    seq.node("a", "X", "buy", 1, polcy="sor")  # error: polcy
    seq.edge("a", "b", "on_whim")  # error: on_whim
    seq.edge("a", "b", sizing="half")  # error: half
    seq.graph(["a"])  # error: list
    seq.graph([], graphid="g")  # error: graphid
    seq.wait("g", 7)  # error: wait
    see(seq.graph_status("g").nodes["a"].filled)  # error: filled
    seq.amend("o", prise=3)  # error: prise
    seq.batch("kraken").buy("X", qt=2)  # error: qt
    see(seq.batch("kraken").end().respones)  # error: respones
    Sequence("key", url="http://x")  # error: url
    Sequence("key", on_invalid="ignore")  # error: on_invalid


async def awaited(seq: AsyncSequence) -> None:
    see(seq.quote("X").nbbo)  # error: nbbo
    await seq.buy("X", 1, prise=3)  # error: prise
    seq.buy("X", 1)  # error: use
    await seq.iter_orders()  # error: AsyncIterator
    for order in seq.iter_orders():  # error: __iter__
        see(order)
    with seq:  # error: __enter__
        pass
    see((await seq.quote("X")).nbbo.bidd)  # error: bidd
    await seq.buy("X", None)  # error: None
