"""The records of the journal: every kind of change there is, as plain data.

A record says what became true; it holds no secret and nothing that could be computed from the records before it,
derived figures aside that a reader of the journal would look for.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import ClassVar, Final, TypeAlias, cast

from sequence_markets.sandbox.journal import canonical

__all__ = [
    "AccountOpened",
    "AccountReset",
    "AlgoChanged",
    "AlgoDeployed",
    "AlgoEdgeEntry",
    "AlgoEdgeSet",
    "AlgoPlaced",
    "AlgoRemoved",
    "Amended",
    "At",
    "Begun",
    "BookSet",
    "Delivered",
    "EdgeEntry",
    "EdgeFired",
    "Ended",
    "Filled",
    "Forgot",
    "Funded",
    "FundingSet",
    "GenesisRecord",
    "GraphAccepted",
    "GraphBreached",
    "GraphPaused",
    "GraphResumed",
    "Held",
    "HoldEntry",
    "KillSwitchSet",
    "LevelEntry",
    "ModuleStored",
    "NodeAmended",
    "NodeClosed",
    "NodeEntry",
    "PositionSet",
    "PriceSet",
    "Queued",
    "Record",
    "Redeemed",
    "RedemptionSubmitted",
    "Released",
    "ResolutionSet",
    "Resolved",
    "Rested",
    "SettingsSet",
    "StrategyCreated",
    "StrategyDeleted",
    "StrategyMoved",
    "TimerSet",
    "TradePrinted",
    "Unrested",
    "VenueConnected",
    "VenueDisconnected",
    "Watched",
    "decode",
    "encode",
]

HoldEntry: TypeAlias = tuple[str, str, int]
"""(venue, asset, amount)"""

LevelEntry: TypeAlias = tuple[str, str, int, int, int]
"""(book symbol, side, price, displayed size, quantity taken from it so far)"""


@dataclass(slots=True)
class GenesisRecord:
    """The exchange begins."""

    type: ClassVar[str] = "genesis"
    seed: int
    start_ns: int
    market: str


@dataclass(slots=True)
class At:
    """Time has moved on."""

    type: ClassVar[str] = "at"
    now_ns: int


@dataclass(slots=True)
class AccountOpened:
    """An account was seen for the first time; `balances` are its first cash rows."""

    type: ClassVar[str] = "account_opened"
    client: str
    mode: str
    balances: tuple[HoldEntry, ...]


@dataclass(slots=True)
class AccountReset:
    """Every row of an account was deleted and new cash was issued."""

    type: ClassVar[str] = "account_reset"
    client: str
    balances: tuple[HoldEntry, ...]


@dataclass(slots=True)
class PositionSet:
    """A row was written by hand: its quantity is now `qty`, bought at `entry_1e9`. Quantity zero and
    `delete` remove it."""

    type: ClassVar[str] = "position_set"
    client: str
    venue: str
    kind: str
    asset: str
    qty: int
    entry_1e9: int
    delete: bool


@dataclass(slots=True)
class SettingsSet:
    """An account's sandbox settings were replaced."""

    type: ClassVar[str] = "settings_set"
    client: str
    balances: tuple[HoldEntry, ...]
    fees: tuple[tuple[str, int, int], ...]
    latency_ms: tuple[tuple[str, int], ...]
    slippage_bps: int


@dataclass(slots=True)
class VenueConnected:
    """Credentials were stored for a venue (never in the journal)."""

    type: ClassVar[str] = "venue_connected"
    client: str
    venue: str


@dataclass(slots=True)
class VenueDisconnected:
    """Credentials of a venue were deleted."""

    type: ClassVar[str] = "venue_disconnected"
    client: str
    venue: str


NodeEntry: TypeAlias = tuple[str, dict[str, object]]
"""(node id, normalised order specification)"""


EdgeEntry: TypeAlias = tuple[str, int, int, dict[str, object]]
"""(edge id, number of the source node, number of the target node, normalised specification)"""


@dataclass(slots=True)
class GraphAccepted:
    """A graph was stored; its first orders take the next order numbers, in node order, and the nodes that do not wait
    are released. `waiting` numbers the nodes that wait for an edge, `slices` gives (parent, number of slices) for every
    paced node; its slices follow it."""

    type: ClassVar[str] = "graph_accepted"
    client: str
    graph_id: str
    content: str
    sandbox: bool
    metadata: object
    nodes: tuple[NodeEntry, ...]
    waiting: tuple[int, ...] = ()
    slices: tuple[tuple[int, int], ...] = ()
    edges: tuple[EdgeEntry, ...] = ()
    risk: dict[str, object] = field(default_factory=dict[str, object])


