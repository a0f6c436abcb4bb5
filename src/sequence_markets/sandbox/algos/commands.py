"""What the owner of an algo can do with it: deploy, start, stop, change and remove it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from sequence_markets.sandbox.algos.books import AlgoEdge, DeployedAlgo, RiskRules
from sequence_markets.sandbox.algos.host import AlgoHost
from sequence_markets.sandbox.algos.instances import Instance, Trouble
from sequence_markets.sandbox.algos.uploads import Upload
from sequence_markets.sandbox.instruments import USD_PEGGED
from sequence_markets.sandbox.trading import records as rec
from sequence_markets.sandbox.trading.desk import Desk
from sequence_markets.sandbox.trading.errors import Refusal
from sequence_markets.sandbox.trading.problems import Problems
from sequence_markets.sandbox.trading.router import content_id

__all__ = [
    "MOST_SYMBOLS",
    "Wish",
    "algo_of",
    "canonical_symbol",
    "change",
    "deploy",
    "deployment_of",
    "remove",
    "start",
    "stop",
]

MOST_SYMBOLS: Final = 64
SUPERSEDED: Final = "superseded"


@dataclass(frozen=True, slots=True)
class Wish:
    """A deployment as it is asked for. Without `venues` it goes to every venue that quotes a symbol."""

    name: str
    upload: Upload
    symbols: tuple[str, ...]
    start: bool
    venues: tuple[str, ...] = ()
    rules: RiskRules = field(default_factory=RiskRules)


def canonical_symbol(desk: Desk, text: str) -> str | None:
    """The symbol meant by any of its names, a slash for the dash included; None for none."""
    catalogue = desk.market.catalogue
    found = catalogue.resolve(text) or (catalogue.resolve(text.replace("/", "-")) if "/" in text else None)
    return None if found is None else found.symbol


def deployment_of(desk: Desk, client: str, deployment: str) -> DeployedAlgo:
    """A deployment of an account.

    Raises:
        Refusal: 404 when it has none of this id.
    """
    found = desk.state.algos.deployments.get(deployment)
    if found is None or found.client != client:
        raise Refusal.unknown(f"deployment {deployment[:80]!r}")
    return found


def algo_of(desk: Desk, client: str, symbol: str) -> tuple[DeployedAlgo, str]:
    """The deployment that stands for a symbol, and the symbol: the one that runs, else the newest.

    Raises:
        Refusal: 404 when the account has none.
    """
    name = canonical_symbol(desk, symbol)
    found = [entry for entry in desk.state.algos.of(client) if name in entry.symbols]
    if name is None or not found:
        raise Refusal.unknown(f"an algo for {symbol[:80]!r}")
    running = [entry for entry in found if any(edge.running for edge in edges_of(desk, entry, name))]
    return (running or found)[-1], name


def edges_of(desk: Desk, deployment: DeployedAlgo, symbol: str = "") -> Iterator[AlgoEdge]:
    """The edges of a deployment, all of them or those of one symbol."""
    edges = (desk.state.algos.edges[no] for no in deployment.edges)
    return (edge for edge in edges if symbol in ("", edge.symbol))


def deploy(desk: Desk, host: AlgoHost, client: str, wish: Wish) -> DeployedAlgo:
    """Deploy a module. Where another one of the account runs for the same symbol, that is stopped once this starts.

    Raises:
        Refusal: 422 when the module needs too much or a symbol is wrong.
    """
    _try(host, wish.upload)
    symbols = _symbols(desk, wish)
    places = [
        (symbol, venue)
        for symbol in symbols
        for venue in desk.market.venues(symbol)
        if not wish.venues or venue in wish.venues
    ]
    algos = desk.state.algos
    used = sum(edge.client == client and edge.status != "rejected" for edge in algos.edges.values())
    if wish.start:
        for symbol in symbols:
            _supersede(desk, host, client, symbol)
    edges: list[rec.AlgoEdgeEntry] = []
    for symbol, venue in places:
        primary = desk.market.catalogue.get(symbol).primary
        if used >= host.limits.edges:
            reason = f"the account has algos on {host.limits.edges} edges, which is the most"
            edges.append((symbol, primary, venue, "rejected", reason))
        else:
            edges.append((symbol, primary, venue, "running" if wish.start else "accepted", ""))
            used += 1
    host.calls.keep(wish.upload)
    if wish.upload.digest not in algos.modules:
        desk.emit(rec.ModuleStored(wish.upload.digest, wish.upload.base64))
    deployment = content_id("dep", desk.state.seed, algos.last_deployment + 1)
    desk.emit(
        rec.AlgoDeployed(client, deployment, wish.name, wish.upload.digest, symbols, tuple(edges), wish.rules.to_dict())
    )
    return algos.deployments[deployment]


def _try(host: AlgoHost, upload: Upload) -> None:
    """Start an instance once, to see that it can be."""
    limits = host.limits
    if len(upload.wasm) > limits.module_bytes:
        raise Refusal.invalid("wasm_base64", f"has {len(upload.wasm)} bytes; at most {limits.module_bytes} are taken")
    if upload.memory_bytes > limits.memory_bytes:
        wanted = f"begins with {upload.memory_bytes} bytes of memory"
        raise Refusal.invalid("wasm_base64", f"{wanted}; at most {limits.memory_bytes} are given")
    try:
        Instance(upload, limits, lambda _level, _message: None)
    except Trouble as trouble:
        raise Refusal.invalid("wasm_base64", f"cannot be started: {trouble}") from None


def _symbols(desk: Desk, wish: Wish) -> tuple[str, ...]:
    problems = Problems()
    found: dict[str, None] = {}
    for number, text in enumerate(wish.symbols):
        at = f"symbols[{number}]"
        symbol = canonical_symbol(desk, text)
        if symbol is None:
            problems.add(at, f"unknown symbol {text[:80]!r}")
            continue
        quote = desk.market.catalogue.get(symbol).quote
        venues = desk.market.venues(symbol)
        if symbol in found:
            problems.add(at, f"{text[:80]!r} is named twice")
        elif quote not in USD_PEGGED:
            problems.add(at, f"{symbol} is quoted in {quote}; only dollar-quoted symbols trade here")
        elif not venues:
            problems.add(at, f"no venue quotes {symbol}")
        elif wish.venues and not set(venues) & set(wish.venues):
            problems.add(at, f"none of {', '.join(wish.venues)} quotes {symbol}")
        found[symbol] = None
    problems.refuse()
    return tuple(found)


def _supersede(desk: Desk, host: AlgoHost, client: str, symbol: str, keep: str = "") -> None:
    """Stop whatever runs for a symbol, but for one deployment."""
    for deployment in list(desk.state.algos.of(client)):
        if deployment.id != keep:
            for edge in edges_of(desk, deployment, symbol):
                _stop(desk, host, edge, SUPERSEDED)


def _stop(desk: Desk, host: AlgoHost, edge: AlgoEdge, reason: str) -> None:
    if edge.running:
        host.calls.shut_down(desk, edge)
    # A module that fails as it is told to stop is paused by that.
    if edge.running:
        desk.emit(rec.AlgoEdgeSet(edge.no, "stopped", reason))


def start(desk: Desk, host: AlgoHost, deployment: DeployedAlgo, symbol: str = "") -> None:
    """Start an algo wherever it does not run. What was paused because it failed begins with a new instance."""
    for edge in list(edges_of(desk, deployment, symbol)):
        if edge.status in ("accepted", "stopped", "paused"):
            _supersede(desk, host, deployment.client, edge.symbol, deployment.id)
            desk.emit(rec.AlgoEdgeSet(edge.no, "running", ""))


def stop(desk: Desk, host: AlgoHost, deployment: DeployedAlgo, symbol: str = "") -> None:
    """Stop an algo wherever it runs. Its orders stay where they are, unless it cancels them itself."""
    for edge in list(edges_of(desk, deployment, symbol)):
        _stop(desk, host, edge, "")


def change(desk: Desk, deployment: DeployedAlgo, name: str, rules: RiskRules) -> None:
    """Give a deployment another name, other limits, or both."""
    if (name, rules) != (deployment.name, deployment.rules):
        desk.emit(rec.AlgoChanged(deployment.id, name, rules.to_dict()))


def remove(desk: Desk, host: AlgoHost, deployment: DeployedAlgo, symbol: str = "") -> None:
    """Stop an algo and delete it, altogether or for one symbol. Its orders stay where they are."""
    stop(desk, host, deployment, symbol)
    whole = symbol == "" or deployment.symbols == (symbol,)
    desk.emit(rec.AlgoRemoved(deployment.id, "" if whole else symbol))
