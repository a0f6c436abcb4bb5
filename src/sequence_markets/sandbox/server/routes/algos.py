"""Algos: deployed as WebAssembly modules, started, stopped, changed, read and deleted, by deployment and by symbol."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, cast

from sequence_markets.sandbox.algos import commands, views
from sequence_markets.sandbox.algos.books import DeployedAlgo, RiskRules
from sequence_markets.sandbox.algos.limits import LARGEST_MODULE
from sequence_markets.sandbox.algos.uploads import BadModule, Upload, decode_module, read_upload
from sequence_markets.sandbox.server.body import Body
from sequence_markets.sandbox.server.call import NO_CONTENT, AccountCall, Request
from sequence_markets.sandbox.server.endpoint import AccountHandler, Prepared
from sequence_markets.sandbox.server.errors import invalid_params
from sequence_markets.sandbox.venues import VENUES
from sequence_markets.units import MAX_INT64

_MAX_BODY: Final = LARGEST_MODULE * 4 // 3 + (1 << 16)
"""Room for the largest module in base64, and for the rest."""

_LONGEST_NAME: Final = 128
_DEFAULT_LINES: Final = 200
_MOST_LINES: Final = 1_000
_RULES: Final = tuple(RiskRules().to_dict())
_FIELDS: Final = ("name", "wasm_base64", "start_immediately", "venues", "risk")


def deploy(request: Request) -> Callable[[AccountCall], object]:
    """Check a module and compile it, and return what deploys it."""
    body = request.fields("symbols", *_FIELDS)
    return _deploying(body, body.text("name"), _symbols(body))


def deploy_for_symbol(request: Request) -> Callable[[AccountCall], object]:
    """As `deploy`, for the surface that is keyed by symbol."""
    body = request.fields("symbol", "symbols", *_FIELDS)
    if body.has("symbols") == body.has("symbol"):
        body.problem("symbol", "give either symbol or symbols")
        symbols: tuple[str, ...] = ()
    else:
        symbols = _symbols(body) if body.has("symbols") else (body.text("symbol"),)
    name = body.text("name", required=False) or (symbols[0] if symbols else "")
    return _deploying(body, name, symbols)


def _deploying(body: Body, name: str, symbols: tuple[str, ...]) -> Callable[[AccountCall], object]:
    _check_name(body)
    start = body.flag("start_immediately", False)
    venues = tuple(body.texts("venues", required=False))
    for number, venue in enumerate(venues):
        if venue not in VENUES:
            body.problem(f"venues[{number}]", f"unknown venue {venue[:60]!r}; one of {', '.join(VENUES)}")
    rules = _read_rules(body, RiskRules())
    upload = _read_module(body)
    body.check()
    assert upload is not None
    wish = commands.Wish(name.strip(), upload, symbols, start, venues, rules)

    def run(call: AccountCall) -> object:
        exchange, host = call.exchange, call.exchange.algos
        found = exchange.command(lambda desk: commands.deploy(desk, host, call.client_id, wish))
        return views.deployment_answer(exchange.desk, host, found)

    return run


def _symbols(body: Body) -> tuple[str, ...]:
    symbols = tuple(body.texts("symbols"))
    if isinstance(body.fields.get("symbols"), list):
        if not symbols:
            body.problem("symbols", "must name at least one symbol")
        elif len(symbols) > commands.MOST_SYMBOLS:
            body.problem("symbols", f"there are {len(symbols)}; at most {commands.MOST_SYMBOLS} are taken")
    return symbols


def _read_module(body: Body) -> Upload | None:
    text = body.text("wasm_base64")
    if not isinstance(body.fields.get("wasm_base64"), str):
        return None
    try:
        return read_upload(decode_module(text))
    except BadModule as error:
        body.problem("wasm_base64", str(error))
        return None


def _check_name(body: Body) -> None:
    name = body.fields.get("name")
    if isinstance(name, str) and not (name.strip() and len(name) <= _LONGEST_NAME and name.isprintable()):
        body.problem("name", f"must be 1 to {_LONGEST_NAME} printable characters")


def _read_rules(body: Body, present: RiskRules) -> RiskRules:
    """The limits of a body, laid over those there are; null and zero take a limit away."""
    risk: object = body.fields.get("risk")
    if risk is None:
        return present
    if not isinstance(risk, dict):
        body.problem("risk", "must be an object")
        return present
    values = present.to_dict()
    for name, value in cast("dict[str, object]", risk).items():
        if name not in _RULES:
            body.problem(f"risk.{name[:60]}", f"unknown field; the fields are {', '.join(_RULES)}")
        elif value is None:
            values[name] = 0
        elif isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_INT64:
            body.problem(f"risk.{name}", "must be a whole number, zero or more, within 64 bits, or null")
        else:
            values[name] = value
    return cast("Callable[..., RiskRules]", RiskRules)(**values)


def list_all(call: AccountCall) -> object:
    """Answer the account's deployments."""
    return views.deployments_answer(call.exchange.desk, call.exchange.algos, call.client_id)


def show(call: AccountCall) -> object:
    """Answer one deployment."""
    return views.deployment_answer(call.exchange.desk, call.exchange.algos, _deployment(call))


