"""Prediction markets: what is asked, what is refused before any request, and how the catalogue is walked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from sequence_markets import (
    MarketsPage,
    NotFoundError,
    PaginationError,
    PolymarketReward,
    Rows,
    Sequence,
    SequenceError,
)
from sequence_markets.client.market_names import market_name
from sequence_markets.client.paging import MarketWalk
from tests.client.answers import error
from tests.client.conftest import MakeClient, MakeServer
from tests.client.server import Received, Reply

TOKEN = "7" * 76
OTHER = "8" * 76
SETTLED: dict[str, Any] = {
    "slug": "btc-updown-5m-1790000100",
    "question": "Bitcoin up or down?",
    "outcomes": ["Up", "Down"],
    "outcome_token_ids": [TOKEN, OTHER],
    "yes_token_id": TOKEN,
    "no_token_id": OTHER,
    "condition_id": "0xab",
    "neg_risk": False,
    "status": "resolved",
    "resolved_outcome": "Down",
    "outcome_source": "polymarket_gamma",
    "yes_price": 0.0,
    "no_price": 1.0,
    "event_start_s": 1790000100,
    "event_end_s": 1790000400,
    "resolution_source": "oracle",
    "underlying": None,
}
REWARD: dict[str, Any] = {
    "token_id": TOKEN,
    "condition_id": "0xab",
    "rewards_min_size": 200,
    "rewards_max_spread": 3.5,
    "rate_per_day_usdc": 75.0,
    "current_spread": 0.2,
    "reward_end_unix_s": 1790000400,
}


def row(number: int = 0, **more: object) -> dict[str, Any]:
    """A market as the reference shows it."""
    token = str(10**76 + number)
    return {
        "venue": "polymarket",
        "slug": f"market-{number}",
        "symbol": token,
        "question": f"Question {number}?",
        "outcomes": ["Yes", "No"],
        "outcome_token_ids": [token, token[::-1]],
        "yes_token_id": token,
        "no_token_id": token[::-1],
        "condition_id": f"0x{number:064x}",
        "neg_risk": False,
        "volume_24h": 412.12,
        "volume_week": 1820.55,
        "volume_total": 5210.88,
        "liquidity": 98.40,
        "end_date": "2026-10-31T23:59:59Z",
        "start_date": "2026-09-01T00:00:00Z",
        "url": f"https://polymarket.com/event/market-{number}",
        **more,
    }


def page(*rows: dict[str, Any], cursor: str | None = None, **more: object) -> Reply:
    body = {"markets": list(rows), "count": len(rows), "venue": "polymarket", "next_cursor": cursor}
    return Reply(body={**body, "has_more": cursor is not None, **more})


def asked(request: Received) -> dict[str, str]:
    return {name: value for name, (value,) in parse_qs(urlsplit(request.target).query).items()}


PAGE = "/v1/markets?venue=polymarket"
SENT: list[tuple[Callable[[Sequence], object], str]] = [
    (lambda s: s.markets(), f"{PAGE}&active=true&limit=20"),
    (lambda s: s.markets("kalshi"), "/v1/markets?venue=kalshi&active=true&limit=20"),
    (lambda s: s.markets(q="fed cut & more"), f"{PAGE}&q=fed%20cut%20%26%20more&active=true&limit=20"),
    (lambda s: s.markets(slug="a/b"), f"{PAGE}&slug=a%2Fb&active=true&limit=20"),
    (lambda s: s.markets(clob_token_id=TOKEN), f"{PAGE}&clob_token_id={TOKEN}&active=true&limit=20"),
    (lambda s: s.markets(tag="bitcoin"), f"{PAGE}&tag=bitcoin&active=true&limit=20"),
    (
        lambda s: s.markets(tag="bitcoin", related_tags=True),
        f"{PAGE}&tag=bitcoin&related_tags=true&active=true&limit=20",
    ),
    (
        lambda s: s.markets(tag_id=2, related_tags=True, exclude_tag_id=0),
        f"{PAGE}&tag_id=2&related_tags=true&exclude_tag_id=0&active=true&limit=20",
    ),
    (lambda s: s.markets(active=False, closed=True), f"{PAGE}&active=false&closed=true&limit=20"),
    (lambda s: s.markets(limit=5000), f"{PAGE}&active=true&limit=1000"),
    (lambda s: s.markets(limit=-1), f"{PAGE}&active=true&limit=1"),
    (lambda s: s.markets(offset=40), f"{PAGE}&active=true&limit=20&offset=40"),
    (lambda s: s.markets(cursor="a=b"), f"{PAGE}&active=true&limit=20&cursor=a%3Db"),
    (
        lambda s: s.markets(order="volume", expand="outcomes"),
        f"{PAGE}&active=true&limit=20&order=volume&expand=outcomes",
    ),
    (lambda s: s.markets(include_parlays=False), f"{PAGE}&active=true&limit=20&include_parlays=false"),
    (lambda s: s.search_markets("fed"), f"{PAGE}&q=fed&active=true&limit=20"),
    (lambda s: s.search_markets("fed", 5, venue="kalshi"), "/v1/markets?venue=kalshi&q=fed&active=true&limit=5"),
    (lambda s: s.new_markets(), f"{PAGE}&active=true&limit=20&order=created"),
    (
        lambda s: s.new_markets(50, venue="kalshi", q="btc"),
        "/v1/markets?venue=kalshi&q=btc&active=true&limit=50&order=created",
    ),
]


@pytest.mark.parametrize(("call", "target"), SENT, ids=[target for _, target in SENT])
def test_filters_are_sent_as_documented(
    serve: MakeServer, connect: MakeClient, call: Callable[[Sequence], MarketsPage], target: str
) -> None:
    server = serve(page(row(1), cursor="c"))
    answer = call(connect(server))
    (request,) = server.received
    assert (request.method, request.target) == ("GET", target)
    assert answer.next_cursor == "c"
    assert [market.slug for market in answer] == ["market-1"]


def test_settlement_and_rewards_ask_their_endpoints(serve: MakeServer, connect: MakeClient) -> None:
    server = serve(
        lambda request: Reply(
            body=SETTLED if "settlement" in request.target else REWARD if TOKEN in request.target else [REWARD]
        )
    )
    client = connect(server)
    assert client.settlement("a").winning_token_id == OTHER
    assert client.settlement("https://polymarket.com/event/a?b=c", underlying=True).is_resolved
    every = client.polymarket_rewards()
    assert isinstance(every, Rows)
    assert every[0].rate_per_day_usdc == 75.0
    assert isinstance(client.polymarket_rewards(TOKEN), PolymarketReward)
    assert [request.target for request in server.received] == [
        "/v1/settlement/a?underlying=false",
        "/v1/settlement/https%3A%2F%2Fpolymarket.com%2Fevent%2Fa%3Fb%3Dc?underlying=true",
        "/v1/polymarket/rewards",
        f"/v1/polymarket/rewards/{TOKEN}",
    ]


def test_a_token_outside_every_programme_is_not_found(serve: MakeServer, connect: MakeClient) -> None:
    with pytest.raises(NotFoundError):
        connect(serve(error(404, "NOT_FOUND"))).polymarket_rewards(TOKEN)


def test_rewards_in_an_envelope_are_read_alike(serve: MakeServer, connect: MakeClient) -> None:
    (reward,) = connect(serve(Reply(body={"rewards": [REWARD]}))).polymarket_rewards()
    assert reward.raw == REWARD


WRONG: list[tuple[Callable[[Any], object], type[Exception], str]] = [
    (lambda s: s.markets(colour="red"), TypeError, "colour"),
    (lambda s: s.iter_markets(colour="red"), TypeError, "iter_markets.*colour"),
    (lambda s: s.search_markets("a", colour="red"), TypeError, "search_markets.*colour"),
    (lambda s: s.new_markets(colour="red"), TypeError, "new_markets.*colour"),
    (lambda s: s.search_markets("a", q="b"), TypeError, "q"),
    (lambda s: s.new_markets(order="volume"), TypeError, "order"),
    (lambda s: s.markets("polymarket", "fed"), TypeError, "positional"),
    (lambda s: s.markets(cursor="c", offset=1), ValueError, "cursor and offset"),
    (lambda s: s.markets(slug="a", clob_token_id=TOKEN), ValueError, "slug and clob_token_id"),
    (lambda s: s.markets(related_tags=True), ValueError, "related_tags"),
    (lambda s: s.iter_markets(related_tags=True), ValueError, "related_tags"),
    (lambda s: s.markets(order="fame"), ValueError, "order"),
    (lambda s: s.markets(expand="legs"), ValueError, "expand"),
    (lambda s: s.markets(active="true"), TypeError, "active"),
    (lambda s: s.markets(closed=1), TypeError, "closed"),
    (lambda s: s.markets(limit="20"), TypeError, "limit"),
    (lambda s: s.markets(limit=True), TypeError, "limit"),
    (lambda s: s.markets(offset=-1), ValueError, "offset"),
    (lambda s: s.markets(tag_id="2"), TypeError, "tag_id"),
    (lambda s: s.markets(q=""), ValueError, "q"),
    (lambda s: s.markets(q=5), TypeError, "q"),
    (lambda s: s.markets(venue=""), ValueError, "venue"),
    (lambda s: s.markets(cursor=""), ValueError, "cursor"),
    (lambda s: s.iter_markets(page_size="1000"), TypeError, "page_size"),
    (lambda s: s.search_markets(""), ValueError, "query"),
    (lambda s: s.market(""), ValueError, "slug"),
    (lambda s: s.market(":yes"), ValueError, "slug"),
    (lambda s: s.market("https://polymarket.com/"), ValueError, "slug"),
    (lambda s: s.market(7), TypeError, "slug"),
    (lambda s: s.settlement(""), ValueError, "slug"),
    (lambda s: s.settlement(".."), ValueError, "slug"),
    (lambda s: s.settlement("a", underlying="yes"), TypeError, "underlying"),
    (lambda s: s.polymarket_rewards(""), ValueError, "token_id"),
    (lambda s: s.polymarket_rewards(7), TypeError, "token_id"),
]


@pytest.mark.parametrize(("call", "kind", "words"), WRONG)
def test_wrong_arguments_are_refused_before_any_request(
    serve: MakeServer, connect: MakeClient, call: Callable[[Any], object], kind: type[Exception], words: str
) -> None:
    server = serve()
    with pytest.raises(kind, match=words):
        call(connect(server))
    assert server.received == []


NAMED = [
    ("fed-decision", "polymarket", ("polymarket", "slug", "fed-decision")),
    (" fed-decision:yes ", "polymarket", ("polymarket", "slug", "fed-decision")),
    ("btc-updown-5m-1790000100:Down", "polymarket", ("polymarket", "slug", "btc-updown-5m-1790000100")),
    (TOKEN, "polymarket", ("polymarket", "clob_token_id", TOKEN)),
    (TOKEN, "kalshi", ("polymarket", "clob_token_id", TOKEN)),
    ("7" * 59, "polymarket", ("polymarket", "slug", "7" * 59)),
    ("KXRAIN-26NOV27-OSL", "kalshi", ("kalshi", "slug", "KXRAIN-26NOV27-OSL")),
    ("KXRAIN-26NOV27-OSL:YES", "polymarket", ("kalshi", "slug", "KXRAIN-26NOV27-OSL")),
    ("kxrain-26nov27-osl:no", "kalshi", ("kalshi", "slug", "KXRAIN-26NOV27-OSL")),
    ("INXD-26-B5000", "polymarket", ("kalshi", "slug", "INXD-26-B5000")),
    ("https://polymarket.com/event/fed-decision?tid=1", "kalshi", ("polymarket", "slug", "fed-decision")),
    ("polymarket.com/event/cup/cup-sweden/", "polymarket", ("polymarket", "slug", "cup-sweden")),
    ("https://kalshi.com/markets/kxrain/rain/kxrain-26nov27", "polymarket", ("kalshi", "slug", "KXRAIN-26NOV27")),
]


@pytest.mark.parametrize(("text", "venue", "expected"), NAMED, ids=[text[:30] for text, _, _ in NAMED])
def test_every_documented_name_of_a_market_is_read(text: str, venue: str, expected: tuple[str, str, str]) -> None:
    name = market_name(text, venue)
    assert (name.venue, name.kind, name.text) == expected


def test_a_market_that_trades_takes_one_request(serve: MakeServer, connect: MakeClient) -> None:
    server = serve(page(row(3)))
    market = connect(server).market(slug="market-3")
    assert market is not None
    assert market.raw == row(3)
    (request,) = server.received
    assert asked(request) == {"venue": "polymarket", "slug": "market-3", "active": "true", "limit": "1"}


@pytest.mark.parametrize("unknown", [page(), error(404, "NOT_FOUND")], ids=["empty", "404"])
def test_a_resolved_market_is_found_among_all_there_ever_were(
    serve: MakeServer, connect: MakeClient, unknown: Reply
) -> None:
    server = serve([unknown, page(row(3))])
    market = connect(server).market("market-3")
    assert market is not None
    assert market.slug == "market-3"
    assert asked(server.received[1]) == {
        "venue": "polymarket", "slug": "market-3", "active": "true", "closed": "true", "limit": "1",
    }  # fmt: skip


@pytest.mark.parametrize("unknown", [page(), error(404, "NOT_FOUND")], ids=["empty", "404"])
def test_an_unknown_market_is_none(serve: MakeServer, connect: MakeClient, unknown: Reply) -> None:
    server = serve(unknown)
    assert connect(server).market("market-3", "kalshi") is None
    assert len(server.received) == 2


def test_a_token_is_looked_up_without_a_status_and_never_mistaken(serve: MakeServer, connect: MakeClient) -> None:
    known = row(1, outcome_token_ids=[OTHER, TOKEN], no_token_id=TOKEN)
    server = serve([page(known), page(row(2)), page(row(2))])
    client = connect(server)
    found = client.market(TOKEN)
    assert found is not None
    assert found.raw == known
    assert asked(server.received[0])["active"] == "false"
    # A server that does not know the filter answers some market: none at all is better than another one.
    assert client.market(TOKEN) is None
    assert len(server.received) == 3


def test_a_lookup_that_fails_raises(serve: MakeServer, connect: MakeClient) -> None:
    with pytest.raises(SequenceError):
        connect(serve(error(403))).market("market-3")


class Catalogue:
    """Markets in order, of which each page starts behind its cursor; some may be minted before every page."""

    def __init__(self, count: int, *, cap: int = 500, minted: int = 0, told: bool = True) -> None:
        self.rows = [row(number) for number in range(count)]
        self.cap, self.minted, self.told = cap, minted, told

    def __call__(self, request: Received) -> Reply:
        query = asked(request)
        size = min(int(query["limit"]), self.cap)
        start = int(query.get("cursor", "at-0").removeprefix("at-"))
        end = start + size
        more = end < len(self.rows)
        answer = page(*self.rows[start:end], cursor=f"at-{end}" if more else None)
        if not self.told:
            body = answer.body
            assert isinstance(body, dict)
            del body["has_more"]
        self.rows += [row(len(self.rows) + number) for number in range(self.minted if more else 0)]
        return answer


@pytest.mark.parametrize("count", [0, 1, 6, 7, 8, 21])
@pytest.mark.parametrize("told", [True, False])
def test_every_market_comes_once(serve: MakeServer, connect: MakeClient, count: int, told: bool) -> None:
    server = serve(Catalogue(count, cap=7, told=told))
    slugs = [market.slug for market in connect(server).iter_markets(page_size=1000, q="x", closed=True)]
    assert slugs == [f"market-{number}" for number in range(count)]
    assert len(server.received) == max(1, -(-count // 7))
    for request in server.received:
        assert {**asked(request), "cursor": ""} == {
            "venue": "polymarket", "q": "x", "active": "true", "closed": "true", "limit": "1000", "cursor": "",
        }  # fmt: skip


def test_markets_minted_during_the_walk_come_as_well(serve: MakeServer, connect: MakeClient) -> None:
    slugs = [market.slug for market in connect(serve(Catalogue(50, cap=7, minted=3))).iter_markets("kalshi")]
    assert slugs[:50] == [f"market-{number}" for number in range(50)]
    assert len(slugs) == len(set(slugs)) > 50


def test_what_a_walk_manages_may_be_given_and_counts_for_nothing(serve: MakeServer, connect: MakeClient) -> None:
    server = serve(Catalogue(3))
    client: Any = connect(server)
    assert len(list(client.iter_markets(page_size=2, cursor="at-1", limit=1, offset=2))) == 3
    assert asked(server.received[0]) == {"venue": "polymarket", "active": "true", "limit": "2"}


def test_progress_is_told_after_each_page(serve: MakeServer, connect: MakeClient) -> None:
    told: list[tuple[int, int]] = []
    client = connect(serve(Catalogue(5)))
    assert len(list(client.iter_markets(page_size=2, progress=lambda pages, rows: told.append((pages, rows))))) == 5
    assert told == [(1, 2), (2, 4), (3, 5)]


def test_a_row_that_a_server_repeats_comes_once(serve: MakeServer, connect: MakeClient) -> None:
    server = serve([page(row(0), row(1), cursor="a"), page(row(1), row(2))])
    assert [market.slug for market in connect(server).iter_markets()] == ["market-0", "market-1", "market-2"]


def test_outcomes_of_one_event_are_rows_of_their_own(serve: MakeServer, connect: MakeClient) -> None:
    rows = [row(number, slug="cup", parent_slug="cup", outcome_index=number) for number in range(3)]
    found = list(connect(serve(page(*rows))).iter_markets(expand="outcomes"))
    assert [market.outcome_index for market in found] == [0, 1, 2]


@pytest.mark.parametrize("cursors", [["a", "a"], ["a", "b", "a"], ["a", "b", "c", "b"]])
def test_a_cursor_that_comes_again_is_an_error_and_not_an_endless_walk(
    serve: MakeServer, connect: MakeClient, cursors: list[str]
) -> None:
    server = serve([page(row(number), cursor=cursor) for number, cursor in enumerate(cursors)])
    seen: list[str] = []

    def walk() -> None:
        seen.extend(market.slug for market in connect(server).iter_markets())

    with pytest.raises(PaginationError, match="circle") as caught:
        walk()
    assert caught.value.operation == "iter_markets"
    assert len(server.received) == len(cursors)


def test_a_missing_cursor_ends_the_walk(serve: MakeServer, connect: MakeClient) -> None:
    server = serve(page(row(0), cursor=None, has_more=True))
    assert len(list(connect(server).iter_markets())) == 1
    assert len(server.received) == 1


def test_a_page_that_fails_raises_and_does_not_end_the_walk_quietly(serve: MakeServer, connect: MakeClient) -> None:
    server = serve([page(row(0), cursor="a"), error(500)])
    with pytest.raises(SequenceError):
        list(connect(server).iter_markets())
    assert len(server.received) == 2


def test_nothing_is_asked_before_the_first_row_is_wanted(serve: MakeServer, connect: MakeClient) -> None:
    server = serve(Catalogue(3))
    connect(server).iter_markets()
    assert server.received == []


def test_a_walk_knows_its_place() -> None:
    walk = MarketWalk("iter_markets")
    assert (walk.cursor, walk.pages, walk.rows, walk.done) == (None, 0, 0, False)
    walk.take(MarketsPage.model_validate({"markets": [row(0)], "has_more": True, "next_cursor": "a"}))
    assert (walk.cursor, walk.pages, walk.rows, walk.done) == ("a", 1, 1, False)
