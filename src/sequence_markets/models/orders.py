"""What the order and fill endpoints answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from .base import SequenceModel
from .venues import VenueId
from .views import Instant, Money, OptionalInstant, OptionalMoney, OptionalQuantity, Quantity

OrderSide = Literal["BUY", "SELL"] | str
"""Side of an order or a fill, upper case as venues send it."""

OrderStatus = (
    Literal["NEW", "PENDING", "ACCEPTED", "PARTIAL", "FILLED", "COMPLETED", "CANCELLED", "REJECTED", "FAILED"] | str
)
"""State of an order. ``COMPLETED`` is done without being wholly filled."""

FINAL_STATUSES: frozenset[str] = frozenset({"FILLED", "COMPLETED", "CANCELLED", "REJECTED", "FAILED"})
"""States that an order does not leave."""


class Order(SequenceModel, frozen=True):
    """An order.

    Example:
        >>> graph = seq.buy("BTC-USD", "0.01")
        >>> order = seq.orders(symbol="BTC-USD").orders[0]
        >>> order.status, order.qty == order.filled_qty
        ('FILLED', True)
    """

    node_order_id: str
    """``graph:<graph_id>:<node_id>:<seq>``."""
    graph_id: str | None = None
    """Graph the order belongs to."""
    node_id: str | None = None
    """Node of the graph it works for."""
    client_id: str | None = None
    """Account it belongs to."""
    symbol: str
    """Canonical symbol."""
    side: OrderSide
    """``BUY`` or ``SELL``."""
    status: OrderStatus
    """State of the order."""
    qty_1e8: int
    """Whole quantity asked for, scaled by 10**8."""
    filled_qty_1e8: int | None = None
    """Quantity filled so far, scaled by 10**8."""
    avg_fill_price_1e9: int | None = None
    """Average price of the fills, scaled by 10**9; null before the first."""
    limit_price_1e9: int | None = None
    """Limit price scaled by 10**9; null for a market order."""
    tif: str | None = None
    """Time in force."""
    venue: VenueId | None = None
    """Venue the order is pinned to."""
    failure_reason: str | None = None
    """Why it was rejected, cancelled or failed."""
    created_unix_ns: int | None = None
    """When it was taken, nanoseconds since the epoch."""
    updated_unix_ns: int | None = None
    """When it last changed, nanoseconds since the epoch."""

    qty = Quantity()
    """`qty_1e8` as an exact ``Decimal``."""
    filled_qty = OptionalQuantity()
    """`filled_qty_1e8` as an exact ``Decimal``."""
    avg_fill_price = OptionalMoney()
    """`avg_fill_price_1e9` as an exact ``Decimal``."""
    limit_price = OptionalMoney()
    """`limit_price_1e9` as an exact ``Decimal``."""
    created_unix = OptionalInstant()
    """`created_unix_ns` as an aware ``datetime``."""
    updated_unix = OptionalInstant()
    """`updated_unix_ns` as an aware ``datetime``."""

    @property
    def is_final(self) -> bool:
        """Whether the order is in a state that it does not leave."""
        return self.status in FINAL_STATUSES


class Fill(SequenceModel, frozen=True):
    """A part of an order that was traded."""

    fill_id: str
    """Unique id of the fill."""
    node_order_id: str
    """Order that was filled."""
    symbol: str
    """Canonical symbol."""
    side: OrderSide
    """Side of the order."""
    qty_1e8: int
    """Quantity traded, scaled by 10**8."""
    price_1e9: int
    """Price traded at, scaled by 10**9."""
    venue: VenueId
    """Venue it traded on."""
    fee_1e9: int
    """Fee paid in the asset the trade settles in, scaled by 10**9."""
    timestamp_ns: int
    """When it traded, nanoseconds since the epoch."""

    qty = Quantity()
    """`qty_1e8` as an exact ``Decimal``."""
    price = Money()
    """`price_1e9` as an exact ``Decimal``."""
    fee = Money()
    """`fee_1e9` as an exact ``Decimal``."""
    timestamp = Instant()
    """`timestamp_ns` as an aware ``datetime``."""


class _Page(SequenceModel, frozen=True):
    """One page of a list that is walked by offset."""

    total: int | None = None
    """Number of rows on all pages."""
    limit: int | None = None
    """Most rows on this page."""
    offset: int | None = None
    """Rows before this page."""
    has_more: bool | None = None
    """Whether a page follows."""


class OrderPage(_Page, frozen=True):
    """A page of orders, newest first. Iterating gives the rows of this page; ``iter_orders()`` walks all pages.

    Example:
        >>> for order in seq.orders(limit=5):
        ...     _ = order.status
    """

    orders: tuple[Order, ...]
    """Orders of this page."""

    def __iter__(self) -> Iterator[Order]:  # type: ignore[override]  # rows, where pydantic yields pairs
        return iter(self.orders)


class FillPage(_Page, frozen=True):
    """A page of fills, newest first. Iterating gives the rows of this page; ``iter_fills()`` walks all pages.

    Example:
        >>> sum(fill.qty for fill in seq.fills(limit=5)) >= 0
        True
    """

    fills: tuple[Fill, ...]
    """Fills of this page."""

    def __iter__(self) -> Iterator[Fill]:  # type: ignore[override]  # rows, where pydantic yields pairs
        return iter(self.fills)
