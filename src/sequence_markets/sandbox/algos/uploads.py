"""Which modules are taken: what is checked of an upload before anything of it runs."""

from __future__ import annotations

import atexit
import base64
import binascii
import ctypes
import hashlib
import weakref
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeVar

from sequence_markets.sandbox.algos.abi import FEATURES_AT, FEATURES_BYTES
from sequence_markets.sandbox.algos.limits import LARGEST_MODULE
from sequence_markets.sandbox.trading.errors import Refusal

if TYPE_CHECKING:
    import wasmtime

__all__ = [
    "PAGE_BYTES",
    "BadModule",
    "Import",
    "Upload",
    "compile_module",
    "decode_module",
    "engine",
    "held",
    "read_upload",
]

PAGE_BYTES: Final = 65_536

Shape = tuple[tuple[str, ...], tuple[str, ...]]
"""Types of the parameters and of the results of a function."""

_BOOK: Final[Shape] = (("i32", "i32"), ("i32",))
_BOOK_AND_FEATURES: Final[Shape] = (("i32", "i32", "i32"), ("i32",))
_REQUIRED: Final[dict[str, Shape]] = {"algo_alloc": (("i32",), ("i32",))}
_OPTIONAL: Final[dict[str, tuple[Shape, ...]]] = {
    "algo_on_book": (_BOOK,),
    "algo_on_book_v3": (_BOOK, _BOOK_AND_FEATURES),
    "algo_on_fill": ((("i32", "i32"), ()),),
    "algo_on_reject": ((("i32",), ()),),
    "algo_on_shutdown": ((("i32",), ("i32",)),),
}
_HEARTBEATS: Final[frozenset[Shape]] = frozenset(
    {(("i32",), ()), (("i32",), ("i32",)), (("i32", "i32"), ()), (("i32", "i32"), ("i32",))}
)
"""Forms of the heartbeat that can be called: with the state, and the features when there is a second parameter. Its
form was never published."""

_UNSUPPORTED: Final = ("algo_on_nbbo", "algo_on_message")
_LOG: Final = "host_log_impl"
_LOG_SHAPE: Final[Shape] = (("i32", "i32", "i32"), ())
_MAGIC: Final = b"\0asm"
_VERSION: Final = b"\1\0\0\0"
_STACK_BYTES: Final = 256 << 10
_OFF: Final = (
    # The C interface ends the process over types it does not know, so nothing that has such types is let in.
    "gc_support",
    "wasm_gc",
    "wasm_function_references",
    "wasm_exceptions",
    "wasm_stack_switching",
    "wasm_simd",
    "wasm_relaxed_simd",
    "wasm_threads",
    "wasm_memory64",
    "wasm_multi_memory",
    "wasm_tail_call",
    "wasm_component_model",
    "wasm_custom_page_sizes",
    "wasm_wide_arithmetic",
)


H = TypeVar("H")

_held: Final[weakref.WeakSet[object]] = weakref.WeakSet()


class BadModule(Exception):
    """A module that is not taken; the text says why."""


@dataclass(frozen=True, slots=True)
class Import:
    """A function that a module wants to be given."""

    name: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Upload:
    """A module that was taken.

    Attributes:
        digest: SHA-256 of its bytes, in hex.
        wasm: Its bytes.
        compiled: What runs.
        imports: The functions it wants, in their order.
        calls: The exports that are called, and their form.
        unsupported: Exports that are never called, and imports that do nothing.
        memory_bytes: Memory it begins with.
    """

    digest: str
    wasm: bytes
    compiled: wasmtime.Module
    imports: tuple[Import, ...]
    calls: dict[str, Shape]
    unsupported: tuple[str, ...]
    memory_bytes: int

    @property
    def base64(self) -> str:
        """Its bytes as text."""
        return base64.b64encode(self.wasm).decode("ascii")

    @property
    def book_call(self) -> str:
        """The export that is called on every update of a book."""
        return "algo_on_book_v3" if "algo_on_book_v3" in self.calls else "algo_on_book"

    @property
    def wants_features(self) -> bool:
        """Whether features are written into its memory."""
        heartbeat = self.calls.get("algo_on_heartbeat", ((), ()))
        return "algo_on_book_v3" in self.calls or len(heartbeat[0]) > 1


