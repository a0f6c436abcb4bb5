"""What the portfolio endpoint answers: positions of every kind, and their totals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from ._shape import Tagged
from .base import SequenceModel, UnknownVariant
from .venues import VenueId
from .views import Instant, Money, OptionalMoney, OptionalQuantity, Quantity


class FiatInstrument(SequenceModel, frozen=True):
    """Government money."""

    kind: Literal["fiat"]
    """Always ``"fiat"``."""
    code: str
    """ISO currency code, for example ``USD``."""


class CryptoInstrument(SequenceModel, frozen=True):
    """A coin or a stablecoin."""

    kind: Literal["crypto"]
    """Always ``"crypto"``."""
    symbol: str
    """Asset code, for example ``BTC`` or ``USDC``."""


class PerpInstrument(SequenceModel, frozen=True):
    """A perpetual future."""

    kind: Literal["perp"]
    """Always ``"perp"``."""
    symbol: str
    """Contract, for example ``BTC-PERP``."""
    base: str
    """Asset it follows, for example ``BTC``."""


class EventContractInstrument(SequenceModel, frozen=True):
    """An outcome of a prediction market; it pays one dollar or nothing."""

    kind: Literal["event_contract"]
    """Always ``"event_contract"``."""
    market_slug: str
    """Slug or ticker of the market."""
    outcome: str
    """The outcome held, for example ``YES``."""
    token_id: str | None = None
    """The venue's id of the outcome's token."""
    expiry_ts: int | None = None
    """When the market closes, seconds since the epoch."""


class UnknownInstrument(UnknownVariant, frozen=True):
    """An instrument of a kind this SDK does not know yet; its tag is in `tag`, everything else in `raw`."""

    __discriminator__ = "kind"
    kind: ClassVar[Literal["unknown"]] = "unknown"


Instrument = Annotated[
    FiatInstrument | CryptoInstrument | PerpInstrument | EventContractInstrument | UnknownInstrument, Tagged("kind")
]
"""What a position is held in, told apart by ``kind``."""


class ActiveLifecycle(SequenceModel, frozen=True):
    """An open position."""

    state: Literal["active"]
    """Always ``"active"``."""


class ResolvedLifecycle(SequenceModel, frozen=True):
    """An event contract whose market has been decided."""

    state: Literal["resolved"]
    """Always ``"resolved"``."""
    outcome: str
    """The outcome that won."""
    economic_value_usd_1e9: int
    """What the position pays, in dollars scaled by 10**9."""
    resolved_at: int
    """When it was decided, seconds since the epoch."""

    economic_value_usd = Money()
    """`economic_value_usd_1e9` as an exact ``Decimal``."""


class ClosedLifecycle(SequenceModel, frozen=True):
    """A position that was traded away."""

    state: Literal["closed"]
    """Always ``"closed"``."""


class RedeemedLifecycle(SequenceModel, frozen=True):
    """A resolved event contract whose payment has been claimed."""

    state: Literal["redeemed"]
    """Always ``"redeemed"``."""


class UnknownLifecycle(UnknownVariant, frozen=True):
    """A lifecycle state this SDK does not know yet; its tag is in `tag`, everything else in `raw`."""

    __discriminator__ = "state"
    state: ClassVar[Literal["unknown"]] = "unknown"


Lifecycle = Annotated[
    ActiveLifecycle | ResolvedLifecycle | ClosedLifecycle | RedeemedLifecycle | UnknownLifecycle, Tagged("state")
]
"""Where a position is in its life, told apart by ``state``."""


class Position(SequenceModel, frozen=True):
    """One holding on one venue."""

    id: int | None = None
    """Stable id of the row."""
    venue: VenueId
    """Venue that holds it."""
    instrument: Instrument
    """What is held."""
    qty_1e8: int
    """Quantity scaled by 10**8; negative for a short perp."""
    locked_qty_1e8: int | None = None
    """The part reserved for working orders, scaled by 10**8."""
    available_qty_1e8: int | None = None
    """The part free to trade, scaled by 10**8."""
    entry_price_usd_1e9: int | None = None
    """Average entry price in dollars, scaled by 10**9."""
    current_price_usd_1e9: int | None = None
    """Current price in dollars, scaled by 10**9."""
    current_value_usd_1e9: int | None = None
    """Quantity times current price in dollars, scaled by 10**9."""
    unrealized_pnl_usd_1e9: int | None = None
    """Gain not yet taken, in dollars scaled by 10**9."""
    realized_pnl_usd_1e9: int | None = None
    """Gain taken, in dollars scaled by 10**9."""
    fees_usd_1e9: int | None = None
    """Fees paid, in dollars scaled by 10**9."""
    lifecycle: Lifecycle
    """Where the position is in its life."""
    transferable: bool | None = None
    """Whether it can be moved to another venue or wallet."""
    settled: bool | None = None
    """Whether the venue has settled it."""
    settled_mark_usd_1e9: int | None = None
    """Price it settled at, dollars scaled by 10**9; null until then."""

    qty = Quantity()
    """`qty_1e8` as an exact ``Decimal``."""
    locked_qty = OptionalQuantity()
    """`locked_qty_1e8` as an exact ``Decimal``."""
    available_qty = OptionalQuantity()
    """`available_qty_1e8` as an exact ``Decimal``."""
    entry_price_usd = OptionalMoney()
    """`entry_price_usd_1e9` as an exact ``Decimal``."""
    current_price_usd = OptionalMoney()
    """`current_price_usd_1e9` as an exact ``Decimal``."""
    current_value_usd = OptionalMoney()
    """`current_value_usd_1e9` as an exact ``Decimal``."""
    unrealized_pnl_usd = OptionalMoney()
    """`unrealized_pnl_usd_1e9` as an exact ``Decimal``."""
    realized_pnl_usd = OptionalMoney()
    """`realized_pnl_usd_1e9` as an exact ``Decimal``."""
    fees_usd = OptionalMoney()
    """`fees_usd_1e9` as an exact ``Decimal``."""
    settled_mark_usd = OptionalMoney()
    """`settled_mark_usd_1e9` as an exact ``Decimal``."""


class PositionTotals(SequenceModel, frozen=True):
    """Sums over the positions of an answer, in dollars."""

    nav_usd_1e9: int
    """Net asset value, scaled by 10**9."""
    cash_usd_1e9: int
    """Fiat and stablecoins, scaled by 10**9."""
    unrealized_pnl_usd_1e9: int
    """Gain not yet taken, scaled by 10**9."""
    realized_pnl_usd_1e9: int
    """Gain taken, scaled by 10**9."""
    fees_usd_1e9: int
    """Fees paid, scaled by 10**9."""
    num_positions: int
    """Number of rows."""

    nav_usd = Money()
    """`nav_usd_1e9` as an exact ``Decimal``."""
    cash_usd = Money()
    """`cash_usd_1e9` as an exact ``Decimal``."""
    unrealized_pnl_usd = Money()
    """`unrealized_pnl_usd_1e9` as an exact ``Decimal``."""
    realized_pnl_usd = Money()
    """`realized_pnl_usd_1e9` as an exact ``Decimal``."""
    fees_usd = Money()
    """`fees_usd_1e9` as an exact ``Decimal``."""


class Positions(SequenceModel, frozen=True):
    """Unified positions across fiat, crypto, perps and event contracts.

    Example:
        >>> held = seq.positions_unified(kinds=["crypto"])
        >>> held.totals.nav_usd == held["totals"]["nav_usd_1e9"] / 10**9
        True
        >>> {position.instrument.kind for position in held.positions}
        {'crypto'}
    """

    positions: tuple[Position, ...]
    """One row per venue and instrument."""
    totals: PositionTotals
    """Sums over the rows."""
    as_of_ns: int
    """Time of the snapshot, nanoseconds since the epoch."""

    as_of = Instant()
    """`as_of_ns` as an aware ``datetime``."""

    def by_kind(self, kind: str) -> Iterator[Position]:
        """Iterate over the positions in one kind of instrument, for example ``"perp"``."""
        return (each for each in self.positions if each.instrument.kind == kind)
