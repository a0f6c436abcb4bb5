"""The published client runs its methods of levels 0 to 3 against the sandbox unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from sequence_markets.sandbox import Sandbox
from sequence_markets.sandbox.embedded import fresh_key
from tests.compat import peer

Results = Mapping[str, Mapping[str, Any]]

# Asked for on purpose: the status the documentation gives, for what does not exist any more or never did.
# A graph that is not paused cannot be resumed, and nothing can be bought while the kill switch is engaged.
_FAILURES = {
    "order unknown": 404,
    "cancel broken": 404,
    "balances": 404,
    "perp_positions": 404,
    "portfolio": 404,
    "graph_resume": 409,
    "buy while engaged": 409,
}

_ORDER = {"node_order_id", "symbol", "side", "status", "qty_1e8", "filled_qty_1e8", "failure_reason"}
_FILL = {"fill_id", "node_order_id", "symbol", "side", "qty_1e8", "price_1e9", "venue", "fee_1e9", "timestamp_ns"}
_POSITION = {
    *("id", "venue", "instrument", "qty_1e8", "locked_qty_1e8", "available_qty_1e8", "entry_price_usd_1e9"),
    *("current_price_usd_1e9", "current_value_usd_1e9", "unrealized_pnl_usd_1e9", "realized_pnl_usd_1e9"),
    *("fees_usd_1e9", "lifecycle", "transferable", "settled", "settled_mark_usd_1e9"),
}
_TOTALS = {
    *("nav_usd_1e9", "cash_usd_1e9", "unrealized_pnl_usd_1e9", "realized_pnl_usd_1e9", "fees_usd_1e9"),
    "num_positions",
}


@pytest.fixture(scope="module")
def results() -> Results:
    peer.folder()
    with Sandbox(seed=7) as sandbox:
        answers = peer.call_everything(sandbox.url, fresh_key())
        sandbox.check_invariants()
    return answers


def test_no_method_fails_but_those_that_should(results: Results) -> None:
    failed = {name: answer["status"] for name, answer in results.items() if "error" in answer}
    assert failed == _FAILURES, {name: answer for name, answer in results.items() if "error" in answer}


def test_venues(results: Results) -> None:
    connected = {row["venue"]: row["connected"] for row in results["venues"]["result"]}
    assert connected == {"binance": True, "okx": True, "kalshi": True, "polymarket": True}
    assert {row["venue"] for row in results["venues after"]["result"]} == set(connected) - {"binance"}
    assert results["health"]["result"] is True


@pytest.mark.parametrize("name", ["quote", "quote nowait", "quote slug", "quote url"])
def test_quote(results: Results, name: str) -> None:
    quote = results[name]["result"]
    assert quote.keys() >= {"symbol", "source", "nbbo", "venues", "book"}
    assert quote["nbbo"].keys() >= {"bid", "ask", "mid", "spread_bps"}
    assert quote["nbbo"]["bid"] > 0
    for venue in quote["venues"].values():
        assert venue.keys() >= {"bid", "ask", "bid_size", "ask_size", "age_ms"}
    for level in [*quote["book"]["bids"], *quote["book"]["asks"]]:
        assert level.keys() >= {"price", "size", "venue"}


def test_depth_is_levels_per_side(results: Results) -> None:
    book = results["quote"]["result"]["book"]
    assert (len(book["bids"]), len(book["asks"])) == (5, 5)


def test_many_quotes(results: Results) -> None:
    rows = results["quotes"]["result"]["quotes"]
    assert [row["symbol"] for row in rows] == ["BTC-USD", "ETH-USD", "SOL-USD"]
    batch = results["quotes_batch"]["result"]
    assert batch.keys() >= {"quotes", "count", "elapsed_ms"}
    assert batch["count"] == 3
    assert batch["quotes"][2] == {"symbol": "no such thing", "error": "resolver: unknown symbol"}


def test_reference_data(results: Results) -> None:
    for row in results["symbols"]["result"]:
        assert row.keys() >= {"symbol", "base", "quote", "venues", "type"}
    assert all(edge["status"] == "connected" for edge in results["edges"]["result"]["edges"])
    assert results["account"]["result"].keys() >= {"tier", "rate_limit_qps", "features", "client_id"}
    assert results["risk_limits"]["result"].keys() >= {"max_notional_usd", "max_drawdown_usd", "kill_switch_active"}


@pytest.mark.parametrize("name", ["buy", "buy limit", "buy horizon", "buy perp", "buy kalshi", "sell", "graph"])
def test_submit(results: Results, name: str) -> None:
    answer = results[name]["result"]
    assert answer.keys() >= {"graph_id", "status", "node_count", "edge_count"}
    assert (answer["node_count"], answer["edge_count"]) == (1, 0)


def test_orders_and_fills(results: Results) -> None:
    page = results["orders"]["result"]
    assert page.keys() >= {"orders", "total", "limit", "offset", "has_more"}
    assert {row["symbol"] for row in page["orders"]} == {"ETH-USD"}
    for row in page["orders"]:
        assert row.keys() >= _ORDER
        assert row["side"] in ("BUY", "SELL")
    assert results["order"]["result"] == page["orders"][0]
    fills = results["fills"]["result"]
    assert fills.keys() >= {"fills", "total", "limit", "offset", "has_more"}
    assert fills["fills"]
    for row in fills["fills"]:
        assert row.keys() >= _FILL


def test_graphs(results: Results) -> None:
    graph = results["graph_status"]["result"]
    assert graph.keys() >= {"graph_id", "client_id", "status", "nodes", "edges"}
    node = graph["nodes"]["order"]
    assert node.keys() >= {
        *("status", "node_order_id", "target_qty_1e8", "filled_qty_1e8", "avg_fill_price_1e9", "fill_count"),
    }
    assert graph["status"] == "completed"


def test_its_broken_cancel_cancels_nothing(results: Results) -> None:
    assert results["graph_status open"]["result"]["status"] in ("pending", "active")


def test_positions(results: Results) -> None:
    for name in ("positions_unified", "positions_unified cash", "positions_unified closed"):
        answer = results[name]["result"]
        assert answer.keys() >= {"positions", "totals", "as_of_ns"}
        assert answer["totals"].keys() >= _TOTALS
        for row in answer["positions"]:
            assert row.keys() >= _POSITION
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
