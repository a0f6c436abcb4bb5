"""Which operations a method of the client makes, and which HTTP calls those are, read off the source.

Nothing is run: functions are followed through the syntax trees of the client's modules, with the texts among their
arguments carried along, so that ``path("orders", order_id)`` reads as ``/v1/orders/{order_id}``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).resolve().parents[1] / "src"
_CLIENT: Final = "sequence_markets.client"
_OPERATIONS: Final = f"{_CLIENT}.operations."
_OPERATION: Final = f"{_CLIENT}.operation"
_STREAMING: Final = "sequence_markets.streaming"

Texts = frozenset[str]
NOTHING: Final[Texts] = frozenset()
Bindings = Mapping[str, Texts]


@dataclass(frozen=True, slots=True)
class HttpCall:
    """One request: its verb, and its path with the changing parts in braces."""

    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Module:
    """What the syntax tree of a module declares."""

    name: str
    functions: Mapping[str, ast.FunctionDef | ast.AsyncFunctionDef]
    classes: Mapping[str, ast.ClassDef]
    imports: Mapping[str, tuple[str, str]]
    """Local name to (module, name there); the name is empty for a module."""


@dataclass(frozen=True)
class Function:
    """A function or method, and where it stands."""

    module: Module
    node: ast.FunctionDef | ast.AsyncFunctionDef
    owner: str = ""

    @property
    def label(self) -> str:
        return f"{self.module.name.rpartition('.')[2]}.{self.node.name}"


@dataclass
class Found:
    """The operations of one method, each with its HTTP calls, in the order they are made."""

    operations: dict[str, dict[HttpCall, None]] = field(default_factory=dict[str, dict[HttpCall, None]])

    @property
    def calls(self) -> list[HttpCall]:
        return list({call: None for calls in self.operations.values() for call in calls})


@cache
def module(name: str) -> Module | None:
    """Return a module of the client, or ``None`` for any other."""
    base = SOURCE.joinpath(*name.split("."))
    path = base.with_suffix(".py") if base.with_suffix(".py").is_file() else base / "__init__.py"
    if not name.startswith(_CLIENT) or not path.is_file():
        return None
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = {}
    classes: dict[str, ast.ClassDef] = {}
    imports: dict[str, tuple[str, str]] = {}
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=str(origin), names=names):
                for alias in names:
                    inner = f"{origin}.{alias.name}"
                    imports[alias.asname or alias.name] = (inner, "") if _is_module(inner) else (origin, alias.name)
            case _:
                pass
    for statement in tree.body:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                functions[statement.name] = statement
            case ast.ClassDef():
                classes[statement.name] = statement
            case _:
                pass
    return Module(name, functions, classes, imports)


def _is_module(name: str) -> bool:
    base = SOURCE.joinpath(*name.split("."))
    return base.with_suffix(".py").is_file() or (base / "__init__.py").is_file()


def operations_of(face: str, method: str) -> Found:
    """Return the operations of a public method.

    Args:
        face: Dotted module and class, such as ``sequence_markets.client.aio.AsyncSequence``.
        method: Name of the method.
    """
    where, _, name = face.rpartition(".")
    found = Found()
    start = _method(module(where), name, method)
    if start is not None:
        _follow(start, {}, "", found, set())
    return found


def _class(where: Module | None, name: str) -> tuple[Module, ast.ClassDef] | None:
    if where is None:
        return None
    if name in where.classes:
        return where, where.classes[name]
    origin, original = where.imports.get(name, ("", ""))
    return _class(module(origin), original) if original else None


def _method(where: Module | None, owner: str, name: str) -> Function | None:
    """Look a method up in a class and its bases."""
    found = _class(where, owner)
    if found is None:
        return None
    home, tree = found
    # Of overloads the last one is the function.
    for statement in reversed(tree.body):
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) and statement.name == name:
            return Function(home, statement, tree.name)
    for base in tree.bases:
        if isinstance(base, ast.Name) and (inherited := _method(home, base.id, name)) is not None:
            return inherited
    return None


def _attribute_class(function: Function, attribute: str) -> tuple[Module, str] | None:
    """Return the class that ``self.<attribute>`` is made of in ``__init__``."""
    made = _method(function.module, function.owner, "__init__")
    if made is None:
        return None
    for node in ast.walk(made.node):
        match node:
            case ast.Assign(
                targets=[ast.Attribute(value=ast.Name("self"), attr=name)], value=ast.Call(func=ast.Name(kind))
            ) if name == attribute:
                return made.module, kind
            case _:
                pass
    return None


def _callee(function: Function, reference: ast.expr) -> Function | None:
    """Return the function of the client that an expression names."""
    match reference:
        case ast.Name(name) if name not in _local_names(function.node):
            if name in function.module.functions:
                return Function(function.module, function.module.functions[name])
            origin, original = function.module.imports.get(name, ("", ""))
            home = module(origin)
            return Function(home, home.functions[original]) if home and original in home.functions else None
        case ast.Attribute(value=ast.Name("self"), attr=name):
            return _method(function.module, function.owner, name) if function.owner else None
        case ast.Attribute(value=ast.Attribute(value=ast.Name("self"), attr=attribute), attr=name):
            kind = _attribute_class(function, attribute) if function.owner else None
            return _method(kind[0], kind[1], name) if kind else None
        case ast.Attribute(value=ast.Name(alias), attr=name):
            origin, original = function.module.imports.get(alias, ("", ""))
            home = None if original else module(origin)
            return Function(home, home.functions[name]) if home and name in home.functions else None
        case _:
            return None


@cache
def _local_names(node: ast.FunctionDef | ast.AsyncFunctionDef) -> frozenset[str]:
    """Return the names a function binds itself, which hide those of its module."""
    arguments = [each.arg for each in ast.walk(node.args) if isinstance(each, ast.arg)]
    bound = [each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)]
    return frozenset((*arguments, *bound))


def _is_operation(function: Function, reference: ast.expr) -> bool:
    """Whether an expression names the class ``Operation``."""
    return isinstance(reference, ast.Name) and function.module.imports.get(reference.id) == (_OPERATION, "Operation")


def _follow(
    function: Function, bindings: Bindings, label: str, found: Found, seen: set[tuple[str, str, str, str]]
) -> None:
    """Take note of every operation that a function makes, itself or through others."""
    inside = function.module.name.startswith(_OPERATIONS)
    label = label or (function.label if inside else "")
    key = (function.module.name, f"{function.owner}.{function.node.name}", repr(sorted(bindings.items())), label)
    if key in seen:
        return
    seen.add(key)
    names = _names(function.node, bindings)
    called = [node.func for node in ast.walk(function.node) if isinstance(node, ast.Call)]
    for node in _in_order(function.node):
        match node:
            case ast.Call(func=reference, args=[_, verb, where, *_]) if _is_operation(function, reference):
                for method in sorted(_texts(verb, function, names)):
                    for path in sorted(_texts(where, function, names)):
                        if path.startswith("/"):
                            found.operations.setdefault(label, {})[HttpCall(method, path.partition("?")[0])] = None
            case ast.Call(func=ast.Name(name)) if function.module.imports.get(name) == (_STREAMING, "open_stream"):
                for path in _sockets(node, function, names):
                    found.operations.setdefault("streaming.open_stream", {})[HttpCall("WS", path)] = None
            case ast.Call(func=reference) if (target := _callee(function, reference)) is not None:
                _follow(target, _bound(target, node, function, names), label, found, seen)
            case ast.Name() | ast.Attribute() if node not in called:
                target = _callee(function, node) if isinstance(node.ctx, ast.Load) else None
                if target is not None and target.node is not function.node:
                    _follow(target, {}, label, found, seen)
            case _:
                pass


def _sockets(call: ast.Call, function: Function, names: Mapping[str, Texts | ast.expr]) -> list[str]:
    """Return the paths of the sockets a stream may be read from: that of the feed it names, or the common one."""
    given = next((keyword.value for keyword in call.keywords if keyword.arg == "feed"), None)
    feeds = {None} if given is None else _texts(given, function, names)
    paths: dict[object, str] = {}
    for node in ast.walk(ast.parse((SOURCE / "sequence_markets" / "streaming" / "wire.py").read_text("utf-8"))):
        match node:
            case ast.Dict(keys=keys, values=values):
                for key, value in zip(keys, values, strict=True):
                    if isinstance(key, ast.Constant) and isinstance(value, ast.Constant):
                        paths[key.value] = str(value.value)
            case _:
                pass
    return [paths[feed] for feed in sorted(feeds, key=str) if feed in paths]


def _in_order(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and everything in it, as it is written."""
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _in_order(child)


