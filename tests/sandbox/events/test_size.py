"""How many markets stand in the catalogue: given at the start, remembered by the journal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from sequence_markets.sandbox import Sandbox
from sequence_markets.sandbox.embedded import fresh_key
from sequence_markets.sandbox.events.generated import LEAST_MARKETS
from sequence_markets.sandbox.instruments import default_catalogue
from sequence_markets.sandbox.journal import JournalError
from sequence_markets.sandbox.market import SyntheticMarket
from sequence_markets.sandbox.market.identity import identity, markets_of

from ..market.recordings import HYPERLIQUID_BTC, recording, tape_market
from .support import START

UP_DOWN_SYMBOLS = 2 * 48


def predictions(sandbox: Sandbox) -> int:
    return sum(symbol.type == "prediction" for symbol in sandbox.client().symbols())


def test_the_symbols_are_what_can_be_traded_now() -> None:
    with Sandbox(seed=7, markets=100) as sandbox:
        assert predictions(sandbox) == 200 + UP_DOWN_SYMBOLS
        sandbox.advance(seconds=400)
        symbols = [symbol.symbol for symbol in sandbox.client().symbols()]
        assert len(symbols) == len(set(symbols))
        assert predictions(sandbox) == 200 + UP_DOWN_SYMBOLS
        quotes = sandbox.client().quotes_batch(symbols)["quotes"]
        assert all(quote["nbbo"]["bid"] or quote["nbbo"]["ask"] for quote in quotes)


def test_quotes_without_symbols_are_those_that_are_followed() -> None:
    with Sandbox(seed=7, markets=43_000) as sandbox:
        client, key = sandbox.client(), fresh_key()

        def followed() -> list[str]:
            answer = httpx.get(f"{sandbox.url}/v1/quotes", headers={"Authorization": f"Bearer {key}"})
            return [quote["symbol"] for quote in answer.json()["quotes"]]

        pairs = followed()
        assert "BTC-USD" in pairs
        contract = client.quote("btc-updown-5m-1767571200")
        assert contract.source == "edge_rpc_snapshot"
        assert client.quote(contract.symbol).source == "edge_nbbo"
        assert followed() == [*pairs, contract.symbol]
        assert client.quote("btc-updown-5m-1776537600").source == "unavailable"
        sandbox.advance(seconds=300)
        assert followed() == pairs


def test_the_journal_remembers_the_size(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    with Sandbox(seed=7, markets=60, state=state) as sandbox:
        assert predictions(sandbox) == 120 + UP_DOWN_SYMBOLS
    with Sandbox(state=state) as sandbox:
        assert predictions(sandbox) == 120 + UP_DOWN_SYMBOLS
        sandbox.reset()
        assert predictions(sandbox) == 120 + UP_DOWN_SYMBOLS
    with pytest.raises(JournalError, match="synthetic with 60 prediction markets, not synthetic with 61"):
        Sandbox(markets=61, state=state).start()


def test_the_identity_says_the_size_of_an_enlarged_catalogue() -> None:
    for markets in (None, LEAST_MARKETS, LEAST_MARKETS + 1, 43_000):
        name = identity(SyntheticMarket(default_catalogue(markets), seed=1))
        assert markets_of(name) == (None if markets in (None, LEAST_MARKETS) else markets)
    assert markets_of("tape 0123456789abcdef") is None


@pytest.mark.parametrize(
    ("markets", "error"),
    [
        (0, ValueError),
        (LEAST_MARKETS - 1, ValueError),
        (10**6 + 1, ValueError),
        ("43000", TypeError),
        (True, TypeError),
    ],
)
def test_a_size_that_cannot_be_is_refused_before_anything_starts(markets: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="markets must be"):
        Sandbox(markets=markets)


def test_a_tape_has_no_prediction_markets() -> None:
    with pytest.raises(ValueError, match="a tape has no prediction markets"):
        Sandbox(markets=100, replay=recording(HYPERLIQUID_BTC))
    tape = tape_market(HYPERLIQUID_BTC)
    assert list(tape.events.listed(START)) == []
    assert tape.events.find("btc-updown-5m-1767571200", START) is None
    assert tape.events.minted_between(0, START) == tape.events.resolved_between(0, START) == []
