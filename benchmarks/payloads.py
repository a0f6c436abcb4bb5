"""Answers of the size the benchmarks are about: documented fields, seeded values, no two rows alike."""

from __future__ import annotations

import json
from random import Random

Json = dict[str, object]

_VENUES = ("binance", "bitget", "bybit", "coinbase", "kraken", "okx")
_SYMBOLS = ("BTC-USD", "ETH-USD", "SOL-USD", "XRP-USD", "DOGE-USD")


def quote(depth: int, *, seed: int = 1, symbol: str = "BTC-USD") -> Json:
    """Return a quote with so many levels a side."""
    random = Random(seed)
    mid = 90_000 + random.randrange(100_000) / 100
    top = {venue: [round(mid - random.random(), 2), round(mid + random.random(), 2)] for venue in _VENUES}

    def side(sign: int) -> list[Json]:
        return [
            {
                "price": round(mid + sign * 0.37 * (level + 1), 2),
                "size": round(random.expovariate(0.5) + 0.0001, 6),
                "venue": random.choice(_VENUES),
            }
            for level in range(depth)
        ]

    return {
        "symbol": symbol,
        "source": "edge_nbbo",
        "nbbo": {"bid": round(mid - 0.37, 2), "ask": round(mid + 0.37, 2), "mid": mid, "spread_bps": 0.0823},
        "venues": {
            venue: {
                "bid": bid,
                "ask": ask,
                "bid_size": round(random.expovariate(0.5) + 0.0001, 6),
                "ask_size": round(random.expovariate(0.5) + 0.0001, 6),
                "age_ms": random.randrange(500),
            }
            for venue, (bid, ask) in top.items()
        },
        "book": {"bids": side(-1), "asks": side(1)},
    }


def batch(symbols: int) -> Json:
    """Return the answer to a batch of symbols, five levels a side each."""
    quotes = [quote(5, seed=number, symbol=f"C{number}-USD") for number in range(symbols)]
    return {"quotes": quotes, "count": symbols, "elapsed_ms": 41.5}


def fills(rows: int) -> Json:
    """Return a page of fills."""
    random = Random(2)
    made = [
        {
            "fill_id": f"f_{random.getrandbits(64):016x}",
            "node_order_id": f"graph:graph_{random.getrandbits(128):032x}:order:1",
            "symbol": random.choice(_SYMBOLS),
            "side": random.choice(("BUY", "SELL")),
            "qty_1e8": random.randrange(1, 10**10),
            "price_1e9": random.randrange(10**9, 10**14),
            "venue": random.choice(_VENUES),
            "fee_1e9": random.randrange(10**9),
            "timestamp_ns": 1_767_571_200_000_000_000 + number,
        }
        for number in range(rows)
    ]
    return {"fills": made, "total": rows, "limit": rows, "offset": 0, "has_more": False}


def positions(rows: int) -> Json:
    """Return unified positions of four kinds, every documented field present."""
    random = Random(3)

    def instrument(number: int) -> Json:
        match number % 4:
            case 0:
                return {"kind": "fiat", "code": "USD"}
            case 1:
                return {"kind": "crypto", "symbol": f"C{number}"}
            case 2:
                return {"kind": "perp", "symbol": f"C{number}-PERP", "base": f"C{number}"}
            case _:
                return {
                    "kind": "event_contract",
                    "market_slug": f"market-{number}",
                    "outcome": "YES",
                    "token_id": str(random.getrandbits(250)),
                    "expiry_ts": 1_798_761_600,
                }

    money = ("entry_price", "current_price", "current_value", "unrealized_pnl", "realized_pnl", "fees")
    made: list[Json] = [
        {
            "id": number,
            "venue": random.choice(_VENUES),
            "instrument": instrument(number),
            "qty_1e8": random.randrange(10**12),
            "locked_qty_1e8": 0,
            "available_qty_1e8": random.randrange(10**12),
            **{f"{name}_usd_1e9": random.randrange(10**14) for name in money},
            "lifecycle": {"state": "active"},
            "transferable": True,
            "settled": False,
            "settled_mark_usd_1e9": None,
        }
        for number in range(rows)
    ]
    totals = {f"{name}_usd_1e9": 10**15 for name in ("nav", "cash", "unrealized_pnl", "realized_pnl", "fees")}
    return {"positions": made, "totals": {**totals, "num_positions": rows}, "as_of_ns": 1_767_571_200_000_000_000}


def markets(rows: int) -> Json:
    """Return a page of prediction markets, every field of either documented form present."""
    random = Random(4)

    def market(number: int) -> Json:
        yes, no = (str(10**76 + random.getrandbits(250)) for _ in range(2))
        bid = random.randrange(1, 98) / 100
        return {
            "venue": "polymarket",
            "slug": f"market-{number}",
            "symbol": yes,
            "question": f"Will the answer to question number {number} be yes?",
            "outcomes": ["Yes", "No"],
            "outcome_token_ids": [yes, no],
            "yes_token_id": yes,
            "no_token_id": no,
            "condition_id": f"0x{random.getrandbits(256):064x}",
            "event_id": f"0x{random.getrandbits(256):064x}",
            "neg_risk": False,
            **{f"volume_{span}": random.randrange(10**8) / 100 for span in ("24h", "week", "total")},
            "liquidity": random.randrange(10**7) / 100,
            "best_yes_bid": bid,
            "best_yes_ask": round(bid + 0.01, 2),
            "best_no_bid": round(0.99 - bid, 2),
            "best_no_ask": round(1 - bid, 2),
            "spread_pct": round(1 / (bid + 0.005), 2),
            "start_date": "2026-09-01T00:00:00Z",
            "end_date": "2026-10-31T23:59:59Z",
            "url": f"https://polymarket.com/event/market-{number}",
        }

    page = [market(number) for number in range(rows)]
    return {"markets": page, "count": rows, "venue": "polymarket", "has_more": True, "next_cursor": "bmV4dA"}


def encoded(answer: Json) -> bytes:
    """Return an answer as the API sends it, without spaces."""
    return json.dumps(answer, separators=(",", ":")).encode()
