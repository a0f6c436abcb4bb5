"""Which modules are taken, and what is said of those that are not."""

from __future__ import annotations

import base64
import builtins
from collections.abc import Mapping, Sequence
from types import ModuleType

import pytest

from sequence_markets.sandbox.algos import uploads
from sequence_markets.sandbox.algos.limits import LARGEST_MODULE, AlgoLimits
from sequence_markets.sandbox.algos.uploads import BadModule, decode_module, read_upload
from sequence_markets.sandbox.trading.errors import Refusal

from .support import LOG, Lab, assemble, example, module, puppet

MEMORY = '(memory (export "memory") 2)'
ALLOC = '(func (export "algo_alloc") (param i32) (result i32) (i32.const 1024))'
BOOK = '(func (export "algo_on_book") (param i32 i32) (result i32) (i32.const 0))'


def of(*parts: str) -> bytes:
    return assemble(f"(module {' '.join(parts)})")


BAD: Mapping[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "text": (b"(module)", "does not begin with the bytes 00 61 73 6d"),
    "another magic": (b"\x7fELF" + bytes(60), "is not a WebAssembly module"),
    "another version": (b"\0asm\2\0\0\0", "is not a WebAssembly module of version 1"),
    "a component": (b"\0asm\x0d\0\1\0", "is not a WebAssembly module of version 1"),
    "only a header": (b"\0asm\1\0\0\0", "does not export its memory"),
    "cut short": (module()[:-9], "does not compile"),
    "no memory": (of(ALLOC, BOOK), "does not export its memory as 'memory'"),
    "memory that is a function": (of('(func (export "memory"))', ALLOC, BOOK), "does not export its memory"),
    "no alloc": (of(MEMORY, BOOK), "does not export algo_alloc, (i32) -> (i32)"),
    "no book": (of(MEMORY, ALLOC), "does not export algo_on_book, (i32, i32) -> (i32)"),
    "alloc of another type": (
        of(MEMORY, '(func (export "algo_alloc") (param i64) (result i32) (i32.const 8))', BOOK),
        "exports algo_alloc as (i64) -> (i32); it is (i32) -> (i32)",
    ),
    "book without an answer": (
        of(MEMORY, ALLOC, '(func (export "algo_on_book") (param i32 i32))'),
        "exports algo_on_book as (i32, i32) -> (); it is (i32, i32) -> (i32)",
    ),
    "book v3 of another type": (
        of(MEMORY, ALLOC, '(func (export "algo_on_book_v3") (param i32) (result i32) (i32.const 0))'),
        "exports algo_on_book_v3 as (i32) -> (i32)",
    ),
    "book that is a global": (
        of(MEMORY, ALLOC, '(global (export "algo_on_book") i32 (i32.const 0))'),
        "exports algo_on_book, but not as a function",
    ),
    "fill of another type": (
        of(MEMORY, ALLOC, BOOK, '(func (export "algo_on_fill") (param i32))'),
        "exports algo_on_fill as (i32) -> ()",
    ),
    "reject of another type": (
        of(MEMORY, ALLOC, BOOK, '(func (export "algo_on_reject"))'),
        "exports algo_on_reject as () -> ()",
    ),
    "shutdown of another type": (
        of(MEMORY, ALLOC, BOOK, '(func (export "algo_on_shutdown") (param i32))'),
        "exports algo_on_shutdown as (i32) -> ()",
    ),
    "log of another type": (
        of('(import "env" "host_log_impl" (func (param i32 i32)))', MEMORY, ALLOC, BOOK),
        "imports env.host_log_impl as (i32, i32) -> (); it is (i32, i32, i32) -> ()",
    ),
    "an import of another module": (
        of(
            '(import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))',
            MEMORY,
            ALLOC,
            BOOK,
        ),
        "imports 'wasi_snapshot_preview1.fd_write'; only functions of 'env' can be imported",
    ),
    "imported memory": (
        of('(import "env" "memory" (memory 1))', ALLOC, BOOK, '(export "memory" (memory 0))'),
        "imports 'env.memory', which is no function",
    ),
    "an imported reference": (
        of('(import "env" "f" (func (param funcref)))', MEMORY, ALLOC, BOOK),
        "imports 'env.f' as (funcref) -> (); only numbers can be passed",
    ),
    "vectors": (
        of('(import "env" "f" (func (param v128)))', MEMORY, ALLOC, BOOK),
        "does not compile: SIMD support is not enabled",
    ),
    "garbage collection": (of("(type $t (struct))", MEMORY, ALLOC, BOOK), "does not compile"),
    "threads": (of('(memory (export "memory") 1 2 shared)', ALLOC, BOOK), "does not compile: threads must be enabled"),
    "64-bit memory": (of('(memory (export "memory") i64 1)', ALLOC, BOOK), "does not compile: memory64"),
    "features without room": (
        of(
            '(memory (export "memory") 1)',
            ALLOC,
            '(func (export "algo_on_book_v3") (param i32 i32) (result i32) (i32.const 0))',
        ),
        "its memory must begin with 2 pages",
    ),
}


