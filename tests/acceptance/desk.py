"""A client on a scripted market, in the words of the tests of recipes."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sequence_markets import Graph, GraphStatus, Sequence
from sequence_markets.models import CryptoInstrument, EventContractInstrument, PerpInstrument
from sequence_markets.sandbox import Sandbox

Row = tuple[str, str]
DOLLARS = ("USD", "USDC", "USDT")


def amount(value: object) -> str:
    """A number without the zeros at its end."""
    text = f"{Decimal(str(value)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(slots=True)
class Desk:
    """One account that runs one graph; whatever is asked of it, every rule of the exchange is checked first."""

    sandbox: Sandbox
    seq: Sequence
    symbol: str = "BTC-USD"
    venue: str = "kraken"
    graph_id: str = ""
    began_ns: int = 0

    def book(self, bid: object, ask: object, size: object = 100, *, symbol: str = "", venue: str = "") -> None:
        """Quote one price on each side, the same size at both."""
        self.sandbox.set_book(
            symbol or self.symbol, venue or self.venue, bids=[(str(bid), str(size))], asks=[(str(ask), str(size))]
        )

    def mid(self, price: object, spread: object = 2, size: object = 100) -> None:
        """Quote around a price."""
        half = Decimal(str(spread)) / 2
        self.book(Decimal(str(price)) - half, Decimal(str(price)) + half, size)

    def send(self, graph: Graph) -> str:
        """Send a graph, and return the state it is acknowledged in."""
        self.began_ns = self.sandbox.now_ns
        answer = self.seq.graph(graph, sandbox=True)
        self.graph_id = answer.graph_id
        return answer.status

    def cancel(self) -> None:
        self.seq.graph_cancel(self.graph_id)

    @property
    def status(self) -> GraphStatus:
        self.sandbox.check_invariants()
        return self.seq.graph_status(self.graph_id)

    @property
    def state(self) -> str:
        return self.status.status

    def nodes(self) -> dict[str, Row]:
        """State and filled quantity of every node."""
        return {name: (each.status, amount(each.filled_qty)) for name, each in self.status.nodes.items()}

    def edges(self) -> dict[str, tuple[str, int | None]]:
        """State of every edge, and how often it fired."""
        return {name: (each.status, each.fire_count) for name, each in self.status.edges.items()}

    def positions(self) -> dict[str, str]:
        """What is held besides dollars, by name."""
        found: dict[str, str] = {}
        for position in self.seq.positions_unified().positions:
            match position.instrument:
                case CryptoInstrument(symbol=name) if name in DOLLARS:
                    continue
                case CryptoInstrument(symbol=name) | PerpInstrument(symbol=name):
                    found[name] = amount(position.qty)
                case EventContractInstrument():
                    found["event"] = amount(position.qty)
                case _:
                    pass
        return found

    def fills(self, node_id: str) -> list[Row]:
        """Quantity and price of the fills of a node, oldest first."""
        return [
            (amount(fill.qty), amount(fill.price))
            for fill in reversed(list(self.seq.iter_fills()))
            if fill.node_order_id.split(":")[1:3] == [self.graph_id, node_id]
        ]

    def seconds(self) -> Decimal:
        """Sandbox seconds since the graph was sent."""
        return Decimal(self.sandbox.now_ns - self.began_ns) / 10**9
