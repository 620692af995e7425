"""The code that a step stands on: its own function and, transitively, all first-party code that it reaches."""

import ast
import builtins
import inspect
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any, Literal

from loopwright.core.hashing import Digest, digest_value
from loopwright.pipelines.describe import Described, describe, owner_of_definition
from loopwright.pipelines.imports import absolute_name, find_module
from loopwright.pipelines.modules import Definition, Owner, Parsed, load_parsed, owner_of
from loopwright.pipelines.names import DYNAMIC_BUILTINS, Imported, Names, Use, names_of
from loopwright.pipelines.pipeline import Pipeline
from loopwright.pipelines.step import Step

_IMPORTERS = frozenset({"importlib.import_module", "importlib.__import__", "runpy.run_path", "runpy.run_module"})
_NAMED_TOKENS = frozenset({"definition", "module", "builtin", "wrapped"})
"""Descriptions that only refer to other pieces of code, which have digests of their own."""
Sort = Literal["definition", "global", "top level", "file"]


@dataclass(frozen=True, slots=True)
class Key:
    """A piece of first-party code: a function or class, a module's variable, its loose statements, its whole file."""

    sort: Sort
    module: str
    name: str = ""

    @property
    def part(self) -> str:
        """Its name in a fingerprint, as `helpers:clean`."""
        return f"{self.module}:{self.name or f'({self.sort})'}"


class Facts:
    """What one piece is and what it leads to. Filled while it is read, not changed after."""

    def __init__(self) -> None:
        self.digest: Digest | None = None
        self.keys: set[Key] = set()
        self.packages: set[tuple[str, str | None]] = set()
        self.unknown: list[str] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """A step's code.

    Attributes:
        parts: Digest by piece of code, as `helpers:clean`.
        packages: `(module, file)` of every installed or standard module used.
        unknown: Why the code cannot be known, where it cannot.
    """

    parts: dict[str, Digest]
    packages: frozenset[tuple[str, str | None]]
    unknown: tuple[str, ...]


