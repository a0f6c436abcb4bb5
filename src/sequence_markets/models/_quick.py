"""The quick half of validation: saying yes to parsed JSON in one pass that builds nothing.

Validating a dict with pydantic costs almost as much as parsing it, since it makes a new dict of everything it has
checked. So each schema is also written out as one Python function that only looks. Its yes means that the schema says
yes; anything else, a fault or merely something unusual, is left to the schema, which then tells what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic_core import CoreSchema

Accepts = Callable[[Any], bool]
"""Whether a value, as the JSON parser made it, is certainly valid."""

# What the writer knows the meaning of; a schema that says anything more is not written out.
_UNDERSTOOD: Mapping[str, frozenset[str]] = {
    "any": frozenset(),
    "str": frozenset({"strict"}),
    "int": frozenset({"strict"}),
    "bool": frozenset({"strict"}),
    "float": frozenset({"strict", "allow_inf_nan"}),
    "literal": frozenset({"expected"}),
    "nullable": frozenset({"schema"}),
    "list": frozenset({"strict", "items_schema", "min_length", "max_length"}),
    "dict": frozenset({"strict", "keys_schema", "values_schema"}),
    "typed-dict": frozenset({"fields", "extra_behavior", "cls_name"}),
    "typed-dict-field": frozenset({"schema", "required"}),
    "tagged-union": frozenset({"choices", "discriminator", "custom_error_type", "custom_error_message"}),
}
_KEY: Mapping[str, Any] = {"type": "str", "strict": True}
_STEP = "    "


def quick_check(schema: CoreSchema) -> Accepts:
    """Return the quick check of a schema; of one that cannot be written out, a check that never says yes."""
    writer = _Writer()
    try:
        body = list(writer.check(schema, "value", _STEP * 2))
    except _NotUnderstoodError:
        return lambda _value: False
    source = [
        "def accepts(value):",
        "    total = 0.0",
        "    try:",
        *body,
        "    except (KeyError, TypeError, OverflowError):",
        "        return False",
        "    return total - total == 0.0",  # False as soon as one of the numbers was infinite
    ]
    exec("\n".join(source), writer.names)  # noqa: S102  (our own schemas only, and every name goes through repr)
    accepts: Accepts = writer.names["accepts"]
    return accepts


class _NotUnderstoodError(Exception):
    pass


class _Writer:
    """Writes the statements that return False for a value that is not certainly valid."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {}
        self._variables = 0

    def check(self, schema: Mapping[str, Any], value: str, indent: str) -> Iterator[str]:
        """Yield the lines that check one variable."""
        _understand(schema)
        match schema["type"]:
            case "any":
                yield f"{indent}pass"
            case "str" | "int" | "bool" as name:
                yield f"{indent}if type({value}) is not {name}: return False"
            case "float":
                yield f"{indent}if type({value}) is not float and type({value}) is not int: return False"
                yield f"{indent}total += {value}"
            case "literal":
                yield f"{indent}if type({value}) is not str or {value} not in {_words(schema)}: return False"
            case "nullable":
                yield f"{indent}if {value} is not None:"
                yield from self.check(schema["schema"], value, indent + _STEP)
            case "list":
                yield f"{indent}if type({value}) is not list: return False"
                if "min_length" in schema or "max_length" in schema:
                    least, most = schema.get("min_length", 0), schema.get("max_length", 1 << 62)
                    yield f"{indent}if not {least} <= len({value}) <= {most}: return False"
                yield from self._each(value, schema["items_schema"], indent)
            case "dict" if schema["keys_schema"] == _KEY:
                yield f"{indent}if type({value}) is not dict: return False"
                yield from self._each(f"{value}.values()", schema["values_schema"], indent)
            case "typed-dict":
                yield from self._object(schema, value, indent)
            case "tagged-union":
                yield from self._union(schema, value, indent)
            case _:
                raise _NotUnderstoodError

    def _each(self, values: str, schema: Mapping[str, Any], indent: str) -> Iterator[str]:
        each = self._variable()
        yield f"{indent}for {each} in {values}:"
        yield from self.check(schema, each, indent + _STEP)

    def _object(self, schema: Mapping[str, Any], value: str, indent: str) -> Iterator[str]:
        if schema.get("extra_behavior", "ignore") != "ignore":
            raise _NotUnderstoodError
        fields: Mapping[str, Mapping[str, Any]] = schema["fields"]
        if not any(field.get("required", True) for field in fields.values()):
            # Elsewhere a required key says so: of what JSON has, only an object can be asked for a key.
            yield f"{indent}if type({value}) is not dict: return False"
        for name, field in sorted(fields.items(), key=lambda each: not each[1].get("required", True)):
            _understand(field)
            inner = indent
            if not field.get("required", True):
                yield f"{indent}if {name!r} in {value}:"
                inner += _STEP
            variable = self._variable()
            yield f"{inner}{variable} = {value}[{name!r}]"
            yield from self.check(field["schema"], variable, inner)

    def _union(self, schema: Mapping[str, Any], value: str, indent: str) -> Iterator[str]:
        if not callable(schema["discriminator"]):
            raise _NotUnderstoodError
        choose, tag = f"choose_{len(self.names)}", self._variable()
        self.names[choose] = schema["discriminator"]
        yield f"{indent}{tag} = {choose}({value})"
        branch = "if"
        for word, choice in schema["choices"].items():
            yield f"{indent}{branch} {tag} == {word!r}:"
            yield from self.check(choice, value, indent + _STEP)
            branch = "elif"
        yield f"{indent}else: return False"

    def _variable(self) -> str:
        self._variables += 1
        return f"v{self._variables}"


def _understand(schema: Mapping[str, Any]) -> None:
    if schema.keys() - {"type"} - _UNDERSTOOD.get(schema["type"], frozenset()):
        raise _NotUnderstoodError


def _words(schema: Mapping[str, Any]) -> str:
    words = tuple(schema["expected"])
    if not all(isinstance(word, str) for word in words):
        raise _NotUnderstoodError
    return repr(words)
