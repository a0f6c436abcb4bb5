"""What type checkers must refuse in fees, previews and histories: every line marked with an error, and no other."""

from __future__ import annotations

from typing import Any

from sequence_markets import Sequence


def see(_value: Any) -> None: ...


def refused(seq: Sequence) -> None:
    seq.fees("X", venue="kalshi")  # error: venue
    see(seq.fees("X").fees[0].taker_fee_usd("0.5"))  # error: qty
    see(seq.fees("X").fees[0].taker_fee("0.5", 1))  # error: taker_fee
    seq.preview("X", "hold", 1)  # error: hold
    seq.preview("X", "buy", 1, "stop")  # error: stop
    see(seq.preview("X", "buy", 1).best_price)  # error: best_price
    seq.price_history("X", "1s")  # error: 1s
    seq.price_history("X", "1y", 3600, "binance")  # error: positional
    seq.price_history("X", start="now")  # error: start
    see(seq.price_history("X").points[0].qty + 1)  # error: None
    see(seq.price_history("X").bars("1m"))  # error: int
