"""The prediction-market surface over HTTP: rows, filters, pages, settlements and rewards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from sequence_markets.sandbox import Sandbox
from sequence_markets.sandbox.discovery import tag_number
from tests.sandbox.server.http import assert_error, connect, order_body

RAIN = "rain-in-oslo-friday"
CUP = "ice-hockey-world-champion-2027"
OSLO = "KXRAIN-26NOV27-OSL"
ROW = {
    *("venue", "slug", "symbol", "question", "outcomes", "outcome_token_ids", "yes_token_id", "no_token_id"),
    *("condition_id", "event_id", "neg_risk", "volume_24h", "volume_week", "volume_total", "liquidity"),
    *("best_yes_bid", "best_yes_ask", "best_no_bid", "best_no_ask", "spread_pct", "start_date", "end_date", "url"),
}
EXPANDED = {
    *("parent_event_id", "parent_condition_id", "parent_slug", "outcome_name", "raw_outcome_name"),
    *("outcome_index", "is_placeholder_outcome"),
}


@pytest.fixture
def fresh() -> Iterator[tuple[Sandbox, httpx.Client]]:
    with Sandbox(seed=3) as running, connect(running) as client:
        yield running, client


def page(api: httpx.Client, **query: object) -> dict[str, Any]:
    answer = api.get("/v1/markets", params={name: str(value) for name, value in query.items()})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    assert body.keys() == {"markets", "count", "venue", "has_more", "next_cursor"}
    assert body["count"] == len(body["markets"])
    assert body["has_more"] == (body["next_cursor"] is not None)
    return body


def rows(api: httpx.Client, **query: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page(api, **{"limit": 500, **query})["markets"]
    return found


def one(api: httpx.Client, slug: str, **query: object) -> dict[str, Any]:
    (row,) = rows(api, slug=slug, **query)
    return row


def quoted(api: httpx.Client, token: str) -> tuple[float, float]:
    nbbo = api.get(f"/v1/quotes/{token}").json()["nbbo"]
    return nbbo["bid"], nbbo["ask"]


@pytest.mark.parametrize("venue", ["polymarket", "kalshi"])
def test_rows_have_every_documented_field_and_their_tokens_can_be_quoted(api: httpx.Client, venue: str) -> None:
    found = rows(api, venue=venue)
    assert len(found) > 5
    for row in found:
        assert row.keys() >= ROW
        assert row["venue"] == venue
        assert len(row["outcomes"]) == len(row["outcome_token_ids"])
        assert row["yes_token_id"] == row["outcome_token_ids"][0]
        assert row["condition_id"] == row["event_id"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", row["end_date"])
        assert datetime.fromisoformat(row["start_date"]) < datetime.fromisoformat(row["end_date"])
    for row in found[:6]:
        assert quoted(api, row["yes_token_id"]) == (row["best_yes_bid"], row["best_yes_ask"])
        assert quoted(api, row["no_token_id"]) == pytest.approx((row["best_no_bid"], row["best_no_ask"]))
        assert quoted(api, row["symbol"]) == (row["best_yes_bid"], row["best_yes_ask"])
        middle = (row["best_yes_bid"] + row["best_yes_ask"]) / 2
        spread = 100 * (row["best_yes_ask"] - row["best_yes_bid"]) / middle
        assert row["spread_pct"] == pytest.approx(spread, abs=0.006)
        assert row["liquidity"] > 0
        assert row["volume_24h"] <= row["volume_week"] <= row["volume_total"]
    assert len({row["condition_id"] for row in found}) == len(found)


def test_prices_are_those_of_the_live_book_and_null_where_nobody_quotes(
    fresh: tuple[Sandbox, httpx.Client],
) -> None:
    sandbox, api = fresh
    sandbox.set_book(OSLO, "kalshi", bids=[("0.40", 10), ("0.39", 50)], asks=[("0.45", 20)])
    row = one(api, OSLO, venue="kalshi")
    assert (row["best_yes_bid"], row["best_yes_ask"]) == (0.40, 0.45)
    assert (row["best_no_bid"], row["best_no_ask"]) == (0.55, 0.60)
    assert row["spread_pct"] == 11.76
    assert row["liquidity"] == 10 * 0.40 + 20 * 0.55
    bought = api.post("/v1/orders", json=order_body(OSLO, "sell", 10 * 10**8, limit_1e9=400_000_000, venue="kalshi"))
    assert bought.status_code == 200
    sandbox.set_book(RAIN, "polymarket", bids=[("0.30", 5)])
    row = one(api, RAIN)
    assert (row["best_yes_bid"], row["best_yes_ask"], row["best_no_bid"], row["best_no_ask"]) == (0.3, None, None, 0.7)
    assert row["spread_pct"] is None


def test_what_was_taken_from_the_book_is_not_shown(fresh: tuple[Sandbox, httpx.Client]) -> None:
    sandbox, api = fresh
    sandbox.set_book(OSLO, "kalshi", bids=[("0.40", 10)], asks=[("0.45", 20), ("0.46", 5)])
    api.post("/v1/orders", json=order_body(OSLO, "buy", 20 * 10**8, limit_1e9=450_000_000, venue="kalshi"))
    assert one(api, OSLO, venue="kalshi")["best_yes_ask"] == 0.46


def test_volumes_are_the_contracts_printed(fresh: tuple[Sandbox, httpx.Client]) -> None:
    sandbox, api = fresh
    before = one(api, OSLO, venue="kalshi")
    sandbox.set_book(OSLO, "kalshi", bids=[("0.40", 10)], asks=[("0.45", 20)])
    sandbox.trade(OSLO, "kalshi", "buy", "0.45", 7)
    after = one(api, OSLO, venue="kalshi")
    assert after["volume_total"] == before["volume_total"] + 7
    sandbox.advance(seconds=86_400)
    later = one(api, OSLO, venue="kalshi")
    assert (later["volume_24h"], later["volume_total"]) == (0.0, after["volume_total"])
    assert later["volume_week"] <= after["volume_week"]


def test_an_event_of_several_outcomes_is_one_row_that_names_them(api: httpx.Client) -> None:
    (row,) = (row for row in rows(api) if row["slug"] == CUP)
    assert row["outcomes"][-1] == "Other"
    assert len(row["outcomes"]) == len(set(row["outcome_token_ids"])) == 6
    assert row["no_token_id"] not in row["outcome_token_ids"]
    assert EXPANDED.isdisjoint(row)
    assert row == one(api, CUP)
    assert row == one(api, f"https://polymarket.com/event/{CUP}")


def test_expanded_each_outcome_is_a_row_of_its_own(api: httpx.Client) -> None:
    event = one(api, CUP)
    found = rows(api, slug=CUP, expand="outcomes")
    assert [row["outcome_name"] for row in found] == event["outcomes"]
    assert [row["yes_token_id"] for row in found] == event["outcome_token_ids"]
    assert [row["is_placeholder_outcome"] for row in found] == [False] * 5 + [True]
    assert sum(row["volume_24h"] for row in found) == event["volume_24h"]
    for row in found:
        assert row.keys() >= ROW | EXPANDED
        assert row["outcomes"] == ["Yes", "No"]
        assert (row["parent_slug"], row["parent_event_id"]) == (CUP, event["event_id"])
        assert row["parent_event_id"] == row["parent_condition_id"] != row["event_id"]
        assert row["url"] == f"https://polymarket.com/event/{CUP}/{row['slug']}"
        assert one(api, row["slug"]) == row
        assert rows(api, clob_token_id=row["no_token_id"]) == [row]
    everything = rows(api, expand="outcomes")
    assert [row for row in everything if row.get("parent_slug") == CUP] == found


def test_a_name_finds_one_market(api: httpx.Client) -> None:
    row = one(api, RAIN)
    for name in (RAIN.upper(), f"{RAIN}:no", row["yes_token_id"], row["no_token_id"]):
        assert one(api, name) == row
    for name in (OSLO, OSLO.lower(), f"{OSLO}:YES", f"{OSLO}:NO"):
        assert one(api, name, venue="kalshi")["slug"] == OSLO
    assert rows(api, slug=RAIN, venue="kalshi") == rows(api, slug="nope") == rows(api, clob_token_id="7" * 77) == []


def test_filters(api: httpx.Client) -> None:
    assert [row["slug"] for row in rows(api, q="oslo RAIN")] == [RAIN]
    assert [row["slug"] for row in rows(api, q="kxrain", venue="kalshi")] == [OSLO]
    tagged = {row["slug"] for row in rows(api, tag="weather")}
    assert RAIN in tagged
    assert tagged == {row["slug"] for row in rows(api) if "weather" in row["tags"]}
    number = tag_number("weather")
    assert {row["slug"] for row in rows(api, tag_id=number)} == tagged
    assert number in one(api, RAIN)["tag_ids"]
    assert tagged.isdisjoint(row["slug"] for row in rows(api, exclude_tag_id=number))
    assert tagged <= {row["slug"] for row in rows(api, tag="rain", related_tags="true")}
    assert OSLO in {row["slug"] for row in rows(api, tag="KXRAIN", venue="kalshi")}


def test_pages_by_cursor_and_by_offset_cut_the_same_list(api: httpx.Client) -> None:
    for query in ({}, {"expand": "outcomes"}, {"order": "volume"}, {"order": "created"}, {"order": "end_date"}):
        whole = [row["event_id"] for row in rows(api, **query)]
        by_cursor: list[str] = []
        cursor: str | None = None
        while True:
            more = {} if cursor is None else {"cursor": cursor}
            answer = page(api, limit=7, **query, **more)
            by_cursor += [row["event_id"] for row in answer["markets"]]
            cursor = answer["next_cursor"]
            if cursor is None:
                break
        assert by_cursor == whole
        by_offset = [
            row["event_id"]
            for offset in range(0, len(whole), 7)
            for row in page(api, limit=7, offset=offset, **query)["markets"]
        ]
        assert by_offset == whole


def test_the_newest_market_comes_first(fresh: tuple[Sandbox, httpx.Client]) -> None:
    sandbox, api = fresh
    before = {row["slug"] for row in rows(api)}
    sandbox.advance(seconds=300)
    minted = [row["slug"] for row in rows(api) if row["slug"] not in before]
    assert minted
    newest = [row["slug"] for row in page(api, order="created", limit=len(minted))["markets"]]
    assert set(newest) == set(minted)


def test_states_of_life(fresh: tuple[Sandbox, httpx.Client]) -> None:
    sandbox, api = fresh
    sandbox.resolve(RAIN, "No")

    def holds(**query: object) -> bool:
        return RAIN in {row["slug"] for row in rows(api, **query)}

    assert not holds()
    assert holds(closed="true")
    assert holds(active="false")
    assert holds(active="false", closed="true")
    assert not any(row["status"] == "open" for row in rows(api, active="false", closed="true"))
    assert rows(api, slug=RAIN) == []
    row = one(api, RAIN, closed="true")
    assert (row["status"], row["best_yes_bid"], row["best_yes_ask"], row["liquidity"]) == ("resolved", None, None, 0.0)


def test_the_servers_own_page_limit() -> None:
    with Sandbox(seed=3, market_page_cap=3) as sandbox, connect(sandbox) as api:
        answer = page(api, limit=1000)
        assert answer["count"] == 3
        assert answer["has_more"] is True


@pytest.mark.parametrize("cap", [0, 1001, "9", True])
def test_a_wrong_page_limit_is_refused(cap: Any) -> None:
    with pytest.raises((ValueError, TypeError), match="market_page_cap"):
        Sandbox(market_page_cap=cap)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("venue=kraken", "venue"),
        ("order=fame", "order"),
        ("expand=legs", "expand"),
        ("active=yes", "active"),
        ("closed=1", "closed"),
        ("limit=many", "limit"),
        ("offset=-1", "offset"),
        ("tag_id=-1", "tag_id"),
        ("tag_id=rain", "tag_id"),
        ("cursor=nonsense", "cursor"),
        ("cursor=%F0%9F%98%80", "cursor"),
        ("slug=a&clob_token_id=7", "clob_token_id"),
    ],
)
def test_bad_queries_name_their_field(api: httpx.Client, query: str, field: str) -> None:
    error = assert_error(api.get(f"/v1/markets?{query}"), 400, "INVALID_PARAMS")
    assert [each["field"] for each in error["details"]] == [field]  # type: ignore[attr-defined]


def test_a_cursor_belongs_to_its_search(api: httpx.Client) -> None:
    cursor = page(api, limit=1)["next_cursor"]
    page(api, limit=5, cursor=cursor)
    for other in ("venue=kalshi", "closed=true", "q=rain", "order=volume", "expand=outcomes"):
        assert_error(api.get(f"/v1/markets?{other}&cursor={cursor}"), 400, "INVALID_PARAMS")
    assert_error(api.get(f"/v1/markets?offset=1&cursor={cursor}"), 400, "INVALID_PARAMS")
    assert_error(api.get(f"/v1/markets?cursor={cursor[:-1]}"), 400, "INVALID_PARAMS")


def test_limits_are_clamped(api: httpx.Client) -> None:
    assert page(api, limit=0)["count"] == 1
    assert page(api)["count"] == 20


# --- settlements ---


def test_an_open_market_has_no_outcome(api: httpx.Client) -> None:
    settled = api.get(f"/v1/settlement/{RAIN}?underlying=false").json()
    row = one(api, RAIN)
    for name in ("slug", "question", "outcomes", "outcome_token_ids", "yes_token_id", "no_token_id", "condition_id"):
        assert settled[name] == row[name]
    assert (settled["status"], settled["resolved_outcome"], settled["underlying"]) == ("open", None, None)
    assert settled["outcome_source"] == "polymarket_gamma"
    assert 0 < settled["yes_price"] < 1
    assert settled["yes_price"] + settled["no_price"] == pytest.approx(1)
    assert settled["event_start_s"] < settled["event_end_s"]


@pytest.mark.parametrize("name", [RAIN, f"{RAIN}:yes", f"{RAIN}:no", f"https%3A%2F%2Fpolymarket.com%2Fevent%2F{RAIN}"])
def test_every_documented_name_of_a_settlement(api: httpx.Client, name: str) -> None:
    assert api.get(f"/v1/settlement/{name}").json()["slug"] == RAIN
    token = one(api, RAIN)["no_token_id"]
    assert api.get(f"/v1/settlement/{token}").json()["slug"] == RAIN


def test_kalshi_settlements(fresh: tuple[Sandbox, httpx.Client]) -> None:
    sandbox, api = fresh
    sandbox.resolve(OSLO, "Yes")
    settled = api.get(f"/v1/settlement/{OSLO}:NO").json()
    assert settled["outcome_source"] == "kalshi"
    assert settled["condition_id"] is None
    assert settled["outcomes"] == ["Yes", "No"]
    assert settled["outcome_token_ids"] == [f"{OSLO}:YES", f"{OSLO}:NO"]
    assert (settled["status"], settled["resolved_outcome"]) == ("resolved", "Yes")
    assert (settled["yes_price"], settled["no_price"]) == (1.0, 0.0)


def test_an_event_of_several_outcomes_settles_as_one(fresh: tuple[Sandbox, httpx.Client]) -> None:
    sandbox, api = fresh
    before = api.get(f"/v1/settlement/{CUP}").json()
    assert (before["status"], before["resolved_outcome"], before["yes_token_id"]) == ("open", None, None)
    sandbox.resolve(f"{CUP}-sweden", "Yes")
    settled = api.get(f"/v1/settlement/{CUP}").json()
    assert (settled["status"], settled["resolved_outcome"]) == ("resolved", "Sweden")
    assert api.get(f"/v1/settlement/{CUP}-canada").json()["resolved_outcome"] == "No"


def test_an_up_down_contract_is_settled_by_its_curve(fresh: tuple[Sandbox, httpx.Client]) -> None:
    sandbox, api = fresh
    start = sandbox.now_ns // 10**9 // 300 * 300 + 300
    slug = f"btc-updown-5m-{start}"
    path = f"/v1/settlement/{slug}?underlying=true"
    early = api.get(path).json()
    assert (early["event_start_s"], early["event_end_s"]) == (start, start + 300)
    assert early["underlying"]["points"] == []
    assert early["underlying"]["anchor_price_usd"] is early["underlying"]["final_price_usd"] is None
    sandbox.advance(ns=(start + 150) * 10**9 - sandbox.now_ns)
    half = api.get(path).json()
    assert half["status"] == "open"
    assert half["underlying"]["anchor_price_usd"] == half["underlying"]["points"][0]["price_usd"]
    assert half["underlying"]["agrees_with_settlement"] is None
    assert len(half["underlying"]["points"]) == 31
    sandbox.advance(ns=(start + 300) * 10**9 - sandbox.now_ns)
    assert api.get(path).json()["status"] == "resolving"
    sandbox.advance(seconds=120)
    settled = api.get(path).json()
    curve = settled["underlying"]
    assert settled["status"] == "resolved"
    assert curve["symbol"] == "BTCUSD"
    assert len(curve["points"]) == 61
    assert curve["points"][-1]["price_usd"] == curve["final_price_usd"]
    assert curve["points"][:31] == half["underlying"]["points"]
    up = curve["final_price_usd"] >= curve["anchor_price_usd"]
    assert settled["resolved_outcome"] == ("Up" if up else "Down")
    assert (settled["yes_price"], settled["no_price"]) == ((1.0, 0.0) if up else (0.0, 1.0))
    assert curve["agrees_with_settlement"] is True
    assert api.get(f"/v1/settlement/{slug}").json()["underlying"] is None


def test_a_scripted_outcome_may_disagree_with_the_curve(fresh: tuple[Sandbox, httpx.Client]) -> None:
    sandbox, api = fresh
    start = sandbox.now_ns // 10**9 // 300 * 300
    path = f"/v1/settlement/btc-updown-5m-{start}?underlying=true"
    sandbox.advance(ns=(start + 300) * 10**9 - sandbox.now_ns)
    curve = api.get(path).json()["underlying"]
    wrong = "Down" if curve["final_price_usd"] >= curve["anchor_price_usd"] else "Up"
    sandbox.resolve(f"btc-updown-5m-{start}", wrong)
    settled = api.get(path).json()
    assert settled["resolved_outcome"] == wrong
    assert settled["underlying"]["agrees_with_settlement"] is False


def test_an_unknown_market_has_no_settlement(api: httpx.Client) -> None:
    assert_error(api.get("/v1/settlement/nope"), 404, "NOT_FOUND")
    assert_error(api.get("/v1/settlement/BTC-USD"), 404, "NOT_FOUND")
    assert_error(api.get(f"/v1/settlement/{RAIN}?underlying=maybe"), 400, "INVALID_PARAMS")


# --- rewards ---


def test_rewards_are_on_open_markets_and_show_the_live_spread(fresh: tuple[Sandbox, httpx.Client]) -> None:
    sandbox, api = fresh
    answer = api.get("/v1/polymarket/rewards").json()
    programmes = answer["rewards"]
    assert answer["count"] == len(programmes)
    row = one(api, RAIN)
    mine = [each for each in programmes if each["condition_id"] == row["condition_id"]]
    assert [each["token_id"] for each in mine] == row["outcome_token_ids"]
    for each in programmes:
        assert each.keys() == {
            *("token_id", "condition_id", "rewards_min_size", "rewards_max_spread", "rate_per_day_usdc"),
            *("current_spread", "reward_end_unix_s"),
        }
        assert api.get(f"/v1/polymarket/rewards/{each['token_id']}").json() == each
    sandbox.set_book(RAIN, "polymarket", bids=[("0.30", 10)], asks=[("0.34", 10)])
    assert api.get(f"/v1/polymarket/rewards/{row['no_token_id']}").json()["current_spread"] == 4.0
    sandbox.resolve(RAIN, "Yes")
    assert row["condition_id"] not in {
        each["condition_id"] for each in api.get("/v1/polymarket/rewards").json()["rewards"]
    }
    assert_error(api.get(f"/v1/polymarket/rewards/{row['yes_token_id']}"), 404, "NOT_FOUND")


def test_a_token_outside_every_programme_is_not_found(api: httpx.Client) -> None:
    enrolled = {each["token_id"] for each in api.get("/v1/polymarket/rewards").json()["rewards"]}
    outside = next(row["yes_token_id"] for row in rows(api) if row["yes_token_id"] not in enrolled)
    for token in (outside, "7" * 77, "nope"):
        assert_error(api.get(f"/v1/polymarket/rewards/{token}"), 404, "NOT_FOUND")


def test_reading_writes_no_record(fresh: tuple[Sandbox, httpx.Client]) -> None:
    sandbox, api = fresh
    api.get("/v1/account")
    before = sandbox.journal_digest()
    rows(api, order="volume")
    api.get(f"/v1/settlement/{RAIN}")
    api.get("/v1/polymarket/rewards")
    assert sandbox.journal_digest() == before
