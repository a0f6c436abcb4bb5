"""A listener that stops reading, over a real socket: the newest of the market, or a clear end."""

from __future__ import annotations

import json

import pytest
from websockets.exceptions import ConnectionClosedError

from sequence_markets.sandbox import Sandbox
from sequence_markets.sandbox.server import streaming
from tests.sandbox.streams.peer import Peer, key


def _read_on(peer: Peer, fills: list[str]) -> None:
    while True:
        fills.append(peer.read()["data"]["fill_id"])


def test_one_that_does_not_take_its_fills_is_sent_away(sandbox: Sandbox, peer: Peer) -> None:
    peer.subscribe("fills")
    client = sandbox.client(api_key=key())
    orders, levels = 40, 100
    for number in range(orders):
        asks = [(80_000 + 1_000 * (number % 2) + level, "0.01") for level in range(levels)]
        sandbox.set_book("BTC-USD", "kraken", bids=[(1, 1)], asks=asks)
        client.buy("BTC-USD", 1)
    fills: list[str] = []
    with pytest.raises(ConnectionClosedError) as closed:
        _read_on(peer, fills)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1013
    listed = [fill.fill_id for fill in client.iter_fills(page_size=500)][::-1]
    assert fills == listed[: len(fills)]
    assert len(fills) < orders * levels
    with Peer(sandbox) as again:
        assert again.subscribe("fills")["subscribed"] == ["fills"]


def test_one_that_does_not_take_its_books_finds_the_newest(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "MOST_FRAMES", 64)
    books = 400
    with Peer(sandbox) as peer:
        peer.subscribe("book:BTC-USD", "fills")
        sandbox.client(api_key=key()).buy("BTC-USD", "0.01")
        for number in range(books):
            asks = [(90_010 + number + level, 1) for level in range(100)]
            sandbox.set_book("BTC-USD", "kraken", bids=[(90_000, 2)], asks=asks)
            sandbox.advance(milliseconds=25)
        frames = peer.settle()
    best = [frame["data"]["asks"][0][0] for frame in frames if frame["channel"] == "book:BTC-USD"]
    assert best == sorted(best)
    assert best[-1] == 90_010 + books - 1
    assert len(best) < books
    assert sum(frame["channel"] == "fills" for frame in frames) == 1
    # What waits in the kernel is out of reach: it has to be little.
    assert sum(len(json.dumps(frame)) for frame in frames) < 2 << 20