@dataclass(slots=True)
class EdgeFired:
    """An edge's trigger came true. `counted` of its source's fills are dealt with now; `qty` is under way to its target
    (-1: all that is left) and arrives at `due_ns`, at once when that is zero."""

    type: ClassVar[str] = "edge_fired"
    graph: int
    edge: int
    counted: int
    qty: int
    due_ns: int


@dataclass(slots=True)
class Delivered:
    """What an edge had under way, the oldest first, has arrived, and there was nothing left to release."""

    type: ClassVar[str] = "delivered"
    graph: int
    edge: int


@dataclass(slots=True)
class Released:
    """What an edge had under way, the oldest first, has arrived: this much of its target becomes an order."""

    type: ClassVar[str] = "released"
    graph: int
    edge: int
    node: int
    qty: int


@dataclass(slots=True)
class NodeClosed:
    """Nothing more of a node will be released, because of `reason`, "" for a client's cancel."""

    type: ClassVar[str] = "node_closed"
    graph: int
    node: int
    reason: str


@dataclass(slots=True)
class NodeAmended:
    """What a node aims at was changed: its target and its limit (0: none) are now these."""

    type: ClassVar[str] = "node_amended"
    graph: int
    node: int
    target: int
    limit: int


@dataclass(slots=True)
class GraphPaused:
    """Nothing more of a graph is released until it is resumed; `breach` names the risk rule that paused it, or ""."""

    type: ClassVar[str] = "graph_paused"
    graph: int
    breach: str


@dataclass(slots=True)
class GraphResumed:
    """A paused graph goes on."""

    type: ClassVar[str] = "graph_resumed"
    graph: int


@dataclass(slots=True)
class GraphBreached:
    """A graph broke one of its risk rules."""

    type: ClassVar[str] = "graph_breached"
    graph: int
    breach: str


@dataclass(slots=True)
class Amended:
    """An order aims at another quantity and limit (0: none); nothing of it is placed just now."""

    type: ClassVar[str] = "amended"
    order: int
    qty: int
    limit: int


@dataclass(slots=True)
class KillSwitchSet:
    """An account's kill switch was engaged or cleared."""

    type: ClassVar[str] = "kill_switch_set"
    client: str
    engaged: bool
    reason: str


@dataclass(slots=True)
class Begun:
    """An order started to work: what it aims at, the arrival mid, the price its slippage cap allows, its deadline, and
    the best displayed prices it met. Zero stands for none."""

    type: ClassVar[str] = "begun"
    order: int
    qty: int
    arrival_1e9: int
    cap_1e9: int
    deadline_ns: int
    arrival_bid_1e9: int = 0
    arrival_ask_1e9: int = 0


@dataclass(slots=True)
class Filled:
    """A quantity was traded.

    `level` names the displayed level it was taken from and what is now taken of it, empty for a fill against a
    print; `print_id` and `print_qty` name that print. `price` is what was paid.
    """

    type: ClassVar[str] = "filled"
    order: int
    child: int
    fill_id: str
    venue: str
    cash: str
    liquidity: str
    qty: int
    price: int
    fee: int
    level: tuple[LevelEntry, ...]
    print_id: str
    print_qty: int


@dataclass(slots=True)
class Forgot:
    """Levels that changed since something was taken from them are as good as new."""

    type: ClassVar[str] = "forgot"
    venue: str
    symbol: str
    levels: tuple[tuple[str, int], ...]


@dataclass(slots=True)
class Held:
    """What an order holds now: `holds` in all, of which `reserve` is for what it has not placed anywhere
    yet."""

    type: ClassVar[str] = "held"
    order: int
    holds: tuple[HoldEntry, ...]
    reserve: tuple[HoldEntry, ...]


@dataclass(slots=True)
class Rested:
    """Part of an order was placed at a venue. `mode` "rest" waits in the queue with `ahead` before it,
    "hunt" takes whatever is displayed within the price and stands for no quantity of its own."""

    type: ClassVar[str] = "rested"
    order: int
    venue: str
    mode: str
    price: int
    qty: int
    ahead: int


@dataclass(slots=True)
class Unrested:
    """A placed part was taken back."""

    type: ClassVar[str] = "unrested"
    child: int


@dataclass(slots=True)
class Queued:
    """The quantity before a resting part is now `ahead`."""

    type: ClassVar[str] = "queued"
    child: int
    ahead: int