def _names(node: ast.FunctionDef | ast.AsyncFunctionDef, bindings: Bindings) -> dict[str, Texts | ast.expr]:
    """Return what is known of the local names: texts that were passed, and expressions they are assigned."""
    names: dict[str, Texts | ast.expr] = {}
    for statement in ast.walk(node):
        match statement:
            case ast.Assign(targets=[ast.Name(name)], value=value):
                names[name] = value
            case _:
                pass
    return {**names, **bindings}


def _bound(target: Function, call: ast.Call, caller: Function, names: Mapping[str, Texts | ast.expr]) -> Bindings:
    """Return the texts among the arguments of a call, by parameter."""
    arguments = target.node.args
    parameters = [each.arg for each in (*arguments.posonlyargs, *arguments.args)]
    if target.owner and parameters[:1] == ["self"]:
        parameters = parameters[1:]
    given = dict(zip(parameters, call.args, strict=False))
    given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    bound: dict[str, Texts] = {}
    for name, value in given.items():
        texts = _texts(value, caller, names)
        if texts:
            bound[name] = texts
    if arguments.vararg is not None:
        rest = [_path_part(value, caller, names) for value in call.args[len(parameters) :]]
        bound[arguments.vararg.arg] = frozenset({"/".join(rest)})
    return bound


