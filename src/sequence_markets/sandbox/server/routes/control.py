"""The control plane under ``/_sandbox/``: the sandbox's controls for programs on this machine, in any language."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Final, cast

from sequence_markets._version import __version__
from sequence_markets.sandbox.clock import parse_mode, parse_speed
from sequence_markets.sandbox.exchange import Exchange
from sequence_markets.sandbox.runtime import ClockError
from sequence_markets.sandbox.server.body import Body
from sequence_markets.sandbox.server.call import Request, Services
from sequence_markets.sandbox.server.endpoint import ControlHandler
from sequence_markets.sandbox.server.errors import ApiError, validation_error
from sequence_markets.sandbox.server.not_modelled import NOT_MODELLED
from sequence_markets.sandbox.trading.errors import InvariantError
from sequence_markets.units import Number, datetime_from_ns

_MAX_PAGE: Final = 1000


def status(services: Services, _request: Request) -> object:
    """Answer what this sandbox is: version, seed, clock, where its market comes from, what it leaves out."""

    def read(exchange: Exchange) -> dict[str, object]:
        genesis = exchange.journal.genesis()
        return {
            "version": __version__,
            "seed": None if genesis is None else genesis.seed,
            "market": exchange.market.describe(),
            "journal": {"records": len(exchange.journal), "digest": exchange.journal.digest()},
        }

    found = services.runtime.execute(read)
    return {**found, "clock": _clock(services), "not_modelled": list(NOT_MODELLED)}


def get_clock(services: Services, _request: Request) -> object:
    """Answer mode, pace and present instant."""
    return _clock(services)


def set_clock(services: Services, request: Request) -> object:
    """Change mode or pace, from the present instant on."""
    body = request.fields("mode", "speed")
    body.text("mode")
    body.check()
    with _as_validation_error():
        mode = parse_mode(body.fields["mode"], "mode")
        speed = parse_speed(body.fields["speed"]) if body.has("speed") else None
        services.runtime.change_clock(mode, speed)
    return _clock(services)


def advance(services: Services, request: Request) -> object:
    """Move the manual clock; answers once all that was due has settled, with what was written on the way."""
    body = request.fields("seconds", "milliseconds", "ns", "to")
    body.check()
    with _as_validation_error():
        moved = services.controls.advance(
            seconds=_number(body, "seconds"),
            milliseconds=_number(body, "milliseconds"),
            ns=cast("int | None", body.fields.get("ns")),
            to=_instant(body, "to"),
        )
    return {
        "from_ns": moved.from_ns,
        "to_ns": moved.to_ns,
        "journal": {"first": moved.first_record, "records": moved.records},
        "clock": _clock(services),
    }


def set_book(services: Services, request: Request) -> object:
    """Script the book of a symbol on a venue."""
    body = request.fields("symbol", "venue", "bids", "asks")
    symbol, venue = body.text("symbol"), body.text("venue")
    bids, asks = body.items("bids", required=False), body.items("asks", required=False)
    body.check()
    with _as_validation_error():
        services.controls.set_book(
            symbol, venue, cast("list[tuple[Number, Number]]", bids), cast("list[tuple[Number, Number]]", asks)
        )
    return _done(services)


def set_price(services: Services, request: Request) -> object:
    """Script the middle of a symbol's books."""
    body = request.fields("symbol", "price", "venues")
    symbol, venues = body.text("symbol"), body.texts("venues", required=False)
    body.check()
    with _as_validation_error():
        services.controls.set_price(
            symbol, cast("Number", body.fields.get("price")), venues if body.has("venues") else None
        )
    return _done(services)


def print_trade(services: Services, request: Request) -> object:
    """Print a public trade."""
    body = request.fields("symbol", "venue", "side", "price", "qty")
    symbol, venue, side = body.text("symbol"), body.text("venue"), body.text("side")
    body.check()
    price, qty = cast("Number", body.fields.get("price")), cast("Number", body.fields.get("qty"))
    with _as_validation_error():
        services.controls.trade(symbol, venue, side, price, qty)
    return _done(services)


def resolve(services: Services, request: Request) -> object:
    """Decide a prediction market now."""
    body = request.fields("slug", "outcome")
    slug, outcome = body.text("slug"), body.text("outcome")
    body.check()
    with _as_validation_error():
        decided = services.controls.resolve(slug, outcome)
    return {**_done(services), "resolved": list(decided)}


def set_funding(services: Services, request: Request) -> object:
    """Script the funding of a perp at a venue."""
    body = request.fields("symbol", "venue", "points")
    symbol, venue, points = body.text("symbol"), body.text("venue"), body.items("points")
    body.check()
    with _as_validation_error():
        services.controls.set_funding(symbol, venue, [_rate(point, index) for index, point in enumerate(points)])
    return _done(services)


