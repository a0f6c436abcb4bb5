"""Small words for the tests of the trading core."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

from sequence_markets.sandbox.exchange import Exchange
from sequence_markets.sandbox.journal import Journal
from sequence_markets.sandbox.market import SyntheticMarket
from sequence_markets.units import price_to_1e9, qty_to_1e8

START_NS = 1_767_571_200 * 10**9
SECOND = 10**9
SEED = 7
KALSHI = "KXBTCZ-26DEC31-T99000"
PERP = "ETH-USD-PERP"

Human = tuple[str, str]
Row = dict[str, object]


def levels(*pairs: Human) -> list[tuple[int, int]]:
    """Levels from human (price, size)."""
    return [(price_to_1e9(price), qty_to_1e8(size)) for price, size in pairs]


def exchange(journal: Journal | None = None) -> Exchange:
    """A new exchange over the synthetic market."""
    return Exchange(SyntheticMarket(seed=SEED), seed=SEED, start_ns=START_NS, journal=journal)


class Disk:
    """A journal store in memory that can run full."""

    full = False

    def load(self) -> list[str]:
        """Nothing: a new disk is empty."""
        return []

    def append(self, batch: str) -> None:
        """Keep a batch, unless the disk is full."""
        if self.full:
            raise OSError("no space left on device")

    def replace(self, batch: str) -> None:
        """Begin again."""

    def close(self) -> None:
        """Nothing to let go of."""


class Trader:
    """One account of an exchange, in human units."""

    def __init__(self, venue: Exchange | None = None, key: str = "a") -> None:
        self.exchange = exchange() if venue is None else venue
        self.client = self.exchange.account_for(key * 64, "test")
        self._count = 0
        self._key = key

    def book(
        self,
        bids: Iterable[Human] = (),
        asks: Iterable[Human] = (),
        *,
        symbol: str = "BTC-USD",
        venue: str = "kraken",
    ) -> None:
        """Script a book."""
        self.exchange.set_book(symbol, venue, levels(*bids), levels(*asks))

    def print(self, side: str, price: str, qty: str, *, symbol: str = "BTC-USD", venue: str = "kraken") -> None:
        """Script a trade by an aggressor on `side`."""
        self.exchange.print_trade(
            symbol, venue, "buy" if side == "buy" else "sell", price_to_1e9(price), qty_to_1e8(qty)
        )

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.exchange.advance_to(self.exchange.now_ns + round(seconds * SECOND))

    def place(
        self,
        side: str,
        qty: str,
        limit: str | None = None,
        *,
        symbol: str = "BTC-USD",
        venue: str | None = None,
        **execution: object,
    ) -> str:
        """Submit an order and return its id."""
        self._count += 1
        graph_id = f"graph_{self._key}{self._count}"
        self.exchange.submit(
            self.client, body(side, qty, limit, symbol=symbol, venue=venue, graph_id=graph_id, **execution)
        )
        return f"graph:{graph_id}:order:1"

    def order(self, order_id: str) -> Row:
        """The order's row."""
        return self.exchange.order(self.client, order_id)

    def status(self, order_id: str) -> object:
        """The order's status."""
        return self.order(order_id)["status"]

    def filled(self, order_id: str) -> int:
        """What the order filled, in 1e-8."""
        return cast("int", self.order(order_id)["filled_qty_1e8"])

    def reason(self, order_id: str) -> object:
        """Why the order ended as it did."""
        return self.order(order_id)["failure_reason"]

    def graph(self, order_id: str) -> object:
        """The status of the order's graph."""
        return self.exchange.graph_status(self.client, order_id.split(":")[1])["status"]

    def fills(self, order_id: str | None = None) -> list[Row]:
        """The fills, oldest first."""
        answer = self.exchange.fills(self.client, limit=500, node_order_id=order_id)
        return list(reversed(cast("list[Row]", answer["fills"])))

    def traded(self, order_id: str) -> list[tuple[str, int, int]]:
        """(venue, price_1e9, qty_1e8) of each fill, oldest first."""
        return [
            (cast("str", row["venue"]), cast("int", row["price_1e9"]), cast("int", row["qty_1e8"]))
            for row in self.fills(order_id)
        ]

    def position(self, venue: str, name: str) -> Row:
        """One row, by the last word that names what is held; an empty dict when there is none."""
        answer = self.exchange.positions(self.client, venues=[venue], include_closed=True)
        for row in cast("list[Row]", answer["positions"]):
            instrument = cast("Mapping[str, object]", row["instrument"])
            if name in instrument.values():
                return row
        return {}

    def held(self, venue: str, name: str) -> int:
        """What is locked of one thing at a venue, in 1e-8."""
        return cast("int", self.position(venue, name)["locked_qty_1e8"])

    def amount(self, venue: str, name: str) -> int:
        """How much of one thing is at a venue, in 1e-8."""
        return cast("int", self.position(venue, name).get("qty_1e8", 0))

    def total(self, name: str) -> int:
        """One of the totals."""
        totals = cast("Mapping[str, int]", self.exchange.positions(self.client)["totals"])
        return totals[name]

    def fund(self, **rows: object) -> None:
        """Write one position row."""
        self.exchange.sandbox_set_positions(self.client, {"positions": [rows]})


def body(
    side: str,
    qty: str,
    limit: str | None = None,
    *,
    symbol: str = "BTC-USD",
    venue: str | None = None,
    graph_id: str | None = None,
    **execution: object,
) -> dict[str, object]:
    """A one-node graph as the client sends it."""
    kind = "perp" if symbol.endswith("-PERP") else "spot"
    price: object = "market" if limit is None else {"limit": {"price_1e9": price_to_1e9(limit)}}
    node = {
        "node_id": "order",
        "instrument": {"symbol": symbol, "type": kind, "venue": venue},
        "side": side,
        "order_type": price,
        "quantity": {"fixed": {"qty_1e8": qty_to_1e8(qty)}},
        "execution": execution,
        "activation": "root",
    }
    answer: dict[str, object] = {"nodes": [node], "edges": [], "is_sandbox": False}
    if graph_id is not None:
        answer["graph_id"] = graph_id
    return answer


def usd(text: str) -> int:
    """Dollars in 1e-9."""
    return price_to_1e9(text, allow_zero=True, allow_negative=True)


def units(text: str) -> int:
    """A quantity in 1e-8."""
    return qty_to_1e8(text, allow_zero=True, allow_negative=True)
