"""Which kinds of events the package writes, read from its code.

The kind of an `EventDraft(...)` may be a text, a constant of its module, a row of a table, one of the texts of a
`Literal`, or a name in the function around it: then it is what is assigned to it there, or, where it is a parameter,
what calls of the function pass, in its own module and in those that import it.
"""

import ast
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "loopwright"
_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Seen = frozenset[tuple[str, str]]
"""Functions and parameters that were followed already."""


def event_kinds(package: Path = PACKAGE) -> set[str]:
    """The kinds of all events that modules of the package write; those of its test kit are not counted."""
    modules: dict[str, Module] = {}
    for path in package.rglob("*.py"):
        if package / "testing" not in path.parents:
            name = ".".join((package.name, *path.relative_to(package).with_suffix("").parts))
            modules[name] = Module(name, path.read_text(encoding="utf-8"), modules)
    return {kind for module in modules.values() if "EventDraft(" in module.text for kind in module.kinds()}


class Module:
    """One module's code, and what its names stand for. `others` are all modules by their names, itself among them."""

    def __init__(self, name: str, text: str, others: dict[str, "Module"]) -> None:
        self.name = name
        self.text = text
        self._others = others

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def constants(self) -> dict[str, ast.expr]:
        return {name: value for node in self.tree.body for name, value in _assigned(node)}

    @cached_property
    def _around(self) -> dict[ast.AST, _Function]:
        """The innermost function around each node: a walk comes to it last."""
        functions = [node for node in ast.walk(self.tree) if isinstance(node, _Function)]
        return {inner: function for function in functions for inner in ast.walk(function)}

    def kinds(self) -> Iterator[str]:
        """The kinds of the events that are drafted here."""
        for call in self.calls("EventDraft"):
            given = _argument(call, "kind", place=0)
            if given is not None:
                yield from self.texts(given, call, frozenset())

    def calls(self, function: str) -> Iterator[ast.Call]:
        """Calls of what has that name."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == function:
                yield node

    def imports(self) -> Iterator[tuple[str, str]]:
        """Modules and the names that are imported from them."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                yield from ((node.module, alias.name) for alias in node.names)

    def texts(self, value: ast.expr, where: ast.AST, seen: _Seen) -> Iterator[str]:
        """The texts that an expression can be, where it stands."""
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield value.value
        elif isinstance(value, ast.IfExp):
            yield from self.texts(value.body, where, seen)
            yield from self.texts(value.orelse, where, seen)
        elif isinstance(value, ast.Subscript):
            yield from self._rows(value.value, where, seen)
        elif isinstance(value, ast.Attribute):
            yield from self._alternatives(value.attr)
        elif isinstance(value, ast.Name):
            yield from self._named(value.id, where, seen)

    def _named(self, name: str, where: ast.AST, seen: _Seen) -> Iterator[str]:
        function = self._around.get(where)
        if name in self.constants:
            yield from self.texts(self.constants[name], where, seen)
        elif function is not None and (function.name, name) not in seen:
            seen |= {(function.name, name)}
            for node in ast.walk(function):
                for value in (value for assigned, value in _assigned(node) if assigned == name):
                    yield from self.texts(value, where, seen)
            yield from self._passed(function, name, seen)

    def _rows(self, value: ast.expr, where: ast.AST, seen: _Seen) -> Iterator[str]:
        table = self.constants.get(value.id) if isinstance(value, ast.Name) else value
        for row in table.values if isinstance(table, ast.Dict) else ():
            yield from self.texts(row, where, seen)

    def _passed(self, function: _Function, name: str, seen: _Seen) -> Iterator[str]:
        """What calls of the function pass for a parameter."""
        placed = [argument.arg for argument in function.args.posonlyargs + function.args.args]
        if name not in placed + [argument.arg for argument in function.args.kwonlyargs]:
            return
        place = placed.index(name) - (placed[0] in ("self", "cls")) if name in placed else None
        for module in self._others.values():
            if module is self or (function.name in module.text and (self.name, function.name) in module.imports()):
                for call in module.calls(function.name):
                    given = _argument(call, name, place=place)
                    if given is not None:
                        yield from module.texts(given, call, seen)

    def _alternatives(self, attribute: str) -> Iterator[str]:
        """The texts of the `Literal` that the attribute is annotated by, in modules that this one imports."""
        for name in {name for name, _ in self.imports() if name in self._others}:
            yield from self._others[name].literals(attribute)

    def literals(self, attribute: str) -> Iterator[str]:
        """The texts of the `Literal` that an attribute is annotated by here."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == attribute:
                said = node.annotation
                said = self.constants.get(said.id) if isinstance(said, ast.Name) else said
                if isinstance(said, ast.Subscript) and ast.unparse(said.value) == "Literal":
                    texts = (part.value for part in ast.walk(said.slice) if isinstance(part, ast.Constant))
                    yield from (text for text in texts if isinstance(text, str))


def _assigned(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """The names that a statement assigns, each with its value; of tuples on both sides, name by name."""
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
        yield node.target.id, node.value
    for target in node.targets if isinstance(node, ast.Assign) else ():
        yield from _unpacked(target, node.value)


def _unpacked(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.IfExp):
        yield from _unpacked(target, value.body)
        yield from _unpacked(target, value.orelse)
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, its in zip(target.elts, value.elts, strict=False):
            yield from _unpacked(one, its)


def _argument(call: ast.Call, name: str, *, place: int | None) -> ast.expr | None:
    named = next((keyword.value for keyword in call.keywords if keyword.arg == name), None)
    if named is None and place is not None and place < len(call.args):
        return call.args[place]
    return named
