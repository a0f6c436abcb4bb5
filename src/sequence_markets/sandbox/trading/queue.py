"""What happens to resting orders: prints, crossing books, vanishing levels, and when to look again.

The queue is pessimistic. Whatever was displayed at our price when we arrived stands before us; only opposing trades at
that price, or the disappearance of the whole level, bring us forward.
"""

from __future__ import annotations

from typing import Literal

from sequence_markets.sandbox.instruments import Side
from sequence_markets.sandbox.market import VenueBook
from sequence_markets.sandbox.trading import records as rec
from sequence_markets.sandbox.trading.desk import NEVER, Desk
from sequence_markets.sandbox.trading.placing import fill_resting
from sequence_markets.sandbox.trading.router import Purses, plan_sweep
from sequence_markets.sandbox.trading.state import Child

__all__ = ["look_at_book", "look_at_print", "run_watch", "settle_changes"]


def _standing(desk: Desk, venue: str, symbol: str) -> list[Child]:
    """What stands in a book, the best price first, then the oldest."""
    group = desk.state.groups.get((venue, symbol))
    if group is None:
        return []
    children = [desk.state.children[no] for no in group.children]
    children.sort(key=lambda child: (-child.price if child.side == "buy" else child.price, child.no))
    return children


def look_at_print(desk: Desk, venue: str, symbol: str, print_id: str, price: int, qty: int, taker_side: Side) -> None:
    """Let a public trade fill what rests in the book that is really kept.

    A trade through our price fills us up to its size. A trade at our price by the opposite side first uses up what
    stands before us; only the excess fills us. What one order took of the trade is gone for the next.
    """
    left = qty - desk.state.prints.get(print_id, 0)
    for child in _standing(desk, venue, symbol):
        if left <= 0:
            return
        if child.mode != "rest" or child.no not in desk.state.children:
            continue
        through = price < child.price if child.side == "buy" else price > child.price
        opposing = taker_side != child.side
        if not through and not (price == child.price and opposing):
            continue
        within = left
        if not through:
            within = max(0, left - child.ahead)
            ahead = max(0, child.ahead - left)
            if ahead != child.ahead:
                desk.emit(rec.Queued(child.no, ahead))
        part = min(child.qty, within)
        if part:
            order = desk.state.orders[child.order]
            own_price = order.spec.book_price(child.price)
            if fill_resting(
                desk,
                order,
                child,
                part,
                venue=venue,
                price=own_price,
                liquidity="maker",
                print_id=print_id,
                print_qty=qty,
            ):
                left -= part


def look_at_book(desk: Desk, venue: str, symbol: str) -> None:
    """Clear the queue before orders whose level vanished, and fill those that the other side now crosses."""
    standing = _standing(desk, venue, symbol)
    if not standing:
        return
    book = desk.market.book(symbol, venue, desk.now_ns)
    if book is None:
        return
    for child in standing:
        if child.no not in desk.state.children:
            continue
        if child.mode == "hunt":
            _hunt(desk, child, book)
            continue
        if child.ahead and _vanished(child, book):
            desk.emit(rec.Queued(child.no, 0))
        _cross(desk, child, book)


def _vanished(child: Child, book: VenueBook) -> bool:
    own = book.bids if child.side == "buy" else book.asks
    if not own:
        return True
    if any(price == child.price for price, _ in own):
        return False
    # Below the deepest displayed level nobody can tell whether the level is still there.
    deepest = own[-1][0]
    return child.price > deepest if child.side == "buy" else child.price < deepest


def _cross(desk: Desk, child: Child, book: VenueBook) -> None:
    side: Literal["ask", "bid"] = "ask" if child.side == "buy" else "bid"
    order = desk.state.orders[child.order]
    for price, shown in book.asks if side == "ask" else book.bids:
        if price > child.price if child.side == "buy" else price < child.price:
            return
        net = desk.net(book.venue, book.symbol, side, price, shown)
        part = min(net, child.qty)
        if part <= 0:
            continue
        level: rec.LevelEntry = (book.symbol, side, price, shown, shown - net + part)
        if not fill_resting(
            desk,
            order,
            child,
            part,
            venue=book.venue,
            price=order.spec.book_price(child.price),
            liquidity="maker",
            level=(level,),
        ):
            return
        if child.no not in desk.state.children:
            return


def _hunt(desk: Desk, hunter: Child, book: VenueBook) -> None:
    order = desk.state.orders[hunter.order]
    worst = order.spec.book_price(hunter.price)
    # The plan only finds what is there; each bite is paid for by the holds of the resting parts it makes smaller.
    plan = plan_sweep(desk, order, order.remaining, {book.venue: book}, Purses(desk, order), worst)
    for bite in plan.takes:
        left = bite.qty
        symbol, side, price, shown, taken = bite.level[0], bite.level[1], bite.level[2], bite.level[3], bite.level[4]
        while left and not order.done:
            child = next(desk.state.children[no] for no in order.children if desk.state.children[no].mode == "rest")
            part = min(left, child.qty)
            left -= part
            if not fill_resting(
                desk,
                order,
                child,
                part,
                venue=book.venue,
                price=bite.price,
                liquidity="taker",
                level=((symbol, side, price, shown, taken - left),),
            ):
                return


def run_watch(desk: Desk, venue: str, symbol: str) -> None:
    """Look at what happens in a book at this instant.

    Looks are planned at every instant that can matter, so whatever was printed since the last one is without effect.
    """
    for trade in desk.market.trades(symbol, desk.now_ns - 1, desk.now_ns):
        # A scripted print was dealt with when it was made.
        if trade.venue == venue and trade.origin != "scripted":
            look_at_print(desk, venue, symbol, trade.trade_id, trade.price_1e9, trade.qty_1e8, trade.taker_side)
    look_at_book(desk, venue, symbol)
    if (venue, symbol) in desk.state.groups:
        desk.changed[(venue, symbol)] = None


def settle_changes(desk: Desk) -> None:
    """Plan the next look at every book whose resting orders changed or were just looked at."""
    for key in list(desk.changed):
        venue, symbol = key
        if key in desk.state.groups:
            low, high = 0, NEVER
            for child in _standing(desk, venue, symbol):
                if child.side == "buy":
                    low = max(low, child.price)
                else:
                    high = min(high, child.price)
            quiet = desk.market.quiet_until(symbol, venue, low, high, desk.now_ns) if low < high else desk.now_ns
            wake = desk.next_change(symbol, max(quiet, desk.now_ns))
            if quiet > desk.now_ns and desk.state.groups[key].wake_ns != wake:
                desk.emit(rec.Watched(venue, symbol, wake))
            desk.schedule_watch(key, wake)
    desk.changed.clear()
