"""``sequence-markets demo``: a typed strategy sees the market, trades and reconciles, on a local exchange.

Everything goes over a real socket. The exit code is 1 when anything does not add up.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence as Many
from decimal import Decimal
from pathlib import Path

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from sequence_markets import Sequence
from sequence_markets.cli.reconcile import apply_fills, differences, holdings
from sequence_markets.models import Fill, Order, Positions, Quote
from sequence_markets.sandbox import Sandbox

_FAVOURITE = "BTC-USD"
_DEPTH_ROWS = 6
_BAR = 24
_SCAN_STEP = 8
_PIPED_WIDTH = 120


class DemoError(Exception):
    """Something that the demo checks does not hold."""


def run(argv: Many[str] | None = None) -> int:
    """Run the demo; return the process's exit code.

    Args:
        argv: Arguments after ``demo``: ``--replay FILE`` (repeatable) and ``--seed N``.
    """
    parser = argparse.ArgumentParser(prog="sequence-markets demo", description="A typed strategy on a local exchange.")
    parser.add_argument("--replay", metavar="FILE", type=Path, action="append", help="play a recorded tape; repeatable")
    parser.add_argument("--seed", type=int, default=7, help="seed of the synthetic market (default: 7)")
    options = parser.parse_args(argv)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _PIPED_WIDTH)
    try:
        with Sandbox(seed=options.seed, clock="manual", replay=options.replay) as sandbox, sandbox.client() as seq:
            _Walk(console, sandbox, seq).all_levels()
            sandbox.check_invariants()
    except (DemoError, OSError, ValueError) as error:
        console.print(f"[bold red]✗[/] {error}")
        return 1
    console.print("[bold green]✓[/] everything adds up, to the last unit")
    return 0


class _Walk:
    """The steps of the demo, in the order a strategy author would take them."""

    def __init__(self, console: Console, sandbox: Sandbox, seq: Sequence) -> None:
        self.console = console
        self.sandbox = sandbox
        self.seq = seq
        self.symbol = _FAVOURITE

    def all_levels(self) -> None:
        self.connect()
        self.symbol = self.choose()
        quote = self.see()
        self.scan()
        before = self.seq.positions_unified()
        self.trade(quote)
        self.reconcile(before)

    def title(self, text: str) -> None:
        self.console.print(f"\n[bold]{text}[/]")

    def connect(self) -> None:
        self.title("Level 0 · connect")
        _expect(self.seq.health(), "the exchange does not answer")
        self.console.print(
            f"local exchange at {self.sandbox.url}, its clock at {self.sandbox.now:%Y-%m-%d %H:%M:%S} UTC"
        )
        self.seq.connect_venue("kraken", api_key="paper", api_secret="paper")
        venues = self.seq.venues()
        _expect([each.venue for each in venues if each.connected] == ["kraken"], "kraken did not connect")
        self.console.print(f"connected: {', '.join(each.venue for each in venues)}")

    def choose(self) -> str:
        """Return what to trade: the favourite where it is quoted, else any spot pair, else any perp."""
        kinds = {each.symbol: each.type for each in self.seq.symbols()}
        listed = sorted(kinds, key=lambda symbol: (symbol != _FAVOURITE, kinds[symbol] != "spot", symbol))
        quoted = self.seq.quotes_batch([symbol for symbol in listed if kinds[symbol] != "prediction"], depth=1).quoted
        symbol = next((each.symbol for each in quoted if each.nbbo.mid), None)
        if symbol is None:
            raise DemoError("nothing is quoted")
        return symbol

    def see(self) -> Quote:
        self.title(f"Level 1 · see {self.symbol}")
        quote = self.seq.quote(self.symbol, depth=_DEPTH_ROWS)
        book = quote.book
        _expect(book is not None and bool(book.bids) and bool(book.asks), f"nobody quotes {self.symbol}")
        nbbo = quote.nbbo
        self.console.print(
            f"bid {nbbo.bid:,.2f}   ask {nbbo.ask:,.2f}   spread {nbbo.spread_bps:.2f} bps   {quote.source}"
        )
        self.console.print(depth_picture(quote))
        _expect(nbbo.bid == quote["nbbo"]["bid"], "the typed and the dict form disagree")
        return quote

    def scan(self) -> None:
        symbols = [each.symbol for each in self.seq.symbols()]
        columns = (TextColumn("scanning"), BarColumn(_BAR), MofNCompleteColumn(), TextColumn("symbols"))
        quoted: list[Quote] = []
        with Progress(*columns, console=self.console) as progress:
            task = progress.add_task("scan", total=len(symbols))
            for start in range(0, len(symbols), _SCAN_STEP):
                batch = self.seq.quotes_batch(symbols[start : start + _SCAN_STEP], depth=1)
                _expect(batch.count == len(batch.quotes), "a batch lost an entry")
                quoted.extend(batch.quoted)
                progress.advance(task, batch.count)
        tightest = sorted((each for each in quoted if each.nbbo.mid), key=lambda each: each.nbbo.spread_bps)[:3]
        shown = ", ".join(f"{_short(each.symbol)} {each.nbbo.spread_bps:.2f}" for each in tightest)
        self.console.print(f"tightest spreads in bps: {shown}")

    def trade(self, quote: Quote) -> None:
        self.title("Level 2 · trade")
        bought = self.order_of(self.seq.buy(self.symbol, "0.25").graph_id)
        _expect(bought.status == "FILLED", f"the market order ended {bought.status}")
        fills = [fill for fill in self.seq.iter_fills() if fill.node_order_id == bought.node_order_id]
        self.console.print(fills_table(fills))

        near = Decimal(str(quote.nbbo.bid))
        graph = self.seq.sell(self.symbol, "0.1", limit_price=near, venue=fills[0].venue, tif="GTC")
        self.show("limit sell at the bid", self.order_of(graph.graph_id))

        far = Decimal(f"{near * Decimal('0.9'):.3g}")
        resting = self.seq.buy(self.symbol, "0.05", limit_price=far, tif="GTC")
        self.show("limit buy 10 % below", self.order_of(resting.graph_id))
        held = sum((each.locked_qty or Decimal(0) for each in self.seq.positions_unified().positions), Decimal(0))
        self.console.print(f"locked by working orders and margin: {held.normalize():f}")
        self.sandbox.advance(seconds=30)
        self.seq.cancel(resting.graph_id)
        cancelled = self.order_of(resting.graph_id)
        _expect(cancelled.status == "CANCELLED", f"the cancelled order is {cancelled.status}")
        self.show("30 s later, cancelled", cancelled)
        self.seq.cancel(graph.graph_id)

    def reconcile(self, before: Positions) -> None:
        self.title("Reconcile")
        after = self.seq.positions_unified()
        fills = list(self.seq.iter_fills())[::-1]
        self.console.print(positions_table(before, after))
        expected = {key: qty for key, qty in apply_fills(holdings(before), fills).items() if qty}
        wrong = differences(expected, {key: qty for key, qty in holdings(after).items() if qty})
        _expect(not wrong, "; ".join(map(str, wrong)))
        fees_1e9 = sum(fill.fee_1e9 for fill in fills)
        _expect(after.totals.fees_usd_1e9 == fees_1e9, "the fees of the fills are not the fees of the account")
        totals, was = after.totals, before.totals
        earned = totals.nav_usd - was.nav_usd
        parts = totals.unrealized_pnl_usd + totals.realized_pnl_usd - totals.fees_usd
        self.console.print(
            f"unrealised {_money(totals.unrealized_pnl_usd)}   realised {_money(totals.realized_pnl_usd)}"
            f"   fees {_money(-totals.fees_usd)}   change of NAV {_money(earned)}"
        )
        rounding = Decimal("1e-8") * (len(fills) + len(after.positions))
        _expect(abs(earned - parts) <= rounding, f"NAV moved by {earned}, profit and fees explain {parts}")
        self.console.print(f"{len(fills)} fills explain every balance on {len(after.positions)} rows")

    def order_of(self, graph_id: str) -> Order:
        return self.seq.order(f"graph:{graph_id}:order:1")

    def show(self, what: str, order: Order) -> None:
        price = f" at {order.limit_price.normalize():,f}" if order.limit_price is not None else ""
        filled = f"{(order.filled_qty or Decimal(0)).normalize():f} of {order.qty.normalize():f}"
        self.console.print(f"{what}: {order.side} {order.symbol}{price}: {order.status}, filled {filled}")


def depth_picture(quote: Quote) -> Table:
    """Return the merged book as bars: bids to the left, asks to the right, the touch on top."""
    table = Table(box=None, padding=(0, 1), show_header=False)
    for _ in range(2):
        table.add_column(justify="right")
    table.add_column()
    table.add_column()
    if quote.book is None:
        return table
    bids, asks = quote.book.bids[:_DEPTH_ROWS], quote.book.asks[:_DEPTH_ROWS]
    largest = max(level.size for level in (*bids, *asks))
    for bid, ask in zip(bids, asks, strict=False):
        table.add_row(
            Text(f"{bid.venue} {bid.size:,.4f} {_bar(bid.size, largest)}", style="green"),
            f"{bid.price:,.2f}",
            f"{ask.price:,.2f}",
            Text(f"{_bar(ask.size, largest)} {ask.size:,.4f} {ask.venue}", style="red"),
        )
    return table


def fills_table(fills: Iterable[Fill]) -> Table:
    """Return fills as a table, oldest first."""
    table = Table(box=box.SIMPLE, title="fills of the market order", title_justify="left")
    for name in ("venue", "side"):
        table.add_column(name)
    for name in ("quantity", "price", "fee"):
        table.add_column(name, justify="right")
    for fill in sorted(fills, key=lambda each: each.timestamp_ns):
        table.add_row(fill.venue, fill.side, f"{fill.qty:f}", f"{fill.price:,.2f}", f"{fill.fee:f}")
    return table


def positions_table(before: Positions, after: Positions) -> Table:
    """Return the holdings that changed, before and after."""
    was, now = holdings(before), holdings(after)
    table = Table(box=box.SIMPLE, title="holdings that changed", title_justify="left")
    table.add_column("venue")
    table.add_column("asset")
    for name in ("before", "after", "change"):
        table.add_column(name, justify="right")
    for venue, asset in sorted(was.keys() | now.keys()):
        old, new = was.get((venue, asset), 0), now.get((venue, asset), 0)
        if old != new:
            table.add_row(venue, asset, *(f"{Decimal(units).scaleb(-8):,f}" for units in (old, new, new - old)))
    return table


def _expect(holds: bool, message: str) -> None:
    if not holds:
        raise DemoError(message)


def _bar(size: float, largest: float) -> str:
    return "█" * max(1, round(_BAR * size / largest))


def _short(symbol: str) -> str:
    return symbol if len(symbol) <= 24 else f"{symbol[:12]}…"


def _money(amount: Decimal) -> str:
    return f"{amount:+,.8f}"
