"""What the execution-graph endpoints answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from .base import SequenceModel
from .views import OptionalMoney, OptionalQuantity

if TYPE_CHECKING:
    from sequence_markets.graphs import Graph

GraphState = Literal["pending", "active", "partial_fill", "completed", "aborted", "expired", "paused"] | str
"""State of an execution graph."""

NodeState = Literal["pending", "armed", "executing", "filled", "partial_fill", "cancelled", "rejected"] | str
"""State of a node of a graph."""

FINAL_GRAPH_STATES: frozenset[str] = frozenset({"completed", "aborted", "expired"})
"""States that a graph does not leave."""


class Submission(SequenceModel, frozen=True):
    """The acknowledgement of a submitted graph; ``buy()`` and ``sell()`` submit graphs of one node.

    Example:
        >>> graph = seq.buy("ETH-USD", "0.5")
        >>> graph.node_count, graph.edge_count
        (1, 0)
    """

    graph_id: str
    """Id of the graph, unique within the account."""
    status: GraphState
    """State of the graph when it was acknowledged."""
    node_count: int
    """Number of nodes, after pacing has been expanded."""
    edge_count: int
    """Number of edges, after pacing has been expanded."""


class NodeStatus(SequenceModel, frozen=True):
    """State of one node of a graph."""

    status: NodeState
    """State of the node."""
    node_order_id: str | None = None
    """Id of its order; absent before it is activated."""
    target_qty_1e8: int | None = None
    """Quantity to trade, scaled by 10**8."""
    filled_qty_1e8: int | None = None
    """Quantity filled so far, scaled by 10**8."""
    avg_fill_price_1e9: int | None = None
    """Average price of the fills, scaled by 10**9; null before the first."""
    fill_count: int | None = None
    """Number of fills."""
    failure_reason: str | None = None
    """Why the node was rejected or cancelled."""

    target_qty = OptionalQuantity()
    """`target_qty_1e8` as an exact ``Decimal``."""
    filled_qty = OptionalQuantity()
    """`filled_qty_1e8` as an exact ``Decimal``."""
    avg_fill_price = OptionalMoney()
    """`avg_fill_price_1e9` as an exact ``Decimal``."""


class EdgeStatus(SequenceModel, frozen=True):
    """State of one edge of a graph."""

    status: Literal["armed", "pending", "fired", "expired", "cancelled"] | str
    """State of the edge."""
    fired: bool
    """Whether it has fired at least once."""
    fire_count: int | None = None
    """How often it has fired."""
    from_node: str | None = None
    """Id of its source node, where the server says."""
    to_node: str | None = None
    """Id of its target node, where the server says."""


class GraphStatus(SequenceModel, frozen=True):
    """State of a graph, its nodes and its edges. In a notebook it shows itself as a picture.

    Example:
        >>> graph = seq.buy("BTC-USD", "0.01")
        >>> status = seq.graph_status(graph.graph_id)
        >>> status.nodes["order"].filled_qty
        Decimal('0.01000000')
    """

    graph_id: str
    """Id of the graph."""
    client_id: str | None = None
    """Account it belongs to."""
    status: GraphState
    """State of the graph."""
    nodes: Mapping[str, NodeStatus]
    """State of each node, by node id."""
    edges: Mapping[str, EdgeStatus]
    """State of each edge, by edge id."""

    @property
    def is_final(self) -> bool:
        """Whether the graph is in a state that it does not leave."""
        return self.status in FINAL_GRAPH_STATES

    def tree(self, graph: Graph | None = None) -> str:
        """Return the state as a tree of text; the graph that was sent adds what each node trades and when.

        Example:
            >>> graph = seq.buy("BTC-USD", "0.01")
            >>> print(seq.graph_status(graph.graph_id).tree())
            graph_... completed
            order  filled 0.01 of 0.01 at ...
        """
        from sequence_markets import pictures

        return pictures.tree(self) if graph is None else pictures.tree(graph, self)

    def to_mermaid(self, graph: Graph | None = None) -> str:
        """Return the state as a Mermaid flowchart in the colours of its states."""
        from sequence_markets import pictures

        return pictures.to_mermaid(self) if graph is None else pictures.to_mermaid(graph, self)

    def to_svg(self, graph: Graph | None = None) -> str:
        """Return the state as an SVG picture in the colours of its states."""
        from sequence_markets import pictures

        return pictures.to_svg(self) if graph is None else pictures.to_svg(graph, self)

    def _repr_svg_(self) -> str:
        """Return what notebooks show."""
        from sequence_markets import pictures

        return pictures.to_svg(self)

    def _repr_html_(self) -> str:
        """Return what notebooks prefer to show."""
        from sequence_markets import pictures

        return pictures.to_html(self)
