"""Nothing appears and nothing vanishes: whatever trades, closes, resolves, is redeemed, funded, reset or restarted."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from sequence_markets.sandbox.exchange import Exchange, Refusal
from sequence_markets.sandbox.journal import Journal, SqliteStore
from sequence_markets.sandbox.market import SyntheticMarket

from .support import PERP, SECOND, SEED, START_NS

MARKET = SyntheticMarket(seed=SEED)
ONE = 10**8
STANDING = ("rain-in-oslo-friday", "KXRAIN-26NOV27-OSL", "ice-hockey-world-champion-2027-canada")
SERIES = (("btc-updown-5m-{}", 300), ("eth-updown-15m-{}", 900))
PERPS = (("hyperliquid", PERP), ("binance", "BTC-USD-PERP"), ("okx", PERP))
clients = st.integers(0, 1)
sizes = st.integers(1, 4_000_000_000)


class ConservationMachine(RuleBasedStateMachine):
    """Two accounts on prediction markets that come and go, and on perps that are funded."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.path = self.folder / "journal.db"
        self.exchange = self._open()
        self.clients: list[str] = []
        self.sent = 0
        self.read = 0
        self.held: Counter[str] = Counter()

    def _open(self) -> Exchange:
        return Exchange(MARKET, seed=SEED, start_ns=START_NS, journal=Journal(SqliteStore(self.path)))

    def teardown(self) -> None:
        self.exchange.close()
        shutil.rmtree(self.folder)

    @initialize()
    def begin(self) -> None:
        self.clients = [self.exchange.account_for(str(n) * 64, "test") for n in range(2)]
        # Something to decide and something to fund in every run, and little money where it is funded.
        for number, client in enumerate(self.clients):
            rows: list[dict[str, object]] = []
            for venue, perp in PERPS:
                rows.append(
                    {"venue": venue, "kind": "perp", "symbol": perp, "qty": 4 - 7 * number, "entry_price_usd": 3000}
                )
            rows.append({"venue": "okx", "kind": "crypto", "symbol": "USDT", "qty": 5})
            for name in (*STANDING, *(self.market(pick) for pick in (23, 24))):
                event = self.exchange.market.events.find(name, START_NS)
                assert event is not None
                held: dict[str, object] = {"venue": event.venue, "kind": "event_contract", "qty": 3}
                rows.extend({**held, "symbol": symbol} for symbol in (event.yes, event.no)[number:])
            self.exchange.sandbox_set_positions(client, {"positions": rows})

    def market(self, pick: int) -> str:
        """A standing market, or one of a series around now: closed, trading, or coming up."""
        if pick % 5 < 3:
            return STANDING[pick % 3]
        name, length = SERIES[pick % 2]
        window = self.exchange.now_ns // SECOND // length * length
        return name.format(window + (pick // 10 % 4 - 2) * length)

    def symbol(self, pick: int, no: bool) -> str | None:
        event = self.exchange.market.events.find(self.market(pick), self.exchange.now_ns)
        return None if event is None else event.no if no else event.yes

    def submit(
        self, client: int, symbol: str, side: str, qty: int, limit: int | None, venue: str | None = None
    ) -> None:
        self.sent += 1
        node = {
            "node_id": "n",
            "instrument": {"symbol": symbol, "venue": venue},
            "side": side,
            "order_type": "market" if limit is None else {"limit": {"price_1e9": limit * 10**7}},
            "quantity": {"fixed": {"qty_1e8": qty}},
        }
        self.exchange.submit(self.clients[client], {"nodes": [node], "edges": [], "graph_id": f"g{self.sent}"})

    @rule(
        client=clients,
        pick=st.integers(0, 99),
        no=st.booleans(),
        side=st.sampled_from(["buy", "buy", "sell"]),
        qty=sizes,
        limit=st.none() | st.integers(1, 99),
    )
    def trade_an_outcome(self, client: int, pick: int, no: bool, side: str, qty: int, limit: int | None) -> None:
        symbol = self.symbol(pick, no)
        if symbol is not None:
            self.submit(client, symbol, side, qty, limit)

    @rule(
        client=clients, perp=st.sampled_from(PERPS), side=st.sampled_from(["buy", "sell"]), qty=st.integers(1, 9 * ONE)
    )
    def trade_a_perp(self, client: int, perp: tuple[str, str], side: str, qty: int) -> None:
        self.submit(client, perp[1], side, qty, None, perp[0])

    @rule(client=clients, pick=st.integers(0, 99), no=st.booleans(), qty=st.integers(0, 50))
    def write_contracts(self, client: int, pick: int, no: bool, qty: int) -> None:
        symbol = self.symbol(pick, no)
        if symbol is not None:
            venue = "kalshi" if symbol.startswith("KX") else "polymarket"
            row = {"venue": venue, "kind": "event_contract", "symbol": symbol, "qty": qty, "entry_price_usd": 0.3}
            with contextlib.suppress(Refusal):
                self.exchange.sandbox_set_positions(self.clients[client], {"positions": [row]})

    @rule(client=clients, perp=st.sampled_from(PERPS), qty=st.integers(-30, 30))
    def write_a_perp(self, client: int, perp: tuple[str, str], qty: int) -> None:
        row = {"venue": perp[0], "kind": "perp", "symbol": perp[1], "qty": qty / 8, "entry_price_usd": 3000}
        self.exchange.sandbox_set_positions(self.clients[client], {"positions": [row]})

    @rule(pick=st.integers(0, 99), first=st.booleans())
    def resolve(self, pick: int, first: bool) -> None:
        with contextlib.suppress(Refusal):
            self.exchange.resolve_market(self.market(pick), "Yes" if first else "No")

    @rule(client=clients, pick=st.integers(0, 99))
    def redeem(self, client: int, pick: int) -> None:
        symbol = self.symbol(pick, False)
        if symbol is not None:
            venue = "kalshi" if symbol.startswith("KX") else "polymarket"
            self.exchange.redeem(self.clients[client], symbol, venue)

    @rule(client=clients, wait=st.sampled_from([0, 60, 120, 900]))
    def redeem_everything(self, client: int, wait: int) -> None:
        for venue, kind, asset in list(self.exchange.state.accounts[self.clients[client]].positions):
            if kind == "event_contract":
                self.exchange.redeem(self.clients[client], asset, venue)
        self.advance(wait)

    @rule(perp=st.sampled_from(PERPS), hours=st.integers(0, 9), rate=st.integers(-(10**7), 10**7))
    def script_funding(self, perp: tuple[str, str], hours: int, rate: int) -> None:
        self.exchange.set_funding(perp[1], perp[0], [(self.exchange.now_ns + hours * 3600 * SECOND, rate)])

    @rule(perp=st.sampled_from(PERPS), mid=st.integers(500, 9000))
    def script_price(self, perp: tuple[str, str], mid: int) -> None:
        self.exchange.set_price(perp[1], mid * 10**9)

    @rule(jump=st.sampled_from([1, 30, 60, 120, 299, 300, 900, 3_600, 3_600, 9 * 3_600, 9 * 3_600]))
    def advance(self, jump: int) -> None:
        self.exchange.advance_to(self.exchange.now_ns + jump * SECOND)

    @rule(client=clients)
    def cancel_everything(self, client: int) -> None:
        for venue in ("kalshi", "polymarket"):
            self.exchange.cancel_all_on_venue(self.clients[client], venue)

    @rule(client=clients)
    def reset_account(self, client: int) -> None:
        self.exchange.sandbox_reset(self.clients[client])

    @rule()
    def restart(self) -> None:
        state = self.exchange.state
        self.exchange.close()
        self.exchange = self._open()
        assert self.exchange.state == state

    @invariant()
    def nothing_appears_and_nothing_vanishes(self) -> None:
        """Read off the balances and the journal alone, without the ledger's own words."""
        self.exchange.check_invariants()
        everywhere: Counter[str] = Counter()
        held: Counter[str] = Counter()
        for (account, asset), amount in self.exchange.state.ledger.balances.items():
            everywhere[asset] += amount
            if account != "issuance":
                held[asset] += amount
        assert not any(everywhere.values())
        kinds = {str(record["type"]) for record in self.exchange.journal.records(self.read)}
        self.read = len(self.exchange.journal)
        if not kinds & {"account_opened", "account_reset", "position_set"}:
            assert held == self.held
        self.held = held


TestConservation = ConservationMachine.TestCase
TestConservation.settings = settings(
    max_examples=30,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
