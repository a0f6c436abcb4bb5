"""Level 0: venues and health."""

from __future__ import annotations

from sequence_markets.client.aio.caller import AsyncCaller
from sequence_markets.client.operations import (
    venues as _venues,
)
from sequence_markets.models import (
    Rows,
    VenueStatus,
)

_HEALTH_TIMEOUT = 5.0


class AsyncConnect(AsyncCaller):
    """Venue credentials and liveness."""

    async def connect_venue(
        self,
        venue: str,
        api_key: str,
        api_secret: str,
        passphrase: str | None = None,
        extra_json: object = None,
        *,
        timeout: float | None = None,
    ) -> None:
        """Store the credentials of a venue. Later calls overwrite earlier ones.

        Args:
            venue: Venue id, for example ``"kraken"``.
            api_key: Key issued by the venue; ``""`` for Polymarket, the agent wallet's address for Hyperliquid.
            api_secret: Secret issued by the venue; ``""`` for Polymarket, the whole RSA PEM for Kalshi.
            passphrase: For the venues that have one: OKX, Coinbase Advanced, Crypto.com, Bitget.
            extra_json: Further data of the venue as JSON, for example Polymarket's ``{"signer_private_key": …}``.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Raises:
            SequenceError: The credentials were refused, or the call failed.
            ValueError: ``venue`` is empty.
            TypeError: An argument has the wrong type, or ``extra_json`` is not JSON.

        Example:
            >>> await seq.connect_venue("kraken", api_key="AK-1", api_secret="SK-1")
        """
        await self._call(_venues.connect_venue(venue, api_key, api_secret, passphrase, extra_json), timeout)

    async def disconnect_venue(self, venue: str, *, timeout: float | None = None) -> None:
        """Delete the stored credentials of a venue.

        The venue's live connections stay until they next reconnect: call this before rotating keys.

        Args:
            venue: Venue id, for example ``"kraken"``.
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Raises:
            NotFoundError: Nothing is stored for the venue.
            OutcomeUnknownError: The answer was lost; ``venues()`` tells whether it took effect.

        Example:
            >>> await seq.connect_venue("okx", api_key="AK-1", api_secret="SK-1", passphrase="word")
            >>> await seq.disconnect_venue("okx")
        """
        await self._call(_venues.disconnect_venue(venue), timeout)

    async def venues(self, *, timeout: float | None = None) -> Rows[VenueStatus]:
        """List every venue with credentials on record.

        Args:
            timeout: Seconds for the whole call, retries included; the client's when omitted.

        Returns:
            One row per venue: whether it is connected, its last heartbeat, and what is wrong where something is.

        Raises:
            SequenceError: The call failed.

        Example:
            >>> await seq.connect_venue("kraken", api_key="AK-1", api_secret="SK-1")
            >>> [row.venue for row in await seq.venues() if row.venue == "kraken"]
            ['kraken']
        """
        return await self._call(_venues.venues(), timeout)

    async def health(self, *, timeout: float | None = None) -> bool:
        """Tell whether the service is alive. Needs no valid key, asks once and never raises.

        Args:
            timeout: Seconds to wait at most; 5 when omitted.

        Returns:
            ``True`` on any 2xx, else ``False``.

        Example:
            >>> await seq.health()
            True
        """
        try:
            await self._call(_venues.health(), _HEALTH_TIMEOUT if timeout is None else timeout)
        except Exception:  # Whatever it is, the service cannot be said to be alive.
            return False
        return True
