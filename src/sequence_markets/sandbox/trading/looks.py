"""What a graph watches in the market: the prices its edges wait for, and its runtime risk limits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sequence_markets.sandbox.instruments import Instrument
from sequence_markets.sandbox.trading.desk import NEVER, Desk
from sequence_markets.sandbox.trading.graphs import Edge, Graph, Node

__all__ = ["breached", "next_look", "reached", "watched_symbols"]

_E18: Final = 10**18
_HUNDRED: Final = 100 * _E18
_MOST_KNOWN: Final = 1000


def _doubled_mid(desk: Desk, symbol: str) -> int:
    """Twice the middle of the quoted best bid and ask over all venues; 0 when a side is missing."""
    known = desk.mids.get(symbol)
    if known is not None and known[0] == desk.now_ns:
        return known[1]
    bid = ask = 0
    for venue in desk.market.venues(symbol):
        book = desk.net_book(symbol, venue)
        if book is None:
            continue
        if book.bids:
            bid = max(bid, book.bids[0][0])
        if book.asks:
            ask = min(ask or book.asks[0][0], book.asks[0][0])
    found = bid + ask if bid and ask else 0
    desk.mids[symbol] = desk.now_ns, found
    return found


def _threshold(graph: Graph, edge: Edge) -> tuple[int, int]:
    """The price an edge waits for, as a fraction."""
    spec = edge.spec
    source = graph.nodes[edge.source]
    reference = spec.reference_1e9 or source.notional // source.filled
    part = _HUNDRED + spec.offset_1e18 if spec.direction == "above" else _HUNDRED - spec.offset_1e18
    return reference * part, _HUNDRED


def reached(desk: Desk, graph: Graph, edge: Edge) -> bool:
    """Whether the quoted mid stands where an edge waits for it; a mid exactly there counts."""
    doubled = _doubled_mid(desk, edge.spec.symbol)
    if not doubled:
        return False
    price, unit = _threshold(graph, edge)
    return doubled * unit >= 2 * price if edge.spec.direction == "above" else doubled * unit <= 2 * price


def _open(graph: Graph) -> Iterator[tuple[Node, int]]:
    """The nodes that trade themselves, with the sign of their side."""
    for node in graph.nodes:
        if node.filled and not node.slices:
            yield node, 1 if node.spec.side == "buy" else -1


def _sums(graph: Graph) -> tuple[dict[str, int], int]:
    """Quantity per symbol, and cash after fees in 1e-17 dollars."""
    quantities: dict[str, int] = {}
    cash = 0
    for node, sign in _open(graph):
        quantities[node.spec.symbol] = quantities.get(node.spec.symbol, 0) + sign * node.filled
        cash -= sign * node.notional + node.fees * 10**9
    return {symbol: qty for symbol, qty in quantities.items() if qty}, cash


def _doubled_mark(desk: Desk, symbol: str) -> int:
    return _doubled_mid(desk, symbol) or 2 * (desk.market.reference_price(symbol, desk.now_ns) or 0)


def breached(desk: Desk, graph: Graph) -> str:
    """The runtime rule that a graph breaks now, or ""."""
    risk = graph.risk
    if risk.max_unhedged >= 0:
        net: dict[str, int] = {}
        for node, sign in _open(graph):
            instrument = desk.market.catalogue.get(node.spec.symbol)
            name, turn = _exposure(instrument)
            net[name] = net.get(name, 0) + sign * turn * node.filled
        if any(abs(qty) > risk.max_unhedged for qty in net.values()):
            return "MAX_UNHEDGED"
    if risk.max_loss_1e9 >= 0 and _doubled_slack(desk, graph) < 0:
        return "MAX_LOSS"
    return ""


def _exposure(instrument: Instrument) -> tuple[str, int]:
    """What a quantity is a quantity of, and whether it counts against it."""
    if instrument.type == "prediction":
        return instrument.primary, 1 if instrument.mirror_of is None else -1
    return instrument.base, 1


def _doubled_slack(desk: Desk, graph: Graph) -> int:
    """Twice what a graph may still lose, in 1e-17 dollars; negative once it lost more than it may."""
    quantities, cash = _sums(graph)
    worth = sum(qty * _doubled_mark(desk, symbol) for symbol, qty in quantities.items())
    return 2 * graph.risk.max_loss_1e9 * 10**8 + 2 * cash + worth


def watched_symbols(desk: Desk, graph: Graph) -> frozenset[str]:
    """The primary symbols whose quotes matter to a graph just now."""
    symbols = {edge.spec.symbol for edge in graph.edges if edge.watched and edge.spec.trigger == "on_price"}
    if graph.risk.max_loss_1e9 >= 0 and not graph.breach:
        symbols |= {node.spec.symbol for node, _ in _open(graph)}
    return frozenset(desk.market.catalogue.get(symbol).primary for symbol in symbols)


def next_look(desk: Desk, graph: Graph) -> int:
    """The next instant at which the market may matter to a graph; `NEVER` when it cannot by itself."""
    wake = NEVER
    for edge in graph.edges:
        if edge.watched and edge.spec.trigger == "on_price":
            if wake <= desk.next_change(edge.spec.symbol, desk.now_ns):
                continue
            price, unit = _threshold(graph, edge)
            if edge.spec.direction == "above":
                wake = min(wake, _leaves(desk, edge.spec.symbol, 0, -(-price // unit)))
            else:
                wake = min(wake, _leaves(desk, edge.spec.symbol, price // unit, NEVER))
    if graph.risk.max_loss_1e9 >= 0 and not graph.breach:
        wake = _loss_look(desk, graph, wake)
    return wake


def _loss_look(desk: Desk, graph: Graph, wake: int) -> int:
    """While no symbol moves against the graph by more than its share of the slack, the limit holds."""
    quantities, _ = _sums(graph)
    slack = _doubled_slack(desk, graph)
    for symbol, qty in quantities.items():
        soonest = desk.next_change(symbol, desk.now_ns)
        if wake <= soonest:
            # How long the market is quiet is dear to know, and would change nothing.
            continue
        doubled = _doubled_mid(desk, symbol)
        if not doubled or slack < 0:
            wake = min(wake, soonest)
            continue
        room = slack // (2 * len(quantities) * abs(qty))
        if qty > 0:
            wake = min(wake, _leaves(desk, symbol, max(0, -(-doubled // 2) - room), NEVER))
        else:
            wake = min(wake, _leaves(desk, symbol, 0, doubled // 2 + room))
    return wake


def _leaves(desk: Desk, symbol: str, low: int, high: int) -> int:
    """An instant before which the quoted mid of a symbol cannot leave the open interval (low, high)."""
    instrument = desk.market.catalogue.get(symbol)
    venues = desk.market.venues(symbol)
    mirrored = instrument.mirror_of is not None
    # Quotes are net of what was taken: below a level that is used up, they may stand further out than the display.
    for venue in venues:
        for (side, price), (shown, taken) in desk.state.taken.get((venue, instrument.primary), {}).items():
            if taken < shown:
                continue
            own = 10**9 - price if mirrored else price
            if (side == "bid") != mirrored:
                low = max(low, own) if low else low
            elif high < NEVER:
                high = min(high, own)
    known = desk.quiet.get((symbol, low, high), 0)
    if known > desk.now_ns:
        return known
    quiet = NEVER if low < high else desk.now_ns
    for venue in venues:
        if quiet == desk.now_ns:
            break
        quiet = min(quiet, desk.market.quiet_until(symbol, venue, low, high, desk.now_ns))
    wake = desk.next_change(symbol, quiet) if quiet < NEVER else NEVER
    if len(desk.quiet) >= _MOST_KNOWN:
        desk.quiet.clear()
    desk.quiet[(symbol, low, high)] = wake
    return wake
