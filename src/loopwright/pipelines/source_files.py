"""The first-party files that a pipeline's modules are made of: what another machine needs to run it."""

import ast
import importlib.util
import sys
from collections.abc import Iterable
from pathlib import Path

import msgspec

from loopwright.core.hashing import Digest
from loopwright.errors import LoopFileError
from loopwright.pipelines.imported import imported_digest
from loopwright.pipelines.modules import Owner, Parsed, owner_of
from loopwright.pipelines.reach import CodeReader


class SourceFile(msgspec.Struct, frozen=True, kw_only=True):
    """One source file: `path` is where an import finds it, as `helpers/text.py`; `file` where it lies here."""

    path: str
    module: str
    file: str
    digest: Digest


def source_files(modules: Iterable[str], reader: CodeReader) -> tuple[SourceFile, ...]:
    """The files of these modules and of every first-party module that they import, sorted by path.

    Raises:
        LoopFileError: A file is not what was imported from it any more.
    """
    waiting, found = list(modules), dict[str, SourceFile]()
    while waiting:
        name = waiting.pop()
        module = sys.modules.get(name)
        if name in found or module is None or owner_of(module) is not Owner.FIRST_PARTY:
            continue
        parsed = reader.parsed(name)
        if parsed is not None:
            if imported_digest(module) not in (None, parsed.digest):
                raise LoopFileError(f"{parsed.file} was edited while it was loaded", fix="Run the command again.")
            found[name] = SourceFile(
                path=_path(name, parsed.file), module=name, file=str(parsed.file), digest=parsed.digest
            )
            waiting += _imports(parsed, module.__package__ or "")
        waiting.append(name.rpartition(".")[0])
    return tuple(sorted(found.values(), key=lambda file: file.path))


def _path(module: str, file: Path) -> str:
    folders = module.replace(".", "/")
    return f"{folders}/__init__.py" if file.name == "__init__.py" else f"{folders}.py"


def _imports(parsed: Parsed, package: str) -> list[str]:
    names: list[str] = []
    for node in ast.walk(parsed.tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = importlib.util.resolve_name("." * node.level + base, package)
            names += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return names
