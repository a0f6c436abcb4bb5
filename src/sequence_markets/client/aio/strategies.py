"""Level 4: hosted strategies, programs that run beside the venues."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sequence_markets.client.aio.caller import AsyncCaller
from sequence_markets.client.artifacts import ArtifactSource
from sequence_markets.client.operations import strategies as _strategies
from sequence_markets.models import Strategies, Strategy, StrategyLogs


class AsyncHosting(AsyncCaller):
    """Hosted strategies."""

    async def create_strategy(
        self,
        name: str,
        runtime: str,
        entrypoint: str,
        artifact_base64: str | None = None,
        manifest: Mapping[str, Any] | None = None,
        placement: Mapping[str, Any] | None = None,
        risk: Mapping[str, Any] | None = None,
        resources: Mapping[str, int] | None = None,
        start_immediately: bool = False,
        sequence_api_key: str | None = None,
        env: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
        *,
        artifact: ArtifactSource | None = None,
        timeout: float | None = None,
    ) -> Strategy:
        """Upload a program that is to run as a hosted strategy.

        Args:
            name: A name for people.
            runtime: What runs it: ``"python"``.
            entrypoint: The file inside the artifact that is run, such as ``"main.py"``.
            artifact_base64: A zip or tar archive of the project in standard base64; or give ``artifact``.
            manifest: The manifest it was built from, kept for the record.
            placement: Where it would like to run, such as ``{"mode": "auto", "latency_target": ["okx"]}``.
            risk: Risk settings of the run; the limits of the account stay above them.
            resources: What it may use at most: ``cpu_millis``, ``memory_mb``, ``timeout_secs``.
            start_immediately: Start it at once.
            sequence_api_key: A key of the same account, which the program finds as ``SEQUENCE_API_KEY``. It is never
                answered back.
            env: Environment variables of the program, which ``strategy`` shows.
            secrets: Environment variables that are never shown again.
            artifact: The archive as bytes or as a path, or the path of a project folder, which is packed: hidden files
                and ``__pycache__`` stay out.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The strategy, with its id.

        Raises:
            OutcomeUnknownError: It may or may not have been created; ``strategies()`` tells.
            UnprocessableError: The artifact or a setting is not accepted; ``details`` names it.
            PermissionDeniedError: A quota is used up, or the key belongs to somebody else.
            TypeError: An argument has the wrong type, or the artifact was given twice or not at all.
            ValueError: An argument can never be right.
            OSError: The artifact cannot be read.

        Example:
            >>> import io, zipfile
            >>> packed = io.BytesIO()
            >>> with zipfile.ZipFile(packed, "w") as archive:
            ...     archive.writestr("main.py", "print('hello')")
            >>> made = await seq.create_strategy("hello", "python", "main.py", artifact=packed.getvalue())
            >>> made.name, made.status
            ('hello', 'created')
        """
        operation = _strategies.create_strategy(
            name,
            runtime,
            entrypoint,
            artifact_base64,
            artifact=artifact,
            manifest=manifest,
            placement=placement,
            risk=risk,
            resources=resources,
            start_immediately=start_immediately,
            sequence_api_key=sequence_api_key,
            env=env,
            secrets=secrets,
        )
        return await self._call(operation, timeout)

    async def strategies(self, *, timeout: float | None = None) -> Strategies:
        """List the hosted strategies of the account.

        Args:
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The strategies, oldest first.

        Raises:
            SequenceError: The call failed.

        Example:
            >>> (await seq.strategies()).count
            0
        """
        return await self._call(_strategies.strategies(), timeout)

    async def strategy(self, strategy_id: str, *, timeout: float | None = None) -> Strategy:
        """Read one hosted strategy.

        Args:
            strategy_id: The id that ``create_strategy`` answered with.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The strategy and its latest runs. Secrets and its key are not part of it.

        Raises:
            NotFoundError: There is no such strategy.
            SequenceError: The call failed.

        Example:
            >>> from sequence_markets import NotFoundError
            >>> try:
            ...     await seq.strategy("strat_abc")
            ... except NotFoundError as error:
            ...     refused = error
            >>> refused.status
            404
        """
        return await self._call(_strategies.strategy(strategy_id), timeout)

    async def strategy_start(self, strategy_id: str, *, timeout: float | None = None) -> Strategy:
        """Ask for a hosted strategy to run. One that runs already goes on.

        Args:
            strategy_id: The id that ``create_strategy`` answered with.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The strategy as it is now: it is ``starting``, and soon ``running``.

        Raises:
            NotFoundError: There is no such strategy.
            PermissionDeniedError: As many strategies run as the account may run at once.
            OutcomeUnknownError: The answer was lost; ``strategy`` tells whether it took effect.
            SequenceError: The call failed.

        Example:
            >>> from sequence_markets import NotFoundError
            >>> try:
            ...     await seq.strategy_start("strat_abc")
            ... except NotFoundError as error:
            ...     refused = error
            >>> refused.status
            404
        """
        return await self._call(_strategies.strategy_start(strategy_id), timeout)

    async def strategy_stop(self, strategy_id: str, *, timeout: float | None = None) -> Strategy:
        """Ask for a hosted strategy to stop. Its orders are not cancelled; one that does not run is left alone.

        Args:
            strategy_id: The id that ``create_strategy`` answered with.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The strategy as it is now: it is ``stopping``, and soon ``stopped``.

        Raises:
            NotFoundError: There is no such strategy.
            OutcomeUnknownError: The answer was lost; ``strategy`` tells whether it took effect.
            SequenceError: The call failed.

        Example:
            >>> from sequence_markets import NotFoundError
            >>> try:
            ...     await seq.strategy_stop("strat_abc")
            ... except NotFoundError as error:
            ...     refused = error
            >>> refused.status
            404
        """
        return await self._call(_strategies.strategy_stop(strategy_id), timeout)

    async def strategy_logs(
        self, strategy_id: str, run_id: str | None = None, *, timeout: float | None = None
    ) -> StrategyLogs:
        """Read what a hosted strategy wrote.

        Args:
            strategy_id: The id that ``create_strategy`` answered with.
            run_id: The run to read, one of ``strategy(...).runs``; the newest when omitted.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            The lines that are kept, oldest first.

        Raises:
            NotFoundError: There is no such strategy or run.
            SequenceError: The call failed.

        Example:
            >>> from sequence_markets import NotFoundError
            >>> try:
            ...     await seq.strategy_logs("strat_abc", run_id="run_1")
            ... except NotFoundError as error:
            ...     refused = error
            >>> refused.status
            404
        """
        return await self._call(_strategies.strategy_logs(strategy_id, run_id), timeout)

    async def strategy_delete(self, strategy_id: str, *, timeout: float | None = None) -> None:
        """Stop and delete a hosted strategy, with its artifact, secrets and logs. This cannot be undone.

        Args:
            strategy_id: The id that ``create_strategy`` answered with.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Raises:
            NotFoundError: There is no such strategy.
            OutcomeUnknownError: The answer was lost; ``strategy`` tells whether it took effect.
            SequenceError: The call failed.

        Example:
            >>> from sequence_markets import NotFoundError
            >>> try:
            ...     await seq.strategy_delete("strat_abc")
            ... except NotFoundError as error:
            ...     refused = error
            >>> refused.status
            404
        """
        await self._call(_strategies.strategy_delete(strategy_id), timeout)
