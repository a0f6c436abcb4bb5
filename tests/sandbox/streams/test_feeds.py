"""What the stream says follows from what the exchange does, and changes nothing in it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import httpx

from sequence_markets.sandbox import Sandbox
from tests.sandbox.streams.peer import Peer, key


def _data(frames: list[dict[str, Any]], channel: str) -> list[dict[str, Any]]:
    return [frame["data"] for frame in frames if frame["channel"] == channel]


def test_an_order_is_shown_in_every_state_it_passes_through(sandbox: Sandbox, peer: Peer) -> None:
    peer.subscribe("orders", "fills", "routing")
    client = sandbox.client(api_key=key())
    graph = client.buy("BTC-USD", "4")
    frames = peer.settle()
    states = [(row["status"], row["filled_qty_1e8"]) for row in _data(frames, "orders")]
    assert states == [("PENDING", 0), ("ACCEPTED", 0), ("PARTIAL", 300_000_000), ("FILLED", 400_000_000)]
    order = client.order(f"graph:{graph.graph_id}:order:1")
    assert _data(frames, "orders")[-1] == order.raw
    assert _data(frames, "fills") == [fill.raw for fill in reversed(list(client.fills().fills))]
    (decision,) = _data(frames, "routing")
    assert [(leg["venue"], leg["qty_1e8"], leg["price_1e9"]) for leg in decision["legs"]] == [
        ("kraken", 300_000_000, 90_010 * 10**9),
        ("kraken", 100_000_000, 90_020 * 10**9),
    ]
    assert decision["chosen"] == "kraken"
    assert decision["node_order_id"] == order.node_order_id


def test_nobody_hears_what_concerns_another_account(sandbox: Sandbox, peer: Peer) -> None:
    peer.subscribe("orders", "fills", "routing", "tca")
    sandbox.client(api_key=key("b")).buy("BTC-USD", "1")
    assert peer.settle() == []


def test_what_we_take_shows_in_prices_and_books(sandbox: Sandbox, peer: Peer) -> None:
    peer.send({"subscribe": ["prices:BTC-USD", "book:BTC-USD"]})
    peer.settle()
    sandbox.client(api_key=key("b")).buy("BTC-USD", "1")
    frames = peer.settle()
    assert [row["ask_sz"] for row in _data(frames, "prices:BTC-USD")] == [2.0]
    assert [row["asks"] for row in _data(frames, "book:BTC-USD")] == [[[90010.0, 2.0], [90020.0, 5.0]]]


def test_books_that_change_faster_than_they_are_sent_become_one_frame(sandbox: Sandbox, peer: Peer) -> None:
    peer.send({"subscribe": ["prices:BTC-USD", "book:BTC-USD"]})
    peer.settle()
    sandbox.advance(milliseconds=100)
    for price in (90_100, 90_200, 90_300):
        sandbox.set_book("BTC-USD", "kraken", bids=[(price, 1)], asks=[(price + 10, 1)])
        sandbox.advance(milliseconds=5)
    frames = peer.settle()
    assert [row["bid"] for row in _data(frames, "prices:BTC-USD")] == [90100.0, 90200.0, 90300.0]
    assert [row["bids"][0][0] for row in _data(frames, "book:BTC-USD")] == [90100.0]
    sandbox.advance(milliseconds=10)
    (late,) = peer.settle()
    assert late["data"]["bids"] == [[90300.0, 1.0]]
    assert late["data"]["ts_ns"] % 10**9 == 125_000_000


def test_prices_are_said_when_they_change_and_only_then(sandbox: Sandbox, peer: Peer) -> None:
    peer.send({"subscribe": ["prices:ETH-USD"]})
    first = peer.settle()[1]["data"]
    sandbox.advance(seconds=5)
    rows = [first, *_data(peer.settle(), "prices:ETH-USD")]
    assert len(rows) > 5
    shown = [(row["bid"], row["bid_sz"], row["ask"], row["ask_sz"]) for row in rows]
    assert all(before != after for before, after in pairwise(shown))
    assert [row["ts_ns"] for row in rows] == sorted(row["ts_ns"] for row in rows)
    quote = sandbox.client().quote("ETH-USD")
    assert (rows[-1]["bid"], rows[-1]["ask"]) == (quote.nbbo.bid, quote.nbbo.ask)


def test_one_side_of_a_book_is_null_and_has_no_middle(sandbox: Sandbox, peer: Peer) -> None:
    sandbox.set_book("BTC-USD", "kraken", asks=[("90010", "3")])
    peer.send({"subscribe": ["prices:BTC-USD"]})
    row = peer.settle()[1]["data"]
    assert (row["bid"], row["bid_sz"], row["mid"], row["spread_bps"]) == (None, None, None, None)
    assert row["ask"] == 90010.0


def test_the_no_outcome_of_a_market_moves_with_its_yes(sandbox: Sandbox, peer: Peer) -> None:
    sandbox.set_book("KXRAIN-26NOV27-OSL", "kalshi", bids=[("0.40", "10")], asks=[("0.45", "10")])
    peer.send({"subscribe": ["prices:KXRAIN-26NOV27-OSL:NO"]})
    assert peer.settle()[1]["data"]["ask"] == 0.6
    sandbox.set_book("KXRAIN-26NOV27-OSL", "kalshi", bids=[("0.41", "10")], asks=[("0.45", "10")])
    assert [frame["data"]["ask"] for frame in peer.settle()] == [0.59]


def test_listening_leaves_the_journal_as_it_would_be(sandbox: Sandbox) -> None:
    def run(listen: bool) -> str:
        with Sandbox(seed=7) as other:
            client = other.client(api_key=key())
            with Peer(other) as peer:
                if listen:
                    peer.send({"subscribe": ["prices:BTC-USD", "book:ETH-USD", "orders", "fills", "routing"]})
                peer.settle()
                client.buy("BTC-USD", "0.5", graph_id="graph_a")
                client.buy("ETH-USD", "1", limit_price=1000, graph_id="graph_b")
                other.advance(seconds=3)
                peer.settle()
            return other.journal_digest()

    assert run(True) == run(False)


def test_a_refused_order_says_why(sandbox: Sandbox, peer: Peer) -> None:
    peer.subscribe("orders")
    sandbox.client(api_key=key()).sell("BTC-USD", "1")
    last = peer.settle()[-1]["data"]
    assert (last["status"], last["failure_reason"]) == ("REJECTED", "INSUFFICIENT_BALANCE")


def test_a_reset_begins_the_market_again_for_those_who_listen(sandbox: Sandbox, peer: Peer) -> None:
    peer.send({"subscribe": ["prices:BTC-USD", "orders"]})
    peer.settle()
    sandbox.reset()
    rows = _data(peer.settle(), "prices:BTC-USD")
    assert rows
    assert rows[-1]["bid"] != 90000.0
    sandbox.client(api_key=key()).buy("BTC-USD", "0.01")
    assert _data(peer.settle(), "orders")[-1]["status"] == "FILLED"


def test_an_order_that_is_over_is_reported_once(sandbox: Sandbox, peer: Peer) -> None:
    peer.subscribe("tca")
    client = sandbox.client(api_key=key())
    graph = client.buy("BTC-USD", "4")
    resting = client.buy("BTC-USD", "1", limit_price=80_000)
    (report,) = _data(peer.settle(), "tca")
    assert report["node_order_id"] == f"graph:{graph.graph_id}:order:1"
    assert report["venues_used"] == ["kraken"]
    assert report["achieved_vwap_1e9"] == (3 * 90_010 + 90_020) * 10**9 // 4
    client.cancel(resting.graph_id)
    assert peer.settle() == []


def test_funding_is_heard_by_venue_by_perp_and_all_together(sandbox: Sandbox, peer: Peer) -> None:
    peer.send({"subscribe": ["funding:okx", "funding:okx:BTC-PERP", "funding"]})
    _, *shown = peer.settle()
    rows = [row.raw for row in sandbox.client().funding_rates().rates]
    assert sorted(map(str, _data(shown, "funding"))) == sorted(map(str, rows))
    assert _data(shown, "funding:okx") == [row for row in _data(shown, "funding") if row["venue"] == "okx"]
    assert [(row["venue"], row["symbol"]) for row in _data(shown, "funding:okx:BTC-PERP")] == [("okx", "BTC-USD-PERP")]
    sandbox.set_funding("BTC-USD-PERP", "okx", [(sandbox.now, "0.0007")])
    sandbox.advance(seconds=60)
    said = peer.settle()
    assert [row["symbol"] for row in _data(said, "funding:okx:BTC-PERP")] == ["BTC-USD-PERP"]
    assert _data(said, "funding:okx:BTC-PERP")[0] in _data(said, "funding")


def test_a_fair_price_is_that_of_all_venues_and_moves_every_second(sandbox: Sandbox, peer: Peer) -> None:
    peer.send({"subscribe": ["fair_price:ETH"]})
    first = peer.settle()[1]["data"]
    sandbox.advance(seconds=5)
    rows = [first, *_data(peer.settle(), "fair_price:ETH")]
    assert [row["ts_ns"] % 10**9 for row in rows] == [0] * len(rows)
    assert all(one["price_1e9"] != other["price_1e9"] for one, other in pairwise(rows))
    headers = {"Authorization": f"Bearer {key()}"}
    asked = httpx.get(f"{sandbox.url}/v1/fair_price?underlying=ETH", headers=headers).json()
    assert rows[-1]["price_1e9"] == asked["prices"][0]["price_1e9"]
