"""Every recipe, driven on a scripted book and a manual clock through each of its outcomes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any, Literal

import pytest

from sequence_markets import Graph, GraphStatus, GraphWaitError, Sequence, recipes
from sequence_markets.graphs import node
from sequence_markets.sandbox import Sandbox

BTC, PERP = "BTC-USD", "BTC-USD-PERP"
NONE = Decimal()


@dataclass(slots=True)
class Desk:
    """A client, and a market that stands where it is put."""

    sandbox: Sandbox
    seq: Sequence
    graph_id: str = ""

    def quote(self, mid: int, size: str = "10", symbol: str = BTC, venue: str = "kraken") -> None:
        self.sandbox.set_book(symbol, venue, bids=[(mid - 5, size)], asks=[(mid + 5, size)])

    def send(self, graph: Graph) -> None:
        self.graph_id = self.seq.graph(graph).graph_id

    @property
    def status(self) -> GraphStatus:
        return self.seq.graph_status(self.graph_id)

    def filled(self, name: str) -> Decimal:
        return self.status.nodes[name].filled_qty or Decimal()

    def state(self, name: str) -> str:
        return self.status.nodes[name].status

    def held(self) -> Decimal:
        """What the account's fills of the base asset add up to, over what it began with."""
        return sum(
            (fill.qty if fill.side == "BUY" else -fill.qty for fill in self.seq.iter_fills(BTC)), start=Decimal()
        )


@pytest.fixture
def desk() -> Iterator[Desk]:
    with Sandbox(seed=7, clock="manual") as sandbox, sandbox.client() as seq:
        made = Desk(sandbox, seq)
        made.quote(100_000)
        yield made
        sandbox.check_invariants()


def bracket(**more: Any) -> Graph:
    return recipes.bracket(BTC, "buy", "0.5", take_profit_pct=8, stop_loss_pct=5, venue="kraken", **more)


def test_a_bracket_that_rises_takes_its_profit_and_is_done(desk: Desk) -> None:
    desk.send(bracket())
    assert (desk.filled("entry"), desk.state("exit")) == (Decimal("0.5"), "armed")
    desk.quote(108_004)  # a dollar short of 8 % above the 100,005 paid
    desk.sandbox.advance(seconds=1)
    assert desk.filled("exit") == 0
    desk.quote(108_006)
    desk.sandbox.advance(seconds=1)
    assert (desk.filled("exit"), desk.status.status, desk.held()) == (Decimal("0.5"), "completed", NONE)
    desk.quote(90_000)
    desk.sandbox.advance(seconds=60)
    assert desk.held() == 0, "the stop had nothing left to do"


def test_a_bracket_that_falls_is_stopped_and_is_done(desk: Desk) -> None:
    desk.send(bracket())
    desk.quote(95_006)
    desk.sandbox.advance(seconds=1)
    assert desk.filled("exit") == 0
    desk.quote(95_004)
    desk.sandbox.advance(seconds=1)
    assert (desk.filled("exit"), desk.status.status, desk.held()) == (Decimal("0.5"), "completed", NONE)
    desk.quote(120_000)
    desk.sandbox.advance(seconds=60)
    assert desk.held() == 0


def test_a_bracket_whose_price_stays_stays_open_until_it_is_cancelled(desk: Desk) -> None:
    desk.send(bracket())
    desk.sandbox.advance(seconds=3600)
    assert (desk.state("exit"), desk.held()) == ("armed", Decimal("0.5"))
    with pytest.raises(GraphWaitError) as waited:
        desk.seq.wait(desk.graph_id, timeout=0.05)
    assert waited.value.last_status is not None
    assert waited.value.last_status.nodes["exit"].status == "armed"
    desk.seq.graph_cancel(desk.graph_id)
    desk.quote(50_000)
    desk.sandbox.advance(seconds=60)
    assert (desk.state("exit"), desk.held()) == ("cancelled", Decimal("0.5"))