def _texts(node: ast.expr, function: Function, names: Mapping[str, Texts | ast.expr]) -> Texts:
    """Return the texts an expression may have, as far as the source tells; what varies stands in braces."""
    match node:
        case ast.Constant(value=str(text)):
            return frozenset({text})
        case ast.Name(name) if name in names:
            known = names[name]
            if isinstance(known, frozenset):
                return known
            # A name may be assigned from itself; it is not looked up twice.
            rest = {other: value for other, value in names.items() if other != name}
            return _texts(known, function, rest)
        case ast.IfExp(body=one, orelse=other):
            return _texts(one, function, names) | _texts(other, function, names)
        case ast.Subscript(value=table, slice=key):
            return _looked_up(table, key, function, names)
        case ast.JoinedStr(values=parts):
            return frozenset({"".join(_part(part) for part in parts)})
        case ast.Call(func=ast.Name("path"), args=parts):
            placed = [_path_part(part, function, names) for part in parts]
            return frozenset({"/v1/" + "/".join(part for part in placed if part)})
        case ast.Call(func=ast.Name("target"), args=[base, *_]):
            return _texts(base, function, names)
        case ast.Call(func=reference) if (helper := _callee(function, reference)) is not None:
            inner = _names(helper.node, _bound(helper, node, function, names))
            returned = [each.value for each in ast.walk(helper.node) if isinstance(each, ast.Return) and each.value]
            return NOTHING.union(*(_texts(value, helper, inner) for value in returned))
        case _:
            return NOTHING


def _looked_up(table: ast.expr, key: ast.expr, function: Function, names: Mapping[str, Texts | ast.expr]) -> Texts:
    if isinstance(table, ast.Name):
        known = names.get(table.id)
        table = known if isinstance(known, ast.expr) else table
    if not isinstance(table, ast.Dict):
        return NOTHING
    wanted = _texts(key, function, names)
    pairs = zip(table.keys, table.values, strict=True)
    chosen = [value for name, value in pairs if isinstance(name, ast.Constant) and (not wanted or name.value in wanted)]
    return NOTHING.union(*(_texts(value, function, names) for value in chosen))


def _part(part: ast.expr) -> str:
    match part:
        case ast.Constant(value=str(text)):
            return text
        case ast.FormattedValue(value=value):
            return _hole(value)
        case _:
            return "{}"


def _path_part(part: ast.expr, function: Function, names: Mapping[str, Texts | ast.expr]) -> str:
    part = part.value if isinstance(part, ast.Starred) else part
    known = names.get(part.id) if isinstance(part, ast.Name) else None
    if isinstance(known, ast.expr):
        return _hole(known)
    texts = _texts(part, function, names) if known is not None or isinstance(part, ast.Constant) else NOTHING
    return next(iter(texts)) if len(texts) == 1 else _hole(part)


def _hole(node: ast.expr) -> str:
    """Return the place of something that varies, named after the argument it comes from."""
    callees = {id(each.func) for each in ast.walk(node) if isinstance(each, ast.Call)}
    named = _plain_names(node, callees)
    return f"{{{next(named, '')}}}"


def _plain_names(node: ast.expr, callees: set[int]) -> Iterator[str]:
    match node:
        case ast.Name(name) if id(node) not in callees:
            yield name
        case ast.Call(args=arguments):
            for argument in arguments:
                yield from _plain_names(argument, callees)
        case _:
            pass
