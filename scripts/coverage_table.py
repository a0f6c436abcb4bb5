"""Write docs/coverage.md: for every method of the SDK reference what it calls, answers and is proven by.

Usage: python scripts/coverage_table.py [--check]

The methods are those of ``reference_methods.csv``; everything else is read off the code: the operation and its HTTP
call from the client's source, the model from the annotation, the route by asking the sandbox's own routing table, the
acceptance cases from their ``covers`` marks. ``--check`` changes nothing and fails when the document is out of date, a
cell is empty, or a public method is missing from the list.
"""

from __future__ import annotations

import ast
import csv
import inspect
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final, Literal, cast, get_args, get_overloads

from call_paths import Found, HttpCall, operations_of
from starlette.routing import Match, Route, Router

import sequence_markets.models
from sequence_markets import AsyncBatch, AsyncSequence
from sequence_markets.models import SequenceModel
from sequence_markets.sandbox.assembly import open_runtime
from sequence_markets.sandbox.server.app import create_app
from sequence_markets.sandbox.server.call import Services
from sequence_markets.sandbox.server.endpoint import AccountEndpoint, OpenEndpoint, Prepared

ROOT: Final = Path(__file__).resolve().parents[1]
DOCUMENT: Final = ROOT / "docs" / "coverage.md"
METHODS: Final = Path(__file__).with_name("reference_methods.csv")
CASES: Final = ROOT / "tests" / "acceptance"

Kind = Literal["call", "queue", "flush", "local", "removed", "stream"]
"""``queue`` makes an operation that ``flush`` sends, ``local`` sends nothing, ``removed`` asks for what is gone."""

_NOT_CALLS: Final = {"close", "aclose", "unresolved"}
_BATCH: Final = "batch."
_SHOWN_CASES: Final = 2
_PLAIN_ANSWERS: Final = {"None", "bool"}

_HEAD: Final = """# Coverage

Every public method of the SDK reference, the operation behind it, the HTTP call that makes, the model of its answer,
the handler of the sandbox that serves it, and the acceptance case that proves it end to end. Written from the code by
`scripts/coverage_table.py`; `make check` fails when it is out of date or a cell is empty.

*local* is said of what sends nothing by the reference, *gone* of what the reference says is answered with 404.
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A method of the reference."""

    level: str
    method: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Row:
    """What the code says about a method; an empty cell is a hole."""

    entry: Entry
    operation: str
    http: str
    model: str
    route: str
    case: str

    @property
    def cells(self) -> dict[str, str]:
        return {
            "operation": self.operation,
            "HTTP call": self.http,
            "model": self.model,
            "sandbox route": self.route,
            "acceptance case": self.case,
        }


def entries() -> list[Entry]:
    """Return the methods of the reference."""
    with METHODS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if row["kind"] not in get_args(Kind):
            raise ValueError(f"{METHODS.name}: {row['method']} has the unknown kind {row['kind']!r}")
    return [Entry(row["level"], row["method"], cast("Kind", row["kind"])) for row in rows]


class Routing:
    """The sandbox's routing table, asked the way the server asks it."""

    def __init__(self) -> None:
        runtime = open_runtime(seed=0, clock="manual", speed=Fraction(1), replay=(), state=None)
        with ThreadPoolExecutor(1) as executor:
            gate = create_app(Services(runtime), executor)
        runtime.close()
        router = next(value for value in vars(gate).values() if isinstance(value, Router))
        self._routes = router.routes

    def handler(self, call: HttpCall) -> str:
        """Return what serves a call, or an empty text when nothing does."""
        path = re.sub(r"\{[^}]*\}", "x", call.path)
        scope = {"type": "websocket" if call.method == "WS" else "http", "method": call.method, "path": path}
        for route in self._routes:
            match, _ = route.matches(scope)
            if match is not Match.FULL:
                continue
            if not isinstance(route, Route):
                endpoint = getattr(route, "app", None)
                return f"{type(endpoint).__module__.rpartition('.')[2]}.{type(endpoint).__name__}"
            return _handler(route.endpoint, call.method)
        return ""


def _handler(endpoint: object, method: str) -> str:
    if isinstance(endpoint, OpenEndpoint):
        return "endpoint.OpenEndpoint" if method in endpoint.methods else ""
    if not isinstance(endpoint, AccountEndpoint):
        return ""
    found = endpoint.handlers.get(method)
    function = found.prepare if isinstance(found, Prepared) else found
    if function is None:
        return ""
    return f"{function.__module__.rpartition('.')[2]}.{function.__qualname__}"


