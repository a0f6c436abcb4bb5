"""The paper account's own controls: default balances, settings, and positions written by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, cast

from sequence_markets.sandbox.instruments import USD_PEGGED, Catalogue
from sequence_markets.sandbox.trading import records as rec
from sequence_markets.sandbox.trading.errors import Refusal
from sequence_markets.sandbox.trading.state import FIAT, Account, PositionKind, Settings, State
from sequence_markets.sandbox.venues import VENUES
from sequence_markets.units import PRICE_SCALE, QTY_SCALE, price_to_1e9, qty_to_1e8

__all__ = ["default_balances", "read_positions", "read_settings", "settings_answer"]

_DEFAULT_CASH: Final = 1_000_000_000 * QTY_SCALE
_VENUE_ALIASES: Final = {"dex": "dex_ethereum"}
_LONGEST_LATENCY_MS: Final = 60_000


def default_balances(catalogue: Catalogue) -> tuple[rec.HoldEntry, ...]:
    """One billion of every dollar-pegged asset that a venue settles something in, by venue and asset."""
    found = {
        (venue, asset)
        for instrument in catalogue.all()
        for venue, asset in instrument.settlement.items()
        if asset in USD_PEGGED
    }
    return tuple((venue, asset, _DEFAULT_CASH) for venue in VENUES for asset in USD_PEGGED if (venue, asset) in found)


def settings_answer(settings: Settings, seed: int) -> dict[str, object]:
    """The settings as the API shows them."""
    return {
        "default_balances": [
            {"venue": venue, "asset": asset, "qty": _human(amount)} for venue, asset, amount in settings.balances
        ],
        "fees": {venue: {"maker_bps": maker, "taker_bps": taker} for venue, maker, taker in settings.fees},
        "latency_ms": dict(settings.latency_ms),
        "slippage_bps": settings.slippage_bps,
        "seed": seed,
    }


def _human(amount: int) -> int | float:
    return amount // QTY_SCALE if amount % QTY_SCALE == 0 else amount / QTY_SCALE


class _Fields:
    """Reads fields one by one and collects what is wrong."""

    def __init__(self) -> None:
        self.problems: list[dict[str, str]] = []

    def add(self, field: str, message: str) -> None:
        self.problems.append({"field": field, "message": message})

    def refuse(self) -> None:
        if self.problems:
            first = self.problems[0]
            raise Refusal(422, "VALIDATION_ERROR", f"{first['field']}: {first['message']}", self.problems)

    def rows(self, field: str, value: object) -> list[tuple[str, Mapping[str, object]]]:
        if not isinstance(value, list):
            self.add(field, "must be a list")
            return []
        rows: list[tuple[str, Mapping[str, object]]] = []
        for number, row in enumerate(cast("list[object]", value)):
            if isinstance(row, Mapping):
                rows.append((f"{field}[{number}]", cast("Mapping[str, object]", row)))
            else:
                self.add(f"{field}[{number}]", "must be an object")
        return rows

    def table(self, field: str, value: object) -> Mapping[str, object]:
        if isinstance(value, Mapping):
            return cast("Mapping[str, object]", value)
        self.add(field, "must be an object")
        return {}

    def unknown(self, at: str, row: Mapping[str, object], known: set[str]) -> None:
        for key in row:
            if key not in known:
                self.add(f"{at}.{key}" if at else key, "unknown field")

    def venue(self, field: str, value: object) -> str:
        venue = _VENUE_ALIASES.get(value, value) if isinstance(value, str) else ""
        if venue not in VENUES:
            self.add(field, f"unknown venue {value!r}")
        return venue

    def text(self, field: str, value: object) -> str:
        if isinstance(value, str) and 0 < len(value) <= 128:
            return value
        self.add(field, "must be a text")
        return ""

    def integer(self, field: str, value: object, high: int) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= high:
            return value
        self.add(field, f"must be an integer between 0 and {high}")
        return 0

    def number(self, field: str, value: object, convert: Callable[[int | float], int]) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.add(field, "must be a number")
            return 0
        try:
            return convert(value)
        except ValueError as error:
            self.add(field, str(error))
            return 0


def read_settings(body: Mapping[str, object], account: Account, seed: int) -> rec.SettingsSet:
    """Read a change of settings; what is not named stays as it is.

    Raises:
        Refusal: 422 with one detail per bad field.
    """
    fields = _Fields()
    fields.unknown("", body, {"default_balances", "fees", "latency_ms", "slippage_bps", "seed"})
    now = account.settings
    balances, fees, latency, slippage = now.balances, now.fees, now.latency_ms, now.slippage_bps
    if "default_balances" in body:
        entries: dict[tuple[str, str], int] = {}
        for at, row in fields.rows("default_balances", body["default_balances"]):
            fields.unknown(at, row, {"venue", "asset", "qty"})
            key = (
                fields.venue(f"{at}.venue", row.get("venue")),
                fields.text(f"{at}.asset", row.get("asset")),
            )
            if key in entries:
                fields.add(at, f"{key[1]} on {key[0]} is given twice")
            entries[key] = fields.number(f"{at}.qty", row.get("qty"), lambda value: qty_to_1e8(value, allow_zero=True))
        balances = tuple((venue, asset, amount) for (venue, asset), amount in entries.items())
    if "fees" in body:
        read: list[tuple[str, int, int]] = []
        for venue, value in fields.table("fees", body["fees"]).items():
            row = fields.table(f"fees.{venue}", value)
            fields.unknown(f"fees.{venue}", row, {"maker_bps", "taker_bps"})
            read.append(
                (
                    fields.venue(f"fees.{venue}", venue),
                    fields.integer(f"fees.{venue}.maker_bps", row.get("maker_bps"), 10_000),
                    fields.integer(f"fees.{venue}.taker_bps", row.get("taker_bps"), 10_000),
                )
            )
        fees = tuple(sorted(read))
    if "latency_ms" in body:
        latency = tuple(
            sorted(
                (
                    fields.venue(f"latency_ms.{venue}", venue),
                    fields.integer(f"latency_ms.{venue}", value, _LONGEST_LATENCY_MS),
                )
                for venue, value in fields.table("latency_ms", body["latency_ms"]).items()
            )
        )
    if "slippage_bps" in body:
        slippage = fields.integer("slippage_bps", body["slippage_bps"], 10_000)
    if body.get("seed") not in (None, seed):
        fields.add("seed", f"the seed belongs to the whole exchange and is {seed}; change it on its control plane")
    fields.refuse()
    return rec.SettingsSet(account.client, balances, fees, latency, slippage)


def read_positions(
    body: Mapping[str, object], state: State, account: Account, catalogue: Catalogue
) -> tuple[list[rec.PositionSet], bool]:
    """Read positions to write, and whether they replace all rows.

    Raises:
        Refusal: 422 with one detail per bad field, 409 when working orders hold more than what would remain.
    """
    fields = _Fields()
    fields.unknown("", body, {"positions", "replace"})
    replace = body.get("replace", False)
    if not isinstance(replace, bool):
        fields.add("replace", "must be true or false")
    rows: list[rec.PositionSet] = []
    for at, row in fields.rows("positions", body.get("positions")):
        fields.unknown(at, row, {"venue", "kind", "symbol", "qty", "entry_price_usd"})
        venue = fields.venue(f"{at}.venue", row.get("venue"))
        kind, asset = _thing(fields, at, row, catalogue)
        if kind == "event_contract" and venue and venue not in catalogue.get(asset).venues:
            fields.add(f"{at}.venue", f"{venue} does not list {asset}")
        convert = partial(qty_to_1e8, allow_zero=True, allow_negative=kind == "perp")
        qty = fields.number(f"{at}.qty", row.get("qty"), convert)
        entry = PRICE_SCALE if asset in USD_PEGGED else 0
        if row.get("entry_price_usd") is not None:
            entry = fields.number(
                f"{at}.entry_price_usd", row["entry_price_usd"], lambda value: price_to_1e9(value, allow_zero=True)
            )
        rows.append(rec.PositionSet(account.client, venue, kind, asset, qty, entry, False))
    fields.refuse()
    if replace is not True:
        for row_set in rows:
            locked = state.ledger.held(account.client, row_set.venue, row_set.asset)
            locked += state.ledger.margin(account.client, row_set.venue, row_set.asset)
            if row_set.kind != "perp" and row_set.qty < locked:
                raise Refusal(
                    409, "CONFLICT", f"{row_set.asset} on {row_set.venue} is locked by working orders or perps"
                )
    return rows, replace is True


def _thing(fields: _Fields, at: str, row: Mapping[str, object], catalogue: Catalogue) -> tuple[PositionKind, str]:
    kind, symbol = row.get("kind"), fields.text(f"{at}.symbol", row.get("symbol"))
    match kind:
        case "fiat" | "crypto":
            asset = symbol.upper()
            if symbol and (asset in FIAT) != (kind == "fiat"):
                fields.add(f"{at}.kind", f"{asset} is not {kind}")
            return ("fiat" if kind == "fiat" else "crypto"), asset
        case "perp" | "event_contract":
            found = catalogue.resolve(symbol, "perp" if kind == "perp" else "prediction") if symbol else None
            if found is None:
                fields.add(f"{at}.symbol", f"{symbol!r} is not a known {kind}")
                return "perp", symbol
            return ("perp" if kind == "perp" else "event_contract"), found.symbol
        case _:
            fields.add(f"{at}.kind", "must be fiat, crypto, perp or event_contract")
            return "crypto", symbol
