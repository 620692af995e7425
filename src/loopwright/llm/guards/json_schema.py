"""JSON schema, as far as answers of models need it.

Understood: `type` (one or several), `enum`, `const`, `properties`, `required`, `additionalProperties`,
`patternProperties`, `propertyNames`, `minProperties`, `maxProperties`, `items`, `prefixItems`, `contains`, `minItems`,
`maxItems`, `uniqueItems`, `minLength`, `maxLength`, `pattern`, `minimum`, `maximum`, `exclusiveMinimum`,
`exclusiveMaximum`, `multipleOf`, `allOf`, `anyOf`, `oneOf`, `not`, `if`/`then`/`else`, and `$ref` to a place of the
same schema. `format` and words that only describe are not judged. Any other word is refused when the schema is read.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from loopwright.core.codec import canonical
from loopwright.errors import UsageError

_DEEPEST = 64


def _anything(_: Any) -> bool:
    return True


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same(left: Any, right: Any) -> bool:
    """Equality of JSON: 1 is 1.0, and true is not 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(left[name], right[name]) for name in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    return bool(left == right)


_TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "integer": lambda value: _number(value) and float(value).is_integer(),
    "number": _number,
}
_BOUNDS: dict[str, tuple[Callable[[Any], bool], Callable[[Any, Any], bool]]] = {
    "minimum": (_number, lambda value, bound: value >= bound),
    "maximum": (_number, lambda value, bound: value <= bound),
    "exclusiveMinimum": (_number, lambda value, bound: value > bound),
    "exclusiveMaximum": (_number, lambda value, bound: value < bound),
    "multipleOf": (_number, lambda value, step: abs(value / step - round(value / step)) < 1e-9),
    "minLength": (lambda value: isinstance(value, str), lambda value, bound: len(value) >= bound),
    "maxLength": (lambda value: isinstance(value, str), lambda value, bound: len(value) <= bound),
    "pattern": (lambda value: isinstance(value, str), lambda value, looks: re.search(looks, value) is not None),
    "minItems": (lambda value: isinstance(value, list), lambda value, bound: len(value) >= bound),
    "maxItems": (lambda value: isinstance(value, list), lambda value, bound: len(value) <= bound),
    "uniqueItems": (
        lambda value: isinstance(value, list),
        lambda value, wanted: not wanted or len({canonical(item) for item in value}) == len(value),
    ),
    "minProperties": (lambda value: isinstance(value, dict), lambda value, bound: len(value) >= bound),
    "maxProperties": (lambda value: isinstance(value, dict), lambda value, bound: len(value) <= bound),
    "enum": (_anything, lambda value, allowed: any(_same(value, one) for one in allowed)),
    "const": (_anything, _same),
}
_ONE = ("not", "if", "then", "else", "items", "contains", "additionalProperties", "propertyNames")
_MANY = ("allOf", "anyOf", "oneOf", "prefixItems")
_NAMED = ("properties", "patternProperties", "$defs", "definitions")
_OTHERS = frozenset({
    "$ref", "type", "required", "title", "description", "default", "examples", "example", "format", "$schema", "$id",
    "$comment", "deprecated", "readOnly", "writeOnly", "nullable", "strict", "$anchor", "discriminator",
})  # fmt: skip


