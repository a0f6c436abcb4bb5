"""A module that goes wrong is paused with the reason, what it asked for in that call is not done, and nobody else
notices."""

from __future__ import annotations

import gc
import time
import weakref

import pytest

from sequence_markets.sandbox.algos.instances import LOG_FUEL, LONGEST_MESSAGE
from sequence_markets.sandbox.algos.limits import AlgoLimits

from .support import LOG, UNIT, Lab, act, cancel, module, puppet, raw_action

ENDLESS = module("(loop br 0) (i32.const 0)")
GROWING = module("(loop (drop (memory.grow (i32.const 1))) br 0) (i32.const 0)")
CHATTY = module("(loop (call $log (i32.const 2) (i32.const 8) (i32.const 1)) br 0) (i32.const 0)", imports=LOG)
FILLING = module("(loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 200000)) br 0) (i32.const 0)")
WRONG = {
    "an endless loop": (ENDLESS, "out of fuel: algo_on_book used more than 2000000 units"),
    "an endless loop of growing memory": (GROWING, "out of fuel: algo_on_book"),
    "an endless loop of messages": (CHATTY, "out of fuel: algo_on_book"),
    "an endless loop of large fills": (FILLING, "out of fuel: algo_on_book"),
    "endless recursion": (
        module(
            "(call $r (i32.const 0))",
            "(func $r (param i32) (result i32) (i32.add (call $r (i32.const 1)) (i32.const 1)))",
        ),
        "trap in algo_on_book: stack overflow",
    ),
    "unreachable": (module("unreachable"), "trap in algo_on_book: unreachable"),
    "division by zero": (
        module("(i32.div_u (i32.const 1) (i32.load (i32.const 60000)))"),
        "trap in algo_on_book: integer division by zero",
    ),
    "a wild load": (module("(i32.load (i32.const -4))"), "trap in algo_on_book: memory out of bounds"),
    "a wild call": (
        module("(call_indirect (result i32) (i32.const 5))", "(table 3 funcref)"),
        "trap in algo_on_book: table out of bounds",
    ),
    "memory it is not given": (
        module("(if (i32.eq (memory.grow (i32.const 300)) (i32.const -1)) (then unreachable)) (i32.const 0)"),
        "trap in algo_on_book: unreachable",
    ),
    "a wild answer": (module("(i32.const -8)"), "algo_on_book answered 0xfffffff8, where its memory"),
    "an answer at the end": (module("(i32.const 261632)"), "algo_on_book answered 0x3fe00, where its memory"),
    "too many actions": (
        module("(i32.store (i32.const 1024) (i32.const 17)) (i32.const 1024)"),
        "algo_on_book answered 17 actions; at most 16 are possible",
    ),
    "countless actions": (
        module("(i32.store (i32.const 1024) (i32.const -1)) (i32.const 1024)"),
        "algo_on_book answered 4294967295 actions",
    ),
    "a side that is none": (puppet([raw_action(1, 5, 5, 7, 0, 0)]), "an action that is none: side 7"),
    "a cancel that is none": (puppet([raw_action(1, 0, 0, 0, 3, 0)]), "an action that is none: is_cancel 3"),
    "an order type that is none": (puppet([raw_action(1, 5, 5, 1, 0, 77)]), "an action that is none: order type 77"),
    "a good action before a bad one": (
        puppet([act(1, 1, 1, 99), raw_action(2, 5, 5, 1, 0, 77)]),
        "an action that is none: order type 77",
    ),
    "a wild message": (
        module("(call $log (i32.const 2) (i32.const -9) (i32.const 4)) (i32.const 0)", imports=LOG),
        "algo_on_book logged 4 bytes at 0xfffffff7, which are not in its memory",
    ),
    "a message without an end": (
        module("(call $log (i32.const 2) (i32.const 8) (i32.const -1)) (i32.const 0)", imports=LOG),
        "algo_on_book logged 4294967295 bytes at 0x8",
    ),
}


@pytest.fixture
def lab() -> Lab:
    made = Lab()
    made.mid(100)
    return made


