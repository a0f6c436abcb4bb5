"""A standing catalogue of any size, made up market by market when somebody asks: names, questions and instants."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from math import gcd
from typing import Final

from ..recent import Recent
from .family import MOST_OUTCOMES, Place, family_serial, long_date, ticker_date, tokens_of, utc
from .named import named_markets
from .rules import Above, Chance, Rule, Shares
from .schedule import ERA_NS, SECOND_NS, Schedule
from .templates import CHANCES_1E3, LADDERS, TEMPLATES, WORDS, Template
from .types import EventMarket

__all__ = ["LEAST_MARKETS", "MOST_MARKETS", "GeneratedFamily", "generated_families", "parse_generated"]

LEAST_MARKETS: Final = len(named_markets())
"""The size of a catalogue without any generated market: those written by hand."""

MOST_MARKETS: Final = 1_000_000
_FIRST_NUMBER: Final = 32
_FAMILIES: Final = 256
_KALSHI_PART: Final = (3, 5)
_DAY_S: Final = 86_400
_DELAYS_NS: Final = {"polymarket": 7_200 * SECOND_NS, "kalshi": 300 * SECOND_NS}
_EXCLUSIVE: Final = ("names", "degrees", "steps")
_BELL: Final = (100, 62, 30, 11, 4, 2, 1)
_FIELD: Final = re.compile(r"\{([a-z]+)\}")
_NOT_SLUG: Final = re.compile(r"[^a-z0-9]+")
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_CODE: Final = re.compile(r"[0-9a-z]{1,12}")
_TICKER: Final = re.compile(r"kx[a-z]+-[0-9]{2}[a-z]{3}[0-9]{2}([0-9a-z]{1,12})(?:-[a-z0-9.]+)?")


class _Draw:
    """Numbers drawn from the name of what they are for."""

    def __init__(self, *names: object) -> None:
        text = "/".join(str(name) for name in names)
        self._left = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=64).digest(), "big")

    def below(self, limit: int) -> int:
        self._left, drawn = divmod(self._left, limit)
        return drawn


@dataclass(frozen=True, slots=True)
class _Wording:
    """What is the same for all markets of an event: texts, ids without the outcome, what decides."""

    title: str
    event_slug: str
    series: str | None
    names: tuple[str, ...]
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class GeneratedFamily:
    """The events made from one template.

    Attributes:
        number: The number of the family.
        template: What its events are about.
        schedule: When they are listed, closed and resolved.
    """

    number: int
    template: Template
    schedule: Schedule
    _wordings: Recent[int, _Wording] = field(default_factory=lambda: Recent(64), compare=False, repr=False)

    @property
    def venue(self) -> str:
        """Where they are listed."""
        return self.template.venue

    @property
    def size(self) -> int:
        """How many markets an event has."""
        return self.template.size

    @property
    def standing(self) -> int:
        """How many markets are open at any instant."""
        return self.schedule.life_ns // self.schedule.spacing_ns * self.size

    def market(self, number: int, outcome: int) -> EventMarket:
        """One market of an event."""
        template, wording = self.template, self._wording(number)
        name = wording.names[outcome] if template.size > 1 else None
        lone = name is None
        condition_id: str | None
        if template.venue == "kalshi":
            slug = wording.event_slug if lone else f"{wording.event_slug}-{self._suffix(wording, outcome)}"
            yes, no = slug, f"{slug}:NO"
            condition_id = None
        else:
            slug = f"{_slug(wording.title if lone else f'{wording.title} {name}')}-{self._code(number, outcome + 1)}"
            yes, no = tokens_of(self.number, number, outcome)
            condition_id = "0x" + hashlib.sha256(slug.encode()).hexdigest()
        exclusive = template.outcomes in _EXCLUSIVE
        listed_ns = self.schedule.listed_ns(number)
        return EventMarket(
            venue=template.venue,
            slug=slug,
            event_slug=slug if lone else wording.event_slug,
            title=wording.title,
            question=wording.title if lone else f"{wording.title} {name}",
            rules=_rules(template),
            outcomes=("Yes", "No"),
            yes=yes,
            no=no,
            condition_id=condition_id,
            neg_risk=exclusive,
            tick_1e9=1_000_000 if exclusive and template.venue == "polymarket" else 10_000_000,
            category=template.category,
            tags=template.tags,
            series=wording.series,
            listed_ns=listed_ns,
            start_ns=listed_ns,
            close_ns=self.schedule.close_ns(number),
            resolve_ns=self.schedule.resolve_ns(number),
            underlying=None,
            outcome_name=name,
            outcome_index=outcome,
            placeholder=outcome >= template.size - len(template.placeholders),
            serial=family_serial(self, number, outcome),
        )

    def rule(self, number: int, outcome: int) -> Rule:
        """What decides a market."""
        return self._wording(number).rules[outcome]

    def _code(self, number: int, market: int) -> str:
        """The end of a slug: market 0 stands for the event."""
        return _base36((number * _FAMILIES + self.number) * (MOST_OUTCOMES + 1) + market)

    @staticmethod
    def _suffix(wording: _Wording, outcome: int) -> str:
        rule = wording.rules[outcome]
        if isinstance(rule, Above):
            return f"T{rule.strike_1e9 // 10**9}"
        letters = _NOT_SLUG.sub("", wording.names[outcome].lower())[:3].upper()
        return f"{letters}{outcome}"

    def _wording(self, number: int) -> _Wording:
        known = self._wordings.get(number)
        return self._wordings.put(number, self._make_wording(number)) if known is None else known

    def _make_wording(self, number: int) -> _Wording:
        template = self.template
        close = utc(self.schedule.close_ns(number))
        draw = _Draw(template.venue, template.title, number)
        drawn = {"date": long_date(close)}
        for name in _FIELD.findall(template.title):
            if name not in drawn:
                drawn[name] = WORDS[name][draw.below(len(WORDS[name]))]
        title = template.title.format_map(drawn)
        title = title[0].upper() + title[1:]
        names, rules = self._outcomes(draw)
        if template.venue == "polymarket":
            return _Wording(title, f"{_slug(title)}-{self._code(number, 0)}", None, names, rules)
        letters = {name: _NOT_SLUG.sub("", word.lower())[:3].upper() for name, word in drawn.items()}
        series = template.series.format_map(letters)
        return _Wording(title, f"{series}-{ticker_date(close)}{self._code(number, 0).upper()}", series, names, rules)

    def _outcomes(self, draw: _Draw) -> tuple[tuple[str, ...], tuple[Rule, ...]]:
        """The names of an event's outcomes, and what decides each."""
        template = self.template
        match template.outcomes:
            case "lone":
                chances = CHANCES_1E3[: len(CHANCES_1E3) // 3] if template.unlikely else CHANCES_1E3
                chance = (chances[draw.below(len(chances))] + draw.below(20) - 10) * 1000
                return ("",), (Chance(chance),)
            case "strikes":
                base = template.names[0]
                ladder = LADDERS[base]
                middle = ladder.middle + (draw.below(2 * ladder.reach + 1) - ladder.reach) * ladder.step
                strikes = [middle + (k - template.size // 2) * ladder.step for k in range(template.size)]
                names = tuple(f"${strike:,} or above" for strike in strikes)
                return names, tuple(Above(base, strike * 10**9) for strike in strikes)
            case "degrees":
                lowest, centre = draw.below(30) - 5, draw.below(template.size)
                middle_names = [f"{lowest + k} degrees" for k in range(1, template.size - 1)]
                names = (f"{lowest} degrees or less", *middle_names, f"{lowest + template.size - 1} degrees or more")
                weights = [_BELL[min(abs(k - centre), len(_BELL) - 1)] for k in range(template.size)]
            case "steps":
                names, centre = template.names, draw.below(template.size)
                weights = [_BELL[min(2 * abs(k - centre), len(_BELL) - 1)] for k in range(template.size)]
            case "names":
                words = WORDS[template.names[0]]
                first, stride = draw.below(len(words)), 1 + draw.below(len(words) - 1)
                while gcd(stride, len(words)) > 1:
                    stride += 1
                real = template.size - len(template.placeholders)
                names = (*(words[(first + k * stride) % len(words)] for k in range(real)), *template.placeholders)
                weights = [(3 + draw.below(50)) ** 2 for _ in range(real)] + [20 + draw.below(60)] * (
                    template.size - real
                )
        return names, (Shares(tuple(weights)),) * template.size


def _rules(template: Template) -> str:
    """How the markets of a template are decided, in a sentence."""
    if template.outcomes in _EXCLUSIVE:
        return "Exactly one outcome of the event wins; its YES pays one dollar."
    if template.outcomes == "strikes":
        return f"Yes wins when the reference price of {template.names[0]}-USD at the close is at least the strike."
    return "Yes wins when it has come true by the close."


def _slug(text: str) -> str:
    return _NOT_SLUG.sub("-", text.lower()).strip("-")


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"


def generated_families(markets: int) -> tuple[GeneratedFamily, ...]:
    """The families that fill a standing catalogue up to a size.

    Args:
        markets: How many standing markets are open at any instant, those written by hand among them.

    Raises:
        ValueError: Fewer than are written by hand, or more than a million.
    """
    if not LEAST_MARKETS <= markets <= MOST_MARKETS:
        raise ValueError(f"markets must be between {LEAST_MARKETS} and {MOST_MARKETS}, got {markets}")
    count = markets - LEAST_MARKETS
    kalshi = count * _KALSHI_PART[0] // _KALSHI_PART[1]
    left = {"kalshi": kalshi, "polymarket": count - kalshi}
    wanted = dict(left)
    families: list[GeneratedFamily] = []
    for index, template in enumerate(TEMPLATES):
        venue = template.venue
        events = (wanted[venue] * template.share // 1000 if template.share else left[venue]) // template.size
        left[venue] -= events * template.size
        if events:
            families.append(_family(_FIRST_NUMBER + index, template, events))
    return tuple(families)


def _family(number: int, template: Template, events: int) -> GeneratedFamily:
    """A family that keeps so many events open at any instant."""
    spacing_s = max(1, template.days * _DAY_S // events)
    first_ns = ERA_NS + number * 7_919 % spacing_s * SECOND_NS
    spacing_ns = spacing_s * SECOND_NS
    return GeneratedFamily(
        number, template, Schedule(first_ns, spacing_ns, spacing_ns * events, _DELAYS_NS[template.venue])
    )


def parse_generated(name: str) -> Place | None:
    """The place a slug or ticker speaks of, in lower case; the last number counts from 1, and 0 means the event.

    Whether there is such a market has to be checked: other names may look the same.
    """
    ticker = _TICKER.fullmatch(name)
    code = name.rpartition("-")[2] if ticker is None else ticker[1]
    if not _CODE.fullmatch(code):
        return None
    rest, market = divmod(int(code, 36), MOST_OUTCOMES + 1)
    number, family = divmod(rest, _FAMILIES)
    return family, number, market
