"""The life of prediction markets: listed, traded, closed, decided; scripts laid over what the paths decide."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from heapq import merge
from types import MappingProxyType
from typing import Final, Protocol

from .directory import Directory, Phase
from .types import PAYS_1E9, EventMarket, MarketStatus, Serial

__all__ = ["Events", "Oracle", "Resolution"]


@dataclass(frozen=True, slots=True)
class Resolution:
    """A scripted outcome: the market closes and resolves at `at_ns`."""

    yes_wins: bool
    at_ns: int


class Oracle(Protocol):
    """The prices that decide markets which nobody scripts."""

    def last_price_1e9(self, market: EventMarket) -> int:
        """The fair price of the YES side at the market's close."""
        ...

    def spot_1e9(self, symbol: str, at_ns: int) -> int | None:
        """The reference price of an underlying."""
        ...


_NO_SCRIPT: Final[Mapping[str, Resolution]] = MappingProxyType({})


class Events:
    """The prediction markets of a market source, and where each of them stands in its life.

    Args:
        directory: The markets there are.
        oracle: What decides them; ``None`` when there are none to decide.
        resolve_name: Any documented name to a canonical symbol.
        scripts: Scripted resolutions by YES symbol; read, never changed.
    """

    def __init__(
        self,
        directory: Directory,
        oracle: Oracle | None,
        resolve_name: Callable[[str], str | None],
        scripts: Mapping[str, Resolution] = _NO_SCRIPT,
    ) -> None:
        self.directory = directory
        self._oracle = oracle
        self._resolve_name = resolve_name
        self._scripts = scripts

    # Names.

    def find(self, text: str, now_ns: int, venue: str | None = None) -> EventMarket | None:
        """The market meant by a name, resolved ones too; ``None`` when it is unknown or not listed yet.

        Args:
            text: A slug or ticker, alone or with an outcome behind a colon, a token id, or an address.
            now_ns: The present instant.
            venue: Only a market of this venue.
        """
        symbol = self._resolve_name(text)
        found = None if symbol is None else self.directory.by_symbol(symbol)
        if found is None or found.listed_ns > now_ns or (venue is not None and found.venue != venue):
            return None
        return found

    def of_symbol(self, symbol: str) -> EventMarket | None:
        """The market one of whose outcomes has this canonical symbol, whenever it is listed."""
        return self.directory.by_symbol(symbol)

    def event(self, event_slug: str, now_ns: int) -> tuple[EventMarket, ...]:
        """The markets of an event that were listed by now, in the order of its outcomes."""
        return tuple(market for market in self.directory.event(event_slug) if market.listed_ns <= now_ns)

    def siblings(self, market: EventMarket) -> tuple[EventMarket, ...]:
        """All markets of the event `market` belongs to, itself among them."""
        return self.directory.siblings(market)

    # Life.

    def closes_ns(self, market: EventMarket) -> int:
        """When trading stops: at the close, or when somebody scripted the outcome before it."""
        script = self._scripts.get(market.yes)
        return market.close_ns if script is None else min(market.close_ns, script.at_ns)

    def resolves_ns(self, market: EventMarket) -> int:
        """When the outcome is known."""
        script = self._scripts.get(market.yes)
        return market.resolve_ns if script is None else script.at_ns

    def status(self, market: EventMarket, now_ns: int) -> MarketStatus:
        """Where a market stands at `now_ns`."""
        if now_ns >= self.resolves_ns(market):
            return "resolved"
        return "open" if now_ns < self.closes_ns(market) else "resolving"

    def outcome(self, market: EventMarket, now_ns: int) -> str | None:
        """The name of the winning outcome, ``None`` until the market is resolved."""
        if now_ns < self.resolves_ns(market):
            return None
        return market.outcomes[0 if self._yes_wins(market) else 1]

    def payout_1e9(self, symbol: str, now_ns: int) -> int | None:
        """What one contract of an outcome pays, in 1e-9 dollars; ``None`` until the market is resolved."""
        market = self.directory.by_symbol(symbol)
        if market is None or now_ns < self.resolves_ns(market):
            return None
        return PAYS_1E9 if (symbol == market.yes) == self._yes_wins(market) else 0

    def decide(self, name: str, outcome: str, at_ns: int) -> list[tuple[EventMarket, Resolution]]:
        """What it decides to say that an outcome wins: the market itself first, then others of its event.

        Saying that one outcome of an event wins decides all that are open; saying that one loses decides it alone.

        Args:
            name: Any documented name of the market.
            outcome: The winning side: "Yes" or "No", or the market's own word for it, in any case.
            at_ns: When it is known.

        Raises:
            ValueError: An unknown market or outcome, a market that is not listed yet or resolved already, or an event
                that would be left without a winner.
        """
        market = self.find(name, at_ns)
        if market is None:
            raise ValueError(f"unknown prediction market {name!r}")
        sides = {"yes": True, "no": False, market.outcomes[0].lower(): True, market.outcomes[1].lower(): False}
        yes_wins = sides.get(outcome.lower())
        if yes_wins is None:
            raise ValueError(f"outcome must be {market.outcomes[0]!r} or {market.outcomes[1]!r}, got {outcome!r}")
        if self.status(market, at_ns) == "resolved":
            raise ValueError(f"{market.slug!r} is resolved already")
        others = [
            sibling
            for sibling in (self.siblings(market) if market.neg_risk else ())
            if sibling.yes != market.yes and self.status(sibling, at_ns) != "resolved"
        ]
        if market.neg_risk and not yes_wins and not others:
            raise ValueError(f"{market.slug!r} is the last outcome left of its event and cannot lose")
        losers = others if yes_wins else []
        return [(market, Resolution(yes_wins, at_ns)), *((loser, Resolution(False, at_ns)) for loser in losers)]

    def _yes_wins(self, market: EventMarket) -> bool:
        script = self._scripts.get(market.yes)
        if script is not None:
            return script.yes_wins
        oracle = self._oracle
        if oracle is None:
            raise LookupError(f"nothing decides {market.slug!r}")
        if market.underlying is not None:
            anchor = oracle.spot_1e9(market.underlying, market.start_ns)
            final = oracle.spot_1e9(market.underlying, market.close_ns)
            # Equal prices count as up.
            return (final or 0) >= (anchor or 0)
        if market.neg_risk:
            return self._winner(oracle, market) == market.yes
        return oracle.last_price_1e9(market) * 2 >= PAYS_1E9

    def _winner(self, oracle: Oracle, market: EventMarket) -> str:
        """The YES symbol that wins an event: the dearest of those that no script decided."""
        left = [sibling for sibling in self.siblings(market) if sibling.yes not in self._scripts]
        return max(left, key=oracle.last_price_1e9).yes

    def last_price_1e9(self, market: EventMarket) -> int:
        """The fair price of the YES side at a market's close, as the paths alone have it."""
        if self._oracle is None:
            raise LookupError(f"nothing decides {market.slug!r}")
        return self._oracle.last_price_1e9(market)

    def anchor_price_1e9(self, market: EventMarket) -> int | None:
        """The underlying's price at the start of an up/down window; ``None`` for every other market."""
        if market.underlying is None or self._oracle is None:
            return None
        return self._oracle.spot_1e9(market.underlying, market.start_ns)

    def final_price_1e9(self, market: EventMarket, now_ns: int) -> int | None:
        """The underlying's price at the end of an up/down window; ``None`` before, and for every other market."""
        if market.underlying is None or self._oracle is None or now_ns < market.close_ns:
            return None
        return self._oracle.spot_1e9(market.underlying, market.close_ns)

    # The catalogue.

    def listed(
        self,
        now_ns: int,
        *,
        venue: str | None = None,
        after: Serial | None = None,
        newest_first: bool = False,
        trading: bool | None = None,
    ) -> Iterator[EventMarket]:
        """The markets listed by `now_ns`, in catalogue order, made one by one as they are asked for.

        A resolved market stays in the catalogue for seven days, a recurring contract for one; afterwards it is found
        by its names only.

        Args:
            now_ns: The present instant.
            venue: Only markets of this venue.
            after: The `serial` of the last market seen: go on behind it.
            newest_first: In the opposite order.
            trading: Only those that are traded now, or only those that are not any more; ``None`` for both.
        """
        phase: Phase = "any" if trading is None else "open" if trading else "closed"
        found = self.directory.listed(now_ns, venue=venue, after=after, newest_first=newest_first, phase=phase)
        if trading is None or not self._scripts:
            return found
        if trading:
            return (market for market in found if now_ns < self.closes_ns(market))
        early = [market for market in self._closed_early(now_ns) if venue is None or market.venue == venue]
        if after is not None:
            early = [m for m in early if (m.serial < after if newest_first else m.serial > after)]
        return merge(found, sorted(early, key=_serial, reverse=newest_first), key=_serial, reverse=newest_first)

    def _closed_early(self, now_ns: int) -> Iterator[EventMarket]:
        """The markets that a script closed, and that would be open otherwise."""
        for symbol, script in self._scripts.items():
            market = self.directory.by_symbol(symbol)
            if market is not None and script.at_ns <= now_ns < market.close_ns:
                yield market

    def minted_between(self, start_ns: int, end_ns: int) -> list[EventMarket]:
        """The markets listed after `start_ns` and up to `end_ns`, in catalogue order."""
        return self.directory.minted_between(start_ns, end_ns)

    def resolved_between(self, start_ns: int, end_ns: int) -> list[EventMarket]:
        """The markets resolved after `start_ns` and up to `end_ns`, by instant, scripted resolutions considered."""
        found = [m for m in self.directory.resolved_between(start_ns, end_ns) if m.yes not in self._scripts]
        for symbol, script in self._scripts.items():
            market = self.directory.by_symbol(symbol)
            if market is not None and start_ns < script.at_ns <= end_ns:
                found.append(market)
        return sorted(found, key=lambda market: (self.resolves_ns(market), market.serial))


def _serial(market: EventMarket) -> Serial:
    return market.serial
