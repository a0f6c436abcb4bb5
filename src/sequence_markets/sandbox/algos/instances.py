"""One module at work on one edge: its memory, its budget, and what its calls answer."""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from sequence_markets.sandbox.algos import abi
from sequence_markets.sandbox.algos.limits import AlgoLimits
from sequence_markets.sandbox.algos.uploads import Import, Shape, Upload, compile_module, engine, held

if TYPE_CHECKING:
    import wasmtime

__all__ = ["LEVELS", "LOG_FUEL", "LONGEST_MESSAGE", "Instance", "Outcome", "Trouble"]

LEVELS: Final = ("trace", "debug", "info", "warn", "error")
"""Names of the levels of log messages, by their number."""

LOG_FUEL: Final = 10_000
"""What a log message costs, so that the budget of a call bounds them too."""

LONGEST_MESSAGE: Final = 1_024
"""Bytes of a log message that are kept."""

_TABLE_ELEMENTS: Final = 100_000
_ARGUMENTS: Final = 3
_SPENT: Final = "spent its fuel on messages"


class Trouble(Exception):
    """A module did what it must not; the text says what. The instance is of no use any more."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call answered, and how much fuel it used."""

    actions: list[abi.Action]
    fuel: int


class Instance:
    """An instance of a module, with buffers of its own in the module's memory.

    Args:
        upload: The module.
        limits: What it may use.
        write_log: Takes what the module logs: the level's number and the text.

    Raises:
        Trouble: The module cannot be started.
    """

    def __init__(self, upload: Upload, limits: AlgoLimits, write_log: Callable[[int, str], None]) -> None:
        import wasmtime

        self._upload = upload
        self._limits = limits
        self._write_log = write_log
        self._fault = ""
        self._store = store = held(wasmtime.Store(engine()))
        # Beside the module there are the two that stand between it and us.
        store.set_limits(limits.memory_bytes, _TABLE_ELEMENTS, instances=3, tables=16, memories=2)
        store.set_fuel(limits.fuel)
        try:
            inner = wasmtime.Instance(store, upload.compiled, self._imports())
            exports = inner.exports(store)
            names = tuple(upload.calls)
            gates = wasmtime.Instance(
                store, _gates(tuple(upload.calls.values())), [_func(exports[name]) for name in names]
            )
        except (wasmtime.WasmtimeError, wasmtime.Trap) as error:
            raise self._trouble("its start", error) from None
        memory = exports["memory"]
        assert isinstance(memory, wasmtime.Memory)
        self._memory = memory
        outer = gates.exports(store)
        self._calls = {name: _func(outer[f"f{number}"]) for number, name in enumerate(names)}
        cells = outer["cells"]
        assert isinstance(cells, wasmtime.Memory)
        address = ctypes.addressof(cells.data_ptr(store).contents)
        self._cells = (ctypes.c_uint32 * (1 + _ARGUMENTS)).from_address(address)
        self._book = self._allocate(abi.BOOK_BYTES)
        self._state = self._allocate(abi.STATE_BYTES)
        self._fill = self._allocate(abi.FILL_BYTES)
        self._reject = self._allocate(abi.REJECT_BYTES)

    @property
    def wants_features(self) -> bool:
        """Whether features are written into its memory."""
        return self._upload.wants_features

    def on_book(self, book: bytes, state: bytes, features: bytes) -> Outcome:
        """Show a book.

        Raises:
            Trouble: The module failed; this instance must not be called again.
        """
        name = self._upload.book_call
        base = self._base()
        if features:
            ctypes.memmove(base + abi.FEATURES_AT, features, abi.FEATURES_BYTES)
        ctypes.memmove(base + self._book, book, abi.BOOK_BYTES)
        ctypes.memmove(base + self._state, state, abi.STATE_BYTES)
        arguments = (self._book, self._state, abi.FEATURES_AT)
        return self._answer(name, self._call(name, *arguments[: len(self._upload.calls[name][0])]))

    def on_heartbeat(self, state: bytes, features: bytes) -> Outcome:
        """Let a second pass.

        Raises:
            Trouble: As for `on_book`.
        """
        params, results = self._upload.calls["algo_on_heartbeat"]
        if features and len(params) > 1:
            self._put(abi.FEATURES_AT, features)
        self._put(self._state, state)
        fuel = self._call("algo_on_heartbeat", *(self._state, abi.FEATURES_AT)[: len(params)])
        return self._answer("algo_on_heartbeat", fuel) if results else Outcome([], fuel)

    def on_fill(self, fill: bytes, state: bytes) -> Outcome:
        """Tell a fill.

        Raises:
            Trouble: As for `on_book`.
        """
        self._put(self._fill, fill)
        self._put(self._state, state)
        return Outcome([], self._call("algo_on_fill", self._fill, self._state))

    def on_reject(self, reject: bytes) -> Outcome:
        """Tell a reject.

        Raises:
            Trouble: As for `on_book`.
        """
        self._put(self._reject, reject)
        return Outcome([], self._call("algo_on_reject", self._reject))

    def on_shutdown(self, state: bytes) -> Outcome:
        """Say that it will be stopped.

        Raises:
            Trouble: As for `on_book`.
        """
        self._put(self._state, state)
        return self._answer("algo_on_shutdown", self._call("algo_on_shutdown", self._state))

    def _allocate(self, size: int) -> int:
        self._call("algo_alloc", size)
        address: int = self._cells[0]
        if address == 0 or address % 8 or address + size > self._memory.data_len(self._store):
            raise Trouble(
                f"algo_alloc answered {address:#x} for {size} bytes, which is no place in its memory for them"
            )
        return address

    def _put(self, address: int, data: bytes) -> None:
        ctypes.memmove(self._base() + address, data, len(data))

    def _base(self) -> int:
        """Where the module's memory lies now; it may move when it grows."""
        return ctypes.addressof(self._memory.data_ptr(self._store).contents)

    def _call(self, name: str, *arguments: int) -> int:
        """Run a callback and return the fuel it used; its result is in the first cell."""
        import wasmtime

        cells = self._cells
        for index, argument in enumerate(arguments, 1):
            cells[index] = argument
        budget = self._limits.fuel
        self._store.set_fuel(budget)
        try:
            self._calls[name](self._store)
        except (wasmtime.WasmtimeError, wasmtime.Trap) as error:
            raise self._trouble(name, error) from None
        if self._fault:
            raise self._trouble(name, None)
        return budget - self._store.get_fuel()

    def _answer(self, name: str, fuel: int) -> Outcome:
        """Read the actions that a callback left."""
        address: int = self._cells[0]
        if address == 0:
            return Outcome([], fuel)
        if address + abi.ACTIONS_BYTES > self._memory.data_len(self._store):
            raise Trouble(f"{name} answered {address:#x}, where its memory does not hold actions")
        base = self._base() + address
        count = abi.read_count(ctypes.string_at(base, 4))
        if not count:
            return Outcome([], fuel)
        if count > abi.MOST_ACTIONS:
            raise Trouble(f"{name} answered {count} actions; at most {abi.MOST_ACTIONS} are possible")
        actions = abi.read_actions(ctypes.string_at(base, abi.ACTIONS_BYTES))
        for action in actions:
            fault = abi.fault_of(action)
            if fault:
                raise Trouble(f"{name} answered an action that is none: {fault}")
        return Outcome(actions, fuel)

    def _trouble(self, name: str, error: Exception | None) -> Trouble:
        import wasmtime

        code = error.trap_code if isinstance(error, wasmtime.Trap) else None
        if self._fault not in ("", _SPENT):
            return Trouble(f"{name} {self._fault}")
        if self._fault or code is wasmtime.TrapCode.OUT_OF_FUEL:
            return Trouble(f"out of fuel: {name} used more than {self._limits.fuel} units")
        if code is not None:
            return Trouble(f"trap in {name}: {code.name.lower().replace('_', ' ')}")
        return Trouble(f"{name} failed: {str(error).strip().splitlines()[-1].strip()[:200]}")

    # What the module is given.

    def _imports(self) -> list[wasmtime.Func]:
        import wasmtime

        store, wanted = self._store, self._upload.imports
        stubs = [entry for entry in wanted if entry.name != "host_log_impl"]
        made: dict[str, list[wasmtime.Func]] = {}
        if stubs:
            exports = wasmtime.Instance(store, _stubs(tuple(stubs)), []).exports(store)
            for number, entry in enumerate(stubs):
                made.setdefault(entry.name, []).append(_func(exports[f"f{number}"]))
        i32 = wasmtime.ValType.i32
        kind = wasmtime.FuncType([i32(), i32(), i32()], [])
        # The runtime keeps the function until the store goes: it must not keep the store alive in turn.
        log = wasmtime.Func(store, kind, _logger(weakref.ref(self)), access_caller=True)
        return [log if entry.name == "host_log_impl" else made[entry.name].pop(0) for entry in wanted]

    def log(self, caller: wasmtime.Caller, level: int, address: int, length: int) -> None:
        """Take a message out of the module's memory, for its price."""
        import wasmtime

        store = self._store
        left = store.get_fuel()
        memory = caller.get("memory")
        address, length = address & 0xFFFFFFFF, length & 0xFFFFFFFF
        if not isinstance(memory, wasmtime.Memory) or address + length > memory.data_len(caller):
            self._fault = f"logged {length} bytes at {address:#x}, which are not in its memory"
            store.set_fuel(0)
            return
        if left < LOG_FUEL:
            self._fault = _SPENT
            store.set_fuel(0)
            return
        store.set_fuel(left - LOG_FUEL)
        data = bytes(memory.read(caller, address, address + min(length, LONGEST_MESSAGE)))
        # A character that was cut through at the end is dropped, anything else that is no text is marked.
        text = data.decode("utf-8", "replace") if length <= LONGEST_MESSAGE else _cut(data)
        self._write_log(min(max(level, 0), len(LEVELS) - 1), text)