class CodeReader:
    """Reads first-party code, each piece once. Make a new one for each plan: it remembers what it read."""

    def __init__(self) -> None:
        self._parsed: dict[str, Parsed | None] = {}
        self._facts: dict[Key, Facts] = {}
        self._live: dict[Key, Any] = {}

    def reach(self, function: Callable[..., Any]) -> Reached:
        """Everything that `function` reaches."""
        roots = Facts()
        self._take(roots, describe(function))
        waiting, seen = list(roots.keys), set(roots.keys)
        unknown, packages = list(roots.unknown), set(roots.packages)
        parts: dict[str, Digest] = {}
        while waiting:
            key = waiting.pop()
            facts = self._read(key)
            if facts.digest is not None:
                parts[key.part] = facts.digest
            unknown += facts.unknown
            packages |= facts.packages
            waiting += facts.keys - seen
            seen |= facts.keys
        return Reached(
            parts=dict(sorted(parts.items())), packages=frozenset(packages), unknown=tuple(sorted(set(unknown)))
        )

    def parsed(self, module: str) -> Parsed | None:
        """The text of a loaded module, None where it has none that can be read."""
        if module not in self._parsed:
            try:
                self._parsed[module] = load_parsed(module)
            except (OSError, SyntaxError, ValueError):
                self._parsed[module] = None
        return self._parsed[module]

    def _read(self, key: Key) -> Facts:
        if key not in self._facts:
            facts = self._facts[key] = Facts()
            parsed = self.parsed(key.module)
            if parsed is None:
                facts.unknown.append(f"the source of the module {key.module} cannot be read")
            else:
                self._reader(key.sort)(facts, key, parsed)
        return self._facts[key]

    def _reader(self, sort: Sort) -> Callable[[Facts, Key, Parsed], None]:
        readers: dict[Sort, Callable[[Facts, Key, Parsed], None]] = {
            "definition": self._definition,
            "global": self._global,
            "top level": self._top_level,
            "file": self._file,
        }
        return readers[sort]

    # -- pieces ---------------------------------------------------------------------------------------------------

    def _definition(self, facts: Facts, key: Key, parsed: Parsed) -> None:
        live = self._live.get(key)
        nodes = _nodes(parsed, key.name, live)
        facts.keys.add(Key("top level", key.module))
        if not nodes:
            self._made_elsewhere(facts, key, parsed)
            return
        content: list[Any] = [self._dump(node, key.module) for node in nodes]
        closure = _closure(live)
        for name, value in closure.items():
            content.append([name, self._token(facts, value, f"the closure variable {name} of {key.part}")])
        if "<locals>" in key.name:
            facts.keys.add(Key("definition", key.module, key.name.rpartition(".<locals>.")[0]))
        for node in nodes:
            self._follow(facts, names_of(node), key, closure=closure)
        facts.digest = digest_value(content)

    def _made_elsewhere(self, facts: Facts, key: Key, parsed: Parsed) -> None:
        """A class or function without a `def` of its own, such as a named tuple: the statement that binds it speaks."""
        if key.name in parsed.bindings:
            facts.keys.add(Key("global", key.module, key.name))
            self._statements(facts, parsed.bindings[key.name], Key("global", key.module, key.name))
            facts.digest = digest_value([_dumped(statement) for statement in parsed.bindings[key.name]])
        else:
            facts.unknown.append(f"the source of {key.part} was not found: it is made while the program runs")

    def _global(self, facts: Facts, key: Key, parsed: Parsed) -> None:
        live = vars(sys.modules[key.module])
        bindings = parsed.bindings.get(key.name, [])
        facts.keys.add(Key("top level", key.module))
        if origin := _imported_from(key, bindings):
            facts.keys.add(origin)
            return
        if key.name in live and self._value(facts, live[key.name], key):
            return
        if not bindings:
            facts.unknown.append(f"where {key.part} comes from was not found: it is made while the program runs")
            return
        if not all(isinstance(statement, ast.Import | ast.ImportFrom) for statement in bindings):
            facts.digest = digest_value([_dumped(statement) for statement in bindings])
        self._statements(facts, bindings, key)

    def _value(self, facts: Facts, value: Any, key: Key) -> bool:
        """Take a module's variable by its value; False where only the statement that binds it can speak for it."""
        said = describe(value)
        if said.unknowable:
            facts.unknown.append(f"{key.part} holds {said.missing}")
            return True
        if said.missing:
            self._package(facts, sys.modules.get(type(value).__module__))
            return False
        self._take(facts, said)
        if said.token in [["builtin", "builtins", name] for name in DYNAMIC_BUILTINS]:
            facts.unknown.append(f"{key.part} is another name for {value.__name__}()")
        named = isinstance(said.token, list) and said.token[:1] and said.token[0] in _NAMED_TOKENS
        facts.digest = None if named else digest_value(said.token)
        return True

    def _top_level(self, facts: Facts, key: Key, parsed: Parsed) -> None:
        mine = [s for s in parsed.loose if not self._is_ours(_callee(s), key.module)]
        if mine:
            facts.digest = digest_value([_dumped(statement) for statement in mine])
            self._statements(facts, mine, key)

    def _file(self, facts: Facts, key: Key, parsed: Parsed) -> None:
        facts.digest = digest_value(_dumped(parsed.tree))
        self._statements(facts, parsed.tree.body, key)

    def _statements(self, facts: Facts, statements: Iterable[ast.stmt], key: Key) -> None:
        for statement in statements:
            self._follow(facts, names_of(statement), key, closure={})

    # -- names ----------------------------------------------------------------------------------------------------

    def _follow(self, facts: Facts, names: Names, key: Key, *, closure: dict[str, Any]) -> None:
        facts.unknown += [f"{key.part}: {why}" for why in names.dynamic]
        for said in names.imports:
            self._imported(facts, said, key)
        for use in names.uses:
            if use.aliased is not None:
                self._aliased(facts, use, key, said=use.aliased)
            elif use.path[0] not in closure:
                self._use(facts, use, key)

    def _use(self, facts: Facts, use: Use, key: Key) -> None:
        root = use.path[0]
        module = sys.modules[key.module]
        parsed = self.parsed(key.module)
        if root in vars(module):
            value = vars(module)[root]
            if isinstance(value, ModuleType):
                self._walk(facts, value, key, path=use.path[1:])
            elif not (key.sort == "global" and key.name == root):
                facts.keys.add(Key("global", key.module, root))
        elif parsed is not None and root in parsed.bindings:
            facts.keys.add(Key("global", key.module, root))
        elif not hasattr(builtins, root) and "<locals>" not in key.name:
            facts.unknown.append(f"{key.part}: the name {root} (line {use.line}) is not defined in the module")

    def _walk(self, facts: Facts, module: ModuleType, key: Key, *, path: tuple[str, ...]) -> None:
        """Follow `module.a.b` to the first thing in it that is not a module."""
        for index, name in enumerate(path):
            if owner_of(module) is not Owner.FIRST_PARTY:
                self._package(facts, module)
                if f"{module.__name__}.{name}" in _IMPORTERS:
                    facts.unknown.append(f"{key.part}: it imports by a computed name with {module.__name__}.{name}()")
                return
            value = vars(module).get(name)
            if not isinstance(value, ModuleType):
                facts.keys.add(Key("global", module.__name__, name))
                return
            module, rest = value, path[index + 1 :]
            if not rest:
                break
        self._module(facts, module)

    def _imported(self, facts: Facts, said: Imported, key: Key) -> None:
        """An import inside of code: an installed package counts at once, first-party names where they are used."""
        name = absolute_name(said, key.module)
        try:
            found = find_module(name)
        except Exception as error:  # noqa: BLE001 - the boundary to the user's module; the reason makes the step unknown
            facts.unknown.append(f"{key.part}: the module {name} cannot be imported ({type(error).__name__}: {error})")
            return
        if isinstance(found, str):
            facts.packages.add((found, None))
        elif found is None:
            return
        elif owner_of(found) is not Owner.FIRST_PARTY:
            self._package(facts, found)
        else:
            facts.keys.add(Key("top level", found.__name__))
            if said.name == "*":
                self._module(facts, found)
            elif said.name:
                self._walk(facts, found, key, path=(said.name,))

    def _aliased(self, facts: Facts, use: Use, key: Key, *, said: Imported) -> None:
        module = sys.modules.get(absolute_name(said, key.module))
        if module is not None and owner_of(module) is Owner.FIRST_PARTY:
            self._walk(facts, module, key, path=((said.name,) if said.name else ()) + use.path[1:])
        elif ("importlib", "import_module") in ((said.module, said.name), (said.module, *use.path[1:2])):
            facts.unknown.append(f"{key.part}: it imports by a computed name (line {use.line})")

    # -- values ---------------------------------------------------------------------------------------------------

    def _token(self, facts: Facts, value: Any, what: str) -> Any:
        said = describe(value)
        if said.missing:
            facts.unknown.append(f"{what} holds {said.missing}")
        self._take(facts, said)
        return said.token

    def _take(self, facts: Facts, said: Described) -> None:
        for module in said.packages:
            self._package(facts, module)
        for module in said.modules:
            self._module(facts, module)
        for definition in said.definitions:
            self._take_definition(facts, definition)

    def _take_definition(self, facts: Facts, definition: FunctionType | type) -> None:
        inner: Any = inspect.unwrap(definition) if isinstance(definition, FunctionType) else definition
        owner = owner_of_definition(inner)
        if f"{inner.__module__}.{inner.__qualname__}" in _IMPORTERS:
            facts.unknown.append(f"{inner.__module__}.{inner.__qualname__} is used, which imports by a computed name")
        module = sys.modules.get(inner.__module__ or "")
        if owner is Owner.FIRST_PARTY and module is not None:
            key = Key("definition", module.__name__, inner.__qualname__)
            self._live.setdefault(key, inner)
            facts.keys.add(key)
        elif module is not None:
            self._package(facts, module)

    def _module(self, facts: Facts, module: ModuleType) -> None:
        if owner_of(module) is Owner.FIRST_PARTY:
            facts.keys.add(Key("file", module.__name__))
        else:
            self._package(facts, module)

    def _package(self, facts: Facts, module: ModuleType | None) -> None:
        if module is not None and owner_of(module) is Owner.INSTALLED:
            facts.packages.add((module.__name__, getattr(module, "__file__", None)))

    # -- our own decorators ---------------------------------------------------------------------------------------

    def _dump(self, node: Definition, module: str) -> Any:
        """The text of a definition; decorators of ours say how a step runs, not what it computes, and are left out."""
        listed = getattr(node, "decorator_list", [])
        kept = [d for d in listed if not self._is_ours(d.func if isinstance(d, ast.Call) else d, module)]
        if len(kept) == len(listed):
            return _dumped(node)
        fields = {name: getattr(node, name) for name in node._fields} | {"decorator_list": kept}
        return _dumped(type(node)(**fields))

    def _is_ours(self, node: ast.AST | None, module: str) -> bool:
        while isinstance(node, ast.Attribute):
            node = node.value
        value = vars(sys.modules[module]).get(node.id) if isinstance(node, ast.Name) else None
        if isinstance(value, ModuleType):
            return owner_of(value) is Owner.LOOPWRIGHT
        return not isinstance(value, Step | Pipeline) and (getattr(value, "__module__", None) or "").startswith(
            "loopwright."
        )


