"""Deploy a market maker and a momentum taker on a local exchange, let them trade for two hours, and read what they did.

Both are written in the text form of WebAssembly, beside this file. What the sandbox runs them with assembles them.
"""

from __future__ import annotations

import random
from pathlib import Path
from tempfile import TemporaryDirectory

from wasmtime import wat2wasm

from sequence_markets import Sequence
from sequence_markets.sandbox import Sandbox

HERE = Path(__file__).parent
RAIN = "KXRAIN-26NOV27-OSL"


def assemble(name: str, folder: Path) -> Path:
    """Assemble a text module and return where it lies."""
    module = folder / f"{name}.wasm"
    module.write_bytes(wat2wasm((HERE / f"{name}.wat").read_text()))
    return module


def trade(sandbox: Sandbox) -> None:
    """Let two hours pass: a market that wanders, and takers that come and go."""
    chance = random.Random(7)
    cents, price = 40, 100_000
    for _ in range(240):
        cents = min(90, max(10, cents + chance.choice((-1, 0, 0, 1))))
        price += chance.choice((-60, -20, 0, 25, 60))
        bid, ask = f"0.{cents}", f"0.{cents + 2}"
        sandbox.set_book(RAIN, "kalshi", bids=[(bid, 40)], asks=[(ask, 40)])
        sandbox.set_book("BTC-USD", "kraken", bids=[(price - 5, 2)], asks=[(price + 5, 2)])
        side = chance.choice(("buy", "sell"))
        sandbox.trade(RAIN, "kalshi", side, ask if side == "buy" else bid, chance.randint(1, 60))
        sandbox.advance(seconds=30)


def report(seq: Sequence, symbol: str) -> None:
    """Print the books of an algo and the last line it wrote."""
    algo = seq.algo(symbol)
    for edge in algo.edges or ():
        print(f"{symbol} on {edge.edge_id}: {edge.status}, {edge.update_count} updates, {edge.fill_count} fills")
        print(f"  position {edge.position:f}, realized {edge.realized_pnl:.2f} USD, fees {edge.fees:.2f} USD")
    for line in seq.algo_logs_by_symbol(symbol).lines[:1]:
        print(f"  last wrote: {line.message}")


def main() -> None:
    with TemporaryDirectory() as folder, Sandbox(seed=7) as sandbox, sandbox.client() as seq:
        sandbox.set_book(RAIN, "kalshi", bids=[("0.40", 40)], asks=[("0.42", 40)])
        sandbox.set_book("BTC-USD", "kraken", bids=[(99_995, 2)], asks=[(100_005, 2)])
        maker = seq.deploy_algo("maker", assemble("market_maker", Path(folder)), [RAIN])
        taker = seq.deploy_algo("taker", assemble("momentum", Path(folder)), ["BTC-USD"])
        trade(sandbox)
        report(seq, RAIN)
        report(seq, "BTC-USD")
        for deployed in (maker, taker):
            seq.algo_stop(deployed.deployment_id)
            print(f"{deployed.name} is {seq.algo_status(deployed.deployment_id).status}")


if __name__ == "__main__":
    main()
