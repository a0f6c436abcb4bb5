"""The catalogue and the resolver of symbols."""

from __future__ import annotations

import pytest

from sequence_markets.sandbox.instruments import USD_PEGGED, default_catalogue, looks_like_pair
from sequence_markets.sandbox.venues import VENUES

CATALOGUE = default_catalogue()


def test_the_twelve_documented_venues_stand_in_documented_order() -> None:
    assert list(VENUES) == [
        "binance", "coinbase", "kraken", "okx", "bybit", "bitget", "cryptocom", "hyperliquid", "kalshi", "polymarket",
        "dex_ethereum", "solana",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "symbol"),
    [
        ("BTC-USD", "BTC-USD"),
        ("btc-usd", "BTC-USD"),
        ("XRP/USD", "XRP-USD"),
        (" ETH-USDC-ARB ", "ETH-USDC-ARB"),
        ("ETH-USD-PERP", "ETH-USD-PERP"),
        ("BTC-PERP", "BTC-USD-PERP"),
        ("KXRAIN-26NOV27-OSL", "KXRAIN-26NOV27-OSL"),
        ("KXRAIN-26NOV27-OSL:YES", "KXRAIN-26NOV27-OSL"),
        ("KXRAIN-26NOV27-OSL:yes", "KXRAIN-26NOV27-OSL"),
        ("KXRAIN-26NOV27-OSL:No", "KXRAIN-26NOV27-OSL:NO"),
        ("KXPGATOUR-ZUCONO26-THVI", "KXPGATOUR-ZUCONO26-THVI"),
    ],
)
def test_a_symbol_is_found_by_each_of_its_names(text: str, symbol: str) -> None:
    found = CATALOGUE.resolve(text)
    assert found is not None
    assert found.symbol == symbol


@pytest.mark.parametrize(
    "text", ["nope", "", "BTC-XYZ", "KXNOPE-1", "KXRAIN-26NOV27-OSL:MAYBE", "9" * 77, "rain:yes:no"]
)
def test_what_nobody_lists_is_not_found(text: str) -> None:
    assert CATALOGUE.resolve(text) is None


def test_a_polymarket_outcome_is_found_by_slug_token_and_address() -> None:
    yes = CATALOGUE.resolve("fed-decision-in-october")
    no = CATALOGUE.resolve("Fed-Decision-in-October:NO")
    assert yes is not None
    assert no is not None
    assert (yes.outcome, no.outcome) == ("Yes", "No")
    assert no.mirror_of == yes.symbol
    assert (yes.complement, no.complement) == (no.symbol, yes.symbol)
    for text in (
        "fed-decision-in-october:yes",
        "https://polymarket.com/event/fed-decision-in-october",
        "polymarket.com/event/fed-decision-in-october?tid=1",
        yes.symbol,
        yes.symbol[:40] + "...",
    ):
        assert CATALOGUE.resolve(text) is yes, text
    assert yes.token_id == yes.symbol
    assert yes.symbol.isdecimal()
    assert len(yes.symbol) >= 60


def test_the_slug_of_an_event_with_several_outcomes_names_none_of_them() -> None:
    assert CATALOGUE.resolve("ice-hockey-world-champion-2027") is None
    outcomes = CATALOGUE.event("ice-hockey-world-champion-2027")
    assert len(outcomes) > 2
    assert all(outcome.neg_risk and outcome.tick_1e9 == 1_000_000 for outcome in outcomes)
    address = f"https://polymarket.com/event/ice-hockey-world-champion-2027/{outcomes[1].market_slug}"
    assert CATALOGUE.resolve(address) is outcomes[1]


@pytest.mark.parametrize(
    ("text", "kind", "symbol"),
    [
        ("BTC-USD", "perp", "BTC-USD-PERP"),
        ("BTC-USDT", "perp", "BTC-USD-PERP"),
        ("BTC-USD", "spot", "BTC-USD"),
        ("BTC-USD", "prediction", None),
        ("BTC-PERP", "spot", "BTC-USD-PERP"),
        ("BTC-USD-PERP", "prediction", None),
        ("KXRAIN-26NOV27-OSL", "spot", "KXRAIN-26NOV27-OSL"),
        ("KXRAIN-26NOV27-OSL", "perp", None),
        ("DOT-USD", "perp", None),
    ],
)
def test_an_instrument_type_narrows_the_search(text: str, kind: str, symbol: str | None) -> None:
    found = CATALOGUE.resolve(text, kind)
    assert (found.symbol if found else None) == symbol


def test_every_instrument_settles_in_dollars_on_every_venue_that_lists_it() -> None:
    for instrument in CATALOGUE.all():
        assert set(instrument.settlement) == set(instrument.venues)
        assert set(instrument.settlement.values()) <= set(USD_PEGGED)
        assert all(instrument.type in VENUES[venue].instrument_types for venue in instrument.venues)
        assert instrument.tick_1e9 > 0


def test_an_instrument_is_only_made_up_from_a_name_of_the_right_form() -> None:
    assert looks_like_pair("FOO-USD-PERP")
    assert [i.symbol for i in CATALOGUE.scripted_instrument("foo-perp", "bybit")] == ["FOO-USD-PERP"]
    assert [i.symbol for i in CATALOGUE.scripted_instrument("KXA-B", "kalshi")] == ["KXA-B", "KXA-B:NO"]
    for text, venue in (("foo", "kraken"), ("KXA-B", "kraken"), ("FOO-USD-PERP", "kraken"), ("FOO-USD", "nowhere")):
        with pytest.raises(ValueError):
            CATALOGUE.scripted_instrument(text, venue)


def test_a_symbol_is_listed_once() -> None:
    catalogue = default_catalogue()
    with pytest.raises(ValueError, match="listed already"):
        catalogue.add(catalogue.get("BTC-USD"))
    other = catalogue.copy()
    other.list_on("SOL-USDC", "kraken")
    assert other.get("SOL-USDC").settlement["kraken"] == "USDC"
    assert "kraken" not in catalogue.get("SOL-USDC").venues
