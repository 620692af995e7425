"""What a step is given: constants, and results of other nodes, in lists and dicts of any depth."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from loopwright.core.hashing import Digest

_DEEPEST = 50


class Wire(msgspec.Struct, frozen=True, kw_only=True, tag="wire"):
    """Output number `output` of the node `node`; stands in graphs."""

    node: str
    output: int = 0


class Given(msgspec.Struct, frozen=True, kw_only=True, tag="given"):
    """A stored value; stands in tasks, where a graph has a wire."""

    digest: Digest
    trust_pickle: bool = False


class Constant(msgspec.Struct, frozen=True, kw_only=True, tag="constant"):
    """A JSON value."""

    value: Any = None


class Opaque(msgspec.Struct, frozen=True, kw_only=True, tag="opaque"):
    """A value that JSON cannot say; such a graph does not run."""

    type_name: str
    why: str


class Listed(msgspec.Struct, frozen=True, kw_only=True, tag="list"):
    """A list with wires somewhere in it."""

    items: tuple["Argument", ...]


class Keyed(msgspec.Struct, frozen=True, kw_only=True, tag="dict"):
    """A dict with wires somewhere in it."""

    items: dict[str, "Argument"]


Argument = Wire | Given | Constant | Opaque | Listed | Keyed


def argument_of(value: Any, wire_of: Callable[[Any], Wire | None]) -> Argument:
    """The argument that says `value`. `wire_of` answers for handles, and None for anything else."""
    return _argument(value, wire_of, 0)


def _argument(value: Any, wire_of: Callable[[Any], Wire | None], depth: int) -> Argument:
    if wire := wire_of(value):
        return wire
    if depth > _DEEPEST:
        return Opaque(type_name=type(value).__name__, why=f"it is nested more than {_DEEPEST} deep")
    if isinstance(value, list | tuple):
        return _folded(Listed(items=tuple(_argument(item, wire_of, depth + 1) for item in value)))
    if isinstance(value, dict):
        if not all(type(key) is str for key in value):
            return Opaque(type_name="dict", why="a key is not a string")
        return _folded(Keyed(items={key: _argument(item, wire_of, depth + 1) for key, item in value.items()}))
    return _scalar(value)


def _scalar(value: Any) -> Constant | Opaque:
    kind = type(value)
    if value is None or kind in (bool, int, str):
        return Constant(value=value)
    if kind is float:
        return Constant(value=value) if math.isfinite(value) else Opaque(type_name="float", why=f"{value} is not JSON")
    why = "only None, bool, int, float, str, and lists and dicts of them, are stored with a step"
    return Opaque(type_name=f"{kind.__module__}.{kind.__qualname__}", why=why)


def _folded(argument: Listed | Keyed) -> Argument:
    """A container without wires is one constant; with something opaque in it, it is opaque."""
    items = argument.items if isinstance(argument, Listed) else tuple(argument.items.values())
    for item in items:
        if isinstance(item, Opaque):
            return item
    if not all(isinstance(item, Constant) for item in items):
        return argument
    if isinstance(argument, Listed):
        return Constant(value=[item.value for item in argument.items if isinstance(item, Constant)])
    return Constant(value={key: item.value for key, item in argument.items.items() if isinstance(item, Constant)})


def leaves(argument: Argument, path: str) -> Iterator[tuple[str, Argument]]:
    """Every wire, given, constant and opaque in the argument, with its path, as `rows` or `models[0]`."""
    if isinstance(argument, Listed):
        for index, item in enumerate(argument.items):
            yield from leaves(item, f"{path}[{index}]")
    elif isinstance(argument, Keyed):
        for key, item in argument.items.items():
            yield from leaves(item, f"{path}[{key!r}]")
    else:
        yield path, argument


def replaced(argument: Argument, leaf: Callable[[Argument], Argument]) -> Argument:
    """The argument with each leaf replaced."""
    if isinstance(argument, Listed):
        return Listed(items=tuple(replaced(item, leaf) for item in argument.items))
    if isinstance(argument, Keyed):
        return Keyed(items={key: replaced(item, leaf) for key, item in argument.items.items()})
    return leaf(argument)


def valued(argument: Argument, load: Callable[[Given], Any]) -> Any:
    """The Python value of a task's argument: lists and dicts are new ones in each call."""
    if isinstance(argument, Listed):
        return [valued(item, load) for item in argument.items]
    if isinstance(argument, Keyed):
        return {key: valued(item, load) for key, item in argument.items.items()}
    if isinstance(argument, Given):
        return load(argument)
    return msgspec.json.decode(msgspec.json.encode(argument.value)) if isinstance(argument, Constant) else None
