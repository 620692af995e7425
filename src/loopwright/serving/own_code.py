"""A bundle's own modules, apart from those of every other bundle in the process, and from the process's own.

Two versions of a loop have modules of the same names, and every loop file is called `loop`. What one bundle's code
imports, at its top or later inside a function, is found in that bundle; nothing else in the process finds it.
"""

import builtins
import importlib
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import resolve_name
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

_LOCK = threading.RLock()
"""Held while a bundle's modules stand in the interpreter's tables."""


class OwnCode:
    """The modules of one folder. Safe from several threads.

    An import statement of these modules goes through `imports`, which they are given in place of the built-in one.
    `importlib.import_module` inside a function that runs later is not covered; at the top of a module it is.

    Args:
        folder: Holds the modules.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        self._names = frozenset(path.stem for path in folder.iterdir() if path.suffix == ".py" or path.is_dir())
        self._modules: dict[str, ModuleType] = {}
        self._finder = _Finder(self)
        self._builtins = vars(builtins) | {"__import__": self.imports}

    def imported(self, path: str) -> Any:
        """What `module:qualname` names.

        Raises:
            Exception: Whatever importing raises.
        """
        module, _, qualname = path.partition(":")
        with self.held():
            found: Any = importlib.import_module(module)
        for part in qualname.split("."):
            found = getattr(found, part)
        return found

    @contextmanager
    def held(self) -> Iterator[None]:
        """Within the block, importing by name finds these modules, and no others of the same names."""
        with _LOCK:
            if self._finder in sys.meta_path:  # an import of these modules, on the way of another
                yield
                return
            strangers = {name: sys.modules.pop(name) for name in list(sys.modules) if self.owns(name)}
            sys.modules.update(self._modules)
            sys.meta_path.insert(0, self._finder)
            try:
                yield
            finally:
                sys.meta_path.remove(self._finder)
                for name in [name for name in sys.modules if self.owns(name)]:
                    self._modules[name] = sys.modules.pop(name)
                sys.modules.update(strangers)

    def owns(self, name: str) -> bool:
        """Whether a module of that name is one of these."""
        return name.partition(".")[0] in self._names

    def imports(self, name: str, *given: Any, **named: Any) -> ModuleType:
        """`__import__` for these modules; takes what that takes."""
        rest = _Rest(*given, **named)
        absolute = rest.absolute(name)
        if not self.owns(absolute):
            return builtins.__import__(name, *rest)
        known = self._modules.get(absolute)
        if known is not None and all(hasattr(known, one) for one in rest.fromlist or ()):
            return known if rest.fromlist or rest.level else self._modules[absolute.partition(".")[0]]
        with self.held():
            return builtins.__import__(name, *rest)

    def spec_of(self, name: str, path: Sequence[str] | None) -> ModuleSpec | None:
        """Where one of these modules lies."""
        spec = PathFinder.find_spec(name, [self._folder] if path is None else path)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(self._builtins, spec.loader)
        return spec


class _Rest(NamedTuple):
    """What `__import__` is told beside the name."""

    globals: Mapping[str, Any] | None = None
    locals: Mapping[str, Any] | None = None
    fromlist: Sequence[str] | None = ()
    level: int = 0

    def absolute(self, name: str) -> str:
        """The full name of the module that is meant."""
        package = str((self.globals or {}).get("__package__"))
        return resolve_name("." * self.level + name, package) if self.level else name


class _Finder:
    """Finds a bundle's modules while they are held."""

    def __init__(self, own: OwnCode) -> None:
        self._own = own

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,  # noqa: ARG002 - the form of a finder
    ) -> ModuleSpec | None:
        return self._own.spec_of(name, path) if self._own.owns(name) else None


class _Loader(SourceFileLoader):
    """Loads a module whose import statements go through its bundle."""

    def __init__(self, given: dict[str, Any], usual: SourceFileLoader) -> None:
        super().__init__(usual.name, usual.path)
        self._given = given

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["__builtins__"] = self._given
        super().exec_module(module)
