"""Random orders on random books, and the little arithmetic that the tests do again for themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from hypothesis import strategies as st

from sequence_markets.sandbox.analysis.reports import TcaReport, tca_report
from sequence_markets.sandbox.exchange import Exchange
from sequence_markets.sandbox.instruments import Side
from sequence_markets.sandbox.market import SyntheticMarket
from sequence_markets.sandbox.trading.state import Account, Order
from tests.sandbox.trading.support import KALSHI, SEED, START_NS, Row

MARKET = SyntheticMarket(seed=SEED)
TICK = 10_000_000
VENUES = {
    # symbol: (venues, middle in ticks)
    "BTC-USD": (("kraken", "coinbase", "binance"), 1_000),
    "ETH-USD-PERP": (("hyperliquid", "binance"), 500),
    KALSHI: (("kalshi",), 50),
}


def desk() -> Exchange:
    """A new exchange over one shared market, whose caches the examples share."""
    return Exchange(MARKET, seed=SEED, start_ns=START_NS)


def client(exchange: Exchange, key: str = "a") -> str:
    """An account with something of everything to sell."""
    name = exchange.account_for(key * 64, "test")
    coin: dict[str, object] = {"kind": "crypto", "symbol": "BTC", "qty": 1_000, "entry_price_usd": 1}
    rows: list[dict[str, object]] = [{**coin, "venue": venue} for venue in VENUES["BTC-USD"][0]]
    contract: dict[str, object] = {"venue": "kalshi", "kind": "event_contract", "qty": 10_000, "entry_price_usd": 0.5}
    rows += [{**contract, "symbol": symbol} for symbol in (KALSHI, f"{KALSHI}:NO")]
    exchange.sandbox_set_positions(name, {"positions": rows})
    return name


@dataclass(frozen=True)
class Book:
    """A book in ticks from the middle: how far the touch is, and the sizes outwards."""

    shift: int
    half: int
    bids: tuple[int, ...]
    asks: tuple[int, ...]


sizes = st.lists(st.integers(1, 10**9), min_size=0, max_size=4).map(tuple)
books = st.builds(Book, st.integers(-4, 4), st.integers(1, 3), sizes, sizes)
layouts = st.lists(books, min_size=3, max_size=3)


def script(exchange: Exchange, symbol: str, layout: Sequence[Book]) -> None:
    """Write the books of all venues of a symbol."""
    venues, middle = VENUES[symbol]
    for venue, book in zip(venues, layout, strict=False):
        at = middle + book.shift
        bids = [((at - book.half - n) * TICK, size) for n, size in enumerate(book.bids)]
        asks = [((at + book.half + n) * TICK, size) for n, size in enumerate(book.asks)]
        exchange.set_book(symbol, venue, bids, asks)


@dataclass(frozen=True)
class Wish:
    """An order somebody may want."""

    symbol: str
    side: Side
    qty: int
    limit: int | None
    policy: str
    urgency: str
    tif: str
    horizon_ms: int | None
    pin: bool

    def body(self, graph_id: str) -> dict[str, object]:
        """The order as it is sent."""
        plain = self.symbol.removesuffix(":NO")
        venues, middle = VENUES[plain]
        if plain != self.symbol:
            middle = 100 - middle
        node = {
            "node_id": "order",
            "instrument": {"symbol": self.symbol, "venue": venues[0] if self.pin else None},
            "side": self.side,
            "order_type": "market" if self.limit is None else {"limit": {"price_1e9": (middle + self.limit) * TICK}},
            "quantity": {"fixed": {"qty_1e8": self.qty}},
            "execution": {
                "policy": self.policy,
                "urgency": self.urgency,
                "tif": self.tif if self.policy in ("sor", "ioc_sweep") else "GTC",
                "horizon_ms": self.horizon_ms,
            },
        }
        return {"nodes": [node], "edges": [], "graph_id": graph_id}


sides: st.SearchStrategy[Side] = st.sampled_from(("buy", "sell"))
wishes = st.builds(
    Wish,
    st.sampled_from([*VENUES, f"{KALSHI}:NO"]),
    sides,
    st.integers(1, 4 * 10**9),
    st.none() | st.integers(-5, 5),
    st.sampled_from(["sor", "sor", "ioc_sweep", "passive_limit", "aggressive_chase", "passive_ladder", "time_drip"]),
    st.sampled_from(["low", "medium", "high"]),
    st.sampled_from(["GTC", "GTC", "IOC"]),
    st.none() | st.sampled_from([50, 1_500, 12_000]),
    st.booleans(),
)


def orders_of(exchange: Exchange, name: str) -> list[Order]:
    """The orders of an account, oldest first."""
    return [exchange.state.orders[number] for number in account_of(exchange, name).orders.values()]


def account_of(exchange: Exchange, name: str) -> Account:
    return exchange.state.accounts[name]


def report_of(exchange: Exchange, order: Order) -> TcaReport:
    """The report of an order that must have one."""
    report = tca_report(exchange.desk, order)
    assert report is not None
    return report


def fill_rows(exchange: Exchange, name: str, order_id: str | None = None) -> list[Row]:
    """The fills as the API lists them, oldest first."""
    found: list[Row] = []
    while True:
        answer = exchange.fills(name, limit=500, offset=len(found), node_order_id=order_id)
        found += cast("list[Row]", answer["fills"])
        if not answer["has_more"]:
            return found[::-1]


def number(row: Row, name: str) -> int:
    return cast("int", row[name])
