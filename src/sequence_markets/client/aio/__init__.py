"""The asynchronous face, a module per topic; ``scripts/generate_sync.py`` makes the synchronous one from it."""

from __future__ import annotations

from sequence_markets.client.aio.algos import AsyncAutomate
from sequence_markets.client.aio.analytics import AsyncAnalytics
from sequence_markets.client.aio.batch import AsyncBatch
from sequence_markets.client.aio.connect import AsyncConnect
from sequence_markets.client.aio.costs import AsyncCosts
from sequence_markets.client.aio.funding import AsyncFunding
from sequence_markets.client.aio.history import AsyncHistory
from sequence_markets.client.aio.monitor import AsyncMonitor
from sequence_markets.client.aio.orchestrate import AsyncOrchestrate
from sequence_markets.client.aio.prediction import AsyncPrediction
from sequence_markets.client.aio.see import AsyncSee
from sequence_markets.client.aio.strategies import AsyncHosting
from sequence_markets.client.aio.streams import AsyncStreams
from sequence_markets.client.aio.trade import AsyncTrade

__all__ = ["AsyncBatch", "AsyncSequence"]


class AsyncSequence(
    AsyncConnect,
    AsyncSee,
    AsyncHistory,
    AsyncCosts,
    AsyncFunding,
    AsyncPrediction,
    AsyncTrade,
    AsyncOrchestrate,
    AsyncAutomate,
    AsyncHosting,
    AsyncMonitor,
    AsyncAnalytics,
    AsyncStreams,
):
    """A client of the Sequence Markets trading API, awaited.

    Construction touches no network. One client serves any number of calls at once and keeps its connections; close
    it, or use it as a context manager. It belongs to the event loop it is first used on.

    Args:
        api_key: ``seq_live_…`` or ``seq_test_…``; a test key makes every order a sandbox order. When omitted, the
            environment's ``SEQUENCE_API_KEY``, else ``SEQ_API_KEY``.
        base_url: Where the API is. When omitted, the environment's ``SEQUENCE_BASE_URL``, else production. A live key
            is refused over plain http except to this machine.
        timeout: Seconds for a whole call, retries included.
        max_retries: How often a failed request is repeated at most, where a repeat is safe: 2 means up to 3 requests.
        max_concurrent: Requests under way at once at most; a further one waits up to 5 seconds for a free slot.
        http_client: A ready ``httpx.AsyncClient`` to send through. It stays yours to close.
        on_invalid: What to do with a 2xx that is not as documented: ``"raise"`` a ``ResponseValidationError``, or
            ``"warn"`` with ``InvalidResponseWarning`` and return the model over the answer unvalidated.

    Raises:
        ValueError: An argument can never work, or there is no key. The message does not show the key.
        TypeError: An argument has the wrong type.

    Example:
        >>> async with AsyncSequence("seq_test_0123", sandbox.url) as client:
        ...     quote = await client.quote("BTC-USD")
        >>> quote.nbbo.bid < quote.nbbo.ask
        True
    """
