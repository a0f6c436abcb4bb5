"""Modules made for tests, and an account that deploys them straight on an exchange."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import cast

from wasmtime import wat2wasm

from sequence_markets.sandbox.algos import commands, views
from sequence_markets.sandbox.algos.books import AlgoEdge, DeployedAlgo, RiskRules
from sequence_markets.sandbox.algos.limits import AlgoLimits
from sequence_markets.sandbox.algos.uploads import read_upload
from sequence_markets.sandbox.exchange import Exchange
from sequence_markets.sandbox.journal import Journal
from sequence_markets.sandbox.market import SyntheticMarket
from tests.sandbox.trading.support import SEED, START_NS, Row, Trader

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
KINDS = ("LIMIT", "MARKET", "IOC", "FOK", "POST_ONLY")
UNIT = 10**8
DOLLAR = 10**9

Words = list[str]


def exchange(journal: Journal | None = None, limits: AlgoLimits | None = None) -> Exchange:
    """A new exchange over the synthetic market."""
    return Exchange(SyntheticMarket(seed=SEED), seed=SEED, start_ns=START_NS, journal=journal, algo_limits=limits)


@cache
def assemble(text: str) -> bytes:
    """A text module as bytes."""
    return bytes(wat2wasm(text))


@cache
def example(name: str) -> bytes:
    """One of the example modules, assembled."""
    return assemble((EXAMPLES / f"{name}.wat").read_text(encoding="utf-8"))


_ALLOC = """
  (global $free (mut i32) (i32.const 2048))
  (func (export "algo_alloc") (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $free))
    (global.set $free (i32.and (i32.add (i32.add (global.get $free) (local.get $size)) (i32.const 7)) (i32.const -8)))
    (local.get $at))"""


def module(on_book: str = "(i32.const 0)", more: str = "", *, pages: int = 4, imports: str = "") -> bytes:
    """A module whose book callback is this."""
    book = f'(func (export "algo_on_book") (param $book i32) (param $state i32) (result i32) {on_book})'
    return assemble(f'(module {imports} (memory (export "memory") {pages}) {_ALLOC} {book} {more})')


LOG = '(import "env" "host_log_impl" (func $log (param i32 i32 i32)))'

_DUMP = """
  (func $nibble (param $value i32) (result i32)
    (i32.add (local.get $value) (select (i32.const 48) (i32.const 87) (i32.lt_u (local.get $value) (i32.const 10)))))
  ;; Writes one letter and bytes in hex.
  (func $dump (param $letter i32) (param $from i32) (param $count i32)
    (local $to i32)
    (local.set $to (i32.const 6001))
    (i32.store8 (i32.const 6000) (local.get $letter))
    (loop $next
      (i32.store8 (local.get $to) (call $nibble (i32.shr_u (i32.load8_u (local.get $from)) (i32.const 4))))
      (i32.store8 offset=1 (local.get $to) (call $nibble (i32.and (i32.load8_u (local.get $from)) (i32.const 15))))
      (local.set $from (i32.add (local.get $from) (i32.const 1)))
      (local.set $to (i32.add (local.get $to) (i32.const 2)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br_if $next (local.get $count)))
    (call $log (i32.const 2) (i32.const 6000) (i32.sub (local.get $to) (i32.const 6000))))"""

_SHOW_BOOK = """
    (call $dump (i32.const 98) (local.get $book) (i32.const 328))
    (call $dump (i32.const 98) (i32.add (local.get $book) (i32.const 328)) (i32.const 328))"""
_SHOW_STATE = "\n".join(
    f"(call $dump (i32.const 115) (i32.add (local.get $state) (i32.const {at})) (i32.const 344))"
    for at in range(0, 1376, 344)
)
_TABLE_AT = 0x20000


def act(order_id: int, side: int, qty: float, px: float = 0, kind: str = "LIMIT") -> bytes:
    """An order, as a module asks for it."""
    return raw_action(order_id, round(px * DOLLAR), round(qty * UNIT), side, 0, KINDS.index(kind))


def cancel(order_id: int) -> bytes:
    """A cancel, as a module asks for it."""
    return raw_action(order_id, 0, 0, 0, 1, 0)


def raw_action(order_id: int, px: int, qty: int, side: int, is_cancel: int, kind: int) -> bytes:
    return struct.pack("<QQqbBB", order_id, px, qty, side, is_cancel, kind).ljust(32, b"\0")


def _escaped(data: bytes) -> str:
    return "".join(f"\\{byte:02x}" for byte in data)


def puppet(
    *batches: Sequence[bytes],
    on_shutdown: Sequence[bytes] = (),
    show_book: bool = False,
    show_state: bool = False,
    beats: bool = False,
    more: str = "",
) -> bytes:
    """A module that answers each call with the next batch of actions, and logs its fills and rejects in hex.

    The batches after the last are empty. `on_shutdown` is answered to that callback, `show_book` and `show_state` also
    log what the book callback is given, `beats` logs every heartbeat.
    """
    table = b"".join(
        struct.pack("<II", len(batch), 0) + b"".join(batch).ljust(16 * 32, b"\0") for batch in (*batches, on_shutdown)
    )
    last = _TABLE_AT + 520 * len(batches)
    beat = ""
    if beats:
        beat = """(func (export "algo_on_heartbeat") (param $state i32) (result i32)
          (call $dump (i32.const 104) (local.get $state) (i32.const 32)) (i32.const 0))"""
    return assemble(
        f"""(module {LOG} (memory (export "memory") 8) {_ALLOC} {_DUMP}
      (global $call (mut i32) (i32.const {_TABLE_AT}))
      (data (i32.const {_TABLE_AT}) "{_escaped(table)}")
      (func (export "algo_on_book") (param $book i32) (param $state i32) (result i32)
        (local $answer i32)
        {_SHOW_BOOK if show_book else ""} {_SHOW_STATE if show_state else ""}
        (local.set $answer (global.get $call))
        (if (i32.lt_u (local.get $answer) (i32.const {last}))
          (then (global.set $call (i32.add (global.get $call) (i32.const 520))))
          (else (return (i32.const 0))))
        (local.get $answer))
      (func (export "algo_on_fill") (param $fill i32) (param $state i32)
        (call $dump (i32.const 102) (local.get $fill) (i32.const 40))
        (call $dump (i32.const 112) (local.get $state) (i32.const 32)))
      (func (export "algo_on_reject") (param $reject i32)
        (call $dump (i32.const 114) (local.get $reject) (i32.const 16)))
      (func (export "algo_on_shutdown") (param $state i32) (result i32) (i32.const {last}))
      {beat} {more})"""
    )


class Lab(Trader):
    """An account with algos."""

    def __init__(self, venue: Exchange | None = None, key: str = "a", limits: AlgoLimits | None = None) -> None:
        super().__init__(exchange(limits=limits) if venue is None else venue, key)

    def deploy(
        self,
        wasm: bytes,
        *symbols: str,
        start: bool = True,
        venues: Iterable[str] = (),
        rules: Mapping[str, int] | None = None,
    ) -> DeployedAlgo:
        """Deploy a module and, unless told otherwise, start it."""
        limits = replace(RiskRules(), **(rules or {}))
        wish = commands.Wish("algo", read_upload(wasm), symbols or ("BTC-USD",), start, tuple(venues), limits)
        return self.exchange.command(lambda desk: commands.deploy(desk, self.exchange.algos, self.client, wish))

    def start(self, deployment: DeployedAlgo) -> None:
        self.exchange.command(lambda desk: commands.start(desk, self.exchange.algos, deployment))

    def stop(self, deployment: DeployedAlgo) -> None:
        self.exchange.command(lambda desk: commands.stop(desk, self.exchange.algos, deployment))

    def remove(self, deployment: DeployedAlgo, symbol: str = "") -> None:
        self.exchange.command(lambda desk: commands.remove(desk, self.exchange.algos, deployment, symbol))

    def edge(self, deployment: DeployedAlgo, number: int = 0) -> AlgoEdge:
        return self.exchange.state.algos.edges[deployment.edges[number]]

    def row(self, deployment: DeployedAlgo, number: int = 0) -> Row:
        """An edge as it is shown."""
        answer = views.deployment_answer(self.exchange.desk, self.exchange.algos, deployment)
        return cast("list[Row]", answer["edges"])[number]

    def logs(self, deployment: DeployedAlgo) -> Words:
        """The messages, oldest first."""
        return [line.message for line in reversed(self.exchange.algos.history.logs(deployment.id))]

    def told(self, deployment: DeployedAlgo, letter: str) -> list[bytes]:
        """What a puppet was told under a letter, oldest first."""
        return [bytes.fromhex(line[1:]) for line in self.logs(deployment) if line[:1] == letter]

    def rejects(self, deployment: DeployedAlgo) -> list[tuple[int, int]]:
        """(order id, code) of every reject a puppet was told."""
        return [struct.unpack_from("<QB", data) for data in self.told(deployment, "r")]

    def algo_orders(self) -> list[Row]:
        """Every order, oldest first."""
        return list(reversed(cast("list[Row]", self.exchange.orders(self.client, limit=500)["orders"])))

    def mid(self, price: float, spread: float = 2, size: str = "100", **where: str) -> None:
        """Quote around a price."""
        self.book([(str(price - spread / 2), size)], [(str(price + spread / 2), size)], **where)
