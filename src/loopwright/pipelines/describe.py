"""What a value found in a module says about a step: a JSON token of it, and the code it stands on."""

import enum
import functools
import sys
from dataclasses import dataclass, field
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from loopwright.core.hashing import digest_bytes
from loopwright.pipelines.modules import Owner, owner_of, owner_of_file

_PLAIN = ("datetime", "decimal", "fractions", "pathlib", "re", "uuid", "zoneinfo", "_decimal", "_zoneinfo", "ipaddress")
"""Modules of the standard library whose instances are values with a faithful `repr`."""
_MOST_ITEMS = 100_000


class _UndescribedError(Exception):
    """The value has no token; its defining statement has to speak for it."""


class _UnknowableError(Exception):
    """The value has content that nobody can name, such as a table loaded at import."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What is known of a value.

    Attributes:
        token: JSON that differs where values differ.
        definitions, modules: The functions and classes, and the modules, that it refers to.
        packages: Modules whose types it has.
        missing: Why there is no token, where there is none.
        unknowable: Whether its defining statement cannot speak for it either.
    """

    token: Any = None
    definitions: tuple[FunctionType | type, ...] = ()
    modules: tuple[ModuleType, ...] = ()
    packages: tuple[ModuleType, ...] = ()
    missing: str = ""
    unknowable: bool = False


def describe(value: Any) -> Described:
    """What is known of a value found in first-party code."""
    description = _Description()
    try:
        token = description.of(value)
    except _UnknowableError as error:
        return Described(missing=str(error), unknowable=True)
    except _UndescribedError:
        return Described(missing=f"a {type(value).__qualname__}, which cannot be compared")
    return Described(
        token=token,
        definitions=tuple(description.definitions),
        modules=tuple(description.modules),
        packages=tuple(description.packages),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Description:
    """What is known of values: `definitions` and `modules` are what they refer to, `packages` whose types they have."""

    definitions: list[FunctionType | type] = field(default_factory=list)
    modules: list[ModuleType] = field(default_factory=list)
    packages: list[ModuleType] = field(default_factory=list)

    def of(self, value: Any, depth: int = 0) -> Any:
        """JSON that differs where values differ; what the value refers to is added to the lists.

        Raises:
            _UndescribedError: The type is not one of those known here.
            _UnknowableError: No digest can be made of it.
        """
        if value is None or type(value) in (bool, str):
            return value
        if type(value) in (int, float, complex, bytes, bytearray, range, slice, type(Ellipsis)):
            return [type(value).__name__, repr(value) if len(repr(value)) < 200 else digest_bytes(repr(value).encode())]
        if depth > 20:
            raise _UndescribedError
        if type(value) in (list, tuple, set, frozenset, dict):
            return self._container(value, depth)
        return self._object(value, depth)

    def _container(self, value: Any, depth: int) -> Any:
        if len(value) > _MOST_ITEMS:
            raise _UnknowableError(f"a {type(value).__name__} of {len(value)} items")
        if isinstance(value, dict):
            return ["dict", [[self.of(k, depth + 1), self.of(v, depth + 1)] for k, v in value.items()]]
        items = [self.of(item, depth + 1) for item in value]
        return [type(value).__name__, sorted(items, key=repr) if isinstance(value, set | frozenset) else items]

    def _object(self, value: Any, depth: int) -> Any:
        if isinstance(value, ModuleType):
            self.modules.append(value)
            return ["module", value.__name__]
        if isinstance(value, FunctionType | type):
            self.definitions.append(value)
            return ["definition", value.__module__, value.__qualname__]
        if isinstance(value, BuiltinFunctionType):
            return self._builtin(value)
        if isinstance(value, MethodType | functools.partial):
            return self._bound(value, depth)
        if isinstance(value, enum.Enum):
            self.definitions.append(type(value))
            return ["enum", type(value).__qualname__, value.name]
        return self._instance(value, depth)

    def _bound(self, value: Any, depth: int) -> Any:
        method = isinstance(value, MethodType)
        parts = (value.__func__, value.__self__) if method else (value.func, value.args, value.keywords)
        return ["method" if method else "partial", [self.of(part, depth + 1) for part in parts]]

    def _builtin(self, value: BuiltinFunctionType) -> Any:
        module = sys.modules.get(value.__module__ or "")
        if module is not None:
            self.packages.append(module)
        return ["builtin", value.__module__, value.__qualname__]

    def _instance(self, value: Any, depth: int) -> Any:
        kind = type(value)
        wrapped = getattr(value, "__wrapped__", None)
        if callable(wrapped):
            self.definitions.append(kind)
            return ["wrapped", self.of(wrapped, depth + 1)]
        if kind.__module__.partition(".")[0] in _PLAIN:
            return [kind.__qualname__, repr(value)]
        if kind.__module__ == "numpy" and kind.__name__ == "ndarray" and value.dtype.hasobject is False:
            return ["ndarray", str(value.dtype), list(value.shape), digest_bytes(value.tobytes())]
        if hasattr(value, "__dataframe__") or hasattr(value, "__arrow_c_stream__"):
            raise _UnknowableError(
                f"a table ({kind.__module__}.{kind.__qualname__}) made while the module was imported"
            )
        raise _UndescribedError


def owner_of_definition(value: FunctionType | type) -> Owner:
    """Whose code defined a function or a class."""
    code = getattr(value, "__code__", None)
    module = sys.modules.get(value.__module__ or "")
    if module is not None:
        return owner_of(module)
    return owner_of_file(code.co_filename if code else None)
