"""The measures of CONTRIBUTING's ceilings."""

import ast
from collections.abc import Iterator
from typing import NamedTuple

from tests.contracts.sources import Source, sources

CEILINGS = {
    "file_lines": 400,
    "function_lines": 50,
    "class_lines": 300,
    "public_methods": 15,
    "parameters": 7,
    "positional_parameters": 3,
    "nesting": 3,
}
_Function = ast.FunctionDef | ast.AsyncFunctionDef
_BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


class Measure(NamedTuple):
    """One rule measured at one place, `src/loopwright/stats/quality.py::Metric.score`."""

    rule: str
    where: str
    value: int


def measures(source: Source) -> Iterator[Measure]:
    """Every measure of one module."""
    yield Measure("file_lines", source.path, len(source.text.splitlines()))
    for name, node in _definitions(source.tree, ""):
        where = f"{source.path}::{name}"
        measured = _of_class(node) if isinstance(node, ast.ClassDef) else _of_function(node)
        for rule, value in measured.items():
            yield Measure(rule, where, value)


def exceeding() -> dict[tuple[str, str], int]:
    """(rule, place) -> measure, for whatever exceeds its ceiling today."""
    found = (measure for source in sources() for measure in measures(source))
    return {(one.rule, one.where): one.value for one in found if one.value > CEILINGS[one.rule]}


def _definitions(node: ast.AST, prefix: str) -> Iterator[tuple[str, _Function | ast.ClassDef]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield prefix + child.name, child
            yield from _definitions(child, f"{prefix}{child.name}.")
        else:
            yield from _definitions(child, prefix)


def _of_class(node: ast.ClassDef) -> dict[str, int]:
    public = {m.name for m in node.body if isinstance(m, _Function) and not m.name.startswith("_")}
    return {"class_lines": _lines(node), "public_methods": len(public)}


def _of_function(node: _Function) -> dict[str, int]:
    bound = [a.arg for a in node.args.posonlyargs + node.args.args]
    positional = len([name for name in bound if name not in ("self", "cls")])
    return {
        "function_lines": _lines(node) - _docstring_lines(node),
        "parameters": positional + len(node.args.kwonlyargs),
        "positional_parameters": positional,
        "nesting": max((_depth(child, 0) for child in node.body), default=0),
    }


def _lines(node: _Function | ast.ClassDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _docstring_lines(node: _Function) -> int:
    if ast.get_docstring(node, clean=False) is None:
        return 0
    first = node.body[0]
    return (first.end_lineno or first.lineno) - first.lineno + 1


def _depth(node: ast.AST, depth: int) -> int:
    """The deepest block below `node`; an `elif` is as deep as its `if`, and an inner function starts anew."""
    if isinstance(node, _SCOPES):
        return depth
    here = depth + isinstance(node, _BLOCKS)
    chained: list[ast.stmt] = []
    if isinstance(node, ast.If) and len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
        chained = node.orelse
    below = [_depth(child, depth if child in chained else here) for child in ast.iter_child_nodes(node)]
    return max([here, *below])