def decode_module(text: str) -> bytes:
    """The bytes of a module in base64.

    Raises:
        BadModule: The text is no base64, or of a module that is too large.
    """
    if len(text) > -(-LARGEST_MODULE // 3) * 4:
        raise BadModule(f"must be a module of at most {LARGEST_MODULE} bytes")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadModule("must be standard base64") from None


def read_upload(wasm: bytes) -> Upload:
    """Check a module and compile it. Nothing of it runs.

    Raises:
        BadModule: It is no module, or not one that can be run here.
        Refusal: 503 when the runtime is not installed.
    """
    if not wasm:
        raise BadModule("is empty")
    if len(wasm) > LARGEST_MODULE:
        raise BadModule(f"has {len(wasm)} bytes; at most {LARGEST_MODULE} are taken")
    if wasm[:4] != _MAGIC:
        raise BadModule("is not a WebAssembly module: it does not begin with the bytes 00 61 73 6d")
    if wasm[4:8] != _VERSION:
        raise BadModule("is not a WebAssembly module of version 1")
    compiled = compile_module(wasm)
    imports = tuple(_read_imports(compiled))
    calls, unsupported, pages = _read_exports(compiled)
    stubs = [entry.name for entry in imports if entry.name != _LOG]
    found = Upload(
        hashlib.sha256(wasm).hexdigest(),
        wasm,
        compiled,
        imports,
        calls,
        tuple(dict.fromkeys((*unsupported, *stubs))),
        pages * PAGE_BYTES,
    )
    if found.wants_features and found.memory_bytes < FEATURES_AT + FEATURES_BYTES:
        least = -(-(FEATURES_AT + FEATURES_BYTES) // PAGE_BYTES)
        raise BadModule(f"takes features, which lie at {FEATURES_AT:#x}: its memory must begin with {least} pages")
    return found


@lru_cache(maxsize=1)
def engine() -> wasmtime.Engine:
    """The one engine: what it takes does not depend on any setting.

    Raises:
        Refusal: 503 when the runtime is not installed.
    """
    try:
        import wasmtime
    except ModuleNotFoundError as missing:
        if missing.name != "wasmtime":
            raise
        raise Refusal(
            503,
            "SERVICE_UNAVAILABLE",
            "running algos needs wasmtime, which is not installed; run: pip install 'sequence-markets[sandbox]'",
        ) from missing
    config = wasmtime.Config()
    for name in _OFF:
        setattr(config, name, False)
    config.consume_fuel = True
    # The same bits on every machine.
    config.cranelift_nan_canonicalization = True
    config.max_wasm_stack = _STACK_BYTES
    atexit.register(_keep_to_the_end)
    return held(wasmtime.Engine(config))


def held(thing: H) -> H:
    """Note something of the runtime that must not be freed while the interpreter ends."""
    _held.add(thing)
    return thing


def _keep_to_the_end() -> None:
    # By the time they would be freed, the runtime's own module is gone; and some thread may still be in there.
    for thing in list(_held):
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))


def compile_module(wasm: bytes) -> wasmtime.Module:
    """Compile a module in binary form.

    Raises:
        BadModule: It does not compile.
        Refusal: 503 when the runtime is not installed.
    """
    found = engine()
    import wasmtime

    try:
        return held(wasmtime.Module(found, wasm))
    except wasmtime.WasmtimeError as error:
        raise BadModule(f"does not compile: {_brief(str(error))}") from None


def _brief(text: str) -> str:
    """The cause of an error on one line: what stands last is the most exact."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and "Caused by" not in line]
    return (lines[-1] if lines else text)[:200]


def _read_imports(compiled: wasmtime.Module) -> list[Import]:
    import wasmtime

    found: list[Import] = []
    for entry in compiled.imports:
        name = f"{entry.module}.{entry.name}"
        if entry.module != "env" or not entry.name:
            raise BadModule(f"imports {name[:80]!r}; only functions of 'env' can be imported")
        if not isinstance(entry.type, wasmtime.FuncType):
            raise BadModule(f"imports {name[:80]!r}, which is no function")
        shape = _shape(entry.type)
        if entry.name == _LOG and shape != _LOG_SHAPE:
            raise BadModule(f"imports env.{_LOG} as {_words(shape)}; it is {_words(_LOG_SHAPE)}")
        if not {"i32", "i64", "f32", "f64"}.issuperset((*shape[0], *shape[1])):
            raise BadModule(f"imports {name[:80]!r} as {_words(shape)}; only numbers can be passed")
        found.append(Import(entry.name, shape))
    return found


def _read_exports(compiled: wasmtime.Module) -> tuple[dict[str, Shape], list[str], int]:
    import wasmtime

    calls: dict[str, Shape] = {}
    unsupported: list[str] = []
    pages = -1
    for entry in compiled.exports:
        name, kind = entry.name, entry.type
        if name == "memory" and isinstance(kind, wasmtime.MemoryType):
            pages = kind.limits.min
        if not isinstance(kind, wasmtime.FuncType):
            if name in _REQUIRED or name in _OPTIONAL:
                raise BadModule(f"exports {name}, but not as a function")
            continue
        shape = _shape(kind)
        if name in _REQUIRED or name in _OPTIONAL:
            forms = (_REQUIRED[name],) if name in _REQUIRED else _OPTIONAL[name]
            if shape not in forms:
                raise BadModule(f"exports {name} as {_words(shape)}; it is {' or '.join(map(_words, forms))}")
            calls[name] = shape
        elif name == "algo_on_heartbeat" and shape in _HEARTBEATS:
            calls[name] = shape
        elif name in _UNSUPPORTED or name == "algo_on_heartbeat":
            unsupported.append(name)
    if pages < 0:
        raise BadModule("does not export its memory as 'memory'")
    for name in _REQUIRED:
        if name not in calls:
            raise BadModule(f"does not export {name}, {_words(_REQUIRED[name])}")
    if not calls.keys() & {"algo_on_book", "algo_on_book_v3"}:
        raise BadModule(f"does not export algo_on_book, {_words(_BOOK)}")
    if "algo_on_book_v3" in calls:
        calls.pop("algo_on_book", None)
    return calls, unsupported, pages


def _shape(kind: wasmtime.FuncType) -> Shape:
    return tuple(map(str, kind.params)), tuple(map(str, kind.results))


def _words(shape: Shape) -> str:
    return f"({', '.join(shape[0])}) -> ({', '.join(shape[1])})"
