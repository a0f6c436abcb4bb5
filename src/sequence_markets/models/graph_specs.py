"""What an execution graph is made of: the wire's node and edge, typed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

from sequence_markets.units import decimal_1e9

from ._json import is_integer, is_mapping
from .base import SequenceModel
from .triggers import Trigger, trigger_from_wire
from .venues import VenueId
from .views import Money, Quantity


class NodeInstrument(SequenceModel, frozen=True):
    """What a node trades."""

    symbol: str
    """A pair, Kalshi ticker, Polymarket slug or token id."""
    type: Literal["spot", "perp", "prediction"] | str | None = None
    """Kind of instrument."""
    venue: VenueId | None = None
    """Venue the node is pinned to; null routes over all."""


class FixedQuantity(SequenceModel, frozen=True):
    """A quantity of the instrument."""

    qty_1e8: int
    """The quantity, scaled by 10**8."""

    qty = Quantity()
    """`qty_1e8` as an exact ``Decimal``."""


class NotionalQuantity(SequenceModel, frozen=True):
    """As much of the instrument as an amount of dollars buys."""

    usd_1e9: int
    """The amount in dollars, scaled by 10**9."""

    usd = Money()
    """`usd_1e9` as an exact ``Decimal``."""


class NodeQuantity(SequenceModel, frozen=True):
    """How much a node trades, in one of two ways."""

    fixed: FixedQuantity | None = None
    """A quantity of the instrument."""
    notional: NotionalQuantity | None = None
    """An amount of dollars."""


class UniformPacing(SequenceModel, frozen=True):
    """Equal slices at equal intervals.

    Example:
        >>> UniformPacing(num_slices=10, interval_ms=30_000)["num_slices"]
        10
    """

    num_slices: int
    """Number of slices, at least 1."""
    interval_ms: int
    """Milliseconds from one slice to the next, at least 1."""


class Pacing(SequenceModel, frozen=True):
    """How a node spreads its quantity over time."""

    uniform: UniformPacing | None = None
    """Equal slices at equal intervals: a TWAP."""


class NodeExecution(SequenceModel, frozen=True):
    """How a node is executed."""

    policy: (
        Literal["sor", "ioc_sweep", "passive_limit", "aggressive_chase", "passive_ladder", "time_drip"] | str | None
    ) = None
    """Tactic in place of the router's choice."""
    urgency: Literal["low", "medium", "high"] | str | None = None
    """How aggressively the router works."""
    tif: Literal["GTC", "IOC", "FOK"] | str | None = None
    """Time in force of a limit order."""
    max_slippage_bps: int | None = None
    """Fills worse than this are refused, in basis points."""
    horizon_ms: int | None = None
    """Soft deadline of patient tactics, in milliseconds."""
    pacing: Pacing | None = None
    """How the quantity is spread over time."""


class NodeSpec(SequenceModel, frozen=True):
    """A node of an execution graph: one order to be. `raw` is what is sent.

    Example:
        >>> node = seq.node("spot", "ETH-USD", "buy", 200, limit_price=3100)
        >>> node.instrument.symbol == node["instrument"]["symbol"]
        True
        >>> node.quantity.fixed.qty, node.limit_price
        (Decimal('200.00000000'), Decimal('3100.000000000'))
    """

    node_id: str
    """Id, unique in the graph."""
    instrument: NodeInstrument
    """What it trades."""
    side: Literal["buy", "sell"] | str
    """``buy`` or ``sell``."""
    order_type: Any
    """``"market"``, or ``{"limit": {"price_1e9": …}}``."""
    quantity: NodeQuantity
    """How much it trades."""
    execution: NodeExecution | None = None
    """How it is executed."""
    activation: Literal["root", "wait"] | str | None = None
    """``root`` starts at once, ``wait`` needs an edge; set when the graph is sent."""

    @property
    def limit_price(self) -> Decimal | None:
        """The limit price as an exact ``Decimal``; ``None`` for a market order."""
        limit: object = self.order_type.get("limit") if is_mapping(self.order_type) else None
        price: object = limit.get("price_1e9") if is_mapping(limit) else None
        return decimal_1e9(price) if is_integer(price) else None


class EdgeCondition(SequenceModel, frozen=True):
    """What must hold for an edge to fire."""

    fill_ratio_gte: float | None = None
    """The filled part of the source's quantity that is needed, above 0 and at most 1."""


class EdgeSpec(SequenceModel, frozen=True):
    """An edge of an execution graph: when the source node makes the target node start. `raw` is what is sent.

    Example:
        >>> edge = seq.edge("spot", "hedge", trigger="fill_pct", value=0.5)
        >>> edge.when, edge["trigger"], edge["condition"]
        (OnFillRatio(ratio=0.5), 'on_fill_ratio', {'fill_ratio_gte': 0.5})
    """

    edge_id: str | None = None
    """Id, unique in the graph."""
    from_node: str
    """Id of the source node."""
    to_node: str
    """Id of the target node."""
    trigger: Any
    """The wire's trigger: a word, or an object with one key; `when` is the typed one."""
    condition: EdgeCondition | None = None
    """What must hold besides."""
    sizing: Any | None = None
    """How much of the target is released: ``"target"``, ``"source_fill"`` or ``{"ratio": r}``."""
    delay_ms: int | None = None
    """Milliseconds between firing and release."""

    @property
    def when(self) -> Trigger:
        """When the edge fires, as one of the trigger types."""
        return trigger_from_wire(self.trigger, self.raw.get("condition"))