def test_a_bracket_closes_only_what_its_entry_has_filled(desk: Desk) -> None:
    desk.quote(100_000, size="0.2")
    desk.send(bracket(entry_price=100_005))
    assert desk.filled("entry") == Decimal("0.2")
    desk.quote(94_000, size="10")
    desk.sandbox.advance(seconds=1)
    assert desk.filled("exit") <= desk.filled("entry")
    assert desk.held() >= 0


def test_a_bracket_whose_entry_never_fills_never_exits(desk: Desk) -> None:
    desk.send(bracket(entry_price=90_000))
    desk.quote(120_000)
    desk.sandbox.advance(seconds=60)
    assert (desk.filled("entry"), desk.filled("exit")) == (NONE, NONE)
    desk.seq.graph_cancel(desk.graph_id)
    assert desk.state("exit") == "cancelled"


def test_a_short_bracket_is_the_mirror_image(desk: Desk) -> None:
    desk.quote(100_000, symbol=PERP, venue="hyperliquid")
    graph = recipes.bracket(
        PERP, "sell", "0.5", take_profit_pct=8, stop_loss_pct=5, venue="hyperliquid", instrument_type="perp"
    )
    desk.send(graph)
    desk.quote(91_000, symbol=PERP, venue="hyperliquid")
    desk.sandbox.advance(seconds=1)
    assert (desk.filled("entry"), desk.filled("exit"), desk.status.status) == (
        Decimal("0.5"),
        Decimal("0.5"),
        "completed",
    )


@pytest.mark.parametrize(("first", "then"), [(103_100, 80_000), (96_900, 120_000)])
def test_of_two_prices_the_first_closes_and_the_other_is_off(desk: Desk, first: int, then: int) -> None:
    desk.send(recipes.oco(node("long", BTC, "buy", "0.5", venue="kraken"), above=103_000, below=97_000))
    desk.sandbox.advance(seconds=1)
    assert (desk.filled("long"), desk.filled("exit")) == (Decimal("0.5"), NONE)
    desk.quote(first)
    desk.sandbox.advance(seconds=1)
    assert (desk.filled("exit"), desk.status.status) == (Decimal("0.5"), "completed")
    desk.quote(then)
    desk.sandbox.advance(seconds=60)
    assert desk.held() == 0


@pytest.mark.parametrize(("mid", "stopped"), [(97_004, True), (97_006, False), (110_000, False)])
def test_a_stop_loss_stops_at_its_price_and_not_before(desk: Desk, mid: int, stopped: bool) -> None:
    desk.send(recipes.stop_loss(BTC, "buy", "0.5", stop_pct=3, venue="kraken"))
    desk.quote(mid)
    desk.sandbox.advance(seconds=1)
    assert (desk.filled("stop") == Decimal("0.5")) is stopped
    assert desk.held() == (NONE if stopped else Decimal("0.5"))


def test_scaling_out_closes_part_after_part(desk: Desk) -> None:
    desk.send(recipes.scale_out(BTC, "buy", "0.5", targets=[(2, "0.5"), (4, "0.3"), (8, "0.2")], venue="kraken"))
    for mid, left in ((101_000, "0.5"), (102_100, "0.25"), (103_000, "0.25"), (104_100, "0.1"), (108_100, "0")):
        desk.quote(mid)
        desk.sandbox.advance(seconds=1)
        assert desk.held() == Decimal(left), mid
    assert desk.status.status == "completed"


def test_scaling_out_over_a_jump_closes_all_parts_at_once(desk: Desk) -> None:
    desk.send(recipes.scale_out(BTC, "buy", "0.5", targets=[(2, "0.5"), (4, "0.5")], venue="kraken"))
    desk.quote(110_000)
    desk.sandbox.advance(seconds=1)
    assert (desk.held(), desk.status.status) == (NONE, "completed")


