"""A dry run says, to the last unit, what the order that follows on an unchanged book is filled with."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

import pytest
from hypothesis import given, settings, strategies as st

from sequence_markets.sandbox.exchange import Exchange, Refusal
from sequence_markets.sandbox.market import SyntheticMarket
from sequence_markets.sandbox.trading.dryrun import DryFill, DryRun, dry_run

from .support import KALSHI, SEED, START_NS, Trader, units, usd

MARKET: Final = SyntheticMarket(seed=SEED)
SPOT_VENUES: Final = ("kraken", "coinbase", "okx")
PERP_VENUES: Final = ("binance", "okx", "hyperliquid")

Side = Literal["buy", "sell"]


@dataclass(frozen=True)
class Kind:
    """Something to trade: where, around which price, and what one account is given of it."""

    symbol: str
    venues: tuple[str, ...]
    middle: int
    tick: int
    goods: str
    assets: str


KINDS: Final = {
    "spot": Kind("BTC-USD", SPOT_VENUES, usd("900"), usd("0.01"), "crypto", "BTC"),
    "perp": Kind("ETH-USD-PERP", PERP_VENUES, usd("300"), usd("0.01"), "perp", "ETH-USD-PERP"),
    "yes": Kind(KALSHI, ("kalshi",), usd("0.40"), usd("0.01"), "event_contract", KALSHI),
    "no": Kind(f"{KALSHI}:NO", ("kalshi",), usd("0.60"), usd("0.01"), "event_contract", f"{KALSHI}:NO"),
}

ladders = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 500_000_000)), max_size=4, unique_by=lambda at: at[0])
orders = st.fixed_dictionaries(
    {
        "side": st.sampled_from(["buy", "sell"]),
        "qty": st.integers(1, 1_500_000_000),
        "limit": st.none() | st.integers(-9, 9),
        "cap": st.sampled_from([-1, -1, 0, 1, 5, 400]),
        "policy": st.sampled_from(
            ["sor", "sor", "sor", "ioc_sweep", "time_drip", "passive_limit", "passive_ladder", "aggressive_chase"]
        ),
        "tif": st.sampled_from(["GTC", "GTC", "IOC", "FOK"]),
        "urgency": st.sampled_from(["low", "medium", "high"]),
        "pinned": st.none() | st.integers(0, 2),
    }
)


def same_fills(trader: Trader, order_id: str) -> tuple[DryFill, ...]:
    state = trader.exchange.state
    no = state.accounts[trader.client].orders[order_id]
    fills = [fill for fill in state.accounts[trader.client].fills if fill.order == no]
    return tuple(DryFill(fill.venue, fill.qty, fill.price, fill.fee) for fill in fills)


@given(
    kind=st.sampled_from(sorted(KINDS)),
    books=st.lists(st.tuples(st.integers(-3, 3), ladders, ladders), min_size=3, max_size=3),
    script=st.lists(orders, min_size=1, max_size=4),
    means=st.lists(st.none() | st.integers(0, 3_000), min_size=3, max_size=3),
    goods=st.lists(st.integers(0, 900_000_000), min_size=3, max_size=3),
    slippage=st.sampled_from([0, 0, 3]),
    own_fee=st.none() | st.integers(0, 40),
)
@settings(deadline=None, max_examples=200)
def test_a_dry_run_is_the_order_that_follows(
    kind: str,
    books: list[tuple[int, list[tuple[int, int]], list[tuple[int, int]]]],
    script: list[dict[str, object]],
    means: list[int | None],
    goods: list[int],
    slippage: int,
    own_fee: int | None,
) -> None:
    what = KINDS[kind]
    trader = Trader(Exchange(MARKET, seed=SEED, start_ns=START_NS))
    exchange, client = trader.exchange, trader.client
    fees = {} if own_fee is None else {what.venues[0]: {"maker_bps": 1, "taker_bps": own_fee}}
    exchange.put_sandbox_settings(client, {"slippage_bps": slippage, "fees": fees})
    for venue, (shift, bids, asks), cash, amount in zip(what.venues, books, means, goods, strict=False):
        centre = what.middle + shift * what.tick
        exchange.set_book(
            what.symbol,
            venue,
            [(centre - at * what.tick, size) for at, size in bids],
            [(centre + at * what.tick, size) for at, size in asks],
        )
        if cash is not None:
            coin = exchange.market.catalogue.get(what.symbol).settlement[venue]
            form = "fiat" if coin == "USD" else "crypto"
            trader.fund(venue=venue, kind=form, symbol=coin, qty=cash)
        trader.fund(
            venue=venue, kind=what.goods, symbol=what.assets, qty=amount / 10**8, entry_price_usd=what.middle / 10**9
        )
    for order in script:
        side: Side = "buy" if order["side"] == "buy" else "sell"
        policy, tif, limit, pinned = str(order["policy"]), str(order["tif"]), order["limit"], order["pinned"]
        if policy in ("time_drip", "passive_limit", "passive_ladder", "aggressive_chase"):
            tif = "GTC"
        price = what.middle + limit * what.tick if isinstance(limit, int) else 0
        venue = what.venues[pinned % len(what.venues)] if isinstance(pinned, int) else ""
        cap, qty = order["cap"], order["qty"]
        assert isinstance(cap, int)
        assert isinstance(qty, int)
        urgency = str(order["urgency"])
        before = len(exchange.journal)
        dry = dry_run(
            exchange.desk,
            client,
            what.symbol,
            side,
            qty,
            venue=venue,
            policy=policy,
            limit_1e9=price,
            cap_bps=cap,
            urgency=urgency,
            tif=tif,
        )
        assert len(exchange.journal) == before
        graph = f"graph_{len(exchange.state.orders)}"
        execution: dict[str, object] = {"policy": policy, "urgency": urgency, "tif": tif}
        if cap >= 0:
            execution["max_slippage_bps"] = cap
        node = {
            "node_id": "o",
            "instrument": {"symbol": what.symbol, "type": "spot", "venue": venue or None},
            "side": side,
            "order_type": {"limit": {"price_1e9": price}} if price else "market",
            "quantity": {"fixed": {"qty_1e8": qty}},
            "execution": execution,
        }
        exchange.submit(client, {"graph_id": graph, "nodes": [node], "edges": []})
        placed = exchange.state.orders[exchange.state.last_order]
        real = same_fills(trader, placed.id)
        assert dry.fills == real
        assert dry.filled_1e8 == placed.filled
        assert dry.notional_1e17 == placed.notional
        assert dry.fee_1e9 == 10 * placed.fees
        assert dry.arrival_1e9 == placed.arrival_1e9
        for leg in dry.legs:
            there = [fill for fill in real if fill.venue == leg.venue]
            assert leg.qty_1e8 == sum(fill.qty_1e8 for fill in there)
            assert leg.fee_1e8 == sum(fill.fee_1e8 for fill in there)
            assert leg.worst_price_1e9 == (max if side == "buy" else min)(fill.price_1e9 for fill in there)
        if dry.refusal:
            assert (placed.reason, placed.filled) == (dry.refusal, 0)


def test_the_venues_of_the_synthetic_market_are_swept_as_foretold() -> None:
    for symbol in ("BTC-USD", "ETH-USD-PERP", KALSHI, "fed-decision-in-october:no"):
        for qty in ("0.5", "3", "17"):
            trader = Trader()
            dry = dry_run(trader.exchange.desk, trader.client, symbol, "buy", units(qty))
            order = trader.place("buy", qty, symbol=symbol)
            assert dry.fills == same_fills(trader, order)
            assert dry.filled_1e8 == trader.filled(order) > 0
            assert len(dry.legs) == len({fill.venue for fill in dry.fills})


@pytest.fixture
def trader() -> Trader:
    trader = Trader()
    trader.book([("899", "1")], [("901", "1"), ("903", "1")])
    trader.book([("898", "2")], [("902", "1")], venue="coinbase")
    return trader


def dry(trader: Trader, side: Side, qty: str, *, funded: bool = True) -> DryRun:
    return dry_run(trader.exchange.desk, trader.client, "BTC-USD", side, units(qty), funded=funded)


class TestFigures:
    def test_slippage_is_measured_from_the_middle_and_fees_from_the_notional(self, trader: Trader) -> None:
        run = dry(trader, "buy", "2")
        assert (run.bid_1e9, run.ask_1e9, run.mid_1e9) == (usd("899"), usd("901"), usd("900"))
        assert run.vwap_1e9 == usd("901.5")
        assert run.slippage_bps == Fraction(15, 10) * 10_000 / 900
        assert run.fee_bps == 10
        assert run.candidates == ("coinbase", "kraken")
        assert [(leg.venue, leg.qty_1e8) for leg in run.legs] == [("kraken", units("1")), ("coinbase", units("1"))]

    def test_what_was_taken_is_not_offered_again(self, trader: Trader) -> None:
        trader.place("buy", "1")
        run = dry(trader, "buy", "1")
        assert run.ask_1e9 == usd("902")
        assert [fill.price_1e9 for fill in run.fills] == [usd("902")]
        # The order itself is given its arrival price by what is displayed.
        assert (run.arrival_1e9, run.mid_1e9) == (usd("900"), usd("900.5"))

    def test_more_than_is_displayed(self, trader: Trader) -> None:
        run = dry(trader, "buy", "5")
        assert (run.filled_1e8, run.wanted_1e8, run.shortfall) == (units("3"), units("5"), "NO_LIQUIDITY")

    def test_one_side_missing(self, trader: Trader) -> None:
        trader.book([], [("901", "1")])
        trader.book([], [("902", "1")], venue="coinbase")
        run = dry(trader, "buy", "1")
        assert (run.bid_1e9, run.ask_1e9, run.mid_1e9, run.slippage_bps) == (None, usd("901"), None, None)
        assert run.fee_bps == 10
        nothing = dry(trader, "sell", "1", funded=False)
        assert (nothing.legs, nothing.vwap_1e9, nothing.fee_bps) == ((), None, None)

    def test_two_venues_that_cross_have_no_middle(self, trader: Trader) -> None:
        trader.book([("905", "1")], [("906", "1")], venue="coinbase")
        run = dry(trader, "buy", "1")
        assert (run.bid_1e9, run.ask_1e9, run.mid_1e9) == (usd("905"), usd("901"), None)


class TestMoney:
    def test_goods_that_are_not_there_cannot_be_sold(self, trader: Trader) -> None:
        run = dry(trader, "sell", "1")
        assert (run.legs, run.refusal) == ((), "INSUFFICIENT_BALANCE")

    def test_without_regard_to_money_everything_displayed_counts(self, trader: Trader) -> None:
        run = dry(trader, "sell", "3", funded=False)
        assert [(leg.venue, leg.qty_1e8) for leg in run.legs] == [("kraken", units("1")), ("coinbase", units("2"))]
        assert run.refusal == ""

    def test_an_unfunded_run_of_an_account_with_enough_is_the_funded_one(self, trader: Trader) -> None:
        assert dry(trader, "buy", "3", funded=False) == dry(trader, "buy", "3")


def test_an_unknown_symbol_is_refused(trader: Trader) -> None:
    with pytest.raises(Refusal, match="unknown symbol 'nope'"):
        dry_run(trader.exchange.desk, trader.client, "nope", "buy", 1)
    with pytest.raises(Refusal, match="account"):
        dry_run(trader.exchange.desk, "nobody", "BTC-USD", "buy", 1)
