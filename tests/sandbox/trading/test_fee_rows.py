"""The fees that are told are the fees that are charged, whoever computes them."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from hypothesis import given, settings, strategies as st

from sequence_markets.models import VenueFee
from sequence_markets.sandbox.instruments import Instrument
from sequence_markets.sandbox.market import SyntheticMarket
from sequence_markets.sandbox.trading.fee_rows import fee_rows
from sequence_markets.sandbox.trading.fees import FEE_TABLE, Liquidity
from sequence_markets.sandbox.venues import VENUES
from sequence_markets.units import decimal_1e8, decimal_1e9

from .support import KALSHI, PERP, SEED, START_NS, Trader

MARKET: Final = SyntheticMarket(seed=SEED)
TRADED: Final = [
    (instrument, venue) for instrument in MARKET.catalogue.all() for venue in MARKET.venues(instrument.symbol)
]
LIQUIDITIES: Final[tuple[Liquidity, Liquidity]] = ("maker", "taker")


def told(trader: Trader, symbol: str, venues: list[str] | None = None) -> dict[str, VenueFee]:
    instrument = trader.exchange.market.catalogue.resolve(symbol)
    assert instrument is not None
    rows = fee_rows(trader.exchange.desk, trader.client, instrument, venues)
    return {str(row["venue"]): VenueFee.model_validate(row) for row in rows}


def computed(fee: VenueFee, liquidity: Liquidity, price: Decimal, qty: Decimal) -> Decimal:
    return fee.taker_fee_usd(price, qty) if liquidity == "taker" else fee.maker_fee_usd(price, qty)


ROWS: Final = {symbol: told(Trader(), symbol) for symbol in {instrument.symbol for instrument, _ in TRADED}}


@given(
    where=st.sampled_from(TRADED),
    liquidity=st.sampled_from(LIQUIDITIES),
    qty=st.integers(1, 10**16),
    price=st.integers(1, 10**15),
)
@settings(deadline=None, max_examples=400)
def test_every_fee_computed_from_a_row_is_the_exchanges(
    where: tuple[Instrument, str], liquidity: Liquidity, qty: int, price: int
) -> None:
    instrument, venue = where
    if instrument.type == "prediction":
        price = price % 10**9 + 1
    charged = FEE_TABLE.fee(venue, instrument.fee_category, liquidity, START_NS).amount(qty, price)
    row = ROWS[instrument.symbol][venue]
    assert computed(row, liquidity, decimal_1e9(price), decimal_1e8(qty)) == decimal_1e8(charged)


def test_the_rows_say_what_the_reference_shows() -> None:
    rows = told(Trader(), KALSHI, ["kalshi", "polymarket"])
    kalshi, elsewhere = rows["kalshi"], rows["polymarket"]
    assert (kalshi.maker_bps, kalshi.taker_bps, kalshi.fee_model) == (0, 350, "p_times_1_minus_p")
    assert kalshi.components is not None
    assert (kalshi.components.rate_bps, kalshi.components.step_usd) == (700, Decimal("0.01"))
    assert kalshi.formula is not None
    assert kalshi.formula.taker_fee_usd == "0.07 * qty * price * (1 - price), rounded up to 0.01"
    assert (elsewhere.maker_bps, elsewhere.taker_bps, elsewhere.fee_model, elsewhere.components) == (None,) * 4


def test_every_venue_is_told_of_in_the_order_asked_for() -> None:
    assert list(told(Trader(), PERP)) == list(MARKET.venues(PERP))
    assert list(told(Trader(), PERP, ["okx", "kalshi", "binance"])) == ["okx", "kalshi", "binance"]
    assert len(told(Trader(), PERP, list(VENUES))) == len(VENUES)


def test_what_the_account_set_comes_before_the_table() -> None:
    trader = Trader()
    trader.exchange.put_sandbox_settings(trader.client, {"fees": {"kraken": {"maker_bps": 0, "taker_bps": 26}}})
    rows = told(trader, "BTC-USD")
    assert (rows["kraken"].maker_bps, rows["kraken"].taker_bps) == (0, 26)
    assert rows["kraken"]["source"] == "set by the account"
    assert rows["coinbase"].taker_bps == 10
    trader.book([("89999", "1")], [("90000", "1")])
    order = trader.place("buy", "0.12345678", venue="kraken")
    (fill,) = trader.fills(order)
    assert rows["kraken"].taker_fee_usd(90_000, "0.12345678") == decimal_1e9(int(str(fill["fee_1e9"])))


def test_the_fees_of_real_fills_are_the_local_ones() -> None:
    trader = Trader()
    for symbol, qty in (("BTC-USD", "7.1"), (PERP, "33"), (KALSHI, "1234"), ("fed-decision-in-october:no", "77")):
        rows = told(trader, symbol)
        fills = trader.fills(trader.place("buy", qty, symbol=symbol))
        assert fills
        for fill in fills:
            row = rows[str(fill["venue"])]
            price, size = decimal_1e9(int(str(fill["price_1e9"]))), decimal_1e8(int(str(fill["qty_1e8"])))
            assert row.taker_fee_usd(price, size) == decimal_1e9(int(str(fill["fee_1e9"])))


def test_a_resting_order_pays_what_its_row_says() -> None:
    trader = Trader()
    trader.book([("899", "1")], [("901", "1")])
    order = trader.place("buy", "0.3", "900", venue="kraken")
    trader.print("sell", "899", "5")
    (fill,) = trader.fills(order)
    assert fill["liquidity"] == "maker"
    row = told(trader, "BTC-USD")["kraken"]
    assert row.maker_fee_usd("900", "0.3") == decimal_1e9(int(str(fill["fee_1e9"]))) == Decimal("0.27")
