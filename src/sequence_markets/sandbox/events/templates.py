"""What generated markets are about: a table of questions, and the words they are filled with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from .types import FeeCategory

__all__ = ["CHANCES_1E3", "LADDERS", "TEMPLATES", "WORDS", "Ladder", "Outcomes", "Template"]

Outcomes = Literal["lone", "names", "degrees", "steps", "strikes"]
"""Which outcomes an event has: one question, drawn names, ranges of temperature, fixed steps, strikes of a price."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """Strikes on the price of a base asset: the middle one drawn within `reach` steps of `middle`."""

    middle: int
    step: int
    reach: int


@dataclass(frozen=True, slots=True)
class Template:
    """One kind of event.

    Attributes:
        venue: Where it is listed.
        share: Its part of the venue's generated markets, in thousandths; the last one of a venue takes what is left.
        days: From its listing to its close.
        category: For fees.
        tags: What it is filed under.
        title: The question of a lone market, the title of an event; names in braces are drawn from `WORDS`.
        series: The Kalshi series ticker; names in braces are cut to three letters.
        outcomes: Which outcomes the event has.
        size: How many markets it has, placeholders included.
        names: The list its outcomes are drawn from, or the outcomes themselves, or the base asset of strikes.
        placeholders: Names kept for outcomes nobody knows yet.
        unlikely: A lone question that rarely comes true.
    """

    venue: str
    share: int
    days: int
    category: FeeCategory
    tags: tuple[str, ...]
    title: str
    series: str = ""
    outcomes: Outcomes = "lone"
    size: int = 1
    names: tuple[str, ...] = ()
    placeholders: tuple[str, ...] = ()
    unlikely: bool = False


CHANCES_1E3: Final = (20, 40, 70, 110, 160, 220, 290, 370, 450, 500, 550, 630, 710, 780, 840, 890, 930, 960, 980)
"""Probabilities of lone questions when they are listed, in thousandths: more of them far from one half than near it."""

LADDERS: Final[Mapping[str, Ladder]] = MappingProxyType(
    {"BTC": Ladder(90_000, 1_000, 6), "ETH": Ladder(3_100, 50, 5), "SOL": Ladder(140, 2, 6)}
)

_CITIES: Final = (
    "Oslo", "Lisbon", "Porto", "Ghent", "Turin", "Malmo", "Tampere", "Graz", "Brno", "Gdansk", "Leeds", "Cork", "Lyon",
    "Bergen", "Aarhus", "Split", "Cluj", "Varna", "Seville", "Zurich", "Denver", "Austin", "Boston", "Tucson", "Omaha",
    "Nagoya", "Busan", "Perth", "Durban", "Quito", "Lima",
)  # fmt: skip
_SURNAMES: Final = (
    "Alder", "Birch", "Castell", "Dorn", "Ekman", "Farrow", "Grieg", "Hollis", "Iversen", "Jansky", "Kestrel", "Lund",
    "Marlow", "Novak", "Okafor", "Palmer", "Quist", "Renner", "Sandoval", "Thorne", "Ulrich", "Vance", "Weller", "Xu",
    "Yardley", "Zeller", "Amari", "Brandt", "Corso", "Delgado", "Eriksen",
)  # fmt: skip
_COMPANIES: Final = (
    "Arbor", "Bluefin", "Cobalt", "Dynamo", "Everline", "Fathom", "Granite", "Halcyon", "Inkwell", "Juniper Labs",
    "Keystone", "Lattice", "Meridian", "Northwind", "Orchard", "Pinnacle", "Quarry",
)  # fmt: skip
_FILMS: Final = (
    "The Long Tide", "Paper Moons", "Low Winter Sun", "A Field of Salt", "Night Ferry", "The Glass Orchard", "Ember",
    "Second Harvest", "Iron Lake", "The Cartographer", "Quiet Engines", "Northern Line", "Velvet Hour",
)  # fmt: skip

WORDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "city": _CITIES,
        "team": tuple(f"{city} {name}" for city, name in zip(_CITIES, ("United", "Rovers", "City") * 11, strict=False)),
        "rival": tuple(f"{city} {name}" for city, name in zip(_CITIES, ("Harbour", "Stars") * 16, strict=False)),
        "person": _SURNAMES,
        "company": _COMPANIES,
        "film": _FILMS,
        "country": (
            "Norway", "Portugal", "Belgium", "Italy", "Sweden", "Finland", "Austria", "Czechia", "Poland", "Ireland",
            "Croatia", "Romania", "Spain", "Canada", "Japan", "Chile", "Peru",
        ),
        "partner": (
            "Mexico", "India", "Brazil", "Kenya", "Vietnam", "Turkey", "Egypt", "Ghana", "Thailand", "Uruguay", "Oman",
        ),
        "subject": ("housing", "transport", "pension", "energy", "media", "water", "school", "harbour", "forest"),
        "product": ("phone", "laptop", "headset", "game console", "electric van", "language model", "camera"),
        "game": ("football", "basketball", "hockey", "handball", "volleyball"),
        "percent": ("1.5", "2.0", "2.5", "3.0", "3.5", "4.0"),
        "points": ("1", "2", "3", "4", "5"),
        "thousand": ("20", "35", "50", "80", "120", "200"),
        "word": ("growth", "budget", "weather", "bridge", "harvest", "robot", "tunnel", "festival"),
    }
)  # fmt: skip
"""What the names in braces stand for."""

_RATES: Final = ("Cut of 50 bps or more", "Cut of 25 bps", "No change", "Increase")

TEMPLATES: Final = (
    Template("polymarket", 60, 7, "weather", ("weather", "rain"), "Rain in {city} on {date}?"),
    Template(
        "polymarket",
        90,
        3,
        "weather",
        ("weather", "temperature"),
        "Highest temperature in {city} on {date}?",
        outcomes="degrees",
        size=7,
    ),
    Template("polymarket", 160, 7, "sports", ("sports",), "{team} beats {rival} on {date}?"),
    Template(
        "polymarket",
        130,
        180,
        "sports",
        ("sports", "champions"),
        "Which club wins the {game} league ending {date}?",
        outcomes="names",
        size=12,
        names=("team",),
        placeholders=("Other",),
    ),
    Template(
        "polymarket",
        100,
        365,
        "politics",
        ("politics", "elections"),
        "Who wins the election in {country} by {date}?",
        outcomes="names",
        size=10,
        names=("person",),
        placeholders=("Person A", "Person B", "Other"),
    ),
    Template(
        "polymarket",
        50,
        90,
        "politics",
        ("politics",),
        "Does the parliament of {country} pass the {subject} bill by {date}?",
    ),
    Template("polymarket", 60, 90, "tech", ("tech",), "{company} releases a {product} by {date}?"),
    Template(
        "polymarket",
        40,
        30,
        "tech",
        ("tech", "ai"),
        "Which company has the best language model on {date}?",
        outcomes="names",
        size=6,
        names=("company",),
        placeholders=("Other",),
    ),
    Template(
        "polymarket",
        40,
        30,
        "economics",
        ("economics", "inflation"),
        "Inflation in {country} above {percent} percent in the report of {date}?",
    ),
    Template(
        "polymarket",
        30,
        45,
        "economics",
        ("economics", "rates"),
        "Rate decision in {country} on {date}?",
        outcomes="steps",
        size=4,
        names=_RATES,
    ),
    Template(
        "polymarket",
        30,
        7,
        "culture",
        ("culture", "films"),
        "Which film leads the box office in {country} on {date}?",
        outcomes="names",
        size=6,
        names=("film",),
        placeholders=("Other",),
    ),
    Template(
        "polymarket",
        40,
        180,
        "geopolitics",
        ("geopolitics", "trade"),
        "{country} and {partner} sign a trade agreement by {date}?",
    ),
    Template(
        "polymarket",
        50,
        1,
        "crypto",
        ("crypto", "bitcoin"),
        "Bitcoin above its marks on {date}?",
        outcomes="strikes",
        size=9,
        names=("BTC",),
    ),
    Template(
        "polymarket",
        30,
        7,
        "crypto",
        ("crypto", "ethereum"),
        "Ethereum above its marks on {date}?",
        outcomes="strikes",
        size=7,
        names=("ETH",),
    ),
    Template(
        "polymarket", 0, 14, "other", ("mentions",), "More than {thousand} thousand visitors in {city} by {date}?"
    ),
    Template(
        "kalshi",
        120,
        1,
        "weather",
        ("weather", "temperature"),
        "Highest temperature in {city} on {date}?",
        "KXHIGH{city}",
        outcomes="degrees",
        size=6,
    ),
    Template("kalshi", 60, 1, "weather", ("weather", "rain"), "Rain in {city} on {date}?", "KXRAIN{city}"),
    Template(
        "kalshi",
        110,
        7,
        "sports",
        ("sports",),
        "{game} game of {date}: who wins?",
        "KX{game}GAME",
        outcomes="names",
        size=2,
        names=("team",),
    ),
    Template(
        "kalshi",
        110,
        7,
        "sports",
        ("sports",),
        "{team} wins the {game} game of {date} by more than {points}?",
        "KX{game}SPREAD",
    ),
    Template(
        "kalshi",
        150,
        3,
        "sports",
        ("sports", "parlays"),
        "{team}, {rival} and rain in {city} by {date}?",
        "KXMVESPORTS",
        unlikely=True,
    ),
    Template(
        "kalshi",
        40,
        30,
        "economics",
        ("economics", "inflation"),
        "Inflation in {country} above {percent} percent in the report of {date}?",
        "KXCPI{country}",
    ),
    Template(
        "kalshi",
        20,
        45,
        "economics",
        ("economics", "rates"),
        "Rate decision in {country} on {date}?",
        "KXRATE{country}",
        outcomes="steps",
        size=4,
        names=_RATES,
    ),
    Template(
        "kalshi",
        80,
        1,
        "crypto",
        ("crypto", "bitcoin"),
        "Bitcoin price on {date}?",
        "KXBTCD",
        outcomes="strikes",
        size=10,
        names=("BTC",),
    ),
    Template(
        "kalshi",
        40,
        1,
        "crypto",
        ("crypto", "ethereum"),
        "Ethereum price on {date}?",
        "KXETHD",
        outcomes="strikes",
        size=8,
        names=("ETH",),
    ),
    Template(
        "kalshi",
        60,
        365,
        "politics",
        ("politics", "elections"),
        "Who wins the seat of {city} by {date}?",
        "KXSEAT{city}",
        outcomes="names",
        size=6,
        names=("person",),
        placeholders=("Person A", "Other"),
    ),
    Template(
        "kalshi",
        50,
        7,
        "culture",
        ("culture", "films"),
        "Which film leads the box office in {country} on {date}?",
        "KXFILM{country}",
        outcomes="names",
        size=8,
        names=("film",),
        placeholders=("Other",),
    ),
    Template(
        "kalshi",
        60,
        90,
        "finance",
        ("finance", "earnings"),
        "{company} reports more than {thousand} million of earnings by {date}?",
        "KXEARN{company}",
    ),
    Template(
        "kalshi", 0, 14, "other", ("mentions",), '{person} says "{word}" in a speech by {date}?', "KXMENTION{person}"
    ),
)
"""Every kind of generated event. Names are made up; where a real place is meant, what is said of it is not."""