@dataclass(slots=True)
class Watched:
    """Nothing can happen to what rests at a venue before `wake_ns`."""

    type: ClassVar[str] = "watched"
    venue: str
    symbol: str
    wake_ns: int


@dataclass(slots=True)
class TimerSet:
    """A timer of an order: due at `at_ns` (0: none), carrying `step`."""

    type: ClassVar[str] = "timer_set"
    order: int
    timer: str
    at_ns: int
    step: int


@dataclass(slots=True)
class Ended:
    """An order reached a final state; `reason` says why it was not filled, "" for a client's cancel."""

    type: ClassVar[str] = "ended"
    order: int
    status: str
    reason: str


@dataclass(slots=True)
class BookSet:
    """A book was scripted."""

    type: ClassVar[str] = "book_set"
    symbol: str
    venue: str
    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]


@dataclass(slots=True)
class PriceSet:
    """A price was scripted on some venues."""

    type: ClassVar[str] = "price_set"
    symbol: str
    price: int
    venues: tuple[str, ...]


@dataclass(slots=True)
class TradePrinted:
    """A public trade was scripted."""

    type: ClassVar[str] = "trade_printed"
    trade_id: str
    symbol: str
    venue: str
    side: str
    price: int
    qty: int


@dataclass(slots=True)
class ResolutionSet:
    """The outcome of a prediction market was scripted: it closes and resolves now. `symbol` is its YES outcome."""

    type: ClassVar[str] = "resolution_set"
    symbol: str
    outcome: str


@dataclass(slots=True)
class Resolved:
    """The outcome of a prediction market is known: what was held of `winner` is worth one dollar of `cash` each, what
    was held of `loser` nothing. The venue pays by itself at `pays_ns`; zero when it waits to be asked."""

    type: ClassVar[str] = "resolved"
    venue: str
    winner: str
    loser: str
    outcome: str
    cash: str
    resolved_ns: int
    pays_ns: int


@dataclass(slots=True)
class RedemptionSubmitted:
    """An account claimed what it holds of a resolved market; the money arrives at `pays_ns`."""

    type: ClassVar[str] = "redemption_submitted"
    client: str
    venue: str
    winner: str
    loser: str
    pays_ns: int


@dataclass(slots=True)
class Redeemed:
    """What an account held of a resolved market and what was due was paid, and its contracts are gone."""

    type: ClassVar[str] = "redeemed"
    client: str
    venue: str
    winner: str
    loser: str


@dataclass(slots=True)
class FundingSet:
    """The funding of a perp at a venue was scripted: (from when on, rate per settlement in 1e-9)."""

    type: ClassVar[str] = "funding_set"
    venue: str
    symbol: str
    points: tuple[tuple[int, int], ...]


@dataclass(slots=True)
class Funded:
    """A perp position paid or was paid its funding of the settlement at `settles_ns`: its quantity times the mark price
    times the rate, in 1e-9."""

    type: ClassVar[str] = "funded"
    client: str
    venue: str
    symbol: str
    cash: str
    mark: int
    rate: int
    settles_ns: int


@dataclass(slots=True)
class ModuleStored:
    """A WebAssembly module was taken in: its SHA-256, and its bytes in base64."""

    type: ClassVar[str] = "module_stored"
    digest: str
    wasm: str


AlgoEdgeEntry: TypeAlias = tuple[str, str, str, str, str]
"""(canonical symbol, symbol whose book is kept, venue, state, reason of that state)"""


@dataclass(slots=True)
class AlgoDeployed:
    """A module was deployed for some symbols; its edges take the next edge numbers, in this order. `risk` holds the
    limits that were set."""

    type: ClassVar[str] = "algo_deployed"
    client: str
    deployment: str
    name: str
    module: str
    symbols: tuple[str, ...]
    edges: tuple[AlgoEdgeEntry, ...]
    risk: dict[str, object] = field(default_factory=dict[str, object])


@dataclass(slots=True)
class AlgoChanged:
    """A deployment was given another name, other limits, or both."""

    type: ClassVar[str] = "algo_changed"
    deployment: str
    name: str
    risk: dict[str, object] = field(default_factory=dict[str, object])


@dataclass(slots=True)
class AlgoEdgeSet:
    """An algo entered another state on one edge, because of `reason`, "" for its owner's wish."""

    type: ClassVar[str] = "algo_edge_set"
    edge: int
    status: str
    reason: str


@dataclass(slots=True)
class AlgoPlaced:
    """An order belongs to an algo, which calls it `order_id`."""

    type: ClassVar[str] = "algo_placed"
    edge: int
    order_id: int
    order: int