def _dumped(node: ast.AST) -> str:
    return ast.dump(node, annotate_fields=False)


def _callee(statement: ast.stmt) -> ast.AST | None:
    value = statement.value if isinstance(statement, ast.Expr) else None
    return value.func if isinstance(value, ast.Call) else None


def _nodes(parsed: Parsed, qualname: str, live: Any) -> list[Definition]:
    """The syntax of a definition; the one at the live function's line where the name was defined more than once."""
    code = getattr(live, "__code__", None)
    if qualname.endswith("<lambda>") and code is not None:
        return list(parsed.lambdas.get(code.co_firstlineno, []))
    found = parsed.definitions.get(qualname, [])
    if code is None or len(found) < 2:
        return found
    exact = [node for node in found if code.co_firstlineno in _first_lines(node)]
    return exact or found


def _first_lines(node: Definition) -> set[int]:
    return {node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", []))}


def _closure(live: Any) -> dict[str, Any]:
    cells = getattr(live, "__closure__", None) or ()
    names = live.__code__.co_freevars if cells else ()
    found: dict[str, Any] = {}
    for name, cell in zip(names, cells, strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:
            found[name] = None
    return {name: value for name, value in found.items() if value is not live}


def _imported_from(key: Key, bindings: list[ast.stmt]) -> Key | None:
    """Where the one `from module import name` that binds a variable takes it from, if that is first-party."""
    if len(bindings) != 1 or not isinstance(bindings[0], ast.ImportFrom):
        return None
    statement = bindings[0]
    name = next((a.name for a in statement.names if (a.asname or a.name) == key.name), "")
    source = sys.modules.get(absolute_name(Imported(module=statement.module or "", level=statement.level), key.module))
    if source is None or owner_of(source) is not Owner.FIRST_PARTY or name not in vars(source):
        return None
    return None if isinstance(vars(source)[name], ModuleType) else Key("global", source.__name__, name)
