"""Random commands, clock jumps, resets and restarts keep every rule, after every single step."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from sequence_markets.sandbox.exchange import Exchange, Refusal
from sequence_markets.sandbox.journal import Journal, SqliteStore
from sequence_markets.sandbox.market import SyntheticMarket

from .support import KALSHI, PERP, SECOND, SEED, START_NS

MARKET = SyntheticMarket(seed=SEED)

SYMBOLS = {
    # symbol: (venues, middle in ticks, tick in 1e-9, sizes up to)
    "BTC-USD": (("kraken", "coinbase", "binance"), 1000, 10_000_000, 4 * 10**8),
    PERP: (("hyperliquid", "binance"), 500, 10_000_000, 4 * 10**8),
    KALSHI: (("kalshi",), 50, 10_000_000, 50 * 10**8),
    f"{KALSHI}:NO": (("kalshi",), 50, 10_000_000, 50 * 10**8),
}
symbols = st.sampled_from(sorted(SYMBOLS))
offsets = st.integers(-6, 6)
sizes = st.integers(1, 400)
clients = st.integers(0, 1)


class TradingMachine(RuleBasedStateMachine):
    """Two small accounts trading against scripted books; small, so that money runs out."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.path = self.folder / "journal.db"
        self.exchange = self._open()
        self.graphs: list[tuple[str, str]] = []
        self.clients: list[str] = []

    def _open(self) -> Exchange:
        return Exchange(MARKET, seed=SEED, start_ns=START_NS, journal=Journal(SqliteStore(self.path)))

    def teardown(self) -> None:
        self.exchange.close()
        shutil.rmtree(self.folder)

    @initialize()
    def begin(self) -> None:
        self.clients = [self.exchange.account_for(str(n) * 64, "test") for n in range(2)]
        balances = [
            {"venue": venue, "asset": asset, "qty": 300}
            for venue, asset in (
                ("kraken", "USD"),
                ("coinbase", "USD"),
                ("binance", "USDT"),
                ("hyperliquid", "USDC"),
                ("kalshi", "USD"),
            )
        ]
        for client in self.clients:
            self.exchange.put_sandbox_settings(client, {"default_balances": balances})
            self.exchange.sandbox_reset(client)
        for symbol, (venues, middle, tick, _) in SYMBOLS.items():
            if not symbol.endswith(":NO"):
                for venue in venues:
                    self.exchange.set_book(
                        symbol,
                        venue,
                        [((middle - n) * tick, 10**8 * n) for n in (1, 2, 4)],
                        [((middle + n) * tick, 10**8 * n) for n in (1, 2, 4)],
                    )

    @rule(
        client=clients,
        symbol=symbols,
        side=st.sampled_from(["buy", "sell"]),
        size=sizes,
        limit=st.none() | offsets,
        pin=st.booleans(),
        policy=st.sampled_from(
            ["sor", "sor", "ioc_sweep", "passive_limit", "aggressive_chase", "passive_ladder", "time_drip"]
        ),
        urgency=st.sampled_from(["low", "medium", "high"]),
        tif=st.sampled_from(["GTC", "GTC", "IOC", "FOK"]),
        cap=st.none() | st.integers(0, 300),
        horizon=st.none() | st.sampled_from([50, 1_500, 20_000]),
    )
    def order(
        self,
        client: int,
        symbol: str,
        side: str,
        size: int,
        limit: int | None,
        pin: bool,
        policy: str,
        urgency: str,
        tif: str,
        cap: int | None,
        horizon: int | None,
    ) -> None:
        venues, middle, tick, most = SYMBOLS[symbol]
        graph_id = f"g{len(self.graphs)}"
        node = {
            "node_id": "n",
            "instrument": {"symbol": symbol, "venue": venues[0] if pin else None},
            "side": side,
            "order_type": "market" if limit is None else {"limit": {"price_1e9": (middle + limit) * tick}},
            "quantity": {"fixed": {"qty_1e8": size * most // 400 + size % 7}},
            "execution": {
                "policy": policy,
                "urgency": urgency,
                "tif": "GTC" if policy not in ("sor", "ioc_sweep") else tif,
                "max_slippage_bps": cap,
                "horizon_ms": horizon,
            },
        }
        self.exchange.submit(self.clients[client], {"nodes": [node], "edges": [], "graph_id": graph_id})
        self.graphs.append((self.clients[client], graph_id))

    @rule(pick=st.integers(0, 1000))
    def cancel(self, pick: int) -> None:
        if self.graphs:
            self.exchange.cancel_graph(*self.graphs[pick % len(self.graphs)])

    @rule(symbol=symbols, venue=st.integers(0, 2), shift=offsets, bid=sizes, ask=sizes, sides=st.integers(0, 3))
    def script_book(self, symbol: str, venue: int, shift: int, bid: int, ask: int, sides: int) -> None:
        venues, middle, tick, most = SYMBOLS[symbol]
        bids = [((middle + shift - n) * tick, bid * most // 400 + 1) for n in (1, 2, 4)]
        asks = [((middle + shift + n) * tick, ask * most // 400 + 1) for n in (1, 2, 4)]
        self.exchange.set_book(
            symbol, venues[venue % len(venues)], bids if sides != 1 else [], asks if sides != 2 else []
        )

    @rule(symbol=symbols, venue=st.integers(0, 2), shift=offsets, size=sizes, side=st.sampled_from(["buy", "sell"]))
    def trade(self, symbol: str, venue: int, shift: int, size: int, side: str) -> None:
        venues, middle, tick, most = SYMBOLS[symbol]
        self.exchange.print_trade(
            symbol,
            venues[venue % len(venues)],
            "buy" if side == "buy" else "sell",
            (middle + shift) * tick,
            size * most // 200 + 1,
        )

    @rule(jump=st.sampled_from([1, 10**6, 250 * 10**6, SECOND, 7 * SECOND, 90 * SECOND, 86_400 * SECOND]))
    def advance(self, jump: int) -> None:
        self.exchange.advance_to(self.exchange.now_ns + jump)

    @rule(client=clients)
    def reset_account(self, client: int) -> None:
        self.exchange.sandbox_reset(self.clients[client])

    @rule(client=clients, latency=st.sampled_from([0, 75]), slip=st.sampled_from([0, 3]), bps=st.integers(0, 40))
    def change_settings(self, client: int, latency: int, slip: int, bps: int) -> None:
        self.exchange.put_sandbox_settings(
            self.clients[client],
            {
                "latency_ms": {"kalshi": latency},
                "slippage_bps": slip,
                "fees": {"kraken": {"maker_bps": bps // 2, "taker_bps": bps}},
            },
        )

    @rule(client=clients, qty=st.integers(0, 200), kind=st.sampled_from(["USD", "BTC", "perp", "NO"]))
    def write_position(self, client: int, qty: int, kind: str) -> None:
        row: dict[str, object] = {"venue": "kraken", "kind": "crypto", "symbol": kind, "qty": qty / 8}
        if kind == "USD":
            row |= {"kind": "fiat"}
        if kind == "perp":
            row |= {"venue": "hyperliquid", "kind": "perp", "symbol": PERP, "qty": qty - 100, "entry_price_usd": 5}
        if kind == "NO":
            row |= {"venue": "kalshi", "kind": "event_contract", "symbol": f"{KALSHI}:NO", "entry_price_usd": 0.5}
        # Refused when working orders hold more than would be left.
        with contextlib.suppress(Refusal):
            self.exchange.sandbox_set_positions(self.clients[client], {"positions": [row]})

    @rule()
    def restart(self) -> None:
        digest, state = self.exchange.journal.digest(), self.exchange.state
        due = self.exchange.next_due_ns()
        self.exchange.close()
        self.exchange = self._open()
        assert self.exchange.journal.digest() == digest
        assert self.exchange.state == state
        again = self.exchange.next_due_ns()
        assert again is None or due is None or again >= due

    @rule()
    def repeat_last(self) -> None:
        before = self.exchange.journal.digest()
        for client, graph_id in self.graphs[-1:]:
            self.exchange.graph_status(client, graph_id)
            self.exchange.orders(client)
            self.exchange.fills(client)
            self.exchange.positions(client, include_closed=True)
        assert self.exchange.journal.digest() == before

    @invariant()
    def everything_holds(self) -> None:
        self.exchange.check_invariants()


TestTrading = TradingMachine.TestCase
TestTrading.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
