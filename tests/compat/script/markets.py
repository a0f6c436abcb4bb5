"""Level 1: prediction markets, histories, funding and costs."""

from __future__ import annotations

from itertools import islice

from .calls import Calls

KALSHI = "KXBTCZ-26DEC31-T99000"
SLUG = "fed-decision-in-october"
HELD = "rain-in-oslo-friday"


def run(calls: Calls) -> None:
    client = calls.client
    calls.advance(3600)

    calls.note("price_history", lambda: client.price_history("BTC-USD", "1h", 60))
    calls.note("price_history ticks", lambda: client.price_history("BTC-USD", fidelity_secs=0, limit=50))
    calls.note("price_history year", lambda: client.price_history("BTC-USDT", "1y", 86_400, venue="binance"))
    calls.note("price_history kalshi", lambda: client.price_history(KALSHI, "1d", 3600))
    calls.note("price_history paginate", lambda: client.price_history(SLUG, "1w", 3600, paginate=True))
    now_s = calls.control("clock/advance", ns=0)["to_ns"] // 10**9
    window = {"start_ts": now_s - 600, "end_ts": now_s}
    calls.note("price_history window", lambda: client.price_history("ETH-USD", fidelity_secs=60, **window))
    calls.note("funding_rates", client.funding_rates)
    calls.note("funding_rates filtered", lambda: client.funding_rates("binance", "BTC-USDT"))
    calls.note("funding_rate", lambda: client.funding_rate("hyperliquid", "BTC-USD-PERP"))
    calls.note("funding_rate unknown", lambda: client.funding_rate("binance", "NOTHING-USDT"))
    calls.note("funding_history", lambda: client.funding_history("BTC-USDT", "binance", "1m"))
    calls.note("funding_history window", lambda: client.funding_history("BTC-USDT", "bybit", **window))
    calls.note("funding_history spot", lambda: client.funding_history("BTC-USD", "kraken"))

    page = calls.note("markets", client.markets)
    calls.note("markets next", lambda: client.markets(limit=2, cursor=page["next_cursor"] if page else None))
    calls.note("markets kalshi", lambda: client.markets(venue="kalshi", limit=500))
    calls.note("markets filtered", lambda: client.markets(q="rain", tag="weather", closed=True))
    calls.note("markets by id", lambda: client.markets(tag_id=1, related_tags=True, exclude_tag_id=2))
    calls.note("markets outcomes", lambda: client.markets(expand="outcomes", limit=50))
    calls.note("iter_markets", lambda: [row["slug"] for row in client.iter_markets(page_size=3)])
    calls.note("iter_markets kalshi", lambda: [row["slug"] for row in islice(client.iter_markets("kalshi"), 30)])
    found = calls.note("market", lambda: client.market(SLUG))
    token = found["yes_token_id"] if found else "0"
    calls.note("market token", lambda: client.market(token))
    calls.note("market ticker", lambda: client.market(f"{KALSHI}:YES", venue="kalshi"))
    calls.note("market unknown", lambda: client.market("no-such-market"))
    calls.note("search_markets", lambda: client.search_markets("rain", 5))
    calls.note("settlement open", lambda: client.settlement(SLUG))
    updown = calls.note("markets up or down", lambda: client.markets(q="btc-updown", limit=1))
    slug = updown["markets"][0]["slug"] if updown and updown["markets"] else "missing"
    listed = calls.note("polymarket_rewards", client.polymarket_rewards)
    rewarded = listed["rewards"][0]["token_id"] if listed else "0"
    calls.note("polymarket_rewards one", lambda: client.polymarket_rewards(rewarded))
    calls.note("polymarket_rewards unknown", lambda: client.polymarket_rewards("12345"))
    calls.note("fees", lambda: client.fees("BTC-USD"))
    calls.note("fees kalshi", lambda: client.fees(f"{KALSHI}:YES", venues=["kalshi", "polymarket"]))
    calls.note("preview", lambda: client.preview("ETH-USD", "buy", 1.5))
    calls.note("preview kalshi", lambda: client.preview(KALSHI, "sell", 10, order_type="market"))

    calls.note("buy to win", lambda: client.buy(HELD, 10, venue="polymarket", instrument_type="prediction"))
    calls.note("buy kalshi to win", lambda: client.buy(KALSHI, 5, venue="kalshi", instrument_type="prediction"))
    calls.control("resolve", slug=HELD, outcome="Yes")
    calls.control("resolve", slug=KALSHI, outcome="Yes")
    calls.note("settlement", lambda: client.settlement(HELD))
    calls.note("redeem won", lambda: client.redeem(HELD, "polymarket"))
    calls.advance(3600)
    calls.note("redeem kalshi settled", lambda: client.redeem(KALSHI, "kalshi"))
    calls.note("positions_unified redeemed", lambda: client.positions_unified(include_closed=True))
    calls.note("settlement underlying", lambda: client.settlement(slug, underlying=True))
    calls.note("price_history underlying", lambda: client.price_history(slug, fidelity_secs=60, underlying=True))