def cases() -> dict[str, list[str]]:
    """Return the acceptance cases of every method that one is marked with."""
    found: dict[str, list[str]] = {}
    for path in sorted(CASES.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for name in _marked(node):
                    found.setdefault(name, []).append(f"{path.stem}: {node.name.removeprefix('test_')}")
    return found


def _marked(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    for decorator in node.decorator_list:
        match decorator:
            case ast.Call(func=ast.Attribute(attr="covers"), args=arguments):
                for argument in arguments:
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                        yield argument.value
            case _:
                pass


def answer(face: type, name: str) -> str:
    """Return the annotation of a method's answer, or an empty text where it is missing or says nothing."""
    member = inspect.getattr_static(face, name, None)
    function = member.__func__ if isinstance(member, staticmethod) else member
    # Of a method with several signatures each one says what it gives.
    signatures: Sequence[object] = get_overloads(function) if callable(function) else []
    texts = [str(getattr(each, "__annotations__", {}).get("return", "")) for each in signatures or [function]]
    texts = [face.__name__ if text == "Self" else text for text in texts]
    return "` or `".join(dict.fromkeys(texts)) if all(_says_something(text) for text in texts) else ""


def _says_something(text: str) -> bool:
    words = set(re.findall(r"\w+", text))
    models = [getattr(sequence_markets.models, word, None) for word in words]
    typed = any(
        isinstance(each, type) and issubclass(each, SequenceModel) and each is not SequenceModel for each in models
    )
    return "Any" not in words and (typed or bool(words & {"AsyncBatch", "Stream"}) or text in _PLAIN_ANSWERS)


def row(entry: Entry, routing: Routing, proven: Mapping[str, list[str]], queued: Iterable[Found]) -> Row:
    """Return what the code says about a method."""
    face, name = _face(entry.method)
    found = Found()
    if entry.kind == "flush":
        for each in queued:
            found.operations.update(each.operations)
    elif entry.kind != "local":
        found = operations_of(f"{face.__module__}.{face.__name__}", name)
    operations = ", ".join(f"`{label}`" for label in found.operations if label)
    calls = ", ".join(f"`{call}`" for call in found.calls)
    handlers = [routing.handler(call) for call in found.calls]
    routes = ", ".join(f"`{handler}`" for handler in dict.fromkeys(handlers)) if all(handlers) else ""
    model = answer(face, name)
    if entry.kind == "local":
        operations = calls = routes = "local"
    elif entry.kind == "removed":
        model, routes = model or "gone", routes or "gone"
    return Row(entry, operations, calls, f"`{model}`" if model else "", routes, _shown(proven.get(entry.method, [])))


def _face(method: str) -> tuple[type, str]:
    if method.startswith(_BATCH):
        return AsyncBatch, method.removeprefix(_BATCH)
    return AsyncSequence, method


def _shown(names: list[str]) -> str:
    more = len(names) - _SHOWN_CASES
    return "; ".join(names[:_SHOWN_CASES]) + (f"; {more} more" if more > 0 else "")


def table() -> list[Row]:
    """Return a row for every method of the reference."""
    routing, proven, listed = Routing(), cases(), entries()
    queued = [
        operations_of(f"{AsyncBatch.__module__}.{AsyncBatch.__name__}", entry.method.removeprefix(_BATCH))
        for entry in listed
        if entry.kind == "queue"
    ]
    return [row(entry, routing, proven, queued) for entry in listed]


def problems(rows: list[Row]) -> list[str]:
    """Return what is missing: empty cells, public methods nobody listed, marks that name no method."""
    found = [
        f"{each.entry.method}: no {column}"
        for each in rows
        for column, text in each.cells.items()
        if not text.strip("` ")
    ]
    listed = {each.entry.method for each in rows}
    public = {name for name, _ in inspect.getmembers(AsyncSequence) if not name.startswith("_")} - _NOT_CALLS
    found += [f"{name}: a public method that {METHODS.name} does not list" for name in sorted(public - listed)]
    found += [
        f"{name}: marked as covered, but {METHODS.name} does not list it" for name in sorted(cases().keys() - listed)
    ]
    return found


def render(rows: list[Row]) -> str:
    """Return the document."""
    parts = [_HEAD]
    for level in dict.fromkeys(each.entry.level for each in rows):
        parts.append(f"## {level}\n")
        parts.append("| method | operation | HTTP call | model | sandbox route | acceptance case |")
        parts.append("|---|---|---|---|---|---|")
        for each in rows:
            if each.entry.level == level:
                cells = (f"`{each.entry.method}`", *each.cells.values())
                parts.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        parts.append("")
    return "\n".join(parts)


def main(arguments: list[str]) -> int:
    """Write the table, or check it."""
    rows = table()
    text = render(rows)
    if "--check" not in arguments:
        DOCUMENT.write_text(text, encoding="utf-8")
        return 0
    faults = problems(rows)
    if not DOCUMENT.is_file() or DOCUMENT.read_text(encoding="utf-8") != text:
        faults.append(f"{DOCUMENT.name} is out of date: run scripts/coverage_table.py")
    sys.stderr.writelines(f"{fault}\n" for fault in faults)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