@pytest.mark.parametrize(("wasm", "reason"), WRONG.values(), ids=WRONG)
def test_what_goes_wrong_is_paused_with_its_reason_and_does_nothing(lab: Lab, wasm: bytes, reason: str) -> None:
    good = Lab(lab.exchange, "b")
    neighbour = good.deploy(puppet([act(1, 1, 1, 90)], [cancel(1)]))
    deployed = lab.deploy(wasm)
    row = lab.row(deployed)
    assert row["status"] == "paused"
    assert reason in str(row["pause_reason"])
    assert lab.logs(deployed)[-1].startswith("paused: ")
    assert lab.algo_orders() == []
    lab.mid(101)
    assert lab.row(deployed)["update_count"] == 0, "it is not called again"
    assert good.algo_orders()[0]["status"] == "CANCELLED", "its neighbour goes on"
    assert good.row(neighbour)["update_count"] == 2
    order = good.place("buy", "1", venue="kraken")
    assert good.status(order) == "FILLED"
    lab.exchange.check_invariants()


@pytest.mark.parametrize("wasm", [ENDLESS, GROWING, CHATTY, FILLING], ids=["loop", "grow", "log", "fill"])
def test_the_fuel_of_an_endless_loop_is_gone_in_no_time(lab: Lab, wasm: bytes) -> None:
    deployed = lab.deploy(wasm, start=False)
    spent: list[float] = []
    for _ in range(3):
        begun = time.thread_time()
        lab.start(deployed)
        spent.append(time.thread_time() - begun)
        assert lab.row(deployed)["status"] == "paused"
    # Measured: 3 ms for a plain loop, 40 ms for one that keeps asking for memory. A slow machine may take longer.
    assert min(spent) < 0.25


@pytest.mark.parametrize("name", ["algo_on_fill", "algo_on_reject", "algo_on_shutdown"])
def test_every_callback_has_its_fuel(lab: Lab, name: str) -> None:
    types = {
        "algo_on_fill": "(param i32 i32)",
        "algo_on_reject": "(param i32)",
        "algo_on_shutdown": "(param i32) (result i32)",
    }
    send = {
        "algo_on_fill": "(i64.store (i32.const 1048) (i64.const 100000000)) (i32.store8 (i32.const 1056) (i32.const 1))"
        "(i32.store8 (i32.const 1058) (i32.const 1))",
        "algo_on_reject": "(i32.store8 (i32.const 1056) (i32.const 1)) (i32.store (i32.const 1032) (i32.const 5))",
        "algo_on_shutdown": "",
    }
    count = 0 if name == "algo_on_shutdown" else 1
    wasm = module(
        f"(i32.store (i32.const 1024) (i32.const {count})) {send[name]} (i32.const 1024)",
        f'(func (export "{name}") {types[name]} (loop br 0) unreachable)',
    )
    deployed = lab.deploy(wasm)
    lab.stop(deployed)
    assert lab.row(deployed)["pause_reason"] == f"out of fuel: {name} used more than 2000000 units"
    assert lab.edge(deployed).position == (UNIT if name == "algo_on_fill" else 0), "what was filled stays filled"
    lab.exchange.check_invariants()


def test_what_was_asked_for_before_stays(lab: Lab) -> None:
    deployed = lab.deploy(puppet([act(1, 1, 1, 90), act(2, 1, 1, kind="MARKET")], more='(func (export "x"))'))
    broken = lab.deploy(module("unreachable"))
    assert (lab.row(deployed)["pause_reason"], lab.row(broken)["status"]) == ("superseded", "paused")
    assert [row["status"] for row in lab.algo_orders()] == ["ACCEPTED", "FILLED"]


def test_a_paused_algo_hears_of_nothing_and_its_books_go_on(lab: Lab) -> None:
    deployed = lab.deploy(puppet([act(1, 1, 1, 99.5)], [raw_action(1, 5, 5, 7, 0, 0)]))
    lab.mid(100.5)
    assert lab.row(deployed)["status"] == "paused"
    lab.print("sell", "99", "1")
    assert lab.told(deployed, "f") == []
    assert lab.edge(deployed).position == UNIT
    lab.exchange.check_invariants()


def test_a_paused_algo_begins_with_fresh_memory(lab: Lab) -> None:
    deployed = lab.deploy(puppet([act(1, 1, 1, 90)], [raw_action(1, 5, 5, 7, 0, 0)]))
    lab.mid(101)
    lab.start(deployed)
    row = lab.row(deployed)
    assert (row["status"], row["pause_reason"]) == ("running", None)
    assert lab.rejects(deployed) == [(1, 2)], "it begins with its first batch again, whose order still works"


