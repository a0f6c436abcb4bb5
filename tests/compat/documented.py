"""The keys that the published texts promise in the answer to each call, as paths.

``a.b`` is a key inside an object, ``[]`` each element of a list that is not empty, ``[?]`` each element of one that may
be, ``*`` each value of an object. Two kinds of text stand behind them: the SDK reference and the published client's own
documentation; where these say only what an answer is about, the sandbox's own keys are held here so that they stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast


def under(prefix: str, *keys: str) -> tuple[str, ...]:
    """Return the paths of keys under a path."""
    return tuple(f"{prefix}.{key}" for key in keys)


def missing(answer: object, path: str) -> list[str]:
    """Return where an answer lacks a path; nothing when it has it everywhere."""
    return list(_missing(answer, path.replace("[", ".[").strip(".").split("."), ""))


def _missing(value: object, steps: list[str], where: str) -> Iterable[str]:
    if not steps:
        return
    step, rest = steps[0], steps[1:]
    if step in ("[]", "[?]"):
        if not isinstance(value, list) or not (value or step == "[?]"):
            yield f"{where or 'the answer'} is no list" + (" with anything in it" if step == "[]" else "")
            return
        for index, item in enumerate(cast("list[object]", value)):
            yield from _missing(item, rest, f"{where}[{index}]")
    elif not isinstance(value, dict):
        yield f"{where or 'the answer'} is no object"
    elif step == "*":
        for key, item in cast("dict[str, object]", value).items():
            yield from _missing(item, rest, f"{where}.{key}")
    elif step not in value:
        yield f"{where}.{step}".strip(".")
    else:
        yield from _missing(cast("dict[str, object]", value)[step], rest, f"{where}.{step}".strip("."))


_NBBO = ("bid", "ask", "mid", "spread_bps")
_LEVEL = ("price", "size", "venue")
QUOTE = (
    *("symbol", "source"),
    *under("nbbo", *_NBBO),
    *under("venues.*", "bid", "ask", "bid_size", "ask_size", "age_ms"),
    *under("book.bids[]", *_LEVEL),
    *under("book.asks[]", *_LEVEL),
)
SUBMISSION = ("graph_id", "status", "node_count", "edge_count")
ORDER = (
    *("node_order_id", "symbol", "side", "status", "qty_1e8", "filled_qty_1e8", "failure_reason"),
    *("created_unix_ns", "updated_unix_ns"),
)
FILL = ("fill_id", "node_order_id", "symbol", "side", "qty_1e8", "price_1e9", "venue", "fee_1e9", "timestamp_ns")
_PAGE = ("total", "limit", "offset", "has_more")
GRAPH = (
    *("graph_id", "client_id", "status"),
    *under("nodes.*", "status", "node_order_id", "target_qty_1e8", "filled_qty_1e8"),
    *under("nodes.*", "avg_fill_price_1e9", "fill_count"),
    *under("edges.*", "status", "fired"),
)
POSITION = (
    *("id", "venue", "instrument.kind", "qty_1e8", "locked_qty_1e8", "available_qty_1e8", "entry_price_usd_1e9"),
    *("current_price_usd_1e9", "current_value_usd_1e9", "unrealized_pnl_usd_1e9", "realized_pnl_usd_1e9"),
    *("fees_usd_1e9", "lifecycle.state", "transferable", "settled", "settled_mark_usd_1e9"),
)
POSITIONS = (
    "as_of_ns",
    *under("totals", "nav_usd_1e9", "cash_usd_1e9", "unrealized_pnl_usd_1e9", "realized_pnl_usd_1e9"),
    *under("totals", "fees_usd_1e9", "num_positions"),
    *under("positions[]", *POSITION),
)
HISTORY = (
    *("symbol", "source", "window.start_ts_s", "window.end_ts_s", "underlying"),
    *under("points[]", "ts_ns", "price_1e9", "qty_1e8", "side", "venue_id"),
)
_UNDERLYING = ("symbol", "source", "warning", "anchor_price_usd", "final_price_usd", "agrees_with_settlement")
FUNDING_RATE = (
    *("venue", "symbol", "rate_bps_per_hour", "predicted_rate_bps_per_hour", "mark_price_1e9", "open_interest_1e8"),
    *("next_settlement_ns", "snapshot_age_ms"),
)
FUNDING_HISTORY = ("symbol", "venue", "count", *under("points[?]", "ts_ns", "rate_1e9"))
MARKET = (
    *("venue", "slug", "symbol", "question", "outcomes[]", "outcome_token_ids[]", "yes_token_id", "no_token_id"),
    *("condition_id", "event_id", "neg_risk", "volume_24h", "volume_week", "volume_total", "liquidity"),
    *("best_yes_bid", "best_yes_ask", "best_no_bid", "best_no_ask", "spread_pct", "start_date", "end_date", "url"),
)
_MARKETS = ("count", "venue", "has_more", "next_cursor")
MARKETS = (*_MARKETS, *under("markets[]", *MARKET))
SETTLEMENT = (
    *("slug", "question", "outcomes[]", "outcome_token_ids[]", "yes_token_id", "no_token_id", "condition_id"),
    *("neg_risk", "status", "resolved_outcome", "outcome_source", "yes_price", "no_price", "event_start_s"),
    *("event_end_s", "resolution_source", "underlying"),
)
REWARD = (
    *("token_id", "condition_id", "rewards_min_size", "rewards_max_spread", "rate_per_day_usdc", "current_spread"),
    "reward_end_unix_s",
)
FEES = (
    "ticker",
    *under("fees[]", "venue", "maker_bps", "taker_bps", "fee_model", "components.rate_bps", "formula.taker_fee_usd"),
)
PREVIEW = (
    *("symbol", "side", "qty_1e8", "candidate_venues[]", "best_venue", "estimated_fee_bps", "worst_case_fee_bps"),
    *("estimated_slippage_bps", "estimated_total_cost_bps", "historical_ttff", "source", "generated_at_ns"),
    *under("nbbo", "bid_px_1e9", "ask_px_1e9", "mid_px_1e9", "spread_bps"),
)
ALGO_EDGE = (
    *("symbol", "edge_id", "deploy_id", "status", "size_bytes", "deployed_at", "last_heartbeat", "pause_reason"),
    *("position_1e8", "realized_pnl_1e9", "session_realized_pnl_1e9", "unrealized_pnl_1e9", "callback_latency_ns"),
    "update_count",
)
DEPLOYMENT = (
    *("deployment_id", "name", "symbols[]", "size_bytes", "status", "pushed_to", "capable_edges"),
    *under("edges[]", *ALGO_EDGE, "fill_count"),
)
ALGO = ("symbol", "size_bytes", "modified_at", "status")
STRATEGY = (
    *("strategy_id", "name", "runtime", "entrypoint", "desired_state", "status", "current_run_id"),
    *("artifact_sha256", "artifact_bytes", "placement", "risk", "env", "secret_names", "created_at_ns"),
    *("updated_at_ns", *under("resources", "cpu_millis", "memory_mb", "timeout_secs")),
)
STRATEGY_LOGS = ("strategy_id", "run_id", *under("logs[]", "ts_ns", "stream", "message"))
TCA = (
    *("implementation_shortfall_bps", "spread_cost_bps", "market_impact_bps", "savings_vs_benchmark_bps"),
    *("savings_usd", "symbol", "order_count", "notional_usd", "fee_cost_bps", "orders[]"),
    *under("percentiles.implementation_shortfall_bps", "p50", "p75", "p95", "p99"),
    *under("quality", "full", "partial", "missing"),
)
LIVE = (
    *("node_order_id", "status", "symbol", "side", "qty_1e8", "filled_qty_1e8", "fill_pct", "avg_fill_price_1e9"),
    *("arrival_mid_1e9", "slippage_bps", "elapsed_ms", "updated_ns"),
)
SLIPPAGE = ("symbol", "side", "mid", "source", *under("curve[]", "notional_usd", "slippage_bps", "filled_pct"))
ROUTING = (
    *("symbol", "side", "qty_1e8", "est_cost_bps", "chosen", "source"),
    *under("legs[]", "venue", "qty_1e8", "price_1e9", "fee_bps", "pct"),
)
_SHORTFALL = ("market_impact_bps", "implementation_shortfall_bps", "savings_vs_benchmark_bps")

DOCUMENTED: Mapping[str, tuple[str, ...]] = {
    "venues": ("[].venue", "[].connected"),
    **dict.fromkeys(("quote", "quote nowait", "quote slug", "quote url"), QUOTE),
    "quotes": ("quotes[].symbol", *under("quotes[].nbbo", *_NBBO)),
    "quotes_batch": ("quotes[].symbol", "count", "elapsed_ms"),
    "quotes_batch perp": (*under("quotes[]", *QUOTE), "count", "elapsed_ms"),
    "symbols": under("[]", "symbol", "base", "quote", "venues[]", "type"),
    "edges": under("edges[]", "edge_id", "venue", "status"),
    "account": ("client_id", "tier", "rate_limit_qps", "features"),
    "risk_limits": ("max_notional_usd", "max_drawdown_usd", "kill_switch_active"),
    **dict.fromkeys(("buy", "buy limit", "buy horizon", "buy perp", "buy kalshi", "sell", "graph"), SUBMISSION),
    **dict.fromkeys(("graph hedge", "graph bracket", "buy to win", "buy to review"), SUBMISSION),
    "orders": (*_PAGE, *under("orders[]", *ORDER)),
    "order": ORDER,
    "fills": (*_PAGE, *under("fills[]", *FILL)),
    "graph_status": GRAPH,
    "graph_status hedge": GRAPH,
    "amend": ("order_id", "mode", "status"),
    "decrease": ("order_id", "mode", "status"),
    "batch": ("mode", *under("responses[].submitted", *SUBMISSION)),
    **dict.fromkeys(("positions_unified", "positions_unified closed", "positions_unified redeemed"), POSITIONS),
    "positions_unified cash": POSITIONS,
    "positions": POSITIONS,
    "cancel_all_on_venue": ("venue", "cancelled"),
    "kill_switch_engage": ("engaged", "reason", "engaged_at_ns"),
    "kill_switch_clear": ("engaged",),
    "redeem kalshi": ("mode", "venue", "slug", "note"),
    "redeem kalshi settled": ("mode", "venue", "slug", "note"),
    **dict.fromkeys(
        ("redeem polymarket", "redeem won"), ("mode", "venue", "slug", "note", "condition_id", "token_ids[]")
    ),
    **dict.fromkeys(("price_history", "price_history ticks", "price_history year", "price_history kalshi"), HISTORY),
    **dict.fromkeys(("price_history paginate", "price_history window"), HISTORY),
    "price_history underlying": (*HISTORY, *under("underlying", *_UNDERLYING), "underlying.points[].ts_ns"),
    **dict.fromkeys(("funding_rates", "funding_rates filtered"), ("unit", *under("rates[]", *FUNDING_RATE))),
    "funding_rate": FUNDING_RATE,
    "funding_history": (*FUNDING_HISTORY, "points[].ts_ns"),
    "funding_history window": FUNDING_HISTORY,
    **dict.fromkeys(("markets", "markets next", "markets kalshi", "markets filtered", "search_markets"), MARKETS),
    "markets by id": _MARKETS,
    "markets outcomes": MARKETS,
    **dict.fromkeys(("market", "market token", "market ticker"), MARKET),
    "settlement open": SETTLEMENT,
    "settlement": SETTLEMENT,
    "settlement underlying": (
        *SETTLEMENT,
        *under("underlying", *_UNDERLYING),
        *under("underlying.points[]", "ts_ns", "price_usd"),
    ),
    "polymarket_rewards": ("count", *under("rewards[]", *REWARD)),
    "polymarket_rewards one": REWARD,
    "fees": FEES,
    # Null stands for "do not route here", and has no parts.
    "fees kalshi": (
        "ticker",
        *under("fees[]", "venue", "maker_bps", "taker_bps", "fee_model", "components", "formula"),
    ),
    "preview": PREVIEW,
    "preview kalshi": PREVIEW,
    "deploy_algo": DEPLOYMENT,
    "algo_status": DEPLOYMENT,
    "algo_logs": ("deployment_id", "count", *under("logs[?]", "ts_ns", "level", "edge_id", "message")),
    "algo_logs_by_symbol": ("deployment_id", "count", *under("logs[?]", "ts_ns", "level", "edge_id", "message")),
    "algo_mesh": ("deployment_id", *under("nodes[?]", "edge_id", "label", "peers[?].latency_ns")),
    "algos": under("algos[]", *ALGO),
    "algos edge": (*under("algos[]", *ALGO), *under("edges[]", *ALGO_EDGE)),
    "algo": ALGO,
    "algo stopped": ALGO,
    "algo_stats": (
        *("symbol", "deployment_id", "status", "update_count", "fill_count", "reject_count", "actions_count"),
        *("position_1e8", "realized_pnl_1e9", "unrealized_pnl_1e9"),
        *under("callback_latency_ns", "p50", "p99", "max"),
    ),
    **dict.fromkeys(("create_strategy", "strategy", "strategy_start", "strategy_stop"), STRATEGY),
    "strategies": ("count", *under("strategies[]", *STRATEGY)),
    "strategy_logs": STRATEGY_LOGS,
    "strategy_logs run": STRATEGY_LOGS,
    "tca": TCA,
    "tca symbol": TCA,
    "intel": (
        *("symbol", "spread_regime", "toxicity_score", "source", "generated_at_ns"),
        *under("venues[]", "venue", "market_share_pct", "spread_bps", "quote_to_trade_ratio"),
    ),
    "slippage": SLIPPAGE,
    "slippage sell": SLIPPAGE,
    "routing": ROUTING,
    "routing sell": ROUTING,
    "depth": ("symbol", "source", *under("bids[]", *_LEVEL), *under("asks[]", *_LEVEL)),
    "forecast": (
        *("symbol", "side", "qty", "mid", "expected_cost_bps", "downside_cost_bps", "expected_slippage_bps"),
        *("expected_horizon_ms", "source", *under("fill_confidence[]", "cost_bps", "confidence")),
        *under("capacity_curve[]", "qty", "cost_bps"),
        *under("venue_ranking[]", "venue", "landed_cost_bps", "book_bps", "fee_bps", "latency_bps"),
        *under("venue_mix[]", "venue", "pct"),
        *under("urgency_tradeoff[]", "urgency", "cost_bps", "horizon_ms"),
    ),
    "execution_live": LIVE,
    "execution_review": (
        *LIVE,
        *("arrival_price_1e9", "vwap_1e9", "realized_slippage_bps", "fees_1e9", "fill_count", "duration_ms"),
        *under("venues[]", "venue", "qty_1e8", "vwap_1e9", "pct"),
    ),
    "execution_summary": (
        *("window_hours", "notional_usd", "order_count", "hit_rate", "avg_slippage_bps"),
        *under("top_symbols[]", "symbol", "notional_usd"),
    ),
    "trace": ("node_order_id", "count", *under("events[]", "event", "ts_ns", "venue", "edge_id")),
    "trace unknown": ("node_order_id", "count", "events[?]"),
    "stream": (
        *under("prices:BTC-USD", *_NBBO, "bid_sz", "ask_sz", "ts_ns"),
        *under("book:BTC-USD", "bids[]", "asks[]", "ts_ns"),
        *under("orders", *ORDER),
        *under("fills", *FILL),
        *under("routing", "legs[]", "est_cost_bps", "chosen"),
        *under("tca", "achieved_vwap_1e9", "benchmark_vwap_1e9", "total_fees_1e9", "venues_used"),
        *under("tca", "execution_time_ms", "fee_cost_bps", "spread_cost_bps", *_SHORTFALL),
        *under("tca", "is_prediction", "achieved_implied_prob_bps", "arrival_implied_prob_bps"),
        *under("tca", "probability_slippage_bps"),
        *under("funding", *FUNDING_RATE),
    ),
    "stream_new_markets": (
        *MARKET,
        *("kind", "tick_1e9", "start_ts_s", "end_ts_s", "observed_at_ns"),
        *under("fee_schedule", "exponent", "rate_1e8", "taker_only", "rebate_rate_1e8"),
    ),
    "stream_resolved_markets": (
        *("kind", "venue", "condition_id", "event_id", "winning_outcome", "winning_token_id", "losing_token_id"),
        "observed_at_ns",
    ),
}
"""Call to promised keys."""

NO_KEYS = frozenset(
    {
        *("connect_venue", "connect_venue passphrase", "connect_venue kalshi", "connect_venue polymarket"),
        *("disconnect_venue", "health", "cancel", "graph_cancel", "graph_cancel bracket", "algo_start", "algo_stop"),
        *("algo_undeploy", "algo_start_by_symbol", "algo_stop_by_symbol", "strategy_delete", "funding_rate unknown"),
        *("market unknown", "iter_markets", "iter_markets kalshi"),
    }
)
"""Calls whose answer is nothing, a flag, or a plain list."""
