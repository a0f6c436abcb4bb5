"""Level 3: execution graphs."""

from __future__ import annotations

from asyncio import sleep
from collections.abc import Iterable, Mapping
from time import monotonic
from typing import Any

from sequence_markets.client import checks
from sequence_markets.client.aio.caller import AsyncCaller
from sequence_markets.client.operations import (
    graphs as _graphs,
)
from sequence_markets.client.waiting import Watch
from sequence_markets.errors import SequenceError
from sequence_markets.graphs import Graph, edge as _edge, node as _node
from sequence_markets.models import (
    EdgeSpec,
    GraphState,
    GraphStatus,
    NodeSpec,
    Submission,
)


class AsyncOrchestrate(AsyncCaller):
    """Execution graphs."""

    node = staticmethod(_node)
    edge = staticmethod(_edge)

    async def graph(
        self,
        nodes: Graph | Iterable[NodeSpec | Mapping[str, Any]],
        edges: Iterable[EdgeSpec | Mapping[str, Any]] | None = None,
        sandbox: bool = False,
        *,
        graph_id: str | None = None,
        risk: Mapping[str, Any] | None = None,
        metadata: object = None,
        timeout: float | None = None,
    ) -> Submission:
        """Submit an execution graph, after checking it whole.

        Nodes without an incoming edge start at once, the others when an edge to them fires. What is given is never
        changed; edges that share an id get ids of their own.

        Args:
            nodes: The nodes, as ``node()`` makes them, as dicts, or mixed; or a whole ``Graph``.
            edges: The edges, as ``edge()`` makes them, as dicts, or mixed.
            sandbox: Paper trade even with a live key.
            graph_id: An id of your own, unique in the account: submitting the same content under it again gives the
                first answer instead of a second graph.
            risk: Risk settings, as ``graphs.risk()`` makes them.
            metadata: Anything that is JSON, kept with the graph.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The acknowledgement, with the ``graph_id`` and the size of the graph after pacing has been expanded.

        Raises:
            GraphError: The graph can never be right: lists every fault, and nothing was sent.
            OutcomeUnknownError: The graph may or may not have been taken; it carries the ``graph_id`` to ask with.
            RequestNotSentError: No connection could be had; there is no graph.
            KillSwitchActiveError: The kill switch is engaged.
            ConflictError: The ``graph_id`` was used with other content.
            SequenceError: The graph was refused, or the call failed.

        Example:
            >>> graph = await seq.graph([seq.node("spot", "ETH-USD", "buy", 2, urgency="medium")])
            >>> graph.node_count, graph.edge_count
            (1, 0)
        """
        operation = _graphs.graph(nodes, edges, sandbox, graph_id=graph_id, risk=risk, metadata=metadata)
        return await self._call(operation, timeout)

    async def graph_status(self, graph_id: str, *, timeout: float | None = None) -> GraphStatus:
        """Read the state of an execution graph, its nodes and its edges.

        Args:
            graph_id: The id that the submit answered with.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The state. An order submitted by ``buy`` or ``sell`` is ``nodes["order"]``.

        Raises:
            NotFoundError: There is no such graph.
            SequenceError: The call failed.

        Example:
            >>> graph = await seq.buy("ETH-USD", "0.25", limit_price=1000)
            >>> status = await seq.graph_status(graph.graph_id)
            >>> status.nodes["order"].target_qty
            Decimal('0.25000000')
        """
        return await self._call(_graphs.graph_status(graph_id), timeout)

    async def graph_cancel(self, graph_id: str, *, timeout: float | None = None) -> None:
        """Cancel every active node of a graph. What is filled stays filled: this is a stop, not a rollback.

        Args:
            graph_id: The id that the submit answered with.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Raises:
            NotFoundError: There is no such graph.
            OutcomeUnknownError: The answer was lost; ``graph_status`` tells whether it took effect.

        Example:
            >>> graph = await seq.buy("ETH-USD", "0.25", limit_price=1000)
            >>> await seq.graph_cancel(graph.graph_id)
        """
        await self._call(_graphs.graph_cancel(graph_id), timeout)

    async def graph_resume(self, graph_id: str, *, timeout: float | None = None) -> None:
        """Resume a paused graph. Nodes that wait look at their triggers again.

        Args:
            graph_id: The id that the submit answered with.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Raises:
            NotFoundError: There is no such graph.
            ConflictError: The graph is not paused.
            OutcomeUnknownError: The answer was lost; ``graph_status`` tells whether it took effect.
            SequenceError: The call failed.

        Example:
            >>> from sequence_markets import ConflictError
            >>> graph = await seq.buy("ETH-USD", "0.25", limit_price=1000)
            >>> try:
            ...     await seq.graph_resume(graph.graph_id)
            ... except ConflictError as error:
            ...     refused = error
            >>> refused.status
            409
        """
        await self._call(_graphs.graph_resume(graph_id), timeout)

    async def wait(
        self, graph_id: str, until: GraphState | Iterable[GraphState] | None = None, *, timeout: float | None = None
    ) -> GraphStatus:
        """Read the state of a graph again and again until it is the awaited one.

        Args:
            graph_id: The id that the submit answered with.
            until: A state or several, such as ``"completed"``; any state that a graph does not leave when omitted.
            timeout: Seconds to wait at most, by the clock on the wall; the client's when omitted.

        Returns:
            The status in which the state was reached.

        Raises:
            GraphWaitError: The time is over, or the graph has come to an end in another state; ``last_status`` is the
                last one that was read.
            NotFoundError: There is no such graph.
            SequenceError: The status could not be read.
            ValueError: ``until`` names no state of a graph.

        Example:
            >>> graph = await seq.buy("ETH-USD", "0.25")
            >>> (await seq.wait(graph.graph_id)).status
            'completed'
        """
        whole = self._settings.timeout if timeout is None else checks.seconds(timeout)
        operation = _graphs.graph_status(graph_id, "wait")
        watch = Watch(graph_id, until, now=monotonic(), timeout=whole)
        while True:
            try:
                status = await self._call(operation, watch.left(monotonic()))
            except SequenceError as error:
                watch.failed(error)
            else:
                if watch.reached(status):
                    return status
            await sleep(watch.pause(monotonic()))
