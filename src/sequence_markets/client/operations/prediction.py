"""Level 1: finding prediction markets, and how they were settled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Literal, TypedDict, Unpack

from sequence_markets.client import checks
from sequence_markets.client.market_names import market_name
from sequence_markets.client.operation import Operation, Reading, one, path, rows, target
from sequence_markets.models import (
    MarketsPage,
    MarketVenue,
    PolymarketReward,
    PredictionMarket,
    Rows,
    Settlement,
)

MOST_ROWS: Final = 1000

MarketOrder = Literal[
    "",
    "volume",
    "volume_week",
    "volume_total",
    "liquidity",
    "end_date",
    "start_date",
    "created",
    "competitive",
    "closed_time",
]
"""What a page of markets is sorted by; ``""`` for the catalogue's own order."""

ORDERS: Final = (
    "",
    "volume",
    "volume_week",
    "volume_total",
    "liquidity",
    "end_date",
    "start_date",
    "created",
    "competitive",
    "closed_time",
)
EXPANSIONS: Final = ("outcomes",)


class _Narrowing(TypedDict, total=False):
    """Filters of every way to list markets."""

    tag: str | None
    """Tag slug, such as ``"bitcoin"``; on Kalshi a series ticker."""
    tag_id: int | None
    """Id of a tag."""
    related_tags: bool
    """Also markets of tags that are related to the tag."""
    exclude_tag_id: int | None
    """Id of a tag to leave out."""
    active: bool
    """Only markets that trade now."""
    closed: bool
    """With ``active``: also resolved ones. Without: only those that no longer trade."""
    expand: Literal["outcomes"] | None
    """``"outcomes"`` makes a row of each outcome of an event that has several."""
    include_parlays: bool
    """Whether Kalshi's combinations of several markets are listed."""


class MarketFilters(_Narrowing, total=False):
    """The filters of a walk over markets; a page's own place in it is managed by the walk."""

    q: str | None
    """Words to find in question, slug, ticker and rules."""
    slug: str | None
    """One slug or ticker; nothing is searched then."""
    clob_token_id: str | None
    """One Polymarket token id; nothing is searched then."""
    order: MarketOrder
    """What the markets are sorted by."""


class SearchFilters(_Narrowing, total=False):
    """What may stand beside the words of a search."""

    venue: MarketVenue
    """Venue to search."""
    offset: int
    """Rows to skip."""
    cursor: str | None
    """Where the page before ended."""
    order: MarketOrder
    """What the markets are sorted by."""


class NewestFilters(_Narrowing, total=False):
    """What the newest markets may be narrowed by."""

    venue: MarketVenue
    """Venue to look at."""
    q: str | None
    """Words to find in question, slug, ticker and rules."""
    offset: int
    """Rows to skip."""
    cursor: str | None
    """Where the page before ended."""


class PageFilters(MarketFilters, total=False):
    """Everything that picks one page."""

    venue: MarketVenue
    limit: int
    offset: int
    cursor: str | None


_PAGE = one(MarketsPage)
_SETTLEMENT = one(Settlement)
_REWARD = one(PolymarketReward)
_REWARDS = rows(PolymarketReward, "rewards")


