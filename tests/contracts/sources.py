"""The package's own source, parsed once; the contract tests read it from here."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "loopwright"


class Source(NamedTuple):
    """One module: its path relative to the repository, its dotted name, its text and its tree."""

    path: str
    module: str
    text: str
    tree: ast.Module

    @property
    def layer(self) -> str:
        """The folder or file directly below the package, as `stats` for `loopwright.stats.quality`."""
        return self.module.partition(".")[2].partition(".")[0]


class Import(NamedTuple):
    """One import statement's target, where it stands, and whether it runs when the module is imported."""

    source: Source
    line: int
    target: str
    in_function: bool
    for_types_only: bool

    def __str__(self) -> str:
        return f"{self.source.path}:{self.line} imports {self.target}"


@cache
def sources() -> tuple[Source, ...]:
    """Every module of the package; templates are a user's files, not modules of ours."""
    paths = sorted(path for path in PACKAGE.rglob("*.py") if PACKAGE / "templates" not in path.parents)
    return tuple(_parse(path) for path in paths)


def _parse(path: Path) -> Source:
    text = path.read_text(encoding="utf-8")
    dotted = path.relative_to(PACKAGE.parent).with_suffix("").parts
    module = ".".join(dotted[:-1] if dotted[-1] == "__init__" else dotted)
    return Source(str(path.relative_to(ROOT)), module, text, ast.parse(text, filename=str(path)))


@cache
def imports() -> tuple[Import, ...]:
    """Every import statement of the package."""
    return tuple(found for source in sources() for found in _walk(source, source.tree, inside=False, typing=False))


def _walk(source: Source, node: ast.AST, *, inside: bool, typing: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        for target in _targets(source, child):
            yield Import(source, child.lineno, target, inside, typing)  # type: ignore[attr-defined]
        function = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        checking = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
        yield from _walk(source, child, inside=inside or function, typing=typing or checking)


def _targets(source: Source, node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    if node.level:
        raise AssertionError(f"{source.path}:{node.lineno} imports relatively; name the module in full")
    return [f"{node.module}.{alias.name}" for alias in node.names]