def _cut(data: bytes) -> str:
    for back in range(1, 4):
        if data[-back] >= 0xC0:
            head = data[:-back]
            tail = data[-back:].decode("utf-8", "ignore")
            return head.decode("utf-8", "replace") + tail
    return data.decode("utf-8", "replace")


def _logger(owner: weakref.ref[Instance]) -> Callable[[wasmtime.Caller, int, int, int], None]:
    def log(caller: wasmtime.Caller, level: int, address: int, length: int) -> None:
        instance = owner()
        if instance is not None:
            instance.log(caller, level, address, length)

    return log


def _func(found: object) -> wasmtime.Func:
    import wasmtime

    assert isinstance(found, wasmtime.Func)
    return found


@lru_cache(maxsize=64)
def _stubs(wanted: tuple[Import, ...]) -> wasmtime.Module:
    """A module of functions that do nothing and answer zero."""
    lines: list[str] = []
    for number, entry in enumerate(wanted):
        zeros = " ".join(f"({kind}.const 0)" for kind in entry.shape[1])
        lines.append(f'(func (export "f{number}") {_signature(entry.shape)} {zeros})')
    return _assemble(lines)


@lru_cache(maxsize=64)
def _gates(shapes: tuple[Shape, ...]) -> wasmtime.Module:
    """A module through which functions are called whose arguments and result lie in its memory: passing them from
    Python takes longer than most calls."""
    lines = [f'(import "m" "f{number}" (func $f{number} {_signature(shape)}))' for number, shape in enumerate(shapes)]
    lines.append('(memory (export "cells") 1 1)')
    for number, (params, results) in enumerate(shapes):
        loads = " ".join(f"(i32.load (i32.const {4 * place}))" for place in range(1, len(params) + 1))
        call = f"(call $f{number} {loads})"
        body = f"(i32.store (i32.const 0) {call})" if results else call
        lines.append(f'(func (export "f{number}") {body})')
    return _assemble(lines)


def _signature(shape: Shape) -> str:
    params, results = (" ".join(kinds) for kinds in shape)
    return (f"(param {params})" if params else "") + (f" (result {results})" if results else "")


def _assemble(lines: list[str]) -> wasmtime.Module:
    import wasmtime

    return compile_module(bytes(wasmtime.wat2wasm(f"(module {' '.join(lines)})")))