@pytest.mark.parametrize(("wasm", "reason"), BAD.values(), ids=BAD)
def test_a_bad_module_is_refused_with_its_reason(wasm: bytes, reason: str) -> None:
    with pytest.raises(BadModule) as refused:
        read_upload(wasm)
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_module_that_is_too_large_is_refused() -> None:
    with pytest.raises(BadModule, match=f"has {LARGEST_MODULE + 1} bytes; at most {LARGEST_MODULE}"):
        read_upload(module() + bytes(LARGEST_MODULE + 1 - len(module())))
    with pytest.raises(BadModule, match=f"at most {LARGEST_MODULE} bytes"):
        decode_module("A" * (LARGEST_MODULE * 4 // 3 + 5))


@pytest.mark.parametrize("text", ["AGFzbQ", "AGFzbQ=", "AGFz\nbQEA", "AGFz-_EA", "ÄGFz", " AGFz"])
def test_anything_but_standard_base64_is_refused(text: str) -> None:
    with pytest.raises(BadModule, match="must be standard base64"):
        decode_module(text)


def test_base64_is_read_back() -> None:
    assert decode_module(base64.b64encode(module()).decode()) == module()


@pytest.mark.parametrize(
    ("wasm", "reason"),
    [
        (of('(memory (export "memory") 257)', ALLOC, BOOK), "begins with 16842752 bytes of memory; at most 16777216"),
        (of(MEMORY, ALLOC, BOOK, "(table 200000 funcref)"), "cannot be started: its start failed: "),
        (of(MEMORY, ALLOC, BOOK, "(func $s unreachable) (start $s)"), "trap in its start: unreachable"),
        (of(MEMORY, ALLOC, BOOK, "(func $s (loop br 0)) (start $s)"), "out of fuel: its start"),
        (of(MEMORY, ALLOC, BOOK, '(data (i32.const 131070) "wide")'), "trap in its start: memory out of bounds"),
        (of(MEMORY, ALLOC.replace("1024", "0"), BOOK), "algo_alloc answered 0x0 for 656 bytes"),
        (of(MEMORY, ALLOC.replace("1024", "1028"), BOOK), "algo_alloc answered 0x404"),
        (of(MEMORY, ALLOC.replace("1024", "131064"), BOOK), "algo_alloc answered 0x1fff8"),
        (of(MEMORY, ALLOC.replace("1024", "-8"), BOOK), "algo_alloc answered 0xfffffff8"),
        (of(MEMORY, ALLOC.replace("(i32.const 1024)", "unreachable"), BOOK), "trap in algo_alloc: unreachable"),
    ],
    ids=[
        "memory",
        "table",
        "start traps",
        "start never ends",
        "data",
        "null",
        "unaligned",
        "end",
        "beyond",
        "alloc traps",
    ],
)
def test_a_module_that_cannot_be_started_is_refused(wasm: bytes, reason: str) -> None:
    lab = Lab()
    before = lab.exchange.journal.digest()
    with pytest.raises(Refusal) as refused:
        lab.deploy(wasm)
    assert (refused.value.status, refused.value.code) == (422, "VALIDATION_ERROR")
    (detail,) = refused.value.details
    assert detail["field"] == "wasm_base64"
    assert reason in detail["message"]
    assert lab.exchange.journal.digest() == before


def test_an_exchange_may_take_smaller_modules_only() -> None:
    lab = Lab(limits=AlgoLimits(module_bytes=100))
    with pytest.raises(Refusal, match="at most 100 are taken"):
        lab.deploy(example("momentum"))


@pytest.mark.parametrize(
    ("symbols", "field", "message"),
    [
        (("BTC-USD", "no such thing"), "symbols[1]", "unknown symbol 'no such thing'"),
        (("",), "symbols[0]", "unknown symbol ''"),
        (("BTC-USD", "BTC/USD"), "symbols[1]", "'BTC/USD' is named twice"),
    ],
)
def test_symbols_that_cannot_be_traded_are_refused(symbols: Sequence[str], field: str, message: str) -> None:
    with pytest.raises(Refusal) as refused:
        Lab().deploy(module(), *symbols)
    assert refused.value.details == [{"field": field, "message": message}]


def test_what_of_a_module_is_used_is_said() -> None:
    wasm = of(
        LOG,
        '(import "env" "__seq_send" (func (param i64 i32 i32) (result i32)))',
        MEMORY,
        ALLOC,
        BOOK,
        '(func (export "algo_on_book_v3") (param i32 i32 i32) (result i32) (i32.const 0))',
        '(func (export "algo_on_heartbeat") (param i32 i32) (result i32) (i32.const 0))',
        '(func (export "algo_on_nbbo") (param i32 i32))',
        '(func (export "algo_on_message") (param i32 i32 i32))',
        '(func (export "something_else"))',
    )
    upload = read_upload(wasm)
    assert upload.calls.keys() == {"algo_alloc", "algo_on_book_v3", "algo_on_heartbeat"}
    assert upload.unsupported == ("algo_on_nbbo", "algo_on_message", "__seq_send")


def test_a_heartbeat_of_an_unknown_form_is_not_called() -> None:
    upload = read_upload(of(MEMORY, ALLOC, BOOK, '(func (export "algo_on_heartbeat") (param i64))'))
    assert upload.unsupported == ("algo_on_heartbeat",)


@pytest.mark.parametrize("name", ["market_maker", "momentum"])
def test_the_examples_are_taken(name: str) -> None:
    assert read_upload(example(name)).unsupported == ()


def test_without_the_runtime_one_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: object) -> ModuleType:
        if name.partition(".")[0] == "wasmtime":
            raise ModuleNotFoundError("No module named 'wasmtime'", name="wasmtime")
        return real(name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(uploads, "engine", uploads.engine.__wrapped__)
    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(Refusal) as refused:
        read_upload(puppet())
    monkeypatch.undo()
    assert (refused.value.status, refused.value.code) == (503, "SERVICE_UNAVAILABLE")
    assert "pip install 'sequence-markets[sandbox]'" in refused.value.message
