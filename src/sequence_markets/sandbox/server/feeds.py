"""Which books the sandbox follows all the time, and how a quote of any other one is served.

Spot pairs and perps are followed from the start, and so is whatever has been scripted. A prediction market is cold
until somebody asks for it: the first quote comes as a snapshot, or as zeros when the caller would not wait, and from
then on it is followed.
"""

from __future__ import annotations

from typing import Literal

from sequence_markets.sandbox.instruments import Instrument

Source = Literal["edge_nbbo", "edge_rpc_snapshot", "unavailable"]


class Feeds:
    """The prediction markets that have been asked for since the start."""

    def __init__(self) -> None:
        # In the order in which they were asked for.
        self._followed: dict[str, None] = {}

    def follows(self, instrument: Instrument) -> bool:
        """Return whether a book is being followed."""
        return instrument.type != "prediction" or instrument.symbol in self._followed

    def followed(self) -> tuple[str, ...]:
        """Return the symbols of the prediction markets that are followed."""
        return tuple(self._followed)

    def touch(self, instrument: Instrument, *, scripted: bool, give_up: bool) -> Source:
        """Say how a quote is served, and follow the book from now on.

        Args:
            instrument: What is quoted.
            scripted: Its book was set by hand, so somebody follows it already.
            give_up: A cold book is answered with nothing rather than with a snapshot.
        """
        if scripted or self.follows(instrument):
            return "edge_nbbo"
        self._followed[instrument.symbol] = None
        return "unavailable" if give_up else "edge_rpc_snapshot"

    def forget(self) -> None:
        """Make every prediction market cold again."""
        self._followed.clear()
