"""Prediction markets: the catalogue, how markets were settled, and maker rewards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sequence_markets.sandbox.discovery import ORDERS, BadCursorError, Cursors, Figures, Search
from sequence_markets.sandbox.discovery.entries import Entry, entry_status
from sequence_markets.sandbox.discovery.figures import Traded
from sequence_markets.sandbox.events import EventMarket
from sequence_markets.sandbox.exchange import Exchange
from sequence_markets.sandbox.market.types import Glance, glance_at
from sequence_markets.sandbox.server.call import AccountCall
from sequence_markets.sandbox.server.endpoint import AccountHandler
from sequence_markets.sandbox.server.errors import invalid_params
from sequence_markets.sandbox.server.market_rows import Row, event_row, market_row
from sequence_markets.sandbox.server.params import Query
from sequence_markets.sandbox.server.rewards import programmes, reward_row
from sequence_markets.sandbox.server.settlements import settlement_answer
from sequence_markets.sandbox.trading.errors import Refusal

_VENUES: Final = ("polymarket", "kalshi")
_DEFAULT_LIMIT: Final = 20
_MOST_ROWS: Final = 1000


def list_markets(call: AccountCall) -> object:
    """Answer one page of the catalogue."""
    exchange, services = call.exchange, call.services
    query = call.request.query
    search = _read_search(query)
    offset = query.integer("offset", 0, least=0)
    cursor = query.text("cursor")
    if cursor is not None and offset:
        raise invalid_params("offset", "cursor and offset both say where the page begins; give one of them")
    limit = query.integer("limit", _DEFAULT_LIMIT, least=1, most=_MOST_ROWS, clamp=True)
    figures = Figures(exchange.market)
    try:
        page = services.pages.page(
            exchange.market.events,
            figures,
            Cursors(f"{exchange.state.seed}".encode()),
            search,
            now_ns=exchange.now_ns,
            limit=limit,
            offset=offset,
            cursor=cursor,
        )
    except BadCursorError as error:
        raise invalid_params("cursor", str(error)) from None
    rows = [entry_row(exchange, figures, entry) for entry in page.entries]
    return {
        "markets": rows,
        "count": len(rows),
        "venue": search.venue,
        "has_more": page.next_cursor is not None,
        "next_cursor": page.next_cursor,
    }


def entry_row(exchange: Exchange, figures: Figures, entry: Entry) -> Row:
    """Return a row with its present figures."""
    now_ns, first = exchange.now_ns, entry.markets[0]
    status = entry_status(exchange.market.events, entry, now_ns)
    touches = [live_touch(exchange, figures, market) for market in entry.markets]
    traded = [figures.traded(market, now_ns) for market in entry.markets]
    if not entry.is_event:
        return market_row(first, status=status, touch=touches[0], traded=traded[0])
    return event_row(entry, status=status, touches=touches, traded=Traded(*map(sum, zip(*traded, strict=True))))


def live_touch(exchange: Exchange, figures: Figures, market: EventMarket) -> Glance:
    """The best prices less what was already taken from them."""
    if (market.venue, market.yes) in exchange.state.taken:
        return glance_at(exchange.net_book(market.yes, market.venue))
    return figures.touch(market, exchange.now_ns)


def _read_search(query: Query) -> Search:
    venue = query.text("venue") or _VENUES[0]
    if venue not in _VENUES:
        raise invalid_params("venue", f"unknown {venue[:60]!r}; one of {', '.join(_VENUES)}")
    order = query.text("order") or ""
    if order and order not in ORDERS:
        raise invalid_params("order", f"unknown {order[:60]!r}; one of {', '.join(ORDERS)}")
    slug, token = query.text("slug"), query.text("clob_token_id")
    if slug is not None and token is not None:
        raise invalid_params("clob_token_id", "slug and clob_token_id both name one market; give one of them")
    return Search(
        venue=venue,
        name=slug or token,
        words=tuple((query.text("q") or "").lower().split()),
        tag=query.text("tag"),
        tag_id=_number(query, "tag_id"),
        related=query.flag("related_tags"),
        exclude_tag_id=_number(query, "exclude_tag_id"),
        active=query.flag("active", True),
        closed=query.flag("closed"),
        order=order,
        expand=bool(query.words("expand", ("outcomes",))),
        parlays=query.flag("include_parlays", True),
    )


def _number(query: Query, name: str) -> int | None:
    return None if query.text(name) is None else query.integer(name, 0, least=0)


def get_settlement(call: AccountCall) -> object:
    """Answer how a market was settled, with the curve that decides it when asked for."""
    name = call.request.path["slug"]
    underlying = call.request.query.flag("underlying")
    answer = settlement_answer(call.exchange.market, name, call.exchange.now_ns, underlying=underlying)
    if answer is None:
        raise Refusal.unknown(f"market {name[:200]!r}")
    return answer


def list_rewards(call: AccountCall) -> object:
    """Answer every token that is in a rewards programme."""
    exchange, figures = call.exchange, Figures(call.exchange.market)
    rows: list[Row] = []
    for market in programmes(exchange.market.events, exchange.now_ns):
        touch = live_touch(exchange, figures, market)
        rows += [reward_row(market, token, touch) for token in (market.yes, market.no)]
    return {"rewards": rows, "count": len(rows)}


def get_reward(call: AccountCall) -> object:
    """Answer the rewards programme of one token."""
    exchange, token = call.exchange, call.request.path["token_id"]
    market = exchange.market.events.find(token, exchange.now_ns, "polymarket")
    enrolled = None if market is None else next(programmes(exchange.market.events, exchange.now_ns, market), None)
    if enrolled is None or token not in (enrolled.yes, enrolled.no):
        raise Refusal.unknown(f"a rewards programme of token {token[:100]!r}")
    return reward_row(enrolled, token, live_touch(exchange, Figures(exchange.market), enrolled))


ROUTES: Mapping[str, Mapping[str, AccountHandler]] = {
    "/v1/markets": {"GET": list_markets},
    "/v1/settlement/{slug:path}": {"GET": get_settlement},
    "/v1/polymarket/rewards": {"GET": list_rewards},
    "/v1/polymarket/rewards/{token_id}": {"GET": get_reward},
}
