"""What each method sends."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sequence_markets import NotFoundError, Quote, QuoteError, Sequence
from tests.client.answers import GRAPH, ORDER, order_row, page
from tests.client.conftest import KEY, MakeClient, MakeServer
from tests.client.server import Received, Reply, Server

Pair = tuple[Sequence, Server]


def only(server: Server) -> Received:
    assert len(server.received) == 1
    return server.received[0]


SENT: list[tuple[Callable[[Sequence], object], str, str]] = [
    (lambda s: s.venues(), "GET", "/v1/credentials"),
    (lambda s: s.health(), "GET", "/v1/health/live"),
    (lambda s: s.disconnect_venue("okx"), "DELETE", "/v1/credentials/okx"),
    (lambda s: s.quote("BTC-USD"), "GET", "/v1/quotes/BTC-USD?depth=10"),
    (lambda s: s.quote("BTC-USD", 25, True), "GET", "/v1/quotes/BTC-USD?depth=25&nowait=true"),
    (lambda s: s.quotes(["BTC-USD", "ETH-USD"]), "GET", "/v1/quotes?symbols=BTC-USD%2CETH-USD"),
    (lambda s: s.symbols(), "GET", "/v1/symbols"),
    (lambda s: s.positions_unified(), "GET", "/v1/positions/unified"),
    (
        lambda s: s.positions_unified(["kraken", "okx"], ["fiat", "crypto"], include_closed=True),
        "GET",
        "/v1/positions/unified?venues=kraken%2Cokx&kinds=fiat%2Ccrypto&include_closed=true",
    ),
    (lambda s: s.account(), "GET", "/v1/account"),
    (lambda s: s.risk_limits(), "GET", "/v1/risk_limits"),
    (lambda s: s.edges(), "GET", "/v1/edges"),
    (lambda s: s.orders(), "GET", "/v1/orders?limit=50&offset=0"),
    (lambda s: s.orders(5, 10, "ETH-USD"), "GET", "/v1/orders?limit=5&offset=10&symbol=ETH-USD"),
    (lambda s: s.fills(5, 10, "ETH-USD"), "GET", "/v1/fills?limit=5&offset=10&symbol=ETH-USD"),
    (lambda s: s.order(ORDER), "GET", "/v1/orders?node_order_id=graph%3Agraph_0f3c9d%3Aorder%3A1"),
    (lambda s: s.graph_status(GRAPH), "GET", f"/v1/execution_graphs/{GRAPH}"),
    (lambda s: s.graph_cancel(GRAPH), "DELETE", f"/v1/execution_graphs/{GRAPH}"),
]


@pytest.mark.parametrize(("call", "method", "target"), SENT, ids=[f"{method} {target}" for _, method, target in SENT])
def test_a_method_asks_its_endpoint(seq: Pair, call: Callable[[Sequence], object], method: str, target: str) -> None:
    client, server = seq
    call(client)
    assert (only(server).method, only(server).target, only(server).body) == (method, target, b"")


def test_every_request_carries_the_key_an_id_of_its_own_and_our_name(seq: Pair) -> None:
    client, server = seq
    client.quote("A")
    client.buy("A", 1)
    first, second = server.received
    assert first.headers["authorization"] == f"Bearer {KEY}"
    assert re.fullmatch(r"sequence-markets-python/[\d.]+", first.headers["user-agent"])
    ids = {uuid.UUID(each.headers["x-request-id"]) for each in (first, second)}
    assert len(ids) == 2
    assert first.headers["host"] == f"127.0.0.1:{server.port}"
    assert second.headers["content-type"] == "application/json"


def test_health_is_asked_without_the_key(seq: Pair) -> None:
    client, server = seq
    assert client.health() is True
    assert "authorization" not in only(server).headers


def test_calls_share_one_connection(seq: Pair) -> None:
    client, server = seq
    for _ in range(5):
        client.quote("A")
    assert len({each.port for each in server.received}) == 1


def test_a_base_url_may_have_a_path_and_a_trailing_slash(serve: MakeServer, connect: MakeClient) -> None:
    server = serve(Reply(body=[]))
    connect(f"{server.url}/seq/").symbols()
    assert only(server).target == "/seq/v1/symbols"


def test_credentials_are_stored_with_post(seq: Pair) -> None:
    client, server = seq
    client.connect_venue("kraken", "k-71f2", "s-0c9d")
    assert (only(server).method, only(server).target) == ("POST", "/v1/credentials/kraken")
    assert only(server).json == {"api_key": "k-71f2", "api_secret": "s-0c9d"}


def test_credentials_carry_what_is_given_and_nothing_else(seq: Pair) -> None:
    client, server = seq
    client.connect_venue("polymarket", "", "", extra_json={"signer_private_key": "0xabc", "n": [1, None, True]})
    client.connect_venue("okx", "AK", "SK", passphrase="blue-heron")
    first, second = server.received
    assert first.json == {
        "api_key": "",
        "api_secret": "",
        "extra_json": {"signer_private_key": "0xabc", "n": [1, None, True]},
    }
    assert second.json == {"api_key": "AK", "api_secret": "SK", "passphrase": "blue-heron"}


@pytest.mark.parametrize(("given", "sent"), [(0, 1), (-7, 1), (1, 1), (100, 100), (5000, 100)])
def test_depth_of_a_quote_is_moved_into_its_bounds(seq: Pair, given: int, sent: int) -> None:
    client, server = seq
    client.quote("A", depth=given)
    assert only(server).target == f"/v1/quotes/A?depth={sent}"


def test_a_batch_sends_its_documented_defaults(seq: Pair) -> None:
    client, server = seq
    batch = client.quotes_batch(["ETH-USD", "nope"])
    assert (only(server).method, only(server).target) == ("POST", "/v1/quotes_batch")
    assert only(server).json == {"symbols": ["ETH-USD", "nope"], "depth": 10, "nowait": True, "concurrency": 64}
    assert [type(entry) for entry in batch.quotes] == [Quote, QuoteError]
    assert ["error" in entry for entry in batch["quotes"]] == [False, True]


def test_a_batch_sends_what_is_given(seq: Pair) -> None:
    client, server = seq
    client.quotes_batch(("A", "B"), 20, False, 256, "prediction")
    assert only(server).json == {
        "symbols": ["A", "B"],
        "depth": 20,
        "nowait": False,
        "concurrency": 256,
        "instrument_type": "prediction",
    }


def test_no_symbols_give_no_quotes_and_no_request(seq: Pair) -> None:
    client, server = seq
    assert client.quotes([]) == []
    assert server.received == []


def test_lists_are_read_bare_or_under_their_key(serve: MakeServer, connect: MakeClient) -> None:
    row = {"venue": "kraken", "connected": True}
    server = serve([Reply(body=body) for body in ([row], {"credentials": [row]}, {"venues": [row]})])
    client = connect(server)
    assert [client.venues().raw for _ in range(3)] == [[row]] * 3


ODD = ["a/b", "a?b=c&d", "a#b", "a b", "a%2Fb", "../x", "g/../../v1/account?x=", "é", "a:b", "a+b", "https://x/y?z"]


@pytest.mark.parametrize("text", ODD)
def test_a_path_part_stays_one_part(seq: Pair, text: str) -> None:
    from urllib.parse import unquote

    client, server = seq
    calls: list[Callable[[str], object]] = [client.quote, client.graph_status, client.graph_cancel]
    for call in [*calls, client.disconnect_venue]:
        server.received.clear()
        call(text)
        place = only(server).target.partition("?")[0]
        assert place.count("/") == 3
        assert unquote(place.rpartition("/")[2]) == text


@pytest.mark.parametrize("text", [".", "..", ""])
def test_a_path_part_that_would_be_resolved_is_refused(seq: Pair, text: str) -> None:
    client, server = seq
    for call in (client.quote, client.graph_status, client.graph_cancel, client.cancel, client.disconnect_venue):
        with pytest.raises(ValueError):
            call(text)
    assert server.received == []


def test_query_values_are_encoded(seq: Pair) -> None:
    client, server = seq
    client.orders(symbol="A&limit=9 #+é")
    assert only(server).target == "/v1/orders?limit=50&offset=0&symbol=A%26limit%3D9%20%23%2B%C3%A9"


def _wrong() -> Iterator[tuple[str, Callable[[Any], object], type[Exception]]]:
    yield "a str for symbols", lambda s: s.quotes("BTC-USD"), TypeError
    yield "a str for batch symbols", lambda s: s.quotes_batch("BTC-USD"), TypeError
    yield "bytes for symbols", lambda s: s.quotes(b"BTC"), TypeError
    yield "no list for symbols", lambda s: s.quotes(7), TypeError
    yield "an int among symbols", lambda s: s.quotes(["A", 7]), TypeError
    yield "an empty symbol", lambda s: s.quotes([""]), ValueError
    yield "a symbol with a comma", lambda s: s.quotes(["A,B"]), ValueError
    yield "a str for venues", lambda s: s.positions_unified(venues="kraken"), TypeError
    yield "a str for kinds", lambda s: s.positions_unified(kinds="fiat"), TypeError
    yield "an unknown kind", lambda s: s.positions_unified(kinds=["cash"]), ValueError
    yield "no venues", lambda s: s.positions_unified(venues=[]), ValueError
    yield "more than 2,000 symbols", lambda s: s.quotes_batch(["A"] * 2001), ValueError
    yield "too much concurrency", lambda s: s.quotes_batch(["A"], concurrency=257), ValueError
    yield "too deep a batch", lambda s: s.quotes_batch(["A"], depth=101), ValueError
    yield "an unknown instrument type", lambda s: s.quotes_batch(["A"], instrument_type="option"), ValueError
    yield "a text for depth", lambda s: s.quote("A", depth="5"), TypeError
    yield "a bool for depth", lambda s: s.quote("A", depth=True), TypeError
    yield "a text for nowait", lambda s: s.quote("A", nowait="yes"), TypeError
    yield "an int for a symbol", lambda s: s.quote(7), TypeError
    yield "a text for limit", lambda s: s.orders(limit="5&symbol=EVIL"), TypeError
    yield "a limit of zero", lambda s: s.orders(limit=0), ValueError
    yield "a negative offset", lambda s: s.fills(offset=-1), ValueError
    yield "a timeout of zero", lambda s: s.quote("A", timeout=0), ValueError
    yield "a negative timeout", lambda s: s.quote("A", timeout=-1), ValueError
    yield "a timeout that is no number", lambda s: s.quote("A", timeout=float("nan")), ValueError
    yield "an endless timeout", lambda s: s.quote("A", timeout=float("inf")), ValueError
    yield "a text for a timeout", lambda s: s.quote("A", timeout="5"), TypeError
    yield "a secret that is no text", lambda s: s.connect_venue("okx", "k", 7), TypeError
    yield "extra_json that is no JSON", lambda s: s.connect_venue("okx", "k", "s", extra_json={1, 2}), TypeError
    yield "extra_json with NaN", lambda s: s.connect_venue("okx", "k", "s", extra_json=float("nan")), ValueError
    yield "an option nobody knows", lambda s: s.quote("A", deep=5), TypeError


WRONG = list(_wrong())


@pytest.mark.parametrize(("call", "kind"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_a_wrong_argument_is_refused_before_any_request(
    seq: Pair, call: Callable[[Any], object], kind: type[Exception]
) -> None:
    client, server = seq
    with pytest.raises(kind):
        call(client)
    assert server.received == []


def test_positions_are_read_from_the_older_path_where_the_newer_is_unknown(
    serve: MakeServer, connect: MakeClient
) -> None:
    from tests.client.answers import POSITIONS

    server = serve(lambda r: Reply(404) if "unified" in r.target else Reply(body=POSITIONS))
    assert connect(server, max_retries=0).positions_unified(kinds=["perp"]) == POSITIONS
    assert [each.target for each in server.received] == [
        "/v1/positions/unified?kinds=perp",
        "/v1/positions?kinds=perp",
    ]


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("balances", "/v1/balances"),
        ("positions", "/v1/positions"),
        ("perp_positions", "/v1/positions/perp"),
        ("portfolio", "/v1/portfolio/summary"),
    ],
)
def test_a_removed_method_warns_where_it_is_called_and_gives_404(
    serve: MakeServer, connect: MakeClient, name: str, target: str
) -> None:
    server = serve(Reply(404, {"error": {"code": "NOT_FOUND", "message": "gone"}}))
    client = connect(server)
    method: Callable[[], object] = getattr(client, name)
    with pytest.warns(DeprecationWarning, match="positions_unified") as caught, pytest.raises(NotFoundError) as refused:
        method()
    assert refused.value.status == 404
    assert only(server).target == target
    assert len(caught) == 1
    assert caught[0].filename.startswith(__file__.rpartition("/")[0])


@pytest.mark.parametrize(
    "node_order_id", ["graph:graph_a:spot:1", "graph:graph_a:order:12", "graph:graph_a:a:node:1", "graph_a"]
)
def test_cancel_takes_the_graph_id_out_of_an_order_id(seq: Pair, node_order_id: str) -> None:
    client, server = seq
    client.cancel(node_order_id)
    assert (only(server).method, only(server).target) == ("DELETE", "/v1/execution_graphs/graph_a")


@pytest.mark.parametrize(
    "malformed",
    ["graph", "graph:", "graph::o:1", "graph:g", "graph:g:o", "graph:g:o:", "graph:g:o:x", "order:g:o:1", "g:o", "",
     "graph:..:o:1", " g"],
)  # fmt: skip
def test_cancel_refuses_a_malformed_id_before_any_request(seq: Pair, malformed: str) -> None:
    client, server = seq
    with pytest.raises(ValueError):
        client.cancel(malformed)
    assert server.received == []


def test_order_looks_at_the_id_of_each_row(serve: MakeServer, connect: MakeClient) -> None:
    rows = [order_row("graph:other:o:1"), order_row("graph:mine:o:1")]
    client = connect(serve(Reply(body=page("orders", rows))))
    assert client.order("graph:mine:o:1").node_order_id == "graph:mine:o:1"
    with pytest.raises(NotFoundError) as missing:
        client.order("graph:neither:o:1")
    assert (missing.value.status, missing.value.code, missing.value.operation) == (404, "NOT_FOUND", "order")


@pytest.mark.parametrize("reply", [Reply(200), Reply(204), Reply(202, b"not json"), Reply(299)])
def test_any_2xx_is_alive(serve: MakeServer, connect: MakeClient, reply: Reply) -> None:
    assert connect(serve(reply)).health() is True


@pytest.mark.parametrize("reply", [Reply(302), Reply(404), Reply(503), Reply(cut=5), Reply(body=b"", cut=0)])
def test_anything_else_is_not_alive_and_does_not_raise(serve: MakeServer, connect: MakeClient, reply: Reply) -> None:
    server = serve(reply)
    assert connect(server).health() is False
    assert len(server.received) == 1


def test_health_of_a_place_where_nothing_listens_is_false(connect: MakeClient) -> None:
    assert connect("http://127.0.0.1:1").health() is False


def test_an_answer_without_a_body_is_fine_where_nothing_is_returned(serve: MakeServer, connect: MakeClient) -> None:
    client = connect(serve(Reply(204)))
    client.connect_venue("okx", "k", "s")
    client.graph_cancel("g")
    client.cancel("g")
    client.disconnect_venue("okx")


def test_the_body_of_a_submit_is_a_graph_of_one_node(seq: Pair) -> None:
    client, server = seq
    client.buy(
        "ETH-USD", "0.25", venue="kraken", limit_price=3101, urgency="high", policy="sor", max_slippage_bps=10,
        horizon_ms=5000, tif="GTC", instrument_type="spot", sandbox=True, graph_id="mine-1",
    )  # fmt: skip
    assert only(server).target == "/v1/orders"
    assert only(server).json == {
        "graph_id": "mine-1",
        "nodes": [
            {
                "node_id": "order",
                "instrument": {"symbol": "ETH-USD", "type": "spot", "venue": "kraken"},
                "side": "buy",
                "order_type": {"limit": {"price_1e9": 3101000000000}},
                "quantity": {"fixed": {"qty_1e8": 25000000}},
                "execution": {
                    "policy": "sor",
                    "urgency": "high",
                    "tif": "GTC",
                    "max_slippage_bps": 10,
                    "horizon_ms": 5000,
                },
                "activation": "root",
            }
        ],
        "edges": [],
        "is_sandbox": True,
    }


def test_a_plain_sell_is_a_market_order_with_an_id_made_here(seq: Pair) -> None:
    client, server = seq
    client.sell("BTC-USD", 1)
    body: Any = only(server).json
    assert re.fullmatch(r"graph_[0-9a-f]{32}", body["graph_id"])
    assert body["is_sandbox"] is False
    assert body["nodes"][0] == {
        "node_id": "order",
        "instrument": {"symbol": "BTC-USD", "type": "spot", "venue": None},
        "side": "sell",
        "order_type": "market",
        "quantity": {"fixed": {"qty_1e8": 100000000}},
        "execution": {},
        "activation": "root",
    }


def test_two_submits_have_two_graph_ids(seq: Pair) -> None:
    client, server = seq
    client.buy("A", 1)
    client.buy("A", 1)
    first, second = (json.loads(each.body)["graph_id"] for each in server.received)
    assert first != second
