"""Tuples, lists, dicts, named tuples, dataclasses and msgspec structs of other values."""

import dataclasses
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import msgspec

from loopwright.core.codec import canonical, from_json
from loopwright.errors import UnsupportedValueError
from loopwright.formats.format import Format, type_name

Pack = Callable[[Any], tuple[str, dict[str, bytes]]]
Unpack = Callable[[str, Mapping[str, bytes]], Any]
_INDEX = "container.json"
_MODELS = "loopwright.formats.ensembles:"


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """What a container is: its kind, the class of a record kind, and each item's field or key and format."""

    kind: str
    of: str = ""
    names: tuple[str, ...] | None = None
    formats: tuple[str, ...]


class ContainerFormat(Format):
    """Containers whose items have formats of their own; item `i` lies under `i/`.

    Args:
        pack: Value to (format label, files).
        unpack: The way back.
        lean: The way back for a process that only asks models: one in its library's own form where it has one.
    """

    name = "container"

    def __init__(self, pack: Pack, unpack: Unpack, lean: Unpack) -> None:
        self._pack = pack
        self._unpack = unpack
        self._lean = lean

    def handles(self, value: object) -> bool:
        return _kind(value) != ""

    def encode(self, value: Any) -> dict[str, bytes]:
        names, items = _parts(value)
        packed = [self._pack(item) for item in items]
        files = {f"{i}/{path}": data for i, (_, inner) in enumerate(packed) for path, data in inner.items()}
        index = Index(
            kind=_kind(value), of=_class_path(value), names=names, formats=tuple(label for label, _ in packed)
        )
        return {_INDEX: canonical(index)} | files

    def decode(self, files: Mapping[str, bytes]) -> Any:
        return self._rebuilt(files, self._unpack)

    def native(self, files: Mapping[str, bytes]) -> Any:
        """Models that answer as one, each in its library's own form where it has one; None for other containers."""
        index = from_json(files[_INDEX], Index)
        return self._rebuilt(files, self._member) if index.of.startswith(_MODELS) else None

    def _member(self, label: str, files: Mapping[str, bytes]) -> Any:
        of_models = label == self.label and from_json(files[_INDEX], Index).kind == "tuple"
        return self._rebuilt(files, self._member) if of_models else self._lean(label, files)

    def _rebuilt(self, files: Mapping[str, bytes], unpack: Unpack) -> Any:
        index = from_json(files[_INDEX], Index)
        inner: list[dict[str, bytes]] = [{} for _ in index.formats]
        for path, data in files.items():
            place, _, rest = path.partition("/")
            if rest:
                inner[int(place)][rest] = data
        items = [unpack(label, part) for label, part in zip(index.formats, inner, strict=True)]
        return _rebuild(index, items)


def _kind(value: object) -> str:
    kind = type(value)
    for plain in (tuple, list, dict):
        if kind is plain:
            return plain.__name__ if plain is not dict or _text_keys(value) else ""
    if isinstance(value, tuple) and hasattr(kind, "_fields"):
        return "named_tuple"
    if dataclasses.is_dataclass(kind):
        return "dataclass"
    return "struct" if isinstance(value, msgspec.Struct) else ""


def _text_keys(value: Any) -> bool:
    return all(type(key) is str for key in value)


def _parts(value: Any) -> tuple[tuple[str, ...] | None, list[Any]]:
    kind = _kind(value)
    if kind in ("tuple", "list"):
        return None, list(value)
    if kind == "dict":
        keys = tuple(sorted(value))
        return keys, [value[key] for key in keys]
    if kind == "named_tuple":
        return tuple(value._fields), list(value)
    fields = value.__struct_fields__ if kind == "struct" else [field.name for field in dataclasses.fields(value)]
    return tuple(fields), [getattr(value, name) for name in fields]


def _class_path(value: object) -> str:
    if _kind(value) not in ("named_tuple", "dataclass", "struct"):
        return ""
    kind = type(value)
    if "<locals>" in kind.__qualname__:
        raise UnsupportedValueError(
            f"{type_name(value)} is defined inside a function",
            why="another process could not find the class again",
            fix="Move the class to the top level of its module.",
        )
    return f"{kind.__module__}:{kind.__qualname__}"


def _rebuild(index: Index, items: list[Any]) -> Any:
    if index.kind == "tuple":
        return tuple(items)
    if index.kind == "list":
        return items
    names = index.names or ()
    if index.kind == "dict":
        return dict(zip(names, items, strict=True))
    kind = _find_class(index.of)
    if index.kind == "named_tuple":
        return kind(*items)
    values = dict(zip(names, items, strict=True))
    if index.kind == "struct":
        return kind(**values)
    made = {field.name for field in dataclasses.fields(kind) if field.init}
    whole = kind(**{name: item for name, item in values.items() if name in made})
    for name in values.keys() - made:
        object.__setattr__(whole, name, values[name])
    return whole


def _find_class(path: str) -> Any:
    """The record class; nothing else that a stored name points at is ever called."""
    module_name, _, qualname = path.partition(":")
    try:
        found: Any = sys.modules.get(module_name) or import_module(module_name)
        for part in qualname.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise UnsupportedValueError(
            f"the class {path} of a stored value cannot be found",
            why=str(error),
            fix="Restore the class under that name, or run the step again.",
        ) from error
    record = isinstance(found, type) and (
        dataclasses.is_dataclass(found)
        or issubclass(found, msgspec.Struct)
        or (issubclass(found, tuple) and hasattr(found, "_fields"))
    )
    if not record:
        raise UnsupportedValueError(
            f"{path} is no longer a dataclass, struct or named tuple", fix="Run the step again."
        )
    return found