def change(call: AccountCall) -> object:
    """Rename a deployment, or set its limits."""
    deployment = _deployment(call)
    body = call.request.fields("name", "risk")
    name = body.text("name", required=False) or deployment.name
    _check_name(body)
    rules = _read_rules(body, deployment.rules)
    body.check()
    call.exchange.command(lambda desk: commands.change(desk, deployment, name.strip(), rules))
    return show(call)


def start(call: AccountCall) -> object:
    """Start an algo wherever it does not run."""
    _no_body(call)
    exchange, deployment = call.exchange, _deployment(call)
    exchange.command(lambda desk: commands.start(desk, exchange.algos, deployment))
    return show(call)


def stop(call: AccountCall) -> object:
    """Stop an algo wherever it runs."""
    _no_body(call)
    exchange, deployment = call.exchange, _deployment(call)
    exchange.command(lambda desk: commands.stop(desk, exchange.algos, deployment))
    return show(call)


def delete(call: AccountCall) -> object:
    """Stop an algo and delete it."""
    _no_body(call)
    exchange, deployment = call.exchange, _deployment(call)
    exchange.command(lambda desk: commands.remove(desk, exchange.algos, deployment))
    return NO_CONTENT


def logs(call: AccountCall) -> object:
    """Answer what a deployment logged, newest first."""
    return views.logs_answer(call.exchange.algos, _deployment(call), _limit(call))


def mesh(call: AccountCall) -> object:
    """Answer the edges of a deployment."""
    return views.mesh_answer(call.exchange.desk, _deployment(call))


def list_by_symbol(call: AccountCall) -> object:
    """Answer one row per symbol; with ``detail=edge`` also one per symbol and edge."""
    detail = call.request.query.text("detail")
    if detail not in (None, "edge"):
        raise invalid_params("detail", f"must be 'edge' or left out, got {detail[:40]!r}")
    return views.algos_answer(call.exchange.desk, call.exchange.algos, call.client_id, by_edge=detail is not None)


def show_symbol(call: AccountCall) -> object:
    """Answer the algo of a symbol."""
    return views.algo_answer(call.exchange.desk, call.exchange.algos, *_algo(call))


def start_symbol(call: AccountCall) -> object:
    """Start the algo of a symbol."""
    _no_body(call)
    exchange = call.exchange
    deployment, symbol = _algo(call)
    exchange.command(lambda desk: commands.start(desk, exchange.algos, deployment, symbol))
    return show_symbol(call)


def stop_symbol(call: AccountCall) -> object:
    """Stop the algo of a symbol."""
    _no_body(call)
    exchange = call.exchange
    deployment, symbol = _algo(call)
    exchange.command(lambda desk: commands.stop(desk, exchange.algos, deployment, symbol))
    return views.algo_answer(exchange.desk, exchange.algos, deployment, symbol)


def delete_symbol(call: AccountCall) -> object:
    """Stop the algo of a symbol and delete it there."""
    _no_body(call)
    exchange = call.exchange
    deployment, symbol = _algo(call)
    exchange.command(lambda desk: commands.remove(desk, exchange.algos, deployment, symbol))
    return NO_CONTENT


def logs_of_symbol(call: AccountCall) -> object:
    """Answer what the algo of a symbol logged, newest first."""
    deployment, symbol = _algo(call)
    return views.logs_answer(call.exchange.algos, deployment, _limit(call), symbol)


def stats_of_symbol(call: AccountCall) -> object:
    """Answer what the algo of a symbol did."""
    return views.stats_answer(call.exchange.desk, call.exchange.algos, *_algo(call))


def _deployment(call: AccountCall) -> DeployedAlgo:
    return commands.deployment_of(call.exchange.desk, call.client_id, call.request.path["deployment_id"])


def _algo(call: AccountCall) -> tuple[DeployedAlgo, str]:
    return commands.algo_of(call.exchange.desk, call.client_id, call.request.path["symbol"])


def _limit(call: AccountCall) -> int:
    return call.request.query.integer("limit", _DEFAULT_LINES, least=1, most=_MOST_LINES)


def _no_body(call: AccountCall) -> None:
    # Nothing, an empty object and null all mean that there is nothing to say.
    if call.request.body.strip() != b"null":
        call.request.fields().check()


ROUTES: Mapping[str, Mapping[str, AccountHandler]] = {
    "/v1/deployments": {"GET": list_all, "POST": Prepared(deploy, _MAX_BODY)},
    "/v1/deployments/{deployment_id}": {"GET": show, "PATCH": change, "DELETE": delete},
    "/v1/deployments/{deployment_id}/start": {"POST": start},
    "/v1/deployments/{deployment_id}/stop": {"POST": stop},
    "/v1/deployments/{deployment_id}/logs": {"GET": logs},
    "/v1/deployments/{deployment_id}/mesh": {"GET": mesh},
    "/v1/algos": {"GET": list_by_symbol},
    "/v1/algos/deploy": {"POST": Prepared(deploy_for_symbol, _MAX_BODY)},
    "/v1/algos/{symbol:path}/start": {"POST": start_symbol},
    "/v1/algos/{symbol:path}/stop": {"POST": stop_symbol},
    "/v1/algos/{symbol:path}/logs": {"GET": logs_of_symbol},
    "/v1/algos/{symbol:path}/stats": {"GET": stats_of_symbol},
    "/v1/algos/{symbol:path}": {"GET": show_symbol, "DELETE": delete_symbol},
}