def markets(name: str, /, **filters: Unpack[PageFilters]) -> Operation[MarketsPage]:
    """Read a page of markets.

    Raises:
        TypeError: A filter is unknown, or of the wrong type.
        ValueError: A filter has no such value, or two of them contradict each other.
    """
    if unknown := sorted(filters.keys() - PageFilters.__annotations__.keys()):
        raise TypeError(f"{name}() got an unexpected keyword argument {unknown[0]!r}")
    slug = checks.optional_text(filters.get("slug"), "slug")
    token = checks.optional_text(filters.get("clob_token_id"), "clob_token_id")
    cursor = checks.optional_text(filters.get("cursor"), "cursor")
    offset = checks.integer(filters.get("offset", 0), "offset", least=0)
    tag = checks.optional_text(filters.get("tag"), "tag")
    tag_id = _tag_id(filters.get("tag_id"), "tag_id")
    related = checks.boolean(filters.get("related_tags", False), "related_tags")
    if slug is not None and token is not None:
        raise ValueError("slug and clob_token_id both name one market; give one of them")
    if cursor is not None and offset:
        raise ValueError("cursor and offset both say where the page begins; give one of them")
    if related and tag is None and tag_id is None:
        raise ValueError("related_tags widens tag_id or tag; give one of them with it")
    return Operation(
        name,
        "GET",
        target(
            "/v1/markets",
            venue=checks.text(filters.get("venue", "polymarket"), "venue"),
            q=checks.optional_text(filters.get("q"), "q"),
            slug=slug,
            clob_token_id=token,
            tag=tag,
            tag_id=tag_id,
            related_tags=related or None,
            exclude_tag_id=_tag_id(filters.get("exclude_tag_id"), "exclude_tag_id"),
            active=checks.boolean(filters.get("active", True), "active"),
            closed=checks.boolean(filters.get("closed", False), "closed") or None,
            limit=checks.clamped(filters.get("limit", 20), "limit", least=1, most=MOST_ROWS),
            offset=offset or None,
            cursor=cursor,
            order=checks.one_of(filters.get("order"), "order", ORDERS) or None,
            expand=checks.one_of(filters.get("expand"), "expand", EXPANSIONS),
            include_parlays=None if checks.boolean(filters.get("include_parlays", True), "include_parlays") else False,
        ),
        _PAGE,
    )


def walk(venue: str, page_size: int, filters: MarketFilters) -> Callable[[str | None], Operation[MarketsPage]]:
    """Return what makes the operation of a page from its cursor, once the filters are known to be right."""
    size = checks.clamped(page_size, "page_size", least=1, most=MOST_ROWS)
    # Managed by the walk, as documented: whatever a caller gives for the place in it counts for nothing.
    kept: PageFilters = {**filters, "venue": venue, "limit": size, "offset": 0, "cursor": None}
    first = markets("iter_markets", **kept)

    def page(cursor: str | None) -> Operation[MarketsPage]:
        if cursor is None:
            return first
        kept["cursor"] = cursor
        return markets("iter_markets", **kept)

    return page


def lookups(slug: str, venue: str) -> Iterator[Operation[PredictionMarket | None]]:
    """Return the reads that find one market: among those that trade now, then among all that there ever were."""
    name = market_name(checks.text(slug, "slug"), checks.text(venue, "venue"))
    for closed in (False, True):
        if name.kind == "slug":
            found = markets("market", venue=name.venue, slug=name.text, limit=1, closed=closed)
        else:
            # Without a status a server looks a token up directly; the second read is for one that filters all the same.
            found = markets("market", venue=name.venue, clob_token_id=name.text, limit=1, active=closed, closed=closed)
        token = name.text if name.kind == "clob_token_id" else None
        yield Operation(found.name, found.method, found.target, _first(token))


def settlement(slug: str, underlying: bool) -> Operation[Settlement]:
    """Read how a market was settled."""
    return Operation(
        "settlement",
        "GET",
        target(path("settlement", checks.path_part(slug, "slug")), underlying=checks.boolean(underlying, "underlying")),
        _SETTLEMENT,
    )


def rewards() -> Operation[Rows[PolymarketReward]]:
    """List every token that is in a rewards programme."""
    return Operation("polymarket_rewards", "GET", "/v1/polymarket/rewards", _REWARDS)


def reward(token_id: str) -> Operation[PolymarketReward]:
    """Read the rewards programme of one token."""
    part = checks.path_part(token_id, "token_id")
    return Operation("polymarket_rewards", "GET", path("polymarket", "rewards", part), _REWARD)


def _tag_id(value: int | None, name: str) -> int | None:
    return None if value is None else checks.integer(value, name, least=0)


def _first(token: str | None) -> Reading[PredictionMarket | None]:
    """Read the first row of a page. Not every server knows the token filter: a row without the token is none."""

    def pick(page: MarketsPage) -> PredictionMarket | None:
        found = next(iter(page.markets), None)
        if found is None or token is None:
            return found
        return found if token in (*found.outcome_token_ids, found.yes_token_id, found.no_token_id) else None

    decode, unvalidated = _PAGE.decode, _PAGE.unvalidated
    assert unvalidated is not None
    return Reading(lambda body: pick(decode(body)), lambda raw: pick(unvalidated(raw)))
