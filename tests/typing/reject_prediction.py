"""What type checkers must refuse about prediction markets, one mistake per marked line."""

from __future__ import annotations

from sequence_markets import PredictionMarket, Sequence


def see(_value: object) -> None: ...


def refused(seq: Sequence, market: PredictionMarket) -> None:
    seq.markets("kalshi", "rain")  # error: positional
    seq.markets(colour="red")  # error: colour
    seq.markets(order="fame")  # error: order
    seq.markets(expand="legs")  # error: expand
    seq.markets(limit="5")  # error: int
    seq.iter_markets(colour="red")  # error: colour
    seq.iter_markets(cursor="c")  # error: cursor
    seq.iter_markets(order="fame")  # error: fame
    seq.search_markets("rain", q="snow")  # error: "q"
    seq.new_markets(order="volume")  # error: "order"
    seq.polymarket_rewards(7)  # error: polymarket_rewards
    see(seq.market("a").slug)  # error: slug
    see(market.best_yes_bid + 1)  # error: "None"
    market.volume = 3  # error: volume
