"""What the sandbox leaves out, in words, so that nobody takes its silence for a promise."""

from __future__ import annotations

from typing import Final

NOT_MODELLED: Final[tuple[str, ...]] = (
    "impact: other participants do not react to your orders; only the displayed size you took is gone",
    "hidden and iceberg liquidity",
    "cancellations ahead of you in the queue: a resting order moves up only when displayed size trades",
    "trading between accounts: your resting orders are not displayed and are met by the market only",
    "venue latency, unless the account sets latency_ms: orders reach their venue at the instant they are submitted",
    "venue outages, halts and rejections",
    "minimum order sizes and lot sizes",
    "liquidation and maintenance margin of perps",
    "transfers between venues, deposits and withdrawals",
    "disputed, voided and partly paid prediction markets; splitting and merging of YES and NO",
    "a depeg: USD, USDC and USDT are each worth exactly one US dollar",
    "mesh messages, cross-venue snapshots and amends of algos: what asks for them is named as not supported",
    "isolation of hosted strategies: with run_strategies their code runs under limits, but as the user of the sandbox",
    "placement and risk settings of hosted strategies: they are kept and shown, and nothing is made of them",
    "other routing versions: every order is routed by landed cost, and nothing else competes with it",
    "real trading: an order sent with a seq_live_ key is a paper order as well",
)