def test_a_module_may_use_as_much_memory_as_it_is_given() -> None:
    lab = Lab(limits=AlgoLimits(memory_bytes=10 * 65_536))
    lab.mid(100)
    fits = lab.deploy(
        module("(drop (memory.grow (i32.const 6))) (i32.store (i32.const 655356) (i32.const 1)) (i32.const 0)")
    )
    assert lab.row(fits)["status"] == "running"
    wide = lab.deploy(
        module("(drop (memory.grow (i32.const 7))) (i32.store (i32.const 262144) (i32.const 1)) (i32.const 0)")
    )
    assert lab.row(wide)["pause_reason"] == "trap in algo_on_book: memory out of bounds"


def test_an_exchange_may_give_more_fuel() -> None:
    step = "(local.tee $n (i32.add (local.get $n) (i32.const 1)))"
    wasm = module(f"(local $n i32) (loop (br_if 0 (i32.lt_u {step} (i32.const 600000)))) (i32.const 0)")
    for fuel, status in ((2_000_000, "paused"), (8_000_000, "running")):
        lab = Lab(limits=AlgoLimits(fuel=fuel))
        lab.mid(100)
        assert lab.row(lab.deploy(wasm))["status"] == status


def test_instances_are_let_go(lab: Lab) -> None:
    deployed = lab.deploy(puppet())
    instance = lab.exchange.algos.calls.run(lab.edge(deployed)).instance
    gone = weakref.ref(instance)
    del instance
    lab.remove(deployed)
    gc.collect()
    assert gone() is None


# --- messages ---


def logging(data: bytes, level: int = 2, length: int | None = None) -> bytes:
    text = "".join(f"\\{byte:02x}" for byte in data)
    count = len(data) if length is None else length
    return module(
        f"(call $log (i32.const {level}) (i32.const 70000) (i32.const {count})) (i32.const 0)",
        f'(data (i32.const 70000) "{text}")',
        imports=LOG,
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"quote 141.20/141.23", "quote 141.20/141.23"),
        ("über €uro 😀".encode(), "über €uro 😀"),
        (b"", ""),
        (b"bad \xff\xfe text", "bad �� text"),
        (b"half \xe2\x82", "half �"),
        (b"a" * 5000, "a" * LONGEST_MESSAGE),
        ("é".encode() * 600, "é" * 512),
        (b"a" + "é".encode() * 600, "a" + "é" * 511),
        (b"ab" + "😀".encode() * 300, "ab" + "😀" * 255),
        (b"line\nbreak\x00", "line\nbreak\x00"),
    ],
    ids=["plain", "utf-8", "empty", "repaired", "cut by the module", "long", "even", "odd", "wide", "control"],
)
def test_messages_are_text_of_bounded_length(lab: Lab, data: bytes, message: str) -> None:
    assert lab.logs(lab.deploy(logging(data))) == [message]


@pytest.mark.parametrize(("level", "kept"), [(0, 0), (4, 4), (9, 4), (-3, 0)])
def test_levels_are_those_there_are(lab: Lab, level: int, kept: int) -> None:
    deployed = lab.deploy(logging(b"x", level))
    assert lab.exchange.algos.history.logs(deployed.id)[0].level == kept


def test_messages_cost_fuel(lab: Lab) -> None:
    quiet, loud = lab.deploy(module()), lab.deploy(logging(b"x"))
    spent = [lab.exchange.algos.history.traces(each.id)[0].fuel for each in (quiet, loud)]
    assert LOG_FUEL < spent[1] - spent[0] < LOG_FUEL + 20


def test_the_oldest_messages_go_first() -> None:
    lab = Lab(limits=AlgoLimits(log_lines=3, traces=2))
    lab.mid(100)
    deployed = lab.deploy(puppet(show_book=True))
    lab.mid(101)
    lab.mid(102)
    history = lab.exchange.algos.history
    assert (len(history.logs(deployed.id)), len(history.traces(deployed.id))) == (3, 2)
    assert history.traces(deployed.id)[0].seq == 3


@pytest.mark.parametrize("limits", [{"fuel": 0}, {"module_bytes": 9 << 20}, {"edges": -1}])
def test_limits_that_make_no_sense_are_refused(limits: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(limits))):
        AlgoLimits(**limits)
    with pytest.raises(TypeError, match="fuel must be an int"):
        AlgoLimits(fuel=1.5)  # type: ignore[arg-type]