def reset(services: Services, request: Request) -> object:
    """Put the whole exchange back to its beginning."""
    request.fields().check()
    services.controls.reset()
    return _done(services)


def seed(services: Services, request: Request) -> object:
    """Start again with another seed."""
    body = request.fields("seed")
    body.check()
    with _as_validation_error():
        services.controls.seed(cast("int", body.fields.get("seed")))
    return _done(services)


def invariants(services: Services, _request: Request) -> object:
    """Answer that every invariant holds, or fail naming the one that does not."""
    try:
        services.controls.check_invariants()
    except InvariantError as broken:
        raise ApiError(
            500, "INVARIANT_BROKEN", str(broken), details=[{"field": broken.name, "message": broken.detail}]
        ) from None
    return {"ok": True}


def journal(services: Services, request: Request) -> object:
    """Answer a page of journal records."""
    since = request.query.integer("since", 0, least=0)
    limit = request.query.integer("limit", 100, least=1, most=_MAX_PAGE)

    def read(exchange: Exchange) -> dict[str, object]:
        total = len(exchange.journal)
        records: list[object] = [json.loads(line) for line in exchange.journal.lines(since)[:limit]]
        end = since + len(records)
        return {"records": records, "since": since, "next": end, "has_more": end < total, "total": total}

    return services.runtime.execute(read)


def digest(services: Services, _request: Request) -> object:
    """Answer the digest of the whole journal."""
    return services.runtime.execute(
        lambda exchange: {"digest": exchange.journal.digest(), "records": len(exchange.journal)}
    )


def not_modelled(_services: Services, _request: Request) -> object:
    """Answer what the sandbox leaves out."""
    return {"not_modelled": list(NOT_MODELLED)}


def _clock(services: Services) -> dict[str, object]:
    state = services.runtime.clock_state()
    return {
        "mode": state.mode,
        "speed": float(state.speed),
        "now_ns": state.now_ns,
        "now": datetime_from_ns(state.now_ns).isoformat().replace("+00:00", "Z"),
        "next_due_ns": state.next_due_ns,
    }


def _done(services: Services) -> dict[str, object]:
    return {"ok": True, "now_ns": services.runtime.clock_state().now_ns}


def _number(body: Body, name: str) -> Number | None:
    return cast("Number | None", body.fields.get(name))


def _rate(point: object, index: int) -> tuple[datetime, Number]:
    pair = cast("list[object]", point) if isinstance(point, list) else []
    if len(pair) != 2:
        raise ValueError(f"points[{index}] must be an [instant, rate] pair")
    return _time(pair[0], f"points[{index}]"), cast("Number", pair[1])


def _instant(body: Body, name: str) -> datetime | None:
    value = body.fields.get(name)
    return None if value is None else _time(value, name)


def _time(value: object, name: str) -> datetime:
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            pass
    raise ValueError(f"{name} must be an RFC 3339 time such as '2026-01-05T00:00:30Z', got {value!r}")


@contextmanager
def _as_validation_error() -> Generator[None]:
    try:
        yield
    except ClockError as error:
        raise ApiError(409, "CONFLICT", str(error)) from None
    except (TypeError, ValueError) as error:
        # Every message of the controls begins with the argument it is about.
        raise validation_error((str(error).partition(" ")[0].rstrip(":"), str(error))) from None


def _get(handler: Callable[[Services, Request], object]) -> Mapping[str, ControlHandler]:
    return {"GET": handler}


def _post(handler: Callable[[Services, Request], object]) -> Mapping[str, ControlHandler]:
    return {"POST": handler}


ROUTES: Mapping[str, Mapping[str, ControlHandler]] = {
    "/_sandbox": _get(status),
    "/_sandbox/": _get(status),
    "/_sandbox/clock": {"GET": get_clock, "POST": set_clock},
    "/_sandbox/clock/advance": _post(advance),
    "/_sandbox/book": _post(set_book),
    "/_sandbox/price": _post(set_price),
    "/_sandbox/trade": _post(print_trade),
    "/_sandbox/resolve": _post(resolve),
    "/_sandbox/funding": _post(set_funding),
    "/_sandbox/reset": _post(reset),
    "/_sandbox/seed": _post(seed),
    "/_sandbox/invariants": _get(invariants),
    "/_sandbox/journal": _get(journal),
    "/_sandbox/journal/digest": _get(digest),
    "/_sandbox/not-modelled": _get(not_modelled),
}
