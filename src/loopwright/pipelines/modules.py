"""Modules as text: whose they are, and what their top level binds, without comments, formatting and docstrings."""

import ast
import os
import sys
import sysconfig
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import ModuleType

from loopwright.core.hashing import Digest, digest_bytes

_PACKAGE = Path(__file__).resolve().parent.parent
_STANDARD = tuple(Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib"))
_INSTALLED = frozenset({"site-packages", "dist-packages"})
_DEFINITION = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda


class Owner(StrEnum):
    """Whose code a module is."""

    FIRST_PARTY = "first party"
    INSTALLED = "installed"
    STANDARD = "standard library"
    LOOPWRIGHT = "loopwright"


def owner_of_file(file: str | None) -> Owner:
    """Whose code a file is: the user's own unless it is installed, ours, or Python's."""
    if file is None or file in ("built-in", "frozen"):
        return Owner.STANDARD
    if not _INSTALLED.isdisjoint(file.split(os.sep)):  # most are, and thousands are asked about
        return Owner.INSTALLED
    path = Path(file)
    path = path if path.is_absolute() else path.absolute()
    if not _INSTALLED.isdisjoint(path.parts):
        return Owner.INSTALLED
    if path.is_relative_to(_PACKAGE):
        return Owner.LOOPWRIGHT
    return Owner.STANDARD if any(path.is_relative_to(folder) for folder in _STANDARD) else Owner.FIRST_PARTY


def file_of(module: ModuleType) -> str | None:
    """The module's source file; for a namespace package, its first folder."""
    if file := getattr(module, "__file__", None):
        return str(file)
    paths = list(getattr(module, "__path__", []))
    return str(paths[0]) if paths else None


def owner_of(module: ModuleType) -> Owner:
    """Whose code a module is."""
    if module.__name__ == "loopwright" or module.__name__.startswith("loopwright."):
        return Owner.LOOPWRIGHT
    return owner_of_file(file_of(module))


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A module's text.

    Attributes:
        name: The module's name.
        file: Its file.
        digest: The digest of the file's bytes.
        tree: Its syntax, docstrings taken out.
        bindings: Top-level name → the statements that bind it.
        definitions: Qualified name → functions and classes so named.
        lambdas: Line → lambdas that start there.
        loose: Top-level statements that bind nothing and may act on something, such as a call.
    """

    name: str
    file: Path
    digest: Digest
    tree: ast.Module
    bindings: dict[str, list[ast.stmt]] = field(default_factory=dict)
    definitions: dict[str, list[Definition]] = field(default_factory=dict)
    lambdas: dict[int, list[ast.Lambda]] = field(default_factory=dict)
    loose: list[ast.stmt] = field(default_factory=list)


def parse(name: str, file: Path) -> Parsed:
    """Read and index a module.

    Raises:
        OSError: The file cannot be read.
        SyntaxError: It is not Python any more.
    """
    data = file.read_bytes()
    tree = ast.parse(data, filename=str(file))
    parsed = Parsed(name=name, file=file, digest=digest_bytes(data), tree=tree)
    for node in ast.walk(tree):
        if isinstance(node, (*_DEFINITION, ast.Module)):
            _drop_docstring(node)
        elif isinstance(node, ast.Lambda):
            parsed.lambdas.setdefault(node.lineno, []).append(node)
    _index_definitions(tree, "", parsed.definitions)
    _index_statements(tree.body, parsed)
    return parsed


def load_parsed(name: str) -> Parsed | None:
    """The text of a loaded module; None where it has none."""
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None)
    return None if file is None or not str(file).endswith(".py") else parse(name, Path(file))


def _drop_docstring(node: ast.AST) -> None:
    body = getattr(node, "body", [])
    if (
        body
        and isinstance(body[0], ast.Expr)
        and isinstance(body[0].value, ast.Constant)
        and isinstance(body[0].value.value, str)
    ):
        del body[0]


def _index_definitions(node: ast.AST, prefix: str, found: dict[str, list[Definition]]) -> None:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _DEFINITION):
            name = prefix + child.name
            found.setdefault(name, []).append(child)
            inner = f"{name}." if isinstance(child, ast.ClassDef) else f"{name}.<locals>."
            _index_definitions(child, inner, found)
        else:
            _index_definitions(child, prefix, found)


def _index_statements(body: list[ast.stmt], parsed: Parsed) -> None:
    for statement in body:
        if isinstance(statement, ast.If | ast.Try):
            _index_statements(_inner(statement), parsed)
            continue
        names = _bound(statement)
        for name in names:
            parsed.bindings.setdefault(name, []).append(statement)
        if _is_loose(statement, names):
            parsed.loose.append(statement)


def _inner(statement: ast.If | ast.Try) -> list[ast.stmt]:
    """The statements inside, whichever of them run; none of a program's own `if __name__ == "__main__"`."""
    if _is_main_guard(statement):
        return []
    handlers = [s for handler in getattr(statement, "handlers", []) for s in handler.body]
    return [*statement.body, *handlers, *statement.orelse, *getattr(statement, "finalbody", [])]


def _is_main_guard(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.If) and "__name__" in {
        n.id for n in ast.walk(statement.test) if isinstance(n, ast.Name)
    }


def _is_loose(statement: ast.stmt, names: set[str]) -> bool:
    if isinstance(statement, ast.Expr):
        return not isinstance(statement.value, ast.Constant)
    if isinstance(statement, ast.Assign | ast.AugAssign | ast.AnnAssign):
        return not names
    return isinstance(statement, ast.For | ast.While | ast.With | ast.Delete | ast.Assert | ast.Raise | ast.Match)


def _bound(statement: ast.stmt) -> set[str]:
    """The module's names that a top-level statement binds."""
    if isinstance(statement, _DEFINITION):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).partition(".")[0] for alias in statement.names}
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
