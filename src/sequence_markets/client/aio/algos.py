"""Level 4: algos, WebAssembly modules that run beside the venues."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from typing import Literal

from sequence_markets.client.aio.caller import AsyncCaller
from sequence_markets.client.operations import algos as _algos
from sequence_markets.models import Algo, AlgoLogs, AlgoMesh, Algos, AlgoStats, Deployment, DeploymentStatus


class AsyncAutomate(AsyncCaller):
    """Algos, by deployment and by symbol."""

    async def deploy_algo(
        self,
        name: str,
        wasm_path: str | PathLike[str],
        symbols: Iterable[str],
        *,
        timeout: float | None = None,
    ) -> Deployment:
        """Deploy a compiled WebAssembly module to the edges that quote its symbols, and start it.

        Args:
            name: A name for people, which shows in logs.
            wasm_path: The compiled module, a ``.wasm`` file.
            symbols: The symbols it trades.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The deployment, with its id. ``pushed_to`` below ``capable_edges`` means that an edge refused the module:
            read ``edges``.

        Raises:
            OutcomeUnknownError: It may or may not have been deployed; ``algos()`` tells.
            UnprocessableError: The module or a symbol is not accepted; ``details`` names it.
            ValueError: The file is no WebAssembly module, or there is no symbol. Nothing was sent.
            TypeError: An argument has the wrong type.
            OSError: The file cannot be read.

        Example:
            >>> from pathlib import Path
            >>> from tempfile import mkdtemp
            >>> from wasmtime import wat2wasm
            >>> idle = wat2wasm('''(module (memory (export "memory") 1)
            ...     (func (export "algo_alloc") (param i32) (result i32) (i32.const 1024))
            ...     (func (export "algo_on_book") (param i32 i32) (result i32) (i32.const 0)))''')
            >>> file = Path(mkdtemp(), "idle.wasm")
            >>> size = file.write_bytes(idle)
            >>> deployed = await seq.deploy_algo("idle", file, ["BTC-USD"])
            >>> deployed.status, deployed.pushed_to == deployed.capable_edges
            ('running', True)
        """
        return await self._call(_algos.deploy_algo(name, wasm_path, symbols), timeout)

    async def algo_status(self, deployment_id: str, *, timeout: float | None = None) -> DeploymentStatus:
        """Read a deployment: per edge its position, result, fills and the time its calls take.

        Args:
            deployment_id: The id that ``deploy_algo`` answered with.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The state of the deployment and of each of its edges.

        Raises:
            NotFoundError: There is no such deployment.
            SequenceError: The call failed.

        Example:
            >>> from sequence_markets import NotFoundError
            >>> try:
            ...     status = await seq.algo_status("dep_of_somebody_else")
            ... except NotFoundError as error:
            ...     missing = error
            >>> missing.status
            404
        """
        return await self._call(_algos.algo_status(deployment_id), timeout)

    async def algo_start(self, deployment_id: str, *, timeout: float | None = None) -> None:
        """Start an algo on every edge where it does not run.

        An algo that failed begins with fresh memory. One that runs for the same symbol already is stopped.

        Args:
            deployment_id: The id that ``deploy_algo`` answered with.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Raises:
            NotFoundError: There is no such deployment.
            OutcomeUnknownError: The answer was lost; ``algo_status`` tells whether it took effect.

        Example:
            >>> for algo in (await seq.algos()).algos:
            ...     await seq.algo_start(algo.deployment_id)
        """
        await self._call(_algos.algo_start(deployment_id), timeout)

    async def algo_stop(self, deployment_id: str, *, timeout: float | None = None) -> None:
        """Stop an algo on every edge. Its resting orders stay, unless it cancels them itself in ``on_shutdown``.

        Args:
            deployment_id: The id that ``deploy_algo`` answered with.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Raises:
            NotFoundError: There is no such deployment.
            OutcomeUnknownError: The answer was lost; ``algo_status`` tells whether it took effect.

        Example:
            >>> for algo in (await seq.algos()).algos:
            ...     await seq.algo_stop(algo.deployment_id)
        """
        await self._call(_algos.algo_stop(deployment_id), timeout)

    async def algo_undeploy(self, deployment_id: str, *, timeout: float | None = None) -> None:
        """Stop an algo and delete it, for good. Its resting orders stay.

        Args:
            deployment_id: The id that ``deploy_algo`` answered with.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Raises:
            NotFoundError: There is no such deployment.
            OutcomeUnknownError: The answer was lost; ``algos`` tells whether it took effect.

        Example:
            >>> for algo in (await seq.algos()).algos:
            ...     await seq.algo_undeploy(algo.deployment_id)
        """
        await self._call(_algos.algo_undeploy(deployment_id), timeout)

    async def algo_logs(self, deployment_id: str, limit: int = 200, *, timeout: float | None = None) -> AlgoLogs:
        """Read what an algo wrote, newest first.

        Args:
            deployment_id: The id that ``deploy_algo`` answered with.
            limit: How many lines at most.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The lines, with their time, level and edge.

        Raises:
            NotFoundError: There is no such deployment.
            ValueError: ``limit`` is below 1.
            SequenceError: The call failed.

        Example:
            >>> for algo in (await seq.algos()).algos:
            ...     for line in (await seq.algo_logs(algo.deployment_id, limit=20)).lines:
            ...         print(line.ts, line.level, line.message)
        """
        return await self._call(_algos.algo_logs(deployment_id, limit), timeout)

    async def algo_mesh(self, deployment_id: str, *, timeout: float | None = None) -> AlgoMesh:
        """Read how the edges of a deployment are connected. There are none when it has a single venue.

        Args:
            deployment_id: The id that ``deploy_algo`` answered with.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            Each edge with its label and its peers.

        Raises:
            NotFoundError: There is no such deployment.
            SequenceError: The call failed.

        Example:
            >>> for algo in (await seq.algos()).algos:
            ...     print((await seq.algo_mesh(algo.deployment_id)).nodes)
        """
        return await self._call(_algos.algo_mesh(deployment_id), timeout)

    async def algos(self, detail: Literal["edge"] | None = None, *, timeout: float | None = None) -> Algos:
        """List the algos of the account, one per symbol.

        Args:
            detail: ``"edge"`` also lists every edge of every algo.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            One row per symbol, in ``algos``, and with ``detail`` one per symbol and edge, in ``edges``.

        Raises:
            SequenceError: The call failed.

        Example:
            >>> [(algo.symbol, algo.status) for algo in (await seq.algos(detail="edge")).algos]
            []
        """
        return await self._call(_algos.algos(detail), timeout)

    async def algo(self, symbol: str, *, timeout: float | None = None) -> Algo:
        """Read the algo of a symbol: the one that runs, else the one deployed last.

        Args:
            symbol: The symbol it trades.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            Its state.

        Raises:
            NotFoundError: There is no algo for this symbol.
            SequenceError: The call failed.

        Example:
            >>> from sequence_markets import NotFoundError
            >>> try:
            ...     algo = await seq.algo("ETH-USD")
            ... except NotFoundError as error:
            ...     missing = error
            >>> missing.code
            'NOT_FOUND'
        """
        return await self._call(_algos.algo(symbol), timeout)

    async def algo_start_by_symbol(self, symbol: str, *, timeout: float | None = None) -> None:
        """Start the algo of a symbol.

        Args:
            symbol: The symbol it trades.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Raises:
            NotFoundError: There is no algo for this symbol.
            OutcomeUnknownError: The answer was lost; ``algo`` tells whether it took effect.

        Example:
            >>> for algo in (await seq.algos()).algos:
            ...     await seq.algo_start_by_symbol(algo.symbol)
        """
        await self._call(_algos.algo_start_by_symbol(symbol), timeout)

    async def algo_stop_by_symbol(self, symbol: str, *, timeout: float | None = None) -> None:
        """Stop the algo of a symbol. Its resting orders stay, unless it cancels them itself in ``on_shutdown``.

        Args:
            symbol: The symbol it trades.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Raises:
            NotFoundError: There is no algo for this symbol.
            OutcomeUnknownError: The answer was lost; ``algo`` tells whether it took effect.

        Example:
            >>> for algo in (await seq.algos()).algos:
            ...     await seq.algo_stop_by_symbol(algo.symbol)
        """
        await self._call(_algos.algo_stop_by_symbol(symbol), timeout)

    async def algo_logs_by_symbol(self, symbol: str, *, timeout: float | None = None) -> AlgoLogs:
        """Read what the algo of a symbol wrote, newest first.

        Args:
            symbol: The symbol it trades.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The lines, with their time, level and edge.

        Raises:
            NotFoundError: There is no algo for this symbol.
            SequenceError: The call failed.

        Example:
            >>> for algo in (await seq.algos()).algos:
            ...     print([line.message for line in (await seq.algo_logs_by_symbol(algo.symbol)).lines])
        """
        return await self._call(_algos.algo_logs_by_symbol(symbol), timeout)

    async def algo_stats(self, symbol: str, *, timeout: float | None = None) -> AlgoStats:
        """Read what the algo of a symbol did so far: calls, orders, fills, rejects, and how long its calls take.

        Args:
            symbol: The symbol it trades.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            Its figures over all edges.

        Raises:
            NotFoundError: There is no algo for this symbol.
            SequenceError: The call failed.

        Example:
            >>> for algo in (await seq.algos()).algos:
            ...     print((await seq.algo_stats(algo.symbol)).fill_count)
        """
        return await self._call(_algos.algo_stats(symbol), timeout)
