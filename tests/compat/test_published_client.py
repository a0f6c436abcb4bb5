"""The published client runs all of its methods against the sandbox unchanged, and gets what the texts promise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from wasmtime import wat2wasm

from sequence_markets.sandbox import Sandbox
from sequence_markets.sandbox.embedded import fresh_key
from tests.compat import documented, peer

Results = Mapping[str, Mapping[str, Any]]

# Asked for on purpose: the status the documentation gives, for what does not exist any more or never did.
# A graph that is not paused cannot be resumed, and nothing can be bought while the kill switch is engaged. A venue that
# lists no perps has no funding.
_FAILURES = {
    "order unknown": 404,
    "cancel broken": 404,
    "balances": 404,
    "perp_positions": 404,
    "portfolio": 404,
    "graph_resume": 409,
    "buy while engaged": 409,
    "funding_history spot": 400,
    "polymarket_rewards unknown": 404,
    "execution_live unknown": 404,
    "algo_status gone": 404,
    "strategy gone": 404,
}

# A module that does nothing on every update.
_IDLE = """
(module
  (memory (export "memory") 1)
  (func (export "algo_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "algo_on_book") (param i32 i32) (result i32) (i32.const 0)))
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> peer.Said:
    peer.folder()
    wasm = tmp_path_factory.mktemp("algos") / "idle.wasm"
    wasm.write_bytes(bytes(wat2wasm(_IDLE)))
    with Sandbox(seed=7) as sandbox:
        answers = peer.call_everything(sandbox.url, fresh_key(), wasm)
        sandbox.check_invariants()
    return answers


@pytest.fixture(scope="module")
def results(said: peer.Said) -> Results:
    return said.results


def test_every_public_method_is_called(said: peer.Said) -> None:
    assert sorted(set(said.methods) - set(said.called)) == []
    assert {"quote", "iter_markets", "create_strategy", "stream", "trace"} <= set(said.methods)
    assert len(said.methods) == 80


def test_no_method_fails_but_those_that_should(results: Results) -> None:
    failed = {name: answer["status"] for name, answer in results.items() if "error" in answer}
    assert failed == _FAILURES, {name: answer for name, answer in results.items() if "error" in answer}


@pytest.mark.parametrize("name", documented.DOCUMENTED)
def test_an_answer_has_its_documented_keys(results: Results, name: str) -> None:
    answer = results[name]["result"]
    lacking = [where for path in documented.DOCUMENTED[name] for where in documented.missing(answer, path)]
    assert lacking == []


def test_no_method_escapes_the_table(said: peer.Said) -> None:
    looked_at = {name.split()[0] for name in (*documented.DOCUMENTED, *documented.NO_KEYS)}
    unseen = {name.split()[0] for name in said.results} - looked_at
    assert unseen <= {name.split()[0] for name in _FAILURES}
    # The first two make parts of a graph, and send nothing.
    assert set(said.methods) - looked_at - {name.split()[0] for name in _FAILURES} == {"node", "edge"}


@pytest.mark.parametrize(
    ("answer", "path", "where"),
    [
        ({"a": {"b": 1}}, "a.b", []),
        ({"a": {}}, "a.b", ["a.b"]),
        ({"a": None}, "a.b", ["a is no object"]),
        ([{"a": 1}, {}], "[].a", ["[1].a"]),
        ({"rows": []}, "rows[].a", ["rows is no list with anything in it"]),
        ({"rows": []}, "rows[?].a", []),
        ({"rows": {}}, "rows[?].a", ["rows is no list"]),
        ({"n": {"x": {"a": 1}, "y": {}}}, "n.*.a", ["n.y.a"]),
    ],
)
def test_a_lacking_key_is_found(answer: object, path: str, where: list[str]) -> None:
    assert documented.missing(answer, path) == where


def test_venues(results: Results) -> None:
    connected = {row["venue"]: row["connected"] for row in results["venues"]["result"]}
    assert connected == {"binance": True, "okx": True, "kalshi": True, "polymarket": True}
    assert {row["venue"] for row in results["venues after"]["result"]} == set(connected) - {"binance"}
    assert results["health"]["result"] is True


@pytest.mark.parametrize("name", ["quote", "quote nowait", "quote slug", "quote url"])
def test_quote(results: Results, name: str) -> None:
    assert results[name]["result"]["nbbo"]["bid"] > 0


def test_depth_is_levels_per_side(results: Results) -> None:
    book = results["quote"]["result"]["book"]
    assert (len(book["bids"]), len(book["asks"])) == (5, 5)


def test_many_quotes(results: Results) -> None:
    rows = results["quotes"]["result"]["quotes"]
    assert [row["symbol"] for row in rows] == ["BTC-USD", "ETH-USD", "SOL-USD"]
    batch = results["quotes_batch"]["result"]
    assert batch["count"] == 3
    assert batch["quotes"][2] == {"symbol": "no such thing", "error": "resolver: unknown symbol"}


def test_reference_data(results: Results) -> None:
    assert {row["type"] for row in results["symbols"]["result"]} == {"spot", "perp", "prediction"}
    assert all(edge["status"] == "connected" for edge in results["edges"]["result"]["edges"])


@pytest.mark.parametrize("name", ["buy", "buy limit", "buy horizon", "buy perp", "buy kalshi", "sell", "graph"])
def test_submit(results: Results, name: str) -> None:
    answer = results[name]["result"]
    assert (answer["node_count"], answer["edge_count"]) == (1, 0)


def test_orders_and_fills(results: Results) -> None:
    page = results["orders"]["result"]
    assert {row["symbol"] for row in page["orders"]} == {"ETH-USD"}
    assert {row["side"] for row in page["orders"]} == {"BUY", "SELL"}
    assert results["order"]["result"] == page["orders"][0]


def test_graphs(results: Results) -> None:
    assert results["graph_status"]["result"]["status"] == "completed"


def test_its_broken_cancel_cancels_nothing(results: Results) -> None:
    assert results["graph_status open"]["result"]["status"] in ("pending", "active")


def test_positions(results: Results) -> None:
    kinds = {row["instrument"]["kind"] for row in results["positions_unified cash"]["result"]["positions"]}
    assert kinds <= {"fiat", "crypto"}
    venues = {row["venue"] for row in results["positions_unified cash"]["result"]["positions"]}
    assert venues <= {"kraken", "okx"}


def test_batch(results: Results) -> None:
    answer = results["batch"]["result"]
    assert answer["mode"] == "serial"
    assert [set(entry) for entry in answer["responses"]] == [{"submitted"}, {"submitted"}]


def test_hedge(results: Results) -> None:
    assert (results["graph hedge"]["result"]["node_count"], results["graph hedge"]["result"]["edge_count"]) == (2, 1)
    graph = results["graph_status hedge"]["result"]
    assert graph["status"] == "completed"
    assert {name: node["filled_qty_1e8"] for name, node in graph["nodes"].items()} == {
        "spot": 200_000_000,
        "hedge": 200_000_000,
    }
    assert graph["edges"]["e_spot_hedge"]["fired"] is True


def test_bracket(results: Results) -> None:
    nodes = results["graph_status bracket"]["result"]["nodes"]
    assert {name: node["status"] for name, node in nodes.items()} == {
        "entry": "filled",
        "tp": "executing",
        "sl": "armed",
    }
    assert results["graph_status bracket"]["result"]["edges"]["e_sl"]["fired"] is False
    graph = results["graph_status cancelled"]["result"]
    assert graph["status"] == "aborted"
    assert {node["status"] for node in graph["nodes"].values()} == {"filled", "cancelled"}


def test_amend_and_decrease(results: Results) -> None:
    assert results["amend"]["result"]["mode"] == "cancel_replace"
    assert results["amend"]["result"]["status"] == "ACCEPTED"
    assert results["order amended"]["result"]["qty_1e8"] == 800_000_000
    assert results["order amended"]["result"]["limit_price_1e9"] == 101_000_000_000
    assert results["decrease"]["result"]["mode"] == "cancel_replace_shrink"
    assert results["order decreased"]["result"]["qty_1e8"] == 500_000_000


def test_batch_cancel(results: Results) -> None:
    assert [set(entry) for entry in results["batch cancel"]["result"]["responses"]] == [{"cancelled"}, {"submitted"}]
    assert results["order batch cancelled"]["result"]["status"] == "CANCELLED"


def test_risk(results: Results) -> None:
    assert results["cancel_all_on_venue"]["result"]["venue"] == "kraken"
    assert results["cancel_all_on_venue"]["result"]["cancelled"] >= 1
    assert results["kill_switch_engage"]["result"]["engaged"] is True
    assert results["risk_limits engaged"]["result"]["kill_switch_active"] is True
    assert "kill switch" in str(results["buy while engaged"]["error"])
    assert results["kill_switch_clear"]["result"] == {"engaged": False}


def test_redeem(results: Results) -> None:
    assert results["redeem kalshi"]["result"]["mode"] == "auto_settled"
    assert results["redeem polymarket"]["result"]["mode"] == "noop"


def test_histories(results: Results) -> None:
    ticks = results["price_history ticks"]["result"]["points"]
    assert len(ticks) == 50
    assert all(point["qty_1e8"] > 0 and point["side"] in ("buy", "sell") and point["venue_id"] for point in ticks)
    year = results["price_history year"]["result"]["points"]
    assert 360 <= len(year) <= 366
    assert results["price_history"]["result"]["points"][0]["qty_1e8"] is None


def test_funding(results: Results) -> None:
    assert results["funding_rate unknown"]["result"] is None
    (row,) = results["funding_rates filtered"]["result"]["rates"]
    assert row["venue"] == "binance"
    assert results["funding_history"]["result"]["count"] == len(results["funding_history"]["result"]["points"]) == 90


def test_markets(results: Results) -> None:
    walked = results["iter_markets"]["result"]
    assert len(walked) == len(set(walked)) > 20
    assert results["market unknown"]["result"] is None
    same = ("market", "market token")
    assert {results[name]["result"]["slug"] for name in same} == {"fed-decision-in-october"}
    assert results["market ticker"]["result"]["slug"] == "KXBTCZ-26DEC31-T99000"
    rows = results["markets outcomes"]["result"]["markets"]
    parts = [row for row in rows if row.get("parent_slug")]
    assert parts, "the catalogue has an event of several outcomes"
    for row in parts:
        assert row.keys() >= {"outcome_name", "raw_outcome_name", "is_placeholder_outcome", "outcome_index"}
        assert row["parent_event_id"] == row["parent_condition_id"]
    placeholders = [row["is_placeholder_outcome"] for row in parts]
    assert placeholders == sorted(placeholders), "real candidates come first"


def test_what_was_won_is_paid(results: Results) -> None:
    assert results["settlement open"]["result"]["status"] == "open"
    settled = results["settlement"]["result"]
    assert (settled["status"], settled["resolved_outcome"]) == ("resolved", "Yes")
    assert (settled["yes_price"], settled["no_price"]) == (1.0, 0.0)
    assert results["redeem won"]["result"]["mode"] == "relayer_submitted"
    assert results["redeem kalshi settled"]["result"]["mode"] == "auto_settled"
    rows = results["positions_unified redeemed"]["result"]["positions"]
    states = {row["lifecycle"]["state"] for row in rows if row["instrument"]["kind"] == "event_contract"}
    assert "redeemed" in states


def test_costs(results: Results) -> None:
    kalshi = {row["venue"]: row for row in results["fees kalshi"]["result"]["fees"]}
    assert kalshi["kalshi"]["taker_bps"] == 350
    assert (kalshi["polymarket"]["maker_bps"], kalshi["polymarket"]["taker_bps"]) == (None, None)
    assert [point["notional_usd"] for point in results["slippage"]["result"]["curve"]] == [1e3, 1e4, 1e5, 1e6]


def test_automation(results: Results) -> None:
    assert results["deploy_algo"]["result"]["status"] == "running"
    assert results["deploy_algo"]["result"]["pushed_to"] == results["deploy_algo"]["result"]["capable_edges"] > 0
    assert results["algo_stats"]["result"]["update_count"] > 0
    assert results["algo stopped"]["result"]["status"] != "running"
    states = [results[name]["result"]["status"] for name in ("create_strategy", "strategy_start", "strategy")]
    assert [*states, results["strategy_stop"]["result"]["status"]] == ["created", "starting", "running", "stopping"]
    assert "hunter2" not in str(results["strategies"])


def test_traces(results: Results) -> None:
    events = results["trace"]["result"]["events"]
    assert [event["event"] for event in events][:1] == ["sor_admitted"]
    assert events[-1]["event"] == "terminal"
    assert [event["ts_ns"] for event in events] == sorted(event["ts_ns"] for event in events)
    assert results["trace unknown"]["result"]["events"] == []
    assert results["execution_review"]["result"]["fill_count"] >= 1


def test_streams(results: Results) -> None:
    assert "missing" not in results["stream"]["result"]
    assert results["stream_new_markets"]["result"]["kind"] == "new_market"
    assert results["stream_resolved_markets"]["result"]["kind"] == "market_resolved"