class JsonSchema:
    """A schema that values are judged by.

    Args:
        schema: The schema.

    Raises:
        UsageError: It uses a word that is not understood, an unknown type, a pattern that is none, or a `$ref` to what
            is not there.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._root = schema
        self._check(schema, "$", 0)

    def problem(self, value: Any) -> str:
        """Where a JSON value breaks the schema first, and which word of it: `$.items[2].price: minimum`; empty where it
        does not. It holds nothing of the value but names of the schema's own properties."""
        return next(self._problems(value, self._root, at="$", depth=0), "")

    def _check(self, schema: Any, at: str, depth: int) -> None:
        if isinstance(schema, bool):
            return
        if not isinstance(schema, Mapping) or depth > _DEEPEST:
            raise UsageError(f"a JSON schema cannot be read at {at}", why="it is no object there, or nested too deep")
        if unknown := sorted({*schema} - {*_ONE, *_MANY, *_NAMED, *_BOUNDS, *_OTHERS}):
            raise UsageError(f"a JSON schema uses {unknown[0]!r} at {at}, which is not understood")
        if bad := [name for name in _types(schema) if name not in _TYPES]:
            raise UsageError(f"a JSON schema names the type {bad[0]!r} at {at}, which is none")
        for looks in (*(schema.get("patternProperties") or {}), *([schema["pattern"]] if "pattern" in schema else [])):
            try:
                re.compile(looks)
            except re.error as error:
                raise UsageError(f"a JSON schema has a pattern at {at} that is none", why=str(error)) from error
        if "$ref" in schema:
            self._referred(schema["$ref"])
        for name, part in _parts(schema):
            self._check(part, f"{at}.{name}", depth + 1)

    def _referred(self, reference: str) -> Any:
        found: Any = self._root
        for step in str(reference).removeprefix("#").strip("/").split("/"):
            name = step.replace("~1", "/").replace("~0", "~")
            if name and not (isinstance(found, Mapping) and name in found):
                raise UsageError(f"a JSON schema refers to {reference!r}, which is not in it")
            found = found[name] if name else found
        return found

    def _problems(self, value: Any, schema: Any, *, at: str, depth: int) -> Iterator[str]:
        if schema is True:
            return
        if schema is False or depth > _DEEPEST:
            yield f"{at}: not allowed" if schema is False else f"{at}: nested too deep"
            return
        if "$ref" in schema:
            yield from self._problems(value, self._referred(schema["$ref"]), at=at, depth=depth + 1)
        types = _types(schema)
        if types and not any(_TYPES[name](value) for name in types) and not (value is None and schema.get("nullable")):
            yield f"{at}: type"
            return
        yield from _beyond(value, schema, at)
        yield from self._combined(value, schema, at=at, depth=depth + 1)
        if isinstance(value, dict):
            yield from self._of_object(value, schema, at=at, depth=depth + 1)
        elif isinstance(value, list):
            yield from self._of_array(value, schema, at=at, depth=depth + 1)

    def _of_object(self, value: dict[str, Any], schema: Mapping[str, Any], *, at: str, depth: int) -> Iterator[str]:
        yield from (f"{at}.{name}: required" for name in schema.get("required", ()) if name not in value)
        known, forms = schema.get("properties") or {}, schema.get("patternProperties") or {}
        for name, item in value.items():
            matched = [known[name]] if name in known else []
            matched += [part for looks, part in forms.items() if re.search(looks, name)]
            if not matched and "additionalProperties" in schema:
                matched = [schema["additionalProperties"]]
            place = f"{at}.{name}" if name in known else f"{at}.*"
            for part in matched:
                yield from self._problems(item, part, at=place, depth=depth)
            if "propertyNames" in schema:
                yield from self._problems(name, schema["propertyNames"], at=f"{at}.*", depth=depth)

    def _of_array(self, value: list[Any], schema: Mapping[str, Any], *, at: str, depth: int) -> Iterator[str]:
        first = schema.get("prefixItems") or []
        for index, item in enumerate(value):
            part = first[index] if index < len(first) else schema.get("items", True)
            yield from self._problems(item, part, at=f"{at}[{index}]", depth=depth)
        if "contains" in schema and not any(self._fits(item, schema["contains"], depth) for item in value):
            yield f"{at}: contains"

    def _combined(self, value: Any, schema: Mapping[str, Any], *, at: str, depth: int) -> Iterator[str]:
        for part in schema.get("allOf", ()):
            yield from self._problems(value, part, at=at, depth=depth)
        if "anyOf" in schema and not any(self._fits(value, part, depth) for part in schema["anyOf"]):
            yield f"{at}: anyOf"
        if "oneOf" in schema and sum(self._fits(value, part, depth) for part in schema["oneOf"]) != 1:
            yield f"{at}: oneOf"
        if "not" in schema and self._fits(value, schema["not"], depth):
            yield f"{at}: not"
        if "if" in schema:
            branch = "then" if self._fits(value, schema["if"], depth) else "else"
            yield from self._problems(value, schema.get(branch, True), at=at, depth=depth)

    def _fits(self, value: Any, schema: Any, depth: int) -> bool:
        return next(self._problems(value, schema, at="$", depth=depth), "") == ""


def _types(schema: Mapping[str, Any]) -> list[str]:
    said = schema.get("type", [])
    return [said] if isinstance(said, str) else list(said)


def _parts(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield from ((name, schema[name]) for name in _ONE if name in schema)
    for name in _MANY:
        yield from ((f"{name}[{index}]", part) for index, part in enumerate(schema.get(name, ())))
    for name in _NAMED:
        yield from ((f"{name}.{key}", part) for key, part in (schema.get(name) or {}).items())


def _beyond(value: Any, schema: Mapping[str, Any], at: str) -> Iterator[str]:
    for word, (concerns, holds) in _BOUNDS.items():
        if word in schema and concerns(value) and not holds(value, schema[word]):
            yield f"{at}: {word}"