@dataclass(slots=True)
class AlgoRemoved:
    """A deployment is gone on the edges of a symbol, "" for all of them. Its orders stay."""

    type: ClassVar[str] = "algo_removed"
    deployment: str
    symbol: str


@dataclass(slots=True)
class StrategyCreated:
    """A hosted strategy was taken in: what may be shown of it. Artifact, secrets and key are never in the journal."""

    type: ClassVar[str] = "strategy_created"
    client: str
    strategy: str
    public: dict[str, object]


@dataclass(slots=True)
class StrategyMoved:
    """A hosted strategy entered another state, in its run number `run`; `executed` says whether code is really run,
    `exit_code` and `reason` how the run ended."""

    type: ClassVar[str] = "strategy_moved"
    strategy: str
    status: str
    desired: str
    run: int
    executed: bool
    exit_code: int | None
    reason: str


@dataclass(slots=True)
class StrategyDeleted:
    """A hosted strategy is gone."""

    type: ClassVar[str] = "strategy_deleted"
    strategy: str


Record: TypeAlias = (
    GenesisRecord
    | At
    | AccountOpened
    | AccountReset
    | PositionSet
    | SettingsSet
    | VenueConnected
    | VenueDisconnected
    | GraphAccepted
    | Amended
    | Delivered
    | EdgeFired
    | GraphBreached
    | GraphPaused
    | GraphResumed
    | KillSwitchSet
    | NodeAmended
    | NodeClosed
    | Released
    | Begun
    | Filled
    | Forgot
    | Held
    | Rested
    | Unrested
    | Queued
    | Watched
    | TimerSet
    | Ended
    | StrategyCreated
    | StrategyMoved
    | StrategyDeleted
    | BookSet
    | PriceSet
    | TradePrinted
    | ResolutionSet
    | Resolved
    | RedemptionSubmitted
    | Redeemed
    | FundingSet
    | Funded
    | ModuleStored
    | AlgoDeployed
    | AlgoChanged
    | AlgoEdgeSet
    | AlgoPlaced
    | AlgoRemoved
)

_KINDS: Final[dict[str, type[Record]]] = {
    kind.type: kind
    for kind in (
        GenesisRecord,
        At,
        AccountOpened,
        AccountReset,
        PositionSet,
        SettingsSet,
        VenueConnected,
        VenueDisconnected,
        GraphAccepted,
        Amended,
        Delivered,
        EdgeFired,
        GraphBreached,
        GraphPaused,
        GraphResumed,
        KillSwitchSet,
        NodeAmended,
        NodeClosed,
        Released,
        Begun,
        Filled,
        Forgot,
        Held,
        Rested,
        Unrested,
        Queued,
        Watched,
        TimerSet,
        Ended,
        StrategyCreated,
        StrategyMoved,
        StrategyDeleted,
        BookSet,
        PriceSet,
        TradePrinted,
        ResolutionSet,
        Resolved,
        RedemptionSubmitted,
        Redeemed,
        FundingSet,
        Funded,
        ModuleStored,
        AlgoDeployed,
        AlgoChanged,
        AlgoEdgeSet,
        AlgoPlaced,
        AlgoRemoved,
    )
}
_FIELDS: Final[dict[type[Record], tuple[str, ...]]] = {
    kind: tuple(field.name for field in fields(kind)) for kind in _KINDS.values()
}
_FREE_FORM: Final = frozenset({"metadata"})
_OPTIONAL: Final = frozenset({"waiting", "slices", "edges", "risk", "arrival_bid_1e9", "arrival_ask_1e9"})


def encode(record: Record) -> str:
    """The record as one canonical line.

    >>> encode(At(5))
    '{"now_ns":5,"type":"at"}'
    """
    kind = type(record)
    payload: dict[str, object] = {
        name: value for name in _FIELDS[kind] if (value := getattr(record, name)) or name not in _OPTIONAL
    }
    payload["type"] = kind.type
    return canonical(payload)


def decode(line: str) -> Record:
    """The record of a canonical line.

    >>> decode('{"now_ns":5,"type":"at"}')
    At(now_ns=5)
    """
    payload: dict[str, object] = json.loads(line)
    make = cast("Callable[..., Record]", _KINDS[str(payload.pop("type"))])
    return make(**{name: value if name in _FREE_FORM else _frozen(value) for name, value in payload.items()})


def _frozen(value: object) -> object:
    if isinstance(value, list):
        return tuple(_frozen(item) for item in cast("list[object]", value))
    return value