def test_a_ladder_fills_rung_by_rung(desk: Desk) -> None:
    desk.send(recipes.ladder(BTC, "buy", "0.4", first=99_000, last=96_000, orders=4, venue="kraken"))
    assert [each.status for each in desk.status.nodes.values()] == ["executing"] * 4
    for mid, held in ((98_990, "0.1"), (96_990, "0.3"), (95_990, "0.4")):
        desk.quote(mid)
        desk.sandbox.advance(seconds=1)
        assert desk.held() == Decimal(held), mid
    assert desk.status.status == "completed"


def test_a_five_minute_twap_slice_by_slice(desk: Desk) -> None:
    desk.send(recipes.twap(BTC, "buy", "1.00000001", slices=10, interval_ms=30_000, venue="kraken"))
    for done in range(1, 11):
        assert desk.filled("twap") == (Decimal("0.1") * done if done < 10 else Decimal("1.00000001"))
        desk.sandbox.advance(seconds="29.999")
        assert desk.filled("twap") == (Decimal("0.1") * done if done < 10 else Decimal("1.00000001")), "too early"
        desk.sandbox.advance(milliseconds=1)
    assert desk.status.status == "completed"
    slices = [desk.status.nodes[f"twap_slice_{index}"].filled_qty for index in range(10)]
    assert slices == [Decimal("0.1")] * 9 + [Decimal("0.10000001")]


def test_a_twap_that_is_cancelled_keeps_what_it_has(desk: Desk) -> None:
    desk.send(recipes.twap(BTC, "buy", 1, slices=4, interval_ms=1000, venue="kraken"))
    desk.sandbox.advance(seconds=1)
    desk.seq.graph_cancel(desk.graph_id)
    desk.sandbox.advance(seconds=60)
    assert desk.held() == Decimal("0.5")


def hedge(at: str | None, ratio: str = "1") -> Graph:
    return recipes.spot_perp_hedge(BTC, PERP, 2, at=at, hedge_ratio=ratio, spot_venue="kraken")


@pytest.mark.parametrize(("there", "hedged"), [("1.5", "1.6"), ("1.49999999", "0"), ("10", "1.6")])
def test_a_hedge_at_a_ratio_waits_for_it_and_is_whole(desk: Desk, there: str, hedged: str) -> None:
    desk.quote(100_000, size=there)
    desk.quote(100_000, symbol=PERP, venue="hyperliquid")
    desk.send(hedge("0.75", "0.8"))
    assert desk.filled("hedge") == Decimal(hedged)


@pytest.mark.parametrize(("ratio", "hedged"), [("1", ["0.5", "1.2", "2"]), ("0.8", ["0.4", "0.96", "1.6"])])
def test_a_streaming_hedge_follows_every_fill(desk: Desk, ratio: str, hedged: list[str]) -> None:
    desk.quote(100_000, symbol=PERP, venue="hyperliquid")
    desk.sandbox.set_book(
        BTC, "kraken", bids=[(99_995, 5)], asks=[(100_005, "0.5"), (100_006, "0.7"), (100_007, "0.8")]
    )
    desk.send(hedge(None, ratio))
    fills = [fill.qty for fill in desk.seq.iter_fills(PERP)][::-1]
    steps = [Decimal(hedged[0]), *(Decimal(b) - Decimal(a) for a, b in pairwise(hedged))]
    assert fills == steps
    assert desk.filled("hedge") == Decimal(hedged[-1])
    assert desk.status.edges["e_spot_hedge"].fire_count == 3


Side = Literal["buy", "sell"]


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_a_hedge_of_a_spot_order_that_fills_nothing_never_starts(desk: Desk, side: Side) -> None:
    desk.quote(100_000, symbol=PERP, venue="hyperliquid")
    desk.sandbox.set_book(BTC, "kraken")
    desk.send(recipes.spot_perp_hedge(BTC, PERP, 2, side=side, at="0.5", spot_venue="kraken"))
    assert desk.filled("hedge") == 0
    assert desk.state("hedge") == "cancelled"
